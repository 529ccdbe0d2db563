"""Days, moments, times of day and durations: read, written, moved. It must not know the calendar of open days.

Spellings are those of ISO 8601 that FEEL knows. A moment without offset, the parts of each, and every time of day are Japanese time.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import TypeVar

TOKYO = timezone(timedelta(hours=9), "Asia/Tokyo")  # without summer time since 1951

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_CLOCK = re.compile(r"\d\d:\d\d(:\d\d(\.\d{1,6})?)?", re.ASCII)
_PERIOD = re.compile(r"(-?)P(?=.)(?:(\d{1,6})D)?(?:T(?=.)(?:(\d{1,8})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?)?", re.ASCII)
_MONTHS = re.compile(r"(-?)P(?=.)(?:(\d{1,4})Y)?(?:(\d{1,5})M)?", re.ASCII)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, order=True)
class Months:
    """A duration of calendar months."""

    number: int


def day(text: str) -> date | None:
    """A day written "2026-04-01", if it exists."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def moment(text: str) -> datetime | None:
    """A moment written "2026-04-01T08:30", with an offset or without, if it exists."""
    try:
        value = datetime.fromisoformat(text) if _MOMENT.fullmatch(text) else None
    except ValueError:
        return None
    return value if value is None or value.tzinfo is not None else value.replace(tzinfo=TOKYO)


def clock(text: str) -> time | None:
    """A time of day written "08:30" or "08:30:00", without an offset, if it exists."""
    found = moment(f"2000-01-01T{text}") if _CLOCK.fullmatch(text) else None
    return None if found is None else found.time()


def clock_of(value: datetime) -> time | None:
    """The Japanese time of day of a moment."""
    local = within_time(lambda: value.astimezone(TOKYO))
    return None if local is None else local.time()


def turned(value: time, length: timedelta) -> time:
    """A time of day moved on, past midnight if need be."""
    return (datetime.combine(date(2000, 1, 1), value) + length % timedelta(days=1)).time()


def between(start: time, end: time) -> timedelta:
    """How long it is from one time of a day to another; negative when the second is earlier."""
    return datetime.combine(date(2000, 1, 1), end) - datetime.combine(date(2000, 1, 1), start)


def duration(text: str) -> timedelta | Months | None:
    """A duration written "P3D", "PT1H30M" or "P1Y6M"."""
    months = _MONTHS.fullmatch(text)
    if months:
        number = int(months[2] or 0) * 12 + int(months[3] or 0)
        return Months(-number if months[1] else number)
    period = _PERIOD.fullmatch(text)
    if period is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in period.groups()[1:])
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -length if period[1] else length


def day_of(value: datetime) -> date | None:
    """The Japanese day of a moment."""
    local = within_time(lambda: value.astimezone(TOKYO))
    return None if local is None else local.date()


def later(value: date | datetime, length: timedelta | Months) -> date | datetime | None:
    """A day or moment moved on; the end of a shorter month is kept to. None outside of the years 1 to 9999."""
    if isinstance(length, timedelta):
        return within_time(lambda: value + length)
    year, month = divmod(value.year * 12 + value.month - 1 + length.number, 12)
    if not 1 <= year <= 9999:
        return None
    return value.replace(year=year, month=month + 1, day=min(value.day, monthrange(year, month + 1)[1]))


def months_between(start: date, end: date) -> Months:
    """The whole months from one day to another; negative when the second is earlier."""
    if end < start:
        return Months(-months_between(end, start).number)
    return Months((end.year - start.year) * 12 + end.month - start.month - (end.day < start.day))


def within_time(calculation: Callable[[], Result]) -> Result | None:
    """What the calculation gives; None when it leaves the years 1 to 9999."""
    try:
        return calculation()
    except OverflowError:
        return None


def spelt(length: timedelta | Months) -> str:
    """A duration in ISO 8601."""
    if isinstance(length, Months):
        years, months = divmod(abs(length.number), 12)
        parts = (f"{years}Y" if years else "") + (f"{months}M" if months or not years else "")
        return f"{'-' if length.number < 0 else ''}P{parts}"
    sign, length = ("-", -length) if length < timedelta(0) else ("", length)
    hours, rest = divmod(length.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    fraction = f".{length.microseconds:06d}".rstrip("0") if length.microseconds else ""
    time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    time += f"{seconds}{fraction}S" if seconds or fraction else ""
    days = f"{length.days}D" if length.days or not time else ""
    return f"{sign}P{days}{'T' if time else ''}{time}"


def part(value: date | datetime | time | timedelta | Months, name: str) -> int | None:
    """`.year` to `.weekday` (Monday is 1) of a day, `.hour` to `.second` of a time, both of a moment; the parts of a duration."""
    if isinstance(value, time):
        return {"hour": value.hour, "minute": value.minute, "second": value.second}.get(name)
    if isinstance(value, datetime):
        local = within_time(lambda: value.astimezone(TOKYO))
        if local is None:
            return None
        found = part(local.time(), name)
        return part(local.date(), name) if found is None else found
    if isinstance(value, date):
        return {"year": value.year, "month": value.month, "day": value.day, "weekday": value.isoweekday()}.get(name)
    if isinstance(value, Months):
        sign, number = (-1, -value.number) if value.number < 0 else (1, value.number)
        whole = {"years": number // 12, "months": number % 12}
    else:
        sign, length = (-1, -value) if value < timedelta(0) else (1, value)
        hours, rest = divmod(length.seconds, 3600)
        whole = {"days": length.days, "hours": hours, "minutes": rest // 60, "seconds": rest % 60}
    return sign * whole[name] if name in whole else None
