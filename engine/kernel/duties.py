"""Checks what one node tells people: who, with which form, until when; it must not look at other files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from engine.kernel.model import KEY, THROWING, Node, Process, Vocabulary, walk
from engine.kernel.remarks import Remarks, near
from engine.kernel.times import is_day, is_period

PROPERTIES = ("phase", "stalledAfter", "excludeAssigneeOf", "manualStart", "payload", "whenOpenReply", "keepFor")

_TASKS = ("userTask", "manualTask")
_NAMED = (
    "userTask", "manualTask", "sendTask", "receiveTask", "serviceTask", "businessRuleTask", "callActivity", "subProcess", "intermediateThrowEvent",
)  # fmt: skip
_NAMED_EVENTS = ("intermediateCatchEvent", "boundaryEvent")
_PHASE = re.compile(r"\w+:\w+( \w+:\w+)*", re.ASCII)


def check_node(node: Node, process: Process, vocabulary: Vocabulary, remarks: Remarks) -> None:
    """Everything about one node but its expressions and what it has to do with other processes."""
    if node.type in _TASKS:
        _check_form(node, vocabulary, remarks)
        _check_people(node, vocabulary, remarks)
    for time in (node.due, node.follow_up):
        _check_time(time, node, remarks)
    _check_timer(node, remarks)
    _check_operation(node, vocabulary, remarks)
    _check_priority(node, remarks)
    check_groups(node.properties.get("manualStart"), node, vocabulary, remarks)
    _check_properties(node, process, remarks)
    _check_phases(node, vocabulary, remarks)
    _check_signal(node, vocabulary, remarks)
    _check_style(node, remarks)


def check_groups(groups: str | None, place: Node | Process, vocabulary: Vocabulary, remarks: Remarks) -> None:
    """Groups that are named, not given by an expression."""
    if groups is None or groups.startswith("="):
        return
    for group in groups.split(","):
        if group not in vocabulary.groups:
            remarks.say("unknown-group", place, group=group, near=near(group, vocabulary.groups))


def _check_form(node: Node, vocabulary: Vocabulary, remarks: Remarks) -> None:
    if node.form is None:
        if node.type == "userTask":
            remarks.say("task-without-form", node)
        return
    form, _, part = node.form.partition("#")
    parts = vocabulary.parts.get(form, ())
    if form not in vocabulary.forms:
        remarks.say("unknown-form", node, form=form, near=near(form, vocabulary.forms))
    elif part and part not in parts:
        remarks.say("unknown-part", node, form=form, part=part, near=near(part, parts))
    elif not part and len(parts) > 1:
        remarks.say("form-without-part", node, form=form, parts="、".join(parts))


def _check_people(node: Node, vocabulary: Vocabulary, remarks: Remarks) -> None:
    check_groups(node.groups, node, vocabulary, remarks)
    if node.assignee is not None and not node.assignee.startswith("="):
        remarks.say("named-users", node, user=node.assignee)
    if node.groups is not None:
        return
    if node.lane is None:
        remarks.say("nobody", node)
    elif node.lane not in vocabulary.lanes:
        remarks.say("unknown-lane", node, lane=node.lane, near=near(node.lane, vocabulary.lanes))


def _check_time(text: str | None, node: Node, remarks: Remarks) -> None:
    if text is not None and not (text.startswith("=") or is_day(text) or is_period(text)):
        remarks.say("unreadable-time", node, text=text)


def _check_timer(node: Node, remarks: Remarks) -> None:
    text = node.event.expression if node.event else None
    if node.event is None or text is None:
        return
    _check_time(text, node, remarks)
    if node.event.timer == "date" and is_period(text):
        remarks.say("not-a-date", node, text=text)
    if node.event.timer == "duration" and is_day(text):
        remarks.say("not-a-period", node, text=text)


def _check_operation(node: Node, vocabulary: Vocabulary, remarks: Remarks) -> None:
    if node.type != "serviceTask":
        return
    if node.operation is None:
        remarks.say("task-without-operation", node)
    elif node.operation not in vocabulary.operations:
        remarks.say("unknown-operation", node, operation=node.operation, near=near(node.operation, vocabulary.operations))


def _check_priority(node: Node, remarks: Remarks) -> None:
    text = node.priority
    if text is not None and not text.startswith("=") and not (text.isdecimal() and int(text) <= 100):
        remarks.say("priority", node, value=text)


def _check_properties(node: Node, process: Process, remarks: Remarks) -> None:
    checks: Mapping[str, Callable[[str], bool]] = {
        "phase": lambda value: _PHASE.fullmatch(" ".join(value.split())) is not None,
        "stalledAfter": str.isdecimal,
        "keepFor": lambda value: is_period(value) and node.event is not None and node.event.kind == "message" and node.type in THROWING,
    }
    rules = {"phase": "phase", "stalledAfter": "stalled-after", "keepFor": "keep-for"}
    for name, value in node.properties.items():
        hint = near(name, PROPERTIES)
        if name in checks and not checks[name](value):
            remarks.say(rules[name], node, value=value)
        elif name == "excludeAssigneeOf":
            tasks = {each.id for each in walk(process.nodes) if each.type in _TASKS}
            if value not in tasks:
                remarks.say("exclude-whom", node, id=value, near=near(value, tasks))
        elif _is_known(name):
            continue
        elif hint.startswith("もしかして"):
            remarks.say("misspelt-property", node, name=name, near=hint)
        else:
            remarks.say("unknown-property", node, name=name)


def _check_phases(node: Node, vocabulary: Vocabulary, remarks: Remarks) -> None:
    for phase in node.properties.get("phase", "").split():
        if vocabulary.phases is not None and _PHASE.fullmatch(phase) and phase not in vocabulary.phases:
            remarks.say("unknown-phase", node, phase=phase, near=near(phase, vocabulary.phases))


def _check_signal(node: Node, vocabulary: Vocabulary, remarks: Remarks) -> None:
    name = node.event.name if node.event is not None and node.event.kind == "signal" else None
    if name is not None and vocabulary.signals is not None and name not in vocabulary.signals:
        remarks.say("unknown-signal", node, signal=name, near=near(name, vocabulary.signals))


def _is_known(name: str) -> bool:
    return name in PROPERTIES or name.startswith(("whenOpenReply.", KEY))  # what the reply carries; what is compared


def _check_style(node: Node, remarks: Remarks) -> None:
    if "#" in node.id:
        return  # drawn by nobody
    splits = node.type in ("exclusiveGateway", "inclusiveGateway") and len(node.outgoing) > 1
    if not node.name and (node.type in _NAMED or node.type in _NAMED_EVENTS or splits):
        remarks.say("without-name", node)
    for flow in node.outgoing if splits else ():
        if not flow.name:
            remarks.say("flow-without-name", flow)
    if node.type in _TASKS and not node.documentation:
        remarks.say("without-documentation", node)
