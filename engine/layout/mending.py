"""Adds what is missing to a diagram that a person has drawn; whatever has a position keeps it.

A new node goes where a fresh layout would put it, seen from its neighbours, or to the nearest free place of its lane.
Bands and sub-processes grow to the right and downwards to hold what is new.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.layout.chart import route_on_chart
from engine.layout.drawn import Drawn
from engine.layout.figures import Box, Drawing, Edge, Frame, Node, Placement, Point, Pool, around
from engine.layout.labelling import place_flow_names

_CLEAR = 16  # around a new node
_STEP = 20  # how finely free places are tried
_HEADER = 30  # the strip with the name of a band
_BELOW = 40  # between what is there and a new pool
_SLACK = 3  # how far a flow may end from the outline of its node
_MARGIN = 24  # between a new node and the end of its band


def mend(drawing: Drawing, fresh: Placement, drawn: Drawn) -> Placement:
    """A placement with all that is drawn where it is, and the rest after the pattern of a fresh layout."""
    kept = drawn.placement
    mended = Placement(dict(kept.boxes), dict(kept.routes), dict(kept.labels))
    for pool in drawing.pools:
        _mend_bands(mended, fresh, pool)
    holders = [lane.id or pool.id for pool in drawing.pools for lane in pool.lanes]
    _Mender(mended, fresh, drawn.collapsed).mend(drawing.frame, holders)
    for number, pool in enumerate(drawing.pools):
        first = sum(len(other.lanes) for other in drawing.pools[:number])
        lanes = range(first, first + len(pool.lanes))
        _widen(mended, pool, [mended.boxes[node.id] for node in drawing.frame.nodes if node.lane in lanes])
    for note in drawing.notes:
        mended.boxes.setdefault(note.id, fresh.boxes[note.id])
    return mended


def _mend_bands(mended: Placement, fresh: Placement, pool: Pool) -> None:
    """Missing lanes below those of their pool, a missing pool around its lanes or below everything."""
    boxes = mended.boxes
    there = [boxes[lane.id] for lane in pool.lanes if lane.id in boxes]
    if pool.id and pool.id not in boxes:
        if there:
            held = around(there)
            boxes[pool.id] = Box(held.x - _HEADER, held.y, held.width + _HEADER, held.height)
        else:
            wanted = fresh.boxes[pool.id]
            below = max((box.bottom + _BELOW for box in boxes.values()), default=wanted.y)
            boxes[pool.id] = wanted._replace(y=below, height=_HEADER if pool.lanes[0].id else wanted.height)
    for lane in pool.lanes:
        if lane.id and lane.id not in boxes:
            wanted = fresh.boxes[lane.id]
            above = around(there) if there else None
            pooled = boxes[pool.id] if pool.id else above or wanted
            inset = _HEADER * (len(lane.above) + (1 if pool.id else 0))
            y = above.bottom if above else pooled.y
            x, right = (above.x, above.right) if above else (pooled.x + inset, pooled.right)
            boxes[lane.id] = Box(x, y, right - x, wanted.height)
            there.append(boxes[lane.id])
    for id_, inner in _outer_lanes(pool):
        held = around([boxes[lane] for lane in inner])
        boxes.setdefault(id_, Box(held.x - _HEADER, held.y, held.width + _HEADER, held.height))
    if pool.id and there:
        pooled, held = boxes[pool.id], around(there)
        boxes[pool.id] = pooled._replace(height=max(held.bottom, pooled.bottom) - pooled.y)


def _outer_lanes(pool: Pool) -> Iterator[tuple[str, list[str]]]:
    """The lanes that hold lanes, innermost first, with the ids of what they hold."""
    outer = list(dict.fromkeys(id_ for lane in pool.lanes for id_, _ in reversed(lane.above)))
    for id_ in outer:
        yield id_, [str(lane.id) for lane in pool.lanes if id_ in [above for above, _ in lane.above]]


def _widen(mended: Placement, pool: Pool, nodes: Sequence[Box]) -> None:
    """Lets a pool and its lanes end behind their last node."""
    bands = [id_ for lane in pool.lanes for id_ in (lane.id, *(above for above, _ in lane.above)) if id_] + [pool.id or ""]
    last = max((box.right for box in nodes), default=0)
    for id_ in dict.fromkeys(bands):
        box = mended.boxes.get(id_)
        if box and box.right < last:
            mended.boxes[id_] = box._replace(width=last + _MARGIN - box.x)


class _Mender:
    """Adds the missing nodes and flows of frames."""

    def __init__(self, mended: Placement, fresh: Placement, collapsed: set[str]) -> None:
        self.mended, self.fresh, self.collapsed = mended, fresh, collapsed

    def mend(self, frame: Frame, holders: Sequence[str | None]) -> None:
        """`holders` = the bands or the sub-process that the lanes of a frame stand for."""
        waiting = [node for node in frame.nodes if node.id not in self.mended.boxes]
        for node in frame.nodes:
            if node not in waiting:
                self._mend_inside(node)
        while waiting:
            node = next((node for node in waiting if self._neighbour(node, frame)), waiting[0])
            waiting.remove(node)
            self._place(node, frame, holders[node.lane])
        self._mend_flows(frame)

    def _mend_inside(self, node: Node) -> None:
        if node.inside and node.id not in self.collapsed:
            self.mend(node.inside, [node.id])
            inner = around(self.mended.boxes[child.id] for child in node.inside.nodes)
            box = self.mended.boxes[node.id]
            right = box.right if inner.right < box.right else inner.right + _MARGIN
            bottom = box.bottom if inner.bottom < box.bottom else inner.bottom + _MARGIN
            self.mended.boxes[node.id] = Box(box.x, box.y, right - box.x, bottom - box.y)

    def _neighbour(self, node: Node, frame: Frame) -> str | None:
        """A node with a place that this one sits on, comes from, or leads to."""
        ties = [node.host or ""]
        ties += [edge.source for edge in frame.edges if edge.target == node.id]
        ties += [edge.target for edge in frame.edges if edge.source == node.id]
        return next((id_ for id_ in ties if id_ in self.mended.boxes and id_ != node.id), None)

    def _place(self, node: Node, frame: Frame, holder: str | None) -> None:
        wanted, anchor = self.fresh.boxes[node.id], self._neighbour(node, frame) or holder
        if anchor:
            here, there = self.mended.boxes[anchor], self.fresh.boxes[anchor]
            wanted = wanted.moved(here.x - there.x, here.y - there.y)
        taken = [self.mended.boxes[other.id] for other in frame.nodes if other.id in self.mended.boxes]
        if node.host:
            box = self._on_border(wanted, self.mended.boxes[node.host], [b for b in taken if b != self.mended.boxes[node.host]])
        else:
            routes = [(edge.id, self.mended.routes[edge.id]) for edge in frame.edges if edge.id in self.mended.routes]
            own = [edge.id for edge in frame.edges if node.id in (edge.source, edge.target)]
            lines = [line for id_, route in routes if id_ not in own for line in zip(route, route[1:], strict=False)]
            box = _nearest_free(wanted, taken, lines, self.mended.boxes.get(holder or ""))
        self._take(node, box)

    def _on_border(self, wanted: Box, host: Box, taken: Sequence[Box]) -> Box:
        """On the lower side of the host, from the right, where no other boundary event is."""
        box = wanted._replace(x=host.right - wanted.width - 4, y=host.bottom - wanted.height // 2)
        while any(box.overlaps(other) for other in taken) and box.x > host.x:
            box = box.moved(-wanted.width - 8, 0)
        return box

    def _take(self, node: Node, box: Box) -> None:
        """Puts a node with its name, and all that is in it, as in the fresh layout."""
        old = self.fresh.boxes[node.id]
        dx, dy = box.x - old.x, box.y - old.y
        moved = Placement()
        moved.take(self.fresh, dx, dy)
        for id_ in _content(node):
            for mine, its in (
                (self.mended.boxes, moved.boxes),
                (self.mended.labels, moved.labels),
            ):
                if id_ in its:
                    mine.setdefault(id_, its[id_])
            if id_ in moved.routes:
                self.mended.routes.setdefault(id_, moved.routes[id_])
        self.mended.boxes[node.id] = box

    def _mend_flows(self, frame: Frame) -> None:
        missing = [edge for edge in frame.edges if not self._is_attached(edge, frame)]
        for edge in missing:
            self.mended.routes.pop(edge.id, None)
            self.mended.labels.pop(edge.id, None)
        self.mended.routes.update(route_on_chart(frame, self.mended, missing))
        nodes = [self.mended.boxes[node.id] for node in frame.nodes]
        if missing:
            place_flow_names(self.mended, Frame(frame.nodes, tuple(missing), frame.lanes), around(nodes).grown(_BELOW))

    def _is_attached(self, edge: Edge, frame: Frame) -> bool:
        """Whether a flow is drawn from its source to its target."""
        route = self.mended.routes.get(edge.id)
        if route is None:
            return False
        ends = (frame.node(edge.source), route[0]), (frame.node(edge.target), route[-1])
        return all(_touches(self.mended.boxes[node.id], point, node) for node, point in ends)


def _touches(box: Box, point: Point, node: Node) -> bool:
    """Whether a flow meets the outline of a node; those of events and gateways lie inside their boxes."""
    spot = Box(point.x, point.y, 1, 1)
    is_round = node.kind not in ("task", "sub-process", "stranger")
    return spot.overlaps(box.grown(_SLACK)) and (is_round or not spot.overlaps(box.grown(-_SLACK)))


def _content(node: Node) -> Iterator[str]:
    yield node.id
    if node.inside:
        for inner in node.inside.nodes:
            yield from _content(inner)
        yield from (edge.id for edge in node.inside.edges)


def _nearest_free(wanted: Box, taken: Sequence[Box], lines: Sequence[tuple[Point, Point]], holder: Box | None) -> Box:
    """The place nearest to the wanted one that no node and no flow takes, within the height of the band."""
    ups = range(-30 * _STEP, 31 * _STEP, _STEP)
    moves = sorted(
        ((dx, dy) for dx in range(-10 * _STEP, 200 * _STEP, _STEP) for dy in ups),
        key=lambda m: (abs(m[0]) + abs(m[1]), m),
    )
    for dx, dy in moves:
        box = wanted.moved(dx, dy)
        if holder and not (holder.y < box.y and box.bottom < holder.bottom and holder.x + _HEADER < box.x):
            continue
        room = box.grown(_CLEAR)
        if not any(room.overlaps(other) for other in taken) and not any(room.is_crossed(*line) for line in lines):
            return box
    return wanted._replace(x=max(box.right for box in taken) + 2 * _CLEAR)
