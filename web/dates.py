"""Days and moments as they are written on screens and paper; it never reads what somebody typed.

A moment is stored in UTC and shown in Asia/Tokyo. A year is written when it is not this year: in Japanese by its era,
in English by the common era. Every filter gives an empty text for nothing.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Flask

from engine.calendar import TOKYO
from forms.dates import wareki
from web.context import today
from web.language import speaks_english

WEEKDAYS = "月火水木金土日"
ENGLISH_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
ENGLISH_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Time = date | datetime | None


def day(value: Time) -> str:
    """11月26日（木）; with its year where that is not this year."""
    return "" if value is None else f"{month_day(value)}{_weekday(_day(value))}"


def full_day(value: Time) -> str:
    """令和8年11月26日（木）."""
    return "" if value is None else f"{dated(value)}{_weekday(_day(value))}"


def dated(value: Time) -> str:
    """令和8年11月26日."""
    if value is None:
        return ""
    on = _day(value)
    if speaks_english():
        return f"{on.day} {ENGLISH_MONTHS[on.month - 1]} {on.year}"
    return wareki(on)


def month_day(value: Time) -> str:
    """11月26日; with its year where that is not this year."""
    if value is None:
        return ""
    on = _day(value)
    if on.year != today().year:
        return dated(on)
    return f"{on.day} {ENGLISH_MONTHS[on.month - 1]}" if speaks_english() else f"{on.month}月{on.day}日"


def clock(value: datetime | None) -> str:
    """16:05, in Tokyo."""
    if value is None:
        return ""
    there = value.astimezone(TOKYO)
    return f"{there.hour}:{there.minute:02}"


def moment(value: Time) -> str:
    """11月24日（火）16:05; a day alone has no time."""
    return f"{day(value)}{gap()}{clock(value)}" if isinstance(value, datetime) else day(value)


def short_moment(value: Time) -> str:
    """今日 16:05, or 11月24日 16:05; a day alone has no time."""
    if not isinstance(value, datetime):
        return month_day(value)
    now_word = "Today" if speaks_english() else "今日"
    return f"{now_word if _day(value) == today() else month_day(value)} {clock(value)}"


def iso(value: Time) -> str:
    """For machines: 2026-11-26, or 2026-11-24T16:05+09:00."""
    if isinstance(value, datetime):
        return value.astimezone(TOKYO).isoformat(timespec="minutes")
    return "" if value is None else value.isoformat()


def attach(app: Flask) -> None:
    """Make the filters known to templates."""
    filters: tuple[Any, ...] = (day, full_day, dated, month_day, clock, moment, short_moment, iso)
    for written in filters:
        app.add_template_filter(written)


def _day(value: date | datetime) -> date:
    return value.astimezone(TOKYO).date() if isinstance(value, datetime) else value


def _weekday(on: date) -> str:
    return f" ({ENGLISH_WEEKDAYS[on.weekday()]})" if speaks_english() else f"（{WEEKDAYS[on.weekday()]}）"


def gap() -> str:
    """What stands between two sentences, or a day and its hour: nothing in Japanese."""
    return " " if speaks_english() else ""

