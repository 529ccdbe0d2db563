"""Reads and writes days in 和暦 and 西暦 as people write them on paper; knows no today and no time zone but Tokyo's.

A day is a `date`; a moment is an aware `datetime`. The last day of 明治 and of 大正 is also the first of the next era
(改元の詔書: 「七月三十日以後」「十二月二十五日以後」): both ways of writing it are read, the later one is written.
平成 and 令和 began on the day after. Before 明治6年 the calendar was lunar: such days are read in 西暦 only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

TOKYO = timezone(timedelta(hours=9), "JST")
WESTERN = "西暦"
_LUNAR_ENDS = date(1873, 1, 1)
_LATEST_YEAR = 2200
_HALF_WIDTH = str.maketrans("０１２３４５６７８９，－", "0123456789,-")


@dataclass(frozen=True)
class Era:
    """An era: its name, first day and last day (None while it lasts)."""

    name: str
    first: date
    last: date | None

    def year(self, number: int) -> int:
        """The western year of this era's year `number`."""
        return self.first.year + number - 1

    def has(self, day: date) -> bool:
        """Whether `day` may be written in this era."""
        return self.first <= day and (self.last is None or day <= self.last)


ERAS = (
    Era("令和", date(2019, 5, 1), None),
    Era("平成", date(1989, 1, 8), date(2019, 4, 30)),
    Era("昭和", date(1926, 12, 25), date(1989, 1, 7)),
    Era("大正", date(1912, 7, 30), date(1926, 12, 25)),
    Era("明治", date(1868, 1, 25), date(1912, 7, 30)),
)
ERA_NAMES = (*(era.name for era in ERAS), WESTERN)


class ImpossibleDate(ValueError):
    """A day or time that does not exist; the text says what is wrong and what would be right."""


def read_date(era: str, year: str, month: str, day: str) -> date:
    """The day written in four boxes. Digits may be full width, the first year may be 元.

    Raises ImpossibleDate for anything that names no day.
    """
    names = _empty_boxes({"年": year, "月": month, "日": day})
    if names:
        raise ImpossibleDate(f"{'と'.join(names)}を書いてください。")
    y, m, d = _year(year), _number(month, "月"), _number(day, "日")
    if not 1 <= m <= 12:
        raise ImpossibleDate(f"{m}月はありません。月は1から12です。")
    if era == WESTERN:
        return _western(y, m, d)
    for known in ERAS:
        if known.name == era:
            return _in_era(known, y, m, d)
    raise ImpossibleDate(f"元号「{era}」は使えません。{'・'.join(ERA_NAMES)}から選んでください。")


def read_time(hour: str, minute: str) -> tuple[int, int]:
    """Hour and minute written in two boxes. Raises ImpossibleDate."""
    names = _empty_boxes({"時": hour, "分": minute})
    if names:
        raise ImpossibleDate(f"{'と'.join(names)}を書いてください。")
    h, m = _number(hour, "時"), _number(minute, "分")
    if h > 23:
        raise ImpossibleDate(f"{h}時はありません。時は0から23です。")
    if m > 59:
        raise ImpossibleDate(f"{m}分はありません。分は0から59です。")
    return h, m


def wareki(day: date) -> str:
    """The day as 令和8年11月25日; a first year is 元年; days of the lunar calendar are given in 西暦."""
    era, year, month, number = written(day)
    return f"{era}{'元' if era != WESTERN and year == 1 else year}年{month}月{number}日"


def wareki_moment(moment: datetime) -> str:
    """The moment as 令和8年11月25日 16時05分 in Tokyo."""
    local = moment.astimezone(TOKYO)
    return f"{wareki(local.date())} {local.hour}時{local.minute:02d}分"


def written(day: date) -> tuple[str, int, int, int]:
    """Era name, year, month and day, as the four boxes take them."""
    if day >= _LUNAR_ENDS:
        for era in ERAS:
            if era.has(day):
                return era.name, day.year - era.first.year + 1, day.month, day.day
    return WESTERN, day.year, day.month, day.day


def parse_day(text: object) -> date | None:
    """The day of an answer (`2026-05-14`, nothing else), or None."""
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def parse_moment(text: object) -> datetime | None:
    """The moment of an answer (`2026-05-14T16:05:00+09:00`, with its offset), or None."""
    if not isinstance(text, str) or not re.fullmatch(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})", text
    ):
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment.astimezone(TOKYO)
    except (ValueError, OverflowError):
        return None
    return moment


def half_width(text: str) -> str:
    """Full-width digits, comma and minus as ASCII, for reading numbers only: names are never changed this way."""
    return text.strip().translate(_HALF_WIDTH)


def _in_era(era: Era, year: int, month: int, day: int) -> date:
    asked = f"{era.name}{'元' if year == 1 else year}年{month}月{day}日"
    if year < 1:
        raise ImpossibleDate(f"{asked}はありません。年は1（元）からです。")
    western = era.year(year)
    if western > _LATEST_YEAR:
        raise ImpossibleDate(f"{asked}はありません。{_perhaps_western(year, month, day)}")
    if western < _LUNAR_ENDS.year:
        raise ImpossibleDate(f"{asked}は旧暦の日です。明治5年までは西暦で書いてください。")
    found = _existing(western, month, day, asked)
    if era.has(found):
        return found
    if found < era.first:
        edge = f"{era.name}は{era.first.month}月{era.first.day}日からです。"
    else:
        assert era.last is not None
        edge = f"{era.name}は{_era_end(era, found)}までです。"
    raise ImpossibleDate(f"{asked}はありません。{edge}{wareki(found)}ではありませんか。")


def _era_end(era: Era, found: date) -> str:
    assert era.last is not None
    end = f"{era.last.month}月{era.last.day}日"
    return end if found.year == era.last.year else f"{era.last.year - era.first.year + 1}年{end}"


def _western(year: int, month: int, day: int) -> date:
    if not 1000 <= year <= _LATEST_YEAR:
        guess = f"西暦{2000 + year}年ではありませんか。" if year < 100 else f"西暦は{_LATEST_YEAR}年までです。"
        raise ImpossibleDate(f"西暦{year}年は使えません。西暦は4けたで書いてください。{guess}")
    return _existing(year, month, day, f"西暦{year}年{month}月{day}日")


def _existing(year: int, month: int, day: int, asked: str) -> date:
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    if not 1 <= day <= last:
        leap = f"（{year}年はうるう年ではありません）" if (month, day) == (2, 29) else ""
        raise ImpossibleDate(f"{asked}はありません。{month}月は{last}日までです{leap}。")
    return date(year, month, day)


def _perhaps_western(year: int, month: int, day: int) -> str:
    if 1000 <= year <= _LATEST_YEAR:
        return f"西暦{year}年{month}月{day}日ではありませんか。元号を「西暦」にしてください。"
    return "年を確かめてください。"


def _empty_boxes(boxes: dict[str, str]) -> list[str]:
    return [name for name, text in boxes.items() if not text.strip()]


def _year(text: str) -> int:
    return 1 if text.strip() == "元" else _number(text, "年")


def _number(text: str, unit: str) -> int:
    digits = half_width(text)
    if not re.fullmatch(r"[0-9]{1,4}", digits):
        raise ImpossibleDate(f"{unit}の「{shortened(text.strip())}」は数字ではありません。数字で書いてください。")
    return int(digits)


def shortened(text: str, limit: int = 30) -> str:
    """At most `limit` characters of what somebody typed, for quoting it in a message."""
    return text if len(text) <= limit else text[:limit] + "…"
