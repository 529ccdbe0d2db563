"""What it costs to ask who may see what, and to write down who saw it: pages with these questions and without, in turn."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient

from benchmarks.databases import fresh
from benchmarks.figures import Figure, Sizes
from benchmarks.office import PASSWORD, Office, in_turn
from engine import access, store
from engine.access import Sight
from engine.city import City
from web import create_app, viewings

GOAL = 1.3
CASES = 20  # open in the office, each with its task in the list


def access_overhead(sizes: Sizes) -> Figure:
    """Time of the page with its questions ÷ time without, of whichever page pays more."""
    with fresh("sqlite") as opened:
        office = Office(opened)
        case = office.open_visits(sizes.young)
        for _ in range(CASES - 1):
            office.open_visits()
        with opened.reading() as c:
            row = c.execute(sa.select(store.case).join(store.task).where(store.task.c.id == case.task)).one()
            seen = access.sight(office.city, c, office.by, row)
        reader = signed_in(office.city, "harukaze")
        pages = {"inbox": "/", "case": f"/cases/{row.number}"}
        detail = {name: timed(reader, path, seen, sizes.steps) for name, path in pages.items()}
    worst = max(each["ratio"] for each in detail.values())
    return Figure("access-overhead", worst, "× the page without", f"≤ {GOAL}", worst <= GOAL, detail)


def timed(reader: FlaskClient, path: str, seen: Sight, steps: int) -> dict[str, float]:
    def asks() -> None:
        with reader.get(path) as answer:
            assert answer.status_code == 200

    def asks_nothing() -> None:
        with nothing_is_asked(seen):
            asks()

    asks()
    asks_nothing()
    with_questions, without = zip(*in_turn(steps, asks, asks_nothing), strict=True)
    ours, bare = (statistics.median(each) * 1000 for each in (with_questions, without))
    return {"ratio": round(ours / bare, 2), "with_ms": round(ours, 2), "without_ms": round(bare, 2)}


def signed_in(city: City, login: str) -> FlaskClient:
    """Somebody at a browser, signed in through the page."""
    app = create_app({"CITY": city, "SECRET_KEY": "only for a benchmark", "SESSION_COOKIE_SECURE": False})
    reader = app.test_client()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', reader.get("/sign-in").text)
    assert token is not None
    assert reader.post("/sign-in", data={"csrf_token": token[1], "login": login, "password": PASSWORD}).status_code == 303
    return reader


@contextmanager
def nothing_is_asked(seen: Sight) -> Iterator[None]:
    """Within this, everybody sees what ``seen`` does, every case opens, and nobody writes down who saw it."""
    instead: list[tuple[Any, str, Callable[..., Any]]] = [
        (access, "sight", lambda *_: seen), (access, "openable", lambda *_: sa.true()), (access, "may_take", lambda *_: True),
        (access, "may_read_viewings", lambda *_: True), (access, "concealed", lambda *_: frozenset()), (viewings, "note", lambda *_, **__: None),
    ]  # fmt: skip
    known = [(place, name, getattr(place, name)) for place, name, _ in instead]
    for place, name, answer in instead:
        setattr(place, name, answer)
    try:
        yield
    finally:
        for place, name, answer in known:
            setattr(place, name, answer)
