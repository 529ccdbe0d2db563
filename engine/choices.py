"""What the fields of a form offer: organisations, colleagues, the household's persons, meetings. Reading only."""

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import meetings, people, store
from engine.city import By, City
from engine.facts import Facts
from forms.choices import Choice, Choices
from forms.dates import wareki

NAMELESS = "お名前は伏せています"  # 秘匿事項
KINDS = {"city": "市の課", "centre": "総合相談支援センター", "agency": "支援関係機関"}


def of(c: Connection, city: City, by: By, facts: Facts | None) -> Choices:
    """The choices for a form about this case; without a case there are no persons yet."""
    organisation = city.organisation(c)
    orgs = tuple(Choice(office.id, office.short, KINDS.get(office.kind, "")) for office in organisation.offices.values())
    persons = tuple(Choice(str(row.id), person_label(row)) for row in facts.people) if facts is not None else ()
    held = tuple(
        Choice(value, f"{wareki(day)}（{'定例' if regular else '随時'}）") for value, day, regular in meetings.offered(c, city)
    )
    return Choices(orgs=orgs, users=_colleagues(c, by, city.today), persons=persons, meetings=held)


def person_label(row: Any) -> str:
    """「架空　母」: how a person of the household is chosen. Whoever has no name yet is called by their place in it."""
    name = f"{row.data.get('familyName') or ''}{row.data.get('givenName') or ''}" if not row.concealed else NAMELESS
    role = row.data.get("role") or ""
    return "　".join(part for part in (name, role) if part) or "氏名不明"


def _colleagues(c: Connection, by: By, today: date) -> tuple[Choice, ...]:
    member, login = store.membership, store.person_login
    rows = c.execute(
        sa.select(login.c.id, login.c.name, login.c.kana)
        .join(member, member.c.person == login.c.id)
        .where(login.c.active, member.c.grp == by.organisation, people.in_force(today))
        .distinct()
        .order_by(login.c.kana, login.c.id)
    )
    return tuple(Choice(str(row.id), row.name) for row in rows)
