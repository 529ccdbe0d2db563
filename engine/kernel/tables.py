"""Checks whether the rows of a decision table fit together, from what is known of its columns; it must not decide anything."""

from __future__ import annotations

from dataclasses import replace

from engine.kernel.decisions import Coverage, Decision, Domain, Input, TooLarge, cell_place, said
from engine.kernel.expressions import Names, direct
from engine.kernel.feel import NOBODY, FeelError, Value, parse, parse_unary
from engine.kernel.remarks import Remarks

_ONE_ROW = ("UNIQUE", "ANY", "PRIORITY", "FIRST")  # nothing is said when no row hits
_COUNTS = ("count(", "string length(")


def check_rows(decision: Decision, names: Names, remarks: Remarks) -> None:
    """Values that a column does not offer, rows that hit together though they must not, inputs that no row meets, rows never reached."""
    if decision.expression is not None:
        return
    _check_values(decision, remarks)
    coverage = Coverage(decision, [_domain(column, names) for column in decision.inputs])
    rows = [replace(decision, id=rule.id, line=rule.line) for rule in decision.rules]
    if decision.hit_policy in ("UNIQUE", "ANY"):
        for clash in coverage.clashes():
            remarks.say("rows-clash", rows[clash.second - 1], first=clash.first, second=clash.second, example=_example(clash.example))
    try:
        for row in coverage.hidden():
            remarks.say("row-never-reached", rows[row - 1], row=row)
        gap = coverage.gap() if decision.hit_policy in _ONE_ROW and all(each.default is None for each in decision.outputs) else None
        if gap is not None:
            remarks.say("rows-leave-gap", decision, example=_example(gap))
    except TooLarge:
        remarks.say("rows-not-checked", decision)


def _check_values(decision: Decision, remarks: Remarks) -> None:
    """What rows name stands among the values that their columns offer (`inputValues`, `outputValues`)."""
    for number, rule in enumerate(decision.rules, 1):
        place = replace(decision, id=rule.id, line=rule.line)
        for column, cell in zip(decision.inputs, rule.cells, strict=True):
            for value in parse_unary(cell).members if column.values is not None else ():
                if value is not None and not _offers(column.values or "-", value):
                    remarks.say("value-not-offered", place, where=cell_place(number, column.label), value=said(value), offered=column.values)
        for result, text in zip(decision.outputs, rule.outputs, strict=True):
            found = _literal(text) if result.values is not None else None
            if found is not None and not _offers(f"[{result.values}]", found):
                remarks.say("value-not-offered", place, where=cell_place(number, result.label), value=said(found), offered=result.values)


def _offers(tests: str, value: Value) -> bool:
    """Whether a value is among those offered; true where only a case can tell."""
    try:
        return parse_unary(tests).matches(value, NOBODY)
    except FeelError:
        return True


def _literal(text: str) -> Value:
    try:
        return parse(text).evaluate(NOBODY)
    except FeelError:
        return None


def _domain(column: Input, names: Names) -> Domain:
    kind = direct(column.expression, names)
    offered = parse_unary(column.values).members if column.values is not None else ()
    if offered and (kind is None or kind.codes is None) and _is_all(column.values or "", offered):
        return Domain(offered, several=kind is not None and kind.kind in ("codes", "list"))
    if column.expression.startswith(_COUNTS):
        return Domain(whole=True)
    if kind is None:
        return Domain()
    codes = tuple(sorted(kind.codes)) if kind.codes is not None else None
    match kind.kind:
        case "code":
            return Domain(codes)
        case "codes":
            return Domain(codes, several=True)
        case "bool":
            return Domain((True, False))
        case "number" if column.expression.partition(".")[0] in names.vocabulary.forms:
            return Domain(whole=True)
    return Domain()


def _is_all(tests: str, offered: tuple[Value, ...]) -> bool:
    """Whether the tests of a column name values only, so that there are no others."""
    return _literal(f"[{tests}]") == list(offered)


def _example(example: str) -> str:
    return f"例: {example}" if example else "どんなときも"
