"""Turns an answer into the values of HTML inputs, the exact opposite of `read`; knows no markup.

`Typed` maps HTML names to the values sent under them, in order: `persons-0-familyName`, `birthDate-era`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .dates import TOKYO, WESTERN, parse_day, parse_moment, written
from .form import Field, Form, May, Part, anybody
from .layout import layout
from .schema import canonical

Typed = Mapping[str, Sequence[str]]

DATE_BOXES = ("era", "y", "m", "d")
TIME_BOXES = ("h", "min")
ROW_KEY = "_row"
NEW = "new"
"""What a meeting or file is called that does not exist yet: `new:2026-05-14`, `new:メモ.pdf`."""


def write(form: Form, part: Part | str, data: Mapping[str, Any], *, may: May = anybody) -> dict[str, list[str]]:
    """What the inputs of a part hold when they show this answer. Fields filled by the system have no input."""
    return dict(_inputs(layout(form, part, may).fields, data, ""))


def names_of(field: Field, prefix: str = "") -> tuple[str, ...]:
    """The HTML names under which a field (not a list) is sent."""
    name = prefix + field.name
    if field.kind == "date":
        return tuple(f"{name}-{box}" for box in DATE_BOXES)
    if field.kind == "datetime":
        return tuple(f"{name}-{box}" for box in (*DATE_BOXES, *TIME_BOXES))
    if field.kind == "meeting":
        return (name, *(f"{name}-{box}" for box in DATE_BOXES))
    return (name,)


def row_key(group: Field, number: int, row: Mapping[str, Any]) -> str:
    """Names a row of the answer that was drawn: its number, and a trace of what the system wrote into it."""
    shown = {field.name: row.get(field.name) for field in group.rows if field.auto}
    return f"{number}.{hashlib.sha256(canonical(shown)).hexdigest()[:12]}"


def rows_of(value: Any) -> list[Mapping[str, Any]]:
    """The rows of a list in an answer; none when there is no answer."""
    return [row if isinstance(row, dict) else {} for row in value] if isinstance(value, list) else []


def _inputs(fields: Iterable[Field], data: Mapping[str, Any], prefix: str) -> Iterable[tuple[str, list[str]]]:
    for field in fields:
        value = data.get(field.name)
        if field.auto:
            continue
        if field.kind == "list":
            for number, row in enumerate(rows_of(value)):
                place = f"{prefix}{field.name}-{number}-"
                yield place + ROW_KEY, [row_key(field, number, row)]
                yield from _inputs(field.rows, row, place)
        else:
            yield from zip(names_of(field, prefix), _boxes(field, value), strict=True)


def _boxes(field: Field, value: Any) -> list[list[str]]:
    """The values of a field's inputs, one list per HTML name."""
    if field.kind == "date":
        return _date_boxes(value)
    if field.kind == "datetime":
        moment = parse_moment(value)
        local = moment.astimezone(TOKYO) if moment else None
        time = [[str(local.hour)], [f"{local.minute:02d}"]] if local else [[""], [""]]
        return [*_date_boxes(local.date().isoformat() if local else value), *time]
    if field.kind == "meeting":
        mark, _, day = str(value or "").partition(":")
        return [[NEW], *_date_boxes(day)] if mark == NEW else [[str(value or "")], *_date_boxes(None)]
    if field.kind in ("codes", "persons"):
        return [[str(member) for member in value] if isinstance(value, list) else []]
    if field.kind == "bool":
        return [["yes" if value else "no"] if isinstance(value, bool) else []]
    return [[] if value is None and field.kind == "code" else ["" if value is None else str(value)]]


def _date_boxes(value: Any) -> list[list[str]]:
    """Era, year, month, day. What is no day is shown in the box of the year, so that it can be put right."""
    day = parse_day(value)
    if day is None:
        return [[""], [str(value or "")], [""], [""]]
    era, year, month, number = written(day)
    return [[era], ["元" if era != WESTERN and year == 1 else str(year)], [str(month)], [str(number)]]
