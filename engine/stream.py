"""The append-only stream of a case: one hash chain, ids and elements only, never a field value.

Each hash is sha256(previous ‖ canonical event), and ``content_hash`` is sha256(salt ‖ content): at disposal content and salt
are erased together, the event stays, and ``verify`` still holds.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import store
from engine.city import By
from engine.prepared import Prepared

_SWAP = Prepared(sa.update(store.case).where(store.case.c.id == sa.bindparam("this"), store.case.c.events == sa.bindparam("seen")))
_ADD = Prepared(sa.insert(store.event))
CHAINED = frozenset((
    "case", "seq", "at", "by", "organisation", "kind", "instance", "instance_version", "task", "element", "answer", "detail", "tokens",
    "settings", "content_hash",
))  # fmt: skip


class Moved(Exception):
    """The stream has gone on since it was read."""


@dataclass(frozen=True, slots=True)
class Head:
    """The next place in a case's stream, and the hash before it."""

    seq: int
    chain: str


def head(row: Any) -> Head:
    """Where the stream of this case row goes on."""
    return Head(row.events + 1, row.chain)


def lock(c: Connection, case: int) -> Head:
    """The head, held until the transaction ends: other writers of this case wait."""
    table = store.case
    return head(c.execute(sa.select(table.c.events, table.c.chain).where(table.c.id == case).with_for_update()).one())


@dataclass(frozen=True, slots=True)
class Happened:
    """One past fact about a case."""

    kind: str
    instance: int | None = None
    instance_version: int | None = None
    task: str | None = None
    element: str | None = None
    answer: int | None = None
    detail: Any = field(default_factory=dict)
    tokens: Any = None
    settings: str | None = None
    content_hash: str | None = None


def append(c: Connection, case: int, head: Head, happened: Happened, by: By, at: datetime, **changes: Any) -> None:
    """Write one event at the head, and what it ``changes`` in the case's own row.

    This is the swap of a case: raises Moved when anything else was written to it since the head was read.
    """
    row: dict[str, Any] = {
        "case": case, "seq": head.seq, "at": at, "by": by.person, "organisation": by.organisation, "kind": happened.kind,
        "instance": happened.instance, "instance_version": happened.instance_version, "task": happened.task, "element": happened.element,
        "answer": happened.answer, "detail": happened.detail, "tokens": happened.tokens, "settings": happened.settings,
        "content_hash": happened.content_hash,
    }  # fmt: skip
    row["hash"] = link(head.chain, row)
    after = {"events": head.seq, "chain": row["hash"], "active_at": at, **changes}
    if _SWAP.run(c, {"this": case, "seen": head.seq - 1, **after}).rowcount != 1:
        raise Moved
    _ADD.run(c, row)


def add(c: Connection, case: int, happened: Happened, by: By, at: datetime, **changes: Any) -> None:
    """Lock and append in one go."""
    append(c, case, lock(c, case), happened, by, at, **changes)


def link(previous: str, row: Mapping[str, Any], columns: frozenset[str] = CHAINED) -> str:
    """The hash of a row behind ``previous``. A column that joined later counts only where it has a value: older links still hold."""
    body = {key: value for key, value in row.items() if key in columns or (value is not None and key != "hash")}
    return hashlib.sha256((previous + canonical(body)).encode()).hexdigest()


def canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_written)


def _written(value: date) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value.isoformat()


def sealed(content: Any) -> tuple[str, str]:
    """A new salt, and the hash of salt and content."""
    salt = secrets.token_hex(16)
    return salt, content_hash(salt, content)


def content_hash(salt: str, content: Any) -> str:
    return hashlib.sha256((salt + canonical(content)).encode()).hexdigest()


def verify(c: Connection, case: int) -> list[str]:
    """What is wrong with a case's stream: empty when the chain holds and every content is the one that was written.

    Content that was erased together with its salt is not wrong; ``erased`` counts it.
    """
    return _broken_links(c, case) + _changed_answers(c, case)


def erased(c: Connection, case: int) -> int:
    """How many answers of a case were erased with their salt, as a disposal does it."""
    answer = store.answer
    unsalted = c.scalars(sa.select(answer.c.data).where(answer.c.case == case, answer.c.salt.is_(None), answer.c.schema_hash != ""))
    return sum(data is None for data in unsalted)


def _broken_links(c: Connection, case: int) -> list[str]:
    wrong, previous, expected = [], "", 1
    for row in c.execute(sa.select(store.event).where(store.event.c.case == case).order_by(store.event.c.seq)).mappings():
        if row["seq"] != expected:
            wrong.append(f"{expected}番目のできごとがありません。")
        if link(previous, dict(row)) != row["hash"]:
            wrong.append(f"{row['seq']}番目のできごとが書き換えられています。")
        previous, expected = row["hash"], row["seq"] + 1
    if previous != c.scalar(sa.select(store.case.c.chain).where(store.case.c.id == case)):
        wrong.append("できごとの末尾が切り取られています。")
    return wrong


def _changed_answers(c: Connection, case: int) -> list[str]:
    event, answer = store.event, store.answer
    sealed_by = sa.select(event.c.answer, event.c.content_hash).where(
        event.c.case == case, event.c.content_hash.is_not(None), event.c.answer.is_not(None)
    )
    hashes = {row.answer: row.content_hash for row in c.execute(sealed_by)}
    written = {row.id: row for row in c.execute(sa.select(answer).where(answer.c.case == case, answer.c.schema_hash != ""))}
    wrong = [f"記録{id}がありません。" for id in sorted(hashes.keys() - written.keys())]
    for id, row in sorted(written.items()):
        if id not in hashes:
            wrong.append(f"記録{id}は、できごとのないまま加えられています。")
        elif row.salt is None and row.data is not None:
            wrong.append(f"記録{id}は、確かめられなくされています。")
        elif row.salt is not None and content_hash(row.salt, row.data) != hashes[id]:
            wrong.append(f"記録{id}の内容が書き換えられています。")
    return wrong
