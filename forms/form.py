"""What a form is once its schema was read: parts, fields, codes, conditions; reads no file and draws nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

May = Callable[[str], bool]
"""Whether the reader may see a level (`L1`, `L2`, `L3`). `L3` is for those who were named; nobody has it by default."""

RESTRICTED = "L3"
CHOSEN = frozenset({"org", "user", "person", "persons", "meeting", "file"})
"""Kinds whose options are not in the schema but come from the case or the organisation."""


def anybody(level: str) -> bool:
    """May see every level that needs no name."""
    return level != RESTRICTED


def named(level: str) -> bool:
    """May see every level."""
    return True


@dataclass(frozen=True)
class Code:
    """One option: stable ASCII code, label, level, and what statistics group it under."""

    code: str
    label: str
    cls: str
    domain: str | None = None
    alone: bool = False


@dataclass(frozen=True)
class Condition:
    """`if test then …`: the fields it requires and the remaining constraint, with words for both.

    test and rest are JSON Schemas over the answer (or over one row); `reads` are the fields the test looks at.
    """

    test: Mapping[str, Any]
    requires: tuple[str, ...]
    rest: Mapping[str, Any]
    reads: tuple[str, ...]
    binds: tuple[str, ...]
    when: str | None = None
    message: str | None = None


@dataclass(frozen=True)
class Field:
    """One property. `rows` are the fields of a repeated row, `conditions` hold inside such a row.

    `kind` is text, longtext, date, datetime, bool, number, code, codes, list, or one of CHOSEN.

    `required` says whether it is always required: in the part it was taken from, or in its row.
    `most` is the largest length, number of rows or number allowed.
    `hidden_by` is the yes-or-no field with which the writer keeps this one from others; the caller decides from whom.
    """

    name: str
    title: str
    kind: str
    cls: str
    hint: str = ""
    codes: tuple[Code, ...] = ()
    rows: tuple[Field, ...] = ()
    conditions: tuple[Condition, ...] = ()
    parts: tuple[str, ...] = ()
    required: bool = False
    section: str | None = None
    report: bool = False
    verify: bool = False
    reply: bool = False
    prefill: str | None = None
    auto: bool = False
    feeds: str | None = None
    widget: str | None = None
    unit: str = ""
    most: int | None = None
    more: bool = False
    fixed: bool = False
    always: bool = False
    hidden_by: str | None = None

    def label_of(self, code: object) -> str:
        """The label of an option; the code itself when the form knows no such option."""
        return next((option.label for option in self.codes if option.code == code), str(code))


@dataclass(frozen=True)
class Section:
    """A heading (None at the start of a part without one) and its fields."""

    title: str | None
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Part:
    """What one person fills at one moment: the fields in order, as they are in this part."""

    id: str
    title: str
    fields: tuple[Field, ...]
    required: tuple[str, ...]

    @property
    def sections(self) -> tuple[Section, ...]:
        """The fields cut at their headings."""
        return cut(self.fields)

    def field(self, name: str) -> Field:
        """The field of that name. Raises KeyError."""
        return _named(self.fields, name)


@dataclass(frozen=True)
class Rule:
    """What JSON Schema cannot say: `require` (FEEL) must be true in these parts. Evaluated by the caller, not here."""

    id: str
    parts: tuple[str, ...]
    require: str
    at: str
    message: str


@dataclass(frozen=True)
class Print:
    """How the printed sheet ends: a sentence, lines to sign, the parts that bring them (empty: all), and what is printed behind it.

    `joins` are other forms, "F10R" or "F11#plan", whose answers of the same course of work belong to this paper.
    """

    note: str = ""
    signatures: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Form:
    """A form as published: its schema with every reference resolved, and what is read from it."""

    id: str
    title: str
    description: str
    parts: tuple[Part, ...]
    fields: tuple[Field, ...]
    conditions: tuple[Condition, ...]
    rules: tuple[Rule, ...]
    print: Print
    schema: Mapping[str, Any]
    hash: str
    stands_alone: bool = False

    @property
    def is_restricted(self) -> bool:
        """Whether all of it is of level L3: the form is for named readers only, and so is that it was answered."""
        return all(field.cls == RESTRICTED for field in self.fields)

    def part(self, part_id: str) -> Part:
        """The part of that id. Raises KeyError."""
        for part in self.parts:
            if part.id == part_id:
                return part
        raise KeyError(f"用紙 {self.id} に「{part_id}」という部分はありません。")

    def field(self, name: str) -> Field:
        """The field of that name. Raises KeyError."""
        return _named(self.fields, name)

    def called(self, part_id: str | None) -> str:
        """How screens call an answer to this part: 「相談受付票（受付）」; the title alone where there is but one part, or none known."""
        part = next((each.title for each in self.parts if each.id == part_id), "") if len(self.parts) > 1 else ""
        return f"{self.title}（{part}）" if part else self.title


def in_hand(form: Form) -> May:
    """What somebody who has the form in hand may see and write. Who may have a restricted one in hand is decided by the caller."""
    return named if form.is_restricted else anybody


def cut(fields: Iterable[Field]) -> tuple[Section, ...]:
    """The fields grouped under their headings, in order."""
    return tuple(Section(title, tuple(members)) for title, members in groupby(fields, key=lambda field: field.section))


def drawn(fields: tuple[Field, ...], may: May) -> tuple[Field, ...]:
    """The fields, rows and options that this reader may see."""
    return tuple(
        replace(
            field,
            codes=tuple(code for code in field.codes if may(code.cls)),
            rows=drawn(field.rows, may),
        )
        for field in fields
        if may(field.cls)
    )


def holds_restricted(fields: tuple[Field, ...]) -> bool:
    """Whether something here is for named readers only: a field, a row field or an option of level L3."""
    return any(
        field.cls == RESTRICTED or any(code.cls == RESTRICTED for code in field.codes) or holds_restricted(field.rows)
        for field in fields
    )


def _named(fields: tuple[Field, ...], name: str) -> Field:
    for field in fields:
        if field.name == name:
            return field
    raise KeyError(f"「{name}」という項目はありません。")
