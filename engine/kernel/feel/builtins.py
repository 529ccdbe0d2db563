"""The functions that FEEL brings along, as one table. They work on values only; none may grow one beyond the bounds.

Source of names and meanings: DMN 1.3, 10.3.4. Left out on purpose: regular expressions (they can run for ever), sorting
by a function, and whatever reads the clock. A null or a value of a wrong kind gives null.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
    InvalidOperation,
)
from typing import NamedTuple

from engine.kernel.feel import lists
from engine.kernel.feel.arithmetic import is_number, negated, texted, within_text
from engine.kernel.feel.lists import Function, items_of
from engine.kernel.feel.times import TOKYO, Months, clock, clock_of, day, day_of, duration, moment, months_between
from engine.kernel.feel.values import DIGITS, Budget, Inner, bounded, tidy, written


class BuiltIn(NamedTuple):
    """One function: what it does, how many values it takes (`most` None: any number), how it is written."""

    apply: Function
    fewest: int
    most: int | None
    spelling: str
    called: str  # what DMN calls the values, in order; "|" before other values that may be given instead; "" where it has no names
    remedy: str = ""  # said when literal arguments give null: such a call can only be a mistake

    @property
    def parameters(self) -> tuple[tuple[str, ...], ...]:
        """The names of the values, once for each way to call it."""
        ways = self.called.split("|") if self.called else ()
        return tuple(tuple(name.strip() for name in way.split(",")) for way in ways)


def at_literal(text: str) -> Inner:
    """What @"…" stands for: a day, a moment, a time of day or a duration; None for anything else."""
    return day(text) or moment(text) or clock(text) or duration(text)


def _texts(function: Callable[..., Inner]) -> Function:
    """A function of texts."""

    def apply(arguments: list[Inner], budget: Budget) -> Inner:
        return function(*arguments) if all(isinstance(each, str) for each in arguments) else None

    return apply


def _number(function: Callable[..., int | Decimal | None]) -> Function:
    """A function of numbers."""

    def apply(arguments: list[Inner], budget: Budget) -> Inner:
        try:
            return function(*arguments) if all(is_number(each) for each in arguments) else None
        except InvalidOperation:
            return None

    return apply


def _substring(arguments: list[Inner], budget: Budget) -> Inner:
    text, start, length = arguments[0], arguments[1], arguments[2] if len(arguments) > 2 else None
    if not isinstance(text, str) or type(start) is not int or start == 0:
        return None
    begin = start - 1 if start > 0 else len(text) + start
    if len(arguments) == 2:
        return text[begin:] if 0 <= begin <= len(text) else None
    if type(length) is not int or length < 1 or not 0 <= begin <= len(text):
        return None
    return text[begin : begin + length]


def _joined_text(arguments: list[Inner], budget: Budget) -> Inner:
    items = items_of(arguments[0], budget)
    between = arguments[1] if len(arguments) > 1 and arguments[1] is not None else ""
    if items is None or not isinstance(between, str):
        return None
    texts = [item for item in items if isinstance(item, str)]
    if len(texts) != sum(1 for item in items if item is not None):
        return None
    within_text(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


def _before(text: str, part: str) -> str:
    return text.partition(part)[0] if part and part in text else ""


def _after(text: str, part: str) -> str:
    return text.partition(part)[2] if part else text


def _number_in(text: str) -> int | Decimal | None:
    return bounded(tidy(Decimal(text))) if re.fullmatch(r"-?\d{1,34}(\.\d{1,34})?", text, re.ASCII) else None


def _down(number: int | Decimal) -> int:
    return int(Decimal(number).to_integral_value(ROUND_FLOOR))


def _up(number: int | Decimal) -> int:
    return int(Decimal(number).to_integral_value(ROUND_CEILING))


def _rounding(how: str) -> Function:
    """Rounds to so many digits after the point; how is one of the ways of `decimal`."""

    def rounded(number: int | Decimal, scale: int | Decimal) -> int | Decimal | None:
        if type(scale) is not int or not -34 <= scale <= 34:
            return None
        return tidy(Decimal(number).quantize(Decimal(1).scaleb(-scale), how, DIGITS))

    return _number(rounded)


def _modulo(number: int | Decimal, by: int | Decimal) -> int | Decimal | None:
    if by == 0:
        return None
    rest = DIGITS.remainder(number, by)
    return tidy(DIGITS.add(rest, by) if rest and (rest < 0) != (by < 0) else rest)


def _magnitude(value: Inner) -> Inner:
    if isinstance(value, timedelta):
        return abs(value)
    if isinstance(value, Months):
        return Months(abs(value.number))
    return (negated(value) if value < 0 else value) if is_number(value) else None


def _as_day(value: Inner) -> date | None:
    if isinstance(value, datetime):
        return day_of(value)
    if isinstance(value, str):
        read = moment(value)
        return day(value) if read is None else day_of(read)
    return value if isinstance(value, date) else None


def _day(arguments: list[Inner], budget: Budget) -> Inner:
    if len(arguments) == 1:
        return _as_day(arguments[0])
    if len(arguments) == 3 and all(type(each) is int and 1 <= each <= 9999 for each in arguments):
        year, month, number = arguments
        return day(f"{year:04}-{month:02}-{number:02}")
    return None


def _clock(arguments: list[Inner], budget: Budget) -> Inner:
    if len(arguments) == 1:
        return _as_clock(arguments[0])
    if len(arguments) == 3 and all(type(each) is int and 0 <= each <= 59 for each in arguments):
        hour, minute, second = arguments
        return clock(f"{hour:02}:{minute:02}:{second:02}")
    return None


def _as_clock(value: Inner) -> time | None:
    if isinstance(value, datetime):
        return clock_of(value)
    if isinstance(value, str):
        read = moment(value)
        return clock(value) if read is None else clock_of(read)
    return value if isinstance(value, time) else None


def _moment(arguments: list[Inner], budget: Budget) -> Inner:
    value = arguments[0]
    if len(arguments) == 2:
        on, at = _as_day(value), _as_clock(arguments[1])
        return None if on is None or at is None else datetime.combine(on, at, TOKYO)
    return value if isinstance(value, datetime) else moment(value) if isinstance(value, str) else None


def _duration(arguments: list[Inner], budget: Budget) -> Inner:
    value = arguments[0]
    return value if isinstance(value, timedelta | Months) else duration(value) if isinstance(value, str) else None


def _months(arguments: list[Inner], budget: Budget) -> Inner:
    start, end = (_as_day(each) for each in arguments)
    return None if start is None or end is None else months_between(start, end)


_DAY_REMEDY = "その日付はありません。date(\"2026-04-01\") のように、年-月-日で書きます。"
_MOMENT_REMEDY = "その日時はありません。date and time(\"2026-04-01T08:30\") のように書きます。"
_CLOCK_REMEDY = "その時刻はありません。time(\"08:30:00\") のように、時差を付けずに書きます。"
_DURATION_REMEDY = (
    "期間として読めません。duration(\"P3D\")(3日)、\"PT1H\"(1時間)、\"P1Y6M\"(1年6か月)のように書きます。"
    "開庁日は workdays(日数) です。"
)

BUILT_IN: dict[str, BuiltIn] = {
    "count": BuiltIn(lists.of_list(lambda items, budget: len(items)), 1, 1, "count(一覧)", "list"),
    "sum": BuiltIn(lists.of_values(lists.total), 1, None, "sum(一覧)", "list"),
    "min": BuiltIn(lists.best("<"), 1, None, "min(一覧)", "list"),
    "max": BuiltIn(lists.best(">"), 1, None, "max(一覧)", "list"),
    "mean": BuiltIn(lists.of_values(lists.mean), 1, None, "mean(一覧)", "list"),
    "all": BuiltIn(lists.of_values(lists.every), 1, None, "all(一覧)", "list"),
    "any": BuiltIn(lists.of_values(lists.some), 1, None, "any(一覧)", "list"),
    "list contains": BuiltIn(lists.contains, 2, 2, "list contains(一覧, 値)", "list, element"),
    "index of": BuiltIn(lists.positions, 2, 2, "index of(一覧, 値)", "list, match"),
    "append": BuiltIn(lists.appended, 2, None, "append(一覧, 値)", ""),
    "concatenate": BuiltIn(lists.joined, 1, None, "concatenate(一覧, 一覧)", ""),
    "union": BuiltIn(lists.united, 1, None, "union(一覧, 一覧)", ""),
    "distinct values": BuiltIn(lists.of_list(lists.distinct), 1, 1, "distinct values(一覧)", "list"),
    "flatten": BuiltIn(lists.of_list(lists.flattened), 1, 1, "flatten(一覧)", "list"),
    "reverse": BuiltIn(lists.of_list(lambda items, budget: items[::-1]), 1, 1, "reverse(一覧)", "list"),
    "string length": BuiltIn(_texts(len), 1, 1, "string length(文字)", "string"),
    "contains": BuiltIn(_texts(lambda text, part: part in text), 2, 2, "contains(文字, 部分)", "string, match"),
    "starts with": BuiltIn(_texts(str.startswith), 2, 2, "starts with(文字, 部分)", "string, match"),
    "ends with": BuiltIn(_texts(str.endswith), 2, 2, "ends with(文字, 部分)", "string, match"),
    "substring": BuiltIn(_substring, 2, 3, "substring(文字, 始まり, 長さ)", "string, start position, length"),
    "substring before": BuiltIn(_texts(_before), 2, 2, "substring before(文字, 部分)", "string, match"),
    "substring after": BuiltIn(_texts(_after), 2, 2, "substring after(文字, 部分)", "string, match"),
    "upper case": BuiltIn(_texts(lambda text: texted(text.upper())), 1, 1, "upper case(文字)", "string"),
    "lower case": BuiltIn(_texts(lambda text: texted(text.lower())), 1, 1, "lower case(文字)", "string"),
    "string join": BuiltIn(_joined_text, 1, 2, "string join(一覧, 区切り)", "list, delimiter"),
    "string": BuiltIn(lambda arguments, budget: written(arguments[0]), 1, 1, "string(値)", "from"),
    "number": BuiltIn(_texts(_number_in), 1, 1, "number(文字)", "from"),
    "abs": BuiltIn(lambda arguments, budget: _magnitude(arguments[0]), 1, 1, "abs(数)", "n"),
    "floor": BuiltIn(_number(_down), 1, 1, "floor(数)", "n"),
    "ceiling": BuiltIn(_number(_up), 1, 1, "ceiling(数)", "n"),
    "decimal": BuiltIn(_rounding(ROUND_HALF_EVEN), 2, 2, "decimal(数, 小数点より下の桁数)", "n, scale"),
    "round half up": BuiltIn(_rounding(ROUND_HALF_UP), 2, 2, "round half up(数, 小数点より下の桁数)", "n, scale"),
    "round half down": BuiltIn(_rounding(ROUND_HALF_DOWN), 2, 2, "round half down(数, 小数点より下の桁数)", "n, scale"),
    "round up": BuiltIn(_rounding(ROUND_UP), 2, 2, "round up(数, 小数点より下の桁数)", "n, scale"),
    "round down": BuiltIn(_rounding(ROUND_DOWN), 2, 2, "round down(数, 小数点より下の桁数)", "n, scale"),
    "modulo": BuiltIn(_number(_modulo), 2, 2, "modulo(数, 割る数)", "dividend, divisor"),
    "date": BuiltIn(_day, 1, 3, "date(\"2026-04-01\")", "from | year, month, day", _DAY_REMEDY),
    "time": BuiltIn(_clock, 1, 3, "time(\"08:30:00\")", "from | hour, minute, second", _CLOCK_REMEDY),
    "date and time": BuiltIn(_moment, 1, 2, "date and time(\"2026-04-01T08:30\")", "from | date, time", _MOMENT_REMEDY),
    "duration": BuiltIn(_duration, 1, 1, "duration(\"P3D\")", "from", _DURATION_REMEDY),
    "years and months duration": BuiltIn(_months, 2, 2, "years and months duration(始め, 終わり)", "from, to"),
    "is defined": BuiltIn(lambda arguments, budget: arguments[0] is not None, 1, 1, "is defined(値)", "value"),
}
