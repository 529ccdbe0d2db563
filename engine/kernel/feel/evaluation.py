"""Turns a tree into closures that give its value. They read values through the scope only and never change one.

Three-valued logic: what is unanswered or of a wrong kind is null.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta

from engine.kernel.feel.arithmetic import added, divided, multiplied, negated, powered, subtracted
from engine.kernel.feel.builtins import BUILT_IN, at_literal
from engine.kernel.feel.lists import holds, items_of
from engine.kernel.feel.loops import filtered, looped, span
from engine.kernel.feel.nodes import Node
from engine.kernel.feel.running import ROW, Code, Names, Run, Test, Unknown
from engine.kernel.feel.times import Months, part
from engine.kernel.feel.values import Budget, Inner, admitted, equal, given, ordered


def compiled(node: Node, in_row: bool = False) -> Code:
    """The closure of a node. `in_row`: inside a filter, where an unknown name may be a field that no row has."""
    return _COMPILERS[node.kind](node, in_row)


def test(node: Node, in_row: bool = False) -> Test:
    """The closure of one test: a limit (`>= 2`), an interval, or a value that the subject equals or is found in."""
    if node.kind == "limit":
        return _limit(node.word, compiled(node.parts[0], in_row))
    if node.kind == "interval":
        return _interval(node.word, *(compiled(part, in_row) for part in node.parts))
    member = compiled(node.parts[0], in_row)
    return lambda run, names, subject: found_in(subject, member(run, names), run.budget)


def found_in(subject: Inner, value: Inner, budget: Budget) -> bool | None:
    """Whether the subject equals a value, or is one of a list."""
    if isinstance(value, list):
        return holds(items_of(value, budget) or [], subject, budget) or equal(subject, value, budget) is True
    return equal(subject, value, budget)


def either(results: list[bool | None]) -> bool | None:
    """True when one is, else null when one is."""
    return True if True in results else None if None in results else False


def opposite(value: Inner) -> bool | None:
    """The other truth value; null of anything else."""
    return not value if isinstance(value, bool) else None


def _literal(node: Node, in_row: bool) -> Code:
    value = node.value
    return lambda run, names: value


def _name(node: Node, in_row: bool) -> Code:
    name, at = node.word, node.at

    def value(run: Run, names: Names) -> Inner:
        if name in names:
            return names[name]
        run.at = at
        try:
            return admitted(run.scope.name(name))
        except KeyError:
            if in_row and names.get(ROW) is True:
                return None
            raise Unknown(at, f"「{name}」という名前はありません。つづりを確かめてください。") from None

    return value


def _path(node: Node, in_row: bool) -> Code:
    base, field = compiled(node.parts[0], in_row), node.word

    def value(run: Run, names: Names) -> Inner:
        holder = base(run, names)
        if isinstance(holder, dict):
            return admitted(holder.get(field))
        if isinstance(holder, list):
            run.budget.spend(len(holder))
            return [admitted(item.get(field)) if isinstance(item, dict) else None for item in holder]
        if isinstance(holder, str):
            holder = at_literal(holder)  # a day or moment as forms hold it
        return part(holder, field) if isinstance(holder, date | time | timedelta | Months) else None

    return value


def _call(node: Node, in_row: bool) -> Code:
    name, at = node.word, node.at
    arguments = [compiled(part, in_row) for part in node.parts]
    built_in = BUILT_IN.get(name)
    if built_in is not None:
        return _built_in(built_in.apply, arguments, at)

    def called(run: Run, names: Names) -> Inner:
        values = [given(argument(run, names), run.budget) for argument in arguments]
        run.at = at
        try:
            return admitted(run.scope.call(name, values))
        except KeyError:
            raise Unknown(at, f"「{name}」という関数はありません。つづりを確かめてください。") from None

    return called


def _built_in(apply: Callable[[list[Inner], Budget], Inner], arguments: list[Code], at: int) -> Code:
    def called(run: Run, names: Names) -> Inner:
        values = [argument(run, names) for argument in arguments]
        run.at = at
        return apply(values, run.budget)

    return called


def _compared(node: Node, in_row: bool) -> Code:
    left, right = (compiled(part, in_row) for part in node.parts)
    operator = node.word
    if operator == "=":
        return lambda run, names: equal(left(run, names), right(run, names), run.budget)
    if operator == "!=":
        return lambda run, names: opposite(equal(left(run, names), right(run, names), run.budget))
    return lambda run, names: ordered(operator, left(run, names), right(run, names))


def _negation(node: Node, in_row: bool) -> Code:
    operand = compiled(node.parts[0], in_row)
    return lambda run, names: opposite(operand(run, names))


def _junction(node: Node, in_row: bool) -> Code:
    """`and` and `or`: the decisive value wins, else one null makes the result null."""
    operands = [compiled(part, in_row) for part in node.parts]
    decisive = node.kind == "either"

    def value(run: Run, names: Names) -> Inner:
        result: bool | None = not decisive
        for operand in operands:
            one = operand(run, names)
            if one is decisive:
                return decisive
            if type(one) is not bool:
                result = None
        return result

    return value


def _arithmetic(operation: Callable[[Inner, Inner], Inner]) -> Callable[[Node, bool], Code]:
    def compiled_operation(node: Node, in_row: bool) -> Code:
        left, right = (compiled(part, in_row) for part in node.parts)

        def value(run: Run, names: Names) -> Inner:
            one, other = left(run, names), right(run, names)
            run.at = node.at
            return operation(one, other)

        return value

    return compiled_operation


def _negative(node: Node, in_row: bool) -> Code:
    operand = compiled(node.parts[0], in_row)
    return lambda run, names: negated(operand(run, names))


def _choice(node: Node, in_row: bool) -> Code:
    condition, then, otherwise = (compiled(part, in_row) for part in node.parts)
    return lambda run, names: (then if condition(run, names) is True else otherwise)(run, names)


def _list(node: Node, in_row: bool) -> Code:
    items = [compiled(part, in_row) for part in node.parts]
    return lambda run, names: [item(run, names) for item in items]


def _context(node: Node, in_row: bool) -> Code:
    """A later entry may name an earlier one."""
    entries = [(key, compiled(part, in_row)) for key, part in zip(node.names, node.parts, strict=True)]

    def value(run: Run, names: Names) -> Inner:
        made: Names = {}
        for key, entry in entries:
            made[key] = entry(run, {**names, **made})
        return made

    return value


def _span(node: Node, in_row: bool) -> Code:
    return span(node, *(compiled(part, in_row) for part in node.parts))


def _filtered(node: Node, in_row: bool) -> Code:
    base, condition = node.parts
    return filtered(node, compiled(base, in_row), compiled(condition, True), compiled(condition, in_row))


def _loop(node: Node, in_row: bool) -> Code:
    *lists, body = (compiled(part, in_row) for part in node.parts)
    return looped(node, lists, body)


def _within(node: Node, in_row: bool) -> Code:
    """`in`: true when one test is."""
    value, tests = compiled(node.parts[0], in_row), [test(part, in_row) for part in node.parts[1:]]

    def found(run: Run, names: Names) -> Inner:
        subject = value(run, names)
        return either([each(run, names, subject) for each in tests])

    return found


def _limit(operator: str, right: Code) -> Test:
    if operator == "=":
        return lambda run, names, subject: equal(subject, right(run, names), run.budget)
    if operator == "!=":
        return lambda run, names, subject: opposite(equal(subject, right(run, names), run.budget))
    return lambda run, names, subject: ordered(operator, subject, right(run, names))


def _interval(brackets: str, low: Code, high: Code) -> Test:
    above, below = ">=" if brackets[0] == "[" else ">", "<=" if brackets[1] == "]" else "<"

    def inside(run: Run, names: Names, subject: Inner) -> bool | None:
        results = ordered(above, subject, low(run, names)), ordered(below, subject, high(run, names))
        return False if False in results else None if None in results else True

    return inside


_COMPILERS: dict[str, Callable[[Node, bool], Code]] = {
    "literal": _literal, "name": _name, "path": _path, "call": _call, "compared": _compared, "opposite": _negation,
    "either": _junction, "both": _junction, "plus": _arithmetic(added), "minus": _arithmetic(subtracted),
    "times": _arithmetic(multiplied), "over": _arithmetic(divided), "power": _arithmetic(powered), "negative": _negative, "choice": _choice,
    "list": _list, "context": _context, "span": _span, "filtered": _filtered, "within": _within,
    "each": _loop, "some": _loop, "every": _loop,
}  # fmt: skip
