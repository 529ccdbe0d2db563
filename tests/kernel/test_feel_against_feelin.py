"""Our FEEL and npm's `@bpmn-io/feelin`, which editors use, give the same values; where they part, it is written here.

feelin runs in Chromium from the project's own node_modules, in one page for all cases.
"""

from __future__ import annotations

import html
import itertools
import json
import re
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from feeling import Values

from engine.kernel.feel import FeelError, parse, parse_unary

ROOT = Path(__file__).parents[2]
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--allow-file-access-from-files")  # fmt: skip
MODULES = {
    "@bpmn-io/feelin": "dist/index.js", "@bpmn-io/lezer-feel": "dist/index.js", "@lezer/common": "dist/index.js",
    "@lezer/lr": "dist/index.js", "@lezer/highlight": "dist/index.js", "luxon": "build/es6/luxon.mjs",
    "min-dash": "dist/index.js",
}  # fmt: skip
NAMES: dict[str, Any] = {
    "F": {"triage": "own", "n": 3, "codes": ["life", "abuse"], "more": True},
    "rows": [
        {"org": "a", "ask": True, "n": 1}, {"org": "b", "ask": False, "n": 2}, {"org": "c", "ask": True, "n": None},
    ],
    "purpose": "b",
    "numbers": [1, 2, 3],
}  # fmt: skip

NUMBERS = ["-1", "0", "1", "2.5"]
TEXTS = ['"a"', '"b"', '""']
TRUTHS = ["true", "false", "null"]
LISTS = ["[]", "[1]", "[1, 2, 1]", "numbers", '["a", "b"]', "[true, false]", "[true, null]", "rows.n"]

