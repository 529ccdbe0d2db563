"""Between the instances of a case: a thrown signal reaches whoever waits, and a condition sees what changed elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from small_town import PROCESSES, drawn, message, node, task

from engine import cases, outbox, rebuilding, releases, store

if TYPE_CHECKING:
    from small_town import SmallTown

pytest_plugins = ("small_town",)

SIGNAL = '<bpmn:signalEventDefinition signalRef="sig"/>'
CONDITION = '<bpmn:conditionalEventDefinition><bpmn:condition>A2.answer = "go"</bpmn:condition></bpmn:conditionalEventDefinition>'
REPLY, TELL = message("reply"), '<bpmn:intermediateThrowEvent id="tell" name="tell">'
OTHERS = {
    "asking": PROCESSES["asking"].replace(REPLY.encode(), SIGNAL.encode()),
    "helping": PROCESSES["helping"].replace((TELL + REPLY).encode(), (TELL + SIGNAL).encode()),
    "waiting": drawn(
        "waiting",
        [
            node("startEvent", "begun"), task("open"), node("parallelGateway", "fork"), node("intermediateCatchEvent", "wait", CONDITION),
            task("after"), node("endEvent", "done"), task("busy", "A1#list"), node("endEvent", "left"),
        ],
        [("begun", "open"), ("open", "fork"), ("fork", "wait"), ("wait", "after"), ("after", "done"), ("fork", "busy"), ("busy", "left")],
    ),
}  # fmt: skip


@pytest.fixture
def town(small_town: SmallTown, tmp_path: Path) -> SmallTown:
    """The small town, where help is called by a signal, and one procedure waits for a condition."""
    for name, body in OTHERS.items():
        whole = body.replace(b"<bpmn:message ", b'<bpmn:signal id="sig" name="ready"/><bpmn:message ', 1)
        (tmp_path / "release" / "processes" / "bpmn" / f"{name}.bpmn").write_bytes(whole)
    releases.publish(small_town.city, tmp_path / "release")
    return small_town


def asks(town: SmallTown) -> int:
    """A case whose one instance waits for the signal while the other thinks."""
    case = town.opens("asking").case
    outbox.drain(town.city, case)
    town.completes("busy")
    return case


def subscriptions(town: SmallTown) -> list[tuple[str, str, str, str]]:
    return sorted((each.id, each.element, each.kind, each.name) for each in town.rows(store.subscription))


def test_a_signal_that_one_instance_throws_is_heard_by_another_of_its_case(town: SmallTown) -> None:
    case = asks(town)
    before = subscriptions(town)
    assert [each[2:] for each in before] == [("signal", "ready")]
    rebuilding.rebuild(town.city)
    assert subscriptions(town) == before
    town.completes("think")
    assert town.names() == ["after"] and subscriptions(town) == []
    assert "SignalHeard" in town.kinds(case)


def test_a_signal_stays_in_its_case(town: SmallTown) -> None:
    for _ in range(2):
        asks(town)
    town.completes("think")
    assert town.names() == ["after", "think"]


def test_a_corrected_answer_lets_happen_what_waits_for_it(town: SmallTown) -> None:
    case = town.opens("waiting", answer="stay").case
    assert town.names() == ["busy"]
    (first,) = town.rows(store.answer)
    cases.correct(town.city, first.id, {"answer": "still"}, "書きまちがい", town.counter, town.key())
    outbox.drain(town.city, case)
    assert town.names() == ["busy"] and "ConditionMet" not in town.kinds(case)
    (latest,) = [each for each in town.rows(store.answer) if each.corrects == first.id]
    cases.correct(town.city, latest.id, {"answer": "go"}, "書きまちがい", town.counter, town.key())
    outbox.drain(town.city, case)
    assert town.names() == ["after", "busy"] and town.kinds(case)[-1] == "ConditionMet"
    assert not town.rows(store.outbox, store.outbox.c.done_at.is_(None))
