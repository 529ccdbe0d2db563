"""Each 業務の流れ as published: its versions, how many cases stand where, its diagram. It gives numbers, never names.

A case stands in every process that one of its instances runs, or that was called and has an open task or wait.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import stalling, steps, store
from engine.city import City
from engine.errors import NotAllowed
from engine.steps import Step
from engine.usual import Usual, usual

FOLDER = "processes/bpmn"
DRAWN = b"BPMNDiagram>"
RUNNING = ("open", "incident")


@dataclass(frozen=True, slots=True)
class Overview:
    """One process in one version. ``open`` and ``stalled`` count cases."""

    id: str
    name: str
    documentation: str
    version: int
    published_at: datetime
    in_force: bool
    open: int
    stalled: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How many cases stand at a step, how many of them overdue or stalled, and how long it usually takes."""

    open: int = 0
    overdue: int = 0
    stalled: int = 0
    usual: Usual = Usual()


@dataclass(frozen=True, slots=True)
class Version:
    """One version with the release that brought it. ``open``: cases that run by it."""

    no: int
    closure: str
    published_at: datetime
    by: int | None
    reason: str | None
    in_force: bool
    open: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """``elsewhere``: cases that stand at a step which the version shown does not have."""

    overview: Overview
    steps: tuple[tuple[Step, Standing], ...]
    versions: tuple[Version, ...]
    elsewhere: int


def overviews(city: City, c: Connection) -> list[Overview]:
    """The processes in force, then those that only old cases still run, each in its latest version.

    What people start comes first, then what a message starts, then what is called.
    """
    latest = {process: versions[0] for process, versions in _published(c).items()}
    if not latest:
        return []
    standing = _by_process(c, _standing(latest))
    stalled = _by_process(c, _stalled(city, c, latest))
    return [
        _overview(city, c, process, version, standing.get(process, 0), stalled.get(process, 0))
        for process, version in sorted(latest.items(), key=lambda each: _order(city, c, *each))
        if version.in_force or standing.get(process)
    ]


def _order(city: City, c: Connection, process: str, version: Version) -> tuple[bool, bool, bool, str]:
    drawn = city.executable(c, version.closure).process(process)
    by_message = any(node.type == "start" and node.event is not None and node.event.kind == "message" for node in drawn.nodes)
    return not version.in_force, process not in city.organisation(c).starters, not by_message, drawn.name


def page(city: City, c: Connection, process: str, version: int | None = None) -> Page:
    """A process in its latest version with all its cases, or in the version asked for with the cases that run by it.

    Raises NotAllowed when there is no such process or version.
    """
    versions = _published(c, process).get(process, [])
    shown = next((each for each in versions if version in (None, each.no)), None)
    if shown is None:
        raise NotAllowed
    drawn = city.executable(c, shown.closure).process(process)
    numbered, at = steps.number(drawn), _at_steps(city, c, process, version)
    known = [f"{process}:{step.element}" for step in numbered]
    usually = usual(city, c, known)
    standing = _count(c, _standing([process]), process, version)
    stalled = _count(c, _stalled(city, c, [process]), process, version)
    return Page(
        _overview(city, c, process, shown, standing, stalled),
        tuple((step, _told(step, at, usually[f"{process}:{step.element}"])) for step in numbered),
        tuple(_with_cases(c, process, versions)),
        _elsewhere(c, process, version, known),
    )


def diagram(city: City, c: Connection, process: str, version: int | None = None, closure: str | None = None) -> bytes:
    """The file that was published with a version, or with what an instance runs (``closure``); else the latest one.

    A file without a diagram gets one drawn. Raises NotAllowed when nothing was published so.
    """
    published, file, blob = store.release_process, store.release_file, store.blob
    query = sa.select(published.c.release, published.c.closure).order_by(published.c.release.desc()).limit(1)
    if closure is not None:
        query = query.where(published.c.closure == closure)
    else:
        query = query.where(published.c.process == process)
    if version is not None:
        query = query.where(published.c.version == version)
    row = c.execute(query).one_or_none()
    processes = city.executable(c, row.closure).model.processes if row is not None else {}
    if row is None or process not in processes:
        raise NotAllowed
    body = c.scalar(
        sa.select(blob.c.body)
        .join(file, file.c.hash == blob.c.hash)
        .where(file.c.release == row.release, file.c.path == f"{FOLDER}/{processes[process].file}")
    )
    if body is None:
        raise NotAllowed
    return _drawn(bytes(body))


@lru_cache(maxsize=64)
def _drawn(body: bytes) -> bytes:
    if DRAWN in body:
        return body
    from engine.layout import LayoutError, tidy  # rarely needed: files are drawn before they are published

    try:
        return tidy(body)
    except LayoutError:
        return body


# -- versions ----------------------------------------------------------------------------------------------------------
def _published(c: Connection, process: str | None = None) -> dict[str, list[Version]]:
    """The versions of each process, the one that was published last first."""
    published, release = store.release_process, store.release
    query = sa.select(published, release).join(release).order_by(release.c.id.desc())
    if process is not None:
        query = query.where(published.c.process == process)
    found: dict[str, dict[int, Version]] = {}
    for row in c.execute(query):
        versions = found.setdefault(row.process, {})
        brought = Version(row.version, row.closure, row.published_at, row.published_by, row.reason, row.in_force)
        newer = versions.get(row.version)
        versions[row.version] = replace(brought, in_force=row.in_force or bool(newer and newer.in_force))
    return {process: list(versions.values()) for process, versions in found.items()}


