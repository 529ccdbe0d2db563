"""What waits and what does not move, for those who lead: whose steps somebody may look at, and how many there are.

Heads and managers see the steps that wait on their organisation; the heads of the offices with a duty see all. Figures
of a person are for that person's head. It must not tell of a single case: ``engine/stalls.py`` does.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import stalling, store
from engine.calendar import Calendar, day_in_tokyo
from engine.city import By, City
from engine.errors import NotAllowed
from engine.organisation import OF_HEADS, OF_MANAGERS, Office, Organisation
from engine.usual import Usual, usual

CATCHING = "intermediateCatchEvent"
RACE = "eventBasedGateway"


@dataclass(frozen=True, slots=True)
class Narrow:
    """Only one step (an element), the steps of one office, or those in the hands of one person."""

    step: str | None = None
    office: str | None = None
    person: int | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Of cases and of tasks. ``longest``: open days, number of the case and step of the oldest stalled task."""

    cases: int
    open: int
    stalled: int
    overdue: int
    longest: tuple[int, str, str] | None


@dataclass(frozen=True, slots=True)
class Line:
    """Open and stalled tasks of one step, office or person; ``longest``: the oldest stalled one, in open days."""

    key: str
    title: str
    open: int
    stalled: int
    longest: int | None
    process: str | None = None
    usual: Usual = Usual()


@dataclass(frozen=True, slots=True)
class Step:
    """How many tasks are open at one step (an element), stalled and overdue; when the oldest stalled one was opened."""

    key: str
    name: str
    process: str
    open: int
    stalled: int
    oldest: datetime | None
    overdue: int


@dataclass
class Watch:
    """One look of one supervisor, narrowed or not."""

    city: City
    c: Connection
    by: By
    narrow: Narrow = field(default_factory=Narrow)

    def __post_init__(self) -> None:
        """Raises NotAllowed for whoever leads nobody, and for an office or person that is not theirs to look at."""
        ranks = {f"{self.by.organisation}{rank}" for rank in (OF_HEADS, OF_MANAGERS)}
        if self.by.organisation not in self.organisation.offices or not ranks & self.by.groups:
            raise NotAllowed
        if self.narrow.office is not None and self.narrow.office not in {office.id for office in self.offices}:
            raise NotAllowed
        if self.narrow.person is not None and self.narrow.person not in self.people:
            raise NotAllowed

    # -- who sees what ----------------------------------------------------------------------------------------------
    @cached_property
    def organisation(self) -> Organisation:
        return self.city.organisation(self.c)

    @property
    def calendar(self) -> Calendar:
        return self.organisation.calendar

    @property
    def today(self) -> date:
        return self.city.today

    @property
    def sees_everything(self) -> bool:
        """The heads of the offices that answer for the whole: coordination and secretariat."""
        return any(f"{office}{OF_HEADS}" in self.by.groups for office in self.organisation.duties.values())

    @property
    def offices(self) -> tuple[Office, ...]:
        """The offices whose steps are seen."""
        known = self.organisation.offices
        return tuple(known.values()) if self.sees_everything else (self.own_office,)

    @property
    def own_office(self) -> Office:
        return self.organisation.offices[self.by.organisation or ""]

    @cached_property
    def people(self) -> dict[int, str]:
        """The people whose head the viewer is, with their names."""
        if f"{self.by.organisation}{OF_HEADS}" not in self.by.groups:
            return {}
        member, login = store.membership, store.person_login
        rows = self.c.execute(
            sa.select(login.c.id, login.c.name)
            .join(member, member.c.person == login.c.id)
            .where(member.c.grp.in_(self.own_office.groups), member.c.since <= self.today)
            .where(sa.or_(member.c.until.is_(None), member.c.until >= self.today))
            .order_by(login.c.kana, login.c.id)
        )
        return {row.id: row.name for row in rows}

    # -- conditions for queries -------------------------------------------------------------------------------------
    @cached_property
    def theirs(self) -> sa.ColumnElement[bool]:
        """On ``task``: open, seen by the viewer, as narrowed."""
        task = store.task
        terms: list[sa.ColumnElement[bool]] = [task.c.status == "open"]
        if not self.sees_everything:
            terms.append(_waits_on(self.own_office))
        if self.narrow.step is not None:
            terms.append(task.c.element == self.narrow.step)
        if self.narrow.office is not None:
            terms.append(_waits_on(self.organisation.offices[self.narrow.office]))
        if self.narrow.person is not None:
            terms.append(task.c.assignee == self.narrow.person)
        return sa.and_(*terms)

    @cached_property
    def stalled(self) -> sa.ColumnElement[bool]:
        """On ``task``: it counts as stalled."""
        return stalling.stalled_tasks(self.c, self.calendar, self.today)

    @cached_property
    def their_waits(self) -> sa.ColumnElement[bool]:
        """On ``timer``. A wait is nobody's step; it is seen by those who lead the 主担当."""
        if self.narrow.person is not None:
            return sa.false()
        leads = {self.narrow.office} if self.sees_everything else {self.own_office.id, self.narrow.office or self.own_office.id}
        terms = [_is_led_by(office) for office in sorted(each for each in leads if each is not None)]
        if self.narrow.step is not None:
            terms.append(store.timer.c.element == self.narrow.step)
        return sa.and_(sa.true(), *terms)

    @cached_property
    def overstayed(self) -> sa.ColumnElement[bool]:
        """On ``timer``: its moment passed and nothing went on."""
        return stalling.stalled_waits(self.c, self.calendar, self.today)

    @cached_property
    def steps(self) -> list[Step]:
        """Open, stalled and overdue tasks by step. Two questions, each answered from the index in its own order."""
        task = store.task
        late, stalled = _many(stalling.overdue(self.today)).label("overdue"), sa.func.count().label("stalled")
        element, oldest = task.c.element.label("key"), sa.func.min(task.c.opened_at).label("oldest")
        open_ = self.c.execute(sa.select(element, late, sa.func.count().label("open")).where(self.theirs).group_by(element)).all()
        stuck = self.c.execute(sa.select(element, stalled, oldest).where(self.theirs, self.stalled).group_by(element))
        worst = {row.key: (row.stalled, row.oldest) for row in stuck}
        one = [sa.select(task.c.id).where(task.c.element == row.key, task.c.status == "open").limit(1).scalar_subquery() for row in open_]
        named = {row.element: row for row in self.c.execute(sa.select(task.c.element, task.c.name, task.c.process).where(task.c.id.in_(one)))}
        return [
            Step(row.key, named[row.key].name, named[row.key].process, row.open, *worst.get(row.key, (0, None)), row.overdue) for row in open_
        ]

    def since(self, moment: datetime | date) -> int:
        """Open days since something that is over, at least one: on a closed day, too, what is past is past."""
        day = day_in_tokyo(moment) if isinstance(moment, datetime) else moment
        return max(1, self.calendar.workdays_between(day, self.today))