WRITTEN = [
    'F.triage = "own"', 'F.triage in ("own", "hold")', 'F.nothing = "own"', "F.nothing = null", "F.nothing > 1",
    'not(F.triage = "own")', "not(F.nothing > 1)", 'list contains(F.codes, "life")', '"life" in F.codes',
    "F.more = true", "rows[ask = true]", "rows[ask = true].org", "rows[org = purpose]", "rows[item.n > 1].org",
    "rows[1].org", "rows[-1].org", "rows[4]", "rows.org", "rows[n = null].org", "some r in rows satisfies r.ask",
    "every r in rows satisfies r.ask", "every r in [] satisfies r.ask", "some r in [] satisfies r.ask",
    "for r in rows return r.org", "for i in 1..3 return i * i", "for i in 3..1 return i",
    "for a in [1, 2], b in [3, 4] return a * b", "some a in [1, 2], b in [2, 3] satisfies a = b", "{a: 1, b: a + 1}",
    "{a: {b: [1]}}.a.b", "if F.n > 2 then 1 else 2", "if F.nothing then 1 else 2", "1 + 2 * 3 - 4 / 2", "(1 + 2) * 3",
    "1 / 0", "-F.n", '"a" + "b" + F.triage', 'F.triage + ".manager"', '"a" + null', '[1, 2] = [1, 2]',
    "[1, 2] = [2, 1]", "{a: 1} = {a: 1}", "{a: 1} = {a: 2}", "[1, [2, 3]] = [1, [2, 3]]", "append(numbers, 4, 5)",
    "concatenate([1], [2], numbers)", "union([1, 2], [2, 3], numbers)", "flatten([[1], [2, [3]]])",
    "index of([1, 2, 1], 1)", 'index of(["a"], "b")', 'string join(["a", "b"], ", ")',
    'string join(["a", null, "b"])', "distinct values([1, null, 1, null])", "min(3, 1, 2)", "max(3, 1, 2)",
    "sum(1, 2, 3)", "mean([1, 2, 3, 4])", 'substring("abcde", 2)', 'substring("abcde", 2, 3)',
    'substring("abcde", -2)', 'substring("abcde", -3, 2)', 'contains("abc", "b")', 'starts with("abc", "ab")',
    'ends with("abc", "bc")', 'substring before("a.b.c", ".")', 'substring after("a.b.c", ".")',
    'substring after("abc", "x")', 'substring before("abc", "x")', 'string length("𠮷野")', 'upper case("aB")',
    'lower case("aB")', "string(1.50)", "string(true)", 'number("12.5")', 'number("x")', "abs(-1.5)", "floor(1.5)",
    "floor(-1.5)", "ceiling(1.5)", "ceiling(-1.5)", "decimal(2.5, 0)", "decimal(3.5, 0)", "modulo(5, 3)",
    "modulo(-5, 3)", "modulo(5, -3)", "modulo(-5, -3)", "modulo(5.5, 2)", 'date("2026-04-01") = date("2026-04-01")',
    'date("2026-04-01") < date("2026-04-02")', '@"2026-04-01" = date(2026, 4, 1)',
    'date("2026-01-31") + duration("P1M") = date("2026-02-28")',
    'date("2024-02-29") + duration("P1Y") = date("2025-02-28")',
    'date("2026-03-31") - duration("P1M") = date("2026-02-28")',
    'date("2026-04-01") + duration("P3D") = date("2026-04-04")',
    'date("2026-04-01") in [date("2026-03-31")..date("2026-04-02")]', 'date("2026-04-01").year',
    'date("2026-04-01").month', 'date("2026-04-01").day', 'date("2026-04-01").weekday', 'duration("P3D").days',
    'duration("PT90M") = duration("PT1H30M")', 'duration("P1Y2M").months', 'duration("P1Y2M").years',
    'duration("PT1H30M").minutes', 'string(date("2026-04-01"))', 'string(duration("P3D"))',
    'duration("P1D") < duration("P2D")', 'duration("P12M") = duration("P1Y")',
    'years and months duration(date("2020-05-10"), date("2026-05-09")).years',
    'substring(string: "abcde", start position: 2)', 'substring(length: 2, start position: -3, string: "abcde")',
    "modulo(divisor: 3, dividend: 5)", "decimal(scale: 1, n: 1.25)", "abs(n: -1)", "count(list: rows[ask = true])",
    'list contains(element: 2, list: numbers)', 'string join(delimiter: ", ", list: ["a", "b"])', 'number(from: "12.5")',
    'starts with(match: "ab", string: "abc")', 'substring before(match: ".", string: "a.b")', "string(from: 1.50)",
    'date(day: 1, month: 4, year: 2026) = date(from: "2026-04-01")', 'duration(from: "P3D").days',
    'years and months duration(to: date("2026-05-09"), from: date("2020-05-10")).years',
    'date and time("2026-04-01T08:30:00Z") < date and time("2026-04-01T08:31:00Z")',
]  # fmt: skip
CELLS = {
    ("-", '"a"', '"a","b"', 'not("a")', 'not("a","b")', '["a", "b"]', "F.codes", '? != "a"', "null"):
        ['"a"', '"c"', '"life"'],
    ("-", "1", ">= 2", "< 2", "[1..3]", "]1..3[", "(1..3]", "[1..3)", "not(> 2)", "not([1..2])", "[1..2], 3", "F.n",
     "> F.n", "? > 1 and ? < 3", "F.n > 2", "F.n > 5", "null", "= 2", "!= 2"): ["1", "2", "3"],
    ("-", "true", "false", "not(true)", "F.n > 2", "F.n > 5"): ["true", "false"],
    ("-", 'list contains(?, "a")', 'not(list contains(?, "a"))', "count(?) > 1"): ['["a"]', '["b", "c"]', "[]"],
    ("-", '"a"', ">= 2", "[1..3]", "true", "null", "not(null)"): ["null"],
}  # fmt: skip

