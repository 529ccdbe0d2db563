"""The forms of forms/schemas as files: well written, complete for each part, and no code list that could shift."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import answers
import pytest
from jsonschema import Draft202012Validator

from forms.check import check
from forms.form import Form, in_hand
from forms.schema import load

FOLDER = Path(__file__).parent.parent.parent / "forms" / "schemas"
FILES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
CODES = FILES["codes"]
SCHEMAS = {name: schema for name, schema in FILES.items() if name != "codes"}
FORMS, PROBLEMS = load(FOLDER)
PARTS = [(form.id, part.id) for form in FORMS.values() for part in form.parts]
FACTS = {
    "case.lead",
    "case.next_review_on",
    "closing_code",
    "consent",
    "person",
    "household",
    "resource_gap",
    "participation.addressed",
    "participation.role",
    "participation.member",
    "participation.plan",
    "agenda.item",
    "agenda.held",
    "agenda.result",
    "named.conference",
    "named_until.conference",
}


def inside(node: Any) -> Iterator[Mapping[str, Any]]:
    """Every { } of a file."""
    if isinstance(node, dict):
        yield node
        for member in node.values():
            yield from inside(member)
    elif isinstance(node, list):
        for member in node:
            yield from inside(member)


def option_lists() -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    for name, schema in FILES.items():
        for node in inside(schema):
            if isinstance(node.get("oneOf"), list):
                yield f"{name}: {node.get('title', '')}", node["oneOf"]


def properties_of(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The fields and, as field.column, the columns of their rows."""
    for name, field in schema["properties"].items():
        yield name, field
        for column, cell in field.get("items", {}).get("properties", {}).items():
            yield f"{name}.{column}", cell


def paths(form: Form, part: str, answer: Mapping[str, Any]) -> list[str]:
    return [error.path for error in check(form, part, answer, may=in_hand(form))]


# As files


def test_every_form_of_the_core_processes_is_there() -> None:
    assert set(SCHEMAS) == set("F00 F01 F01P F02 F03 F04 F05 F06 F07 F07C F08 F08R F09 F10 F10R F11 F12 F13 F14 F15e F16".split())


def test_the_product_reads_them_all_without_a_problem() -> None:
    assert not PROBLEMS, "\n".join(PROBLEMS)
    assert set(FORMS) == set(SCHEMAS)


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_json_schema_2020_12(name: str) -> None:
    Draft202012Validator.check_schema(FILES[name])
    assert FILES[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_reference_names_a_code_list(name: str) -> None:
    for node in inside(SCHEMAS[name]):
        if "$ref" in node:
            file, _, pointer = node["$ref"].partition("#/$defs/")
            assert file == "codes.json" and pointer in CODES["$defs"]


def test_every_code_list_is_used() -> None:
    used = {node["$ref"].rpartition("/")[2] for node in inside(list(SCHEMAS.values())) if "$ref" in node}
    assert used == set(CODES["$defs"])


def test_every_name_is_ascii() -> None:
    for form, schema in SCHEMAS.items():
        for name, _ in properties_of(schema):
            assert re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_.]*", name), f"{form}: {name}"


def test_every_code_is_ascii_and_stands_once_in_its_list() -> None:
    for place, options in option_lists():
        codes = [option["const"] for option in options]
        assert len(codes) == len(set(codes)), place
        assert all(re.fullmatch(r"[a-z0-9_]+", code) for code in codes), place


def test_no_label_stands_twice_in_a_list() -> None:
    for place, options in option_lists():
        labels = [option["title"] for option in options]
        assert len(labels) == len(set(labels)), place


def test_only_the_troubles_have_domains_and_each_has_one() -> None:
    with_domain = [title for title, options in option_lists() if any("x-domain" in option for option in options)]
    assert with_domain == ["codes: お困りごと"]
    assert all(option["x-domain"] for option in CODES["$defs"]["CL-TROUBLE"]["oneOf"])


@pytest.mark.parametrize("form", SCHEMAS)
def test_every_field_names_its_parts_and_its_level(form: str) -> None:
    parts = [part["id"] for part in SCHEMAS[form]["x-parts"]]
    for name, field in SCHEMAS[form]["properties"].items():
        assert field["x-part"] and set(field["x-part"]) <= set(parts), name
        assert field["x-part"] == [part for part in parts if part in field["x-part"]], name
        assert field["x-class"] in ("L1", "L2", "L3"), name


