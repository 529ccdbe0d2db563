"""Where a token stands in its process, for people: the steps behind it, the step it is at, the steps that may come."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import steps, store
from engine.kernel.model import Node, Process, walk
from engine.kernel.running import Executable

HUMAN = ("userTask", "manualTask")


@dataclass(frozen=True, slots=True)
class Place:
    """One step of human work: done, current or ahead; ``no`` is its number in the diagram's table."""

    element: str
    no: int
    title: str
    lane: str
    state: str


def table(process: Process, current: str, done: set[str]) -> list[Place]:
    """Every step of human work of a process, in the order of the file, with the numbers of the process page."""
    return [
        Place(
            each.element, each.no, each.title, each.lane,
            "current" if each.element == current else "done" if each.element in done else "ahead",
        )
        for each in steps.number(process)
        if each.type in HUMAN
    ]  # fmt: skip


def done_elements(c: Connection, instance: int, process: str) -> dict[str, int]:
    """The elements of a process that were finished in this instance, in the order in which they were last finished."""
    task = store.task
    rows = c.scalars(
        sa.select(task.c.element)
        .where(task.c.instance == instance, task.c.status == "done", task.c.process == process)
        .order_by(task.c.closed_at, task.c.id)
    )
    return {element.split(":")[1]: number for number, element in enumerate(rows)}


def ahead(process: Process, from_: str, most: int = 2) -> list[Node]:
    """The steps that follow when every question is answered in the ordinary way: the first flow of each gateway."""
    nodes = {node.id: node for node in _siblings(process.nodes, from_)}
    found: list[Node] = []
    seen = {from_}
    node = nodes.get(from_)
    while node is not None and len(found) < most:
        following = next((nodes[flow.target] for flow in node.outgoing if flow.target in nodes and flow.target not in seen), None)
        if following is None:
            return found
        seen.add(following.id)
        if following.type in (*HUMAN, "callActivity", "subProcess"):
            found.append(following)
        node = following
    return found


def _siblings(nodes: tuple[Node, ...], id: str) -> tuple[Node, ...]:
    if any(node.id == id for node in nodes):
        return nodes
    return next((found for node in nodes if node.body and (found := _siblings(node.body, id))), ())


def near(c: Connection, executable: Executable, instance: int, element: str) -> list[tuple[str, str]]:
    """The steps around a task as (title, state): at most two behind it, itself, at most two ahead."""
    process_id, _, node_id = element.partition(":")
    process = executable.process(process_id)
    by_id: Mapping[str, Node] = {node.id: node for node in walk(process.nodes)}
    order = done_elements(c, instance, process_id)
    behind = [by_id[each] for each in sorted(order, key=order.__getitem__) if each in by_id and each != node_id][-2:]
    return [*_said(behind, "done"), (by_id[node_id].name, "current"), *_said(ahead(process, node_id), "ahead")]


def _said(nodes: list[Node], state: str) -> Iterator[tuple[str, str]]:
    for node in nodes:
        yield node.name, state
