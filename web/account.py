"""わたしの設定: one's own password, second proof, and where one is signed in. It changes nobody else."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from engine import people, second_factor, sessions
from engine.people import TooManyAttempts
from web import acting
from web.auth import SignedIn, begin_session, current_person, needs_second_factor, too_many, verified
from web.context import now, store
from web.language import _

pages = Blueprint("account", __name__, url_prefix="/account")


@pages.get("")
def index() -> str:
    """One's own account."""
    return _page()


@pages.post("/password")
def change_password() -> Response | tuple[str, int]:
    """A new password, for whoever knows the present one; every other session ends."""
    me, new, unchanged = current_person(), request.form.get("new", ""), _("パスワードを変えられませんでした")
    try:
        known = verified(me.person.login, request.form.get("present", ""))
        errors = {} if known else {"present": _("いまのパスワードが違います。")}
        if new != request.form.get("again", ""):
            errors["again"] = _("新しいパスワードと同じものを、もう一度入れてください。")
        if not errors:
            people.set_password(store(), me.id, new)
    except TooManyAttempts as refusal:
        return _page({"present": too_many(refusal.until)}, unchanged), 429
    except people.UnusablePassword as refusal:
        errors = {"new": refusal.message}
    if errors:
        return _page(errors, unchanged), 422
    organisation = session.get("organisation")
    begin_session(people.person(store(), me.id) or me.person, "password")
    session["organisation"] = organisation
    return _done(_("パスワードを変えました。ほかの端末ではログアウトされています。"))


@pages.post("/sessions/<int:number>/end")
def end_session(number: int) -> Response:
    """Sign out where one is no longer, or never was."""
    sessions.end(store(), current_person().id, number, now())
    return _done(_("その端末をログアウトさせました。心当たりのない端末だったときは、パスワードも変えてください。"))


@pages.post("/sessions/end")
def end_other_sessions() -> Response:
    """Sign out everywhere but here."""
    me = current_person()
    sessions.end_others(store(), me.id, me.session.id, now())
    return _done(_("ほかの端末をすべてログアウトさせました。"))


def _done(text: str) -> Response:
    acting.say_done(text)
    return redirect(url_for("account.index"), 303)


def refused(me: SignedIn, what: str) -> tuple[str, int] | None:
    """The page that says so, unless the present password was typed; `what`: what was not done."""
    try:
        if verified(me.person.login, request.form.get("proof", "")):
            return None
    except TooManyAttempts as refusal:
        return _page({"proof": too_many(refusal.until)}, what), 429
    return _page({"proof": _("いまのパスワードが違います。")}, what), 422


def _page(errors: dict[str, str] | None = None, what: str = "") -> str:
    me = current_person()
    opened, left = sessions.open_sessions(store(), me.id, now()), second_factor.recovery_codes_left(store(), me.id)
    return render_template(
        "account.html", errors=errors or {}, what=what, done=acting.done(), sessions=opened, codes_left=left, required=needs_second_factor(me),
    )  # fmt: skip
