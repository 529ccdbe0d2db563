"""閲覧の記録: who looked at a case, when, at what, on which ground; and who asked how often whether somebody is known.

For the heads who answer for it; it shows ids and titles, no content.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, render_template, request, url_for
from sqlalchemy.engine import Connection

from engine import access, duplicates, store, viewings
from engine.access import Sight
from engine.errors import NotAllowed
from web import acting, paging
from web.context import city, today
from web.frame import group_name, marked
from web.language import _
from web.viewings import note_case

pages = Blueprint("viewers", __name__)

PAGES_OF_A_CASE = {
    "case": marked("ケースの画面"), "record": marked("経過記録を書く画面"), "consent": marked("同意を記録する画面"),
    "withdrawal": marked("同意の撤回を記録する画面"), "people": marked("世帯の人を直す画面"), "search": marked("さがした結果"),
    "viewings": marked("閲覧の記録"),
}  # fmt: skip
GROUNDS = {
    "received": marked("受け付けた窓口"), "addressed": marked("つなぎ先"), "coordination_before": marked("多機関協働（依頼の前）"),
    "coordination": marked("多機関協働"), "task": marked("たずねられた機関"), "role": marked("役割を持つ機関（決定の前）"), "plan": marked("役割を持つ機関"),
    "member": marked("会議の出席者"), "conference": marked("支援会議の構成員"), "lead": marked("主担当"), "secretariat": marked("事務局"),
    access.OWN: marked("自分の組織が書いたもの"), access.OWN_TASK: marked("自分のやること"), access.HEAD: marked("部下のやること"),
}  # fmt: skip


@pages.get("/cases/<number>/viewings")
def show(number: str) -> str:
    """The newest lines, page by page, and whether the record is whole."""
    with city().store.reading() as c:
        row = c.execute(sa.select(store.case).where(store.case.c.number == number)).one_or_none()
        if row is None or not access.may_read_viewings(city(), c, acting.by(), row):
            raise NotAllowed
        sight = access.sight(city(), c, acting.by(), row)
        note_case(sight, "viewings")
        looked = viewings.by_organisation(c, row.id)
        total = sum(each.lines for each in looked)
        page = paging.asked(viewings.PAGE, total)
        lines = viewings.of_case(c, row.id, page)
        return render_template(
            "viewings.html", case={"number": number, "title": acting.household(access.names(city(), c, acting.by(), [row.id]), row.id)},
            organisations=[
                {"title": group_name(each.organisation) or "―", "people": each.people, "lines": each.lines, "last_at": each.last_at} for each in looked
            ],
            lines=_lines(c, sight, lines), total=total, broken=viewings.verify(c, row.id),
            pages=paging.pages("viewers.show", page, viewings.PAGE, total, number=number),
        )  # fmt: skip


@pages.get("/questions")
def questions() -> str:
    """Month by month, who asked how often whether somebody is known."""
    with city().store.reading() as c:
        if not access.may_review_questions(city(), c, acting.by()):
            raise NotAllowed
        month = _month(request.args.get("month", "")) or today().replace(day=1)
        following, earlier = (month + timedelta(days=32)).replace(day=1), (month - timedelta(days=1)).replace(day=1)
        asked = duplicates.by_person(c, month, following)
        people = acting.names_of_people(c, [each.person for each in asked])
        return render_template(
            "questions.html", month=month, most=duplicates.MOST_A_DAY, broken=viewings.verify(c),
            earlier_url=url_for("viewers.questions", month=f"{earlier:%Y-%m}"),
            later_url=url_for("viewers.questions", month=f"{following:%Y-%m}") if following <= today() else None,
            rows=[
                {
                    "who": people.get(each.person or 0, "―"), "organisation": group_name(each.organisation), "asked": each.asked,
                    "refused": each.refused, "days": each.days,
                }
                for each in asked
            ],
        )  # fmt: skip


def _month(text: str) -> date | None:
    """The first day of 「2026-11」; None where that is no month."""
    found = re.fullmatch(r"(20[0-9]{2})-(0[1-9]|1[0-2])", text)
    return date(int(found[1]), int(found[2]), 1) if found is not None else None


def _lines(c: Connection, sight: Sight, lines: list[Any]) -> list[dict[str, Any]]:
    people, titles = acting.names_of_people(c, [each.person for each in lines]), _titles(c, sight, [each.what for each in lines])
    return [
        {
            "at": each.at, "who": people.get(each.person or 0, "―"), "organisation": group_name(each.organisation), "what": titles[each.what],
            "ground": _(GROUNDS[each.ground]) if each.ground in GROUNDS else each.ground or "―", "level": each.level or "―",
        }
        for each in lines
    ]  # fmt: skip


def _titles(c: Connection, sight: Sight, noted: list[str]) -> dict[str, str]:
    """What was looked at, in words; a form is named to those alone who may read what is on it."""
    forms, tasks = _forms(c, sight, noted), _tasks(c, noted)

    def said(what: str) -> str:
        kind, _sep, id = what.partition(":")
        match kind:
            case "answer":
                return _("「%(form)s」", form=forms.get(id) or _("様式"))
            case "enclosure":
                return _("「%(form)s」の書類", form=forms.get(id) or _("様式"))
            case "paper":
                return _("「%(form)s」の印刷", form=forms.get(id) or _("様式"))
            case "correct":
                return _("「%(form)s」を直す画面", form=forms.get(id) or _("様式"))
            case "task":
                return _("やること「%(task)s」", task=tasks.get(id, id))
            case "file":
                return _("書類（%(id)s番）", id=id)
            case "sharing":
                return _("情報を見られる機関の画面")
            case "sharing_paper":
                return _("情報を見られる機関の印刷")
            case "meeting":
                return _("会議の画面")
        return _(PAGES_OF_A_CASE[kind]) if kind in PAGES_OF_A_CASE else what

    return {what: said(what) for what in noted}


def _ids(noted: list[str], *kinds: str) -> list[str]:
    return [each.partition(":")[2] for each in noted if each.partition(":")[0] in kinds]


def _forms(c: Connection, sight: Sight, noted: list[str]) -> dict[str, str]:
    answer, known = store.answer, city().forms(c)
    wanted = [int(id) for id in _ids(noted, "answer", "enclosure", "paper", "correct")]
    rows = c.execute(sa.select(answer.c.id, answer.c.form, answer.c.part, answer.c.organisation).where(answer.c.id.in_(wanted)))
    return {
        str(row.id): known[row.form].called(row.part) for row in rows
        if row.form in known and sight.level(row.form, row.organisation, row.part) is not None
    }  # fmt: skip


def _tasks(c: Connection, noted: list[str]) -> dict[str, str]:
    task = store.task
    return {row.id: row.name for row in c.execute(sa.select(task.c.id, task.c.name).where(task.c.id.in_(_ids(noted, "task"))))}
