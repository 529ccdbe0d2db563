"""Decides how each field is drawn: which input, which options, which words around it; writes no HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .choices import Choices
from .conditions import Switches
from .dates import ERA_NAMES, WESTERN, ImpossibleDate, read_date, wareki
from .form import Field
from .layout import Layout
from .messages import FieldError
from .saying import said
from .write import DATE_BOXES, NEW, TIME_BOXES, Typed, names_of

_RADIOS = 6
_SHORT = 20
_NARROW = 13
_IN_A_LINE = 36


_Boxes = Mapping[str, Sequence[str]]
_Words = dict[str, Any]


@dataclass(frozen=True)
class Option:
    """One thing to tick or choose; `on` are the classes that switch other fields on."""

    value: str
    label: str
    checked: bool
    on: str = ""
    group: str = ""


@dataclass(frozen=True)
class Row:
    """One row of a list as drawn: what the system wrote into it, its inputs, and those under 「ほかの項目」.

    `unfolded` says that something is in the folded ones.
    """

    number: int
    called: str
    named: str
    key: str
    givens: Sequence[Control]
    controls: Sequence[Control]
    folded: Sequence[Control]
    unfolded: bool
    wrong: str


@dataclass(frozen=True)
class Control:
    """A field as drawn. `shape` names the macro that prints it; what a shape does not need stays empty."""

    path: str
    title: str
    shape: str
    hint: str = ""
    unit: str = ""
    value: str = ""
    boxes: Mapping[str, str] = field(default_factory=dict)
    options: Sequence[Option] = ()
    eras: Sequence[Option] = ()
    style: str = ""
    must: bool = False
    when: str = ""
    hides: str = ""
    source: str = ""
    wrong: str = ""
    other: str = ""
    marker: bool = False
    rows: Sequence[Row] = ()
    in_line: bool = False
    fixed: bool = False
    full: bool = False
    people: bool = False
    most: int | None = None

    @property
    def described(self) -> str:
        """The ids of hint, source and error, for `aria-describedby`."""
        marks = {"hint": self.hint, "source": self.source, "wrong": self.wrong}
        return " ".join(f"{self.path}-{mark}" for mark, text in marks.items() if text)


@dataclass
class Board:
    """What drawing a page needs at hand; remembers which of the typed values found their input."""

    plan: Layout
    values: Typed
    data: Mapping[str, Any]
    choices: Choices
    errors: Mapping[str, FieldError]
    sources: Mapping[str, str]
    used: set[str] = field(default_factory=set)

    def take(self, name: str) -> list[str]:
        """What was typed under an HTML name."""
        self.used.add(name)
        return list(self.values.get(name, ()))

    def wrong(self, path: str) -> str:
        """The error at a place, or ""."""
        return self.errors[path].message if path in self.errors else ""


@dataclass(frozen=True)
class Scope:
    """Where fields stand: the page, or one row."""

    prefix: str
    switches: Switches
    whens: Mapping[str, str]
    data: Mapping[str, Any]
    group: str = ""
    mark: str = ""

    @property
    def is_row(self) -> bool:
        return bool(self.prefix)


def control(board: Board, asked: Field, scope: Scope) -> Control:
    """How a field that is not a list is drawn."""
    path = scope.prefix + asked.name
    when = scope.whens.get(asked.name, "")
    switched = scope.switches.when(asked.name)
    common: _Words = {
        "path": path,
        "title": asked.title,
        "hint": asked.hint,
        "unit": asked.unit,
        "must": asked.required or bool(switched),
        "when": when,
        "hides": classes(f"{scope.mark}when", switched),
        "source": board.sources.get(path, ""),
        "wrong": board.wrong(path),
    }
    if asked.auto:
        return Control(**{**common, "must": False, "when": "", "shape": "given", "value": _given(board, asked, scope)})
    boxes = {name.removeprefix(path).removeprefix("-"): board.take(name) for name in names_of(asked, scope.prefix)}
    return Control(**{**common, **_SHAPES[asked.kind](board, asked, scope, boxes)})


def _first(boxes: _Boxes, name: str = "") -> str:
    return next((value for value in boxes.get(name, ()) if value), "")


def _text(board: Board, asked: Field, scope: Scope, boxes: _Boxes) -> _Words:
    value = _first(boxes)
    long = asked.kind == "longtext" or "\n" in value
    return {"shape": "area" if long else "text", "value": value, "style": "" if asked.required else "short"}


def _number(board: Board, asked: Field, scope: Scope, boxes: _Boxes) -> _Words:
    return {"shape": "number", "value": _first(boxes)}


def _bool(board: Board, asked: Field, scope: Scope, boxes: _Boxes) -> _Words:
    sent = boxes[""]
    if asked.required:
        options = [
            Option(value, label, sent[-1:] == [value], _on(scope, asked, value))
            for value, label in (("yes", "はい"), ("no", "いいえ"))
        ]
        return {"shape": "radio", "options": options, "style": "choices"}
    options = [Option("yes", "はい", "yes" in sent, _on(scope, asked, "yes"))]
    return {"shape": "tick", "options": options, "marker": "no" in sent or asked.prefill is not None}


def _one_of(board: Board, asked: Field, scope: Scope, boxes: _Boxes) -> _Words:
    value = _first(boxes)
    options = [
        Option(choice.value, choice.label, choice.value == value, _on(scope, asked, choice.value), choice.group)
        for choice in board.choices.of(asked)
    ]
    labels = [option.label for option in options]
    few = 0 < len(options) <= _RADIOS and all(len(label) <= _SHORT for label in labels)
    if any(code.code == value for code in board.plan.unseen[scope.group + asked.name]):
        value = ""
    known = not value or any(option.checked for option in options)
    if few and known and not scope.is_row and asked.kind in ("code", "person"):
        if not asked.required and not scope.switches.when(asked.name):
            options.append(Option("", "選ばない", not value))
        return {"shape": "radio", "options": options, "style": _choices_style(labels)}
    if not known:
        options.append(Option(value, f"（一覧にない値）{value}", True))
    return {"shape": "select", "options": options, "value": value}


def _many_of(board: Board, asked: Field, scope: Scope, boxes: _Boxes) -> _Words:
    sent = boxes[""]
    options = [
        Option(choice.value, choice.label, choice.value in sent, _on(scope, asked, choice.value))
        for choice in board.choices.of(asked)
    ]
    if asked.kind == "persons":
        known = {option.value for option in options}
        options += [Option(value, f"（一覧にない値）{value}", True) for value in sent if value and value not in known]
    return {"shape": "ticks", "options": options, "style": _choices_style([option.label for option in options], True)}


def _date(board: Board, asked: Field, scope: Scope, boxes: _Boxes) -> _Words:
    era = _first(boxes, "era")
    names = [*ERA_NAMES, *([era] if era and era not in ERA_NAMES else [])]
    return {
        "shape": asked.kind,
        "boxes": {box: _first(boxes, box) for box in (*DATE_BOXES, *TIME_BOXES)},
        "eras": [Option(name, name, name == era) for name in names],
        "other": _other_calendar(boxes),
    }


def _meeting(board: Board, asked: Field, scope: Scope, boxes: _Boxes) -> _Words:
    chosen = _one_of(board, asked, scope, {"": [value for value in boxes[""] if value != NEW]})
    new = Option(NEW, "新しい会議を作る", NEW in boxes[""], "reveal-on")
    return {
        **_date(board, asked, scope, boxes),
        "shape": "meeting",
        "options": [*chosen["options"], new],
        "value": _first(boxes),
    }


_SHAPES: Mapping[str, Callable[[Board, Field, Scope, _Boxes], _Words]] = {
    "text": _text,
    "longtext": _text,
    "number": _number,
    "bool": _bool,
    "code": _one_of,
    "org": _one_of,
    "user": _one_of,
    "person": _one_of,
    "file": lambda board, asked, scope, boxes: {**_one_of(board, asked, scope, boxes), "shape": "file"},
    "codes": _many_of,
    "persons": _many_of,
    "date": _date,
    "datetime": _date,
    "meeting": _meeting,
}


def _on(scope: Scope, asked: Field, code: str) -> str:
    return classes(f"{scope.mark}on", scope.switches.on(asked.name, code))


def classes(word: str, numbers: Sequence[int]) -> str:
    """The class names of some switches: `when-1 when-4`."""
    return " ".join(f"{word}-{number}" for number in numbers)


def _given(board: Board, asked: Field, scope: Scope) -> str:
    return said(asked, scope.data.get(asked.name), board.choices)


def _choices_style(labels: Sequence[str], many: bool = False) -> str:
    if not many and sum(len(label) for label in labels) <= _IN_A_LINE:
        return "choices"
    return "choices--grid choices--wide" if any(len(label) > _NARROW for label in labels) else "choices--grid"


def _other_calendar(boxes: _Boxes) -> str:
    """The day typed, in the calendar in which it was not typed."""
    era = _first(boxes, "era") or ERA_NAMES[0]
    try:
        day = read_date(era, *(_first(boxes, box) for box in DATE_BOXES[1:]))
    except ImpossibleDate:
        return ""
    return wareki(day) if era == WESTERN else f"西暦{day.year}年"
