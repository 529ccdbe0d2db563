"""Plays all ways that tokens can take through one scope, for its parallel joins; it must not look at conditions.

Every choice counts as possible. So a join that is never complete is surely wrong, and one that may wait only perhaps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, combinations

from engine.kernel.model import Flow, Node
from engine.kernel.remarks import Remarks
from engine.kernel.ways import nothing_more_comes, ways_into

MARKINGS = 5_000  # beyond these two bounds nothing is said
TOKENS = 8  # on one flow

Marking = tuple[int, ...]  # tokens on each flow


def check_joins(nodes: Sequence[Node], remarks: Remarks) -> None:
    """Ask about parallel gateways that can never go on; mention those that may be left waiting."""
    if not any(node.type == "parallelGateway" for node in nodes):
        return
    drawn = [flow for node in nodes for flow in node.outgoing]
    if len({flow.id for flow in drawn}) < len(drawn):
        return  # two flows of one id, which is asked about elsewhere
    game = _Game(nodes, drawn)
    joins = [node for node in nodes if node.type == "parallelGateway" and len(game.incoming[node.id]) > 1]
    played = game.play() if joins else None
    if played is None:
        return
    completed, left = played
    for node in joins:
        if node.id not in completed:
            remarks.say("join-never-complete", node)
        elif any(marking[index] for marking in left for index in game.incoming[node.id]):
            remarks.say("join-may-wait", node)


class _Game:
    """One scope with everything that can happen at its nodes, whatever the conditions say."""

    def __init__(self, nodes: Sequence[Node], drawn: Sequence[Flow]) -> None:
        self.nodes, self.drawn = nodes, drawn
        self.flows = {flow.id: index for index, flow in enumerate(drawn)}
        self.incoming = {node.id: tuple(self.flows[flow.id] for flow in drawn if flow.target == node.id) for node in nodes}
        self.results = {node.id: list(self._results(node)) for node in nodes}
        self.ways = {node.id: ways_into(node.id, nodes) for node in nodes if node.type == "inclusiveGateway"}

    def _results(self, node: Node) -> Iterator[tuple[int, ...]]:
        """The flows that get a token, in each way in which a node can be left."""
        outgoing = tuple(self.flows[flow.id] for flow in node.outgoing)
        if node.type in ("exclusiveGateway", "eventBasedGateway"):
            yield from ((index,) for index in outgoing)
        elif node.type == "inclusiveGateway":
            yield from chain.from_iterable(combinations(outgoing, count) for count in range(1, len(outgoing) + 1))
        else:
            yield outgoing
        for watcher in self.nodes:
            if watcher.attached_to == node.id:
                aside = tuple(self.flows[flow.id] for flow in watcher.outgoing)
                yield aside if watcher.interrupting else (*outgoing, *aside)

    def _taken(self, node: Node, marking: Marking) -> Iterator[tuple[int, ...]]:
        """The flows that lose a token, in each way in which a node can be entered."""
        incoming = self.incoming[node.id]
        here = tuple(index for index in incoming if marking[index])
        if node.type == "parallelGateway":
            if here and len(here) == len(incoming):
                yield incoming
        elif node.type == "inclusiveGateway" and len(incoming) > 1:
            elsewhere = [flow.target for flow, tokens in zip(self.drawn, marking, strict=True) if tokens and flow.target != node.id]
            if nothing_more_comes(self.ways[node.id], [self.drawn[index].id for index in here], elsewhere):
                yield here
        else:
            yield from ((index,) for index in here)

    def _following(self, node: Node, marking: Marking) -> Iterator[Marking]:
        ends_all = node.type == "end" and node.event is not None and node.event.kind in ("terminate", "error")
        for taken in self._taken(node, marking):
            if ends_all:
                yield (0,) * len(marking)
                continue
            for given in self.results[node.id]:
                yield _moved(marking, taken, given)

    def play(self) -> tuple[set[str], list[Marking]] | None:
        """The nodes that ever happen, and the markings in which nothing more can; None when there are too many."""
        if any(len(each) > MARKINGS for each in self.results.values()):
            return None
        nothing = (0,) * len(self.drawn)
        ahead = [_moved(nothing, (), given) for node in self.nodes if node.type == "start" for given in self.results[node.id]]
        seen, happened, left = set(ahead), set[str](), list[Marking]()
        while ahead:
            marking = ahead.pop()
            stuck = True
            for node in self.nodes:
                for following in self._following(node, marking):
                    stuck = False
                    happened.add(node.id)
                    if following in seen:
                        continue
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
