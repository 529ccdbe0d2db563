"""The screens: a Flask application made from a store. It keeps nothing itself and imports no workflow library."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from engine.people import is_demo
from web import (
    account,
    auth,
    cases,
    dates,
    demo,
    frame,
    guard,
    inbox,
    incidents,
    language,
    meetings,
    people,
    processes,
    provider,
    search,
    second_factor,
    sharing,
    tasks,
    vendor,
    viewers,
    viewings,
    watch,
)
from web.sign_in_settings import SignInSettings

FAMILIES = (demo, inbox, tasks, cases, sharing, viewers, watch, processes, incidents, search, meetings, people)  # families of screens: each has `pages`


def create_app(config: Mapping[str, Any]) -> Flask:
    """The application. `config` needs CITY and SECRET_KEY; the rest has defaults:

    NODE_MODULES (folder of the fetched files), SESSION_COOKIE_SECURE (False only without TLS), PROXIES (how many trusted
    ones stand in front), SIGN_IN (the city's sign-in.toml).
    """
    app = guard.QuietFlask(__name__)
    app.config.update(
        NODE_MODULES=Path(__file__).parent.parent / "node_modules",
        SESSION_COOKIE_SECURE=True, PROXIES=0, SIGN_IN=SignInSettings(),
    )
    app.config.update(config)
    app.config["DEMO"] = is_demo(app.config["CITY"].store)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if hops := app.config["PROXIES"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]

    auth.attach(app)  # before the guard: an ended session shows the way to the sign-in page, not a forged form
    guard.attach(app)
    language.attach(app)
    dates.attach(app)
    vendor.attach(app)
    frame.attach(app)
    viewings.attach(app)
    provider.attach(app)
    for family in (account, second_factor, *FAMILIES):
        app.register_blueprint(family.pages)
    return app
