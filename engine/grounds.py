"""On what ground an organisation, or a person by name, takes part in a case, and what that opens; it decides nothing about a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.sheet import Table

LEVELS = ("L1", "L2")  # L3 is opened to no organisation, only to persons by name
GROUNDS = (
    "received", "addressed", "coordination_before", "coordination", "task",
    "role", "plan", "member", "lead", "secretariat",
)  # fmt: skip
PLACES = ("record", "consent", "withdrawal", "people")  # of the case page, from which a form may be written without a task
ALL = "*"


@dataclass(frozen=True, slots=True)
class Ground:
    """What a ground opens to an organisation that takes part in a case on it: which forms, up to which level."""

    id: str
    level: str  # of LEVELS
    forms: tuple[str, ...]  # form ids, or one part of a form, as form#part; "*" for all
    own: tuple[str, ...] = ()  # forms of which only one's own answers are shown
    opens_case: bool = True
    own_rows: bool = False  # lists show only rows that name the organisation
    fields: tuple[str, ...] = ()  # of these forms only these fields; none: all
    writes: tuple[str, ...] = ()  # what may be written from the case page: places of [from_case]; "*" for all

    def covers(self, form: str, part: str | None = None) -> bool:
        """Whether answers to this part of the form are open, whoever gave them; without ``part`` whether all of the form is."""
        return ALL in self.forms or form in self.forms or (part is not None and f"{form}#{part}" in self.forms)

    def covers_own(self, form: str) -> bool:
        """Whether the organisation's own answers of this form are open."""
        return ALL in self.own or form in self.own

    def may_write(self, place: str) -> bool:
        """Whether this may be written from the case page."""
        return self.opens_case and (ALL in self.writes or place in self.writes)


@dataclass(frozen=True, slots=True)
class ByName:
    """What is open to persons who were named, until a day, and to nobody else: restricted forms. One is named by confirming secrecy."""

    id: str
    forms: tuple[str, ...]
    confirmed_by: str  # form#part with which a person confirms secrecy, and so is named
    before: tuple[str, ...] = ()  # form#part of these forms that is answered without being named

    def asks_first(self, form: str, part: str) -> bool:
        """Whether somebody who is not named must confirm before answering this part."""
        return form in self.forms and f"{form}#{part}" not in (self.confirmed_by, *self.before)


def read_named(table: Table) -> Mapping[str, ByName]:
    """The grounds of the [named] table."""
    return {id: _by_name(id, table.table(id)) for id in table}


def _by_name(id: str, row: Table) -> ByName:
    forms: list[object] = row.take("forms", list, 'forms = ["K08"]') or []
    confirmed_by = row.take("confirmed_by", str, 'confirmed_by = "K09#confirm"') or ""
    before: list[object] = row.take("before", list, 'before = ["K08#request"]', optional=True) or []
    row.close()
    return ByName(id, tuple(map(str, forms)), confirmed_by, tuple(map(str, before)))


def read_grounds(table: Table) -> Mapping[str, Ground]:
    """The grounds of the [access] table; each must be there."""
    grounds = {id: _ground(id, table.table(id)) for id in GROUNDS}
    table.close()
    return grounds


def _ground(id: str, row: Table) -> Ground:
    level = row.take("level", str, 'level = "L1"') or ""
    forms: list[object] = row.take("forms", list, 'forms = ["*"]') or []
    own: list[object] = row.take("own", list, 'own = ["*"]', optional=True) or []
    opens = row.take("opens_case", bool, "opens_case = false", optional=True)
    rows = row.take("own_rows", bool, "own_rows = true", optional=True)
    fields: list[object] = row.take("fields", list, 'fields = ["goal_plan"]', optional=True) or []
    writes: list[object] = row.take("writes", list, 'writes = ["record"]', optional=True) or []
    row.close()
    for place in writes:
        if place not in (ALL, *PLACES):
            message = f"{id} の writes「{place}」は選べません。{'・'.join(PLACES)} から選ぶか、{ALL} を書いてください。"
            row.wrong("wrong-value", "writes", message)
    if level and level not in LEVELS:
        message = f"{id} の level「{level}」は選べません。{'・'.join(LEVELS)} から選んでください。"
        row.wrong("wrong-value", "level", message)
    return Ground(
        id, level, tuple(map(str, forms)), tuple(map(str, own)), opens is not False, rows is True, tuple(map(str, fields)), tuple(map(str, writes))
    )
