"""Reads one flow node of a BPMN file: its kind, event, repetition and settings; it must not look at other nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from lxml import etree

from engine.kernel.extensions import (
    CAMUNDA,
    Settings,
    documentation,
    extensions,
    feel,
    properties,
    spiff_form,
)
from engine.kernel.model import Loop, Node, NodeType
from engine.kernel.refused import (
    DATA,
    FLOW_NODES_REFUSED,
    definitions,
    extension_refusals,
    is_by_event,
    is_picture,
    node_refusal,
    part_refusals,
)
from engine.kernel.remarks import Remarks
from engine.kernel.triggers import Surroundings, given, trigger
from engine.kernel.xml import BPMN, content, first, is_true, local, named, namespace, referred, words

_TYPES: Mapping[str, NodeType] = {
    "startEvent": "start", "endEvent": "end", "intermediateThrowEvent": "intermediateThrowEvent",
    "intermediateCatchEvent": "intermediateCatchEvent", "boundaryEvent": "boundaryEvent",
    "task": "manualTask", "userTask": "userTask", "manualTask": "manualTask", "businessRuleTask": "businessRuleTask",
    "sendTask": "sendTask", "receiveTask": "receiveTask", "serviceTask": "serviceTask",
    "callActivity": "callActivity", "subProcess": "subProcess", "exclusiveGateway": "exclusiveGateway",
    "inclusiveGateway": "inclusiveGateway", "parallelGateway": "parallelGateway", "eventBasedGateway": "eventBasedGateway",
}  # fmt: skip
FLOW_NODES = frozenset(_TYPES) | FLOW_NODES_REFUSED

_LOOP = "multiInstanceLoopCharacteristics"
_LOOPING = ("task", "userTask", "manualTask", "sendTask", "receiveTask", "serviceTask", "callActivity", "subProcess")
_LOOP_DATA = ("loopDataInputRef", "loopDataOutputRef", "inputDataItem", "outputDataItem")
_LOOP_BEHAVIOR = ("oneBehaviorEventRef", "noneBehaviorEventRef", "complexBehaviorDefinition")

_DESCRIBING = frozenset({
    "documentation", "extensionElements", "incoming", "outgoing", "auditing", "monitoring", "categoryValueRef",
})  # fmt: skip
_OF_EVENTS = frozenset({"dataInput", "dataOutput", "inputSet", "outputSet", *DATA})
PARTS_OF_SCOPE = FLOW_NODES | _DESCRIBING | {
    "laneSet", "sequenceFlow", "association", "group", "textAnnotation", "supports",
    "dataObject", "dataObjectReference", "dataStoreReference",
}  # fmt: skip


def is_flow_node(element: etree._Element) -> bool:
    """Whether a child of a process or sub-process is a flow node, one that is refused by name included."""
    return namespace(element) == BPMN and local(element) in FLOW_NODES


def read_node(element: etree._Element, at: Surroundings, lane: str | None, body: tuple[Node, ...]) -> Node | None:
    """The node without its flows, or None (with the reason among the remarks) when it is not run as a whole.

    `lane` is that of the sub-process around it; `body` what is inside the node itself.
    """
    remarks, id, kind = at.remarks, element.get("id"), local(element)
    refusal = node_refusal(element)
    if refusal is not None:
        remarks.refuse(refusal, element)
        return None
    if not id:
        remarks.say("no-id", element)
        return None
    refuse_parts(element, _known_parts(element), remarks)
    settings, host = Settings(element, remarks), referred(element.get("attachedToRef"))
    form, is_rule = settings.text("formKey") or spiff_form(element), kind == "businessRuleTask"
    return Node(
        id=id, type=_type(element, form, remarks), name=words(element.get("name")), line=element.sourceline,
        lane=at.lanes.get(id) or at.lanes.get(host) or lane, default=referred(element.get("default")) or None,
        event=trigger(element, at),
        attached_to=host or None, interrupting=is_true(element, "isInterrupting" if kind == "startEvent" else "cancelActivity", "true"),
        called=referred(element.get("calledElement")) or None,
        inputs=tuple(_inputs(element, remarks)) if kind == "callActivity" else tuple(given(element, remarks)) if kind == "serviceTask" else (),
        operation=settings.text("topic") if kind == "serviceTask" else None,
        loop=_loop(element, remarks), body=body, by_event=is_by_event(element),
        decision=settings.text("decisionRef") if is_rule else None,
        result=settings.text("resultVariable") if is_rule or kind == "serviceTask" else None,
        result_kind=_result_kind(element, settings, remarks) if is_rule else "single",
        form=form, groups=settings.groups("candidateGroups"), assignee=settings.expression("assignee"),
        due=settings.time("dueDate"), follow_up=settings.time("followUpDate"), priority=settings.expression("priority"),
        documentation=documentation(element), properties=properties(element, remarks),
    )  # fmt: skip


def refuse_parts(element: etree._Element, known: frozenset[str], remarks: Remarks) -> None:
    """Refuse what is in an element and would change what happens; the `known` BPMN parts are read elsewhere."""
    found = list(part_refusals(element))
    for holder in (element, *named(element, _LOOP), *definitions(element)):
        found += extension_refusals(holder)
    for part, refusal in found:
        remarks.refuse(refusal, element, part)
    refused = {part for part, _ in found}
    drawn = [part for part in element if is_picture(part)]
    if drawn:
        remarks.say("data-drawn", element, drawn[0])
    for part in element:
        if namespace(part) == BPMN and local(part) not in known and part not in refused:
            remarks.say("unknown-element", element, part, name=local(part))


def _known_parts(element: etree._Element) -> frozenset[str]:
    if local(element) == "subProcess":
        return PARTS_OF_SCOPE | {_LOOP, *DATA}
    if local(element).endswith("Event"):
        return _DESCRIBING | _OF_EVENTS | {"eventDefinitionRef", *(local(each) for each in definitions(element))}
    return _DESCRIBING | {_LOOP, *DATA}


def _type(element: etree._Element, form: str | None, remarks: Remarks) -> NodeType:
    kind = local(element)
    if kind == "task" and form is None:
        remarks.say("abstract-task", element)
    return "userTask" if kind == "task" and form else _TYPES[kind]


def _inputs(element: etree._Element, remarks: Remarks) -> Iterator[tuple[str, str]]:
    for each in extensions(element, "in", CAMUNDA):
        if each.get("businessKey") is not None:
            continue  # what is called belongs to the case of its caller anyway
        target, source = words(each.get("target")), (each.get("sourceExpression") or each.get("source") or "").strip()
        if target and source:
            yield target, feel(source, element, remarks)
        else:
            remarks.say("call-passes-all" if each.get("variables") == "all" else "call-input", element, each)


def _result_kind(element: etree._Element, settings: Settings, remarks: Remarks) -> Literal["list", "single"]:
    """As in Camunda, a list unless told otherwise."""
    kind = settings.text("mapDecisionResult") or "resultList"
    if kind not in ("resultList", "singleResult"):
        remarks.say("decision-result", element, kind=kind)
    return "single" if kind == "singleResult" else "list"


def _loop(element: etree._Element, remarks: Remarks) -> Loop | None:
    loop = first(element, _LOOP)
    if loop is None:
        return None
    if local(element) not in _LOOPING or is_by_event(element):
        remarks.say("loop-here", element, loop)
    for part in named(loop, *_LOOP_DATA):
        remarks.say("loop-data", element, part, name=local(part))
    if any(loop.get(each) is not None or first(loop, each) is not None for each in _LOOP_BEHAVIOR):
        remarks.say("loop-behavior", element, loop)
    elif loop.get("behavior", "All") != "All":
        remarks.say("loop-behavior", element, loop)
    settings, times = Settings(loop, remarks), first(loop, "loopCardinality")
    collection, item = settings.text("collection"), settings.text("elementVariable")
    if times is not None:
        remarks.say("loop-cardinality", element, times)
    elif collection is None:
        remarks.say("loop-without-collection", element, loop)
    if item is None:
        remarks.say("loop-without-item", element, loop)
    until = content(first(loop, "completionCondition"))
    return Loop(
        sequential=is_true(loop, "isSequential"), collection=feel(collection or "", element, remarks),
        item=item or "", until=feel(until, element, remarks) or None,
    )  # fmt: skip
