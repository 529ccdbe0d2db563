"""A decision table in words: what each row asks and says, and the way to it from the case that it decided."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest
from desks import at_desk, reading, rows, text
from test_reasons import received

from engine.city import City

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)

TRIAGE = "/processes/intake/decisions/triage"


@pytest.fixture
def city(town: Town) -> City:
    return town.city


def test_a_table_says_in_words_what_its_rows_ask_and_what_follows(town: Town) -> None:
    page = reading(town, "市民税課", TRIAGE)
    assert "上から順に見て、はじめに当てはまった行を使います。" in page
    second = rows(page)["2行め"]
    assert second[1:3] == ["自課・自機関で足りる", "書面同意、口頭同意(後日書面)、一部同意"] and second[0] == "―"
    assert second[-3:] == ["自課・自機関で対応", "自課・自機関の1制度で足り、同意がある", "自分のところの制度で足りるときは、まず自分のところで受け止めます。"]


def test_numbers_and_lists_are_put_into_words(town: Town) -> None:
    asked = {cell for row in rows(reading(town, "市民税課", TRIAGE)).values() for cell in row}
    assert {"2以上", "1以上", "高い、中くらい"} <= asked
    urgency = rows(reading(town, "市民税課", "/processes/intake/decisions/urgency"))
    assert urgency["3行め"][0].endswith(" をふくむ") and urgency["3行め"][1] == "虐待・DV"


def test_the_step_of_a_process_leads_to_its_table(town: Town) -> None:
    assert f'href="{TRIAGE}"' in reading(town, "市民税課", "/processes/intake")


def test_a_case_leads_to_the_very_row_that_decided_it(town: Town) -> None:
    page = reading(town, "市民税課", f"/cases/{received(town)}")
    (link,) = re.findall(r'href="([^"]*triage[^"]*)"', page)
    path, _, anchor = html.unescape(link).partition("#")
    assert anchor == "row-3"
    shown = reading(town, "市民税課", path)
    row = re.search(r'<tr id="row-3">(.*?)</tr>', shown, re.DOTALL)
    assert row is not None and "別の1つの機関で足りる" in text(row[1])


@pytest.mark.parametrize("path", [f"{TRIAGE}x", "/processes/plan_making/decisions/triage", f"{TRIAGE}?closure=0", "/processes/nowhere/decisions/triage"])
def test_a_table_that_a_process_does_not_use_is_not_there(town: Town, path: str) -> None:
    assert at_desk(town, "市民税課").get(path).status_code == 404


def test_whoever_is_not_signed_in_sees_no_table(town: Town) -> None:
    from desks import screens

    assert screens(town).test_client().get(TRIAGE).status_code in (302, 303)


def hit(page: str) -> list[str]:
    return re.findall(r'<tr id="row-(\d+)" class="is-hit">', page)


@pytest.mark.parametrize(
    ("path", "answers", "rows_hit"),
    [
        (TRIAGE, "c2=own&c3=oral", ["2"]), (TRIAGE, "c1=moved&c2=own&c3=oral", ["1"]), (TRIAGE, "c3=oral&c5=２&c6=2", ["6"]), (TRIAGE, "", ["8"]),
        ("/processes/intake/decisions/urgency", "c1=abuse&c1=life", ["1", "3"]), ("/processes/intake/decisions/urgency", "c1=", []),
    ],
)  # fmt: skip
def test_answers_can_be_tried_and_the_rows_that_they_meet_are_marked(town: Town, path: str, answers: str, rows_hit: list[str]) -> None:
    page = reading(town, "市民税課", f"{path}?{answers}&try=1")
    assert hit(page) == rows_hit
    assert ("当てはまる行はありません。結果は空です。" in page) == (rows_hit == [])


def test_what_was_tried_stays_in_the_page_and_nothing_is_marked_before(town: Town) -> None:
    assert hit(reading(town, "市民税課", TRIAGE)) == []
    page = reading(town, "市民税課", f"{TRIAGE}?c2=own&c5=7&try=1")
    assert '<option value="own" selected>' in page and re.search(r'name="c5" type="text" value="7"', page)


def test_a_value_that_cannot_be_read_is_told_and_stays(town: Town) -> None:
    page = reading(town, "市民税課", f"{TRIAGE}?c5=たくさん&try=1")
    assert "「課題の領域数」の値を読めません。「2」のように、数で書いてください。" in page and 'value="たくさん"' in page and hit(page) == []