@pytest.mark.parametrize("form", SCHEMAS)
def test_every_required_field_is_in_its_part(form: str) -> None:
    for part in SCHEMAS[form]["x-parts"]:
        for name in part["required"]:
            assert part["id"] in SCHEMAS[form]["properties"][name]["x-part"], name


@pytest.mark.parametrize(("form", "part"), PARTS)
def test_every_part_begins_with_a_heading(form: str, part: str) -> None:
    assert all(section.title for section in FORMS[form].part(part).sections)


def test_only_known_facts_are_fed() -> None:
    fed = {feeds for schema in SCHEMAS.values() for node in inside(schema) if (feeds := node.get("x-feeds"))}
    assert {fact for feeds in fed for fact in feeds.split(", ")} == FACTS


def test_what_the_system_fills_is_never_typed_and_always_has_a_source() -> None:
    for form, schema in SCHEMAS.items():
        for name, field in properties_of(schema):
            if field.get("x-auto"):
                made_with_the_rows = schema["properties"][name.partition(".")[0]].get("x-rows") == "fixed"
                assert field["readOnly"] and ("x-prefill" in field or made_with_the_rows), f"{form}.{name}"


# Restricted content


RESTRICTED = {form for form, schema in SCHEMAS.items() if all(field["x-class"] == "L3" for field in schema["properties"].values())}


def test_what_is_restricted_stands_in_the_files() -> None:
    fields = {
        f"{form}.{name}"
        for form, schema in SCHEMAS.items()
        if form not in RESTRICTED
        for name, field in properties_of(schema)
        if field.get("x-class") == "L3"
    }
    options = {
        (place.partition(": ")[2], option["const"])
        for place, options in option_lists()
        for option in options
        if option.get("x-class") == "L3"
    }
    assert fields == {"F05.offence_share", "F02.addiction", "F02.abuse", "F02.suicide"}
    assert options == {
        ("相談経路", "rehabilitation"),
        ("お困りごと", "release"),
        ("終結区分", "custody"),
        ("制度・事業", "rehabilitation"),
        ("課題と特性", "suicide"),
        ("課題と特性", "delinquency"),
        ("課題と特性", "abuse"),
        ("課題と特性", "offender"),
    }


def test_no_restricted_field_is_required_of_those_who_were_not_named() -> None:
    for form, schema in ((form, schema) for form, schema in SCHEMAS.items() if form not in RESTRICTED):
        required = {name for part in schema["x-parts"] for name in part["required"]}
        required |= {
            name
            for node in inside(schema)
            if isinstance(node.get("then"), dict)
            for name in node["then"].get("required", ())
        }
        assert not {name for name in required if schema["properties"].get(name, {}).get("x-class") == "L3"}, form


# Complete answers


def test_there_is_a_sample_for_every_part() -> None:
    assert {(form, part) for form, parts in answers.ANSWERS.items() for part in parts} == set(PARTS)


@pytest.mark.parametrize(("form", "part"), PARTS)
def test_the_sample_of_every_part_is_accepted(form: str, part: str) -> None:
    assert paths(FORMS[form], part, answers.sample(form, part)) == []


@pytest.mark.parametrize("form", SCHEMAS)
def test_the_samples_use_every_field_that_is_offered(form: str) -> None:
    used = {name for part in answers.ANSWERS[form].values() for name, value in part.items() if value is not None}
    offered = {name for name, field in SCHEMAS[form]["properties"].items() if field["x-class"] != "L3" or form in RESTRICTED}
    seldom = {
        "F01": {"outcome_org"},
        "F02": {"employment_type", "last_job", "handbook_grade", "school_attendance", "guardian"},
        "F03": {"ground", "alternative"},
        "F04": {"advice", "next_on"},
        "F05": {"minor_view"},
        "F07": {"no_answer"},
        "F10": {"no_gap", "ask_again_on"},
        "F10R": {"reason", "alternative"},
        "F12": {"return_reason", "notice_reason"},
        "F09": {"conflict_note"},
        "F16": {"decline_reason"},
    }
    assert used == offered - seldom.get(form, set())


@pytest.mark.parametrize(("form", "part"), PARTS)
def test_without_any_of_its_required_fields_a_part_is_refused(form: str, part: str) -> None:
    for name in FORMS[form].part(part).required:
        assert name in paths(FORMS[form], part, answers.changed(answers.sample(form, part), **{name: None}))


