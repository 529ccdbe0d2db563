"""Japanese or English words on the screens. What the city wrote itself (steps, forms, answers) is never translated.

Message ids are the Japanese texts; `translations/en.po` gives the English ones and is read at start, without a build.
"""

from __future__ import annotations

import gettext
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Blueprint, Flask, abort, current_app, has_request_context, redirect, request
from werkzeug.wrappers import Response

from web.guard import inside, open_to_all

COOKIE = "language"
A_YEAR = 365 * 24 * 60 * 60
LANGUAGES = {"ja": "日本語", "en": "English"}
CATALOGUE = Path(__file__).parent / "translations" / "en.po"

pages = Blueprint("language", __name__)


def language() -> str:
    """`ja`, unless the reader chose `en`."""
    chosen = request.cookies.get(COOKIE) if has_request_context() else None
    return chosen if chosen in LANGUAGES else "ja"


def speaks_english() -> bool:
    """Whether this reader chose English."""
    return language() == "en"


def _(text: str, **values: object) -> str:
    """The text in the reader's language, `%(name)s` filled in."""
    said = _catalogue().gettext(text)
    return said % values if values else said


def counted(one: str, many: str, n: int, **values: object) -> str:
    """The text for `n` things in the reader's language, `%(num)s` filled in with `n`."""
    return _catalogue().ngettext(one, many, n) % {"num": n, **values}


@pages.post("/language")
@open_to_all
def choose() -> Response:
    """Keep the chosen language in a cookie and show the same page again."""
    chosen = request.form.get("language", "")
    if chosen not in LANGUAGES:
        abort(400)
    answer = redirect(inside(request.form.get("next")), 303)
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    answer.set_cookie(COOKIE, chosen, max_age=A_YEAR, secure=secure, httponly=True, samesite="Lax")
    return answer


def read(path: Path) -> gettext.NullTranslations:
    """The catalogue in a `.po` file."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale="en", abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def attach(app: Flask) -> None:
    """Give templates `_`, `ngettext` and the language."""
    app.extensions["bansou-english"] = read(CATALOGUE)
    app.extensions["bansou-japanese"] = gettext.NullTranslations()
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: _catalogue().gettext(text), lambda one, many, n: _catalogue().ngettext(one, many, n), newstyle=True
    )
    app.jinja_env.globals.update(language=language, LANGUAGES=LANGUAGES)
    app.register_blueprint(pages)


def _catalogue() -> gettext.NullTranslations:
    name = "bansou-english" if speaks_english() else "bansou-japanese"
    found: gettext.NullTranslations = current_app.extensions[name]
    return found
