"""``x-feeds``: the facts of the case file that an answer sets, from a closed list, read here and written in the answer's transaction.

No form is named: a field says which fact it feeds. An empty value feeds nothing.
``consent`` on a list of persons reads its neighbours ``answer``, ``steps``, ``scope_orgs``, ``valid_until``, ``refer_conference``,
or, for a withdrawal, ``withdrawn_on``, ``withdrawn_scope`` and ``withdrawn_orgs``.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from engine import store, stream
from engine.city import By
from engine.facts import Changes, Consent, consent_of, withdrawn
from engine.variants import FOLDED
from forms.form import Form

FACTS = frozenset({
    "case.lead", "case.next_review_on", "closing_code", "consent", "person", "household", "resource_gap",
    "participation.addressed", "participation.role", "participation.member", "participation.plan", "agenda.item", "agenda.result", "agenda.held",
    "named.conference", "named_until.conference",
})  # fmt: skip
_SEPARATING = re.compile("[\\s・\\ufe00-\\ufe0f\\U000e0100-\\U000e01ef]")  # spaces, 中点, variation selectors
READING_DAYS = 30  # a member of the meeting may read the item until 30 days after it (blueprint section 10)


def changes(form: Form, part: str | None, data: Mapping[str, Any]) -> Changes:
    """What this answer sets. Only fields shown in its part count: what was carried over was fed before."""
    found = Changes()
    for field in form.fields:
        value = data.get(field.name)
        if field.feeds is None or value in (None, "", [], {}) or (part is not None and part not in field.parts):
            continue
        for fact in field.feeds.replace(",", " ").split():
            found = _with(found, fact, field.name, value, data)
    return found


def _with(found: Changes, fact: str, name: str, value: Any, data: Mapping[str, Any]) -> Changes:
    match fact:
        case "case.lead":
            return replace(found, lead=str(value))
        case "case.next_review_on":
            return replace(found, next_review_on=date.fromisoformat(value))
        case "closing_code":
            return replace(found, closing_code=str(value))
        case "person":
            return replace(found, persons=tuple(value))
        case "household":
            return found
        case "resource_gap":
            return replace(found, gaps=len(value))
        case "consent" if data.get("withdrawn_on"):
            orgs = _orgs(data, "withdrawn_orgs") if data.get("withdrawn_scope") == "orgs" else None
            day = date.fromisoformat(data["withdrawn_on"])
            return replace(found, withdrawals=tuple((int(person), orgs, day) for person in value))
        case "consent":
            return replace(found, consents=tuple(_consent(int(person), data) for person in value))
        case "agenda.item":
            return replace(found, agenda=str(value), members=_orgs(data, "members"))
        case "agenda.result" | "agenda.held":
            return replace(found, conclusion=str(value)) if fact == "agenda.result" or value == "postponed" else found
        case _ if fact.startswith("named.") and fact in FACTS:
            return replace(found, named=(*found.named, (fact.partition(".")[2], date.fromisoformat(value))))
        case _ if fact.startswith("named_until.") and fact in FACTS:
            return replace(found, named_until=(*found.named_until, (fact.partition(".")[2], date.fromisoformat(value))))
        case "participation.plan":
            return replace(found, plan_decided=True)
        case "participation.addressed":
            return _participating(found, [(str(value), "addressed", None)])
        case "participation.role":
            return _participating(found, [(row["org"], "role", None) for row in value])
        case "participation.member":
            until = date.fromisoformat(data["meeting_on"]) + timedelta(days=READING_DAYS)
            return _participating(found, [(row["org"], "member", until) for row in value])
    raise ValueError(f"x-feeds: {fact} is not a fact of the case file")


def _participating(found: Changes, more: list[tuple[str, str, date | None]]) -> Changes:
    return replace(found, participations=(*found.participations, *more))


def _orgs(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(row["org"] for row in data.get(name) or () if row.get("org"))


def _consent(person: int, data: Mapping[str, Any]) -> Consent:
    orgs = {row["org"]: _day(row.get("until")) for row in data.get("scope_orgs") or () if row.get("org")}
    return Consent(
        person, str(data.get("answer")), tuple(data.get("steps") or ()), orgs, bool(data.get("refer_conference")), _day(data.get("valid_until"))
    )


def withdrawal(form: Form, part: str, person: str, org: str | None) -> dict[str, Any]:
    """What is filled in beforehand where one person's consent is withdrawn, for one organisation or (None) for all."""
    whose = {field.name: [person] for field in form.part(part).fields if "consent" in (field.feeds or "").replace(",", " ").split()}
    return whose | ({"withdrawn_scope": "all"} if org is None else {"withdrawn_scope": "orgs", "withdrawn_orgs": [{"org": org}]})


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if value else None


def columns(found: Changes) -> dict[str, Any]:
    """What changes in the case's own row."""
    known = {"lead_org": found.lead, "next_review_on": found.next_review_on, "closing_code": found.closing_code}
    return {name: value for name, value in known.items() if value is not None}


