"""What is open to named persons only: the papers of a 支援会議 (社会福祉法106条の6) open by confirming secrecy, until a day, to nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from engine import access, cases, prefill, store, timeline
from engine.answers import Scope
from engine.city import By
from engine.errors import NotAllowed
from engine.facts import Facts

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)

NURSE, LIVING, COUNTER, CENTRE, CHAIR = "健康対策課(地区担当保健師)", "参加支援(えしこに)", "市民税課", "えしこに", "福祉政策課の長"
PAPERS = {"F06", "F07C", "F08", "F08R", "F09"}
HOLDING = "支援会議を開き、記録する"
YES = [("守ることを確かめたか", "守ることを確かめた"), ("この世帯との利害関係", "ない")]


def sight(town: Town, who: str | By) -> access.Sight:
    by = town.by(who) if isinstance(who, str) else who
    with town.city.store.reading() as c:
        row = c.execute(sa.select(store.case).where(store.case.c.id == town.cases["conference"])).one()
        return access.sight(town.city, c, by, row)


def reads(town: Town, who: str | By) -> set[str]:
    """The papers of the conference that somebody may read."""
    seen = sight(town, who)
    with town.city.store.reading() as c:
        answer = store.answer
        rows = c.execute(sa.select(answer).where(answer.c.case == seen.case, answer.c.schema_hash != "")).all()
        return {row.form for row in rows if row.form in PAPERS and seen.level(row.form, row.organisation, row.part) is not None}


def colleague(town: Town, login: str, office: str) -> By:
    return town.acts(town.joins(login, "架空 かなた", office), office)


def holding(town: Town) -> Any:
    with town.city.store.reading() as c:
        return c.execute(sa.select(store.task).where(store.task.c.id == town.task("conference", HOLDING))).one()


def test_members_who_confirmed_read_what_all_of_them_wrote(conference_town):
    for who in (NURSE, LIVING, CENTRE, CHAIR):
        assert reads(conference_town, who) == {"F06", "F07C", "F08", "F09"}, who


def test_who_has_an_interest_in_the_household_reads_nothing_not_even_what_their_office_asked(conference_town):
    assert reads(conference_town, COUNTER) == set()


def test_colleagues_of_a_member_read_nothing_and_a_case_that_only_the_member_knows_does_not_open_to_them(conference_town):
    other = colleague(conference_town, "other", "kenko")
    assert reads(conference_town, other) == set()
    assert not sight(conference_town, other).may_open and sight(conference_town, NURSE).may_open


def test_lists_and_search_offer_the_case_to_whom_it_opens(conference_town):
    town = conference_town
    for by in (town.by(NURSE), colleague(town, "other", "kenko"), town.by(CENTRE)):
        with town.city.store.reading() as c:
            listed = access.openable(town.city.organisation(c), by, town.city.today)
            found = c.scalar(sa.select(store.case.c.id).where(store.case.c.id == town.cases["conference"], listed))
        assert (found is not None) == sight(town, by).may_open


def test_the_lead_and_the_coordination_see_no_entry_of_it_in_the_timeline_unless_named(conference_town):
    other = colleague(conference_town, "another", "esikoni")
    seen = sight(conference_town, other)
    assert seen.may_open
    with conference_town.city.store.reading() as c:
        entries = timeline.read(c, conference_town.city, seen, size=1000)[0]
    assert not PAPERS & {each.form for each in entries}


def test_a_member_who_acts_for_another_office_is_not_named_there(conference_town):
    by = conference_town.by(NURSE)
    assert reads(conference_town, By(by.person, "choju", frozenset({"choju"}))) == set()


def test_the_administrator_reads_nothing(conference_town):
    person = conference_town.joins("admin", "架空 管理", administrator=True)
    assert reads(conference_town, By(person.id, None, frozenset(), False, True)) == set()


def test_a_task_of_it_is_done_by_nobody_who_did_not_confirm(conference_town):
    town = conference_town
    other, task = colleague(town, "another", "esikoni"), holding(town)
    with town.city.store.reading() as c:
        assert access.may_take(c, other, task)
    with pytest.raises(NotAllowed):
        cases.complete(town.city, task.id, {"held": "postponed"}, other, "unconfirmed")


def test_who_confirms_at_the_task_may_do_it_and_reads(conference_town):
    town = conference_town
    other, task = colleague(town, "another", "esikoni"), holding(town)
    cases.confirm(town.city, task.id, {"agreed": "yes", "conflict": "none"}, other, "confirms")
    assert reads(town, other) == {"F06", "F07C", "F08", "F09"}
    cases.complete(town.city, task.id, {"held": "postponed"}, other, "confirmed")


def test_who_cannot_confirm_is_not_named(conference_town):
    town = conference_town
    other, task = colleague(town, "another", "esikoni"), holding(town)
    cases.confirm(town.city, task.id, {"agreed": "no", "conflict": "none"}, other, "refuses")
    cases.confirm(town.city, task.id, {"agreed": "yes", "conflict": "has", "conflict_note": "親族"}, other, "related")
    assert reads(town, other) == set()


def test_nobody_confirms_at_a_task_that_is_not_theirs_or_where_nothing_is_left_to_confirm(conference_town):
    town, task = conference_town, holding(conference_town)
    for by in (colleague(town, "other", "kenko"), town.by(CENTRE)):
        with pytest.raises(NotAllowed):
            cases.confirm(town.city, task.id, {"agreed": "yes", "conflict": "none"}, by, f"confirms {by.person}")


def test_reading_ends_for_everybody_on_the_day_that_the_record_says(conference_town):
    town = conference_town
    story = town.rehearsal("conference")
    story.answers(CENTRE, HOLDING, [
        ("共有した事実", "事実=健診の受診歴がない／出所=健康対策課"), ("緊急性", "中"), ("同意への働きかけ方", "手紙"),
        ("緊急のときの連絡と順番", "えしこに"), ("どうするか", "支援は要らない"),
    ])  # fmt: skip
    story.answers(CENTRE, "資料を回収し、閲覧の期限を決める", [("資料を読める最後の日", "2026-04-24")])
    story.today_is(town.city.today.replace(day=24))
    assert reads(town, NURSE) == {"F06", "F07C", "F08", "F09"}
    story.today_is(town.city.today + timedelta(days=1))
    assert reads(town, NURSE) == reads(town, CENTRE) == set()
    assert not sight(town, NURSE).may_open


def test_no_consent_that_is_withdrawn_takes_a_conference_back(conference_town):
    town = conference_town
    story = town.rehearsal("conference")
    story.answers(CENTRE, HOLDING, [("開き方", "延期した")])
    story.answers(CHAIR, "会議体と構成員を決めて招集する", [("理由", "日を改める。"), ("開催日", "2026-04-27")])
    agreed = [
        ("だれの同意か", "本人"), ("答え", "同意した"), ("同意した段階", "②決めた機関と共有する"),
        ("共有してよい機関", f"機関={NURSE}"), ("同意のしかた", "自署"),
    ]  # fmt: skip
    story.records_called(COUNTER, "同意", agreed)
    story.records_called(COUNTER, "撤回", [("だれの撤回か", "本人"), ("撤回の範囲", "すべて")])
    assert story.open_tasks(NURSE, "守秘義務を確かめる")


def test_what_a_form_begins_with_outside_the_conference_holds_nothing_of_it(conference_town):
    town = conference_town
    case, by = town.cases["conference"], colleague(conference_town, "another", "esikoni")
    with town.city.store.reading() as c:
        scope = Scope(c, town.city, Facts(c, town.city, case, None), None, None, by)
        assert [prefill.records(scope, form) for form in sorted(PAPERS)] == [[]] * len(PAPERS)
        known = scope.name("case")
        assert not any(known.get(form) for form in PAPERS)
