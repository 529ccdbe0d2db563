"""Meetings on screen: what comes and what waits, who reads which item of an agenda, a new day, the minutes."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from visits import Screen, Visitor
from werkzeug.test import TestResponse

from engine import meetings
from engine.city import City

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)

CENTRE, RECEIVED, MEMBER = "えしこに", "地域包括支援センター", "健康対策課(地区担当保健師)"
STRANGER, SECRETARIAT = "市民税課", "福祉政策課"
CONCLUDE = "会議でのプランの結論を記録する"
APPROVED = [
    ("確かめたこと", "本人の意向が書かれている／主担当が1つに決まり、引き受けている"), ("プランの結論", "適切(了承)"),
    ("確かめられない項目があっても了承する理由", "次の面談で確かめる。"),
]  # fmt: skip


@pytest.fixture
def city(town: Town) -> City:
    return town.city


class Room:
    """The pages of meetings, as somebody of a group visits them. Meeting 1 is today's."""

    def __init__(self, town: Town, app: Flask) -> None:
        self.town, self.app = town, app
        self.number, self.waiting = town.number("on_the_agenda"), town.number("waiting")

    def of(self, who: str) -> Visitor:
        visitor = self.app.test_client()
        assert isinstance(visitor, Visitor)
        return visitor.signed_in_as(self.town.person(who))

    def page(self, who: str, path: str = "/meetings/1") -> str:
        answer = self.of(who).get(path)
        assert answer.status_code == 200, answer.text
        return main_of(answer.text)

    def read(self, who: str, path: str = "/meetings/1") -> str:
        """What a person reads on a page."""
        return text(self.page(who, path))

    def calls(self, who: str, era: str = "令和", y: str = "8", m: str = "6", d: str = "4", **more: str) -> TestResponse:
        sent = {"kind": "extra", "on-era": era, "on-y": y, "on-m": m, "on-d": d, "place": "架空会館 2階", **more}
        return self.of(who).sends("/meetings", sent)

    def keeps(self, who: str, words: str, seen: str = "") -> TestResponse:
        return self.of(who).sends("/meetings/1/minutes", {"text": words, "seen": seen})

    def concludes(self, rows: list[tuple[str, str]] = APPROVED) -> None:
        self.town.rehearsal("on_the_agenda").answers(CENTRE, CONCLUDE, rows)

    def withdraws(self) -> None:
        """Nobody of the household agrees any more."""
        for name in ("母", "長男"):
            self.town.rehearsal("on_the_agenda").records_called(CENTRE, "撤回", [
                ("だれの撤回か", name), ("撤回した日", "2026-05-14"), ("撤回の範囲", "すべて"),
            ])  # fmt: skip

    def today_is(self, day: date) -> None:
        self.town.rehearsal("on_the_agenda").today_is(day)


def main_of(page: str) -> str:
    return page.partition("<main")[2].partition("</main>")[0]


