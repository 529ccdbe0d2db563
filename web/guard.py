"""What holds for every request: headers, forged forms, sizes, and error pages that say nothing about content.

Who may see what is decided elsewhere; here only `open_to_all` marks the few doors that need no sign-in.
"""

from __future__ import annotations

import re
import secrets
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, abort, current_app, g, render_template, request
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response

from engine.errors import BadAnswer, Conflict, NoLongerOpen, NotAllowed, OtherVersion, Refusal, Unpublishable

MEGABYTE = 1024 * 1024
LARGEST_REQUEST = 24 * MEGABYTE  # one file of 20 MB and the form around it
LARGEST_FORM = 12 * MEGABYTE  # text alone; a field of a million characters must come back as typed
MOST_FIELDS = 5_000
A_YEAR = 365 * 24 * 60 * 60

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
STATUS_OF = {NotAllowed: 404, NoLongerOpen: 409, BadAnswer: 422, Unpublishable: 422, Conflict: 409, OtherVersion: 503}
EXPLAINED = (400, 403, 404, 405, 409, 413, 422, 429, 500, 503)

_LOCAL_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")  # one slash: two name another host
View = TypeVar("View", bound=Callable[..., Any])


class QuietFlask(Flask):
    """Flask that logs where something failed, never what it failed on: a message may carry a resident's data."""

    def log_exception(self, exc_info: Any) -> None:
        kind, _error, frames = exc_info
        g.reference = secrets.token_hex(4)
        where = "".join(traceback.format_tb(frames))
        self.logger.error("%s %s at %s\n%s", g.reference, kind and kind.__qualname__, request.endpoint, where)


def open_to_all(view: View) -> View:
    """Mark a view that needs no sign-in."""
    view.open_to_all = True  # type: ignore[attr-defined]
    return view


def is_open(endpoint: str | None) -> bool:
    """Whether this endpoint needs no sign-in."""
    view = current_app.view_functions.get(endpoint or "")
    return endpoint == "static" or bool(getattr(view, "open_to_all", False))


def inside(path: str | None) -> str:
    """The path if it stays within this site, else the first page."""
    return path if path and _LOCAL_PATH.fullmatch(path) else "/"


def attach(app: Flask) -> None:
    """Put the guard in front of every route."""
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_REQUEST, MAX_FORM_MEMORY_SIZE=LARGEST_FORM, MAX_FORM_PARTS=MOST_FIELDS,
        WTF_CSRF_TIME_LIMIT=None,  # a token lives as long as its session
    )
    app.before_request(_weigh)
    CSRFProtect(app)
    app.after_request(_protect)
    app.register_error_handler(HTTPException, _refuse)
    app.register_error_handler(CSRFError, _refuse_forged)
    app.register_error_handler(Refusal, _refuse_politely)
    app.register_error_handler(InternalServerError, _fail)


def error_page(status: int, message: str | None = None, reference: str | None = None, in_general: bool = False) -> tuple[str, int]:
    """The page for this status; `message` replaces its own sentence. `in_general`: it says no more than the page can say in English."""
    page = status if status in EXPLAINED else (500 if status >= 500 else 400)
    return render_template("error.html", status=status, kind=page, message=message, in_general=in_general, reference=reference), status


def _weigh() -> None:
    """Werkzeug limits the text of a form with files only; this one would be read at once."""
    plain = request.mimetype == "application/x-www-form-urlencoded"
    if plain and (request.content_length is None or request.content_length > LARGEST_FORM):
        abort(413)


def _protect(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={A_YEAR}; includeSubDomains")
    if request.endpoint not in ("static", "vendor.file") or response.status_code >= 400:
        response.headers["Cache-Control"] = "no-store"
    elif "v" in request.args:  # the address changes with the content
        response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    return response


def _refuse(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    body, status = error_page(error.code)
    response = current_app.make_response((body, status))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _refuse_forged(_error: CSRFError) -> tuple[str, int]:
    return render_template("error.html", status=400, kind="stale", message=None, reference=None), 400


def _refuse_politely(refusal: Refusal) -> tuple[str, int]:
    status = next((code for kind, code in STATUS_OF.items() if isinstance(refusal, kind)), 400)
    in_general = refusal.message == (type(refusal).__doc__ or "").strip()
    return error_page(status, refusal.message, in_general=in_general)


def _fail(_error: InternalServerError) -> tuple[str, int]:
    return error_page(500, reference=g.get("reference"))
