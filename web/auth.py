"""Signing in and out, who is at the screen, and for which organisation. The cookie holds a token; the session is in the store.

It never decides what a person may do: that is the engine's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from flask import Blueprint, Flask, abort, current_app, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from engine import people, second_factor, sessions
from engine.people import Person, TooManyAttempts, organisation_of
from engine.sessions import Session, Way
from web import dates
from web.context import now, store, today
from web.guard import inside, is_open, open_to_all
from web.language import _

CODE_WAITS = timedelta(minutes=5)  # how long a right password waits for the code that belongs to it
BEFORE_SECOND_FACTOR = ("auth.sign_out", "second_factor.index", "second_factor.confirm")  # what is open to whoever must set one up first

# What a browser says of itself, the more particular first.
BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "FxiOS": "Firefox", "CriOS": "Chrome", "Chrome": "Chrome", "Safari": "Safari"}
SYSTEMS = {
    "iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "CrOS": "ChromeOS", "Windows": "Windows", "Macintosh": "Mac", "Linux": "Linux",
}  # fmt: skip

pages = Blueprint("auth", __name__)


@dataclass(frozen=True)
class SignedIn:
    person: Person
    groups: frozenset[str]
    organisation: str | None  # the one acted for; None for somebody who belongs to none
    session: Session
    has_second_factor: bool

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


def begin_session(person: Person, way: Way) -> None:
    """Sign this person in, in a session of its own."""
    forms_of_same_person = session.get("csrf_token") if session.get("was") == person.id else None
    session.clear()
    agent, address = request.user_agent.string, request.remote_addr or ""
    session["token"] = sessions.begin(store(), person, way, device(agent), address, now())
    if forms_of_same_person:  # a page left open over lunch can still be sent
        session["csrf_token"] = forms_of_same_person
    g.me, _ended = _from_session()


def device(agent: str) -> str:
    """The browser and the system in words, such as 「Firefox・Windows」; what else a browser says of itself is not kept."""
    said = (next((name for sign, name in names.items() if sign in agent), None) for names in (BROWSERS, SYSTEMS))
    return "・".join(name for name in said if name)


def recognise() -> Response | None:
    """Before every request: find out who this is, or show the way to the sign-in page."""
    g.me, ended = _from_session()
    if ended:
        kept = {key: session[key] for key in ("csrf_token", "was") if key in session}
        session.clear()
        session.update(kept, ended=ended)
    if is_open(request.endpoint):
        return None
    if g.me is None:
        door = "demo.index" if current_app.config["DEMO"] else "auth.sign_in"
        return redirect(url_for(door, next=this_page()), 303)
    if g.me.organisation is None and g.me.organisations and request.endpoint != "auth.sign_out":
        return redirect(url_for("auth.choose_organisation", next=this_page()), 303)
    if needs_second_factor(g.me) and not g.me.has_second_factor and request.endpoint not in BEFORE_SECOND_FACTOR:
        return redirect(url_for("second_factor.index"), 303)
    return None


def needs_second_factor(me: SignedIn) -> bool:
    """Whether the city asks this person for a second proof; whoever came without a password gave theirs elsewhere."""
    whom = current_app.config["SIGN_IN"].second_factor
    return me.session.way == "password" and (whom == "everybody" or (whom == "administrators" and me.person.administrator))


@pages.get("/sign-in")
@open_to_all
def sign_in() -> str | Response:
    """The page on which a person signs in."""
    if g.me:
        return redirect(inside(request.args.get("next")), 303)
    return sign_in_page(inside(request.args.get("next")), ended=session.get("ended"))


def sign_in_page(onward: str, login: str = "", error: str | None = None, ended: str | None = None) -> str:
    """The page with every way to sign in. `error`: why the last try failed; `ended`: why the last session did."""
    provider = current_app.config["SIGN_IN"].provider
    return render_template("login.html", login=login, error=error, ended=ended, next=onward, provider=provider)


@pages.post("/sign-in")
@open_to_all
def check_sign_in() -> Response | tuple[str, int]:
    """Sign in, or show the same page with what to do next."""
    login, password = request.form.get("login", ""), request.form.get("password", "")
    onward = inside(request.form.get("next"))
    try:
        person = verified(login, password) if login and password else None
    except TooManyAttempts as refusal:
        return sign_in_page(onward, login, too_many(refusal.until)), 429
    if person is None:
        error = _("利用者IDかパスワードが違います。大文字と小文字、日本語入力になっていないかを確かめてください。")
        return sign_in_page(onward, login, error), 422
    if second_factor.is_set_up(store(), person.id):
        session["waiting"] = {"person": person.id, "version": person.session_version, "since": now().timestamp(), "next": onward}
        return redirect(url_for("auth.code"), 303)
    begin_session(person, "password")
    return redirect(onward, 303)


@pages.get("/sign-in/code")
@open_to_all
def code() -> str | Response:
    """The page that asks for a second proof."""
    if g.me or _waiting() is None:
        return redirect(url_for("auth.sign_in"), 303)
    return render_template("code.html", error=None)


@pages.post("/sign-in/code")
@open_to_all
def check_code() -> Response | tuple[str, int]:
    """Sign in, or show the same page with what to do next."""
    person = _waiting()
    if person is None:
        return redirect(url_for("auth.sign_in"), 303)
    try:
        kind = second_factor.accept(store(), person, request.form.get("code", ""), request.remote_addr or "", now())
    except TooManyAttempts as refusal:
        return render_template("code.html", error=too_many(refusal.until)), 429
    if kind is None:
        error = _("コードが違うか、もう使われています。アプリに次のコードが出るのを待って、入れてください。")
        return render_template("code.html", error=error), 422
    onward = inside(session["waiting"]["next"])
    begin_session(person, "password")
    if kind == "app":
        return redirect(onward, 303)
    session["done"] = _("紙のコードを1つ使いました。残りは%(n)s個です。", n=second_factor.recovery_codes_left(store(), person.id))
    return redirect(url_for("account.index"), 303)


@pages.post("/sign-out")
@open_to_all
def sign_out() -> Response:
    """End this session on the server: a cookie that somebody copied ends too."""
    came_from_provider = g.me is not None and g.me.session.way == "provider"
    if g.me:
        sessions.end(store(), g.me.id, g.me.session.id, now())
    session.clear()
    if came_from_provider and "provider.signed_out" in current_app.view_functions:
        return redirect(url_for("provider.signed_out"), 303)
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


def attach(app: Flask) -> None:
    """Recognise whoever is at the screen before anything else is looked at."""
    app.config.update(
        SESSION_COOKIE_NAME="__Host-bansou" if app.config["SESSION_COOKIE_SECURE"] else "bansou",
        SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_PATH="/",
        PERMANENT_SESSION_LIFETIME=sessions.LONGEST,
    )
    app.before_request(recognise)
    app.after_request(_note_afterwards)
    app.register_blueprint(pages)


def _waiting() -> Person | None:
    """Who gave the right password a moment ago and has not changed it since."""
    waiting = session.get("waiting")
    if waiting is None or now().timestamp() - waiting["since"] >= CODE_WAITS.total_seconds():
        return None
    person = people.person(store(), waiting["person"])
    return person if person and person.active and person.session_version == waiting["version"] else None


def _from_session() -> tuple[SignedIn | None, str | None]:
    """Who this is, and why a session that was there is over."""
    if "token" not in session:
        return None, None
    moment = now()
    found = sessions.find(store(), session["token"], moment, today())
    if found is None or found.over:
        if found:
            session["was"] = found.person.id
        return None, found.over if found else "elsewhere"
    if moment - found.session.seen_at >= sessions.NOTED_EVERY:
        g.still_there = found.session.id
    return SignedIn(found.person, found.groups, _acts_for(found.groups), found.session, found.has_second_factor), None


def _acts_for(groups: Iterable[str]) -> str | None:
    """The one organisation there is, or the one that was chosen."""
    all_of_them = {organisation_of(group) for group in groups}
    chosen = session.get("organisation") if len(all_of_them) > 1 else next(iter(all_of_them), None)
    return chosen if chosen in all_of_them else None


def _note_afterwards(response: Response) -> Response:
    """That somebody is still there is written once the reply has been sent: no page waits for it."""
    if "still_there" in g:
        response.call_on_close(partial(sessions.note, store(), g.still_there, now()))
    return response


def this_page() -> str:
    """The path of this page, or of the page from which something was sent."""
    if request.method in ("GET", "HEAD"):
        return inside(request.full_path.rstrip("?"))
    sent_from = urlsplit(request.referrer or "")
    return inside(sent_from.path) if sent_from.netloc == request.host else "/"


def too_many(until: datetime) -> str:
    """Until when to wait."""
    time = dates.clock(until + timedelta(minutes=1))
    return _("失敗が続いたので、%(time)sまで受け付けません。そのあとで、もう一度お試しください。", time=time)


def verified(login: str, password: str) -> Person | None:
    """The active person whose login and password these are. Raises TooManyAttempts."""
    return people.verify(store(), login, password, request.remote_addr or "", now())
