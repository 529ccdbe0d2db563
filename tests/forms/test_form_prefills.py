"""What is filled in before a person types: it fits its field, and it is what the person would have written."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import answers
import pytest
import story
from form_expressions import FIELDS, FORMS, FUNCTIONS, Written, prefills

from engine.kernel import feel
from forms.check import check
from forms.form import in_hand


def filled(form: str, name: str, part: str | None = None, **at_hand: Any) -> Any:
    """What the field of a part, or `list.column`, begins with in the story."""
    name, _, column = name.partition(".")
    field = FORMS[form].part(part).field(name) if part else FORMS[form].field(name)
    text = next(each.prefill for each in field.rows if each.name == column) if column else field.prefill
    functions = {key: value for key, value in at_hand.items() if callable(value)}
    names = {key: value for key, value in at_hand.items() if not callable(value)}
    return as_json(feel.parse(text or "").evaluate(story.Story(names, functions)))


def as_json(value: Any) -> Any:
    if isinstance(value, list):
        return [as_json(member) for member in value]
    if isinstance(value, dict):
        return {name: as_json(member) for name, member in value.items() if member is not None}
    return value.isoformat() if isinstance(value, date | datetime) else value


APPEARS_WITH = {
    ("F04", "next_on"): {"decision": "hold", "provisional_lead": None},
    ("F10", "ask_again_on"): {"agreement": "postponed", "agreed_on": None, "agreed_by": None, "agree_method": None},
}
"""The answers with which a field is shown that the sample does not show."""


@pytest.mark.parametrize("written", [each for each in prefills() if each.list is None], ids=str)
def test_what_is_prefilled_fits_its_field(written: Written) -> None:
    assert written.part
    value = filled(written.form, written.place, written.part)
    if value in (None, "", []):
        return
    field = FORMS[written.form].part(written.part).field(written.place)
    if field.auto:
        assert isinstance(value, int if field.kind == "number" else str)
        return
    shown = answers.changed(
        answers.sample(written.form, written.part), **APPEARS_WITH.get((written.form, written.place), {})
    )
    answer = answers.changed(shown, **{written.place: value})
    missing_columns = {
        f"{written.place}-{number}-{column.name}" for number in range(9) for column in field.rows if column.required
    }
    wrong = [
        error for error in check(FORMS[written.form], written.part, answer, may=in_hand(FORMS[written.form])) if error.path.startswith(written.place)
    ]
    assert [error for error in wrong if error.path not in missing_columns] == []


@pytest.mark.parametrize("written", list(prefills()), ids=str)
def test_a_prefill_can_do_without_anything_known(written: Written) -> None:
    nothing = {form: None for form in story.PARTS}
    empty = {
        "own": None,
        "case": {"persons": []},
        "row": {},
        "item": None,
        "urgency": None,
        "triage_hint": None,
        "purpose": None,
    }
    functions = {name: (lambda *_: None) for name in FUNCTIONS if name not in ("first", "ticked")}
    counted = {"records": lambda form: [], "answers": lambda form: [], "persons": list, "domains": lambda codes: []}
    feel.parse(written.text).evaluate(story.Story({**nothing, **empty}, {**functions, **counted}))


@pytest.mark.parametrize(
    ("f01", "f03", "outcome"),
    [
        ({"triage": "info_only"}, None, "info_only"),
        ({"triage": "own"}, {"result": "connected"}, "resolved_here"),
        ({"triage": "connect"}, {"result": "connected"}, "connected_agency"),
        ({"triage": "connect"}, {"result": "declined_by_person"}, "declined"),
        ({"triage": "discontinued", "stop_reason": "deceased"}, None, "deceased"),
        ({"triage": "discontinued", "stop_reason": "unreachable"}, None, "unreachable"),
        ({"triage": "discontinued", "stop_reason": "other"}, None, None),
    ],
)
def test_the_outcome_follows_from_the_way_that_led_there(f01: Any, f03: Any, outcome: str | None) -> None:
    assert filled("F01", "outcome", F01=f01, F03=f03) == outcome


@pytest.mark.parametrize(
    ("born", "band"),
    [
        ("2026-05-01", "a00"),
        ("2016-05-26", "a00"),
        ("2016-05-25", "a10"),
        ("1981-01-01", "a40"),
        ("1930-01-01", "a90"),
        ("1920-01-01", "a90"),
        (None, None),
    ],
)
def test_the_age_follows_from_the_date_of_birth(born: str | None, band: str | None) -> None:
    assert filled("F01", "persons.ageApprox", row={"birthDate": born}) == band


def test_counts_of_the_reception_are_the_systems_own() -> None:
    assert filled("F01", "household_size") == 2
    assert filled("F01", "household_size", F01={"troubles": ["care"]}) is None
    assert filled("F01", "domain_count") == 3
    assert filled("F01", "agency_count", F01={"other_agencies": [{"org": "kenko"}, {"org": "kenko"}]}) == 1
    assert filled("F01", "agency_count", F01={}) == 0


def test_the_consent_is_what_the_consent_sheets_say_by_now() -> None:
    assert filled("F01", "consent_state", "triage") == "partial"
    received = {"own": {"consent_state": "refused"}, "consent_state": lambda: None}
    assert filled("F01", "consent_state", "triage", **received) == "refused"
    assert FORMS["F01"].part("receive").field("consent_state").prefill is None


def test_the_suggested_route_is_offered_to_the_counter_only() -> None:
    assert filled("F01", "triage", "triage") == "connect"
    assert FORMS["F01"].part("consult").field("triage").prefill is None


def test_a_request_for_coordination_is_marked_as_one() -> None:
    assert filled("F03", "kind", "send", F01={"triage": "multi_agency"}) == "coordination"
    assert filled("F03", "kind", "send", F01={"triage": "connect"}) == "connect"
    assert filled("F03", "kind", "provisional") == "coordination"


@pytest.mark.parametrize(
    ("f03", "part", "lead"),
    [
        ({"ack": "accepted", "to_org": "jiritsu"}, "ack", "jiritsu"),
        ({"ack": "conditional", "to_org": "jiritsu"}, "ack", None),
        ({"ack": "conditional", "condition_ok": "yes", "to_org": "jiritsu"}, "condition", "jiritsu"),
        ({"ack": "conditional", "condition_ok": "no", "to_org": "jiritsu"}, "condition", None),
        ({"ack": "returned", "to_org": "jiritsu"}, "provisional", "esikoni"),
    ],
)
def test_the_receiver_leads_by_its_own_answer_or_the_centre_provisionally(f03: Any, part: str, lead: Any) -> None:
    assert filled("F03", "new_lead", part, F03=f03) == lead


def test_a_hidden_caller_is_not_handed_on() -> None:
    asked: list[list[str]] = []

    def sheet(form: str, part: str, level: str, without: list[str]) -> str:
        asked.append(without)
        return "写し"

    filled("F03", "carried", F01={"caller_hidden": True}, sheet=sheet)
    filled("F03", "carried", F01={"caller_hidden": False}, sheet=sheet)
    hidden = [name for name in FIELDS["F01"] if name.startswith("caller_")]
    assert [sorted(without) for without in asked] == [sorted(hidden), []]


def test_the_agencies_that_are_already_there_are_asked_once_each() -> None:
    others = [{"org": "kyotaku"}, {"org": "kenko"}, {"org": "kyotaku"}]
    assert filled("F04", "info_orgs", case={"F01": {"other_agencies": others}}) == [
        {"org": "kyotaku"},
        {"org": "kenko"},
    ]


@pytest.mark.parametrize(
    ("state", "answer", "method"),
    [
        ("written", "agreed", "signed"),
        ("oral", "agreed", "oral"),
        ("partial", "partial", "signed"),
        ("refused", "refused", "signed"),
    ],
)
def test_the_consent_sheet_begins_with_what_the_reception_heard(state: str, answer: str, method: str) -> None:
    case = {"F01": {"consent_state": state}}
    assert (filled("F05", "answer", case=case), filled("F05", "method", case=case)) == (answer, method)


def test_the_consent_sheet_names_those_who_have_not_answered() -> None:
    assert filled("F05", "persons", "consent") == [answers.SON]
    assert filled("F05", "persons", "consent", persons=lambda: [{"id": "5", "answer": "agreed"}]) == ["5"]
    assert filled("F05", "more") is False
    assert filled("F05", "more", persons=lambda: [{"id": "1", "answer": None}, {"id": "2", "answer": None}]) is True
    assert FORMS["F05"].part("withdraw").field("persons").prefill is None


def test_an_answer_is_an_agencys_own_or_taken_down_by_phone() -> None:
    for form in ("F07", "F10R"):
        assert filled(form, "org") == "jiritsu"
        assert filled(form, "answered_by") == "agency"
        assert filled(form, "answered_by", task={"organisation": "esikoni"}) == "phone"


def test_troubles_become_issues_but_never_restricted_ones() -> None:
    case = {"F01": {"troubles": ["care", "withdrawal", "income", "food", "suicide", "release", "violence"]}}
    assert filled("F02", "issues", case=case) == ["poverty", "isolation", "care"]
    assert filled("F02", "issues", own={"issues": ["family"]}, case=case) == ["family"]


def test_the_first_plan_has_the_number_of_its_case() -> None:
    first_draft: dict[str, Any] = {"records": lambda form: [], "base": lambda *forms: None}
    assert filled("F10", "plan_no", **first_draft) == "2026-00042-1"
    assert filled("F10", "version", **first_draft) == 1
    assert filled("F10", "kind", F10={"version": 1}) == "initial"
    assert filled("F10", "plan_no", own={"plan_no": "2026-00042-3"}) == "2026-00042-3"


def test_a_plan_after_a_decision_is_the_next_version() -> None:
    decided = answers.sample("F12", "notify")
    notified_twice = [story.recorded("F12", decided), story.recorded("F12", answers.sample("F12", "decide"))]
    assert filled("F10", "version", records=lambda form: notified_twice) == 2
    assert filled("F10", "version", records=lambda form: [story.recorded("F12", decided, here=False)]) == 1
    assert filled("F10", "kind", F10={"version": 2}) == "revision"


def test_a_new_version_gets_a_new_term_and_a_draft_keeps_its_own() -> None:
    again = {"F10": {"version": 1}}
    assert filled("F10", "term_from", **again) == "2026-05-18"
    assert filled("F10", "review_on", **again) == "2026-06-18"
    new = {"F10": {"version": 2, "term_from": "2026-06-01"}}
    assert filled("F10", "term_from", **new) == "2026-06-09"
    assert filled("F10", "term_to", **new) == "2026-12-01"
    assert filled("F10", "review_on", **new) == "2026-07-01"


@pytest.mark.parametrize(
    ("row", "said", "asked"),
    [
        ({"org": "jiritsu", "role": "家計"}, "accepted", False),
        ({"org": "jiritsu", "role": "家計と就労"}, "accepted", True),
        ({"org": "jiritsu", "role": "家計"}, "conditional", True),
        ({"org": "houkatsu", "role": "通院"}, "accepted", True),
        ({"org": "esikoni", "role": "調整"}, "conditional", False),
    ],
)
def test_only_agencies_whose_role_is_new_or_changed_are_asked(row: dict[str, str], said: str, asked: bool) -> None:
    answered = [story.recorded("F10R", {"org": "jiritsu", "answer": said})]
    assert filled("F10", "roles.ask", row=row, records=lambda form: answered) is asked


def test_the_plan_lists_its_issues_in_order() -> None:
    assert filled("F10", "issues.no", index=3) == 3


def test_the_meeting_takes_the_agencies_inside_the_consent_but_not_the_centre() -> None:
    plan = {"roles": [{"org": "kyotaku"}, {"org": "kenko"}, {"org": "esikoni"}]}
    assert filled("F11", "members", F10=plan) == [{"org": "kyotaku"}]
    in_force = {"roles": [{"org": "sanka"}]}
    assert filled("F11", "members", F10=plan, purpose="closing", in_force=lambda *forms: in_force) == [{"org": "sanka"}]


def test_the_meeting_finds_ticked_what_the_system_can_see() -> None:
    plan = answers.sample("F10", "agree")
    assert filled("F11", "checks", F10=plan) == [
        "wish",
        "everyone",
        "due",
        "one_lead",
        "emergency",
        "review",
        "gaps",
        "scope",
    ]
    thin = answers.changed(plan, person_words=None, issues=plan["issues"][:2], resource_gaps=None, lead_org="sanka")
    assert filled("F11", "checks", F10=thin) == ["due", "emergency", "review", "scope"]


def test_the_decision_names_the_plan_and_sets_lead_and_review_only_when_decided() -> None:
    plan = answers.sample("F10", "agree")
    assert filled("F12", "plan_no", F10=plan) == "2026-00042-1 第1版"
    decided, returned = {"decision": "decided"}, {"decision": "returned"}
    assert filled("F12", "lead_org", F10=plan, F12=decided) == "esikoni"
    assert filled("F12", "review_on", F10=plan, F12=decided) == "2026-06-18"
    assert filled("F12", "lead_org", F10=plan, F12=returned) is None
    assert filled("F12", "review_on", F10=plan, F12=returned) is None


def test_the_next_review_is_never_after_the_plan() -> None:
    assert filled("F14", "next_on") == "2026-08-25"
    assert filled("F14", "next_on", in_force=lambda *forms: {"term_to": "2026-07-31"}) == "2026-07-31"


def test_the_evaluation_gathers_the_changes_that_were_seen() -> None:
    seen = [["calm"], ["none"], ["calm", "goal"], None]
    records = [story.recorded("F14", {"changes": changes}) for changes in seen]
    assert filled("F15e", "changes", records=lambda form: records) == ["calm", "goal"]


def test_the_handover_lists_the_actions_that_are_not_done() -> None:
    assert filled("F16", "open_actions") == [
        {"what": "家計相談", "due_on": "2026-09-30"},
        {"what": "古本の整理", "due_on": "2026-09-30"},
    ]
    assert len(filled("F16", "open_actions", F14=None)) == 3
    assert filled("F16", "review_on") == "2026-06-25"


def test_the_lead_changes_only_when_it_is_accepted() -> None:
    for answer, lead, day in (("accepted", "houkatsu", "2026-05-25"), ("declined", None, None)):
        given = {"accepted": answer, "lead_to": "houkatsu"}
        assert filled("F16", "new_lead", F16=given) == lead
        assert filled("F16", "accepted_on", F16=given) == day