def _is_led_by(office: str) -> sa.ColumnElement[bool]:
    """The condition on ``timer``: this office is the 主担当 of its case."""
    case = store.case.alias()
    return sa.exists().where(case.c.id == store.timer.c.case, case.c.lead_org == office)


def _waits_on(office: Office) -> sa.ColumnElement[bool]:
    """The condition on ``task``: a group of this office could do it."""
    candidate = store.candidate.alias()
    return store.task.c.id.in_(sa.select(candidate.c.task).where(candidate.c.grp.in_(office.groups)))


# -- counting ----------------------------------------------------------------------------------------------------------
def counts(look: Watch) -> Counts:
    """Everything within this look."""
    open_, stalled, late = (sum(getattr(row, name) for row in look.steps) for name in ("open", "stalled", "overdue"))
    return Counts(_cases(look), open_, stalled, late, _longest(look))


def _cases(look: Watch) -> int:
    """Cases with a stalled task, and those whose wait should have ended."""
    task, timer = store.task, store.timer
    stalled = sa.select(task.c.case).where(look.theirs, look.stalled)
    of_waits = sa.select(sa.func.count(timer.c.case.distinct())).where(look.their_waits, look.overstayed, timer.c.case.not_in(stalled))
    of_tasks = sa.select(sa.func.count(task.c.case.distinct())).where(look.theirs, look.stalled)
    return (look.c.scalar(of_tasks) or 0) + (look.c.scalar(of_waits) or 0)


def _longest(look: Watch) -> tuple[int, str, str] | None:
    stuck = [(row.oldest, row) for row in look.steps if row.oldest is not None]
    if not stuck:
        return None
    oldest, step = min(stuck, key=lambda each: each[0])
    task, case = store.task, store.case
    found = sa.select(sa.func.min(task.c.case)).where(look.theirs, look.stalled, task.c.element == step.key, task.c.opened_at == oldest)
    number = look.c.scalar(sa.select(case.c.number).where(case.c.id == found.scalar_subquery()))
    return look.since(oldest), str(number), step.name


