"""What people say and attach beside the forms: who may, who reads it, what is kept, what is refused and how."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from engine import access, correspondence, filetypes, people, rebuilding, store, stream
from engine.city import By
from engine.correspondence import AlreadyThere, UnusableComment
from engine.errors import NotAllowed
from engine.filetypes import UnusableFile, kind_of, named

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
JPEG = b"\xff\xd8\xff\xe0" + bytes(40)
HEIC = b"\x00\x00\x00\x18ftypheic" + bytes(40)
OLD_WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def packed(*names: str, comment: bytes = b"") -> bytes:
    """An Office file with these parts inside."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packing:
        packing.comment = comment
        for name in names:
            packing.writestr(zipfile.ZipInfo(name), "<x/>")  # of 1980: the same bytes at any moment
    return made.getvalue()


DOCX = packed("[Content_Types].xml", "word/document.xml")
XLSX = packed("[Content_Types].xml", "xl/workbook.xml")


class Desk:
    """A case of the town, and what its people say and find there."""

    def __init__(self, town: Town, name: str) -> None:
        self.town, self.case = town, town.cases[name]

    def says(self, by: By, text: str, task: str | None = None) -> None:
        correspondence.say(self.town.city, self.case, task, text, by)

    def attaches(self, by: By, name: str = "聞き取り.pdf", body: bytes = PDF, task: str | None = None) -> int:
        return correspondence.attach(self.town.city, self.case, task, name, body, by)

    def heard(self, by: By, at: str | None = None) -> list[str]:
        with self.town.city.store.reading() as c:
            return [each.body for each in correspondence.comments(c, self._sight(c, by), at)]

    def found(self, by: By, at: str | None = None) -> list[str]:
        with self.town.city.store.reading() as c:
            return [each.name for each in correspondence.files(c, self._sight(c, by), at)]

    def opens(self, by: By, file: int) -> bytes:
        with self.town.city.store.reading() as c:
            return correspondence.open_file(c, self.town.city, by, self._row(c), file)[1]

    def events(self, kind: str) -> list[Any]:
        event = store.event
        with self.town.city.store.reading() as c:
            return list(c.execute(sa.select(event).where(event.c.case == self.case, event.c.kind == kind)))

    def count(self) -> int:
        with self.town.city.store.reading() as c:
            return int(c.scalar(sa.select(sa.func.count()).where(store.event.c.case == self.case)) or 0)

    def wrong(self) -> list[str]:
        with self.town.city.store.reading() as c:
            return stream.verify(c, self.case) + correspondence.verify(c, self.case)

    def _row(self, c: Any) -> Any:
        return c.execute(sa.select(store.case).where(store.case.c.id == self.case)).one()

    def _sight(self, c: Any, by: By) -> access.Sight:
        return access.sight(self.town.city, c, by, self._row(c))


@pytest.fixture
def desk(town: Town) -> Desk:
    """The household whose plan is before the meeting today."""
    return Desk(town, "on_the_agenda")


@pytest.fixture
def counter(town: Town) -> Desk:
    """A household that 市民税課 has just received; nobody else knows it."""
    town.receives("市民税課", "続柄・立場=本人／氏=星空／名=ゆらぎ", name="received")
    return Desk(town, "received")


CONCLUDE = "会議でのプランの結論を記録する"


# Saying


def test_a_comment_on_a_case_is_read_by_those_who_may_open_the_case(town: Town, desk: Desk) -> None:
    desk.says(town.by("えしこに"), "10時に来られるそうです。")
    for who in ("えしこに", "地域包括支援センター", "健康対策課(地区担当保健師)"):
        assert desk.heard(town.by(who)) == ["10時に来られるそうです。"]
    assert desk.heard(town.by("市民税課")) == []


