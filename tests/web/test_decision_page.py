"""A decision table in words: what each row asks and says, and the way to it from the case that it decided."""

from __future__ import annotations

import html
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from desks import at_desk, reading, rows, text
from test_reasons import received, tables_told

from engine import releases
from engine.city import City

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)

ROOT = Path(__file__).parents[2]
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


# -- a business knowledge model, which a table calls ------------------------------------------------------------------------
WEIGHT = """<businessKnowledgeModel id="weight" name="行き詰まりの重さ"><variable name="weight"/><encapsulatedLogic>
<formalParameter name="marks"/><decisionTable hitPolicy="FIRST"><input label="印の数"><inputExpression><text>count(marks)</text></inputExpression></input>
<output name="number" label="重さ"/><rule id="w1"><description>2つ以上は重く見ます。</description><inputEntry><text>&gt;= 2</text></inputEntry>
<outputEntry><text>2</text></outputEntry></rule><rule id="w2"><inputEntry><text>-</text></inputEntry><outputEntry><text>0</text></outputEntry></rule>
</decisionTable></encapsulatedLogic></businessKnowledgeModel>"""
LINE = '<knowledgeRequirement><requiredKnowledge href="#weight"/></knowledgeRequirement>'


@pytest.fixture
def weighing(town: Town, tmp_path: Path) -> Town:
    """The town, where the table of the triage calls a model."""
    for part in ("processes", "forms"):
        shutil.copytree(ROOT / part, tmp_path / part)
    path = tmp_path / "processes/dmn/triage.dmn"
    said = path.read_text("utf-8").replace("count(F01.stuck)", "weight(F01.stuck).number")
    said = said.replace('    <decisionTable id="triage', f'    {LINE}<decisionTable id="triage').replace("  </decision>\n", f"  </decision>\n{WEIGHT}\n")
    path.write_text(said, "utf-8")
    releases.publish(town.city, tmp_path, replace=True)
    return town


def test_a_table_leads_to_the_model_that_it_calls_which_says_with_what(weighing: Town) -> None:
    page = reading(weighing, "市民税課", TRIAGE)
    (link,) = re.findall(r'href="([^"]*decisions/weight[^"]*)"', page)
    shown = reading(weighing, "市民税課", html.unescape(link))
    assert "ほかの表や式が、marks を渡して使います。" in shown
    assert rows(shown)["1行め"] == ["2以上", "2", "2つ以上は重く見ます。"]


def test_a_case_says_by_which_row_of_the_model_too_to_whoever_may_read_what_it_was_called_with(weighing: Town) -> None:
    received(weighing)
    assert tables_told(weighing, "市民税課", "new") == {"緊急性", "振り分けの目安", "行き詰まりの重さ"}
    assert tables_told(weighing, "えしこに", "new") == set()


def test_answers_can_be_tried_where_a_model_is_called(weighing: Town) -> None:
    assert hit(reading(weighing, "市民税課", f"{TRIAGE}?c2=own&c3=oral&try=1")) == ["2"]
    assert hit(reading(weighing, "市民税課", "/processes/intake/decisions/weight?c1=2&try=1")) == ["1"]
