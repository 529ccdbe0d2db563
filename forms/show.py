"""Shows an answer for reading: headings, names and values, only what its reader may see and only what was answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from .choices import Choices
from .form import Field, Form, May, Part, anybody, cut, drawn
from .messages import is_of_people
from .page import Translate, render, unchanged
from .saying import said
from .write import rows_of

_COLUMNS = 7


@dataclass(frozen=True)
class Said:
    """A field and its value in words; a list has rows of such pairs, and columns when it fits a table."""

    title: str
    value: str = ""
    rows: Sequence[Sequence[Said]] = ()
    columns: Sequence[str] = ()
    people: bool = False
    url: str = ""


def show(
    form: Form,
    data: Mapping[str, Any],
    *,
    part: Part | str | None = None,
    may: May = anybody,
    choices: Choices | None = None,
    translate: Translate = unchanged,
    url: Callable[[str], str] | None = None,
) -> Markup:
    """The answer (or one part of it) as definition lists. Levels that the reader may not see are left out.

    url: where a file is that the answer names; without it files are shown by name only.
    """
    fields = form.fields if part is None else form.part(part if isinstance(part, str) else part.id).fields
    sections = [
        (section.title, members)
        for section in cut(drawn(fields, may))
        if (members := told(section.fields, data, choices or Choices(), url))
    ]
    return render("show.html", translate, sections=sections)


def told(
    fields: Iterable[Field], data: Mapping[str, Any], choices: Choices, url: Callable[[str], str] | None = None
) -> list[Said]:
    """The answered fields in words; the fields are those that the reader sees."""
    found = []
    for field in fields:
        value = data.get(field.name)
        if field.kind == "list":
            rows = [row for row in (told(field.rows, row, choices, url) for row in rows_of(value)) if row]
            if rows:
                found.append(Said(field.title, rows=rows, columns=_columns(field, rows), people=is_of_people(field)))
        elif words := said(field, value, choices):
            found.append(Said(field.title, words, url=url(str(value)) if url is not None and field.kind == "file" else ""))
    return found


def _columns(field: Field, rows: Sequence[Sequence[Said]]) -> list[str]:
    """The titles of the columns in use, when there are few enough for a table."""
    used = {cell.title for row in rows for cell in row}
    titles = [member.title for member in field.rows if member.title in used]
    return titles if len(titles) <= _COLUMNS and not is_of_people(field) else []
