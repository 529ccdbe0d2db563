"""Files that a form asks for: chosen or added on its page, kept through every error, read by those who may read the field."""

from __future__ import annotations

import io
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sheets import Paper, errors
from visits import Screen, Visitor
from werkzeug.test import TestResponse

from engine import correspondence, filetypes, releases, store, stream
from engine.city import City
from engine.people import Person

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
AGREED = {"answer": "agreed", "steps": ["continue"], "method": "signed"}
ROOT = Path(__file__).parents[2]


@pytest.fixture
def town(new_town: Town) -> Town:
    return new_town


@pytest.fixture
def city(town: Town) -> City:
    return town.city


class Desk:
    """The consent of a household that was just received, at the screens of several people."""

    def __init__(self, town: Town, app: Flask) -> None:
        self.town, self.app = town, app
        self.number = town.receives("市民税課", "続柄・立場=本人／氏=星空／名=ひかり")

    def of(self, who: str | Person) -> Visitor:
        visitor = self.app.test_client()
        assert isinstance(visitor, Visitor)
        return visitor.signed_in_as(self.town.person(who) if isinstance(who, str) else who)

    def paper(self, who: str | Person = "市民税課") -> Paper:
        paper = Paper.at(self.of(who), f"/cases/{self.number}/consent")
        return paper.types({"persons": paper.offers("persons")[:1], **AGREED})

    def rows(self, table: sa.Table) -> list[Any]:
        with self.town.city.store.reading() as c:
            return list(c.execute(sa.select(table).order_by(*table.primary_key.columns)))

    def answer(self) -> Any:
        return [row for row in self.rows(store.answer) if row.form == "F05"][-1]

    def gives(self, name: str = "同意書.pdf", body: bytes = PDF) -> Any:
        answer = adds(self.paper(), name, body).presses()
        assert answer.status_code == 303, errors(answer)
        return self.answer()


def adds(paper: Paper, name: str = "同意書.pdf", body: bytes = PDF) -> Paper:
    paper.data.add("signed_copy", (io.BytesIO(body), name))  # type: ignore[arg-type]
    return paper


def link(page: TestResponse) -> str:
    found = re.search(r'href="(/cases/answers/\d+/files/\d+)"', page.text)
    assert found, "no file on the page"
    return found[1]


@pytest.fixture
def desk(town: Town, app: Flask) -> Desk:
    return Desk(town, app)


def test_a_file_is_added_in_the_form_and_downloaded_from_its_answer(desk: Desk) -> None:
    given = desk.gives()
    page = desk.of("市民税課").get(f"/cases/answers/{given.id}")
    assert ">同意書.pdf</a>" in page.text
    file = desk.of("市民税課").get(link(page))
    assert (file.status_code, file.data, file.mimetype) == (200, PDF, "application/pdf")
    assert file.headers["Content-Disposition"].startswith("attachment;")
    assert "同意書.pdf" in desk.of("市民税課").get(f"/cases/answers/{given.id}/paper").text
    (row,) = desk.rows(store.attachment)
    assert (row.answer, row.name, given.data["signed_copy"]) == (given.id, "同意書.pdf", str(row.id))
    assert desk.rows(store.draft_file) == []


def test_an_error_elsewhere_does_not_lose_the_file(desk: Desk) -> None:
    paper = adds(desk.paper().types({"answer": None}))
    refused = paper.presses()
    assert refused.status_code == 422 and any("「答え」" in each for each in errors(refused))
    again = paper.again(refused)
    assert "同意書.pdf" in refused.text and again.data["signed_copy"].startswith("new:")
    assert again.types({"answer": "agreed"}).presses().status_code == 303
    assert [row.name for row in desk.rows(store.attachment)] == ["同意書.pdf"]


