"""How much room a node needs around its middle for its shape, its name and the names of its flows; places nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.layout.figures import Box, Node, Point
from engine.layout.grid import Grid, Way
from engine.layout.text import LABEL_SIZE, TASK_SIZE, Fit, fit, fit_task
from engine.layout.tracks import Strand

EVENT, GATEWAY, TASK_HEIGHT = 36, 50, 90
INSET = 22  # from the right side of a task to the middle of its first boundary event
APART = 140  # from one boundary event to the next, with room for a name
FIRST = 40  # from the left side of a node that takes several columns to the middle of the first
CLEAR = 12  # around shapes and names
_NEAR = 5  # from a shape to its name

Spot = Literal["above", "below", "above left", "above right", "below left", "below right"]
_WIDEST = {"event": 8, "gateway": 8, "boundary": 6, "flow": 7}


@dataclass
class Extent:
    """Distances from the middle of a node's first cell to where its room ends."""

    left: int = 0
    right: int = 0
    up: int = 0
    down: int = 0

    def hold(self, left: int = 0, right: int = 0, up: int = 0, down: int = 0) -> None:
        self.left, self.right = max(self.left, left), max(self.right, right)
        self.up, self.down = max(self.up, up), max(self.down, down)


@dataclass(frozen=True)
class Shape:
    """The size of a node, and where in it the middles of its first column and row lie."""

    width: int
    height: int
    centre: int
    middle: int


