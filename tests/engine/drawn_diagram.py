"""Measures a drawn diagram: reads the diagram part of a BPMN file and says what overlaps, crosses or sticks out.

It shares no code with the layout, so that both can be wrong only in different ways.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from lxml import etree

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
DI = "{http://www.omg.org/spec/DD/20100524/DI}"

ACTIVITIES = ("task", "Task", "callActivity", "subProcess", "transaction", "adHocSubProcess")


@dataclass(frozen=True)
class Rectangle:
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def overlaps(self, other: Rectangle) -> bool:
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom

    def holds(self, other: Rectangle) -> bool:
        return self.x <= other.x and self.y <= other.y and self.right >= other.right and self.bottom >= other.bottom

    def is_run_through_by(self, segment: Segment) -> bool:
        (ax, ay), (bx, by) = segment
        return min(ax, bx) < self.right and max(ax, bx) > self.x and min(ay, by) < self.bottom and max(ay, by) > self.y

    def is_touched_by(self, point: Point) -> bool:
        x, y = point
        inside = self.x <= x <= self.right and self.y <= y <= self.bottom
        return inside and (x in (self.x, self.right) or y in (self.y, self.bottom))


Point = tuple[float, float]
Segment = tuple[Point, Point]


class DrawnDiagram:
    """The shapes, flows and names of a BPMN file as they are drawn."""

    def __init__(self, xml: bytes) -> None:
        root = etree.fromstring(xml)
        self.elements = {element.get("id"): element for element in root.iter("*") if element.get("id")}
        self.shapes: dict[str, Rectangle] = {}
        self.names: dict[str, Rectangle] = {}
        self.routes: dict[str, list[Point]] = {}
        for shape in root.iter(f"{BPMNDI}BPMNShape"):
            self.shapes[shape.get("bpmnElement")] = _rectangle(shape.find(f"{DC}Bounds"))
        for edge in root.iter(f"{BPMNDI}BPMNEdge"):
            points = [(float(p.get("x")), float(p.get("y"))) for p in edge.iter(f"{DI}waypoint")]
            self.routes[edge.get("bpmnElement")] = points
        for label in root.iter(f"{BPMNDI}BPMNLabel"):
            self.names[label.getparent().get("bpmnElement")] = _rectangle(label.find(f"{DC}Bounds"))
        self.lane_of = {ref.text.strip(): ref.getparent().get("id") for ref in root.iter(f"{BPMN}flowNodeRef")}

    # What there is

    def tag(self, id_: str) -> str:
        return str(self.elements[id_].tag).removeprefix(BPMN)

    def nodes(self) -> dict[str, Rectangle]:
        """Tasks, sub-processes, gateways and events."""
        return {id_: box for id_, box in self.shapes.items() if _is_node(self.tag(id_))}

    def flows(self) -> list[etree._Element]:
        return [element for element in self.elements.values() if element.tag == f"{BPMN}sequenceFlow"]

    def should_be_drawn(self) -> set[str]:
        nodes = {id_ for id_, element in self.elements.items() if _is_node(self.tag(id_)) and _is_in_process(element)}
        bands = {id_ for id_ in self.elements if self.tag(id_) in ("participant", "lane", "textAnnotation")}
        return nodes | bands

    def segments(self, flow: str) -> list[Segment]:
        return list(zip(self.routes[flow], self.routes[flow][1:], strict=False))

    # What is wrong

    def overlapping_nodes(self) -> Iterator[tuple[str, str]]:
        """Pairs that overlap although neither holds the other or sits on its border."""
        for (a, box_a), (b, box_b) in combinations(self.nodes().items(), 2):
            if box_a.overlaps(box_b) and not self._belong_together(a, b):
                yield a, b

    def _belong_together(self, a: str, b: str) -> bool:
        one, other = self.elements[a], self.elements[b]
        holds = one in other.iterancestors() or other in one.iterancestors()
        hosts = one.get("attachedToRef") == b or other.get("attachedToRef") == a
        within = {one.get("attachedToRef"), other.get("attachedToRef")}
        inside_host = any(h and h in {e.get("id") for e in (*one.iterancestors(), *other.iterancestors())} for h in within)
        return holds or hosts or inside_host

    def nodes_outside_their_lane(self) -> Iterator[str]:
        for id_, lane in self.lane_of.items():
            box, host = self.shapes[id_], self.elements[id_].get("attachedToRef")
            if not self.shapes[lane].holds(box) and not host:
                yield id_

    def nodes_outside_their_sub_process(self) -> Iterator[str]:
        for id_, box in self.nodes().items():
            parent = self.elements[id_].getparent().get("id")
            if parent in self.shapes and not self.shapes[parent].holds(box):
                yield id_

    def slanting_flows(self) -> Iterator[str]:
        for flow in self.flows():
            if any(a[0] != b[0] and a[1] != b[1] for a, b in self.segments(flow.get("id"))):
                yield flow.get("id")

    def loose_flows(self) -> Iterator[str]:
        """Flows that do not begin and end on the border of their nodes."""
        for flow in self.flows():
            route = self.routes[flow.get("id")]
            source, target = self.shapes[flow.get("sourceRef")], self.shapes[flow.get("targetRef")]
            if not source.is_touched_by(route[0]) or not target.is_touched_by(route[-1]):
                yield flow.get("id")

    def flows_through_nodes(self) -> Iterator[tuple[str, str]]:
        for flow in self.flows():
            ends = [self.elements[flow.get("sourceRef")], self.elements[flow.get("targetRef")]]
            around = {a.get("id") for end in ends for a in end.iterancestors()}
            for id_, box in self.nodes().items():
                if id_ not in around and any(box.is_run_through_by(segment) for segment in self.segments(flow.get("id"))):
                    if self.elements[id_] not in ends or self._runs_through_its_own(flow, id_):
                        yield flow.get("id"), id_

    def _runs_through_its_own(self, flow: etree._Element, id_: str) -> bool:
        return any(self.shapes[id_].is_run_through_by(segment) for segment in self.segments(flow.get("id")))

    def names_on_nodes(self) -> Iterator[tuple[str, str]]:
        for id_, name in self.names.items():
            around = {a.get("id") for a in self.elements[id_].iterancestors()}
            for node, box in self.nodes().items():
                if node not in around and name.overlaps(box):
                    yield id_, node

    def names_on_names(self) -> Iterator[tuple[str, str]]:
        return ((a, b) for (a, x), (b, y) in combinations(self.names.items(), 2) if x.overlaps(y))

    def names_on_flows(self) -> Iterator[tuple[str, str]]:
        for id_, name in self.names.items():
            for flow in self.flows():
                if any(name.is_run_through_by(segment) for segment in self.segments(flow.get("id"))):
                    yield id_, flow.get("id")

    def crossings(self) -> set[Point]:
        """The places where flows cross; flows of one source or one target run together and do not count."""
        found = set()
        for a, b in combinations(self.flows(), 2):
            if not _run_together(a, b):
                for one in self.segments(a.get("id")):
                    found |= {_meeting(one, other) for other in self.segments(b.get("id")) if _cross(one, other)}
        return found

    def flows_on_flows(self) -> Iterator[tuple[str, str]]:
        """Pairs of flows that lie on each other though they have neither source nor target in common."""
        for a, b in combinations(self.flows(), 2):
            if not _run_together(a, b):
                lie = (_lie(one, other) for one in self.segments(a.get("id")) for other in self.segments(b.get("id")))
                if any(lie):
                    yield a.get("id"), b.get("id")


def _rectangle(bounds: etree._Element) -> Rectangle:
    return Rectangle(*(float(bounds.get(key)) for key in ("x", "y", "width", "height")))


def _is_node(tag: str) -> bool:
    return tag.endswith((*ACTIVITIES, "Gateway", "Event"))


def _is_in_process(element: etree._Element) -> bool:
    return any(ancestor.tag == f"{BPMN}process" for ancestor in element.iterancestors())


def _run_together(a: etree._Element, b: etree._Element) -> bool:
    return a.get("sourceRef") == b.get("sourceRef") or a.get("targetRef") == b.get("targetRef")


def _cross(one: Segment, other: Segment) -> bool:
    if _is_level(one) == _is_level(other):
        return False
    level, upright = (one, other) if _is_level(one) else (other, one)
    x, y = _meeting(one, other)
    (left, right), (top, bottom) = sorted(p[0] for p in level), sorted(p[1] for p in upright)
    return left < x < right and top < y < bottom


def _meeting(one: Segment, other: Segment) -> Point:
    level, upright = (one, other) if _is_level(one) else (other, one)
    return upright[0][0], level[0][1]


def _lie(one: Segment, other: Segment) -> bool:
    if _is_level(one) != _is_level(other):
        return False
    along, across = (0, 1) if _is_level(one) else (1, 0)
    if one[0][across] != other[0][across]:
        return False
    (a, b), (c, d) = sorted(p[along] for p in one), sorted(p[along] for p in other)
    return a < d and c < b


def _is_level(segment: Segment) -> bool:
    return segment[0][1] == segment[1][1]


def without_diagram(xml: bytes) -> bytes:
    """The canonical form of a file without its diagram part: what the process means, comments included."""
    root = etree.fromstring(xml)
    for diagram in root.findall(f"{BPMNDI}BPMNDiagram"):
        before = diagram.getprevious()
        if before is not None:
            before.tail = None
        root.remove(diagram)
    if len(root):
        root[-1].tail = None
    return etree.tostring(root, method="c14n", with_comments=True)