def test_a_comment_beside_a_task_is_read_by_those_who_may_read_its_form(town: Town, desk: Desk) -> None:
    task = town.task("on_the_agenda", CONCLUDE)
    desk.says(town.by("えしこに"), "結論の言い回しを相談したい。", task)
    assert desk.heard(town.by("えしこに")) == ["結論の言い回しを相談したい。"]
    assert desk.heard(town.by("えしこに"), task) == ["結論の言い回しを相談したい。"]
    assert desk.heard(town.by("地域包括支援センター")) == []
    assert desk.heard(town.by("健康対策課(地区担当保健師)")) == []


def test_comments_stand_in_the_order_in_which_they_were_said(town: Town, desk: Desk) -> None:
    for text in ("一つめ", "二つめ", "三つめ"):
        desk.says(town.by("えしこに"), text)
    assert desk.heard(town.by("えしこに")) == ["一つめ", "二つめ", "三つめ"]


def test_line_ends_and_the_edges_of_a_comment_are_tidied_and_nothing_else(town: Town, desk: Desk) -> None:
    desk.says(town.by("えしこに"), "\r\n髙橋さんへ\r\n　つなぎます。\n\n")
    assert desk.heard(town.by("えしこに")) == ["髙橋さんへ\n　つなぎます。"]


@pytest.mark.parametrize("text", ["", "   ", "\n\r\n　"])
def test_an_empty_comment_is_refused(town: Town, desk: Desk, text: str) -> None:
    with pytest.raises(UnusableComment, match="文を入れてから"):
        desk.says(town.by("えしこに"), text)
    assert desk.events("CommentAdded") == []


def test_a_comment_of_2000_characters_is_kept_and_a_longer_one_says_how_long_it_is(town: Town, desk: Desk) -> None:
    desk.says(town.by("えしこに"), "あ" * 2000)
    with pytest.raises(UnusableComment, match="2001文字あります。2000文字まで"):
        desk.says(town.by("えしこに"), "い" * 2001)
    assert desk.heard(town.by("えしこに")) == ["あ" * 2000]


def test_a_character_that_no_record_may_hold_is_refused(town: Town, desk: Desk) -> None:
    with pytest.raises(UnusableComment, match="記録に残せない文字"):
        desk.says(town.by("えしこに"), "電話\x00番号")


def test_a_button_pressed_twice_writes_once_and_leaves_no_gap_in_the_stream(town: Town, desk: Desk) -> None:
    desk.says(town.by("えしこに"), "伝えました。")
    before = desk.count()
    desk.says(town.by("えしこに"), "伝えました。")
    assert desk.heard(town.by("えしこに")) == ["伝えました。"]
    assert desk.count() == before and desk.wrong() == []


def test_the_same_words_by_another_person_or_later_are_said_again(town: Town, desk: Desk) -> None:
    colleague = town.acts(town.joins("nijihashi", "虹橋 ゆう", "esikoni"))
    desk.says(town.by("えしこに"), "伝えました。")
    desk.says(colleague, "伝えました。")
    town.rehearsal().minutes_pass(2)
    desk.says(colleague, "伝えました。")
    assert desk.heard(colleague) == ["伝えました。"] * 3


def test_nobody_writes_to_a_case_that_they_may_not_open(town: Town, desk: Desk) -> None:
    for by in (town.by("市民税課"), By(), town.acts(town.joins("kanri", "管理 みなと", administrator=True))):
        with pytest.raises(NotAllowed):
            desk.says(by, "見えますか。")
        with pytest.raises(NotAllowed):
            desk.attaches(by)
    assert desk.events("CommentAdded") == desk.events("FileAttached") == []


def test_nobody_writes_beside_a_task_that_they_may_not_open_even_in_their_own_case(town: Town, desk: Desk) -> None:
    task = town.task("on_the_agenda", CONCLUDE)
    with pytest.raises(NotAllowed):
        desk.says(town.by("地域包括支援センター"), "結論は何ですか。", task)
    with pytest.raises(NotAllowed):
        desk.attaches(town.by("地域包括支援センター"), task=task)


