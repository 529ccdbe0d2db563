"""The rules that JSON Schema cannot say: what they accept, and what each of them refuses."""

from __future__ import annotations

import re
from typing import Any

import answers
import pytest
import story
from form_expressions import FORMS, Written, rules

from engine.kernel import feel


def holds(form: str, rule: str, answer: dict[str, Any], **at_hand: Any) -> bool:
    (text,) = [each.require for each in FORMS[form].rules if each.id == rule]
    functions = {name: value for name, value in at_hand.items() if callable(value)}
    names = {name: value for name, value in at_hand.items() if not callable(value)}
    return feel.parse(text).evaluate(story.Story({**names, form: answer}, functions)) is True


@pytest.mark.parametrize("written", list(rules()), ids=str)
def test_the_samples_break_no_rule(written: Written) -> None:
    assert written.part
    assert holds(written.form, written.place, answers.sample(written.form, written.part))


@pytest.mark.parametrize("form", FORMS)
def test_a_rule_says_where_and_what_to_do(form: str) -> None:
    for rule in FORMS[form].rules:
        for part in rule.parts:
            assert rule.at in [field.name for field in FORMS[form].part(part).fields]
        assert re.search(r"(ください|必要があります)。", rule.message), rule.message


CHILD = [{"id": answers.MOTHER, "birthDate": "2012-04-01"}]
TEENAGER = [{"id": answers.MOTHER, "ageApprox": "a10"}]
GROWN_UP = [{"id": answers.MOTHER, "birthDate": "2008-05-25"}]


def rows(form: str, part: str, name: str, number: int, **otherwise: Any) -> dict[str, Any]:
    """The sample's rows with one of them changed."""
    found = answers.sample(form, part)[name]
    found[number] = answers.changed(found[number], **otherwise)
    return {name: found}


REFUSED: list[tuple[str, str, str, dict[str, Any], dict[str, Any]]] = [
    ("F03", "kind_fits_route", "send", {"kind": "coordination"}, {}),
    ("F03", "kind_fits_route", "send", {"kind": "connect"}, {"F01": {"triage": "multi_agency"}}),
    ("F05", "minor_is_heard", "consent", {}, {"case": {"persons": CHILD}}),
    ("F05", "minor_is_heard", "consent", {}, {"case": {"persons": TEENAGER}}),
    ("F07", "no_answer_by_phone_only", "answer", {"no_answer": True}, {}),
    ("F10R", "no_answer_by_phone_only", "answer", {"answer": "no_answer"}, {}),
    ("F10", "each_issue_has_an_action", "draft", {"actions": [{"issue_no": 1, "org": "kyotaku"}]}, {}),
    ("F10", "each_action_has_an_issue", "draft", rows("F10", "draft", "actions", 0, issue_no=4), {}),
    ("F10", "issues_are_of_consenting_persons", "draft", rows("F10", "draft", "issues", 0, person="3"), {}),
    ("F10", "issues_are_of_consenting_persons", "amend", {}, {"persons": lambda: [{"id": answers.SON, "plan": False}]}),
    ("F10", "each_organisation_once", "draft", rows("F10", "draft", "roles", 1, org="kyotaku"), {}),
    ("F10", "roles_are_inside_the_consent", "draft", rows("F10", "draft", "roles", 1, org="kenko"), {}),
    ("F10", "roles_are_asked", "draft", rows("F10", "draft", "roles", 2, ask=False), {}),
    ("F10", "roles_are_asked", "draft", rows("F10", "draft", "roles", 2, ask=None), {}),
    ("F10", "actions_have_a_role", "amend", rows("F10", "draft", "actions", 1, org="kenko"), {}),
    ("F10", "lead_has_a_role", "draft", {"lead_org": "houkatsu"}, {}),
    ("F10", "term_is_in_order", "draft", {"term_to": "2026-05-18"}, {}),
    ("F10", "term_is_a_year_at_most", "draft", {"term_to": "2027-05-19"}, {}),
    ("F10", "review_is_inside_the_term", "draft", {"review_on": "2026-11-19"}, {}),
    ("F10", "review_is_inside_the_term", "amend", {"review_on": "2026-05-17"}, {}),
    ("F11", "members_are_inside_the_consent", "agenda", {"members": [{"org": "kenko"}]}, {}),
    ("F12", "period_is_in_order", "draft", {"period_to": "2026-05-17"}, {}),
    ("F14", "plan_does_not_end_soon", "monitor", {"monitored_on": "2026-10-20"}, {}),
    ("F14", "plan_does_not_end_soon", "monitor", {"monitored_on": "2026-10-20", "decision": "continue"}, {}),
    ("F14", "review_is_inside_the_term", "monitor", {"next_on": "2026-11-19"}, {}),
    ("F16", "lead_is_inside_the_consent", "give", {"lead_to": "kenko"}, {}),
    ("F06", "plan_meeting_needs_consent", "convene", {"body": "plan_meeting"}, {"persons": lambda: [{"id": answers.SON, "share": False}]}),
    ("F08", "reading_ends_after_the_meeting", "close", {"read_until": "2026-06-07"}, {}),
    ("F08", "consent_is_recorded", "finish", {"end_reason": "consent"}, {"persons": list}),
]


