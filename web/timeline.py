"""Puts what happened into words. It decides nothing: the engine gives only entries that this person may see."""

from __future__ import annotations

from typing import Any

from flask import url_for
from sqlalchemy.engine import Connection

from engine import timeline
from engine.access import Sight
from engine.city import By
from engine.reasons import DEFAULTS, Reason
from engine.timeline import Entry
from web import acting
from web.context import city
from web.dates import gap
from web.language import _


def entries(c: Connection, by: By, sight: Sight, size: int = timeline.PAGE, before: int | None = None) -> list[dict[str, Any]]:
    """The newest entries as the timeline macro takes them."""
    return page(c, by, sight, size, before)[0]


def page(
    c: Connection, by: By, sight: Sight, size: int = timeline.PAGE, before: int | None = None
) -> tuple[list[dict[str, Any]], int, int | None]:
    """Entries, how many are older, and from where the older ones begin."""
    found, older = timeline.read(c, city(), sight, before, size)
    people = acting.names_of_people(c, [each.by for each in found])
    shown = [_shown(c, each, people) for each in found]
    return shown, older, found[-1].seq if found else None


def _shown(c: Connection, each: Entry, people: dict[int, str]) -> dict[str, Any]:
    organisation = city().organisation(c)
    who = people.get(each.by or 0, "")
    if each.organisation in organisation.offices:
        office = organisation.offices[each.organisation].short
        who = f"{who}（{office}）" if who else office
    return {
        "at": each.at, "text": _text(c, each), "who": who, "mark": bool(each.phases) or each.kind == "CaseOpened", "restricted": False,
        "why": [why(reason) for reason in each.reasons],
        "url": url_for("cases.answer", answer=each.answer) if each.answer is not None else None, "link": _("読む"),
    }  # fmt: skip


def why(reason: Reason) -> tuple[str, str]:
    """The rows of a table that hit, as a person reads them, and where the table stands: 「判断の理由：表「緊急度」の2行め（生命の危険）」."""
    anchor = f"row-{reason.rows[0].number}" if reason.rows else None
    at = {"process": reason.process, "decision": reason.decision, "closure": reason.closure}
    return _why(reason), url_for("processes.decision", **at, _anchor=anchor)


def _why(reason: Reason) -> str:
    if not reason.rows:
        return _("判断の理由：表「%(table)s」に、当てはまる行がありませんでした。", table=reason.table)
    if reason.rows[0].number == DEFAULTS:
        return _("判断の理由：表「%(table)s」に当てはまる行がないので、いつもの値です。", table=reason.table)
    rows = [_("%(number)s行め", number=row.number) + (_("（%(note)s）", note=row.note.rstrip("。.")) if row.note else "") for row in reason.rows]
    return _("判断の理由：表「%(table)s」の%(rows)s", table=reason.table, rows=_("、").join(rows))


def _text(c: Connection, each: Entry) -> str:
    said = [_sentence(c, each)]
    organisation = city().organisation(c)
    for ladder, title in (("case", _("ケースの段階")), ("coordination", _("多機関協働の段階"))):
        phase = organisation.phase(ladder, each.phases[ladder]) if ladder in each.phases else None
        if phase is not None:
            said.append(_("%(ladder)sが「%(phase)s」になりました。", ladder=title, phase=phase.name))
    said += [_("「%(task)s」はいらなくなりました。", task=name) for name in each.withdrawn]
    return gap().join(said)


def _sentence(c: Connection, each: Entry) -> str:
    name = each.name
    match each.kind:
        case "CaseOpened":
            return _("ケースを開きました。")
        case "InstanceStarted":
            return _("「%(name)s」が始まりました。", name=name)
        case "TaskCompleted":
            return _("「%(name)s」を終えました。", name=name)
        case "TaskClaimed":
            return _("「%(name)s」を受け持ちました。", name=name)
        case "TaskGivenBack":
            return _("「%(name)s」をチームに戻しました。", name=name)
        case "TaskReassigned":
            return _("「%(name)s」の担当を変えました。", name=name)
        case "TaskTakenBack":
            return _("同意がなくなったため、やることを多機関協働に移しました。")
        case "ConsentEnded":
            return _("同意の期限が過ぎました。")
        case "TimerFired":
            return _("「%(name)s」になりました。", name=name)
        case "MessageReceived":
            return _("「%(name)s」", name=name)
        case "MessageKept":
            return _("知らせが届き、受け手の手があくのを待っています。")
        case "MessageJoined":
            return _("依頼が重なったため、いまの多機関協働にまとめました。")
        case "MessageUndelivered":
            return _("知らせの届け先がありませんでした。えしこにが確かめます。")
        case "MessageSentAgain":
            return _("届け先のなかった知らせを、もう一度届けました。")
        case "MessageHandled":
            return _("届け先のなかった知らせに、人が対応しました。")
        case "SignalHeard":
            if name in city().organisation(c).signals.values():
                return _("同意がなくなったため、流れを変えました。")
            return _("合図「%(name)s」を受けて、流れを変えました。", name=name)
        case "ConditionMet":
            return _("待っていた条件がそろったため、流れを進めました。")
        case "RoundAdded":
            return _("くり返しに1つ加えました。")
        case "IncidentRetried":
            return _("止まっていた流れを、もう一度進めました。")
        case "AnswerCorrected":
            return _("「%(form)s」を直しました。", form=_form_title(c, each))
        case "AnswerRecorded":
            return _("「%(form)s」を書きました。", form=_form_title(c, each))
        case "CommentAdded":
            return _("「%(name)s」に書き込みました。", name=name) if name else _("やりとりに書き込みました。")
        case "FileAttached":
            return _("「%(name)s」に書類を加えました。", name=name) if name else _("書類を加えました。")
    return _("記録が加わりました。")


def _form_title(c: Connection, each: Entry) -> str:
    form = city().forms(c).get(each.form or "")
    return form.called(each.part) if form is not None else ""
