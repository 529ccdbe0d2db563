"""Tests of one cell of a decision table ("-", `"a","b"`, `>= 2`, `[1..3]`, `not(…)`, `list contains(?, "life")`).

An empty input answer hits only "-" and a cell that names `null` itself; it must never hit by what is not there.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.kernel.feel.evaluation import compiled, either, found_in, opposite, test
from engine.kernel.feel.nodes import Node, walk
from engine.kernel.feel.running import Code, Names, Run, Test
from engine.kernel.feel.values import Inner

INPUT = "?"
_CONDITIONS = frozenset({"compared", "either", "both", "opposite", "within", "some", "every"})


def compiled_cell(node: Node) -> Code:
    """The closure of a whole cell; the input is the name "?"."""
    if node.kind == "anything":
        return lambda run, names: True
    tests = [_cell_test(each) for each in node.parts]
    judged: Callable[[bool | None], bool | None] = opposite if node.kind == "no_tests" else lambda result: result

    def value(run: Run, names: Names) -> Inner:
        subject = names[INPUT]
        return judged(either([each(run, names, subject) for each in tests]))

    return value


def _cell_test(node: Node) -> Test:
    tested = _condition(node) if node.kind == "member" else test(node)
    if any(each.kind == "literal" and each.value is None for each in walk(node)):
        return tested
    return lambda run, names, subject: None if subject is None else tested(run, names, subject)


def _condition(node: Node) -> Test:
    """A test with "?", or that is a condition, is met when true; any other when it equals or holds the input."""
    member = compiled(node.parts[0])
    asks = any(each.kind == "name" and each.word == INPUT for each in walk(node))
    if asks or node.parts[0].kind in _CONDITIONS:
        return lambda run, names, subject: _boolean(member(run, names))
    plain = node.parts[0].kind == "literal"

    def met(run: Run, names: Names, subject: Inner) -> bool | None:
        value = member(run, names)
        if value is True and not plain and not isinstance(subject, bool):
            return True
        return found_in(subject, value, run.budget)

    return met


def _boolean(value: Inner) -> bool | None:
    return value if isinstance(value, bool) else None
