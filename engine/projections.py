"""What lists show, derived from the kernel's events: open tasks with their candidates, timers, subscriptions. Can be thrown away and rebuilt."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import store
from engine.kernel import events
from engine.kernel.events import Event
from engine.kernel.model import Node
from engine.kernel.running import Executable
from engine.kernel.state import plain
from engine.prepared import Prepared

NO_DAY = date(9999, 12, 31)  # a candidate row needs a day to be ordered by

_CLOSE = Prepared(sa.update(store.task).where(store.task.c.id == sa.bindparam("this")))
_NO_CANDIDATES = Prepared(sa.delete(store.candidate).where(store.candidate.c.task == sa.bindparam("this")))
_OPEN, _OFFER = Prepared(sa.insert(store.task)), Prepared(sa.insert(store.candidate))


def write(
    c: Connection, executable: Executable, case: int, instance: int, happened: Iterable[Event], at: datetime, by: int | None
) -> list[events.TaskOpened]:
    """Bring the lists in line with what a step did; gives the tasks that it opened."""
    opened: dict[str, events.TaskOpened] = {}
    closed: dict[str, str] = {}
    timers: dict[str, events.TimerArmed] = {}
    ended_timers: list[str] = []
    subscriptions: dict[str, events.Subscribed] = {}
    ended_subscriptions: list[str] = []
    for event in happened:
        match event:
            case events.TaskOpened(token):
                opened[token] = event
            case events.TaskCompleted(token):
                closed[token] = "done"
            case events.TaskWithdrawn(token, _, because):
                if opened.pop(token, None) is None:
                    closed[token] = because or "withdrawn"
            case events.TimerArmed(token):
                timers[token] = event
            case events.TimerFired(token) | events.TimerDisarmed(token):
                if timers.pop(token, None) is None:
                    ended_timers.append(token)
            case events.Subscribed(token):
                subscriptions[token] = event
            case events.Received(token) | events.Unsubscribed(token):
                if subscriptions.pop(token, None) is None:
                    ended_subscriptions.append(token)
    _close_tasks(c, closed, at, by)
    if ended_timers:
        c.execute(sa.delete(store.timer).where(store.timer.c.id.in_(ended_timers)))
    if ended_subscriptions:
        c.execute(sa.delete(store.subscription).where(store.subscription.c.id.in_(ended_subscriptions)))
    _open_tasks(c, executable, case, instance, opened.values(), at)
    if timers:
        c.execute(sa.insert(store.timer), [_timer(executable, case, instance, each, at) for each in timers.values()])
    if subscriptions:
        rows = [
            {"id": each.token, "instance": instance, "case": case, "element": each.element, "kind": each.kind, "name": each.name, "since": at}
            for each in subscriptions.values()
        ]
        c.execute(sa.insert(store.subscription), rows)
    return list(opened.values())


def _close_tasks(c: Connection, closed: Mapping[str, str], at: datetime, by: int | None) -> None:
    for id, because in closed.items():
        how = {"status": "done", "closed_by": by} if because == "done" else {"status": "withdrawn", "closed_because": because}
        _CLOSE.run(c, {"this": id, "closed_at": at, "item": None, **how})
    _NO_CANDIDATES.run_all(c, [{"this": id} for id in closed])


def _open_tasks(
    c: Connection, executable: Executable, case: int, instance: int, opened: Iterable[events.TaskOpened], at: datetime
) -> None:
    rows = [_task(c, executable, case, instance, each, at) for each in opened]
    if not rows:
        return
    _OPEN.run_all(c, rows)
    candidates = [
        {"grp": group, "due_on": each.due_on or NO_DAY, "task": each.token} for each in opened for group in dict.fromkeys(each.groups)
    ]
    _OFFER.run_all(c, candidates)


def redate(c: Connection, task: str, days: Mapping[str, date | None]) -> None:
    """Other days for an open task: ``due_on``, ``follow_up_on``."""
    c.execute(sa.update(store.task).where(store.task.c.id == task).values(**days))
    if "due_on" in days:
        c.execute(sa.update(store.candidate).where(store.candidate.c.task == task).values(due_on=days["due_on"] or NO_DAY))


def _task(c: Connection, executable: Executable, case: int, instance: int, opened: events.TaskOpened, at: datetime) -> dict[str, Any]:
    node = executable.nodes[opened.element]
    assignee = int(opened.assignee) if opened.assignee is not None else None
    return {
        **task_columns(node, opened.element), "id": opened.token, "instance": instance, "case": case, "activation": opened.activation,
        "item": plain(opened.item) or None, "status": "open", "opened_at": at, "due_on": opened.due_on,
        "follow_up_on": opened.follow_up_on, "priority": opened.priority, "assignee": assignee,
        "claimed_at": at if assignee is not None else None, "excluded": _excluded(c, instance, opened.element, node),
        "groups": list(dict.fromkeys(opened.groups)),
    }  # fmt: skip


def task_columns(node: Node, element: str) -> dict[str, Any]:
    """What a task takes from the diagram."""
    form, _, part = (node.form or "").partition("#")
    return {
        "process": element.split(":")[0], "element": element, "name": node.name, "form": form or None, "part": part or None,
        "lane": node.lane, "due_reason": node.due, "stalled_after": stalled_after(node),
    }  # fmt: skip


def stalled_after(node: Node) -> int | None:
    """Open days without activity after which an element counts as stalled (``stalledAfter``)."""
    text = node.properties.get("stalledAfter")
    return int(text) if text else None


def _excluded(c: Connection, instance: int, element: str, node: Node) -> int | None:
    """Who may not do this task, since they did the one before it (``excludeAssigneeOf``): two people for one decision."""
    before = node.properties.get("excludeAssigneeOf")
    if not before:
        return None
    task = store.task
    qualified = f"{element.split(':')[0]}:{before}"
    return c.scalar(
        sa.select(task.c.closed_by)
        .where(task.c.instance == instance, task.c.element == qualified, task.c.status == "done")
        .order_by(task.c.closed_at.desc())
        .limit(1)
    )


def _timer(executable: Executable, case: int, instance: int, armed: events.TimerArmed, at: datetime) -> dict[str, Any]:
    node = executable.nodes[armed.element]
    return {
        "id": armed.token, "instance": instance, "case": case, "element": armed.element, "name": node.name, "armed_at": at,
        "due_at": armed.due, "stalled_after": stalled_after(node), "tries": 0,
    }  # fmt: skip