def test_a_task_of_another_case_and_a_case_that_is_not_there_look_the_same_as_a_forbidden_one(town: Town, desk: Desk) -> None:
    stranger = town.task("waiting", "会議の議題にする")
    with pytest.raises(NotAllowed):
        desk.says(town.by("えしこに"), "どこに書いたことになるか。", stranger)
    with pytest.raises(NotAllowed):
        correspondence.say(town.city, 999_999, None, "どこにもない。", town.by("えしこに"))


def test_an_agency_that_is_only_asked_speaks_beside_its_task_and_reads_nothing_else(asking_town: Town) -> None:
    town, desk = asking_town, Desk(asking_town, "asked")
    agency = town.by("健康対策課(地区担当保健師)")
    with town.city.store.reading() as c:
        rows = c.execute(sa.select(store.task).where(store.task.c.case == desk.case, store.task.c.status == "open")).all()
        (asked,) = [row.id for row in rows if access.may_take(c, agency, row)]
    desk.says(town.by("えしこに"), "会議の前に読んでください。")
    with pytest.raises(NotAllowed):
        desk.says(agency, "ケースの画面に書きたい。")
    desk.says(agency, "記録を探しています。", asked)
    file = desk.attaches(agency, "訪問の記録.pdf", task=asked)
    assert desk.heard(agency, asked) == ["記録を探しています。"] and desk.heard(agency) == ["記録を探しています。"]
    assert desk.opens(agency, file) == PDF
    assert desk.heard(town.by("えしこに")) == ["会議の前に読んでください。", "記録を探しています。"]
    assert desk.heard(town.by("居宅介護支援事業所(ケアマネジャー)")) == []
    with pytest.raises(NotAllowed):
        desk.opens(town.by("居宅介護支援事業所(ケアマネジャー)"), file)


# Attaching


def test_a_file_comes_back_as_it_was(town: Town, desk: Desk) -> None:
    file = desk.attaches(town.by("えしこに"), "経過 その1.pdf", PDF + bytes(range(256)))
    assert desk.opens(town.by("えしこに"), file) == PDF + bytes(range(256))
    with town.city.store.reading() as c:
        (kept,) = correspondence.files(c, access.sight(town.city, c, town.by("えしこに"), desk._row(c)))
    assert (kept.name, kept.kind, kept.size) == ("経過 その1.pdf", "application/pdf", len(PDF) + 256)
    assert (kept.by, kept.organisation, kept.at) == (town.by("えしこに").person, "esikoni", town.clock.moment)


def test_a_file_of_a_case_is_opened_by_those_who_may_open_the_case(town: Town, desk: Desk) -> None:
    file = desk.attaches(town.by("地域包括支援センター"))
    assert desk.opens(town.by("えしこに"), file) == PDF
    assert desk.opens(town.by("健康対策課(地区担当保健師)"), file) == PDF
    assert desk.found(town.by("市民税課")) == []
    with pytest.raises(NotAllowed):
        desk.opens(town.by("市民税課"), file)


def test_a_file_of_a_task_is_not_opened_by_those_who_may_not_read_its_form(town: Town, desk: Desk) -> None:
    task = town.task("on_the_agenda", CONCLUDE)
    file = desk.attaches(town.by("えしこに"), task=task)
    assert desk.found(town.by("えしこに")) == desk.found(town.by("えしこに"), task) == ["聞き取り.pdf"]
    for who in ("地域包括支援センター", "健康対策課(地区担当保健師)"):
        assert desk.found(town.by(who)) == []
        with pytest.raises(NotAllowed):
            desk.opens(town.by(who), file)


def test_a_file_is_not_found_in_another_case(town: Town, desk: Desk) -> None:
    file = desk.attaches(town.by("えしこに"))
    with pytest.raises(NotAllowed):
        Desk(town, "waiting").opens(town.by("えしこに"), file)
    with pytest.raises(NotAllowed):
        desk.opens(town.by("えしこに"), file + 1)


