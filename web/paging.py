"""Which part of a long list is shown, and the way to the parts before and after it. It counts; it reads nothing."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request, url_for


@dataclass(frozen=True)
class Pages:
    """What the pagination macro takes; rows are counted from 1."""

    first: int
    last: int
    total: int
    previous_url: str | None
    next_url: str | None


def asked(size: int, total: int | None = None) -> int:
    """The page that the address asks for, counted from 1; never past the end where the end is known."""
    text = request.args.get("page", "")
    page = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1
    last = max(1, -(-total // size)) if total is not None else page
    return max(1, min(page, last))


def pages(endpoint: str, page: int, size: int, total: int, **kept: str | None) -> Pages:
    """The pages of a list of `total` rows; `kept` are values that the addresses keep."""

    def to(number: int) -> str:
        return url_for(endpoint, page=number if number > 1 else None, **kept)

    first, last = (page - 1) * size + 1, min(page * size, total)
    return Pages(
        first if total else 0, last, total, to(page - 1) if page > 1 else None, to(page + 1) if last < total else None
    )
