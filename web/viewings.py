"""Notes what a page shows of a case, and writes it when the reply is on its way. Which views are noted, the views decide."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, g
from werkzeug.wrappers import Response

from engine.access import Sight
from engine.viewings import Notebook, Viewed
from web.context import now

NOTEBOOK = "bansou-viewings"


def note(what: str, case: int | None = None, ground: str | None = None, level: str | None = None) -> None:
    """The person at the screen sees `what`, of this case, on this ground, up to this level."""
    me = g.me
    _notebook().note(Viewed(now(), what, me.id, me.organisation, case, ground, level))
    g.noted = True


def note_case(sight: Sight, what: str = "case") -> None:
    """They see the case itself, or a page of it."""
    note(what, sight.case, sight.ground(), sight.highest)


def note_answer(sight: Sight, row: Any, what: str = "answer") -> None:
    """They see an answer, on the screen or as paper. ``row``: the answer's."""
    place = row.form, row.organisation, row.part
    note(f"{what}:{row.id}", sight.case, sight.ground(*place), sight.level(*place))


def write() -> None:
    """Write what was noted at once, before something leaves that has no end which could be waited for."""
    _notebook().write()


def attach(app: Flask) -> None:
    """Write what was noted once the reply has been sent."""
    app.extensions[NOTEBOOK] = Notebook(app.config["CITY"].store)
    app.after_request(_write_afterwards)


def _notebook() -> Notebook:
    found: Notebook = current_app.extensions[NOTEBOOK]
    return found


def _write_afterwards(response: Response) -> Response:
    if g.get("noted"):
        response.call_on_close(_notebook().write)
    return response
