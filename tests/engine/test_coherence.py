"""organisation.toml, diagrams and forms, each right alone, tried together with one word changed at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import releases

ROOT = Path(__file__).parents[2]
TOML = "processes/organisation.toml"


@pytest.fixture(scope="module")
def folder() -> dict[str, bytes]:
    return releases.gather(ROOT)


def changed(folder: dict[str, bytes], path: str, right: str, wrong: str) -> dict[str, bytes]:
    text = folder[path].decode()
    assert right in text
    return folder | {path: text.replace(right, wrong, 1).encode()}


def test_the_folder_as_it_stands_fits_together(folder):
    assert releases.check(folder).stops == ()


@pytest.mark.parametrize(
    ("right", "wrong", "rule", "element", "hint"),
    [
        ('intake = ["*"]', 'intaek = ["*"]', "unknown-process", "starters.intaek", "もしかして: intake"),
        ('record = "F13#note"', 'record = "F13#notes"', "unknown-form", "from_case.record", "F13#note"),
        ('forms = ["F10", "F15e"]', 'forms = ["F10", "F15"]', "unknown-form", "access.member", "F15e"),
        ('["F01#receive"', '["F01#receve"', "unknown-form", "access.addressed", "F01#receive"),
        ('"=F03.to_org"', '"=F03.to_orgs"', "unknown-name", "lanes.つなぎ先", "to_org"),
        ('"=F03.to_org"', '"=F99.to_org"', "unknown-name", "lanes.つなぎ先", "F99"),
        ('"=lead()"', '"=leed()"', "unknown-name", "lanes.主担当", "lead"),
    ],
)
def test_a_name_that_the_release_does_not_know_is_found_with_its_line(folder, right, wrong, rule, element, hint):
    found = releases.check(changed(folder, TOML, right, wrong)).stops
    (problem,) = [each for each in found if each.rule == rule]
    assert (problem.file, problem.element) == ("organisation.toml", element)
    assert hint in problem.message
    assert folder[TOML].decode().splitlines()[problem.line - 1] == line_with(folder, right)


def test_a_signal_that_nobody_raises_any_more_is_asked_about_where_it_is_heard(folder):
    problems = releases.check(changed(folder, TOML, 'plan = "plan_consent_lost"', 'plan = "consent_lost"')).stops
    assert [(each.file, each.element, each.rule) for each in problems] == [
        ("multi_agency.bpmn", "consent_lost_plan", "unknown-signal"), ("multi_agency.bpmn", "consent_lost_meeting", "unknown-signal"),
    ]  # fmt: skip
    assert all("もしかして: consent_lost" in each.message for each in problems)


def test_a_signal_that_nobody_hears_is_found_with_its_line(folder):
    (problem,) = releases.check(changed(folder, TOML, 'plan = "plan_consent_lost"', 'plan = "plan_consent_lost"\nstats = "stats_lost"')).stops
    assert (problem.rule, problem.element) == ("signal-not-heard", "signals.stats")


def line_with(folder: dict[str, bytes], part: str) -> str:
    return next(line for line in folder[TOML].decode().splitlines() if part in line)


def test_a_phase_that_is_on_no_ladder_is_asked_about_at_its_element(folder):
    path = "processes/bpmn/intake.bpmn"
    (problem,) = releases.check(changed(folder, path, 'value="case:triage"', 'value="case:triaje"')).stops
    assert (problem.file, problem.element, problem.rule) == ("intake.bpmn", "triage", "unknown-phase")
    assert "もしかして: case:triage" in problem.message


def test_a_ladder_that_does_not_exist_is_asked_about_too(folder):
    path = "processes/bpmn/intake.bpmn"
    (problem,) = releases.check(changed(folder, path, 'value="case:triage"', 'value="cases:triage"')).stops
    assert problem.rule == "unknown-phase"


def test_a_phase_that_was_taken_off_the_ladder_is_missed_wherever_it_is_set(folder):
    problems = releases.check(changed(folder, TOML, 'own = "自課・自機関で対応中"\n', "")).stops
    assert [(problem.file, problem.element) for problem in problems] == [("intake.bpmn", "handle_here")]


@pytest.mark.parametrize(
    ("right", "wrong", "rule", "element"),
    [
        ('"F08", "F08R", "F09"]', '"F08", "F08R", "F09", "F13"]', "not-restricted", "named.conference"),
        ('"F08", "F08R", "F09"]', '"F08", "F08S", "F09"]', "unknown-form", "named.conference"),
        ('"F08", "F08R", "F09"]', '"F08", "F09"]', "nobody-named", "named"),
        ('confirmed_by = "F09#confirm"', 'confirmed_by = "F09#confirmed"', "unknown-form", "named.conference"),
        ('before = ["F06#request"', 'before = ["F06#requests"', "unknown-form", "named.conference"),
    ],
)
def test_what_is_open_to_named_persons_is_whole_forms_that_are_restricted(folder, right, wrong, rule, element):
    found = releases.check(changed(folder, TOML, right, wrong)).stops
    assert (rule, element) in [(each.rule, each.element) for each in found]


@pytest.mark.parametrize("taken", ["case.F08.policy", r'lines(\"F08\", records(\"F08\"), \"policy\")', r'sheet(\"F06\", \"request\", \"L2\", [])'])
def test_the_record_of_a_conference_never_flows_by_itself_into_the_plan(folder, taken):
    wrong = changed(folder, "forms/schemas/F10.json", "case.F01.wish)", f"{taken}, case.F01.wish)")
    (problem,) = [each for each in releases.check(wrong).stops if each.rule == "flows-out"]
    assert "F10" in problem.message and taken.split("F0")[1][0] in problem.message
