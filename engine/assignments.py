"""Who has a task in hand: claim and give back, reassign by the head of the group. Everything the inbox shows is an event."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import access, people, store, stream
from engine.city import NOBODY, By, City
from engine.errors import Conflict, NoLongerOpen, NotAllowed, Refusal


class TakenByAnother(Conflict):
    """ほかの人が受け持っています。"""


def claim(city: City, task_id: str, by: By) -> None:
    """Take a task of one's group in hand. Raises NotAllowed, NoLongerOpen, TakenByAnother."""

    def check(c: Connection, task: Any) -> dict[str, Any]:
        if not access.may_take(c, by, task):
            raise NotAllowed
        if task.assignee not in (None, by.person):
            raise TakenByAnother
        return {"assignee": by.person}

    _change(city, task_id, by, "TaskClaimed", check)


def give_back(city: City, task_id: str, by: By) -> None:
    """Give one's task back to its group."""

    def check(c: Connection, task: Any) -> dict[str, Any]:
        if task.assignee != by.person:
            raise NotAllowed
        if not access.groups_of(c, task.id):
            raise Refusal("このやることは、あなただけのものです。ほかの人に渡すときは、所属長に頼んでください。")
        return {"assignee": None}

    _change(city, task_id, by, "TaskGivenBack", check)


def reassign(city: City, task_id: str, person: int, by: By) -> None:
    """The head of the group hands a task to one of its people."""

    def check(c: Connection, task: Any) -> dict[str, Any]:
        if not access.may_reassign(c, by, task):
            raise NotAllowed
        if person not in {each.id for each in people_for(c, task.id, city.today)} or person == task.excluded:
            raise Refusal("この人は、このやることの担当の組にいません。組の人から選んでください。")
        return {"assignee": person}

    _change(city, task_id, by, "TaskReassigned", check)


def let_go(city: City, person: int, by: By) -> tuple[int, int]:
    """What a person has in hand and could not take any more goes back to its groups: they left one, or the city.

    Gives how many went back, and how many stay because they belong to no group.
    """
    with city.store.reading() as c:
        task, login = store.task, store.person_login
        is_active = c.scalar(sa.select(login.c.active).where(login.c.id == person))
        held = {id: access.groups_of(c, id) for id in c.scalars(sa.select(task.c.id).where(task.c.assignee == person, task.c.status == "open"))}
    left = people.groups_of(city.store, person, city.today) if is_active else frozenset()
    gone = 0
    for id in (id for id, groups in held.items() if groups and not groups & left):

        def check(_: Connection, task: Any) -> dict[str, Any]:
            if task.assignee != person:
                raise NoLongerOpen
            return {"assignee": None}

        with suppress(NoLongerOpen):
            _change(city, id, by, "TaskGivenBack", check)
            gone += 1
    return gone, sum(1 for groups in held.values() if not groups)


def end_membership(city: City, person: int, leaves: bool) -> None:
    """A membership ran out: what the person cannot do any more goes back to its groups. A leaver is deactivated, unless they came back."""
    if leaves and not people.terms(city.store, person, city.today):
        people.deactivate(city.store, person, city.today)
    let_go(city, person, NOBODY)


def people_for(c: Connection, task_id: str, today: date) -> list[Any]:
    """The people who could do a task: members today of its groups."""
    member, login = store.membership, store.person_login
    groups = sa.select(store.candidate.c.grp).where(store.candidate.c.task == task_id)
    rows = c.execute(
        sa.select(login.c.id, login.c.name, login.c.kana)
        .join(member, member.c.person == login.c.id)
        .where(member.c.grp.in_(groups), login.c.active, people.in_force(today))
        .distinct()
        .order_by(login.c.kana, login.c.id)
    )
    return list(rows)


def _change(city: City, task_id: str, by: By, kind: str, check: Callable[[Connection, Any], dict[str, Any]]) -> None:
    at = city.now()
    with city.store.transaction() as c:
        case = c.scalar(sa.select(store.task.c.case).where(store.task.c.id == task_id))
        if case is None:
            raise NotAllowed
        head = stream.lock(c, case)
        task = c.execute(sa.select(store.task).where(store.task.c.id == task_id)).one()
        if task.status != "open":
            raise NoLongerOpen
        values = check(c, task)
        if values["assignee"] == task.assignee:
            claimed = task.claimed_at
        else:
            claimed = at if values["assignee"] is not None else None
        c.execute(sa.update(store.task).where(store.task.c.id == task_id).values(**values, claimed_at=claimed))
        happened = stream.Happened(kind, task.instance, None, task.id, task.element, detail={"assignee": values["assignee"]})
        stream.append(c, case, head, happened, by, at)
