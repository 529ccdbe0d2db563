"""organisation.toml says what docs/blueprint/core.md says: no less and no more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine import organisation

PROCESSES = Path(__file__).parents[2] / "processes"


@pytest.fixture(scope="session")
def city() -> organisation.Organisation:
    found, problems = organisation.read(PROCESSES / "organisation.toml")
    assert problems == ()
    return found


def test_the_offices_are_those_of_the_page(page, city):
    told = {
        row["org"].strip("`"): (row["名称"], row["short"] or row["名称"], row["kind"])
        for row in page.with_columns("org", "名称").rows
    }
    assert {id: (office.name, office.short, office.kind) for id, office in city.offices.items()} == told


def test_the_lanes_are_performed_as_the_page_says(page, city, lane_keys):
    table = page.with_columns("lane", "名前")
    told = {row["名前"]: row[table.columns[2]] for row in table.rows}
    assert city.lanes == {name: "" if cell.startswith("(empty") else cell.strip("`") for name, cell in told.items()}


def test_the_settings_have_the_values_and_meanings_of_the_page(page, city):
    told = [(row["setting"].strip("`"), row["default"], row["meaning"]) for row in page.with_columns("setting").rows]
    assert [(name, str(each.value), each.meaning) for name, each in city.settings.items()] == told


def test_the_ladders_are_those_of_the_page_from_the_top(page, city):
    told = [(row["ladder"], row["code"], row["日本語"]) for row in page.with_columns("ladder").rows]
    assert [(ladder, each.code, each.name) for ladder, rungs in city.phases.items() for each in rungs] == told


def test_the_signals_are_those_of_the_page(page, city):
    (table,) = [table for table in page.tables if table.columns[0] == "signal"]
    told = {row[table.columns[1]]: row["signal"].strip("`") for row in table.rows}
    assert city.signals == told


def test_only_what_a_person_begins_has_starters(page, city):
    rows = page.with_columns("process", "名前").rows
    begun = {row["process"] for row in rows if row["begins"].startswith("a person")}
    assert set(city.starters) == begun
    assert all(groups == city.groups for groups in city.starters.values())


def test_every_phase_that_a_diagram_sets_is_on_its_ladder(drawn, does, city):
    for process, (_, rows) in drawn.items():
        set_here = [value for row in rows for key, value in does(row) if key == "phase"]
        for part in " ".join(set_here).split():
            ladder, code = part.split(":")
            assert city.phase(ladder, code), f"{process}: {part}"


def test_every_setting_is_used_or_is_a_number_that_forms_use(drawn, city):
    told = " ".join(row["due"] + " " + row["does"] for _, rows in drawn.values() for row in rows)
    unused = {name for name in city.settings if not re.search(rf"\b{name}\b", told)}
    assert unused == {"review_first_months", "review_months", "plan_term_months", "t_conf_next", "t_conf_reading"}


def test_every_lane_of_a_diagram_is_in_organisation_toml(drawings, lane_keys, city):
    used = {lane for drawing in drawings.values() for lane in drawing.lanes}
    assert used == set(lane_keys.values())
    assert set(lane_keys) == set(city.lanes)
