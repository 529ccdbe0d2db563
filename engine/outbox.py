"""Work that waits: outbox rows and due timers, claimed under a lease, carried out once, visible with their error when they fail.

``drain`` does what a request has just caused; ``work`` is what a worker does. Killed in the middle, nothing is lost and
nothing is done twice: the effect and the row's end are one transaction, under the row's own key.
"""

import logging
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import assignments, cases, messages, store, stream
from engine.city import NOBODY, City
from engine.errors import NoLongerOpen, Refusal
from engine.kernel.commands import Deliver, Fire, Look, Signal
from engine.kernel.state import lively

log = logging.getLogger("bansou.outbox")

LEASE = timedelta(seconds=60)
BACK_OFF = (5, 30, 120, 600, 3600)  # seconds until the next try
TRIES = 8  # after that the row is dead work, shown to the administrator

_FREE = sa.or_(store.outbox.c.leased_until.is_(None), store.outbox.c.leased_until < sa.bindparam("now"))
_DUE_IN_CASE = (
    sa.select(store.outbox.c.id)
    .where(store.outbox.c.case == sa.bindparam("this"), store.outbox.c.due_at <= sa.bindparam("now"), _FREE)
    .where(store.outbox.c.tries < TRIES, store.outbox.c.done_at.is_(None))
    .limit(1)
)
SETTLED = object()  # the way of a message that has arrived already


def drain(city: City, case: int) -> int:
    """Carry out what waits in this case now, and what that causes in turn. Gives how many rows."""
    done = 0
    while done < 200 and _is_due(city, case):
        rows = _claim(city, store.outbox, 20, store.outbox.c.case == case)
        if not rows:
            return done
        for row in rows:
            _try(city, row)
            done += 1
    return done


def _is_due(city: City, case: int) -> bool:
    """Whether anything waits in this case; asked after every completion, and mostly nothing does."""
    with city.store.reading() as c:
        return c.execute(_DUE_IN_CASE, {"this": case, "now": city.now()}).first() is not None


def work(city: City, limit: int = 50) -> int:
    """One round of a worker: due timers, then outbox rows. Gives how many were carried out."""
    done = 0
    for row in _claim(city, store.timer, limit, sa.true()):
        _try_timer(city, row)
        done += 1
    for row in _claim(city, store.outbox, limit, sa.true()):
        _try(city, row)
        done += 1
    return done


def work_all(city: City) -> int:
    """Work until nothing is due."""
    total = 0
    while done := work(city):
        total += done
    return total


def _claim(city: City, table: sa.Table, limit: int, which: sa.ColumnElement[bool]) -> list[Any]:
    """Due rows, taken under a lease so that nobody else carries them out meanwhile; in order of their moment."""
    now = city.now()
    free = sa.or_(table.c.leased_until.is_(None), table.c.leased_until < now)
    due = sa.and_(which, table.c.due_at <= now, free, table.c.tries < TRIES)
    if "done_at" in table.c:
        due = sa.and_(due, table.c.done_at.is_(None))
    with city.store.reading() as c:
        if c.execute(sa.select(table.c.id).where(due).limit(1)).first() is None:
            return []
    with city.store.transaction() as c:
        ids = c.scalars(sa.select(table.c.id).where(due).order_by(table.c.due_at, table.c.id).limit(limit).with_for_update(skip_locked=True)).all()
        if not ids:
            return []
        c.execute(sa.update(table).where(table.c.id.in_(ids)).values(leased_until=now + LEASE))
        return list(c.execute(sa.select(table).where(table.c.id.in_(ids)).order_by(table.c.due_at, table.c.id)).all())


def _try_timer(city: City, row: Any) -> None:
    try:
        cases.carry_out(city, row.instance, Fire(row.id), f"timer:{row.id}")
    except Exception as error:
        _failed(city, store.timer, row, error)


def _try(city: City, row: Any) -> None:
    try:
        if row.kind == "message":
            _carry_message(city, row)
        elif row.kind == "signal":
            _tell(city, row, Signal(row.body["name"]))
        elif row.kind == "begin":
            _begin(city, row)
        elif row.kind == "look":
            _tell(city, row, Look())
        elif row.kind in ("membership", "leaver"):
            assignments.end_membership(city, row.body["person"], leaves=row.kind == "leaver")
            with city.store.transaction() as c:
                _done(c, row, city.now())
        elif row.kind == "consent":
            with city.store.transaction() as c:
                cases.end_consents(c, city, row.case, date.fromisoformat(row.body["day"]))
                _done(c, row, city.now())
        else:
            raise Refusal(f"unknown kind of work: {row.kind}")
    except Exception as error:
        _failed(city, store.outbox, row, error)


def _tell(city: City, row: Any, command: Signal | Look) -> None:
    """A signal or a change is noticed by who waits for it now, and kept by none."""
    try:
        cases.carry_out(city, row.body["instance"], command, row.key, also=lambda c: _done(c, row, city.now()))
    except NoLongerOpen:
        with city.store.transaction() as c:
            _done(c, row, city.now())


