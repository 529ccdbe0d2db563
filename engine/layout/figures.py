"""The figures that a layout works with: boxes, points, and the graph of one drawing; it decides no position.

A `Frame` is what is laid out in one go: a whole drawing with its lanes, or the inside of one sub-process.
All lengths are pixels; x grows to the right, y downwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

NodeKind = Literal["task", "sub-process", "event", "gateway", "boundary", "stranger"]
EdgeKind = Literal["sequence", "message"]


class LayoutError(ValueError):
    """A file that cannot be laid out; the message says in Japanese where and what to do."""


class Point(NamedTuple):
    x: int
    y: int


class Box(NamedTuple):
    """A rectangle by its upper left corner and its size."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def middle(self) -> Point:
        return Point(self.x + self.width // 2, self.y + self.height // 2)

    def moved(self, dx: int, dy: int) -> Box:
        return Box(self.x + dx, self.y + dy, self.width, self.height)

    def grown(self, by: int) -> Box:
        return Box(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)

    def overlaps(self, other: Box) -> bool:
        """Whether the two share more than an edge."""
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom

    def is_crossed(self, a: Point, b: Point) -> bool:
        """Whether a horizontal or vertical line runs through the inside of the box."""
        left, right, top, bottom = min(a.x, b.x), max(a.x, b.x), min(a.y, b.y), max(a.y, b.y)
        return left < self.right and right > self.x and top < self.bottom and bottom > self.y


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds all of these."""
    held = list(boxes)
    x, y = min(b.x for b in held), min(b.y for b in held)
    return Box(x, y, max(b.right for b in held) - x, max(b.bottom for b in held) - y)


@dataclass(frozen=True)
class Node:
    """A shape with a place of its own; a `stranger` is a pool whose inside is not shown."""

    id: str
    kind: NodeKind
    name: str
    lane: int = 0  # index in the frame
    host: str | None = None  # the activity a boundary event sits on
    inside: Frame | None = None  # of a sub-process
    tag: str = ""  # the name of the BPMN element

    @property
    def is_end(self) -> bool:
        return self.tag == "endEvent"

    @property
    def is_split(self) -> bool:
        return self.tag == "parallelGateway"


@dataclass(frozen=True)
class Edge:
    """A flow between two nodes of one frame."""

    id: str
    source: str
    target: str
    name: str = ""
    kind: EdgeKind = "sequence"


@dataclass(frozen=True)
class Frame:
    """Nodes and edges in document order, in lanes from top to bottom."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    lanes: int = 1

    def node(self, id_: str) -> Node:
        return next(node for node in self.nodes if node.id == id_)


@dataclass(frozen=True)
class Band:
    """What a lane asks for: its least height, and the distance from the lane above it."""

    height: int = 0
    distance: int = 0


@dataclass(frozen=True)
class Lane:
    """One band of a pool; `above` names the lanes it is part of, outermost first."""

    id: str | None
    name: str
    above: tuple[tuple[str, str], ...] = ()  # (id, name)


@dataclass(frozen=True)
class Pool:
    """A participant, or a process drawn without one (`id` None)."""

    id: str | None
    name: str
    lanes: tuple[Lane, ...]


@dataclass(frozen=True)
class Note:
    """A text annotation, the nodes it is tied to, and the associations that tie it."""

    id: str
    text: str
    ties: tuple[tuple[str, str], ...] = ()  # (association id, node id)


@dataclass(frozen=True)
class Drawing:
    """What one BPMN diagram shows; `plane` is the element that the plane stands for."""

    plane: str
    pools: tuple[Pool, ...]
    frame: Frame
    notes: tuple[Note, ...] = ()


@dataclass
class Placement:
    """Where everything is: the outcome of a layout."""

    boxes: dict[str, Box] = field(default_factory=dict)  # nodes, lanes, pools, notes by id
    routes: dict[str, tuple[Point, ...]] = field(default_factory=dict)  # edges by id
    labels: dict[str, Box] = field(default_factory=dict)  # names beside shapes and edges, by id of the element

    def take(self, other: Placement, dx: int, dy: int) -> None:
        """Adds a placement, moved."""
        self.boxes.update({id_: box.moved(dx, dy) for id_, box in other.boxes.items()})
        self.labels.update({id_: box.moved(dx, dy) for id_, box in other.labels.items()})
        self.routes.update({id_: tuple(Point(p.x + dx, p.y + dy) for p in route) for id_, route in other.routes.items()})
