"""A crowd of cases for figures about lists: one case that came about through the engine, and copies of its rows.

The only place where rows are inserted beside the engine. Copies differ in household, number, moments and deadlines; the steps that
they stand at and the office that they wait on are those of the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

import sqlalchemy as sa

from benchmarks.office import Office
from engine import store
from engine.feeds import key

FIRST = ("あさ", "はる", "なつ", "あき", "ふゆ", "そら", "うみ", "かぜ", "ゆき", "つき")
SECOND = ("いずみ", "おか", "かわ", "さと", "しま", "たに", "なみ", "の", "はら", "もり")
SURNAMES = tuple(f"架空{first}{second}" for first, second in product(FIRST, SECOND))  # each is held by one case in a hundred
BESIDE = "kogane"  # an agency that takes part in few of the cases
MAY_SEE = 30  # cases of a surname that it may open
STALLED = 10  # one case in so many is overdue, and as many are quiet
AT_ONCE = 2000


def gather(office: Office, number: int) -> None:
    """So many open cases, each with a household of two, one open task and three finished ones."""
    first = office.open_visits(3)
    with office.city.store.transaction() as c:
        pattern = _rows_of(c, first.task)
        for begin in range(1, number, AT_ONCE):
            for table, rows in _copies(pattern, range(begin, min(begin + AT_ONCE, number)), office).items():
                if rows:
                    c.execute(sa.insert(table), rows)
        for table in (store.household, store.person, store.case, store.instance):
            _go_on_counting(c, table)


def _rows_of(c: sa.Connection, task: str) -> dict[str, Any]:
    """The case of this task, table by table."""
    case = c.scalar(sa.select(store.task.c.case).where(store.task.c.id == task))
    row = c.execute(sa.select(store.case).where(store.case.c.id == case)).mappings().one()
    found = {table.name: [dict(each) for each in c.execute(sa.select(table).where(table.c.case == case)).mappings()] for table in _OF_A_CASE}
    ids = [each["id"] for each in found["task"]]
    candidates = c.execute(sa.select(store.candidate).where(store.candidate.c.task.in_(ids))).mappings()
    return {**found, "case": dict(row), "candidate": [dict(each) for each in candidates]}


_OF_A_CASE = (store.instance, store.task, store.timer, store.participation, store.event)


def _copies(pattern: dict[str, Any], numbers: range, office: Office) -> dict[sa.Table, list[dict[str, Any]]]:
    """The rows of these copies by table, in an order in which what they refer to is there."""
    made: dict[sa.Table, list[dict[str, Any]]] = {table: [] for table in store.metadata.sorted_tables}
    for number in numbers:
        for table, row in _copy(pattern, number, office.city.now(), office.city.today):
            made[table].append(row)
    return made


def _copy(pattern: dict[str, Any], number: int, now: datetime, today: date) -> Iterator[tuple[sa.Table, dict[str, Any]]]:
    first, instance = pattern["case"]["id"], pattern["instance"][0]["id"]
    case, family = first + number, SURNAMES[number % len(SURNAMES)]
    moved = {"household": case, "case": case, "instance": instance + number}
    since, due_on = _moments(number, now, today)
    yield store.household, {"id": case, "name": ""}
    for position, given in enumerate(("ひなた", "こはる")):
        person = 2 * case + position
        data = {"id": person, "familyName": family, "givenName": given, "familyNameKana": family[2:], "givenNameKana": given}
        keys = {"name_key": key(family + given), "kana_key": key(family[2:] + given)}
        yield store.person, {"id": person, "data": data, "concealed": False, "changed_at": since, **keys}
        yield store.household_member, {"household": case, "person": person, "position": position, "since": today}
    yield store.case, {**pattern["case"], "id": case, "household": case, "number": f"2026-{case:05d}", "opened_at": since, "active_at": since}
    for each in pattern["participation"]:
        yield store.participation, {**each, "case": case}
    if number // len(SURNAMES) < MAY_SEE:
        yield store.participation, {"case": case, "organisation": BESIDE, "ground": "role", "since": today, "until": None}
    for each in pattern["instance"]:
        yield store.instance, {**each, "id": moved["instance"], "case": case, "state": _renamed(each["state"], instance, number)}
    for each in pattern["task"]:
        is_open = each["status"] == "open"
        when = {"opened_at": since, "due_on": due_on} if is_open else {}
        yield store.task, {**each, "id": _named(each["id"], number), "instance": moved["instance"], "case": case, **when}
    for each in pattern["candidate"]:
        yield store.candidate, {**each, "task": _named(each["task"], number), "due_on": due_on}
    for each in pattern["timer"]:
        yield store.timer, {**each, "id": _named(each["id"], number), "instance": moved["instance"], "case": case}
    for each in pattern["event"]:
        yield store.event, {**each, "case": case, "instance": moved["instance"], "at": since}


def _named(token: str, number: int) -> str:
    """The name of a token in a copy: its instance comes first."""
    instance, rest = token.split("-", 1)
    return f"{int(instance) + number}-{rest}"


def _renamed(state: Any, instance: int, number: int) -> bytes:
    return bytes(state).replace(f'"{instance}-'.encode(), f'"{instance + number}-'.encode())


def _moments(number: int, now: datetime, today: date) -> tuple[datetime, date]:
    """When the open step began, which was the last thing to happen, and its deadline."""
    if number % STALLED == 0:
        return now - timedelta(days=20 + number % 40), today - timedelta(days=1 + number % 30)
    if number % STALLED == 1:
        return now - timedelta(days=40 + number % 60), today + timedelta(days=30)
    return now - timedelta(days=number % 4, minutes=number % 600), today + timedelta(days=1 + number % 20)


def _go_on_counting(c: sa.Connection, table: sa.Table) -> None:
    """PostgreSQL counts ids by itself: it must not give those of the copies again."""
    if c.dialect.name == "postgresql":
        c.execute(sa.text(f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', 'id'), (SELECT max(id) FROM \"{table.name}\"))"))

