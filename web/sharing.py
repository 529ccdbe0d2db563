"""情報を見られる機関: for one person of a household, who sees what, on what ground, since when and until when; on the screen and as paper.

For those who answer for the whole case. A consent is withdrawn by the form for it; here is only the way to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, render_template, url_for
from sqlalchemy.engine import Connection

from engine import access, sharing, store
from engine.access import Sight
from engine.errors import NotAllowed
from engine.facts import Consent, Facts, consent_of
from engine.sharing import Share
from web import acting
from web.cases import ANSWERED, STEPS
from web.context import city, today
from web.dates import dated
from web.frame import group_name, marked
from web.language import _
from web.viewers import GROUNDS
from web.viewings import note_case

pages = Blueprint("sharing", __name__, url_prefix="/cases/<number>/people/<int:member>/sharing")

SOON = timedelta(days=30)  # a consent that ends within this time is to be asked for anew (P13)
SAID_PLAINLY = {
    "received": marked("相談を受け付けた窓口だから"), "addressed": marked("相談をつないだ先だから"), "coordination_before": marked("支援をまとめる機関だから"),
    "coordination": marked("支援をまとめる機関だから"), "role": marked("支援の役割を相談しているから"), "plan": marked("支援の役割を持っているから"),
    "member": marked("支援の会議に出たから"), "lead": marked("主担当だから"), "secretariat": marked("支援を決める事務局だから"),
    access.OWN_TASK: marked("たのまれた仕事をしているから"),
}  # fmt: skip


@dataclass
class Member:
    """One person of a household, for a reader who may know who sees them."""

    c: Connection
    case: Any
    sight: Sight
    row: Any  # of the person
    facts: Facts

    @property
    def is_hidden(self) -> bool:
        return bool(self.row.concealed) and not self.sight.sees_concealed

    @property
    def name(self) -> str:
        name = f"{self.row.data.get('familyName') or ''} {self.row.data.get('givenName') or ''}".strip()
        return _("お名前は伏せています") if self.is_hidden else name or _("氏名不明")

    @property
    def consent(self) -> Consent | None:
        return self.facts.consents.get(self.row.id)


def _member(c: Connection, number: str, member: int) -> Member:
    case = c.execute(sa.select(store.case).where(store.case.c.number == number)).one_or_none()
    if case is None:
        raise NotAllowed
    sight = access.sight(city(), c, acting.by(), case)
    facts = Facts(c, city(), case.id, None)
    row = next((each for each in facts.people if each.id == member), None)
    if row is None or not access.answers_for_sharing(city(), c, sight):
        raise NotAllowed
    return Member(c, case, sight, row, facts)


@pages.get("")
def show(number: str, member: int) -> str:
    """Who sees this person today, who did, and all that the person said about it."""
    with city().store.reading() as c:
        found = _member(c, number, member)
        note_case(found.sight, f"sharing:{member}")
        here = url_for("sharing.show", number=number, member=member)
        withdraws, given = found.sight.may_write("withdrawal"), found.consent
        shares = sharing.of_person(city(), c, found.sight, found.case, member)

        def withdraw(org: str | None = None) -> str:
            return url_for("cases.consent", number=number, withdraw=1, person=member, org=org, then=here)

        return render_template(
            "sharing.html", case={"number": number, "title": acting.household(access.names(city(), c, acting.by(), [found.case.id]), found.case.id)},
            name=found.name, relation=found.row.data.get("role") or "", is_concealed=found.row.concealed, done=acting.done(),
            consent=_said(given) if given is not None else None, ends=_ends(given) if given is not None else None,
            consent_url=url_for("cases.consent", number=number, then=here) if found.sight.may_write("consent") else None,
            withdraw_url=withdraw() if withdraws and given is not None and given.answer in ("agreed", "partial") else None,
            shares=[{**_shown(c, each), "withdraw_url": withdraw(each.organisation) if withdraws and each.agreed else None} for each in shares],
            ended=[
                {"organisation": group_name(each.organisation), "ground": _(GROUNDS[each.ground]), "since": each.since, "until": each.until}
                for each in sharing.ended(city(), c, found.case.id) if each.ground in GROUNDS
            ],
            history=[{**_said(consent_of(each)), "at": each.given_at, "url": _answer_url(found, each.answer_id)} for each in
                     sharing.consents(c, found.case.id, member)],
            paper_url=url_for("sharing.paper", number=number, member=member),
        )  # fmt: skip


@pages.get("/paper")
def paper(number: str, member: int) -> str:
    """The same in plain words, for the person to take along."""
    with city().store.reading() as c:
        found = _member(c, number, member)
        note_case(found.sight, f"sharing_paper:{member}")
        shares = sharing.of_person(city(), c, found.sight, found.case, member)
        return render_template(
            "sharing_paper.html", number=number, name=found.name, consent=_said(found.consent) if found.consent is not None else None,
            rows=_by_office(c, [each for each in shares if each.opens is not None or each.agreed]),  # of other work they may not have heard
            ask=group_name(found.case.lead_org or city().organisation(c).duties["coordination"]),
            back=url_for("sharing.show", number=number, member=member),
        )  # fmt: skip


def _by_office(c: Connection, shares: list[Share]) -> list[dict[str, Any]]:
    """One row for each organisation, whatever its grounds: the person asks who and why, not on which of them."""
    offices: dict[str, list[Share]] = {}
    for each in shares:
        offices.setdefault(each.organisation, []).append(each)
    return [
        {
            "organisation": group_name(organisation),
            "why": list(dict.fromkeys([*(_(SAID_PLAINLY[each.ground]) for each in mine), *(_("あなたが同意したから") for each in mine if each.agreed)])),
            "what": list(dict.fromkeys(_shown(c, each)["what"] for each in mine)),
            "since": min(each.since for each in mine), "until": _longest([each.until for each in mine]),
        }
        for organisation, mine in offices.items()
    ]  # fmt: skip


def _longest(until: list[date | None]) -> date | None:
    """The last day on which any of these holds; None where no day is set for one of them."""
    days = [day for day in until if day is not None]
    return max(days) if len(days) == len(until) else None


def _said(given: Consent) -> dict[str, Any]:
    said, kind = ANSWERED.get(given.answer, (given.answer, ""))
    return {
        "said": _(said), "kind": kind, "steps": [_(STEPS[step]) for step in given.steps if step in STEPS],
        "organisations": [{"title": group_name(org), "until": until} for org, until in given.orgs.items()],
        "until": given.valid_until, "withdrawn_on": given.withdrawn_on,
    }  # fmt: skip


def _ends(given: Consent) -> str | None:
    """What is to be said of a consent that is over, or soon will be."""
    if given.answer not in ("agreed", "partial") or given.valid_until is None or given.valid_until > today() + SOON:
        return None
    if given.valid_until < today():
        return _("同意の期限（%(day)s）が過ぎました。続けて共有するには、もう一度同意をもらって記録してください。", day=dated(given.valid_until))
    return _("同意の期限が近づいています（%(day)sまで）。続けて共有するには、それまでにもう一度同意をもらって記録してください。", day=dated(given.valid_until))


def _shown(c: Connection, each: Share) -> dict[str, Any]:
    tasks = _("、").join(_("「%(task)s」", task=name) for name in each.tasks)
    return {
        "organisation": group_name(each.organisation), "ground": _(GROUNDS[each.ground]), "what": _what(c, each) if each.opens is not None else
        _("やること%(tasks)sに要ること", tasks=tasks), "since": each.since, "until": each.until, "agreed": each.agreed,
        "others_agreed": each.others_agreed,
    }  # fmt: skip


def _what(c: Connection, each: Share) -> str:
    """What a ground opens, by the titles of forms."""
    ground, known = each.opens, city().forms(c)
    if ground is None or "*" in ground.forms:
        return _("支援の記録すべて")
    places = [place.partition("#") for place in ground.forms]
    titles = [known[form].called(part) if part else known[form].title for form, _sep, part in places if form in known]
    opened = _("、").join(dict.fromkeys(titles)) + (_("のうち、その機関に関わるところ") if ground.own_rows else "")
    return _("%(forms)sと、その機関が書いたもの", forms=opened) if ground.own else opened


def _answer_url(found: Member, answer: int | None) -> str | None:
    row = found.c.execute(sa.select(store.answer).where(store.answer.c.id == answer)).one_or_none() if answer else None
    if row is None or found.sight.level(row.form, row.organisation, row.part) is None:
        return None
    return url_for("cases.answer", answer=row.id)
