"""Persons who may read what is restricted, by name and until a day."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "named",
        sa.Column("case", sa.Integer(), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["case"], ["case.id"], name=op.f("fk_named_case")),
        sa.ForeignKeyConstraint(["person"], ["person_login.id"], name=op.f("fk_named_person")),
        sa.PrimaryKeyConstraint("case", "person", "ground", name=op.f("pk_named")),
    )
    op.create_index(op.f("ix_named_person_case"), "named", ["person", "case"], unique=False)

