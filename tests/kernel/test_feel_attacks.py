"""What a hostile author may try: to reach the program, to use up time or memory, to change what is not theirs."""

from __future__ import annotations

import copy
import json
import random
import re
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from feeling import FUNCTIONS, TODAY, Values, hits, refusal, value
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.kernel.feel import FeelError, Value, parse, parse_unary


def helper(x: int = 1) -> int:
    """A function of the program, with everything that hangs on it."""
    return x


CUSTOMER = {"name": "架空 太郎", "tier": "gold", "tags": ["vip", "eu"]}

# Ways out of Python evaluators, each of them tried on one: they may be refused or give nothing, but never succeed.
ESCAPES = [
    "subprocess.check_output('id', shell=True)",
    '__import__("os").environ.__setitem__("HACKED", "1") or True',
    '(__import__("os").system("true"), "PT1H")[1]',
    "().__class__.__base__.__subclasses__()",
    '[].__class__.__base__.__subclasses__()[1].__init__.__globals__["popen"]("id")',
    'today.__globals__["__builtins__"]["open"]("/etc/passwd")',
    "gc.get_objects()",
    "ExclusiveGateway.hacked = True",
    '__import__("os").system("true")',
    '"{0.__class__.__mro__}".format(customer)',
    '"{customer.__class__}".format_map({"customer": customer})',
    "helper.__globals__",
    "helper.__code__.co_consts",
    'getattr(customer, "__cl" + "ass__")',
    'eval("1+1")',
    'exec("import os")',
    'open("/etc/passwd").read()',
    "[x for x in (lambda: (yield))()][0].gi_frame",
    "(i for i in [1]).gi_frame.f_globals",
    "9**9**9",
    '"a" * 10**10',
    "[0] * 10**10",
    "1 << 10**11",
    "sum([1 for a in range(10**4) for b in range(10**4)])",
    'customer.update({"tier": "x"})',
    "customer.tier := 1",
    '"aaaaaaaaaaaaaaaaaaaaaaaaaaaa!".matches("(a+)+$")',
    'matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "(a+)+$")',
    '{class: "java.lang.Runtime", method signature: "exec(java.lang.String)"}("id")',
    "function(x) external {java: {class: \"java.lang.System\"}}",
    "function(x) x + 1",
    "${execution.setVariable('a', 1)}",
    "#{runtimeService}",
    "<% system('id') %>",
    "{{ 7*7 }}",
    "@import os",
    "customer.name.__class__.__mro__",
    "`id`",
    "a\x00b",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_no_escape_is_even_read_or_it_finds_nothing(text: str) -> None:
    try:
        found = value(text, customer=CUSTOMER)
    except FeelError:
        return
    assert found is None


@pytest.mark.parametrize("name", ["__class__", "__dict__", "__globals__", "__init__", "keys", "items", "get", "pop"])
def test_a_field_is_looked_up_in_data_and_never_on_an_object(name: str) -> None:
    holders = ("customer", "customer.name", "customer.tags", "today", "nothing", "number", '"text"', "[1]", "{a: 1}")
    for holder in holders:
        found = value(f"({holder}).{name}", customer=CUSTOMER, nothing=None, number=Decimal("1.5"))
        assert found is None or found in ([None], [None, None])


def test_dunder_names_reach_the_scope_as_plain_words() -> None:
    assert "「__import__」という関数はありません" in refusal('__import__("os")').message
    assert "「__builtins__」という名前はありません" in refusal("__builtins__").message


@pytest.mark.parametrize(
    "thing", [helper, object(), int, ..., b"bytes", {1, 2}, (1, 2), complex(1), float("nan"), float("inf"),
              Decimal("NaN"), Decimal("Infinity"), datetime(2026, 4, 1), iter([1])]
)  # fmt: skip
def test_a_value_that_is_no_data_is_refused_wherever_it_comes_from(thing: Any) -> None:
    functions = {**FUNCTIONS, "broken": lambda: thing}
    for text in ("thing", "row.thing", "rows.thing", "list[1]", "for x in list return x", "row", "list", "list = list",
                 "broken()", "count(list)", "rows[thing = 1]", "{a: thing}", "list contains(list, 1)"):  # fmt: skip
        names = {"thing": thing, "row": {"thing": thing}, "rows": [{"thing": thing}], "list": [thing]}
        with pytest.raises(FeelError):
            parse(text).evaluate(Values(names, functions))
    with pytest.raises(FeelError):
        hits('"x"', thing)


def test_data_at_hand_is_never_changed_nor_handed_out() -> None:
    rows: list[Any] = [{"org": "choju", "tags": ["a"]}, {"org": "kenko", "tags": []}]
    before = copy.deepcopy(rows)
    for text in ("append(rows, 1)", "concatenate(rows, rows)", "reverse(rows)", "rows[org = null]",
                 "flatten(rows.tags)", "distinct values(rows)", "union(rows, rows)",
                 "for r in rows return append(r.tags, 1)"):  # fmt: skip
        value(text, rows=rows)
    found = value("rows", rows=rows)
    assert rows == before and isinstance(found, list) and isinstance(found[0], dict)
    found[0]["org"] = "changed"
    found.append(None)
    assert rows == before


def test_a_function_gets_copies_and_cannot_change_the_data_either() -> None:
    rows = [{"org": "choju"}]
    functions = {"spoil": lambda given: given.clear()}
    assert parse("spoil(rows)").evaluate(Values({"rows": rows}, functions)) is None
    assert rows == [{"org": "choju"}]


# Time and memory


def deep(opening: str, closing: str, times: int, inside: str = "1") -> str:
    return opening * times + inside + closing * times


LARGE = {
    "parentheses": deep("(", ")", 999),
    "lists": deep("[", "]", 999),
    "contexts": deep("{a:", "}", 400),
    "negations": deep("not(", ")", 390),
    "signs": deep("-", "", 1999),
    "nots": deep("not ", "", 490),
    "calls": deep("count(", ")", 280),
    "filters": deep("x[", "]", 650),
    "paths": "a" + ".b" * 999,
    "sums": "1" + "+1" * 999,
    "ors": "true" + " or true" * 240,
    "choices": deep("if 1 then ", " else 2", 110),
    "loops": deep("for a in [1] return ", "", 95),
    "unclosed": "(" * 2000,
    "closings": ")" * 2000,
    "quotes": '"' * 1999,
    "backslashes": '"' + "\\" * 1998 + '"',
    "spaces": " " * 1999 + "1",
    "words": "a " * 1000,
    "commas": "[" + "1," * 990 + "1]",
    "texts": '"' + "あ" * 1990 + '"',
    "too long": "1" + " " * 2000,
    "enormous": "(" * 5_000_000,
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE.keys())
def test_a_large_or_deep_text_is_read_or_refused_in_no_time(text: str) -> None:
    began = time.perf_counter()
    for read in (parse, parse_unary):
        try:
            read(text)
        except FeelError as error:
            assert error.message and 0 <= error.position <= len(text)
    assert time.perf_counter() - began < 2


def test_the_length_of_a_text_is_bounded() -> None:
    assert "式が長すぎます(2000文字まで)" in refusal("1" + " " * 2000).message
    assert value("1" + " " * 1999) == 1


def test_the_depth_of_a_text_is_bounded() -> None:
    assert "入れ子が深すぎます" in refusal(deep("[", "]", 70)).message
    assert "入れ子が深すぎます" in refusal(deep("not(", ")", 100, "true")).message
    assert value(deep("not(", ")", 58, "true")) is True
    assert value(deep("(", ")", 900, "true")) is True


def test_many_operands_beside_each_other_are_not_deep() -> None:
    assert value("false" + " or false" * 200) is False
    assert value("[" + ",".join("1" for _ in range(900)) + "][900]") == 1


TOO_MUCH = {
    "five loops": "for a in l, b in l, c in l, d in l, e in l return a",
    "nested loops": "for a in l return for b in l return for c in l return for d in l return d",
    "quantifiers": "some a in l satisfies some b in l satisfies some c in l satisfies some d in l satisfies d > 100",
    "filters": "l[count(l[count(l[count(l[item > 1]) > 100]) > 100]) > 100]",
    "ranges": "for a in 1..9999 return for b in 1..9999 return 1",
    "a long range": "for a in 1..1000000000000 return a",
    "a long range down": "for a in 1..-1000000000000 return a",
    "products": "for a in l return count(for b in l, c in l return sum(concatenate(l, l, l, l)))",
    "distinct": "distinct values(for a in l, b in l return {a: a, b: b, c: a * 100 + b})",
    "contains": "for a in l return for b in l return list contains(l, a * 1000 + b)",
    "equality": "every a in l satisfies every b in l satisfies every c in l satisfies l = l",
    "repetition": "concatenate(" + ", ".join(["huge"] * 50) + ")",
    "fields": "rows[count(rows[a0 > 1]) > 1]",
    "projection": "for a in huge return huge.x",
}


@pytest.mark.parametrize("text", TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_work_without_end_stops_early_with_a_plain_sentence(text: str) -> None:
    numbers, huge = list(range(60)), list(range(5000))
    rows = [{f"a{number}": number for number in range(200)} for _ in range(50)]
    began = time.perf_counter()
    said = refusal(text, l=numbers, huge=huge, rows=rows).message
    assert time.perf_counter() - began < 2
    assert "長すぎます" in said or "多すぎます" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x * x", "数が大きすぎます"),
        ("-x * x", "数が大きすぎます"),
        ("x / 0.0000000000000000000000000000000001", "数が大きすぎます"),
        ("long + long", "文字が長すぎます"),
        ("string join([long, long, long])", "文字が長すぎます"),
        ("string join(for i in 1..9000 return \"0123456789ab\")", "文字が長すぎます"),
        ("upper case(sharp)", "文字が長すぎます"),
        ("append(huge, 1)", "一覧が長すぎます"),
        ("[" + ", ".join(["huge"] * 11) + "]", "計算が長すぎます"),
        ("nested", "入れ子が深すぎます"),
        ("nested = nested", "入れ子が深すぎます"),
        ("{a: nested}", "入れ子が深すぎます"),
    ],
)
def test_values_cannot_grow_beyond_their_bounds(text: str, said: str) -> None:
    nested: list[Any] = [1]
    for _ in range(500):
        nested = [nested]
    names = {"x": 10**33, "long": "あ" * 60_000, "sharp": "ß" * 60_000, "huge": list(range(10_000)), "nested": nested}
    assert said in refusal(text, **names).message


