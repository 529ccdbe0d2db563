"""職員と組織: who works here, in which groups, and what nobody would receive. For administrators; it shows no case."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import assignments, identities, people, second_factor, staffing
from engine.errors import NotAllowed, Refusal
from engine.feeds import key
from engine.organisation import Organisation
from engine.people import Person, UnusableLogin, organisation_of
from forms.characters import find_unusable
from forms.dates import ImpossibleDate, read_date
from web import acting, paging
from web.auth import current_person
from web.context import city, now, store, today
from web.dates import dated
from web.frame import group_name
from web.guard import inside
from web.language import _
from web.sign_in_settings import Provider

log = logging.getLogger("bansou.people")

pages = Blueprint("people", __name__, url_prefix="/people")

PAGE = 50
NOWHERE = "none"  # the filter for people without a group
LONGEST = 80  # characters of a name
BOXES = ("era", "y", "m", "d")
LONGEST_SUBJECT = 255  # ASCII characters: OpenID Connect Core §2


@pages.before_request
def _administrators_only() -> None:
    if not current_person().person.administrator:
        raise NotAllowed


@pages.get("")
def index() -> str:
    """Everybody, or those who were looked for."""
    return _page()


@pages.post("")
def add() -> str | tuple[str, int]:
    """Somebody new. Their first password stands on the answer and nowhere else."""
    typed = {name: request.form.get(name, "").strip() for name in ("name", "kana", "login", "group")}
    errors = [acting.Wrong(at, message) for at, message in _wrong(typed)]
    first = None if current_app.config["DEMO"] else people.speakable()
    if not errors:
        try:
            new = people.add_person(
                store(), typed["login"], typed["name"], now=now(), kana=typed["kana"], password=first, since=today(),
                groups=_with_office(typed["group"]), demo=current_app.config["DEMO"],
            )  # fmt: skip
        except UnusableLogin as refusal:
            errors = [acting.Wrong("login", refusal.message)]
    if errors:
        return _page(errors=errors, typed=typed), 422
    _note(new.id)
    return _page(said=_("%(name)sさんを加えました。", name=new.name), password=first, whose=new)


@pages.get("/<int:person>")
def show(person: int) -> str:
    """One person: where they belong from when to when, and whether they leave."""
    return _one(_somebody(person))


@pages.post("/<int:person>/join")
def join(person: int) -> Response | tuple[str, int]:
    """Into a group, from today on or between two days; whoever leads an office belongs to it."""
    someone, group = _active(person), request.form.get("group", "")
    if group not in _organisation().groups:
        raise Refusal(_("その所属はありません。前の画面を読み込み直して、選び直してください。"))
    since, until, errors = _days("since", "until")
    if errors:
        return _one(someone, errors, "join"), 422
    for each in _with_office(group):
        people.join(store(), someone.id, each, since or today(), until)
    return _done(_("%(name)sさんを「%(group)s」に加えました。", name=someone.name, group=_organisation().label(group)))


@pages.post("/<int:person>/last-day")
def set_last_day(person: int) -> Response | tuple[str, int]:
    """The last day in a group; out of an office means out of its lead, too."""
    someone, group = _active(person), request.form.get("group", "")
    _since, until, errors = _days(None, "last", needed=True)
    if errors or until is None:
        return _one(someone, errors, "last"), 422
    for each in {term.group for term in people.terms(store(), someone.id, today())}:
        if each == group or (group == organisation_of(group) == organisation_of(each)):
            people.set_last_day(store(), someone.id, each, until, today())
    return _done(_("%(name)sさんの「%(group)s」の最後の日を、%(day)sにしました。", name=someone.name, group=group_name(group), day=dated(until)))


@pages.post("/<int:person>/leaves")
def leaves(person: int) -> Response | tuple[str, int]:
    """A leaver with a last day: when it is over they are signed out everywhere, and what they had in hand goes back to its groups."""
    someone = _active(person)
    if someone.id == current_person().id:
        raise Refusal(_("自分を使えなくすることはできません。ほかの管理者に頼んでください。"))
    _since, until, errors = _days(None, "leaves", needed=True)
    if errors or until is None:
        return _one(someone, errors, "leaves"), 422
    people.leave_city(store(), someone.id, until)
    return _done(_("%(name)sさんは、%(day)sまでです。その日が終わると、使えなくなります。", name=someone.name, day=dated(until)))


@pages.post("/<int:person>/stays")
def stays(person: int) -> Response:
    """A leaver who does not leave after all."""
    someone = _active(person)
    people.stay(store(), someone.id)
    return _done(_("%(name)sさんの退職の日を取り消しました。所属の最後の日は、そのままです。", name=someone.name))


@pages.post("/<int:person>/leave")
def leave(person: int) -> Response:
    """Out of a group from today on; out of an office means out of its lead, too."""
    someone, group = _somebody(person), request.form.get("group", "")
    mine = people.groups_of(store(), someone.id, today())
    for each in mine:
        if each == group or (group == organisation_of(group) == organisation_of(each)):
            people.leave(store(), someone.id, each, today() - timedelta(days=1))
    return _done(_("%(name)sさんを所属から外しました。", name=someone.name) + _let_go(someone))


@pages.post("/<int:person>/deactivate")
def deactivate(person: int) -> Response:
    """A leaver: signed out everywhere, out of every group, what they had in hand back to its groups."""
    someone = _active(person)
    if someone.id == current_person().id:
        raise Refusal(_("自分を使えなくすることはできません。ほかの管理者に頼んでください。"))
    people.deactivate(store(), someone.id, today())
    return _done(_("%(name)sさんを使えなくしました。", name=someone.name) + _let_go(someone))


@pages.post("/<int:person>/reactivate")
def reactivate(person: int) -> Response:
    """Somebody who comes back, as yet without a group."""
    someone = _somebody(person)
    people.reactivate(store(), someone.id)
    return _done(_("%(name)sさんをまた使えるようにしました。所属を加えてください。", name=someone.name))


@pages.post("/<int:person>/reset")
def reset(person: int) -> str:
    """A new first password; every session of this person ends."""
    someone = _active(person)
    if current_app.config["DEMO"]:
        raise Refusal(_("練習用の人にパスワードはありません。"))
    if someone.id == current_person().id:
        raise Refusal(_("自分のパスワードは、「わたしの設定」で変えてください。"))
    first = people.speakable()
    people.set_password(store(), someone.id, first)
    _note(someone.id)
    return _page(said=_("%(name)sさんのパスワードを作り直しました。", name=someone.name), password=first, whose=someone)


@pages.post("/<int:person>/sign-out")
def sign_out(person: int) -> Response:
    """Ends every session of this person: a device was lost, or something looks wrong."""
    someone = _active(person)
    people.end_sessions(store(), someone.id)
    return _done(_("%(name)sさんを、すべての端末でログアウトさせました。", name=someone.name))


@pages.post("/<int:person>/second-factor/remove")
def remove_second_factor(person: int) -> Response:
    """For somebody whose phone and paper are gone; where the city asks for one, they set it up again at the next sign-in."""
    someone = _active(person)
    if someone.id == current_person().id:
        raise Refusal(_("自分の二段階認証は、「わたしの設定」でやめられます。"))
    second_factor.remove(store(), someone.id)
    people.end_sessions(store(), someone.id)
    said = _(
        "%(name)sさんの二段階認証を外し、すべての端末でログアウトさせました。本人かどうかを確かめてから、次のログインを案内してください。", name=someone.name
    )
    return _done(said)


@pages.post("/<int:person>/identity")
def link(person: int) -> Response:
    """Who somebody is at the city's provider, by the number that its sign-in showed them; an empty one unties them."""
    someone, provider, subject = _active(person), _provider(), request.form.get("subject", "").strip()
    if len(subject) > LONGEST_SUBJECT or not subject.isascii():
        raise Refusal(_("その番号は正しくありません。本人の画面に出ている番号を、そのまま写してください。"))
    if not subject:
        identities.unlink(store(), someone.id, provider.issuer)
        people.end_sessions(store(), someone.id)
        return _done(_("%(name)sさんは、「%(provider)s」では入れなくなりました。", name=someone.name, provider=provider.name))
    identities.link(store(), someone.id, provider.issuer, subject, now())
    return _done(_("%(name)sさんは、「%(provider)s」で入れます。", name=someone.name, provider=provider.name))


