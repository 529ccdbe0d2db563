"""What the expressions of the forms find at hand in the fictional case of `answers`: names and functions.

It stands in for nothing of ours: docs/forms.md says what each function gives, and here it gives that for this case.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any

import answers

TODAY = date(2026, 5, 25)
NOW = datetime(2026, 5, 25, 10, 0, tzinfo=timezone(timedelta(hours=9)))

SETTINGS = {"plan_term_months": 6, "review_first_months": 1, "review_months": 3, "follow_up_months": [1, 3, 6], "t_conf_next": "P60D", "t_conf_reading": "P30D"}
PERSONS = [
    {"id": answers.MOTHER, "answer": "agreed", "share": True, "plan": True, "refer_conference": False},
    {"id": answers.SON, "answer": None, "share": False, "plan": True, "refer_conference": False},
]
INSIDE_THE_CONSENT = {"kyotaku", "jiritsu", "sanka", "houkatsu"}

PARTS = {
    "F01": "close",
    "F02": "household",
    "F03": "result",
    "F04": "place",
    "F05": "consent",
    "F07": "answer",
    "F10": "amend",
    "F10R": "answer",
    "F11": "closing",
    "F12": "notify",
    "F13": "note",
    "F14": "monitor",
    "F15e": "final",
    "F16": "accept",
    "F00": "answer",
    "F06": "convene",
    "F07C": "answer",
    "F08": "close",
    "F08R": "answer",
    "F09": "confirm",
}
"""The part that was answered last."""


def recorded(form: str, answer: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """An answer as `records` gives it."""
    whole = answers.sample(form, PARTS[form]) if answer is None else answer
    return {"here": True, "answered_at": NOW, "answered_by": answers.WORKER, "answered_org": "esikoni", **whole, **more}


def months_later(day: date | str, number: int) -> date:
    """The same day of a later month, or that month's last."""
    start = date.fromisoformat(day) if isinstance(day, str) else day
    year, month = divmod(start.year * 12 + start.month - 1 + number, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def first(*values: Any) -> Any:
    """The first that is not empty."""
    return next((value for value in values if value not in (None, "", [])), None)


def ticked(*pairs: Any) -> list[Any]:
    """The codes whose condition is true."""
    return [code for code, condition in zip(pairs[::2], pairs[1::2], strict=True) if condition is True]


@dataclass
class Story:
    """A FEEL scope. `names` and `functions` are laid over the usual ones; `F..` names give the latest answers."""

    names: Mapping[str, Any] = field(default_factory=dict)
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    def name(self, name: str) -> Any:
        if name in self.names:
            return self.names[name]
        if name in PARTS:
            return recorded(name)
        return self._usual_names()[name]

    def call(self, name: str, arguments: list[Any]) -> Any:
        if name in self.functions:
            return self.functions[name](*arguments)
        return self._usual_functions()[name](*arguments)

    def _usual_names(self) -> dict[str, Any]:
        household = answers.sample("F01", "receive")["persons"]
        return {
            "own": None,
            "case": {
                "number": "2026-00042",
                "lead": "esikoni",
                "next_review_on": date(2026, 6, 18),
                "persons": household,
                **{form: recorded(form) for form in PARTS},
            },
            "task": {"element": "answer_role", "name": "支援会議の手続へ引き継ぐ", "organisation": "jiritsu"},
            "item": {"org": "jiritsu", "what": "月1回の訪問"},
            "row": {},
            "index": 1,
            "me": answers.WORKER,
            "my_org": "esikoni",
            "now": NOW,
            "today": TODAY,
            "started_at": NOW - timedelta(days=40),
            "settings": SETTINGS,
            "urgency": [{"kind": "虐待・DV", "contact": "架空の連絡先"}],
            "triage_hint": {"triage": "connect", "why": "別の1機関で足り、同意がある"},
            "purpose": "plan",
            "body_hint": {"body": "support_conference", "why": "ほかの会議に収まらない"},
        }

    def _usual_functions(self) -> dict[str, Callable[..., Any]]:
        return {
            "answers": lambda form: [recorded(form)],
            "persons": lambda: PERSONS,
            "consent": lambda agency, step: agency in INSIDE_THE_CONSENT,
            "received_by": lambda: "houkatsu",
            "lead": lambda: "esikoni",
            "next_review_on": lambda: date(2026, 6, 18),
            "asker_waits": lambda: True,
            "awaits": lambda message: True,
            "workdays": lambda number, start=TODAY: start + timedelta(days=int(number)),
            "months": lambda number, start: months_later(start, int(number)),
            "first": first,
            "ticked": ticked,
            "records": lambda form: [recorded(form)],
            "in_force": lambda form, decision: recorded(form),
            "base": lambda form, decision, review: recorded(form),
            "lines": lambda form, rows, *fields: "架空の記録" if rows else None,
            "sheet": lambda form, part, level, without: "相談方法：電話",
            "label": lambda path, code: "介護",
            "name_of": lambda key: "架空 花子",
            "domains": lambda codes: ["care", "isolation", "money"],
            "consent_state": lambda: "partial",
            "consents": lambda agency=None: "母：①②③",
            "next_meeting": lambda: "7",
            "meeting_on": lambda meeting: date(2026, 5, 14),
            "add_months": months_later,
        }
