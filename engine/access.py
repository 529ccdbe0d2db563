"""Who may see and do what, and on what ground (blueprint section 10). Deny by default; "may not" and "does not exist" look the same.

An organisation's grounds in a case are rows of ``participation``; what a ground opens stands in organisation.toml under
``[access]``. Every list, page and value asks here. L3 is shown to nobody until it can be granted to persons.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import store, stream
from engine.city import NOBODY, By, City
from engine.facts import Consent, consent_of
from engine.organisation import Ground, Organisation
from forms.form import Form

LEVELS = ("L0", "L1", "L2")
BY_CONSENT = ("task", "role", "member", "plan")  # grounds that end when nobody agrees any more


@dataclass(frozen=True, slots=True)
class Sight:
    """What one person may see of one case: the grounds that hold today."""

    by: By
    case: int
    grounds: tuple[Ground, ...]
    own_tasks: bool = False

    @property
    def may_open(self) -> bool:
        """Whether the case page opens at all: a task alone shows the task, not the case."""
        return any(ground.opens_case for ground in self.grounds)

    @property
    def sees_all(self) -> bool:
        """Whether some ground opens every form of the case."""
        return any("*" in ground.forms for ground in self.grounds)

    @property
    def names(self) -> bool:
        """Whether the household's names may be shown."""
        return self.may_open or self.own_tasks

    def level(self, form: str, answered_by: str | None) -> str | None:
        """The highest level that may be read of an answer of this form; None: not even that it exists."""
        best: str | None = None
        for ground in self.grounds:
            if ground.covers(form) or (ground.covers_own(form) and answered_by == self.by.organisation):
                best = max(best or "L0", ground.level)
        if best is None and answered_by is not None and answered_by == self.by.organisation and self.grounds:
            return "L2"  # what one's own organisation wrote
        return best

    def may(self, form: str, answered_by: str | None) -> Callable[[str], bool]:
        """For ``forms``: whether a field of some level may be shown."""
        best = self.level(form, answered_by)
        return lambda level: best is not None and level in LEVELS and level <= best

    def only_own_rows(self, form: str) -> bool:
        """Whether lists show only the rows that name one's own organisation (a role before the decision)."""
        covering = [ground for ground in self.grounds if ground.covers(form)]
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
    return Sight(by, case.id, tuple(dict.fromkeys(found)), bool(_own_task(c, by, case.id)))


def _grounds_of(case: int, organisation: str | None, today: date) -> sa.Select[Any]:
    part = store.participation
    return sa.select(part.c.ground).where(
        part.c.case == case, part.c.organisation == organisation, part.c.ground != "lead", sa.or_(part.c.until.is_(None), part.c.until >= today)
    )


def _own_task(c: Connection, by: By, case: int) -> bool:
    task, candidate = store.task, store.candidate
    mine = sa.or_(task.c.assignee == by.person, task.c.id.in_(sa.select(candidate.c.task).where(candidate.c.grp.in_(by.groups or {""}))))
    return c.execute(sa.select(task.c.id).where(task.c.case == case, task.c.status == "open", mine).limit(1)).first() is not None


def openable(organisation: Organisation, by: By, today: date) -> sa.ColumnElement[bool]:
    """The condition on ``case`` for lists and search: cases that this person may open."""
    case, part = store.case, store.participation
    grounds = [name for name, ground in organisation.access.items() if ground.opens_case]
    taking_part = sa.exists().where(
        part.c.case == case.c.id, part.c.organisation == by.organisation, part.c.ground.in_(grounds), part.c.ground != "lead",
        sa.or_(part.c.until.is_(None), part.c.until >= today),
    )  # fmt: skip
    either = [taking_part, case.c.lead_org == by.organisation]
    if by.organisation == organisation.duties["secretariat"]:
        either.append(sa.exists().where(part.c.case == case.c.id, part.c.organisation == by.organisation, part.c.ground == "task"))
    if by.organisation is not None and by.organisation == organisation.duties["coordination"]:
        either.append(case.c.kind == "household")
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


def may_reassign(c: Connection, by: By, task: Any) -> bool:
    """The head of one of a task's groups, or its manager, hands it to somebody of the group."""
    organisations = {group.split(".")[0] for group in task.groups}
    return any(f"{each}.head" in by.groups for each in organisations)


def may_record(city: City, c: Connection, by: By, case: int, form: Form, part: str | None) -> bool:
    """Whether a person may add this record from the case page: those who may open the case."""
    row = c.execute(sa.select(store.case).where(store.case.c.id == case)).one_or_none()
    return row is not None and sight(city, c, by, row).may_open


def may_correct(city: City, c: Connection, by: By, answer: Any) -> bool:
    """One's own answer only."""
    return answer.by is not None and answer.by == by.person


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


def names(city: City, c: Connection, cases: Iterable[int]) -> dict[int, str]:
    """「架空さん世帯」: what a household is called on lists. A concealed person is never named."""
    member, person, case = store.household_member, store.person, store.case
    rows = c.execute(
        sa.select(case.c.id, person.c.data, person.c.concealed)
        .join(member, member.c.household == case.c.household)
        .join(person, person.c.id == member.c.person)
        .where(case.c.id.in_(list(cases)), member.c.until.is_(None))
        .order_by(case.c.id, member.c.position)
    )
    found: dict[int, str] = {}
    for row in rows:
        if row.id not in found and not row.concealed and row.data.get("familyName"):
            found[row.id] = f"{row.data['familyName']}さん世帯"
    return found
