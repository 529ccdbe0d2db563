"""How long a step usually takes: the median of what was finished lately. It calls nothing usual that is too rare."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import store
from engine.calendar import day_in_tokyo
from engine.city import City

ENOUGH = 20  # finished steps from which a median may be called usual
LATEST = 100  # of each step: as many as are looked at, so that a long history costs no more than a short one
A_YEAR = timedelta(days=365)
AT_ONCE = 400  # selects in one union; SQLite takes 500


@dataclass(frozen=True, slots=True)
class Usual:
    """``days``: the median in open days, None below ENOUGH; ``n``: from how many finished steps (at most LATEST)."""

    days: int | None = None
    n: int = 0

    def is_far_exceeded_by(self, days: int) -> bool:
        """Whether ``days`` are twice the usual and more; never while nothing is known to be usual."""
        return self.days is not None and days >= 2 * max(1, self.days)


def usual(city: City, c: Connection, elements: Iterable[str]) -> dict[str, Usual]:
    """For each element (``process:node``): its latest tasks finished within a year."""
    wanted, calendar = sorted(set(elements)), city.calendar(c)
    taken: dict[str, list[int]] = {element: [] for element in wanted}
    for start in range(0, len(wanted), AT_ONCE):
        for row in c.execute(_latest(city, wanted[start : start + AT_ONCE])):
            began, ended = day_in_tokyo(row.opened_at), day_in_tokyo(row.closed_at)
            taken[row.element].append(calendar.workdays_between(began, ended))
    return {element: Usual(_middle(days), len(days)) for element, days in taken.items()}


def _latest(city: City, elements: list[str]) -> sa.CompoundSelect[tuple[str]]:
    task = store.task
    since = city.now() - A_YEAR
    each = [
        sa.select(task.c.element, task.c.opened_at, task.c.closed_at)
        .where(task.c.element == element, task.c.status == "done", task.c.closed_at >= since)
        .order_by(task.c.closed_at.desc())
        .limit(LATEST)
        .subquery()
        for element in elements
    ]
    return sa.union_all(*(sa.select(found) for found in each))


def _middle(days: list[int]) -> int | None:
    return int(median(days) + 0.5) if len(days) >= ENOUGH else None
