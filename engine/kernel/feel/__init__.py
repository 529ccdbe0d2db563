"""FEEL, the one language of conditions, times, collections and table cells. It only reads data: no code, clock or I/O.

The subset is written in `grammar.lark` and `builtins.py`. Source: DMN 1.3, chapter 10. Where it differs: a comparison
of unlike kinds is null, also with `!=`; an ISO text counts as a day or moment where the other side is one; `a = b = c`
is refused; an empty input hits no cell but "-" and those that name `null`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple, cast

from engine.kernel.feel import values
from engine.kernel.feel.builtins import BUILT_IN
from engine.kernel.feel.cells import INPUT, compiled_cell
from engine.kernel.feel.evaluation import compiled
from engine.kernel.feel.kinds import KindOf, NoCondition, Unlike, kind, misfits
from engine.kernel.feel.nodes import FeelError, Node, walk
from engine.kernel.feel.parsing import read
from engine.kernel.feel.reads import ANSWERS_OF, Found, Known, Path, Reads, texts
from engine.kernel.feel.running import Code, Scope, result
from engine.kernel.feel.values import Budget, Inner, Value

__all__ = [
    "ANSWERS_OF", "BUILT_IN", "NOBODY", "Ask", "Call", "Expression", "FeelError", "Known", "NoCondition", "Path", "Reads", "Scope", "Unary", "Unlike", "Value",
    "equal", "parse", "parse_unary",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function that is not built in."""

    name: str
    arguments: tuple[Expression, ...]
    position: int  # 0-based column in the text of the expression that holds it


class Ask(NamedTuple):
    """One test of a cell, taken apart for people: `>= 2` asks ">=" of 2, `[1..3]` "[]" of 1 and 3, `"own"` "=" of it, a list "holds" a value.

    `how` is "" for a test that cannot be taken apart; `text` is it as written.
    """

    how: str
    values: tuple[Value, ...]
    text: str


