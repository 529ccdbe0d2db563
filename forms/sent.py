"""Sorts what a browser sent into rows and the rest, and turns the rows as the button asks; reads no value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from .characters import showable
from .form import Field
from .layout import Layout
from .messages import FieldError, Place, quoted, row_called, sent_twice
from .values import Desk, Upload
from .write import DATE_BOXES, ROW_KEY

Wants = Literal["complete", "save"] | tuple[Literal["add"], str] | tuple[Literal["remove"], str, int]


@runtime_checkable
class HasLists(Protocol):
    """A MultiDict of werkzeug's kind, which is a mapping to the first values only."""

    def lists(self) -> Iterable[tuple[str, Sequence[str]]]: ...


@dataclass
class Row:
    """One row as sent: its inputs by their name inside the row."""

    values: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)


@dataclass
class Sent:
    """Everything sent: inputs outside of rows, and the rows of each list in order."""

    values: dict[str, list[str]]
    files: dict[str, Upload]
    rows: dict[str, list[Row]]

    def typed(self) -> dict[str, list[str]]:
        """All inputs under the names that the page drawn again will give them."""
        found = dict(self.values)
        for name, rows in self.rows.items():
            for number, row in enumerate(rows):
                found |= {f"{name}-{number}-{key}": values for key, values in row.values.items()}
        return found


def lists_of(submitted: HasLists | Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Every value under its name, as a page can show it again."""
    found: dict[str, list[str]] = {}
    for name, values in submitted.lists() if isinstance(submitted, HasLists) else submitted.items():
        found.setdefault(showable(name), []).extend(showable(value) for value in values)
    return found


def wanted(asked: Sequence[str], plan: Layout, desk: Desk) -> Wants:
    """What the pressed button asks for; what no button of the page asks for is an error and counts as `save`."""
    if len(set(asked)) > 1:
        desk.errors.append(FieldError("do", f"押されたボタン：{sent_twice(asked)}"))
        return "save"
    verb, _, rest = (asked[0] if asked else "complete").partition(":")
    name, _, number = rest.partition(":")
    turned = {group.name for group in plan.lists if not group.fixed}
    if verb == "complete" and not rest:
        return "complete"
    if verb == "save" and not rest:
        return "save"
    if verb == "add" and name in turned and not number:
        return ("add", name)
    if verb == "remove" and name in turned and re.fullmatch(r"0|[1-9][0-9]{0,6}", number):
        return ("remove", name, int(number))
    desk.errors.append(FieldError("do", f"{quoted(asked[0])}というボタンはありません。画面を開き直してください。"))
    return "save"


def split(values: Mapping[str, list[str]], files: Mapping[str, Upload], plan: Layout, desk: Desk) -> Sent:
    """Sorts the inputs into rows and others. Rows are closed up when numbers are missing, and that is said."""
    numbered: dict[str, dict[int, Row]] = {group.name: {} for group in plan.lists}
    sent = Sent({}, {}, {})

    def row_of(name: str) -> tuple[Row, str] | None:
        found = re.fullmatch(r"([^-]+)-(0|[1-9][0-9]{0,6})-(.+)", name, re.DOTALL)
        if not found or found[1] not in numbered:
            return None
        return numbered[found[1]].setdefault(int(found[2]), Row()), found[3]

    for name, texts in values.items():
        row = row_of(name)
        if row:
            row[0].values[row[1]] = texts
        else:
            sent.values[name] = texts
    for name, upload in files.items():
        row = row_of(name)
        if row:
            row[0].files[row[1]] = upload
        else:
            sent.files[name] = upload
    for group in plan.lists:
        rows = numbered[group.name]
        if rows and max(rows) != len(rows) - 1:
            said = f"行の番号が飛んでいます（{max(rows) + 1}件目まであるはずが{len(rows)}件）。中身を確かめてください。"
            desk.errors.append(Place(group).error(said))
        sent.rows[group.name] = [rows[number] for number in sorted(rows)]
    return sent


def turn(sent: Sent, wants: Wants, plan: Layout, desk: Desk) -> Wants:
    """Adds or removes the row asked for; otherwise leaves out rows in which nothing was typed."""
    if isinstance(wants, str):
        for group in plan.lists:
            sent.rows[group.name] = [row for row in sent.rows[group.name] if not _is_blank(group, row)]
        return wants
    rows = sent.rows[wants[1]]
    group = next(group for group in plan.lists if group.name == wants[1])
    if wants[0] == "add":
        if group.most is not None and len(rows) >= group.most:
            desk.errors.append(Place(group).error(f"これ以上は足せません。{group.most}件までです。"))
        else:
            rows.append(Row({ROW_KEY: [""]}))
    elif wants[2] < len(rows):
        del rows[wants[2]]
    else:
        desk.errors.append(Place(group).error(f"{row_called(group, wants[2])}はありません。画面を開き直してください。"))
    return wants


def _is_blank(group: Field, row: Row) -> bool:
    """Whether a row holds nothing but what an untouched one sends: an era, and in a new row the `no` of a tick box.

    A row into which the system wrote is never blank.
    """
    was_there = any(row.values.get(ROW_KEY, ()))
    if was_there and any(member.auto for member in group.rows):
        return False
    silent = {ROW_KEY, *(f"{member.name}-{DATE_BOXES[0]}" for member in group.rows)}
    ticks = {member.name for member in group.rows if member.kind == "bool" and not was_there}
    return not any(upload.filename for upload in row.files.values()) and not any(
        value.strip()
        for name, values in row.values.items()
        for value in values
        if name not in silent and not (name in ticks and value == "no")
    )
