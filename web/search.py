"""ケースをさがす: by number, name or reading. Who may see what is found is decided in the engine."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for

from engine import access, search
from engine.search import Found
from web import acting, paging, viewings
from web.context import city, organisation
from web.language import _

pages = Blueprint("search", __name__, url_prefix="/search")


@pages.get("")
def index() -> str:
    """What was found; without a question, what one's organisation did last."""
    me, q = acting.by(), request.args.get("q", "").strip()
    page = paging.asked(search.PAGE, search.MOST)
    with city().store.reading() as c:
        may_review = access.may_review_questions(city(), c, me)
        if q:
            found = search.find(city(), c, me, q, page, search.PAGE)
            rows, total = found.rows, found.total
            for each in rows:
                viewings.note("search", each.id, level="L1")
        else:
            rows, total = search.recent(city(), c, me), 0
    return render_template(
        "search.html", q=q, rows=[_row(each) for each in rows], heading=None if q else _("最近うごいたケース"),
        may_review=may_review, too_short=search.is_too_short(q), too_many=total >= search.MOST,
        pages=paging.pages("search.index", page, search.PAGE, total, q=q) if q else None,
    )  # fmt: skip


def _row(each: Found) -> dict[str, Any]:
    known = organisation()
    phase = known.phase("case", each.phase) if known and each.phase else None
    return {
        "number": each.number, "url": url_for("cases.show", number=each.number),
        "title": each.household or _("お名前は伏せています"), "found": each.person, "phase": phase.name if phase else "―",
        "lead": known.label(each.lead) if known and each.lead in known.offices else None,
        "received_on": each.received_at, "is_closed": each.closed_at is not None,
    }  # fmt: skip
