"""Writes small BPMN files, without diagrams, from a sketch in words; and random ones.

A node is "type id name", a boundary event "boundary id@host name", a flow "source target name".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from xml.sax.saxutils import quoteattr

TYPES = {
    "start": "startEvent",
    "end": "endEvent",
    "wait": "intermediateCatchEvent",
    "throw": "intermediateThrowEvent",
    "task": "userTask",
    "call": "callActivity",
    "xor": "exclusiveGateway",
    "and": "parallelGateway",
    "race": "eventBasedGateway",
    "sub": "subProcess",
    "event-sub": "subProcess",
    "boundary": "boundaryEvent",
}
LETTERS = "受け止めた人の話を聞いて、いつまでにだれが何をするか決める"


def sketch(
    lanes: Mapping[str, Sequence[str]],
    flows: Sequence[str],
    inside: Mapping[str, tuple[Sequence[str], Sequence[str]]] | None = None,
    more: str = "",
) -> bytes:
    """A process in one pool; `inside` gives nodes and flows of sub-processes by their id, `more` is XML in the process."""
    inside = inside or {}
    bands = "".join(
        f'<bpmn:lane id="lane{number}" name={quoteattr(name)}>'
        + "".join(f"<bpmn:flowNodeRef>{_id(node)}</bpmn:flowNodeRef>" for node in nodes)
        + "</bpmn:lane>\n"
        for number, (name, nodes) in enumerate(lanes.items())
    )
    nodes = [node for held in lanes.values() for node in held]
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="definitions" targetNamespace="urn:example">
  <bpmn:collaboration id="collaboration"><bpmn:participant id="pool" name="架空の流れ" processRef="process" /></bpmn:collaboration>
  <bpmn:process id="process">
    <bpmn:laneSet id="lanes">{bands}</bpmn:laneSet>
    {_content(nodes, flows, inside)}{more}
  </bpmn:process>
</bpmn:definitions>
""".encode()


def _id(node: str) -> str:
    return node.split()[1].split("@")[0]


def _content(nodes: Sequence[str], flows: Sequence[str], inside: Mapping[str, tuple[Sequence[str], Sequence[str]]]) -> str:
    return "\n".join([*(_node(node, inside) for node in nodes), *(_flow(flow) for flow in flows)])


def _node(node: str, inside: Mapping[str, tuple[Sequence[str], Sequence[str]]]) -> str:
    kind, place, *name = node.split(" ", 2)
    id_, _, host = place.partition("@")
    attributes = f"id={quoteattr(id_)}" + (f" name={quoteattr(name[0])}" if name and name[0] else "")
    attributes += f" attachedToRef={quoteattr(host)}" if host else ""
    attributes += ' triggeredByEvent="true"' if kind == "event-sub" else ""
    content = _content(*inside[id_], inside) if id_ in inside else ""
    return f"<bpmn:{TYPES[kind]} {attributes}>{content}</bpmn:{TYPES[kind]}>"


def _flow(flow: str) -> str:
    source, target, *name = flow.split(" ", 2)
    number = f"{source}_to_{target}" + ("_" + "".join(f"{ord(c):x}" for c in name[0]) if name else "")
    named = f" name={quoteattr(name[0])}" if name else ""
    return f'<bpmn:sequenceFlow id="{number}"{named} sourceRef="{source}" targetRef="{target}" />'


def random_process(random: Random) -> bytes:
    """Any process: loops, joins, dead ends, several starts, boundary events, sub-processes in sub-processes, long names."""
    inside: dict[str, tuple[list[str], list[str]]] = {}
    nodes, flows = _random_content(random, "n", random.randint(1, 16), inside, 0)
    lanes: dict[str, list[str]] = {f"レーン{number}": [] for number in range(random.randint(1, 4))}
    held: dict[str, list[str]] = {}
    for node in nodes:
        id_ = node.split()[1]
        host = id_.split("@")[-1]
        if "@" not in id_:
            held[id_] = random.choice(list(lanes.values()))
        held[host].append(node)
    return sketch(lanes, flows, inside)


def _random_content(random: Random, prefix: str, count: int, inside: dict[str, tuple[list[str], list[str]]], depth: int) -> tuple[list[str], list[str]]:
    nodes, flows = [], []
    kinds = ["task"] * 5 + ["xor"] * 3 + ["and", "wait", "end", "call"] + ["sub"] * (depth < 2)
    for number in range(count):
        kind, id_ = "start" if number == 0 else random.choice(kinds), f"{prefix}{number}"
        nodes.append(f"{kind} {id_} {_random_name(random, 14)}")
        if kind == "sub":
            inside[id_] = _random_content(random, f"{id_}x", random.randint(1, 5), inside, depth + 1)
        if kind in ("task", "call", "sub"):
            bounds = random.choice([0, 0, 0, 1, 2])
            nodes += [f"boundary {id_}b{bound}@{id_} {_random_name(random, 10)}" for bound in range(bounds)]
    sources = [node.split()[1].split("@")[0] for node in nodes if not node.startswith("end")]
    targets = [node.split()[1] for node in nodes if not node.startswith(("start", "boundary"))]
    for source in sources if targets else ():
        ways = random.randint(0, 4 if f"xor {source} " in " ".join(nodes) else 1)
        flows += [f"{source} {target} {_random_name(random, 9)}" for target in random.sample(targets, min(ways, len(targets)))]
    return nodes, flows


def _random_name(random: Random, longest: int) -> str:
    return LETTERS[: random.randint(0, longest)]
