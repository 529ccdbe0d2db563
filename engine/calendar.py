"""Counts open days (開庁日) and turns periods into moments in Asia/Tokyo. It reads no clock and no files."""

from __future__ import annotations

import re
from bisect import bisect_right
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import jpholiday

TOKYO = ZoneInfo("Asia/Tokyo")
FIRST_YEAR, LAST_YEAR = 1970, 2099  # holidays outside are not known well enough to count with
LONGEST = 9_999  # days, open days or months that one period may span

Moment = str | date | datetime

_OPEN_DAYS = re.compile(r"P(\d{1,4})BD")
_ISO = re.compile(
    r"P(?=\d|T\d)(?:(?P<years>\d{1,3})Y)?(?:(?P<months>\d{1,4})M)?(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,4})D)?"
    r"(?P<clock>T(?=\d)(?:(?P<hours>\d{1,4})H)?(?:(?P<minutes>\d{1,4})M)?(?:(?P<seconds>\d{1,6})S)?)?"
)
_ISO_PARTS = ("years", "months", "weeks", "days", "hours", "minutes", "seconds")


class CalendarError(ValueError):
    """A day or period that cannot be counted; the message says in Japanese what is wrong and what would be right."""


@dataclass(frozen=True)
class Calendar:
    """The city's calendar: weekends, national holidays and 12/29–1/3 are closed, and so are the days in `closed`.

    `opens_at` is the time of day in Tokyo at which a wait of whole days ends.
    """

    closed: frozenset[date] = frozenset()
    opens_at: time = time(8, 30)

    def is_open(self, day: date) -> bool:
        """Whether the offices are open on `day`."""
        return day in _open_set(_counted(day).year, self.closed)

    def workdays(self, n: int, from_: date) -> date:
        """The `n`-th open day after `from_`; with `n` = 0 `from_` itself or else the next open day."""
        _within(n, "開庁日の数")
        if n == 0:
            return from_ if self.is_open(from_) else self.workdays(1, from_)
        year = _counted(from_).year
        days = _open_days(year, self.closed)
        index = bisect_right(days, from_) + n - 1
        while index >= len(days):
            index -= len(days)
            year += 1
            days = _open_days(_counted(date(year, 1, 1)).year, self.closed)
        return days[index]

    def workdays_between(self, a: date, b: date) -> int:
        """Open days after `a` up to and including `b`; negative when `b` is earlier.

        `workdays_between(a, workdays(n, a))` is n for every n from 1 on.
        """
        if b < a:
            return -self.workdays_between(b, a)
        within = self._of_its_year(b) - self._of_its_year(a)
        return within + sum(len(_open_days(year, self.closed)) for year in range(a.year, b.year))

    def months(self, n: int, from_: date) -> date:
        """`n` calendar months after `from_` (at the latest the end of that month), moved to the next open day."""
        _within(n, "月の数")
        return self.workdays(0, _months_later(n, from_))

    def due(self, value: Moment, now: datetime) -> datetime:
        """The moment (UTC) at which a timer of `value` ends: a whole day at `opens_at`, a clock time as it is.

        `value` is a period counted from `now` ("P3BD" open days, "P3D", "P1M", "PT1H"), a date, a date and time
        (without an offset: Tokyo), or the text of one. Raises CalendarError for anything else.
        """
        end = self._end(value, now)
        if isinstance(end, datetime):
            return end.astimezone(UTC)
        return datetime.combine(end, self.opens_at, TOKYO).astimezone(UTC)

    def due_on(self, value: Moment, now: datetime) -> date:
        """The last day (Tokyo) on which a person is in time; `value` and errors as for `due`."""
        end = self._end(value, now)
        return end.astimezone(TOKYO).date() if isinstance(end, datetime) else end

    def _of_its_year(self, day: date) -> int:
        """How many open days of its year lie up to and including `day`."""
        return bisect_right(_open_days(_counted(day).year, self.closed), day)

    def _end(self, value: Moment, now: datetime) -> date | datetime:
        """The day, or the aware moment, that `value` names as seen from `now`."""
        today = day_in_tokyo(now)
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=TOKYO)
        if isinstance(value, date):
            return value
        if not isinstance(value, str):
            raise CalendarError(f"日付でも期間でもない値です: {value!r}。日付か、P3BD のような期間を書いてください。")
        if match := _OPEN_DAYS.fullmatch(value):
            return self.workdays(int(match[1]), today)
        if match := _ISO.fullmatch(value):
            return _after_iso(match, today, now)
        return self._end(_written(value), now)


