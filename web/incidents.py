"""不具合: what the machine could not carry out, for administrators; messages without a receiver, for the coordination too.

It shows where and why, never about whom or what was answered.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.engine import Connection
from werkzeug.wrappers import Response

from engine import access, incidents, store
from engine.city import By
from engine.errors import NoLongerOpen, NotAllowed
from engine.incidents import DeadWork, Incident, Undelivered
from web import acting
from web.context import city, today
from web.language import _, counted

pages = Blueprint("incidents", __name__, url_prefix="/incidents")


@pages.get("")
def index() -> str:
    """What this person can repair, or have repaired."""
    me = acting.by()
    with city().store.reading() as c:
        if not incidents.may_deliver(city(), c, me):
            raise NotAllowed
        repairs = incidents.may_repair(me)
        return render_template(
            "incidents.html", may_repair=repairs, key=acting.key(), done=acting.done(),
            incidents=[_incident(each) for each in incidents.standing(city(), c)] if repairs else [],
            work=[_work(each) for each in incidents.dead_work(city(), c)] if repairs else [],
            messages=_messages(c, me, incidents.undelivered(city(), c)),
        )  # fmt: skip


@pages.post("/retry")
def retry() -> Response:
    """Try again where the chosen instances stand."""
    wanted = [int(each) for each in _chosen("instance") if each.isascii() and each.isdecimal()]
    gone_on, still = incidents.retry(city(), wanted, acting.by(), acting.key())
    said = []
    if gone_on:
        said.append(counted("%(num)s件が先へ進みました。", "%(num)s件が先へ進みました。", gone_on))
    if still:
        said.append(counted("%(num)s件はまだ進めません。理由を確かめてください。", "%(num)s件はまだ進めません。理由を確かめてください。", still))
    acting.say_done("".join(said) or _("もう一度進めるものはありませんでした。"))
    return redirect(url_for("incidents.index"), 303)


@pages.post("/work")
def work_again() -> Response:
    """Let what was tried too often be tried anew."""
    count = incidents.work_again(city(), _chosen("work"), acting.by())
    acting.say_done(
        counted(
            "%(num)s件をもう一度試しました。まだうまくいかないものは、しばらく自動で試したあと、またここに出ます。",
            "%(num)s件をもう一度試しました。まだうまくいかないものは、しばらく自動で試したあと、またここに出ます。",
            count,
        )
    )
    return redirect(url_for("incidents.index"), 303)


@pages.post("/messages/<int:message>/deliver")
def deliver(message: int) -> Response:
    """Send a message once more."""
    try:
        received = incidents.deliver_again(city(), message, acting.by())
        said = _("知らせが届きました。") if received else _("まだ届け先がありません。ケースを開いて、人から人へ伝えてください。")
    except NoLongerOpen as refusal:
        said = refusal.message
    acting.say_done(said)
    return redirect(url_for("incidents.index"), 303)


@pages.post("/messages/<int:message>/settle")
def settle(message: int) -> Response:
    """People have seen to it."""
    try:
        incidents.settle(city(), message, acting.by())
        said = _("対応済みにしました。")
    except NoLongerOpen as refusal:
        said = refusal.message
    acting.say_done(said)
    return redirect(url_for("incidents.index"), 303)


def _chosen(name: str) -> list[str]:
    """The one whose button was pressed; all that the page listed; else those that are ticked."""
    one = request.form.get("one")
    return [one] if one else request.form.getlist("listed" if "all" in request.form else name)


def _incident(each: Incident) -> dict[str, Any]:
    return {
        "instance": each.instance, "number": each.number, "process": each.process, "step": each.step, "reason": each.reason,
        "since": each.since,
    }  # fmt: skip


def _work(each: DeadWork) -> dict[str, Any]:
    kinds = {"timer": _("日を待つところ"), "message": _("知らせ"), "signal": _("合図"), "look": _("条件"), "begin": _("合図で始まる業務の流れ")}
    return {
        "key": each.key, "kind": kinds.get(each.kind, each.kind), "number": each.number, "process": each.process,
        "step": each.step, "error": each.error, "due_at": each.due_at,
    }  # fmt: skip


def _messages(c: Connection, me: By, found: list[Undelivered]) -> list[dict[str, Any]]:
    may = access.openable(city().organisation(c), me, today())
    openable = set(c.scalars(sa.select(store.case.c.id).where(store.case.c.id.in_([each.case for each in found]), may)))
    return [
        {
            "id": each.id, "number": each.number, "process": each.process, "step": each.step, "sent_at": each.sent_at,
            "case_url": url_for("cases.show", number=each.number) if each.case in openable else None,
        }
        for each in found
    ]  # fmt: skip