class _Text:
    """What expressions and cells have in common."""

    def __init__(self, text: str, node: Node, body: str, offset: int, code: Code) -> None:
        self.text = text  # as written
        self._node, self._body, self._offset, self._code = node, body, offset, code

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"

    @cached_property
    def paths(self) -> frozenset[Path]:
        """The data paths read, if nothing is known of the data: a bare name in a filter is then a field of its row."""
        return self.reads(lambda path: False).paths

    @cached_property
    def literals_compared(self) -> tuple[tuple[Path, str], ...]:
        """(path, text it is compared with by =, !=, in or list contains), when nothing is known of the data."""
        return self.reads(lambda path: False).literals_compared

    def reads(self, known: Known) -> Reads:
        """What is read, given which paths exist: this tells the fields of a filter's row from names outside of it."""
        return self._found.among(known)

    @cached_property
    def literals(self) -> tuple[Value, ...]:
        """The single values that the text names, as they leave an expression: `-1`, `"own"`, `date("2026-04-01")`, `null`."""
        found: list[Value] = []
        ahead = [self._node]
        while ahead:
            node = ahead.pop()
            if _is_literal(node):
                found.append(self._expression(node).evaluate(NOBODY))
            else:
                ahead += reversed(node.parts)
        return tuple(found)

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """The calls of functions that are not built in."""
        return tuple(
            Call(node.word, tuple(self._expression(argument) for argument in node.parts), node.at + self._offset)
            for node in walk(self._node)
            if node.kind == "call" and node.word not in BUILT_IN
        )

    def misfits(self, known: KindOf) -> tuple[Unlike | NoCondition, ...]:
        """What gives null whatever a case holds: unlike kinds side by side, no yes-or-no where one is asked. `known`: the kind of each path."""
        return misfits(self._node, self._body, known)

    def kind(self, known: KindOf) -> str | None:
        """The kind of what it gives, null left aside: number, text, day, …; None when that is not known. `known`: the kind of each path."""
        return kind(self._node, known)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The texts written out that it may give, or that the list that it gives may hold."""
        return tuple(dict.fromkeys(texts(self._node)))

    @cached_property
    def _found(self) -> Found:
        return Found(self._node)

    def _expression(self, node: Node) -> Expression:
        return Expression(self._body[node.at : node.end], node, self._body, -node.at, compiled(node))


class Expression(_Text):
    """A parsed expression. As a condition it is met only if its value `is True`."""

    def evaluate(self, scope: Scope) -> Value:
        """The value in this scope: plain data, a duration as ISO 8601 text. Raises FeelError when it cannot go on."""
        return result(self._code, self.text, self._offset, scope, {})


class Unary(_Text):
    """A parsed cell. The path of its input is ("?",)."""

    def matches(self, value: Value, scope: Scope) -> bool:
        """Whether the cell is hit by this input. Raises FeelError when it cannot go on."""
        return result(self._code, self.text, self._offset, scope, {INPUT: value}) is True

    @cached_property
    def members(self) -> tuple[Value, ...]:
        """The values that the cell asks for one by one: of `"own","hold"` both, of `>= 2` none."""
        asked = [test.parts[0] for test in self._node.parts if test.kind == "member"]
        single = [item for node in asked for item in (node.parts if node.kind == "list" else (node,))]
        return tuple(self._expression(node).evaluate(NOBODY) for node in single if _is_literal(node))

    @property
    def is_else(self) -> bool:
        """Whether the cell is hit by everything but what it asks."""
        return self._node.kind == "no_tests"

    @cached_property
    def asks(self) -> tuple[Ask, ...]:
        """The tests of the cell; none of "-"."""
        return tuple(self._asked(test) for test in self._node.parts)

    def _asked(self, test: Node) -> Ask:
        how, parts = {"limit": test.word, "interval": test.word}.get(test.kind, "="), test.parts
        if test.kind == "member" and parts[0].kind == "call" and parts[0].word == "list contains" and parts[0].parts[0].word == INPUT:
            how, parts = "holds", parts[0].parts[1:]
        values = tuple(self._expression(part).evaluate(NOBODY) for part in parts if _is_literal(part))
        text = self._body[test.at : test.end]
        return Ask(how, values, text) if len(values) == len(parts) else Ask("", (), text)

    def about(self, expression: str) -> str | None:
        """The cell as an expression about this input: `"own"` as `(S1.route) in ("own")`. None for "-"."""
        if self._node.kind == "anything":
            return None
        tests = ", ".join(self._with_input(test, f"({expression})") for test in self._node.parts)
        found = f"({expression}) in ({tests})"
        return f"not({found})" if self._node.kind == "no_tests" else found

    def _with_input(self, test: Node, expression: str) -> str:
        inputs = [node for node in walk(test) if node.kind == "name" and node.word == INPUT]
        text, end = "", test.end
        for node in sorted(inputs, key=lambda node: -node.at):
            text, end = expression + self._body[node.end : end] + text, node.at
        return self._body[test.at : end] + text


class _Nobody:
    """A scope that knows nothing."""

    def name(self, name: str) -> Value:
        raise KeyError(name)

    def call(self, name: str, arguments: list[Value]) -> Value:
        raise KeyError(name)


NOBODY = _Nobody()  # the scope of an expression that may read no data
_SINGLE = frozenset({"date", "date and time", "duration", "years and months duration", "time"})


def _is_literal(node: Node) -> bool:
    """A value written out, a negative one, or a day or duration from written values."""
    if node.kind == "literal":
        return True
    made = node.kind == "negative" or (node.kind == "call" and node.word in _SINGLE)
    return made and all(part.kind == "literal" for part in node.parts)


def equal(left: Value, right: Value) -> bool | None:
    """What `left = right` says in an expression."""
    return values.equal(cast(Inner, left), cast(Inner, right), Budget())


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """An expression, also with a leading "=" or in "${…}". Raises FeelError."""
    node, body, offset = read(text, "expression")
    return Expression(text, node, body, offset, compiled(node))


@lru_cache(maxsize=4096)
def parse_unary(text: str) -> Unary:
    """A cell of a decision table; an empty one counts as "-". Raises FeelError."""
    node, body, offset = read(text if text.strip() else "-", "unary")
    return Unary(text, node, body, offset, compiled_cell(node))
