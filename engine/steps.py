"""A diagram as a numbered table, for people who do not see or use diagrams. It must not know any case."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.kernel.model import Node, Process, walk


@dataclass(frozen=True, slots=True)
class Way:
    """A way on from a step: what the diagram calls it, and the numbers of the steps it leads to; none is the end."""

    label: str
    to: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One named element. ``no`` is its number on the page, in the diagram as in the table."""

    element: str
    no: int
    title: str
    type: str
    event: str  # none, message, timer, signal, condition, error, escalation, link, terminate
    each: bool  # once for each item of a list
    lane: str
    documentation: str
    called: str | None
    attached_to: int | None  # of a boundary event: the number of the step it watches
    within: int | None  # the number of the sub-process that holds it
    ways: tuple[Way, ...]
    decision: str | None = None  # the table that it asks


def number(process: Process) -> tuple[Step, ...]:
    """Every named element in the order of the file; ways lead through what has no name (joins, forks) to what has one."""
    nodes = {node.id: node for node in walk(process.nodes)}
    numbers = {node.id: no for no, node in enumerate((each for each in nodes.values() if each.name), 1)}
    holders = {inner.id: numbers.get(node.id) for node in nodes.values() for inner in node.body}
    return tuple(_step(nodes[id], no, nodes, numbers, holders.get(id)) for id, no in numbers.items())


def _step(node: Node, no: int, nodes: Mapping[str, Node], numbers: Mapping[str, int], within: int | None) -> Step:
    ways = [
        Way(flow.name, tuple(dict.fromkeys(numbers[id] for id in _named(flow.target, nodes, {node.id}))))
        for flow in node.outgoing
    ]
    return Step(
        node.id, no, node.name, "eventSubProcess" if node.by_event else node.type, node.event.kind if node.event is not None else "none", node.loop is not None,
        node.lane or "", node.documentation, node.called, numbers.get(node.attached_to or ""), within,
        tuple(ways) or (Way("", ()),), node.decision,
    )  # fmt: skip


def _named(id: str, nodes: Mapping[str, Node], seen: set[str]) -> Iterator[str]:
    """The named elements that a flow leads to."""
    if nodes[id].name:
        yield id
    elif id not in seen:
        seen.add(id)
        for flow in nodes[id].outgoing:
            yield from _named(flow.target, nodes, seen)
