"""The list of what a person can do: in the order of deadlines, page by page, whatever the number of groups."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from small_town import SmallTown

from engine import inbox, store
from engine.city import By
from engine.errors import NotAllowed

pytest_plugins = ("small_town",)


@pytest.fixture
def town(small_town: SmallTown) -> SmallTown:
    return small_town


def of_all(agencies: int) -> By:
    """Somebody who may do the tasks of so many agencies."""
    return By(1, "agency0", frozenset(f"agency{number}" for number in range(agencies)))


def pages(town: SmallTown, by: By, size: int, view: str = "all") -> list[list[str]]:
    found, after = [], None
    with town.city.store.reading() as c:
        while True:
            page = inbox.read(town.city, c, by, view, after, size)
            found.append([each.id for each in page.items])
            after = page.next
            if after is None:
                return found


def fall_due(town: SmallTown) -> list[str]:
    """The open tasks get deadlines, the last one tomorrow and each one before it a day later; gives them in that order."""
    tasks = town.open_tasks()[::-1]
    with town.city.store.transaction() as c:
        for number, each in enumerate(tasks):
            day = town.city.today + timedelta(days=1 + number)
            c.execute(sa.update(store.task).where(store.task.c.id == each.id).values(due_on=day))
            c.execute(sa.update(store.candidate).where(store.candidate.c.task == each.id).values(due_on=day))
    return [each.id for each in tasks]


def test_pages_go_through_the_tasks_of_all_groups_in_one_order(town: SmallTown) -> None:
    town.opens_inquiry(7)
    ids = fall_due(town)
    assert pages(town, of_all(7), 3) == [ids[:3], ids[3:6], ids[6:]]
    assert pages(town, of_all(7), 7) == [ids]
    assert pages(town, of_all(3), 50) == [ids[4:]], "the others are not theirs"


def test_tasks_without_a_deadline_come_last(town: SmallTown) -> None:
    town.opens_inquiry(2)
    dated = fall_due(town)
    town.opens_inquiry(2)
    (found,) = pages(town, of_all(2), 9)
    assert found[:2] == dated and len(found) == 4


def test_a_task_of_several_groups_is_listed_and_counted_once(town: SmallTown) -> None:
    town.opens_inquiry(2)
    ids = fall_due(town)
    with town.city.store.transaction() as c:  # the first agency's task may be done by the second, too
        mine = c.execute(sa.select(store.candidate).where(store.candidate.c.grp == "agency0")).one()
        c.execute(sa.insert(store.candidate).values(grp="agency1", due_on=mine.due_on, task=mine.task))
    assert pages(town, of_all(2), 1) == [[each] for each in ids]
    with town.city.store.reading() as c:
        assert inbox.counts(town.city, c, of_all(2))["all"] == 2


def test_what_is_due_today_and_what_is_late_are_views_of_their_own(town: SmallTown) -> None:
    town.opens_inquiry(2)
    first, second = fall_due(town)
    town.passes(days=1)
    assert (pages(town, of_all(2), 5, "today"), pages(town, of_all(2), 5, "overdue")) == ([[first]], [[]])
    town.passes(days=1)
    assert (pages(town, of_all(2), 5, "today"), pages(town, of_all(2), 5, "overdue")) == ([[second]], [[first]])


def test_whoever_is_in_no_group_has_an_empty_list(town: SmallTown) -> None:
    town.opens_inquiry(2)
    assert pages(town, By(1, "agency0"), 5) == [[]]


@pytest.mark.parametrize("after", ["", "tomorrow", "2026-13-01~1-1-1"])
def test_a_place_that_no_list_has_is_refused(town: SmallTown, after: str) -> None:
    with town.city.store.reading() as c, pytest.raises(NotAllowed):
        inbox.read(town.city, c, of_all(1), "all", after)
