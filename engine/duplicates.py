"""Whether somebody like this is known already: existence only (L0), never who, where or what. Asking is recorded, and rationed.

Needs the kana and the birth date or the address; concealed persons are never found (blueprint section 10). It must not serve as a
search (05-confidentiality, 4.3): each person who is compared counts, MOST_A_DAY of them are answered, and the head of whoever
coordinates reads month by month who asked how often.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import store, viewings
from engine.city import By, City
from engine.feeds import search_keys
from engine.viewings import Viewed
from forms.form import Form

MOST_A_DAY = 30  # persons whom one person may have compared; a counter receives a few households a day
ASKED, REFUSED = "duplicate-check", "duplicate-check:refused"


class Reply(Enum):
    """What is said to whoever asks."""

    KNOWN = "known"
    NOT_KNOWN = "not known"
    ASKED_TOO_OFTEN = "asked too often"


@dataclass(frozen=True, slots=True)
class Asking:
    """How often somebody asked within a month: persons compared, persons not compared any more, on how many days."""

    person: int | None
    organisation: str | None
    asked: int
    refused: int
    days: int


def ask(city: City, by: By, form: Form, data: Mapping[str, Any]) -> Reply:
    """Whether one of the persons in this answer is in a household already; records who asked when anybody could be compared."""
    rows = [row for field in form.fields if "person" in (field.feeds or "").replace(",", " ").split() for row in data.get(field.name) or ()]
    keys = [search_keys(row) for row in rows]
    comparable = [key for key in keys if key["kana_key"] and (key["birth_on"] or key["address_key"])]
    if not comparable:
        return Reply.NOT_KNOWN
    with city.store.reading() as c:
        too_often = _asked_today(c, city, by) + len(comparable) > MOST_A_DAY
        known = not too_often and any(_is_there(c, key) for key in comparable)
    what = REFUSED if too_often else ASKED
    asked = Viewed(city.now(), what, by.person, by.organisation, ground="reception", level="L0")
    viewings.write(city.store, [asked] * len(comparable))
    return Reply.ASKED_TOO_OFTEN if too_often else Reply.KNOWN if known else Reply.NOT_KNOWN


def _is_there(c: Connection, key: Mapping[str, Any]) -> bool:
    person = store.person
    alike = sa.or_(
        sa.and_(person.c.birth_on.is_not(None), person.c.birth_on == key["birth_on"]),
        sa.and_(person.c.address_key.is_not(None), person.c.address_key == key["address_key"]),
    )
    return c.execute(sa.select(person.c.id).where(~person.c.concealed, person.c.kana_key == key["kana_key"], alike).limit(1)).first() is not None


def _asked_today(c: Connection, city: City, by: By) -> int:
    log = store.access_log
    mine = sa.and_(log.c.day == city.today, log.c.person == by.person, log.c.what == ASKED)
    return c.scalar(sa.select(sa.func.count()).select_from(log).where(mine)) or 0


def by_person(c: Connection, since: date, before: date) -> list[Asking]:
    """Who asked between two days, the second left out; whoever asked most often first."""
    log = store.access_log
    refused = sa.func.sum(sa.case((log.c.what == REFUSED, 1), else_=0)).label("refused")
    rows = c.execute(
        sa.select(log.c.person, log.c.organisation, sa.func.count().label("lines"), refused, sa.func.count(log.c.day.distinct()).label("days"))
        .where(log.c.day >= since, log.c.day < before, log.c.what.in_((ASKED, REFUSED)))
        .group_by(log.c.person, log.c.organisation).order_by(sa.desc("lines"), log.c.person)
    )  # fmt: skip
    return [Asking(row.person, row.organisation, row.lines - row.refused, row.refused, row.days) for row in rows]
