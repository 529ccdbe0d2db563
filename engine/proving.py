"""Proves that what is recorded is what was written: every case's stream with its contents, and the record of who saw it. Reading only.

It finds what was changed, left out or cut off within the database. Somebody who may write to it and rewrites a whole chain to its
end with its head is found out by ``Heads`` that were kept elsewhere: what was the end then must still be a link of the chain.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import correspondence, store, stream, viewings
from engine.errors import Refusal
from engine.store import Store


class UnreadableHeads(Refusal):
    """控えのファイルを読めません。"""


@dataclass(frozen=True, slots=True)
class Heads:
    """Where every chain ended at some moment: number of the case, or 「number day」 of its lines, to count and hash. No content."""

    cases: Mapping[str, tuple[int, str]]
    lines: Mapping[str, tuple[int, str]]

    def dump(self) -> str:
        return json.dumps({"cases": self.cases, "lines": self.lines}, indent=0, sort_keys=True)


def read_heads(text: str) -> Heads:
    """What ``dump`` wrote. Raises UnreadableHeads."""
    try:
        kept = json.loads(text)
        return Heads(*({str(place): (int(count), str(end)) for place, (count, end) in kept[name].items()} for name in ("cases", "lines")))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnreadableHeads("控えのファイルの書き方が違います。verify の --keep で書いたファイルを指してください。") from error


@dataclass
class Proof:
    """What was looked at, and what is wrong: (number of the case or none, what)."""

    cases: int = 0
    events: int = 0
    lines: int = 0
    erased: int = 0
    wrong: list[tuple[str | None, str]] = field(default_factory=list)


def verify(store_: Store, kept: Heads | None = None) -> Proof:
    """Walk everything that is chained; with heads that were ``kept``, whether they are still part of it."""
    proof = Proof()
    with store_.reading() as c:
        proof.wrong += [(number, "このケースがありません。") for number in _missing(c)]
        for row in c.execute(sa.select(store.case.c.id, store.case.c.number, store.case.c.events).order_by(store.case.c.id)).all():
            proof.cases, proof.events = proof.cases + 1, proof.events + row.events
            proof.erased += stream.erased(c, row.id)
            proof.wrong += [(row.number, what) for what in stream.verify(c, row.id) + correspondence.verify(c, row.id)]
            proof.wrong += [(row.number, f"閲覧の記録 {what}") for what in viewings.verify(c, row.id)]
        proof.wrong += [(None, f"閲覧の記録 {what}") for what in viewings.verify(c)]
        if kept is not None:
            proof.wrong += _rewritten(c, kept)
        proof.lines = c.scalar(sa.select(sa.func.count()).select_from(store.access_log)) or 0
    return proof


def heads(store_: Store) -> Heads:
    """Where every chain ends now."""
    case, day = store.case, store.access_day
    with store_.reading() as c:
        cases = {row.number: (row.events, row.chain) for row in c.execute(sa.select(case.c.number, case.c.events, case.c.chain))}
        numbers = _numbers(c)
        days = c.execute(sa.select(day.c.case, day.c.day, day.c["count"].label("lines"), day.c.chain))
        lines = {f"{numbers.get(row.case, '-')} {row.day}": (row.lines, row.chain) for row in days}
    return Heads(cases, lines)


def _numbers(c: Connection) -> dict[int, str]:
    return {row.id: row.number for row in c.execute(sa.select(store.case.c.id, store.case.c.number))}


def _rewritten(c: Connection, kept: Heads) -> Iterator[tuple[str | None, str]]:
    """What was the end of a chain when the heads were kept, and is no link of it now."""
    event, log = store.event, store.access_log
    ids = {number: id for id, number in _numbers(c).items()}
    for number, (count, end) in kept.cases.items():
        found = sa.select(event.c.hash).where(event.c.case == ids.get(number), event.c.seq == count)
        if c.scalar(found) != end:
            yield number, f"{count}番目までのできごとが、控えと違います。"
    for place, (count, end) in kept.lines.items():
        number, _sep, day = place.rpartition(" ")
        of_case = log.c.case == ids.get(number) if number != "-" else log.c.case.is_(None)
        if c.scalar(sa.select(log.c.hash).where(of_case, log.c.day == date.fromisoformat(day), log.c.seq == count)) != end:
            yield number if number != "-" else None, f"閲覧の記録 {day}: {count}行目までが、控えと違います。"


def _missing(c: Connection) -> Iterator[str]:
    """Numbers are given without a gap: one that was given and has no case is a case that was taken away."""
    known = set(c.scalars(sa.select(store.case.c.number)))
    for row in c.execute(sa.select(store.case_number).order_by(store.case_number.c.fiscal_year)):
        wanted = (f"{row.fiscal_year}-{number:05d}" for number in range(1, row.last + 1))
        yield from (number for number in wanted if number not in known)
