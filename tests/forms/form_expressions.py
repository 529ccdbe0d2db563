"""Every expression of the forms with its place, and what docs/forms.md says is at hand for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from engine.organisation import read
from forms.schema import load

ROOT = Path(__file__).parent.parent.parent
FORMS, _ = load(ROOT / "forms" / "schemas")
ORGANISATION, _ = read((ROOT / "processes" / "organisation.toml").read_bytes())
FUNCTIONS = {
    "answers": (1, 1),
    "persons": (0, 0),
    "consent": (2, 2),
    "received_by": (0, 0),
    "lead": (0, 0),
    "next_review_on": (0, 0),
    "asker_waits": (0, 0),
    "awaits": (1, 1),
    "workdays": (1, 2),
    "months": (2, 2),
    "first": (1, 9),
    "ticked": (2, 99),
    "records": (1, 1),
    "in_force": (2, 2),
    "base": (3, 3),
    "lines": (3, 9),
    "sheet": (4, 4),
    "label": (2, 2),
    "name_of": (1, 1),
    "domains": (1, 1),
    "consent_state": (0, 0),
    "consents": (0, 1),
    "next_meeting": (0, 0),
    "meeting_on": (1, 1),
    "add_months": (2, 2),
}
AT_HAND = {
    "own.answered_at",
    "case.number",
    "case.lead",
    "case.next_review_on",
    "task.element",
    "task.name",
    "task.organisation",
    "item.org",
    "item.what",
    "body_hint.body",
    "me",
    "my_org",
    "now",
    "today",
    "started_at",
    "index",
    "purpose",
    "urgency",
    "urgency.contact",
    "urgency.kind",
    "triage_hint.triage",
    "triage_hint.why",
    "own",
    "row",
    "item",
    "task",
    "case",
    "settings",
}
KEPT_WITH_EVERY_ANSWER = ("here", "answered_at", "answered_by", "answered_org")


class Written(NamedTuple):
    """One expression as it stands in a form."""

    form: str
    place: str  # field, or field.column, or the id of a rule
    part: str | None
    text: str
    list: str | None = None  # whose column it fills

    def __str__(self) -> str:
        return f"{self.form} {self.place}"


def prefills() -> Iterator[Written]:
    for form in FORMS.values():
        for part in form.parts:
            for field in part.fields:
                if field.prefill:
                    yield Written(form.id, field.name, part.id, field.prefill)
                for column in field.rows:
                    if column.prefill:
                        yield Written(form.id, f"{field.name}.{column.name}", part.id, column.prefill, field.name)


def rules() -> Iterator[Written]:
    for form in FORMS.values():
        for rule in form.rules:
            for part in rule.parts:
                yield Written(form.id, rule.id, part, rule.require)


EXPRESSIONS = [*prefills(), *rules()]
FIELDS = {form.id: {field.name: field for field in form.fields} for form in FORMS.values()}
