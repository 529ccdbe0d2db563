"""What somebody typed and has not finished: kept per person and page, never an event, gone when it is finished."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import store
from engine.city import City
from engine.prepared import Prepared

_THIS = (store.form_draft.c.person == sa.bindparam("this_person"), store.form_draft.c.subject == sa.bindparam("this_subject"))
_LOAD = sa.select(store.form_draft).where(*_THIS)
_FORGET = Prepared(sa.delete(store.form_draft).where(*_THIS))


@dataclass(frozen=True, slots=True)
class Draft:
    typed: Mapping[str, Sequence[str]]
    saved_at: datetime


def save(city: City, person: int, subject: str, typed: Mapping[str, Sequence[str]]) -> datetime:
    """Keep what was typed on a page; gives the moment."""
    at, table = city.now(), store.form_draft
    data = {name: list(values) for name, values in typed.items()}
    with city.store.transaction() as c:
        changed = c.execute(sa.update(table).where(table.c.person == person, table.c.subject == subject).values(data=data, saved_at=at))
        if changed.rowcount == 0:
            c.execute(sa.insert(table).values(person=person, subject=subject, data=data, saved_at=at))
    return at


def load(c: Connection, person: int, subject: str) -> Draft | None:
    row = c.execute(_LOAD, {"this_person": person, "this_subject": subject}).one_or_none()
    return Draft(row.data, row.saved_at) if row is not None else None


def forget(city: City, person: int, subject: str) -> None:
    with city.store.transaction() as c:
        forget_within(c, person, subject)


def forget_within(c: Connection, person: int, subject: str) -> None:
    """In the transaction that finishes what was typed."""
    _FORGET.run(c, {"this_person": person, "this_subject": subject})


def subjects(c: Connection, person: int, among: Sequence[str]) -> set[str]:
    """Which of these pages have a draft of this person."""
    table = store.form_draft
    return set(c.scalars(sa.select(table.c.subject).where(table.c.person == person, table.c.subject.in_(among))))
