"""Alembic's entry: migrations run on the store's own connection, in one transaction, under the write lock."""

import sqlalchemy as sa
from alembic import context

from engine.store import Store, metadata

store: Store = context.config.attributes["store"]
with store.transaction() as connection:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(7202604)"))
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True, compare_type=False, user_module_prefix="")
    context.run_migrations()
