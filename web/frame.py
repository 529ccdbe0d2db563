"""What stands around every page: the menu, who is at the screen, the names of organisations. It reads no case."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g, request, url_for
from markupsafe import Markup
from sqlalchemy.exc import SQLAlchemyError

from engine.organisation import Organisation
from web.auth import SignedIn, this_page
from web.context import now, organisation, today
from web.language import _

Rule = Callable[[SignedIn], bool]

_FOLDS = re.compile(r"(?<=[^ァ-ヺー(（])(?=[ァ-ヺー]{3,}|[(（])")


@dataclass(frozen=True)
class Link:
    title: str
    url: str
    here: bool


def marked(text: str) -> str:
    """A text that is translated when it is shown."""
    return text


def _everybody(_me: SignedIn) -> bool:
    return True


def _leads_others(me: SignedIn) -> bool:
    return bool({f"{me.organisation}.head", f"{me.organisation}.manager"} & me.groups)


def _administers(me: SignedIn) -> bool:
    return me.person.administrator


def _repairs(me: SignedIn) -> bool:
    """Administrators, and those who lead the office that sees to messages without a receiver."""
    known = organisation()
    duty = known.duties["coordination"] if known else None
    return _administers(me) or (me.organisation == duty and _leads_others(me))


def _receives(me: SignedIn | None) -> bool:
    """Whether this person's group may start a case: ``[starters]`` of organisation.toml."""
    known = organisation()
    return me is not None and known is not None and any(me.groups & groups for groups in known.starters.values())


MENU: tuple[tuple[str, str, Rule], ...] = (
    ("inbox.index", marked("やること"), _everybody),
    ("search.index", marked("ケース"), _everybody),
    ("meetings.index", marked("会議"), _everybody),
    ("watch.stalled", marked("滞り"), _leads_others),
    ("processes.index", marked("業務の流れ"), _everybody),
    ("people.index", marked("職員と組織"), _administers),
    ("incidents.index", marked("不具合"), _repairs),
)
SECTION_OF = {"tasks": "inbox", "cases": "search", "viewers": "search", "sharing": "search"}  # pages that belong to another entry of the menu


def menu() -> list[Link]:
    """The entries this person can use, the present one marked."""
    me: SignedIn | None = g.get("me")
    if me is None:
        return []
    section = SECTION_OF.get(request.blueprint or "", request.blueprint)
    return [
        Link(_(title), url_for(endpoint), endpoint.split(".")[0] == section)
        for endpoint, title, is_for in MENU
        if endpoint in current_app.view_functions and is_for(me)
    ]


def group_name(group: str | None) -> str:
    """How screens call a group or an organisation; its id where the city's file no longer knows it."""
    known = organisation()
    return known.label(group) if known and group in known.groups else group or ""


def foldable(name: str) -> Markup:
    """A name that may be folded before what is written in katakana or in brackets, where it is too long for its place."""
    return Markup("<wbr>").join(_FOLDS.split(name))


def attach(app: Flask) -> None:
    """Make the frame known to templates."""
    app.context_processor(_around)
    app.jinja_env.globals["has_search"] = lambda: "search.index" in app.view_functions
    app.add_template_filter(group_name)
    app.add_template_filter(foldable)


def _around() -> dict[str, Any]:
    known = _city_in_force()
    return {
        "me": g.get("me"), "menu": menu, "today": today(), "now": now(), "this_page": this_page(),
        "office": known.name if known else "", "contact": known.contact if known else "",
        "demo": current_app.config["DEMO"], "may_receive": known is not None and _receives(g.get("me")),
    }


def _city_in_force() -> Organisation | None:
    """The organisation for the foot of a page; none where the page is about to say that the database is not there."""
    try:
        return organisation()
    except SQLAlchemyError:
        return None
