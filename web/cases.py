"""Cases: received at a counter, looked at, written to at any time, printed. What may be seen is decided by engine/access.py."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from sqlalchemy.engine import Connection
from werkzeug.wrappers import Response

import forms
from engine import access, answers, cases, choices, drafts, duplicates, feeds, inbox, outbox, rehearsal, store
from engine import enclosures as enclosing
from engine.access import Sight
from engine.city import By
from engine.duplicates import Reply
from engine.errors import NoLongerOpen, NotAllowed
from engine.facts import Facts, NewCase
from engine.kernel.commands import Deliver
from forms import Form
from web import acting, correspondence, enclosures, timeline, viewings
from web.context import city, today
from web.dates import dated
from web.frame import marked
from web.guard import inside
from web.language import _

pages = Blueprint("cases", __name__, url_prefix="/cases")

NEW = "new"  # the subject of the draft of a case that is not there yet


# -- 受付 ----------------------------------------------------------------------------------------------------------------
@pages.get("/new")
def new() -> str:
    """The page on which a person is received."""
    with city().store.reading() as c:
        draft = drafts.load(c, acting.by().person or 0, NEW)
        return _new_page(c, typed=draft.typed if draft is not None else None, draft=draft)


@pages.post("/new")
def create() -> str | Response | tuple[str, int]:
    """Receive: the case, its number and its first answer in one go. A likely duplicate is said once, and no more than that."""
    by, do = acting.by(), request.form.get("do", "save")
    if do == "forget":
        drafts.forget(city(), by.person or 0, NEW)
        return redirect(url_for("cases.new"), 303)
    with city().store.reading() as c:
        process, form, part = _start(c, by)
        before = answers.prefilled(form, part, _new_scope(c, by))
        sent, kept = enclosures.read(
            form, part, NEW, before=before, may=_may_all, choices=_new_choices(c, by, form), beside=("csrf_token", "key", "seen_duplicate")
        )
        if sent.wants == "save":
            drafts.save(city(), by.person or 0, NEW, sent.typed)
            acting.say_done(_("下書きを保存しました。"))
            return redirect(url_for("inbox.index"), 303)
        if sent.wants != "complete":
            return _new_page(c, typed=sent.typed, kept=kept)
        errors = forms.check(form, part, sent.data, found=sent.errors, may=_may_all)
        if errors:
            return _new_page(c, typed=sent.typed, errors=errors, kept=kept), 422
        submitted = {each.name: sent.data[each.name] for each in form.part(part).fields if not each.auto and each.name in sent.data}
        reply = duplicates.ask(city(), by, form, submitted) if request.form.get("seen_duplicate") != "yes" else Reply.NOT_KNOWN
        if reply is not Reply.NOT_KNOWN:
            return _new_page(c, typed=sent.typed, reply=reply, kept=kept), 200
        try:
            outcome = cases.open_case(city(), process, submitted, by, acting.key())
        except answers.Errors as refused:
            return _new_page(c, typed=sent.typed, errors=refused.errors, kept=kept), 422
    drafts.forget(city(), by.person or 0, NEW)
    outbox.drain(city(), outcome.case)
    with city().store.reading() as c:
        number = c.scalar(sa.select(store.case.c.number).where(store.case.c.id == outcome.case))
        acting.say_done(_("%(number)s として受け付けました。", number=number))
        following = inbox.next_of_case(city(), c, by, outcome.case)
    return redirect(url_for("tasks.show", task=following) if following else url_for("cases.show", number=number), 303)


@pages.post("/new/draft")
def draft() -> Response:
    """Keep what is on the page of a new case, as it is typed."""
    typed = {name: request.form.getlist(name) for name in request.form if name not in ("csrf_token", "key", "do", "seen_duplicate")}
    saved_at = drafts.save(city(), acting.by().person or 0, NEW, typed)
    return jsonify({"saved_at": saved_at.isoformat()})


def _start(c: Connection, by: By) -> tuple[str, Form, str]:
    """The process that this person may start, and the form that it starts with."""
    for process in city().organisation(c).starters:
        closure = city().closure_in_force(c, process)
        if closure is not None and access.may_start(city(), c, by, process):
            return process, *rehearsal.start_form(city(), c, process, closure)
    raise NotAllowed


def _new_scope(c: Connection, by: By) -> answers.Scope:
    return answers.Scope(c, city(), NewCase(c, city(), by.organisation), None, None, by)


def _may_all(level: str) -> bool:
    return level in access.LEVELS


def _new_choices(c: Connection, by: By, form: Form, kept: tuple[forms.Choice, ...] = ()) -> forms.Choices:
    return choices.of(c, city(), by, None, files=(*enclosing.offered(c, city(), by, None, form, NEW, {}), *kept))


def _new_page(
    c: Connection, typed: Any = None, errors: Any = (), reply: Reply = Reply.NOT_KNOWN, draft: Any = None, kept: tuple[forms.Choice, ...] = ()
) -> str:
    by = acting.by()
    process, form, part = _start(c, by)
    data = answers.prefilled(form, part, _new_scope(c, by))
    drawn = forms.draw(
        form, part, data, errors=errors, typed=typed, choices=_new_choices(c, by, form, kept), may=_may_all,
        action=url_for("cases.create"), translate=_,
    )  # fmt: skip
    closure = city().closure_in_force(c, process) or ""
    node = rehearsal.start_node(city(), c, process, closure)
    lines = [line for line in node.documentation.splitlines() if line.strip()]
    return render_template(
        "new_case.html", form=drawn, errors=acting.wrong(form, part, errors), duplicate=reply is Reply.KNOWN,
        unasked=duplicates.MOST_A_DAY if reply is Reply.ASKED_TOO_OFTEN else None, instructions=lines, key=acting.key(),
        organisation=by.organisation, draft=draft,
    )  # fmt: skip


# -- ケースの画面 ---------------------------------------------------------------------------------------------------------
@dataclass
class File:
    """One case file as this person may see it."""

    c: Connection
    by: By
    row: Any
    sight: Sight
    facts: Facts

    @property
    def reads_l2(self) -> bool:
        return self.sight.sees_concealed

    @cached_property
    def people(self) -> list[Any]:
        """The persons of the household of whom this person may know."""
        return access.persons(city(), self.c, self.sight, self.facts.people)


def _file(c: Connection, number: str) -> File:
    by = acting.by()
    row = c.execute(sa.select(store.case).where(store.case.c.number == number)).one_or_none()
    if row is None:
        raise NotAllowed
    sight = access.sight(city(), c, by, row)
    if not sight.may_open:
        raise NotAllowed
    return File(c, by, row, sight, Facts(c, city(), row.id, None))


@pages.get("/<number>")
def show(number: str) -> str:
    """Where the case stands, what is open, what happened, the plan, the people, the consents."""
    with city().store.reading() as c:
        file = _file(c, number)
        viewings.note_case(file.sight)
        before = request.args.get("before", "")
        events, older, last = timeline.page(c, file.by, file.sight, before=int(before) if before.isdigit() else None)
        more = {"count": older, "url": url_for("cases.show", number=number, before=last, _anchor="line-h")} if older and last else None
        names = access.names(city(), c, file.by, [file.row.id])
        return render_template(
            "case.html",
            case={"number": number, "title": acting.household(names, file.row.id), "received_on": file.row.opened_at, "area": None, "note": _contact(file)},
            state=_state(file), prints=_prints(file), may=_may(file), open_tasks=_open_tasks(file), events=events, kinds=[], more=more,
            plan=_plan(file), answers=_answers(file), people=_people(file), people_note=None, consents=_consents(file), running=_running(file),
            starts=_starts(file), comments=correspondence.comments(c, file.sight), files=correspondence.files(c, file.sight, number),
            done=acting.done(),
        )  # fmt: skip


def _may(file: File) -> dict[str, bool]:
    offered = {place: file.sight.may_write(place) for place in city().organisation(file.c).from_case}
    return {
        "emergency": False, "add_record": offered.get("record", False), "add_consent": offered.get("consent", False),
        "correct_people": offered.get("people", False), "comment": True, "attach": True,
        "read_viewings": access.may_read_viewings(city(), file.c, file.by, file.row),
    }  # fmt: skip


def _contact(file: File) -> str | None:
    """How to reach them. Of a concealed person even this says where they are not to be looked for."""
    known = [row for row in file.people if file.reads_l2 or not row.concealed]
    return "　".join(row.data["safe_contact"] for row in known if row.data.get("safe_contact")) or None


def _state(file: File) -> list[dict[str, Any]]:
    organisation = city().organisation(file.c)
    row = file.row

    def phase(ladder: str, code: str | None) -> str:
        found = organisation.phase(ladder, code) if code else None
        return found.name if found is not None else "―"

    lead = organisation.label(row.lead_org) if row.lead_org in organisation.offices else "―"
    review = dated(row.next_review_on) if row.next_review_on else "―"
    return [
        {"name": _("いまの段階"), "value": phase("case", row.phase_case), "note": None},
        {"name": _("多機関協働"), "value": phase("coordination", row.phase_coordination), "note": None},
        {"name": _("主担当"), "value": lead, "note": None},
        {"name": _("次の見直し"), "value": review, "note": None},
    ]


def _open_tasks(file: File) -> list[dict[str, Any]]:
    task = store.task
    rows = file.c.execute(sa.select(task).where(task.c.case == file.row.id, task.c.status == "open").order_by(task.c.due_on, task.c.id)).all()
    people = acting.names_of_people(file.c, [row.assignee for row in rows])
    calendar = city().calendar(file.c)
    shown = []
    for row in rows:
        groups = access.groups_of(file.c, row.id)
        mine = access.may_take(file.c, file.by, row)
        sees = file.sight.level(row.form, None) is not None if row.form in file.sight.restricted else file.sight.sees_all
        if not (mine or sees or groups & file.by.groups):
            continue
        label = acting.group_label(sorted(groups))
        shown.append({
            "title": row.name, "url": url_for("tasks.show", task=row.id) if mine else None, "is_restricted": False,
            "who": _("あなた") if row.assignee == file.by.person else people.get(row.assignee or 0) or label,
            "who_note": label if row.assignee else None, "due": acting.due(row.due_on, calendar),
            "movement": _("受け持ち中") if row.assignee else _("だれかが受け持つのを待っています"),
        })  # fmt: skip
    return shown


def _answers(file: File) -> list[dict[str, Any]]:
    found, _more = _readable(file)
    people = acting.names_of_people(file.c, [row.by for row, _form in found])
    organisation = city().organisation(file.c)
    return [
        {
            "title": form.called(row.part), "at": row.at, "url": url_for("cases.answer", answer=row.id), "is_mine": row.by == file.by.person,
            "who": people.get(row.by or 0) or (organisation.label(row.organisation) if row.organisation in organisation.offices else ""),
        }
        for row, form in found
    ]  # fmt: skip


def _readable(file: File, most: int = 60) -> tuple[list[tuple[Any, Form]], bool]:
    """The answers of the case that this person may read, newest first; those that were corrected are behind their correction."""
    answer = store.answer
    rows = file.c.execute(
        sa.select(answer).where(answer.c.case == file.row.id, answer.c.schema_hash != "").order_by(answer.c.id.desc()).limit(most * 4)
    ).all()
    overtaken = {row.corrects for row in rows if row.corrects is not None}
    known = city().forms(file.c)
    found = [
        (row, known[row.form]) for row in rows
        if row.id not in overtaken and row.form in known
        and file.sight.level(row.form, row.organisation, row.part) is not None
    ]  # fmt: skip
    return found[:most], len(found) > most


def _people(file: File) -> list[dict[str, Any]]:
    shown, answers_for_it = [], access.answers_for_sharing(city(), file.c, file.sight)
    for row in file.people:
        hidden = row.concealed and not file.reads_l2
        name = f"{row.data.get('familyName') or ''} {row.data.get('givenName') or ''}".strip()
        born = row.data.get("birthDate")
        shown.append({
            "name": _("お名前は伏せています") if hidden else name or _("氏名不明"), "relation": row.data.get("role") or "",
            "age": answers.age_on(date.fromisoformat(born), today()) if born and not hidden else None,
            "note": _("秘匿事項があります。連絡のしかたに気をつけてください。") if row.concealed and file.reads_l2 else None,
            "sharing_url": url_for("sharing.show", number=file.row.number, member=row.id) if answers_for_it else None,
        })  # fmt: skip
    return shown


ANSWERED = {
    "agreed": (marked("同意した"), "done"), "partial": (marked("一部同意"), "soon"), "refused": (marked("同意しない"), "late"),
    "pending": (marked("考え中"), "wait"), "not_contacted": (marked("まだ会えていない"), "wait"), "incapable": (marked("判断が難しい"), "wait"),
}  # fmt: skip
STEPS = {
    "continue": marked("①会う・相談を続ける"), "share": marked("②決めた機関と共有"), "plan": marked("③プランづくり"),
    "disclose": marked("④受入先に伝える"), "stats": marked("⑤統計・研修"),
}  # fmt: skip


def _consents(file: File) -> list[dict[str, Any]] | None:
    """What each person allowed; none where no ground opens the form on which they said it."""
    organisation = city().organisation(file.c)
    form, _sep, part = organisation.from_case.get("consent", "").partition("#")
    if not file.sight.covers(form, part):
        return None
    shown = []
    for row in file.facts.people:
        given = file.facts.consents.get(row.id)
        if given is None:
            continue
        said, kind = ANSWERED.get(given.answer, (given.answer, ""))
        orgs = "・".join(organisation.label(org) for org in given.orgs if org in organisation.offices)
        scope = _("、").join(_(STEPS[step]) for step in given.steps if step in STEPS) + (f"（{orgs}）" if orgs else "")
        hidden = row.concealed and not file.reads_l2
        shown.append({
            "name": _("お名前は伏せています") if hidden else choices.person_label(row), "state": _(said), "state_kind": kind, "scope": scope,
            "until": given.valid_until,
            "warning": _("撤回されました（%(day)s）。", day=dated(given.withdrawn_on)) if given.withdrawn_on else None,
        })  # fmt: skip
    return shown


def _running(file: File) -> list[dict[str, Any]]:
    instance = store.instance
    organisation = city().organisation(file.c)
    rows = file.c.execute(sa.select(instance).where(instance.c.case == file.row.id, instance.c.status != "ended").order_by(instance.c.id))
    shown = []
    for row in rows:
        ladder, code = ("coordination", row.phase_coordination) if row.phase_coordination else ("case", row.phase_case)
        phase = organisation.phase(ladder, code) if code else None
        shown.append({
            "title": city().executable(file.c, row.closure).process(row.process).name, "phase": phase.name if phase else "",
            "since": row.started_at, "url": url_for("processes.show", process=row.process),
        })  # fmt: skip
    return shown


def _starts(file: File) -> list[dict[str, str]]:
    """What a person may bring about now: events that wait for somebody to press (``manualStart``)."""
    return [
        {"title": title, "url": url_for("cases.press", number=file.row.number, token=token)} for token, title in _pressable(file)
    ]


def _pressable(file: File) -> list[tuple[str, str]]:
    subscription = store.subscription
    rows = file.c.execute(sa.select(subscription).where(subscription.c.case == file.row.id, subscription.c.kind == "message")).all()
    found = []
    for row in rows:
        closure = file.c.scalar(sa.select(store.instance.c.closure).where(store.instance.c.id == row.instance)) or ""
        node = city().executable(file.c, closure).nodes[row.element]
        if "manualStart" in node.properties and file.row.lead_org == file.by.organisation:
            found.append((row.id, node.name))
    return found


@pages.route("/<number>/press/<token>", methods=["GET", "POST"])
def press(number: str, token: str) -> str | Response:
    """Bring about an event that waits for somebody to press; asked once before."""
    with city().store.reading() as c:
        file = _file(c, number)
        title = dict(_pressable(file)).get(token)
        if title is None:
            raise NotAllowed
        row = c.execute(sa.select(store.subscription).where(store.subscription.c.id == token)).one()
        if request.method == "GET":
            return render_template("press.html", case={"number": number}, title=title, key=acting.key())
    cases.carry_out(city(), row.instance, Deliver(token, row.name), acting.key(), file.by)
    outbox.drain(city(), file.row.id)
    acting.say_done(_("「%(title)s」を始めました。", title=title))
    return redirect(url_for("cases.show", number=number), 303)


def _plan(file: File) -> dict[str, Any] | None:
    """The newest plan that this person may read: the form in which actions are agreed."""
    for row, form in _readable(file)[0]:
        names = {each.name for each in form.fields}
        if {"goal_plan", "actions", "term_to"} <= names and row.data.get("actions"):
            return _plan_of(file, row, form)
    return None


def _plan_of(file: File, row: Any, form: Form) -> dict[str, Any]:
    data, organisation = access.readable(city(), file.c, file.sight, form, row), city().organisation(file.c)
    issues = {each.get("no"): each.get("what", "") for each in data.get("issues") or ()}
    decided = file.c.scalar(
        sa.select(store.answer.c.id).where(store.answer.c.instance == row.instance, store.answer.c.id > row.id)
        .where(store.answer.c.data["decision"].as_string() == "decided").limit(1)
    )  # fmt: skip
    period = _("～").join(dated(date.fromisoformat(data[each])) for each in ("term_from", "term_to") if data.get(each))
    return {
        "version": data.get("version", 1), "state": _("実施中") if decided else _("案"), "state_kind": "done" if decided else "wait",
        "goal": data.get("goal_plan", ""), "period": period, "diff_url": None, "print_url": url_for("cases.paper", answer=row.id),
        "rows": [
            {
                "issue": issues.get(each.get("issue_no"), ""), "what": each.get("what", ""), "state": None, "state_kind": "",
                "who": organisation.label(each["org"]) if each.get("org") in organisation.offices else "",
                "due": dated(date.fromisoformat(each["due_on"])) if each.get("due_on") else "",
            }
            for each in data["actions"]
        ],
    }  # fmt: skip


def _prints(file: File) -> list[dict[str, str]]:
    """Forms with lines to sign that were answered: the newest of each."""
    found: dict[str, dict[str, str]] = {}
    for row, form in _readable(file)[0]:
        if form.print.signatures and form.id not in found:
            found[form.id] = {"title": _("%(form)sを印刷", form=form.title.split("(")[0]), "url": url_for("cases.paper", answer=row.id)}
    return list(found.values())


# -- やりとりと書類 -------------------------------------------------------------------------------------------------------
@pages.post("/<number>/comment")
def comment(number: str) -> Response | tuple[str, int]:
    """Write to those who may open the case."""
    with city().store.reading() as c:
        return correspondence.say(_file(c, number).row, None, url_for("cases.show", number=number))


@pages.post("/<number>/attach")
def attach(number: str) -> Response | tuple[str, int]:
    """Add a file to the case."""
    with city().store.reading() as c:
        return correspondence.attach(_file(c, number).row, None, url_for("cases.show", number=number))


@pages.get("/<number>/files/<int:file>")
def file(number: str, file: int) -> Response:
    """Download a file."""
    return correspondence.download(number, file)


# -- 書く、読む、直す、印刷する -----------------------------------------------------------------------------------------
@pages.route("/<number>/record", methods=["GET", "POST"])
def record(number: str) -> str | Response | tuple[str, int]:
    """A record of what was done, at any time."""
    return _write(number, "record")


@pages.route("/<number>/consent", methods=["GET", "POST"])
def consent(number: str) -> str | Response | tuple[str, int]:
    """A consent, or its withdrawal, at any time."""
    return _write(number, "withdrawal" if request.args.get("withdraw") else "consent")


@pages.route("/<number>/people", methods=["GET", "POST"])
def people(number: str) -> str | Response | tuple[str, int]:
    """The persons of the household, corrected and completed."""
    return _write(number, "people")


def _write(number: str, place: str) -> str | Response | tuple[str, int]:
    """Draw, keep or take the form that may be written at this place of the case page."""
    with city().store.reading() as c:
        file = _file(c, number)
        if not file.sight.may_write(place):
            raise NotAllowed
        form_id, _sep, part = city().organisation(c).from_case.get(place, "").partition("#")
        form = answers.form_from_case(city(), c, form_id, part)
        asked = _asked_withdrawal(file) if place == "withdrawal" else None
        subject = ":".join(["case", str(file.row.id), f"{form_id}#{part}", *(each for each in asked or () if each)])
        may = _may_all if place != "people" else file.sight.may(form_id, None, part)  # others wrote what stands there
        scope = answers.Scope(c, city(), file.facts, None, None, file.by)
        before = access.without_concealed(c, file.sight, form, answers.prefilled(form, part, scope))
        before |= feeds.withdrawal(form, part, *asked) if asked is not None else {}
        enclosed = enclosing.offered(c, city(), file.by, file.sight, form, subject, before)
        offered = choices.of(c, city(), file.by, file.facts, known=file.people, files=enclosed)
        here, then = request.full_path.rstrip("?"), request.args.get("then")
        if request.method == "GET" and acting.lacks_persons(form.part(part).fields, file.facts.people) and file.sight.may_write("people"):
            return redirect(url_for("cases.people", number=number, then=here), 303)

        def page(typed: Any = None, errors: Any = (), draft: Any = None, kept: tuple[forms.Choice, ...] = ()) -> str:
            viewings.note_case(file.sight, place)
            offers = replace(offered, files=(*enclosed, *kept))
            drawn = forms.draw(form, part, before, errors=errors, typed=typed, choices=offers, may=may, action=here, translate=_)
            withdraws = place == "consent" and file.sight.may_write("withdrawal")
            others = [{"title": _("同意の撤回を記録する"), "url": url_for("cases.consent", number=number, withdraw=1)}] if withdraws else []
            return render_template(
                "written.html", case={"number": number, "title": acting.household(access.names(city(), c, file.by, [file.row.id]), file.row.id)},
                title=form.called(part), form=drawn, errors=acting.wrong(form, part, errors), key=acting.key(), draft=draft, others=others,
                action=here, comes_first=then is not None and not file.facts.people,
            )  # fmt: skip

        if request.method == "GET":
            draft = drafts.load(c, file.by.person or 0, subject)
            return page(draft.typed if draft else None, draft=draft)
        if request.form.get("do") == "forget":
            drafts.forget(city(), file.by.person or 0, subject)
            return redirect(here, 303)
        sent, kept = enclosures.read(form, part, subject, before=before, may=may, choices=offered, beside=("csrf_token", "key"))
        if sent.wants == "save":
            drafts.save(city(), file.by.person or 0, subject, sent.typed)
            acting.say_done(_("下書きを保存しました。"))
            return redirect(url_for("cases.show", number=number), 303)
        if sent.wants != "complete":
            return page(sent.typed, kept=kept)
        errors = forms.check(form, part, sent.data, found=sent.errors, may=may)
        if errors:
            return page(sent.typed, errors, kept=kept), 422
        submitted = {each.name: sent.data[each.name] for each in form.part(part).fields if not each.auto and each.name in sent.data}
        try:
            cases.record(city(), file.row.id, form_id, part, submitted, file.by, acting.key())
        except answers.Errors as refused:
            return page(sent.typed, refused.errors, kept=kept), 422
    drafts.forget(city(), file.by.person or 0, subject)
    outbox.drain(city(), file.row.id)
    acting.say_done(_("「%(title)s」を記録しました。", title=form.called(part)))
    return redirect(inside(then) if then is not None else url_for("cases.show", number=number), 303)


def _asked_withdrawal(file: File) -> tuple[str, str | None] | None:
    """Whose consent is to be withdrawn, and for which organisation alone, where a link to the form says so: those who are there only."""
    person, org = request.args.get("person", ""), request.args.get("org")
    given = {str(row.id): file.facts.consents.get(row.id) for row in file.people}
    if person not in given:
        return None
    consent = given[person]
    return person, org if consent is not None and org in consent.orgs else None


def _readable_answer(c: Connection, id: int) -> tuple[File, Any, Form]:
    """One answer with its case, for those who may read it."""
    row = c.execute(sa.select(store.answer).where(store.answer.c.id == id, store.answer.c.schema_hash != "")).one_or_none()
    if row is None:
        raise NotAllowed
    by = acting.by()
    case = c.execute(sa.select(store.case).where(store.case.c.id == row.case)).one()
    sight = access.sight(city(), c, by, case)
    if sight.level(row.form, row.organisation, row.part) is None:
        raise NotAllowed
    return File(c, by, case, sight, Facts(c, city(), case.id, row.instance)), row, answers.form_of(city(), c, row)


@pages.get("/answers/<int:answer>")
def answer(answer: int) -> str:
    """What was written, as this person may read it; what it corrects, and what corrected it."""
    with city().store.reading() as c:
        file, row, form = _readable_answer(c, answer)
        viewings.note_answer(file.sight, row)
        may, data = file.sight.may(row.form, row.organisation, row.part), access.readable(city(), c, file.sight, form, row)
        shown = forms.show(
            form, data, part=row.part if len(form.parts) > 1 else None, may=may, choices=choices.of(c, city(), file.by, file.facts),
            url=lambda value: url_for("cases.enclosure", answer=answer, file=int(value)) if value.isdigit() else "",
        )  # fmt: skip
        people_ = acting.names_of_people(c, [row.by])
        mine, overtaken = access.may_correct(city(), c, file.by, row), answers.is_overtaken(c, row)
        after = c.scalar(sa.select(store.answer.c.id).where(store.answer.c.corrects == row.id))
        return render_template(
            "answer.html", title=form.called(row.part), shown=shown, at=row.at, who=people_.get(row.by or 0, ""), number=file.row.number,
            case_url=url_for("cases.show", number=file.row.number) if file.sight.may_open else None, reason=row.reason,
            before_url=url_for("cases.answer", answer=row.corrects) if row.corrects else None,
            after_url=url_for("cases.answer", answer=after) if after else None,
            print_url=None if form.is_restricted else url_for("cases.paper", answer=row.id),
            correct_url=url_for("cases.correct", answer=row.id) if mine and not overtaken else None, is_overtaken=mine and overtaken and after is None,
            done=acting.done(),
        )  # fmt: skip


@pages.get("/answers/<int:answer>/files/<int:file>")
def enclosure(answer: int, file: int) -> Response:
    """Download a file that an answer names. Noted before it leaves."""
    with city().store.reading() as c:
        case, row, form = _readable_answer(c, answer)
        found, body = enclosing.open_file(c, city(), case.sight, form, row, file)
    viewings.note_answer(case.sight, row, "enclosure")
    viewings.write()
    return enclosures.sent_away(found, body)


@pages.route("/answers/<int:answer>/correct", methods=["GET", "POST"])
def correct(answer: int) -> str | Response | tuple[str, int]:
    """One's own answer, corrected by a new answer with its reason."""
    with city().store.reading() as c:
        file, row, form = _readable_answer(c, answer)
        if not access.may_correct(city(), c, file.by, row):
            raise NotAllowed
        if answers.is_overtaken(c, row) and request.method == "GET":
            raise NoLongerOpen(answers.OVERTAKEN)
        part = row.part or form.parts[0].id
        may, before = file.sight.may(row.form, row.organisation, row.part), access.without_concealed(c, file.sight, form, row.data)
        reason, subject = request.form.get("reason", ""), f"correct:{answer}"
        enclosed = enclosing.offered(c, city(), file.by, file.sight, form, subject, before)
        offered = choices.of(c, city(), file.by, file.facts, files=enclosed)

        def page(typed: Any = None, errors: Any = (), settled: str | None = None, kept: tuple[forms.Choice, ...] = ()) -> str:
            offers = replace(offered, files=(*enclosed, *kept))
            viewings.note_answer(file.sight, row, "correct")
            drawn = forms.draw(form, part, before, errors=errors, typed=typed, choices=offers, may=may, action=request.path, translate=_)
            return render_template(
                "correct.html", number=file.row.number, title=form.called(row.part), form=drawn, errors=acting.wrong(form, part, errors), key=acting.key(),
                reason=reason, answer_url=url_for("cases.answer", answer=answer), settled=settled,
            )  # fmt: skip

        if request.method == "GET":
            return page()
        sent, kept = enclosures.read(form, part, subject, before=before, may=may, choices=offered, beside=("csrf_token", "key", "reason"))
        if sent.wants not in ("complete", "save"):
            return page(sent.typed, kept=kept)
        errors = forms.check(form, part, sent.data, found=sent.errors, may=may)
        if not reason.strip():
            errors.append(forms.FieldError("reason", _("直す理由を書いてください。")))
        if errors:
            return page(sent.typed, errors, kept=kept), 422
        submitted = {each.name: sent.data[each.name] for each in form.part(part).fields if not each.auto and each.name in sent.data}
        try:
            outcome = cases.correct(city(), answer, submitted, reason, file.by, acting.key())
        except answers.Errors as refused:
            return page(sent.typed, refused.errors, kept=kept), 422
        except NoLongerOpen as refused:
            return page(sent.typed, settled=refused.message, kept=kept), 409
    if enclosing.asks_for_files(form):
        drafts.forget(city(), file.by.person or 0, subject)
    outbox.drain(city(), file.row.id)
    acting.say_done(_("直しました。前の記録も残っています。"))
    return redirect(url_for("cases.answer", answer=outcome.answer), 303)


