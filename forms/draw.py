"""Draws a part of a form as HTML that is complete without JavaScript; reads no request and knows no address.

The page around it (form tag, main button, token, summary of errors) is the caller's. Class names are those of the
product's style sheet. Values shown are those typed, if anything was typed, else those of the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from .choices import Choices
from .conditions import holds
from .controls import Board, Control
from .form import Field, Form, May, Part, anybody, cut
from .layout import Layout, answered, layout
from .messages import FieldError
from .page import Translate, render, unchanged
from .read import read
from .repeats import controls
from .write import Typed, write


@dataclass(frozen=True)
class Heading:
    """One section as drawn: how many of its fields must be filled, and how many are; it hides when all of them do."""

    title: str
    hides: str
    controls: Sequence[Control]
    required: int
    filled: int


def draw(
    form: Form,
    part: Part | str,
    data: Mapping[str, Any],
    *,
    errors: Sequence[FieldError] = (),
    typed: Typed | None = None,
    choices: Choices | None = None,
    may: May = anybody,
    sources: Mapping[str, str] | None = None,
    action: str = "",
    translate: Translate = unchanged,
) -> Markup:
    """The sections of a part, to stand inside a form tag that posts.

    data: the whole answer so far, prefilled; system fields show what it says.
    typed: what was typed (`Submitted.typed`, or a draft); wins over data.
    sources: where a carried-over value comes from, by HTML name.
    action: the address that the form posts to; lets the row buttons come back to their list.
    """
    plan = layout(form, part, may)
    values = write(form, part, data, may=may) if typed is None else typed
    board = Board(plan, values, data, choices or Choices(), {error.path: error for error in errors}, sources or {})
    drawn = controls(board)
    answer = answered(read(form, part, values, before=data, may=may).data)
    wanted = _wanted(form, plan, answer)
    headings = [
        Heading(
            section.title or plan.part.title,
            _shared(drawn[field.name].hides for field in section.fields),
            [drawn[field.name] for field in section.fields],
            sum(field.name in wanted for field in section.fields),
            sum(field.name in wanted and field.name in answer for field in section.fields),
        )
        for section in cut(plan.fields)
    ]
    strangers = {name: texts for name, texts in values.items() if name not in board.used}
    return render(
        "part.html", translate, headings=headings, strangers=strangers, restricted=plan.restricted, action=action
    )


def links(
    form: Form, part: Part | str, errors: Sequence[FieldError], *, may: May = anybody
) -> list[tuple[str | None, str]]:
    """For the summary of errors: the id of the input to go to (None when there is none), and the sentence."""
    plan = layout(form, part, may)
    return [(_anchor(plan, error.path), error.message) for error in errors]


def _anchor(plan: Layout, path: str) -> str | None:
    name, _, rest = path.partition("-")
    field = next((field for field in plan.fields if field.name == name), None)
    if path == "do":
        return None
    if field is None or field.auto:
        return "strangers"
    number, _, member = rest.partition("-")
    if not member:
        return _input_of(field, path)
    inner = next((inner for inner in field.rows if inner.name == member and not inner.auto), None)
    return _input_of(inner, path) if inner else f"{name}-{number}"


def _input_of(field: Field, path: str) -> str:
    return f"{path}-y" if field.kind in ("date", "datetime") else path


def _shared(hides: Iterable[str]) -> str:
    """The switches that every one of some fields waits for."""
    return " ".join(sorted(set.intersection(*(set(names.split()) for names in hides))))


def _wanted(form: Form, plan: Layout, answer: Mapping[str, Any]) -> set[str]:
    """The fields that must be filled with the answers so far."""
    shown = {field.name for field in plan.fields if not field.auto}
    wanted = {field.name for field in plan.fields if field.required}
    for condition in form.conditions:
        if shown & set(condition.requires) and holds(condition, answer):
            wanted |= shown & set(condition.requires)
    return wanted
