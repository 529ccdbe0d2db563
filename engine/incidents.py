"""What the machine could not carry out, for those who repair it: where and why, never about whom or what was answered.

Incidents of instances, work that was tried too often (timers and outbox rows), and messages that nobody received.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import cases, messages, outbox, store, stream
from engine.city import By, City
from engine.errors import NoLongerOpen, NotAllowed, Refusal
from engine.kernel.commands import Retry
from engine.kernel.model import THROWING

MOST = 200  # rows of each kind that are given; when some were repaired, the next ones follow
UNDELIVERED, HANDLED = "undelivered", "handled"


@dataclass(frozen=True, slots=True)
class Incident:
    """An instance that stands where the engine could not go on."""

    instance: int
    number: str
    process: str
    step: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class DeadWork:
    """A timer or outbox row that failed ``outbox.TRIES`` times. ``key`` names it for ``work_again``."""

    key: str
    kind: str  # timer, message, signal
    number: str | None
    process: str | None
    step: str
    error: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A message of a case that nobody received; ``step`` is where a process sent it."""

    id: int
    case: int
    number: str
    process: str
    step: str
    sent_at: datetime


def may_repair(by: By) -> bool:
    """Administrators: everything here."""
    return by.administrator


def may_deliver(city: City, c: Connection, by: By) -> bool:
    """Messages without a receiver are also for the office of coordination (blueprint section 4)."""
    duty = city.organisation(c).duties["coordination"]
    return may_repair(by) or by.organisation == duty


# -- incidents ---------------------------------------------------------------------------------------------------------
def standing(city: City, c: Connection) -> list[Incident]:
    """The open incidents, oldest first."""
    incident, case, instance = store.incident, store.case, store.instance
    rows = c.execute(
        sa.select(incident, case.c.number, instance.c.closure)
        .join(case, case.c.id == incident.c.case)
        .join(instance, instance.c.id == incident.c.instance)
        .where(incident.c.settled_at.is_(None))
        .order_by(incident.c.raised_at, incident.c.id)
        .limit(MOST)
    )
    return [
        Incident(row.instance, row.number, *_names(city, c, row.closure, row.element), row.reason, row.raised_at)
        for row in rows
    ]


def retry(city: City, instances: Iterable[int], by: By, key: str) -> tuple[int, int]:
    """Try again where these instances stand; gives how many go on, and how many still cannot. Raises NotAllowed."""
    if not may_repair(by):
        raise NotAllowed
    with city.store.reading() as c:
        wanted = _stuck(c, instances)
    for instance, case in wanted.items():
        try:
            cases.carry_out(city, instance, Retry(), f"{key}:{instance}", by)
        except Refusal:
            continue  # somebody else was at it: it is counted below if it still stands
        outbox.drain(city, case)
    with city.store.reading() as c:
        still = len(_stuck(c, wanted))
    return len(wanted) - still, still


def _stuck(c: Connection, instances: Iterable[int]) -> dict[int, int]:
    """Which of these instances have an open incident, with their cases."""
    incident = store.incident
    rows = c.execute(
        sa.select(incident.c.instance, incident.c.case)
        .where(incident.c.instance.in_(list(instances)), incident.c.settled_at.is_(None))
        .distinct()
    )
    return {row.instance: row.case for row in rows}


# -- work that was tried too often -------------------------------------------------------------------------------------
def dead_work(city: City, c: Connection) -> list[DeadWork]:
    """Timers, then outbox rows; oldest first."""
    return [*_dead_timers(city, c), *_dead_rows(c)]


def _dead_timers(city: City, c: Connection) -> Iterable[DeadWork]:
    timer, case, instance = store.timer, store.case, store.instance
    rows = c.execute(
        sa.select(timer, case.c.number, instance.c.closure)
        .join(case, case.c.id == timer.c.case)
        .join(instance, instance.c.id == timer.c.instance)
        .where(timer.c.tries >= outbox.TRIES)
        .order_by(timer.c.due_at, timer.c.id)
        .limit(MOST)
    ).all()
    for row in rows:
        process, step = _names(city, c, row.closure, row.element)
        yield DeadWork(f"timer:{row.id}", "timer", row.number, process, step, row.error or "", row.due_at)


