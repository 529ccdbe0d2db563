"""What a page shows is in the record of who saw what as soon as its reply was read, and not on the way to it."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask
from visits import Staff, Visitor

from engine import store
from engine.city import City
from web import viewings


def rows(city: City) -> list[tuple[int, str, int, str, str]]:
    log = store.access_log
    with city.store.reading() as c:
        return [tuple(row) for row in c.execute(sa.select(log.c.person, log.c.organisation, log.c.case, log.c.what, log.c.level).order_by(log.c.id))]


def test_what_was_noted_is_written_when_the_reply_was_sent(app: Flask, city: City, staff: Staff) -> None:
    before = []

    @app.get("/shows")
    def shows() -> str:
        viewings.note("case", 7, "lead", "L2")
        before.append(rows(city))
        return "shown"

    person = staff.joins()
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    with visitor.signed_in_as(person).get("/shows", buffered=False) as answer:
        assert answer.text == "shown"
    assert before == [[]]
    assert rows(city) == [(person.id, "esikoni", 7, "case", "L2")]


def test_a_page_that_shows_nothing_leaves_no_trace(visitor: Visitor, city: City, staff: Staff) -> None:
    visitor.signed_in_as(staff.joins()).get("/account").close()
    assert rows(city) == []
