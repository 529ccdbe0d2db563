"""How screens speak of who acts, of deadlines and of people: small words that every family of screens shares. It reads no case."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import request, session
from sqlalchemy.engine import Connection

from engine import store
from engine.calendar import Calendar
from engine.city import By
from forms import Field, Form, links
from web.auth import current_person
from web.context import organisation, today
from web.language import _

SOON = 2  # open days left from which a deadline is near


def by() -> By:
    """The person at the screen, acting for the organisation that was chosen."""
    me = current_person()
    groups = frozenset(group for group in me.groups if group.split(".")[0] == me.organisation)
    return By(me.id, me.organisation, groups, me.person.process_owner, me.person.administrator)


@dataclass(frozen=True)
class Due:
    """A deadline as tags show it: late, soon, later, none; open days past or left."""

    state: str
    on: date | None
    days: int = 0


def due(on: date | None, calendar: Calendar) -> Due:
    if on is None:
        return Due("none", None)
    days = calendar.workdays_between(today(), on)
    if on < today():
        return Due("late", on, max(1, -days))
    return Due("soon" if days <= SOON else "later", on, days)


def names_of_people(c: Connection, ids: Iterable[int | None]) -> dict[int, str]:
    wanted = {id for id in ids if id is not None}
    if not wanted:
        return {}
    login = store.person_login
    return {row.id: row.name for row in c.execute(sa.select(login.c.id, login.c.name).where(login.c.id.in_(wanted)))}


def group_label(groups: Iterable[str]) -> str:
    """What these groups are called, by the organisation that is read once a request: a list asks this for each of its rows."""
    known = organisation()
    return "・".join(known.label(group) for group in groups if known is not None and group in known.groups)


def key() -> str:
    """The idempotency key of a page: pressing twice does it once."""
    return request.form.get("key") or secrets.token_urlsafe(16)


@dataclass(frozen=True)
class Done:
    text: str
    undo_url: str | None = None


def say_done(text: str) -> None:
    """What the next page says at its top."""
    session["done"] = text


def done() -> Done | None:
    text = session.pop("done", None)
    return Done(text) if text else None


@dataclass(frozen=True)
class Wrong:
    id: str | None
    message: str


BESIDE = ("reason",)  # inputs that stand beside a form on its page


def wrong(form: Form | None, part: str, errors: Iterable[Any]) -> list[Wrong]:
    """Errors of a form for the summary, each with the id of its field where it has one."""
    known = list(errors)
    if form is None:
        return []
    linked = links(form, part, [each for each in known if each.path not in BESIDE])
    return [*(Wrong(each.path, each.message) for each in known if each.path in BESIDE), *(Wrong(id, message) for id, message in linked)]


def lacks_persons(fields: Iterable[Field], household: Iterable[Any]) -> bool:
    """Whether a form must name persons of a household in which nobody is written down yet."""
    return not list(household) and any(each.required and each.kind in ("person", "persons") for each in fields)


def household(names: dict[int, str], case: int) -> str:
    return names.get(case) or _("お名前は伏せています")
