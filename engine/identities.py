"""Who somebody is at the city's provider: its issuer and its subject, never an e-mail, which can pass to somebody else.

It knows no screen and no protocol.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from engine import people
from engine.errors import Refusal
from engine.people import Person
from engine.store import Store, identity, insert_unless_there, person_login


class TakenIdentity(Refusal):
    """その番号は、もうほかの人と結ばれています。"""


def person_of(store: Store, issuer: str, subject: str) -> Person | None:
    """The person, active or not, who is this at the provider."""
    with store.reading() as c:
        row = c.execute(
            sa.select(person_login).join(identity, identity.c.person == person_login.c.id)
            .where(identity.c.issuer == issuer, identity.c.subject == subject)
        ).one_or_none()  # fmt: skip
    return people.as_person(row) if row else None


def subjects(store: Store, issuer: str) -> dict[int, str]:
    """Person id to subject, for everybody who is known to this provider."""
    with store.reading() as c:
        return {row.person: row.subject for row in c.execute(sa.select(identity).where(identity.c.issuer == issuer))}


def link(store: Store, person_id: int, issuer: str, subject: str, now: datetime) -> None:
    """From now on this subject is this person, and no other subject of the issuer is. Raises TakenIdentity."""
    here = identity.c.issuer == issuer
    with store.transaction() as c:
        c.execute(sa.delete(identity).where(here, identity.c.person == person_id))
        c.execute(insert_unless_there(c, identity, {"issuer": issuer, "subject": subject, "person": person_id, "linked_at": now}))
        if c.scalar(sa.select(identity.c.person).where(here, identity.c.subject == subject)) != person_id:
            raise TakenIdentity


def unlink(store: Store, person_id: int, issuer: str) -> None:
    """The provider opens nothing for this person any more."""
    with store.transaction() as c:
        c.execute(sa.delete(identity).where(identity.c.issuer == issuer, identity.c.person == person_id))


def follow_groups(store: Store, person_id: int, governed: Iterable[str], given: Iterable[str], on: date) -> bool:
    """Membership as the provider tells it, from `on`, in the groups that it governs; in all others as it was. Whether any was left."""
    present, wanted = people.groups_of(store, person_id, on), set(given)
    for group in sorted(wanted - present):
        people.join(store, person_id, group, on)
    gone = sorted((set(governed) & present) - wanted)
    for group in gone:
        people.leave(store, person_id, group, on - timedelta(days=1))
    return bool(gone)