def test_a_number_from_outside_is_bounded_too() -> None:
    for number in (10**34, -(10**34), 10**5000, Decimal("1E+999999"), Decimal("1E-999999"), 1e300):
        for text in ("x", "x + 1", "string(x)", "[x]", "x = 1"):
            refusal(text, x=number)


def test_small_numbers_stay_small_texts() -> None:
    tiny = "0.0000000001"
    found = value("string(" + " * ".join([tiny] * 20) + ")")
    assert isinstance(found, str) and len(found) < 300


def test_durations_cannot_overflow() -> None:
    for text in ('duration("P999999D") * 999999999', 'duration("PT99999999H") * 99999999 + today',
                 'today + duration("P9999Y")', 'today + duration("P1M") * 10000000000',
                 'today - duration("P999999D")'):  # fmt: skip
        assert value(text) is None
    assert "数が大きすぎます" in refusal('duration("P1D") / 0.000000000000000000000001').message
    assert value("-x - x", x=timedelta.max) is None


def test_moments_at_the_end_of_time_have_no_parts_in_japanese_time() -> None:
    assert value('date and time("9999-12-31T23:59:00-12:00").year') is None
    assert value('date(F01.at)', F01={"at": "9999-12-31T23:59:00-12:00"}) is None


def test_a_call_that_calls_back_is_bounded_by_its_own_evaluation() -> None:
    calls: list[int] = []

    def again() -> int:
        calls.append(1)
        return len(calls)

    with pytest.raises(FeelError, match="繰り返しが多すぎます"):
        parse("for a in l, b in l, c in l return again()").evaluate(Values({"l": list(range(100))}, {"again": again}))
    assert len(calls) <= 10_001


