"""Proves that what is recorded is what was written: every case's stream with its contents, and the record of who saw it. Reading only.

It finds what was changed, left out or cut off within the database. Somebody who may write to it and rewrites a whole chain to its
end with all heads leaves nothing to find: for that a head must be kept elsewhere (docs/security.md).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import correspondence, store, stream, viewings
from engine.store import Store


@dataclass
class Proof:
    """What was looked at, and what is wrong: (number of the case or none, what)."""

    cases: int = 0
    events: int = 0
    lines: int = 0
    erased: int = 0
    wrong: list[tuple[str | None, str]] = field(default_factory=list)


def verify(store_: Store) -> Proof:
    """Walk everything that is chained."""
    proof = Proof()
    with store_.reading() as c:
        proof.wrong += [(number, "このケースがありません。") for number in _missing(c)]
        for row in c.execute(sa.select(store.case.c.id, store.case.c.number, store.case.c.events).order_by(store.case.c.id)).all():
            proof.cases, proof.events = proof.cases + 1, proof.events + row.events
            proof.erased += stream.erased(c, row.id)
            proof.wrong += [(row.number, what) for what in stream.verify(c, row.id) + correspondence.verify(c, row.id)]
            proof.wrong += [(row.number, f"閲覧の記録 {what}") for what in viewings.verify(c, row.id)]
        proof.wrong += [(None, f"閲覧の記録 {what}") for what in viewings.verify(c)]
        proof.lines = c.scalar(sa.select(sa.func.count()).select_from(store.access_log)) or 0
    return proof


def _missing(c: Connection) -> Iterator[str]:
    """Numbers are given without a gap: one that was given and has no case is a case that was taken away."""
    known = set(c.scalars(sa.select(store.case.c.number)))
    for row in c.execute(sa.select(store.case_number).order_by(store.case_number.c.fiscal_year)):
        wanted = (f"{row.fiscal_year}-{number:05d}" for number in range(1, row.last + 1))
        yield from (number for number in wanted if number not in known)
