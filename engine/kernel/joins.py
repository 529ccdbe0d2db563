"""Plays all ways that tokens can take through one scope, for its parallel joins; it must not look at conditions.

Every choice counts as possible. So a join that is never complete is surely wrong, and one that may wait only perhaps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.kernel.model import Node
from engine.kernel.remarks import Remarks

MARKINGS = 5_000  # beyond these two bounds nothing is said
TOKENS = 8  # on one flow

Marking = tuple[int, ...]  # tokens on each flow
Step = tuple[tuple[int, ...], tuple[int, ...]]  # flows that lose a token, flows that get one


def check_joins(nodes: Sequence[Node], remarks: Remarks) -> None:
    """Ask about parallel gateways that can never go on; mention those that may be left waiting."""
    if not any(node.type == "parallelGateway" for node in nodes):
        return
    drawn = [flow for node in nodes for flow in node.outgoing]
    flows = {flow.id: index for index, flow in enumerate(drawn)}
    incoming = {node.id: tuple(flows[flow.id] for flow in drawn if flow.target == node.id) for node in nodes}
    if len(flows) < len(drawn):
        return  # two flows of one id, which is asked about elsewhere
    joins = [node for node in nodes if node.type == "parallelGateway" and len(incoming[node.id]) > 1]
    steps = [(node, step) for node in nodes for step in _steps(node, nodes, flows, incoming)]
    played = _play(steps, len(flows)) if joins else None
    if played is None:
        return
    completed, left = played
    for node in joins:
        if node.id not in completed:
            remarks.say("join-never-complete", node)
        elif any(marking[index] for marking in left for index in incoming[node.id]):
            remarks.say("join-may-wait", node)


def _steps(
    node: Node, nodes: Sequence[Node], flows: Mapping[str, int], incoming: Mapping[str, tuple[int, ...]]
) -> Iterator[Step]:
    """Everything that can happen at a node."""
    outgoing = tuple(flows[flow.id] for flow in node.outgoing)
    if node.type == "boundaryEvent":
        return
    if node.type == "parallelGateway":
        yield incoming[node.id], outgoing
        return
    chooses = node.type in ("exclusiveGateway", "eventBasedGateway")
    results: list[tuple[int, ...]] = [(index,) for index in outgoing] if chooses else [outgoing]
    for watcher in nodes:
        if watcher.attached_to == node.id:
            aside = tuple(flows[flow.id] for flow in watcher.outgoing)
            results.append(aside if watcher.interrupting else (*outgoing, *aside))
    if node.type == "start":
        yield (), outgoing
    for index in incoming[node.id]:
        yield from (((index,), result) for result in results)


def _play(steps: list[tuple[Node, Step]], flows: int) -> tuple[set[str], list[Marking]] | None:
    """The nodes that ever happen, and the markings in which nothing more can; None when there are too many."""
    begun = [given for node, (_, given) in steps if node.type == "start"]
    ahead = [_moved((0,) * flows, (), given) for given in begun]
    seen, happened, left = set(ahead), set[str](), list[Marking]()
    while ahead:
        marking = ahead.pop()
        stuck = True
        for node, (taken, given) in steps:
            if node.type == "start" or not all(marking[index] for index in taken):
                continue
            stuck = False
            happened.add(node.id)
            following = _moved(marking, taken, given)
            if following not in seen:
                if len(seen) == MARKINGS or max(following) > TOKENS:
                    return None
                seen.add(following)
                ahead.append(following)
        if stuck:
            left.append(marking)
    return happened, left


def _moved(marking: Marking, taken: tuple[int, ...], given: tuple[int, ...]) -> Marking:
    tokens = list(marking)
    for index in taken:
        tokens[index] -= 1
    for index in given:
        tokens[index] += 1
    return tuple(tokens)
