"""Meetings and their agenda items: one monthly 重層的支援会議 serves many households; a case's task is its agenda item.

Each member sees the items that they may. It must not hold an answer: the conclusion is an answer of the case.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import store
from engine.city import City
from forms.form import Form

NEW = "new:"  # a meeting that is made when the answer is written: new:2026-05-14
KIND = "plan_meeting"
AHEAD = 3  # regular meetings offered


def offered(c: Connection, city: City) -> list[tuple[str, date, bool]]:
    """Meetings to choose from: those that are made already, and the next regular ones. (value, day, is regular)"""
    meeting = store.meeting
    rows = c.execute(sa.select(meeting).where(meeting.c.kind == KIND, meeting.c.on_day >= city.today).order_by(meeting.c.on_day, meeting.c.id)).all()
    found = [(str(row.id), row.on_day, row.regular) for row in rows]
    known = {row.on_day for row in rows}
    for day in regular_days(c, city):
        if day not in known:
            found.append((f"{NEW}{day.isoformat()}", day, True))
    return sorted(found, key=lambda each: each[1])


def regular_days(c: Connection, city: City) -> list[date]:
    """The next regular meetings after today."""
    organisation = city.organisation(c)
    days, start = [], city.today + timedelta(days=1)
    for _ in range(AHEAD):
        day = organisation.meeting.next_on(start, organisation.calendar)
        days.append(day)
        start = day + timedelta(days=1)
    return days


def next_regular(c: Connection, city: City) -> str | None:
    """The first regular meeting after today, as a form holds it."""
    day = regular_days(c, city)[0]
    known = c.scalar(sa.select(store.meeting.c.id).where(store.meeting.c.kind == KIND, store.meeting.c.on_day == day).limit(1))
    return f"{NEW}{day.isoformat()}" if known is None else str(known)


def day_of(c: Connection, value: Any) -> date | None:
    """The day of a meeting, as a form holds it."""
    if not isinstance(value, str) or not value:
        return None
    if value.startswith(NEW):
        return date.fromisoformat(value.removeprefix(NEW))
    return c.scalar(sa.select(store.meeting.c.on_day).where(store.meeting.c.id == int(value))) if value.isdigit() else None


def settle(c: Connection, city: City, form: Form, part: str | None, data: Mapping[str, Any], by: int | None) -> dict[str, Any]:
    """Make the meeting that an answer names as new; gives the answer with its id. The same day is the same meeting."""
    settled = dict(data)
    for field in form.fields:
        value = data.get(field.name)
        if field.kind == "meeting" and isinstance(value, str) and value.startswith(NEW):
            day = date.fromisoformat(value.removeprefix(NEW))
            meeting = store.meeting
            known = c.scalar(sa.select(meeting.c.id).where(meeting.c.kind == KIND, meeting.c.on_day == day).limit(1))
            if known is None:
                known = c.execute(
                    sa.insert(meeting).values(kind=KIND, on_day=day, regular=day in regular_days(c, city), created_by=by, created_at=city.now())
                    .returning(meeting.c.id)
                ).scalar_one()  # fmt: skip
            settled[field.name] = str(known)
    return settled


def has_new(form: Form, data: Mapping[str, Any]) -> bool:
    """Whether writing this answer makes a meeting."""
    return any(field.kind == "meeting" and str(data.get(field.name, "")).startswith(NEW) for field in form.fields)


def put_on(c: Connection, case: int, instance: int, task: str | None, meeting: int, members: list[str], answer: int) -> None:
    """A case's item on the agenda; one that is still open for this instance moves."""
    item = store.agenda_item
    c.execute(sa.delete(item).where(item.c.instance == instance, item.c.closed_at.is_(None)))
    position = c.scalar(sa.select(sa.func.count()).select_from(item).where(item.c.meeting == meeting)) or 0
    c.execute(
        sa.insert(item).values(
            meeting=meeting, case=case, instance=instance, task=task, position=position + 1, members=members, answer_id=answer
        )
    )


def conclude(c: Connection, instance: int, result: str, at: Any, answer: int) -> None:
    """What the meeting said about an item."""
    item = store.agenda_item
    c.execute(
        sa.update(item).where(item.c.instance == instance, item.c.closed_at.is_(None)).values(result=result, closed_at=at, answer_id=answer)
    )