def test_the_typed_answer_leaves_out_what_the_system_fills() -> None:
    assert set(answers.typed("F03", "provisional")) == {"provisional_note"}
    assert set(answers.typed("F03", "result")) == {"result", "result_note"}
    assert answers.typed("F10", "draft")["issues"][0] == {"person": answers.MOTHER, "what": "介護", "priority": "high"}
    assert answers.typed("F10R") == {"answer": "conditional", "condition": "月2回まで"}


def test_the_counter_types_six_fields_and_two_more_to_route() -> None:
    receive, triage = FORMS["F01"].part("receive"), FORMS["F01"].part("triage")
    assert len(receive.required) == 6
    assert set(triage.required) - set(receive.required) == {"triage", "triage_reason"}


def test_hold_is_offered_to_the_counter_but_not_to_the_manager() -> None:
    assert "hold" in [code.code for code in FORMS["F01"].part("triage").field("triage").codes]
    assert "hold" not in [code.code for code in FORMS["F01"].part("consult").field("triage").codes]
    held = answers.changed(answers.sample("F01", "consult"), triage="hold")
    assert "triage" in paths(FORMS["F01"], "consult", held)


def test_nothing_goes_together_with_none() -> None:
    said = answers.changed(answers.sample("F01", "receive"), emergency=["none", "life"])
    assert "emergency" in paths(FORMS["F01"], "receive", said)
    said = answers.changed(answers.sample("F14", "monitor"), changes=["none", "calm"])
    assert "changes" in paths(FORMS["F14"], "monitor", said)


# Conditions: form, part, what is answered otherwise than in the sample, where it is then refused

