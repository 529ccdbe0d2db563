"""The demo: whatever the day, a city full of fictional people and of cases at every step, all made by the engine."""

from __future__ import annotations

import contextlib
import time
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from databases import empty_database

from engine import demo, people, releases, store, stream, walkthroughs
from engine.calendar import TOKYO
from engine.city import City
from engine.rehearsal import Clock
from engine.store import Store

ROOT = Path(__file__).parents[2]
MOST_SECONDS = 20  # of computing, so that a busy machine does not change the verdict
DAYS = {
    "today": datetime.now(UTC),
    "a Saturday": datetime(2026, 11, 28, 11, 0, tzinfo=TOKYO),
    "the last night of a year": datetime(2026, 12, 31, 23, 30, tzinfo=TOKYO),
    "the first morning of a fiscal year, before the doors open": datetime(2027, 4, 1, 7, 0, tzinfo=TOKYO),
}


class Town:
    """A city whose demo was made at a moment."""

    def __init__(self, opened: Store, now: datetime) -> None:
        self.city = City(opened, Clock(now.astimezone(UTC)))
        releases.publish(self.city, ROOT)
        began = time.process_time()
        self.cases = demo.make(self.city)
        self.seconds = time.process_time() - began

    def rows(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> list[Any]:
        with self.city.store.reading() as c:
            return list(c.execute(sa.select(table).where(*where).order_by(*table.primary_key.columns)))

    def open_tasks(self, name: str) -> list[Any]:
        return self.rows(store.task, store.task.c.status == "open", store.task.c.name == name)

    def open_days_late(self, task: Any) -> int:
        with self.city.store.reading() as c:
            return self.city.calendar(c).workdays_between(task.due_on, self.city.today)


MADE = [*(("sqlite", day) for day in DAYS), pytest.param(("postgresql", "today"), marks=pytest.mark.postgresql)]


@pytest.fixture(scope="module", params=MADE, ids=" ".join)
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    kind, day = request.param
    opened = store.connect(empty_database(request, tmp_path_factory.mktemp("demo"), kind))
    yield Town(opened, DAYS[day])
    opened.close()


def test_a_dozen_cases_are_made_soon(town: Town) -> None:
    print(f"{town.cases} cases in {town.seconds:.1f} s of computing")
    assert town.cases == len(town.rows(store.case)) >= 12
    assert town.seconds < MOST_SECONDS


def test_every_step_that_a_newcomer_should_see_is_there(town: Town) -> None:
    for name in (
        "同意を確かめて記録する", "緊急対応の手続へ引き継ぐ", "つなぐシートに回答する", "マネージャー同士で受け手を決める", "えしこにが仮に受ける",
        "受理会議で受け止め方を決める", "説明し、同意を確かめる", "面談し、状況を聞き取る", "電話で確かめて記録する", "役割を引き受けられるか答える",
        "会議でのプランの結論を記録する", "支援を決定する", "モニタリングをする", "事前準備シートを書く",
    ):  # fmt: skip
        assert town.open_tasks(name), name


def test_cases_stand_on_every_part_of_both_ladders(town: Town) -> None:
    rows = town.rows(store.case)
    assert {"received", "own", "connecting", "conference", "in_support", "follow_up", "closed"} <= {row.phase_case for row in rows}
    assert {
        None, "requested", "accepted", "assessment", "plan_draft", "meeting", "decision", "implementing", "closed",
    } <= {row.phase_coordination for row in rows}  # fmt: skip


def test_some_cases_have_stood_still_for_long(town: Town) -> None:
    for name in ("モニタリングをする", "プラン案をつくる"):
        (task,) = town.open_tasks(name)
        assert town.open_days_late(task) >= 10, name


def test_one_agency_has_agreed_on_a_condition_while_another_is_still_asked(town: Town) -> None:
    (asked,) = town.open_tasks("役割を引き受けられるか答える")
    answer = store.answer
    said = [row.data["answer"] for row in town.rows(answer, answer.c.instance == asked.instance, answer.c.form == "F10R")]
    assert sorted(said) == ["accepted", "conditional"]


def test_who_monitors_says_of_each_action_how_it_went(town: Town) -> None:
    monitored = town.rows(store.answer, store.answer.c.form == "F14", store.answer.c.part == "monitor")
    said = [(row["action"], row["state"]) for answer in monitored for row in answer.data.get("actions_status", ())]
    assert len(monitored) >= 2 and all(answer.data.get("actions_status") for answer in monitored)
    assert ("週1回の片づけの同行", "partly") in said and {state for _, state in said} == {"partly", "done"}


def test_the_meeting_on_the_agenda_is_still_to_come(town: Town) -> None:
    (task,) = town.open_tasks("会議でのプランの結論を記録する")
    assert task.due_on > town.city.today


def test_nothing_has_happened_later_than_now(town: Town) -> None:
    now = town.city.now()
    assert all(row.at <= now for row in town.rows(store.event))
    assert all(row.at <= now for row in town.rows(store.answer))


def test_numbers_follow_the_order_in_which_people_came(town: Town) -> None:
    opened = [(row.opened_at.astimezone(TOKYO).date(), row.number) for row in town.rows(store.case)]
    assert opened == sorted(opened)


def test_nothing_is_left_undone(town: Town) -> None:
    assert town.rows(store.outbox, store.outbox.c.done_at.is_(None), store.outbox.c.due_at <= town.city.now()) == []
    assert town.rows(store.timer, store.timer.c.due_at <= town.city.now()) == []
    assert [row.name for row in town.rows(store.message, store.message.c.status == "undelivered")] == []
    assert town.rows(store.incident) == []


def test_what_happened_is_chained_like_any_real_case(town: Town) -> None:
    with town.city.store.reading() as c:
        for case in town.rows(store.case):
            assert stream.verify(c, case.id) == [], case.number


def test_every_open_task_waits_for_somebody_whom_a_newcomer_can_become(town: Town) -> None:
    held = people.memberships(town.city.store, town.city.today)
    groups = set().union(*(held.get(person.id, frozenset()) for person in people.all_people(town.city.store) if person.demo and person.active))
    candidate = store.candidate
    for task in town.rows(store.task, store.task.c.status == "open"):
        asked = {row.grp for row in town.rows(candidate, candidate.c.task == task.id)}
        assert asked & groups, task.name


def test_nobody_but_the_people_of_the_demo_is_made(town: Town) -> None:
    known = tomllib.loads((demo.FOLDER / "people.toml").read_text("utf-8"))["people"]
    made = people.all_people(town.city.store)
    assert sorted(person.login for person in made) == sorted(row["login"] for row in known)
    assert all(person.demo for person in made)


def test_every_organisation_has_somebody_a_manager_and_a_head_where_a_lane_asks_for_one(town: Town) -> None:
    held = set().union(*people.memberships(town.city.store, date(2026, 4, 1)).values())
    with town.city.store.reading() as c:
        offices = town.city.organisation(c).offices
    assert {group for office in offices for group in (office, f"{office}.manager")} <= held
    assert {"esikoni.head", "fukushi_seisaku.head"} <= held


def test_the_demo_is_marked_as_one(town: Town) -> None:
    assert people.is_demo(town.city.store)


@pytest.mark.parametrize("row", ["すること=どこにもない仕事／状況=実施", "状況=実施"])
def test_a_row_that_nobody_can_add_is_named_with_those_that_are_there(row: str, tmp_path: Path, database_url: str) -> None:
    text, right = (demo.FOLDER / "cases.feature").read_text("utf-8"), "すること=週1回の片づけの同行／状況=一部／理由=本人の体調を見て休んだ週がある。"
    assert right in text
    with pytest.raises(walkthroughs.Failed, match="「支援の実施状況」のどの行か分かりません。あるのは: すること=週1回の片づけの同行、すること=受診の付き添い"):
        make_with(text.replace(right, row), tmp_path, database_url)


def make_with(story: str, folder: Path, url: str) -> None:
    """Make a demo of this story."""
    (folder / "people.toml").write_text((demo.FOLDER / "people.toml").read_text("utf-8"), "utf-8")
    (folder / "wrong.feature").write_text(story, "utf-8")
    with contextlib.closing(store.connect(url)) as opened:
        city = City(opened, Clock(datetime(2026, 11, 25, 1, 30, tzinfo=UTC)))
        releases.publish(city, ROOT)
        demo.make(city, folder)


def test_a_sentence_that_cannot_be_done_is_named_with_its_line(tmp_path: Path, database_url: str) -> None:
    story = "# language: ja\n機能: 架空\n  シナリオ: できないこと\n    前提 今日から3開庁日前である\n    もし 市民税課の人が「架空のやること」を済ませる\n"
    with pytest.raises(walkthroughs.Failed, match=r"wrong\.feature:5"):
        make_with(story, tmp_path, database_url)
