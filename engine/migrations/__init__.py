"""Brings a database to the tables that this version needs, by Alembic, forwards only. It must not touch the data of a case."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from engine.store import Store


def configuration(store: Store) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["store"] = store
    return config


def upgrade(store: Store) -> None:
    """Create what is missing; nothing happens where the database is up to date. Two at once wait for each other."""
    if _is_current(store):
        return
    command.upgrade(configuration(store), "head")


def _is_current(store: Store) -> bool:
    from alembic.script import ScriptDirectory

    head = ScriptDirectory.from_config(configuration(store)).get_current_head()
    with store.reading() as c:
        if not sa.inspect(c).has_table("alembic_version"):
            return False
        return bool(c.scalar(sa.text("SELECT version_num FROM alembic_version")) == head)