# (ours, feelin's): where they part, and why ours stays.
DIFFERENCES: dict[tuple[str, ...], tuple[Any, Any]] = {
    # Unlike kinds are neither equal nor unequal (DMN 1.3, table 53); a list is not its only item.
    ('1 != "1"',): (None, True),
    ("[1] = 1",): (None, True),
    ('1 in ("a", "b")',): (None, False),
    ('not("a")', "1"): (False, True),
    ("< 2", "true"): (False, True),
    ('"a"', '["a"]'): (False, True),
    ('["a"]', '["a"]'): (True, False),
    ('[1, "a"] = [1, 2]',): (None, False),
    # An empty answer hits only "-" and a cell that names null.
    ('not("a")', "null"): (False, True),
    ('? != "a"', "null"): (False, True),
    ("not(> 2)", "null"): (False, True),
    ('list contains(?, "a")', "null"): (False, True),
    # Nothing lies between 0 and -1; an unknown bound is not an open one; null lies nowhere known.
    ("0 in [0..-1]",): (False, True),
    ("1 in [0..null]",): (None, True),
    ("null in [0..1]",): (None, False),
    ("-1 between 0 and null",): (False, None),
    # An ISO text from an answer counts as a day beside a day.
    ('date("2026-01-01") = "2026-01-01"',): (True, None),
    ('date("2026-01-01") < "2026-02-01"',): (True, False),
    # Numbers are decimal and rounded half to even; texts have a least and a greatest; false is not null.
    ("decimal(2.345, 2)",): (2.34, 2.35),
    ('min(["a", "b"])',): ("a", None),
    ("[true, false][item != null]",): ([True, False], [True]),
    ("[1, null][item = null]",): ([None], []),
    # The days between two days are days, not months.
    ('string(date("2026-01-31") - date("2026-01-01"))',): ("P30D", "P1M"),
    # A duration is spelt as it was meant: days stay days, and its sign stands before it.
    ('string(duration("P1D") + duration("P30D"))',): ("P31D", "P1M1D"),
    ('string(duration("P1D") - duration("P30D"))',): ("-P29D", "P-29D"),
    # `not(…)` in a filter is a condition on the row.
    ("rows[not(ask)].org",): (["b"], []),
    # A day and a time that are put together by name are the moment that they are in order.
    ('date and time(date: @"2026-04-01", time: @"08:30:00") = date and time(@"2026-04-01", @"08:30:00")',): (True, None),
    # A text from an answer counts as a time of day beside one; unlike kinds are null.
    ('time("08:30:00") < "17:00"',): (True, False),
    ('time("08:30:00") = date("2026-04-01")',): (None, None),
    # One null list makes the whole null.
    ("concatenate([1], null)",): (None, [1, None]),
    # Comparisons in a row mean different things in different languages, so that they are refused.
    ("1 < 2 < 3",): ("REFUSED", True),
}


DAYS = ['date("2026-01-31")', 'date("2026-02-28")', '@"2024-02-29"']
TIMES = ['time("00:00:00")', '@"08:30:00"', "time(17, 15, 59)", 'time("23:59:59")']
MOMENTS = ['date and time("2026-03-31T23:30:00+09:00")', 'date and time("2026-03-31T14:30:00Z")', '@"2026-04-01T08:30:00+09:00"']
LENGTHS = ['duration("P1D")', 'duration("P30D")', 'duration("PT36H")']
MONTHS = ['duration("P1M")', 'duration("P1Y")', 'duration("-P14M")']
FILTERS = ["n > 1", "n >= 1 and ask", "ask = false", 'org != "a"', "n = null", 'org in ("a", "c")', "count([n]) = 1"]


