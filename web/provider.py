"""職場のログイン: signing in at the city's own provider (OpenID Connect: code flow with PKCE, nonce and state).

It finds out who somebody is and which of the mapped groups they are in; what that allows, others decide. Nobody is added here.
"""

from __future__ import annotations

import logging
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth
from flask import Blueprint, Flask, current_app, g, redirect, render_template, request, session, url_for
from joserfc.errors import JoseError
from werkzeug.wrappers import Response

from engine import assignments, identities
from engine.city import By
from engine.people import Person
from web.auth import begin_session, sign_in_page
from web.context import city, organisation, store, today
from web.guard import inside, open_to_all
from web.language import _
from web.sign_in_settings import Provider

log = logging.getLogger("bansou.provider")

pages = Blueprint("provider", __name__)

NAME = "provider"
SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")  # by a key of the provider alone
SECONDS = 10  # that an answer of the provider may take
FAILURES = (AuthlibBaseError, JoseError, requests.RequestException, RuntimeError, ValueError, KeyError, TypeError)


@pages.get("/sign-in/provider")
@open_to_all
def start() -> Response | tuple[str, int]:
    """On to the provider."""
    onward = inside(request.args.get("next"))
    if g.me:
        return redirect(onward, 303)
    for key in [key for key in session if key.startswith(f"_state_{NAME}_")]:  # of tries that were given up
        session.pop(key)
    try:
        answer: Response = _client().authorize_redirect(url_for("provider.back", _external=True))
    except FAILURES as failure:
        return _failed(failure, onward, _("いまは「%(name)s」につながりません。しばらくしてからお試しください。", name=_provider().name), 503)
    session["onward"] = onward
    return answer


@pages.get("/sign-in/provider/back")
@open_to_all
def back() -> Response | tuple[str, int]:
    """Back from the provider, with what proves who this is."""
    onward = inside(session.get("onward"))
    try:
        claims = _proven_claims()
        subject = str(claims["sub"])
    except FAILURES as failure:
        wrong = _("「%(name)s」での確認が終わりませんでした。もう一度お試しください。続くときは、システムの担当者にたずねてください。", name=_provider().name)
        return _failed(failure, onward, wrong, 400)
    person = identities.person_of(store(), _provider().issuer, subject)
    if person is None:
        return render_template("unknown_person.html", name=_provider().name, subject=subject), 403
    if not person.active:
        return sign_in_page(onward, error=_("この利用者は、いま使えなくなっています。システムの担当者にたずねてください。")), 403
    if not _follow_groups(person, claims):
        return sign_in_page(onward, error=_("「%(name)s」から所属が届きませんでした。システムの担当者に伝えてください。", name=_provider().name)), 403
    begin_session(person, "provider")
    return redirect(onward, 303)


@pages.get("/signed-out")
@open_to_all
def signed_out() -> str:
    """Signed out here; the way to sign out of the provider too, which a form may not lead to."""
    try:
        address = _client().create_logout_url(url_for("auth.sign_in", _external=True), client_id=_provider().client_id)["url"]
    except FAILURES:
        address = None
    return render_template("signed_out.html", name=_provider().name, address=address)


def attach(app: Flask) -> None:
    """These pages exist only where the city has a provider."""
    provider: Provider | None = app.config["SIGN_IN"].provider
    if provider is None:
        return
    client = OAuth(app).register(
        NAME, client_id=provider.client_id, client_secret=provider.client_secret,
        server_metadata_url=provider.issuer.rstrip("/") + "/.well-known/openid-configuration",
        client_kwargs={"scope": provider.scope, "code_challenge_method": "S256", "default_timeout": SECONDS},
    )  # fmt: skip
    app.extensions["bansou-provider"] = client
    app.register_blueprint(pages)


def _client() -> FlaskOAuth2App:
    return current_app.extensions["bansou-provider"]


def _provider() -> Provider:
    found: Provider = current_app.config["SIGN_IN"].provider
    return found


def _proven_claims() -> dict[str, Any]:
    """What the provider says of somebody, proven to come from it, for us, now, and in answer to this browser (OpenID Connect Core §3.1.3.7).

    Authlib checks the nonce and the authorised party by itself, issuer and audience only where they are named, and takes any signature
    that the provider offers, even none.
    """
    provider, metadata = _provider(), _client().load_server_metadata()
    offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]  # which every provider has (Discovery §3)
    metadata["id_token_signing_alg_values_supported"] = [each for each in offered if each in SIGNATURES]
    token = _client().authorize_access_token(
        claims_options={
            "iss": {"essential": True, "values": [provider.issuer]}, "aud": {"essential": True, "values": [provider.client_id]},
            "sub": {"essential": True}, "exp": {"essential": True}, "iat": {"essential": True}, "nonce": {"essential": True},
        },
    )  # fmt: skip
    claims: dict[str, Any] = token["userinfo"]  # not there if there was no id_token
    return claims


def _follow_groups(person: Person, claims: dict[str, Any]) -> bool:
    """Membership as the city's file maps what the provider says. Whether it said anything: silence must take nobody's work away."""
    provider = _provider()
    if not provider.groups:
        return True
    said = claims.get(provider.groups_claim)
    if not isinstance(said, list):
        return False
    known = organisation()
    given = {group for each in said if isinstance(each, str) for group in provider.groups.get(each, ())}
    given &= known.groups if known else set()
    if identities.follow_groups(store(), person.id, provider.governed, given, today()):
        assignments.let_go(city(), person.id, By(person.id))
    return True


def _failed(failure: Exception, onward: str, said: str, status: int) -> tuple[str, int]:
    """What went wrong is logged by its kind alone: what the provider sent may name somebody."""
    log.warning("the provider's sign-in failed: %s", type(failure).__qualname__)
    return sign_in_page(onward, error=said), status
