"""Where cases stand: how many in each process, by each version, at each step. It counts, and must not tell of a case.

A case stands in every process that one of its instances runs, or that was called and has an open task or wait.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import stalling, store
from engine.city import City

RUNNING = ("open", "incident")


@dataclass(frozen=True, slots=True)
class Standing:
    """How many cases stand somewhere, how many of them with an overdue or a stalled task."""

    open: int = 0
    overdue: int = 0
    stalled: int = 0


def by_process(city: City, c: Connection, processes: Iterable[str]) -> dict[str, Standing]:
    """For each of these processes in which a case stands."""
    wanted = list(processes)
    if not wanted:
        return {}
    open_, stalled = _count(c, _open(wanted)), _count(c, _stalled(city, c, wanted))
    return {process: Standing(cases, 0, stalled.get(process, 0)) for process, cases in open_.items()}


def in_process(city: City, c: Connection, process: str, version: int | None) -> Standing:
    """In one process, by one of its versions or by any."""
    open_ = _count(c, _open([process]), _instances(process, version)).get(process, 0)
    stalled = _count(c, _stalled(city, c, [process]), _instances(process, version)).get(process, 0)
    return Standing(open_, 0, stalled)


def by_version(c: Connection, process: str) -> dict[int, int]:
    """How many cases run a process by each of its versions."""
    each, instance, run_by = _open([process]).subquery(), store.instance, _run_by(process)
    pinned = sa.select(each.c.case, instance.c.closure).join(instance, instance.c.id == each.c.instance).distinct().subquery()
    rows = c.execute(
        sa.select(run_by.c.version, sa.func.count(pinned.c.case.distinct()).label("cases"))
        .join(pinned, pinned.c.closure == run_by.c.closure)
        .group_by(run_by.c.version)
    )
    return {row.version: row.cases for row in rows}


def at_steps(city: City, c: Connection, process: str, version: int | None) -> dict[str, Standing]:
    """By element: the cases with an open task there, or a wait."""
    task, timer, calendar, today = store.task, store.timer, city.calendar(c), city.today
    overdue, stalled = stalling.overdue(today), stalling.stalled_tasks(c, calendar, today)
    tasks = sa.and_(task.c.status == "open", task.c.process == process)
    found = _at_elements(c, task, tasks, overdue, stalled, _instances(process, version))
    overstayed = stalling.stalled_waits(c, calendar, today)
    waits = _at_elements(c, timer, _is_in(timer.c.element, process), sa.false(), overstayed, _instances(process, version))
    return {element.partition(":")[2]: standing for element, standing in {**found, **waits}.items()}


def elsewhere(c: Connection, process: str, known: Iterable[str]) -> int:
    """Cases that stand at an element of this process that is not among these."""
    task, timer, elements = store.task, store.timer, [f"{process}:{element}" for element in known]
    unknown = sa.and_(task.c.status == "open", task.c.process == process, task.c.element.not_in(elements))
    waiting = sa.and_(_is_in(timer.c.element, process), timer.c.element.not_in(elements))
    cases = sa.union(sa.select(task.c.case).where(unknown), sa.select(timer.c.case).where(waiting)).subquery()
    return c.scalar(sa.select(sa.func.count()).select_from(cases)) or 0


def _open(processes: list[str]) -> sa.CompoundSelect[Any]:
    """(process, case, instance) of all that is open, some of it repeatedly."""
    instance, task = store.instance, store.task
    running = sa.and_(instance.c.process.in_(processes), instance.c.status.in_(RUNNING))
    return sa.union_all(
        sa.select(instance.c.process, instance.c.case, instance.c.id.label("instance")).where(running),
        sa.select(task.c.process, task.c.case, task.c.instance).where(task.c.status == "open", task.c.process.in_(processes)),
        _waits(processes, sa.true()),
    )


def _stalled(city: City, c: Connection, processes: list[str]) -> sa.CompoundSelect[Any]:
    """(process, case, instance) of all that is stalled."""
    task, calendar = store.task, city.calendar(c)
    stalled = sa.and_(task.c.process.in_(processes), stalling.stalled_tasks(c, calendar, city.today))
    return sa.union_all(
        sa.select(task.c.process, task.c.case, task.c.instance).where(stalled),
        _waits(processes, stalling.stalled_waits(c, calendar, city.today)),
    )


def _waits(processes: list[str], which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    timer = store.timer
    process = sa.case(*((_is_in(timer.c.element, each), each) for each in processes))
    return sa.select(process.label("process"), timer.c.case, timer.c.instance).where(which, process.is_not(None))


def _is_in(element: sa.Column[str], process: str) -> sa.ColumnElement[bool]:
    return element.startswith(f"{process}:", autoescape=True)


def _count(c: Connection, found: sa.CompoundSelect[Any], instances: sa.Select[Any] | None = None) -> dict[str, int]:
    each = found.subquery()
    query = sa.select(each.c.process, sa.func.count(each.c.case.distinct()).label("cases")).group_by(each.c.process)
    if instances is not None:
        query = query.where(each.c.instance.in_(instances))
    return {row.process: row.cases for row in c.execute(query)}


def _run_by(process: str) -> sa.Subquery:
    """(closure, version): by which version of a process the instances of a closure run it, called or not."""
    own, called = store.release_process.alias(), store.release_process.alias()
    return (
        sa.select(own.c.closure, called.c.version)
        .join(called, called.c.release == own.c.release)
        .where(called.c.process == process)
        .distinct()
        .subquery()
    )


def _instances(process: str, version: int | None) -> sa.Select[Any] | None:
    """The instances that run a process by this version; None: all of them."""
    if version is None:
        return None
    run_by, instance = _run_by(process), store.instance
    return sa.select(instance.c.id).where(instance.c.closure.in_(sa.select(run_by.c.closure).where(run_by.c.version == version)))


def _at_elements(
    c: Connection, table: sa.Table, which: sa.ColumnElement[bool], overdue: sa.ColumnElement[bool],
    stalled: sa.ColumnElement[bool], instances: sa.Select[Any] | None,
) -> dict[str, Standing]:  # fmt: skip
    """Cases by element: first each case once at each element, then counted."""
    late, still = (sa.func.max(sa.case((condition, 1), else_=0)) for condition in (overdue, stalled))
    query = sa.select(table.c.element, late.label("late"), still.label("still")).where(which)
    if instances is not None:
        query = query.where(table.c.instance.in_(instances))
    each = query.group_by(table.c.element, table.c.case).subquery()
    rows = c.execute(
        sa.select(each.c.element, sa.func.count().label("open"), sa.func.sum(each.c.late).label("late"), sa.func.sum(each.c.still).label("still"))
        .group_by(each.c.element)
    )  # fmt: skip
    return {row.element: Standing(row.open, row.late, row.still) for row in rows}
