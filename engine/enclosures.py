"""Files that a form asks for (``x-widget: file``): kept with the draft, then with the answer, and read by those who may read the field.

A field holds the id of an attachment, or ``new:<id>`` of a file that was kept with somebody's draft and becomes an attachment when
the answer is written. It must not decide who reads an answer: it asks ``access``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import access, correspondence, drafts, filetypes, store, stream
from engine.access import Sight
from engine.city import By, City
from engine.correspondence import File
from engine.errors import NotAllowed
from forms.choices import Choice
from forms.form import Field, Form
from forms.messages import FieldError
from forms.write import rows_of

NEW = "new:"
GONE = "このファイルは、もうここにありません。もう一度選んでください。"


# -- on the way in -----------------------------------------------------------------------------------------------------
def keep(city: City, person: int, subject: str, typed: Mapping[str, Sequence[str]], name: str, body: bytes) -> Choice:
    """Keep a file with the draft of a page; gives it as it is chosen. Raises UnusableFile.

    What was kept before and stands in no field of ``typed`` any more is thrown away.
    """
    called = filetypes.named(name)
    kind = filetypes.kind_of(called, body)
    drafts.save(city, person, subject, typed)
    file, chosen = store.draft_file, {int(value.removeprefix(NEW)) for values in typed.values() for value in values if _is_new(value)}
    with city.store.transaction() as c:
        c.execute(sa.delete(file).where(file.c.person == person, file.c.subject == subject, file.c.id.not_in(chosen)))
        values = {"person": person, "subject": subject, "name": called, "kind": kind, "body": body}
        id: int = c.execute(sa.insert(file).values(**values).returning(file.c.id)).scalar_one()
    return Choice(f"{NEW}{id}", called)


def offered(
    c: Connection, city: City, by: By, sight: Sight | None, form: Form, subject: str, data: Mapping[str, Any], task: str | None = None
) -> tuple[Choice, ...]:
    """What a form's file fields offer: the case's files that this person may read, what stands in the form, and what they kept with its draft.

    ``sight`` is None before there is a case; ``data``: what the page was drawn from.
    """
    if not asks_for_files(form):
        return ()
    here: list[Any] = []
    if sight is not None:
        file = store.attachment
        elsewhere = sight.restricted - {form.id}  # what a restricted form holds stays with it
        mine = {each.id for each in correspondence.files(c, sight, task) if each.form not in elsewhere}
        wanted = mine | _readable(c, city, sight, elsewhere) | {int(value) for value in _named(form.fields, data) if value.isdigit()}
        query = sa.select(file.c.id, file.c.name).where(file.c.case == sight.case, file.c.id.in_(wanted))
        here = [Choice(str(row.id), row.name) for row in c.execute(query.order_by(file.c.id))]
    kept = store.draft_file
    query = sa.select(kept.c.id, kept.c.name).where(kept.c.person == by.person, kept.c.subject == subject)
    return (*here, *(Choice(f"{NEW}{row.id}", row.name) for row in c.execute(query.order_by(kept.c.id))))


def asks_for_files(form: Form) -> bool:
    """Whether some field of the form is a file."""
    return any(each.kind == "file" for field in form.fields for each in (field, *field.rows))


def has_new(form: Form, data: Mapping[str, Any]) -> bool:
    """Whether writing this answer makes attachments."""
    return asks_for_files(form) and any(_is_new(value) for value in _named(form.fields, data))


def settle(c: Connection, city: City, case: int, form: Form, data: Mapping[str, Any], by: By) -> tuple[dict[str, Any], tuple[int, ...]]:
    """Make attachments of the files that an answer names as new; gives the answer with their ids, and the ids.

    Raises Errors where such a file is not kept by this person.
    """
    made: dict[str, str] = {}

    def settled(fields: Iterable[Field], values: Mapping[str, Any], path: str) -> dict[str, Any]:
        found = dict(values)
        for field in fields:
            value, at = values.get(field.name), f"{path}{field.name}"
            if field.kind == "list" and value:
                found[field.name] = [settled(field.rows, row, f"{at}-{number}-") for number, row in enumerate(rows_of(value))]
            elif field.kind == "file" and isinstance(value, str) and _is_new(value):
                if value not in made:
                    made[value] = str(_move(c, city, case, value, by, FieldError(at, f"「{field.title}」：{GONE}")))
                found[field.name] = made[value]
        return found

    return (settled(form.fields, data, ""), tuple(map(int, made.values()))) if has_new(form, data) else (dict(data), ())


def happened(c: Connection, city: City, case: int, files: Iterable[int], answer: int, place: stream.Happened, by: By) -> None:
    """The attachments belong to the ``answer`` now: one event for each, at the ``place`` of the answer's own."""
    file = store.attachment
    for id in files:
        digest = c.scalar(sa.update(file).where(file.c.id == id).values(answer=answer).returning(file.c.hash))
        detail = {"attachment": id, "answer": answer}
        said = stream.Happened("FileAttached", place.instance, None, place.task, place.element, detail=detail, content_hash=digest)
        stream.add(c, case, said, by, city.now())


