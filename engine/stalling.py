"""What counts as stalled, as conditions for queries: overdue, or no activity for ``stalledAfter`` open days.

Activity is whatever happened in the case; before its follow-up day nothing is expected of a task. A wait is not work:
a timer counts only when its moment passed more than its ``stalledAfter`` open days ago and nothing went on, which no
worker can help. It must not list anything.
"""

from bisect import bisect_right
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import store
from engine.calendar import TOKYO, Calendar


def quiet_before(calendar: Calendar, n: int, today: date) -> date:
    """The first day since which no more than ``n`` open days have passed: what moved last before it is quiet longer."""
    back = range(3 * n + 60)
    last = bisect_right(back, n, key=lambda days: calendar.workdays_between(today - timedelta(days), today)) - 1
    return today - timedelta(last)


def start_of(day: date) -> datetime:
    """The first moment of a day in Tokyo, UTC."""
    return datetime.combine(day, time(), TOKYO).astimezone(UTC)


def overdue(today: date) -> sa.ColumnElement[bool]:
    """The condition on ``task``: its last day is over."""
    return store.task.c.due_on < today


def stalled_tasks(c: Connection, calendar: Calendar, today: date) -> sa.ColumnElement[bool]:
    """The condition on ``task``: open, and overdue or without activity for longer than its ``stalledAfter``."""
    task, case = store.task, store.case.alias()
    days = _days(c, sa.select(task.c.stalled_after).where(task.c.status == "open"), calendar, today)
    either = [overdue(today)]
    if days:
        moment, day = _limits(days, task.c.stalled_after)
        unmoved = sa.exists().where(case.c.id == task.c.case, case.c.active_at < moment)
        expected = sa.or_(task.c.follow_up_on.is_(None), task.c.follow_up_on < day)
        either.append(sa.and_(task.c.opened_at < moment, expected, unmoved))
    return sa.and_(task.c.status == "open", sa.or_(*either))


def stalled_waits(c: Connection, calendar: Calendar, today: date) -> sa.ColumnElement[bool]:
    """The condition on ``timer``: its moment passed more than its ``stalledAfter`` open days ago."""
    timer = store.timer
    days = _days(c, sa.select(timer.c.stalled_after).where(timer.c.due_at < start_of(today)), calendar, today)
    return timer.c.due_at < _limits(days, timer.c.stalled_after)[0] if days else sa.false()


def _days(c: Connection, used: sa.Select[Any], calendar: Calendar, today: date) -> dict[int, date]:
    """The first quiet day for each ``stalledAfter`` that is in use."""
    numbers = c.scalars(used.where(used.selected_columns[0].is_not(None)).distinct())
    return {n: quiet_before(calendar, n, today) for n in sorted(numbers)}


def _limits(days: Mapping[int, date], column: sa.Column[Any]) -> tuple[sa.Case[Any], sa.Case[Any]]:
    moments = {n: sa.literal(start_of(day), store.Moment()) for n, day in days.items()}
    whole_days = {n: sa.literal(day, sa.Date()) for n, day in days.items()}
    return sa.case(moments, value=column), sa.case(whole_days, value=column)
