"""Open days, months and moments, as officers count them on the wall calendar."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendar import TOKYO, Calendar, CalendarError, day_in_tokyo, is_period

CITY = Calendar()
DAYS = st.dates(date(2015, 1, 1), date(2040, 12, 31))


def tokyo(text: str) -> datetime:
    """The UTC moment of a Tokyo wall-clock time."""
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO).astimezone(UTC)


# --- open days --------------------


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        ("2026-06-01", True),  # an ordinary Monday
        ("2026-06-06", False),  # Saturday
        ("2026-06-07", False),  # Sunday
        ("2026-05-06", False),  # 振替休日
        ("2026-09-22", False),  # 国民の休日 between two holidays
        ("2026-03-20", False),  # 春分の日
        ("2026-12-28", True),  # last day of business
        ("2026-12-29", False),
        ("2026-12-31", False),
        ("2027-01-01", False),
        ("2029-01-02", False),
        ("2029-01-03", False),
        ("2027-01-04", True),  # first day of business
    ],
)
def test_weekends_holidays_and_the_turn_of_the_year_are_closed(day, open_):
    assert CITY.is_open(date.fromisoformat(day)) is open_


def test_a_day_that_the_city_closes_is_closed_for_that_city_only():
    closing = Calendar(closed=frozenset({date(2026, 6, 1)}))
    assert not closing.is_open(date(2026, 6, 1))
    assert CITY.is_open(date(2026, 6, 1))


@pytest.mark.parametrize(
    ("n", "from_", "expected"),
    [
        (0, "2026-06-01", "2026-06-01"),  # an open day is its own
        (0, "2026-06-06", "2026-06-08"),  # a Saturday becomes Monday
        (1, "2026-06-01", "2026-06-02"),
        (1, "2026-06-05", "2026-06-08"),  # over the weekend
        (1, "2026-06-06", "2026-06-08"),  # counted from a Saturday, Monday is the first
        (5, "2026-06-01", "2026-06-08"),
        (1, "2026-05-01", "2026-05-07"),  # over the golden week
        (1, "2026-12-28", "2027-01-04"),  # over the turn of the year
        (10, "2026-12-18", "2027-01-07"),
        (250, "2026-04-01", "2027-04-14"),  # more than a year of office days
    ],
)
def test_the_nth_open_day_is_counted_after_the_first_day(n, from_, expected):
    assert CITY.workdays(n, date.fromisoformat(from_)) == date.fromisoformat(expected)


def test_a_closing_day_moves_every_count_that_runs_over_it():
    closing = Calendar(closed=frozenset({date(2026, 6, 3)}))
    assert closing.workdays(2, date(2026, 6, 1)) == date(2026, 6, 4)
    assert closing.workdays_between(date(2026, 6, 1), date(2026, 6, 4)) == 2


@given(DAYS, st.integers(0, 600))
def test_counting_one_by_one_gives_the_same_day(from_, n):
    day = from_
    for _ in range(n):
        day += timedelta(days=1)
        while not CITY.is_open(day):
            day += timedelta(days=1)
    while not CITY.is_open(day):
        day += timedelta(days=1)
    assert CITY.workdays(n, from_) == day


@given(DAYS, st.integers(1, 600))
def test_as_many_open_days_lie_between_as_were_counted(from_, n):
    assert CITY.workdays_between(from_, CITY.workdays(n, from_)) == n


@given(DAYS, DAYS)
def test_the_way_back_counts_the_same_with_the_other_sign(a, b):
    assert CITY.workdays_between(a, b) == -CITY.workdays_between(b, a)


@given(DAYS, DAYS, DAYS)
def test_open_days_add_up(a, b, c):
    assert CITY.workdays_between(a, b) + CITY.workdays_between(b, c) == CITY.workdays_between(a, c)


def test_nothing_lies_between_a_day_and_itself():
    assert CITY.workdays_between(date(2026, 6, 1), date(2026, 6, 1)) == 0


@pytest.mark.parametrize("n", [-1, 10_000])
def test_a_count_that_makes_no_sense_is_refused_with_the_limits(n):
    with pytest.raises(CalendarError, match="0 から 9999 まで"):
        CITY.workdays(n, date(2026, 6, 1))
    with pytest.raises(CalendarError, match="0 から 9999 まで"):
        CITY.months(n, date(2026, 6, 1))


@pytest.mark.parametrize("day", [date(1969, 12, 31), date(2100, 1, 1)])
def test_years_whose_holidays_are_not_known_are_refused(day):
    with pytest.raises(CalendarError, match="1970年から2099年まで"):
        CITY.is_open(day)
    with pytest.raises(CalendarError, match="1970年から2099年まで"):
        CITY.workdays(1, day)


def test_a_count_that_runs_out_of_the_known_years_is_refused():
    with pytest.raises(CalendarError, match="2099年まで"):
        CITY.workdays(300, date(2099, 6, 1))
    with pytest.raises(CalendarError, match="2099年より先"):
        CITY.months(12, date(2099, 6, 1))


# --- months --------------------


@pytest.mark.parametrize(
    ("n", "from_", "expected"),
    [
        (1, "2026-05-18", "2026-06-18"),
        (1, "2026-12-10", "2027-01-12"),  # 1/10 is a Sunday, 1/11 成人の日
        (3, "2026-12-10", "2027-03-10"),
        (6, "2026-12-10", "2027-06-10"),
        (1, "2026-01-31", "2026-03-02"),  # 2/28 is a Saturday
        (1, "2028-01-31", "2028-02-29"),  # leap year
        (12, "2026-04-30", "2027-04-30"),
        (0, "2026-06-06", "2026-06-08"),  # no month, but an open day
    ],
)
def test_months_follow_the_calendar_and_end_on_an_open_day(n, from_, expected):
    assert CITY.months(n, date.fromisoformat(from_)) == date.fromisoformat(expected)


@given(DAYS, st.integers(0, 120))
def test_months_always_give_an_open_day_within_two_weeks_of_the_calendar_month(from_, n):
    end = CITY.months(n, from_)
    assert CITY.is_open(end)
    first = date(from_.year + (from_.month - 1 + n) // 12, (from_.month - 1 + n) % 12 + 1, 1)
    assert first <= end <= first + timedelta(days=45)


# --- moments of timers --------------------


MONDAY_AFTERNOON = tokyo("2026-06-01T15:20")


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("P5BD", "2026-06-08T08:30"),
        ("P0BD", "2026-06-01T08:30"),  # today: due at once
        ("P3D", "2026-06-04T08:30"),
        ("P6D", "2026-06-07T08:30"),  # calendar days end on a Sunday when they do
        ("P2W", "2026-06-15T08:30"),
        ("P1M", "2026-07-01T08:30"),
        ("P1Y", "2027-06-01T08:30"),
        ("PT1H", "2026-06-01T16:20"),
        ("PT90M", "2026-06-01T16:50"),
        ("P1DT30S", "2026-06-02T15:20:30"),
        ("2026-06-16", "2026-06-16T08:30"),
        ("2026-06-16T13:00", "2026-06-16T13:00"),
        (date(2026, 6, 16), "2026-06-16T08:30"),
        (datetime(2026, 6, 16, 13, 0), "2026-06-16T13:00"),
        (datetime(2026, 6, 16, 4, 0, tzinfo=UTC), "2026-06-16T13:00"),
    ],
)
def test_whole_days_end_when_the_office_opens_and_hours_end_to_the_minute(value, moment):
    assert CITY.due(value, MONDAY_AFTERNOON) == tokyo(moment)


def test_moments_come_back_in_utc():
    assert CITY.due("P1BD", MONDAY_AFTERNOON).tzinfo is UTC
    assert CITY.due("PT1H", MONDAY_AFTERNOON).tzinfo is UTC


def test_text_with_an_offset_keeps_it():
    assert CITY.due("2026-06-16T04:00:00+00:00", MONDAY_AFTERNOON) == tokyo("2026-06-16T13:00")


def test_the_opening_hour_is_a_setting_of_the_calendar():
    assert Calendar(opens_at=time(9, 15)).due("P1BD", MONDAY_AFTERNOON) == tokyo("2026-06-02T09:15")


def test_the_day_is_the_day_in_tokyo_and_not_in_greenwich():
    just_after_midnight = tokyo("2026-06-02T00:30")  # still 1 June in UTC
    assert day_in_tokyo(just_after_midnight) == date(2026, 6, 2)
    assert CITY.due("P1BD", just_after_midnight) == tokyo("2026-06-03T08:30")
    assert CITY.due_on("P0BD", just_after_midnight) == date(2026, 6, 2)


# --- deadlines of people --------------------


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("P0BD", "2026-06-01"),
        ("P3BD", "2026-06-04"),
        ("P3D", "2026-06-04"),
        ("PT10H", "2026-06-02"),  # 01:20 of the next day
        ("2026-06-16", "2026-06-16"),
        (date(2026, 6, 20), "2026-06-20"),  # a date that somebody chose stays, even a Saturday
        (datetime(2026, 6, 16, 23, 0, tzinfo=UTC), "2026-06-17"),
    ],
)
def test_people_have_until_the_end_of_a_day(value, day):
    assert CITY.due_on(value, MONDAY_AFTERNOON) == date.fromisoformat(day)


def test_a_period_that_begins_on_a_closed_day_counts_from_the_next_open_one():
    saturday = tokyo("2026-06-06T10:00")
    assert CITY.due_on("P0BD", saturday) == date(2026, 6, 8)
    assert CITY.due_on("P1BD", saturday) == date(2026, 6, 8)


@pytest.mark.parametrize(
    "text", ["P", "PT", "P3", "3BD", "P3BDT1H", "P1.5D", "P-1D", "あした", "2026-02-30", "", "2026/06/01", "R3/PT1H"]
)
def test_what_is_neither_a_day_nor_a_period_is_refused_with_examples(text):
    with pytest.raises(CalendarError, match="P3BD"):
        CITY.due(text, MONDAY_AFTERNOON)
    assert not is_period(text)


@pytest.mark.parametrize("value", [3, None, True, ["P3BD"]])
def test_a_value_of_another_kind_is_refused(value):
    with pytest.raises(CalendarError, match="日付でも期間でもない"):
        CITY.due(value, MONDAY_AFTERNOON)


def test_a_moment_without_an_offset_is_refused_as_now():
    with pytest.raises(CalendarError, match="時差"):
        CITY.due("P1BD", datetime(2026, 6, 1, 15, 20))


@pytest.mark.parametrize("text", ["P0BD", "P10BD", "P3D", "P1M", "P1Y6M", "P2W", "PT1H", "P1DT2H"])
def test_periods_are_told_from_dates(text):
    assert is_period(text)
    assert not is_period("2026-06-01")


def test_the_same_question_gives_the_same_answer_whatever_was_asked_before():
    closing = Calendar(closed=frozenset({date(2026, 6, 2)}))
    first = [CITY.workdays(3, date(2026, 6, 1)), closing.workdays(3, date(2026, 6, 1))]
    again = [CITY.workdays(3, date(2026, 6, 1)), closing.workdays(3, date(2026, 6, 1))]
    assert first == again == [date(2026, 6, 4), date(2026, 6, 5)]
