"""Turns the files of a release into the model, with every problem found in one pass; it must not run or write anything.

files ─ xml ─ nodes ─ wiring ─┐
                              ├─ checking (what one file cannot know: other files, the city's words) ─ Reading
files ─ decisions ────────────┘
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from lxml import etree

from engine.kernel.checking import check
from engine.kernel.closure import Closure, closure, list_forms, reads
from engine.kernel.compiled import COMPILER_VERSION, dump, load
from engine.kernel.decisions import Decision, read_decisions
from engine.kernel.extensions import Settings, documentation, properties
from engine.kernel.model import THROWN_UPWARDS, Model, Node, Problem, Process, Reading, Vocabulary, walk
from engine.kernel.nodes import FLOW_NODES, PARTS_OF_SCOPE, is_flow_node, read_node, refuse_parts
from engine.kernel.refused import extension_refusals, node_refusal, root_refusals
from engine.kernel.remarks import Remarks
from engine.kernel.triggers import Surroundings
from engine.kernel.wiring import wire
from engine.kernel.xml import BPMN, Unreadable, content, local, named, namespace, referred, words
from engine.kernel.xml import load as load_xml

__all__ = ["COMPILER_VERSION", "Closure", "closure", "dump", "list_forms", "load", "read", "reads"]

_ID = re.compile(r"[^\W\d][\w.-]*")


def read(files: Mapping[str, bytes], vocabulary: Vocabulary) -> Reading:
    """The model of all `files` (name -> bytes; *.bpmn and *.dmn), checked against what the city offers.

    The model is None as soon as one problem is to be asked or refused.
    """
    remarks = {file: Remarks(file) for file in sorted(files)}
    processes: dict[str, Process] = {}
    decisions: dict[str, Decision] = {}
    tables: dict[str, Remarks] = {}
    problems: list[Problem] = []
    for file, here in remarks.items():
        try:
            if file.endswith(".bpmn"):
                _add(_process(files[file], here), processes, here)
            elif file.endswith(".dmn"):
                found, said = read_decisions(file, files[file])
                problems += said
                _add_decisions(found, decisions, tables, here)
            else:
                here.say("unknown-file", None)
        except Unreadable as unreadable:
            problems.append(unreadable.problem)
    model = Model(processes, decisions)
    check(model, vocabulary, {process.id: remarks[process.file] for process in processes.values()}, tables)
    problems += [found for each in remarks.values() for found in each.problems]
    problems.sort(key=lambda found: (found.file, found.line or 0))
    stopped = any(found.kind in ("ask", "refused") for found in problems)
    return Reading(None if stopped else model, tuple(problems))


def _add(process: Process | None, processes: dict[str, Process], remarks: Remarks) -> None:
    if process is not None and process.id in processes:
        remarks.say("process-twice", process, file=processes[process.id].file)
    elif process is not None:
        processes[process.id] = process


def _add_decisions(
    found: Mapping[str, Decision], decisions: dict[str, Decision], tables: dict[str, Remarks], remarks: Remarks
) -> None:
    for id, decision in found.items():
        if id in decisions:
            remarks.say("decision-twice", decision, id=id, file=tables[id].file)
        else:
            decisions[id], tables[id] = decision, remarks


def _process(data: bytes, remarks: Remarks) -> Process | None:
    root = load_xml(remarks.file, data, "definitions", (BPMN,))
    for element, refusal in root_refusals(root):
        remarks.refuse(refusal, element)
    for element in named(root, "import"):
        remarks.say("import-not-read", element, location=element.get("location") or "")
    _check_ids(root, remarks)
    found = list(named(root, "process"))
    for extra in found[1:]:
        remarks.say("several-processes", extra)
    if not found:
        remarks.say("no-process", None)
        return None
    element, settings = found[0], Settings(found[0], remarks)
    pool = _pool(root, element, remarks)
    name = words(element.get("name")) or pool
    _check_process(element, name, remarks)
    process = Process(
        id=element.get("id") or "", name=name, file=remarks.file, lanes=tuple(_lane_names(element)),
        nodes=_nodes(root, element, remarks), documentation=documentation(element),
        starter_groups=settings.groups("candidateStarterGroups"),
        history_time_to_live=settings.text("historyTimeToLive"), properties=properties(element, remarks),
    )  # fmt: skip
    if not remarks.stops():
        _refuse_uncovered(root, process, remarks)
    return process


def _pool(root: etree._Element, process: etree._Element, remarks: Remarks) -> str:
    """The name of the pool of this process; other pools are people outside."""
    name, ids = "", {each.get("id") for each in named(root, "process")}
    for collaboration in named(root, "collaboration"):
        for pool in named(collaboration, "participant"):
            reference = referred(pool.get("processRef"))
            if reference == process.get("id"):
                name = name or words(pool.get("name"))
            elif reference and reference not in ids:
                remarks.say("pool-without-process", pool, id=reference)
    return name


def _check_process(element: etree._Element, name: str, remarks: Remarks) -> None:
    refuse_parts(element, PARTS_OF_SCOPE, remarks)
    id, stem = element.get("id") or "", remarks.file.rsplit("/", 1)[-1].removesuffix(".bpmn")
    if id != stem:
        remarks.say("file-name", element, stem=stem, id=id)
    if element.get("isExecutable") in ("false", "0"):
        remarks.say("not-executable", element)
    if not name:
        remarks.say("process-without-name", element)


def _check_ids(root: etree._Element, remarks: Remarks) -> None:
    seen: dict[str, etree._Element] = {}
    for element in root.iter(f"{{{BPMN}}}*"):
        id = element.get("id")
        if id is None:
            continue
        if not _ID.fullmatch(id):
            remarks.say("bad-id", element, id=id)
        if id in seen:
            remarks.say("id-twice", element, id=id, line=seen[id].sourceline)
        seen.setdefault(id, element)


def _nodes(root: etree._Element, process: etree._Element, remarks: Remarks) -> tuple[Node, ...]:
    signals = {each.get("id") or "": words(each.get("name")) for each in named(root, "signal")}
    codes = {kind: {each.get("id") or "": _code(each, kind) for each in named(root, kind)} for kind in THROWN_UPWARDS}
    at = Surroundings(remarks, dict(_messages(root, remarks)), signals, _lanes(process, remarks), codes)
    return _scope(process, at, None)


def _code(element: etree._Element, kind: str) -> str:
    """What an error or escalation is known by: its code, or where it has none its name."""
    return words(element.get(f"{kind}Code")) or words(element.get("name"))


def _messages(root: etree._Element, remarks: Remarks) -> Iterator[tuple[str, tuple[str, bool]]]:
    for element in named(root, "message"):
        for part, refusal in extension_refusals(element):
            remarks.refuse(refusal, element, part)
        optional = properties(element, remarks).get("optional", "false")
        if optional not in ("true", "false"):
            remarks.say("message-optional", element, value=optional)
        yield element.get("id") or "", (words(element.get("name")), optional == "true")


def _scope(scope: etree._Element, at: Surroundings, lane: str | None) -> tuple[Node, ...]:
    nodes: list[Node] = []
    ids: list[str] = []
    for child in filter(is_flow_node, scope):
        id = child.get("id") or f"#{len(ids)}"
        ids.append(id)
        is_open = local(child) == "subProcess" and node_refusal(child) is None
        node = read_node(child, at, lane, _scope(child, at, at.lanes.get(id, lane)) if is_open else ())
        if node is not None:
            nodes.append(node)
    return wire(scope, nodes, frozenset(ids), at.remarks)


def _lane_names(process: etree._Element) -> Iterator[str]:
    names = (words(lane.get("name")) for lane in process.iter(f"{{{BPMN}}}lane"))
    yield from dict.fromkeys(name for name in names if name)


def _lanes(process: etree._Element, remarks: Remarks) -> dict[str, str]:
    """Node id -> name of its innermost lane."""
    ids = {element.get("id") for element in process.iter("{*}*")}
    innermost: dict[str, etree._Element] = {}
    for lane in process.iter(f"{{{BPMN}}}lane"):
        if not words(lane.get("name")):
            remarks.say("lane-without-name", lane)
        for reference in named(lane, "flowNodeRef"):
            id = referred(content(reference))
            former = innermost.get(id)
            if id not in ids:
                remarks.say("lane-member", lane, reference, id=id)
            elif former is not None and former is not lane and former not in lane.iterancestors():
                names = {"first": former.get("name"), "second": lane.get("name")}
                remarks.say("two-lanes", lane, reference, id=id, **names)
            innermost[id] = lane
    return {id: words(lane.get("name")) for id, lane in innermost.items()}


def _refuse_uncovered(root: etree._Element, process: Process, remarks: Remarks) -> None:
    """Every flow node and flow of the file must be in the model: nothing that is drawn may silently not happen."""
    flows = [flow for node in walk(process.nodes) for flow in node.outgoing]
    ids = {node.id for node in walk(process.nodes)} | {flow.id for flow in flows}
    unnamed = Counter((flow.source, flow.target) for flow in flows if "->" in flow.id)
    for element in filter(_is_drawn, root.iter("{*}*")):
        covered = element.get("id") in ids
        if local(element) == "sequenceFlow" and not element.get("id"):
            way = referred(element.get("sourceRef")), referred(element.get("targetRef"))
            unnamed[way] -= 1
            covered = unnamed[way] >= 0
        if not covered:
            remarks.say("not-covered", element)


def _is_drawn(element: etree._Element) -> bool:
    """Whether an element is a flow node or flow; extensions may use these names for something else."""
    if local(element) not in FLOW_NODES and local(element) != "sequenceFlow":
        return False
    return namespace(element) == BPMN or next(element.iterancestors(f"{{{BPMN}}}extensionElements"), None) is None
