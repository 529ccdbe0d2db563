"""Which errors and escalations come out of what, and who catches them; it only mentions what is never caught or never thrown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.kernel.bindings import callers
from engine.kernel.model import THROWING, THROWN_UPWARDS, Event, Model, Node, Process, walk
from engine.kernel.remarks import Remarks

Thrown = frozenset[tuple[str, str]]  # (error or escalation, code)

ANY = ""  # an operation may end in any error

_WORDS = {"error": "エラー", "escalation": "エスカレーション"}


def check_upwards(model: Model, remarks: Mapping[str, Remarks]) -> None:
    """Mention errors and escalations that nobody catches, and catching events to which nothing can come."""
    for process in model.processes.values():
        _check_catchers(model, process, process.nodes, remarks[process.id])
        if any(callers(model, process.id)):
            continue
        for kind, name in sorted(_out_of(model, process.nodes)):
            for node in _throwers(model, process.id, kind, name):
                remarks[process.id].say(f"{kind}-not-caught", node, name=name)


def _check_catchers(model: Model, process: Process, nodes: tuple[Node, ...], remarks: Remarks) -> None:
    for node in nodes:
        if node.type == "boundaryEvent":
            come = _out_of_node(model, next((each for each in nodes if each.id == node.attached_to), None))
            _check_catcher(node, node.event, come, remarks)
        if node.by_event:
            come = frozenset().union(*(_out_of_node(model, each) for each in nodes if each is not node), _own(nodes))
            for start in (each for each in node.body if each.type == "start"):
                _check_catcher(start, start.event, come, remarks)
        _check_catchers(model, process, node.body, remarks)


def _check_catcher(node: Node, event: Event | None, come: Thrown, remarks: Remarks) -> None:
    if event is not None and event.kind in THROWN_UPWARDS and not any(_catches(event, each) for each in come):
        remarks.say("caught-but-not-thrown", node, what=_WORDS[event.kind])


def _out_of(model: Model, nodes: tuple[Node, ...], seen: frozenset[str] = frozenset()) -> Thrown:
    """What comes out of a scope: its own and that of its activities, but what its event sub-processes catch."""
    handlers = [node for node in nodes if node.by_event]
    inside = [each.event for node in handlers for each in node.body if each.type == "start" and each.event is not None]
    out = set(_own(nodes)).union(*(_past_boundaries(model, node, nodes, seen) for node in nodes if not node.by_event))
    left = {each for each in out if not any(_catches(event, each) for event in inside)}
    return frozenset(left.union(*(_out_of(model, node.body, seen) for node in handlers)))


def _past_boundaries(model: Model, node: Node, nodes: tuple[Node, ...], seen: frozenset[str]) -> Iterator[tuple[str, str]]:
    watching = [each.event for each in nodes if each.attached_to == node.id and each.event is not None]
    return (each for each in _out_of_node(model, node, seen) if not any(_catches(event, each) for event in watching))


def _out_of_node(model: Model, node: Node | None, seen: frozenset[str] = frozenset()) -> Thrown:
    if node is None:
        return frozenset()
    if node.type == "serviceTask":
        return frozenset({("error", ANY)})
    if node.called is not None and node.called in model.processes and node.called not in seen:
        return _out_of(model, model.processes[node.called].nodes, seen | {node.called})
    return _out_of(model, node.body, seen) if node.body else frozenset()


def _own(nodes: Iterable[Node]) -> Thrown:
    """What the events of a scope throw themselves."""
    events = [node.event for node in nodes if node.event is not None and node.type in THROWING]
    return frozenset((event.kind, event.name) for event in events if event.kind in THROWN_UPWARDS and event.name)


def _catches(event: Event, thrown: tuple[str, str]) -> bool:
    return event.kind == thrown[0] and (event.name is None or thrown[1] in (ANY, event.name))


def _throwers(model: Model, process: str, kind: str, name: str) -> Iterator[Node]:
    for node in walk(model.processes[process].nodes):
        if node.event is not None and node.type in THROWING and (node.event.kind, node.event.name) == (kind, name):
            yield node
