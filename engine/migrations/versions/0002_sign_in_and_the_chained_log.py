"""Sessions that can be ended one by one, second factors, identities of a provider; the access log is chained by case and day."""

import hashlib
import json
from datetime import date, timedelta, timezone

import sqlalchemy as sa
from alembic import op

from engine.store import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TOKYO = timezone(timedelta(hours=9))
COLUMNS = ("at", "person", "organisation", "case", "what", "ground", "level")


def upgrade() -> None:
    op.create_table(
        "session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("began_at", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["person_login.id"], name=op.f("fk_session_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_session_token_hash")),
    )
    op.create_index(op.f("ix_session_person_ended_at"), "session", ["person", "ended_at"], unique=False)
    op.create_index(op.f("ix_session_seen_at"), "session", ["seen_at"], unique=False)
    op.create_table(
        "second_factor",
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("confirmed_at", Moment(), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["person_login.id"], name=op.f("fk_second_factor_person")),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("used_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["person_login.id"], name=op.f("fk_recovery_code_person")),
        sa.PrimaryKeyConstraint("person", "hash", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "identity",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("linked_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person_login.id"], name=op.f("fk_identity_person")),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_identity")),
        sa.UniqueConstraint("person", "issuer", name=op.f("uq_identity_person_issuer")),
    )
    op.create_table(
        "access_day",
        sa.Column("case", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case", "day", name=op.f("pk_access_day")),
    )
    op.add_column("access_log", sa.Column("day", sa.Date(), nullable=True))
    op.add_column("access_log", sa.Column("seq", sa.Integer(), nullable=True))
    op.drop_index(op.f("ix_access_log_case"), table_name="access_log")
    op.create_index(op.f("ix_access_log_case_day_seq"), "access_log", ["case", "day", "seq"], unique=False)
    op.create_index(op.f("ix_access_log_day"), "access_log", ["day"], unique=False)
    _chain_what_is_there()


def _chain_what_is_there() -> None:
    """Rows that were written before there was a chain become its first links."""
    log = sa.table(
        "access_log", sa.column("id"), sa.column("at", Moment), *(sa.column(name) for name in COLUMNS[1:]), sa.column("day", sa.Date),
        sa.column("seq"), sa.column("hash"),
    )  # fmt: skip
    day_of_case = sa.table("access_day", sa.column("case"), sa.column("day", sa.Date), sa.column("count"), sa.column("chain"))
    c = op.get_bind()
    heads: dict[tuple[int, date], tuple[int, str]] = {}
    for row in c.execute(sa.select(log).order_by(log.c.id)).mappings().all():
        day = row["at"].astimezone(TOKYO).date()
        count, chain = heads.get((row["case"] or 0, day), (0, ""))
        link = {name: row[name] for name in COLUMNS} | {"day": day, "seq": count + 1}
        text = json.dumps(link, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=lambda each: each.isoformat())
        hash = hashlib.sha256((chain + text).encode()).hexdigest()
        heads[(row["case"] or 0, day)] = (count + 1, hash)
        c.execute(sa.update(log).where(log.c.id == row["id"]).values(day=day, seq=count + 1, hash=hash))
    for (case, day), (count, chain) in heads.items():
        c.execute(sa.insert(day_of_case).values(case=case, day=day, count=count, chain=chain))