def test_what_the_counter_attached_goes_with_the_sheet_to_whoever_receives_it(town: Town, counter: Desk) -> None:
    rehearsal = town.rehearsal("received")
    rehearsal.answers("市民税課", "同意を確かめて記録する", [
        ("同意した段階", "①会う・相談を続ける／②決めた機関と共有する"), ("共有してよい機関", "機関=自立相談支援機関(市社協)"),
    ])  # fmt: skip
    rehearsal.answers("市民税課", "振り分けを判断する", [
        ("そう判断した理由", "家計の相談。"), ("つなぎ先", "自立相談支援機関(市社協)"),
    ])  # fmt: skip
    sheet = town.task("received", "つなぐシートを書く")
    file = counter.attaches(town.by("市民税課"), "納付の一覧.xlsx", XLSX, sheet)
    with pytest.raises(NotAllowed):
        counter.opens(town.by("自立相談支援機関(市社協)"), file)
    rehearsal.answers("市民税課", "つなぐシートを書く", [("つなぎ方", "同行"), ("頼みたいこと", "家計の見直し")])
    assert counter.found(town.by("自立相談支援機関(市社協)")) == ["納付の一覧.xlsx"]
    assert counter.opens(town.by("自立相談支援機関(市社協)"), file) == XLSX


def test_the_same_file_is_not_kept_twice_but_a_changed_one_is(town: Town, desk: Desk) -> None:
    desk.attaches(town.by("えしこに"))
    with pytest.raises(AlreadyThere, match="「聞き取り.pdf」は、もう加えられています"):
        desk.attaches(town.by("地域包括支援センター"))
    desk.attaches(town.by("えしこに"), body=PDF + b"\n")
    desk.attaches(town.by("えしこに"), "聞き取り 2.pdf")
    assert desk.found(town.by("えしこに")) == ["聞き取り.pdf", "聞き取り.pdf", "聞き取り 2.pdf"]
    assert desk.wrong() == []


def test_both_kinds_of_database_keep_words_and_files(new_town: Town) -> None:
    new_town.receives("市民税課", "続柄・立場=本人／氏=星空", name="one")
    desk, by = Desk(new_town, "one"), new_town.by("市民税課")
    desk.says(by, "一度だけ")
    desk.says(by, "一度だけ")
    file = desk.attaches(by, "覚え.txt", "覚え書き".encode("utf-16"))
    assert desk.heard(by) == ["一度だけ"] and desk.found(by) == ["覚え.txt"]
    assert desk.opens(by, file).decode("utf-16") == "覚え書き" and desk.wrong() == []


# What the stream keeps


def test_the_stream_keeps_ids_and_hashes_and_not_one_word(town: Town, desk: Desk) -> None:
    task = town.task("on_the_agenda", CONCLUDE)
    desk.says(town.by("えしこに"), "ひみつのことば", task)
    file = desk.attaches(town.by("えしこに"), "ひみつの名前.pdf", task=task)
    (said,), (attached,) = desk.events("CommentAdded"), desk.events("FileAttached")
    for row in (said, attached):
        written = json.dumps([str(each) for each in row], ensure_ascii=False)
        assert "ひみつ" not in written and hashlib.sha256(PDF).hexdigest() not in written
        assert row.task == task and row.by == town.by("えしこに").person and row.content_hash
    assert attached.detail == {"attachment": file} and list(said.detail) == ["comment"]


def test_two_equal_files_have_hashes_that_nobody_can_compare(town: Town, desk: Desk) -> None:
    desk.attaches(town.by("えしこに"))
    Desk(town, "waiting").attaches(town.by("えしこに"))
    with town.city.store.reading() as c:
        hashes = c.scalars(sa.select(store.attachment.c.hash)).all()
    assert len(set(hashes)) == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda: sa.update(store.comment).values(body="言っていないこと"), "書き込み1の内容"),
        (lambda: sa.update(store.attachment).values(body=PDF + b"!"), "添付1の内容"),
        (lambda: sa.update(store.attachment).values(name="別の名前.pdf"), "添付1の内容"),
        (lambda: sa.update(store.event).where(store.event.c.kind == "FileAttached").values(by=1), "書き換えられています"),
    ],
)
def test_whatever_is_changed_afterwards_is_noticed(town: Town, desk: Desk, change: Any, says: str) -> None:
    desk.says(town.by("えしこに"), "言ったこと")
    desk.attaches(town.by("えしこに"))
    assert desk.wrong() == []
    with town.city.store.transaction() as c:
        c.execute(change())
    assert any(says in each for each in desk.wrong())


