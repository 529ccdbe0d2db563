"""What of a part one reader gets to see, and which tick shows what; the same for drawing, reading and checking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .conditions import MOST_ROW_SWITCHES, Switches, Truth, switches, truth
from .form import RESTRICTED, Code, Condition, Field, Form, May, Part, anybody, drawn, holds_restricted

LEVELS = ("L1", "L2", RESTRICTED)


@dataclass(frozen=True)
class Layout:
    """The drawn fields of a part, its switches, those of its rows by list name, and whether L3 was left out.

    unseen: the options that are not offered, by field name or `list.field`.
    """

    part: Part
    fields: tuple[Field, ...]
    switches: Switches
    row_switches: Mapping[str, Switches]
    whens: Mapping[str, str]
    row_whens: Mapping[str, Mapping[str, str]]
    unseen: Mapping[str, tuple[Code, ...]]
    restricted: bool

    @property
    def lists(self) -> tuple[Field, ...]:
        """The repeated groups."""
        return tuple(field for field in self.fields if field.kind == "list" and not field.auto)


def answered(data: Mapping[str, Any]) -> dict[str, Any]:
    """The answer without what counts as not answered: nothing, empty texts, empty lists."""
    return {name: value for name, value in data.items() if value is not None and value != "" and value != []}


def relevant(form: Form, part: Part | str, data: Mapping[str, Any], *, may: May = anybody) -> dict[str, Any]:
    """The answer without fields of this part that its page would not show with these answers, in rows as well."""
    plan = layout(form, part, may)
    found = _shown(plan.switches, data)
    for group in plan.lists:
        if isinstance(found.get(group.name), list):
            switches_here = plan.row_switches[group.name]
            found[group.name] = [
                _shown(switches_here, row) if isinstance(row, dict) else row for row in found[group.name]
            ]
    return found


def _shown(these: Switches, data: Mapping[str, Any]) -> dict[str, Any]:
    answer = answered(data)
    return {name: value for name, value in data.items() if not these.hides(name, answer)}


def layout(form: Form, part: Part | str, may: May) -> Layout:
    """The layout of a part for a reader. Raises KeyError for a part that the form does not have."""
    part_id = part if isinstance(part, str) else part.id
    return _layout(form, part_id, tuple(level for level in LEVELS if may(level)))


@lru_cache(maxsize=1024)
def _layout(form: Form, part_id: str, levels: tuple[str, ...]) -> Layout:
    part = form.part(part_id)
    fields = drawn(part.fields, lambda level: level in levels)
    seen = tuple(field for field in part.fields if field.cls == RESTRICTED or field.cls in levels)
    lists = [field for field in fields if field.kind == "list"]
    return Layout(
        part=part,
        fields=fields,
        switches=switches(fields, form.conditions),
        row_switches={field.name: switches(field.rows, field.conditions, MOST_ROW_SWITCHES) for field in lists},
        whens=_whens(fields, form.conditions, drawn(form.fields, lambda level: level in levels)),
        row_whens={field.name: _whens(field.rows, field.conditions, field.rows) for field in lists},
        unseen=_unseen(part.fields, levels),
        restricted=RESTRICTED not in levels and holds_restricted(seen),
    )


def _unseen(fields: tuple[Field, ...], levels: tuple[str, ...], prefix: str = "") -> dict[str, tuple[Code, ...]]:
    found: dict[str, tuple[Code, ...]] = {}
    for field in fields:
        found[prefix + field.name] = tuple(code for code in field.codes if code.cls not in levels)
        found |= _unseen(field.rows, levels, f"{field.name}.")
    return found


def _whens(fields: tuple[Field, ...], conditions: tuple[Condition, ...], known: tuple[Field, ...]) -> dict[str, str]:
    """When each conditional field is wanted, in words; fields whose condition has no words are left out."""
    found: dict[str, list[str]] = {}
    for condition in conditions:
        words = condition.when or _in_words(truth(condition, known), known)
        for name in condition.requires:
            if words and words not in found.setdefault(name, []):
                found[name].append(words)
    shown = {field.name for field in fields if not field.required and not field.auto}
    return {name: "、または".join(words) for name, words in found.items() if name in shown and words}


def _in_words(found: Truth | None, known: tuple[Field, ...]) -> str | None:
    if found is None or not found.codes:
        return None
    trigger = next(field for field in known if field.name == found.name)
    if trigger.kind == "bool":
        return f"「{trigger.title}」が「はい」{'の' if found.codes == {'yes'} else 'ではない'}とき"
    labels = [code.label for code in trigger.codes if code.code in found.codes]
    others = [code.label for code in trigger.codes if code.code not in found.codes]
    if trigger.kind == "codes":
        return f"「{trigger.title}」に{_listed(labels)}があるとき" if others else f"「{trigger.title}」があるとき"
    if len(others) == 1 and len(labels) > 1:
        return f"「{trigger.title}」が{_listed(others)}ではないとき"
    return f"「{trigger.title}」が{_listed(labels)}のとき"


def _listed(labels: list[str]) -> str:
    return "か".join(f"「{label}」" for label in labels)
