"""Values of unlike kinds side by side are asked about when an expression is published, and only where nothing else can come of it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from bpmn import CITY, files, process
from feeling import TODAY, Values
from readings import reading, stops
from test_decisions import decision, file
from test_decisions import table as dmn_table
from test_rows_of_a_table import published
from test_words_in_expressions import choice, table, with_table

from engine.kernel.feel import parse
from engine.kernel.model import FieldKind
from engine.kernel.reading import read


def asked(condition: str) -> list[tuple[str, str]]:
    """(rule, message) of what stands against a condition."""
    return [(problem.rule, problem.message) for problem in stops(choice(condition))]


@pytest.mark.parametrize(
    ("condition", "left", "right"),
    [
        ('F1.number = "3"', "「F1.number」は数", "「\"3\"」は文字"),
        ("F1.choice != 1", "「F1.choice」は文字", "「1」は数"),
        ("F1.note > 3", "「F1.note」は文字", "「3」は数"),
        ('F1.agreed = "yes"', "「F1.agreed」ははい・いいえ", "「\"yes\"」は文字"),
        ("F1.on = 3", "「F1.on」は日", "「3」は数"),
        ('F1.on < time("08:30")', "「F1.on」は日", "「time(\"08:30\")」は時刻"),
        ('F1.on - today > duration("P1M")', "「F1.on - today」は期間", "「duration(\"P1M\")」は月数の期間"),
        ('time("08:30") + 1 = 2', "「time(\"08:30\")」は時刻", "「1」は数"),
        ('F1.on = "yesterday"', "「F1.on」は日", "「\"yesterday\"」は文字"),
        ("F1.on - today < 3", "「F1.on - today」は期間", "「3」は数"),
        ('F1.on.year = "2026"', "「F1.on.year」は数", "「\"2026\"」は文字"),
        ('count(F1.kinds) in (1, "two")', "「count(F1.kinds)」は数", "「\"two\"」は文字"),
        ("F1.number in [1..today]", "「F1.number」は数", "「today」は日"),
        ('some r in F1.roles satisfies r.ask = "x"', "「r.ask」ははい・いいえ", "「\"x\"」は文字"),
        ("count(F1.roles[org = 1]) > 0", "「org」は文字", "「1」は数"),
        ("F1.roles[1].org = true", "「F1.roles[1].org」は文字", "「true」ははい・いいえ"),
        ('F1.note + 1 = "x"', "「F1.note」は文字", "「1」は数"),
        ("F1.number = F1.note", "「F1.number」は数", "「F1.note」は文字"),
        ('if F1.agreed then F1.number < "3" else false', "「F1.number」は数", "「\"3\"」は文字"),
    ],
)  # fmt: skip
def test_unlike_kinds_are_named_with_what_is_written(condition: str, left: str, right: str) -> None:
    ((rule, message),) = asked(condition)
    assert rule == "unlike-kinds" and f"{left}、{right}なので" in message


@pytest.mark.parametrize(
    "condition",
    ["count(F1.kinds)", "F1.number + 1", 'if F1.agreed then "yes" else null', "F1.roles[ask]", "[F1.agreed]", "F1.on - today", "lead()", "today", '"yes"'],
)
def test_a_condition_that_gives_no_yes_or_no_is_asked_about_whatever_it_is_made_of(condition: str) -> None:
    city = replace(CITY, results={"lead": FieldKind("org")})
    (problem,) = stops(choice(condition, city=city))
    assert problem.rule == "yes-no-wanted" and f"「{condition}」は、はいかいいえの項目ではありません" in problem.message


@pytest.mark.parametrize(
    ("due", "fits"),
    [
        ("count(F1.kinds)", False), ("F1.number * 2 + 1", True), ("F1.number + 1", False),
        ('time("08:30")', False), ("F1.on = today", False), ("[today]", False),
        ("F1.on + duration(\"P1M\")", True), ("today", True), ("settings.t_reply", True), ("workdays(3)", True), ('if F1.agreed then F1.on else null', True),
        ('if F1.agreed then "P3BD" else "P5BD"', True),
    ],
)  # fmt: skip
def test_a_due_day_is_a_day_a_moment_or_a_period(due: str, fits: bool) -> None:
    found = stops(reading(process("p").start().user("x", form="F2", groups="kakari", due=f"={due}").end()))
    assert [problem.rule for problem in found] == ([] if fits else ["date-wanted"])


@pytest.mark.parametrize("condition", ["F1.number and F1.agreed", "not(F1.note) or F1.agreed", "if F1.on then true else false"])
def test_a_yes_or_no_is_wanted_wherever_one_is_asked(condition: str) -> None:
    ((rule, message),) = asked(condition)
    assert rule == "yes-no-wanted" and "はいかいいえの項目ではありません" in message


@pytest.mark.parametrize(
    "condition",
    [
        "F1.on < today", 'F1.on = "2026-04-01"', 'F1.on + duration("P1M") > today', 'F1.on - today < duration("P3D")', '"P3D" < F1.on - today',
        "F1.number = null", "F1.number in (1, null)", "F1.number in [1..3]", "settings.months = 3", 'settings.t_reply = "P3BD"',
        'string(F1.number) = "3"', "F1.roles.org = null", 'list contains(F1.kinds, "life")', "F1.roles[1].ask", "F1.agreed = (F1.number > 3)",
        'initiator = 3 or initiator = "x"', 'F1.choice + "x" = "yesx"', "F1.agreed in (true, false)", "F1.number * 2 > 3",
    ],
)  # fmt: skip
def test_what_can_be_compared_is_let_through(condition: str) -> None:
    assert asked(condition) == []


@pytest.mark.parametrize(
    ("column", "cell", "fits"),
    [
        ("F1.number", '"3"', False), ("F1.number", '> "3"', False), ("F1.number", "not(true)", False), ("F1.number", '[1.."3"]', False),
        ("F1.number", "? > 3", True), ("F1.number", "F1.agreed", True), ("F1.note", 'starts with(?, "x")', True), ("F1.on", '> date("2026-04-01")', True),
        ("F1.on", "2026", False), ("F1.agreed", '"yes"', False), ("F1.kinds", 'list contains(?, "life")', True), ("count(F1.kinds)", '"1"', False),
    ],
)  # fmt: skip
def test_a_cell_is_of_the_kind_of_its_column(column: str, cell: str, fits: bool) -> None:
    found = stops(published("FIRST", [column], [cell, '"a"'], ["-", '"b"']))
    assert [problem.rule for problem in found] == ([] if fits else ["unlike-kinds"])


SAMPLES: dict[str, list[Any]] = {
    "boolean": [True, False], "number": [0, 1, 2.5], "text": ["", "a", "2026-04-01", "P1D"], "day": [TODAY, "2026-04-01"],
    "moment": ["2026-04-01T08:30:00+09:00"], "list": [[], [1], ["a"]],
}  # fmt: skip


@pytest.mark.parametrize("operation", ["one = other", "one < other", "one + other", "one - other", "one in (other)", "one in [other..other]"])
@pytest.mark.parametrize(("one", "other"), itertools.product(SAMPLES, repeat=2))
def test_what_is_asked_about_gives_null_whatever_a_case_holds(operation: str, one: str, other: str) -> None:
    expression = parse(operation)
    if "+" in operation and {one, other} <= {"day", "moment"}:
        assert expression.misfits({("one",): one, ("other",): other}.get)  # the days of forms would be glued together like texts
    elif expression.misfits({("one",): one, ("other",): other}.get):
        given = {expression.evaluate(Values({"one": left, "other": right})) for left, right in itertools.product(SAMPLES[one], SAMPLES[other])}
        assert given == {None}


def after_table(condition: str, *rows: str, **given: str) -> list[str]:
    """What stands against a condition on the result of a table with the column `way`."""
    drawing = process("p").start().rule("r", "table", "hint").xor("g").when("done", condition).otherwise("done").end()
    return [problem.rule for problem in stops(with_table(drawing, table(*rows, **given)))]


def test_the_result_of_a_table_is_of_the_kind_that_its_rows_say() -> None:
    assert after_table("hint.way > 2", '"yes"|1', "-|2.5") == after_table("hint.way", '"yes"|true', "-|null") == []
    assert after_table('hint.way = "2"', '"yes"|1', "-|2.5") == ["unlike-kinds"]
    assert after_table("hint.way = 1", '"yes"|true', "-|false") == ["unlike-kinds"]
    assert after_table("hint.way", '"yes"|1', "-|2") == ["yes-no-wanted"]
    assert after_table('hint.way = "x"', '"yes"|1', "-|F1.note") == after_table('hint.way = "x"', '"yes"|1', "-|true") == []


def required(cell: str, column: str = "points.level") -> list[str]:
    """What stands against a cell that reads the result of a required table with the column `level`."""
    points = decision(dmn_table("FIRST", ["F1.number"], ["level"], ["> 2", '"high"'], ["-", '"low"']), id="points")
    advice = decision(dmn_table("FIRST", [column], ["way"], [cell, '"a"'], ["-", '"b"']), requires=["points"])
    drawing = process("p").start().rule("r", "advice", "hint").end()
    return [problem.rule for problem in stops(read({**files(drawing), "advice.dmn": file(advice, points)}, CITY))]


def test_the_result_of_a_required_table_is_known_too() -> None:
    assert required('"high"') == []
    assert required('"hihg"') == ["unknown-code"]
    assert required("3") == ["unlike-kinds"]
    assert required('"high"', "points.levle") == ["unknown-field", "unknown-field"]


def test_how_many_rows_hit_is_a_number() -> None:
    counted = decision(dmn_table("COLLECT", ["F1.number"], ["level"], ["> 2", '"high"'], aggregation="COUNT"), id="points")
    for cell, expected in (("> 1", []), ('"many"', ["unlike-kinds"])):
        advice = decision(dmn_table("FIRST", ["points"], ["way"], [cell, '"a"'], ["-", '"b"']), requires=["points"])
        drawing = process("p").start().rule("r", "advice", "hint").end()
        found = read({**files(drawing), "advice.dmn": file(advice, counted)}, CITY)
        assert [problem.rule for problem in stops(found)] == expected


RESULTS = {"persons": FieldKind("list", fields={"share": FieldKind("bool"), "name": FieldKind("text")}), "lead": FieldKind("org")}


@pytest.mark.parametrize(
    ("condition", "rule", "said"),
    [
        ("some p in persons() satisfies p.shere", "unknown-field", "「persons()」に、「shere」という項目はありません。もしかして: share"),
        ("count(persons()[shere]) > 0", "unknown-field", "「persons()」に、「shere」という項目はありません。もしかして: share"),
        ("persons().name.given = null", "unknown-field", "「persons().name」に、「given」という項目はありません"),
        ("every p in persons() satisfies p.share = 1", "unlike-kinds", "「p.share」ははい・いいえ、「1」は数"),
        ("count(persons()[name = true]) > 0", "unlike-kinds", "「name」は文字、「true」ははい・いいえ"),
        ("lead() = 3", "unlike-kinds", "「lead()」は文字、「3」は数"),
        ("persons()[share][1].name = lead()", None, ""),
        ("received_by().anything = 3", None, ""),
    ],
)
def test_what_a_function_gives_is_known_as_far_as_it_is_said(condition: str, rule: str | None, said: str) -> None:
    found = stops(choice(condition, city=replace(CITY, results=RESULTS)))
    assert [problem.rule for problem in found] == ([rule] if rule else [])
    assert said in "".join(problem.message for problem in found)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('time("08:30") + duration("PT1H")', "time"), ('@"09:00" - time("08:30")', "period"),
        ("1 + 1", "number"), ('if F1.agreed then "a" else null', "text"), ("if F1.agreed then 1 else null", "number"), ('if true then 1 else "a"', None),
        ("[1]", "list"), ("{a: 1}", "context"), ("F1.on", "day"), ("F1.agreed", "boolean"), ("null", "null"),
        ("if true then null else null", None),
        ('duration("P1D")', "period"), ('duration("P1Y")', "months"), ("duration(F1.x)", None),
        ('date("2026-04-01") - date("2026-03-01")', "period"), ("nobody()", None),
    ],
)  # fmt: skip
def test_the_kind_of_what_an_expression_gives_is_told_without_evaluating_it(text: str, kind: str | None) -> None:
    known = {("F1", "on"): "day", ("F1", "agreed"): "boolean"}
    assert parse(text).kind(known.get) == kind


def test_the_texts_that_an_expression_may_give_are_told() -> None:
    assert parse('if F1.x = "no" then "a" else ["b", "a"]').texts == ("a", "b")
    assert parse('"a" + "b"').texts == () and parse('count(["a"])').texts == ()


def test_what_is_read_of_the_answers_of_a_form_is_told_with_the_form() -> None:
    reads = parse('records("S2")[at > today].fact').reads({("records()", "S2", "at"), ("today",)}.__contains__)
    assert reads.results == {("records", "S2"), ("records", "S2", "at"), ("records", "S2", "fact")}
    assert parse("records(form).at").paths == {("form",)}
