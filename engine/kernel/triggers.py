"""Reads what an event of a BPMN file waits for, throws or does; it must not look at other nodes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from engine.kernel.extensions import CAMUNDA, extensions, feel, formal, is_feel, properties, timely
from engine.kernel.model import Event, EventKind
from engine.kernel.refused import definitions, event_refusal
from engine.kernel.remarks import Remarks, near
from engine.kernel.xml import content, first, is_true, local, named, referred, words


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a node may point to in its file."""

    remarks: Remarks
    messages: Mapping[str, tuple[str, bool]]  # id -> (name, whether optional)
    signals: Mapping[str, str]  # id -> name
    lanes: Mapping[str, str]  # node id -> lane name
    codes: Mapping[str, Mapping[str, str]]  # "error" or "escalation" -> id -> code, or else name


def trigger(element: etree._Element, at: Surroundings) -> Event | None:
    """What happens at an event, or at a task that sends or receives a message; None at any other node."""
    kind = local(element)
    if kind in ("sendTask", "receiveTask"):
        return _message(element, element, at)
    if not kind.endswith("Event"):
        return None
    refusal = event_refusal(element)
    if refusal is not None:
        at.remarks.refuse(refusal, element)
        return Event()
    for reference in named(element, "eventDefinitionRef"):
        if not definitions(element):
            at.remarks.say("unknown-event-definition", element, reference, id=referred(content(reference)))
            return Event()
    for definition in definitions(element):
        return _defined(element, definition, at)
    if kind == "intermediateCatchEvent":
        at.remarks.say("catch-without-event", element)
    if kind == "boundaryEvent":
        at.remarks.say("boundary-without-event", element)
    return Event()


def _defined(element: etree._Element, definition: etree._Element, at: Surroundings) -> Event:
    match local(definition):
        case "timerEventDefinition":
            return _timer(element, definition, at.remarks)
        case "signalEventDefinition":
            return _signal(element, definition, at)
        case "conditionalEventDefinition":
            return _condition(element, definition, at.remarks)
        case "errorEventDefinition":
            return _code("error", element, definition, at)
        case "escalationEventDefinition":
            return _code("escalation", element, definition, at)
        case "linkEventDefinition":
            return _link(element, definition, at.remarks)
        case "terminateEventDefinition":
            return Event("terminate")
    return _message(element, definition, at)


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
    payload = tuple(given(element, at.remarks))
    return Event("message", name=name or None, payload=payload, payload_name=variable, optional=optional)


def _signal(element: etree._Element, definition: etree._Element, at: Surroundings) -> Event:
    reference = referred(definition.get("signalRef"))
    name = at.signals.get(reference)
    if not name:
        hint = near(reference, filter(None, at.signals.values()))
        at.remarks.say("event-without-signal", element, definition, near=hint)
    return Event("signal", name=name or None)


def _condition(element: etree._Element, definition: etree._Element, remarks: Remarks) -> Event:
    condition = first(definition, "condition")
    text = None if condition is None else formal(condition, element, remarks)
    if text is None:
        remarks.say("event-without-condition", element, definition)
    return Event("condition", condition=text)


def _code(kind: EventKind, element: etree._Element, definition: etree._Element, at: Surroundings) -> Event:
    """An error or escalation. One that is thrown needs a code; one that is caught without a code is any."""
    reference = referred(definition.get(f"{kind}Ref"))
    code = at.codes[kind].get(reference)
    throws = local(element) in ("endEvent", "intermediateThrowEvent")
    if (reference or throws) and not code:
        at.remarks.say(f"event-without-{kind}", element, definition, near=near(reference, filter(None, at.codes[kind].values())))
    of_start = local(element) == "startEvent"
    if kind == "error" and not throws and not is_true(element, "isInterrupting" if of_start else "cancelActivity", "true"):
        at.remarks.say("error-goes-on", element, definition)
    return Event(kind, name=code or None)


def _link(element: etree._Element, definition: etree._Element, remarks: Remarks) -> Event:
    name = words(definition.get("name"))
    if not name:
        remarks.say("link-without-name", element, definition)
    return Event("link", name=name or None)


def given(element: etree._Element, remarks: Remarks) -> Iterator[tuple[str, str]]:
    """What goes with a message, or to an operation: (name, FEEL). As in Camunda, a text that is not marked as an expression is sent as it stands."""
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
