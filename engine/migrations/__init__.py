"""Brings a database to the tables that this version needs, by Alembic, forwards only. It must not touch the data of a case."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from engine.errors import OtherVersion
from engine.store import Store


def configuration(store: Store) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["store"] = store
    return config


def upgrade(store: Store) -> None:
    """Create what is missing; nothing happens where the database is up to date. Two at once wait for each other.

    Raises OtherVersion, before anything is touched, for a database that a newer version has brought further.
    """
    found, script = _revision(store), ScriptDirectory.from_config(configuration(store))
    if found == script.get_current_head():
        return
    if found is not None and found not in {each.revision for each in script.walk_revisions()}:
        raise OtherVersion
    command.upgrade(configuration(store), "head")


def _revision(store: Store) -> str | None:
    """Up to where the database was brought; None for an empty one."""
    with store.reading() as c:
        if not sa.inspect(c).has_table("alembic_version"):
            return None
        found: str | None = c.scalar(sa.text("SELECT version_num FROM alembic_version"))
        return found
