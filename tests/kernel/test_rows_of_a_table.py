"""Publication says which rows of a decision table contradict each other, leave a case open or are never reached."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from bpmn import CITY, files, process
from feeling import Values
from readings import said, stops
from test_decisions import decision, file, table, text

from engine.kernel.decisions import decide, read_decisions
from engine.kernel.model import Reading
from engine.kernel.reading import read


def published(policy: str, inputs: list[str], *rows: list[str], offered: str = "", **more: str) -> Reading:
    """What publication says of a process that uses a table with one result column; `offered` are the values of its conditions."""
    kind = "resultList" if policy in ("COLLECT", "RULE ORDER", "OUTPUT ORDER") else "singleResult"
    drawing = process("p").start().rule("r", "advice", "hint", kind=kind).end()
    logic = table(policy, inputs, ["way"], *rows, **more)
    logic = logic.replace("</input>", f"{text('inputValues', offered)}</input>") if offered else logic
    return read({**files(drawing), "advice.dmn": file(decision(logic))}, CITY)


def clashes(policy: str, inputs: list[str], *rows: list[str]) -> list[str]:
    return [problem.message.partition("): ")[2] for problem in said(published(policy, inputs, *rows), "rows-clash")]


def gap(policy: str, inputs: list[str], *rows: list[str], **more: str) -> str | None:
    found = said(published(policy, inputs, *rows, **more), "rows-leave-gap")
    assert all(problem.kind == "style" for problem in found)
    return found[0].message.partition("例: ")[2].partition(")。")[0] if found else None


NUMBER, ON, CHOICE, AGREED, KINDS = ["F1.number"], ["F1.on"], ["F1.choice"], ["F1.agreed"], ["F1.kinds"]


TOO_LARGE = (
    [f"F1.number + {number}" for number in range(18)],
    *([*["-"] * n, "> 5", *["-"] * (17 - n), '"a"'] for n in range(18)),
    *([*["-"] * n, "< 7", "> 3", *["-"] * (16 - n), '"a"'] for n in range(17)),
    [*["-"] * 18, '"b"'],
)


def test_rows_that_hit_together_stop_publication_with_their_numbers_and_an_example() -> None:
    found = published("UNIQUE", NUMBER, ["<= 18", '"kodomo"'], ["[18..65)", '"otona"'], [">= 65", '"korei"'])
    (problem,) = stops(found)
    assert problem.rule == "rows-clash" and problem.line == 3 and problem.element == "row2"
    assert "1行目と2行目が同時に当てはまります(例: 「F1.number」が 18)" in problem.message
    assert found.model is None


def test_the_example_of_a_clash_does_hit_both_rows() -> None:
    rows = [['< date("2026-04-01")', '"old"'], ['> date("2026-03-01")', '"new"']]
    (problem,) = said(published("UNIQUE", ON, *rows), "rows-clash")
    day = problem.message.partition("が ")[2][:10]
    found, _ = read_decisions("advice.dmn", file(decision(table("COLLECT", ON, ["way"], *rows))))
    assert decide(found["advice"], Values({"F1": {"on": day}})) == [{"way": "old"}, {"way": "new"}]


def test_rows_are_told_apart_by_any_one_column() -> None:
    rows = [['"yes"', "true", '"a"'], ['"yes"', "false", '"b"'], ['"no"', "-", '"c"'], ['"later"', "-", '"d"']]
    assert not stops(published("UNIQUE", [*CHOICE, *AGREED], *rows))
    (one,) = clashes("UNIQUE", [*CHOICE, *AGREED], *rows, ["-", "false", '"e"'])
    assert one.startswith("2行目と5行目が") and "「F1.choice」が \"yes\"、「F1.agreed」が いいえ" in one


def test_two_columns_that_read_the_same_are_looked_at_together() -> None:
    assert clashes("UNIQUE", [*NUMBER, *NUMBER], [">= 1", "< 5", '"a"'], [">= 5", "-", '"b"']) == []


def test_several_choices_can_meet_rows_together() -> None:
    (one,) = clashes("UNIQUE", KINDS, ['list contains(?, "life")', '"a"'], ['list contains(?, "home")', '"b"'])
    assert '「F1.kinds」が ["home"、"life"]' in one


def test_any_allows_rows_that_say_the_same() -> None:
    assert clashes("ANY", NUMBER, ["> 1", '"a"'], ["> 2", '"a"'], ["< 9", "F1.note"]) == []
    assert clashes("ANY", NUMBER, ["> 1", '"a"'], ["> 2", '"b"'])[0].startswith("1行目と2行目が")


@pytest.mark.parametrize("policy", ["FIRST", "PRIORITY", "COLLECT", "RULE ORDER", "OUTPUT ORDER"])
def test_other_policies_allow_rows_to_hit_together(policy: str) -> None:
    assert not stops(published(policy, NUMBER, ["> 1", '"a"'], ["> 2", '"b"'], values='"a","b"'))


@pytest.mark.parametrize(
    ("inputs", "rows", "expected"),
    [
        (NUMBER, [["< 18", "1"], ["[18..65)", "2"], ["> 65", "3"]], "「F1.number」が 65"),
        (NUMBER, [["<= 18", "1"], [">= 19", "2"]], None),  # a form's numbers are whole
        (NUMBER, [["0", "1"], ["> 0", "2"]], None),  # and not negative
        (["F1.number * 2"], [["<= 18", "1"], [">= 19", "2"]], "「F1.number * 2」が 18.5"),
        (ON, [['< date("2026-04-01")', "1"], ['> @"2026-04-01"', "2"]], "「F1.on」が 2026-04-01"),
        (ON, [['[date("2026-04-01")..date("2027-03-31")]', "1"], ['> date("2027-03-31")', "2"]], "「F1.on」が 2026-03-31"),
        (["F1.on - today"], [['< duration("P3D")', "1"], ['> duration("P3D")', "2"]], '「F1.on - today」が "P3D"'),
        (["F1.on - today"], [['< @"P3D"', "1"], ['>= @"P3D"', "2"]], None),
        (["time(F1.on)"], [['< time("17:00")', "1"], ['> time("17:00")', "2"]], '「time(F1.on)」が "17:00:00"'),
        (["time(F1.on)"], [['< time("17:00")', "1"], ['(time("17:00")..time("23:00")]', "2"], ['> time("23:00")', "3"]], '「time(F1.on)」が "17:00:00"'),
        (["time(F1.on)"], [['< time("17:00")', "1"], ['>= time("17:00")', "2"]], None),
        (CHOICE, [['"yes"', "1"], ['"no"', "2"]], '「F1.choice」が "later"'),
        (CHOICE, [['"yes"', "1"], ['not("yes")', "2"]], None),
        (["F1.note"], [['"x"', "1"]], "「F1.note」が (ほかの値)"),
        (AGREED, [["true", "1"]], "「F1.agreed」が いいえ"),
        (AGREED, [["true", "1"], ["false", "2"]], None),
        (KINDS, [['list contains(?, "life")', "1"]], '「F1.kinds」が ["home"]'),
        (["count(F1.kinds)"], [["0", "1"], ["> 0", "2"]], None),
        ([*CHOICE, *AGREED], [['"yes"', "true", "1"], ["-", "false", "2"]], '「F1.choice」が "later"、「F1.agreed」が はい'),
        (NUMBER, [["> F1.number", "1"]], None),  # a cell that reads other data cannot be tried
        ([], [["1"]], None),
    ],
)  # fmt: skip
def test_an_input_that_no_row_meets_is_told(inputs: list[str], rows: list[list[str]], expected: str | None) -> None:
    assert gap("UNIQUE", inputs, *rows) == expected


def test_a_default_result_closes_every_gap() -> None:
    assert gap("UNIQUE", AGREED, ["true", '"a"'], default='"b"') is None


def test_lists_of_results_have_no_gap() -> None:
    assert gap("COLLECT", AGREED, ["true", '"a"']) is None


def test_a_row_below_one_that_takes_all_is_never_reached() -> None:
    found = said(published("FIRST", NUMBER, ["> 1", '"a"'], ["[2..3]", '"b"'], ["-", '"c"'], ["0", '"d"']), "row-never-reached")
    assert [(problem.element, problem.line, problem.kind) for problem in found] == [("row2", 3, "style"), ("row4", 5, "style")]
    assert "2行目は使われません。上の行がいつも先に当てはまるか" in found[0].message


@pytest.mark.parametrize("policy", ["UNIQUE", "FIRST", "COLLECT"])
def test_a_row_whose_conditions_never_meet_is_told(policy: str) -> None:
    found = said(published(policy, [*NUMBER, *NUMBER], ["> 5", "< 3", '"a"'], ["<= 5", "-", '"b"']), "row-never-reached")
    assert [problem.element for problem in found] == ["row1"]


def test_several_rows_together_can_hide_one() -> None:
    rows = [['"yes"', '"a"'], ['"no"', '"b"'], ['"later"', '"c"'], ["-", '"d"']]
    assert said(published("FIRST", CHOICE, *rows), "row-never-reached") == []  # the last is for who did not answer
    hidden = said(published("FIRST", CHOICE, *rows[:3], ['"yes","no"', '"d"'], ["-", '"e"']), "row-never-reached")
    assert len(hidden) == 1 and "4行目は" in hidden[0].message


def test_a_table_too_large_to_look_through_is_told_and_still_published() -> None:
    found = published("FIRST", *TOO_LARGE)
    assert [problem.kind for problem in said(found, "rows-not-checked")] == ["style"]
    assert found.model is not None


@pytest.mark.parametrize("cell", ['"hgih"', '"low","hgih"', 'not("hgih")', '["hgih"]'])
def test_a_value_that_its_column_does_not_offer_is_asked_about(cell: str) -> None:
    found = published("FIRST", ["F1.note"], ['"low"', '"a"'], [cell, '"b"'], offered='"high","low"')
    (problem,) = stops(found)
    assert (problem.rule, problem.element, problem.line) == ("value-not-offered", "row2", 3)
    assert '2行目の「F1.note」のマスの「"hgih"」は' in problem.message and '("high","low")' in problem.message


def test_a_result_that_its_column_does_not_offer_is_asked_about() -> None:
    found = published("PRIORITY", NUMBER, ["> 1", '"a"'], ["-", '"aa"'], values='"a","b"')
    assert [(problem.rule, problem.element) for problem in stops(found)] == [("value-not-offered", "row2")]


@pytest.mark.parametrize(
    ("inputs", "cell", "offered"),
    [
        (NUMBER, "> 5", "[0..120]"), (NUMBER, "120", "[0..120]"), (NUMBER, "null", "[0..120]"), (NUMBER, "F1.number", "1,2"),
        (["F1.note"], "starts with(?, \"x\")", '"high","low"'), (ON, 'date("2026-04-01")', '>= date("2026-04-01")'), (NUMBER, "3", "> settings.months"),
    ],
)  # fmt: skip
def test_what_a_column_may_hold_can_be_told_by_any_test(inputs: list[str], cell: str, offered: str) -> None:
    assert not stops(published("FIRST", inputs, [cell, '"a"'], ["-", '"b"'], offered=offered))
    if cell == "120":
        assert stops(published("FIRST", inputs, ["121", '"a"'], offered=offered))


def test_the_values_of_a_column_are_all_that_there_are() -> None:
    rows = [['"high"', '"a"'], ['"low"', '"b"']]
    assert said(published("UNIQUE", ["F1.note"], *rows, offered='"high","low"'), "rows-leave-gap") == []
    (left,) = said(published("UNIQUE", ["F1.note"], *rows, offered='"high","low","middle"'), "rows-leave-gap")
    assert '「F1.note」が "middle"' in left.message


def test_values_of_a_column_that_cannot_be_read_are_asked_about() -> None:
    (problem,) = stops(published("FIRST", NUMBER, ["1", '"a"'], offered="0 to 5"))
    assert problem.rule == "bad-cell" and "条件の列「F1.number」の候補の値「0 to 5」を読めません" in problem.message


def value_of(example: str) -> Any:
    text = example.partition("が ")[2]
    return Decimal(text) if text.replace(".", "").lstrip("-").isdecimal() else text


@pytest.mark.parametrize("bounds", [(0, 3, 3, 9), (0, 4, 3, 9), (1, 2, 8, 9), (5, 5, 5, 5)])
def test_the_example_of_a_gap_hits_no_row(bounds: tuple[int, ...]) -> None:
    a, b, c, d = bounds
    rows = [[f"[{a}..{b})", "1"], [f"[{c}..{d})", "2"]]
    example = gap("FIRST", ["F1.number / 1"], *rows)
    assert example is not None
    found, _ = read_decisions("advice.dmn", file(decision(table("FIRST", ["F1.number"], ["way"], *rows))))
    assert decide(found["advice"], Values({"F1": {"number": value_of(example)}})) is None