@dataclass(frozen=True)
class RegularMeeting:
    """The meeting that is held every month on the `week`-th weekday (0 = Monday), moved to the next open day."""

    name: str
    week: int
    weekday: int

    def next_on(self, from_: date, calendar: Calendar) -> date:
        """The first regular meeting on or after `from_`."""
        month = (from_ - timedelta(days=45)).replace(day=1)
        while (held := calendar.workdays(0, self._day_of(month))) < from_:
            month = (month + timedelta(days=31)).replace(day=1)
        return held

    def _day_of(self, month: date) -> date:
        return month + timedelta(days=(self.weekday - month.weekday()) % 7 + 7 * (self.week - 1))


def day_in_tokyo(moment: datetime) -> date:
    """The calendar day in Tokyo of an aware moment."""
    if moment.tzinfo is None:
        raise CalendarError("時刻に時差の情報がありません。UTC の時刻を渡してください。")
    return moment.astimezone(TOKYO).date()


def end_of(day: date) -> datetime:
    """The moment, in UTC, at which a day in Tokyo is over."""
    return datetime.combine(day + timedelta(days=1), time(), TOKYO).astimezone(UTC)


def is_period(text: str) -> bool:
    """Whether `text` is a period that `Calendar.due` counts: "P3BD", "P3D", "P1M", "PT1H" and the like."""
    return bool(_OPEN_DAYS.fullmatch(text) or _ISO.fullmatch(text))


def _after_iso(match: re.Match[str], today: date, now: datetime) -> date | datetime:
    years, months, weeks, days, hours, minutes, seconds = (int(match[part] or 0) for part in _ISO_PARTS)
    on_day = _months_later(years * 12 + months, today) + timedelta(weeks=weeks, days=days)
    if not match["clock"]:
        return on_day
    clock = now.astimezone(TOKYO).timetz()
    return datetime.combine(on_day, clock).astimezone(UTC) + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _months_later(n: int, from_: date) -> date:
    year, month = divmod(_counted(from_).year * 12 + from_.month - 1 + n, 12)
    if year > LAST_YEAR:
        raise CalendarError(f"{LAST_YEAR}年より先の日は数えられません。期間を短くしてください。")
    return date(year, month + 1, min(from_.day, monthrange(year, month + 1)[1]))


def _written(text: str) -> date | datetime:
    """The date or moment that ISO text spells."""
    try:
        return date.fromisoformat(text) if len(text) <= 10 else datetime.fromisoformat(text)
    except ValueError:
        right = "2026-06-01 か、P3BD(3開庁日)、P3D(3日)、PT1H(1時間)のように書いてください。"
        raise CalendarError(f"「{text}」は日付としても期間としても読めません。{right}") from None


def _counted(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise CalendarError(f"{day} は数えられません。{FIRST_YEAR}年から{LAST_YEAR}年までの日付にしてください。")
    return day


def _within(n: int, what: str) -> None:
    if not 0 <= n <= LONGEST:
        raise CalendarError(f"{what}は 0 から {LONGEST} までにしてください({n} は数えられません)。")


@lru_cache(maxsize=512)
def _open_days(year: int, closed: frozenset[date]) -> tuple[date, ...]:
    """The open days of a year in order."""
    holidays = _holidays(year) | closed
    first = date(year, 1, 1)
    days = (first + timedelta(days=n) for n in range(366 if monthrange(year, 2)[1] == 29 else 365))
    return tuple(day for day in days if day.weekday() < 5 and day not in holidays and not _is_year_end(day))


@lru_cache(maxsize=128)
def _holidays(year: int) -> frozenset[date]:
    """National holidays (国民の祝日に関する法律), substitute days included; slow to ask for, so kept."""
    return frozenset(day for day, _ in jpholiday.year_holidays(year))


@lru_cache(maxsize=512)
def _open_set(year: int, closed: frozenset[date]) -> frozenset[date]:
    return frozenset(_open_days(year, closed))


def _is_year_end(day: date) -> bool:
    """12/29–1/3, closed by the city's ordinance on days off (市の休日を定める条例)."""
    return (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3)
