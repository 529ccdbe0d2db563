"""Routes single flows between boxes that stand anywhere, past what is drawn already; it moves nothing.

The wires run beside and through the middle of every box, and along the flows that are there; a wire holds one flow.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

from engine.layout.figures import Box, Edge, Frame, Node, Placement, Point
from engine.layout.grid import Vertex, Way, Wires
from engine.layout.ports import Port, Ports
from engine.layout.routing import Router
from engine.layout.traffic import Path

_BESIDE = (20, 34)  # from a box to the wires beside it


class ChartPorts(Ports):
    """The ports of boxes on a chart: on the nearest wire beside them."""

    def __init__(self, frame: Frame, boxes: Mapping[str, Box], xs: list[int], ys: list[int]) -> None:
        super().__init__(frame)
        self.boxes, self.xs, self.ys = boxes, xs, ys

    def vertex(self, node: Node, side: Way) -> Vertex:
        box, (x, y) = self.boxes[node.id], self.middle(node)
        if side.is_level:
            return bisect_left(self.xs, box.right + _BESIDE[0] if side is Way.RIGHT else box.x - _BESIDE[0]), y
        return x, bisect_left(self.ys, box.bottom + _BESIDE[0] if side is Way.DOWN else box.y - _BESIDE[0])

    def middle(self, node: Node) -> Vertex:
        middle = self.boxes[node.id].middle
        return bisect_left(self.xs, middle.x), bisect_left(self.ys, middle.y)

    def corridor(self, node: Node) -> int:
        return self.vertex(node, Way.UP)[1]


def route_on_chart(frame: Frame, placement: Placement, missing: Iterable[Edge]) -> dict[str, tuple[Point, ...]]:
    """The points of the missing flows, from border to border."""
    edges = list(missing)
    boxes = {node.id: placement.boxes[node.id] for node in frame.nodes}
    drawn = {edge.id: placement.routes[edge.id] for edge in frame.edges if edge.id in placement.routes}
    corners = [point for id_, route in drawn.items() for point in route]
    xs = sorted({x for box in boxes.values() for x in _beside(box.x, box.right)} | {point.x for point in corners})
    ys = sorted({y for box in boxes.values() for y in _beside(box.y, box.bottom)} | {point.y for point in corners})
    wires = Wires(len(xs), len(ys))
    for box in boxes.values():
        wires.blocked.update(_covered(box.grown(4), xs, ys))
    for box in placement.labels.values():
        wires.avoided.update(_covered(box, xs, ys))
    returning = frozenset(edge.id for edge in edges if boxes[edge.target].x < boxes[edge.source].x)
    ports = ChartPorts(frame, boxes, xs, ys)
    router = Router(wires, ports, xs, ys, returning, frozenset(), rounds=1)
    for edge in frame.edges:
        if edge.id in drawn:
            router.traffic.add(_traced(edge, drawn[edge.id], xs, ys))
    return {id_: _points(path, boxes, xs, ys) for id_, path in router.route(edges).items()}


def _covered(box: Box, xs: list[int], ys: list[int]) -> Iterator[Vertex]:
    """The vertices inside a box."""
    level = range(bisect_left(ys, box.y + 1), bisect_left(ys, box.bottom))
    return ((x, y) for x in range(bisect_left(xs, box.x + 1), bisect_left(xs, box.right)) for y in level)


def _beside(start: int, end: int) -> Iterable[int]:
    return (start + (end - start) // 2, *(start - by for by in _BESIDE), *(end + by for by in _BESIDE))


def _traced(edge: Edge, route: tuple[Point, ...], xs: list[int], ys: list[int]) -> Path:
    """A flow that is there, as vertices; a slanting piece counts by its ends."""
    vertices: list[Vertex] = []
    for a, b in zip(route, route[1:], strict=False):
        ax, ay, bx, by = bisect_left(xs, a.x), bisect_left(ys, a.y), bisect_left(xs, b.x), bisect_left(ys, b.y)
        step_x, step_y = (1 if bx >= ax else -1), (1 if by >= ay else -1)
        vertices += [(x, ay) for x in range(ax, bx, step_x)] if ay == by else [(ax, y) for y in range(ay, by, step_y)]
    vertices.append((bisect_left(xs, route[-1].x), bisect_left(ys, route[-1].y)))
    return Path(
        edge,
        _end(edge.source, route[0], route[1], vertices[0]),
        _end(edge.target, route[-2], route[-1], vertices[-1]),
        tuple(vertices),
    )


def _end(node: str, a: Point, b: Point, vertex: Vertex) -> Port:
    level = abs(b.x - a.x) >= abs(b.y - a.y)
    way = (Way.RIGHT if b.x >= a.x else Way.LEFT) if level else (Way.DOWN if b.y >= a.y else Way.UP)
    return Port(node, way, vertex, 0)


def _points(path: Path, boxes: Mapping[str, Box], xs: list[int], ys: list[int]) -> tuple[Point, ...]:
    first = _border(boxes[path.edge.source], path.leaves, path.leaves.way, xs, ys)
    last = _border(boxes[path.edge.target], path.enters, path.enters.way.opposite, xs, ys)
    bends = [Point(xs[x], ys[y]) for (x, y), comes, goes in path.moves() if comes is not goes]
    return (first, *bends, last)


def _border(box: Box, port: Port, side: Way, xs: list[int], ys: list[int]) -> Point:
    """Where a flow meets the side of a box, on the wire of its port."""
    x, y = xs[port.vertex[0]], ys[port.vertex[1]]
    if side.is_level:
        return Point(box.right if side is Way.RIGHT else box.x, y)
    return Point(x, box.bottom if side is Way.DOWN else box.y)
