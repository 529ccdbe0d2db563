"""滞り on screen: one sentence for each case, who reads which names, what can be done, the numbers beside it."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta

import pytest
from desks import at_desk, reading, rows, screens, text
from flask import Flask
from standstill import AGENCY, COUNTER, REPLY, TRIAGE, Office
from visits import Screen

pytest_plugins = ("standstill",)

HEAD, CENTRE, SECRETARIAT = f"{COUNTER}の長", "えしこにの長", "福祉政策課の長"


@pytest.fixture
def app(office: Office) -> Flask:
    return screens(office)


def visiting(office: Office, who: str, path: str = "/stalled", **cookies: str) -> str:
    return reading(office, who, path, **cookies)


def sentences(page: str) -> list[str]:
    return [text(each) for each in re.findall(r'<p class="say-text">(.*?)</p>', page, re.DOTALL)]


def figures(page: str) -> dict[str, str]:
    found = re.findall(r'<div class="stat"><dt>(.*?)</dt><dd[^>]*>(.*?)</dd>', page, re.DOTALL)
    return {text(name): text(value) for name, value in found}


# Sentences


def test_a_case_is_told_in_one_sentence_with_step_days_group_and_what_comes_next(office: Office) -> None:
    first, second = sentences(visiting(office, HEAD))
    number = office.number("星空")
    assert first == f"{number} 星空さん世帯は「{TRIAGE}」で4開庁日、市民税課で受け持つ人を待っていて、次は「受付を終える」です。"
    assert "市民税課（春風 さくらさん）の対応を待っていて" in second


def test_a_head_of_the_whole_reads_no_person_of_another_office(office: Office) -> None:
    page = visiting(office, CENTRE)
    assert "市民税課の対応を待っていて" in sentences(page)[1]
    assert "さくら" not in page and "人ごと" in page


def test_who_may_not_open_a_case_reads_its_number_only(office: Office) -> None:
    page = visiting(office, SECRETARIAT)
    assert [each.split("は")[0] for each in sentences(page)] == [office.number(each) for each in ("星空", "朝露", "若草")]
    assert "さん世帯" not in page and "/cases/2026" not in page and "ケースを開く" not in page


def test_no_sentence_says_that_a_person_holds_things_up(office: Office) -> None:
    for who in (HEAD, CENTRE, SECRETARIAT, f"{AGENCY}の長"):
        assert not re.search(r"さん[^。]*(で止まって|のところで)", text(visiting(office, who)))


def test_what_is_late_and_what_is_quiet_is_said_in_words(office: Office) -> None:
    page = text(visiting(office, HEAD))
    assert "期限を3開庁日すぎています" in page and "4開庁日うごきがありません" in page


def test_further_stalled_steps_of_a_case_are_counted_in_its_sentence(office: Office) -> None:
    office.receives_in_danger("夕凪")
    office.days_pass(4)
    page = visiting(office, HEAD)
    assert "このケースでは、ほかに1件も滞っています" in text(page)
    assert sum("夕凪さん世帯" in each for each in sentences(page)) == 1


def test_the_usual_time_stands_in_the_sentence_once_it_is_known(experienced: Office) -> None:
    page = visiting(experienced, HEAD, "/stalled?step=intake:triage")
    first = sentences(page)[0]
    assert "で4開庁日（ふだんは1開庁日）、" in first
    assert '<strong class="late">4開庁日' in page and '<rect class="bar-usual" x=' in page
    assert "（ふだんは" not in visiting(experienced, HEAD, "/stalled?step=intake:close_intake")


def test_a_wait_is_listed_as_a_wait_and_not_among_the_sentences(office: Office) -> None:
    page = visiting(office, HEAD)
    assert "月影" not in page
    assert "担当者の遅れには数えません" in page and "次に確かめる日1件" in text(page)
    assert figures(page)["日や返事を待っている"].startswith("1件")


def test_a_wait_that_should_have_ended_is_said_to_be_no_delay_of_anybody(office: Office) -> None:
    office.sleeps_until(date(2026, 6, 8))
    said = text(visiting(office, HEAD))
    number = office.number("月影")
    assert f"{number} 月影さん世帯は「次に確かめる日」（5月29日（金））を6開庁日すぎても先へ進んでいません。" in said
    assert "担当者の遅れではありません" in said and "システムの担当者に知らせてください" in said
    said = text(visiting(office, SECRETARIAT))
    assert f"{number}は「次に確かめる日」" in said and "月影" not in said


def test_where_nothing_stands_still_the_page_says_so(office: Office) -> None:
    page = visiting(office, "長寿社会課の長")
    assert "手を打つケースはありません" in page and sentences(page) == []
    assert "<title>滞っているケース（0件） ― 伴走</title>" in page


# Remedies


def test_the_head_goes_from_the_sentence_to_the_task_and_gives_it_to_somebody(office: Office) -> None:
    page = visiting(office, HEAD)
    task = office.task("朝露", TRIAGE)
    assert f'href="/tasks/{task}">担当を替える' in page
    assert f'href="/tasks/{office.task("星空", TRIAGE)}">担当を決める' in page
    visitor = at_desk(office, HEAD)
    assert visitor.get(f"/tasks/{task}").status_code == 200
    new = office.joins("nowaki", "野分 みのる", "zeimu")
    assert visitor.sends(f"/tasks/{task}/reassign", {"to": new.id}).status_code == 303
    assert "市民税課（野分 みのるさん）の対応を待っていて" in "".join(sentences(visiting(office, HEAD)))


def test_a_manager_is_offered_the_task_and_told_whom_to_ask(office: Office) -> None:
    page = visiting(office, f"{COUNTER}のマネージャー")
    assert "やることを開く" in page and "担当を替える</" not in page
    assert "担当を替えられるのは、市民税課の長です。" in page


def test_who_can_only_look_on_is_told_whom_to_ask(office: Office) -> None:
    page = visiting(office, SECRETARIAT)
    assert "/tasks/" not in page and "担当を替えられるのは、自立相談支援機関(市社協)の長です。" in page


def test_every_link_of_the_page_leads_somewhere(office: Office) -> None:
    for who in (HEAD, CENTRE, f"{COUNTER}のマネージャー"):
        visitor = at_desk(office, who)
        links = set(re.findall(r'href="(/(?:tasks|cases|stalled)[^"#]*)"', visitor.get("/stalled").text))
        assert len(links) > 5
        for link in links:
            assert visitor.get(html.unescape(link)).status_code == 200, (who, link)


# Numbers


def test_the_figures_stand_above(office: Office) -> None:
    shown = figures(visiting(office, CENTRE))
    assert shown["滞っているケース"] == "3件開いているやること3件のうち"
    assert shown["期限を過ぎたやること"].startswith("3件先週より3件多い")
    assert shown["いちばん長い"] == f"4開庁日{office.number('星空')} {TRIAGE}"


def test_a_better_week_and_an_equal_week_are_said(office: Office) -> None:
    office.clock.moment += timedelta(days=7)
    assert "先週と同じ" in figures(visiting(office, HEAD))["期限を過ぎたやること"]
    office.answers("星空", TRIAGE, [("対応の区分", "情報提供・助言で終了"), ("そう判断した理由", "架空")])
    shown = visiting(office, HEAD)
    assert "先週より1件少ない" in figures(shown)["期限を過ぎたやること"]
    assert "期限を過ぎたやることの数。7週前の0件から今日の1件まで。増えています。" in shown


def test_steps_offices_and_people_are_tabs_of_one_rows(office: Office) -> None:
    assert rows(visiting(office, CENTRE))[f"{TRIAGE}受付・振り分け"][:2] == ["2件", "2件"]
    assert list(rows(visiting(office, CENTRE, "/stalled?by=office"))) == [COUNTER, AGENCY]
    people = visiting(office, HEAD, "/stalled?by=person")
    assert rows(people)["春風 さくら"][:2] == ["1件", "1件"]
    assert '<a href="/stalled?by=person" aria-current="true">人ごと</a>' in people


def test_a_median_that_is_not_known_yet_says_from_how_many(office: Office, experienced: Office) -> None:
    assert rows(visiting(office, HEAD))[f"{TRIAGE}受付・振り分け"][3] == "―まだ2件"
    assert rows(visiting(experienced, HEAD))[f"{TRIAGE}受付・振り分け"][3] == "1開庁日"


def test_the_page_narrows_and_says_to_what(office: Office) -> None:
    page = visiting(office, CENTRE, "/stalled?step=handover:acknowledge")
    assert len(sentences(page)) == 1 and f"「{REPLY}」だけを見ています。" in text(page)
    page = visiting(office, CENTRE, "/stalled?office=zeimu")
    assert len(sentences(page)) == 2 and "市民税課だけを見ています。" in text(page)
    assert '<svg class="trend"' not in page  # what a part had weeks ago is not known
    page = visiting(office, HEAD, "/stalled?by=person")
    link = re.search(r'href="(/stalled\?[^"]*person=\d+[^"]*)"', page)
    assert link
    page = visiting(office, HEAD, html.unescape(link[1]))
    assert len(sentences(page)) == 1 and "春風 さくらさんだけを見ています。" in text(page)


def test_the_list_goes_on_by_pages(experienced: Office) -> None:
    seen, path = [], "/stalled"
    while path:
        page = visiting(experienced, CENTRE, path)
        seen += [each.split(" ")[0] for each in sentences(page)]
        onward = re.search(r'href="([^"]*after=[^"]*)">続きを見る', page)
        path = html.unescape(onward[1]) if onward else ""
    assert len(seen) == len(set(seen)) == 24
    assert "はじめから見る" in page


def test_the_page_speaks_english_to_those_who_chose_it(office: Office) -> None:
    page = visiting(office, HEAD, language="en")
    assert "has been at “振り分けを判断する” for <strong>4 open days</strong>" in page
    left_over = re.sub(r"<[^>]+>|[\w・\s「」（）]*(?:さん世帯|する|える|分け|課の長の人)", "", page)
    assert "開庁日" not in left_over and "滞って" not in left_over


# Access


@pytest.mark.parametrize("who", [COUNTER, "えしこに", AGENCY])
def test_whoever_leads_nobody_finds_no_page_and_no_entry_in_the_menu(office: Office, who: str) -> None:
    visitor = at_desk(office, who)
    assert visitor.get("/stalled").status_code == 404
    assert 'href="/stalled"' not in visitor.get("/account").text


def test_administrators_and_process_owners_see_no_stalled_cases(office: Office) -> None:
    for number, more in enumerate(({"administrator": True}, {"process_owner": True})):
        assert at_desk(office, office.joins(f"owner{number}", "設計 あおい", **more)).get("/stalled").status_code == 404


def test_a_stranger_is_sent_to_sign_in(office: Office) -> None:
    assert screens(office).test_client().get("/stalled").location.startswith("/sign-in")


@pytest.mark.parametrize(
    "query", ["by=person", "by=anything", "office=jiritsu", "office=nowhere", "person=1", "after=tomorrow", "after="]
)
def test_what_is_not_theirs_and_what_does_not_exist_look_the_same(office: Office, query: str) -> None:
    visitor = at_desk(office, f"{COUNTER}のマネージャー")
    assert visitor.get(f"/stalled?{query}").status_code == 404


def test_a_head_who_acts_for_another_office_has_the_rank_of_that_office(office: Office) -> None:
    both = office.joins("futari", "虹橋 ゆう", "esikoni.head", "zeimu")
    visitor = at_desk(office, both, "zeimu")
    assert visitor.get("/stalled").status_code == 404 and 'href="/stalled"' not in visitor.get("/account").text
    visitor.signed_in_as(both, "esikoni")
    assert visitor.get("/stalled").status_code == 200


# In a browser


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 360])
@pytest.mark.parametrize(
    ("who", "path"), [(HEAD, "/stalled"), (CENTRE, "/stalled?by=office"), (SECRETARIAT, "/stalled"), (HEAD, "/stalled?by=person")]
)
def test_the_page_is_sound_in_its_real_state(office: Office, screen: Screen, who: str, path: str, width: int) -> None:
    office.sleeps_until(date(2026, 6, 8))
    page = screen.signed_in_as(office.person(who)).opens(path, width)
    assert page.locator(".say").count() >= 2 and page.locator("h1").count() == 1
    assert screen.findings() == [] and screen.sticks_out() == [] and screen.complaints == []
