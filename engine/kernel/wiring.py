"""Joins the nodes of one process or sub-process by their flows and looks whether every token can come and go.

It must not look into expressions, nor across scopes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from lxml import etree

from engine.kernel.extensions import formal
from engine.kernel.joins import check_joins
from engine.kernel.model import Event, Flow, Node
from engine.kernel.refused import extension_refusals, is_by_event
from engine.kernel.remarks import Remarks, near
from engine.kernel.xml import first, local, named, referred, words

_HOSTS = ("userTask", "manualTask", "receiveTask", "callActivity", "subProcess")
_THROW, _CATCH = "intermediateThrowEvent", "intermediateCatchEvent"
_CHOOSING = ("exclusiveGateway", "inclusiveGateway")  # along whose flows conditions stand
_GATEWAYS = (*_CHOOSING, "parallelGateway", "eventBasedGateway")


def wire(scope: etree._Element, nodes: Sequence[Node], ids: frozenset[str], remarks: Remarks) -> tuple[Node, ...]:
    """The nodes with their flows. `ids` are those of all flow nodes in the scope, refused ones included."""
    before = remarks.stops()
    outgoing: dict[str, list[Flow]] = {}
    for flow in _flows(scope, ids, remarks):
        outgoing.setdefault(flow.source, []).append(flow)
    wired = [_with_flows(node, outgoing.get(node.id, []), remarks) for node in nodes]
    if not ids:
        remarks.say("empty", scope)
    elif len(wired) == len(ids):  # else refused nodes are holes, and nothing is certain about ways through them
        wired = _with_links(_with_start(scope, wired, remarks), remarks)
        _check_ends(scope, wired, remarks)
        _check_ways(wired, remarks)
    _check_places(wired, remarks)
    if len(wired) >= len(ids) and remarks.stops() == before:
        check_joins(wired, remarks)
    return tuple(wired)


def _flows(scope: etree._Element, ids: frozenset[str], remarks: Remarks) -> Iterator[Flow]:
    unnamed: Counter[str] = Counter()
    for element in named(scope, "sequenceFlow"):
        source, target, id = referred(element.get("sourceRef")), referred(element.get("targetRef")), element.get("id")
        if not id:
            id = f"{source}->{target}"
            unnamed[id] += 1
            id += f"#{unnamed[id]}" if unnamed[id] > 1 else ""
            remarks.say("flow-without-id", element, id=id)
        for part, refusal in extension_refusals(element):
            remarks.refuse(refusal, element, part)
        missing = [each or "(なし)" for each in (source, target) if each not in ids]
        if missing:
            remarks.say("flow-to-nowhere", element, ends="」「".join(missing))
        else:
            condition = first(element, "conditionExpression")
            text = None if condition is None else formal(condition, element, remarks)
            yield Flow(id, source, target, words(element.get("name")), text, element.sourceline)


def _with_flows(node: Node, flows: list[Flow], remarks: Remarks) -> Node:
    if node.default is not None and node.default not in {flow.id for flow in flows}:
        remarks.say("wrong-default", node, flow=node.default)
        node = replace(node, default=None)
    if node.type not in _CHOOSING:
        return _with_plain_flows(node, flows, remarks)
    for index, flow in enumerate(flows):
        if flow.id == node.default and flow.condition is not None:
            remarks.say("default-with-condition", flow, condition=flow.condition)
            flows[index] = replace(flow, condition=None)
    bare = [flow for flow in flows if flow.condition is None and flow.id != node.default]
    for flow in bare if len(flows) > 1 else ():
        remarks.say("flow-without-condition", flow)
    if flows and not bare and node.default is None:
        remarks.say("no-default", node)
    return replace(node, outgoing=tuple(flows))


def _with_plain_flows(node: Node, flows: list[Flow], remarks: Remarks) -> Node:
    for flow in flows:
        if flow.condition is not None:
            remarks.say("conditional-flow", flow)
    if node.default is not None:
        remarks.say("needless-default", node)
    if len(flows) > 1 and node.type not in _GATEWAYS:
        remarks.say("implicit-split", node, count=len(flows))
    return replace(node, outgoing=tuple(flows), default=None)


def _with_start(scope: etree._Element, nodes: list[Node], remarks: Remarks) -> list[Node]:
    """A scope without a start event begins with every node that no flow leads to (BPMN 2.0.2, 10.5.2)."""
    starts = [node for node in nodes if node.type == "start"]
    for node in starts[1:]:
        remarks.say("several-starts", node)
    by_event = [node for node in starts if node.event is not None and node.event.kind != "none"]
    if is_by_event(scope):
        if not by_event:
            remarks.say("event-sub-process-start", scope)
        return nodes
    for node in by_event if local(scope) == "subProcess" else ():
        remarks.say("start-in-sub-process", node)
    if starts:
        return nodes
    reached = {flow.target for node in nodes for flow in node.outgoing}
    heads = [node for node in nodes if node.id not in reached and node.type != "boundaryEvent" and not node.by_event and not _is_link(node, _CATCH)]
    if not heads:
        remarks.say("no-start", scope)
        return nodes
    id = f"{scope.get('id')}#start"
    flows = tuple(Flow(f"{id}->{head.id}", id, head.id, line=head.line) for head in heads)
    remarks.say("implicit-start", scope, heads="」「".join(head.id for head in heads))
    return [Node(id, "start", line=scope.sourceline, lane=heads[0].lane, outgoing=flows, event=Event()), *nodes]


def _with_links(nodes: list[Node], remarks: Remarks) -> list[Node]:
    """A link is a flow that is not drawn: from every event that throws it to the one that catches it, in the same scope."""
    caught: dict[str | None, Node] = {}
    for node in (each for each in nodes if _is_link(each, _CATCH)):
        assert node.event is not None
        if node.event.name in caught:
            remarks.say("link-twice", node, name=node.event.name)
        caught.setdefault(node.event.name, node)
    return [_linked(node, caught, remarks) if _is_link(node, _THROW) else node for node in nodes]


def _linked(node: Node, caught: Mapping[str | None, Node], remarks: Remarks) -> Node:
    assert node.event is not None
    target = caught.get(node.event.name)
    if node.outgoing:
        remarks.say("flow-out-of-link", node)
    if target is None:
        remarks.say("link-to-nowhere", node, name=node.event.name or "", near=near(node.event.name or "", filter(None, caught)))
        return node
    return replace(node, outgoing=(*node.outgoing, Flow(f"{node.id}->{target.id}", node.id, target.id, line=node.line)))


def _is_link(node: Node, type: str) -> bool:
    return node.type == type and node.event is not None and node.event.kind == "link"


def _check_ends(scope: etree._Element, nodes: list[Node], remarks: Remarks) -> None:
    """Without any end event, a path ends where no flow goes on (BPMN 2.0.2, 10.5.3); with one, every path needs one."""
    last = [node for node in nodes if not node.outgoing and node.type != "end" and not node.by_event and not _is_link(node, _THROW)]
    has_end = any(node.type == "end" for node in nodes)
    if has_end or any(node.type in _GATEWAYS for node in last):
        for node in last:
            remarks.say("dead-end", node)
    elif last:
        remarks.say("implicit-end", scope, last="」「".join(node.id for node in last))


def _check_ways(nodes: list[Node], remarks: Remarks) -> None:
    forward: dict[str, list[str]] = {node.id: [flow.target for flow in node.outgoing] for node in nodes}
    for node in nodes:
        if node.attached_to in forward:
            forward[node.attached_to].append(node.id)
    backward: dict[str, list[str]] = {node.id: [] for node in nodes}
    for source, targets in forward.items():
        for target in targets:
            backward[target].append(source)
    starts = [node.id for node in nodes if node.type == "start" or node.by_event]
    reached = _closed(forward, starts or forward)
    leaving = _closed(backward, (node.id for node in nodes if not node.outgoing))
    for node in nodes:
        floating = node.type == "boundaryEvent" and node.attached_to not in forward
        if node.id not in reached and not floating:
            remarks.say("unreachable", node)
        if node.id not in leaving:
            remarks.say("no-way-to-end", node)


def _closed(ways: Mapping[str, list[str]], begin: Iterable[str]) -> set[str]:
    found, ahead = set[str](), list(begin)
    while ahead:
        id = ahead.pop()
        if id not in found:
            found.add(id)
            ahead += ways[id]
    return found


def _check_places(nodes: list[Node], remarks: Remarks) -> None:
    by_id = {node.id: node for node in nodes}
    drawn = [flow for node in nodes for flow in node.outgoing if not _is_link(node, _THROW)]
    incoming = Counter(flow.target for flow in drawn)
    for node in nodes:
        if incoming[node.id] and (node.type in ("start", "boundaryEvent") or _is_link(node, _CATCH)):
            remarks.say("flow-into-event", node)
        if node.outgoing and node.type == "end":
            remarks.say("flow-out-of-end", node)
        if node.by_event and (node.outgoing or incoming[node.id]):
            remarks.say("flow-at-event-sub-process", node)
        if node.type == "boundaryEvent":
            _check_boundary(node, by_id.get(node.attached_to or ""), remarks)
        if node.type == "eventBasedGateway":
            _check_race(node, [by_id[flow.target] for flow in node.outgoing if flow.target in by_id], incoming, nodes, remarks)
        if node.type in (*_CHOOSING, "parallelGateway") and incoming[node.id] > 1 and len(node.outgoing) > 1:
            remarks.say("mixed-gateway", node)


def _check_boundary(node: Node, host: Node | None, remarks: Remarks) -> None:
    if host is None:
        remarks.say("boundary-host", node)
    elif (host.type not in _HOSTS or host.by_event) and not (host.type == "serviceTask" and node.event is not None and node.event.kind == "error"):
        remarks.say("boundary-on-unwaiting", node, host=host.name or host.id)


def _check_race(gateway: Node, targets: list[Node], incoming: Mapping[str, int], nodes: list[Node], remarks: Remarks) -> None:
    watched = {node.attached_to for node in nodes}
    for target in targets:
        waits = target.type == "receiveTask" or (target.type == _CATCH and not _is_link(target, _CATCH))
        if not waits or incoming[target.id] > 1 or target.id in watched or target.loop is not None:
            remarks.say("event-gateway-target", target)
    heard = Counter((target.event.kind, target.event.name) for target in targets if target.event and target.event.name)
    for (kind, name), count in heard.items():
        if count > 1:
            remarks.say(f"event-gateway-twice-{kind}", gateway, name=name)
