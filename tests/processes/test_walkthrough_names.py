"""The walk-throughs can be read, and name only what is there: tasks, fields, options and organisations.

Whether they run is tried elsewhere, by the steps themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from gherkin.parser import Parser

from engine import organisation
from engine.organisation import Organisation
from forms.form import Field, Form
from forms.schema import load

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "processes" / "walkthroughs").glob("*.feature"))

WHO = r"(?P<who>.+?)(?P<rank>のマネージャー|の長)?"
DAY = r"(?P<day>\d{4}年\d{1,2}月\d{1,2}日)"
SENTENCES = (
    rf"今日は{DAY}である",
    r"「(?P<scenario>[^」]+)」を「(?P<task>[^」]+)」の手前まで進めてある",
    rf"{WHO}の人が受付から次の相談を登録する",
    rf"{WHO}の人が「(?P<task>[^」]+)」に次のとおり答える",
    rf"{WHO}の人が「(?P<task>[^」]+)」を済ませる",
    rf"{WHO}の人がケースの画面から(?P<record>同意)を記録する",
    rf"{WHO}の人が前倒しの見直しを求める",
    rf"{DAY}になる",
    r"\d+開庁日が過ぎる",
    rf"「(?P<task>[^」]+)」が{WHO}の一覧に{DAY}までとある",
    rf"「(?P<task>[^」]+)」は{WHO}の一覧にない",
    r"「(?P<task>[^」]+)」の目安は「(?P<route>[^」]+)」である",
    r"(?P<ladder>ケース|多機関協働)の段階は(?P<phase>.+)である",
    rf"主担当は{WHO}である",
    r"「(?P<process>[^」]+)」(が始まっている|は一度も始まっていない)",
    rf"{WHO}の人が打った必須の欄は\d+以内である",
)


@dataclass(frozen=True)
class Step:
    """One sentence with its parts, and the rows under it."""

    place: str
    sentence: str
    parts: Mapping[str, str]
    rows: tuple[tuple[str, str], ...]


def features() -> Iterator[tuple[Path, dict]]:
    for path in FILES:
        yield path, Parser().parse(path.read_text(encoding="utf-8"))["feature"]


def scenarios() -> Iterator[tuple[str, dict]]:
    for path, feature in features():
        for child in feature["children"]:
            yield path.name, child["scenario"]


def steps() -> Iterator[Step]:
    for file, scenario in scenarios():
        for step in scenario["steps"]:
            place = f"{file}:{step['location']['line']} {step['text']}"
            found = [match for match in (re.fullmatch(each, step["text"]) for each in SENTENCES) if match]
            assert found, f"{place} is no sentence of the walk-throughs"
            cells = [[cell["value"] for cell in row["cells"]] for row in step.get("dataTable", {"rows": []})["rows"]]
            rows = tuple((label, value) for label, value in cells)
            yield Step(place, step["text"], {k: v for k, v in found[0].groupdict().items() if v is not None}, rows)


@pytest.fixture(scope="session")
def city() -> Organisation:
    found, _ = organisation.read(ROOT / "processes" / "organisation.toml")
    assert found is not None
    return found


@pytest.fixture(scope="session")
def forms() -> Mapping[str, Form]:
    return load(ROOT / "forms" / "schemas")[0]


@pytest.fixture(scope="session")
def parts(drawn) -> Mapping[str, list[str]]:
    """Name of a task -> the forms that tasks of this name ask for."""
    named: dict[str, list[str]] = {}
    for _, rows in drawn.values():
        for row in rows:
            if row["type"].split(" ")[0] == "user":
                named.setdefault(row["名前"], []).append(row["form"])
    return named


def shown(forms: Mapping[str, Form], form: str) -> tuple[Field, ...]:
    id, _, part = form.partition("#")
    return forms[id].part(part).fields if part else forms[id].parts[0].fields


# --- the files --------------------


def test_the_walkthroughs_of_the_core_are_there_in_japanese():
    assert [(path.stem, feature["language"]) for path, feature in features()] == [("SC01", "ja"), ("SC05", "ja")]
    assert [file for file, _ in scenarios()] == ["SC01.feature"] * 2 + ["SC05.feature"] * 2


def test_a_walkthrough_says_what_one_learns_from_it():
    for path, feature in features():
        assert "練習" in feature["description"] and "架空" in feature["description"], path.name


def test_the_names_of_scenarios_differ_so_that_one_can_build_on_another():
    names = [scenario["name"] for _, scenario in scenarios()]
    assert len(set(names)) == len(names)
    for step in steps():
        assert step.parts.get("scenario", names[0]) in names, step.place


def test_every_step_is_one_of_the_known_sentences():
    assert len(list(steps())) > 100


# --- what they name --------------------


def test_every_task_is_in_a_diagram(parts):
    for step in steps():
        assert step.parts.get("task") is None or step.parts["task"] in parts, step.place


def test_every_organisation_is_in_organisation_toml(city):
    for step in steps():
        if "who" in step.parts:
            assert city.office_called(step.parts["who"]), step.place


def test_every_process_is_drawn(page):
    names = {row["名前"] for row in page.with_columns("process", "名前").rows}
    for step in steps():
        assert step.parts.get("process") is None or step.parts["process"] in names, step.place


def test_every_phase_is_on_its_ladder(city):
    ladders = {"ケース": "case", "多機関協働": "coordination"}
    for step in steps():
        if "phase" in step.parts:
            names = [phase.name for phase in city.phases[ladders[step.parts["ladder"]]]]
            assert [name for name in names if name.startswith(step.parts["phase"])], step.place


def test_every_suggested_route_can_be_chosen(forms):
    labels = {code.label for code in forms["F01"].field("triage").codes}
    for step in steps():
        assert step.parts.get("route") is None or step.parts["route"] in labels, step.place


def test_every_row_fills_a_field_that_the_task_shows(forms, parts, city):
    filled = 0
    for step in steps():
        for form in forms_asked(step, parts):
            fields = {field.title: field for field in shown(forms, form) if not field.auto}
            for label, value in step.rows:
                assert label in fields, f"{step.place}: {label}"
                check_value(fields[label], value, city, f"{step.place}: {label}")
                filled += 1
    assert filled > 150


def forms_asked(step: Step, parts: Mapping[str, list[str]]) -> list[str]:
    if not step.rows:
        return []
    if "record" in step.parts:
        return ["F05#consent"]
    return parts[step.parts.get("task", "相談を受け止める")]


def check_value(field: Field, value: str, city: Organisation, place: str) -> None:
    if field.kind == "list":
        rows = {each.title: each for each in field.rows}
        for cell in value.split("／"):
            key, _, inner = cell.partition("=")
            assert key in rows, f"{place}: {key}"
            check_value(rows[key], inner, city, f"{place}: {key}")
    elif field.kind in ("code", "codes"):
        chosen = value.split("／") if field.kind == "codes" else [value]
        assert set(chosen) <= {code.label for code in field.codes if code.cls != "L3"}, place
    elif field.kind == "org":
        assert city.office_called(value), place
    elif field.kind == "bool":
        assert value in ("はい", "いいえ"), place
    elif field.kind in ("date", "meeting"):
        assert date.fromisoformat(value), place
    elif field.kind == "number":
        assert value.isdigit(), place
    else:
        assert value, place


def test_days_run_forward():
    for file, scenario in scenarios():
        days = [date(*map(int, found)) for step in scenario["steps"] for found in moved_to(step["text"])]
        assert days == sorted(days), f"{file}: {scenario['name']}"


def moved_to(sentence: str) -> list[tuple[str, ...]]:
    return re.findall(r"^(?:今日は)?(\d{4})年(\d{1,2})月(\d{1,2})日(?:になる|である)$", sentence)