def _days(first: str | None, last: str, needed: bool = False) -> tuple[date | None, date | None, list[acting.Wrong]]:
    """The days in the boxes, and what is wrong with them. Empty boxes are no day; a term neither begins nor ends in the past."""
    found: dict[str, date | None] = {}
    errors: list[acting.Wrong] = []
    for name in filter(None, (first, last)):
        boxes = [request.form.get(f"{name}-{box}", "").strip() for box in BOXES]
        try:
            found[name] = read_date(*boxes) if any(boxes[1:]) or (needed and name == last) else None
        except ImpossibleDate as error:
            errors.append(acting.Wrong(f"{name}-y", str(error)))
    since, until = found.get(first or ""), found.get(last)
    for name, day in found.items():
        if day is not None and day < today():
            errors.append(acting.Wrong(f"{name}-y", _("今日か、今日より後の日にしてください。")))
    if not errors and since is not None and until is not None and until < since:
        errors.append(acting.Wrong(f"{last}-y", _("最後の日は、始まりの日か、それより後にしてください。")))
    return since, until, errors


# -- who ---------------------------------------------------------------------------------------------------------------
def _somebody(person: int) -> Person:
    found = people.person(store(), person)
    if found is None:
        raise NotAllowed
    return found


def _active(person: int) -> Person:
    found = _somebody(person)
    if not found.active:
        raise Refusal(_("この人は、いま使えません。先に「また使えるようにする」を押してください。"))
    return found


