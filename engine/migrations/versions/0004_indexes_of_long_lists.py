"""Lists of a hundred thousand open cases are read from indexes alone."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index(op.f("ix_task_closed_at"), table_name="task")
    op.create_index(op.f("ix_task_closed_at_due_on_opened_at"), "task", ["closed_at", "due_on", "opened_at"])
    stalling = ["status", "element", "due_on", "opened_at", "stalled_after", "follow_up_on", "case", "id"]
    op.create_index("ix_task_stalling", "task", stalling)
