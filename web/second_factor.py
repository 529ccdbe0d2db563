"""二段階認証: setting up the second proof of one's own sign-in, renewing its codes, giving it up. It changes nobody else."""

from __future__ import annotations

import segno
from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from engine import second_factor, sessions
from engine.errors import NotAllowed
from web import account, acting
from web.auth import SignedIn, current_person, needs_second_factor
from web.context import now, store
from web.language import _

pages = Blueprint("second_factor", __name__, url_prefix="/account/second-factor")

ISSUER = "Bansou"  # what the app shows above the code


@pages.get("")
def index() -> str | Response:
    """A key for the app, as a picture and typed, and a place for the first code."""
    return _page()


@pages.post("")
def confirm() -> str | Response | tuple[str, int]:
    """From now on a code is asked for. The codes for paper stand on the answer and nowhere else; every other session ends."""
    me = _with_a_password()
    codes = second_factor.confirm(store(), me.id, request.form.get("code", ""), now())
    if codes is None:
        page = _page(_("コードが違います。アプリにいま出ている6けたの数字を入れてください。スマートフォンの時計が合っているかも確かめてください。"))
        return (page, 422) if isinstance(page, str) else page
    sessions.end_others(store(), me.id, me.session.id, now())
    return _codes(codes)


@pages.post("/recovery-codes")
def renew() -> str | tuple[str, int]:
    """Ten new codes for paper, for whoever knows the password."""
    me = _with_a_password()
    if not me.has_second_factor:
        raise NotAllowed
    return account.refused(me, _("紙のコードを作り直せませんでした")) or _codes(second_factor.renew_recovery_codes(store(), me.id))


@pages.post("/remove")
def remove() -> Response | tuple[str, int]:
    """No code any more, for whoever knows the password; not where the city asks for one."""
    me = _with_a_password()
    if needs_second_factor(me):
        raise NotAllowed
    if page := account.refused(me, _("二段階認証をやめられませんでした")):
        return page
    second_factor.remove(store(), me.id)
    acting.say_done(_("二段階認証をやめました。"))
    return redirect(url_for("account.index"), 303)


def _with_a_password() -> SignedIn:
    """Whoever signed in otherwise gave a second proof there, or needs none."""
    me = current_person()
    if me.session.way != "password":
        raise NotAllowed
    return me


def _codes(codes: tuple[str, ...]) -> str:
    return render_template("recovery_codes.html", codes=codes)


def _page(error: str = "") -> str | Response:
    me = _with_a_password()
    key = second_factor.key_to_confirm(store(), me.id, now())
    if key is None:
        return redirect(url_for("account.index"), 303)
    picture = segno.make(second_factor.address_of(key, ISSUER, me.person.login), micro=False).svg_inline(scale=5, light="#fff", svgclass="qr", lineclass=None)
    groups = [key[start : start + 4] for start in range(0, len(key), 4)]
    return render_template("second_factor.html", picture=Markup(picture), key=" ".join(groups), error=error, required=needs_second_factor(me))
