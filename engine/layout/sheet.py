"""Lays out a whole drawing: its frame, then pools, lanes and notes around it; it reads and writes no XML."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from engine.layout.arranging import Arrangement, arrange
from engine.layout.figures import Band, Box, Drawing, Placement, Point, Pool
from engine.layout.text import TASK_SIZE, fit, width_of

_EDGE = 40  # around the whole drawing
_HEADER = 30  # the strip with the name of a pool or lane
_LEAST = 60  # the height of a pool
_BETWEEN = 40  # between pools
_NOTE_TALL, _NOTE_ABOVE = 40, 24
_STRIP = 24  # a name's distance from the ends of its strip


def lay_out(drawing: Drawing) -> Placement:
    """Where everything of a drawing is."""
    arranged = arrange(drawing.frame, list(_bands(drawing.pools)))
    above = _NOTE_TALL + _NOTE_ABOVE if drawing.notes else 0
    x, y = _EDGE + _indent(drawing.pools), _EDGE + above
    placement = Placement()
    placement.take(arranged.placement, x, y)
    _place_pools(placement, drawing.pools, arranged, x, y)
    _place_notes(placement, drawing, y - _NOTE_ABOVE)
    return placement


def _indent(pools: tuple[Pool, ...]) -> int:
    """The width of the name strips left of the content."""
    depth = max((len(lane.above) + 1 if lane.id else 0 for pool in pools for lane in pool.lanes), default=0)
    return _HEADER * (depth + (1 if any(pool.id for pool in pools) else 0))


def _bands(pools: tuple[Pool, ...]) -> Iterator[Band]:
    for number, pool in enumerate(pools):
        share = ceil((width_of(pool.name, TASK_SIZE) + _STRIP) / len(pool.lanes))
        for index, lane in enumerate(pool.lanes):
            own = ceil(width_of(lane.name, TASK_SIZE)) + _STRIP if lane.name else 0
            yield Band(max(share, own, _LEAST), _BETWEEN if number and not index else 0)


def _place_pools(placement: Placement, pools: tuple[Pool, ...], arranged: Arrangement, x: int, y: int) -> None:
    rest = list(arranged.lanes)
    right = x + arranged.width
    for pool in pools:
        spans, rest = rest[: len(pool.lanes)], rest[len(pool.lanes) :]
        left = _EDGE
        if pool.id:
            placement.boxes[pool.id] = Box(left, y + spans[0][0], right - left, spans[-1][1] - spans[0][0])
            left += _HEADER
        for lane, (top, bottom) in zip(pool.lanes, spans, strict=True):
            for depth, (id_, _) in enumerate(lane.above):
                outer = placement.boxes.get(id_, Box(left + depth * _HEADER, y + top, right - left - depth * _HEADER, 0))
                placement.boxes[id_] = outer._replace(height=y + bottom - outer.y)
            if lane.id:
                inset = left + len(lane.above) * _HEADER
                placement.boxes[lane.id] = Box(inset, y + top, right - inset, bottom - top)


def _place_notes(placement: Placement, drawing: Drawing, bottom: int) -> None:
    """Notes in a line above the pools, each where the first of its nodes begins."""
    free = _EDGE
    starts = {n.id: min((placement.boxes[node].x for _, node in n.ties), default=_EDGE) for n in drawing.notes}
    nodes = [placement.boxes[node.id] for node in drawing.frame.nodes]
    for note in sorted(drawing.notes, key=lambda note: starts[note.id]):
        text = fit(note.text, TASK_SIZE, 16)
        height = max(_NOTE_TALL, text.height(TASK_SIZE) + 14)
        box = placement.boxes[note.id] = Box(max(free, starts[note.id]), bottom - height, text.width + 20, height)
        free = box.right + 20
        for tie, node in note.ties:
            line = _tie(box, placement.boxes[node], nodes, placement)
            if line:
                placement.routes[tie] = line


def _tie(note: Box, node: Box, nodes: list[Box], placement: Placement) -> tuple[Point, ...] | None:
    """A line straight down from a note to a node, where it lies on the fewest flows and names; none through other nodes."""
    pieces = [piece for route in placement.routes.values() for piece in zip(route, route[1:], strict=False)]
    best: tuple[int, tuple[Point, ...]] | None = None
    for x in range(max(note.x, node.x) + 8, min(note.right, node.right) - 7, 8):
        ends = Point(x, note.bottom), Point(x, node.y)
        if any(box.is_crossed(*ends) for box in nodes):
            continue
        wrong = sum(1 for name in placement.labels.values() if name.is_crossed(*ends))
        wrong += sum(3 for a, b in pieces if a.x == b.x and abs(a.x - x) < 8 and max(a.y, b.y) > note.bottom)
        if best is None or wrong < best[0]:
            best = wrong, ends
    return best[1] if best else None