CONDITIONS: list[tuple[str, str, dict[str, Any], str]] = [
    ("F00", "answer", {"taken": "taken", "taken_by": None}, "taken_by"),
    ("F01", "receive", {"route": "agency", "person_aware": None}, "person_aware"),
    ("F01", "triage", {"triage": "connect", "to_org": None}, "to_org"),
    ("F01", "triage", {"triage": "connect", "consent_state": "refused"}, "triage"),
    ("F01", "triage", {"triage": "multi_agency", "consent_state": "not_contacted", "to_org": None}, "triage"),
    ("F01", "triage", {"triage": "multi_agency", "consent_state": "pending", "to_org": None}, "triage"),
    ("F01", "consult", {"triage": "multi_agency", "consent_state": "incapable"}, "triage"),
    ("F01", "own", {"progress": "continue", "check_on": None}, "check_on"),
    (
        "F01",
        "stop",
        {"stop_reason": "unreachable", "emergency": ["missing"], "stop_decision": "close"},
        "stop_decision",
    ),
    ("F01", "stop", {"stop_reason": "unreachable", "need_level": "high", "stop_decision": "close"}, "stop_decision"),
    ("F01", "close", {"outcome": "out_of_scope"}, "outcome_org"),
    ("F03", "send", {"kind": "connect", "to_org": None}, "to_org"),
    ("F03", "send", {"consent_ref": None}, "ground"),
    ("F03", "ack", {"ack": "conditional", "ack_reason": None}, "ack_reason"),
    ("F03", "ack", {"ack": "returned", "contact_by": None, "contact_on": None}, "alternative"),
    ("F03", "ack", {"ack": "accepted", "ack_reason": None, "contact_by": None}, "contact_by"),
    ("F03", "ack", {"ack": "conditional", "contact_on": None}, "contact_on"),
    ("F03", "result", {"result": "no_contact", "result_note": None}, "result_note"),
    ("F04", "screening", {"decision": "advise", "provisional_lead": None}, "advice"),
    ("F04", "screening", {"decision": "accept", "provisional_lead": None}, "provisional_lead"),
    ("F04", "screening", {"decision": "hold", "provisional_lead": None}, "next_on"),
    ("F05", "consent", {"answer": "refused", "explained_on": None}, "explained_on"),
    ("F05", "consent", {"answer": "partial", "steps": None}, "steps"),
    ("F05", "consent", {"answer": "agreed", "method": None}, "method"),
    ("F05", "consent", {"answer": "agreed", "signer": None}, "signer"),
    ("F05", "consent", {"answer": "agreed", "valid_until": None}, "valid_until"),
    ("F05", "consent", {"steps": ["share"], "scope_orgs": None}, "scope_orgs"),
    ("F05", "consent", {"steps": ["disclose"], "scope_orgs": None}, "scope_orgs"),
    ("F05", "consent", {"steps": ["continue", "plan"], "scope_orgs": None}, "steps"),
    ("F05", "consent", {"method": "oral", "written_due_on": None}, "written_due_on"),
    ("F05", "withdraw", {"withdrawn_scope": "orgs", "withdrawn_orgs": None}, "withdrawn_orgs"),
    ("F07", "answer", {"no_answer": False, "household_view": None}, "household_view"),
    ("F07", "answer", {"current_work": None}, "current_work"),
    ("F10", "draft", {"no_gap": False, "resource_gaps": None}, "resource_gaps"),
    ("F10", "agree", {"agreement": "agreed", "agreed_on": None}, "agreed_on"),
    ("F10", "agree", {"agreement": "agreed", "agreed_by": None}, "agreed_by"),
    ("F10", "agree", {"agreement": "partial", "agree_method": None}, "agree_method"),
    ("F10", "agree", {"agreement": "partial", "agree_words": None}, "agree_words"),
    (
        "F10",
        "agree",
        {"agreement": "postponed", "agreed_on": None, "agreed_by": None, "agree_method": None},
        "ask_again_on",
    ),
    ("F10R", "answer", {"answer": "conditional", "condition": None}, "condition"),
    ("F10R", "answer", {"answer": "declined", "condition": None, "alternative": "別の日なら"}, "reason"),
    ("F10R", "answer", {"answer": "declined", "condition": None, "reason": "手が足りない"}, "alternative"),
    ("F11", "plan", {"held": "met", "attendees": None}, "attendees"),
    ("F11", "plan", {"plan_result": None, "changes": None}, "plan_result"),
    ("F11", "plan", {"plan_result": "revise", "changes": None}, "changes"),
    ("F11", "plan", {"plan_result": "approved", "changes": None, "checks_note": None}, "checks_note"),
    ("F11", "plan", {"checks": ["wish", "everyone", "due"]}, "plan_result"),
    ("F11", "plan", {"checks": None, "plan_result": "approved", "changes": None}, "plan_result"),
    ("F11", "closing", {"held": "written", "closing_result": None, "lead_to": None}, "closing_result"),
    ("F11", "closing", {"closing_result": "lead_continues", "lead_to": None}, "lead_to"),
    ("F12", "decide", {"decision": "returned"}, "return_reason"),
    ("F12", "notify", {"notice_to_person": "none", "noticed_on": None}, "notice_reason"),
    ("F12", "notify", {"notice_to_person": "letter", "noticed_on": None}, "noticed_on"),
    (
        "F14",
        "monitor",
        {"decision": "major_change", "decision_reason": None, "minor_change": None, "next_on": None},
        "decision_reason",
    ),
    ("F14", "monitor", {"decision": "minor_change", "minor_change": None}, "minor_change"),
    ("F14", "monitor", {"decision": "continue", "minor_change": None, "next_on": None}, "next_on"),
    ("F15e", "eval", {"proposal": "suspend", "close_reason": None}, "close_reason"),
    ("F16", "give", {"closing_result": "lead_continues", "lead_to": None}, "lead_to"),
    ("F16", "give", {"closing_result": "lead_continues", "review_on": None}, "review_on"),
    ("F16", "accept", {"accepted": "declined"}, "decline_reason"),
    *(("F06", "convene", {name: None}, name) for name in ("held_on", "members", "material_policy")),
    ("F06", "move", {"moved_to": None}, "moved_to"),
    ("F06", "next", {"kept_by": None}, "kept_by"),
    *(
        ("F08", "record", {name: None}, name)
        for name in ("shared_facts", "household_view", "urgency", "policy", "consent_strategy", "emergency_plan", "result", "next_on")
    ),
    ("F08", "close", {"materials_note": None}, "materials_note"),
    ("F08", "review", {"wait_until": None}, "wait_until"),
    ("F08", "finish", {"told_note": None}, "told_note"),
    ("F09", "confirm", {"conflict": "has"}, "conflict_note"),
]


