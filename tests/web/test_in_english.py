"""Real cases for readers of English: what the screens say themselves is English; what a city wrote stays as it wrote it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from desks import reading, text
from flask import Flask
from visits import Visitor

from engine.city import City

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)


@pytest.fixture
def city(town: Town) -> City:
    return town.city


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


def test_what_cannot_be_found_is_said_in_english(town: Town, app: Flask) -> None:
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.signed_in_as(town.person(COORDINATION)).set_cookie("language", "en")
    page = text(visitor.get("/cases/2026-99999").text.partition("<main")[2].partition("</main>")[0])
    assert "you may not see it" in page and "見つかりません" not in page


def test_the_ladder_of_a_case_is_not_called_like_the_list_of_cases(town: Town) -> None:
    page = english(town, f"/cases/{town.number('waiting')}")
    assert re.findall(r'<div class="stat"><dt>(.*?)</dt>', page) == ["Phase", "Coordination", "Lead", "Next review"]


def test_the_columns_of_the_meetings_are_named_for_one_row(town: Town) -> None:
    page = english(town, "/meetings")
    assert re.findall(r"<th[^>]*>([^<]*)</th>", page)[:4] == ["Meeting", "Day of the meeting", "Place", "Items"]
    assert "You attend" in page
