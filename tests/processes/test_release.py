"""The city's own processes, tables, forms and organisation.toml can be published together as they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import releases
from engine.kernel.model import Model, walk

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def checked() -> releases.Checked:
    return releases.check(releases.gather(ROOT))


@pytest.fixture(scope="module")
def model(checked) -> Model:
    assert checked.model is not None
    return checked.model


def test_nothing_is_to_be_asked_fixed_refused_or_even_remarked(checked):
    assert [f"{found.file} {found.element}: {found.message}" for found in checked.problems] == []


def test_the_release_holds_every_file_of_the_folder(checked):
    folders = ("processes/bpmn", "processes/dmn", "processes/walkthroughs", "forms/schemas")
    there = {f"{folder}/{path.name}" for folder in folders for path in (ROOT / folder).iterdir()}
    assert set(checked.files) == there | {"processes/organisation.toml"}


def test_every_element_of_the_diagrams_is_in_the_compiled_model(model, drawn):
    for process, (_, rows) in drawn.items():
        assert {node.id for node in walk(model.processes[process].nodes)} >= {row["id"] for row in rows}


def test_every_message_that_is_sent_is_waited_for(model):
    sent, awaited = set(), set()
    for process in model.processes.values():
        for node in walk(process.nodes):
            if node.event is not None and node.event.kind == "message":
                (sent if node.type == "intermediateThrowEvent" else awaited).add(node.event.name)
    assert sent <= awaited


def test_every_decision_table_is_used(model):
    used = {node.decision for process in model.processes.values() for node in walk(process.nodes) if node.decision}
    assert used == set(model.decisions)


def test_a_reply_that_nobody_waits_for_is_not_passed_over():
    files = dict(releases.gather(ROOT))
    path = "processes/bpmn/multi_agency.bpmn"
    told = files[path].replace(b'"whenOpenReply" value="request_answered"', b'"whenOpenReply" value="request_anwsered"')
    assert told != files[path]
    found = releases.check(files | {path: told})
    assert found.model is None
    (problem,) = found.problems
    assert (problem.rule, problem.element) == ("message-not-received", "requested")
    assert "request_answered" in problem.message


def test_a_task_of_a_lane_without_a_group_must_name_its_own():
    files = dict(releases.gather(ROOT))
    path = "processes/bpmn/plan_making.bpmn"
    told = files[path].replace(b' camunda:candidateGroups="=role.org"', b"")
    assert told != files[path]
    (problem,) = releases.check(files | {path: told}).problems
    assert (problem.rule, problem.element, problem.kind) == ("unknown-lane", "answer_role", "ask")