def test_an_ordinary_condition_takes_microseconds() -> None:
    expression = parse('F01.triage = "own" and not(F01.state in ("written", "oral")) or count(F01.stuck) > 2')
    scope = Values({"F01": {"triage": "own", "state": "refused", "stuck": ["gap"]}})
    began = time.perf_counter()
    for _ in range(2_000):
        expression.evaluate(scope)
    assert (time.perf_counter() - began) / 2_000 < 0.000_5


# Whatever is written


NAMES: dict[str, Any] = {
    "F01": {"triage": "own", "n": 2, "x": None, "on": "2026-04-01", "list": ["a", "b"]},
    "rows": [{"org": "a", "ask": True, "n": 1}, {"org": "b"}, None, 3],
    "settings": {"t": "P3BD", "days": [1, 3]},
    "today": TODAY,
    "at": datetime.fromisoformat("2026-04-01T08:30:00+09:00"),
    "half": Decimal("0.5"),
}
SEARCHED = [
    *NAMES, "triage", "org", "ask", "item", "?", "and", "or", "not", "in", "if", "then", "else", "some", "every", "for",
    "satisfies", "return", "between", "true", "false", "null", "True", "None", "(", ")", "[", "]", "{", "}", ",", ".",
    "..", "=", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", ":", "@", '"a"', '"2026-04-01"', '"P3D"', "1",
    "2.5", "0", "count(", "sum(", "list contains(", "date(", "duration(", "string(", "persons(", "answers(", "=", "${",
    "substring(", "date and time(", "modulo(", "decimal(", "max(", "append(", "string join(", "index of(",
    "list :", "string :", "time(", '"08:30"', "start position :", "from :",
]  # fmt: skip
WORDS = st.sampled_from(SEARCHED)


