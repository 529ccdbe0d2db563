"""Finds cases by number, name or reading among those that a person may open. Reading only; a few queries for any page.

Names are compared by their keys (``feeds.key``). A concealed person has none: neither found nor named here.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import access, store
from engine.city import By, City
from engine.feeds import key
from forms.characters import find_unusable

PAGE = 20
MOST = 1000  # counts stop here
LONGEST = 100  # no name and no number is longer
RECENT = 300  # events looked through for what an organisation did last

_DASHES = re.compile("[‐‑‒–—―−ー－]")
_NUMBER = re.compile(r"[\d-]*\d[\d-]*")
_WHOLE = re.compile(r"(\d{4})-(\d{1,5})")
_IDEOGRAPH = re.compile("[々〆㐀-鿿豈-﫿𠀀-𲎯]")


@dataclass(frozen=True, slots=True)
class Found:
    """One case of a list of results."""

    id: int
    number: str
    household: str | None  # 「架空さん世帯」; None where no name may be shown
    person: str | None  # who of it was found, with the reading
    phase: str | None  # code, of the ladder of cases
    lead: str | None
    received_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Results:
    """One page of results. ``total`` stops at MOST."""

    rows: tuple[Found, ...]
    total: int


def is_too_short(text: str) -> bool:
    """Whether half the city would be found: one letter or digit. One ideograph may be a whole surname (林, 森)."""
    wanted = key(text)
    return len(wanted) == 1 and _IDEOGRAPH.fullmatch(wanted) is None


def find(city: City, c: Connection, by: By, text: str, page: int = 1, size: int = PAGE) -> Results:
    """The ``page``-th page of what is found, best first: beginnings before middles, then what moved last."""
    wanted = key(text)
    if not wanted or len(text) > LONGEST or find_unusable(text) or is_too_short(text):
        return Results((), 0)
    case, number = store.case, _number(text)
    best: sa.ColumnElement[Any]
    if number is not None:
        query, best = sa.select(case.c.id).where(case.c.number.contains(number, autoescape=True)), case.c.number != number
    else:
        ranked = _ranked(wanted)
        query, best = sa.select(case.c.id).join(ranked, ranked.c.household == case.c.household), ranked.c.rank
    mine = access.openable(city.organisation(c), by, city.today)
    ids = c.scalars(query.where(mine).order_by(best, case.c.active_at.desc(), case.c.id.desc()).limit(MOST)).all()
    unknown: set[int] = set()
    if number is None:
        unknown = _unknown_persons(city, c, by, ids, wanted)
        known = _with_others(c, ids, wanted, unknown) if unknown else set(ids)
        ids = [id for id in ids if id in known]
    shown = ids[(page - 1) * size : page * size]
    rows = {row.id: row for row in c.execute(sa.select(case).where(case.c.id.in_(shown)))}
    found = {} if number is not None else _persons(c, [row.household for row in rows.values()], wanted, unknown)
    return Results(tuple(_found(city, c, by, [rows[id] for id in shown], found)), len(ids))


def recent(city: City, c: Connection, by: By, size: int = PAGE) -> tuple[Found, ...]:
    """The cases in which one's organisation did something last, newest first."""
    if by.organisation is None:
        return ()
    event, case = store.event, store.case
    lately = c.execute(
        sa.select(event.c.case).where(event.c.organisation == by.organisation).order_by(event.c.at.desc()).limit(RECENT)
    ).scalars()
    order = list(dict.fromkeys(lately))
    mine = access.openable(city.organisation(c), by, city.today)
    rows = {row.id: row for row in c.execute(sa.select(case).where(case.c.id.in_(order), mine))}
    return tuple(_found(city, c, by, [rows[id] for id in order if id in rows][:size], {}))


def _number(text: str) -> str | None:
    """What is looked for among the numbers: 「2026-42」 is 2026-00042, 「４２」 is part of a number. None: it is a name."""
    plain = _DASHES.sub("-", "".join(unicodedata.normalize("NFKC", text).split()))
    if not _NUMBER.fullmatch(plain):
        return None
    whole = _WHOLE.fullmatch(plain)
    return f"{whole[1]}-{int(whole[2]):05d}" if whole is not None else plain


def _like(wanted: str, at_start: bool) -> sa.ColumnElement[bool]:
    """Whether a person's reading or name begins with, or holds, what is looked for."""
    keys = (store.person.c.kana_key, store.person.c.name_key)
    return sa.or_(*(key.startswith(wanted, autoescape=True) if at_start else key.contains(wanted, autoescape=True) for key in keys))


def _ranked(wanted: str) -> sa.Subquery:
    """The households of those who are like this, the beginnings first. One ideograph counts only as a beginning."""
    household, starts = store.household_member.c.household, _like(wanted, True)
    rank = sa.func.min(sa.case((starts, 0), else_=1)).label("rank")
    return _members(household, rank).where(_like(wanted, len(wanted) == 1)).group_by(household).subquery()


def _members(*columns: Any) -> sa.Select[Any]:
    """Those who belong to a household today and are not concealed."""
    member, person = store.household_member, store.person
    return (
        sa.select(*columns).select_from(member).join(person, person.c.id == member.c.person)
        .where(member.c.until.is_(None), ~person.c.concealed)
    )  # fmt: skip


def _unknown_persons(city: City, c: Connection, by: By, ids: Sequence[int], wanted: str) -> set[int]:
    """Those who are like this, and of whom this person may not know: an agency with a role knows of those who agreed."""
    case, member, person = store.case, store.household_member, store.person
    knows_all = access.knowing_all(city.organisation(c), by, city.today)
    rows = c.execute(
        _members(case.c.id, person.c.id.label("person")).join(case, case.c.household == member.c.household)
        .where(case.c.id.in_(ids), ~knows_all, _like(wanted, False))
    ).all()  # fmt: skip
    agreed = {id: access.agreeing(city, c, id, by) for id in {row.id for row in rows}}
    return {row.person for row in rows if str(row.person) not in agreed[row.id]}


def _with_others(c: Connection, ids: Sequence[int], wanted: str, unknown: set[int]) -> set[int]:
    """The cases in which somebody else is like this."""
    case, member, person = store.case, store.household_member, store.person
    found = _members(case.c.id).join(case, case.c.household == member.c.household)
    return set(c.scalars(found.where(case.c.id.in_(ids), person.c.id.not_in(unknown), _like(wanted, len(wanted) == 1))))


def _persons(c: Connection, households: Iterable[int], wanted: str, unknown: set[int]) -> dict[int, str]:
    """Who was found, by household: 「架空 花（カクウ ハナ）」."""
    member, person = store.household_member, store.person
    rows = c.execute(
        _members(member.c.household, person.c.data)
        .where(member.c.household.in_(list(households)), person.c.id.not_in(unknown), _like(wanted, False))
        .order_by(member.c.household, member.c.position)
    )
    found: dict[int, str] = {}
    for row in rows:
        found.setdefault(row.household, _called(row.data))
    return found


def _called(data: Any) -> str:
    name = " ".join(data[each] for each in ("familyName", "givenName") if data.get(each))
    kana = " ".join(data[each] for each in ("familyNameKana", "givenNameKana") if data.get(each))
    return f"{name}（{kana}）" if name and kana else name or kana


def _found(city: City, c: Connection, by: By, rows: Sequence[Any], persons: dict[int, str]) -> Iterable[Found]:
    households = access.names(city, c, by, [row.id for row in rows])
    for row in rows:
        yield Found(
            row.id, row.number, households.get(row.id), persons.get(row.household), row.phase_case, row.lead_org,
            row.opened_at, row.closed_at,
        )  # fmt: skip
