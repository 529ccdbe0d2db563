"""The five operations on numbers, texts, days, times and durations. It never raises for unlike kinds: those give null."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation, Overflow
from typing import TypeGuard

from engine.kernel.feel.times import Months, between, clock, day, later, moment, turned, within_time
from engine.kernel.feel.values import CHARACTERS, DIGITS, TOO_LARGE, Inner, Overrun, aligned, bounded, tidy


def added(left: Inner, right: Inner) -> Inner:
    """Numbers, texts, durations; a day, moment or time and a duration."""
    if is_number(left) and is_number(right):
        return _calculated(DIGITS.add, left, right)
    if type(left) is str and type(right) is str:
        return texted(left + right)
    if isinstance(left, timedelta | Months):
        return _lengthened(left, right) if isinstance(right, timedelta | Months) else _moved(right, left)
    return _moved(left, right) if isinstance(right, timedelta | Months) else None


def subtracted(left: Inner, right: Inner) -> Inner:
    """Numbers, durations; a duration from a day, moment or time; the duration between two days, moments or times."""
    if is_number(left) and is_number(right):
        return _calculated(DIGITS.subtract, left, right)
    if isinstance(right, timedelta | Months):
        return added(left, negated(right))
    left, right = (_dated(left), _dated(right)) if type(left) is type(right) is str else aligned(left, right)
    if isinstance(left, datetime) and isinstance(right, datetime):
        return left - right
    if isinstance(left, time) and isinstance(right, time):
        return between(right, left)
    return left - right if type(left) is date and type(right) is date else None


def multiplied(left: Inner, right: Inner) -> Inner:
    """Numbers; a duration and a number."""
    if is_number(left):
        left, right = right, left
    if not is_number(right):
        return None
    if isinstance(left, timedelta):
        return _period(DIGITS.multiply(_ticks(left), right))
    if isinstance(left, Months):
        return Months(int(bounded(tidy(DIGITS.multiply(left.number, right)))))
    return _calculated(DIGITS.multiply, left, right) if is_number(left) else None


def divided(left: Inner, right: Inner) -> Inner:
    """Numbers; a duration by a number or by a duration of its kind. Null when divided by nought."""
    if isinstance(left, timedelta) and isinstance(right, timedelta):
        return divided(_ticks(left), _ticks(right))
    if isinstance(left, Months) and isinstance(right, Months):
        return divided(left.number, right.number)
    if not is_number(right) or right == 0:
        return None
    if isinstance(left, timedelta):
        return _period(DIGITS.divide(_ticks(left), right))
    if isinstance(left, Months):
        return Months(int(bounded(tidy(DIGITS.divide(left.number, right)))))
    return _calculated(DIGITS.divide, left, right) if is_number(left) else None


def powered(left: Inner, right: Inner) -> Inner:
    """Numbers. Null where there is no such number: a root of a negative one, nought to a negative power."""
    if not is_number(left) or not is_number(right) or (left == 0 and right < 0):
        return None
    if right == 0:
        return 1
    try:
        return _calculated(DIGITS.power, Decimal(left), Decimal(right))
    except InvalidOperation:
        return None
    except Overflow:
        raise Overrun(TOO_LARGE) from None


def negated(value: Inner) -> Inner:
    """The opposite of a number or duration."""
    if isinstance(value, timedelta):
        return multiplied(value, -1)
    if isinstance(value, Months):
        return Months(-value.number)
    return tidy(DIGITS.minus(value)) if is_number(value) else None


def is_number(value: Inner) -> TypeGuard[int | Decimal]:
    """Whether this is a number; true and false are none."""
    return type(value) is int or type(value) is Decimal


def texted(text: str) -> str:
    """The text itself. Raises Overrun when it is too long."""
    within_text(len(text))
    return text


def within_text(characters: int) -> None:
    """Raises Overrun when a text of this length would be too long."""
    if characters > CHARACTERS:
        raise Overrun(f"文字が長すぎます({CHARACTERS}字まで)。")


def _calculated(operation: Callable[..., Decimal], left: int | Decimal, right: int | Decimal) -> int | Decimal:
    return bounded(tidy(operation(left, right)))


def _ticks(length: timedelta) -> int:
    return length // timedelta(microseconds=1)


def _period(ticks: Decimal) -> timedelta | None:
    """A duration of so many microseconds, if there can be one."""
    number = int(bounded(tidy(ticks)))
    return within_time(lambda: timedelta(microseconds=number))


def _lengthened(left: timedelta | Months, right: timedelta | Months) -> Inner:
    if isinstance(left, timedelta) and isinstance(right, timedelta):
        return _within(left, right)
    return Months(left.number + right.number) if isinstance(left, Months) and isinstance(right, Months) else None


def _within(left: timedelta, right: timedelta) -> timedelta | None:
    return within_time(lambda: left + right)


def _dated(text: Inner) -> Inner:
    """A text as the day, moment or time that it is: two texts can only be subtracted as such."""
    return (day(text) or moment(text) or clock(text)) if isinstance(text, str) else text


def _moved(value: Inner, length: timedelta | Months) -> Inner:
    if type(value) is str:
        value = _dated(value)
    if isinstance(value, time):
        return turned(value, length) if isinstance(length, timedelta) else None
    return later(value, length) if isinstance(value, date) else None