def test_a_draft_keeps_the_file_and_to_throw_the_draft_away_throws_it_away(desk: Desk) -> None:
    assert adds(desk.paper()).presses("save").status_code == 303
    kept = Paper.at(desk.of("市民税課"), f"/cases/{desk.number}/consent")
    assert kept.data["signed_copy"].startswith("new:") and desk.rows(store.attachment) == []
    assert "同意書.pdf" not in desk.of("えしこに").get(f"/cases/{desk.number}/consent").text
    kept.presses("forget")
    assert desk.rows(store.draft_file) == []


def test_a_file_chosen_again_takes_the_place_of_the_first(desk: Desk) -> None:
    paper = adds(desk.paper().types({"answer": None}), "まちがい.pdf")
    again = paper.again(paper.presses())
    assert adds(again.types({"answer": "agreed"}), "正しい.pdf").presses().status_code == 303
    assert [row.name for row in desk.rows(store.attachment)] == ["正しい.pdf"]


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("空.pdf", b"", "中身のないファイル"), ("絵.svg", b"<svg/>", "「.svg」のファイルは加えられません"), ("計画.pdf", b"MZ\x90", "中身が違います"),
        ("\u202efdp.exe.pdf", PDF, "使えない文字"), ("..", PDF, "ファイルを選んでください"), ("長" * 121 + ".pdf", PDF, "長すぎます"),
        ("大.pdf", PDF + bytes(filetypes.LARGEST), "20.0MBあります。1つ20MBまで"),
    ],
)  # fmt: skip
def test_a_refused_file_is_explained_at_its_field_and_everything_typed_stays(desk: Desk, name: str, body: bytes, says: str) -> None:
    paper = adds(desk.paper().types({"excluded": "町内会"}), name, body)
    refused = paper.presses()
    assert refused.status_code == 422
    assert any("署名済みの写し" in each and says in each for each in errors(refused)), errors(refused)
    assert paper.again(refused).data["excluded"] == "町内会"
    assert desk.rows(store.attachment) == desk.rows(store.draft_file) == []


def test_folders_before_a_name_are_left_out(desk: Desk) -> None:
    desk.gives("../../etc/同意書.pdf")
    assert [row.name for row in desk.rows(store.attachment)] == ["同意書.pdf"]


def test_a_file_of_the_case_is_chosen_and_stays_one_file(desk: Desk) -> None:
    desk.of("市民税課").sends(f"/cases/{desk.number}/attach", {"file": (io.BytesIO(PDF), "前から.pdf")}, content_type="multipart/form-data")
    (row,) = desk.rows(store.attachment)
    paper = desk.paper()
    assert paper.offers("signed_copy") == [str(row.id)]
    assert paper.types({"signed_copy": str(row.id)}).presses().status_code == 303
    page = desk.of("市民税課").get(f"/cases/answers/{desk.answer().id}")
    assert desk.of("市民税課").get(link(page)).data == PDF
    assert len(desk.rows(store.attachment)) == 1


def test_nobody_names_a_file_that_is_not_offered_to_them(desk: Desk) -> None:
    adds(desk.paper()).presses("save")
    (kept,) = desk.rows(store.draft_file)
    other = desk.paper(desk.town.joins("tonari", "架空 となりの人", "zeimu"))
    for value in (f"new:{kept.id}", "new:999", "999", "new:x"):
        refused = other.types({"signed_copy": value}).presses()
        assert refused.status_code == 422 and any("選べるものにありません" in each for each in errors(refused)), value
    assert desk.rows(store.attachment) == []


def test_a_correction_keeps_the_file_or_replaces_it(desk: Desk) -> None:
    first = desk.gives()
    me = desk.of("市民税課")
    paper = Paper.at(me, f"/cases/answers/{first.id}/correct")
    assert paper.data["signed_copy"] == first.data["signed_copy"]
    refused = adds(paper, "二枚目.pdf").presses()
    assert refused.status_code == 422  # the reason is missing
    assert paper.again(refused).types({"reason": "写しのまちがい"}).presses().status_code == 303
    assert "二枚目.pdf" in me.get(f"/cases/answers/{desk.answer().id}").text
    assert "同意書.pdf" in me.get(f"/cases/answers/{first.id}").text
    assert desk.rows(store.draft_file) == []


