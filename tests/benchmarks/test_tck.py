"""The run over the DMN TCK counts what is right, what is wrong and what is refused. The folder here is our own, in the TCK's shape."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import tck

MODEL = """<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="d" name="d" namespace="n">
<itemDefinition name="tNumber"><typeRef>number</typeRef></itemDefinition>
<inputData name="Days Open" id="i"><variable typeRef="tNumber" name="Days Open"/></inputData>
<decision name="Is Late" id="late"><variable name="Is Late"/><decisionTable hitPolicy="FIRST">
<input id="c" label="days"><inputExpression><text>Days Open</text></inputExpression></input><output id="o"/>
<rule id="r1"><inputEntry id="e1"><text>&gt; 3</text></inputEntry><outputEntry id="s1"><text>true</text></outputEntry></rule>
<rule id="r2"><inputEntry id="e2"><text>-</text></inputEntry><outputEntry id="s2"><text>false</text></outputEntry></rule>
</decisionTable></decision></definitions>"""
CASES = """<testCases xmlns="http://www.omg.org/spec/DMN/20160719/testcase" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
{}</testCases>"""
CASE = """<testCase id="{}"><inputNode name="Days Open"><value xsi:type="xsd:decimal">{}</value></inputNode>
<resultNode name="Is Late" type="decision"><expected><value xsi:type="xsd:boolean">{}</value></expected></resultNode></testCase>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "TestCases" / "compliance-level-2" / "0001-late"
    place.mkdir(parents=True)
    (place / "0001-late.dmn").write_text(MODEL, "utf-8")
    (place / "0001-late-test-01.xml").write_text(CASES.format(CASE.format("001", 4, "true") + CASE.format("002", 4, "false")), "utf-8")
    refused = place.with_name("0002-refused")
    refused.mkdir()
    (refused / "0002.dmn").write_text(MODEL.replace("&gt; 3", "three"), "utf-8")
    (refused / "0002-test-01.xml").write_text(CASES.format(CASE.format("001", 4, "true")), "utf-8")
    return tmp_path


def test_names_of_several_words_and_results_without_a_name_are_prepared(folder: Path) -> None:
    right, wrong, refused = tck.outcomes(folder)
    assert right == ("0001-late", "001", "Is Late", "")
    assert wrong.trouble == "gives True, wanted False"
    assert "「three」という名前はありません" in refused.trouble


def test_what_is_missed_is_printed_with_its_reason(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tck.main(folder) == 0
    said = capsys.readouterr().out
    assert "1 of   2  0001-late" in said and "1 of 3 wanted results; 0 of 2 files without a miss" in said


def test_a_folder_without_cases_is_no_success(tmp_path: Path) -> None:
    assert tck.main(tmp_path) == 1