def wider_cases() -> Iterator[str]:
    """Pairs and triples of everything that has a value: powers, days, durations, positions, filters, conditions in each other."""
    for left, right in itertools.product(["0", "1", "2", "2.5", "(-3)"], ["0", "1", "2", "3", "-1", "-2"]):
        yield f"{left} ** {right}"
        yield f"1 + {left} * 2 ** {right.replace('-', '0 + ')}"
    for left, right in itertools.product([*DAYS, "null"], repeat=2):
        yield from (f"{left} {sign} {right}" for sign in ("=", "!=", "<", "<=", ">", ">="))
    for day, length in itertools.product(DAYS, [*LENGTHS[:2], *MONTHS]):
        yield from (f"string({day} {sign} {length})" for sign in "+-")
        yield f"({day} + {length}) in [{DAYS[2]}..{DAYS[0]}]"
    for kind in (LENGTHS, MONTHS):
        for left, right in itertools.product(kind, repeat=2):
            yield from (f"{left} {sign} {right}" for sign in ("=", "!=", "<", "<=", ">", ">="))
            yield f"({left} + {right}) - {right} = {left}"
            yield f"{left} + {right} > {left}"
    for kind in (TIMES, MOMENTS):
        for left, right in itertools.product([*kind, "null"], repeat=2):
            yield from (f"{left} {sign} {right}" for sign in ("=", "!=", "<", "<=", ">", ">="))
        for one, low, high in itertools.product(kind, repeat=3):
            yield f"{one} in [{low}..{high}]" if low == kind[0] else f"{low} < {one} and {one} < {high}"
    for part, clock in itertools.product(("hour", "minute", "second"), TIMES):
        yield f"{clock}.{part}"
        yield f"{clock} = time(hour: {clock}.hour, minute: {clock}.minute, second: {clock}.second)"
    for clock, length in itertools.product(TIMES, ['duration("PT1S")', 'duration("PT1H30M")', 'duration("-PT2H")']):
        yield from (f"({clock} {sign} {length}).{part}" for sign in "+-" for part in ("hour", "minute", "second"))
    for moment, length in itertools.product(MOMENTS, ['duration("PT36H")', 'duration("P1M")']):
        yield from (f"{moment} {sign} {length} > {moment}" for sign in "+-")
        yield f"({moment} + {length}) - {length} = {moment}"
    for day, clock in itertools.product(DAYS, TIMES):
        yield from (f"date and time({day}, {clock}).{part}" for part in ("year", "month", "day", "hour", "minute", "second"))
    for part, day in itertools.product(("year", "month", "day", "weekday"), DAYS):
        yield f"{day}.{part}"
    for start, length in itertools.product(range(-3, 4), range(1, 4)):
        if start:
            yield f'substring("abc", {start}, {length})'
            yield f'substring("abc", {start})'
    for one, other in itertools.product(FILTERS, repeat=2):
        yield f"rows[{one}][{other}].org"
        yield f"count(rows[{one} and {other}])"
        yield f"some r in rows[{one}] satisfies r.org = \"a\""
    for condition, then, otherwise in itertools.product(TRUTHS, ["1", "null", "numbers"], ["0", "F.n"]):
        yield f"if {condition} then {then} else {otherwise}"
        yield f"(if {condition} then {then} else {otherwise}) = 1"
    for name, number in itertools.product(("floor", "ceiling", "abs"), ["-2.5", "-0.1", "0", "0.1", "7"]):
        yield f"{name}({number})"
    for number, digits in itertools.product(["1.25", "-1.25", "1.35", "12"], ["0", "1", "2"]):
        yield f"decimal({number}, {digits})"
        yield from (f"round {how}({number}, {digits})" for how in ("up", "down", "half up", "half down"))
    for left, right in itertools.product(["7", "-7", "7.5"], ["2", "-2", "0.5"]):
        yield f"modulo({left}, {right})"
    for name, left, right in itertools.product(("append", "concatenate", "union"), ["numbers", "[]", '["a"]'], ["[1]", '["b", 1]', "[]"]):
        yield f"{name}({left}, {right})"


