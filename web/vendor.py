"""Serves the few published front-end files the screens use, as npm put them there, and knows which are missing."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from flask import Blueprint, Flask, abort, current_app, send_file, url_for
from werkzeug.wrappers import Response

from web.guard import open_to_all

FILES = {
    "tokens.css": "@digital-go-jp/design-tokens/dist/tokens.css",
    "bpmn-viewer.js": "bpmn-js/dist/bpmn-navigated-viewer.production.min.js",
    "diagram-js.css": "bpmn-js/dist/assets/diagram-js.css",
    "bpmn-js.css": "bpmn-js/dist/assets/bpmn-js.css",
}
HOW_TO_FETCH = "npm ci --ignore-scripts"

pages = Blueprint("vendor", __name__)


@pages.get("/vendor/<name>")
@open_to_all
def file(name: str) -> Response:
    """One of the files, by its short name."""
    if name not in FILES or not _place(name).is_file():
        abort(404)
    return send_file(_place(name), conditional=True)


def missing() -> list[str]:
    """The short names of the files that were not fetched."""
    return [name for name in FILES if not _place(name).is_file()]


def vendor_url(name: str) -> str | None:
    """The address of a fetched file, or nothing; it changes with the content."""
    place = _place(name)
    return url_for("vendor.file", name=name, v=_mark(place)) if place.is_file() else None


def static_url(name: str) -> str:
    """The address of a file of ours; it changes with the content."""
    return url_for("static", filename=name, v=_mark(Path(current_app.static_folder or "") / name))


def attach(app: Flask) -> None:
    """Give templates the two kinds of address, and say once what is missing."""
    app.jinja_env.globals.update(vendor_url=vendor_url, static_url=static_url, HOW_TO_FETCH=HOW_TO_FETCH)
    app.register_blueprint(pages)
    with app.app_context():
        if missing():
            app.logger.warning("図の部品がありません。`%s` で取ってこられます。", HOW_TO_FETCH)


def _mark(place: Path) -> str:
    return _digest(place, place.stat().st_mtime_ns)


def _place(name: str) -> Path:
    return Path(current_app.config["NODE_MODULES"]) / FILES[name]


@cache
def _digest(place: Path, _changed_at: int) -> str:
    return sha256(place.read_bytes()).hexdigest()[:12]
