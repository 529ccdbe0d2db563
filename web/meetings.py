"""会議: what is coming, which cases wait for an agenda, one meeting with its items and minutes. The engine says who sees what."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.engine import Connection
from werkzeug.wrappers import Response

from engine import agendas, meetings
from engine.agendas import Agenda, Item, Listed, Waiting
from engine.city import By
from engine.errors import NotAllowed
from engine.meetings import MinutesMoved, UnusableMeeting, UnusableMinutes
from engine.organisation import Organisation
from forms.dates import ImpossibleDate, read_date
from web import acting, paging, timeline, viewings
from web.context import city, organisation, today
from web.language import _

pages = Blueprint("meetings", __name__, url_prefix="/meetings")

SINCE_LAST = 5  # what happened since a case was last discussed
KINDS = ("regular", "extra")
BOXES = ("era", "y", "m", "d")


@pages.get("")
def index() -> str:
    """Meetings to come and past, and what waits for one."""
    return _index()


@pages.post("")
def create() -> Response | tuple[str, int]:
    """Set the day of a meeting, or show the page again with what was typed."""
    known = organisation()
    if known is None or not meetings.may_call(known, acting.by()):
        raise NotAllowed
    typed = {
        "kind": request.form.get("kind", ""), "place": request.form.get("place", ""),
        "on": {box: request.form.get(f"on-{box}", "") for box in BOXES},
    }  # fmt: skip
    if typed["kind"] not in KINDS:
        return _index([acting.Wrong("kind", _("会議の種類を選んでください。"))], typed), 422
    try:
        on = read_date(*(typed["on"][box] for box in BOXES))
        new = meetings.call(city(), on, typed["kind"] == "regular", typed["place"], acting.by())
    except ImpossibleDate as error:
        return _index([acting.Wrong("on-y", str(error))], typed), 422
    except UnusableMeeting as refusal:
        return _index([acting.Wrong("on-y" if refusal.at == "on" else refusal.at, refusal.message)], typed), 422
    acting.say_done(_("会議を作りました。"))
    return redirect(url_for("meetings.show", meeting=new), 303)


@pages.get("/<int:meeting>")
def show(meeting: int) -> str:
    """The agenda, item by item, as far as this person may see it."""
    return _show(meeting)


@pages.post("/<int:meeting>/minutes")
def minutes(meeting: int) -> Response | tuple[str, int]:
    """Keep the minutes; when somebody else was first, both texts are shown."""
    text = request.form.get("text", "")
    try:
        meetings.keep_minutes(city(), meeting, text, request.form.get("seen", ""), acting.by())
    except MinutesMoved as refusal:
        message = _("「いまの記録」を取り込んで、もう一度保存してください。")
        return _show(meeting, [acting.Wrong("minutes", refusal.message + message)], text, moved=True), 409
    except UnusableMinutes as refusal:
        return _show(meeting, [acting.Wrong("minutes", refusal.message)], text), 422
    acting.say_done(_("会議の記録を保存しました。"))
    return redirect(url_for("meetings.show", meeting=meeting), 303)


# -- the list ----------------------------------------------------------------------------------------------------------
def _index(errors: list[acting.Wrong] | None = None, typed: dict[str, Any] | None = None) -> str:
    me = acting.by()
    with city().store.reading() as c:
        known = city().organisation(c)
        total = agendas.count_past(city(), c)
        page = paging.asked(agendas.PAGE, total)
        return render_template(
            "meetings.html", coming=[_listed(known, each) for each in agendas.coming(city(), c, me)],
            past=[_listed(known, each) for each in agendas.past(city(), c, me, page)],
            waiting=[_waiting(c, each) for each in agendas.waiting(city(), c, me)],
            pages=paging.pages("meetings.index", page, agendas.PAGE, total), may_create=meetings.may_call(known, me),
            kinds=[{"code": each, "title": _title(known, each == "regular")} for each in KINDS],
            next_regular=meetings.regular_days(c, city())[0], errors=errors or [], typed=typed,
        )  # fmt: skip


def _title(known: Organisation, regular: bool) -> str:
    return known.meeting.name if regular else _("随時の重層的支援会議")


def _listed(known: Organisation, each: Listed) -> dict[str, Any]:
    return {
        "title": _title(known, each.regular), "url": url_for("meetings.show", meeting=each.id), "on": each.on,
        "place": each.place, "count": each.count, "is_mine": each.is_mine,
    }  # fmt: skip


def _waiting(c: Connection, each: Waiting) -> dict[str, Any]:
    return {
        "number": each.number, "case_title": each.household, "purpose": each.name, "since": each.since,
        "due": acting.due(each.due_on, city().calendar(c)),
        "task_url": url_for("tasks.show", task=each.task) if each.is_mine else None,
        "case_url": url_for("cases.show", number=each.number) if each.may_open else None,
    }  # fmt: skip


# -- one meeting -------------------------------------------------------------------------------------------------------
def _show(id: int, errors: list[acting.Wrong] | None = None, typed: str | None = None, moved: bool = False) -> str:
    me = acting.by()
    with city().store.reading() as c:
        known, agenda = city().organisation(c), agendas.read(city(), c, me, id)
        row = agenda.row
        for each in agenda.items:
            viewings.note_case(each.sight, f"meeting:{id}")
        people = acting.names_of_people(
            c, [row.minutes_by, *(each.asked_by[0] for each in agenda.items if each.asked_by is not None)]
        )
        return render_template(
            "meeting.html",
            meeting={
                "id": id, "title": _title(known, row.regular), "on": row.on_day, "place": row.place,
                "is_over": row.on_day < today(), "count": len(agenda.items) + agenda.hidden,
                "minutes": row.minutes, "minutes_by": people.get(row.minutes_by or 0), "minutes_at": row.minutes_at,
            },
            items=[_item(c, known, me, each, people) for each in agenda.items], hidden=agenda.hidden,
            members=_members(known, agenda), may_read=agenda.reads_minutes,
            may_write=meetings.may_keep_minutes(known, me), errors=errors or [], typed=typed, moved=moved,
            done=acting.done(),
        )  # fmt: skip


def _item(c: Connection, known: Organisation, me: By, each: Item, people: dict[int, str]) -> dict[str, Any]:
    return {
        "no": each.no, "number": each.number, "case_title": each.household,
        "case_url": url_for("cases.show", number=each.number), "reads": each.reads,
        "purpose": each.point, "asked_by": _asked_by(known, each, people),
        "members": [_office(known, member) for member in each.members],
        "since_last": _since_last(c, me, each), "result": each.result,
        "result_kind": "wait" if each.is_postponed else "done", "last_on": each.last_at,
        "task_url": url_for("tasks.show", task=each.task) if each.task is not None else None,
        "print_url": url_for("cases.paper", answer=each.material) if each.material is not None else None,
    }  # fmt: skip


def _office(known: Organisation, id: str) -> str:
    return known.offices[id].short if id in known.offices else id


def _asked_by(known: Organisation, each: Item, people: dict[int, str]) -> str | None:
    if each.asked_by is None:
        return None
    person, office = each.asked_by
    return "　".join(filter(None, (_office(known, office) if office else "", people.get(person or 0))))


def _since_last(c: Connection, me: By, each: Item) -> list[str]:
    """What happened since this case was last discussed, as its timeline says it to this person."""
    if each.last_at is None:
        return []
    lately = timeline.entries(c, me, each.sight, SINCE_LAST)
    return [entry["text"] for entry in reversed(lately) if entry["at"] > each.last_at]


def _members(known: Organisation, agenda: Agenda) -> list[dict[str, Any]]:
    """The organisations that are to come, and for which items; whoever coordinates leads and writes."""
    wanted: dict[str, list[int]] = {known.duties["coordination"]: []}
    for each in agenda.items:
        for member in each.members:
            wanted.setdefault(member, []).append(each.no)
    return [
        {
            "name": _office(known, id),
            "note": _("進行・記録") if id == known.duties["coordination"] else _("議題%(numbers)s", numbers="・".join(map(str, numbers))),
        }
        for id, numbers in wanted.items()
    ]  # fmt: skip
