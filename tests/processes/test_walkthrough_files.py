"""The files of the walk-throughs: Japanese Gherkin, each a lesson of its own. They are played in tests/walkthroughs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from gherkin.parser import Parser

from engine import walkthroughs

FOLDER = Path(__file__).parents[2] / "processes" / "walkthroughs"


@pytest.fixture(scope="module")
def features() -> dict[str, dict]:
    return {path.stem: Parser().parse(path.read_text(encoding="utf-8"))["feature"] for path in FOLDER.iterdir()}


@pytest.fixture(scope="module")
def scenarios() -> list[walkthroughs.Scenario]:
    return [scenario for path in sorted(FOLDER.iterdir()) for scenario in walkthroughs.read(path)]


def test_each_story_has_two_scenarios(features):
    assert {name: len(feature["children"]) for name, feature in features.items()} == {"SC01": 2, "SC02": 2, "SC05": 2}
    assert {feature["language"] for feature in features.values()} == {"ja"}


def test_a_story_says_what_one_learns_and_that_everything_is_invented(features):
    for name, feature in features.items():
        assert feature["name"].startswith(name)
        assert "練習" in feature["description"] and "架空" in feature["description"], name


def test_scenarios_have_names_of_their_own_so_that_one_can_go_on_from_another(scenarios):
    names = [scenario.name for scenario in scenarios]
    assert len(set(names)) == len(names)
    for step in (step for scenario in scenarios for step in scenario.steps):
        if built_on := re.fullmatch("「(.+)」を「.+」の手前まで進めてある", step.text):
            assert built_on[1] in names


def test_every_sentence_is_one_that_can_be_played(scenarios):
    for scenario in scenarios:
        for step in scenario.steps:
            place = f"{scenario.file}:{step.line} {step.text}"
            assert any(re.fullmatch(pattern, step.text) for pattern, _ in walkthroughs.SENTENCES), place


def test_the_days_of_a_scenario_run_forward(scenarios):
    for scenario in scenarios:
        moved = [re.fullmatch("(?:今日は)?(.+年.+日)(?:になる|である)", step.text) for step in scenario.steps]
        days = [walkthroughs.day(found[1]) for found in moved if found]
        assert days == sorted(days), scenario.name
