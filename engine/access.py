"""Who may see and do what, and on what ground (blueprint section 10). Deny by default; "may not" and "does not exist" look the same.

An organisation's grounds in a case are rows of ``participation``; what a ground opens stands in organisation.toml under
``[access]``. Restricted forms (``[named]``) are open to the persons who confirmed secrecy, until their day, and to nobody else.
Every list, page and value asks here.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import store, stream
from engine.city import NOBODY, By, City
from engine.facts import Changes, Consent, consent_of, consents_of
from engine.grounds import ByName, Ground
from engine.organisation import Organisation
from forms.form import RESTRICTED, Field, Form

LEVELS = ("L0", "L1", "L2")
NAMELESS = ("id", "role")  # what is shown of a concealed person
WHEREABOUTS = frozenset({"address", "residence"})  # of a concealed person shown to nobody
OWN, OWN_TASK, HEAD = "own", "own_task", "head"  # what one's organisation wrote, one's own task, a task of one's own people
BY_CONSENT = ("task", "role", "member", "plan")  # grounds that end when nobody agrees any more


@dataclass(frozen=True, slots=True)
class Sight:
    """What one person may see of one case: the grounds that hold today."""

    by: By
    case: int
    grounds: tuple[Ground, ...]
    sees_hidden: bool = False  # what the writer of an answer hid from other organisations
    restricted: frozenset[str] = frozenset()  # forms that are open to named persons only
    named: Mapping[str, str] = dataclasses.field(default_factory=dict)  # those of them that are open to this person -> the ground

    @property
    def may_open(self) -> bool:
        """Whether the case page opens at all: a task alone shows the task, not the case."""
        return bool(self.named) or any(ground.opens_case for ground in self.grounds)

    @property
    def sees_all(self) -> bool:
        """Whether some ground opens every form of the case."""
        return any("*" in ground.forms for ground in self.grounds)

    @property
    def sees_concealed(self) -> bool:
        """Whether the names of concealed persons may be shown (秘匿事項)."""
        return any("*" in ground.forms and ground.level == "L2" for ground in self.grounds)

    @property
    def sees_household(self) -> bool:
        """Whether all persons of the household are shown; else only those who agreed that the organisation may know."""
        return any(ground.opens_case and not ground.own_rows for ground in self.grounds)

    def may_write(self, place: str) -> bool:
        """Whether this may be written from the case page (places of ``[from_case]``)."""
        return any(ground.may_write(place) for ground in self.grounds)

    def covers(self, form: str, part: str | None = None) -> bool:
        """Whether some ground opens this form, whoever answered it."""
        return any(ground.covers(form, part) for ground in self.grounds)

    def level(self, form: str, answered_by: str | None, part: str | None = None) -> str | None:
        """The highest level that may be read of an answer to this part of the form; None: not even that it exists."""
        if form in self.restricted:
            return RESTRICTED if form in self.named else None
        if self.grounds and answered_by is not None and answered_by == self.by.organisation:
            return LEVELS[-1]  # what one's own organisation wrote
        return max((ground.level for ground in self.grounds if ground.covers(form, part)), default=None)

    def ground(self, form: str | None = None, answered_by: str | None = None, part: str | None = None) -> str | None:
        """On which ground the case is seen, or an answer to this part of a form, as the record of viewings says it: the widest of several."""
        if form in self.restricted:
            return self.named.get(form)
        if form is None and self.named:  # its page shows up to L3, and that rests on nothing else
            return next(iter(self.named.values()))
        if form is not None and answered_by is not None and answered_by == self.by.organisation:
            return OWN
        holds = [ground for ground in self.grounds if (ground.opens_case if form is None else ground.covers(form, part))]
        return max(reversed(holds), key=lambda ground: (ground.level, "*" in ground.forms, not ground.own_rows)).id if holds else None

    @property
    def highest(self) -> str | None:
        """The highest level that the page of the case may show."""
        if self.named:
            return RESTRICTED
        return max((ground.level for ground in self.grounds if ground.opens_case), default=None)

    def may(self, form: str, answered_by: str | None, part: str | None = None) -> Callable[[str], bool]:
        """For ``forms``: whether a field of some level may be shown."""
        best = self.level(form, answered_by, part)
        return lambda level: best is not None and level <= best

    def only_own_rows(self, form: str, part: str | None = None) -> bool:
        """Whether lists show only the rows that name one's own organisation (a role before the decision)."""
        covering = [ground for ground in self.grounds if ground.covers(form, part)]
        return bool(covering) and all(ground.own_rows for ground in covering)


