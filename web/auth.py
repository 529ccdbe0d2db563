"""Who is at the screen, and for which organisation. A session is a signed cookie: person, session version, two moments.

It never decides what a person may do: that is the engine's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import Blueprint, Flask, abort, current_app, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from engine import people
from engine.people import Person, TooManyAttempts, organisation_of
from web import dates
from web.context import now, store, today
from web.guard import inside, is_open, open_to_all
from web.language import _

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
NOTED_EVERY = timedelta(minutes=1)  # how often the last moment is written into the cookie

pages = Blueprint("auth", __name__)


@dataclass(frozen=True)
class SignedIn:
    person: Person
    groups: frozenset[str]
    organisation: str | None  # the one acted for; None for somebody who belongs to none

    @property
    def id(self) -> int:
        return self.person.id

    @property
    def name(self) -> str:
        return self.person.name

    @property
    def organisations(self) -> list[str]:
        """Every organisation this person may act for."""
        return sorted({organisation_of(group) for group in self.groups})


def current_person() -> SignedIn:
    """Who is at the screen; only for views that need a sign-in."""
    found: SignedIn = g.me
    return found


def begin_session(person: Person) -> None:
    """Sign this person in, in a session of its own."""
    forms_of_same_person = session.get("csrf_token") if session.get("was") == person.id else None
    session.clear()
    moment = now().timestamp()
    session.update(person=person.id, version=person.session_version, began=moment, seen=moment)
    if forms_of_same_person:  # a page left open over lunch can still be sent
        session["csrf_token"] = forms_of_same_person
    g.me = _member(person, people.groups_of(store(), person.id, today()))


def recognise() -> Response | None:
    """Before every request: find out who this is, or show the way to the sign-in page."""
    g.me, ended = _from_session()
    if ended:
        kept = {"csrf_token": session["csrf_token"]} if "csrf_token" in session else {}
        kept.update(ended=ended, was=session["person"])
        session.clear()
        session.update(kept)
    if is_open(request.endpoint):
        return None
    if g.me is None:
        door = "demo.index" if current_app.config["DEMO"] else "auth.sign_in"
        return redirect(url_for(door, next=this_page()), 303)
    if g.me.organisation is None and g.me.organisations and request.endpoint != "auth.sign_out":
        return redirect(url_for("auth.choose_organisation", next=this_page()), 303)
    return None


@pages.get("/sign-in")
@open_to_all
def sign_in() -> str | Response:
    """The page on which a person signs in."""
    if g.me:
        return redirect(inside(request.args.get("next")), 303)
    onward = inside(request.args.get("next"))
    return render_template("login.html", login="", error=None, ended=session.get("ended"), next=onward)


@pages.post("/sign-in")
@open_to_all
def check_sign_in() -> Response | tuple[str, int]:
    """Sign in, or show the same page with what to do next."""
    login, password = request.form.get("login", ""), request.form.get("password", "")
    onward = inside(request.form.get("next"))
    try:
        person = _verified(login, password) if login and password else None
    except TooManyAttempts as refusal:
        return _sign_in_again(login, onward, _too_many(refusal.until), 429)
    if person is None:
        error = _("利用者IDかパスワードが違います。大文字と小文字、日本語入力になっていないかを確かめてください。")
        return _sign_in_again(login, onward, error, 422)
    begin_session(person)
    return redirect(onward, 303)


@pages.post("/sign-out")
@open_to_all
def sign_out() -> Response:
    """End every session of this person: a cookie that somebody copied ends too."""
    if g.me:
        people.end_sessions(store(), g.me.id)
    session.clear()
    return redirect(url_for("demo.index" if current_app.config["DEMO"] else "auth.sign_in"), 303)


@pages.get("/organisation")
@open_to_all
def choose_organisation() -> str | Response:
    """Somebody who belongs to several organisations says for which one it is now."""
    if g.me is None:
        return redirect(url_for("auth.sign_in"), 303)
    return render_template("organisation.html", organisations=g.me.organisations, next=inside(request.args.get("next")))


@pages.post("/organisation")
@open_to_all
def act_for() -> Response:
    """Act for this organisation from now on."""
    if g.me is None:
        return redirect(url_for("auth.sign_in"), 303)
    chosen = request.form.get("organisation", "")
    if chosen not in g.me.organisations:
        abort(403)
    session["organisation"] = chosen
    return redirect(inside(request.form.get("next")), 303)


@pages.get("/account")
def account() -> str:
    """One's own account."""
    return render_template("account.html", errors={}, changed="changed" in request.args)


