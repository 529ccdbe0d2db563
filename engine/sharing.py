"""Which organisations see a person of a household today: on what ground, since when, until when. Reading only.

It asks ``access`` for each organisation, so it says what really holds. What is open to persons by name is no organisation's, and
is left out, as are tasks that the reader may not know of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import access, store
from engine.access import Sight
from engine.calendar import day_in_tokyo
from engine.city import By, City
from engine.facts import Changes, Consent, consents_of
from engine.grounds import Ground


@dataclass(frozen=True, slots=True)
class Share:
    """One organisation that sees a person on one ground. Days are those of Asia/Tokyo; ``until`` is the last one, None: no day is set."""

    organisation: str
    ground: str  # of grounds.GROUNDS, or access.OWN_TASK
    opens: Ground | None  # None: a task alone
    since: date
    until: date | None
    agreed: bool  # the person agreed that this organisation may know
    others_agreed: bool = False  # the ground rests on consent, and not on this person's: on that of others in the household
    tasks: tuple[str, ...] = ()  # names of the open tasks that are its ground


def of_person(city: City, c: Connection, sight: Sight, case: Any, person: int) -> list[Share]:
    """Who sees this person of a case today, whoever has seen them longest first. ``sight``: the reader's; ``case``: its row."""
    organisation = city.organisation(c)
    given = consents_of(c, case.id, Changes(), city.today).get(person)
    part = store.participation
    rows = c.execute(sa.select(part).where(part.c.case == case.id).order_by(part.c.since, part.c.organisation, part.c.ground)).all()
    duties = (organisation.duties["coordination"], case.lead_org)
    found: list[Share] = []
    for each in dict.fromkeys([*(row.organisation for row in rows), *(duty for duty in duties if duty is not None)]):
        seen = access.sight(city, c, By(organisation=each), case)
        if seen.sees_household or str(person) in access.agreeing(city, c, case.id, seen.by):
            mine: dict[str, Any] = {row.ground: row for row in rows if row.organisation == each}
            mine["secretariat"] = mine.get("task")  # its ground comes with its first task
            opened = day_in_tokyo(case.opened_at)
            found += [_share(each, ground, mine.get(ground.id), given, opened, city.today) for ground in _that_count(seen.grounds)]
    known = {share.organisation for share in found}
    return found + [share for share in _by_task(city, c, sight, case, given) if share.organisation not in known]


def ended(city: City, c: Connection, case: int) -> list[Any]:
    """The rows of ``participation`` that are over, the newest end first."""
    part = store.participation
    over = sa.select(part).where(part.c.case == case, part.c.until < city.today, part.c.ground != "task")
    return list(c.execute(over.order_by(part.c.until.desc(), part.c.organisation, part.c.ground)))


def consents(c: Connection, case: int, person: int) -> list[Any]:
    """Every consent that a person ever gave, refused or withdrew in a case, the newest first: rows of ``consent``."""
    table = store.consent
    return list(c.execute(sa.select(table).where(table.c.case == case, table.c.person == person).order_by(table.c.id.desc())))


def _that_count(grounds: Iterable[Ground]) -> list[Ground]:
    """The grounds that open the case, without those that open only a part of what another opens."""
    opening = [ground for ground in grounds if ground.opens_case]
    return [ground for ground in opening if not any(_is_part(ground, other) for other in opening)]


def _is_part(ground: Ground, other: Ground) -> bool:
    covered = not other.own_rows and ground.level <= other.level and all(other.covers(*form.split("#")) for form in ground.forms)
    return covered and (ground.own_rows or set(ground.forms) != set(other.forms))


def _share(org: str, ground: Ground, row: Any, given: Consent | None, opened: date, today: date) -> Share:
    agreed = given is not None and given.shares_with(org, "share", today)
    ends = [row.until if row is not None else None]
    if given is not None and agreed and ground.id in access.BY_CONSENT:
        ends += [given.valid_until, given.orgs[org]]
    return Share(org, ground.id, ground, row.since if row is not None else opened, _first(ends), agreed, ground.id in access.BY_CONSENT and not agreed)


def _first(days: Iterable[date | None]) -> date | None:
    return min((day for day in days if day is not None), default=None)


def _by_task(city: City, c: Connection, sight: Sight, case: Any, given: Consent | None) -> Iterable[Share]:
    task, candidate = store.task, store.candidate
    rows = c.execute(
        sa.select(task.c.name, task.c.form, task.c.opened_at, candidate.c.grp).join(candidate, candidate.c.task == task.c.id)
        .where(task.c.case == case.id, task.c.status == "open").order_by(task.c.opened_at, task.c.id)
    ).all()  # fmt: skip
    by_office: dict[str, list[Any]] = {}
    for row in rows:
        if row.form not in sight.restricted and sight.level(row.form, None) is not None:
            by_office.setdefault(row.grp.split(".")[0], []).append(row)
    for org, tasks in by_office.items():
        agreed = given is not None and given.shares_with(org, "share", city.today)
        names = tuple(dict.fromkeys(row.name for row in tasks))
        yield Share(org, access.OWN_TASK, None, day_in_tokyo(tasks[0].opened_at), None, agreed, tasks=names)