def sight(city: City, c: Connection, by: By, case: Any) -> Sight:
    """The grounds on which a person sees a case today. ``case``: its row."""
    organisation = city.organisation(c)
    rows = c.execute(_grounds_of(case.id, by.organisation, city.today))
    grounds = {row.ground for row in rows}
    found = [organisation.access[ground] for ground in sorted(grounds) if ground in organisation.access]
    if "task" in grounds and by.organisation == organisation.duties["secretariat"]:
        found.append(organisation.access["secretariat"])
    if by.organisation is not None and by.organisation == organisation.duties["coordination"]:
        found.append(organisation.access["coordination" if case.phase_coordination else "coordination_before"])
    if by.organisation is not None and by.organisation == case.lead_org:
        found.append(organisation.access["lead"])
    sees_hidden = by.organisation is not None and by.organisation in (case.received_org, organisation.duties["coordination"])
    named = {form: ground for ground in sorted(named_in(city, c, by, case.id)) for form in organisation.named[ground].forms}
    return Sight(by, case.id, tuple(dict.fromkeys(found)), sees_hidden, organisation.restricted, named)


def named_in(city: City, c: Connection, by: By, case: int) -> frozenset[str]:
    """The grounds of ``[named]`` on which this person, for the organisation they act for, is named in a case today."""
    named, organisation = store.named, city.organisation(c)
    if not organisation.named:
        return frozenset()
    rows = c.scalars(sa.select(named.c.ground).where(named.c.case == case, _is_named(by, city.today)))
    return frozenset(rows) & frozenset(organisation.named)


def _is_named(by: By, today: date) -> sa.ColumnElement[bool]:
    named = store.named
    return sa.and_(
        named.c.person == by.person, named.c.organisation == by.organisation, sa.or_(named.c.until.is_(None), named.c.until >= today)
    )


def unconfirmed(city: City, c: Connection, by: By, task: Any) -> ByName | None:
    """The ground on which a person must be named before this task opens to them; None where nothing is left to confirm."""
    for ground in city.organisation(c).named.values():
        if task.form is not None and ground.asks_first(task.form, task.part or "") and ground.id not in named_in(city, c, by, task.case):
            return ground
    return None


def readable(city: City, c: Connection, sight: Sight, form: Form, answer: Any) -> dict[str, Any]:
    """The values of an answer that this person may read; the levels are left to ``forms``, which is told by ``Sight.may``.

    Kept back are the parts of the form that no ground opens, what the writer hid from other organisations (``x-hiddenBy``), who
    a concealed person is, and, on a ground with ``own_rows``, all rows that do not name one's own organisation or are about
    somebody who did not agree to it.
    """
    data = _of_open_parts(form, sight, answer)
    if not sight.sees_hidden:
        hidden = {field.name for field in form.fields if field.hidden_by is not None and answer.data.get(field.hidden_by) is True}
        data = {name: value for name, value in data.items() if name not in hidden}
    if sight.only_own_rows(form.id, answer.part) and answer.organisation != sight.by.organisation:
        data = _own_rows(form, answer.part, data, sight, agreeing(city, c, sight.case, sight.by))
    people = [field for field in form.fields if field.kind == "list" and field.widget == "person" and field.name in data]
    veiled = concealed(c, sight.case) if people else frozenset()
    return data | {field.name: [_veiled(row, sight, veiled) for row in data[field.name]] for field in people}


def _of_open_parts(form: Form, sight: Sight, answer: Any) -> dict[str, Any]:
    """The fields, and the columns of lists, that stand in some open part and are not above the level at which it is open."""
    levels = {part.id: sight.level(form.id, answer.organisation, part.id) or "" for part in form.parts}
    found: dict[str, Any] = {}
    for field in form.fields:
        best = max((levels[part] for part in field.parts or levels), default="")
        if field.name in answer.data and field.cls <= best:
            value, above = answer.data[field.name], {column.name for column in field.rows if column.cls > best}
            is_list = field.kind == "list" and above
            found[field.name] = [{name: kept for name, kept in row.items() if name not in above} for row in value] if is_list else value
    return found


