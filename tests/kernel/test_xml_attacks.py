"""Files that are broken or meant to harm: nothing is loaded, fetched or expanded, and the author learns what to do."""

from __future__ import annotations

import http.server
import resource
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bpmn import BPMN, CITY, process
from hypothesis import given
from hypothesis import strategies as st
from readings import file_of, stops

from engine.kernel.model import Problem, walk
from engine.kernel.reading import read
from engine.kernel.xml import DEPTH_LIMIT, SIZE_LIMIT

ENTITY = "<definitions xmlns='{ns}'><process id='p'><documentation>{text}</documentation></process></definitions>"


def refusal(data: bytes) -> Problem:
    """The one problem of a file that cannot be read at all."""
    found = read({"p.bpmn": data}, CITY)
    assert found.model is None
    (problem,) = found.problems
    assert (problem.file, problem.kind, problem.element) == ("p.bpmn", "refused", None)
    assert problem.message.endswith("。")
    return problem


def with_doctype(declarations: str, text: str = "&a;") -> bytes:
    return f"<?xml version='1.0'?>\n<!DOCTYPE d [{declarations}]>\n{ENTITY.format(ns=BPMN, text=text)}".encode()


def bomb(levels: int) -> str:
    first = '<!ENTITY a0 "lol">'
    return first + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, levels + 1))


@pytest.fixture
def web() -> Iterator[tuple[str, list[str]]]:
    """A server of our own, and what was asked of it."""
    asked: list[str] = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


class TestDocumentTypes:
    @pytest.mark.parametrize(
        "declarations",
        [
            '<!ENTITY a "hello">',
            '<!ENTITY a SYSTEM "file:///etc/passwd">',
            '<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;',
            f'<!ENTITY a "{"A" * 50_000}">',
            '<!ATTLIST process id CDATA "&a9;">' + bomb(9),
            bomb(10),
        ],
        ids=["internal", "file", "parameter", "quadratic", "in an attribute", "billion laughs"],
    )
    def test_a_declaration_is_refused_whatever_it_declares(self, declarations: str) -> None:
        problem = refusal(with_doctype(declarations, "&a;" * 1000))
        assert (problem.rule, problem.line) == ("doctype", 2)
        assert "<!DOCTYPE …> の部分を消してください" in problem.message

    def test_it_is_found_behind_comments_and_instructions(self) -> None:
        hidden = b"<!-- <!DOCTYPE no> -->\n<?style a='>'?>\n \n<!DOCTYPE d>\n<definitions/>"
        assert (refusal(hidden).rule, refusal(hidden).line) == ("doctype", 4)

    @pytest.mark.parametrize("codec", ["utf-16", "utf-32", "utf-8-sig"])
    def test_it_is_found_in_any_encoding(self, codec: str) -> None:
        assert refusal("<!DOCTYPE d []><definitions/>".encode(codec)).rule == "doctype"

    def test_the_words_alone_are_no_declaration(self) -> None:
        drawing = process("p").start().manual("t", groups="kakari", doc="<!DOCTYPE> とは書かない").end()
        assert not stops(read(drawing.files(), CITY))

    def test_nothing_is_fetched(self, web: tuple[str, list[str]], tmp_path: Path) -> None:
        address, asked = web
        (tmp_path / "secret").write_text("架空の秘密")
        tricks = (
            f'<!DOCTYPE d SYSTEM "{address}/dtd"><definitions/>',
            f'<!DOCTYPE d [<!ENTITY a SYSTEM "{address}/entity">]><definitions>&a;</definitions>',
            f'<?xml-stylesheet href="{address}/style"?><definitions xmlns="{BPMN}"/>',
            f'<definitions xmlns="{BPMN}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'xsi:schemaLocation="{BPMN} {address}/schema"><import location="{address}/import"/></definitions>',
            f'<definitions xmlns="{BPMN}" xmlns:xi="http://www.w3.org/2001/XInclude">'
            f'<xi:include href="{address}/include" parse="text"/>'
            f'<xi:include href="file://{tmp_path}/secret" parse="text"/></definitions>',
        )
        for trick in tricks:
            found = read({"p.bpmn": trick.encode()}, CITY)
            assert found.model is None and "架空の秘密" not in str(found.problems)
        assert not asked