def _move(c: Connection, city: City, case: int, value: str, by: By, missing: FieldError) -> int:
    from engine.answers import Errors  # answers are composed before their files are settled

    kept, file = store.draft_file, store.attachment
    row = c.execute(sa.select(kept).where(kept.c.id == int(value.removeprefix(NEW)), kept.c.person == by.person)).one_or_none()
    if row is None:
        raise Errors([missing])
    body = bytes(row.body)
    salt, digest = stream.sealed(correspondence.content(row.name, row.kind, body))
    values = {"case": case, "by": by.person, "organisation": by.organisation, "at": city.now()}
    id: int = c.execute(
        sa.insert(file).values(**values, name=row.name, kind=row.kind, size=len(body), hash=digest, body=body, salt=salt).returning(file.c.id)
    ).scalar_one()
    return id


def _is_new(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(NEW) and value.removeprefix(NEW).isdigit() and value.isascii()


# -- read --------------------------------------------------------------------------------------------------------------
def open_file(c: Connection, city: City, sight: Sight, form: Form, answer: Any, id: int) -> tuple[File, bytes]:
    """A file that an answer names, for those who may read the field that names it. Raises NotAllowed."""
    if str(id) not in _named(form.fields, access.readable(city, c, sight, form, answer)):
        raise NotAllowed
    return correspondence.opened(c, answer.case, id)


def name_of(c: Connection, case: int, value: str) -> str | None:
    """How a file is called that an answer of this case names."""
    if not value.isascii() or not value.isdigit():
        return None
    return c.scalar(sa.select(store.attachment.c.name).where(store.attachment.c.case == case, store.attachment.c.id == int(value)))


def _readable(c: Connection, city: City, sight: Sight, but: Set[str]) -> set[int]:
    """The attachments that stand in answers, where this person may read the field; not those of these forms."""
    answer, file, known = store.answer, store.attachment, city.forms(c)
    rows = c.execute(sa.select(answer, file.c.id.label("file")).join(file, file.c.answer == answer.c.id).where(file.c.case == sight.case))
    return {
        row.file for row in rows
        if row.form in known and row.form not in but and sight.level(row.form, row.organisation, row.part) is not None
        and str(row.file) in _named(known[row.form].fields, access.readable(city, c, sight, known[row.form], row))
    }  # fmt: skip


def _named(fields: Iterable[Field], data: Mapping[str, Any]) -> set[str]:
    """What the file fields of an answer hold."""
    return set(_values(fields, data))


def _values(fields: Iterable[Field], data: Mapping[str, Any]) -> Iterator[str]:
    for field in fields:
        value = data.get(field.name)
        if field.kind == "file" and isinstance(value, str):
            yield value
        elif field.kind == "list":
            for row in rows_of(value):
                yield from _values(field.rows, row)