def _overview(city: City, c: Connection, process: str, version: Version, standing: int, stalled: int) -> Overview:
    drawn = city.executable(c, version.closure).process(process)
    return Overview(
        process, drawn.name, drawn.documentation, version.no, version.published_at, version.in_force, standing, stalled
    )


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


def _with_cases(c: Connection, process: str, versions: Iterable[Version]) -> Iterator[Version]:
    standing, instance, run_by = _standing([process]).subquery(), store.instance, _run_by(process)
    rows = c.execute(
        sa.select(run_by.c.version, sa.func.count(standing.c.case.distinct()).label("cases"))
        .join(instance, instance.c.closure == run_by.c.closure)
        .join(standing, standing.c.instance == instance.c.id)
        .where(standing.c.process == process)
        .group_by(run_by.c.version)
    )
    cases = {row.version: row.cases for row in rows}
    return (replace(each, open=cases.get(each.no, 0)) for each in versions)


# -- where cases stand -------------------------------------------------------------------------------------------------
def _standing(processes: Iterable[str]) -> sa.CompoundSelect[Any]:
    """(process, case, instance) of all that is open."""
    instance, task, timer = store.instance, store.task, store.timer
    return sa.union(
        sa.select(instance.c.process, instance.c.case, instance.c.id.label("instance")).where(instance.c.status.in_(RUNNING)),
        sa.select(task.c.process, task.c.case, task.c.instance).where(task.c.status == "open"),
        sa.select(_process_of(timer.c.element, processes), timer.c.case, timer.c.instance),
    )


def _stalled(city: City, c: Connection, processes: Iterable[str]) -> sa.CompoundSelect[Any]:
    """(process, case, instance) of all that is stalled."""
    task, timer, calendar = store.task, store.timer, city.calendar(c)
    return sa.union(
        sa.select(task.c.process, task.c.case, task.c.instance).where(stalling.stalled_tasks(c, calendar, city.today)),
        sa.select(_process_of(timer.c.element, processes).label("process"), timer.c.case, timer.c.instance).where(
            stalling.stalled_waits(c, calendar, city.today)
        ),
    )


def _process_of(element: sa.Column[str], processes: Iterable[str]) -> sa.Case[str]:
    return sa.case(*((_is_in(element, process), process) for process in processes))


def _is_in(element: sa.Column[str], process: str) -> sa.ColumnElement[bool]:
    return element.startswith(f"{process}:", autoescape=True)


def _by_process(c: Connection, found: sa.CompoundSelect[Any]) -> dict[str, int]:
    each = found.subquery()
    rows = c.execute(sa.select(each.c.process, sa.func.count(each.c.case.distinct()).label("cases")).group_by(each.c.process))
    return {row.process: row.cases for row in rows}


def _count(c: Connection, found: sa.CompoundSelect[Any], process: str, version: int | None) -> int:
    each = found.subquery()
    query = sa.select(sa.func.count(each.c.case.distinct())).where(each.c.process == process)
    return c.scalar(query.where(_runs_by(each.c.instance, process, version))) or 0


def _runs_by(column: sa.ColumnElement[int], process: str, version: int | None) -> sa.ColumnElement[bool]:
    """The condition on an instance's id: it runs the process by this version."""
    if version is None:
        return sa.true()
    run_by, instance = _run_by(process), store.instance
    closures = sa.select(run_by.c.closure).where(run_by.c.version == version)
    return column.in_(sa.select(instance.c.id).where(instance.c.closure.in_(closures)))


def _at_steps(city: City, c: Connection, process: str, version: int | None) -> dict[str, Standing]:
    """By element: the cases with an open task there, or a wait."""
    task, timer, calendar, today = store.task, store.timer, city.calendar(c), city.today
    overdue, stalled = stalling.overdue(today), stalling.stalled_tasks(c, calendar, today)
    tasks = sa.select(task.c.element, *_cases(task, overdue, stalled)).where(
        task.c.status == "open", task.c.process == process, _runs_by(task.c.instance, process, version)
    )
    waits = sa.select(timer.c.element, *_cases(timer, sa.false(), stalling.stalled_waits(c, calendar, today))).where(
        _is_in(timer.c.element, process), _runs_by(timer.c.instance, process, version)
    )
    found = {}
    for query, table in ((tasks, task), (waits, timer)):
        for row in c.execute(query.group_by(table.c.element)):
            found[row.element.split(":")[1]] = Standing(row.open, row.overdue, row.stalled)
    return found


def _cases(table: sa.Table, overdue: sa.ColumnElement[bool], stalled: sa.ColumnElement[bool]) -> list[sa.Label[int]]:
    def where(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.count(sa.case((condition, table.c.case)).distinct())

    return [where(sa.true()).label("open"), where(overdue).label("overdue"), where(stalled).label("stalled")]


def _told(step: Step, at: Mapping[str, Standing], usually: Usual) -> Standing:
    """A case stands at the step that a boundary event watches, not at the event."""
    standing = at.get(step.element) if step.type != "boundaryEvent" else None
    return replace(standing or Standing(), usual=usually)


def _elsewhere(c: Connection, process: str, version: int | None, known: list[str]) -> int:
    task, timer = store.task, store.timer
    cases = sa.union(
        sa.select(task.c.case).where(
            task.c.status == "open", task.c.process == process, task.c.element.not_in(known),
            _runs_by(task.c.instance, process, version),
        ),
        sa.select(timer.c.case).where(
            _is_in(timer.c.element, process), timer.c.element.not_in(known), _runs_by(timer.c.instance, process, version)
        ),
    ).subquery()  # fmt: skip
    return c.scalar(sa.select(sa.func.count()).select_from(cases)) or 0
