"""What people say and attach beside the forms: comments and files of a case or of one of its tasks.

It must not decide who sees a case: it asks ``access``. Words and files stand in ``comment`` and ``attachment`` only;
the stream holds their ids and hashes. What belongs to a task is read by those who may read the task's form or do the
task, what belongs to the case itself by those who may open the case.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import access, filetypes, store, stream
from engine.access import Sight
from engine.city import By, City
from engine.errors import NotAllowed, Refusal
from forms.characters import find_unusable

LONGEST = 2000  # characters of a comment
KINDS = ("CommentAdded", "FileAttached")
SAME_AGAIN = timedelta(minutes=1)  # the same words by the same person within this time were sent twice


class UnusableComment(Refusal):
    """書き込めませんでした。"""


class AlreadyThere(Refusal):
    """同じファイルが、もう加えられています。"""


@dataclass(frozen=True, slots=True)
class Said:
    """One comment."""

    id: int
    task: str | None
    task_name: str | None
    by: int
    organisation: str | None
    at: datetime
    body: str


@dataclass(frozen=True, slots=True)
class File:
    """One attached file, without what is in it. ``size`` in bytes."""

    id: int
    name: str
    kind: str
    size: int
    task: str | None
    by: int | None
    organisation: str | None
    at: datetime
    form: str | None  # of its task


# -- writing -----------------------------------------------------------------------------------------------------------
def say(city: City, case: int, task: str | None, text: str, by: By) -> None:
    """Write a comment. Raises NotAllowed, UnusableComment; the same words sent twice are written once."""
    body = _usable(text)
    with city.store.transaction() as c:
        row = _place(c, city, case, task, by)
        head = stream.lock(c, case)
        if _is_repeated(c, city, case, task, body, by):
            return
        salt, digest = stream.sealed(body)
        values = {"case": case, "task": task, "by": by.person, "organisation": by.organisation, "at": city.now()}
        comment = c.execute(
            sa.insert(store.comment).values(**values, body=body, salt=salt).returning(store.comment.c.id)
        ).scalar_one()
        _happened(c, city, case, head, "CommentAdded", row, {"comment": comment}, digest, by)


def attach(city: City, case: int, task: str | None, name: str, body: bytes, by: By) -> int:
    """Keep a file in the database; gives its id. Raises NotAllowed, UnusableFile, AlreadyThere."""
    called = filetypes.named(name)
    kind = filetypes.kind_of(called, body)
    with city.store.transaction() as c:
        row = _place(c, city, case, task, by)
        head = stream.lock(c, case)
        if _is_there(c, case, task, called, body):
            raise AlreadyThere(f"「{called}」は、もう加えられています。直したものなら、名前を変えて加えてください。")
        salt, digest = stream.sealed(content(called, kind, body))
        values = {"case": case, "task": task, "by": by.person, "organisation": by.organisation, "at": city.now()}
        file: int = c.execute(
            sa.insert(store.attachment)
            .values(**values, name=called, kind=kind, size=len(body), hash=digest, body=body, salt=salt)
            .returning(store.attachment.c.id)
        ).scalar_one()
        _happened(c, city, case, head, "FileAttached", row, {"attachment": file}, digest, by)
    return file


def _usable(text: str) -> str:
    body = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not body:
        raise UnusableComment("書くことがありません。文を入れてから押してください。")
    if len(body) > LONGEST:
        raise UnusableComment(f"{len(body)}文字あります。{LONGEST}文字までにするか、分けて書き込んでください。")
    if find_unusable(body):
        raise UnusableComment("記録に残せない文字が入っています。その文字を消してから書き込んでください。")
    return body


def _place(c: Connection, city: City, case: int, task: str | None, by: By) -> Any:
    """The task's row (None for the case itself), where this person may write there. Raises NotAllowed."""
    if by.person is None:
        raise NotAllowed
    if task is None:
        row = c.execute(sa.select(store.case).where(store.case.c.id == case)).one_or_none()
        if row is None or not access.sight(city, c, by, row).may_open:
            raise NotAllowed
        return None
    found = c.execute(sa.select(store.task).where(store.task.c.id == task, store.task.c.case == case)).one_or_none()
    if found is None or not may_be_at(c, city, by, found):
        raise NotAllowed
    return found


def may_be_at(c: Connection, city: City, by: By, task: Any) -> bool:
    """Whether a task's page opens for this person, with what is written and attached there."""
    return (access.may_do(city, c, by, task) or access.may_reassign(c, by, task)) and access.unconfirmed(city, c, by, task) is None


def _is_repeated(c: Connection, city: City, case: int, task: str | None, body: str, by: By) -> bool:
    comment = store.comment
    mine = sa.select(comment.c.id).where(
        comment.c.case == case, comment.c.task.is_not_distinct_from(task), comment.c.by == by.person,
        comment.c.body == body, comment.c.at > city.now() - SAME_AGAIN,
    )  # fmt: skip
    return c.execute(mine.limit(1)).first() is not None


def _is_there(c: Connection, case: int, task: str | None, name: str, body: bytes) -> bool:
    file = store.attachment
    same = sa.select(file.c.kind, file.c.salt, file.c.hash).where(
        file.c.case == case, file.c.answer.is_(None), file.c.task.is_not_distinct_from(task), file.c.name == name, file.c.size == len(body)
    )
    rows = c.execute(same.where(file.c.salt.is_not(None)))
    return any(stream.content_hash(row.salt, content(name, row.kind, body)) == row.hash for row in rows)