def kept_to_the_rules(text: str) -> None:
    """Reading and evaluating either give plain data or a FeelError with a place and a sentence."""
    scope = Values(NAMES, {**FUNCTIONS, "answers": lambda *given: list(given)})
    before = copy.deepcopy(NAMES)
    for attempt in (lambda: parse(text).evaluate(scope), lambda: parse_unary(text).matches("own", scope),
                    lambda: parse_unary(text).matches(None, scope)):  # fmt: skip
        try:
            assert_plain(attempt())
        except FeelError as error:
            assert 0 <= error.position <= len(text) and error.message
        except TypeError as error:
            assert "positional argument" in str(error)  # of a function of this test, called with too many
    assert before == NAMES


def assert_plain(found: Value) -> None:
    if isinstance(found, list):
        for item in found:
            assert_plain(item)
    elif isinstance(found, dict):
        assert_plain(list(found.values()))
        assert_plain(list(found))
    else:
        assert found is None or type(found) in (bool, int, Decimal, str, date, datetime)


@settings(max_examples=150)
@given(st.text(max_size=60))
@example("\\")
@example('"\\U00110000"')
@example("\ud800")
def test_any_text_gives_data_or_a_feel_error(text: str) -> None:
    kept_to_the_rules(text)


@settings(max_examples=400)
@given(st.lists(WORDS, max_size=14).map(" ".join))
def test_any_row_of_words_of_the_language_gives_data_or_a_feel_error(text: str) -> None:
    kept_to_the_rules(text)


LEAVES = st.sampled_from(
    ["1", "0", "-2", "2.5", '"a"', '"2026-04-01"', "true", "false", "null", "[]", "F01.n", "F01.x", "F01.on",
     "F01.list", "rows", "rows.org", "today", "at", "half", 'time("08:30:00")', 'duration("P1D")', 'duration("P1M")', "persons()", "item",
     "?", "{a: 1}"]
)  # fmt: skip


