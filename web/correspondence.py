"""What people say and attach, as the pages of a task and of a case show and send it. Who may is decided in the engine."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import redirect, render_template, request, url_for
from sqlalchemy.engine import Connection
from werkzeug.wrappers import Response

from engine import access, correspondence, filetypes, store
from engine.access import Sight
from engine.correspondence import AlreadyThere, File, Said, UnusableComment
from engine.errors import NotAllowed
from engine.filetypes import UnusableFile
from forms.form import RESTRICTED
from web import acting, enclosures, viewings
from web.context import city
from web.language import _

Refused = tuple[str, int]


# -- shown -------------------------------------------------------------------------------------------------------------
def comments(c: Connection, sight: Sight, at: str | None = None) -> list[dict[str, Any]]:
    """What was said, as pages take it; ``at`` a task: what was said there."""
    found = correspondence.comments(c, sight, at)
    names = acting.names_of_people(c, [each.by for each in found])
    return [
        {"who": _who(c, each, names), "at": each.at, "text": each.body, "about": each.task_name if at is None else None}
        for each in found
    ]


def files(c: Connection, sight: Sight, number: str, at: str | None = None) -> list[dict[str, Any]]:
    """What was attached, as pages take it."""
    found = correspondence.files(c, sight, at)
    names = acting.names_of_people(c, [each.by for each in found])
    return [
        {
            "name": each.name, "url": url_for("cases.file", number=number, file=each.id), "who": _who(c, each, names),
            "at": each.at, "size": size(each.size),
        }
        for each in found
    ]  # fmt: skip


def size(n: int) -> str:
    """84 KB, 3.2 MB."""
    if n < filetypes.MEGABYTE:
        return f"{max(1, round(n / 1024))} KB"
    return f"{n / filetypes.MEGABYTE:.1f} MB"


def download(number: str, id: int) -> Response:
    """A file, to be saved and never shown in the browser; its address has no name in it. Noted before it leaves."""
    with city().store.reading() as c:
        case = c.execute(sa.select(store.case).where(store.case.c.number == number)).one_or_none()
        if case is None:
            raise NotAllowed
        file, body = correspondence.open_file(c, city(), acting.by(), case, id)
        sight = access.sight(city(), c, acting.by(), case)
    if file.form in sight.restricted:
        viewings.note(f"file:{id}", case.id, sight.ground(file.form) or access.OWN_TASK, RESTRICTED)
    else:
        viewings.note(f"file:{id}", case.id, sight.ground() or access.OWN_TASK, access.LEVELS[-1])
    viewings.write()
    return enclosures.sent_away(file, body)


def _who(c: Connection, each: Said | File, names: dict[int, str]) -> str:
    offices = city().organisation(c).offices
    office = offices[each.organisation].short if each.organisation in offices else ""
    name = names.get(each.by or 0, "")
    return f"{name}（{office}）" if name and office else name or office


# -- sent --------------------------------------------------------------------------------------------------------------
def say(case: Any, task: Any, back: str) -> Response | Refused:
    """Write a comment, or show the words again with what to do. ``task``: its row, or none for the case itself."""
    text = request.form.get("text", "")
    try:
        correspondence.say(city(), case.id, task.id if task is not None else None, text, acting.by())
    except UnusableComment as refusal:
        return _again(case, task, back, refusal.message, text=text)
    acting.say_done(_("書き込みました。"))
    return redirect(back, 303)


def attach(case: Any, task: Any, back: str) -> Response | Refused:
    """Keep the file that was sent, or say what to do instead."""
    sent = request.files.get("file")
    try:
        name = filetypes.named(sent.filename or "" if sent is not None else "")
        body = sent.stream.read() if sent is not None else b""
        correspondence.attach(city(), case.id, task.id if task is not None else None, name, body, acting.by())
    except (UnusableFile, AlreadyThere) as refusal:
        return _again(case, task, back, refusal.message)
    acting.say_done(_("書類を加えました。"))
    return redirect(back, 303)


def _again(case: Any, task: Any, back: str, message: str, text: str | None = None) -> Refused:
    """A small page with the same box: nothing that was typed is lost, and the page behind keeps its own draft."""
    page = render_template(
        "correspondence.html", number=case.number, about=task.name if task is not None else None, back=back,
        action=request.path, text=text, errors=[acting.Wrong("file" if text is None else "say", message)],
    )  # fmt: skip
    return page, 422