def _own_rows(form: Form, part: str | None, data: dict[str, Any], sight: Sight, agreeing: set[str]) -> dict[str, Any]:
    """Of the lists only what names one's own organisation, and the numbered rows that this points to (``issue_no`` to ``no``)."""
    fields = {name for ground in sight.grounds if ground.covers(form.id, part) for name in ground.fields or data}
    shown = {field.name: field for field in form.fields if field.name in data and field.name in fields}
    numbered = {name for name, field in shown.items() if _has(field, "no")}
    about = {row["no"] for name in numbered for row in data[name] if row.get("person") in agreeing}
    found = {name: data[name] for name, field in shown.items() if field.kind != "list"}
    pointed: set[Any] = set()
    for name, field in shown.items():
        if _has(field, "org"):
            rows = [row for row in data[name] if row.get("org") == sight.by.organisation and row.get("issue_no", None) in about | {None}]
            found[name] = rows
            pointed |= {row.get("issue_no") for row in rows}
    return found | {name: [row for row in data[name] if row["no"] in pointed & about] for name in numbered}


def _has(field: Field, column: str) -> bool:
    return any(each.name == column for each in field.rows)


def agreeing(city: City, c: Connection, case: int, by: By) -> set[str]:
    """The ids of the persons of a case who agreed that this organisation may know."""
    given = consents_of(c, case, Changes(), city.today)
    return {str(person) for person, each in given.items() if each.shares_with(by.organisation or "", "share", city.today)}


def persons(city: City, c: Connection, sight: Sight, people: Iterable[Any]) -> list[Any]:
    """Of the rows of a household's persons those of whom this person may know at all."""
    agreed = agreeing(city, c, sight.case, sight.by) if not sight.sees_household else set()
    return [row for row in people if sight.sees_household or str(row.id) in agreed]


def concealed(c: Connection, case: int) -> frozenset[str]:
    """The ids of a case's persons with 秘匿事項."""
    member, person = store.household_member, store.person
    rows = c.scalars(
        sa.select(person.c.id).join(member, member.c.person == person.c.id).join(store.case, store.case.c.household == member.c.household)
        .where(store.case.c.id == case, person.c.concealed)
    )  # fmt: skip
    return frozenset(str(id) for id in rows)


def nameless(row: Mapping[str, Any], veiled: frozenset[str]) -> dict[str, Any]:
    """A person as everybody may read them: of one with 秘匿事項 only the place in the household."""
    is_veiled = str(row.get("id")) in veiled or row.get("confidential")
    return {name: value for name, value in row.items() if not is_veiled or name in NAMELESS}


def without_concealed(c: Connection, sight: Sight, form: Form, data: Mapping[str, Any]) -> dict[str, Any]:
    """What is filled in beforehand, without the rows of concealed persons where they may not be shown; leaving a row out removes nobody."""
    people = [field.name for field in form.fields if field.kind == "list" and field.widget == "person" and data.get(field.name)]
    veiled = concealed(c, sight.case) if people and not sight.sees_concealed else frozenset()
    return {**data, **{name: [row for row in data[name] if str(row.get("id")) not in veiled] for name in people}}


def _veiled(row: Mapping[str, Any], sight: Sight, veiled: frozenset[str]) -> dict[str, Any]:
    if not sight.sees_concealed:
        return nameless(row, veiled)
    is_veiled = str(row.get("id")) in veiled or row.get("confidential")
    return {name: value for name, value in row.items() if not is_veiled or name not in WHEREABOUTS}


def _grounds_of(case: int, organisation: str | None, today: date) -> sa.Select[Any]:
    part = store.participation
    return sa.select(part.c.ground).where(
        part.c.case == case, part.c.organisation == organisation, part.c.ground != "lead", sa.or_(part.c.until.is_(None), part.c.until >= today)
    )


def openable(organisation: Organisation, by: By, today: date) -> sa.ColumnElement[bool]:
    """The condition on ``case`` for lists and search: cases that this person may open."""
    return _taking_part(organisation, by, today, [name for name, ground in organisation.access.items() if ground.opens_case])


def knowing_all(organisation: Organisation, by: By, today: date) -> sa.ColumnElement[bool]:
    """Of the cases that this person may open, those in which they know of every person (``Sight.sees_household``)."""
    return _taking_part(organisation, by, today, [name for name, ground in organisation.access.items() if ground.opens_case and not ground.own_rows])