def test_what_was_erased_with_its_salt_is_gone_and_the_chain_still_holds(town: Town, desk: Desk) -> None:
    desk.says(town.by("えしこに"), "消されること")
    file = desk.attaches(town.by("えしこに"))
    with town.city.store.transaction() as c:
        c.execute(sa.update(store.comment).values(body=None, salt=None))
        c.execute(sa.update(store.attachment).values(body=None, salt=None))
    assert desk.heard(town.by("えしこに")) == desk.found(town.by("えしこに")) == [] and desk.wrong() == []
    with pytest.raises(NotAllowed):
        desk.opens(town.by("えしこに"), file)


def test_talking_disturbs_neither_the_task_beside_it_nor_the_lists_when_they_are_built_again(town: Town, desk: Desk) -> None:
    task = town.task("on_the_agenda", CONCLUDE)
    desk.says(town.by("えしこに"), "これから書きます。", task)
    rebuilding.rebuild(town.city)
    assert town.task("on_the_agenda", CONCLUDE) == task
    town.rehearsal("on_the_agenda").answers("えしこに", CONCLUDE, [
        ("確かめたこと", "本人の意向が書かれている／主担当が1つに決まり、引き受けている"),
        ("プランの結論", "適切(了承)"), ("確かめられない項目があっても了承する理由", "次の面談で確かめる。"),
    ])  # fmt: skip
    assert desk.heard(town.by("えしこに")) == ["これから書きます。"] and desk.wrong() == []


def test_a_person_who_left_reads_nothing_any_more(town: Town, desk: Desk) -> None:
    leaver = town.joins("nowaki", "野分 みのる", "esikoni")
    desk.says(town.acts(leaver), "あとを頼みます。")
    people.deactivate(town.city.store, leaver.id, town.city.today)
    assert desk.heard(town.acts(leaver)) == []
    assert desk.heard(town.by("えしこに")) == ["あとを頼みます。"]


# Which files


