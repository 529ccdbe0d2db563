"""Meetings and their agenda items: one monthly 重層的支援会議 serves many households; a case's task is its agenda item.

Each member sees the items that they may. It must not hold an answer: the conclusion is an answer of the case.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import store
from engine.city import By, City
from engine.errors import Conflict, NotAllowed, Refusal
from engine.organisation import Organisation
from forms.characters import find_unusable
from forms.form import Form

NEW = "new:"  # a meeting that is made when the answer is written: new:2026-05-14
KIND = "plan_meeting"
POSTPONED = "postponed"
AHEAD = 3  # regular meetings offered
LONGEST_PLACE, LONGEST_MINUTES = 80, 20_000
A_YEAR = timedelta(days=366)


class UnusableMeeting(Refusal):
    """会議を作れませんでした。"""

    def __init__(self, at: str, message: str) -> None:
        super().__init__(message)
        self.at = at  # the field: on, place


class UnusableMinutes(Refusal):
    """会議の記録を保存できませんでした。"""


class MinutesMoved(Conflict):
    """開いているあいだに、ほかの人が会議の記録を保存しました。"""


def offered(c: Connection, city: City, case: int | None = None) -> list[tuple[str, date, bool]]:
    """Meetings to choose from: those that are made already, and the next regular ones. (value, day, is regular)

    A meeting that is over is offered while it still owes the ``case`` its conclusion.
    """
    meeting, item = store.meeting, store.agenda_item
    owing = sa.select(item.c.meeting).where(item.c.case == case, item.c.closed_at.is_(None))
    wanted = sa.or_(meeting.c.on_day >= city.today, meeting.c.id.in_(owing))
    rows = c.execute(sa.select(meeting).where(meeting.c.kind == KIND, wanted).order_by(meeting.c.on_day, meeting.c.id)).all()
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


def may_call(organisation: Organisation, by: By) -> bool:
    """Whether a person may set the day of a meeting: those who coordinate, and their secretariat."""
    return by.organisation is not None and by.organisation in organisation.duties.values()


def may_keep_minutes(organisation: Organisation, by: By) -> bool:
    """Whether a person may write a meeting's minutes: those who coordinate."""
    return by.organisation is not None and by.organisation == organisation.duties["coordination"]


def call(city: City, on: date, regular: bool, place: str, by: By) -> int:
    """Set the day of a meeting; gives its id. Raises NotAllowed, UnusableMeeting."""
    meeting, place = store.meeting, place.strip()
    with city.store.transaction() as c:
        if not may_call(city.organisation(c), by):
            raise NotAllowed
        if on < city.today:
            raise UnusableMeeting("on", "過ぎた日です。今日か、それより後の日にしてください。")
        if on > city.today + A_YEAR:
            raise UnusableMeeting("on", "1年より先の日です。元号と年を確かめてください。")
        if c.scalar(sa.select(meeting.c.id).where(meeting.c.kind == KIND, meeting.c.on_day == on).limit(1)) is not None:
            raise UnusableMeeting("on", "その日の会議は、もうあります。一覧から開くか、ほかの日にしてください。")
        if len(place) > LONGEST_PLACE or find_unusable(place):
            raise UnusableMeeting("place", f"場所は{LONGEST_PLACE}文字までの1行で書いてください。")
        values = {"kind": KIND, "on_day": on, "regular": regular, "place": place or None}
        new: int = c.execute(
            sa.insert(meeting).values(**values, created_by=by.person, created_at=city.now()).returning(meeting.c.id)
        ).scalar_one()
    return new


def keep_minutes(city: City, meeting_id: int, text: str, seen: str, by: By) -> None:
    """Write the minutes of a meeting. ``seen``: what they were when the page was opened.

    Raises NotAllowed, UnusableMinutes, MinutesMoved when they are no longer what was seen.
    """
    meeting, written = store.meeting, _lines(text)
    with city.store.transaction() as c:
        row = c.execute(sa.select(meeting).where(meeting.c.id == meeting_id).with_for_update()).one_or_none()
        if row is None or not may_keep_minutes(city.organisation(c), by):
            raise NotAllowed
        if len(written) > LONGEST_MINUTES:
            raise UnusableMinutes(f"{len(written)}文字あります。{LONGEST_MINUTES}文字までにしてください。")
        if find_unusable(written):
            raise UnusableMinutes("記録に残せない文字が入っています。その文字を消してから保存してください。")
        if _lines(row.minutes or "") not in (_lines(seen), written):
            raise MinutesMoved
        values = {"minutes": written or None, "minutes_by": by.person, "minutes_at": city.now()}
        c.execute(sa.update(meeting).where(meeting.c.id == meeting_id).values(**values))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def put_on(c: Connection, case: int, instance: int, task: str | None, meeting: int, members: list[str], answer: int) -> None:
    """A case's item on the agenda; one that is still open for this instance moves, or keeps its place in the same meeting."""
    item = store.agenda_item
    still_open = (item.c.instance == instance, item.c.closed_at.is_(None))
    values = {"task": task, "members": members, "answer_id": answer}
    if c.execute(sa.update(item).where(*still_open, item.c.meeting == meeting).values(**values)).rowcount:
        return
    c.execute(sa.delete(item).where(*still_open))
    position = c.scalar(sa.select(sa.func.max(item.c.position)).where(item.c.meeting == meeting)) or 0
    c.execute(sa.insert(item).values(meeting=meeting, case=case, instance=instance, position=position + 1, **values))


def is_on_agenda(c: Connection, instance: int | None) -> bool:
    """Whether an item of this instance waits for its conclusion."""
    item = store.agenda_item
    return c.execute(sa.select(item.c.id).where(item.c.instance == instance, item.c.closed_at.is_(None)).limit(1)).first() is not None


def conclude(c: Connection, instance: int, result: str, at: Any, answer: int) -> None:
    """What the meeting said about an item."""
    item = store.agenda_item
    c.execute(
        sa.update(item).where(item.c.instance == instance, item.c.closed_at.is_(None)).values(result=result, closed_at=at, answer_id=answer)
    )


def conclude_anew(c: Connection, before: int, result: str, answer: int) -> None:
    """A conclusion was written down wrongly: the item that the answer ``before`` concluded says what the new ``answer`` says."""
    item = store.agenda_item
    c.execute(sa.update(item).where(item.c.answer_id == before, item.c.closed_at.is_not(None)).values(result=result, answer_id=answer))
