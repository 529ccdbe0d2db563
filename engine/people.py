"""People who sign in, the groups they belong to, and whether a password is theirs. It knows no case and no screen.

Moments are UTC, days are those of Asia/Tokyo. A group is `<organisation>`, `<organisation>.manager` or
`<organisation>.head`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import argon2
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from engine.calendar import end_of
from engine.errors import Refusal
from engine.store import Store, about, insert_unless_there, login_attempt, membership, outbox, person_login

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256
WINDOW = timedelta(minutes=15)  # failures older than this are forgotten
FAILURES_OF_LOGIN = 5
FAILURES_OF_ADDRESS = 100  # a whole city hall may come from one address
ATTEMPTS_KEPT = timedelta(days=30)

LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # none that is taken for another
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
_NEXT_SESSION = person_login.c.session_version + 1
_BY_READING = (person_login.c.kana, person_login.c.login)
HASHER = argon2.PasswordHasher()
_TWO_AT_A_TIME = threading.BoundedSemaphore(2)  # a hash takes 64 MiB


class TooManyAttempts(Refusal):
    """ログインの失敗が続いたので、しばらく受け付けません。"""

    def __init__(self, until: datetime) -> None:
        super().__init__()
        self.until = until


class UnusablePassword(Refusal):
    """そのパスワードは使えません。"""


class UnusableLogin(Refusal):
    """その利用者IDは使えません。"""


@dataclass(frozen=True)
class Person:
    id: int
    login: str
    name: str
    kana: str
    active: bool
    administrator: bool
    process_owner: bool
    demo: bool
    session_version: int  # a session that carries another number is over


@dataclass(frozen=True)
class Term:
    """A membership from one day to another, both included; no last day: until further notice. Days are those of Asia/Tokyo."""

    group: str
    since: date
    until: date | None


def organisation_of(group: str) -> str:
    """The organisation to which a group belongs."""
    return group.split(".", 1)[0]


def add_person(
    store: Store, login: str, name: str, *, now: datetime, kana: str = "", password: str | None = None,
    groups: Iterable[str] = (), since: date | None = None,
    administrator: bool = False, process_owner: bool = False, demo: bool = False,
) -> Person:
    """A new person, member of `groups` from `since` (else from the day of `now`, UTC) on.

    Without a password nobody can sign in as this person. Raises UnusableLogin and UnusablePassword.
    """
    key = _key(login)
    if not _LOGIN.fullmatch(key):
        raise UnusableLogin("利用者IDは、半角の英小文字・数字・「. _ - @」で2文字から64文字にしてください。")
    if not name.strip():
        raise UnusableLogin("氏名を書いてください。")
    hashed = _hash(_checked(password, key, name)) if password is not None else None
    with store.transaction() as connection:
        if connection.scalar(sa.select(person_login.c.id).where(person_login.c.login == key)) is not None:
            raise UnusableLogin(f"利用者ID「{key}」は、もう使われています。別のIDにしてください。")
        new = connection.execute(
            sa.insert(person_login).values(
                login=key, name=name.strip(), kana=kana.strip(), password_hash=hashed, session_version=1, active=True,
                administrator=administrator, process_owner=process_owner, demo=demo, created_at=now,
            ).returning(person_login)
        ).one()
        for group in groups:
            _join(connection, new.id, group, since or now.date(), None)
    return as_person(new)


def set_password(store: Store, person_id: int, password: str) -> None:
    """A new password; every open session of this person ends. Raises UnusablePassword."""
    known = person(store, person_id)
    if known is None:
        raise UnusableLogin("その人は登録されていません。")
    hashed = _hash(_checked(password, known.login, known.name))
    with store.transaction() as connection:
        connection.execute(_change(person_id).values(password_hash=hashed, session_version=_NEXT_SESSION))


def verify(store: Store, login: str, password: str, address: str, now: datetime) -> Person | None:
    """The active person whose login and password these are, else None, at the same cost. Raises TooManyAttempts.

    The attempt is written before the password is looked at, so that many at once cannot slip past the limit.
    """
    key = _key(login)
    with store.reading() as connection:
        mine = sa.select(person_login).where(person_login.c.login == key, person_login.c.active)
        row = connection.execute(mine).one_or_none()
    attempt = begin_attempt(store, key if row else _blurred(key), address, now)
    hashed = row.password_hash if row else None
    if not _matches(hashed or _nobodys_hash(), _normal(password)) or row is None or hashed is None:
        return None
    renewed = _hash(_normal(password)) if HASHER.check_needs_rehash(hashed) else hashed
    with store.transaction() as connection:
        note_success(connection, attempt)
        if renewed != hashed:
            connection.execute(_change(row.id).values(password_hash=renewed))
    return as_person(row)


def begin_attempt(store: Store, login: str, address: str, now: datetime) -> int:
    """Write an attempt down as failed, unless too many have failed already: then TooManyAttempts is raised. Gives its number."""
    since, at, ok = now - WINDOW, login_attempt.c.at, login_attempt.c.ok
    with store.transaction() as connection:
        connection.execute(sa.delete(login_attempt).where(at < now - ATTEMPTS_KEPT))
        latest = sa.select(at, ok).where(at > since).order_by(at.desc(), login_attempt.c.id.desc())
        mine = connection.execute(latest.where(login_attempt.c.login == login).limit(FAILURES_OF_LOGIN)).all()
        if len(mine) == FAILURES_OF_LOGIN and not any(row.ok for row in mine):
            raise TooManyAttempts(mine[-1].at + WINDOW)
        failed_here = latest.where(login_attempt.c.address == address, ~ok).limit(FAILURES_OF_ADDRESS)
        from_here = connection.execute(failed_here).all()
        if len(from_here) == FAILURES_OF_ADDRESS:
            raise TooManyAttempts(from_here[-1].at + WINDOW)
        new = sa.insert(login_attempt).values(login=login, address=address, at=now, ok=False)
        return int(connection.execute(new.returning(login_attempt.c.id)).scalar_one())


def note_success(connection: Connection, attempt: int) -> None:
    """The attempt was a good one."""
    connection.execute(sa.update(login_attempt).where(login_attempt.c.id == attempt).values(ok=True))


def speakable() -> str:
    """Four groups of four letters made by chance (79 bits): said over the phone or written down, and not guessed."""
    return "-".join("".join(secrets.choice(LETTERS) for _letter in range(4)) for _group in range(4))


def person(store: Store, person_id: int) -> Person | None:
    """The person with this id, active or not."""
    with store.reading() as connection:
        row = connection.execute(sa.select(person_login).where(person_login.c.id == person_id)).one_or_none()
    return as_person(row) if row else None


def person_by_login(store: Store, login: str) -> Person | None:
    """The person with this login, active or not."""
    with store.reading() as connection:
        row = connection.execute(sa.select(person_login).where(person_login.c.login == _key(login))).one_or_none()
    return as_person(row) if row else None


def all_people(store: Store) -> tuple[Person, ...]:
    """Everybody, active or not, by reading of the name."""
    with store.reading() as connection:
        rows = connection.execute(sa.select(person_login).order_by(*_BY_READING)).all()
    return tuple(as_person(row) for row in rows)


def groups_of(store: Store, person_id: int, on: date) -> frozenset[str]:
    """The groups of which a person is a member on a day."""
    with store.reading() as connection:
        mine = sa.select(membership.c.grp).where(membership.c.person == person_id, in_force(on))
        return frozenset(connection.scalars(mine))


def members_of(store: Store, group: str, on: date) -> tuple[Person, ...]:
    """The active members of a group on a day, by reading of the name."""
    with store.reading() as connection:
        rows = connection.execute(
            sa.select(person_login).join(membership, membership.c.person == person_login.c.id).distinct()
            .where(membership.c.grp == group, person_login.c.active, in_force(on)).order_by(*_BY_READING)
        ).all()
    return tuple(as_person(row) for row in rows)


def memberships(store: Store, on: date) -> dict[int, frozenset[str]]:
    """The groups of everybody on a day, by person id."""
    found: dict[int, set[str]] = {}
    with store.reading() as connection:
        for row in connection.execute(sa.select(membership.c.person, membership.c.grp).where(in_force(on))):
            found.setdefault(row.person, set()).add(row.grp)
    return {person_id: frozenset(groups) for person_id, groups in found.items()}


def terms(store: Store, person_id: int, on: date) -> tuple[Term, ...]:
    """The memberships of a person that are not over on a day, those to come included."""
    with store.reading() as connection:
        mine = sa.select(membership).where(membership.c.person == person_id, sa.or_(membership.c.until.is_(None), membership.c.until >= on))
        return tuple(Term(row.grp, row.since, row.until) for row in connection.execute(mine.order_by(membership.c.grp, membership.c.since)))


def join(store: Store, person_id: int, group: str, since: date, until: date | None = None) -> None:
    """Membership from `since` to `until`, both days included; nothing changes where it already holds on `since`."""
    with store.transaction() as connection:
        _join(connection, person_id, group, since, until)
        if until is not None:
            _wait_for_end(connection, "membership", person_id, until)


def leave(store: Store, person_id: int, group: str, last_day: date) -> None:
    """End a membership after `last_day`."""
    with store.transaction() as connection:
        _end(connection, person_id, last_day, membership.c.grp == group)
        _wait_for_end(connection, "membership", person_id, last_day)


def set_last_day(store: Store, person_id: int, group: str, last_day: date, on: date) -> None:
    """The membership that is not over on a day lasts until `last_day`, be that sooner or later than was said before."""
    here = (membership.c.person == person_id, membership.c.grp == group)
    with store.transaction() as connection:
        connection.execute(sa.delete(membership).where(*here, membership.c.since > last_day))
        going_on = sa.or_(membership.c.until.is_(None), membership.c.until >= on)
        connection.execute(sa.update(membership).where(*here, going_on).values(until=last_day))
        _wait_for_end(connection, "membership", person_id, last_day)


def leave_city(store: Store, person_id: int, last_day: date) -> None:
    """A leaver: every membership ends after `last_day`; when it is over they are deactivated. A day said before is forgotten."""
    with store.transaction() as connection:
        connection.execute(sa.delete(outbox).where(*_waiting_to_leave(person_id)))
        _end(connection, person_id, last_day, sa.true())
        _wait_for_end(connection, "leaver", person_id, last_day)


def last_day(store: Store, person_id: int) -> date | None:
    """The last day of a leaver who is still here."""
    with store.reading() as connection:
        body = connection.scalar(sa.select(outbox.c.body).where(*_waiting_to_leave(person_id)))
    return date.fromisoformat(body["day"]) if body else None


def stay(store: Store, person_id: int) -> None:
    """They do not leave after all; memberships keep the days that they have."""
    with store.transaction() as connection:
        connection.execute(sa.delete(outbox).where(*_waiting_to_leave(person_id)))


def deactivate(store: Store, person_id: int, on: date) -> None:
    """A leaver: cannot sign in from now on, every session ends, every membership ends the day before `on`."""
    with store.transaction() as connection:
        connection.execute(_change(person_id).values(active=False, session_version=_NEXT_SESSION))
        _end(connection, person_id, on - timedelta(days=1), sa.true())


def reactivate(store: Store, person_id: int) -> None:
    """Somebody who comes back; memberships are given anew."""
    with store.transaction() as connection:
        connection.execute(_change(person_id).values(active=True))


def end_sessions(store: Store, person_id: int) -> None:
    """Sign a person out everywhere."""
    with store.transaction() as connection:
        connection.execute(_change(person_id).values(session_version=_NEXT_SESSION))


def is_demo(store: Store) -> bool:
    """Whether this database was marked as a demo when it was made."""
    with store.reading() as connection:
        return connection.scalar(sa.select(about.c.value).where(about.c.key == "demo")) == "yes"


def as_person(row: Row[Any]) -> Person:
    """The person in a row of ``person_login``."""
    return Person(
        row.id, row.login, row.name, row.kana, row.active, row.administrator, row.process_owner, row.demo,
        row.session_version,
    )


def _change(person_id: int) -> sa.Update:
    return sa.update(person_login).where(person_login.c.id == person_id)


def in_force(on: date | sa.BindParameter[date]) -> sa.ColumnElement[bool]:
    """The condition on ``membership`` for a day: both ends included."""
    return sa.and_(membership.c.since <= on, sa.or_(membership.c.until.is_(None), membership.c.until >= on))


def _join(connection: Connection, person_id: int, group: str, since: date, until: date | None) -> None:
    here = (membership.c.person == person_id, membership.c.grp == group)
    if connection.scalar(sa.select(membership.c.id).where(*here, in_force(since))) is None:
        connection.execute(sa.delete(membership).where(*here, membership.c.since == since))
        connection.execute(sa.insert(membership).values(person=person_id, grp=group, since=since, until=until))


def _end(connection: Connection, person_id: int, last_day: date, which: sa.ColumnElement[bool]) -> None:
    mine = (membership.c.person == person_id, which)
    connection.execute(sa.delete(membership).where(*mine, membership.c.since > last_day))
    connection.execute(sa.update(membership).where(*mine, in_force(last_day)).values(until=last_day))


def _wait_for_end(connection: Connection, kind: str, person_id: int, day: date) -> None:
    """Once the day is over in Tokyo, what this person had in hand is seen to (``assignments.end_membership``)."""
    body = {"person": person_id, "day": day.isoformat()}
    row = {"key": f"{kind}:{person_id}:{day}", "kind": kind, "case": None, "body": body, "due_at": end_of(day), "tries": 0}
    connection.execute(insert_unless_there(connection, outbox, row))


def _waiting_to_leave(person_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return outbox.c.kind == "leaver", outbox.c.key.like(f"leaver:{person_id}:%"), outbox.c.done_at.is_(None)


def _key(login: str) -> str:
    return unicodedata.normalize("NFKC", login).strip().lower()[:255]


def _blurred(key: str) -> str:
    """What is kept of a login nobody has: people type their password there, so only 16 bits of it."""
    return "?" + hashlib.sha256(key.encode()).hexdigest()[:4]


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


def _checked(password: str, login: str, name: str) -> str:
    normal = _normal(password)
    if not SHORTEST_PASSWORD <= len(normal) <= LONGEST_PASSWORD:
        raise UnusablePassword(
            f"パスワードは{SHORTEST_PASSWORD}文字以上、{LONGEST_PASSWORD}文字以下にしてください。文でもかまいません。"
        )
    if len(set(normal)) < 5 or login in normal.lower() or name.replace(" ", "") in normal:
        raise UnusablePassword("同じ文字の繰り返しや、利用者ID・氏名を含むパスワードは使えません。")
    return normal


def _hash(password: str) -> str:
    with _TWO_AT_A_TIME:
        return HASHER.hash(password)


def _matches(hashed: str, password: str) -> bool:
    try:
        with _TWO_AT_A_TIME:
            return HASHER.verify(hashed, password[: LONGEST_PASSWORD + 1])
    except argon2.exceptions.VerificationError:
        return False


@cache
def _nobodys_hash() -> str:
    return _hash("nobody has this password")
