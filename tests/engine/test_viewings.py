"""The record of who saw what: chained by case and day, whole under many writers, written after the reply."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engine import duplicates, store, viewings
from engine.duplicates import Asking
from engine.store import Store
from engine.stream import link
from engine.viewings import Notebook, Viewed

MORNING = datetime(2026, 11, 25, 1, 50, tzinfo=UTC)


def looks(case: int | None = 7, at: datetime = MORNING, **more: Any) -> Viewed:
    return Viewed(at, "case", None, "esikoni", case, "lead", "L2", **more)


def rows(opened: Store) -> list[Any]:
    log = store.access_log
    with opened.reading() as c:
        return list(c.execute(sa.select(log).order_by(log.c.case, log.c.day, log.c.seq)).mappings())


def chain_holds(written: list[Any]) -> bool:
    previous: dict[Any, str] = {}
    for row in written:
        key = row["case"], row["day"]
        linked = {name: row[name] for name in viewings.CHAINED}
        if link(previous.get(key, ""), linked, viewings.CHAINED) != row["hash"]:
            return False
        previous[key] = row["hash"]
    return True


def test_each_case_and_day_has_a_chain_of_its_own(empty_store: Store) -> None:
    evening = MORNING + timedelta(hours=14)  # the next day in Tokyo
    viewings.write(empty_store, [looks(), looks(8), looks(at=evening), looks(), looks(None)])
    written = rows(empty_store)
    places = {(row["case"], row["day"], row["seq"]) for row in written}
    today, tomorrow = date(2026, 11, 25), date(2026, 11, 26)
    assert places == {(7, today, 1), (7, today, 2), (8, today, 1), (7, tomorrow, 1), (None, today, 1)}
    assert chain_holds(written)
    with empty_store.reading() as c:
        heads = {(row.case, row.day): (row.count, row.chain) for row in c.execute(sa.select(store.access_day))}
    assert heads[7, today] == (2, [row["hash"] for row in written if (row["case"], row["day"]) == (7, today)][-1])
    assert set(heads) == {(7, today), (8, today), (7, tomorrow), (viewings.NO_CASE, today)}


def test_many_writers_at_once_make_one_chain(empty_store: Store) -> None:
    def writes() -> None:
        for _ in range(5):
            viewings.write(empty_store, [looks(9), looks(7)])

    threads = [threading.Thread(target=writes) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    written = rows(empty_store)
    assert len(written) == 60 and chain_holds(written)


def test_a_moment_of_any_zone_is_chained_as_it_is_read_back(empty_store: Store) -> None:
    viewings.write(empty_store, [looks(at=datetime.fromisoformat("2026-11-25T10:50:00.123456+09:00"))])
    assert chain_holds(rows(empty_store))


def test_nothing_is_written_before_the_reply_and_everything_after_it(empty_store: Store) -> None:
    notebook = Notebook(empty_store)
    notebook.note(looks())
    notebook.note(looks(8))
    assert rows(empty_store) == []
    notebook.write()
    notebook.write()
    assert len(rows(empty_store)) == 2


def test_what_could_not_be_written_stays_noted(empty_store: Store) -> None:
    notebook = Notebook(empty_store)
    notebook.note(looks())
    with empty_store.transaction() as c:
        c.execute(sa.text("ALTER TABLE access_day RENAME TO elsewhere"))
    with pytest.raises(sa.exc.DatabaseError):
        notebook.write()
    with empty_store.transaction() as c:
        c.execute(sa.text("ALTER TABLE elsewhere RENAME TO access_day"))
    notebook.write()
    assert len(rows(empty_store)) == 1


def test_the_record_of_a_case_is_read_newest_first_and_by_organisation(empty_store: Store) -> None:
    later = MORNING + timedelta(days=1)
    viewings.write(empty_store, [looks(), looks(), Viewed(later, "answer:1", None, "zeimu", 7, "received", "L1"), looks(8)])
    with empty_store.reading() as c:
        assert [(row.what, row.organisation) for row in viewings.of_case(c, 7)] == [("answer:1", "zeimu"), ("case", "esikoni"), ("case", "esikoni")]
        assert [row.what for row in viewings.of_case(c, 7, page=2, size=2)] == ["case"]
        told = [(each.organisation, each.lines, each.last_at) for each in viewings.by_organisation(c, 7)]
        assert told == [("zeimu", 1, later), ("esikoni", 2, MORNING)]
        assert viewings.verify(c, 7) == viewings.verify(c) == []


def test_who_asked_for_duplicates_is_counted_within_a_month(empty_store: Store) -> None:
    asked = [Viewed(MORNING, duplicates.ASKED, None, "zeimu", level="L0")] * 2 + [Viewed(MORNING, duplicates.REFUSED, None, "zeimu", level="L0")]
    viewings.write(empty_store, [*asked, Viewed(MORNING - timedelta(days=40), duplicates.ASKED, None, "zeimu", level="L0"), looks()])
    with empty_store.reading() as c:
        assert duplicates.by_person(c, date(2026, 11, 1), date(2026, 12, 1)) == [Asking(None, "zeimu", 2, 1, 1)]
