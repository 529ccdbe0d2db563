"""Says the value of one field in words, for screens and paper; never says what its reader was not offered."""

from __future__ import annotations

from typing import Any

from .choices import Choices
from .dates import parse_day, parse_moment, wareki, wareki_moment
from .form import Field
from .write import NEW


def said(drawn: Field, value: Any, choices: Choices) -> str:
    """The value in words: labels for codes, 和暦 for days; "" when there is none or it may not be shown.

    drawn: the field as this reader sees it; options left out there are left out here.
    """
    if value is None or value == "" or value == []:
        return ""
    if drawn.kind in ("code", "codes"):
        values = value if isinstance(value, list) else [value]
        return "、".join(code.label for code in drawn.codes if code.code in values)
    if drawn.kind == "persons" and isinstance(value, list):
        return "、".join(choices.label(drawn, member) for member in value)
    if drawn.kind == "bool":
        return "はい" if value is True else "いいえ"
    if drawn.kind == "number" and isinstance(value, int):
        return f"{value:,}{drawn.unit}"
    if drawn.kind == "date":
        day = parse_day(value)
        return wareki(day) if day else str(value)
    if drawn.kind == "datetime":
        moment = parse_moment(value)
        return wareki_moment(moment) if moment else str(value)
    if drawn.kind == "meeting" and str(value).startswith(f"{NEW}:"):
        return _new(str(value).partition(":")[2])
    if drawn.kind == "file" or choices.of(drawn):
        return choices.label(drawn, value)
    return str(value)


def _new(what: str) -> str:
    day = parse_day(what)
    return f"新しい会議（{wareki(day)}）" if day else what
