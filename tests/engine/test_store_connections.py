"""Connections to a database server that went away while nobody asked: the next person notices nothing."""

from __future__ import annotations

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