@pytest.mark.parametrize(("form", "part", "otherwise", "refused_at"), CONDITIONS)
def test_a_condition_refuses(form: str, part: str, otherwise: dict[str, Any], refused_at: str) -> None:
    assert refused_at in paths(FORMS[form], part, answers.changed(answers.sample(form, part), **otherwise))


def test_every_condition_is_tried() -> None:
    for form, schema in SCHEMAS.items():
        wanted = {
            name
            for entry in schema.get("allOf", ())
            for name in (*entry["then"].get("required", ()), *entry["then"].get("properties", ()))
        }
        assert wanted == {place for tried, _, _, place in CONDITIONS if tried == form}, form


FREE: list[tuple[str, str, dict[str, Any]]] = [
    ("F01", "receive", {"route": "self", "person_aware": None}),
    ("F01", "triage", {"triage": "connect", "consent_state": "incapable"}),
    ("F01", "triage", {"triage": "conference", "consent_state": "refused", "to_org": None}),
    ("F01", "stop", {"stop_reason": "unreachable", "need_level": "high", "stop_decision": "conference"}),
    (
        "F01",
        "stop",
        {"stop_reason": "unreachable", "need_level": "low", "emergency": ["none"], "stop_decision": "close"},
    ),
    ("F03", "send", {"kind": "coordination", "to_org": None}),
    ("F03", "send", {"consent_ref": None, "ground": "oral"}),
    (
        "F05",
        "consent",
        {
            "answer": "not_contacted",
            "explained_on": None,
            "steps": None,
            "scope_orgs": None,
            "method": None,
            "written_due_on": None,
            "signer": None,
            "valid_until": None,
        },
    ),
    ("F07", "answer", {"no_answer": True, "household_view": None, "current_work": None}),
    ("F10", "draft", {"no_gap": True, "resource_gaps": None}),
    (
        "F10",
        "agree",
        {"agreement": "stopped", "agreed_on": None, "agreed_by": None, "agree_method": None, "agree_words": None},
    ),
    (
        "F11",
        "plan",
        {
            "held": "postponed",
            "attendees": None,
            "plan_result": None,
            "changes": None,
            "checks": None,
            "checks_note": None,
        },
    ),
    (
        "F11",
        "plan",
        {
            "plan_result": "approved",
            "changes": None,
            "checks_note": None,
            "checks": ["wish", "everyone", "due", "one_lead", "emergency", "review", "gaps", "scope"],
        },
    ),
    ("F11", "closing", {"closing_result": "close", "lead_to": None}),
    ("F14", "monitor", {"decision": "goal_reached", "minor_change": None, "next_on": None}),
    ("F16", "give", {"closing_result": "close", "lead_to": None, "review_on": None}),
    ("F06", "convene", {"body": "none", "held_on": None, "members": None, "material_policy": None}),
    ("F06", "move", {"moved": "returned", "moved_to": None}),
    ("F06", "next", {"next_step": "again", "kept_by": None}),
    ("F08", "record", {"result": "no_need", "next_on": None}),
    ("F08", "close", {"materials_recovered": "none", "materials_note": None}),
    ("F08", "review", {"review_decision": "finish", "wait_until": None}),
    ("F08", "finish", {"told_person": "later", "told_note": None}),
]


@pytest.mark.parametrize(("form", "part", "otherwise"), FREE)
def test_where_no_condition_holds_nothing_is_asked(form: str, part: str, otherwise: dict[str, Any]) -> None:
    assert paths(FORMS[form], part, answers.changed(answers.sample(form, part), **otherwise)) == []


# Persons with something to keep secret


def household(**otherwise: Any) -> dict[str, Any]:
    answer = answers.sample("F01", "receive")
    answer["persons"][1] = answers.changed(answer["persons"][1], **otherwise)
    return answer


def test_a_person_with_a_secret_needs_a_safe_way_of_contact() -> None:
    assert "persons-1-safe_contact" in paths(FORMS["F01"], "receive", household(safe_contact=None))


@pytest.mark.parametrize("where", ["address", "residence"])
def test_a_person_with_a_secret_has_no_address_in_the_system(where: str) -> None:
    (error,) = check(FORMS["F01"], "receive", household(**{where: "みなも市架空町2丁目"}))
    assert error.path == f"persons-1-{where}"
    assert "書かないでください" in error.message
    assert check(FORMS["F01"], "receive", household(confidential=None, **{where: "みなも市架空町2丁目"})) == []
