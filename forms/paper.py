"""Lays a form out for A4 paper: tables with boxes to tick, 和暦, lines to sign; shows nothing its reader may not see.

Parts that were not answered are left out, except those to be signed; without any answer the whole form is printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from .choices import Choices
from .form import Field, Form, May, Part, anybody, cut, drawn
from .layout import answered
from .page import Translate, render, unchanged
from .saying import said
from .write import rows_of

_BOXES = 12
_SHORT = 24
_HALF = frozenset({"text", "date", "number", "bool", "org", "user", "person", "meeting", "file"})


@dataclass(frozen=True)
class Ticked:
    """An option on paper, with or without its tick."""

    label: str
    ticked: bool


@dataclass(frozen=True)
class Box:
    """One cell with its name: a text, boxes to tick, or a table of rows."""

    title: str
    value: str = ""
    options: Sequence[Ticked] = ()
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[Box]] = ()
    half: bool = False
    tall: bool = False
    is_list: bool = False


@dataclass(frozen=True)
class Sheet:
    """One section of the paper: its heading and its lines, each of one wide or two narrow cells."""

    title: str
    lines: Sequence[Sequence[Box]]


def paper(
    form: Form,
    data: Mapping[str, Any],
    *,
    part: Part | str | None = None,
    may: May = anybody,
    choices: Choices | None = None,
    translate: Translate = unchanged,
) -> Markup:
    """The form as a sheet, with the answer in it. One part of it when `part` is given."""
    parts = _printed(form, data, part)
    at_hand = choices or Choices()
    seen: set[str] = set()
    sheets = []
    for printed in parts:
        fields = tuple(field for field in drawn(printed.fields, may) if _unprinted(field, printed, parts, seen))
        seen |= {field.name for field in fields}
        for section in cut(fields):
            boxes = [_box(field, data.get(field.name), at_hand) for field in section.fields]
            sheets.append(Sheet(section.title or printed.title, _lines(boxes)))
    signs = not form.print.parts or {printed.id for printed in parts} & set(form.print.parts)
    return render(
        "paper.html",
        translate,
        form=form,
        sheets=sheets,
        note=form.print.note if signs else "",
        signatures=form.print.signatures if signs else (),
    )


def _printed(form: Form, data: Mapping[str, Any], part: Part | str | None) -> list[Part]:
    """The parts on the sheet: those answered, and those to be signed; all of an empty form."""
    if part is not None:
        return [form.part(part if isinstance(part, str) else part.id)]
    there = set(answered(data))
    reached = {known.id for known in form.parts if there & _own(form, known)}
    if not reached:
        return list(form.parts)
    return [known for known in form.parts if known.id in reached | set(form.print.parts)]


def _own(form: Form, part: Part) -> set[str]:
    """The fields that tell that a part was answered: those of this part only, else those that it shows first."""
    typed = [field for field in part.fields if not field.auto]
    alone = {field.name for field in typed if len(field.parts) == 1}
    order = [known.id for known in form.parts]
    return alone or {field.name for field in typed if min(field.parts, key=order.index) == part.id}


def _unprinted(field: Field, part: Part, parts: Sequence[Part], seen: set[str]) -> bool:
    """Whether the field belongs here: not printed yet, and typed here if it is typed anywhere on the sheet."""
    typed_in = [other.id for other in parts for there in other.fields if there.name == field.name and not there.auto]
    return field.name not in seen and (part.id in typed_in or not typed_in)


def _box(field: Field, value: Any, choices: Choices) -> Box:
    if field.kind == "list":
        return _table(field, value, choices)
    if field.kind in ("code", "codes") and len(field.codes) <= _BOXES:
        values = value if isinstance(value, list) else [value]
        options = [Ticked(code.label, code.code in values) for code in field.codes]
        short = sum(len(option.label) + 2 for option in options) <= _SHORT
        return Box(field.title, options=options, half=short)
    if field.kind == "bool":
        return Box(field.title, options=[Ticked("はい", value is True), Ticked("いいえ", value is False)], half=True)
    words = said(field, value, choices)
    half = field.kind in _HALF and len(words) <= _SHORT
    return Box(field.title, words, half=half, tall=field.kind == "longtext")


def _table(field: Field, value: Any, choices: Choices) -> Box:
    """A list as a table of the columns in use; all columns and an empty line when there are no rows."""
    rows = rows_of(value)
    used = [member for member in field.rows if any(answered(row).get(member.name) is not None for row in rows)]
    columns = used or [member for member in field.rows if not member.auto and not member.more]
    lines = [[Box(member.title, said(member, row.get(member.name), choices)) for member in columns] for row in rows]
    blank = [[Box(member.title) for member in columns]]
    return Box(field.title, columns=[member.title for member in columns], rows=lines or blank, is_list=True)


def _lines(boxes: Iterable[Box]) -> list[list[Box]]:
    """Two narrow cells side by side where they follow each other."""
    lines: list[list[Box]] = []
    for box in boxes:
        if box.half and lines and len(lines[-1]) == 1 and lines[-1][0].half:
            lines[-1].append(box)
        else:
            lines.append([box])
    return lines