def content(name: str, kind: str, body: bytes) -> dict[str, str]:
    """What the hash of a file covers."""
    return {"name": name, "kind": kind, "sha256": hashlib.sha256(body).hexdigest()}


def _happened(
    c: Connection, city: City, case: int, head: stream.Head, kind: str, task: Any, detail: Any, digest: str, by: By
) -> None:
    at_task = {"instance": task.instance, "task": task.id, "element": task.element} if task is not None else {}
    happened = stream.Happened(kind, **at_task, detail=detail, content_hash=digest)
    stream.append(c, case, head, happened, by, city.now())


# -- reading -----------------------------------------------------------------------------------------------------------
def comments(c: Connection, sight: Sight, at: str | None = None) -> list[Said]:
    """What this person may read of what was said in a case, oldest first; ``at`` a task: what was said at that task.

    Whether the page of that task opens, the caller has asked.
    """
    comment = store.comment
    query = _rows(comment, sight.case, comment.c.body).where(comment.c.body.is_not(None))
    if at is not None:
        query = query.where(comment.c.task == at)
    return [
        Said(row.id, row.task, row.task_name, row.by, row.organisation, row.at, row.body)
        for row in c.execute(query)
        if (at is not None and row.task == at) or _may_read(sight, row)
    ]


def files(c: Connection, sight: Sight, at: str | None = None) -> list[File]:
    """The files of a case that this person may read, oldest first; ``at`` a task: those of that task, too.

    What a form asked for stands in its answer (``enclosures``).
    """
    file = store.attachment
    query = _rows(file, sight.case, file.c.name, file.c.kind, file.c.size).where(file.c.salt.is_not(None), file.c.answer.is_(None))
    return [
        _file(row) for row in c.execute(query) if (at is not None and row.task == at) or _may_read(sight, row)
    ]


def open_file(c: Connection, city: City, by: By, case: Any, id: int) -> tuple[File, bytes]:
    """A file with what is in it, for those who may read it. ``case``: its row. Raises NotAllowed."""
    file = store.attachment
    row = c.execute(_rows(file, case.id).where(file.c.id == id, file.c.answer.is_(None))).one_or_none()
    if row is None or not (_may_read(access.sight(city, c, by, case), row) or _is_at_its_task(c, city, by, row.task)):
        raise NotAllowed
    return opened(c, case.id, id)


def opened(c: Connection, case: int, id: int) -> tuple[File, bytes]:
    """A file of a case with what is in it, for whom the caller has found allowed to read it. Raises NotAllowed when there is none."""
    file = store.attachment
    row = c.execute(_rows(file, case, file.c.name, file.c.kind, file.c.size, file.c.body).where(file.c.id == id)).one_or_none()
    if row is None or row.body is None:
        raise NotAllowed
    return _file(row), bytes(row.body)


def verify(c: Connection, case: int) -> list[str]:
    """What is wrong with what was said and attached: empty when each is what was written then."""
    comment, file, event = store.comment, store.attachment, store.event
    told = sa.select(event.c.detail, event.c.content_hash).where(event.c.case == case, event.c.kind.in_(KINDS))
    digests = {place: row.content_hash for row in c.execute(told) for place in row.detail.items()}
    wrong = []
    for kind, title, table in (("comment", "書き込み", comment), ("attachment", "添付", file)):
        rows = {row.id: row for row in c.execute(sa.select(table).where(table.c.case == case).order_by(table.c.id))}
        wrong += [f"{title}{id}がありません。" for place, id in sorted(digests) if place == kind and id not in rows]
        for id, row in rows.items():
            written = row.body if kind == "comment" else content(row.name, row.kind, bytes(row.body or b""))
            if row.salt is None and row.body is not None:
                wrong.append(f"{title}{id}は、確かめられなくされています。")
            elif row.salt is not None and stream.content_hash(row.salt, written) != digests.get((kind, id)):
                wrong.append(f"{title}{id}の内容が書き換えられています。")
    return wrong


def _rows(table: sa.Table, case: int, *columns: Any) -> sa.Select[Any]:
    task = store.task
    shared = (table.c.id, table.c.task, table.c.by, table.c.organisation, table.c.at)
    return (
        sa.select(*shared, *columns, task.c.form.label("form"), task.c.part.label("part"), task.c.name.label("task_name"))
        .outerjoin(task, task.c.id == table.c.task)
        .where(table.c.case == case)
        .order_by(table.c.id)
    )


def _file(row: Any) -> File:
    return File(row.id, row.name, row.kind, row.size, row.task, row.by, row.organisation, row.at, row.form)


def _may_read(sight: Sight, row: Any) -> bool:
    """What belongs to a task is read like the answers of its form; own rows only where lists show only own rows."""
    if row.task is None:
        return sight.may_open
    is_own = row.organisation is not None and row.organisation == sight.by.organisation
    if row.form not in sight.restricted and (sight.sees_all or (is_own and sight.grounds)):
        return True
    if row.form is None or sight.only_own_rows(row.form, row.part):
        return False
    return sight.level(row.form, row.organisation, row.part) is not None


def _is_at_its_task(c: Connection, city: City, by: By, id: str | None) -> bool:
    task = c.execute(sa.select(store.task).where(store.task.c.id == id)).one_or_none() if id is not None else None
    return task is not None and may_be_at(c, city, by, task)
