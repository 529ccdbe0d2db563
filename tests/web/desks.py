"""The people of an office at their screens, and what they read there. Must not know any page."""

from __future__ import annotations

import html
import re

from flask import Flask
from standstill import Office
from visits import Visitor, screens_of

from engine.people import Person


def screens(office: Office) -> Flask:
    """The screens of an office, made once."""
    known = vars(office)
    if "screens" not in known:
        known["screens"] = screens_of(office.city)
    made: Flask = known["screens"]
    return made


def at_desk(office: Office, who: str | Person, organisation: str | None = None) -> Visitor:
    """Somebody of a group (「市民税課の長」), or a certain person, signed in."""
    visitor = screens(office).test_client()
    assert isinstance(visitor, Visitor)
    return visitor.signed_in_as(office.person(who) if isinstance(who, str) else who, organisation)


def reading(office: Office, who: str | Person, path: str, **cookies: str) -> str:
    """The page as somebody sees it."""
    visitor = at_desk(office, who)
    for name, value in cookies.items():
        visitor.set_cookie(name, value)
    answer = visitor.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def text(markup: str) -> str:
    """What a person reads of it."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", markup))).strip()


def rows(page: str, last: bool = True) -> dict[str, list[str]]:
    """Of the last table on a page, or the first: the title of each row to its cells."""
    body = re.findall(r"<tbody[^>]*>(.*?)</tbody>", page, re.DOTALL)[-1 if last else 0]
    found = re.findall(r"<tr[^>]*>(.*?)</tr>", body, re.DOTALL)
    cells = [[text(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)] for row in found]
    return {row[0]: row[1:] for row in cells}
