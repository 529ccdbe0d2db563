"""滞っているケース: one sentence for each, what would help, and where they are. Who may see what is the engine's to say."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for
from sqlalchemy.engine import Connection

from engine import stalls, trend, usual, watch
from engine.errors import NotAllowed
from engine.stalls import Overstay, Stall
from engine.trend import Point
from engine.watch import Counts, Line, Narrow, Watch
from web import acting
from web.context import city, now
from web.language import _, counted

pages = Blueprint("watch", __name__)

DIMENSIONS = ("step", "office", "person")


@pages.get("/stalled")
def stalled() -> str:
    """The page, narrowed to a step, an office or a person where one was chosen."""
    with city().store.reading() as c:
        look = Watch(city(), c, acting.by(), _narrow())
        by = request.args.get("by", "step")
        if by not in DIMENSIONS or (by == "person" and not look.people):
            raise NotAllowed
        found, onward = stalls.page(look, request.args.get("after"))
        lines = {"step": watch.by_step, "office": watch.by_office, "person": watch.by_person}[by](look)
        counts, waits, narrowed = watch.counts(look), watch.waits(look), look.narrow != Narrow()
        weeks = () if narrowed else trend.overdue_by_week(look)
        is_first = "after" not in request.args
        return render_template(
            "stalled.html", seen_at=now(), scope=_scope(look), narrowed=_narrowed_to(look, lines) if narrowed else None,
            figures=_figures(counts, waits, weeks), trend=_trend(weeks), cases=counts.cases,
            overstays=[_overstay(each) for each in stalls.overstays(look)] if is_first else [],
            sayings=_sayings(c, found), rest_url=_here(after=onward) if onward else None, is_first=is_first,
            waits=waits, dimensions=_dimensions(look, by), dimension=_titles()[by],
            rows=[_row(look, by, line) for line in lines],
            total={"open": counts.open, "stalled": counts.stalled, "longest": counts.longest[0] if counts.longest else None},
            enough=usual.ENOUGH, latest=usual.LATEST,
        )  # fmt: skip


def _narrow() -> Narrow:
    return Narrow(request.args.get("step"), request.args.get("office"), request.args.get("person", type=int))


def _here(**changes: Any) -> str:
    """This page, with what was chosen on it and these changes; without the place in its list."""
    chosen = {name: request.args.get(name) for name in ("by", "step", "office", "person")}
    return url_for("watch.stalled", **{**chosen, **changes})


def _titles() -> dict[str, str]:
    return {"step": _("段階"), "office": _("課・機関"), "person": _("人")}


def _scope(look: Watch) -> str:
    if look.sees_everything:
        return _("すべての課・機関のやること")
    return _("%(office)sの手を待っているやること", office=look.own_office.short)


def _narrowed_to(look: Watch, lines: list[Line]) -> str:
    """What the page is narrowed to, in words."""
    narrow, offices = look.narrow, look.organisation.offices
    said = []
    if narrow.step is not None:
        titles = lines if lines and lines[0].process is not None else watch.by_step(look)
        said += [_("「%(step)s」", step=line.title) for line in titles if line.key == narrow.step]
    if narrow.office is not None:
        said.append(offices[narrow.office].short)
    if narrow.person is not None:
        said.append(_("%(name)sさん", name=look.people[narrow.person]))
    return "・".join(said)


# -- the sentences -----------------------------------------------------------------------------------------------------
def _sayings(c: Connection, found: list[Stall]) -> list[dict[str, Any]]:
    most = max((max(each.days, each.usual.days or 0) for each in found), default=1)
    return [
        {
            "number": each.number, "case_title": each.household or None,
            "case_url": url_for("cases.show", number=each.number) if each.may_open else None,
            "step": each.step, "days": each.days, "usual": each.usual.days, "is_late": each.usual.is_far_exceeded_by(each.days),
            "awaited": _awaited(each), "next": each.next, "late": each.late, "quiet": each.quiet, "more": each.more,
            "most": most, "remedies": _remedies(each), "ask": None if each.may_reassign else _whom_to_ask(c, each),
        }
        for each in found
    ]  # fmt: skip


def _awaited(each: Stall) -> str:
    """What is awaited first: the work of a group, and whose hand it is in for those who can help."""
    group = acting.group_label(each.groups)
    if not each.is_taken:
        return _("%(group)sで受け持つ人", group=group)
    if each.person is None:
        return _("%(group)sの対応", group=group)
    return _("%(group)s（%(person)sさん）の対応", group=group, person=each.person)


def _remedies(each: Stall) -> list[dict[str, Any]]:
    found = []
    if each.may_reassign:
        text = _("担当を替える") if each.is_taken else _("担当を決める")
        found.append({"text": text, "url": url_for("tasks.show", task=each.task), "is_link": True})
    elif each.may_take:
        found.append({"text": _("やることを開く"), "url": url_for("tasks.show", task=each.task), "is_link": True})
    if each.may_open:
        found.append({"text": _("ケースを開く"), "url": url_for("cases.show", number=each.number), "is_link": True})
    return found


def _whom_to_ask(c: Connection, each: Stall) -> str:
    offices = city().organisation(c).offices
    wanted = dict.fromkeys(offices[group.split(".")[0]].short for group in each.groups if group.split(".")[0] in offices)
    return _("担当を替えられるのは、%(offices)sの長です。", offices="・".join(wanted))


def _overstay(each: Overstay) -> dict[str, Any]:
    url = url_for("cases.show", number=each.number) if each.may_open else None
    return {
        "number": each.number, "case_title": each.household or None, "case_url": url, "name": each.name,
        "due_on": each.due_on, "days": each.days,
    }  # fmt: skip


# -- the numbers -------------------------------------------------------------------------------------------------------
def _figures(counts: Counts, waits: list[tuple[str, int]], weeks: tuple[Point, ...]) -> list[dict[str, Any]]:
    late = {"name": _("期限を過ぎたやること"), "value": counts.overdue, "unit": _("件"), "late": counts.overdue > 0}
    figures = [
        {"name": _("滞っているケース"), "value": counts.cases, "unit": _("件"),
         "note": counted("開いているやること%(num)s件のうち", "開いているやること%(num)s件のうち", counts.open)},
        {**late, "note": _change(weeks[-1].count - weeks[-2].count) if weeks else None},
    ]  # fmt: skip
    if counts.longest is not None:
        days, number, step = counts.longest
        note = _("%(number)s %(step)s", number=number, step=step)
        figures.append({"name": _("いちばん長い"), "value": days, "unit": _("開庁日"), "note": note})
    waiting = sum(cases for _name, cases in waits)
    figures.append({"name": _("日や返事を待っている"), "value": waiting, "unit": _("件"), "note": _("滞りには数えません")})
    return figures


def _change(difference: int) -> str:
    if difference == 0:
        return _("先週と同じ")
    if difference < 0:
        return counted("先週より%(num)s件少ない", "先週より%(num)s件少ない", -difference)
    return counted("先週より%(num)s件多い", "先週より%(num)s件多い", difference)


def _trend(weeks: tuple[Point, ...]) -> dict[str, Any] | None:
    if not any(point.count for point in weeks):
        return None
    first, last = weeks[0], weeks[-1]
    way = _("減っています") if last.count < first.count else _("増えています") if last.count > first.count else _("変わっていません")
    says = _(
        "期限を過ぎたやることの数。%(weeks)s週前の%(first)s件から今日の%(last)s件まで。%(way)s。",
        weeks=len(weeks) - 1, first=first.count, last=last.count, way=way,
    )  # fmt: skip
    labels = [_("%(weeks)s週前", weeks=len(weeks) - 1), *[""] * (len(weeks) - 2), _("今日")]
    points = [{"label": label, "count": point.count} for label, point in zip(labels, weeks, strict=True)]
    return {"points": points, "says": says}


def _dimensions(look: Watch, by: str) -> list[dict[str, Any]]:
    titles = {"step": _("段階ごと"), "office": _("課・機関ごと"), "person": _("人ごと")}
    shown = DIMENSIONS if look.people else DIMENSIONS[:2]
    return [{"title": titles[each], "url": _here(by=each), "here": each == by} for each in shown]


def _row(look: Watch, by: str, line: Line) -> dict[str, Any]:
    return {
        "title": line.title, "note": line.process, "url": _here(**{by: line.key}), "open": line.open, "stalled": line.stalled,
        "is_late": line.stalled > 1, "usual": line.usual.days, "n": line.usual.n, "longest": line.longest,
    }  # fmt: skip
