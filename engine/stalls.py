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
BATCH = 40  # tasks looked at in one go; more than one of them may belong to a case
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
    """Those whose deadline passed longest ago first, and the key of the next page. Raises NotAllowed for no such key."""
    found: dict[str, int] = {}  # the most urgent task of each case, and how many more there are
    keys: list[str] = []
    place = _place(after) if after is not None else None
    while len(found) <= size and (rows := _next(look, place)):
        urgent = _most_urgent(look, {row.case for row in rows})
        for row in rows:
            if urgent[row.case][0] == row.id and len(found) <= size:
                found[row.id] = urgent[row.case][1] - 1
                keys.append(f"{row.due_on or NO_DAY}~{row.id}")
        place = (rows[-1].due_on, rows[-1].id)
    onward = keys[size - 1] if len(found) > size else None
    return _told(look, dict(list(found.items())[:size])), onward


def _next(look: Watch, after: tuple[date | None, str] | None) -> list[Any]:
    """The stalled tasks after a place, by deadline, those without one last; read from the index, as many as are looked at."""
    task = store.task
    query = sa.select(task.c.id, task.c.case, task.c.due_on).where(look.theirs, look.stalled).limit(BATCH)
    if after is None or after[0] is not None:
        dated = query.where(task.c.due_on.is_not(None)).order_by(task.c.due_on, task.c.id)
        if after is not None:
            later = sa.or_(task.c.due_on > after[0], task.c.id > after[1])
            dated = dated.where(task.c.due_on >= after[0], later)
        if rows := look.c.execute(dated).all():
            return list(rows)
    undated = query.where(task.c.due_on.is_(None)).order_by(task.c.id)
    if after is not None and after[0] is None:
        undated = undated.where(task.c.id > after[1])
    return list(look.c.execute(undated))


def _most_urgent(look: Watch, cases: Iterable[int]) -> dict[int, tuple[str, int]]:
    """Of each case its most urgent stalled task, and how many there are."""
    task = store.task
    found: dict[int, list[tuple[date, str]]] = {}
    query = sa.select(task.c.id, task.c.case, task.c.due_on).where(look.theirs, look.stalled, task.c.case.in_(list(cases)))
    for row in look.c.execute(query):
        found.setdefault(row.case, []).append((row.due_on or NO_DAY, row.id))
    return {case: (min(tasks)[1], len(tasks)) for case, tasks in found.items()}


def _place(after: str) -> tuple[date | None, str]:
    day, _, id = after.partition("~")
    try:
        due_on = date.fromisoformat(day)
    except ValueError as error:
        raise NotAllowed from error
    return (None if due_on == NO_DAY else due_on), id


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
    names = access.names(look.city, look.c, look.by, openable)
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
    names = access.names(look.city, look.c, look.by, openable)
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
        more=more, next=_following(look, row), usual=usually[row.element], may_reassign=helps, may_take=is_mine or could_do,
    )  # fmt: skip


def _following(look: Watch, row: Any) -> str | None:
    process = look.city.executable(look.c, row.closure).process(row.process)
    following = whereabouts.ahead(process, row.element.split(":")[1], 1)
    return following[0].name if following else None


def _openable(look: Watch, cases: Iterable[int]) -> set[int]:
    may = access.openable(look.organisation, look.by, look.today)
    return set(look.c.scalars(sa.select(store.case.c.id).where(store.case.c.id.in_(list(cases)), may)))
