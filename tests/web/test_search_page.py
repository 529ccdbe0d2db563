"""ケースをさがす on screen: what is typed and found, what is offered instead, and that nothing else shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from visits import Screen, Visitor

from engine import search
from engine.city import City

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)

HERE, ELSEWHERE = "市民税課", "福祉課"
TAKABAYASHI = "続柄・立場=本人／氏=髙林／名=花／氏(カナ)=タカバヤシ／名(カナ)=ハナ"


@pytest.fixture
def city(town: Town) -> City:
    return town.city


class Desk:
    """Somebody of a group who looks for cases."""

    def __init__(self, town: Town, app: Flask) -> None:
        self.town, self.app = town, app

    def of(self, who: str) -> Visitor:
        visitor = self.app.test_client()
        assert isinstance(visitor, Visitor)
        return visitor.signed_in_as(self.town.person(who))

    def asks(self, who: str, q: str = "", **more: str) -> str:
        answer = self.of(who).get("/search", query_string={"q": q, **more})
        assert answer.status_code == 200, answer.text
        return answer.text

    def finds(self, who: str, q: str = "") -> list[str]:
        return re.findall(r'class="row-title" href="/cases/([^"]+)"', self.asks(who, q))


@pytest.fixture
def desk(town: Town, app: Flask) -> Desk:
    return Desk(town, app)


def test_a_case_is_found_by_name_and_says_whom_where_it_stands_and_who_leads(desk: Desk, town: Town) -> None:
    number = town.receives(HERE, TAKABAYASHI)
    page = desk.asks(HERE, "たかばやし")
    assert desk.finds(HERE, "高林") == [number]
    row = page.partition('class="row-title"')[2].partition("</tr>")[0]
    for said in ("髙林さん世帯", number, "髙林 花（タカバヤシ ハナ）", "受付", HERE, "令和8年5月14日"):
        assert said in row
    assert "<title>「たかばやし」をさがした結果" in page and 'value="たかばやし"' in page
    assert desk.of(HERE).get(f"/cases/{number}").status_code == 200


def test_what_was_typed_stands_on_the_page_as_text(desk: Desk) -> None:
    page = desk.asks(HERE, '"><script>x</script>')
    assert "<script>x" not in page and "&lt;script&gt;x" in page


def test_nobody_finds_what_they_may_not_open(desk: Desk, town: Town) -> None:
    number = town.receives(HERE, TAKABAYASHI)
    for q in ("高林", number, "00003"):
        page = desk.asks(ELSEWHERE, q)
        assert "見つかりませんでした" in page and "髙林" not in page and f"/cases/{number}" not in page
        assert "あなたが見られないケースは出ません。" in page and 'href="/cases/new"' in page


def test_the_menu_and_the_box_at_the_top_lead_here(desk: Desk, town: Town) -> None:
    number = town.receives(HERE, TAKABAYASHI)
    home = desk.of(HERE).get("/").text
    assert '<a href="/search">ケース</a>' in home and 'action="/search"' in home
    assert '<a href="/search" aria-current="page">ケース</a>' in desk.asks(HERE)
    assert '<a href="/search" aria-current="page">ケース</a>' in desk.of(HERE).get(f"/cases/{number}").text


def test_without_a_question_there_is_what_the_organisation_did_last(desk: Desk, town: Town) -> None:
    assert "最近うごいたケースはありません" in desk.asks(HERE)
    older, newer = (town.receives(HERE, TAKABAYASHI, name=name) for name in ("older", "newer"))
    assert desk.finds(HERE) == [newer, older] and desk.finds(ELSEWHERE) == []
    assert "最近うごいたケース" in desk.asks(HERE) and "ページ" not in desk.asks(HERE)


@pytest.mark.parametrize("q", ["タ", "x", "5"])
def test_one_letter_is_asked_for_more(desk: Desk, town: Town, q: str) -> None:
    town.receives(HERE, TAKABAYASHI)
    page = desk.asks(HERE, q)
    assert "2文字以上入れてください。" in page and "row-title" not in page


def test_spaces_alone_are_no_question(desk: Desk, town: Town) -> None:
    number = town.receives(HERE, TAKABAYASHI)
    assert desk.finds(HERE, "　 ") == [number] and "最近うごいたケース" in desk.asks(HERE, "　 ")


def test_many_results_come_in_pages_that_keep_the_question(
    desk: Desk, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "PAGE", 2)
    numbers = [town.receives(HERE, TAKABAYASHI, name=f"case {n}") for n in range(3)]
    assert desk.finds(HERE, "高林") == numbers[:0:-1]
    first, second = desk.asks(HERE, "高林"), desk.asks(HERE, "高林", page="2")
    assert "3件のうち1件目から2件目" in first and 'rel="next"' in first and "page=2&amp;q=" in first
    assert f'href="/cases/{numbers[0]}"' in second and 'rel="prev"' in second and 'rel="next"' not in second


def test_more_than_can_be_counted_is_said(desk: Desk, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST", 2)
    for n in range(3):
        town.receives(HERE, TAKABAYASHI, name=f"case {n}")
    assert "2件より多く見つかりました。名前を続けて入れるか、番号を最後まで入れてください。" in desk.asks(HERE, "高林")


@pytest.mark.parametrize("q", ["あ" * 500, "a\x00b", "%", "'; drop table person; --"])
def test_strange_questions_find_nothing_and_break_nothing(desk: Desk, q: str) -> None:
    assert "見つかりませんでした" in desk.asks(HERE, q) or "2文字以上" in desk.asks(HERE, q)


def test_somebody_without_an_organisation_finds_nothing_and_is_offered_no_new_case(desk: Desk, town: Town) -> None:
    number = town.receives(HERE, TAKABAYASHI)
    visitor = desk.app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.signed_in_as(town.joins("kanri", "管理 みなと", administrator=True))
    for q in ("", "高林", number):
        page = visitor.get("/search", query_string={"q": q}).text
        assert "髙林" not in page and f"/cases/{number}" not in page and 'href="/cases/new"' not in page


def test_english_readers_find_their_words(desk: Desk) -> None:
    visitor = desk.of(HERE)
    visitor.set_cookie("language", "en")
    assert "No case moved lately" in visitor.get("/search").text


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 360])
def test_a_case_is_found_and_opened_in_a_browser(town: Town, desk: Desk, screen: Screen, width: int) -> None:
    number = town.receives(HERE, TAKABAYASHI)
    page = screen.signed_in_as(town.person(HERE)).opens("/search", width)
    assert screen.findings() == [] and screen.sticks_out() == []
    for q, said in (("タ", "2文字以上入れてください。"), ("いない人", "見つかりませんでした")):
        page.get_by_label("ケース番号・氏名・カナ", exact=True).fill(q)
        page.keyboard.press("Enter")
        page.get_by_text(said).wait_for()
        assert screen.findings() == [] and screen.sticks_out() == []
    page.get_by_label("ケース番号・氏名・カナ", exact=True).fill("高林")
    page.get_by_role("button", name="さがす").click()
    page.get_by_text("髙林 花（タカバヤシ ハナ）").wait_for()
    assert screen.findings() == [] and screen.sticks_out() == []
    page.get_by_role("link", name="髙林さん世帯").click()
    assert number in page.title()
    assert screen.complaints == []


@pytest.mark.browser
def test_enter_that_ends_a_conversion_does_not_search(town: Town, screen: Screen) -> None:
    page = screen.signed_in_as(town.person(HERE)).opens("/search")
    box = page.get_by_label("ケース番号・氏名・カナ", exact=True)
    box.focus()
    typing = page.context.new_cdp_session(page)
    typing.send("Input.imeSetComposition", {"text": "たかばやし", "selectionStart": 5, "selectionEnd": 5})
    typing.send("Input.dispatchKeyEvent", {"type": "keyDown", "key": "Process", "code": "Enter", "windowsVirtualKeyCode": 229})
    typing.send("Input.insertText", {"text": "高林"})
    assert page.url.endswith("/search") and box.input_value() == "高林"
