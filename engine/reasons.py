"""Why a decision came out as it did: the rows of its tables that hit, with their authors' notes, for those who may read what the tables read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import store
from engine.access import LEVELS, Sight
from engine.city import City
from engine.kernel.closure import required
from engine.kernel.decisions import Decision
from engine.kernel.feel import Path, parse
from engine.kernel.model import walk
from engine.kernel.running import Executable
from forms.form import Field, Form

DEFAULTS = 0  # the number that stands for the default results of a table
_NAMES = frozenset({"settings", "today", "initiator"})
_OPEN = frozenset({"received_by", "lead", "next_review_on", "asker_waits", "awaits", "workdays", "months", "answers"})  # tell nothing of a person


@dataclass(frozen=True, slots=True)
class Row:
    """A row that hit: its number from 1, and what its author wrote beside it."""

    number: int
    note: str


@dataclass(frozen=True, slots=True)
class Reason:
    """What one table had to say; without rows none hit. ``decision``, ``process`` and ``closure`` lead to the table."""

    table: str
    rows: tuple[Row, ...]
    decision: str
    process: str
    closure: str


def of_steps(c: Connection, city: City, sight: Sight, instance: int, closure: str, tokens: Iterable[str]) -> list[Reason]:
    """Why these rule tasks gave what they gave."""
    answer = store.answer
    wanted = sorted(tokens)
    query = sa.select(answer.c.rows).where(answer.c.instance == instance, answer.c.task.in_(wanted), answer.c.rows.is_not(None))
    return _seen(c, city, sight, instance, closure, c.scalars(query.order_by(answer.c.id)).all()) if wanted else []


def of_result(c: Connection, city: City, sight: Sight, instance: int, closure: str, result: str) -> list[Reason]:
    """Why the newest result of this name is what it is."""
    answer = store.answer
    query = sa.select(answer.c.rows).where(answer.c.instance == instance, answer.c.form == result, answer.c.rows.is_not(None))
    return _seen(c, city, sight, instance, closure, c.scalars(query.order_by(answer.c.id.desc()).limit(1)).all())


def _seen(c: Connection, city: City, sight: Sight, instance: int, closure: str, found: Iterable[Any]) -> list[Reason]:
    executable, forms, reasons = city.executable(c, closure), city.forms(c, closure), list[Reason]()
    process = c.scalar(sa.select(store.instance.c.process).where(store.instance.c.id == instance)) or ""
    for hits in found:
        for id, numbers in hits.items():
            if id in executable.decisions and _may_see(c, sight, executable, forms, instance, id):
                rows = _rows(executable.decisions[id], numbers)
                reasons.append(Reason(executable.decisions[id].name, rows, id, process, closure))
    return reasons


def _rows(decision: Decision, numbers: list[int]) -> tuple[Row, ...]:
    notes = {number: rule.note for number, rule in enumerate(decision.rules, 1)}
    return tuple(Row(number, notes.get(number, "")) for number in numbers)


def _may_see(c: Connection, sight: Sight, executable: Executable, forms: Any, instance: int, decision: str) -> bool:
    """Which rows hit tells what they look at, so that all of it must be open to this person."""
    return sight.sees_concealed and sight.sees_hidden or all(
        _may_read(c, sight, forms, instance, path) for path in _looked_at(executable, decision)
    )


def _may_read(c: Connection, sight: Sight, forms: Any, instance: int, path: Path) -> bool:
    form = forms.get(path[0])
    if form is None:
        return path[0] in _NAMES or sight.sees_concealed
    field = next((each for each in form.fields if len(path) > 1 and each.name == path[1]), None)
    if field is None or field.cls not in LEVELS or (field.hidden_by is not None and not sight.sees_hidden):
        return False
    read = (field, *(row for row in field.rows if row.name in path[2:]))
    level = max(each.cls for column in read for each in (column, *column.codes) if each.cls in LEVELS)
    return all(_is_open(sight, form, field, level, by) for by in _writers(c, instance, form.id))


def _is_open(sight: Sight, form: Form, field: Field, level: str, answered_by: str | None) -> bool:
    parts = field.parts or tuple(part.id for part in form.parts)
    return any(
        (best := sight.level(form.id, answered_by, part)) is not None and level <= best and not sight.only_own_rows(form.id, part) for part in parts
    )


def _writers(c: Connection, instance: int, form: str) -> list[str | None]:
    answer = store.answer
    found = c.scalars(sa.select(answer.c.organisation).distinct().where(answer.c.instance == instance, answer.c.form == form)).all()
    return list(found) or [None]


def _looked_at(executable: Executable, decision: str) -> frozenset[Path]:
    """The fields that a table, those that it requires or calls, and the results that it reads look at; "()" stands for facts about persons.

    What a knowledge model is called with tells of those who call it.
    """
    results = {node.result: node.decision for process in executable.model.processes.values() for node in walk(process.nodes) if node.result}
    callers = [id for id in executable.decisions if decision in required(executable.model, id)] if executable.decisions[decision].parameters else []
    found, seen, ahead = set[Path](), set[str](), [decision, *callers]
    while ahead:
        needed = required(executable.model, ahead.pop()) - seen
        seen |= needed
        for id in sorted(needed):
            needs = executable.decisions[id]
            own = {*needs.parameters, *(executable.decisions[each].variable for each in needs.requires)}
            for path in _paths(needs, frozenset(executable.decisions[each].variable for each in needs.knows)):
                if path[0] in results:
                    ahead.append(results[path[0]] or "")
                elif path[0] not in own:
                    found.add(path)
    return frozenset(found)


@lru_cache(maxsize=256)
def _paths(decision: Decision, models: frozenset[str]) -> frozenset[Path]:
    return frozenset(_of_sentences(decision, models))


def _of_sentences(decision: Decision, models: frozenset[str]) -> Iterator[Path]:
    """What a decision reads; what its knowledge models read is said by them."""
    for text in decision.expressions:
        expression = parse(text)
        yield from expression.reads(lambda path: path[0] in _NAMES).paths
        yield from (("()",) for call in expression.calls if call.name not in _OPEN | models)
