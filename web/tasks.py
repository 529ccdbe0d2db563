"""One やること: its form, drafts, finishing it, and who has it in hand. What a finished form does is decided in the engine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request, session, url_for
from sqlalchemy.engine import Connection
from werkzeug.wrappers import Response

import forms
from engine import access, answers, assignments, cases, choices, drafts, inbox, outbox, reasons, replies, whereabouts
from engine import enclosures as enclosing
from engine.assignments import TakenByAnother
from engine.city import By
from engine.errors import NoLongerOpen, NotAllowed
from engine.facts import Facts
from engine.grounds import ByName
from engine.kernel.model import Node
from engine.kernel.running import Executable
from forms import Form
from forms.form import RESTRICTED
from web import acting, correspondence, enclosures, timeline, viewings
from web.context import city, now
from web.language import _

pages = Blueprint("tasks", __name__, url_prefix="/tasks")


@dataclass
class Desk:
    """A task with all that its page needs."""

    c: Connection
    by: By
    task: Any
    found: cases.Situation
    form: Form | None
    part: str
    kept: tuple[forms.Choice, ...] = ()  # files that came with this request

    @property
    def case(self) -> Any:
        return self.found.facts.row

    @property
    def instance(self) -> Any:
        return self.found.row

    @property
    def executable(self) -> Executable:
        return self.found.executable

    @property
    def facts(self) -> Facts:
        return self.found.facts

    @property
    def node(self) -> Node:
        return self.executable.nodes[self.task.element]

    @property
    def subject(self) -> str:
        return f"task:{self.task.id}"

    def scope(self) -> answers.Scope:
        return answers.Scope(self.c, city(), self.facts, self.executable, self.found.state, self.by, self.task, self.instance.closure)

    def choices(self, typed: bool = False) -> forms.Choices:
        return choices.of(self.c, city(), self.by, self.facts, self.form, typed, files=(*self._files, *self.kept))

    @cached_property
    def _files(self) -> tuple[forms.Choice, ...]:
        if self.form is None or not enclosing.asks_for_files(self.form):
            return ()
        sight = access.sight(city(), self.c, self.by, self.case)
        data = answers.prefilled(self.form, self.part, self.scope())
        return enclosing.offered(self.c, city(), self.by, sight, self.form, self.subject, data, self.task.id)

    @property
    def is_taken(self) -> bool:
        """Whether somebody else has it in hand."""
        return self.task.status == "open" and self.task.assignee not in (None, self.by.person)

    @property
    def to_confirm(self) -> ByName | None:
        """What this person must confirm before the task opens to them."""
        return access.unconfirmed(city(), self.c, self.by, self.task)

    @property
    def is_theirs(self) -> bool:
        """Whether this person may do it; else, as a head, only hand it to somebody."""
        return access.may_do(city(), self.c, self.by, self.task)

    @property
    def colleagues(self) -> list[dict[str, Any]]:
        """To whom it may be given."""
        return [{"id": row.id, "name": row.name} for row in assignments.people_for(self.c, self.task.id, city().today) if row.id != self.task.excluded]

    @property
    def is_mine_to_answer(self) -> bool:
        return self.task.status == "open" and self.task.assignee in (None, self.by.person) and access.may_take(self.c, self.by, self.task)


@pages.get("/<task>")
def show(task: str) -> str | Response:
    """The page of a task; one that is over shows what became of it."""
    with city().store.reading() as c:
        desk = _desk(c, task, confirmed=False)
        if desk.task.status != "open":
            return redirect(_after(desk.c, desk.by, desk.case, desk.task.closed_at is not None), 303)
        if desk.to_confirm is not None:
            return _confirmation(desk, desk.to_confirm) if desk.is_theirs else _closed(desk)
        draft = drafts.load(c, desk.by.person or 0, desk.subject)
        return _page(desk, typed=draft.typed if draft is not None else None, draft=draft)


@pages.post("/<task>/complete")
def complete(task: str) -> str | Response | tuple[str, int]:
    """Finish the task, keep a draft, or draw the page again with a row more or less. Nothing that was typed is lost."""
    do = request.form.get("do", "save")
    with city().store.reading() as c:
        desk = _desk(c, task)
        if do == "forget":
            drafts.forget(city(), desk.by.person or 0, desk.subject)
            return redirect(url_for("tasks.show", task=task), 303)
        if desk.form is None:
            return _conflict(desk, None) if desk.is_taken else _complete(desk, {}, None)
        before = answers.prefilled(desk.form, desk.part, desk.scope())
        sent, desk.kept = enclosures.read(
            desk.form, desk.part, desk.subject, before=before, may=forms.in_hand(desk.form), choices=desk.choices(typed=True), beside=("csrf_token", "key")
        )
        if desk.task.status != "open":
            return _conflict(desk, sent)
        if desk.is_taken:
            drafts.save(city(), desk.by.person or 0, desk.subject, sent.typed)
            return _conflict(desk, sent)
        if sent.wants == "save":
            drafts.save(city(), desk.by.person or 0, desk.subject, sent.typed)
            acting.say_done(_("下書きを保存しました。"))
            return redirect(url_for("inbox.index"), 303)
        if sent.wants != "complete":
            return _page(desk, typed=sent.typed)
        errors = forms.check(desk.form, desk.part, sent.data, found=sent.errors, may=forms.in_hand(desk.form))
        if errors:
            return _page(desk, typed=sent.typed, errors=errors), 422
        submitted = {each.name: sent.data[each.name] for each in desk.form.part(desk.part).fields if not each.auto and each.name in sent.data}
        return _complete(desk, submitted, sent)


def _complete(desk: Desk, submitted: dict[str, Any], sent: Any) -> str | Response | tuple[str, int]:
    def also(c: Connection) -> None:
        drafts.forget_within(c, desk.by.person or 0, desk.subject)

    try:
        outcome = cases.complete(city(), desk.task.id, submitted, desk.by, acting.key(), (desk.task, desk.found), also)
    except answers.Errors as errors:
        return _page(desk, typed=sent.typed, errors=errors.errors), 422
    except NoLongerOpen:
        with city().store.reading() as c:  # what was read before shows it open still
            return _conflict(_desk(c, desk.task.id), sent)
    if outcome.posted:
        outbox.drain(city(), outcome.case)
    acting.say_done(_("「%(title)s」を終えました。", title=desk.task.name))
    session["left_case"] = outcome.case
    with city().store.reading() as c:
        return redirect(_after(c, desk.by, desk.case, True), 303)


def _after(c: Connection, by: By, case: Any, onward: bool) -> str:
    """Where to go when a task is over: the next task of this case that is mine, else the list."""
    following = inbox.next_of_case(city(), c, by, case.id) if onward else None
    return url_for("tasks.show", task=following) if following is not None else url_for("inbox.index")


@pages.post("/<task>/draft")
def draft(task: str) -> Response:
    """Keep what is on the page, as it is typed."""
    with city().store.reading() as c:
        desk = _desk(c, task)
        if desk.task.status != "open" or desk.form is None:
            raise NoLongerOpen
        typed = {name: request.form.getlist(name) for name in request.form if name not in ("csrf_token", "key", "do")}
    saved_at = drafts.save(city(), desk.by.person or 0, desk.subject, typed)
    return jsonify({"saved_at": saved_at.isoformat()})


@pages.post("/<task>/confirm")
def confirm(task: str) -> str | Response | tuple[str, int]:
    """Confirm secrecy: what is open to named persons only opens to whoever confirms, and it is written down who did."""
    with city().store.reading() as c:
        desk = _desk(c, task, confirmed=False)
        if desk.to_confirm is None:
            return redirect(url_for("tasks.show", task=task), 303)
        if not desk.is_theirs:
            raise NotAllowed
        form, part = _confirming(desk, desk.to_confirm)
        before, may = answers.prefilled(form, part, desk.scope()), forms.in_hand(form)
        offered = choices.of(c, city(), desk.by, desk.facts, form, True)
        sent = forms.read(form, part, request.form, before=before, may=may, choices=offered, beside=("csrf_token", "key"))
        errors = forms.check(form, part, sent.data, found=sent.errors, may=may)
        if errors:
            return _confirmation(desk, desk.to_confirm, sent.typed, errors), 422
        submitted = {each.name: sent.data[each.name] for each in form.part(part).fields if not each.auto and each.name in sent.data}
        try:
            cases.confirm(city(), task, submitted, desk.by, acting.key())
        except answers.Errors as refused:
            return _confirmation(desk, desk.to_confirm, sent.typed, refused.errors), 422
    with city().store.reading() as c:
        if _desk(c, task, confirmed=False).to_confirm is None:
            return redirect(url_for("tasks.show", task=task), 303)
    acting.say_done(_("確かめたことを記録しました。守ることを確かめていないか、利害関係のある人は、このやることを開けません。"))
    return redirect(url_for("inbox.index"), 303)


@pages.post("/<task>/claim")
def claim(task: str) -> Response | tuple[str, int]:
    try:
        assignments.claim(city(), task, acting.by())
    except (TakenByAnother, NoLongerOpen):
        with city().store.reading() as c:
            return _conflict(_desk(c, task), None)
    return redirect(url_for("tasks.show", task=task), 303)


@pages.post("/<task>/give-back")
def give_back(task: str) -> Response:
    assignments.give_back(city(), task, acting.by())
    acting.say_done(_("チームに戻しました。"))
    return redirect(url_for("inbox.index"), 303)


@pages.post("/<task>/reassign")
def reassign(task: str) -> Response:
    """The head of the group hands the task to somebody."""
    to = request.form.get("to", "")
    assignments.reassign(city(), task, int(to) if to.isdigit() else 0, acting.by())
    acting.say_done(_("担当を変えました。"))
    return redirect(url_for("inbox.index"), 303)


@pages.post("/<task>/comment")
def comment(task: str) -> Response | tuple[str, int]:
    """Write beside the form."""
    with city().store.reading() as c:
        desk = _desk(c, task)
        return correspondence.say(desk.case, desk.task, url_for("tasks.show", task=task))


@pages.post("/<task>/attach")
def attach(task: str) -> Response | tuple[str, int]:
    """Add a file to the task."""
    with city().store.reading() as c:
        desk = _desk(c, task)
        return correspondence.attach(desk.case, desk.task, url_for("tasks.show", task=task))


def _desk(c: Connection, id: str, confirmed: bool = True) -> Desk:
    """A task and what lies on its desk. Raises NotAllowed for who may not open it; ``confirmed``: or did not confirm secrecy where that is asked."""
    by = acting.by()
    task, found = cases.at_hand(c, city(), id)
    if not (access.may_do(city(), c, by, task) or access.may_reassign(c, by, task)):
        raise NotAllowed
    if confirmed and access.unconfirmed(city(), c, by, task) is not None:
        raise NotAllowed
    form = city().forms(c, found.row.closure)[task.form] if task.form is not None else None
    part = task.part or (form.parts[0].id if form is not None else "")
    return Desk(c, by, task, found, form, part)


def _confirming(desk: Desk, ground: ByName) -> tuple[Form, str]:
    """The part of a form with which secrecy is confirmed."""
    form, _sep, part = ground.confirmed_by.partition("#")
    return city().forms(desk.c, desk.instance.closure)[form], part


def _confirmation(desk: Desk, ground: ByName, typed: Any = None, errors: Any = ()) -> str:
    """The page before a task that is open to named persons only."""
    viewings.note(f"task:{desk.task.id}", desk.task.case, access.ground_of_task(city(), desk.c, desk.by, desk.task), access.LEVELS[0])
    form, part = _confirming(desk, ground)
    drawn = forms.draw(
        form, part, answers.prefilled(form, part, desk.scope()), errors=errors, typed=typed, may=forms.in_hand(form),
        choices=choices.of(desk.c, city(), desk.by, desk.facts, form), action=url_for("tasks.confirm", task=desk.task.id), translate=_,
    )  # fmt: skip
    return render_template(
        "confirm.html", title=form.title, task={"id": desk.task.id, "title": desk.task.name, "number": desk.case.number}, form=drawn,
        errors=acting.wrong(form, part, errors), key=acting.key(),
    )  # fmt: skip


def _closed(desk: Desk) -> str:
    """For a head who may hand a task of named persons to somebody, and reads nothing of it."""
    viewings.note(f"task:{desk.task.id}", desk.task.case, access.HEAD, access.LEVELS[0])
    return render_template(
        "confirm.html", title=desk.task.name, task={"id": desk.task.id, "title": desk.task.name, "number": desk.case.number}, form=None,
        errors=[], colleagues=desk.colleagues,
    )  # fmt: skip


def _note(desk: Desk) -> None:
    level = RESTRICTED if desk.form is not None and desk.form.is_restricted else access.LEVELS[-1]
    viewings.note(f"task:{desk.task.id}", desk.task.case, access.ground_of_task(city(), desk.c, desk.by, desk.task), level)


def _page(desk: Desk, typed: Any = None, errors: Any = (), draft: Any = None) -> str:
    c, task = desk.c, desk.task
    _note(desk)
    sight = access.sight(city(), c, desk.by, desk.case)
    household = access.names(city(), c, desk.by, [task.case]).get(task.case, "")
    process = desk.executable.process(task.process)
    people = acting.names_of_people(c, [task.assignee])
    who = people.get(task.assignee or 0) or acting.group_label(sorted(access.groups_of(c, task.id)))
    is_mine = desk.is_mine_to_answer
    steps = whereabouts.near(c, desk.executable, desk.instance.id, task.element)
    return render_template(
        "task.html",
        task={
            "id": task.id, "title": task.name, "number": desk.case.number, "case_title": household,
            "case_url": url_for("cases.show", number=desk.case.number) if sight.may_open else None, "process": process.name,
            "process_url": url_for("processes.show", process=task.process), "who": who, "is_mine": task.assignee == desk.by.person, "opened_at": task.opened_at,
            "due": acting.due(task.due_on, city().calendar(c)), "due_until": None, "why_due": why_due(c, task),
            "instructions": [line for line in desk.node.documentation.splitlines() if line.strip()], "draft_key": desk.subject, "key": acting.key(),
        },
        steps={"title": process.name, "entries": [{"title": title, "note": _STATES[state](), "state": state} for title, state in steps]},
        form=_drawn(desk, typed, errors), may_answer=is_mine, people_url=_people_url(desk, sight) if is_mine else None,
        hints=_hints(desk, sight), errors=acting.wrong(desk.form, desk.part, errors), draft=draft,
        next_hint=None,
        brief=_brief(desk, sight, household),
        brief_note=_("頼まれていることとプランの目標は、ケースの画面の「支援プラン」で読めます。") if _has_role(task) and sight.may_open else None,
        may={
            "claim": task.assignee is None and access.may_take(c, desk.by, task), "give_back": task.assignee == desk.by.person,
            "reassign": access.may_reassign(c, desk.by, task), "change_due": False, "emergency": False,
        },
        colleagues=desk.colleagues,
        comments=correspondence.comments(c, sight, task.id), may_comment=True,
        files=correspondence.files(c, sight, desk.case.number, task.id), may_attach=True,
        here=_here(desk, process), done=acting.done(),
    )  # fmt: skip


_STATES = {"done": lambda: _("済み"), "current": lambda: _("いまここ"), "ahead": lambda: _("このあと")}


def _drawn(desk: Desk, typed: Any, errors: Any) -> Any:
    if desk.form is None:
        return ""
    data = answers.prefilled(desk.form, desk.part, desk.scope())
    if not desk.is_mine_to_answer:
        return forms.show(desk.form, data, part=desk.part, may=forms.in_hand(desk.form), choices=desk.choices())
    return forms.draw(
        desk.form, desk.part, data, errors=errors, typed=typed, choices=desk.choices(), may=forms.in_hand(desk.form),
        action=url_for("tasks.complete", task=desk.task.id), translate=_,
    )  # fmt: skip


def _people_url(desk: Desk, sight: access.Sight) -> str | None:
    """Where to write down the persons that this form must name, when nobody is known yet."""
    if desk.form is None or not acting.lacks_persons(desk.form.part(desk.part).fields, desk.facts.people):
        return None
    if not sight.may_write("people"):
        return None
    return url_for("cases.people", number=desk.case.number, then=url_for("tasks.show", task=desk.task.id))


def _hints(desk: Desk, sight: access.Sight) -> list[dict[str, Any]]:
    """What the one who was asked replied, and what decision tables said where the form starts from their result."""
    found: list[dict[str, Any]] = [{"title": _("返事：%(title)s", title=each.title), "text": each.text} for each in replies.to_task(desk.c, city(), desk.task)]
    if desk.form is None:
        return found
    scope = desk.scope()
    for name in sorted(desk.executable.results):
        value = scope.latest(name)
        uses = [each for each in desk.form.part(desk.part).fields if name in (each.prefill or "")]
        if uses and isinstance(value, dict) and "why" in value:
            first = uses[0]
            title = _("目安：%(option)s", option=first.label_of(value.get(first.name)))
            found_by = reasons.of_result(desk.c, city(), sight, desk.instance.id, desk.instance.closure, name)
            by_rows = [timeline.why(each) for each in found_by]
            found.append({"title": title, "text": _("%(why)s。決めるのはあなたです。", why=value["why"]), "why": by_rows})
    return found


def _has_role(task: Any) -> bool:
    return bool((task.item or {}).get("role"))


def _brief(desk: Desk, sight: access.Sight, household: str) -> list[tuple[str, str]]:
    organisation = city().organisation(desk.c)
    found = [(_("番号"), desk.case.number)]
    if household:
        found.append((_("世帯"), household))
    if sight.may_open:
        for title, ladder, code in ((_("いまの段階"), "case", desk.case.phase_case), (_("多機関協働"), "coordination", desk.case.phase_coordination)):
            phase = organisation.phase(ladder, code) if code else None
            if phase is not None:
                found.append((title, phase.name))
        if desk.case.lead_org:
            found.append((_("主担当"), organisation.label(desk.case.lead_org)))
    item = desk.task.item or {}
    if item.get("question"):
        found.append((_("たずねたいこと"), item["question"]))
    if _has_role(desk.task):
        found.append((_("頼まれている役割"), item["role"]))
    if item and not sight.may_open:
        names = [choices.person_label(row) for row in desk.facts.people if _agrees(desk, row)]
        if names:
            found.append((_("同意のあるかた"), "、".join(names)))
    return found


def _agrees(desk: Desk, row: Any) -> bool:
    """An agency that is asked sees the names of those who agreed that it may know."""
    given = desk.facts.consents.get(row.id)
    return given is not None and not row.concealed and given.shares_with(desk.by.organisation or "", "share", city().today)


def why_due(c: Connection, task: Any) -> str:
    """Why the deadline is this day: the period as the city calls it."""
    text = (task.due_reason or "").removeprefix("=")
    settings = city().organisation(c).settings
    if text.startswith("settings."):
        setting = settings.get(text.removeprefix("settings."))
        return f"{setting.meaning}（{_period(str(setting.value))}）" if setting is not None else ""
    return _("このやることが届いてから%(period)sです。", period=_period(text)) if text.startswith("P") else ""


def _period(text: str) -> str:
    if text == "P0BD":
        return _("当日中")
    if text.startswith("P") and text.endswith("BD"):
        return _("%(n)s開庁日", n=text[1:-2])
    return text


def _here(desk: Desk, process: Any) -> dict[str, Any]:
    node = desk.task.element.split(":")[1]
    done = set(whereabouts.done_elements(desk.c, desk.instance.id, desk.task.process))
    rows = whereabouts.table(process, node, done)
    return {
        "diagram_url": url_for("processes.diagram", process=desk.task.process, closure=desk.instance.closure),
        "table": [{"element": row.element, "no": row.no, "title": row.title, "state": row.state} for row in rows],
    }


def _typed_at(sent: Any, path: str) -> str:
    """What was typed in a field that could not be read."""
    return "　".join(text for name, texts in sent.typed.items() if name == path or name.startswith(f"{path}-") for text in texts if text)


def _conflict(desk: Desk, sent: Any) -> tuple[str, int]:
    """Somebody was first, or has the task in hand: who, since when, what happened meanwhile; and everything that was typed."""
    c, task = desk.c, desk.task
    _note(desk)
    sight = access.sight(city(), c, desk.by, desk.case)
    shown = desk.form is not None and sent is not None
    typed = forms.show(desk.form, sent.data, part=desk.part, may=forms.in_hand(desk.form), choices=desk.choices()) if shown else None
    unread = [{"message": each.message, "typed": _typed_at(sent, each.path)} for each in sent.errors] if sent is not None else []
    onward = [{"title": _("やることの一覧へ"), "url": url_for("inbox.index")}]
    if sight.may_open:
        onward.insert(0, {"title": _("ケースを開く"), "url": url_for("cases.show", number=desk.case.number)})
    page = render_template(
        "conflict.html",
        task={
            "title": task.name, "number": desk.case.number, "case_title": access.names(city(), c, desk.by, [task.case]).get(task.case, ""),
            "case_url": url_for("cases.show", number=desk.case.number) if sight.may_open else None,
        },
        taken=_taken(desk) if task.status == "open" else None, ended=_ended(desk) if task.status != "open" else None,
        meanwhile=timeline.entries(c, desk.by, sight, 8), typed=typed, unread=unread, onward=onward,
    )  # fmt: skip
    return page, 409


def _ended(desk: Desk) -> dict[str, Any]:
    task = desk.task
    who = acting.names_of_people(desk.c, [task.closed_by]).get(task.closed_by or 0)
    how = _("完了しました") if task.status == "done" else _("取り下げました")
    return {"who": who or _("業務の流れ"), "at": task.closed_at or now(), "how": how}


def _taken(desk: Desk) -> dict[str, Any]:
    task = desk.task
    return {"who": acting.names_of_people(desk.c, [task.assignee]).get(task.assignee or 0, ""), "at": task.claimed_at or now()}