def _begin(city: City, row: Any) -> None:
    """A signal begins a process in its case, unless the case has it open already."""
    process, closure = row.body["process"], row.body["closure"]
    with city.store.transaction() as c:
        stream.lock(c, row.case)
        if c.scalar(sa.select(store.outbox.c.done_at).where(store.outbox.c.id == row.id)) is not None:
            return
        if not messages.is_open(c, row.case, process):
            cases.begin(c, city, row.case, process, closure, {}, None)
        _done(c, row, city.now())


def _carry_message(city: City, row: Any) -> None:
    with city.store.reading() as c:
        message, way = _way(c, city, row)
    if not isinstance(way, messages.To):
        if not _carry_elsewhere(city, row):
            _carry_message(city, row)
        return

    def deliver(c: Connection) -> None:
        if _way(c, city, row)[1] is SETTLED:
            raise NoLongerOpen
        _settle(c, message, "delivered", way.instance, city.now())
        _done(c, row, city.now())

    cases.carry_out(city, way.instance, Deliver(way.token, message.name, lively(message.payload)), row.key, also=deliver)


def _way(c: Connection, city: City, row: Any) -> tuple[Any, Any]:
    """A message, and where it goes now."""
    message = c.execute(sa.select(store.message).where(store.message.c.id == row.body["message"])).one()
    return message, messages.route(c, city, message) if message.status in ("sent", "kept") else SETTLED


def _carry_elsewhere(city: City, row: Any) -> bool:
    """What becomes of a message that nobody waits for, with its case kept still; False when somebody waits for it by now."""
    with city.store.transaction() as c:
        stream.lock(c, row.case)
        message, way = _way(c, city, row)
        if isinstance(way, messages.To):
            return False
        if way is SETTLED:
            pass
        elif isinstance(way, messages.Start):
            data = lively(message.payload)
            instance = cases.begin(c, city, message.case, way.process, way.closure, data, message.sender)
            _settle(c, message, "delivered", instance, city.now())
        elif isinstance(way, messages.Keep):
            if message.status != "kept":
                _settle(c, message, "kept", way.instance, city.now())
                _note(c, city, message, "MessageKept")
        elif isinstance(way, messages.AlreadyOpen):
            if way.name is not None and message.sender is not None:
                key = f"reply:{row.key}"
                messages.post(c, message.case, None, way.name, way.payload, True, city.now(), key, receiver=message.sender)
            _settle(c, message, "joined", None, city.now())
            _note(c, city, message, "MessageJoined")
        elif message.expires_at is not None and message.expires_at > city.now():
            if message.status != "kept":
                _settle(c, message, "kept", None, city.now())
                _note(c, city, message, "MessageKept")
                messages.carry(c, message.case, message.id, f"expired:{message.id}", message.expires_at)
        elif message.optional:
            _settle(c, message, "dropped", None, city.now())
            _note(c, city, message, "MessageDropped")
        else:
            _settle(c, message, "undelivered", None, city.now())
            _note(c, city, message, "MessageUndelivered")
        _done(c, row, city.now())
        return True


def _settle(c: Connection, message: Any, status: str, receiver: int | None, at: datetime) -> None:
    c.execute(
        sa.update(store.message)
        .where(store.message.c.id == message.id)
        .values(status=status, receiver=receiver if receiver is not None else message.receiver, settled_at=None if status == "kept" else at)
    )
    if status in ("delivered", "kept") and message.sender is not None and receiver is not None:  # kept for who asked: nobody needs to answer once more
        instance = store.instance
        c.execute(sa.update(instance).where(instance.c.id == message.sender, instance.c.asker == receiver).values(asked_answered=True))


def _note(c: Connection, city: City, message: Any, kind: str) -> None:
    stream.add(c, message.case, stream.Happened(kind, detail={"message": message.id, "name": message.name}), NOBODY, city.now())


def _done(c: Connection, row: Any, at: datetime) -> None:
    c.execute(sa.update(store.outbox).where(store.outbox.c.id == row.id).values(done_at=at, leased_until=None, error=None))


def _failed(city: City, table: sa.Table, row: Any, error: Exception) -> None:
    """A failure is a row that a person can see. A timer or message whose token went on meanwhile is simply over."""
    name = f"{type(error).__name__}: {error}" if isinstance(error, Refusal) else type(error).__name__
    log.warning("%s %s failed: %s", table.name, row.id, name, exc_info=not isinstance(error, Refusal))
    wait = timedelta(seconds=BACK_OFF[min(row.tries, len(BACK_OFF) - 1)])
    with city.store.transaction() as c:
        values: dict[str, Any] = {"tries": row.tries + 1, "error": name, "leased_until": None, "due_at": max(row.due_at, city.now()) + wait}
        if table is store.timer:
            values["due_at"] = row.due_at
            values["leased_until"] = city.now() + wait
        c.execute(sa.update(table).where(table.c.id == row.id).values(**values))
