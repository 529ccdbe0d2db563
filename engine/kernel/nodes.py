"""Reads one flow node of a BPMN file: its kind, event, repetition and settings; it must not look at other nodes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from engine.kernel.extensions import (
    CAMUNDA,
    Settings,
    documentation,
    extensions,
    feel,
    is_feel,
    properties,
    spiff_form,
    timely,
)
from engine.kernel.model import Event, Loop, Node, NodeType
from engine.kernel.refused import (
    FLOW_NODES_REFUSED,
    definitions,
    event_refusal,
    extension_refusals,
    node_refusal,
    part_refusals,
)
from engine.kernel.remarks import Remarks, near
from engine.kernel.xml import BPMN, content, first, is_true, local, named, namespace, referred, words

_TYPES: Mapping[str, NodeType] = {
    "startEvent": "start", "endEvent": "end", "intermediateThrowEvent": "intermediateThrowEvent",
    "intermediateCatchEvent": "intermediateCatchEvent", "boundaryEvent": "boundaryEvent",
    "task": "manualTask", "userTask": "userTask", "manualTask": "manualTask", "businessRuleTask": "businessRuleTask",
    "callActivity": "callActivity", "subProcess": "subProcess", "exclusiveGateway": "exclusiveGateway",
    "parallelGateway": "parallelGateway", "eventBasedGateway": "eventBasedGateway",
}  # fmt: skip
FLOW_NODES = frozenset(_TYPES) | FLOW_NODES_REFUSED

_LOOP = "multiInstanceLoopCharacteristics"
_LOOPING = ("task", "userTask", "manualTask", "callActivity", "subProcess")
_LOOP_DATA = ("loopDataInputRef", "loopDataOutputRef", "inputDataItem", "outputDataItem")
_LOOP_BEHAVIOR = ("oneBehaviorEventRef", "noneBehaviorEventRef", "complexBehaviorDefinition")

_DESCRIBING = frozenset({
    "documentation", "extensionElements", "incoming", "outgoing", "auditing", "monitoring", "categoryValueRef",
})  # fmt: skip
_OF_EVENTS = frozenset({"dataInput", "dataOutput", "inputSet", "outputSet"})
PARTS_OF_SCOPE = FLOW_NODES | _DESCRIBING | {
    "laneSet", "sequenceFlow", "association", "group", "textAnnotation", "supports",
    "dataObject", "dataObjectReference", "dataStoreReference",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a node may point to in its file."""

    remarks: Remarks
    messages: Mapping[str, tuple[str, bool]]  # id -> (name, whether optional)
    signals: Mapping[str, str]  # id -> name
    lanes: Mapping[str, str]  # node id -> lane name


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
        event=_event(element, at) if kind.endswith("Event") else None,
        attached_to=host or None, interrupting=is_true(element, "cancelActivity", "true"),
        called=referred(element.get("calledElement")) or None,
        inputs=tuple(_inputs(element, remarks)) if kind == "callActivity" else (),
        loop=_loop(element, remarks), body=body,
        decision=settings.text("decisionRef") if is_rule else None,
        result=settings.text("resultVariable") if is_rule else None,
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
    for part in element:
        if namespace(part) == BPMN and local(part) not in known and part not in refused:
            remarks.say("unknown-element", element, part, name=local(part))


def _known_parts(element: etree._Element) -> frozenset[str]:
    if local(element) == "subProcess":
        return PARTS_OF_SCOPE | {_LOOP}
    if local(element).endswith("Event"):
        return _DESCRIBING | _OF_EVENTS | {local(each) for each in definitions(element)}
    return _DESCRIBING | {_LOOP}


def _type(element: etree._Element, form: str | None, remarks: Remarks) -> NodeType:
    kind = local(element)
    if kind == "task" and form is None:
        remarks.say("abstract-task", element)
    return "userTask" if kind == "task" and form else _TYPES[kind]


def _event(element: etree._Element, at: Surroundings) -> Event:
    refusal = event_refusal(element)
    if refusal is not None:
        at.remarks.refuse(refusal, element)
        return Event()
    for definition in definitions(element):
        if local(definition) == "timerEventDefinition":
            return _timer(element, definition, at.remarks)
        if local(definition) == "signalEventDefinition":
            return _signal(element, definition, at)
        return _message(element, definition, at)
    if local(element) == "intermediateCatchEvent":
        at.remarks.say("catch-without-event", element)
    if local(element) == "boundaryEvent":
        at.remarks.say("boundary-without-event", element)
    return Event()


def _timer(element: etree._Element, definition: etree._Element, remarks: Remarks) -> Event:
    if first(definition, "timeCycle") is not None:
        remarks.say("timer-cycle", element, definition)
        return Event("timer")
    days = [each for each in map(content, named(definition, "timeDate")) if each]
    periods = [each for each in map(content, named(definition, "timeDuration")) if each]
    if len(days) + len(periods) != 1:
        remarks.say("timer-without-time", element, definition)
        return Event("timer")
    text = timely((days or periods)[0], element, remarks)
    return Event("timer", timer="date" if days else "duration", expression=text)


def _message(element: etree._Element, definition: etree._Element, at: Surroundings) -> Event:
    reference = referred(definition.get("messageRef"))
    name, optional = at.messages.get(reference, ("", False))
    if not name:
        known = (each for each, _ in at.messages.values() if each)
        at.remarks.say("event-without-message", element, definition, near=near(reference, known))
    variable = properties(element, at.remarks).get("payload") or None
    payload = tuple(_payload(element, at.remarks))
    return Event("message", name=name or None, payload=payload, payload_name=variable, optional=optional)


def _signal(element: etree._Element, definition: etree._Element, at: Surroundings) -> Event:
    reference = referred(definition.get("signalRef"))
    name = at.signals.get(reference)
    if not name:
        hint = near(reference, filter(None, at.signals.values()))
        at.remarks.say("event-without-signal", element, definition, near=hint)
    return Event("signal", name=name or None)


def _payload(element: etree._Element, remarks: Remarks) -> Iterator[tuple[str, str]]:
    """What a throw event sends. As in Camunda, a text that is not marked as an expression is sent as it stands."""
    for holder in extensions(element, "inputOutput", CAMUNDA):
        for each in holder.iterchildren("{*}inputParameter"):
            name, text = words(each.get("name")), content(each)
            if not name or not text:
                remarks.say("payload-without-value", element, each)
            elif is_feel(text):
                yield name, feel(text, element, remarks)
            else:
                text = text[1:-1] if text.startswith('"') and text.endswith('"') else text
                remarks.say("plain-payload", element, name=name, text=text)
                yield name, json.dumps(text, ensure_ascii=False)


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
    if local(element) not in _LOOPING:
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
