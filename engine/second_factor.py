"""The second proof at a sign-in with a password: a code of an app on one's phone (RFC 6238), or one of ten codes on paper.

It knows no cookie and no screen. Moments are UTC. The key stands in the database as it is: see docs/why/second_factor.md.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import quote, urlencode

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import people
from engine.people import Person
from engine.store import Store, insert_unless_there, recovery_code, second_factor

PERIOD, DIGITS = 30, 6  # seconds that a code holds, and its length: what every app knows (RFC 6238 §4, RFC 4226 §5.3)
DRIFT = 1  # periods by which a phone's clock may be wrong, either way (RFC 6238 §5.2)
KEY_BYTES = 20  # as long as the hash (RFC 4226 §4, R6)
RECOVERY_CODES = 10
KEY_HOLDS = timedelta(hours=1)  # how long a key waits to be confirmed before another one is made


def code_at(key: str, step: int) -> str:
    """The code for a period, counted from 1970: RFC 4226 §5.3 over RFC 6238 §4.2, with SHA-1 as every app expects."""
    digest = hmac.digest(base64.b32decode(key), step.to_bytes(8, "big"), hashlib.sha1)
    start = digest[-1] & 0xF
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_of(now: datetime) -> int:
    """The period in which a moment lies."""
    return int(now.timestamp()) // PERIOD


def address_of(key: str, issuer: str, login: str) -> str:
    """What the QR code says to the app."""
    return f"otpauth://totp/{quote(issuer)}:{quote(login)}?" + urlencode({"secret": key, "issuer": issuer}, quote_via=quote)


def is_set_up(store: Store, person_id: int) -> bool:
    """Whether this person is asked for a code."""
    with store.reading() as c:
        return c.scalar(sa.select(second_factor.c.confirmed_at).where(second_factor.c.person == person_id)) is not None


def everybody_with_one(store: Store) -> frozenset[int]:
    """The people who are asked for a code."""
    with store.reading() as c:
        return frozenset(c.scalars(sa.select(second_factor.c.person).where(second_factor.c.confirmed_at.is_not(None))))


def recovery_codes_left(store: Store, person_id: int) -> int:
    """How many codes on paper are not used yet."""
    left = sa.select(sa.func.count()).where(recovery_code.c.person == person_id, recovery_code.c.used_at.is_(None))
    with store.reading() as c:
        return c.scalar(left) or 0


def key_to_confirm(store: Store, person_id: int, now: datetime) -> str | None:
    """The key for the app: the same until it is confirmed or an hour old; None once one is confirmed."""
    mine = second_factor.c.person == person_id
    with store.transaction() as c:
        row = c.execute(sa.select(second_factor).where(mine)).one_or_none()
        if row is not None and row.confirmed_at is not None:
            return None
        if row is not None and now - row.made_at < KEY_HOLDS:
            return str(row.secret)
        key = base64.b32encode(secrets.token_bytes(KEY_BYTES)).decode()
        c.execute(sa.delete(second_factor).where(mine))
        c.execute(insert_unless_there(c, second_factor, {"person": person_id, "secret": key, "made_at": now}))
        return c.scalar(sa.select(second_factor.c.secret).where(mine))


def confirm(store: Store, person_id: int, code: str, now: datetime) -> tuple[str, ...] | None:
    """The app shows the right code: from now on it is asked for. Gives the codes for paper, which nobody can read again; None if it is wrong."""
    with store.transaction() as c:
        row = c.execute(sa.select(second_factor).where(second_factor.c.person == person_id, second_factor.c.confirmed_at.is_(None))).one_or_none()
        step = _step_of_code(row.secret, _typed(code), now) if row is not None else None
        if step is None:
            return None
        c.execute(sa.update(second_factor).where(second_factor.c.person == person_id).values(confirmed_at=now, last_step=step))
        return _new_recovery_codes(c, person_id)


def renew_recovery_codes(store: Store, person_id: int) -> tuple[str, ...]:
    """Ten new codes for paper; the old ones open nothing any more."""
    with store.transaction() as c:
        return _new_recovery_codes(c, person_id)


def accept(store: Store, person: Person, code: str, address: str, now: datetime) -> Literal["app", "paper"] | None:
    """Whence this code is: of the app, and not used before; an unused one from paper; or None. Raises TooManyAttempts.

    The attempt is written before the code is looked at, and counted apart from those with a password: a right password
    must not make room for more guesses at the code.
    """
    attempt = people.begin_attempt(store, f"{person.login}:code", address, now)
    with store.transaction() as c:
        kind: Literal["app", "paper"] | None = None
        if _take_code(c, person.id, _typed(code), now):
            kind = "app"
        elif _take_recovery_code(c, person.id, _typed(code), now):
            kind = "paper"
        if kind:
            people.note_success(c, attempt)
    return kind


def remove(store: Store, person_id: int) -> None:
    """No code is asked for any more; the codes on paper are void."""
    with store.transaction() as c:
        c.execute(sa.delete(recovery_code).where(recovery_code.c.person == person_id))
        c.execute(sa.delete(second_factor).where(second_factor.c.person == person_id))


def _take_code(c: Connection, person_id: int, typed: str, now: datetime) -> bool:
    """A code opens once, and none older than the last one does (RFC 6238 §5.2)."""
    mine = (second_factor.c.person == person_id, second_factor.c.confirmed_at.is_not(None))
    key = c.scalar(sa.select(second_factor.c.secret).where(*mine))
    step = _step_of_code(key, typed, now) if key is not None else None
    if step is None:
        return False
    taken = c.execute(sa.update(second_factor).where(*mine, second_factor.c.last_step < step).values(last_step=step))
    return taken.rowcount == 1


def _take_recovery_code(c: Connection, person_id: int, typed: str, now: datetime) -> bool:
    unused = (recovery_code.c.person == person_id, recovery_code.c.hash == _hash(typed), recovery_code.c.used_at.is_(None))
    return c.execute(sa.update(recovery_code).where(*unused).values(used_at=now)).rowcount == 1


def _step_of_code(key: str, typed: str, now: datetime) -> int | None:
    """The latest period near now whose code was typed."""
    near = range(step_of(now) + DRIFT, step_of(now) - DRIFT - 1, -1)
    return next((step for step in near if hmac.compare_digest(code_at(key, step).encode(), typed.encode())), None)


def _new_recovery_codes(c: Connection, person_id: int) -> tuple[str, ...]:
    codes = tuple(people.speakable() for _ in range(RECOVERY_CODES))
    c.execute(sa.delete(recovery_code).where(recovery_code.c.person == person_id))
    c.execute(sa.insert(recovery_code), [{"person": person_id, "hash": _hash(_typed(code))} for code in codes])
    return codes


def _typed(code: str) -> str:
    """A code as it is compared: full width and spaces, hyphens and capitals are all the same."""
    return re.sub(r"[\s\-‐-―ー−]", "", unicodedata.normalize("NFKC", code)).lower()[:64]


def _hash(typed: str) -> str:
    return hashlib.sha256(typed.encode()).hexdigest()
