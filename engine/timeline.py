"""What happened in a case, as entries that screens put into words. An entry shows only to those who may read what is behind it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import reasons, store
from engine.access import Sight
from engine.city import City
from engine.reasons import Reason

PAGE = 30
QUIET = ("TaskClaimed", "TaskGivenBack")  # shown among what happened by itself


@dataclass(frozen=True, slots=True)
class Entry:
    seq: int
    at: datetime
    kind: str
    by: int | None
    organisation: str | None
    name: str = ""  # of the task, event, signal or process
    answer: int | None = None
    form: str | None = None
    part: str | None = None
    phases: Mapping[str, str] = field(default_factory=dict)  # ladder -> code reached
    withdrawn: tuple[str, ...] = ()  # names of tasks that went away
    instance: int | None = None
    reasons: tuple[Reason, ...] = ()  # of the decisions that were made in this step


def read(c: Connection, city: City, sight: Sight, before: int | None = None, size: int = PAGE) -> tuple[list[Entry], int]:
    """The newest entries that this person may see, and how many older events there are."""
    event, answer = store.event, store.answer
    query = (
        sa.select(event, answer.c.form, answer.c.part, answer.c.organisation.label("answered_by"))
        .outerjoin(answer, answer.c.id == event.c.answer)
        .where(event.c.case == sight.case)
        .order_by(event.c.seq.desc())
    )
    if before is not None:
        query = query.where(event.c.seq < before)
    found: list[Entry] = []
    seen = 0
    for row in c.execute(query.limit(size * 10)):
        if len(found) == size:
            break
        seen = row.seq
        if _may_see(sight, row):
            found.append(_entry(c, city, sight, row))
    older = c.scalar(sa.select(sa.func.count()).select_from(event).where(event.c.case == sight.case, event.c.seq < seen)) or 0
    return found, older if seen else 0


def _may_see(sight: Sight, row: Any) -> bool:
    if row.kind == "FileAttached" and "answer" in row.detail:
        return False  # it stands in its answer, for whom the field is
    if row.form is not None:
        return sight.level(row.form, row.answered_by, row.part) is not None
    is_own = row.organisation is not None and row.organisation == sight.by.organisation
    return sight.sees_all or bool(sight.grounds) and (row.kind == "CaseOpened" or is_own)


def _entry(c: Connection, city: City, sight: Sight, row: Any) -> Entry:
    steps: Iterable[dict[str, Any]] = row.detail if isinstance(row.detail, list) else ()
    executable, why = None, []
    if row.instance is not None:
        closure = c.scalar(sa.select(store.instance.c.closure).where(store.instance.c.id == row.instance))
        executable = city.executable(c, closure) if closure is not None else None
        if closure is not None:
            decided = [each["token"] for each in steps if each["kind"] == "Decided"]
            why = reasons.of_steps(c, city, sight, row.instance, closure, decided)
    name = ""
    if executable is not None and row.element in executable.nodes:
        name = executable.nodes[row.element].name
    elif row.kind == "InstanceStarted" and executable is not None:
        process = c.scalar(sa.select(store.instance.c.process).where(store.instance.c.id == row.instance))
        name = executable.process(process or "").name
    elif row.kind == "SignalHeard":
        name = next((each["name"] for each in steps if each["kind"] == "signal"), "")
    phases = {each["ladder"]: each["phase"] for each in steps if each["kind"] == "PhaseReached"}
    withdrawn = tuple(
        executable.nodes[each["element"]].name for each in steps
        if each["kind"] == "TaskWithdrawn" and executable is not None and each["element"] in executable.nodes
    )  # fmt: skip
    return Entry(
        row.seq, row.at, row.kind, row.by, row.organisation, name, row.answer, row.form, row.part, phases, withdrawn, row.instance,
        tuple(why),
    )
