"""Turns the bytes of a file into XML elements, or says why not; it must not load, fetch or expand what a file asks for.

A document type declaration is refused before the parser sees it: entities, and all that they do, need one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NoReturn

from lxml import etree

from engine.kernel.model import Problem
from engine.kernel.rules import problem

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
SIZE_LIMIT = 5_000_000  # bytes
DEPTH_LIMIT = 100  # elements within elements

_MARKED = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_UNMARKED = ((b"<\x00", "utf-16-le"), (b"\x00<", "utf-16-be"))
_CODECS = {
    "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii", "ascii": "ascii",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932",
    "windows-31j": "cp932", "cp932": "cp932", "ms932": "cp932", "euc-jp": "euc_jp", "iso-2022-jp": "iso2022_jp",
    "iso-8859-1": "latin-1", "iso-8859-15": "iso8859-15", "windows-1252": "cp1252",
}  # fmt: skip
_DECLARATION = re.compile(r"<\?xml\b[^>]*?\?>")
_DECLARED = re.compile(rb"""\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_BEFORE_ROOT = re.compile(r"(?:\s+|<!--.*?-->|<\?.*?\?>)*", re.DOTALL)

_FAULTS = {
    4: "XMLではないか、中身が空です",
    5: "いちばん外側の要素が2つ以上あります",
    9: "使えない文字(制御文字など)が入っています",
    26: "定義のない実体参照(&…;)があります。「&」は「&amp;」と書きます",
    38: "属性の値に「<」がそのまま書かれています。「&lt;」と書きます",
    39: "属性の値が引用符で囲まれていません",
    42: "同じ属性が2回書かれています",
    68: "「&」か「<」がそのまま書かれています。「&amp;」「&lt;」と書きます",
    76: "開始タグと終了タグが合っていません",
    77: "ファイルが途中で切れています",
    201: "宣言していない名前空間の接頭辞があります。xmlns:… を書き足してください",
}  # by the parser's error codes


class Unreadable(Exception):
    """The file cannot be read as XML of the expected kind; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class _Fault(Exception):
    """A rule of `rules.toml` that the file breaks, on which line, and what fills its text."""

    def __init__(self, rule: str, line: int | None = None, **given: object) -> None:
        super().__init__(rule)
        self.rule, self.line, self.given = rule, line, given


def load(file: str, data: bytes, root: str, namespaces: tuple[str, ...]) -> etree._Element:
    """The root element of a file, which must have the local name `root` in one of `namespaces`. Raises Unreadable."""
    try:
        return _loaded(data, root, namespaces)
    except _Fault as fault:
        raise Unreadable(problem(fault.rule, file, None, fault.line, **fault.given)) from None


def _loaded(data: bytes, root: str, namespaces: tuple[str, ...]) -> etree._Element:
    if len(data) > SIZE_LIMIT:
        raise _Fault("too-large", size=f"{len(data) / 1_000_000:.1f}")
    text = _without_declaration(_decoded(data))
    _refuse_doctype(text)
    element = _parsed(text)
    name = etree.QName(element)
    if name.localname != root or name.namespace not in namespaces:
        found = {"wanted": root, "namespace": namespaces[0], "found": name.localname, "other": name.namespace or "なし"}
        raise _Fault("wrong-root", element.sourceline, **found)
    _refuse_depth(element)
    return element


def local(element: etree._Element) -> str:
    """The name of an element without its namespace."""
    return etree.QName(element).localname


def namespace(element: etree._Element) -> str:
    """The namespace of an element, "" when it has none."""
    return etree.QName(element).namespace or ""


def named(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """The children of an element that are BPMN elements of one of these names, in document order."""
    return element.iterchildren(*(f"{{{BPMN}}}{name}" for name in names))


def first(element: etree._Element, name: str) -> etree._Element | None:
    """The first BPMN child of this name."""
    return next(named(element, name), None)


def is_true(element: etree._Element, attribute: str, default: str = "false") -> bool:
    """An attribute of type xsd:boolean."""
    return element.get(attribute, default).strip() in ("true", "1")


def referred(reference: str | None) -> str:
    """The id that a reference means ("" for none); files may write it with a namespace prefix."""
    return (reference or "").strip().rsplit(":", 1)[-1]


def words(text: str | None) -> str:
    """A name on one line, as people read it."""
    return " ".join((text or "").split())


def content(element: etree._Element | None) -> str:
    """The text of an element without surrounding space; "" when there is none."""
    return "" if element is None else "".join(str(text) for text in element.itertext()).strip()


def _decoded(data: bytes) -> str:
    codec, declared, data = _codec(data)
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        raise _Fault("wrong-encoding", data.count(b"\n", 0, error.start) + 1, encoding=declared) from None


def _codec(data: bytes) -> tuple[str, str, bytes]:
    """The codec, its name for people, and the data without a byte order mark."""
    for mark, codec in _MARKED:
        if data.startswith(mark):
            return codec, codec.upper(), data[len(mark) :]
    for beginning, codec in _UNMARKED:
        if data.startswith(beginning):
            return codec, codec.upper(), data
    match = _DECLARED.match(data)
    declared = match[1].decode("ascii") if match else "UTF-8"
    if declared.lower() not in _CODECS:
        raise _Fault("unknown-encoding", 1, encoding=declared)
    return _CODECS[declared.lower()], declared, data


def _without_declaration(text: str) -> str:
    """The text without its XML declaration (its encoding no longer holds), with the lines kept."""
    match = _DECLARATION.match(text, len(text) - len(text.lstrip()))
    return text if match is None else "\n" * text.count("\n", 0, match.end()) + text[match.end() :]


def _refuse_doctype(text: str) -> None:
    before = _BEFORE_ROOT.match(text)
    end = before.end() if before else 0
    if text.startswith("<!DOCTYPE", end):
        raise _Fault("doctype", text.count("\n", 0, end) + 1)


def _parsed(text: str) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True, encoding="utf-8",
    )  # fmt: skip
    try:
        return etree.fromstring(text.encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        _refuse_syntax(error)


def _refuse_syntax(error: etree.XMLSyntaxError) -> NoReturn:
    line = error.lineno or None
    if "Excessive depth" in str(error.msg):
        raise _Fault("too-deep", line, limit=DEPTH_LIMIT)
    raise _Fault("not-xml", line, fault=_FAULTS.get(int(error.code), "XMLの書き方が崩れています"))


def _refuse_depth(root: etree._Element) -> None:
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > DEPTH_LIMIT:
            raise _Fault("too-deep", element.sourceline, limit=DEPTH_LIMIT)
