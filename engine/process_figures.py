"""Each 業務の流れ as published: its versions, how many cases stand where, its diagram. It gives numbers, never names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import standing, steps, store
from engine.city import City
from engine.errors import NotAllowed
from engine.kernel.model import begins_by_event
from engine.standing import Standing
from engine.steps import Step
from engine.usual import Usual, usual

FOLDER = "processes/bpmn"
DRAWN = b"BPMNDiagram>"


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
class Row:
    """One step of the table, how many cases stand there, and how long it usually takes."""

    step: Step
    standing: Standing
    usual: Usual


@dataclass(frozen=True, slots=True)
class Page:
    """``elsewhere``: cases that stand at a step which the version shown does not have."""

    overview: Overview
    rows: tuple[Row, ...]
    versions: tuple[Version, ...]
    elsewhere: int


def overviews(city: City, c: Connection) -> list[Overview]:
    """The processes in force, then those that only old cases still run, each in its latest version.

    What people start comes first, then what a message or signal starts, then what is called.
    """
    latest = {process: versions[0] for process, versions in _published(c).items()}
    counted = standing.by_process(city, c, latest)
    return [
        _overview(city, c, process, version, counted.get(process, Standing()))
        for process, version in sorted(latest.items(), key=lambda each: _order(city, c, *each))
        if version.in_force or process in counted
    ]


def _order(city: City, c: Connection, process: str, version: Version) -> tuple[bool, bool, bool, str]:
    drawn = city.executable(c, version.closure).process(process)
    by_event = any(map(begins_by_event, drawn.nodes))
    return not version.in_force, process not in city.organisation(c).starters, not by_event, drawn.name


def page(city: City, c: Connection, process: str, version: int | None = None) -> Page:
    """A process in its latest version with all its cases, or in the version asked for with the cases that run by it.

    Raises NotAllowed when there is no such process or version.
    """
    versions = _published(c, process).get(process, [])
    shown = next((each for each in versions if version in (None, each.no)), None)
    if shown is None:
        raise NotAllowed
    numbered = steps.number(city.executable(c, shown.closure).process(process))
    at, usually = standing.at_steps(city, c, process, version), usual(city, c, (f"{process}:{step.element}" for step in numbered))
    known, stand = {step.element for step in numbered}, standing.in_process(city, c, process, version)
    return Page(
        _overview(city, c, process, shown, stand),
        tuple(Row(step, _at(step, at), usually[f"{process}:{step.element}"]) for step in numbered),
        tuple(_with_cases(c, process, versions, stand.open)),
        standing.elsewhere(c, process, known) if version is None and at.keys() - known else 0,
    )


def _at(step: Step, at: Mapping[str, Standing]) -> Standing:
    """A case stands at the step that a boundary event watches, not at the event."""
    return at.get(step.element, Standing()) if step.type != "boundaryEvent" else Standing()


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


def _with_cases(c: Connection, process: str, versions: list[Version], open_: int) -> Iterator[Version]:
    cases = standing.by_version(c, process) if len(versions) > 1 else {versions[0].no: open_}
    return (replace(each, open=cases.get(each.no, 0)) for each in versions)


def _overview(city: City, c: Connection, process: str, version: Version, stand: Standing) -> Overview:
    drawn = city.executable(c, version.closure).process(process)
    return Overview(
        process, drawn.name, drawn.documentation, version.no, version.published_at, version.in_force, stand.open, stand.stalled
    )
