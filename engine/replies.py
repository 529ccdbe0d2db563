"""What an instance was told by the one it had asked: the fields of the asked one's forms that are meant as a reply (``x-reply``).

Shown to whoever has the task that the reply opened, and to nobody else. Reading only.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import store
from engine.city import City


@dataclass(frozen=True, slots=True)
class Reply:
    """One thing that was said: the title of the field, and the text."""

    title: str
    text: str


def to_task(c: Connection, city: City, task: Any) -> list[Reply]:
    """The reply that opened this task; empty when something else did."""
    event, message, instance = store.event, store.message, store.instance
    opened_by = c.scalar(
        sa.select(event.c.kind).where(event.c.instance == task.instance, event.c.instance_version == int(task.id.split("-")[1]))
    )
    if opened_by != "MessageReceived":
        return []
    sender = c.execute(
        sa.select(message.c.sender, instance.c.closure)
        .join(instance, instance.c.id == message.c.sender)
        .where(message.c.receiver == task.instance, message.c.status == "delivered", instance.c.asker == task.instance)
        .order_by(message.c.settled_at.desc(), message.c.id.desc())
        .limit(1)
    ).one_or_none()
    return [] if sender is None else _said(c, city, sender.sender, sender.closure)


def _said(c: Connection, city: City, instance: int, closure: str) -> list[Reply]:
    answer, found = store.answer, []
    for form in city.forms(c, closure).values():
        fields = [field for field in form.fields if field.reply]
        if not fields:
            continue
        data = c.scalar(
            sa.select(answer.c.data).where(answer.c.instance == instance, answer.c.form == form.id).order_by(answer.c.id.desc()).limit(1)
        )
        found += [Reply(field.title, str(data[field.name])) for field in fields if data and data.get(field.name)]
    return found