def text(markup: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", markup)))


def section(page: str, title: str) -> str:
    """The sheet under a heading."""
    found = [each for each in page.split('<section class="sheet"') if re.search(rf"<h2[^>]*>{title}</h2>", each)]
    assert len(found) == 1, f"{len(found)} sheets are called {title}"
    return found[0]


@pytest.fixture
def room(town: Town, app: Flask) -> Room:
    return Room(town, app)


# The list


def test_the_list_shows_what_comes_with_its_place_and_how_many_items(room: Room) -> None:
    coming = section(room.page(CENTRE, "/meetings"), "これからの会議")
    assert "定例の重層的支援会議" in coming and 'href="/meetings/1"' in coming
    assert "5月14日（木）" in coming and re.search(r">1件", coming) and "出席" in coming


def test_everybody_sees_that_there_is_a_meeting_and_only_those_asked_to_come_are_told_so(room: Room) -> None:
    for who, is_asked in ((MEMBER, True), (RECEIVED, False), (STRANGER, False), (SECRETARIAT, False)):
        coming = section(room.page(who, "/meetings"), "これからの会議")
        assert 'href="/meetings/1"' in coming and (">出席<" in coming) is is_asked, who


def test_a_meeting_is_coming_until_its_day_is_over(room: Room) -> None:
    assert 'href="/meetings/1"' not in section(room.page(CENTRE, "/meetings"), "終わった会議")
    room.today_is(date(2026, 5, 15))
    page = room.page(CENTRE, "/meetings")
    assert 'href="/meetings/1"' in section(page, "終わった会議")
    assert 'href="/meetings/1"' not in section(page, "これからの会議")


def test_a_case_that_waits_for_an_agenda_leads_to_the_task_of_whoever_may_do_it(room: Room, town: Town) -> None:
    task = town.task("waiting", "会議の議題にする")
    waits = section(room.page(CENTRE, "/meetings"), "議題を待つケース")
    assert f'href="/tasks/{task}"' in waits and f"{room.waiting} 架空さん世帯" in waits
    assert "会議の議題にする・4月21日から" in text(waits) and "超過" in waits
    assert room.of(CENTRE).get(f"/tasks/{task}").status_code == 200


def test_a_waiting_case_leads_others_to_the_case_if_they_may_open_it_and_is_not_told_to_the_rest(room: Room) -> None:
    waits = section(room.page(RECEIVED, "/meetings"), "議題を待つケース")
    assert f'href="/cases/{room.waiting}"' in waits and "/tasks/" not in waits
    for who in (STRANGER, SECRETARIAT):
        assert room.waiting not in room.page(who, "/meetings")
        assert "議題を待つケース 0件" in room.read(who, "/meetings")


def test_a_case_waits_no_more_once_it_is_on_an_agenda(room: Room, town: Town) -> None:
    assert room.number not in section(room.page(CENTRE, "/meetings"), "議題を待つケース")
    town.rehearsal("waiting").answers(CENTRE, "会議の議題にする", [("会議", "2026-06-11")])
    page = room.page(CENTRE, "/meetings")
    assert room.waiting not in section(page, "議題を待つケース")
    assert "6月11日（木）" in section(page, "これからの会議") and "定例の重層的支援会議" in section(page, "これからの会議")


def test_past_meetings_come_in_pages_the_last_first(room: Room, town: Town) -> None:
    by = town.by(CENTRE)
    for n in range(22):
        meetings.call(town.city, town.city.today + timedelta(days=n + 1), False, f"部屋{n}", by)
    town.clock.moment += timedelta(days=60)
    first, second = room.page(CENTRE, "/meetings"), room.page(CENTRE, "/meetings?page=2")
    assert "部屋21" in first and "部屋2<" in first and "部屋1<" not in first
    assert "部屋1<" in second and "部屋0<" in second and 'href="/meetings/1"' in second
    assert "23件のうち21件目から23件目" in text(second)
    for number, page in (("99", second), ("0", first), ("x", first), ("9" * 5000, first)):
        assert text(room.page(CENTRE, f"/meetings?page={number}")) == text(page)


# One meeting


def test_whoever_coordinates_reads_the_item_and_concludes_it_from_there(room: Room, town: Town) -> None:
    page = room.page(CENTRE)
    assert f"{room.number}　架空さん世帯" in page and f'href="/cases/{room.number}"' in page
    assert f'href="/tasks/{town.task("on_the_agenda", CONCLUDE)}"' in page
    assert "健康対策課(地区担当保健師)" in section(page, "出席する機関") and "議題1" in page and "進行・記録" in page
    assert "これから" in page and "ほかに、あなたの役割では" not in page
    material = re.search(r'href="(/cases/answers/\d+/paper)"', page)
    assert material and "毎週の家計相談" in room.of(CENTRE).get(material[1]).text


def test_a_member_reads_what_is_discussed_and_its_plan_and_concludes_nothing(room: Room) -> None:
    page = room.page(MEMBER)
    assert room.number in page and "諮ること" in page and "結論を記録する" not in page
    material = re.search(r'href="(/cases/answers/\d+/paper)"', page)
    assert material and room.of(MEMBER).get(material[1]).status_code == 200


def test_whoever_only_received_the_household_learns_that_it_is_discussed_and_no_more(room: Room) -> None:
    page = room.page(RECEIVED)
    assert room.number in page and "架空さん世帯" in page
    assert "諮ること" not in page and "/paper" not in page and "結論" not in page.partition("会議の記録")[0]


def test_everybody_else_learns_only_how_many_items_there_are(room: Room) -> None:
    for who in (STRANGER, SECRETARIAT):
        page = room.read(who)
        assert "議題 1件" in page and "あなたの役割では見られない議題が1件あります" in page
        assert "架空さん" not in page and room.number not in page and MEMBER not in page
        assert "あなたが見られる議題はありません" in page


def test_an_administrator_and_a_process_owner_learn_no_more_than_that(room: Room, town: Town) -> None:
    for person in (town.joins("kanri", "管理 みなと", administrator=True), town.joins("sekkei", "設計 あおい", process_owner=True)):
        visitor = room.app.test_client()
        assert isinstance(visitor, Visitor)
        for path in ("/meetings", "/meetings/1"):
            page = visitor.signed_in_as(person).get(path).text
            assert "架空さん" not in page and room.number not in page and room.waiting not in page


def test_a_meeting_that_is_not_there_is_not_found(room: Room) -> None:
    for path in ("/meetings/99", "/meetings/0", "/meetings/x"):
        assert room.of(CENTRE).get(path).status_code == 404


def test_items_keep_their_numbers_where_some_are_hidden(room: Room, town: Town) -> None:
    town.rehearsal("waiting").answers(CENTRE, "会議の議題にする", [("会議", "2026-05-14")])
    both = room.read(CENTRE)
    assert "議題 2件" in both and both.index(room.number) < both.index(room.waiting)
    room.withdraws()
    page = room.page(MEMBER)
    assert 'id="item-2"' in page and 'id="item-1"' not in page and room.number not in page
    assert "見られない議題が1件あります" in page


# What the meeting said


def test_the_conclusion_is_read_by_the_members_and_by_whoever_may_read_the_form(room: Room) -> None:
    room.concludes()
    for who in (CENTRE, MEMBER):
        assert "適切(了承)" in room.page(who)
        assert "結論を記録する" not in room.page(who) and "これから" not in room.page(who)
    assert "適切" not in room.page(RECEIVED)


def test_an_item_without_a_conclusion_is_remarked_when_the_day_is_over(room: Room) -> None:
    room.today_is(date(2026, 5, 15))
    assert "結論がまだ" in room.page(CENTRE)
    room.concludes()
    assert "結論がまだ" not in room.page(CENTRE)


def test_a_member_reads_the_item_for_thirty_days_and_no_longer(room: Room) -> None:
    room.concludes()
    room.today_is(date(2026, 6, 13))
    assert "適切(了承)" in room.page(MEMBER)
    room.today_is(date(2026, 6, 14))
    page = room.page(MEMBER)
    assert "適切" not in page and "諮ること" not in page
    assert "適切(了承)" in room.page(CENTRE)


def test_whoever_loses_the_consent_loses_the_item_at_once(room: Room) -> None:
    assert room.number in room.page(MEMBER)
    room.withdraws()
    page = room.page(MEMBER)
    assert room.number not in page and "見られない議題が1件あります" in page and "出席</" not in room.page(MEMBER, "/meetings")


def test_a_postponed_item_says_so_and_waits_for_another_meeting(room: Room, town: Town) -> None:
    room.concludes([("開き方", "延期した")])
    assert "延期した" in room.page(CENTRE)
    assert room.number in section(room.page(CENTRE, "/meetings"), "議題を待つケース")
    town.rehearsal("on_the_agenda").answers(CENTRE, "会議の議題にする", [("会議", "2026-06-11"), ("諮ること", "延期した分を決める。")])
    later = room.page(CENTRE, "/meetings/2")
    assert room.number in later and "延期した分を決める。" in later
    assert "前回（5月14日）から" in later and "「会議の議題にする」を終えました。" in later


# A new meeting


def test_the_centre_and_the_secretariat_set_the_day_of_a_meeting(room: Room) -> None:
    for who, day in ((CENTRE, "4"), (SECRETARIAT, "5")):
        answer = room.calls(who, d=day)
        assert answer.status_code == 303
        page = room.read(who, answer.location)
        assert "随時の重層的支援会議" in page and f"令和8年6月{day}日" in page and "架空会館 2階" in page
        assert "議題はまだありません" in page
    assert "6月4日（木）" in room.page(MEMBER, "/meetings")


def test_a_day_is_read_in_either_calendar_and_in_full_width(room: Room) -> None:
    answer = room.calls(CENTRE, "西暦", "２０２６", "０６", "４", kind="regular")
    assert "令和8年6月4日" in room.read(CENTRE, answer.location) and "定例の" in room.read(CENTRE, answer.location)


@pytest.mark.parametrize(
    ("typed", "at", "says"),
    [
        ({"d": "31"}, "on-y", "令和8年6月31日はありません"), ({"y": ""}, "on-y", "年を書いてください"), ({"m": "六"}, "on-y", "数字で書いてください"),
        ({"era": "平成"}, "on-y", "過ぎた日です"), ({"era": "神武"}, "on-y", "使えません"),
        ({"m": "5", "d": "13"}, "on-y", "過ぎた日です。今日か、それより後の日"), ({"y": "18"}, "on-y", "1年より先の日です"),
        ({"m": "5", "d": "14"}, "on-y", "その日の会議は、もうあります"), ({"place": "長" * 81}, "place", "80文字までの1行"),
        ({"place": "a\x00"}, "place", "1行で書いてください"), ({"kind": "party"}, "kind", "種類を選んでください"),
    ],
)  # fmt: skip
def test_a_day_that_cannot_be_is_refused_at_its_box_and_everything_typed_is_kept(
    room: Room, typed: dict[str, str], at: str, says: str
) -> None:
    answer = room.calls(CENTRE, **typed)
    page = main_of(answer.text)
    assert answer.status_code == 422 and "<title>エラー：会議" in answer.text
    assert says in page.partition("</section>")[0] and f'<a href="#{at}">' in page and f'id="{at}-wrong"' in page
    assert re.search(rf'id="{at}"', page) and 'aria-invalid="true"' in page or at == "kind"
    sent: dict[str, Any] = {"y": "8", "m": "6", "d": "4", "place": "架空会館 2階", **typed}
    for box in ("y", "m", "d"):
        assert re.search(rf'name="on-{box}"[^>]*value="{sent[box]}"', page)
    if "\x00" not in sent["place"]:
        assert f'value="{sent["place"]}"' in page
    assert '<option value="extra" selected>' in page or at == "kind"
    assert "議題を待つケース" in page


def test_nobody_else_sets_a_day_nor_is_offered_to(room: Room) -> None:
    for who in (STRANGER, MEMBER, RECEIVED):
        assert "会議の日を決める" not in room.page(who, "/meetings")
        assert room.calls(who).status_code == room.calls(who, d="99").status_code == 404
    assert "6月4日" not in room.page(CENTRE, "/meetings")


def test_the_next_regular_meeting_is_named_beside_the_boxes(room: Room) -> None:
    assert "次の定例は6月11日（木）です。" in room.page(CENTRE, "/meetings")


def test_a_meeting_of_a_set_day_is_offered_when_a_case_is_put_on_an_agenda(room: Room, town: Town) -> None:
    room.calls(CENTRE)
    assert "令和8年6月4日（随時）" in room.of(CENTRE).get(f"/tasks/{town.task('waiting', '会議の議題にする')}").text
    town.rehearsal("waiting").answers(CENTRE, "会議の議題にする", [("会議", "2026-06-04")])
    assert room.waiting in room.page(CENTRE, "/meetings/2")


# The minutes


def test_the_minutes_are_kept_with_who_wrote_them_and_when(room: Room) -> None:
    answer = room.keeps(CENTRE, "次回から\r\n30分早く始める。")
    assert answer.status_code == 303 and answer.location == "/meetings/1"
    for who in (CENTRE, MEMBER, RECEIVED, SECRETARIAT):
        page = room.page(who)
        assert "次回から\n30分早く始める。" in page
        assert re.search(r"架空 えしこにの長の人　今日 \d+:\d\d", section(page, "会議の記録"))


def test_only_the_centre_writes_minutes_and_only_those_concerned_read_them(room: Room) -> None:
    for who in (MEMBER, RECEIVED, SECRETARIAT, STRANGER):
        assert room.keeps(who, "書き換え").status_code == room.keeps(who, "長" * 20_001).status_code == 404
        assert "<textarea" not in room.page(who)
    assert "会議の記録" in room.page(MEMBER) and "会議の記録" not in room.page(STRANGER)
    assert room.of(CENTRE).sends("/meetings/99/minutes", {"text": "どこ"}).status_code == 404


def test_two_who_write_at_once_lose_nothing(room: Room) -> None:
    assert room.keeps(CENTRE, "先に書いた人の記録").status_code == 303
    answer = room.keeps(CENTRE, "後に書いた人の記録", seen="")
    page = main_of(answer.text)
    assert answer.status_code == 409 and "<title>エラー：" in answer.text and '<a href="#minutes">' in page
    assert "いまの記録" in page and "先に書いた人の記録" in page
    assert re.search(r'<textarea id="minutes"[^>]*>\n後に書いた人の記録</textarea>', page)
    assert room.keeps(CENTRE, "両方の記録", seen="先に書いた人の記録").status_code == 303
    assert "両方の記録" in room.page(MEMBER)


def test_the_same_minutes_sent_twice_are_no_conflict_and_may_be_emptied(room: Room) -> None:
    assert room.keeps(CENTRE, "一度きり").status_code == room.keeps(CENTRE, "一度きり").status_code == 303
    assert room.keeps(CENTRE, "", seen="一度きり\r\n").status_code == 303
    assert "まだありません。" in section(room.page(MEMBER), "会議の記録")


@pytest.mark.parametrize(("words", "says"), [("長" * 20_001, "20001文字あります。20000文字まで"), ("a\x02", "残せない文字")])
def test_minutes_that_cannot_be_kept_come_back_as_typed(room: Room, words: str, says: str) -> None:
    answer = room.keeps(CENTRE, words)
    assert answer.status_code == 422 and says in answer.text and words in answer.text
    assert "まだありません。" in section(room.page(MEMBER), "会議の記録")


def test_english_readers_find_their_words(room: Room) -> None:
    visitor = room.of(CENTRE)
    visitor.set_cookie("language", "en")
    assert "The next one is on 11 Jun (Thu)" in visitor.get("/meetings").text
    assert "Leads and writes" in visitor.get("/meetings/1").text


# In a browser


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 360])
def test_a_day_is_set_in_a_browser_after_a_mistake(town: Town, room: Room, screen: Screen, width: int) -> None:
    page = screen.signed_in_as(town.person(CENTRE)).opens("/meetings", width)
    assert screen.findings() == [] and screen.sticks_out() == []
    for box, value in (("年", "8"), ("月", "2"), ("日", "30")):
        page.get_by_label(box, exact=True).fill(value)
    page.get_by_role("button", name="会議を作る").click()
    assert page.title().startswith("エラー：会議")
    page.get_by_role("link", name="令和8年2月30日はありません").click()
    assert page.evaluate("document.activeElement.id") == "on-y"
    assert screen.findings() == [] and screen.sticks_out() == []
    page.get_by_label("月", exact=True).fill("6")
    page.get_by_role("button", name="会議を作る").click()
    assert page.get_by_role("heading", level=1).inner_text() == "定例の重層的支援会議"
    assert screen.findings() == [] and screen.sticks_out() == [] and screen.complaints == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 360])
def test_an_agenda_is_read_and_its_minutes_kept_in_a_browser(town: Town, room: Room, screen: Screen, width: int) -> None:
    page = screen.signed_in_as(town.person(CENTRE)).opens("/meetings/1", width)
    assert screen.findings() == [] and screen.sticks_out() == []
    page.get_by_label("全体にかかわること").fill("進めかたを変える。")
    room.keeps(CENTRE, "ほかの人の記録")
    page.get_by_role("button", name="記録を保存する").click()
    assert page.title().startswith("エラー：") and page.get_by_text("ほかの人の記録").is_visible()
    assert screen.findings() == [] and screen.sticks_out() == []
    page.get_by_role("button", name="記録を保存する").click()
    page.get_by_text("会議の記録を保存しました。").wait_for()
    page = screen.signed_in_as(town.person(STRANGER)).opens("/meetings/1", width)
    assert page.get_by_text("見られない議題が1件あります").is_visible()
    assert screen.findings() == [] and screen.sticks_out() == [] and screen.complaints == []