class TestSize:
    def test_a_large_file_is_refused_before_it_is_parsed(self) -> None:
        problem = refusal(b"<" * (SIZE_LIMIT + 1))
        assert problem.rule == "too-large"
        assert "大きすぎます(5.0MB)" in problem.message

    def test_the_largest_file_is_read(self) -> None:
        data = process("p").start().manual("t", groups="kakari").end().xml()
        padded = data + b" " * (SIZE_LIMIT - len(data))
        assert not stops(read({"p.bpmn": padded}, CITY))

    @pytest.mark.parametrize("depth", [DEPTH_LIMIT, 200, 300, 100_000])
    def test_deep_nesting_is_refused(self, depth: int) -> None:
        problem = refusal(f'<definitions xmlns="{BPMN}">{"<x>" * depth}{"</x>" * depth}</definitions>'.encode())
        assert problem.rule == "too-deep"
        assert f"({DEPTH_LIMIT}段まで)" in problem.message

    def test_sub_processes_within_each_other_are_read_as_deep_as_they_may_be(self) -> None:
        levels = 90
        opened = "".join(f'<subProcess id="s{n}">' for n in range(levels))
        body = f'{opened}<manualTask id="t"/>{"</subProcess>" * levels}'
        found = read(file_of(body), CITY)
        assert {problem.rule for problem in stops(found)} == {"nobody"}, "nothing but who does it is open"

    def test_a_long_chain_of_tasks_is_read(self) -> None:
        drawing = process("p").start()
        for number in range(1500):
            drawing.manual(f"t{number}", groups="kakari")
        found = read(drawing.end().files(), CITY)
        assert found.model is not None
        assert len(list(walk(found.model.processes["p"].nodes))) == 1502

    def test_a_heap_of_attributes_names_and_texts_costs_little(self) -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        attributes = " ".join(f'a{n}="{n}"' for n in range(100_000))
        read({"p.bpmn": f'<definitions xmlns="{BPMN}" {attributes}/>'.encode()}, CITY)
        many = "".join(f'<dataObject id="o{n}"/>' for n in range(100_000))
        read({"p.bpmn": f'<definitions xmlns="{BPMN}"><process id="p">{many}</process></definitions>'.encode()}, CITY)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000, "kilobytes"


class TestEncodings:
    @pytest.mark.parametrize(
        ("declared", "codec"),
        [
            ("UTF-8", "utf-8"), ("utf-8", "utf-8-sig"), ("UTF-16", "utf-16"), ("UTF-16LE", "utf-16-le"),
            ("UTF-16BE", "utf-16-be"), ("UTF-32", "utf-32"), ("Shift_JIS", "cp932"), ("Windows-31J", "cp932"),
            ("x-sjis", "cp932"), ("EUC-JP", "euc_jp"), ("ISO-2022-JP", "iso2022_jp"),
        ],
    )  # fmt: skip
    def test_a_file_in_any_encoding_of_this_country_reads_the_same(self, declared: str, codec: str) -> None:
        data = (
            process("p", "髙橋①の手続き" if codec not in ("euc_jp", "iso2022_jp") else "高橋の手続き")
            .start()
            .end()
            .xml()
        )
        text = data.decode().replace('encoding="UTF-8"', f'encoding="{declared}"')
        found = read({"p.bpmn": text.encode(codec)}, CITY)
        assert found.model is not None
        assert found.model.processes["p"].name.endswith("の手続き")

    def test_without_a_declaration_it_is_utf_8(self) -> None:
        data = process("p", "架空の手続き").start().end().xml().split(b"\n", 1)[1]
        found = read({"p.bpmn": data}, CITY)
        assert found.model is not None and found.model.processes["p"].name == "架空の手続き"

    def test_what_is_not_in_the_declared_encoding_is_refused_with_its_line(self) -> None:
        data = process("p", "架空の手続き").start().end().xml().decode().encode("cp932")
        problem = refusal(data)
        assert (problem.rule, problem.line) == ("wrong-encoding", 4)
        assert "文字コード「UTF-8」" in problem.message

    @pytest.mark.parametrize(
        "name", ["moon-8", "rot13", "base64", "unicode_escape", "punycode", "idna", "utf-7", "UTF-16"]
    )
    def test_an_encoding_that_is_none_or_cannot_be_true_is_refused(self, name: str) -> None:
        data = process("p").start().end().xml().replace(b"UTF-8", name.encode())
        problem = refusal(data)
        assert problem.rule == "unknown-encoding"
        assert f"文字コード「{name}」" in problem.message and "UTF-8 で保存し直して" in problem.message

    def test_half_a_character_is_refused(self) -> None:
        assert refusal(b"\xff\xfe<\x00a\x00>\x00\x00\xd8<\x00/\x00a\x00>\x00").rule == "wrong-encoding"


