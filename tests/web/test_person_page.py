"""One person of the staff on screen: memberships with terms, last days, leavers; what ends with the day, and what was in hand."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from desks import text
from flask import Flask
from sheets import errors
from visits import Visitor, screens_of
from werkzeug.test import TestResponse

from engine import assignments, outbox, people, store
from engine.people import Person

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)

OVER = datetime(2026, 6, 30, 15, tzinfo=UTC)  # 令和8年6月30日 is over in Tokyo


class Office:
    """The administrator's page of one person of a town, who is in 市民税課."""

    def __init__(self, town: Town) -> None:
        self.town, self.city = town, town.city
        self.app: Flask = screens_of(town.city)
        self.admin = town.joins("kanri", "架空 管理", administrator=True)
        self.someone = town.joins("harukaze", "架空 はる", "zeimu")

    def of(self, person: Person) -> Visitor:
        visitor = self.app.test_client()
        assert isinstance(visitor, Visitor)
        return visitor.signed_in_as(person)

    def page(self) -> str:
        answer = self.of(self.admin).get(f"/people/{self.someone.id}")
        assert answer.status_code == 200
        return text(answer.text.partition("<main")[2])

    def sends(self, what: str, **typed: str) -> TestResponse:
        return self.of(self.admin).sends(f"/people/{self.someone.id}/{what}", {"next": f"/people/{self.someone.id}", **typed})

    def groups(self) -> set[str]:
        return set(people.groups_of(self.city.store, self.someone.id, self.city.today))

    def worker_works_at(self, moment: datetime) -> None:
        self.town.clock.moment = moment
        outbox.work_all(self.city)

    def holds(self) -> str:
        """A task of 市民税課 that this person has taken in hand."""
        self.town.receives("市民税課", "続柄・立場=本人／氏=星空／名=ひかり")
        task = self.town.task("new", "同意を確かめて記録する")
        assignments.claim(self.city, task, self.town.acts(self.someone, "zeimu"))
        return task

    def assignee(self, task: str) -> int | None:
        with self.city.store.reading() as c:
            found: int | None = c.scalar(sa.select(store.task.c.assignee).where(store.task.c.id == task))
        return found


@pytest.fixture
def office(town: Town) -> Office:
    return Office(town)


def on(name: str, day: date) -> dict[str, str]:
    """A day as it is typed into its boxes."""
    return {f"{name}-era": "西暦", f"{name}-y": str(day.year), f"{name}-m": str(day.month), f"{name}-d": str(day.day)}


def test_a_membership_begins_and_ends_on_its_days(office: Office) -> None:
    answer = office.sends("join", group="esikoni", **on("since", date(2026, 6, 1)), **on("until", date(2026, 6, 30)))
    assert answer.status_code == 303 and answer.location.endswith(f"/people/{office.someone.id}")
    page = office.page()
    assert "えしこに これから" in page and "令和8年6月1日" in page and "令和8年6月30日" in page
    assert office.groups() == {"zeimu"}
    office.town.clock.moment = datetime(2026, 5, 31, 15, tzinfo=UTC)  # 6月1日 begins in Tokyo
    assert office.groups() == {"zeimu", "esikoni"}
    office.town.clock.moment = OVER
    assert office.groups() == {"zeimu"}


def test_the_last_day_in_an_office_ends_its_lead_too_and_what_was_in_hand_goes_back(office: Office) -> None:
    task = office.holds()
    assert office.sends("join", group="zeimu.head").status_code == 303
    assert office.sends("last-day", group="zeimu", **on("last", date(2026, 6, 30))).status_code == 303
    assert {term.until for term in people.terms(office.city.store, office.someone.id, office.city.today)} == {date(2026, 6, 30)}
    office.worker_works_at(OVER.replace(hour=14, minute=59))
    assert office.groups() == {"zeimu", "zeimu.head"} and office.assignee(task) == office.someone.id
    office.worker_works_at(OVER)
    assert office.groups() == set() and office.assignee(task) is None
    assert people.person(office.city.store, office.someone.id).active  # type: ignore[union-attr]  # they work on elsewhere


def test_a_contract_that_is_prolonged_goes_on(office: Office) -> None:
    task = office.holds()
    for day in (date(2026, 6, 30), date(2026, 9, 30)):
        assert office.sends("last-day", group="zeimu", **on("last", day)).status_code == 303
    assert "令和8年9月30日" in office.page() and "令和8年6月30日" not in office.page()
    office.worker_works_at(OVER)
    assert office.groups() == {"zeimu"} and office.assignee(task) == office.someone.id


