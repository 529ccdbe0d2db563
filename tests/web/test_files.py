"""Comments and files on the screens of a task and of a case: who sees them, what a download is, what a refusal keeps."""

from __future__ import annotations

import io
import logging
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from flask import Flask
from visits import Screen, Visitor
from werkzeug.test import TestResponse

from engine import filetypes
from engine.city import City
from engine.people import Person

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
CONCLUDE = "会議でのプランの結論を記録する"


@pytest.fixture
def city(town: Town) -> City:
    return town.city


class Pages:
    """A household's pages, as somebody of a group visits them."""

    def __init__(self, town: Town, app: Flask) -> None:
        self.town, self.app = town, app
        self.number, self.task = town.number("on_the_agenda"), town.task("on_the_agenda", CONCLUDE)

    def of(self, who: str | Person) -> Visitor:
        visitor = self.app.test_client()
        assert isinstance(visitor, Visitor)
        return visitor.signed_in_as(self.town.person(who) if isinstance(who, str) else who)

    def case(self, who: str | Person) -> str:
        return self.of(who).get(f"/cases/{self.number}").text

    def says(self, who: str, text: str, where: str | None = None) -> TestResponse:
        return self.of(who).sends(f"{where or '/cases/' + self.number}/comment", {"text": text})

    def attaches(
        self, who: str, name: str = "聞き取り 1.pdf", body: bytes = PDF, where: str | None = None
    ) -> TestResponse:
        data: dict[str, Any] = {"file": (io.BytesIO(body), name)}
        return self.of(who).sends(f"{where or '/cases/' + self.number}/attach", data, content_type="multipart/form-data")

    def link(self, who: str) -> str:
        found = re.search(rf'href="(/cases/{self.number}/files/\d+)"', self.case(who))
        assert found, "no file on the page"
        return found[1]


@pytest.fixture
def pages(town: Town, app: Flask) -> Pages:
    return Pages(town, app)


# Comments


def test_a_comment_stands_on_the_page_of_the_case_for_whoever_may_open_it(pages: Pages) -> None:
    answer = pages.says("えしこに", "10時に来られます。\n<b>2名で</b>")
    assert answer.status_code == 303 and answer.location == f"/cases/{pages.number}"
    shown = pages.case("地域包括支援センター")
    assert "10時に来られます。\n&lt;b&gt;2名で&lt;/b&gt;" in shown
    assert "架空 えしこにの長の人（えしこに）" in shown
    assert pages.of("市民税課").get(f"/cases/{pages.number}").status_code == 404


def test_a_comment_beside_a_task_names_the_task_on_the_page_of_the_case(pages: Pages) -> None:
    visitor = pages.of("えしこに")
    answer = visitor.sends(f"/tasks/{pages.task}/comment", {"text": "言い回しを相談したい。"})
    assert answer.status_code == 303 and answer.location == f"/tasks/{pages.task}"
    page = visitor.get(answer.location).text
    assert "言い回しを相談したい。" in page and "書き込みました。" in page
    own = pages.case("えしこに")
    assert re.search(rf"今日 \d+:\d\d　{CONCLUDE}</p><p class=\"said\">言い回しを相談したい。", own)
    assert f"「{CONCLUDE}」に書き込みました。" in own
    assert "言い回しを相談したい。" not in pages.case("地域包括支援センター")


@pytest.mark.parametrize(("text", "says"), [("　\n", "文を入れてから"), ("長" * 2001, "2001文字あります"), ("a\x01", "残せない文字")])
def test_a_refused_comment_comes_back_as_it_was_typed_with_what_to_do(pages: Pages, text: str, says: str) -> None:
    answer = pages.says("えしこに", text, f"/tasks/{pages.task}")
    assert answer.status_code == 422 and says in answer.text
    assert "<title>エラー：書き込む" in answer.text and 'href="#say"' in answer.text
    box = re.search(r'<textarea id="say"[^>]*>\n?(.*?)</textarea>', answer.text, re.DOTALL)
    assert box and box[1].lstrip("\n") == text.lstrip("\n")
    assert f'href="/tasks/{pages.task}"' in answer.text
    assert 'class="said"' not in pages.case("えしこに")


