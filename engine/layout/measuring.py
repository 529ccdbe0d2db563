"""Turns wires into pixels: columns and rows as wide as what stands in them, channels as wide as their flows need.

Rows first; then the exact heights order the flows in the vertical channels; then columns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.layout.extents import CLEAR, FIRST, INSET, Extent, Shape
from engine.layout.figures import Band, Box
from engine.layout.grid import Cell, Grid
from engine.layout.tracks import Bundle, Line, Ribbon, Strand, assign_tracks, bundled, ribbon, untie

_APART = 14  # between flows side by side
_LEVEL, _UPRIGHT = 8, 34  # the least size of a horizontal and a vertical channel
_TRIES = 30  # how often lines are broken before what is left is taken
_PAD = 16  # from a flow in a vertical channel to the nearest column
_ROOM = 12  # from a flow in a horizontal channel to the nearest row


@dataclass(frozen=True)
class Stand:
    """A node on the grid: its cells, shape, room, and boundary events (ids, and offsets from its last column)."""

    cell: Cell
    shape: Shape
    room: Extent
    boundaries: tuple[tuple[str, int], ...] = ()


@dataclass
class Metrics:
    """The positions of all wires, and of every line of a flow."""

    xs: list[int]
    ys: list[int]
    lanes: list[tuple[int, int]] = field(default_factory=list)  # top and bottom of each
    rights: list[int] = field(default_factory=list)  # where each column ends
    width: int = 0
    lines: dict[int, int] = field(default_factory=dict)  # by identity of the line

    def at(self, line: Line) -> int:
        found = self.lines.get(id(line))
        return found if found is not None else (self.ys if line.is_level else self.xs)[line.wire]


def measure(
    grid: Grid,
    stands: Mapping[str, Stand],
    strands: Sequence[Strand],
    bands: Sequence[Band],
    rooms: Mapping[tuple[str, int], int],
) -> Metrics:
    """`bands` = what the lanes ask for; `rooms` = height needed above lines, by edge and index."""
    for _ in range(_TRIES):
        metrics = Metrics([0] * grid.width, [0] * grid.height)
        level, clashes = _tracked(bundled(strands, grid, True), lambda line: line.wire, grid.channels_x, 0)
        if untie(clashes, grid):
            continue
        _place_rows(metrics, grid, stands, level, bands, rooms)
        upright, clashes = _tracked(bundled(strands, grid, False), metrics.at, (), 4)
        if not untie(clashes, grid):
            break
    _place_columns(metrics, grid, stands, upright)
    return metrics


def _tracked(
    bundles: Mapping[int, list[Bundle]], position: Callable[[Line], int], vague: Collection[int], gap: int
) -> tuple[dict[int, list[Ribbon]], list[tuple[Ribbon, Ribbon]]]:
    """The ribbons of every channel on their tracks, and what clashes; lines on `vague` wires have no place yet."""
    found, clashes = {}, []
    for wire, held in bundles.items():
        found[wire] = [ribbon(bundle, position, lambda line: line.wire not in vague) for bundle in held]
        clashes += assign_tracks(found[wire], gap)
    return found, clashes


def _rooms(ribbons: Sequence[Ribbon], rooms: Mapping[tuple[str, int], int]) -> list[int]:
    """The distance of each track from the one above it."""
    count = max((own.track + 1 for own in ribbons), default=0)
    heights = [_ROOM, *[_APART] * (count - 1)] if count else []
    for own in ribbons:
        for member, index in own.bundle.members:
            heights[own.track] = max(heights[own.track], rooms.get((member.path.edge.id, index), 0) + 4)
    return heights


def _place_rows(
    metrics: Metrics, grid: Grid, stands: Mapping[str, Stand], tracks: Mapping[int, list[Ribbon]],
    bands: Sequence[Band], rooms: Mapping[tuple[str, int], int],
) -> None:  # fmt: skip
    up = {(lane, row): CLEAR for lane, count in enumerate(grid.rows) for row in range(count)}
    down = dict(up)
    for stand in stands.values():
        first, last = (stand.cell.lane, stand.cell.row), (stand.cell.lane, stand.cell.row + stand.cell.rows - 1)
        up[first] = max(up[first], stand.room.up + CLEAR)
        if first == last:
            down[first] = max(down[first], stand.room.down + CLEAR)
    heights = {wire: _rooms(tracks.get(wire, ()), rooms) for wire in grid.channels_y}
    size = {wire: max(_LEVEL, sum(h) + _ROOM if h else 0) for wire, h in heights.items()}
    for stand in sorted(stands.values(), key=lambda stand: stand.cell.row):
        cell = stand.cell
        if cell.rows > 1:
            inner = range(cell.row + 1, cell.row + cell.rows)
            held = down[cell.lane, cell.row] + sum(size[grid.above(cell.lane, r)] + up[cell.lane, r] + down[cell.lane, r] for r in inner)
            _share(max(0, stand.room.down + CLEAR - held), down, [(cell.lane, r) for r in (cell.row, *inner)])
    y = 0
    for lane, count in enumerate(grid.rows):
        y += bands[lane].distance
        top = y
        held = sum(size[grid.above(lane, row)] for row in range(count + 1)) + sum(up[lane, r] + down[lane, r] for r in range(count))
        spare = max(0, bands[lane].height - held)
        for row in range(count + 1):
            wire = grid.above(lane, row)
            y += spare // 2 if row == 0 else spare - spare // 2 if row == count else 0
            metrics.ys[wire] = y + size[wire] // 2
            for own in tracks.get(wire, ()):
                own_y = y + sum(heights[wire][: own.track + 1])
                metrics.lines.update({id(member.lines[index]): own_y for member, index in own.bundle.members})
            y += size[wire]
            if row < count:
                metrics.ys[grid.row(lane, row)] = y + up[lane, row]
                y += up[lane, row] + down[lane, row]
        metrics.lanes.append((top, y))


def _share(missing: int, sizes: dict[tuple[int, int], int], keys: Sequence[tuple[int, int]]) -> None:
    for number, key in enumerate(keys):
        sizes[key] += missing * (number + 1) // len(keys) - missing * number // len(keys)


def _place_columns(metrics: Metrics, grid: Grid, stands: Mapping[str, Stand], tracks: Mapping[int, list[Ribbon]]) -> None:
    left, right = [CLEAR] * grid.columns, [CLEAR] * grid.columns
    for stand in stands.values():
        column = stand.cell.column
        left[column] = max(left[column], stand.room.left if stand.cell.columns == 1 else FIRST)
        last = column + stand.cell.columns - 1
        reach = max((offset + INSET for _, offset in stand.boundaries), default=0)
        right[last] = max(right[last], stand.room.right if stand.cell.columns == 1 else reach)
    counts = [max((own.track + 1 for own in tracks.get(grid.channel(c), ())), default=0) for c in range(grid.columns + 1)]
    gaps = [max(_UPRIGHT, (count - 1) * _APART + 2 * _PAD) for count in counts]
    for stand in stands.values():
        cell, beside = stand.cell, stand.room.right - stand.shape.width + stand.shape.centre
        if cell.columns > 1 and beside:
            gaps[cell.column + cell.columns] = max(gaps[cell.column + cell.columns], beside + 2 * _PAD)
    for stand in stands.values():
        cell = stand.cell
        if cell.columns > 1:
            inner = range(cell.column, cell.column + cell.columns)
            held = FIRST + right[cell.column] + sum(gaps[c] + left[c] + right[c] for c in inner[1:])
            missing = max(0, stand.shape.width - held)
            for number, c in enumerate(inner):
                right[c] += missing * (number + 1) // len(inner) - missing * number // len(inner)
    x = 0
    for c in range(grid.columns + 1):
        wire = grid.channel(c)
        metrics.xs[wire] = x + gaps[c] // 2
        first = x + (gaps[c] - max(0, counts[c] - 1) * _APART) // 2
        for own in tracks.get(wire, ()):
            metrics.lines.update({id(member.lines[index]): first + own.track * _APART for member, index in own.bundle.members})
        x += gaps[c]
        if c < grid.columns:
            metrics.xs[grid.middle(c)] = x + left[c]
            x += left[c] + right[c]
            metrics.rights.append(x)
    metrics.width = x
    _place_boundaries(metrics, grid, stands)


def _place_boundaries(metrics: Metrics, grid: Grid, stands: Mapping[str, Stand]) -> None:
    for column, offsets in boundary_wires(stands.values()).items():
        for number, offset in enumerate(offsets):
            metrics.xs[grid.boundary(column, number)] = metrics.xs[grid.middle(column)] + offset


def boundary_wires(stands: Iterable[Stand]) -> dict[int, list[int]]:
    """The offsets of the wires under boundary events in every column, from the right."""
    found: dict[int, set[int]] = {}
    for stand in stands:
        last = stand.cell.column + stand.cell.columns - 1
        found.setdefault(last, set()).update(offset for _, offset in stand.boundaries)
    return {column: sorted(offsets, reverse=True) for column, offsets in found.items()}


def node_box(stand: Stand, metrics: Metrics, grid: Grid) -> Box:
    """Where a node stands; one that takes several columns fills them."""
    cell, size = stand.cell, stand.shape
    x, y = metrics.xs[grid.middle(cell.column)] - size.centre, metrics.ys[grid.row(cell.lane, cell.row)] - size.middle
    if cell.columns == 1:
        return Box(x, y, size.width, size.height)
    return Box(x, y, metrics.rights[cell.column + cell.columns - 1] - x, size.height)
