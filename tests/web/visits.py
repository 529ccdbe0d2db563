"""Who visits the screens in tests: people with a clock that only moves when told, their browser, and what it notices.

Must not know any process or form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page
from werkzeug.test import TestResponse

from engine import people, sessions
from engine.city import City
from engine.people import Person
from web import create_app

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PASSWORD = "さくらの咲く坂道まで歩く"
SECRET = "only for tests"


class Clock:
    """A clock that moves only when told. It starts on 令和8年11月25日（水）10:50 in Tokyo."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 25, 1, 50, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def passes(self, **span: float) -> None:
        self.moment += timedelta(**span)


class Staff:
    """The people of a city."""

    def __init__(self, city: City) -> None:
        self.city = city

    def joins(
        self, login: str = "harukaze", name: str = "春風 さくら", groups: tuple[str, ...] = ("esikoni",), **more: Any
    ) -> Person:
        return people.add_person(self.city.store, login, name, groups=groups, now=self.city.now(), **more)


class Visitor(FlaskClient):
    """Somebody at a screen: follows no redirect unless asked, and sends forms as a browser does."""

    def open(self, *request: Any, **more: Any) -> TestResponse:
        """Reads the reply to its end, as a browser does: what is written afterwards is written then."""
        return super().open(*request, **{"buffered": True, **more})

    def signed_in_as(self, person: Person, organisation: str | None = None) -> Visitor:
        with self.session_transaction() as session:
            session.update(session_of(self.application, person))
            if organisation:
                session["organisation"] = organisation
        return self

    def token(self) -> str:
        page = self.get("/account", follow_redirects=True).text
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert found, page
        return found[1]

    def sends(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        return self.post(path, data={"csrf_token": self.token(), **(data or {})}, **more)


@dataclass
class Screen:
    """A page of the real browser, and everything the browser complained about."""

    page: Page
    address: str
    app: Flask
    complaints: list[str] = field(default_factory=list)

    def signed_in_as(self, person: Person) -> Screen:
        serializer = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
        name, value = self.app.config["SESSION_COOKIE_NAME"], serializer.dumps(session_of(self.app, person))
        self.page.context.add_cookies([{"name": name, "value": value, "url": self.address}])
        return self

    def opens(self, path: str, width: int = 1440) -> Page:
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.goto(self.address + path)
        return self.page

    def hears(self, complaint: str) -> None:
        if "the server responded with a status of 4" not in complaint:  # the page under test is the refusal
            self.complaints.append(complaint)

    def findings(self) -> list[str]:
        """What axe finds on the page as it is, WCAG 2.2 AA and best practice."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("axe.run({resultTypes: ['violations']})")
        wrong = ((each, node) for each in found["violations"] for node in each["nodes"])
        return [f"{each['id']}: {node['target']} {node['html'][:200]}" for each, node in wrong]

    def sticks_out(self) -> list[str]:
        """What makes the page scroll sideways."""
        return self.page.evaluate("""() => {
            const wide = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= wide) return [];
            const sticksOut = e => e.getBoundingClientRect().right > wide + 1;
            const out = [...document.querySelectorAll('body *')].filter(sticksOut);
            const plain = out.filter(e => !e.parentElement.closest('.scroll'));
            return (plain.length ? plain : out).map(e => e.tagName + '.' + e.className).slice(0, 5);
        }""")


def session_of(app: Flask, person: Person) -> dict[str, Any]:
    """The cookie's content for somebody who signed in with a password this moment."""
    city = app.config["CITY"]
    return {"token": sessions.begin(city.store, person, "password", "Firefox・Linux", "192.0.2.1", city.now())}


def screens_of(city: City, **config: Any) -> Flask:
    """The screens of a city, over plain HTTP as on one's own machine."""
    known = {"CITY": city, "SECRET_KEY": SECRET, "SESSION_COOKIE_SECURE": False}
    app = create_app({**known, **config})
    app.test_client_class = Visitor
    return app
