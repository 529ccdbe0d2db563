"""Checks whether the rows of a decision table fit together, from what is known of its columns; it must not decide anything."""

from __future__ import annotations

from dataclasses import replace

from engine.kernel.decisions import Coverage, Decision, Domain, Input, TooLarge
from engine.kernel.expressions import Names, direct
from engine.kernel.remarks import Remarks

_ONE_ROW = ("UNIQUE", "ANY", "PRIORITY", "FIRST")  # nothing is said when no row hits
_COUNTS = ("count(", "string length(")


def check_rows(decision: Decision, names: Names, remarks: Remarks) -> None:
    """Rows that hit together though they must not, inputs that no row meets, rows that are never reached."""
    if decision.expression is not None:
        return
    coverage = Coverage(decision, [_domain(column, names) for column in decision.inputs])
    rows = [replace(decision, id=rule.id, line=rule.line) for rule in decision.rules]
    if decision.hit_policy in ("UNIQUE", "ANY"):
        for clash in coverage.clashes():
            remarks.say("rows-clash", rows[clash.second - 1], first=clash.first, second=clash.second, example=_example(clash.example))
    try:
        if decision.hit_policy == "FIRST":
            for row in coverage.hidden():
                remarks.say("row-never-reached", rows[row - 1], row=row)
        gap = coverage.gap() if decision.hit_policy in _ONE_ROW and all(each.default is None for each in decision.outputs) else None
        if gap is not None:
            remarks.say("rows-leave-gap", decision, example=_example(gap))
    except TooLarge:
        remarks.say("rows-not-checked", decision)


def _domain(column: Input, names: Names) -> Domain:
    kind = direct(column.expression, names)
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
        case "number":
            return Domain(whole=True)
    return Domain()


def _example(example: str) -> str:
    return f"例: {example}" if example else "どんなときも"
