"""One evaluation while it runs: where names come from, what it may cost, how it ends. It must not know the tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from engine.kernel.feel.nodes import FeelError
from engine.kernel.feel.values import Budget, Inner, Overrun, Value, admitted, given

ROW = "[]"  # among the names: whether the row of the innermost filter has fields. No name is spelt so.


class Scope(Protocol):
    """Where an expression finds what it names."""

    def name(self, name: str) -> Value:
        """The value of a name, null when it is known and unanswered. Raises KeyError when it is unknown."""

    def call(self, name: str, arguments: list[Value]) -> Value:
        """The result of a function that is not built in. Raises KeyError when it is unknown."""


class Run:
    """The scope and the budget of one evaluation, and the column it is at."""

    __slots__ = ("scope", "budget", "at")

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.budget = Budget()
        self.at = 0


class Unknown(Exception):
    """A name or function that nothing knows."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at, self.message = at, message


Names = dict[str, Inner]
Code = Callable[[Run, Names], Inner]
Test = Callable[[Run, Names, Inner], bool | None]


def result(code: Code, text: str, offset: int, scope: Scope, names: Mapping[str, Value]) -> Value:
    """The value of a closure. Raises FeelError, with its place in `text`, when it cannot go on."""
    run = Run(scope)
    try:
        return given(code(run, {name: admitted(value) for name, value in names.items()}), run.budget)
    except Unknown as error:
        raise FeelError(text, error.at + offset, error.message) from None
    except Overrun as error:
        raise FeelError(text, run.at + offset, str(error)) from None
