"""What FEEL tests say: values at hand under names, and functions that give fixed results. It mocks nothing of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest

from engine.kernel.feel import FeelError, Value, parse, parse_unary

TODAY = date(2026, 4, 2)
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "received_by": lambda: "zeimu",
    "lead": lambda: "fukushi",
    "consent": lambda agency, step: agency in ("choju", "kenko") and step == "share",
    "persons": lambda: [{"id": "1", "share": False, "plan": False}, {"id": "2", "share": True}],
    "answers": lambda form: [{"answer": "accepted"}, {"answer": "conditional"}] if form == "F10R" else [],
    "asker_waits": lambda: True,
    "awaits": lambda message: message == "review_requested",
    "given back": lambda *arguments: list(arguments),
}


class Values:
    """A scope of names and functions; an unknown one is a KeyError, as the contract wants."""

    def __init__(self, names: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] = FUNCTIONS) -> None:
        self._names, self._functions = names, functions

    def name(self, name: str) -> Value:
        return self._names[name]

    def call(self, name: str, arguments: list[Value]) -> Value:
        return self._functions[name](*arguments)


def value(text: str, **names: Any) -> Value:
    """What an expression gives when these names are known."""
    return parse(text).evaluate(Values({"today": TODAY, **names}))


def hits(cell: str, answer: Any, **names: Any) -> bool:
    """Whether a cell of a table is hit by an input."""
    return parse_unary(cell).matches(answer, Values({"today": TODAY, **names}))


def refusal(text: str, **names: Any) -> FeelError:
    """The error that an expression is refused with, when read or when evaluated."""
    with pytest.raises(FeelError) as raised:
        value(text, **names)
    return raised.value