@pytest.mark.parametrize(("form", "rule", "part", "otherwise", "at_hand"), REFUSED)
def test_a_rule_refuses(form: str, rule: str, part: str, otherwise: dict[str, Any], at_hand: dict[str, Any]) -> None:
    assert not holds(form, rule, answers.changed(answers.sample(form, part), **otherwise), **at_hand)


def test_every_rule_is_tried() -> None:
    assert {(form, rule) for form, rule, *_ in REFUSED} == {(rule.form, rule.place) for rule in rules()}


ACCEPTED: list[tuple[str, str, str, dict[str, Any], dict[str, Any]]] = [
    ("F03", "kind_fits_route", "send", {"kind": "coordination"}, {"F01": {"triage": "multi_agency"}}),
    ("F03", "kind_fits_route", "send", {"kind": "transfer"}, {"F01": None}),
    ("F05", "minor_is_heard", "consent", {"minor_view": "うなずいた。"}, {"case": {"persons": CHILD}}),
    ("F05", "minor_is_heard", "consent", {"answer": "not_contacted"}, {"case": {"persons": CHILD}}),
    ("F05", "minor_is_heard", "consent", {}, {"case": {"persons": GROWN_UP}}),
    ("F05", "minor_is_heard", "consent", {}, {"case": {"persons": [{"id": answers.MOTHER}]}}),
    ("F07", "no_answer_by_phone_only", "answer", {"no_answer": True, "answered_by": "phone"}, {}),
    ("F10R", "no_answer_by_phone_only", "answer", {"answer": "no_answer", "answered_by": "phone"}, {}),
    (
        "F10",
        "roles_are_asked",
        "draft",
        rows("F10", "draft", "roles", 2, ask=False),
        {"records": lambda form: [story.recorded(form, {"org": "sanka", "answer": "accepted"})]},
    ),
    ("F10", "term_is_a_year_at_most", "draft", {"term_to": "2027-05-18"}, {}),
    ("F11", "members_are_inside_the_consent", "agenda", {"members": None}, {}),
    ("F14", "plan_does_not_end_soon", "monitor", {"monitored_on": "2026-10-20", "decision": "goal_reached"}, {}),
    ("F14", "review_is_inside_the_term", "monitor", {"next_on": None}, {}),
    ("F16", "lead_is_inside_the_consent", "give", {"lead_to": None, "closing_result": "close"}, {}),
    ("F06", "plan_meeting_needs_consent", "convene", {"body": "plan_meeting"}, {}),
    ("F08", "reading_ends_after_the_meeting", "close", {"read_until": "2026-06-08"}, {}),
    ("F08", "consent_is_recorded", "finish", {"end_reason": "consent"}, {}),
]


@pytest.mark.parametrize(("form", "rule", "part", "otherwise", "at_hand"), ACCEPTED)
def test_a_rule_accepts(form: str, rule: str, part: str, otherwise: dict[str, Any], at_hand: dict[str, Any]) -> None:
    assert holds(form, rule, answers.changed(answers.sample(form, part), **otherwise), **at_hand)