def _provider() -> Provider:
    found: Provider | None = current_app.config["SIGN_IN"].provider
    if found is None:
        raise NotAllowed
    return found


def _organisation() -> Organisation:
    with store().reading() as c:
        return city().organisation(c)


def _with_office(group: str) -> list[str]:
    """A group and, where it leads an office, the office."""
    return list(dict.fromkeys([organisation_of(group), group])) if group else []


def _wrong(typed: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    if not typed["name"]:
        yield "name", _("氏名を書いてください。")
    for at in ("name", "kana"):
        if len(typed[at]) > LONGEST or find_unusable(typed[at]):
            yield at, _("%(n)s文字までの1行で書いてください。", n=LONGEST)
    if not typed["login"]:
        yield "login", _("利用者IDを書いてください。")
    if typed["group"] and typed["group"] not in _organisation().groups:
        yield "group", _("その所属はありません。選び直してください。")


def _let_go(someone: Person) -> str:
    gone, stays = assignments.let_go(city(), someone.id, acting.by())
    said = _("受け持っていたやること%(n)s件は、チームに戻しました。", n=gone) if gone else ""
    if stays:
        said += _("どのチームのものでもないやることが%(n)s件、この人のまま残っています。業務の流れの担当者に相談してください。", n=stays)
    return said


def _note(person: int) -> None:
    """What was changed, of whom and by whom: in numbers, for whoever reads the log."""
    log.info("%s of person %s by person %s", request.endpoint, person, current_person().id)


def _done(text: str) -> Response:
    _note((request.view_args or {})["person"])
    acting.say_done(text)
    return redirect(inside(request.form.get("next")), 303)


# -- the page ----------------------------------------------------------------------------------------------------------
def _page(
    errors: list[acting.Wrong] | None = None, typed: Mapping[str, str] | None = None, said: str | None = None,
    password: str | None = None, whose: Person | None = None,
) -> str:  # fmt: skip
    known, everybody, groups = _organisation(), people.all_people(store()), people.memberships(store(), today())
    who, office = request.args.get("who", "").strip(), request.args.get("office", "")
    wanted = [each for each in everybody if _is_like(each, who)]
    found = [each for each in wanted if _works_in(office, groups.get(each.id, frozenset()))]
    page, with_codes = paging.asked(PAGE, len(found)), second_factor.everybody_with_one(store())
    provider = current_app.config["SIGN_IN"].provider
    return render_template(
        "people.html",
        people=[_row(each, groups.get(each.id, frozenset()), each.id in with_codes) for each in found[(page - 1) * PAGE : page * PAGE]],
        who=who, narrowed_to=office, offices=_offices(known, wanted, groups, who, office),
        gaps=_gaps(known, everybody, groups), groups=[{"id": each, "title": known.label(each)} for each in _ordered(known)],
        provider=provider, subjects=identities.subjects(store(), provider.issuer) if provider else {},
        errors=errors or [], typed=typed or {}, password=password, whose=whose.name if whose else None,
        pages=paging.pages("people.index", page, PAGE, len(found), who=who or None, office=office or None),
        done=acting.Done(said) if said else acting.done(), here=url_for(
            "people.index", who=who or None, office=office or None, page=page if page > 1 else None
        ),
    )  # fmt: skip


def _one(someone: Person, errors: list[acting.Wrong] | None = None, of: str | None = None) -> str:
    """The page of one person. ``of``: the form that was sent and cannot be taken."""
    known, mine = _organisation(), people.terms(store(), someone.id, today())
    typed = {name: {box: request.form.get(f"{name}-{box}", "") for box in BOXES} for name in ("since", "until", "last", "leaves")} if of else {}
    return render_template(
        "person.html", person=someone, is_me=someone.id == current_person().id, last_day=people.last_day(store(), someone.id),
        terms=[{"group": each.group, "since": each.since, "until": each.until, "is_to_come": each.since > today()} for each in mine],
        groups=[{"id": each, "title": known.label(each)} for each in _ordered(known) if each not in {term.group for term in mine}],
        errors=errors or [], typed=typed, chosen=request.form.get("group", "") if of else "", of=of, done=acting.done(),
    )  # fmt: skip


def _is_like(each: Person, who: str) -> bool:
    wanted = key(who)
    return any(wanted in key(text) for text in (each.name, each.kana, each.login))


def _works_in(office: str, groups: frozenset[str]) -> bool:
    if not office:
        return True
    return not groups if office == NOWHERE else any(organisation_of(group) == office for group in groups)


def _ordered(known: Organisation) -> list[str]:
    return [group for office in known.offices.values() for group in office.groups]


def _row(each: Person, groups: frozenset[str], has_second_factor: bool) -> dict[str, Any]:
    notes = [_("システム管理者")] * each.administrator + [_("業務の流れの担当者")] * each.process_owner + [_("二段階認証")] * has_second_factor
    return {
        "id": each.id, "name": each.name, "kana": each.kana, "login": each.login, "groups": sorted(groups),
        "note": "・".join(notes), "active": each.active, "is_me": each.id == current_person().id,
        "has_second_factor": has_second_factor,
    }  # fmt: skip


def _offices(
    known: Organisation, wanted: Iterable[Person], groups: Mapping[int, frozenset[str]], who: str, here: str
) -> list[dict[str, Any]]:
    counts: Counter[str] = Counter()
    for each in wanted:
        mine = {organisation_of(group) for group in groups.get(each.id, frozenset())}
        counts.update(mine or {NOWHERE})
        counts[""] += 1
    titles = {"": _("すべて"), **{id: office.short for id, office in known.offices.items()}, NOWHERE: _("所属なし")}
    return [
        {
            "title": title, "url": url_for("people.index", office=id or None, who=who or None), "here": id == here,
            "count": counts[id], "late": False, "note": None,
        }
        for id, title in titles.items()
    ]  # fmt: skip


def _gaps(known: Organisation, everybody: Iterable[Person], groups: Mapping[int, frozenset[str]]) -> list[str]:
    active = (each.id for each in everybody if each.active)
    found = staffing.gaps(known, Counter(group for id in active for group in groups.get(id, frozenset())))

    def names(offices: Iterable[str]) -> str:
        return "、".join(known.offices[each].short for each in offices)

    said = [
        _("レーン「%(lane)s」のやることを受け取る人がいません（%(group)s）。", lane=lane, group=known.label(group))
        for lane, group in found.lanes
    ]
    for text, offices in (
        (_("だれもいない組織：%(offices)s"), found.offices),
        (_("断らない相談マネージャーのいない組織：%(offices)s"), found.managers),
        (_("所属長のいない組織：%(offices)s"), found.heads),
    ):
        if offices:
            said.append(text % {"offices": names(offices)})
    if found.unknown:
        said.append(_("organisation.toml にない所属に入っている人がいます：%(groups)s", groups="、".join(found.unknown)))
    return said
