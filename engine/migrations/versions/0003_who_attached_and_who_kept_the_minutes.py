"""At which task a file was attached and for whom, who kept a meeting's minutes, what an organisation did lately."""

import sqlalchemy as sa
from alembic import op

from engine.store import Moment

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('attachment', sa.Column('task', sa.Text(), nullable=True))
    op.add_column('attachment', sa.Column('organisation', sa.Text(), nullable=True))
    op.add_column('meeting', sa.Column('minutes_by', sa.Integer(), nullable=True))
    op.add_column('meeting', sa.Column('minutes_at', Moment(), nullable=True))
    op.create_index(op.f('ix_event_organisation_at'), 'event', ['organisation', 'at'], unique=False)