def _taking_part(organisation: Organisation, by: By, today: date, grounds: list[str]) -> sa.ColumnElement[bool]:
    case, part = store.case, store.participation
    taking_part = sa.exists().where(
        part.c.case == case.c.id, part.c.organisation == by.organisation, part.c.ground.in_(grounds), part.c.ground != "lead",
        sa.or_(part.c.until.is_(None), part.c.until >= today),
    )  # fmt: skip
    either = [taking_part, case.c.lead_org == by.organisation]
    if by.organisation == organisation.duties["secretariat"]:
        either.append(sa.exists().where(part.c.case == case.c.id, part.c.organisation == by.organisation, part.c.ground == "task"))
    if by.organisation is not None and by.organisation == organisation.duties["coordination"]:
        either.append(case.c.kind == "household")
    either.append(sa.exists().where(store.named.c.case == case.c.id, _is_named(by, today)))
    return sa.or_(*either) if by.organisation is not None else sa.false()


# -- doing -------------------------------------------------------------------------------------------------------------
def may_start(city: City, c: Connection, by: By, process: str) -> bool:
    """Whether a person may begin a process: ``[starters]`` of organisation.toml."""
    return bool(by.groups & city.organisation(c).starters.get(process, frozenset()))


def groups_of(c: Connection, task: str) -> frozenset[str]:
    return frozenset(c.scalars(sa.select(store.candidate.c.grp).where(store.candidate.c.task == task)))


def may_take(c: Connection, by: By, task: Any) -> bool:
    """Whether this is work that the person could do: its group, and not the one who did the step before (別の人が承認)."""
    if by.person is None or task.excluded == by.person:
        return False
    return task.assignee == by.person or bool(by.groups & set(task.groups))


def may_do(city: City, c: Connection, by: By, task: Any) -> bool:
    """Whether a person may open a task to do it. One that is over still opens for who could do it, to read what happened."""
    if task.status != "open":
        return by.person is not None and (by.person in (task.closed_by, task.assignee) or bool(by.groups & set(task.groups)))
    return may_take(c, by, task)


def ground_of_task(city: City, c: Connection, by: By, task: Any) -> str:
    """On which ground a task's page is open to somebody to whom it is."""
    return OWN_TASK if may_do(city, c, by, task) else HEAD


def may_reassign(c: Connection, by: By, task: Any) -> bool:
    """The head of one of a task's groups, or its manager, hands it to somebody of the group."""
    organisations = {group.split(".")[0] for group in task.groups}
    return any(f"{each}.head" in by.groups for each in organisations)


def may_record(city: City, c: Connection, by: By, case: int, form: Form, part: str | None) -> bool:
    """Whether a person may add this record from the case page: ``writes`` of the grounds on which they see the case."""
    row = c.execute(sa.select(store.case).where(store.case.c.id == case)).one_or_none()
    places = [place for place, each in city.organisation(c).from_case.items() if each == f"{form.id}#{part}"]
    return row is not None and any(map(sight(city, c, by, row).may_write, places))


def may_review_questions(city: City, c: Connection, by: By) -> bool:
    """Whether a person may read who asked how often whether somebody is known: the head of whoever coordinates."""
    return f"{city.organisation(c).duties['coordination']}.head" in by.groups


def may_read_viewings(city: City, c: Connection, by: By, case: Any) -> bool:
    """Whether a person may read who looked at a case: the heads of whoever coordinates and of whoever leads. ``case``: its row."""
    answer_for_it = {f"{city.organisation(c).duties['coordination']}.head", f"{case.lead_org}.head"}
    return bool(answer_for_it & by.groups) and sight(city, c, by, case).may_open


def answers_for_sharing(city: City, c: Connection, sight: Sight) -> bool:
    """Whether a person may read, person by person, which organisations see what: whoever sees the whole case and its consents."""
    form, _sep, part = city.organisation(c).from_case.get("consent", "").partition("#")
    return sight.sees_all and sight.sees_household and sight.covers(form, part)


