"""Tells days and periods, as diagrams spell them, from expressions; it must not count them (`engine.calendar` does)."""

from __future__ import annotations

import re
from datetime import date, datetime

_OPEN_DAYS = re.compile(r"P\d{1,4}BD")
_ISO = re.compile(
    r"P(?=\d|T\d)(?:\d{1,3}Y)?(?:\d{1,4}M)?(?:\d{1,4}W)?(?:\d{1,4}D)?(?:T(?=\d)(?:\d{1,4}H)?(?:\d{1,4}M)?(?:\d{1,6}S)?)?"
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d(T.+)?")


def is_period(text: str) -> bool:
    """Whether `text` is a period: "P10BD" (open days), or ISO 8601 such as "P3D", "P1M", "PT1H"."""
    return bool(_OPEN_DAYS.fullmatch(text) or _ISO.fullmatch(text))


def is_day(text: str) -> bool:
    """Whether `text` is a day or a moment of ISO 8601 that exists in the calendar."""
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
