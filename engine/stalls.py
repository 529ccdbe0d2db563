"""The cases that do not move, one by one, most urgent first: where, how long, what is awaited, what comes next.

It must not name a household but to those who may open the case, nor a person but to those who can help: the person and
the head.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from engine import access, store, whereabouts
from engine.calendar import day_in_tokyo
from engine.errors import NotAllowed
from engine.organisation import OF_HEADS
from engine.projections import NO_DAY
from engine.usual import Usual, usual
from engine.watch import Watch

PAGE = 6  # as many as somebody acts on at once
MOST_WAITS = 50


@dataclass(frozen=True, slots=True)
class Stall:
    """One case that does not move, by its most urgent step. Days are open days."""

    number: str
    household: str  # empty where the viewer may not open the case
    may_open: bool
    task: str
    step: str
    days: int  # since the step began
    late: int  # past the deadline; 0: not overdue
    quiet: int  # without activity in the case
    groups: tuple[str, ...]
    is_taken: bool
    person: str | None  # who has it in hand, where the viewer can help
    more: int  # further stalled steps of this case
    next: str | None  # what usually comes after
    usual: Usual
    may_reassign: bool
    may_take: bool


@dataclass(frozen=True, slots=True)
class Overstay:
    """A wait that should have ended and did not: the machine stands still, no person."""

    number: str
    household: str
    may_open: bool
    name: str
    due_on: date
    days: int  # open days since then


def page(look: Watch, after: str | None = None, size: int = PAGE) -> tuple[list[Stall], str | None]:
    """Those whose deadline passed longest ago first, and the key of the next page. NotAllowed: no such key."""
    task = store.task
    due = sa.func.coalesce(task.c.due_on, NO_DAY)
    place = sa.func.row_number().over(partition_by=task.c.case, order_by=[due, task.c.id])
    together = sa.func.count().over(partition_by=task.c.case)
    ranked = (
        sa.select(task.c.id, task.c.case, due.label("due"), place.label("place"), together.label("together"))
        .where(look.theirs, look.stalled)
        .subquery()
    )
    query = sa.select(ranked).where(ranked.c.place == 1)
    if after is not None:
        start, case = _place(after)
        query = query.where(sa.or_(ranked.c.due > start, sa.and_(ranked.c.due == start, ranked.c.case > case)))
    rows = look.c.execute(query.order_by(ranked.c.due, ranked.c.case).limit(size + 1)).all()
    onward = f"{rows[size - 1].due}~{rows[size - 1].case}" if len(rows) > size else None
    return _told(look, {row.id: row.together - 1 for row in rows[:size]}), onward


def _place(after: str) -> tuple[date, int]:
    day, _, case = after.partition("~")
    try:
        return date.fromisoformat(day), int(case)
    except ValueError as error:
        raise NotAllowed from error


def overstays(look: Watch) -> list[Overstay]:
    """Oldest first, at most MOST_WAITS."""
    timer, case = store.timer, store.case
    rows = look.c.execute(
        sa.select(timer.c.name, timer.c.due_at, timer.c.case, case.c.number)
        .join(case, case.c.id == timer.c.case)
        .where(look.their_waits, look.overstayed)
        .order_by(timer.c.due_at, timer.c.id)
        .limit(MOST_WAITS)
    ).all()
    openable = _openable(look, {row.case for row in rows})
    names = access.names(look.city, look.c, openable)
    return [
        Overstay(
            number=row.number, household=names.get(row.case, ""), may_open=row.case in openable, name=row.name,
            due_on=day_in_tokyo(row.due_at), days=look.since(row.due_at),
        )
        for row in rows
    ]  # fmt: skip


def _told(look: Watch, more: dict[str, int]) -> list[Stall]:
    if not more:
        return []
    task, case, login = store.task, store.case, store.person_login
    found = {
        row.id: row
        for row in look.c.execute(
            sa.select(task, case.c.number, case.c.active_at, store.instance.c.closure, login.c.name.label("person"))
            .join(case, case.c.id == task.c.case)
            .join(store.instance, store.instance.c.id == task.c.instance)
            .outerjoin(login, login.c.id == task.c.assignee)
            .where(task.c.id.in_(list(more)))
        )
    }
    openable = _openable(look, {row.case for row in found.values()})
    names = access.names(look.city, look.c, openable)
    usually = usual(look.city, look.c, (row.element for row in found.values()))
    return [
        _stall(look, found[id], found[id].case in openable, names, usually, further)
        for id, further in more.items()
    ]


def _stall(
    look: Watch, row: Any, may_open: bool, names: dict[int, str], usually: dict[str, Usual], more: int
) -> Stall:
    helps = any(f"{group.split('.')[0]}{OF_HEADS}" in look.by.groups for group in row.groups)
    is_mine = row.assignee is not None and row.assignee == look.by.person
    is_late = row.due_on is not None and row.due_on < look.today
    could_do = bool(look.by.groups & set(row.groups)) and row.excluded != look.by.person
    return Stall(
        number=row.number, household=names.get(row.case, ""), may_open=may_open, task=row.id, step=row.name,
        days=look.since(row.opened_at), late=look.since(row.due_on) if is_late else 0, quiet=look.since(row.active_at),
        groups=tuple(row.groups), is_taken=row.assignee is not None, person=row.person if helps or is_mine else None,
        more=more, next=_next(look, row), usual=usually[row.element], may_reassign=helps, may_take=is_mine or could_do,
    )  # fmt: skip


def _next(look: Watch, row: Any) -> str | None:
    process = look.city.executable(look.c, row.closure).process(row.process)
    following = whereabouts.ahead(process, row.element.split(":")[1], 1)
    return following[0].name if following else None


def _openable(look: Watch, cases: Iterable[int]) -> set[int]:
    may = access.openable(look.organisation, look.by, look.today)
    return set(look.c.scalars(sa.select(store.case.c.id).where(store.case.c.id.in_(list(cases)), may)))