@pytest.mark.parametrize(
    ("name", "body", "kind"),
    [
        ("計画.pdf", PDF, "application/pdf"), ("計画.PDF", b"\xef\xbb\xbf\r\n" + PDF, "application/pdf"),
        ("写真.png", PNG, "image/png"), ("写真.jpg", JPEG, "image/jpeg"), ("写真.Jpeg", JPEG, "image/jpeg"),
        ("写真.heic", HEIC, "image/heic"), ("写真.heic", b"\x00\x00\x00\x18ftypmif1" + bytes(9), "image/heic"),
        ("票.docx", DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("表.xlsx", XLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("覚え.txt", "覚え書き\r\n\t二行め\n".encode(), "text/plain"), ("覚え.txt", "覚え書き".encode("cp932"), "text/plain"),
        ("覚え.txt", "覚え書き".encode("utf-8-sig"), "text/plain"), ("覚え.txt", "覚え書き".encode("utf-16"), "text/plain"),
        ("a.b.c.txt", b"x", "text/plain"),
    ],
)  # fmt: skip
def test_a_file_whose_inside_is_what_its_name_says_is_taken(name: str, body: bytes, kind: str) -> None:
    assert kind_of(name, body) == kind


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("空.pdf", b"", "中身のないファイル"),
        ("プログラム.exe", b"MZ", r"「\.exe」のファイルは加えられません.*PDF にしてから"),
        ("名前だけ", PDF, "種類のないファイル"),
        ("頁.html", b"<p>", r"「\.html」"), ("絵.svg", b"<svg>", r"「\.svg」"), ("まとめ.zip", DOCX, r"「\.zip」"),
        ("巨.aaaaaaaaaaaaaaaaaaaa", b"x", r"「\.aaaaaaaaaa…」"),
        ("計画.pdf", b"MZ" + PDF, r"名前は「\.pdf」ですが、中身が違います"),
        ("計画.pdf", b"<html>%PDF-1.7", "中身が違います"),
        ("写真.png", JPEG, "中身が違います"), ("写真.jpg", PNG, "中身が違います"), ("写真.heic", PNG, "中身が違います"),
        ("動画.heic", b"\x00\x00\x00\x18ftypqt  " + bytes(40), "中身が違います"),
        ("票.docx", XLSX, "中身が違います"), ("表.xlsx", DOCX, "中身が違います"), ("票.docx", PDF, "中身が違います"),
        ("票.docx", OLD_WORD, "パスワードを外して"), ("表.xlsx", OLD_WORD, "古い形式"),
        ("票.docx", packed("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "マクロ"),
        ("票.docx", DOCX[:-30], "中身が違います"), ("票.docx", DOCX[:20] + b"PK\x05\x06", "中身が違います"),
        ("覚え.txt", b"\x00\x01\x02", "中身が違います"), ("覚え.txt", PNG, "中身が違います"), ("覚え.txt", b"a\x1b[31m", "中身が違います"),
    ],
)  # fmt: skip
def test_any_other_file_is_refused_with_what_to_do_instead(name: str, body: bytes, says: str) -> None:
    with pytest.raises(UnusableFile, match=says):
        kind_of(name, body)


def test_a_file_of_20_megabytes_is_taken_and_one_byte_more_is_not() -> None:
    largest = PDF + bytes(filetypes.LARGEST - len(PDF))
    assert kind_of("大.pdf", largest) == "application/pdf"
    with pytest.raises(UnusableFile, match=r"20\.0MBあります。1つ20MBまでです。分けるか、小さくして"):
        kind_of("大.pdf", largest + b"\n")


def test_an_office_file_with_an_endless_list_inside_is_refused_unread() -> None:
    bomb = bytearray(DOCX)
    end = bomb.rfind(b"PK\x05\x06")
    bomb[end + 12 : end + 16] = (2 * filetypes.MEGABYTE).to_bytes(4, "little")
    with pytest.raises(UnusableFile, match="中身が違います"):
        kind_of("票.docx", bytes(bomb))
    large = DOCX[:end] + b"PK\x06\x07" + bytes(16) + DOCX[end:]
    with pytest.raises(UnusableFile, match="中身が違います"):
        kind_of("票.docx", large)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("聞き取り.pdf", "聞き取り.pdf"), (r"C:\Users\架空\聞き取り.pdf", "聞き取り.pdf"), ("../../etc/聞き取り.pdf", "聞き取り.pdf"),
        ("  髙橋さん（2回め）.pdf ", "髙橋さん（2回め）.pdf"), ("葛\U000e0100城.pdf", "葛\U000e0100城.pdf"),
    ],
)  # fmt: skip
def test_the_name_of_a_file_is_kept_as_it_was_without_its_folders(sent: str, kept: str) -> None:
    assert named(sent) == kept


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ("", "ファイルを選んで"), ("...", "ファイルを選んで"), ("folder/", "ファイルを選んで"),
        ("a\r\nSet-Cookie: x.pdf", "使えない文字"), ("\u202efdp.exe.pdf", "使えない文字"), ("a\x00.pdf", "使えない文字"),
        ("あ" * 117 + ".pdf", "長すぎます。120文字まで"),
    ],
)  # fmt: skip
def test_a_name_that_deceives_or_does_not_fit_is_refused(sent: str, says: str) -> None:
    with pytest.raises(UnusableFile, match=says):
        named(sent)
