"""A city of its own for each test, the screens on it, and a browser that notices everything."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import argon2
import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Browser
from visits import ROOT, Clock, Screen, Staff, Visitor, screens_of
from werkzeug.serving import make_server

from engine import migrations, people, store
from engine.city import City
from engine.store import Store


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("store") / "empty.sqlite3"
    made = store.connect(f"sqlite:///{place}")
    migrations.upgrade(made)
    with made.transaction() as connection:
        body = (ROOT / "processes" / "organisation.toml").read_bytes()
        published = datetime(2026, 4, 1, tzinfo=UTC)
        connection.execute(sa.insert(store.settings_version).values(hash="1", body=body, in_force_from=published))
    made.close()
    return place


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "HASHER", argon2.PasswordHasher(time_cost=1, memory_cost=2048, parallelism=1))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def city(tmp_path: Path, empty_database: Path, clock: Clock) -> Iterator[City]:
    """A city with an organisation and nobody in it."""
    shutil.copy(empty_database, tmp_path / "bansou.sqlite3")
    opened: Store = store.connect(f"sqlite:///{tmp_path / 'bansou.sqlite3'}")
    yield City(opened, clock)
    opened.close()


@pytest.fixture
def demo_city(city: City) -> City:
    with city.store.transaction() as connection:
        connection.execute(sa.insert(store.about).values(key="demo", value="yes"))
    return city


@pytest.fixture
def staff(city: City) -> Staff:
    return Staff(city)


@pytest.fixture
def app(city: City) -> Flask:
    return screens_of(city)


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    found = app.test_client()
    assert isinstance(found, Visitor)
    return found


@pytest.fixture
def browser_of(browser: Browser) -> Callable[[Flask], Iterator[Screen]]:
    """Opens an application in a real browser. Every message of its console is a complaint."""

    def open_browser(app: Flask) -> Iterator[Screen]:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_context(locale="ja-JP", timezone_id="Asia/Tokyo").new_page()
        made = Screen(page, f"http://127.0.0.1:{server.port}", app)
        page.on("console", lambda message: made.hears(message.text))
        page.on("pageerror", lambda error: made.hears(str(error)))
        yield made
        page.context.close()
        server.shutdown()

    return open_browser


@pytest.fixture
def screen(app: Flask, browser_of: Callable[[Flask], Iterator[Screen]]) -> Iterator[Screen]:
    """The application of this test in a real browser."""
    yield from browser_of(app)
