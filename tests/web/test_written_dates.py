"""How days and moments are written on the screens, in both languages. Today is 令和8年11月25日."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask

from web import dates

TUESDAY = datetime(2026, 11, 24, 7, 5, tzinfo=UTC)  # 16:05 in Tokyo
AFTER_MIDNIGHT = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)  # 0:30 of the 25th in Tokyo


@pytest.fixture(params=["ja", "en"])
def language(request: pytest.FixtureRequest, app: Flask) -> Iterator[str]:
    with app.test_request_context(headers={"Cookie": f"language={request.param}"}):
        yield request.param


WRITTEN: list[tuple[Callable[..., str], Any, str, str]] = [
    (dates.day, date(2026, 11, 26), "11月26日（木）", "26 Nov (Thu)"),
    (dates.day, date(2027, 1, 4), "令和9年1月4日（月）", "4 Jan 2027 (Mon)"),
    (dates.day, AFTER_MIDNIGHT, "11月25日（水）", "25 Nov (Wed)"),
    (dates.full_day, date(2026, 11, 25), "令和8年11月25日（水）", "25 Nov 2026 (Wed)"),
    (dates.dated, date(2026, 6, 3), "令和8年6月3日", "3 Jun 2026"),
    (dates.dated, date(2019, 5, 1), "令和元年5月1日", "1 May 2019"),
    (dates.dated, date(2019, 4, 30), "平成31年4月30日", "30 Apr 2019"),
    (dates.dated, date(1944, 5, 3), "昭和19年5月3日", "3 May 1944"),
    (dates.month_day, date(2026, 7, 1), "7月1日", "1 Jul"),
    (dates.month_day, date(2025, 7, 1), "令和7年7月1日", "1 Jul 2025"),
    (dates.clock, TUESDAY, "16:05", "16:05"),
    (dates.clock, AFTER_MIDNIGHT, "0:30", "0:30"),
    (dates.moment, TUESDAY, "11月24日（火）16:05", "24 Nov (Tue) 16:05"),
    (dates.moment, date(2026, 11, 24), "11月24日（火）", "24 Nov (Tue)"),
    (dates.short_moment, TUESDAY, "11月24日 16:05", "24 Nov 16:05"),
    (dates.short_moment, AFTER_MIDNIGHT, "今日 0:30", "Today 0:30"),
    (dates.short_moment, date(2026, 9, 14), "9月14日", "14 Sep"),
    (dates.iso, TUESDAY, "2026-11-24T16:05+09:00", "2026-11-24T16:05+09:00"),
    (dates.iso, date(2026, 11, 24), "2026-11-24", "2026-11-24"),
]


@pytest.mark.parametrize(("write", "value", "japanese", "english"), WRITTEN)
def test_a_time_is_written_as_people_here_write_it(
    language: str, write: Callable[..., str], value: Any, japanese: str, english: str
) -> None:
    assert write(value) == (japanese if language == "ja" else english)


FILTERS = (dates.day, dates.full_day, dates.dated, dates.month_day, dates.clock, dates.moment, dates.short_moment, dates.iso)


@pytest.mark.parametrize("write", FILTERS)
def test_no_time_is_written_as_nothing(language: str, write: Callable[..., str]) -> None:
    assert write(None) == ""


def test_templates_know_every_filter(app: Flask) -> None:
    assert {write.__name__ for write in FILTERS} <= set(app.jinja_env.filters)