def _dead_rows(c: Connection) -> Iterable[DeadWork]:
    work, case, message = store.outbox, store.case, store.message
    rows = c.execute(
        sa.select(work, case.c.number)
        .outerjoin(case, case.c.id == work.c.case)
        .where(work.c.done_at.is_(None), work.c.tries >= outbox.TRIES)
        .order_by(work.c.due_at, work.c.id)
        .limit(MOST)
    ).all()
    sent = [row.body["message"] for row in rows if "message" in row.body]
    names = {row.id: row.name for row in c.execute(sa.select(message.c.id, message.c.name).where(message.c.id.in_(sent)))}
    for row in rows:
        name = row.body.get("name") or names.get(row.body.get("message"), "")
        yield DeadWork(f"outbox:{row.id}", row.kind, row.number, None, name, row.error or "", row.due_at)


def work_again(city: City, keys: Iterable[str], by: By) -> int:
    """Let dead work be tried anew, and try it; gives how many pieces. Raises NotAllowed."""
    if not may_repair(by):
        raise NotAllowed
    wanted = [key.partition(":")[::2] for key in keys]
    timers = [id for table, id in wanted if table == "timer"]
    rows = [int(id) for table, id in wanted if table == "outbox" and id.isdecimal()]
    with city.store.transaction() as c:
        revived = _revive(c, store.timer, timers) + _revive(c, store.outbox, rows)
    outbox.work(city)
    return revived


def _revive(c: Connection, table: sa.Table, ids: list[Any]) -> int:
    dead = sa.and_(table.c.id.in_(ids), table.c.tries >= outbox.TRIES)
    return c.execute(sa.update(table).where(dead).values(tries=0, leased_until=None)).rowcount


# -- messages that nobody received -------------------------------------------------------------------------------------
def undelivered(city: City, c: Connection) -> list[Undelivered]:
    """Oldest first."""
    message, case, instance = store.message, store.case, store.instance
    rows = c.execute(
        sa.select(message, case.c.number, instance.c.closure, instance.c.process)
        .join(case, case.c.id == message.c.case)
        .outerjoin(instance, instance.c.id == message.c.sender)
        .where(message.c.status == UNDELIVERED)
        .order_by(message.c.sent_at, message.c.id)
        .limit(MOST)
    ).all()
    return [Undelivered(row.id, row.case, row.number, *_sent_from(city, c, row), row.sent_at) for row in rows]


def deliver_again(city: City, message: int, by: By) -> bool:
    """Send a message once more; gives whether it was received. Raises NotAllowed, NoLongerOpen."""
    case = _change(city, message, by, "MessageSentAgain", "sent")
    outbox.drain(city, case)
    with city.store.reading() as c:
        return c.scalar(sa.select(store.message.c.status).where(store.message.c.id == message)) != UNDELIVERED


def settle(city: City, message: int, by: By) -> None:
    """People have seen to it: the message needs no receiver any more. Raises NotAllowed, NoLongerOpen."""
    _change(city, message, by, "MessageHandled", HANDLED)


def _change(city: City, message: int, by: By, kind: str, status: str) -> int:
    at, table = city.now(), store.message
    with city.store.transaction() as c:
        row = c.execute(sa.select(table.c.case, table.c.name).where(table.c.id == message)).one_or_none()
        if row is None or not may_deliver(city, c, by):
            raise NotAllowed
        waiting = sa.and_(table.c.id == message, table.c.status == UNDELIVERED)
        settled_at = at if status == HANDLED else None
        if c.execute(sa.update(table).where(waiting).values(status=status, settled_at=settled_at)).rowcount != 1:
            raise NoLongerOpen("この知らせは、もう済んでいます。")
        if status == "sent":
            messages.carry(c, row.case, message, f"again:{message}:{secrets.token_hex(8)}", at)
        stream.add(c, row.case, stream.Happened(kind, detail={"message": message, "name": row.name}), by, at)
    return int(row.case)


def _sent_from(city: City, c: Connection, row: Any) -> tuple[str, str]:
    """The process and the step that sent a message; its own name where none is known."""
    if row.closure is None:
        return "", row.name
    executable = city.executable(c, row.closure)
    sends = (
        node.name
        for node in executable.nodes.values()
        if node.type in THROWING and node.event is not None and node.event.kind == "message" and node.event.name == row.name
    )
    return executable.process(row.process).name, next((name for name in sends if name), row.name)


def _names(city: City, c: Connection, closure: str, element: str) -> tuple[str, str]:
    """How the diagram calls a process and an element; an element without a name is called by its id."""
    executable = city.executable(c, closure)
    process, _, id = element.partition(":")
    node = executable.nodes.get(element)
    return executable.process(process).name, node.name if node is not None and node.name else id
