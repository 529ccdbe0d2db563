"""Connections: to a server that went away while nobody asked, and of writers who wait for each other. The next person notices nothing."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine import store

BACKEND = sa.text("SELECT pg_backend_pid()")
OTHERS_END = sa.text(
    "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
def two_connections(postgresql: str):
    """A store whose pool holds one connection, and a second store of the same database."""
    opened = [store.connect(postgresql) for _ in range(2)]
    yield opened
    for each in opened:
        each.close()


@pytest.mark.postgresql
@pytest.mark.parametrize("door", ["reading", "transaction"])
def test_a_connection_that_lay_idle_is_replaced_when_its_server_is_gone(
    two_connections: list[store.Store], door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, other = two_connections
    with getattr(ours, door)() as connection:
        before = connection.scalar(BACKEND)
    with other.reading() as connection:
        assert connection.scalar(OTHERS_END) >= 1
    monkeypatch.setattr(store, "IDLE", 0)
    with getattr(ours, door)() as connection:
        assert connection.scalar(BACKEND) != before


@pytest.mark.postgresql
def test_a_connection_in_use_is_not_asked_whether_it_lives(two_connections: list[store.Store]) -> None:
    ours, _ = two_connections
    with ours.transaction() as connection:
        before = connection.scalar(BACKEND)
    asked: list[str] = []
    sa.event.listen(ours.engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: asked.append(statement))
    with ours.transaction() as connection:
        assert connection.scalar(BACKEND) == before
    assert asked == [BACKEND.text]


@pytest.mark.postgresql
def test_what_a_transaction_wrote_before_it_failed_is_undone_also_after_a_reading(two_connections: list[store.Store]) -> None:
    ours, other = two_connections
    with ours.reading() as connection:
        connection.scalar(BACKEND)
    with pytest.raises(ZeroDivisionError), ours.transaction() as connection:
        connection.execute(sa.text("CREATE TABLE half_done (id integer)"))
        raise ZeroDivisionError
    with other.reading() as connection:
        assert connection.scalar(sa.text("SELECT to_regclass('half_done')")) is None


@pytest.mark.postgresql
def test_what_is_asked_often_stays_prepared_from_one_reading_to_the_next(two_connections: list[store.Store]) -> None:
    ours, _ = two_connections
    for _ in range(20):
        with ours.reading() as connection:
            connection.execute(BACKEND)
    with ours.reading() as connection:
        assert BACKEND.text in connection.scalars(sa.text("SELECT statement FROM pg_prepared_statements")).all()


# -- writers of one SQLite file ----------------------------------------------------------------------------------------
@pytest.fixture
def two_writers(empty_sqlite: Path, tmp_path: Path):
    """Two stores of one file, as two web processes have them."""
    shutil.copy(empty_sqlite, tmp_path / "bansou.sqlite3")
    opened = [store.connect(f"sqlite:///{tmp_path / 'bansou.sqlite3'}") for _ in range(2)]
    yield opened
    for each in opened:
        each.close()


def writes(opened: store.Store, year: int) -> None:
    with opened.transaction() as connection:
        connection.execute(sa.insert(store.case_number).values(fiscal_year=year, last=0))


def years(opened: store.Store) -> list[int]:
    with opened.reading() as connection:
        return list(connection.scalars(sa.select(store.case_number.c.fiscal_year)))


def test_a_writer_waits_for_the_other_and_then_writes(two_writers: list[store.Store]) -> None:
    ours, other = two_writers
    waiting = threading.Thread(target=writes, args=(other, 2027))
    with ours.transaction() as connection:
        waiting.start()
        connection.execute(sa.insert(store.case_number).values(fiscal_year=2026, last=0))
        assert years(other) == [], "who reads does not wait"
    waiting.join()
    assert years(ours) == [2026, 2027]


def test_a_writer_whose_turn_does_not_come_is_told_and_can_try_again(two_writers: list[store.Store], monkeypatch: pytest.MonkeyPatch) -> None:
    ours, other = two_writers
    monkeypatch.setattr(store, "PATIENCE", 0)
    with ours.transaction(), pytest.raises(sqlite3.OperationalError, match="locked"):
        writes(other, 2027)
    writes(other, 2027)
    assert years(ours) == [2027]
