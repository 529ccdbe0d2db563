"""Turns a measured frame into places: boxes of nodes, boxes of names, points of flows; it decides nothing any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.layout.extents import EVENT, boundary_name, name_fit, spots, spotted, used_sides
from engine.layout.figures import Box, Frame, Placement, Point
from engine.layout.grid import Grid
from engine.layout.labelling import place_flow_names
from engine.layout.measuring import Metrics, Stand, node_box
from engine.layout.tracks import Strand


def place(frame: Frame, stands: Mapping[str, Stand], metrics: Metrics, strands: Sequence[Strand], grid: Grid) -> Placement:
    """The places of a frame's nodes, names and flows."""
    placement = Placement()
    _place_nodes(placement, frame, stands, metrics, grid)
    used = used_sides(strands)
    for node in frame.nodes:
        name, middle = name_fit(node.kind, node.name), placement.boxes[node.id].middle
        if name and node.kind == "boundary":
            placement.labels[node.id] = boundary_name(middle, name)
        elif name:
            spot = spots(node, used.get(node.id, frozenset()))[0]
            placement.labels[node.id] = spotted(spot, middle, stands[node.id].shape, name)
    for own in strands:
        placement.routes[own.path.edge.id] = _drawn(own, metrics, placement)
    room = Box(0, 0, metrics.width, metrics.lanes[-1][1])
    place_flow_names(placement, frame, room, [top for top, _ in metrics.lanes])
    return placement


def _place_nodes(placement: Placement, frame: Frame, stands: Mapping[str, Stand], metrics: Metrics, grid: Grid) -> None:
    for pool in (node for node in frame.nodes if node.kind == "stranger"):
        top, bottom = metrics.lanes[pool.lane]
        placement.boxes[pool.id] = Box(0, top, metrics.width, bottom - top)
    for id_, stand in stands.items():
        box = placement.boxes[id_] = node_box(stand, metrics, grid)
        last = metrics.xs[grid.middle(stand.cell.column + stand.cell.columns - 1)]
        for boundary, offset in stand.boundaries:
            corner = Point(last + offset - EVENT // 2, box.bottom - EVENT // 2)
            placement.boxes[boundary] = Box(*corner, EVENT, EVENT)


def _drawn(own: Strand, metrics: Metrics, placement: Placement) -> tuple[Point, ...]:
    """The points of a flow, from the border of one node to the border of the other."""
    source, target = placement.boxes[own.path.edge.source], placement.boxes[own.path.edge.target]
    at = [metrics.at(line) for line in own.lines]
    first, last = own.lines[0], own.lines[-1]
    points = [_border(source, first.is_level, at[0], first.end > first.start)]
    for (a, b), line in zip(zip(at, at[1:], strict=False), own.lines, strict=False):
        points.append(Point(b, a) if line.is_level else Point(a, b))
    points.append(_border(target, last.is_level, at[-1], last.end < last.start))
    return tuple(points)


def _border(box: Box, is_level: bool, at: int, is_far: bool) -> Point:
    if is_level:
        return Point(box.right if is_far else box.x, at)
    return Point(at, box.bottom if is_far else box.y)
