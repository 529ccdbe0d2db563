"""What the fields of a form offer: organisations, colleagues, the household's persons, meetings. Reading only."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import enclosures, meetings, people, store
from engine.city import By, City
from engine.facts import Facts
from forms.choices import Choice, Choices
from forms.dates import wareki
from forms.form import Form

NAMELESS = "お名前は伏せています"  # 秘匿事項
OFFERED = frozenset({"org", "user", "person", "persons", "meeting"})  # kinds of fields
KINDS = {"city": "市の課", "centre": "総合相談支援センター", "agency": "支援関係機関"}


def of(
    c: Connection, city: City, by: By, facts: Facts | None, form: Form | None = None, typed: bool = False, known: Sequence[Any] | None = None,
    files: tuple[Choice, ...] = (),
) -> Choices:  # fmt: skip
    """The choices for a form about this case; without a case there are no persons yet. ``files``: of ``enclosures.offered``.

    ``form``: only what its fields choose from is read, with ``typed`` only what a person may have chosen. ``known``: the persons of
    whom this person may know, where that is not the whole household.
    """
    kinds = OFFERED if form is None else _kinds(form, typed)
    organisation = facts.organisation if facts is not None else city.organisation(c)
    return Choices(
        orgs=tuple(Choice(office.id, office.short, KINDS.get(office.kind, "")) for office in organisation.offices.values()),
        users=_colleagues(c, by, city.today) if "user" in kinds else (),
        persons=_persons(_household(facts, known)) if kinds & {"person", "persons"} else (),
        meetings=_meetings(c, city, facts) if "meeting" in kinds else (),
        files=files,
        once=lambda kind, value: _once(c, facts, kind, value),
    )


def _household(facts: Facts | None, known: Sequence[Any] | None) -> Sequence[Any]:
    return known if known is not None else facts.people if facts is not None else ()


def _persons(household: Sequence[Any]) -> tuple[Choice, ...]:
    """The household; those who would be called the same, as two children with 秘匿事項, are counted."""
    labels = [person_label(row) for row in household]
    told_apart = [
        f"{label}（{labels[: place + 1].count(label)}人目）" if labels.count(label) > 1 else label for place, label in enumerate(labels)
    ]
    return tuple(Choice(str(row.id), label) for row, label in zip(household, told_apart, strict=True))


def _kinds(form: Form, typed: bool) -> set[str]:
    return {each.kind for field in form.fields for each in (field, *field.rows) if not (typed and each.auto)}


def _once(c: Connection, facts: Facts | None, kind: str, value: str) -> str | None:
    """What an answer names and a page offers no more: staff of another organisation, a past meeting, a person who left the household."""
    if not value.isascii() or not value.isdigit():
        return None
    if kind == "user":
        return c.scalar(sa.select(store.person_login.c.name).where(store.person_login.c.id == int(value)))
    if kind == "meeting":
        row = c.execute(sa.select(store.meeting.c.on_day, store.meeting.c.regular).where(store.meeting.c.id == int(value))).one_or_none()
        return _meeting_label(row.on_day, row.regular) if row is not None else None
    if kind == "file" and facts is not None and facts.case is not None:
        return enclosures.name_of(c, facts.case, value)
    if kind in ("person", "persons") and facts is not None:
        row = c.execute(_HOUSEHOLD_EVER, {"household": facts.row.household, "person": int(value)}).one_or_none()
        return person_label(row) if row is not None else None
    return None


_HOUSEHOLD_EVER = (
    sa.select(store.person)
    .join(store.household_member)
    .where(store.household_member.c.household == sa.bindparam("household"), store.person.c.id == sa.bindparam("person"))
    .limit(1)
)


def _meetings(c: Connection, city: City, facts: Facts | None) -> tuple[Choice, ...]:
    case = facts.case if facts is not None else None
    return tuple(Choice(value, _meeting_label(day, regular)) for value, day, regular in meetings.offered(c, city, case))


def _meeting_label(day: date, regular: bool) -> str:
    return f"{wareki(day)}（{'定例' if regular else '随時'}）"


def person_label(row: Any) -> str:
    """「架空　母」: how a person of the household is chosen. Whoever has no name yet is called by their place in it."""
    name = f"{row.data.get('familyName') or ''}{row.data.get('givenName') or ''}" if not row.concealed else NAMELESS
    role = row.data.get("role") or ""
    return "　".join(part for part in (name, role) if part) or "氏名不明"


_COLLEAGUES = (
    sa.select(store.person_login.c.id, store.person_login.c.name, store.person_login.c.kana)
    .join(store.membership, store.membership.c.person == store.person_login.c.id)
    .where(store.person_login.c.active, store.membership.c.grp == sa.bindparam("group"), people.in_force(sa.bindparam("on", type_=sa.Date)))
    .distinct()
    .order_by(store.person_login.c.kana, store.person_login.c.id)
)


def _colleagues(c: Connection, by: By, today: date) -> tuple[Choice, ...]:
    rows = c.execute(_COLLEAGUES, {"group": by.organisation, "on": today})
    return tuple(Choice(str(row.id), row.name) for row in rows)
