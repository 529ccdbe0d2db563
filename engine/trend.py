"""How many tasks were overdue week by week, from the tasks themselves. It must not keep figures of its own."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine import stalling, store
from engine.calendar import day_in_tokyo
from engine.watch import Watch

WEEKS = 8


@dataclass(frozen=True, slots=True)
class Point:
    day: date
    count: int


def overdue_by_week(look: Watch) -> tuple[Point, ...]:
    """The overdue tasks that this supervisor would have seen at this hour, week by week, oldest first, today last.

    The look must not be narrowed: what a person or step had at that time is not asked.
    """
    moments = [look.city.now() - timedelta(weeks=back) for back in reversed(range(WEEKS))]
    still_open = _open(look, moments)
    closed = _closed(look, moments[0])
    return tuple(
        Point(day_in_tokyo(moment), count + sum(_was_overdue(row, moment) for row in closed))
        for moment, count in zip(moments, still_open, strict=True)
    )


def _open(look: Watch, moments: list[datetime]) -> list[int]:
    """How many of the tasks that are open now were overdue at each moment."""
    task = store.task
    then = (sa.and_(task.c.opened_at <= each, stalling.overdue(day_in_tokyo(each))) for each in moments)
    sums = (sa.func.sum(sa.case((was, 1), else_=0)) for was in then)
    row = look.c.execute(sa.select(*sums).where(look.theirs, stalling.overdue(look.today))).one()
    return [count or 0 for count in row]


def _closed(look: Watch, since: datetime) -> list[Any]:
    """The tasks closed since then after their last day."""
    task = store.task
    columns = (task.c.groups, task.c.opened_at, task.c.due_on, task.c.closed_at)
    rows = look.c.execute(sa.select(*columns).where(task.c.closed_at > since, task.c.due_on < look.today)).all()
    seen = {group for office in look.offices for group in office.groups}
    late = (row for row in rows if row.due_on < day_in_tokyo(row.closed_at))
    return [row for row in late if look.sees_everything or seen & set(row.groups)]


def _was_overdue(row: Any, moment: datetime) -> bool:
    return bool(row.opened_at <= moment < row.closed_at and row.due_on < day_in_tokyo(moment))