class TestBrokenFiles:
    @pytest.mark.parametrize(
        ("data", "fault", "line"),
        [
            (b"", "中身が空です", 1),
            (b"plain text", "XMLではないか", 1),
            (b"PK\x03\x04\x00", "XMLではないか", 1),
            (b"<a>\n<b>\n</a>", "開始タグと終了タグが合っていません", 3),
            (b"<a>\n<b>", "途中で切れています", 2),
            (b"<a/>\n<b/>", "2つ以上あります", 2),
            (b"<a>\x01</a>", "使えない文字", 1),
            (b"<a>\n&nbsp;</a>", "定義のない実体参照", 2),
            (b"<a b='<'/>", "属性の値に「<」", 1),
            (b"<a b=c/>", "引用符で囲まれていません", 1),
            (b"<a b='1'\n b='2'/>", "同じ属性が2回", 2),
            (b"<a>x & y</a>", "「&」か「<」がそのまま", 1),
            (b"<a camunda:b='1'/>", "宣言していない名前空間の接頭辞", 1),
            (b"<a><!-- -- --></a>", "書き方が崩れています", 1),
        ],
    )
    def test_what_is_no_xml_is_refused_with_the_line_and_the_fault(self, data: bytes, fault: str, line: int) -> None:
        problem = refusal(data)
        assert (problem.rule, problem.line) == ("not-xml", line)
        assert fault in problem.message and "モデラーで開いて保存し直してください" in problem.message

    @pytest.mark.parametrize(
        ("data", "found"),
        [
            ('<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"/>', "「definitions」(名前空間 https"),
            ("<definitions/>", "「definitions」(名前空間 なし)"),
            ("<html/>", "「html」(名前空間 なし)"),
            (f'<process xmlns="{BPMN}"/>', "「process」"),
        ],
    )
    def test_another_kind_of_xml_is_refused(self, data: str, found: str) -> None:
        problem = refusal(data.encode())
        assert problem.rule == "wrong-root"
        assert found in problem.message and "ファイルを取り違えていないか" in problem.message

    def test_one_broken_file_does_not_hide_what_is_wrong_in_the_others(self) -> None:
        found = read({"a.bpmn": b"<", "p.bpmn": process("p").start().manual("t").end().xml()}, CITY)
        assert {(problem.file, problem.rule) for problem in stops(found)} == {
            ("a.bpmn", "not-xml"),
            ("p.bpmn", "nobody"),
        }


ANY_DOCUMENT = process("p", "手続き").start().user("t", "仕事", form="F2", groups="kakari").end().xml()


def mangled(draw: Callable[[st.SearchStrategy[int]], int], data: bytes) -> bytes:
    start = draw(st.integers(0, len(data)))
    return data[:start] + bytes([draw(st.integers(0, 255))]) + data[start + draw(st.integers(0, 40)) :]


@given(st.data())
def test_a_mangled_file_is_read_or_refused_and_never_breaks_the_reader(data: st.DataObject) -> None:
    found = read({"p.bpmn": mangled(data.draw, ANY_DOCUMENT)}, CITY)
    assert (found.model is None) == bool(stops(found))


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    assert read({"p.bpmn": data}, CITY).model is None
