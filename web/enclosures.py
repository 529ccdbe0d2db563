"""Files that a form asks for, as a page sends them: kept at once, so that no error elsewhere on the page loses them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from io import BytesIO
from typing import Any

from flask import request, send_file
from werkzeug.wrappers import Response

import forms
from engine import enclosures
from engine.correspondence import File
from engine.filetypes import UnusableFile
from forms import Choice, Choices, FieldError, Form, May, Submitted
from web import acting
from web.context import city


def read(
    form: Form, part: str, subject: str, *, before: Mapping[str, Any], may: May, choices: Choices, beside: Collection[str]
) -> tuple[Submitted, tuple[Choice, ...]]:
    """What was sent for a part (``forms.read``), its files kept with the draft ``subject``; and these files, to choose from."""
    sent = forms.read(form, part, request.form, request.files, before=before, may=may, choices=choices, beside=beside)
    data, typed, errors, kept = dict(sent.data), dict(sent.typed), list(sent.errors), list[Choice]()
    for path, upload in sent.files.items():
        try:
            chosen = enclosures.keep(city(), acting.by().person or 0, subject, typed, upload.filename or "", request.files[path].stream.read())
        except UnusableFile as refusal:
            errors.append(FieldError(path, f"「{_title(form, part, path)}」：{refusal.message}"))
            _put(data, path, None)
        else:
            kept.append(chosen)
            typed[path] = [chosen.value]
            _put(data, path, chosen.value)
    return replace(sent, data=data, typed=typed, errors=tuple(errors)), tuple(kept)


def sent_away(file: File, body: bytes) -> Response:
    """A file, to be saved and never shown in the browser."""
    return send_file(BytesIO(body), mimetype=file.kind, as_attachment=True, download_name=file.name, etag=False)


def _title(form: Form, part: str, path: str) -> str:
    name, *inside = path.split("-")
    field = form.part(part).field(name)
    return next(column for column in field.rows if column.name == inside[-1]).title if inside else field.title


def _put(data: dict[str, Any], path: str, value: str | None) -> None:
    """Set what stands at a path of an answer: ``copy``, or ``rows-0-copy``."""
    name, *inside = path.split("-")
    if not inside:
        data.pop(name, None) if value is None else data.update({name: value})
        return
    rows = [dict(row) for row in data.get(name, ())]
    row = rows[int(inside[0])]
    row.pop(inside[1], None) if value is None else row.update({inside[1]: value})
    data[name] = rows
