"""Which of several receivers a message reaches, and what becomes of one that comes before anybody is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_town import ORGANISATION, ROUNDS, SmallTown, drawn, message, node, task, write_release

from engine import outbox, releases, store

pytest_plugins = ("small_town",)


def told(sent: str, **payload: str) -> str:
    """What a throwing event carries."""
    carried = "".join(f'<camunda:inputParameter name="{name}">={text}</camunda:inputParameter>' for name, text in payload.items())
    return f"<bpmn:extensionElements><camunda:inputOutput>{carried}</camunda:inputOutput></bpmn:extensionElements>{message(sent)}"


def settings(**given: str) -> str:
    """Properties of an element; ``key_org`` is spelt ``key.org``."""
    rows = "".join(f'<camunda:property name="{name.replace("_", ".")}" value="{value}"/>' for name, value in given.items())
    return f"<bpmn:extensionElements><camunda:properties>{rows}</camunda:properties></bpmn:extensionElements>"


def catch(id: str, awaited: str, **keys: str) -> str:
    return node("intermediateCatchEvent", id, (settings(**keys) if keys else "") + message(awaited))


def inside(nodes: list[str], *ids: str) -> str:
    """A row of nodes, one after the other."""
    flows = [node("sequenceFlow", f"{one}_{other}", sourceRef=one, targetRef=other) for one, other in zip(ids, ids[1:], strict=False)]
    return "".join([*nodes, *flows])


EACH = inside(
    [
        node("startEvent", "e_b"), catch("hear", "reply", key_org="=agency.org"), task("after", camunda_candidateGroups="=agency.org"),
        node("endEvent", "e_e"),
    ],
    "e_b", "hear", "after", "e_e",
)  # fmt: skip
PROCESSES = {
    "gathering": drawn(
        "gathering",
        [
            node("startEvent", "begun"), task("open", "A1#list"), node("intermediateThrowEvent", "ask", message("question")),
            node("subProcess", "each", EACH + ROUNDS), node("endEvent", "done"),
        ],
        [("begun", "open"), ("open", "ask"), ("ask", "each"), ("each", "done")],
    ),
    "telling": drawn(
        "telling",
        [
            node("startEvent", "asked", message("question")), task("think"), node("intermediateThrowEvent", "tell", told("reply", org="A2.answer")),
            node("exclusiveGateway", "q", default="q_think"), node("endEvent", "told"),
        ],
        [("asked", "think"), ("think", "tell"), ("tell", "q"), ("q", "told", '=A2.answer = "enough"'), ("q", "think")],
    ),
    "early": drawn(
        "early",
        [
            node("startEvent", "begun"), task("open"), node("intermediateThrowEvent", "tell", settings(keepFor="P5D") + message("notice")),
            task("busy"), node("intermediateThrowEvent", "ask", message("deep")), node("endEvent", "done"),
        ],
        [("begun", "open"), ("open", "tell"), ("tell", "busy"), ("busy", "ask"), ("ask", "done")],
    ),
    "late": drawn(
        "late",
        [node("startEvent", "asked", message("deep")), task("first"), catch("hear", "notice"), task("after"), node("endEvent", "done")],
        [("asked", "first"), ("first", "hear"), ("hear", "after"), ("after", "done")],
    ),
}  # fmt: skip


def written(folder: Path, **processes: bytes) -> Path:
    write_release(folder)
    for old in (folder / "processes" / "bpmn").iterdir():
        old.unlink()
    starters = "".join(f'{each} = ["*"]\n' for each in ("gathering", "early"))
    text = ORGANISATION.split("[starters]")[0] + "[starters]\n" + starters + "[signals]" + ORGANISATION.split("[signals]")[1]
    (folder / "processes" / "organisation.toml").write_text(text, "utf-8")
    for name, body in processes.items():
        (folder / "processes" / "bpmn" / f"{name}.bpmn").write_bytes(body)
    return folder


@pytest.fixture
def town(small_town: SmallTown, tmp_path: Path) -> SmallTown:
    small_town.passes(minutes=1)  # what was published last is in force
    releases.publish(small_town.city, written(tmp_path / "messages", **PROCESSES), replace=True)
    return small_town


def gathers(town: SmallTown, *agencies: str) -> int:
    case = town.opens("gathering", agencies=[{"org": each} for each in agencies]).case
    outbox.work_all(town.city)
    return case


def reached(town: SmallTown) -> list[str]:
    """The agencies that go on, in the order in which they did."""
    tasks = {each.id for each in town.open_tasks("after")}
    return sorted(each.grp for each in town.rows(store.candidate) if each.task in tasks)


# -- keys --------------------------------------------------------------------------------------------------------------
def test_a_message_reaches_the_one_token_that_expects_what_it_carries(town: SmallTown) -> None:
    gathers(town, "agency0", "agency1", "agency2")
    town.completes("think", "agency2")
    assert reached(town) == ["agency2"]
    town.completes("think", "agency0")
    assert reached(town) == ["agency0", "agency2"]
    assert [each.id.split("-")[0] for each in town.rows(store.subscription)] == ["1"], "one still waits"


def test_a_message_with_another_key_is_kept_and_nobody_receives_it(town: SmallTown) -> None:
    gathers(town, "agency0", "agency1")
    town.completes("think", "agency9")
    assert reached(town) == [] and town.messages()[-1] == ("reply", "kept")
    town.passes(days=400)
    outbox.work_all(town.city)
    assert town.messages()[-1] == ("reply", "kept") and len(town.rows(store.subscription)) == 2


def test_the_same_answer_twice_is_received_once(town: SmallTown) -> None:
    gathers(town, "agency0", "agency1")
    town.completes("think", "agency1")
    town.completes("think", "agency1")
    assert reached(town) == ["agency1"]
    assert [each.status for each in town.rows(store.message, store.message.c.name == "reply")] == ["delivered", "kept"]


# -- nobody there yet --------------------------------------------------------------------------------------------------
def comes_early(town: SmallTown) -> int:
    case = town.opens("early").case
    outbox.work_all(town.city)
    assert town.messages() == [("notice", "kept")]
    return case


def test_a_message_that_comes_before_its_receiver_reaches_it_when_it_waits(town: SmallTown) -> None:
    case = comes_early(town)
    town.completes("busy")
    assert town.messages()[0] == ("notice", "kept") and town.names() == ["first"]
    town.completes("first")
    assert town.messages()[0] == ("notice", "delivered") and town.names() == ["after"]
    town.passes(days=30)
    outbox.work_all(town.city)
    assert town.messages()[0] == ("notice", "delivered") and town.kinds(case).count("MessageKept") == 1


def test_once_a_receiver_is_open_it_is_kept_without_end(town: SmallTown) -> None:
    comes_early(town)
    town.completes("busy")
    town.passes(days=30)
    outbox.work_all(town.city)
    assert town.messages()[0] == ("notice", "kept"), "whoever is busy will come to wait"
    town.completes("first")
    assert town.messages()[0] == ("notice", "delivered")


def test_when_its_time_is_over_and_nobody_came_it_is_over(town: SmallTown) -> None:
    case = comes_early(town)
    town.passes(days=4)
    outbox.work_all(town.city)
    assert town.messages() == [("notice", "kept")]
    town.passes(days=2)
    outbox.work_all(town.city)
    assert town.messages() == [("notice", "dropped")] and town.kinds(case).count("MessageDropped") == 1
    town.completes("busy")
    town.completes("first")
    assert town.names() == [], "who comes later waits for the next one"


# -- what is refused at publication ------------------------------------------------------------------------------------
def problems(tmp_path: Path, town: SmallTown, **changed: bytes) -> list[tuple[str | None, str]]:
    with pytest.raises(releases.Problems) as refused:
        releases.publish(town.city, written(tmp_path / "changed", **{**PROCESSES, **changed}), replace=True)
    return [(each.element, each.rule) for each in refused.value.problems if each.kind != "style"]


@pytest.mark.parametrize(
    ("process", "old", "new", "problem"),
    [
        ("gathering", "key.org", "key.organisation", ("hear", "key-not-sent")),
        ("gathering", "=agency.org", "=agency.place", ("hear", "unknown-field")),
        ("early", "P5D", "soon", ("tell", "keep-for")),
        ("late", 'id="first" name="first"', 'id="first" name="first" camunda:priority="500"', ("first", "priority")),
    ],
)
def test_a_setting_that_compares_nothing_or_says_no_time_is_refused(
    town: SmallTown, tmp_path: Path, process: str, old: str, new: str, problem: tuple[str, str]
) -> None:
    body: Any = PROCESSES[process].decode()
    assert old in body
    assert problem in problems(tmp_path, town, **{process: body.replace(old, new).encode()})
