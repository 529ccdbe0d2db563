"""The decision tables say what docs/blueprint/core.md says: no less and no more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

DECISIONS = Path(__file__).parents[2] / "processes" / "dmn"
DMN = "{https://www.omg.org/spec/DMN/20191111/MODEL/}"


class Decision:
    """One DMN file with one decision table."""

    def __init__(self, id: str) -> None:
        root = etree.parse(DECISIONS / f"{id}.dmn").getroot()
        (self.decision,) = root.iter(f"{DMN}decision")
        assert self.decision.get("id") == id
        self.table = self.decision.find(f"{DMN}decisionTable")

    def inputs(self) -> list[str]:
        return [each.findtext(f"{DMN}inputExpression/{DMN}text") for each in self.table.iterfind(f"{DMN}input")]

    def outputs(self) -> list[str]:
        return [each.get("name") for each in self.table.iterfind(f"{DMN}output")]

    def labels(self) -> list[str]:
        columns = [*self.table.iterfind(f"{DMN}input"), *self.table.iterfind(f"{DMN}output")]
        return [each.get("label") for each in columns]

    def rules(self) -> list[tuple[str, ...]]:
        return [
            tuple(each.findtext(f"{DMN}text") for each in rule if etree.QName(each).localname.endswith("Entry"))
            for rule in self.table.iterfind(f"{DMN}rule")
        ]


def test_there_is_a_file_for_each_decision_table_and_no_other(page):
    told = {re.search(r"`(\w+)\.dmn`", table.heading)[1] for table in page.under("6.")}
    assert {path.stem for path in DECISIONS.iterdir()} == told


def test_the_table_of_urgency_hits_the_rows_of_the_page(page):
    (told,) = page.under("6.1")
    urgency = Decision("urgency")
    assert (urgency.table.get("hitPolicy"), urgency.table.get("aggregation")) == ("COLLECT", None)
    assert (urgency.inputs(), urgency.outputs()) == (["F01.emergency"], ["kind", "contact"])
    assert urgency.rules() == [
        (
            f'list contains(?, "{row["F01.emergency"]}")',
            f'"{row["kind 区分"]}"',
            f'"{row["contact 既定の連絡先"]}"',
        )
        for row in told.rows
    ]


def test_every_emergency_that_can_be_chosen_has_a_row(page):
    (codes,) = page.under("CL-EMERGENCY")
    (told,) = page.under("6.1")
    assert {row["F01.emergency"] for row in told.rows} == {row["code"] for row in codes.rows} - {"none"}


def test_the_table_of_triage_has_the_rows_of_the_page(page):
    (told,) = page.under("6.2")
    triage = Decision("triage")
    fields = [column for column in told.columns if column not in ("row", "triage", "why")]
    assert triage.table.get("hitPolicy") == "FIRST"
    assert triage.inputs() == [f"count(F01.{field})" if field == "stuck" else f"F01.{field}" for field in fields]
    assert triage.outputs() == ["triage", "why"]
    assert triage.rules() == [
        (*(unary(row[field]) for field in fields), f'"{row["triage"]}"', f'"{row["why"]}"') for row in told.rows
    ]


def test_the_table_of_bodies_has_the_rows_of_the_page_and_gives_only_codes_that_a_person_can_choose(page):
    (told,) = page.under("6.3")
    (codes,) = page.under("CL-BODY")
    bodies = Decision("meeting_body")
    assert bodies.table.get("hitPolicy") == "FIRST"
    assert (bodies.inputs(), bodies.outputs()) == (["F06.about", "count(persons()[plan = true])"], ["body", "why"])
    assert bodies.rules() == [
        (
            "-" if row["about"] == "-" else f'list contains(?, "{row["about"]}")',
            row["agreed"], f'"{row["body"]}"', f'"{row["why"]}"',
        )
        for row in told.rows
    ]  # fmt: skip
    assert {row["body"] for row in told.rows} == {row["code"] for row in codes.rows} - {"none"}


def unary(cell: str) -> str:
    """A cell of the page as FEEL: "-", a comparison, or codes."""
    return cell if cell[0] in "-<>=" else ",".join(f'"{code.strip()}"' for code in cell.split(","))


def test_triage_gives_only_codes_that_a_person_can_choose(page):
    (codes,) = page.under("CL-TRIAGE")
    (told,) = page.under("6.2")
    assert {row["triage"] for row in told.rows} <= {row["code"] for row in codes.rows}


@pytest.mark.parametrize("id", ["urgency", "triage", "meeting_body"])
def test_decision_tables_are_labelled_in_japanese_and_say_what_they_are_for(id):
    decision = Decision(id)
    texts = [*decision.labels(), decision.decision.get("name"), decision.decision.findtext(f"{DMN}description")]
    assert all(re.search(r"[ぁ-龠]", text) for text in texts)


def test_the_numbers_of_the_rows_run_from_one(page):
    for table in page.under("6."):
        assert [row["row"] for row in table.rows] == [str(n) for n in range(1, len(table.rows) + 1)]
