"""情報を見られる機関: who sees one person of a household, on what ground and until when; withdrawn from there, and on paper."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from desks import rows, text
from flask import Flask
from sheets import Paper, same
from visits import Visitor, screens_of

from engine import outbox, store
from engine.people import Person

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)

CENTRE, HEALTH, SANKA, RECEIVED = "えしこに", "健康対策課(地区担当保健師)", "参加支援(えしこに)", "地域包括支援センター"


class Screens:
    """A household whose plan is carried out, and the pages about who sees its persons."""

    def __init__(self, town: Town, name: str = "decided") -> None:
        self.town, self.number, self.case = town, town.number(name), town.cases[name]
        self.app: Flask = screens_of(town.city)

    def of(self, who: str | Person) -> Visitor:
        visitor = self.app.test_client()
        assert isinstance(visitor, Visitor)
        return visitor.signed_in_as(self.town.person(who) if isinstance(who, str) else who)

    def member(self, role: str) -> int:
        person, member, case = store.person, store.household_member, store.case
        with self.town.city.store.reading() as c:
            found = c.execute(
                sa.select(person.c.id, person.c.data).join(member, member.c.person == person.c.id)
                .join(case, case.c.household == member.c.household).where(case.c.id == self.case)
            ).all()  # fmt: skip
        return next(int(row.id) for row in found if row.data.get("role") == role)

    def path(self, role: str, more: str = "") -> str:
        return f"/cases/{self.number}/people/{self.member(role)}/sharing{more}"

    def reads(self, role: str, more: str = "", who: str | Person = CENTRE) -> str:
        answer = self.of(who).get(self.path(role, more))
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
def screens(supporting_town: Town) -> Screens:
    return Screens(supporting_town)


def test_it_says_who_sees_a_person_on_what_ground_since_when_and_until_when(screens: Screens) -> None:
    seen = rows(screens.reads("長男"), last=False)
    assert seen[CENTRE][:4] == ["支援の記録すべて", "主担当", "令和8年4月10日", "決まっていない"]
    what, ground, since, until, _withdraw = seen[HEALTH]
    assert what == "多機関協働プラン(兼利用申込書)、支援決定と、その機関が書いたもの"
    assert (ground, since, until) == ("役割を持つ機関 本人の同意", "令和8年5月19日", "令和9年4月21日")
    assert seen[RECEIVED][1] == "受け付けた窓口" and "相談受付票" in seen[RECEIVED][0]


def test_where_a_person_did_not_agree_but_others_did_it_says_so(screens: Screens) -> None:
    withdrawn = [("だれの撤回か", "母"), ("撤回の範囲", "一部の機関"), ("撤回された機関", f"機関={SANKA}")]
    assert SANKA in rows(screens.reads("母"), last=False)
    screens.town.rehearsal("decided").records_called(CENTRE, "撤回", withdrawn)
    assert "世帯のほかの人の同意で見ています" in rows(screens.reads("母"), last=False)[SANKA][1]
    assert "本人の同意" in rows(screens.reads("長男"), last=False)[SANKA][1]


def test_before_the_decision_an_agency_with_a_role_does_not_know_of_who_did_not_agree(drafting_town: Town) -> None:
    screens = Screens(drafting_town, "drafted")
    seen = rows(screens.reads("長男"), last=False)
    what, ground, *_rest = seen[HEALTH]
    assert "のうち、その機関に関わるところ" in what and ground == "役割を持つ機関（決定の前） 本人の同意"
    withdrawn = [("だれの撤回か", "母"), ("撤回の範囲", "一部の機関"), ("撤回された機関", f"機関={HEALTH}")]
    drafting_town.rehearsal("drafted").records_called(CENTRE, "撤回", withdrawn)
    assert HEALTH not in rows(screens.reads("母"), last=False) or "やること" in rows(screens.reads("母"), last=False)[HEALTH][0]


def test_what_it_says_is_what_holds(screens: Screens) -> None:
    """Whoever is listed opens the page of the case; whoever is not, does not."""
    listed = {organisation for role in ("長男", "母") for organisation in rows(screens.reads(role), last=False)}
    with screens.town.city.store.reading() as c:
        offices = {office.name: id for id, office in screens.town.city.organisation(c).offices.items()}
        shown = {office.short: id for id, office in screens.town.city.organisation(c).offices.items()}
    for name, id in offices.items():
        opens = screens.of(screens.town.joins(f"hito-{id}", f"架空 {id}", id)).get(f"/cases/{screens.number}").status_code == 200
        assert opens == any(shown.get(each) == id or offices.get(each) == id for each in listed), name


def test_a_consent_is_withdrawn_from_there_with_effect_at_once(screens: Screens) -> None:
    desk = screens.of(CENTRE)
    assert screens.of(SANKA).get(f"/cases/{screens.number}").status_code == 200
    for role in ("長男", "母"):
        page = screens.reads(role)
        links = [each.split('"')[0].replace("&amp;", "&") for each in page.split('href="')[1:] if "withdraw=1" in each and "org=sanka" in each]
        if not links:
            continue
        paper = Paper.at(desk, links[0])
        assert paper.data.getlist("persons") == [str(screens.member(role))] and paper.data["withdrawn_scope"] == "orgs"
        answer = paper.presses()
        assert answer.status_code == 303 and answer.location.startswith(screens.path(role)), answer.text
    page = screens.reads("長男")
    assert SANKA not in rows(page, last=False)
    assert screens.of(SANKA).get(f"/cases/{screens.number}").status_code == 404
    assert SANKA in text(page.partition("見られなくなった機関")[2])


def test_all_that_a_person_allowed_is_withdrawn_at_once(screens: Screens) -> None:
    desk = screens.of(CENTRE)
    paper = Paper.at(desk, f"/cases/{screens.number}/consent?withdraw=1&person={screens.member('長男')}")
    assert paper.data["withdrawn_scope"] == "all"
    assert paper.presses().status_code == 303
    page = screens.reads("長男")
    assert "撤回されました" in page and all("本人の同意はありません" in row[1] or "本人の同意" not in row[1] for row in rows(page, last=False).values())
    assert "すべての同意の撤回を記録する" not in page


def test_a_link_to_a_withdrawal_fills_in_nothing_that_is_not_of_this_case(screens: Screens) -> None:
    desk = screens.of(CENTRE)
    plain = same(desk.get(f"/cases/{screens.number}/consent?withdraw=1"))
    paper = Paper.at(desk, f"/cases/{screens.number}/consent?withdraw=1&person=999999&org=sanka")
    assert "sanka" not in paper.data.values() and paper.data.getlist("persons") == [] and "withdrawn_on" in plain
    stranger = Paper.at(desk, f"/cases/{screens.number}/consent?withdraw=1&person={screens.member('長男')}&org=zeimu")
    assert stranger.data["withdrawn_scope"] == "all" and "zeimu" not in stranger.data.values()


def test_the_paper_says_it_in_plain_words_and_whom_to_ask(screens: Screens) -> None:
    page = text(screens.reads("長男", "/paper").partition("<main")[2])
    assert "支援の役割を持っているから、あなたが同意したから" in page and "令和8年5月19日から令和9年4月21日まで" in page
    assert "取り消したいときやわからないことがあるときは、「えしこに」に" in page and screens.number in page
    assert "架空" in page and "住所" not in page


def test_what_is_about_to_end_and_what_has_ended_is_said(screens: Screens) -> None:
    assert "同意の期限" not in screens.reads("長男")
    screens.town.clock.moment = screens.town.clock.moment.replace(year=2027, month=4, day=1)
    assert "同意の期限が近づいています（令和9年4月21日まで）" in screens.reads("長男")
    screens.town.clock.moment = screens.town.clock.moment.replace(year=2027, month=4, day=21, hour=15)  # in Tokyo the day is over
    assert "同意の期限（令和9年4月21日）が過ぎました" in screens.reads("長男")


def test_a_consent_ends_by_itself_when_its_last_day_is_over(screens: Screens) -> None:
    """The mother agreed until 令和9年4月10日, her son until the 21st: the agencies go when nobody agrees any more."""
    town, case = screens.town, f"/cases/{screens.number}"
    town.rehearsal("decided").today_is(date(2027, 4, 21))
    assert screens.of(SANKA).get(case).status_code == 200
    town.clock.moment = datetime(2027, 4, 21, 14, 59, 59, tzinfo=UTC)  # the last second of that day in Tokyo
    outbox.work_all(town.city)
    assert screens.of(SANKA).get(case).status_code == 200
    town.clock.moment = datetime(2027, 4, 21, 15, tzinfo=UTC)
    outbox.work_all(town.city)
    assert [screens.of(who).get(case).status_code for who in (SANKA, HEALTH, CENTRE, RECEIVED)] == [404, 404, 200, 200]
    assert "同意の期限が過ぎました。" in screens.of(CENTRE).get(case).text
    assert SANKA in text(screens.reads("長男").partition("見られなくなった機関")[2])


def test_a_consent_that_was_given_anew_in_time_goes_on(screens: Screens) -> None:
    town = screens.town
    again = [
        ("だれの同意か", "長男"), ("答え", "同意した"), ("同意した段階", "①会う・相談を続ける／②決めた機関と共有する／③プランづくり・重層的支援会議"),
        ("共有してよい機関", f"機関={SANKA}"), ("同意のしかた", "自署"), ("同意した人", "本人"), ("有効期限", "2028-04-21"),
    ]  # fmt: skip
    town.rehearsal("decided").today_is(date(2027, 4, 1))
    town.rehearsal("decided").records_called(CENTRE, "同意", again)
    town.rehearsal("decided").today_is(date(2027, 4, 23))
    outbox.work_all(town.city)
    assert screens.of(SANKA).get(f"/cases/{screens.number}").status_code == 200
    assert rows(screens.reads("長男"), last=False)[SANKA][1:4] == ["役割を持つ機関 本人の同意", "令和8年5月19日", "令和10年4月21日"]
    assert "同意の期限" not in screens.reads("長男")


def test_only_those_who_answer_for_the_case_read_it_and_each_reading_is_noted(screens: Screens) -> None:
    town, link = screens.town, screens.path("長男")
    assert link in screens.of(CENTRE).get(f"/cases/{screens.number}").text
    others = [town.joins("kanri", "架空 管理", administrator=True), *map(town.person, (HEALTH, RECEIVED, "福祉政策課", "市民税課"))]
    for person in others:
        for more in ("", "/paper"):
            hidden, missing = screens.of(person).get(link + more), screens.of(person).get(f"/cases/2026-99999/people/999999/sharing{more}")
            assert hidden.status_code == missing.status_code == 404 and same(hidden) == same(missing), person.name
        assert link not in screens.of(person).get(f"/cases/{screens.number}").text
    assert screens.of(CENTRE).get(f"/cases/{screens.number}/people/999999/sharing").status_code == 404
    screens.reads("長男")
    screens.reads("長男", "/paper")
    log, member = store.access_log, screens.member("長男")
    with town.city.store.reading() as c:
        noted = [(row.what, row.ground, row.level) for row in c.execute(sa.select(log).order_by(log.c.id.desc()).limit(2))]
    assert noted == [(f"sharing_paper:{member}", "lead", "L2"), (f"sharing:{member}", "lead", "L2")]
    record = screens.of(f"{CENTRE}の長").get(f"/cases/{screens.number}/viewings").text
    assert "情報を見られる機関の画面" in record and "情報を見られる機関の印刷" in record


def test_a_concealed_person_is_named_to_those_alone_who_may_know(town: Town) -> None:
    """Whoever leads sees them, with the advice to hand over the paper itself."""
    town.receives("市民税課", "続柄・立場=本人／氏=星空／名=ひかり", "続柄・立場=母／氏=海原／名=しおり／秘匿事項=DV等支援措置／安全な連絡のしかた=架空の曜日")
    screens = Screens(town, "new")
    page = screens.reads("母", who="市民税課")
    assert "海原 しおり" in page and "本人に直接渡してください" in page
    assert "まだ記録されていません" in page
    assert screens.of(CENTRE).get(screens.path("母")).status_code == 404  # 多機関協働 before anybody asked for it
