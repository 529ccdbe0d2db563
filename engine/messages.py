"""Messages and signals between the instances of one case. A message has exactly one receiver and is never lost.

A reply goes to the instance that asked. A token that names keys (``key.org``) receives only what carries the same values under all of
them. A message whose receiver is open but busy is kept until it waits, without end. If no receiver is open and none is started by
it, it is kept for as long as it says (``keepFor``); then an optional message is dropped and noted, any other is shown as undelivered.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import store
from engine.calendar import Calendar
from engine.city import City
from engine.facts import Facts, context
from engine.kernel.events import MessageThrown
from engine.kernel.keys import expected
from engine.kernel.model import EventKind, Node, keys_of
from engine.kernel.running import Executable
from engine.kernel.state import lively, plain


@dataclass(frozen=True, slots=True)
class Start:
    """The message opens a new instance of this process."""

    process: str
    closure: str


@dataclass(frozen=True, slots=True)
class To:
    """The message reaches this waiting token."""

    instance: int
    token: str


@dataclass(frozen=True, slots=True)
class Keep:
    """A receiver is open but busy; ``instance``: which, None when it may be any of several."""

    instance: int | None


@dataclass(frozen=True, slots=True)
class AlreadyOpen:
    """The process is open for this case; whoever asks gets this reply (``whenOpenReply``)."""

    name: str | None
    payload: Mapping[str, Any]


Route = Start | To | Keep | AlreadyOpen | None


def send(
    c: Connection, calendar: Calendar, executable: Executable, case: int, sender: int, version: int, thrown: Iterable[MessageThrown],
    at: datetime,
) -> None:  # fmt: skip
    """Write what a step threw: the messages, and the outbox rows that will carry them."""
    for number, each in enumerate(thrown):
        kept = executable.nodes[each.element].properties.get("keepFor")
        until = None if kept is None else calendar.due(kept, at)
        post(c, case, sender, each.name, each.payload, each.optional, at, f"message:{sender}-{version}-{number}", expires_at=until)


def post(
    c: Connection, case: int, sender: int | None, name: str, payload: Mapping[str, Any], optional: bool, at: datetime, key: str,
    receiver: int | None = None, expires_at: datetime | None = None,
) -> None:  # fmt: skip
    """One message and the outbox row that carries it; ``receiver`` when it is an answer to somebody."""
    values = {
        "case": case, "name": name, "payload": plain(dict(payload)), "sender": sender, "receiver": receiver, "expires_at": expires_at,
    }  # fmt: skip
    id = c.execute(
        sa.insert(store.message)
        .values(**values, status="sent", optional=optional, sent_at=at)
        .returning(store.message.c.id)
    ).scalar_one()  # fmt: skip
    carry(c, case, id, key, at)


def carry(c: Connection, case: int, message: int, key: str, due_at: datetime) -> None:
    """Let a message be carried at that moment; once for each key."""
    c.execute(sa.insert(store.outbox).values(key=key, kind="message", case=case, body={"message": message}, due_at=due_at, tries=0))


def route(c: Connection, city: City, message: Any) -> Route:
    """Where a message goes now."""
    asker = _open_instance(c, message.receiver) if message.receiver is not None else _asker(c, message.sender)
    if asker is not None and city.executable(c, asker.closure).catches(message.name):
        if asker.status == "ended":
            return None
        return _waiting(c, city, message, [asker.id]) or Keep(asker.id)
    instance = store.instance
    rows = c.execute(
        sa.select(instance.c.id, instance.c.closure)
        .where(instance.c.case == message.case, instance.c.status != "ended", instance.c.id != (message.sender or 0))
        .order_by(instance.c.id)
    ).all()
    catching = [row.id for row in rows if city.executable(c, row.closure).catches(message.name)]
    if catching:
        return _waiting(c, city, message, catching) or Keep(catching[0] if len(catching) == 1 else None)
    return _start(c, city, message)


def _asker(c: Connection, sender: int | None) -> Any:
    own, asker = store.instance.alias(), store.instance.alias()
    return c.execute(
        sa.select(asker.c.id, asker.c.status, asker.c.closure).select_from(own.join(asker, own.c.asker == asker.c.id)).where(own.c.id == sender)
    ).one_or_none()


def _open_instance(c: Connection, instance: int) -> Any:
    table = store.instance
    return c.execute(sa.select(table.c.id, table.c.status, table.c.closure).where(table.c.id == instance)).one_or_none()


def _waiting(c: Connection, city: City, message: Any, instances: list[int]) -> To | None:
    """The token of these instances that has waited longest for just this message."""
    subscription = store.subscription
    rows = c.execute(
        sa.select(subscription.c.instance, subscription.c.id, subscription.c.element)
        .where(
            subscription.c.case == message.case, subscription.c.kind == "message", subscription.c.name == message.name,
            subscription.c.instance.in_(instances),
        )
        .order_by(subscription.c.since, subscription.c.id)
    ).all()  # fmt: skip
    return next((To(row.instance, row.id) for row in rows if _has_all_keys(c, city, message, row)), None)


def _has_all_keys(c: Connection, city: City, message: Any, subscribed: Any) -> bool:
    """Whether the message carries what the waiting token expects under every key."""
    row = c.execute(sa.select(store.instance).where(store.instance.c.id == subscribed.instance)).one()
    executable = city.executable(c, row.closure)
    if not keys_of(executable.nodes[subscribed.element]):
        return True
    state, facts = city.live(row), Facts(c, city, row.case, row.id)
    wanted = expected(executable, state, subscribed.id, context(c, city, executable, state, facts))
    carried = lively(message.payload)
    return all(name in carried and carried[name] == value for name, value in wanted.items())


def _is(node: Node, kind: str, name: str) -> bool:
    return node.event is not None and node.event.kind == kind and node.event.name == name


def _start(c: Connection, city: City, message: Any) -> Route:
    for process, closure, node in begun_by(c, city, "message", message.name):
        if is_open(c, message.case, process):
            replied = node.properties.get("whenOpenReply")
            payload = {key.split(".", 1)[1]: value for key, value in node.properties.items() if key.startswith("whenOpenReply.")}
            return AlreadyOpen(replied, payload)
        return Start(process, closure)
    return None


def begun_by(c: Connection, city: City, kind: EventKind, name: str) -> Iterator[tuple[str, str, Node]]:
    """The processes in force that a message or signal of this name begins: id, closure, start event."""
    for process, closure in city.processes_in_force(c).items():
        for node in city.executable(c, closure).process(process).nodes:
            if node.type == "start" and _is(node, kind, name):
                yield process, closure, node


def is_open(c: Connection, case: int, process: str) -> bool:
    """Whether the case has an instance of this process that has not ended."""
    instance = store.instance
    return bool(
        c.scalar(
            sa.select(sa.func.count()).where(instance.c.case == case, instance.c.process == process, instance.c.status != "ended")
        )
    )


def kept_for(c: Connection, case: int, instance: int, name: str | None = None) -> list[int]:
    """The messages kept for this instance, or for whoever comes to wait, of this name or of any, oldest first."""
    message = store.message
    for_it = sa.or_(message.c.receiver == instance, message.c.receiver.is_(None))
    kept = sa.select(message.c.id).where(message.c.case == case, message.c.status == "kept", for_it)
    return list(c.scalars((kept if name is None else kept.where(message.c.name == name)).order_by(message.c.id)))