def write(c: Connection, case: int, found: Changes, answer: int, at: datetime) -> list[tuple[str, str, date | None]]:
    """Write consents and resource gaps; gives who takes part in the case from now on: (organisation, ground, until)."""
    for given in found.consents:
        _replace_consent(c, case, given, answer, at)
    for person, orgs, day in found.withdrawals:
        row = c.execute(
            sa.select(store.consent).where(store.consent.c.case == case, store.consent.c.person == person, store.consent.c.replaced_at.is_(None))
        ).one_or_none()
        if row is not None:
            _replace_consent(c, case, withdrawn(consent_of(row), orgs, day), answer, at)
    if found.gaps:
        c.execute(sa.insert(store.resource_gap).values(case=case, answer_id=answer, at=at, count=found.gaps))
    taking_part = list(found.participations)
    if found.plan_decided:
        part = store.participation
        roles = c.scalars(sa.select(part.c.organisation).where(part.c.case == case, part.c.ground == "role")).all()
        taking_part += [(each, "plan", None) for each in roles]
    if found.lead is not None:
        taking_part.append((found.lead, "lead", None))
    return taking_part


def _replace_consent(c: Connection, case: int, given: Consent, answer: int, at: datetime) -> None:
    table = store.consent
    c.execute(
        sa.update(table).where(table.c.case == case, table.c.person == given.person, table.c.replaced_at.is_(None)).values(replaced_at=at)
    )
    c.execute(
        sa.insert(table).values(
            case=case, person=given.person, answer=given.answer, steps=list(given.steps),
            orgs={org: until and until.isoformat() for org, until in given.orgs.items()}, refer_conference=given.refer_conference,
            valid_until=given.valid_until, withdrawn_on=given.withdrawn_on, given_at=at, answer_id=answer,
        )  # fmt: skip
    )


def participate(c: Connection, case: int, more: Iterable[tuple[str, str, date | None]], today: date) -> None:
    """Note on what ground an organisation takes part in a case; an existing ground is prolonged, never shortened."""
    longest: dict[tuple[str, str], date | None] = {}
    for organisation, ground, until in more:
        known = longest.get((organisation, ground), until)
        longest[organisation, ground] = None if known is None or until is None else max(known, until)
    if not longest:
        return
    rows = [
        {"case": case, "organisation": organisation, "ground": ground, "since": today, "until": until}
        for (organisation, ground), until in longest.items()
    ]
    c.execute(_prolonging(c.dialect.name), rows)


@cache
def _prolonging(dialect: str) -> Any:
    table = store.participation
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    either = sa.or_(table.c.until.is_(None), insert.excluded.until.is_(None))
    later = sa.case((either, None), (table.c.until > insert.excluded.until, table.c.until), else_=insert.excluded.until)
    return insert.on_conflict_do_update(index_elements=["case", "organisation", "ground"], set_={"until": later})


def name(c: Connection, case: int, found: Changes, by: By, today: date) -> None:
    """Who confirmed secrecy may read what is open to named persons only; the day on which that ends may be set for all of them."""
    table = store.named
    for ground, until in found.named if by.person is not None and by.organisation is not None else ():
        c.execute(sa.delete(table).where(table.c.case == case, table.c.person == by.person, table.c.ground == ground))
        row = {"case": case, "person": by.person, "ground": ground, "organisation": by.organisation, "since": today, "until": until}
        c.execute(sa.insert(table).values(row))
    for ground, until in found.named_until:
        c.execute(sa.update(table).where(table.c.case == case, table.c.ground == ground).values(until=until))


def write_persons(c: Connection, household: int, rows: Iterable[Mapping[str, Any]], at: datetime, today: date) -> list[dict[str, Any]]:
    """Write the persons of a household: those with an id are corrected, the others join. Gives the rows with their ids."""
    written = []
    count = c.scalar(sa.select(sa.func.count()).select_from(store.household_member).where(store.household_member.c.household == household)) or 0
    for row in rows:
        data = {key: value for key, value in row.items() if key != "id"}
        columns = {"data": data, "changed_at": at, **search_keys(data)}
        salt, _ = stream.sealed(data)
        known = row.get("id")
        if known and str(known).isdigit() and _is_member(c, household, int(known)):
            id = int(known)
            c.execute(sa.update(store.person).where(store.person.c.id == id).values(**columns))
        else:
            id = c.execute(sa.insert(store.person).values(**columns, salt=salt).returning(store.person.c.id)).scalar_one()
            count += 1
            c.execute(sa.insert(store.household_member).values(household=household, person=id, position=count, since=today))
        written.append({**data, "id": str(id)})
    return written


def _is_member(c: Connection, household: int, person: int) -> bool:
    member = store.household_member
    return bool(c.scalar(sa.select(sa.func.count()).where(member.c.household == household, member.c.person == person)))


def search_keys(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a person is found by: kana, name, birth date, address. A concealed person has none (秘匿事項, blueprint section 10)."""
    concealed = bool(data.get("confidential"))
    if concealed:
        return {"kana_key": None, "name_key": None, "birth_on": None, "address_key": None, "concealed": True}
    kana = key(f"{data.get('familyNameKana') or ''}{data.get('givenNameKana') or ''}")
    name = key(f"{data.get('familyName') or ''}{data.get('givenName') or ''}")
    return {
        "kana_key": kana or None, "name_key": name or None, "birth_on": _day(data.get("birthDate")),
        "address_key": key(data.get("address") or "") or None, "concealed": False,
    }  # fmt: skip


def key(text: str) -> str:
    """A text as it is compared: NFKC, katakana, variants of a character as one, without spaces and what only separates."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(FOLDED)
    kept = _SEPARATING.sub("", folded)
    return "".join(chr(ord(each) + 0x60) if "ぁ" <= each <= "ゖ" else each for each in kept)
