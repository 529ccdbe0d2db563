"""The values an expression works with: kinds, bounds, equality, order. It must not know expressions or scopes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from operator import ge, gt, le, lt
from typing import TypeAlias, cast

from engine.kernel.feel.times import Months, clock, day, duration, moment, spelt

Value: TypeAlias = "bool | int | Decimal | str | date | datetime | list[Value] | dict[str, Value] | None"
Inner: TypeAlias = (
    "bool | int | Decimal | str | date | datetime | time | timedelta | Months | list[Inner] | dict[str, Inner] | None"
)

STEPS = 100_000  # of one evaluation
ITEMS = 10_000  # in one list
CHARACTERS = 100_000  # in one text
LEVELS = 20  # lists and contexts within each other
LARGEST = 10**34  # DMN 1.3, 10.3.2.3.1: numbers have 34 significant digits
SMALLEST = -1_000  # the power of ten
TOO_LARGE = "数が大きすぎます(34桁まで)。"
DIGITS = Context(prec=34, traps=[DivisionByZero, InvalidOperation, Overflow])

_KINDS: dict[type, str] = {
    type(None): "null", bool: "boolean", int: "number", Decimal: "number", str: "text", date: "day", datetime: "moment",
    time: "time", timedelta: "period", Months: "months", list: "list", dict: "context",
}  # fmt: skip
_ORDERED = frozenset({"number", "text", "day", "moment", "time", "period", "months"})
_ORDERS: dict[str, Callable[..., bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


class Overrun(Exception):
    """A bound was met, or a value is of no known kind; the text is Japanese and says which."""


class Budget:
    """The steps that one evaluation may still take."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = STEPS

    def spend(self, steps: int) -> None:
        """Raises Overrun when the steps are used up."""
        self.left -= steps
        if self.left < 0:
            raise Overrun("計算が長すぎます。一覧を小さくするか、式を分けてください。")


def kind_of(value: Inner) -> str:
    """null, boolean, number, text, day, moment, time, period, months, list or context."""
    return _KINDS[type(value)]


def admitted(value: object) -> Inner:
    """A value from outside, if it is of a known kind; items are admitted when they are taken out. Raises Overrun."""
    kind = _KINDS.get(type(value))
    if kind == "number":
        return bounded(cast("int | Decimal", value))
    if kind is None and type(value) is float:
        return bounded(tidy(Decimal(repr(value))))
    if kind is None or (kind == "moment" and cast(datetime, value).tzinfo is None):
        name = type(value).__name__ if kind is None else "時差のない日時"
        raise Overrun(f"式で使えない種類の値です({name})。")
    return cast(Inner, value)


def given(value: object, budget: Budget, level: int = 0) -> Value:
    """A result as it leaves: a copy, plain values, times of day and durations as ISO 8601 text. Raises Overrun when it is too large."""
    value = admitted(value)
    budget.spend(1)
    if isinstance(value, list):
        listed(value)
        return [given(item, budget, _deeper(level)) for item in value]
    if isinstance(value, dict):
        return {key: given(item, budget, _deeper(level)) for key, item in value.items()}
    return written(value) if isinstance(value, time | timedelta | Months) else value


def bounded(number: int | Decimal) -> int | Decimal:
    """The number itself. Raises Overrun when it has more than 34 digits before the point."""
    if isinstance(number, Decimal) and not (number.is_finite() and number.adjusted() > SMALLEST):
        raise Overrun("数ではないか、小さすぎて計算できません。")
    if not -LARGEST < number < LARGEST:
        raise Overrun(TOO_LARGE)
    return number


def listed(items: list[Inner]) -> list[Inner]:
    """The list itself. Raises Overrun when it is too long."""
    if len(items) > ITEMS:
        raise Overrun(f"一覧が長すぎます({ITEMS}件まで)。")
    return items


def tidy(number: Decimal) -> int | Decimal:
    """A whole number as int, any other without trailing noughts."""
    if not number.is_finite():
        raise Overrun("数ではない値です。")
    if number.adjusted() < 40 and number == number.to_integral_value():
        return int(number)
    return number.normalize(DIGITS)


def equal(left: Inner, right: Inner, budget: Budget, level: int = 0) -> bool | None:
    """Whether two values are equal; None when they are of unlike kinds. A null equals only a null."""
    if left is None or right is None:
        return left is right
    left, right = aligned(left, right)
    kind = kind_of(left)
    if kind != kind_of(right):
        return None
    if isinstance(left, list) and isinstance(right, list):
        budget.spend(1 + len(left))
        return len(left) == len(right) and _all_equal(zip(left, right, strict=True), budget, _deeper(level))
    if isinstance(left, dict) and isinstance(right, dict):
        budget.spend(1 + len(left))
        pairs = ((value, right[key]) for key, value in left.items())
        return left.keys() == right.keys() and _all_equal(pairs, budget, _deeper(level))
    return left == right


def _all_equal(pairs: Iterable[tuple[Inner, Inner]], budget: Budget, level: int) -> bool | None:
    results = [equal(admitted(left), admitted(right), budget, level) for left, right in pairs]
    return False if False in results else None if None in results else True


def _deeper(level: int) -> int:
    if level >= LEVELS:
        raise Overrun(f"入れ子が深すぎます({LEVELS}段まで)。")
    return level + 1


def ordered(operator: str, left: Inner, right: Inner) -> bool | None:
    """What `<`, `<=`, `>`, `>=` say; None for null, for unlike kinds, and for kinds without an order."""
    left, right = aligned(left, right)
    kind = kind_of(left)
    return _ORDERS[operator](left, right) if kind == kind_of(right) and kind in _ORDERED else None


def aligned(left: Inner, right: Inner) -> tuple[Inner, Inner]:
    """Both values, an ISO text read as a day, moment, time of day or duration when the other side is one."""
    if type(left) is str:
        return _read_as(type(right), left), right
    return (left, _read_as(type(left), right)) if type(right) is str else (left, right)


def _read_as(kind: type, text: str) -> Inner:
    """The text, read if such a kind is wanted; a text that is none stays a text, of another kind."""
    if kind is date:
        return day(text) or text
    if kind is datetime:
        return moment(text) or text
    if kind is time:
        return clock(text) or text
    if kind is timedelta or kind is Months:
        read = duration(text)
        return text if read is None else read
    return text


def written(value: Inner) -> str | None:
    """A single value as text: numbers in full, days, times and durations in ISO 8601. None for null, lists and contexts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta | Months):
        return spelt(value)
    return value if isinstance(value, str) else None
