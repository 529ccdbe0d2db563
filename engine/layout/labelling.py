"""Puts the names of flows where they are read with their flow and cover nothing; it moves nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.layout.extents import name_fit
from engine.layout.figures import Box, Edge, Frame, Placement, Point, around
from engine.layout.text import LABEL_SIZE, Fit

_NEAR = 4  # from a flow to its name
_CLOSE = 5  # names nearer than this to each other are hard to tell apart
_STEP = 8  # how finely places along a flow are tried

Piece = tuple[Point, Point]


def place_flow_names(placement: Placement, frame: Frame, room: Box, borders: Sequence[int] = ()) -> None:
    """Adds the boxes of the flows' names to a placement, inside `room`; each near where its flow starts alone.

    `borders` = the heights at which lanes meet.
    """
    for edge in frame.edges:
        name = name_fit("flow", edge.name)
        if name:
            around_it = _Surroundings.of(edge, placement, frame, room, borders)
            shared = [placement.routes[other.id] for other in frame.edges if other.source == edge.source and other != edge]
            placement.labels[edge.id] = _best(_places(placement.routes[edge.id], shared, name), around_it)


@dataclass(frozen=True)
class _Surroundings:
    """What a name of a flow should not cover."""

    room: Box
    shapes: Sequence[Box]
    names: Sequence[Box]
    own: Sequence[Piece]
    others: Sequence[Piece]

    @classmethod
    def of(cls, edge: Edge, placement: Placement, frame: Frame, room: Box, borders: Sequence[int]) -> _Surroundings:
        others = [piece for o in frame.edges if o != edge for piece in _pieces(placement.routes[o.id])]
        others += [(Point(room.x, y), Point(room.right, y)) for y in borders]
        own = list(_pieces(placement.routes[edge.id]))
        names = [box for id_, box in placement.labels.items() if id_ != edge.id]
        return cls(room, list(placement.boxes.values()), names, own, others)

    def covered(self, box: Box) -> float:
        """How much a name at this place would cover."""
        wrong = 1000.0 * sum(1 for shape in self.shapes if box.overlaps(shape))
        wrong += 400 * sum(1 for name in self.names if box.overlaps(name))
        wrong += 12 * sum(1 for name in self.names if box.grown(_CLOSE).overlaps(name))
        wrong += 60 * sum(1 for a, b in self.others if box.is_crossed(a, b))
        wrong += 50 * sum(1 for a, b in self.own if box.is_crossed(a, b))
        return wrong + (0 if around((box, self.room)) == self.room else 300)


def _best(places: Iterator[tuple[float, Box]], surroundings: _Surroundings) -> Box:
    """The place with the least against it."""
    ordered = sorted(places, key=lambda place: place[0])
    best, least = ordered[0][1], float("inf")
    for against, box in ordered:
        if against >= least:
            break
        total = against + surroundings.covered(box)
        if total < least:
            best, least = box, total
    return best


def _pieces(route: Sequence[Point]) -> Iterator[Piece]:
    return zip(route, route[1:], strict=False)


def _places(route: Sequence[Point], shared: Sequence[Sequence[Point]], name: Fit) -> Iterator[tuple[float, Box]]:
    """Places along a flow with what speaks against each; best where it has just left the others of its source."""
    height, far = name.height(LABEL_SIZE), 0
    alone = max((_common(route, other) for other in shared), default=0)
    upright = 40 if alone else 15
    for a, b in _pieces(route):
        length = abs(a.x - b.x) + abs(a.y - b.y)
        for along in range(far, far + max(length, 1), _STEP):
            against = (60 if along < alone - 1 else 0) + 0.04 * max(0, along - alone)
            x, y = _towards(a, b, along - far)
            if a.y == b.y:
                left = x + _NEAR if b.x > a.x else x - _NEAR - name.width
                yield against, Box(left, y - 2 - height, name.width, height)
                yield against + 4, Box(left, y + 3, name.width, height)
            else:
                top = y + _NEAR if b.y > a.y else y - _NEAR - height
                yield against + upright, Box(x + _NEAR, top, name.width, height)
                yield against + upright + 3, Box(x - _NEAR - name.width, top, name.width, height)
        far += length


def _towards(a: Point, b: Point, step: int) -> Point:
    dx, dy = (b.x > a.x) - (b.x < a.x), (b.y > a.y) - (b.y < a.y)
    return Point(a.x + dx * step, a.y + dy * step)


def _common(route: Sequence[Point], other: Sequence[Point]) -> int:
    """How far two flows run together from their start."""
    length = 0
    for (a, b), (c, d) in zip(_pieces(route), _pieces(other), strict=False):
        if a != c:
            break
        length += min(abs(b.x - a.x), abs(d.x - c.x)) if (b.x - a.x) * (d.x - c.x) > 0 else 0
        length += min(abs(b.y - a.y), abs(d.y - c.y)) if (b.y - a.y) * (d.y - c.y) > 0 else 0
        if b != d:
            break
    return length