def shape(node: Node, boundaries: int) -> Shape:
    """The shape of a node that is no sub-process (their size comes from their inside)."""
    if node.kind == "task":
        name = fit_task(node.name)
        height = TASK_HEIGHT if len(name.lines) < 3 else TASK_HEIGHT + TASK_SIZE
        centre = name.width // 2
        width = max(name.width, centre + boundaries_width(boundaries))
        return Shape(width, height, centre, height // 2)
    size = GATEWAY if node.kind == "gateway" else EVENT
    return Shape(size, size, size // 2, size // 2)


def boundaries_width(count: int) -> int:
    """The room that so many boundary events take right of the middle of their host."""
    return EVENT // 2 + _NEAR + APART * (count - 1) + INSET if count else 0


def boundary_offset(size: Shape, columns: int, boundaries: int, number: int) -> int:
    """How far right of the middle of its host's last column a boundary event stands; `number` counts from the right."""
    if columns > 1:
        return EVENT // 2 + _NEAR + APART * (boundaries - 1 - number)
    return size.width - size.centre - INSET - APART * number


def name_fit(kind: str, name: str) -> Fit | None:
    """The box of a name that stands beside its shape or flow."""
    return fit(name, LABEL_SIZE, _WIDEST[kind]) if name and kind in _WIDEST else None


def spots(node: Node, used: frozenset[Way]) -> list[Spot]:
    """Where the name of a node may stand, best first; not where a flow leaves or enters."""
    order: list[tuple[Spot, Way]] = [("above", Way.UP), ("below", Way.DOWN)]
    if node.kind == "event":
        order.reverse()
    free: list[Spot] = [spot for spot, side in order if side not in used]
    corners: list[Spot] = ["above left", "below left", "above right", "below right"]
    return free + (["below left"] if node.kind == "boundary" else corners)


def spotted(spot: Spot, middle: Point, size: Shape, name: Fit) -> Box:
    """The box of a name at a spot."""
    width, height = name.width, name.height(LABEL_SIZE)
    up = middle.y - size.middle - _NEAR - height
    y = up if spot.startswith("above") else middle.y - size.middle + size.height + _NEAR
    x = middle.x - width // 2 if " " not in spot else middle.x - 6 - width if spot.endswith("left") else middle.x + 6
    return Box(x, y, width, height)


def boundary_name(middle: Point, name: Fit) -> Box:
    """The name of a boundary event: left of it, under its host."""
    return Box(middle.x - EVENT // 2 - _NEAR - name.width, middle.y + _NEAR, name.width, name.height(LABEL_SIZE))


def extent(node: Node, size: Shape, used: frozenset[Way]) -> Extent:
    """The room for a shape and its name, given the sides where flows are."""
    found = Extent(size.centre, size.width - size.centre, size.middle, size.height - size.middle)
    name = name_fit(node.kind, node.name)
    if name:
        box = spotted(spots(node, used)[0], Point(0, 0), size, name)
        found.hold(-box.x, box.right, -box.y, box.bottom)
    return found


def hold_boundaries(found: Extent, size: Shape, boundaries: Sequence[tuple[Node, int]]) -> None:
    """Adds the room that boundary events (with their offsets) and their names take under their host."""
    for node, offset in boundaries:
        middle = Point(offset, size.height - size.middle)
        found.hold(down=middle.y + EVENT // 2)
        name = name_fit("boundary", node.name)
        if name:
            box = boundary_name(middle, name)
            found.hold(left=-box.x, down=box.bottom)


@dataclass(frozen=True)
class Exit:
    """Where flows leave a node: the room of the node (or host), and where its sides lie from its middle."""

    room: Extent
    up: int
    right: int
    down: int
    offset: int = 0  # of a boundary event from the middle


def hold_flow_names(exits: Mapping[str, Exit], strands: Sequence[Strand], grid: Grid) -> dict[tuple[str, int], int]:
    """Adds the room for names of flows beside the node they leave.

    Returns the height that names need above lines in channels, by edge and index of the line.
    """
    rooms: dict[tuple[str, int], int] = {}
    for own in strands:
        edge = own.path.edge
        name = name_fit("flow", edge.name)
        if name is None:
            continue
        height, width = name.height(LABEL_SIZE) + _NEAR, name.width + 2 * _NEAR
        index = named_line(own, strands)
        line, leaving = own.lines[min(index, len(own.lines) - 1)], exits[edge.source]
        if index == 0:
            leaving.room.hold(right=leaving.right + width, up=height)
        elif index >= len(own.lines):
            leaving.room.hold(right=leaving.offset + width, down=leaving.down + height + _NEAR)
            entered = exits[edge.target]
            entered.room.hold(up=entered.up + height + 2 * _NEAR)
        elif index == 1 and line.end > line.start:
            leaving.room.hold(right=leaving.offset + width)
        elif index == 1:
            leaving.room.hold(left=width - leaving.offset)
        if line.is_level and line.wire in grid.channels_y:
            rooms[edge.id, index] = height
    return rooms


def named_line(own: Strand, strands: Sequence[Strand]) -> int:
    """The first level line that a flow does not share with others of its source; the number of lines without one."""
    first = max((_parting(own, other) for other in strands if other.path.edge.source == own.path.edge.source), default=0)
    return next((i for i, line in enumerate(own.lines) if i >= first and line.is_level), len(own.lines))


def _parting(own: Strand, other: Strand) -> int:
    """The line on which a flow leaves another that begins with it."""
    if own is other:
        return 0
    pairs = list(zip(own.lines, other.lines, strict=False))
    same = next((i for i, (a, b) in enumerate(pairs) if (a.is_level, a.wire) != (b.is_level, b.wire)), len(pairs))
    if not same or own.path.leaves.way is not other.path.leaves.way:
        return 0
    a, b = pairs[same - 1]
    return same - 1 if abs(a.end - a.start) > abs(b.end - b.start) else same


def used_sides(strands: Sequence[Strand]) -> dict[str, frozenset[Way]]:
    """The sides of every node at which flows leave or enter."""
    used: dict[str, set[Way]] = {}
    for own in strands:
        used.setdefault(own.path.edge.source, set()).add(own.path.leaves.way)
        used.setdefault(own.path.edge.target, set()).add(own.path.enters.way.opposite)
    return {node: frozenset(sides) for node, sides in used.items()}
