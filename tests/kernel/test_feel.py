"""FEEL as process owners write it: what each piece of the language gives, and what is said when it is written wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from feeling import TODAY, Values, hits, refusal, value

from engine.kernel.feel import BUILT_IN, FeelError, parse, parse_unary

ROLES = [{"org": "choju", "ask": True}, {"org": "kenko", "ask": False}, {"org": "esikoni"}]


def same(given: Any, expected: Any) -> bool:
    """Equal, and true is not 1."""
    return given == expected and isinstance(given, bool) == isinstance(expected, bool)


# Conditions of the blueprint


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ('F01.triage = "own"', {"F01": {"triage": "own"}}, True),
        ('F01.triage = "own"', {"F01": {"triage": "connect"}}, False),
        ('F01.consent_state in ("written", "oral")', {"F01": {"consent_state": "oral"}}, True),
        ('F01.consent_state in ("written", "oral")', {"F01": {"consent_state": "pending"}}, False),
        ("count(urgency) > 0", {"urgency": [{"kind": "生命"}]}, True),
        ("count(urgency) > 0", {"urgency": []}, False),
        ("F05.more = true", {"F05": {"more": True}}, True),
        ("some p in persons() satisfies p.share", {}, True),
        ("some p in persons() satisfies p.plan", {}, None),
        ('every a in answers("F10R") satisfies a.answer = "accepted"', {}, False),
        ('every a in answers("F07") satisfies a.answer = "accepted"', {}, True),
        ('F10.agreed = "yes" and (some p in persons() satisfies p.share)', {"F10": {"agreed": "yes"}}, True),
        ('F14.decision = "major" or F15e.proposal = "replan"', {"F14": None, "F15e": {"proposal": "replan"}}, True),
        ('received_by() + ".manager"', {}, "zeimu.manager"),
        ('[lead(), received_by() + ".manager"]', {}, ["fukushi", "zeimu.manager"]),
        ("F10.roles[ask = true]", {"F10": {"roles": ROLES}}, [{"org": "choju", "ask": True}]),
        ('F10.roles[consent(org, "share")].org', {"F10": {"roles": ROLES}}, ["choju", "kenko"]),
        ("asker_waits()", {}, True),
        ('awaits("review_requested")', {}, True),
        ('purpose = "closing"', {"purpose": "closing"}, True),
        ("settings.follow_up_months", {"settings": {"follow_up_months": [1, 3, 6]}}, [1, 3, 6]),
    ],
)
def test_the_blueprint_s_expressions_mean_what_it_says(text: str, names: dict[str, Any], expected: Any) -> None:
    assert same(value(text, **names), expected)


# What was not answered


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("F01.triage", None),
        ("F01.triage.code", None),
        ("F09.anything", None),
        ('F01.triage = "own"', False),
        ('F01.triage != "own"', True),
        ("F01.triage = null", True),
        ("F01.triage != null", False),
        ("is defined(F01.triage)", False),
        ("F01.count > 2", None),
        ("not(F01.count > 2)", None),
        ("F01.count between 1 and 3", None),
        ("F01.count + 1", None),
        ("count(F01.stuck)", None),
        ("sum(F01.amounts)", None),
        ('list contains(F01.stuck, "gap")', None),
        ("F01.rows[ask = true]", None),
        ("some p in F01.rows satisfies p.ask", None),
        ("every p in F01.rows satisfies p.ask", None),
        ("for p in F01.rows return p.ask", None),
        ('F01.triage in ("own", "connect")', False),
        ("F01.triage in (null, 1)", True),
        ("if F01.triage then 1 else 2", 2),
    ],
)
def test_an_unanswered_field_is_null_and_spreads_as_null(text: str, expected: Any) -> None:
    assert same(value(text, F01={}, F09=None), expected)


@pytest.mark.parametrize(
    ("one", "other", "both", "either"),
    [
        ("true", "true", True, True),
        ("true", "false", False, True),
        ("false", "false", False, False),
        ("true", "null", None, True),
        ("null", "true", None, True),
        ("false", "null", False, None),
        ("null", "false", False, None),
        ("null", "null", None, None),
        ("true", "1", None, True),
        ('"x"', "false", False, None),
    ],
)
def test_and_or_have_three_values(one: str, other: str, both: bool | None, either: bool | None) -> None:
    assert same(value(f"{one} and {other}"), both)
    assert same(value(f"{one} or {other}"), either)


def test_not_turns_true_and_false_and_leaves_null() -> None:
    assert [value(f"not({text})") for text in ("true", "false", "null", "1")] == [False, True, None, None]


@pytest.mark.parametrize("text", ['1 = "1"', '1 != "1"', "true = 1", '"a" < 1', "[1] = 1", "[1] < [2]", "true > false"])
def test_unlike_kinds_are_neither_equal_nor_ordered(text: str) -> None:
    assert value(text) is None


# Comparison


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 = 1.0", True),
        ('"あ" = "あ"', True),
        ('"a" < "b"', True),
        ("2 >= 2", True),
        ("[1, 2] = [1, 2]", True),
        ("[1, 2] = [2, 1]", False),
        ('[1, "a"] = [1, 2]', None),
        ('{a: 1, b: "x"} = {b: "x", a: 1}', True),
        ("{a: 1} = {a: 2}", False),
        ("{a: 1} = {b: 1}", False),
        ("null = null", True),
        ("5 in [1..5]", True),
        ("5 in [1..5)", False),
        ("1 in (1..5]", False),
        ("5 in ]1..5[", False),
        ("3 in ]1..5[", True),
        ("3 in (1..5)", True),
        ("3 in ([1..2], [3..4])", True),
        ("3 in (> 2)", True),
        ("3 in > 2", True),
        ("3 in (< 2, > 5)", False),
        ("3 in != 3", False),
        ('"life" in F01.emergency', True),
        ('"none" in F01.emergency', False),
        ("2 between 1 and 3", True),
        ("1 between 1 and 3 and false", False),
    ],
)
def test_comparisons(text: str, expected: Any) -> None:
    assert same(value(text, F01={"emergency": ["life", "abuse"]}), expected)


def test_a_comparison_in_a_row_is_refused() -> None:
    assert "and でつないで" in refusal("1 <= x <= 3").message


# Days


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("F01.check_on = today", True),
        ("F01.check_on < today", False),
        ("today >= F01.check_on", True),
        ('F01.check_on = date("2026-04-02")', True),
        ('today in [date("2026-04-01")..F01.until]', True),
        ("max(F01.check_on, today)", "2026-04-02"),
        ("today - F01.check_on", "P0D"),
        ('F01.check_on + duration("P1M")', date(2026, 5, 2)),
        ("date(F01.check_on).weekday", 4),
    ],
)
def test_a_day_from_an_answer_counts_as_a_day_beside_a_day(text: str, expected: Any) -> None:
    assert same(value(text, F01={"check_on": "2026-04-02", "until": "2026-04-30"}), expected)


def test_a_text_that_is_no_day_is_neither_before_nor_after_one() -> None:
    assert [value(f"F01.note {sign} today", F01={"note": "あした"}) for sign in ("<", ">", "=")] == [None, None, None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('date("2026-01-31") + duration("P1M")', date(2026, 2, 28)),
        ('date("2024-02-29") + duration("P1Y")', date(2025, 2, 28)),
        ('date("2026-03-31") - duration("P1M")', date(2026, 2, 28)),
        ('duration("P3D") + date("2026-04-01")', date(2026, 4, 4)),
        ('date("2026-04-01") + duration("PT36H")', date(2026, 4, 2)),
        ('date("2026-04-03") - date("2026-04-01")', "P2D"),
        ('(date("2026-04-03") - date("2026-04-01")).days', 2),
        ('"2026-04-03" - "2026-04-01"', "P2D"),  # the days of two forms
        ('("2026-04-03" - "2026-04-01").days', 2),
        ('"2026-04-03" - "x"', None),
        ('"2026-04-03".month', 4),
        ('"x".month', None),
        ('date("2026-04-01") + 1', None),
        ('date("9999-12-31") + duration("P1D")', None),
        ('date("9999-12-31") + duration("P1M")', None),
        ('duration("P1D") + duration("PT12H")', "P1DT12H"),
        ('duration("P1Y") - duration("P1M")', "P11M"),
        ('duration("P1D") + duration("P1M")', None),
        ('duration("P1D") * 2', "P2D"),
        ('duration("P7D") / 7', "P1D"),
        ('duration("P7D") / duration("P1D")', 7),
        ('-duration("P1Y2M")', "-P1Y2M"),
        ('duration("P1D") > duration("PT23H")', True),
        ('duration("P12M") = duration("P1Y")', True),
        ("date(2026, 4, 1)", date(2026, 4, 1)),
        ("date(2026, 2, today.day * 15)", None),
        ("today.year * 100 + today.month", 202604),
        ('years and months duration(date("2008-04-03"), today).years', 17),
        ('years and months duration("2008-04-02", today).years', 18),
        ('years and months duration(today, date("2026-01-31"))', "-P2M"),
        ('@"2026-04-01" < today', True),
        ('@"P3D"', "P3D"),
        ('abs(duration("-PT1H"))', "PT1H"),
    ],
)
def test_days_and_durations(text: str, expected: Any) -> None:
    assert same(value(text), expected)


def test_moments_are_read_in_japanese_time() -> None:
    night = datetime(2026, 4, 1, 15, 30, tzinfo=UTC)
    assert value("date(at)", at=night) == date(2026, 4, 2)
    assert value("[at.year, at.day, at.hour, at.minute, at.second]", at=night) == [2026, 2, 0, 30, 0]
    assert value('at = "2026-04-02T00:30"', at=night) is True
    assert value('date and time("2026-04-01T15:30:00Z") = at', at=night) is True
    assert value('date and time("2026-04-02T01:30") - at', at=night) == "PT1H"
    assert value('date(F01.at)', F01={"at": "2026-04-01T15:30:00+00:00"}) == date(2026, 4, 2)
    assert value("at > today", at=night) is None


@pytest.mark.parametrize(
    "text",
    ['date("2026-02-30")', 'date("明日")', 'date("2026-W01-1")', 'duration("P3BD")', 'duration("3")', '@"25:00"',
     'date and time("2026-04-01")', "date(2026, 13, 1)"],
)  # fmt: skip
def test_a_written_day_or_duration_that_does_not_exist_is_refused_when_read(text: str) -> None:
    with pytest.raises(FeelError):
        parse(text)


def test_open_days_are_pointed_to_where_they_can_be_counted() -> None:
    assert "開庁日は workdays(日数)" in refusal('duration("P3BD")').message


# Numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3 - 4 / 2", 5),
        ("(1 + 2) * 3", 9),
        ("10 / 4", Decimal("2.5")),
        ("0.1 + 0.2 = 0.3", True),
        ("1 / 3 * 3 = 1", False),
        ("1 / 0", None),
        ("-2 - -3", 1),
        (".5 + 1.50", 2),
        ("1 + null", None),
        ("1 + true", None),
        ('1 + "1"', None),
        ("1 - [1]", None),
        ("floor(1.5)", 1),
        ("ceiling(-1.5)", -1),
        ("abs(-1.5)", Decimal("1.5")),
        ("decimal(2.345, 2)", Decimal("2.34")),
        ("decimal(2.5, 0)", 2),
        ("round half up(2.345, 2)", Decimal("2.35")),
        ("round half up(-2.5, 0)", -3),
        ("round half down(-2.5, 0)", -2),
        ("round half down(2.51, 0)", 3),
        ("round up(-2.1, 0)", -3),
        ("round down(-2.9, 0)", -2),
        ("round up(1250, -2)", 1300),
        ("round half up(n: 0.5, scale: 0)", 1),
        ("round half up(1, 35)", None),
        ("round half up(1, 0.5)", None),
        ('round half up("1", 0)', None),
        ("round half up(9999999999999999999999999999999999, 1)", None),
        ("modulo(-5, 3)", 1),
        ("modulo(5, -3)", -1),
        ("modulo(5.5, 2)", Decimal("1.5")),
        ("modulo(5, 0)", None),
        ('number("12.50")', Decimal("12.5")),
        ('number("1e9")', None),
        ("min(3, 1, 2)", 1),
        ("max([3, 1, 2])", 3),
        ("sum([1, 2.5])", Decimal("3.5")),
        ("mean(1, 2)", Decimal("1.5")),
        ("sum([])", None),
        ("sum([1, null])", None),
        ('sum(["a"])', None),
        ('max(1, "a")', None),
        ("min([])", None),
    ],
)
def test_numbers_are_exact(text: str, expected: Any) -> None:
    assert same(value(text), expected)


def test_a_fraction_from_an_answer_is_read_as_it_was_written() -> None:
    assert value("F01.rate * 3 = 0.3", F01={"rate": 0.1}) is True
    assert value("F01.rate", F01={"rate": 2.0}) == 2


# Texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"架空" + "太郎"', "架空太郎"),
        ('"a" + 1', None),
        ('"a" + string(1)', "a1"),
        ('string length("𠮷野家")', 3),
        ('contains("星空町1丁目", "町")', True),
        ('starts with("F10.manager", "F10")', True),
        ('ends with("choju.head", ".head")', True),
        ('substring("あいうえお", 2)', "いうえお"),
        ('substring("あいうえお", 2, 3)', "いうえ"),
        ('substring("あいうえお", -2)', "えお"),
        ('substring("あ", 0)', None),
        ('substring("あ", 3)', None),
        ('substring before("choju.head", ".")', "choju"),
        ('substring before("choju", ".")', ""),
        ('substring after("choju.head", ".")', "head"),
        ('substring after("choju", ".")', ""),
        ('upper case("ab")', "AB"),
        ('lower case("AB")', "ab"),
        ('string join(["a", null, "b"], "、")', "a、b"),
        ('string join(["a", "b"])', "ab"),
        ('string join([1], ",")', None),
        ("string(true)", "true"),
        ("string(1.50)", "1.5"),
        ("string(null)", None),
        ("string(today)", "2026-04-02"),
        ('string(duration("PT90M"))', "PT1H30M"),
        (r'"a\"b\\c\nd\t\r"', 'a"b\\c\nd\t\r'),
        (r'"\u3042\U01F600"', "あ😀"),
        (r'"\uD83D\uDE00"', "😀"),
        ('contains(1, "a")', None),
        ("contains(null, null)", None),
    ],
)
def test_texts(text: str, expected: Any) -> None:
    assert same(value(text), expected)


# Lists and contexts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("F10.roles.org", ["choju", "kenko", "esikoni"]),
        ("F10.roles.ask", [True, False, None]),
        ("F10.roles[ask = false].org", ["kenko"]),
        ("F10.roles[not(ask = true)].org", ["kenko", "esikoni"]),
        ("F10.roles[ask = null].org", ["esikoni"]),
        ("F10.roles[item.ask].org", ["choju"]),
        ("F10.roles[org = purpose].org", ["kenko"]),
        ("F10.roles[1].org", "choju"),
        ("F10.roles[-1].org", "esikoni"),
        ("F10.roles[4]", None),
        ("F10.roles[0]", None),
        ("F10.roles[count(F10.roles)].org", "esikoni"),
        ("[1, 2, 3][item > 1]", [2, 3]),
        ("5[item > 3]", [5]),
        ('["a", "b"]["b"]', []),
        ("count(F10.roles)", 3),
        ("count([null])", 1),
        ('list contains(F10.roles.org, "kenko")', True),
        ("list contains([null], null)", True),
        ('list contains([1, "a"], true)', False),
        ('index of(["a", "b", "a"], "a")', [1, 3]),
        ("distinct values([1, 2, 1.0, null, null])", [1, 2, None]),
        ("append([1], 2, 3)", [1, 2, 3]),
        ("append(null, 2)", None),
        ("concatenate([1], [2, 3])", [1, 2, 3]),
        ("concatenate([1], null)", None),
        ("union([1, 2], [2, 3])", [1, 2, 3]),
        ("flatten([[1], [2, [3]]])", [1, 2, 3]),
        ("reverse([1, 2])", [2, 1]),
        ("all([true, null])", None),
        ("all([true, false, null])", False),
        ("all([])", True),
        ("any([false, null])", None),
        ("any(false, true)", True),
        ("for r in F10.roles return r.org", ["choju", "kenko", "esikoni"]),
        ("for i in 1..3 return i * i", [1, 4, 9]),
        ("for i in 3..1 return i", [3, 2, 1]),
        ("for i in 1..x return i", None),
        ("for i in [1, 2], j in [10, 20] return i + j", [11, 21, 12, 22]),
        ("for rows in [[1, 2], [3]], i in rows return i", [1, 2, 3]),
        ("some i in [1, 2, 3] satisfies i > 2", True),
        ("some i in [1, null] satisfies i > 2", None),
        ("some i in [] satisfies i > 2", False),
        ("every i in [1, null] satisfies i > 0", None),
        ("every i in [1, null] satisfies i > 1", False),
        ("some a in [1, 2], b in [2, 3] satisfies a = b", True),
        ("{org: purpose, no: 1 + 1, twice: no * 2}", {"org": "kenko", "no": 2, "twice": 4}),
        ('{"親 子": 1}', {"親 子": 1}),
        ("{}", {}),
        ("{a: {b: 1}}.a.b", 1),
        ("for r in F10.roles return {org: r.org, ask: r.org != \"esikoni\"}.ask", [True, True, False]),
        ("if count(F10.roles) > 2 then \"many\" else \"few\"", "many"),
        ("if false then 1 else if true then 2 else 3", 2),
    ],
)
def test_lists_and_contexts(text: str, expected: Any) -> None:
    assert same(value(text, F10={"roles": ROLES}, purpose="kenko", x=None), expected)


def test_a_field_that_only_some_rows_have_is_null_in_the_others_and_never_a_name_from_outside() -> None:
    rows = [{"org": "choju", "ask": False}, {"org": "kenko"}]
    assert value("rows[ask = true]", rows=rows, ask=True) == []
    assert value("rows[ask = null].org", rows=rows, ask=True) == ["kenko"]


def test_a_field_that_no_row_has_is_null() -> None:
    assert value("rows[ask = null].org", rows=[{"org": "choju"}]) == ["choju"]


def test_a_row_s_own_item_field_is_read_as_the_field() -> None:
    assert value('rows[item = "x" and late = null].no', rows=[{"item": "x", "no": 1}]) == [1]


def test_a_variable_of_a_loop_is_seen_inside_of_a_filter() -> None:
    text = "for p in people return count(F10.roles[org = p.org])"
    assert value(text, people=[{"org": "choju"}, {"org": "sanka"}], F10={"roles": ROLES}) == [1, 0]


def test_a_later_quantifier_reaches_to_the_end() -> None:
    assert value("false and some i in [1] satisfies i = 1 or true") is False
    assert value("true or 1 = 1 and every i in [1] satisfies i = 2") is True
    assert value("(some i in [1] satisfies i = 2) or true") is True


# Other spellings that are read


@pytest.mark.parametrize(
    "text",
    ['=F01.triage = "own"', ' = F01.triage = "own" ', '${F01.triage = "own"}', ' ${ F01.triage == "own" } ',
     'F01.triage == "own" and True', 'F01.triage == "own" or None', 'not F01.triage == "x"', 'not False',
     'F01.triage\n  =\n  "own"'],
)  # fmt: skip
def test_camunda_and_python_spellings_are_read(text: str) -> None:
    assert value(text, F01={"triage": "own"}) is True


def test_an_expression_keeps_its_text_as_written() -> None:
    assert parse('${F01.triage == "own"}').text == '${F01.triage == "own"}'
    assert repr(parse("=today")) == "Expression('=today')"


def test_names_may_be_japanese_or_begin_like_a_keyword() -> None:
    assert value("緊急度 + android + inside", 緊急度=1, android=2, inside=3) == 6
    assert value("F01.in = F01.some", F01={"in": 1, "some": 1}) is True


def test_functions_may_have_names_of_several_words() -> None:
    assert value("given back(1, [2], {a: 3})") == [1, [2], {"a": 3}]
    assert value("given  back()") == []


# Times of day


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('time("08:30:00")', "08:30:00"), ('time("08:30")', "08:30:00"), ('@"17:00"', "17:00:00"), ("time(8, 30, 0)", "08:30:00"),
        ('time("08:30") < time("17:00")', True), ('time("08:30") = @"08:30:00"', True), ('time("08:30") < F01.at', True),
        ('time(F01.received_at) >= time("17:00:00")', True), ("time(F01.received_at)", "17:15:00"),
        ('time(date and time("2026-04-01T23:30:00Z"))', "08:30:00"), ('time("08:30") in [time("08:00")..time("09:00"))', True),
        ('time("23:30") + duration("PT1H")', "00:30:00"), ('time("00:30") - duration("P1DT1H")', "23:30:00"),
        ('time("17:00") - time("08:30")', "PT8H30M"), ('time("08:30") - time("17:00")', "-PT8H30M"), ('F01.at - time("08:30")', "PT30M"),
        ('time("08:30:15").hour + time("08:30:15").minute + time("08:30:15").second', 53), ('max([time("08:30"), time("17:00")])', "17:00:00"),
        ('date and time(date("2026-04-01"), time("08:30")) = date and time("2026-04-01T08:30:00+09:00")', True),
        ('date and time(F01.received_at, "08:30") < date and time(F01.received_at)', True), ('string(time("08:30"))', "08:30:00"),
        ('time("08:30") + duration("P1M")', None), ('time("08:30") = date("2026-04-01")', None), ('time("08:30") < 9', None),
        ("time(date(\"2026-04-01\"))", None), ("time(F01.nothing)", None), ("time(8, 30, F01.nothing)", None), ("time(24, hours, 0)", None),
        ("time(23, 59, 60 - hours)", None), ("date and time(F01.nothing, time(8, 30, 0))", None), ('F01.at.hour', 9), ('time("08:30").day', None),
    ],
)  # fmt: skip
def test_times_of_day_are_japanese_and_leave_as_text(text: str, expected: Any) -> None:
    answers = {"received_at": "2026-04-01T17:15:00+09:00", "at": "09:00:00", "nothing": None}
    assert same(value(text, F01=answers, hours=0), expected)


@pytest.mark.parametrize("text", ['time("24:00")', 'time("08:30+09:00")', 'time("8:30")', "time(8, 30)", "time(8, 60, 0)"])
def test_a_time_that_is_none_is_refused_when_read(text: str) -> None:
    assert "その時刻はありません" in refusal(text).message


def test_a_cell_may_ask_for_a_time_of_day() -> None:
    assert hits('< time("17:00")', "08:30:00") and hits('[time("08:30")..time("17:15")]', "17:15") and not hits('time("08:30")', "08:31:00")
    assert parse_unary('>= time("17:00")').asks == ((">=", ("17:00:00",), '>= time("17:00")'),)


# Values that are handed over by name


@pytest.mark.parametrize(
    ("named", "plain"),
    [
        ('substring(string: "架空の相談", start position: 4)', 'substring("架空の相談", 4)'),
        ('substring(length: 2, string: "架空の相談", start  position: -2)', 'substring("架空の相談", -2, 2)'),
        ("modulo(divisor: 3, dividend: 7)", "modulo(7, 3)"),
        ('list contains(element: "life", list: F01.emergency)', 'list contains(F01.emergency, "life")'),
        ("date(day: 1, month: 4, year: 2026)", "date(2026, 4, 1)"),
        ('date(from: "2026-04-01")', 'date("2026-04-01")'),
        ('string(from: years and months duration(to: date("2026-05-10"), from: date("2020-05-10")))', '"P6Y"'),
        ("for n in [1, 2] return count(list: [n, count(list: [n])])", "[2, 2]"),
    ],
)
def test_a_value_may_be_handed_over_by_its_name_in_any_order(named: str, plain: str) -> None:
    names = {"F01": {"emergency": ["life"]}}
    assert same(value(named, **names), value(plain, **names))
    assert parse(named).paths == parse(plain).paths and parse(named).literals_compared == parse(plain).literals_compared


def test_every_function_takes_its_values_by_name_as_in_order() -> None:
    marks = ["1", '"a"', "[2, 1]", "null", 'date("2026-04-01")', 'duration("P1M")']
    ways = [(name, names) for name, built_in in BUILT_IN.items() for names in built_in.parameters]
    assert len(ways) == 42
    for name, names in ways:
        for first, second in zip(marks, marks[1:] + marks[:1], strict=True):
            given = dict(zip(names, [first, second, "1"], strict=False))
            named, plain = (f"{name}({', '.join(each)})" for each in ([f"{key}: {text}" for key, text in reversed(given.items())], given.values()))
            assert same(outcome(named), outcome(plain)), named


def outcome(text: str) -> Any:
    """The value; of what is refused, why."""
    try:
        return value(text)
    except FeelError as error:
        return error.message


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ('substring(string: "a", start: 1)', 23, "substring(…) に「start」という値はありません。名前は string, start position, length です"),
        ('substring(string: "a")', 0, "「start position」がありません。名前は string, start position, length です"),
        ('substring(string: "a", string: "b", start position: 1)', 23, "「string」が2回書かれています"),
        ('substring("a", start position: 1)', 15, "名前を付けた値と付けない値は、いっしょに渡せません"),
        ("date(year: 2026, month: 4)", 0, "「day」がありません。名前は from、または year, month, day です"),
        ('date(from: "2026-04-01", day: 1)', 25, "date(…) に「day」という値はありません"),
        ("date(year: 2026, month: 2, day: 30)", 0, "その日付はありません"),
        ("append(list: [1], item: 2)", 7, "append(…) に渡す値には名前を付けられません。値だけを順に並べてください"),
        ("given back(a: 1)", 11, "given back(…) に渡す値には名前を付けられません"),
        ("(a: 1)", 2, "「:」を書けるのは"),
        ("not(negand: true)", 10, "「:」を書けるのは"),
    ],
)
def test_a_name_that_is_not_asked_for_is_refused_with_those_that_are(text: str, column: int, said: str) -> None:
    error = refusal(text)
    assert said in error.message and error.position == column


def test_a_duration_is_handed_to_a_function_as_text() -> None:
    assert value('given back(duration("P1M"))') == ["P1M"]


# What is said when it is written wrong


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("", 0, "式がありません"),
        ("  =  ", 3, "式がありません"),
        ("F01.triage = 'own'", 13, "「'」は使えません。文字は「\"」で囲みます"),
        ('F01.triage = "own', 13, "終わりの「\"」がありません"),
        ('F01.triage = “own”', 13, "文字は半角の「\"」で囲みます"),
        ('F01.triage ＝ "own"', 11, "全角の「＝」は使えません。半角の「=」"),
        ("a && b", 2, "and と書きます"),
        ("a || b", 2, "or と書きます"),
        ("!a", 0, "not(…) と書きます"),
        ("a <> b", 2, "!= と書きます"),
        ("a => 1", 2, ">="),
        ("a ≧ 1", 2, ">="),
        ("a b", 2, "「a b」の語のあいだに記号がありません"),
        ("a AND b", 2, "小文字の「and」"),
        ("F01.a AND b", 6, "小文字の「and」"),
        ("a is None", 2, "「=」と書きます"),
        ("F01.a is null", 6, "「=」と書きます"),
        ("a not in b", 2, "not(x in (…))"),
        ("2 ^ 3", 2, "べき乗は ** と書きます"),
        ("-2 ** 2", 3, "「( )」で囲みます"),
        ("2 ** 3 ** 2", 7, "「( )」で囲みます"),
        ("2 % 3", 2, "modulo(a, b)"),
        ("a ? b : c", 2, "ここに「?」は置けません"),
        ("[1..3]", 2, "範囲「1..3」を書けるのは"),
        ("(1", 2, "閉じかっこ「)」が足りません"),
        ("[1, 2", 5, "閉じかっこ「]」が足りません"),
        ("{a: 1", 5, "閉じかっこ「}」が足りません"),
        ("1)", 1, "ここに「)」は置けません"),
        ("f(1,)", 4, "「)」の前に値がありません"),
        ("if a then b", 11, "else がありません"),
        ("if a", 4, "then がありません"),
        ("some x in y", 11, "satisfies がありません"),
        ("for x in y", 10, "return がありません"),
        ("a +", 3, "途中で終わっています"),
        ("= > 1", 2, "比較の左側に値がありません"),
        ("lambda x: x", 0, "プログラムは書けません"),
        ("import os", 0, "プログラムは書けません"),
        ("a; b", 1, "1つだけ"),
        ("${a", 0, "最初にだけ"),
        ("count()", 0, "count(一覧) と書きます"),
        ("contains(a)", 0, "contains(文字, 部分) と書きます"),
        ('"\\d"', 1, "「\\d」は使えません"),
        ('"\\uD83D"', 1, "サロゲート"),
        ('"\\U110000"', 1, "その番号の文字はありません"),
        ("{a: 1, a: 2}", 1, "「a」が2回"),
        ("nothing", 0, "「nothing」という名前はありません"),
        ("1 + nothing.field", 4, "「nothing」という名前はありません"),
        ("[1, 2][nothing = 1]", 7, "「nothing」という名前はありません"),
        ("nobody knows(1)", 0, "「nobody knows」という関数はありません"),
        ("12345678901234567890123456789012345", 0, "34桁まで"),
    ],
)
def test_a_mistake_is_named_with_its_column_and_what_would_be_right(text: str, column: int, said: str) -> None:
    error = refusal(text, F01={}, a=1, b=1)
    assert said in error.message
    assert error.message.startswith(f"{column + 1}文字目: ")
    assert (error.text, error.position) == (text, column)
    assert str(error) == error.message


def test_the_column_counts_what_was_taken_away_in_front() -> None:
    assert refusal("=nothing").position == 1
    assert refusal(" ${ nothing }").position == 4
    assert refusal("=a b").position == 3


# What publication asks


def test_paths_are_the_fields_that_are_read() -> None:
    assert parse('F01.triage = "own" and purpose != null').paths == {("F01", "triage"), ("purpose",)}
    assert parse("F10.roles.org").paths == {("F10", "roles", "org")}
    assert parse("1 + 1").paths == frozenset()


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("F10.roles[ask = true]", {("F10", "roles"), ("F10", "roles", "ask")}),
        ("F10.roles[item.ask].org", {("F10", "roles"), ("F10", "roles", "ask"), ("F10", "roles", "org")}),
        ("F10.roles[1].org", {("F10", "roles"), ("F10", "roles", "org")}),
        ("some r in F10.roles satisfies r.ask", {("F10", "roles"), ("F10", "roles", "ask")}),
        ("for r in F10.roles return r.org", {("F10", "roles"), ("F10", "roles", "org")}),
        ("for r in F10.roles, d in r.days return d.on",
         {("F10", "roles"), ("F10", "roles", "days"), ("F10", "roles", "days", "on")}),
        ('every a in answers("F10R") satisfies a.answer = "accepted"', {("F10R",), ("F10R", "answer")}),
        ('count(answers("F07"))', {("F07",)}),
        ("distinct values(F10.actions.org)", {("F10", "actions", "org")}),
        ("union(F10.roles, F10.actions)[org = lead()]",
         {("F10", "roles"), ("F10", "actions"), ("F10", "roles", "org"), ("F10", "actions", "org")}),
        ("(if F01.a then F02 else F03).b", {("F01", "a"), ("F02", "b"), ("F03", "b")}),
        ("{a: F01.x, b: a.y}", {("F01", "x"), ("F01", "x", "y")}),
        ("for i in 1..F01.n return i", {("F01", "n")}),
        ("some p in persons() satisfies p.plan and F01.x", {("F01", "x")}),
        ("date(F01.on).year", {("F01", "on")}),
    ],
)  # fmt: skip
def test_variables_stand_for_what_they_range_over(text: str, paths: set[tuple[str, ...]]) -> None:
    assert parse(text).paths == paths


def test_a_name_in_a_filter_is_a_field_of_the_row_or_a_name_from_outside_as_the_caller_knows() -> None:
    expression = parse("F10.roles[org = purpose and due < today and who = F04.who]")
    known = {("F10", "roles", "org"), ("F10", "roles", "due"), ("F10", "roles", "who"), ("purpose",), ("today",),
             ("F04", "who")}  # fmt: skip
    assert expression.reads(known.__contains__).paths == known | {("F10", "roles")}
    assert ("F10", "roles", "purpose") in expression.paths


def test_a_name_in_a_filter_that_nothing_knows_stays_with_the_row_so_that_it_can_be_refused() -> None:
    reads = parse("F10.roles[aks = true]").reads({("F10", "roles")}.__contains__)
    assert reads.paths == {("F10", "roles"), ("F10", "roles", "aks")}


def test_a_variable_in_a_filter_is_the_variable_unless_the_row_has_such_a_field() -> None:
    expression = parse("some p in F01.persons satisfies count(F10.roles[org = p.org]) > 0")
    assert ("F01", "persons", "org") in expression.paths
    assert ("F10", "roles", "p", "org") in expression.reads({("F10", "roles", "p", "org")}.__contains__).paths


def test_fields_of_what_functions_give_are_told_apart_from_data() -> None:
    reads = parse("some p in persons()[share = true] satisfies p.plan").reads(lambda path: False)
    assert reads.paths == frozenset()
    assert reads.results == {("persons", "share"), ("persons", "plan")}


@pytest.mark.parametrize(
    ("text", "compared"),
    [
        ('F01.triage = "own"', {(("F01", "triage"), "own")}),
        ('"own" != F01.triage', {(("F01", "triage"), "own")}),
        ('F01.triage in ("own", "connect")', {(("F01", "triage"), "own"), (("F01", "triage"), "connect")}),
        ('F01.triage in ["own", "hold"]', {(("F01", "triage"), "own"), (("F01", "triage"), "hold")}),
        ('F01.triage in (= "own")', {(("F01", "triage"), "own")}),
        ('F01.triage > "own"', set()),
        ('"life" in F01.emergency', {(("F01", "emergency"), "life")}),
        ('list contains(F01.emergency, "life")', {(("F01", "emergency"), "life")}),
        ('list contains(["a", "b"], F01.triage)', {(("F01", "triage"), "a"), (("F01", "triage"), "b")}),
        ('count(F01.emergency[item = "life"])', {(("F01", "emergency"), "life")}),
        ('some a in answers("F14") satisfies a.follow_result = "relapse"', {(("F14", "follow_result"), "relapse")}),
        ('F01.triage = (if F01.x then "own" else "hold")', {(("F01", "triage"), "own"), (("F01", "triage"), "hold")}),
        ('lead() = "choju"', set()),
    ],
)
def test_texts_are_listed_with_the_field_they_are_compared_with(text: str, compared: set[Any]) -> None:
    assert set(parse(text).literals_compared) == compared


def test_calls_are_listed_with_their_arguments_and_without_what_is_built_in() -> None:
    expression = parse('=count(F04.orgs[consent(org, "share")]) > 0 and workdays(3, F11.on) < today')
    assert [(call.name, [argument.text for argument in call.arguments]) for call in expression.calls] == [
        ("consent", ["org", '"share"']),
        ("workdays", ["3", "F11.on"]),
    ]
    consent, workdays = expression.calls
    assert consent.arguments[1].evaluate(Values({})) == "share"
    assert workdays.arguments[1].paths == {("F11", "on")}
    assert expression.text[consent.position :].startswith("consent(")


def test_an_argument_names_its_column_in_its_own_text() -> None:
    (call,) = parse("=lead(1 + nobody)").calls
    with pytest.raises(FeelError) as raised:
        call.arguments[0].evaluate(Values({}))
    assert (raised.value.text, raised.value.position) == ("1 + nobody", 4)


# Cells of decision tables


@pytest.mark.parametrize(
    ("cell", "answer", "hit"),
    [
        ("-", "own", True),
        ("-", None, True),
        ("", None, True),
        ('"own"', "own", True),
        ('"own"', "hold", False),
        ('"own","hold"', "hold", True),
        (' "own" , "hold" ', "x", False),
        ("2", 2, True),
        ("2", 2.0, True),
        (">= 2", 3, True),
        (">= 2", 1, False),
        ("= 2", 2, True),
        ("!= 2", 3, True),
        ("< 1, > 5", 6, True),
        ("[1..3]", 3, True),
        ("]1..3[", 3, False),
        ("(1..3]", 3, True),
        ("[1..3[", 3, False),
        ("[1..2[, 5", 5, True),
        ("true", True, True),
        ("true", False, False),
        ("true", "x", False),
        ("false", False, True),
        ('not("own")', "hold", True),
        ('not("own")', "own", False),
        ('not("own","hold")', "hold", False),
        ("not(> 2)", 1, True),
        ("not([1..3])", 2, False),
        ("not(true)", False, True),
        ('not(list contains(?, "life"))', ["abuse"], True),
        ('list contains(?, "life")', ["life", "abuse"], True),
        ('list contains(?, "life")', ["abuse"], False),
        ('list contains(?, "life"), list contains(?, "abuse")', ["abuse"], True),
        ('count(?) > 1', ["a", "b"], True),
        ('? > 5 and ? < 7', 6, True),
        ('["own", "hold"]', "hold", True),
        ('["own", "hold"]', ["own", "hold"], True),
        ('"own"', ["own"], False),
        ("F02.limit", 5, True),
        ("> F02.limit", 6, True),
        ("F02.codes", "b", True),
        ("F02.limit > 4", "anything", True),
        ("F02.limit > 9", "anything", False),
        ("F02.limit > 9", False, False),
        ("F02.limit > 4", False, True),
        ("F02.flag", True, True),
        ("F02.flag", "x", True),
        ("F02.flag", False, False),
        ('date("2026-04-02")', "2026-04-02", True),
        ("< today", "2026-04-01", True),
        ("-1", -1, True),
        ("- 1", -1, True),
        ("null", "x", False),
    ],
)
def test_cells(cell: str, answer: Any, hit: bool) -> None:
    assert hits(cell, answer, F02={"limit": 5, "codes": ["a", "b"], "flag": True}) is hit


@pytest.mark.parametrize(
    "cell", ['"own"', ">= 2", "[1..3]", "true", "false", 'not("own")', "!= 2", "not(> 2)", 'list contains(?, "life")',
             '? != "own"', "F02.nothing", "F02.limit > 4", "count(?) = 0"]
)  # fmt: skip
def test_an_empty_answer_hits_only_the_dash(cell: str) -> None:
    assert hits(cell, None, F02={"limit": 5}) is False


@pytest.mark.parametrize(("cell", "hit"), [("null", True), ("= null", True), ('"own", null', True), ("? = null", True),
                                           ("not(null)", False), ('not("own", null)', False)])  # fmt: skip
def test_a_cell_that_names_null_speaks_of_the_empty_answer(cell: str, hit: bool) -> None:
    assert hits(cell, None) is hit


def test_a_cell_that_is_no_test_is_refused() -> None:
    for cell in ('"own" "hold"', "=> 2", "not(1), 2", "own hold", "[1..", "not()"):
        with pytest.raises(FeelError):
            parse_unary(cell)


def test_not_stands_alone_in_a_cell() -> None:
    with pytest.raises(FeelError, match="ほかの値と並べて書けません"):
        parse_unary('"x", not("own")')


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("-", None),
        ('"own"', '(F01.triage) in ("own")'),
        ('"own","hold"', '(F01.triage) in ("own", "hold")'),
        (">= 2", "(F01.triage) in (>= 2)"),
        ("]1..3[", "(F01.triage) in (]1..3[)"),
        ('not("own")', 'not((F01.triage) in ("own"))'),
        ('not("a", "b")', 'not((F01.triage) in ("a", "b"))'),
        ('list contains(?, "x")', '(F01.triage) in (list contains((F01.triage), "x"))'),
        ("? > 1 and ? < 3", "(F01.triage) in ((F01.triage) > 1 and (F01.triage) < 3)"),
    ],
)
def test_a_cell_can_be_said_as_an_expression_about_its_input(cell: str, sentence: str | None) -> None:
    assert parse_unary(cell).about("F01.triage") == sentence
    if sentence is not None:
        assert parse(sentence).paths == {("F01", "triage")}


def test_a_cell_tells_the_texts_its_input_is_compared_with() -> None:
    assert parse_unary('"own", "hold"').literals_compared == ((("?",), "own"), (("?",), "hold"))
    assert parse_unary('list contains(?, "life")').literals_compared == ((("?",), "life"),)
    assert parse_unary("> F02.limit").paths == {("?",), ("F02", "limit")}


# The language as a whole


def test_every_built_in_function_says_how_it_is_written_in_a_form_that_can_be_read() -> None:
    for name, built_in in BUILT_IN.items():
        assert parse(built_in.spelling).calls == ()
        assert built_in.spelling.startswith(f"{name}(")


def test_every_built_in_function_takes_null_without_trouble() -> None:
    for name, built_in in BUILT_IN.items():
        arguments = ", ".join(["nothing"] * built_in.fewest)
        assert value(f"{name}({arguments})", nothing=None) in (None, False)


def test_an_expression_is_read_once_and_can_be_evaluated_again_and_again() -> None:
    expression = parse("F01.n + 1")
    assert parse("F01.n + 1") is expression
    assert [expression.evaluate(Values({"F01": {"n": n}})) for n in (1, 2)] == [2, 3]


def test_today_is_a_day_like_any_other() -> None:
    assert value("today") == TODAY