def cases() -> Iterator[str]:
    yield from WRITTEN
    yield from wider_cases()
    for kind in (NUMBERS, TEXTS, TRUTHS):
        for left, right in itertools.product([*kind, "null"], repeat=2):
            yield from (f"{left} {sign} {right}" for sign in ("=", "!="))
    for kind in (NUMBERS, TEXTS):
        for left, right in itertools.product([*kind, "null"], repeat=2):
            yield from (f"{left} {sign} {right}" for sign in ("<", "<=", ">", ">="))
            yield f"{left} in ({right}, {kind[0]})"
            yield f"{left} in [{right}, {kind[0]}]"
    for left, right in itertools.product([*NUMBERS, "null"], repeat=2):
        yield from (f"{left} {sign} {right}" for sign in ("+", "-", "*", "/"))
    for value, (low, high) in itertools.product(NUMBERS, itertools.combinations(NUMBERS, 2)):
        yield f"{value} between {low} and {high}"
        yield from (f"{value} in {bounds[0]}{low}..{high}{bounds[1]}" for bounds in ("[]", "()", "[)", "(]", "]["))
    for left, right in itertools.product(TRUTHS, repeat=2):
        yield from (f"{left} {sign} {right}" for sign in ("and", "or"))
        yield f"not({left}) or {right} and {left}"
        yield f"if {left} then {right} else 1"
    for each in LISTS:
        yield from (f"{name}({each})" for name in ("count", "distinct values", "reverse", "sum", "mean", "all", "any"))
        if '"' not in each:
            yield from (f"{name}({each})" for name in ("min", "max"))
        yield from (f"list contains({each}, {one})" for one in ("1", '"a"', "null", "true"))
        yield from (f"{each}[{one}]" for one in ("1", "-1", "9", "item = 1", "item = 2"))
    for first, second in itertools.product([*TEXTS, "null"], repeat=2):
        yield from (f"{name}({first}, {second})" for name in ("contains", "starts with", "ends with"))


def ours(case: tuple[str, ...]) -> Any:
    scope = Values(NAMES, {})
    try:
        if len(case) == 1:
            return plain(parse(case[0]).evaluate(scope))
        cell, given = case
        return parse_unary(cell).matches(parse(given).evaluate(scope), scope)
    except FeelError:
        return "REFUSED"


def plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def same(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(itertools.starmap(same, zip(one, other, strict=True)))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) < 1e-9
    return bool(one == other)


def theirs(chromium: str, asked: list[tuple[str, ...]], folder: Path) -> list[Any]:
    """What feelin gives for each case, asked in one page."""
    places = {name: (ROOT / "node_modules" / name / file).as_uri() for name, file in MODULES.items()}
    script = """
        import { evaluate, unaryTest } from "@bpmn-io/feelin";
        const given = text => evaluate(text, NAMES).value;
        const said = CASES.map(([text, input]) => {
            try {
                const value = input === undefined
                    ? given(text) : unaryTest(text, { ...NAMES, "?": given(input) }).value;
                return value === undefined ? null : value;
            } catch (error) { return "REFUSED"; }
        });
        document.getElementById("said").textContent = JSON.stringify(said);
    """.replace("CASES", json.dumps(asked)).replace("NAMES", json.dumps(NAMES))
    page = folder / "feelin.html"
    page.write_text(
        f'<!doctype html><meta charset="utf-8"><script type="importmap">{json.dumps({"imports": places})}</script>'
        f'<pre id="said"></pre><script type="module">{script}</script>', encoding="utf-8"
    )  # fmt: skip
    command = [chromium, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", page.as_uri()]
    shown = subprocess.run(command, capture_output=True, check=True, timeout=120).stdout.decode("utf-8")
    said = re.search(r'<pre id="said">(.+?)</pre>', shown, re.DOTALL)
    assert said is not None, "feelin said nothing; is node_modules complete?"
    answers = json.loads(html.unescape(said[1]))
    assert len(answers) == len(asked)
    return list(answers)


@pytest.mark.browser
def test_ours_and_feelin_agree_but_for_the_written_differences(chromium: str, tmp_path: Path) -> None:
    cells = [pair for tests, inputs in CELLS.items() for pair in itertools.product(tests, inputs)]
    agreeing = [*((case,) for case in dict.fromkeys(cases())), *cells]
    answers = theirs(chromium, [*agreeing, *DIFFERENCES], tmp_path)
    given = dict(zip([*agreeing, *DIFFERENCES], answers, strict=True))
    assert len(agreeing) > 1_900
    differing = {case: (ours(case), given[case]) for case in agreeing if not same(ours(case), given[case])}
    assert not differing, differing
    parting = {case: (ours(case), given[case]) for case in DIFFERENCES}
    unlike = {case: pair for case, pair in parting.items() if not same(list(pair), list(DIFFERENCES[case]))}
    assert not unlike, unlike