@pages.post("/account/password")
def change_password() -> Response | tuple[str, int]:
    """A new password, for whoever knows the present one."""
    me, new = current_person(), request.form.get("new", "")
    try:
        known = _verified(me.person.login, request.form.get("present", ""))
        errors = {} if known else {"present": _("いまのパスワードが違います。")}
        if new != request.form.get("again", ""):
            errors["again"] = _("新しいパスワードと同じものを、もう一度入れてください。")
        if not errors:
            people.set_password(store(), me.id, new)
    except TooManyAttempts as refusal:
        return render_template("account.html", errors={"present": _too_many(refusal.until)}, changed=False), 429
    except people.UnusablePassword as refusal:
        errors = {"new": refusal.message}
    if errors:
        return render_template("account.html", errors=errors, changed=False), 422
    organisation = session.get("organisation")
    begin_session(people.person(store(), me.id) or me.person)
    session["organisation"] = organisation
    return redirect(url_for("auth.account", changed=1), 303)


def attach(app: Flask) -> None:
    """Recognise whoever is at the screen before anything else is looked at."""
    app.config.update(
        SESSION_COOKIE_NAME="__Host-bansou" if app.config["SESSION_COOKIE_SECURE"] else "bansou",
        SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_PATH="/",
        PERMANENT_SESSION_LIFETIME=LONGEST,
    )
    app.before_request(recognise)
    app.register_blueprint(pages)


def _from_session() -> tuple[SignedIn | None, str | None]:
    """Who this is, and why a session that was there is over."""
    if "person" not in session:
        return None, None
    moment = now()
    began, seen = (datetime.fromtimestamp(session[key], moment.tzinfo) for key in ("began", "seen"))
    if moment - began >= LONGEST or moment - seen >= IDLE:
        return None, "time"
    person, groups = people.person_with_groups(store(), session["person"], today()) or (None, frozenset())
    if person is None or not person.active or person.session_version != session["version"]:
        return None, "elsewhere"
    if moment - seen >= NOTED_EVERY:
        session["seen"] = moment.timestamp()
    return _member(person, groups), None


def _member(person: Person, groups: frozenset[str]) -> SignedIn:
    """A person acting for the one organisation there is, or for the one that was chosen."""
    all_of_them = {organisation_of(group) for group in groups}
    chosen = session.get("organisation") if len(all_of_them) > 1 else next(iter(all_of_them), None)
    return SignedIn(person, groups, chosen if chosen in all_of_them else None)


def this_page() -> str:
    """The path of this page, or of the page from which something was sent."""
    if request.method in ("GET", "HEAD"):
        return inside(request.full_path.rstrip("?"))
    sent_from = urlsplit(request.referrer or "")
    return inside(sent_from.path) if sent_from.netloc == request.host else "/"


def _too_many(until: datetime) -> str:
    time = dates.clock(until + timedelta(minutes=1))
    return _("失敗が続いたので、%(time)sまで受け付けません。そのあとで、もう一度お試しください。", time=time)


def _verified(login: str, password: str) -> Person | None:
    return people.verify(store(), login, password, request.remote_addr or "", now())


def _sign_in_again(login: str, onward: str, error: str, status: int) -> tuple[str, int]:
    return render_template("login.html", login=login, error=error, ended=None, next=onward), status
