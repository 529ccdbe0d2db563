"""processes/README.md tells process owners only what is so: its examples can be read, and it leaves out no setting."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from gherkin.parser import Parser

from engine import facts, walkthroughs
from engine.kernel.duties import PROPERTIES
from engine.kernel.feel import parse

ROOT = Path(__file__).parents[2]
README = (ROOT / "processes" / "README.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    return README.split(f"## {heading}", 1)[1].split("\n## ", 1)[0]


def snippets(text: str) -> list[str]:
    """What stands as code in the first column of tables."""
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return [found for cell in cells for found in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize(
    "text", [found for found in snippets(section("条件と期限の書きかた")) if not re.search(r"[ぁ-龠]|\bn\b", found)]
)
def test_every_expression_of_the_manual_is_feel(text):
    assert parse(text).text


def test_every_name_that_expressions_may_use_is_in_the_manual():
    told = " ".join(snippets(section("条件と期限の書きかた")))
    for name in (*facts.FUNCTIONS, *facts.NAMES):
        assert re.search(rf"\b{name}\b", told), name


def test_every_property_of_a_diagram_is_in_the_manual():
    told = set(snippets(section("図に書けること")))
    assert set(PROPERTIES) | {"optional"} <= told


def test_the_lines_to_add_to_organisation_toml_are_toml():
    lines = re.findall(r"`(\w+ = [^`]+)`", section("はじめての1本"))
    assert [list(tomllib.loads(line)) for line in lines] == [["t_housing"], ["housing"]]


def test_the_example_of_a_walkthrough_can_be_read():
    (example,) = re.findall(r"```gherkin\n(.*?)```", README, re.DOTALL)
    assert Parser().parse(example)["feature"]["language"] == "ja"


def test_the_manual_tells_every_sentence_of_a_walkthrough_and_no_other():
    told = snippets(section("手順を追う例"))
    patterns = [pattern for pattern, _ in walkthroughs.SENTENCES]
    for sentence in told:
        assert any(re.fullmatch(pattern, sentence) for pattern in patterns), sentence
    for pattern in patterns:
        assert any(re.fullmatch(pattern, sentence) for sentence in told), pattern


def test_every_file_that_the_manual_names_is_there():
    for path in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README):
        assert (ROOT / "processes" / path).exists(), path


def test_the_manual_calls_things_as_the_screens_do():
    for word in ("案件", "作業", "営業日", "工程", "用紙"):
        assert word not in README, word
