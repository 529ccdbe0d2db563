"""やること: what waits for this person. It reads lists and claims tasks; everything else is on a task's own page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, request, session, url_for
from sqlalchemy.engine import Connection
from werkzeug.wrappers import Response

from engine import access, assignments, drafts, inbox, store
from engine.city import By
from engine.errors import Refusal
from engine.inbox import Item
from web import acting
from web.context import city, today
from web.frame import marked
from web.language import _, counted

pages = Blueprint("inbox", __name__)


@dataclass(frozen=True)
class View:
    title: str
    url: str
    here: bool
    count: str
    late: bool = False
    note: str | None = None


@dataclass(frozen=True)
class Group:
    title: str
    rows: list[dict[str, Any]]
    note: str | None = None


TITLES = {
    "all": marked("いまできるもの"), "mine": marked("わたしが受け持つもの"), "group": marked("受け持つ人を待つもの"),
    "overdue": marked("期限を過ぎたもの"), "today": marked("期限が今日のもの"),
}  # fmt: skip


@pages.get("/")
def index() -> str:
    """The list in the view that was chosen; at first all that this person could do now."""
    me, chosen = acting.by(), request.args.get("view", "all")
    view = chosen if chosen in TITLES else "all"
    with city().store.reading() as c:
        found = inbox.read(city(), c, me, view, request.args.get("after"))
        groups = _groups(c, me, found.items)
        views = [_view(each, view, found.counts) for each in TITLES]
    counts = {"now": _number(found.counts["all"]), "late": _number(found.counts["overdue"])}
    pages_ = {
        "first": 1 if found.items else 0, "last": len(found.items), "total": len(found.items) if found.next is None else found.counts[view],
        "previous_url": url_for("inbox.index", view=view) if request.args.get("after") else None,
        "next_url": url_for("inbox.index", view=view, after=found.next) if found.next else None,
    }  # fmt: skip
    return render_template(
        "inbox.html", views=views, processes=[], saved=[], save_url=None, counts=counts, groups=groups, kept={}, pages=pages_,
        sorts=[{"code": "due", "title": _("期限の近い順"), "here": True}], may_reassign=False, may_change_due=False, done=acting.done(),
    )  # fmt: skip


@pages.post("/inbox")
def act() -> Response:
    """Claim one task by its button, or all that are ticked."""
    do = request.form.get("do", "")
    wanted = [do.removeprefix("claim:")] if do.startswith("claim:") else request.form.getlist("task") if do == "claim" else []
    taken, refused = 0, []
    for id in wanted[: inbox.PAGE]:
        try:
            assignments.claim(city(), id, acting.by())
            taken += 1
        except Refusal as refusal:
            refused.append(refusal.message)
    if taken:
        acting.say_done(_("%(n)s件を受け持ちました。", n=taken) + "".join(refused))
    elif refused:
        acting.say_done(refused[0])
    if len(wanted) == 1 and taken:
        return redirect(url_for("tasks.show", task=wanted[0]), 303)
    return redirect(url_for("inbox.index"), 303)


def _view(view: str, here: str, counts: Any) -> View:
    return View(_(TITLES[view]), url_for("inbox.index", view=view), view == here, _number(counts[view]), view == "overdue")


def _number(count: int) -> Any:
    return "1000+" if count >= inbox.MOST else count


def _groups(c: Connection, me: By, items: Iterable[Item]) -> list[Group]:
    known = list(items)
    drafted = drafts.subjects(c, me.person or 0, [f"task:{each.id}" for each in known])
    calendar = city().calendar(c)
    processes = {each: _process_name(c, each) for each in {each.process for each in known}}
    left = session.pop("left_case", None)
    may_open = _openable(c, me, [each.case for each in known])

    def when(item: Item) -> str:
        return _band(item.due_on, calendar.workdays(0, today()), calendar.workdays(1, today()), calendar.workdays(5, today()))

    return [
        Group(_(title), [_row(me, each, calendar, processes, drafted, left, may_open) for each in rows]) for title, rows in groupby(known, when)
    ]


def _band(on: date | None, now: date, tomorrow: date, week: date) -> str:
    if on is None:
        return marked("期限のないもの")
    if on < today():
        return marked("期限を過ぎたもの")
    if on <= max(now, tomorrow):
        return marked("今日・次の開庁日まで")
    return marked("5開庁日以内") if on <= week else marked("そのあと")


def _process_name(c: Connection, process: str) -> str:
    closure = city().closure_in_force(c, process)
    if closure is None:
        return ""
    return city().executable(c, closure).process(process).name


def _row(
    me: By, item: Item, calendar: Any, processes: dict[str, str], drafted: set[str], left: int | None, may_open: set[int]
) -> dict[str, Any]:
    mine, due = item.assignee == me.person, acting.due(item.due_on, calendar)
    has_draft = f"task:{item.id}" in drafted
    return {
        "id": item.id, "title": item.name, "url": url_for("tasks.show", task=item.id), "number": item.number,
        "case_url": url_for("cases.show", number=item.number) if item.case in may_open else None, "household": item.household,
        "process": processes[item.process], "has_draft": has_draft, "is_restricted": False, "is_here": item.case == left, "why": _why(due),
        "only_you": False, "due": due, "is_mine": mine,
        "who": item.assignee_name or acting.group_label(item.groups), "others": None,
        "do": "continue" if mine and has_draft else "open" if mine else "claim",
    }  # fmt: skip


def _why(due: acting.Due) -> str:
    """One sentence that explains the place in the list, in open days."""
    if due.on is None:
        return _("期限はありません。")
    if due.state == "late":
        return counted("期限を%(num)s開庁日すぎています。", "期限を%(num)s開庁日すぎています。", due.days)
    if due.on == today():
        return _("期限は今日です。")
    return counted("期限まで残り%(num)s開庁日です。", "期限まで残り%(num)s開庁日です。", due.days)


def _openable(c: Connection, me: By, cases: list[int]) -> set[int]:
    condition = access.openable(city().organisation(c), me, today())
    return set(c.scalars(sa.select(store.case.c.id).where(store.case.c.id.in_(cases), condition)))
