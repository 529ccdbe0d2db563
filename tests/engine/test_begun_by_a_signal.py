"""A process that begins with a signal begins in the case in which it was thrown, once, as it is published then."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from small_town import drawn, node, task

from engine import outbox, rebuilding, releases, store
from engine.releases import Problems

if TYPE_CHECKING:
    from small_town import SmallTown

pytest_plugins = ("small_town",)

SIGNAL = '<bpmn:signalEventDefinition signalRef="sig"/>'
THROW = node("intermediateThrowEvent", "cry", SIGNAL)


def calling(process: str) -> bytes:
    """Throws the signal after its first task and again after each next one that says so."""
    nodes = [node("startEvent", "begun"), task("open"), THROW, task("go_on"), node("exclusiveGateway", "q", default="q_done"), node("endEvent", "done")]
    return drawn(process, nodes, [("begun", "open"), ("open", "cry"), ("cry", "go_on"), ("go_on", "q"), ("q", "cry", '=A2.answer = "again"'), ("q", "done")])


def begun(process: str = "helping", tag: str = "startEvent", name: str = "think", after: str = "") -> bytes:
    nodes = [node(tag, "asked", SIGNAL), task(name), after or node("intermediateThrowEvent", "mark"), node("endEvent", "done")]
    return drawn(process, nodes, [("asked", name), (name, "cry" if after else "mark"), ("cry" if after else "mark", "done")])


def publish(town: SmallTown, folder: Path, **bodies: bytes) -> None:
    for name, body in bodies.items():
        signal = b'<bpmn:signal id="sig" name="ready"/><bpmn:message '
        (folder / "release" / "processes" / "bpmn" / f"{name}.bpmn").write_bytes(body.replace(b"<bpmn:message ", signal, 1))
    releases.publish(town.city, folder / "release")


@pytest.fixture
def town(small_town: SmallTown, tmp_path: Path) -> SmallTown:
    """The small town, where the inquiry calls by a signal for whoever helps."""
    publish(small_town, tmp_path, waiting=calling("waiting"), steering=begun("steering"))
    return small_town


def processes(town: SmallTown) -> list[tuple[int, str, str]]:
    return [(each.case, each.process, each.status) for each in town.rows(store.instance)]


def test_a_signal_begins_the_process_in_its_own_case(town: SmallTown) -> None:
    other = town.opens("elsewhere").case
    case = town.opens("waiting").case
    outbox.drain(town.city, case)
    assert processes(town) == [(other, "elsewhere", "open"), (case, "waiting", "open"), (case, "steering", "open")]
    assert town.names() == ["go_on", "think"]
    before = town.rows(store.subscription), town.names()
    rebuilding.rebuild(town.city)
    assert (town.rows(store.subscription), town.names()) == before


def test_it_is_not_begun_again_while_the_case_has_it_open(town: SmallTown) -> None:
    outbox.drain(town.city, town.opens("waiting").case)
    town.completes("go_on", "again")
    assert town.names() == ["go_on", "think"]
    town.completes("think")
    assert town.names() == ["go_on"]
    town.completes("go_on", "again")
    assert town.names() == ["go_on", "think"]


def test_two_workers_begin_it_once(town: SmallTown) -> None:
    cases = [town.opens("waiting").case for _ in range(5)]
    workers = [threading.Thread(target=outbox.work_all, args=(town.city,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [each for each in processes(town) if each[1] == "steering"] == [(case, "steering", "open") for case in cases]


def test_what_is_published_last_decides_what_begins(town: SmallTown, tmp_path: Path) -> None:
    publish(town, tmp_path, steering=begun("steering", name="think_anew"))
    case = town.opens("waiting").case
    outbox.drain(town.city, case)
    assert town.names() == ["go_on", "think_anew"]
    town.completes("think_anew")
    gone = [node("startEvent", "asked"), task("think"), node("endEvent", "done")]
    publish(town, tmp_path, steering=drawn("steering", gone, [("asked", "think"), ("think", "done")]))
    town.completes("go_on", "again")
    assert town.names() == ["go_on"]


def test_a_process_does_not_begin_itself(town: SmallTown, tmp_path: Path) -> None:
    publish(town, tmp_path, steering=begun("steering", after=THROW))
    outbox.drain(town.city, town.opens("waiting").case)
    town.completes("think")
    assert town.names() == ["go_on"]


def test_one_whose_signal_nobody_else_throws_is_not_published(town: SmallTown, tmp_path: Path) -> None:
    with pytest.raises(Problems) as refusal:
        publish(town, tmp_path, waiting=begun("waiting", after=THROW))
    assert [(each.rule, each.element) for each in refusal.value.problems if each.kind != "style"] == [("signal-begins-nothing", "asked")]
    assert "「ready」" in str([each.message for each in refusal.value.problems])
