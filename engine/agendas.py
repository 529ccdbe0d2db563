"""Which meetings there are, what waits for one, and what of an agenda a person may see. Reading only; it decides nothing.

An item shows to those who may open its case; a member of the item may (ground ``member``) until 30 days after the
meeting. What it is about and what was concluded shows to those who may read the form, and to the members. Of the
others only the number is told.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import access, answers, meetings, store
from engine.access import Sight
from engine.city import By, City
from engine.errors import NotAllowed
from engine.grounds import ALL
from forms.form import Field

PAGE = 20
CONCLUDING = frozenset({"agenda.result", "agenda.held"})


@dataclass(frozen=True, slots=True)
class Listed:
    """A meeting in a list. ``count``: all its items, seen or not."""

    id: int
    on: date
    regular: bool
    place: str | None
    count: int
    is_mine: bool  # one's organisation is to come, or keeps the minutes


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task that puts a case on an agenda."""

    task: str
    name: str
    case: int
    number: str
    household: str | None
    since: datetime
    due_on: date | None
    is_mine: bool
    may_open: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One case of a meeting, as one person may see it."""

    no: int  # its place among all items, the hidden ones counted
    case: int
    number: str
    household: str | None
    members: tuple[str, ...]
    reads: bool  # whether the rest may be told
    point: str | None
    asked_by: tuple[int | None, str | None] | None  # person, organisation
    result: str | None
    is_postponed: bool
    task: str | None  # where this person concludes it
    material: int | None  # the answer that is discussed
    last_at: datetime | None  # when this case was discussed before
    sight: Sight


@dataclass(frozen=True, slots=True)
class Agenda:
    """A meeting with its items. ``row``: the meeting's row, its minutes only where they may be read."""

    row: Any
    items: tuple[Item, ...]
    hidden: int
    reads_minutes: bool


def coming(city: City, c: Connection, by: By) -> list[Listed]:
    """The meetings from today on, the next first."""
    meeting = store.meeting
    rows = c.execute(sa.select(meeting).where(meeting.c.on_day >= city.today).order_by(meeting.c.on_day, meeting.c.id))
    return _listed(city, c, by, rows.all())


def past(city: City, c: Connection, by: By, page: int = 1, size: int = PAGE) -> list[Listed]:
    """One page of the meetings before today, the last first."""
    meeting = store.meeting
    over = sa.select(meeting).where(meeting.c.on_day < city.today).order_by(meeting.c.on_day.desc(), meeting.c.id.desc())
    return _listed(city, c, by, c.execute(over.limit(size).offset((page - 1) * size)).all())


def count_past(city: City, c: Connection) -> int:
    meeting = store.meeting
    return c.scalar(sa.select(sa.func.count()).select_from(meeting).where(meeting.c.on_day < city.today)) or 0


def _listed(city: City, c: Connection, by: By, rows: Sequence[Any]) -> list[Listed]:
    item, case = store.agenda_item, store.case
    ids = [row.id for row in rows]
    counted = sa.select(item.c.meeting, sa.func.count().label("items")).where(item.c.meeting.in_(ids)).group_by(item.c.meeting)
    counts = {row.meeting: row.items for row in c.execute(counted)}
    organisation = city.organisation(c)
    seen = (
        sa.select(item.c.meeting, item.c.members).join(case, case.c.id == item.c.case)
        .where(item.c.meeting.in_(ids), access.openable(organisation, by, city.today))
    )  # fmt: skip
    invited = {row.meeting for row in c.execute(seen) if by.organisation in row.members}
    keeps = meetings.may_keep_minutes(organisation, by)
    return [
        Listed(row.id, row.on_day, row.regular, row.place, counts.get(row.id, 0), keeps or row.id in invited)
        for row in rows
    ]


