"""閲覧の記録: who saw what, when and on which ground. One hash chain per case and day; rows are only ever added, and hold ids, never content.

``Notebook`` collects what one process has shown, and writes it in batches after the reply. Days are those of Asia/Tokyo.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import store, stream
from engine.calendar import day_in_tokyo
from engine.store import Store

PAGE = 100  # lines of the record on one page
NO_CASE = 0  # the chain of what belongs to no case
CHAINED = frozenset(("at", "person", "organisation", "case", "what", "ground", "level", "day", "seq"))


@dataclass(frozen=True, slots=True)
class Viewed:
    """One look at something: ``what`` is a word of the product, with an id where one is needed (``case``, ``answer:7``), never a value."""

    at: datetime
    what: str
    person: int | None
    organisation: str | None = None
    case: int | None = None
    ground: str | None = None
    level: str | None = None


class Notebook:
    """What was shown and is not yet written. ``note`` costs nothing; ``write`` is called when the reply is on its way."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._noted: list[Viewed] = []
        self._mine, self._writing = threading.Lock(), threading.Lock()

    def note(self, viewed: Viewed) -> None:
        with self._mine:
            self._noted.append(viewed)

    def write(self) -> None:
        """Write what is noted. While another request writes, the next batch gathers; what could not be written stays noted."""
        with self._writing:
            with self._mine:
                batch, self._noted = self._noted, []
            if not batch:
                return
            try:
                write(self._store, batch)
            except Exception:
                with self._mine:
                    self._noted = batch + self._noted
                raise


def write(store: Store, viewed: Iterable[Viewed]) -> None:
    """Add these to the record, in one transaction."""
    with store.transaction() as c:
        add(c, viewed)


def add(c: Connection, viewed: Iterable[Viewed]) -> None:
    """Add these to the record within a transaction. Chains are locked in one order, so that two writers never wait for each other."""
    ordered = sorted(viewed, key=_chain_of)
    for (case, day), rows in groupby(ordered, key=_chain_of):
        _extend(c, case, day, list(rows))


def _chain_of(each: Viewed) -> tuple[int, date]:
    return each.case or NO_CASE, day_in_tokyo(each.at)


def _extend(c: Connection, case: int, day: date, viewed: list[Viewed]) -> None:
    heads = store.access_day
    here = (heads.c.case == case, heads.c.day == day)
    c.execute(store.insert_unless_there(c, heads, {"case": case, "day": day, "count": 0, "chain": ""}))
    seq, chain = c.execute(sa.select(heads.c.count, heads.c.chain).where(*here).with_for_update()).one()
    rows: list[dict[str, Any]] = []
    for each in viewed:
        seq += 1
        row = {
            "at": each.at, "person": each.person, "organisation": each.organisation, "case": each.case, "what": each.what,
            "ground": each.ground, "level": each.level, "day": day, "seq": seq,
        }  # fmt: skip
        chain = stream.link(chain, row, CHAINED)
        rows.append({**row, "hash": chain})
    c.execute(sa.insert(store.access_log), rows)
    c.execute(sa.update(heads).where(*here).values(count=seq, chain=chain))


# -- reading -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Looked:
    """How often the people of one organisation looked at a case."""

    organisation: str | None
    people: int
    lines: int
    last_at: datetime


def by_organisation(c: Connection, case: int) -> list[Looked]:
    """Who looked at a case, by organisation, whoever looked last first."""
    log = store.access_log
    last = sa.func.max(log.c.at).label("last")
    rows = c.execute(
        sa.select(log.c.organisation, sa.func.count(log.c.person.distinct()).label("people"), sa.func.count().label("lines"), last)
        .where(log.c.case == case).group_by(log.c.organisation).order_by(last.desc())
    )  # fmt: skip
    return [Looked(row.organisation, row.people, row.lines, row.last) for row in rows]


def of_case(c: Connection, case: int, page: int = 1, size: int = PAGE) -> list[Any]:
    """One page of the lines of a case, the newest first."""
    log = store.access_log
    return list(c.execute(sa.select(log).where(log.c.case == case).order_by(log.c.day.desc(), log.c.seq.desc()).limit(size).offset((page - 1) * size)))


def verify(c: Connection, case: int = NO_CASE) -> list[str]:
    """What is wrong with the lines of a case, or with those of none: empty when every chain holds and none is cut short."""
    log, heads = store.access_log, store.access_day
    here = log.c.case == case if case != NO_CASE else log.c.case.is_(None)
    ends = {row.day: row for row in c.execute(sa.select(heads).where(heads.c.case == case))}
    days: dict[date | None, list[Any]] = {day: [] for day in ends}
    for row in c.execute(sa.select(log).where(here).order_by(log.c.day, log.c.seq)).mappings():
        days.setdefault(row["day"], []).append(row)
    return [f"{day}: {what}" for day, rows in sorted(days.items(), key=str) for what in _broken(rows, ends.get(day))]


def _broken(rows: Iterable[Any], end: Any) -> list[str]:
    """The first broken link of a day's chain, and whether its end is missing."""
    previous, expected = "", 1
    for row in rows:
        if row["seq"] != expected:
            return [f"{expected}行目がありません。"]
        linked = {name: row[name] for name in CHAINED}
        if stream.link(previous, linked, CHAINED) != row["hash"]:
            return [f"{expected}行目が書き換えられています。"]
        previous, expected = row["hash"], expected + 1
    if end is None:
        return ["この日の記録の終わりを示すものがありません。"]
    return [] if (end.count, end.chain) == (expected - 1, previous) else ["末尾が切り取られています。"]
