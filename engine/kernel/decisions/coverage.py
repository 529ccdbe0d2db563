"""Finds what the rows of a table leave open, say twice or never say, by trying cells. It must not change or decide anything.

Between two values that the cells of a column name, every input is judged alike: a few inputs stand for all that there are.
A cell that also reads other data cannot be tried: it may be met, but not for certain.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

from engine.kernel.decisions.table import Decision
from engine.kernel.feel import NOBODY, FeelError, Value, equal, parse, parse_unary

STATES_LIMIT = 20_000  # sets of rows that are looked at for one question
PAIRS_LIMIT = 12  # choices of one column of several choices, of which every pair is tried
OTHER = "(ほかの値)"  # stands for every text that no cell names
_MADE = re.compile(r'\b(time|duration)\s*\(|@"')  # what leaves as text and is none: no other text stands beside it


@dataclass(frozen=True, slots=True)
class Domain:
    """What is known of the inputs of a column."""

    values: tuple[Value, ...] | None = None  # all that there are, when they can be told
    several: bool = False  # an input is a list of them
    whole: bool = False  # numbers are whole and not negative


class Clash(NamedTuple):
    """Two rows, counted from 1, that hit together, and for which inputs: `「年齢」が 18`; "" for any."""

    first: int
    second: int
    example: str


class Tried(NamedTuple):
    """One input, and the rows that it meets as bits: for certain, and as far as can be known."""

    value: Value
    met: int
    possible: int


class TooLarge(Exception):
    """There are more combinations of rows than can be looked at."""


class Coverage:
    """One table, and what is known of the inputs of each of its columns."""

    def __init__(self, decision: Decision, domains: Sequence[Domain]) -> None:
        self._decision, self._rules, self._domains = decision, decision.rules, domains
        columns: dict[str, list[int]] = {}
        for number, column in enumerate(decision.inputs):
            columns.setdefault(column.expression, []).append(number)
        self._columns = tuple(map(tuple, columns.values()))  # those that read the same are tried together

    @cached_property
    def _tried(self) -> tuple[tuple[Tried, ...], ...]:
        """For each of the columns, one input for each set of rows that an input can meet."""
        return tuple(tuple(self._inputs(column)) for column in self._columns)

    def _inputs(self, column: tuple[int, ...]) -> Iterator[Tried]:
        seen = set[tuple[int, int]]()
        cells = [[rule.cells[number] for number in column] for rule in self._rules]
        for value in _values({cell for row in cells for cell in row}, self._domains[column[0]]):
            met = possible = 0
            for number, row in enumerate(cells):
                results = [_is_met(cell, value) for cell in row]
                met |= all(result is True for result in results) << number
                possible |= (False not in results) << number
            if (met, possible) not in seen:
                seen.add((met, possible))
                yield Tried(value, met, possible)

    def clashes(self) -> Iterator[Clash]:
        """Rows that can hit together though UNIQUE or ANY forbids it: each row once, with the first that it meets."""
        for second in range(1, len(self._rules)):
            found = (self._clash(first, second) for first in range(second))
            yield from [each for each in found if each is not None][:1]

    def _clash(self, first: int, second: int) -> Clash | None:
        both = 1 << first | 1 << second
        way = [next((each for each in tried if each.met & both == both), None) for tried in self._tried]
        if None in way or self._may_say_the_same(first, second):
            return None
        asked = [any(self._rules[row].cells[number] != "-" for row in (first, second) for number in column) for column in self._columns]
        return Clash(first + 1, second + 1, self._example([each if is_asked else None for each, is_asked in zip(way, asked, strict=True)]))

    def _may_say_the_same(self, first: int, second: int) -> bool:
        """Whether ANY allows both: their results are equal, or only a case can tell."""
        pairs = zip(self._rules[first].outputs, self._rules[second].outputs, strict=True)
        return self._decision.hit_policy == "ANY" and all(_may_be_equal(*pair) for pair in pairs)

    def gap(self) -> str | None:
        """Inputs that no row meets: `「年齢」が 18`; None when there are none. A field that is not answered is no gap. Raises TooLarge."""
        answered = [[each for each in tried if each.value is not None] for tried in self._tried]
        way = _way(answered, (1 << len(self._rules)) - 1)
        return None if way is None else self._example(way)

    def hidden(self) -> Iterator[int]:
        """The rows, counted from 1, that no input reaches: none meets all their cells, or FIRST finds rows above. Raises TooLarge."""
        for row in range(len(self._rules)):
            reaching = [[each._replace(possible=each.met) for each in tried if each.possible >> row & 1] for tried in self._tried]
            above = (1 << row) - 1 if self._decision.hit_policy == "FIRST" else 0
            if not all(reaching) or _way(reaching, above) is None:
                yield row + 1

    def _example(self, way: Iterable[Tried | None]) -> str:
        labels = (self._decision.inputs[column[0]].label for column in self._columns)
        return "、".join(f"「{label}」が {said(each.value)}" for label, each in zip(labels, way, strict=False) if each is not None)


def _way(columns: Sequence[Sequence[Tried]], rows: int) -> list[Tried] | None:
    """One input for each of the first columns, so that none of these rows can be met any more; None when there is no such way."""
    ahead: list[tuple[int, list[Tried]]] = [(rows, [])]
    seen = set[tuple[int, int]]()
    while ahead:
        left, way = ahead.pop()
        if left == 0:
            return way
        if len(way) == len(columns) or (len(way), left) in seen:
            continue
        seen.add((len(way), left))
        if len(seen) > STATES_LIMIT:
            raise TooLarge
        ahead += [(left & each.possible, [*way, each]) for each in reversed(columns[len(way)])]
    return None


def _is_met(cell: str, value: Value) -> bool | None:
    """Whether a cell is hit by an input; None when that depends on other data."""
    try:
        return parse_unary(cell).matches(value, NOBODY)
    except FeelError:
        return None


def _may_be_equal(one: str, other: str) -> bool:
    try:
        return equal(parse(one).evaluate(NOBODY), parse(other).evaluate(NOBODY)) is True
    except FeelError:
        return True


def _values(cells: Iterable[str], domain: Domain) -> list[Value]:
    """Inputs of a column that stand for all; the plain ones first."""
    cells = sorted(cells)
    named = [value for cell in cells for value in parse_unary(cell).literals]
    if domain.several:
        return _lists(named, domain)
    if domain.values is not None:
        return [*domain.values, None]
    step = Decimal("0.5") if all(type(value) is not Decimal for value in named) else Decimal("0.001")
    tried = [near for value in named for near in _around(value, Decimal(1) if domain.whole else step)]
    if any(isinstance(value, str) for value in named) and not any(map(_MADE.search, cells)):
        tried.append(OTHER)
    if any(isinstance(value, bool) for value in named):
        tried += [True, False]
    return [*([value for value in tried if not domain.whole or _is_count(value)] or [OTHER]), None]


def _lists(named: list[Value], domain: Domain) -> list[Value]:
    """Lists of one and of two choices, and the empty one."""
    texts: list[Value] = list(dict.fromkeys(value for value in named if isinstance(value, str)))
    others = [value for value in domain.values or (OTHER,) if value not in texts][:1]
    return [*([each] for each in [*texts, *others]), *(list(pair) for pair in combinations(texts[:PAIRS_LIMIT], 2)), [], None]


def _around(value: Value, step: Decimal) -> list[Value]:
    """A value and its neighbours."""
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, int | Decimal):
        return [value, value - step, value + step]
    if isinstance(value, date):
        near = timedelta(minutes=1) if isinstance(value, datetime) else timedelta(days=1)
        return [value, value - near, value + near] if date.min.year < value.year < date.max.year else [value]
    if isinstance(value, str) and _is_length(value):
        near_texts = (f'duration("{value}") {sign} duration("{length}")' for sign in "-+" for length in ("PT1S", "P1M"))
        return [value, *(parse(text).evaluate(NOBODY) for text in near_texts)]
    if isinstance(value, str) and re.fullmatch(r"\d\d:\d\d:\d\d(\.\d+)?", value):
        return [value, *(parse(f'time("{value}") {sign} duration("PT1S")').evaluate(NOBODY) for sign in "-+")]
    return [value]


def _is_length(text: str) -> bool:
    return re.fullmatch(r"-?P[0-9DTHMSY]+", text) is not None


def _is_count(value: Value) -> bool:
    return isinstance(value, int | Decimal) and value >= 0 and value == int(value)


def said(value: Value) -> str:
    """A value as a message says it."""
    if value is None:
        return "空"
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    if isinstance(value, list):
        return f"[{'、'.join(map(said, value))}]"
    if isinstance(value, str):
        return value if value == OTHER else json.dumps(value, ensure_ascii=False)
    return value.isoformat() if isinstance(value, date) else str(value)