@pages.get("/answers/<int:answer>/paper")
def paper(answer: int) -> str:
    """An answer on paper, its parts joined into one sheet, good enough to sign."""
    with city().store.reading() as c:
        file, row, form = _readable_answer(c, answer)
        if form.is_restricted:  # read on the screen only
            raise NotAllowed
        offered = choices.of(c, city(), file.by, file.facts)
        sheets = [(form.title, _printed(file, row, form, None, offered))]
        for joined, other in _joined(file, row, form):
            part = joined.part if len(other.parts) > 1 else None
            sheets.append((other.called(part), _printed(file, joined, other, part, offered)))
        return render_template("paper.html", title=form.title, number=file.row.number, sheets=sheets, back=url_for("cases.answer", answer=answer))


def _printed(file: File, row: Any, form: Form, part: str | None, offered: forms.Choices) -> Any:
    viewings.note_answer(file.sight, row, "paper")
    data = access.readable(city(), file.c, file.sight, form, row)
    return forms.paper(form, data, part=part, may=file.sight.may(row.form, row.organisation, row.part), choices=offered)


def _joined(file: File, row: Any, form: Form) -> list[tuple[Any, Form]]:
    """The answers that are printed behind a form: given after it in the same course of work, before the form was written anew."""
    if row.instance is None or not form.print.joins:
        return []
    answer = store.answer
    again = file.c.scalar(
        sa.select(sa.func.min(answer.c.id)).where(
            answer.c.instance == row.instance, answer.c.form == row.form, answer.c.id > row.id, answer.c.part == form.parts[0].id
        )
    )
    known = city().forms(file.c)
    found = []
    for place in form.print.joins:
        form_id, _sep, part = place.partition("#")
        later = sa.select(answer).where(answer.c.instance == row.instance, answer.c.form == form_id, answer.c.id > (_first_of_draft(file, row) or 0))
        if part:
            later = later.where(answer.c.part == part)
        if again is not None:
            later = later.where(answer.c.id < again)
        newest = {(each.task if each.activation else form_id): each for each in file.c.execute(later.order_by(answer.c.id))}
        for each in newest.values():
            if file.sight.level(form_id, each.organisation, each.part) is not None:
                found.append((each, known[form_id]))
    return found


def _first_of_draft(file: File, row: Any) -> int | None:
    """The newest answer of this form's first part up to this one: where this version of it began."""
    answer, form = store.answer, city().forms(file.c)[row.form]
    return file.c.scalar(
        sa.select(sa.func.max(answer.c.id)).where(
            answer.c.instance == row.instance, answer.c.form == row.form, answer.c.id <= row.id, answer.c.part == form.parts[0].id
        )
    )
