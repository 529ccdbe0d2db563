"""The tables, and the one transaction in which anything is written. It must not know any rule of a case.

Content (what a resident said or is) lives in ``answer``, ``comment``, ``attachment`` and ``person`` only; live loop items in
``instance.state``. Moments are UTC; days are dates of Asia/Tokyo.
"""

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect, Engine

IDLE = 1.0  # seconds after which a connection is tried before it is used again
PATIENCE = 15.0  # seconds for which a writer of SQLite waits for its turn
TURN = 0.001  # seconds between two tries
BUSY = f"PRAGMA busy_timeout={PATIENCE * 1000:.0f}"

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(sa.types.TypeDecorator[datetime]):
    """A moment in UTC; a naive one is refused."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(sa.DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _to(target: str, name: str | None = None, **options: Any) -> sa.Column[Any]:
    return sa.Column(name or target.split(".")[0], sa.ForeignKey(target), **options)


Text, Number, Day, Json, Yes = sa.Text, sa.Integer, sa.Date, sa.JSON, sa.Boolean

# -- what the product is: releases and settings ------------------------------------------------------------------------
blob = sa.Table("blob", metadata, sa.Column("hash", Text, primary_key=True), sa.Column("body", sa.LargeBinary, nullable=False))
release = sa.Table(
    "release", metadata, _id(),
    sa.Column("hash", Text, nullable=False), sa.Column("source", Text, nullable=False),
    sa.Column("reason", Text), sa.Column("published_at", Moment, nullable=False), sa.Column("published_by", Number),
    sa.Column("in_force", Yes, nullable=False),
)
release_file = sa.Table(
    "release_file", metadata, _to("release.id", primary_key=True), sa.Column("path", Text, primary_key=True),
    _to("blob.hash", "hash", nullable=False),
)
compiled = sa.Table(
    "compiled", metadata, sa.Column("closure", Text, primary_key=True), sa.Column("process", Text, nullable=False),
    sa.Column("compiler_version", Number, nullable=False), sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("schemas", Json, nullable=False),
)
release_process = sa.Table(
    "release_process", metadata, _to("release.id", primary_key=True), sa.Column("process", Text, primary_key=True),
    _to("compiled.closure", "closure", nullable=False), sa.Column("version", Number, nullable=False),
)
working_copy = sa.Table(
    "working_copy", metadata, _id(), sa.Column("path", Text, nullable=False), sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("based_on", Text), sa.Column("changed_by", Number), sa.Column("changed_at", Moment, nullable=False),
)
settings_version = sa.Table(
    "settings_version", metadata, sa.Column("hash", Text, primary_key=True), sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("in_force_from", Moment, nullable=False),
)
about = sa.Table("about", metadata, sa.Column("key", Text, primary_key=True), sa.Column("value", Text, nullable=False))

# -- people who work here ----------------------------------------------------------------------------------------------
person_login = sa.Table(
    "person_login", metadata, _id(), sa.Column("login", Text, nullable=False, unique=True), sa.Column("name", Text, nullable=False),
    sa.Column("kana", Text, nullable=False, server_default=""), sa.Column("password_hash", Text),
    sa.Column("session_version", Number, nullable=False, server_default="1"), sa.Column("active", Yes, nullable=False),
    sa.Column("administrator", Yes, nullable=False, default=False),
    sa.Column("process_owner", Yes, nullable=False, default=False),
    sa.Column("demo", Yes, nullable=False, default=False), sa.Column("created_at", Moment, nullable=False),
)
membership = sa.Table(
    "membership", metadata, _id(), _to("person_login.id", "person", nullable=False), sa.Column("grp", Text, nullable=False),
    sa.Column("since", Day, nullable=False), sa.Column("until", Day), sa.UniqueConstraint("person", "grp", "since"),
    sa.Index(None, "grp", "person"),
)
absence = sa.Table(
    "absence", metadata, _id(), _to("person_login.id", "person", nullable=False), _to("person_login.id", "substitute"),
    sa.Column("since", Day, nullable=False), sa.Column("until", Day),
)
login_attempt = sa.Table(
    "login_attempt", metadata, _id(), sa.Column("login", Text, nullable=False), sa.Column("address", Text, nullable=False),
    sa.Column("at", Moment, nullable=False), sa.Column("ok", Yes, nullable=False),
    sa.Index(None, "login", "at"), sa.Index(None, "address", "at"),
)
session = sa.Table(
    "session", metadata, _id(), sa.Column("token_hash", Text, nullable=False, unique=True), _to("person_login.id", "person", nullable=False),
    sa.Column("version", Number, nullable=False), sa.Column("way", Text, nullable=False), sa.Column("device", Text, nullable=False),
    sa.Column("address", Text, nullable=False), sa.Column("began_at", Moment, nullable=False), sa.Column("seen_at", Moment, nullable=False),
    sa.Column("ended_at", Moment), sa.Index(None, "person", "ended_at"), sa.Index(None, "seen_at"),
)
second_factor = sa.Table(
    "second_factor", metadata, _to("person_login.id", "person", primary_key=True), sa.Column("secret", Text, nullable=False),
    sa.Column("made_at", Moment, nullable=False), sa.Column("confirmed_at", Moment), sa.Column("last_step", Number),
)
recovery_code = sa.Table(
    "recovery_code", metadata, _to("person_login.id", "person", primary_key=True), sa.Column("hash", Text, primary_key=True),
    sa.Column("used_at", Moment),
)
identity = sa.Table(
    "identity", metadata, sa.Column("issuer", Text, primary_key=True), sa.Column("subject", Text, primary_key=True),
    _to("person_login.id", "person", nullable=False), sa.Column("linked_at", Moment, nullable=False), sa.UniqueConstraint("person", "issuer"),
)
api_token = sa.Table(
    "api_token", metadata, _id(), _to("person_login.id", "person", nullable=False), sa.Column("hash", Text, nullable=False),
    sa.Column("name", Text, nullable=False), sa.Column("created_at", Moment, nullable=False), sa.Column("revoked_at", Moment),
)
link = sa.Table(
    "link", metadata, sa.Column("hash", Text, primary_key=True), sa.Column("purpose", Text, nullable=False),
    _to("person_login.id", "person"), sa.Column("expires_at", Moment, nullable=False), sa.Column("used_at", Moment),
)
saved_filter = sa.Table(
    "filter", metadata, _id(), _to("person_login.id", "person"), sa.Column("grp", Text), sa.Column("name", Text, nullable=False),
    sa.Column("query", Json, nullable=False),
)

# -- the household and its case ----------------------------------------------------------------------------------------
household = sa.Table("household", metadata, _id(), sa.Column("name", Text, nullable=False, server_default=""))
person = sa.Table(
    "person", metadata, _id(), sa.Column("data", Json, nullable=False), sa.Column("kana_key", Text), sa.Column("name_key", Text),
    sa.Column("birth_on", Day), sa.Column("address_key", Text), sa.Column("concealed", Yes, nullable=False),
    sa.Column("salt", Text), sa.Column("changed_at", Moment, nullable=False), sa.Index(None, "kana_key"),
)
household_member = sa.Table(
    "household_member", metadata, _to("household.id", primary_key=True), _to("person.id", primary_key=True),
    sa.Column("position", Number, nullable=False), sa.Column("since", Day), sa.Column("until", Day), sa.Index(None, "person"),
)
case = sa.Table(
    "case", metadata, _id(), sa.Column("number", Text, nullable=False, unique=True), sa.Column("kind", Text, nullable=False),
    _to("household.id"), sa.Column("received_org", Text), sa.Column("lead_org", Text), sa.Column("lead_user", Number),
    sa.Column("next_review_on", Day), sa.Column("closing_code", Text), sa.Column("phase_case", Text), sa.Column("phase_coordination", Text),
    sa.Column("events", Number, nullable=False, server_default="0"), sa.Column("chain", Text, nullable=False, server_default=""),
    sa.Column("opened_at", Moment, nullable=False), sa.Column("active_at", Moment, nullable=False), sa.Column("closed_at", Moment),
    sa.Index(None, "household"),
)
case_number = sa.Table("case_number", metadata, sa.Column("fiscal_year", Number, primary_key=True), sa.Column("last", Number, nullable=False))
participation = sa.Table(
    "participation", metadata, _to("case.id", primary_key=True), sa.Column("organisation", Text, primary_key=True),
    sa.Column("ground", Text, primary_key=True), sa.Column("since", Day, nullable=False), sa.Column("until", Day),
    sa.Index(None, "organisation", "case"),
)
named = sa.Table(
    "named", metadata, _to("case.id", primary_key=True), _to("person_login.id", "person", primary_key=True),
    sa.Column("ground", Text, primary_key=True), sa.Column("organisation", Text, nullable=False), sa.Column("since", Day, nullable=False),
    sa.Column("until", Day), sa.Index(None, "person", "case"),
)
consent = sa.Table(
    "consent", metadata, _id(), _to("case.id", nullable=False, index=True), _to("person.id", nullable=False), sa.Column("answer", Text, nullable=False),
    sa.Column("steps", Json, nullable=False), sa.Column("orgs", Json, nullable=False), sa.Column("refer_conference", Yes, nullable=False),
    sa.Column("valid_until", Day), sa.Column("withdrawn_on", Day), sa.Column("given_at", Moment, nullable=False), sa.Column("replaced_at", Moment),
    sa.Column("answer_id", Number),
)
resource_gap = sa.Table(
    "resource_gap", metadata, _id(), _to("case.id", nullable=False), sa.Column("answer_id", Number), sa.Column("at", Moment, nullable=False),
    sa.Column("count", Number, nullable=False),
)

# -- running -----------------------------------------------------------------------------------------------------------
instance = sa.Table(
    "instance", metadata, _id(), _to("case.id", nullable=False, index=True), sa.Column("process", Text, nullable=False),
    _to("compiled.closure", "closure", nullable=False), sa.Column("state", sa.LargeBinary, nullable=False),
    sa.Column("version", Number, nullable=False), sa.Column("status", Text, nullable=False), sa.Column("format", Number, nullable=False),
    sa.Column("engine_version", Text, nullable=False), sa.Column("compiler_version", Number, nullable=False),
    sa.Column("phase_case", Text), sa.Column("phase_coordination", Text), sa.Column("asker", Number), sa.Column("asked_answered", Yes, nullable=False),
    sa.Column("started_at", Moment, nullable=False), sa.Column("started_by", Number), sa.Column("ended_at", Moment), sa.Column("ended_in", Text),
    sa.Index(None, "process", "status"),
)
subject = sa.Table("subject", metadata, _to("instance.id", primary_key=True), _to("person.id", primary_key=True))
task = sa.Table(
    "task", metadata, sa.Column("id", Text, primary_key=True), _to("instance.id", nullable=False, index=True), _to("case.id", nullable=False, index=True),
    sa.Column("process", Text, nullable=False), sa.Column("element", Text, nullable=False), sa.Column("name", Text, nullable=False),
    sa.Column("form", Text), sa.Column("part", Text), sa.Column("lane", Text), sa.Column("activation", Text), sa.Column("item", Json),
    sa.Column("status", Text, nullable=False), sa.Column("opened_at", Moment, nullable=False), sa.Column("due_on", Day),
    sa.Column("due_reason", Text), sa.Column("follow_up_on", Day), sa.Column("priority", Number, nullable=False),
    sa.Column("stalled_after", Number), sa.Column("assignee", Number), sa.Column("claimed_at", Moment), sa.Column("excluded", Number),
    sa.Column("closed_at", Moment), sa.Column("closed_by", Number), sa.Column("closed_because", Text), sa.Column("groups", Json, nullable=False),
    sa.Index(None, "status", "due_on", "id"), sa.Index(None, "assignee", "status", "due_on"), sa.Index(None, "instance", "element"),
    sa.Index(None, "element", "status", "closed_at"), sa.Index(None, "closed_at", "due_on", "opened_at"),
    sa.Index("ix_task_stalling", "status", "element", "due_on", "opened_at", "stalled_after", "follow_up_on", "case", "id"),
)
candidate = sa.Table(
    "candidate", metadata, sa.Column("grp", Text, primary_key=True), sa.Column("due_on", Day, primary_key=True), _to("task.id", primary_key=True),
    sa.Index(None, "task"),
)
timer = sa.Table(
    "timer", metadata, sa.Column("id", Text, primary_key=True), _to("instance.id", nullable=False, index=True), _to("case.id", nullable=False, index=True),
    sa.Column("element", Text, nullable=False), sa.Column("name", Text, nullable=False), sa.Column("armed_at", Moment, nullable=False),
    sa.Column("due_at", Moment, nullable=False), sa.Column("stalled_after", Number), sa.Column("leased_until", Moment),
    sa.Column("tries", Number, nullable=False, server_default="0"), sa.Column("error", Text), sa.Index(None, "due_at"),
)
subscription = sa.Table(
    "subscription", metadata, sa.Column("id", Text, primary_key=True), _to("instance.id", nullable=False, index=True),
    _to("case.id", nullable=False), sa.Column("element", Text, nullable=False), sa.Column("kind", Text, nullable=False),
    sa.Column("name", Text, nullable=False), sa.Column("since", Moment, nullable=False), sa.Index(None, "case", "kind", "name"),
)
message = sa.Table(
    "message", metadata, _id(), _to("case.id", nullable=False, index=True), sa.Column("name", Text, nullable=False), sa.Column("payload", Json, nullable=False),
    _to("instance.id", "sender"), _to("instance.id", "receiver"), sa.Column("status", Text, nullable=False),
    sa.Column("optional", Yes, nullable=False), sa.Column("sent_at", Moment, nullable=False), sa.Column("settled_at", Moment),
    sa.Column("expires_at", Moment), sa.Index(None, "case", "status"), sa.Index(None, "status"),
)
outbox = sa.Table(
    "outbox", metadata, _id(), sa.Column("key", Text, nullable=False, unique=True), sa.Column("kind", Text, nullable=False), _to("case.id"),
    sa.Column("body", Json, nullable=False), sa.Column("due_at", Moment, nullable=False), sa.Column("leased_until", Moment),
    sa.Column("tries", Number, nullable=False, server_default="0"), sa.Column("error", Text), sa.Column("done_at", Moment),
    sa.Index(None, "done_at", "due_at"),
)
incident = sa.Table(
    "incident", metadata, _id(), _to("instance.id", nullable=False, index=True), _to("case.id", nullable=False), sa.Column("element", Text, nullable=False),
    sa.Column("reason", Text, nullable=False), sa.Column("raised_at", Moment, nullable=False), sa.Column("settled_at", Moment),
)

# -- what was said and what happened -----------------------------------------------------------------------------------
answer = sa.Table(
    "answer", metadata, _id(), _to("case.id", nullable=False), _to("instance.id"), sa.Column("task", Text), _to("person.id"),
    sa.Column("form", Text, nullable=False), sa.Column("part", Text), sa.Column("activation", Text), sa.Column("round", Number, nullable=False),
    sa.Column("schema_hash", Text, nullable=False), sa.Column("data", Json), sa.Column("salt", Text), sa.Column("corrects", Number), sa.Column("reason", Text),
    sa.Column("rows", Json), sa.Column("by", Number), sa.Column("organisation", Text), sa.Column("at", Moment, nullable=False),
    sa.Index(None, "instance", "form", "id"), sa.Index(None, "case", "form", "id"), sa.Index(None, "instance", "activation", "form"),
)
comment = sa.Table(
    "comment", metadata, _id(), _to("case.id", nullable=False, index=True), sa.Column("task", Text), sa.Column("by", Number, nullable=False),
    sa.Column("organisation", Text), sa.Column("at", Moment, nullable=False), sa.Column("body", Text), sa.Column("salt", Text),
)
attachment = sa.Table(
    "attachment", metadata, _id(), _to("case.id", nullable=False, index=True), _to("answer.id"), sa.Column("name", Text, nullable=False),
    sa.Column("kind", Text, nullable=False), sa.Column("size", Number, nullable=False), sa.Column("hash", Text, nullable=False),
    sa.Column("body", sa.LargeBinary), sa.Column("salt", Text), sa.Column("by", Number), sa.Column("at", Moment, nullable=False),
    sa.Column("task", Text), sa.Column("organisation", Text),
)
event = sa.Table(
    "event", metadata, _to("case.id", primary_key=True), sa.Column("seq", Number, primary_key=True), sa.Column("at", Moment, nullable=False),
    sa.Column("by", Number), sa.Column("organisation", Text), sa.Column("kind", Text, nullable=False), sa.Column("instance", Number),
    sa.Column("instance_version", Number), sa.Column("task", Text), sa.Column("element", Text), sa.Column("answer", Number),
    sa.Column("detail", Json, nullable=False), sa.Column("tokens", Json), sa.Column("settings", Text), sa.Column("content_hash", Text),
    sa.Column("hash", Text, nullable=False), sa.Index(None, "instance", "instance_version"), sa.Index(None, "organisation", "at"),
)
command = sa.Table(
    "command", metadata, sa.Column("key", Text, primary_key=True), sa.Column("case", Number), sa.Column("result", Json),
    sa.Column("at", Moment, nullable=False),
)
meeting = sa.Table(
    "meeting", metadata, _id(), sa.Column("kind", Text, nullable=False), sa.Column("on_day", Day, nullable=False), sa.Column("regular", Yes, nullable=False),
    sa.Column("place", Text), sa.Column("minutes", Text), sa.Column("created_by", Number), sa.Column("created_at", Moment, nullable=False),
    sa.Column("minutes_by", Number), sa.Column("minutes_at", Moment), sa.Index(None, "kind", "on_day"),
)
agenda_item = sa.Table(
    "agenda_item", metadata, _id(), _to("meeting.id", nullable=False, index=True), _to("case.id", nullable=False), _to("instance.id", nullable=False),
    sa.Column("task", Text), sa.Column("position", Number, nullable=False), sa.Column("purpose", Text), sa.Column("result", Text),
    sa.Column("members", Json, nullable=False), sa.Column("answer_id", Number), sa.Column("closed_at", Moment),
)
form_draft = sa.Table(
    "form_draft", metadata, _to("person_login.id", "person", primary_key=True), sa.Column("subject", Text, primary_key=True),
    sa.Column("data", Json, nullable=False), sa.Column("saved_at", Moment, nullable=False),
)
draft_file = sa.Table(
    "draft_file", metadata, _id(), sa.Column("person", Number, nullable=False), sa.Column("subject", Text, nullable=False),
    sa.Column("name", Text, nullable=False), sa.Column("kind", Text, nullable=False), sa.Column("body", sa.LargeBinary, nullable=False),
    sa.ForeignKeyConstraint(["person", "subject"], ["form_draft.person", "form_draft.subject"], ondelete="CASCADE"), sa.Index(None, "person", "subject"),
)
access_log = sa.Table(
    "access_log", metadata, _id(), sa.Column("at", Moment, nullable=False), _to("person_login.id", "person"), sa.Column("organisation", Text),
    sa.Column("case", Number), sa.Column("what", Text, nullable=False), sa.Column("ground", Text), sa.Column("level", Text),
    sa.Column("hash", Text), sa.Column("day", Day), sa.Column("seq", Number), sa.Index(None, "case", "day", "seq"), sa.Index(None, "day"),
)
access_day = sa.Table(
    "access_day", metadata, sa.Column("case", Number, primary_key=True), sa.Column("day", Day, primary_key=True),
    sa.Column("count", Number, nullable=False), sa.Column("chain", Text, nullable=False),
)


class Store:
    """One database. ``reading()`` and ``transaction()`` are the only doors to it.

    SQLite's driver begins nothing by itself; it is told to directly, since a listener would cost something at every statement.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine, self._reader = engine, engine
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", _prepare_sqlite)
        else:
            self._reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            sa.event.listen(engine, "checkin", _note_use)
            sa.event.listen(engine, "checkout", _try_when_idle)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """For reading only: everything that is read is as it was at one moment, so that a page never shows two states at once."""
        with self._reader.connect() as connection:
            if self.is_sqlite:
                connection.connection.cursor().execute("BEGIN")
            yield connection
            if not self.is_sqlite:
                connection.commit()  # at a rollback psycopg forgets every statement that it has prepared

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Everything or nothing. On SQLite the write lock is taken at once, so that no writer waits half-way."""
        with self.engine.begin() as connection:
            if self.is_sqlite:
                _take_turn(connection.connection.cursor())
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def insert_unless_there(c: Connection, table: sa.Table, values: Mapping[str, Any]) -> Any:
    """An insert that does nothing where the key is there already."""
    insert = postgresql.insert if c.dialect.name == "postgresql" else sqlite.insert
    return insert(table).values(**values).on_conflict_do_nothing()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(BUSY)


def _take_turn(cursor: Any) -> None:
    """Begin to write on SQLite, as soon as no other writer is left.

    SQLite's own waiting sleeps longer and longer, up to a tenth of a second, so that whoever came last goes first. A writer
    holds the lock for about a millisecond: asking as often is fairer. Raises sqlite3.OperationalError after PATIENCE.
    """
    until = time.monotonic() + PATIENCE
    cursor.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                cursor.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(TURN)
    finally:
        cursor.execute(BUSY)


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used"] = time.monotonic()


def _try_when_idle(connection: Any, record: Any, _proxy: Any) -> None:
    """A connection that lay idle may have lost its server; one that was used this moment is not asked, which costs a way there and back."""
    if time.monotonic() - record.info.get("used", time.monotonic()) < IDLE:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except Exception as error:
        raise sa.exc.DisconnectionError from error


def url_of(data: Path) -> str:
    """The database of this data folder, or the one that BANSOU_DATABASE_URL names."""
    return os.environ.get("BANSOU_DATABASE_URL") or f"sqlite:///{data / 'bansou.sqlite3'}"


def connect(url: str) -> Store:
    """Open a database; its tables must be there (see ``engine.migrations``). Exceptions never carry bound values.

    Raises ValueError for an address that is neither of SQLite nor of PostgreSQL.
    """
    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise ValueError("no address of a database") from error
    kind, _, _ = address.drivername.partition("+")
    if kind not in ("sqlite", "postgresql"):
        raise ValueError(f"{kind} is neither sqlite nor postgresql")
    options: dict[str, Any] = {"hide_parameters": True}
    if kind == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
        options |= {"pool_size": 10, "max_overflow": 20}
    return Store(sa.create_engine(address, **options))
