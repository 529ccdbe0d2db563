"""What a person has to do: lists of open tasks, read from the projections alone. Reads never touch the kernel.

Ordered by due date, then by age. Pages by key, so that a list of a million tasks costs what a list of fifty does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import access, store
from engine.city import By, City
from engine.errors import NotAllowed
from engine.projections import NO_DAY

PAGE = 50
MOST = 1000  # counts stop here: 「1000+」


@dataclass(frozen=True, slots=True)
class Item:
    """One row of the list."""

    id: str
    name: str
    case: int
    number: str
    household: str
    process: str
    element: str
    opened_at: datetime
    due_on: date | None
    assignee: int | None
    assignee_name: str | None
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inbox:
    items: tuple[Item, ...]
    counts: Mapping[str, int]
    next: str | None


VIEWS = ("all", "mine", "group", "overdue", "today")


def read(city: City, c: Connection, by: By, view: str = "mine", after: str | None = None, size: int = PAGE) -> Inbox:
    """One page of a view. ``after`` is the ``next`` of the page before. Raises NotAllowed for no such key."""
    rows = c.execute(_page(by, view, city.today, after, size + 1)).all()
    more = len(rows) > size
    rows = rows[:size]
    shown = _items(city, c, by, rows)
    last = rows[-1] if more else None
    return Inbox(tuple(shown), counts(city, c, by), f"{last.due}~{last.id}" if last is not None else None)


def counts(city: City, c: Connection, by: By) -> dict[str, int]:
    """How many tasks each view has, up to MOST."""
    found = {}
    for view in VIEWS:
        limited = _page(by, view, city.today, None, MOST).subquery()
        found[view] = c.scalar(sa.select(sa.func.count()).select_from(limited)) or 0
    return found


def next_of_case(city: City, c: Connection, by: By, case: int) -> str | None:
    """The next task of this case that this person could do: what a finished task leads to."""
    found: str | None = c.scalar(_next_of_case(), {"this": case, "me": by.person, "groups": sorted(by.groups or {""})})
    return found


@cache
def _next_of_case() -> sa.Select[Any]:
    task, candidate, me = store.task, store.candidate, sa.bindparam("me", type_=sa.Integer)
    for_groups = sa.select(candidate.c.task).where(candidate.c.grp.in_(sa.bindparam("groups", expanding=True)))
    mine = sa.or_(task.c.assignee == me, sa.and_(task.c.assignee.is_(None), task.c.id.in_(for_groups)))
    return (
        sa.select(task.c.id)
        .where(task.c.case == sa.bindparam("this"), task.c.status == "open", mine, sa.or_(task.c.excluded.is_(None), task.c.excluded != me))
        .order_by(task.c.due_on, task.c.id)
        .limit(1)
    )


def _page(by: By, view: str, today: date, after: str | None, most: int) -> sa.Select[Any]:
    """The first ``most`` rows of a view after a key, in order.

    Asked of each group by itself, in the order of the index, and put together: no database orders the tasks of several groups
    without reading them all.
    """
    if view == "mine":
        task, due = store.task, sa.func.coalesce(store.task.c.due_on, NO_DAY)
        mine = sa.select(task.c.id, due.label("due")).where(task.c.assignee == by.person, task.c.status == "open")
        return _after(mine, task.c.id, due, after).order_by(due, task.c.id).limit(most)
    found = sa.union(*(sa.select(_of_group(by, group, view, today, after, most).subquery()) for group in sorted(by.groups or {""}))).subquery()
    return sa.select(found.c.id, found.c.due).order_by(found.c.due, found.c.id).limit(most)


def _of_group(by: By, group: str, view: str, today: date, after: str | None, most: int) -> sa.Select[Any]:
    task, candidate = store.task, store.candidate
    query = (
        sa.select(candidate.c.task.label("id"), candidate.c.due_on.label("due"))
        .join(task, task.c.id == candidate.c.task)
        .where(candidate.c.grp == group, sa.or_(task.c.assignee.is_(None), task.c.assignee == by.person))
        .where(sa.or_(task.c.excluded.is_(None), task.c.excluded != by.person))
    )
    if view == "group":
        query = query.where(task.c.assignee.is_(None))
    elif view == "overdue":
        query = query.where(candidate.c.due_on < today)
    elif view == "today":
        query = query.where(candidate.c.due_on == today)
    return _after(query, candidate.c.task, candidate.c.due_on, after).order_by(candidate.c.due_on, candidate.c.task).limit(most)


def _after(query: sa.Select[Any], key: sa.ColumnElement[Any], due: sa.ColumnElement[Any], after: str | None) -> sa.Select[Any]:
    if after is None:
        return query
    day, _, id = after.partition("~")
    try:
        start = date.fromisoformat(day)
    except ValueError as error:
        raise NotAllowed from error
    return query.where(due >= start, sa.or_(due > start, key > id))


def _items(city: City, c: Connection, by: By, rows: Any) -> list[Item]:
    ids = [row.id for row in rows]
    if not ids:
        return []
    task, case, login = store.task, store.case, store.person_login
    found = {
        row.id: row
        for row in c.execute(
            sa.select(task, case.c.number, login.c.name.label("assignee_name"))
            .join(case, case.c.id == task.c.case)
            .outerjoin(login, login.c.id == task.c.assignee)
            .where(task.c.id.in_(ids))
        )
    }
    groups: dict[str, list[str]] = {}
    for row in c.execute(sa.select(store.candidate.c.task, store.candidate.c.grp).where(store.candidate.c.task.in_(ids))):
        groups.setdefault(row.task, []).append(row.grp)
    households = access.names(city, c, by, {row.case for row in found.values()})
    return [
        Item(
            id, row.name, row.case, row.number, households.get(row.case, ""), row.process, row.element, row.opened_at, row.due_on,
            row.assignee, row.assignee_name, tuple(sorted(groups.get(id, ()))),
        )
        for id, row in ((id, found[id]) for id in ids if id in found)
    ]  # fmt: skip
