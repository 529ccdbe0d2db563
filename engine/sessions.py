"""Browsers in which somebody is signed in; each can be ended from elsewhere. It knows no cookie and no screen.

Moments are UTC. Of a token only its hash is kept: whoever reads the database cannot go on in anybody's session.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from engine import people
from engine.people import Person
from engine.store import Store, membership, person_login, second_factor, session

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
NOTED_EVERY = timedelta(minutes=1)  # how often it is written that somebody is still there
KEPT = timedelta(days=30)  # after which an old session is forgotten

Way = Literal["password", "provider", "demo"]


@dataclass(frozen=True)
class Session:
    id: int
    way: str  # how the person signed in: a Way
    device: str  # in words, such as 「Firefox・Windows」
    address: str
    began_at: datetime
    seen_at: datetime


@dataclass(frozen=True)
class Found:
    session: Session
    person: Person
    groups: frozenset[str]
    has_second_factor: bool
    over: Literal["time", "elsewhere"] | None  # why it cannot be gone on in: too old, or ended from elsewhere


def begin(store: Store, person: Person, way: Way, device: str, address: str, now: datetime) -> str:
    """A new session; the token that stands for it is given here and never again.

    It belongs to `person` as they were when they were recognised: if their password changed since, it is over already.
    """
    token = secrets.token_urlsafe(32)
    with store.transaction() as c:
        c.execute(sa.delete(session).where(session.c.seen_at < now - KEPT))
        c.execute(sa.insert(session).values(
            token_hash=_hash(token), person=person.id, version=person.session_version, way=way, device=device, address=address,
            began_at=now, seen_at=now,
        ))  # fmt: skip
    return token


def find(store: Store, token: str, now: datetime, on: date) -> Found | None:
    """Whose session this is, with their groups on a day; read at every request."""
    with store.reading() as c:
        rows = c.execute(_FOUND, {"hash": _hash(token), "on": on}).all()
    if not rows:
        return None
    row, groups = rows[0], frozenset(row.grp for row in rows if row.grp is not None)
    person = people.as_person(row)
    over: Literal["time", "elsewhere"] | None = None
    if row.ended_at is not None or row.version != person.session_version or not person.active:
        over = "elsewhere"
    elif now - row.began_at >= LONGEST or now - row.seen_at >= IDLE:
        over = "time"
    return Found(_session(row), person, groups, row.confirmed_at is not None, over)


def note(store: Store, session_id: int, now: datetime) -> None:
    """Somebody is still there."""
    with store.transaction() as c:
        c.execute(sa.update(session).where(session.c.id == session_id).values(seen_at=now))


def open_sessions(store: Store, person_id: int, now: datetime) -> tuple[Session, ...]:
    """Where a person is signed in at this moment, the latest first."""
    with store.reading() as c:
        rows = c.execute(
            sa.select(*_COLUMNS).join(person_login, person_login.c.id == session.c.person)
            .where(session.c.person == person_id, session.c.version == person_login.c.session_version, session.c.ended_at.is_(None))
            .where(session.c.began_at > now - LONGEST, session.c.seen_at > now - IDLE)
            .order_by(session.c.began_at.desc(), session.c.id.desc())
        ).all()
    return tuple(_session(row) for row in rows)


def end(store: Store, person_id: int, session_id: int, now: datetime) -> None:
    """End one session of this person; nobody else's, whatever its number."""
    _end(store, person_id, session.c.id == session_id, now)


def end_others(store: Store, person_id: int, but: int, now: datetime) -> None:
    """End every session of this person but one."""
    _end(store, person_id, session.c.id != but, now)


_COLUMNS = (
    session.c.id.label("session"), session.c.version, session.c.way, session.c.device, session.c.address,
    session.c.began_at, session.c.seen_at, session.c.ended_at,
)  # fmt: skip
_FOUND = (
    sa.select(person_login, *_COLUMNS, second_factor.c.confirmed_at, membership.c.grp)
    .join(session, session.c.person == person_login.c.id)
    .outerjoin(second_factor, second_factor.c.person == person_login.c.id)
    .outerjoin(membership, sa.and_(membership.c.person == person_login.c.id, people.in_force(sa.bindparam("on", type_=sa.Date))))
    .where(session.c.token_hash == sa.bindparam("hash"))
)


def _session(row: Any) -> Session:
    return Session(row.session, row.way, row.device, row.address, row.began_at, row.seen_at)


def _end(store: Store, person_id: int, which: sa.ColumnElement[bool], now: datetime) -> None:
    with store.transaction() as c:
        c.execute(sa.update(session).where(session.c.person == person_id, session.c.ended_at.is_(None), which).values(ended_at=now))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