def test_a_leaver_works_until_the_last_day_is_over_and_is_then_out_everywhere(office: Office) -> None:
    task, at_work = office.holds(), office.of(office.someone)
    assert office.sends("leaves", **on("leaves", date(2026, 6, 30))).status_code == 303
    assert "令和8年6月30日で退職します" in office.page()
    assert at_work.get("/").status_code == 200 and office.assignee(task) == office.someone.id
    office.worker_works_at(OVER)
    assert at_work.get("/").location.startswith("/sign-in")
    assert office.assignee(task) is None and office.groups() == set()
    assert "この人は、いま使えません" in office.page() and "で退職します" not in office.page()


def test_a_leaver_who_stays_after_all_is_not_shut_out(office: Office) -> None:
    office.sends("leaves", **on("leaves", date(2026, 6, 30)))
    assert office.sends("stays").status_code == 303
    assert "で退職します" not in office.page()
    office.worker_works_at(OVER)
    assert people.person(office.city.store, office.someone.id).active  # type: ignore[union-attr]


def test_a_leaver_who_comes_back_at_once_is_not_shut_out(office: Office) -> None:
    office.sends("leaves", **on("leaves", date(2026, 6, 30)))
    office.sends("join", group="esikoni", **on("since", date(2026, 7, 1)))
    office.worker_works_at(OVER)
    assert people.person(office.city.store, office.someone.id).active  # type: ignore[union-attr]
    assert office.groups() == {"esikoni"}


def test_the_day_of_a_leaver_can_be_moved(office: Office) -> None:
    office.sends("leaves", **on("leaves", date(2026, 6, 30)))
    office.sends("leaves", **on("leaves", date(2026, 6, 20)))
    assert "令和8年6月20日で退職します" in office.page() and "令和8年6月30日で退職します" not in office.page()
    office.worker_works_at(datetime(2026, 6, 20, 15, tzinfo=UTC))
    assert "この人は、いま使えません" in office.page()


@pytest.mark.parametrize(("what", "typed", "said"), [
    ("join", {"group": "esikoni", **on("since", date(2026, 4, 1))}, "今日か、今日より後の日"),
    ("join", {"group": "esikoni", **on("since", date(2026, 7, 1)), **on("until", date(2026, 6, 1))}, "最後の日は、始まりの日か"),
    ("join", {"group": "esikoni", **on("until", date(2026, 6, 30)), "until-m": "13"}, "13月はありません"),
    ("last-day", {"group": "zeimu"}, "年と月と日を書いてください"),
    ("leaves", on("leaves", date(2026, 4, 1)), "今日か、今日より後の日"),
])  # fmt: skip
def test_what_cannot_be_is_refused_at_its_box_and_what_was_typed_is_kept(office: Office, what: str, typed: dict[str, str], said: str) -> None:
    answer = office.sends(what, **typed)
    assert answer.status_code == 422
    assert any(said in each for each in errors(answer)), errors(answer)
    for name, value in typed.items():
        if name.endswith(("-y", "-m", "-d")):
            assert re.search(rf'name="{name}"[^>]*value="{value}"', answer.text), name
    assert office.groups() == {"zeimu"} and people.last_day(office.city.store, office.someone.id) is None


def test_nobody_sets_the_day_of_their_own_leaving(office: Office) -> None:
    office.someone = office.admin
    assert office.sends("leaves", **on("leaves", date(2026, 6, 30))).status_code == 400
    assert "退職の日を決める" not in office.page()


def test_the_page_is_there_for_administrators_only(office: Office) -> None:
    for path in ("", "/last-day", "/leaves", "/stays"):
        visitor, target = office.of(office.someone), f"/people/{office.someone.id}{path}"
        answer = visitor.sends(target) if path else visitor.get(target)
        assert answer.status_code == 404, path
    assert f'/people/{office.someone.id}"' in office.of(office.admin).get("/people").text


def test_on_either_database_the_day_of_a_leaver_is_kept_found_and_taken_back(new_town: Town) -> None:
    known, today = new_town.city.store, new_town.city.today
    someone = new_town.joins("harukaze", "架空 はる", "zeimu")
    people.leave_city(known, someone.id, today)
    assert people.last_day(known, someone.id) == today
    assert [term.until for term in people.terms(known, someone.id, today)] == [today]
    people.stay(known, someone.id)
    assert people.last_day(known, someone.id) is None
    people.leave_city(known, someone.id, today)
    new_town.clock.moment += timedelta(days=1)
    outbox.work_all(new_town.city)
    found = people.person(known, someone.id)
    assert found is not None and not found.active