# -- what waits --------------------------------------------------------------------------------------------------------
def waiting(city: City, c: Connection, by: By) -> list[Waiting]:
    """The open tasks that choose a meeting, the most urgent first: those one could do, or whose case one may open."""
    task, case = store.task, store.case
    chooses = [
        sa.and_(task.c.form == form, sa.or_(task.c.part == part, task.c.part.is_(None)))
        for form, part in _parts(city, c, lambda field: field.kind == "meeting")
    ]
    if not chooses:
        return []
    opens = access.openable(city.organisation(c), by, city.today)
    rows = c.execute(
        sa.select(task, case.c.number, opens.label("opens")).join(case, case.c.id == task.c.case)
        .where(task.c.status == "open", sa.or_(*chooses)).order_by(task.c.due_on, task.c.id)
    ).all()  # fmt: skip
    mine = _mine(c, by, rows)
    shown = [row for row in rows if row.opens or row.id in mine]
    names = access.names(city, c, by, [row.case for row in shown])
    return [
        Waiting(
            row.id, row.name, row.case, row.number, names.get(row.case), row.opened_at, row.due_on, row.id in mine,
            bool(row.opens),
        )
        for row in shown
    ]  # fmt: skip


def _parts(city: City, c: Connection, holds: Callable[[Field], bool]) -> set[tuple[str, str]]:
    """The parts of forms with a field like this, in what runs today."""
    instance = store.instance
    closures = c.scalars(sa.select(instance.c.closure).where(instance.c.status != "ended").distinct()).all()
    return {
        (form.id, part.id)
        for closure in closures
        for form in city.forms(c, closure).values()
        for part in form.parts
        if any(holds(field) for field in part.fields)
    }


def _mine(c: Connection, by: By, tasks: Iterable[Any]) -> set[str]:
    """Those of some open tasks that this person could do."""
    candidate = store.candidate
    known = {row.id: row for row in tasks}
    own = c.scalars(
        sa.select(candidate.c.task).where(candidate.c.task.in_(list(known)), candidate.c.grp.in_(by.groups or {""}))
    ).all()
    able = {*own, *(id for id, row in known.items() if row.assignee is not None and row.assignee == by.person)}
    return {id for id in able if known[id].excluded is None or known[id].excluded != by.person}


# -- one meeting -------------------------------------------------------------------------------------------------------
def read(city: City, c: Connection, by: By, id: int) -> Agenda:
    """A meeting as this person may see it. Raises NotAllowed when there is none."""
    row = c.execute(sa.select(store.meeting).where(store.meeting.c.id == id)).one_or_none()
    if row is None:
        raise NotAllowed
    organisation = city.organisation(c)
    item, case = store.agenda_item, store.case
    opens = access.openable(organisation, by, city.today)
    rows = c.execute(
        sa.select(item, opens.label("opens")).join(case, case.c.id == item.c.case)
        .where(item.c.meeting == id).order_by(item.c.position, item.c.id)
    ).all()  # fmt: skip
    numbered = [(no, each) for no, each in enumerate(rows, 1) if each.opens]
    reads = bool(numbered) or meetings.may_call(organisation, by)
    return Agenda(row, tuple(_items(city, c, by, numbered)), len(rows) - len(numbered), reads)


def _items(city: City, c: Connection, by: By, numbered: Sequence[tuple[int, Any]]) -> Iterable[Item]:
    rows = [row for _, row in numbered]
    cases = {row.id: row for row in c.execute(sa.select(store.case).where(store.case.c.id.in_([row.case for row in rows])))}
    names = access.names(city, c, by, cases)
    said, asked = _answers(c, store.answer.c.id, [row.answer_id for row in rows]), _asked(c, rows)
    concluding, material, before = _concluding(city, c, by, rows), _material(city, c, rows), _before(c, rows)
    for no, row in numbered:
        sight = access.sight(city, c, by, cases[row.case])
        answer = said.get(row.answer_id)
        reads = _is_member(sight, row) or (answer is not None and sight.may(answer.form, answer.organisation, answer.part)("L2"))
        task = concluding.get(row.instance) if row.closed_at is None else None
        yield Item(
            no, row.case, cases[row.case].number, names.get(row.case), tuple(row.members), reads,
            (answer.data or {}).get("point") if reads and answer is not None else None,
            asked.get(row.task) if reads else None,
            _result(city, c, answer, row.result) if reads and answer is not None and row.result else None,
            row.result == meetings.POSTPONED, task, _readable(sight, material.get(row.id, ())), before.get(row.id), sight,
        )  # fmt: skip


