"""Which names stand for a value in a process beside forms and settings, and for what kind; it must not judge them."""

from __future__ import annotations

import json
from collections.abc import Iterator

from engine.kernel.decisions import Decision
from engine.kernel.expressions import ANYTHING, literals, sites
from engine.kernel.feel import FeelError, parse
from engine.kernel.model import THROWING, EventKind, FieldKind, Model, Node, Process, walk

_LISTS = ("COLLECT", "RULE ORDER", "OUTPUT ORDER")


def own_names(model: Model, process: Process) -> dict[str, FieldKind]:
    """Results of decisions, inputs of calls and payloads of messages, as `process` sees them."""
    names = {name: literals(texts) for name, texts in given_inputs(model, process.id).items()}
    for node in walk(process.nodes):
        if node.event is not None and node.event.payload_name is not None:
            names[node.event.payload_name] = _payload(model, node.event.name or "")
    for id in _family(model, process.id):
        for node in walk(model.processes[id].nodes):
            if node.result is not None:
                names[node.result] = result_kind(model.decisions.get(node.decision or ""), node.result_kind == "list")
    return names


def callers(model: Model, process: str) -> Iterator[tuple[Process, Node]]:
    """The calls of a process."""
    for caller in model.processes.values():
        for node in walk(caller.nodes):
            if node.called == process:
                yield caller, node


def given_inputs(model: Model, process: str) -> dict[str, list[str]]:
    """Name -> the expressions that calls of this process give for it."""
    given: dict[str, list[str]] = {}
    for _, node in callers(model, process):
        for name, text in node.inputs:
            given.setdefault(name, []).append(text)
    return given


def used_names(process: Process) -> set[str]:
    """The first names of all paths that the expressions of a process read."""
    used = set[str]()
    for node in walk(process.nodes):
        for site in sites(node):
            try:
                used |= {part for path in parse(site.text).paths for part in path}
            except FeelError:
                continue
    return used


def gives_list(decision: Decision) -> bool:
    """Whether a decision gives one result for every row that is hit."""
    return decision.hit_policy in _LISTS and decision.aggregation is None


def thrown(model: Model, kind: EventKind) -> Iterator[tuple[Process, Node, str]]:
    """Every event or task that sends a message or throws a signal, with its name."""
    for process, node, name in _named(model, kind):
        if node.type in THROWING:
            yield process, node, name


def open_reply(node: Node) -> Iterator[tuple[str, str]]:
    """What a start sends instead of starting, when the case has such an instance already: name, FEEL of a text."""
    for name, text in node.properties.items():
        if name.startswith("whenOpenReply."):
            yield name.removeprefix("whenOpenReply."), json.dumps(text, ensure_ascii=False)


def caught(model: Model, kind: EventKind) -> Iterator[tuple[Process, Node, str]]:
    """Every event or task that receives a message or hears a signal, with its name."""
    for process, node, name in _named(model, kind):
        if node.type not in THROWING:
            yield process, node, name


def _named(model: Model, kind: EventKind) -> Iterator[tuple[Process, Node, str]]:
    for process in model.processes.values():
        for node in walk(process.nodes):
            if node.event is not None and node.event.kind == kind and node.event.name:
                yield process, node, node.event.name


def _payload(model: Model, message: str) -> FieldKind:
    given: dict[str, list[str]] = {}
    for _, node, name in thrown(model, "message"):
        for key, text in node.event.payload if node.event is not None and name == message else ():
            given.setdefault(key, []).append(text)
    for process in model.processes.values():
        for node in process.nodes:
            for key, text in open_reply(node) if node.properties.get("whenOpenReply") == message else ():
                given.setdefault(key, []).append(text)
    return FieldKind("payload", fields={name: literals(texts) for name, texts in given.items()})


def result_kind(decision: Decision | None, listed: bool = False) -> FieldKind:
    """What a decision gives; ``listed``: as a list even when it is one row."""
    if decision is None or decision.expression is not None:
        return ANYTHING
    if decision.aggregation is not None:
        counts = decision.aggregation in ("COUNT", "SUM") and not listed
        return FieldKind("number") if counts else ANYTHING
    fields = {
        result.name: literals([*(rule.outputs[column] for rule in decision.rules), result.default or "null"])
        for column, result in enumerate(decision.outputs)
    }
    return FieldKind("list" if gives_list(decision) or listed else "result", fields=fields)


def _family(model: Model, process: str) -> list[str]:
    """The processes that are of one instance: connected by calls, in either direction."""
    near: dict[str, set[str]] = {id: set() for id in model.processes}
    for caller in model.processes.values():
        for node in walk(caller.nodes):
            if node.called is not None and node.called in near:
                near[caller.id].add(node.called)
                near[node.called].add(caller.id)
    found = [process]
    for id in found:
        found += sorted(near[id] - set(found))
    return found
