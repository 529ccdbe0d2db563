"""What a process owner drew, as frozen values; it neither reads files nor runs anything.

How expressions are spelt: `Flow.condition`, `Loop.collection`, `Loop.until`, `Node.inputs` and `Event.payload` are
always FEEL, without a leading "=", as is `Event.condition`. `Event.expression`, `Node.groups`, `assignee`, `due`, `follow_up`, `priority` and
`Process.starter_groups` are FEEL when they begin with "="; else they are taken as they stand ("P3BD", "one,another").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from engine.kernel.decisions import Decision

ProblemKind = Literal["fixed", "ask", "refused", "style"]
EventKind = Literal["none", "message", "timer", "signal", "condition", "error", "escalation", "link", "terminate"]
THROWN_UPWARDS = ("error", "escalation")  # caught by the innermost around it that catches it; nothing waits for it
NodeType = Literal[
    "start",
    "end",
    "userTask",
    "manualTask",
    "sendTask",
    "receiveTask",
    "serviceTask",
    "businessRuleTask",
    "callActivity",
    "subProcess",
    "exclusiveGateway",
    "inclusiveGateway",
    "parallelGateway",
    "eventBasedGateway",
    "intermediateThrowEvent",
    "intermediateCatchEvent",
    "boundaryEvent",
]
THROWING = ("end", "intermediateThrowEvent", "sendTask")  # whose event they throw; all others with an event wait for it


@dataclass(frozen=True, slots=True)
class Problem:
    """One remark about a file.

    *fixed*: read as meant; *ask*: the author must decide; *refused*: cannot run right; *style*: better otherwise.
    """

    file: str
    element: str | None  # id in the file; None when the file as a whole is meant
    line: int | None
    kind: ProblemKind
    rule: str  # ascii-kebab, stable
    message: str  # Japanese: what, where, and what to do


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow. A flow without an id in the file has the id "<source>-><target>"."""

    id: str
    source: str
    target: str
    name: str = ""
    condition: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """What an event waits for, sends or does. An error or escalation that is caught without a name is any.

    Throwing a message: `payload` holds (name, FEEL). Catching one: `payload_name` is the variable for what was sent.
    A timer's `expression` is "=FEEL", an ISO date or moment ("date"), or "P10BD", "P3D", "PT1H" ("duration").
    """

    kind: EventKind = "none"
    name: str | None = None  # of the message, signal or link; code of the error or escalation
    timer: Literal["date", "duration"] | None = None
    expression: str | None = None
    condition: str | None = None
    payload: tuple[tuple[str, str], ...] = ()
    payload_name: str | None = None
    optional: bool = False  # a message that may be dropped when nobody is open to receive it


@dataclass(frozen=True, slots=True)
class Loop:
    """Multi-instance: the body once for each item of `collection`; `until` is looked at after each."""

    sequential: bool
    collection: str
    item: str
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A flow node. `outgoing` is in document order, which is the order in which conditions are tried."""

    id: str
    type: NodeType
    name: str = ""
    line: int | None = None
    lane: str | None = None  # name of the innermost lane
    outgoing: tuple[Flow, ...] = ()
    default: str | None = None
    event: Event | None = None  # of start, end, intermediate and boundary events; kind "none" when plain
    attached_to: str | None = None
    interrupting: bool = True
    called: str | None = None  # process id
    inputs: tuple[tuple[str, str], ...] = ()  # of a call or an operation: (name there, FEEL)
    loop: Loop | None = None
    body: tuple[Node, ...] = ()  # of an embedded sub-process
    by_event: bool = False  # a sub-process that no flow leads to: its start event waits while the scope around it lasts
    operation: str | None = None  # of a service task, as it is registered
    decision: str | None = None
    result: str | None = None
    result_kind: Literal["list", "single"] = "single"
    form: str | None = None  # "form" or "form#part"
    groups: str | None = None
    assignee: str | None = None
    due: str | None = None
    follow_up: str | None = None
    priority: str | None = None
    documentation: str = ""
    properties: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Process:
    """One process: one file, whose name is the process id."""

    id: str
    name: str
    file: str
    lanes: tuple[str, ...] = ()  # names in document order
    nodes: tuple[Node, ...] = ()
    documentation: str = ""
    starter_groups: str | None = None
    history_time_to_live: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Model:
    """All processes and decisions of a release, by id."""

    processes: Mapping[str, Process] = field(default_factory=dict, hash=False)
    decisions: Mapping[str, Decision] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class FieldKind:
    """What a form field holds ("text", "date", "code", "list", …), its codes, and the fields of a list's rows."""

    kind: str
    codes: frozenset[str] | None = None
    fields: Mapping[str, FieldKind] | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a file that is neither BPMN nor DMN: how it is found there, and the name of what it is about."""

    id: str
    name: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the city's files offer to a diagram: whatever a diagram names must be here."""

    forms: Mapping[str, Mapping[str, FieldKind]] = field(default_factory=dict, hash=False)
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    settings: frozenset[str] = frozenset()
    lanes: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    starters: frozenset[str] = frozenset()  # processes that organisation.toml lets people start
    functions: Mapping[str, tuple[int, int]] = field(default_factory=dict, hash=False)  # (fewest, most) arguments
    results: Mapping[str, FieldKind] = field(default_factory=dict, hash=False)  # what functions give, where it is known
    names: frozenset[str] = frozenset()
    operations: frozenset[str] = frozenset()  # that service tasks may call
    phases: frozenset[str] | None = None  # "ladder:phase"; None: any
    signals: frozenset[str] | None = None  # that are ever raised; None: any


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: the model, None when anything is to be asked or refused, and every remark by file and line."""

    model: Model | None
    problems: tuple[Problem, ...] = ()


def begins_by_event(node: Node) -> bool:
    """Whether a node of a process is a start event that a message or signal begins."""
    return node.type == "start" and node.event is not None and node.event.kind != "none"


KEY = "key."  # of the properties of an event that receives a message: ``key.org`` is compared with what is sent as ``org``


def keys_of(node: Node) -> dict[str, str]:
    """What a message must carry to be received at a node, by name: FEEL when it begins with "=", else a text."""
    return {name.removeprefix(KEY): text for name, text in node.properties.items() if name.startswith(KEY)}


def qualified(process: str, node: str) -> str:
    """The id of a node outside its file: "<process>:<node>"."""
    return f"{process}:{node}"


def walk(nodes: tuple[Node, ...]) -> Iterator[Node]:
    """Every node, those of embedded sub-processes directly after the sub-process."""
    for node in nodes:
        yield node
        yield from walk(node.body)
