"""What publication says of the rows of a table is what comes out when every input is tried, for tables that chance has drawn."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from feeling import Values
from hypothesis import given, settings
from hypothesis import strategies as st
from test_decisions import decision, file, table

from engine.kernel.decisions import Coverage, Decision, Domain, find, read_decisions

CHOICES = ("yes", "no", "later")
DOMAINS = {"F1.number": Domain(whole=True), "F1.choice": Domain(CHOICES), "F1.agreed": Domain((True, False)), "F1.kinds": Domain(CHOICES, several=True)}
NUMBERS = st.integers(0, 9)
TEXTS = st.sampled_from([f'"{each}"' for each in CHOICES])
TESTS = {
    "F1.number": st.one_of(
        NUMBERS.map(str), st.tuples(st.sampled_from(["<", "<=", ">", ">="]), NUMBERS).map(lambda pair: f"{pair[0]} {pair[1]}"),
        st.tuples(st.sampled_from("[("), NUMBERS, NUMBERS, st.sampled_from("])")).map(lambda part: f"{part[0]}{part[1]}..{part[2]}{part[3]}"),
    ),
    "F1.choice": TEXTS,
    "F1.agreed": st.sampled_from(["true", "false"]),
    "F1.kinds": TEXTS.map(lambda text: f"list contains(?, {text})"),
}  # fmt: skip
INPUTS: dict[str, list[Any]] = {
    "number": [*range(12), None], "choice": [*CHOICES, None], "agreed": [True, False, None],
    "kinds": [list(each) for size in range(3) for each in itertools.combinations(CHOICES, size)] + [None],
}  # fmt: skip


def cells(column: str) -> st.SearchStrategy[str]:
    one = TESTS[column]
    return st.one_of(
        st.just("-"), one, st.tuples(one, one).map(", ".join), one.map(lambda test: f"not({test})"), st.just("null") if column != "F1.kinds" else one
    )


@st.composite
def drawn(draw: st.DrawFn, policy: str) -> Decision:
    """A table with up to three columns and five rows, whose rows say their number."""
    columns = draw(st.lists(st.sampled_from(sorted(DOMAINS)), min_size=1, max_size=3))
    rows = [[*(draw(cells(column)) for column in columns), str(number)] for number in range(1, draw(st.integers(1, 5)) + 1)]
    found, problems = read_decisions("advice.dmn", file(decision(table(policy, columns, ["row"], *rows))))
    assert problems == ()
    return found["advice"]


def coverage(advice: Decision) -> Coverage:
    return Coverage(advice, [DOMAINS[column.expression] for column in advice.inputs])


def tried(advice: Decision) -> Iterator[tuple[dict[str, Any], tuple[int, ...]]]:
    """Every input, and the rows that it hits."""
    names = sorted({column.expression.partition(".")[2] for column in advice.inputs})
    for values in itertools.product(*(INPUTS[name] for name in names)):
        given_values = dict(zip(names, values, strict=True))
        yield given_values, find(advice, Values({"F1": given_values})).rows["advice"]


@settings(max_examples=120, deadline=None)
@given(drawn("COLLECT"))
def test_rows_are_said_to_clash_exactly_when_some_input_hits_both(advice: Decision) -> None:
    hit = [rows for _, rows in tried(advice)]
    clashing = {later for rows in hit for later in rows[1:]}
    assert {clash.second for clash in coverage(advice).clashes()} == clashing
    assert all(any({clash.first, clash.second} <= set(rows) for rows in hit) for clash in coverage(advice).clashes())


@settings(max_examples=120, deadline=None)
@given(drawn("COLLECT"))
def test_a_gap_is_told_exactly_when_some_answered_input_hits_no_row(advice: Decision) -> None:
    left_open = any(rows == () for values, rows in tried(advice) if None not in values.values())
    assert (coverage(advice).gap() is not None) == left_open


@settings(max_examples=120, deadline=None)
@given(drawn("FIRST"))
def test_a_row_is_said_to_be_hidden_exactly_when_no_input_reaches_it(advice: Decision) -> None:
    reached = {row for _, rows in tried(advice) for row in rows}
    assert set(coverage(advice).hidden()) == set(range(1, len(advice.rules) + 1)) - reached