def by_step(look: Watch) -> list[Line]:
    """One line for each step at which a task is open; most stalled first."""
    usually = usual(look.city, look.c, (row.key for row in look.steps))
    in_force = look.city.processes_in_force(look.c)
    return _sorted(
        Line(
            row.key, row.name, row.open, row.stalled, _oldest(look, row), _process_name(look, in_force.get(row.process), row.process),
            usually[row.key],
        )
        for row in look.steps
    )  # fmt: skip


def by_office(look: Watch) -> list[Line]:
    """One line for each office on which a task waits; a task that waits on two stands in both."""
    task, candidate = store.task, store.candidate
    seen = {group: office.id for office in look.offices for group in office.groups}
    office = sa.case(seen, value=candidate.c.grp)
    each = (
        sa.select(office.label("office"), task.c.id, task.c.opened_at, _one(look.stalled).label("stalled"))
        .join(candidate, candidate.c.task == task.c.id)
        .where(look.theirs, candidate.c.grp.in_(list(seen)))
        .distinct()
        .subquery()
    )
    oldest = sa.func.min(sa.case((each.c.stalled == 1, each.c.opened_at)))
    open_, stalled = sa.func.count().label("open"), sa.func.sum(each.c.stalled).label("stalled")
    rows = look.c.execute(
        sa.select(each.c.office.label("key"), open_, stalled, oldest.label("oldest")).group_by(each.c.office)
    )
    offices = look.organisation.offices
    return _sorted(Line(row.key, offices[row.key].short, row.open, row.stalled, _oldest(look, row)) for row in rows)


def by_person(look: Watch) -> list[Line]:
    """One line for each of the viewer's own people with a task in hand; nothing for whoever is nobody's head."""
    if not look.people:
        return []
    person = store.task.c.assignee
    rows = look.c.execute(_lines(look, person).where(person.in_(list(look.people))))
    return _sorted(
        Line(str(row.key), look.people[row.key], row.open, row.stalled or 0, _oldest(look, row)) for row in rows
    )


def waits(look: Watch) -> list[tuple[str, int]]:
    """What cases wait for that no worker can hasten, and how many cases: a day, an answer of the person or others."""
    timer, instance = store.timer, store.instance
    cases, one = sa.func.count(timer.c.case.distinct()).label("cases"), sa.func.min(timer.c.instance).label("instance")
    rows = look.c.execute(
        sa.select(timer.c.element, cases, one)
        .where(look.their_waits, sa.func.coalesce(look.overstayed, sa.false()).is_(False))
        .group_by(timer.c.element)
    ).all()
    closures = sa.select(instance.c.id, instance.c.closure).where(instance.c.id.in_([row.instance for row in rows]))
    closure_of = {row.id: row.closure for row in look.c.execute(closures)}
    found: dict[str, int] = {}
    for row in rows:
        name = _wait_name(look, closure_of[row.instance], row.element)
        if name is not None:
            found[name] = found.get(name, 0) + row.cases
    return sorted(found.items(), key=lambda each: (-each[1], each[0]))


def _wait_name(look: Watch, closure: str, element: str) -> str | None:
    """How a diagram calls a wait: the gateway before events that race, else the event. A boundary timer is no wait."""
    nodes = look.city.executable(look.c, closure).nodes
    node, process = nodes[element], element.split(":")[0]
    if node.type != CATCHING:
        return None
    races = (each for key, each in nodes.items() if key.startswith(f"{process}:") and each.type == RACE)
    race = next((each for each in races if any(flow.target == node.id for flow in each.outgoing)), None)
    return race.name if race is not None and race.name else node.name


def _many(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.sum(_one(condition))


def _one(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.case((condition, 1), else_=0)


def _lines(look: Watch, key: sa.ColumnElement[Any], *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    oldest = sa.func.min(sa.case((look.stalled, store.task.c.opened_at))).label("oldest")
    open_, stalled = sa.func.count().label("open"), _many(look.stalled).label("stalled")
    return sa.select(key.label("key"), *columns, open_, stalled, oldest).where(look.theirs).group_by(key)


def _oldest(look: Watch, row: Any) -> int | None:
    return look.since(row.oldest) if row.oldest is not None else None


def _process_name(look: Watch, closure: str | None, process: str) -> str | None:
    return look.city.executable(look.c, closure).process(process).name if closure is not None else None


def _sorted(lines: Iterable[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (-line.stalled, -line.open, line.title))
