"""The page of やること: what it asks of the database does not grow with its rows."""

from __future__ import annotations

import sqlalchemy as sa
from desks import at_desk
from standstill import COUNTER, Office

pytest_plugins = ("standstill",)


def statements(office: Office) -> tuple[int, int]:
    """How many rows the page has, and how many statements it took."""
    desk, seen = at_desk(office, COUNTER), []
    desk.get("/")

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    sa.event.listen(office.city.store.engine, "before_cursor_execute", note)
    page = desk.get("/").text
    sa.event.remove(office.city.store.engine, "before_cursor_execute", note)
    return page.count('href="/tasks/'), len(seen)


def test_a_page_of_many_rows_costs_as_many_queries_as_a_page_of_few(office: Office) -> None:
    rows, before = statements(office)
    for family in ("夕凪", "霧雨", "木漏日"):
        office.receives(family)
    more, after = statements(office)
    assert more >= rows + 3 and after <= before, (rows, before, more, after)