def test_nobody_comments_on_what_they_may_not_open(pages: Pages) -> None:
    for who, where in (("市民税課", None), ("市民税課", f"/tasks/{pages.task}"), ("地域包括支援センター", f"/tasks/{pages.task}")):
        assert pages.says(who, "見えますか。", where).status_code == 404
        assert pages.attaches(who, where=where).status_code == 404
    assert pages.says("えしこに", "だれ", "/tasks/no-such").status_code == 404
    assert pages.says("えしこに", "だれ", "/cases/2026-99999").status_code == 404
    assert "見えますか。" not in pages.case("えしこに")


def test_a_comment_needs_the_token_of_its_page(pages: Pages) -> None:
    answer = pages.of("えしこに").post(f"/cases/{pages.number}/comment", data={"text": "なりすまし"})
    assert answer.status_code == 400 and "なりすまし" not in pages.case("えしこに")


# Files


def test_a_file_is_downloaded_as_it_was_and_never_opened_in_the_browser(pages: Pages) -> None:
    answer = pages.attaches("えしこに", body=PDF + b"<script>")
    assert answer.status_code == 303
    file = pages.of("地域包括支援センター").get(pages.link("地域包括支援センター"))
    assert file.status_code == 200 and file.data == PDF + b"<script>"
    assert file.mimetype == "application/pdf"
    assert file.headers["Content-Disposition"].startswith("attachment;")
    assert quote("聞き取り 1.pdf") in file.headers["Content-Disposition"]
    assert file.headers["X-Content-Type-Options"] == "nosniff" and file.headers["Cache-Control"] == "no-store"


def test_a_page_says_who_added_a_file_when_and_how_large_it_is(pages: Pages) -> None:
    pages.attaches("えしこに", "大きな.pdf", PDF + bytes(3_300_000))
    page = pages.case("えしこに")
    assert re.search(r">大きな\.pdf</a><br><span[^>]*>架空 えしこにの長の人（えしこに）　5月14日　3\.1 MB", page)
    assert "書類を加えました。" in page


def test_the_address_of_a_file_has_no_name_in_it_and_no_log_has_either(
    pages: Pages, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    pages.attaches("えしこに", "星空さんの診断書.pdf")
    pages.attaches("えしこに", "星空さんの診断書.exe")
    address = pages.link("えしこに")
    pages.of("えしこに").get(address)
    assert re.fullmatch(r"/cases/\d{4}-\d{5}/files/\d+", address)
    assert "星空" not in caplog.text


def test_whoever_may_not_open_the_case_is_told_that_there_is_nothing(pages: Pages) -> None:
    pages.attaches("えしこに")
    address = pages.link("えしこに")
    nowhere = pages.of("市民税課").get(address.replace(pages.number, "2026-99999"))
    hidden = pages.of("市民税課").get(address)
    assert hidden.status_code == nowhere.status_code == 404
    assert hidden.text.partition("<main")[2] == nowhere.text.partition("<main")[2]
    assert pages.of("えしこに").get(re.sub(r"\d+$", "9999", address)).status_code == 404
    assert pages.of("えしこに").get(address.replace(pages.number, pages.town.number("waiting"))).status_code == 404
    stranger = pages.app.test_client().get(address)
    assert stranger.status_code == 303 and "/sign-in" in stranger.location


def test_a_file_of_a_task_is_on_its_page_and_hidden_from_those_who_may_not_read_the_form(pages: Pages) -> None:
    assert pages.attaches("えしこに", "論点.pdf", where=f"/tasks/{pages.task}").status_code == 303
    assert "論点.pdf" in pages.of("えしこに").get(f"/tasks/{pages.task}").text
    assert "論点.pdf" not in pages.case("地域包括支援センター")
    assert pages.of("地域包括支援センター").get(pages.link("えしこに")).status_code == 404


def test_an_administrator_without_a_group_downloads_nothing(pages: Pages) -> None:
    pages.attaches("えしこに")
    admin = pages.town.joins("kanri", "管理 みなと", administrator=True)
    assert pages.of(admin).get(pages.link("えしこに")).status_code == 404


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("", b"", "ファイルを選んでください"), ("空.pdf", b"", "中身のないファイル"), ("絵.svg", b"<svg/>", "「.svg」のファイルは加えられません"),
        ("計画.pdf", b"MZ\x90", "名前は「.pdf」ですが、中身が違います"), ("\u202efdp.exe.pdf", PDF, "使えない文字"),
        ("大.pdf", PDF + bytes(filetypes.LARGEST), "20.0MBあります。1つ20MBまで"),
    ],
)  # fmt: skip
def test_a_refused_file_is_explained_beside_a_box_to_choose_another(
    pages: Pages, name: str, body: bytes, says: str
) -> None:
    answer = pages.attaches("えしこに", name, body)
    assert answer.status_code == 422 and says in answer.text
    assert "<title>エラー：ファイルを加える" in answer.text and 'href="#file"' in answer.text
    assert f'href="/cases/{pages.number}"' in answer.text and f'action="/cases/{pages.number}/attach"' in answer.text
    assert f"/cases/{pages.number}/files/" not in pages.case("えしこに")


