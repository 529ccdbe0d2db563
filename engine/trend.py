"""How many tasks were overdue week by week, from the tasks themselves. It must not keep figures of its own."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate

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
    both = zip(moments, _open(look, moments), _closed(look, moments), strict=True)
    return tuple(Point(day_in_tokyo(moment), open_ + closed) for moment, open_, closed in both)


def _open(look: Watch, moments: list[datetime]) -> list[int]:
    """How many of the tasks that are open now were overdue at each moment: from the first on at which they were."""
    task = store.task
    since = sa.case(*((_overdue_at(moment), number) for number, moment in enumerate(moments)))
    rows = look.c.execute(
        sa.select(since.label("since"), sa.func.count().label("n"))
        .where(look.theirs, stalling.overdue(look.today), task.c.opened_at <= moments[-1])
        .group_by(since)
    )
    counts = {row.since: row.n for row in rows}
    return list(accumulate(counts.get(number, 0) for number in range(len(moments))))


def _closed(look: Watch, moments: list[datetime]) -> list[int]:
    """How many of the tasks that were closed since were overdue at each moment."""
    task = store.task
    then = [sa.and_(_overdue_at(moment), task.c.closed_at > moment) for moment in moments]
    late = task.c.due_on <= sa.func.date(task.c.closed_at)  # a day of UTC: nobody closed late is left out
    lately = sa.and_(task.c.closed_at > moments[0], late)
    if look.sees_everything:
        sums = (sa.func.sum(sa.case((was, 1), else_=0)) for was in then)
        return [count or 0 for count in look.c.execute(sa.select(*sums).where(lately)).one()]
    columns = (was.label(f"at_{number}") for number, was in enumerate(then))
    rows = look.c.execute(sa.select(task.c.groups, *columns).where(lately, sa.or_(*then)))
    own = set(look.own_office.groups)
    seen = [row for row in rows if own & set(row.groups)]
    return [sum(bool(getattr(row, f"at_{number}")) for row in seen) for number in range(len(moments))]


def _overdue_at(moment: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(store.task.c.opened_at <= moment, stalling.overdue(day_in_tokyo(moment)))
