"""Days in 和暦 and 西暦: what is read, what is refused and with which advice, and how days are written."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.dates import (
    ERAS,
    ImpossibleDate,
    parse_day,
    parse_moment,
    read_date,
    read_time,
    wareki,
    wareki_moment,
    written,
)

MODERN = st.dates(min_value=date(1873, 1, 1), max_value=date(2200, 12, 31))


def refused(*boxes: str) -> str:
    with pytest.raises(ImpossibleDate) as caught:
        read_date(*boxes)
    return str(caught.value)


@pytest.mark.parametrize(
    ("boxes", "day"),
    [
        (("昭和", "64", "1", "7"), date(1989, 1, 7)),
        (("平成", "1", "1", "8"), date(1989, 1, 8)),
        (("平成", "元", "1", "8"), date(1989, 1, 8)),
        (("平成", "31", "4", "30"), date(2019, 4, 30)),
        (("令和", "元", "5", "1"), date(2019, 5, 1)),
        (("令和", "1", "5", "1"), date(2019, 5, 1)),
        (("大正", "元", "7", "31"), date(1912, 7, 31)),
        (("昭和", "元", "12", "31"), date(1926, 12, 31)),
        (("明治", "6", "1", "1"), date(1873, 1, 1)),
        (("西暦", "2026", "11", "25"), date(2026, 11, 25)),
        (("西暦", "1868", "1", "25"), date(1868, 1, 25)),
    ],
)
def test_days_beside_a_change_of_era_are_read_in_the_era_they_belong_to(
    boxes: tuple[str, str, str, str], day: date
) -> None:
    assert read_date(*boxes) == day


@pytest.mark.parametrize(
    ("boxes", "day"),
    [
        (("明治", "45", "7", "30"), date(1912, 7, 30)),
        (("大正", "1", "7", "30"), date(1912, 7, 30)),
        (("大正", "15", "12", "25"), date(1926, 12, 25)),
        (("昭和", "1", "12", "25"), date(1926, 12, 25)),
    ],
)
def test_the_two_days_that_belong_to_two_eras_are_read_in_both(boxes: tuple[str, str, str, str], day: date) -> None:
    assert read_date(*boxes) == day


def test_digits_may_be_full_width_and_stand_between_spaces() -> None:
    assert read_date("令和", " ８", "１１ ", "　２５") == date(2026, 11, 25)


@pytest.mark.parametrize(
    ("boxes", "advice"),
    [
        (
            ("平成", "31", "5", "1"),
            "平成31年5月1日はありません。平成は4月30日までです。令和元年5月1日ではありませんか。",
        ),
        (
            ("令和", "元", "4", "30"),
            "令和元年4月30日はありません。令和は5月1日からです。平成31年4月30日ではありませんか。",
        ),
        (
            ("昭和", "64", "1", "8"),
            "昭和64年1月8日はありません。昭和は1月7日までです。平成元年1月8日ではありませんか。",
        ),
        (
            ("昭和", "70", "3", "1"),
            "昭和70年3月1日はありません。昭和は64年1月7日までです。平成7年3月1日ではありませんか。",
        ),
        (
            ("平成", "元", "1", "7"),
            "平成元年1月7日はありません。平成は1月8日からです。昭和64年1月7日ではありませんか。",
        ),
        (("令和", "8", "2", "29"), "令和8年2月29日はありません。2月は28日までです（2026年はうるう年ではありません）。"),
        (("令和", "8", "4", "31"), "令和8年4月31日はありません。4月は30日までです。"),
        (("令和", "8", "4", "0"), "令和8年4月0日はありません。4月は30日までです。"),
        (("令和", "8", "13", "1"), "13月はありません。月は1から12です。"),
        (("令和", "0", "5", "1"), "令和0年5月1日はありません。年は1（元）からです。"),
        (
            ("令和", "2026", "5", "1"),
            "令和2026年5月1日はありません。西暦2026年5月1日ではありませんか。元号を「西暦」にしてください。",
        ),
        (("令和", "999", "5", "1"), "令和999年5月1日はありません。年を確かめてください。"),
        (("明治", "5", "12", "2"), "明治5年12月2日は旧暦の日です。明治5年までは西暦で書いてください。"),
        (
            ("西暦", "26", "5", "1"),
            "西暦26年は使えません。西暦は4けたで書いてください。西暦2026年ではありませんか。",
        ),
        (("西暦", "9999", "5", "1"), "西暦9999年は使えません。西暦は4けたで書いてください。西暦は2200年までです。"),
        (("令和", "八", "5", "1"), "年の「八」は数字ではありません。数字で書いてください。"),
        (("令和", "8", "5月", "1"), "月の「5月」は数字ではありません。数字で書いてください。"),
        (("令和", "8", "-5", "1"), "月の「-5」は数字ではありません。数字で書いてください。"),
        (("令和", "8", "", "1"), "月を書いてください。"),
        (("令和", "", "5", " "), "年と日を書いてください。"),
        (
            ("慶応", "3", "5", "1"),
            "元号「慶応」は使えません。令和・平成・昭和・大正・明治・西暦から選んでください。",
        ),
    ],
)
def test_an_impossible_day_is_refused_with_what_would_be_right(boxes: tuple[str, str, str, str], advice: str) -> None:
    assert refused(*boxes) == advice


def test_a_long_text_in_a_box_is_quoted_shortened() -> None:
    message = refused("令和", "9" * 100_000, "5", "1")
    assert len(message) < 80
    assert "9…" in message


@pytest.mark.parametrize("text", ["٣", "Ⅷ", "²", "⑤", "五", "1e1", "1_0", "+5"])
def test_only_plain_and_full_width_digits_are_numbers(text: str) -> None:
    assert "数字ではありません" in refused("令和", text, "5", "1")


@given(MODERN)
def test_every_day_since_1873_is_read_back_as_it_is_written(day: date) -> None:
    era, year, month, number = written(day)
    assert read_date(era, str(year), str(month), str(number)) == day
    assert read_date("西暦", str(day.year), str(day.month), str(day.day)) == day


@given(st.dates(min_value=date(1000, 1, 1), max_value=date(1872, 12, 31)))
def test_days_of_the_lunar_calendar_are_written_in_the_western_calendar(day: date) -> None:
    assert written(day)[0] == "西暦"
    assert read_date(*(str(box) for box in written(day))) == day


@given(
    st.sampled_from([era.name for era in ERAS]),
    st.integers(1, 130),
    st.integers(1, 12),
    st.integers(1, 31),
)
def test_a_day_keeps_its_month_and_number_and_a_refusal_suggests_only_what_can_be_read(
    era: str, year: int, month: int, day: int
) -> None:
    try:
        found = read_date(era, str(year), str(month), str(day))
    except ImpossibleDate as problem:
        suggested = re.search(r"(..)([0-9元]+)年([0-9]+)月([0-9]+)日ではありませんか", str(problem))
        if suggested:
            assert wareki(read_date(*suggested.groups())) == "{}{}年{}月{}日".format(*suggested.groups())
        else:
            assert str(problem).endswith(("までです。", "ありません）。", "書いてください。"))
    else:
        assert (found.month, found.day) == (month, day)


def test_eras_follow_each_other_without_a_gap() -> None:
    for later, earlier in zip(ERAS, ERAS[1:], strict=False):
        assert earlier.last is not None
        assert later.first - earlier.last <= timedelta(days=1)
        assert later.first >= earlier.last


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2019, 5, 1), "令和元年5月1日"),
        (date(2019, 4, 30), "平成31年4月30日"),
        (date(1989, 1, 8), "平成元年1月8日"),
        (date(1989, 1, 7), "昭和64年1月7日"),
        (date(1912, 7, 30), "大正元年7月30日"),
        (date(1926, 12, 25), "昭和元年12月25日"),
        (date(2026, 11, 25), "令和8年11月25日"),
        (date(1870, 3, 3), "西暦1870年3月3日"),
    ],
)
def test_a_day_is_written_in_its_era(day: date, text: str) -> None:
    assert wareki(day) == text


def test_a_moment_is_written_in_tokyo_whatever_its_offset() -> None:
    assert wareki_moment(datetime(2026, 11, 24, 23, 5, tzinfo=UTC)) == "令和8年11月25日 8時05分"


@pytest.mark.parametrize(
    ("hour", "minute", "advice"),
    [
        ("24", "0", "24時はありません。時は0から23です。"),
        ("8", "60", "60分はありません。分は0から59です。"),
        ("8", "", "分を書いてください。"),
        ("", "", "時と分を書いてください。"),
        ("八", "0", "時の「八」は数字ではありません。数字で書いてください。"),
    ],
)
def test_an_impossible_time_is_refused(hour: str, minute: str, advice: str) -> None:
    with pytest.raises(ImpossibleDate) as caught:
        read_time(hour, minute)
    assert str(caught.value) == advice


def test_a_time_is_read_with_full_width_digits() -> None:
    assert read_time("１６", "０５") == (16, 5)


@pytest.mark.parametrize("text", ["20260514", "2026-5-14", "2026-02-30", "2026-05-14 ", "令和8年", "", None, 20260514])
def test_an_answer_holds_a_day_in_one_spelling_only(text: object) -> None:
    assert parse_day(text) is None


def test_a_day_of_an_answer_is_read() -> None:
    assert parse_day("2026-05-14") == date(2026, 5, 14)


@pytest.mark.parametrize(
    "text", ["2026-05-14T16:05", "2026-05-14T25:05:00+09:00", "2026-05-14", "0001-01-01T00:00:00+14:00", None, 5]
)
def test_a_moment_of_an_answer_needs_its_offset(text: object) -> None:
    assert parse_moment(text) is None


def test_a_moment_of_an_answer_is_read() -> None:
    assert parse_moment("2026-05-14T16:05:00+09:00") == datetime(2026, 5, 14, 7, 5, tzinfo=UTC)
    assert parse_moment("2026-05-14T07:05:00Z") == datetime(2026, 5, 14, 7, 5, tzinfo=UTC)
