"""Names everything a diagram may hold that is not run here, with what to draw instead; it must not judge what is run.

A foreign attribute or extension that only describes is left alone; one that would execute, assign or copy is refused.
The list itself is `refused.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lxml import etree

from engine.kernel.xml import BPMN, content, is_true, local, named, namespace, referred

XSI = "http://www.w3.org/2001/XMLSchema-instance"


class Refusal(NamedTuple):
    """Why something is not run."""

    rule: str
    name: str  # what it is called in Japanese
    remedy: str


_LISTS: dict[str, dict[str, list[str]]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_POSITIONS = _LISTS.pop("positions")
_REFUSED = {part: {name: Refusal(*given) for name, given in each.items()} for part, each in _LISTS.items()}
FLOW_NODES_REFUSED = frozenset(_REFUSED["nodes"])
_AROUND = ("messageEventDefinition", "timerEventDefinition", "signalEventDefinition", "conditionalEventDefinition")  # what is waited for
_UPWARDS = ("errorEventDefinition", "escalationEventDefinition")
_RUN = {
    "startEvent": ("messageEventDefinition", "signalEventDefinition"),
    "eventSubProcess": (*_AROUND, *_UPWARDS),
    "endEvent": ("messageEventDefinition", "signalEventDefinition", *_UPWARDS, "terminateEventDefinition"),
    "intermediateThrowEvent": ("messageEventDefinition", "signalEventDefinition", "escalationEventDefinition", "linkEventDefinition"),
    "intermediateCatchEvent": (*_AROUND, "linkEventDefinition"),
    "boundaryEvent": (*_AROUND, *_UPWARDS),
}
_GIVING = ("intermediateThrowEvent", "endEvent", "sendTask", "serviceTask")
_GIVEN = ("inputOutput", "inputParameter")  # the payload of what is sent, what an operation is given
_OPERATION = ("type", "topic")  # how a service task names its operation
DATA = ("dataInputAssociation", "dataOutputAssociation", "property")
_VERSIONS = ("latest", "deployment")  # both mean: what is published with it


def node_refusal(element: etree._Element) -> Refusal | None:
    """Why a flow node as a whole is not run."""
    kind = local(element)
    if kind in ("eventBasedGateway", "receiveTask") and is_true(element, "instantiate"):
        kind = f"instantiate-{kind}"
    elif kind == "eventBasedGateway" and element.get("eventGatewayType") == "Parallel":
        kind = "parallelEvents"
    return _REFUSED["nodes"].get(kind)


def is_by_event(element: etree._Element) -> bool:
    """Whether an element is an event sub-process."""
    return local(element) == "subProcess" and is_true(element, "triggeredByEvent")


def definitions(element: etree._Element) -> list[etree._Element]:
    """The event definitions of an event: its own, and those beside the process to which it refers."""
    own = [each for each in element if namespace(each) == BPMN and local(each).endswith("EventDefinition")]
    references = {referred(content(each)) for each in named(element, "eventDefinitionRef")}
    shared = element.getroottree().getroot() if references else ()
    return own + [each for each in shared if each.get("id") in references and local(each).endswith("EventDefinition")]


def event_refusal(element: etree._Element) -> Refusal | None:
    """Why an event with these definitions, at this position, is not run."""
    kinds = [local(each) for each in definitions(element)]
    if len(kinds) > 1:
        kinds = ["parallelMultiple" if is_true(element, "parallelMultiple") else "multiple"]
    parent = element.getparent()
    where = "eventSubProcess" if local(element) == "startEvent" and parent is not None and is_by_event(parent) else local(element)
    for kind in kinds:
        if kind not in _RUN[where]:
            found = _REFUSED["definitions"].get(kind) or Refusal("unknown", f"{kind}の", "消してください。")
            position, place = _POSITIONS[where]
            return Refusal(f"{found.rule}-{position}", found.name + place, found.remedy)
    return None


def is_picture(part: etree._Element) -> bool:
    """Whether a part of a task only draws a line to a data object or store, as modellers write it, and copies or computes nothing."""
    if local(part) == "property":
        return part.get("name") == "__targetRef_placeholder"
    return local(part) in DATA and not any(local(each) in ("assignment", "transformation") for each in part)


def part_refusals(element: etree._Element) -> Iterator[tuple[etree._Element, Refusal]]:
    """Parts and attributes of a flow node or process that would change what happens, each with its element."""
    refused = _REFUSED["parts"]
    for part in element:
        if namespace(part) == BPMN and local(part) in refused and not is_picture(part):
            yield part, refused[local(part)]
    if any(element.get(name, "1").strip() != "1" for name in ("startQuantity", "completionQuantity")):
        yield element, refused["quantity"]
    if is_true(element, "isForCompensation"):
        yield element, refused["isForCompensation"]


def root_refusals(root: etree._Element) -> Iterator[tuple[etree._Element, Refusal]]:
    """What stands beside the process and is not run."""
    for element in root:
        if namespace(element) == BPMN and local(element) in _REFUSED["roots"]:
            yield element, _REFUSED["roots"][local(element)]


def extension_refusals(element: etree._Element) -> Iterator[tuple[etree._Element, Refusal]]:
    """Foreign attributes and extension elements of one BPMN element that execute, assign or copy something."""
    for attribute, value in element.attrib.items():
        name = etree.QName(str(attribute))
        if name.namespace in (None, BPMN, XSI):
            continue
        if local(element) == "serviceTask" and name.localname in _OPERATION:
            continue
        if name.localname in _REFUSED["attributes"]:
            yield element, _REFUSED["attributes"][name.localname]
        if name.localname in _REFUSED["bindings"] and value not in _VERSIONS:
            yield element, _REFUSED["bindings"][name.localname]
    given = _GIVEN if local(element) in _GIVING else ()
    for holder in named(element, "extensionElements"):
        for part in holder.iterdescendants("{*}*"):
            name = etree.QName(part)
            if name.namespace != BPMN and name.localname in _REFUSED["extensions"] and name.localname not in given:
                yield part, _REFUSED["extensions"][name.localname]
