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