def may_correct(city: City, c: Connection, by: By, answer: Any) -> bool:
    """One's own answer only, and only for the organisation for which it was given, while that may read it."""
    if answer.by is None or answer.by != by.person or answer.organisation != by.organisation:
        return False
    case = c.execute(sa.select(store.case).where(store.case.c.id == answer.case)).one()
    return sight(city, c, by, case).level(answer.form, answer.organisation, answer.part) is not None


def take_back(c: Connection, city: City, case: int, in_force: Mapping[int, Consent]) -> list[str]:
    """Withdrawn consent cuts an organisation off at once: its grounds end, and its open tasks go to 多機関協働 (blueprint 10)."""
    organisation, today = city.organisation(c), city.today
    lost = _lost(c, case, in_force, organisation, today)
    if not lost:
        return []
    part, candidate, task = store.participation, store.candidate, store.task
    c.execute(
        sa.update(part)
        .where(part.c.case == case, part.c.organisation.in_(lost), part.c.ground.in_(BY_CONSENT), sa.or_(part.c.until.is_(None), part.c.until >= today))
        .values(until=today - timedelta(days=1))
    )
    rows = c.execute(
        sa.select(task.c.id, task.c.due_on, candidate.c.grp)
        .join(candidate, candidate.c.task == task.c.id)
        .where(task.c.case == case, task.c.status == "open", task.c.item.is_not(None), candidate.c.grp.in_(lost))
        .where(sa.or_(task.c.form.is_(None), task.c.form.not_in(organisation.restricted)))  # a 支援会議 does not rest on consent
    ).all()
    duty = organisation.duties["coordination"]
    for row in rows:
        c.execute(sa.delete(candidate).where(candidate.c.task == row.id))
        c.execute(sa.insert(candidate).values(grp=duty, due_on=row.due_on or date(9999, 12, 31), task=row.id))
        c.execute(sa.update(task).where(task.c.id == row.id).values(assignee=None, claimed_at=None, groups=[duty]))
        happened = stream.Happened("TaskTakenBack", task=row.id, detail={"groups": [duty], "because": "consent"})
        stream.add(c, case, happened, NOBODY, city.now())
    return [row.id for row in rows]


def _lost(c: Connection, case: int, in_force: Mapping[int, Consent], organisation: Organisation, today: date) -> list[str]:
    """Organisations that somebody once agreed to, and now nobody."""
    rows = c.execute(sa.select(store.consent).where(store.consent.c.case == case))
    ever = {org for row in rows for org in consent_of(row).orgs}
    now = {org for given in in_force.values() for org in given.orgs if given.shares_with(org, "share", today)}
    case_row = c.execute(sa.select(store.case.c.lead_org, store.case.c.received_org).where(store.case.c.id == case)).one()
    return sorted(ever - now - set(organisation.duties.values()) - {case_row.lead_org, case_row.received_org})


def names(city: City, c: Connection, by: By, cases: Iterable[int]) -> dict[int, str]:
    """「架空さん世帯」: what a household is called on lists. A concealed person is never named.

    Who does not know all of a household reads the name of one who agreed that their organisation may know; where nobody did, none.
    """
    member, person, case, asked = store.household_member, store.person, store.case, set(cases)
    knows_all = knowing_all(city.organisation(c), by, city.today).label("knows_all")
    rows = c.execute(
        sa.select(case.c.id, person.c.id.label("person"), person.c.data, person.c.concealed, knows_all)
        .join(member, member.c.household == case.c.household)
        .join(person, person.c.id == member.c.person)
        .where(case.c.id.in_(asked), member.c.until.is_(None))
        .order_by(case.c.id, member.c.position)
    ).all()
    agreed = _agreed(c, by, {row.id for row in rows if not row.knows_all}, city.today)
    found: dict[int, str] = {}
    for row in rows:
        may_know = row.knows_all or (row.id, row.person) in agreed
        if may_know and row.id not in found and not row.concealed and row.data.get("familyName"):
            found[row.id] = f"{row.data['familyName']}さん世帯"
    return found


def _agreed(c: Connection, by: By, cases: set[int], today: date) -> set[tuple[int, int]]:
    """Case and person of those who agreed that this organisation may know."""
    if not cases:
        return set()
    rows = c.execute(sa.select(store.consent).where(store.consent.c.case.in_(cases), store.consent.c.replaced_at.is_(None)))
    return {(row.case, row.person) for row in rows if consent_of(row).shares_with(by.organisation or "", "share", today)}