def _is_member(sight: Sight, row: Any) -> bool:
    """Whether one's organisation was asked to come, and the ground on which it was still holds."""
    return sight.by.organisation in row.members and any(ground.id == "member" for ground in sight.grounds)


def _answers(c: Connection, column: Any, wanted: Iterable[Any]) -> dict[Any, Any]:
    """Answers by one of their columns, the newest of each."""
    rows = c.execute(sa.select(store.answer).where(column.in_([each for each in wanted if each is not None])).order_by(store.answer.c.id))
    return {row._mapping[column]: row for row in rows}


def _asked(c: Connection, rows: Iterable[Any]) -> dict[str | None, tuple[int | None, str | None]]:
    """Who put an item on the agenda, by the task in which it was done."""
    found = _answers(c, store.answer.c.task, [row.task for row in rows])
    return {task: (answer.by, answer.organisation) for task, answer in found.items()}


def _result(city: City, c: Connection, answer: Any, result: str) -> str:
    """The conclusion in the words of its form."""
    form = answers.form_of(city, c, answer)
    fields = [each for each in form.fields if CONCLUDING & _facts(each) and answer.data.get(each.name) == result]
    return fields[0].label_of(result) if fields else result


def _facts(field: Field) -> frozenset[str]:
    return frozenset((field.feeds or "").replace(",", " ").split())


def _concluding(city: City, c: Connection, by: By, rows: Iterable[Any]) -> dict[int, str]:
    """By instance, the open task in which this person writes what the meeting said."""
    parts = _parts(city, c, lambda field: bool(CONCLUDING & _facts(field)))
    task = store.task
    found = c.execute(
        sa.select(task).where(task.c.instance.in_([row.instance for row in rows]), task.c.status == "open")
    ).all()
    concludes = [row for row in found if (row.form, row.part) in parts]
    mine = _mine(c, by, concludes)
    return {row.instance: row.id for row in concludes if row.id in mine}


def _material(city: City, c: Connection, rows: Iterable[Any]) -> dict[int, list[Any]]:
    """By item, what was written on the forms that members of a meeting may read, until it was concluded; newest first."""
    answer, forms = store.answer, city.organisation(c).access["member"].forms
    known = [row for row in rows if row.instance is not None]
    query = sa.select(answer.c.id, answer.c.instance, answer.c.form, answer.c.part, answer.c.organisation).where(
        answer.c.instance.in_([row.instance for row in known]), answer.c.schema_hash != ""
    )
    if ALL not in forms:
        query = query.where(answer.c.form.in_([form.partition("#")[0] for form in forms]))
    written = c.execute(query.order_by(answer.c.id.desc())).all()
    return {
        row.id: [
            each for each in written
            if each.instance == row.instance and (row.closed_at is None or each.id < (row.answer_id or 0))
        ]
        for row in known
    }  # fmt: skip


def _readable(sight: Sight, written: Iterable[Any]) -> int | None:
    """The newest of these answers that this person may read whole."""
    return next(
        (
            each.id for each in written
            if sight.level(each.form, each.organisation, each.part) is not None and not sight.only_own_rows(each.form, each.part)
        ),
        None,
    )  # fmt: skip


def _before(c: Connection, rows: Iterable[Any]) -> dict[int, datetime]:
    """By item, when its case was last discussed before."""
    item = store.agenda_item
    known = list(rows)
    earlier = c.execute(
        sa.select(item.c.id, item.c.case, item.c.closed_at)
        .where(item.c.case.in_([row.case for row in known]), item.c.closed_at.is_not(None)).order_by(item.c.id)
    ).all()  # fmt: skip
    found: dict[int, datetime] = {}
    for row in known:
        for each in earlier:
            if each.case == row.case and each.id < row.id:
                found[row.id] = each.closed_at
    return found