def test_who_may_not_read_the_answer_never_learns_of_the_file(desk: Desk) -> None:
    given = desk.gives()
    address = link(desk.of("市民税課").get(f"/cases/answers/{given.id}"))
    assert desk.of("福祉課").get(address).status_code == 404
    assert desk.of("市民税課").get(re.sub(r"files/\d+", "files/999", address)).status_code == 404
    (row,) = desk.rows(store.attachment)
    assert desk.of("市民税課").get(f"/cases/{desk.number}/files/{row.id}").status_code == 404
    received = next(row for row in desk.rows(store.answer) if row.form == "F01")
    assert desk.of("市民税課").get(f"/cases/answers/{received.id}/files/{row.id}").status_code == 404
    assert "同意書.pdf" not in desk.of("福祉課").get(f"/cases/{desk.number}").text


def test_a_field_above_the_readers_level_hides_its_file(desk: Desk, tmp_path: Path) -> None:
    for folder in ("processes", "forms"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    schema = tmp_path / "forms/schemas/F05.json"
    said = json.loads(schema.read_text(encoding="utf-8"))
    said["properties"]["signed_copy"]["x-class"] = "L2"
    schema.write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
    releases.publish(desk.town.city, tmp_path, replace=True)
    given = desk.gives()
    address = link(desk.of("市民税課").get(f"/cases/answers/{given.id}"))
    esikoni = desk.of("えしこに")  # reads L1 until it is asked
    page = esikoni.get(f"/cases/answers/{given.id}")
    assert page.status_code == 200 and "同意した" in page.text
    assert esikoni.get(address).status_code == 404
    for place in (f"/cases/answers/{given.id}", f"/cases/answers/{given.id}/paper", f"/cases/{desk.number}", f"/cases/{desk.number}/consent"):
        shown = esikoni.get(place)
        assert shown.status_code == 200 and "同意書.pdf" not in shown.text and "書類を加えました" not in shown.text, place


def test_a_task_takes_a_file_too_and_the_chain_holds(desk: Desk) -> None:
    paper = Paper.at(desk.of("市民税課"), f"/tasks/{desk.town.task('new', '同意を確かめて記録する')}")
    paper.types({"persons": paper.offers("persons")[:1], **AGREED, "answer": None, "scope_orgs-0-org": None})
    again = paper.again(adds(paper).presses())
    assert again.data["signed_copy"].startswith("new:")
    answer = again.types({"answer": "agreed"}).presses()
    assert answer.status_code == 303, errors(answer)
    assert desk.of("市民税課").get(link(desk.of("市民税課").get(f"/cases/answers/{desk.answer().id}"))).data == PDF
    assert desk.rows(store.draft_file) == []
    case = desk.town.cases["new"]
    with desk.town.city.store.reading() as c:
        assert stream.verify(c, case) == correspondence.verify(c, case) == []
    with desk.town.city.store.transaction() as c:
        c.execute(sa.update(store.attachment).values(body=b"x"))
        assert correspondence.verify(c, case) != []


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 360])
def test_a_file_stays_chosen_on_the_screen_after_an_error(town: Town, desk: Desk, screen: Screen, width: int) -> None:
    page = screen.signed_in_as(town.person("市民税課")).opens(f"/cases/{desk.number}/consent", width)
    page.locator("input[type=file]").set_input_files({"name": "同意書.pdf", "mimeType": "application/pdf", "buffer": PDF})
    page.get_by_role("button", name="記録する", exact=True).click()
    page.locator("#errors").wait_for()
    assert page.locator("select[name=signed_copy] option:checked").inner_text() == "同意書.pdf"
