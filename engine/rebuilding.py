"""Builds the lists again from the live states and the streams: tasks, candidates, timers, subscriptions. It changes no case."""

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import store, stream
from engine.city import City
from engine.kernel.model import THROWING
from engine.kernel.running import Executable
from engine.kernel.state import State, plain
from engine.projections import NO_DAY, stalled_after, task_columns


def rebuild(city: City) -> int:
    """Throw the lists of every case away and make them anew; gives how many cases. One transaction for each case."""
    with city.store.reading() as c:
        cases = c.scalars(sa.select(store.case.c.id).order_by(store.case.c.id)).all()
    for case in cases:
        with city.store.transaction() as c:
            stream.lock(c, case)  # nobody works on this case meanwhile
            _rebuild_case(city, c, case)
    return len(cases)


def _rebuild_case(city: City, c: Connection, case: int) -> None:
    for table in (store.candidate,):
        c.execute(sa.delete(table).where(table.c.task.in_(sa.select(store.task.c.id).where(store.task.c.case == case))))
    for listed in (store.task, store.timer, store.subscription):
        c.execute(sa.delete(listed).where(listed.c.case == case))
    tasks = _tasks(city, c, case)
    if tasks:
        c.execute(sa.insert(store.task), [row for row, _ in tasks.values()])
    candidates = [
        {"grp": group, "due_on": row["due_on"] or NO_DAY, "task": row["id"]}
        for row, groups in tasks.values()
        if row["status"] == "open"
        for group in groups
    ]
    if candidates:
        c.execute(sa.insert(store.candidate), candidates)
    for row in c.execute(sa.select(store.instance).where(store.instance.c.case == case, store.instance.c.status != "ended")):
        _waits(city, c, row)


def _tasks(city: City, c: Connection, case: int) -> dict[str, tuple[dict[str, Any], list[str]]]:
    """Every task there ever was, from the events that opened, moved and closed it, with its groups."""
    found: dict[str, tuple[dict[str, Any], list[str]]] = {}
    instances: dict[int, tuple[Executable, State]] = {}
    for event in c.execute(sa.select(store.event).where(store.event.c.case == case).order_by(store.event.c.seq)):
        if event.kind in ("TaskClaimed", "TaskGivenBack", "TaskReassigned"):
            row, _ = found[event.task]
            if event.detail["assignee"] != row["assignee"]:
                row["claimed_at"] = event.at if event.detail["assignee"] is not None else None
            row["assignee"] = event.detail["assignee"]
        elif event.kind == "AnswerCorrected":
            for id, days in event.detail.get("days", {}).items():
                found[id][0].update({name: _day(day) for name, day in days.items()})
        elif event.kind == "TaskTakenBack":
            row, groups = found[event.task]
            groups[:] = event.detail["groups"]
            row.update(assignee=None, claimed_at=None, groups=list(groups))
        elif event.instance is not None and isinstance(event.detail, list):
            if event.instance not in instances:
                instances[event.instance] = _instance(city, c, event.instance)
            _replay(event, *instances[event.instance], found)
    return found


def _instance(city: City, c: Connection, id: int) -> tuple[Executable, State]:
    row = c.execute(sa.select(store.instance).where(store.instance.c.id == id)).one()
    return city.executable(c, row.closure), city.live(row)


def _replay(event: Any, executable: Executable, state: State, found: dict[str, tuple[dict[str, Any], list[str]]]) -> None:
    gone = {each["token"] for each in event.detail if each["kind"] == "TaskWithdrawn"}
    for each in event.detail:
        if each["kind"] == "TaskOpened" and each["token"] not in gone:
            found[each["token"]] = (_opened(event, each, executable, state, found), list(each.get("groups", ())))
        elif each["kind"] == "TaskCompleted":
            found[each["token"]][0].update(status="done", closed_at=event.at, closed_by=event.by, item=None)
        elif each["kind"] == "TaskWithdrawn" and each["token"] in found:
            found[each["token"]][0].update(status="withdrawn", closed_at=event.at, closed_because=each.get("because") or "withdrawn", item=None)


def _opened(
    event: Any, each: dict[str, Any], executable: Executable, state: State, found: dict[str, tuple[dict[str, Any], list[str]]]
) -> dict[str, Any]:
    node = executable.nodes[each["element"]]
    process = each["element"].split(":")[0]
    before = f"{process}:{node.properties.get('excludeAssigneeOf', '')}"
    done = [row for row, _ in found.values() if row["element"] == before and row["status"] == "done" and row["instance"] == event.instance]
    assignee = int(each["assignee"]) if each.get("assignee") is not None else None
    return {
        **task_columns(node, each["element"]), "id": each["token"], "instance": event.instance, "case": event.case,
        "activation": each.get("activation"), "item": _item(executable, state, each["token"]), "status": "open", "opened_at": event.at,
        "due_on": _day(each.get("due_on")), "follow_up_on": _day(each.get("follow_up_on")), "priority": each.get("priority", 0),
        "assignee": assignee, "claimed_at": event.at if assignee is not None else None,
        "excluded": max(done, key=lambda row: row["closed_at"])["closed_by"] if done else None,
        "closed_at": None, "closed_by": None, "closed_because": None, "groups": list(each.get("groups", ())),
    }  # fmt: skip


def _item(executable: Executable, state: State, id: str) -> Any:
    """The loop item of an open task, from the live state."""
    token = state.token(id)
    if token is None:
        return None
    for each in (token, *state.scopes(token)):
        loop = executable.nodes[each.element].loop
        if each.index is not None and loop is not None:
            value = state.value(each, loop.item)
            return plain(dict(value) if isinstance(value, dict) else {loop.item: value})
    return None


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _waits(city: City, c: Connection, row: Any) -> None:
    """Timers and subscriptions, from the tokens that wait in the live state."""
    executable, state = city.executable(c, row.closure), city.live(row)
    for token in state.tokens:
        node = executable.nodes[token.element]
        event = node.event
        if token.failed or event is None or node.type in THROWING or token.rounds is not None:
            continue
        common = {"id": token.id, "instance": row.id, "case": row.case, "element": token.element}
        if event.kind == "timer":
            values = {"name": node.name, "armed_at": token.since, "due_at": token.due, "stalled_after": stalled_after(node), "tries": 0}
            c.execute(sa.insert(store.timer).values(**common, **values))
        else:
            c.execute(sa.insert(store.subscription).values(**common, kind=event.kind, name=event.name or "", since=token.since))
