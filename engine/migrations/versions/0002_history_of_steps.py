"""Ways to find how long a step usually takes, what was closed lately, and messages that nobody received."""

from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f('ix_task_element_status_closed_at'), 'task', ['element', 'status', 'closed_at'], unique=False)
    op.create_index(op.f('ix_task_closed_at'), 'task', ['closed_at'], unique=False)
    op.create_index(op.f('ix_message_status'), 'message', ['status'], unique=False)
