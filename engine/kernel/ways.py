"""Which elements of one scope a token can still come from to a flow into a gateway; it must not look at conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.kernel.model import Node

Ways = Mapping[str, frozenset[str]]  # flow into the gateway -> the elements from which a token can come on it, not through the gateway


def ways_into(gateway: str, nodes: Sequence[Node]) -> Ways:
    """Of every flow into a gateway. An activity leads to what follows it and to what follows its boundary events."""
    before: dict[str, set[str]] = {node.id: set() for node in nodes}
    for node in nodes:
        for flow in node.outgoing:
            before[flow.target].add(node.id)
        if node.attached_to in before:
            before[node.id].add(node.attached_to)
    return {flow.id: _upstream(flow.source, gateway, before) for node in nodes for flow in node.outgoing if flow.target == gateway}


def nothing_more_comes(ways: Ways, here: Iterable[str], elsewhere: Iterable[str]) -> bool:
    """Whether an inclusive join goes on with the tokens that came on the flows `here`, given the elements where others stand.

    It waits for a token that can still come on another flow, unless that one can come on a flow of `here`, too (BPMN 2.0.2, 13.4.3).
    """
    arrived = set(here)
    missing = [sources for flow, sources in ways.items() if flow not in arrived]
    covered = [sources for flow, sources in ways.items() if flow in arrived]
    return bool(arrived) and not any(
        any(each in sources for sources in missing) and not any(each in sources for sources in covered) for each in elsewhere
    )


def _upstream(begin: str, gateway: str, before: Mapping[str, set[str]]) -> frozenset[str]:
    found, ahead = set[str](), [begin]
    while ahead:
        id = ahead.pop()
        if id != gateway and id not in found:
            found.add(id)
            ahead += before[id]
    return frozenset(found)
