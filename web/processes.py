"""業務の流れ: every process with its diagram, its steps as a table, and how many cases stand where. Numbers, never names."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request, url_for

from engine import process_figures, usual
from engine.errors import NotAllowed
from engine.process_figures import Overview, Row
from engine.steps import Step, Way
from web import acting
from web.context import city
from web.language import _

pages = Blueprint("processes", __name__, url_prefix="/processes")

MOST_HEAT = 3


@pages.get("")
def index() -> str:
    """All processes in force, and those that only old cases still run."""
    with city().store.reading() as c:
        found = process_figures.overviews(city(), c)
    return render_template("processes.html", rows=[_listed(each) for each in found])


@pages.get("/<process>")
def show(process: str) -> str:
    """One process, in the version that was asked for."""
    version = _version()
    with city().store.reading() as c:
        page = process_figures.page(city(), c, process, version)
        people = acting.names_of_people(c, [each.by for each in page.versions])
    overview = page.overview
    return render_template(
        "process.html",
        process={
            "title": overview.name, "version": overview.version, "published_on": overview.published_at, "open": overview.open,
            "stalled": overview.stalled, "documentation": _lines(overview.documentation), "in_force": overview.in_force,
            "diagram_url": url_for("processes.diagram", process=process, version=overview.version), "is_wide": True,
            "is_all": version is None, "all_url": url_for("processes.show", process=process), "elsewhere": page.elsewhere,
        },
        steps=[_row(each) for each in page.rows],
        versions=[
            {
                "no": each.no, "published_on": each.published_at, "by": people.get(each.by or 0), "reason": each.reason, "open": each.open,
                "in_force": each.in_force, "url": url_for("processes.show", process=process, version=each.no),
                "here": version == each.no,
            }
            for each in page.versions
        ],
        enough=usual.ENOUGH, edit_url=None,
    )  # fmt: skip


@pages.get("/<process>/diagram.bpmn")
def diagram(process: str) -> Response:
    """The diagram as it was published: with a version, or with what an instance runs (`closure`)."""
    with city().store.reading() as c:
        body = process_figures.diagram(city(), c, process, _version(), request.args.get("closure"))
    return Response(body, mimetype="application/xml")


def _version() -> int | None:
    """The version asked for; one that is no number does not exist."""
    asked = request.args.get("version")
    if asked is None:
        return None
    if not (asked.isascii() and asked.isdecimal()) or len(asked) > 9:
        raise NotAllowed
    return int(asked)


def _listed(each: Overview) -> dict[str, Any]:
    return {
        "title": each.name, "url": url_for("processes.show", process=each.id), "documentation": next(iter(_lines(each.documentation)), ""),
        "open": each.open, "stalled": each.stalled, "version": each.version, "published_on": each.published_at,
        "in_force": each.in_force,
    }  # fmt: skip


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


# -- the table of steps ------------------------------------------------------------------------------------------------
def _row(row: Row) -> dict[str, Any]:
    step, standing = row.step, row.standing
    return {
        "element": step.element, "no": step.no, "title": step.title, "lane": step.lane, "kind": _kind(step), "each": step.each,
        "documentation": _lines(step.documentation), "open": standing.open, "overdue": standing.overdue, "stalled": standing.stalled,
        "heat": min(standing.stalled, MOST_HEAT), "usual": row.usual.days, "n": row.usual.n,
        "ways": [(way.label, _leads_to(step, way)) for way in step.ways],
        "url": url_for("processes.show", process=step.called) if step.called is not None else None,
    }  # fmt: skip


def _leads_to(step: Step, way: Way) -> str:
    if way.to:
        return _("と").join(str(no) for no in way.to)
    return _("終わり") if step.within is None else _("%(no)sの終わり", no=step.within)


def _kind(step: Step) -> str:
    """What an element that is no task is, in words."""
    match step.type, step.event:
        case "start", _event:
            return _("始まり")
        case "end", _event:
            return _("終わり")
        case "exclusiveGateway", _event:
            return _("分かれ道")
        case "parallelGateway", _event:
            return _("並んで進む")
        case "eventBasedGateway", _event:
            return _("先に来たほうへ進む")
        case "businessRuleTask", _event:
            return _("判断の表")
        case "callActivity", _event:
            return _("ほかの業務の流れ")
        case "subProcess", _event:
            return _("ひとまとまり")
        case "eventSubProcess", _event:
            return _("何かが起きたときだけ始まるひとまとまり")
        case "inclusiveGateway", _event:
            return _("当てはまる道をすべて進む")
        case "boundaryEvent", "timer":
            return _("%(no)sの期限", no=step.attached_to)
        case "boundaryEvent", _event:
            return _("%(no)sの途中で起きること", no=step.attached_to)
        case _type, "timer":
            return _("日を待つ")
        case "intermediateCatchEvent", "signal":
            return _("合図を待つ")
        case "intermediateCatchEvent", "condition":
            return _("条件がそろうのを待つ")
        case _type, "link":
            return _("離れた所へ続く")
        case "intermediateCatchEvent" | "receiveTask", _event:
            return _("知らせを待つ")
        case _type, "signal":
            return _("合図を出す")
        case _type, "escalation":
            return _("外側に知らせる")
        case _type, "message":
            return _("知らせを送る")
        case "intermediateThrowEvent", _event:
            return _("節目")
    return ""
