"""Fills the templates of this package; every text is escaped, and only what a page can carry goes out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .characters import showable

Translate = Callable[[str], str]

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)


def unchanged(text: str) -> str:
    """The text itself: the words of the interface are Japanese."""
    return text


def render(template: str, translate: Translate, **values: Any) -> Markup:
    """The template with these values; `_` translates the words of the interface."""
    return Markup(showable(_TEMPLATES.get_template(template).render(_=translate, **values)))
