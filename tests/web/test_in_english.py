"""Real cases for readers of English: what the screens say themselves is English; what a city wrote stays as it wrote it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from desks import reading, text

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)
COORDINATION = "えしこに"


def english(town: Town, path: str) -> str:
    return reading(town, COORDINATION, path, language="en")  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_list_says_why_a_task_stands_where_it_does(town: Town, language: str) -> None:
    page = reading(town, COORDINATION, "/", language=language)  # type: ignore[arg-type]
    reasons = [text(cell) for cell in re.findall(r'<td[^>]*c-why[^>]*>(.*?)</td>', page, re.DOTALL)]
    pattern = {"ja": r"期限(まで残り\d+開庁日です|は今日です|を\d+開庁日すぎています)。", "en": r"(\d+ open days? (left|past the deadline)|It is due today)\."}
    assert reasons and all(re.fullmatch(pattern[language], each) for each in reasons), reasons


def test_sentences_of_the_timeline_stand_apart(town: Town) -> None:
    page = text(english(town, f"/cases/{town.number('waiting')}"))
    assert re.search(r"was done\. The case is now “", page)
    assert not re.search(r"was done\.The|”\.The", page)


def test_the_days_of_a_case_and_its_plan_are_written_in_english(town: Town) -> None:
    page = text(english(town, f"/cases/{town.number('waiting')}"))
    assert re.search(r"Received \d{1,2} \w+ 2026", page)
    assert "令和" not in page