def test_a_request_larger_than_any_file_is_refused_before_it_is_read(pages: Pages) -> None:
    answer = pages.attaches("えしこに", body=PDF + bytes(25 * filetypes.MEGABYTE))
    assert answer.status_code == 413 and "20MBまで" in answer.text


def test_the_same_file_twice_is_said_and_kept_once(pages: Pages) -> None:
    pages.attaches("えしこに")
    again = pages.attaches("えしこに")
    assert again.status_code == 422 and "「聞き取り 1.pdf」は、もう加えられています" in again.text
    assert pages.case("えしこに").count("聞き取り 1.pdf") == 1


def test_a_form_without_a_file_is_refused(pages: Pages) -> None:
    answer = pages.of("えしこに").sends(f"/cases/{pages.number}/attach", {})
    assert answer.status_code == 422 and "ファイルを選んでください" in answer.text


def test_english_readers_find_their_words_around_a_japanese_remedy(pages: Pages) -> None:
    visitor = pages.of("えしこに")
    visitor.set_cookie("language", "en")
    answer = visitor.sends(f"/cases/{pages.number}/comment", {"text": " "})
    assert "It was not written" in answer.text and "文を入れてから" in answer.text


# In a browser


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 360])
def test_people_write_and_attach_beside_a_task(town: Town, pages: Pages, screen: Screen, width: int) -> None:
    page = screen.signed_in_as(town.person("えしこに")).opens(f"/tasks/{pages.task}", width)
    page.get_by_label("書き込む").fill("結論の前に\n一度集まりませんか。")
    page.get_by_role("button", name="書き込む").click()
    page.get_by_text("書き込みました。", exact=True).wait_for()
    assert page.locator(".said").inner_text() == "結論の前に\n一度集まりませんか。"
    page.get_by_text("ファイルを加える").click()
    page.get_by_label("ファイル（20MBまで）").set_input_files({"name": "論点.pdf", "mimeType": "application/pdf", "buffer": PDF})
    page.get_by_role("button", name="加える", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="論点.pdf").click()
    assert download.value.suggested_filename == "論点.pdf"
    assert screen.findings() == [] and screen.sticks_out() == [] and screen.complaints == []
    page = screen.opens(f"/cases/{pages.number}", width)
    assert page.get_by_role("link", name="論点.pdf").is_visible() and page.get_by_text("一度集まりませんか。").is_visible()
    assert screen.findings() == [] and screen.sticks_out() == [] and screen.complaints == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 360])
def test_the_pages_of_a_refused_comment_and_file_lead_to_their_box(
    town: Town, pages: Pages, screen: Screen, width: int
) -> None:
    page = screen.signed_in_as(town.person("えしこに")).opens(f"/cases/{pages.number}", width)
    page.get_by_label("書き込む").fill("　")
    page.get_by_role("button", name="書き込む").click()
    page.get_by_role("link", name="文を入れてから").click()
    assert page.evaluate("document.activeElement.id") == "say"
    assert screen.findings() == [] and screen.sticks_out() == []
    page = screen.opens(f"/cases/{pages.number}", width)
    page.get_by_text("ファイルを加える").click()
    page.get_by_label("ファイル（20MBまで）").set_input_files({"name": "絵.svg", "mimeType": "image/svg+xml", "buffer": b"<svg/>"})
    page.get_by_role("button", name="加える", exact=True).click()
    page.get_by_role("link", name="「.svg」のファイルは加えられません").click()
    assert page.evaluate("document.activeElement.id") == "file"
    assert screen.findings() == [] and screen.sticks_out() == [] and screen.complaints == []