def grown(smaller: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    two = st.tuples(smaller, smaller)
    operators = st.sampled_from(["+", "-", "*", "/", "=", "!=", "<", "<=", ">", ">=", "and", "or", "in"])
    functions = st.sampled_from(
        ["count", "sum", "min", "max", "mean", "all", "any", "distinct values", "flatten", "reverse", "string length",
         "string", "number", "abs", "floor", "ceiling", "date", "date and time", "duration", "is defined", "not",
         "upper case", "string join", "time"]
    )  # fmt: skip
    pairs = st.sampled_from(
        ["list contains", "index of", "append", "concatenate", "union", "contains", "starts with", "substring",
         "substring before", "substring after", "decimal", "modulo", "years and months duration", "string join", "date and time"]
    )  # fmt: skip
    return st.one_of(
        st.tuples(smaller, operators, smaller).map(lambda each: f"({each[0]} {each[1]} {each[2]})"),
        st.tuples(functions, smaller).map(lambda each: f"{each[0]}({each[1]})"),
        st.tuples(pairs, smaller, smaller).map(lambda each: f"{each[0]}({each[1]}, {each[2]})"),
        two.map(lambda each: f"substring(start position: {each[0]}, string: {each[1]})"),
        two.map(lambda each: f"({each[0]})[{each[1]}]"),
        two.map(lambda each: f"(for x in {each[0]} return [x, {each[1]}])"),
        two.map(lambda each: f"(some x in {each[0]} satisfies x = {each[1]})"),
        two.map(lambda each: f"(every item in {each[0]} satisfies {each[1]})"),
        two.map(lambda each: f"[{each[0]}, {each[1]}]"),
        two.map(lambda each: f"{{a: {each[0]}, b: {each[1]}}}"),
        st.tuples(smaller, smaller, smaller).map(lambda each: f"(if {each[0]} then {each[1]} else {each[2]})"),
        st.tuples(smaller, smaller, smaller).map(lambda each: f"({each[0]} between {each[1]} and {each[2]})"),
        st.tuples(smaller, smaller, smaller).map(lambda each: f"({each[0]} in ]{each[1]}..{each[2]}[)"),
        smaller.map(lambda each: f"({each}).org"),
        smaller.map(lambda each: f"({each}).days"),
        smaller.map(lambda each: f"-({each})"),
    )


@settings(max_examples=400)
@given(st.recursive(LEAVES, grown, max_leaves=8))
def test_any_well_formed_expression_gives_data_or_a_feel_error(text: str) -> None:
    kept_to_the_rules(text)


def is_path(path: tuple[str, ...]) -> bool:
    return path[0] in NAMES and not set(path[1:]) & set(NAMES)


@settings(max_examples=200)
@given(st.recursive(LEAVES, grown, max_leaves=6))
def test_what_an_expression_reads_can_always_be_told(text: str) -> None:
    try:
        expression = parse(text)
    except FeelError:
        return
    read: list[str] = []

    class Watched(Values):
        def name(self, name: str) -> Value:
            read.append(name)
            return super().name(name)

    try:
        expression.evaluate(Watched(NAMES))
    except FeelError:
        pass
    named = {path[0] for path in expression.reads(is_path).paths}
    assert {name for name in read if name in NAMES} <= named


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.decimals(-(10**20), 10**20, places=3)
    | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=150)
@given(JSON, JSON)
def test_comparison_is_fair_whatever_the_data(one: Any, other: Any) -> None:
    names = {"one": one, "other": other}
    assert value("one = other", **names) == value("other = one", **names)
    assert value("one < other", **names) == value("other > one", **names)
    assert value("one <= other", **names) == value("other >= one", **names)
    assert value("one = one", **names) in (True, None)
    equal, unequal = value("one = other", **names), value("one != other", **names)
    assert (equal is None and unequal is None) or equal is not unequal


@settings(max_examples=200)
@given(JSON)
def test_data_comes_out_as_it_went_in(data: Any) -> None:
    assert value("data", data=data) == data
    assert value("[data][1]", data=data) == data
    assert value("{a: data}.a", data=data) == data


NOT_IN_FEEL = {"\\b": "\\u0008", "\\f": "\\u000c"}


@settings(max_examples=200)
@given(st.text(max_size=40))
@example("\\b")
@example("\b\f")
def test_every_text_can_be_written_as_a_literal(text: str) -> None:
    written = re.sub(r"\\.", lambda escape: NOT_IN_FEEL.get(escape[0], escape[0]), json.dumps(text))
    try:
        text.encode()
    except UnicodeEncodeError:
        with pytest.raises(FeelError):
            value(written)
        return
    assert value(written) == text


@pytest.mark.deep
def test_a_long_search_finds_no_text_that_breaks_the_rules(seed: int, time_is_left: Callable[[], bool]) -> None:
    chance = random.Random(seed)
    while time_is_left():
        kept_to_the_rules(" ".join(chance.choice(SEARCHED) for _ in range(chance.randrange(1, 25))))
