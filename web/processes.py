"""業務の流れ: every process with its diagram, its steps as a table, and how many cases stand where. Numbers, never names."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for

from engine import decision_tables, process_figures, usual
from engine.decision_tables import Cell, Condition, Table
from engine.errors import NotAllowed
from engine.kernel.decisions import DecisionError
from engine.kernel.feel import NOBODY, Ask, FeelError, Value, parse
from engine.process_figures import Overview, Row
from engine.steps import Step, Way
from forms.dates import half_width
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
        steps=[_row(each, process) for each in page.rows],
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


@pages.get("/<process>/decisions/<decision>")
def decision(process: str, decision: str) -> str:
    """A decision table in words: of the latest version, or as an instance runs it (`closure`)."""
    closure = request.args.get("closure")
    with city().store.reading() as c:
        name, table = decision_tables.table(city(), c, process, decision, closure)
    trial = _tried(table) if "try" in request.args and table.expression is None else None
    return render_template(
        "decision.html", process={"title": name, "url": url_for("processes.show", process=process)},
        table={
            "title": table.name, "policy": _POLICIES[table.policy](), "sums_up": _AGGREGATIONS[table.aggregation]() if table.aggregation else "",
            "conditions": [each.label for each in table.conditions], "results": table.results, "expression": table.expression, "defaults": table.defaults,
            "has_notes": any(row.note for row in table.rows), "parameters": table.parameters,
        },
        rows=[
            {"no": row.number, "cells": [_cell(each) for each in row.cells], "results": row.results, "note": row.note} for row in table.rows
        ],
        asked=[_input(number, each) for number, each in enumerate(table.conditions, 1)], trial=trial, closure=closure,
        requires=[(each, url_for("processes.decision", process=process, decision=id, closure=closure)) for id, each in table.requires],
    )  # fmt: skip


def _input(number: int, condition: Condition) -> dict[str, Any]:
    """One condition, to be tried with what stands in the address."""
    kind, given = condition.kind, request.args.getlist(f"c{number}")
    options = ((("yes", _("はい")), ("no", _("いいえ"))) if kind == "bool" else condition.options) if kind in ("bool", "code", "codes") else ()
    return {"name": f"c{number}", "label": condition.label, "kind": kind, "options": options, "given": given}


def _tried(table: Table) -> dict[str, Any]:
    """The rows that the inputs in the address hit, or what keeps them from being tried."""
    inputs: list[Value] = []
    for number, each in enumerate(table.conditions, 1):
        try:
            inputs.append(_given(each, request.args.getlist(f"c{number}")))
        except FeelError:
            return {"rows": (), "trouble": _("「%(label)s」の値を読めません。「2」のように、数で書いてください。", label=each.label)}
    try:
        return {"rows": table.tried(inputs), "trouble": None}
    except DecisionError as error:
        return {"rows": (), "trouble": str(error)}


def _given(condition: Condition, typed: list[str]) -> Value:
    """What was typed for a condition; nothing is an empty answer."""
    text = " ".join(half_width(each) for each in typed[:1]).strip()
    if condition.kind == "codes":
        return [each for each in typed if each]
    if not text:
        return None
    match condition.kind:
        case "bool":
            return text == "yes"
        case "number":
            return parse(text).evaluate(NOBODY)
        case "value" if re.fullmatch(r"-?[0-9.]+|true|false", text):
            return parse(text).evaluate(NOBODY)
    return text


_POLICIES = {
    "UNIQUE": lambda: _("当てはまるのは、いつも1行だけです。"),
    "ANY": lambda: _("何行か当てはまっても、結果は同じです。"),
    "FIRST": lambda: _("上から順に見て、はじめに当てはまった行を使います。"),
    "PRIORITY": lambda: _("当てはまった行のうち、いちばん大事な結果を使います。"),
    "COLLECT": lambda: _("当てはまった行を、すべて使います。"),
    "RULE ORDER": lambda: _("当てはまった行を、すべて上から順に使います。"),
    "OUTPUT ORDER": lambda: _("当てはまった行を、すべて大事な順に使います。"),
}
_AGGREGATIONS = {
    "SUM": lambda: _("結果は合計です。"), "MIN": lambda: _("結果はいちばん小さい値です。"), "MAX": lambda: _("結果はいちばん大きい値です。"),
    "COUNT": lambda: _("結果は当てはまった行の数です。"),
}  # fmt: skip


def _cell(cell: Cell) -> str:
    """What a cell asks, in words; "" when anything will do."""
    text = _("、").join(_asked(each) for each in cell.asks)
    return _("%(values)s 以外", values=text) if cell.is_else else text


def _asked(ask: Ask) -> str:
    values = [_value(each) for each in ask.values]
    match ask.how, values:
        case "=", [value]:
            return value
        case "!=", [value]:
            return _("%(values)s 以外", values=value)
        case ">=", [value]:
            return _("%(value)s以上", value=value)
        case ">", [value]:
            return _("%(value)sより大きい", value=value)
        case "<=", [value]:
            return _("%(value)s以下", value=value)
        case "<", [value]:
            return _("%(value)s未満", value=value)
        case "[]", [low, high]:
            return _("%(low)s以上%(high)s以下", low=low, high=high)
        case "[)", [low, high]:
            return _("%(low)s以上%(high)s未満", low=low, high=high)
        case "holds", [value]:
            return _("%(value)s をふくむ", value=value)
    return ask.text


def _value(value: Value) -> str:
    if value is None:
        return _("空")
    if isinstance(value, bool):
        return _("はい") if value else _("いいえ")
    return str(value)


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
def _row(row: Row, process: str) -> dict[str, Any]:
    step, standing = row.step, row.standing
    return {
        "element": step.element, "no": step.no, "title": step.title, "lane": step.lane, "kind": _kind(step), "each": step.each,
        "documentation": _lines(step.documentation), "open": standing.open, "overdue": standing.overdue, "stalled": standing.stalled,
        "heat": min(standing.stalled, MOST_HEAT), "usual": row.usual.days, "n": row.usual.n,
        "ways": [(way.label, _leads_to(step, way)) for way in step.ways],
        "url": _behind(step, process),
    }  # fmt: skip


def _behind(step: Step, process: str) -> str | None:
    """The process that a step calls, or the table that it asks."""
    if step.called is not None:
        return url_for("processes.show", process=step.called)
    return url_for("processes.decision", process=process, decision=step.decision) if step.decision is not None else None


def _leads_to(step: Step, way: Way) -> str:
    if way.to:
        return _("と").join(str(no) for no in way.to)
    return _("終わり") if step.within is None else _("%(no)sの終わり", no=step.within)


def _kind(step: Step) -> str:
    """What an element that is no task is, in words."""
    match step.type, step.event:
        case "start", "signal":
            return _("合図で始まる")
        case "start", "message":
            return _("知らせで始まる")
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
        case "serviceTask", _event:
            return _("自動の処理")
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
