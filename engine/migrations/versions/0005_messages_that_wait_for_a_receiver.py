"""A message may wait for some time until somebody is open to receive it."""

import sqlalchemy as sa
from alembic import op

from engine.store import Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("expires_at", Moment(), nullable=True))
