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

    def lay(self, ribbon: Ribbon, at: int) -> None:
        """Notes the position of all lines of a ribbon."""
        self.lines.update({id(member.lines[index]): at for member, index in ribbon.bundle.members})

    def at(self, line: Line) -> int:
        """The x of an upright line, the y of a level one."""
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
    for rest in reversed(range(_TRIES)):
        metrics = Metrics([0] * grid.width, [0] * grid.height)
        level, clashes = _tracked(bundled(strands, grid, True), lambda line: line.wire, grid.channels_x, 0)
        if rest and untie(clashes, grid):
            continue
        _place_rows(metrics, grid, stands, level, bands, rooms)
        upright, clashes = _tracked(bundled(strands, grid, False), metrics.at, (), 4)
        if not rest or not untie(clashes, grid):
            break
    _place_columns(metrics, grid, stands, upright)
    _place_boundaries(metrics, grid, stands)
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
    metrics: Metrics,
    grid: Grid,
    stands: Mapping[str, Stand],
    tracks: Mapping[int, list[Ribbon]],
    bands: Sequence[Band],
    rooms: Mapping[tuple[str, int], int],
) -> None:
    heights = {wire: _rooms(tracks.get(wire, ()), rooms) for wire in grid.channels_y}
    size = {wire: max(_LEVEL, sum(held) + _ROOM if held else 0) for wire, held in heights.items()}
    up, down = _row_sizes(grid, stands, size)
    y = 0
    for lane, count in enumerate(grid.rows):
        y += bands[lane].distance
        top, channels = y, [grid.above(lane, row) for row in range(count + 1)]
        spare = max(0, bands[lane].height - sum(size[wire] for wire in channels) - sum(up[lane, r] + down[lane, r] for r in range(count)))
        y += spare // 2
        for row, wire in enumerate(channels):
            metrics.ys[wire] = y + size[wire] // 2
            for own in tracks.get(wire, ()):
                metrics.lay(own, y + sum(heights[wire][: own.track + 1]))
            y += size[wire]
            if row < count:
                metrics.ys[grid.row(lane, row)] = y + up[lane, row]
                y += up[lane, row] + down[lane, row]
        y += spare - spare // 2
        metrics.lanes.append((top, y))


_Sizes = dict[tuple[int, int], int]  # by lane and row


def _row_sizes(grid: Grid, stands: Mapping[str, Stand], size: Mapping[int, int]) -> tuple[_Sizes, _Sizes]:
    """The room above and below the middle of every row; what a node of several rows lacks is shared by its rows."""
    up = {(lane, row): CLEAR for lane, count in enumerate(grid.rows) for row in range(count)}
    down = dict(up)
    for stand in stands.values():
        first = stand.cell.lane, stand.cell.row
        up[first] = max(up[first], stand.room.up + CLEAR)
        if stand.cell.rows == 1:
            down[first] = max(down[first], stand.room.down + CLEAR)
    for stand in sorted(stands.values(), key=lambda stand: stand.cell.row):
        lane, rows = stand.cell.lane, range(stand.cell.row, stand.cell.row + stand.cell.rows)
        if len(rows) > 1:
            held = sum(size[grid.above(lane, r)] + up[lane, r] + down[lane, r] for r in rows[1:]) + down[lane, rows[0]]
            for share, row in zip(_shares(stand.room.down + CLEAR - held, len(rows)), rows, strict=True):
                down[lane, row] += share
    return up, down


def _shares(missing: int, count: int) -> list[int]:
    """What is missing, shared evenly; nothing when nothing is."""
    missing = max(0, missing)
    return [missing * (number + 1) // count - missing * number // count for number in range(count)]


def _place_columns(metrics: Metrics, grid: Grid, stands: Mapping[str, Stand], tracks: Mapping[int, list[Ribbon]]) -> None:
    counts = [max((own.track + 1 for own in tracks.get(grid.channel(c), ())), default=0) for c in range(grid.columns + 1)]
    left, right, gaps = _column_sizes(grid, stands, counts)
    x = 0
    for c, gap in enumerate(gaps):
        metrics.xs[grid.channel(c)] = x + gap // 2
        first = x + (gap - max(0, counts[c] - 1) * _APART) // 2
        for own in tracks.get(grid.channel(c), ()):
            metrics.lay(own, first + own.track * _APART)
        x += gap
        if c < grid.columns:
            metrics.xs[grid.middle(c)] = x + left[c]
            x += left[c] + right[c]
            metrics.rights.append(x)
    metrics.width = x


def _column_sizes(grid: Grid, stands: Mapping[str, Stand], counts: Sequence[int]) -> tuple[list[int], list[int], list[int]]:
    """The room left and right of the middle of every column, and the widths of the channels."""
    left, right = [CLEAR] * grid.columns, [CLEAR] * grid.columns
    gaps = [max(_UPRIGHT, (count - 1) * _APART + 2 * _PAD) for count in counts]
    wide = [stand for stand in stands.values() if stand.cell.columns > 1]
    for stand in stands.values():
        first, last, room = stand.cell.column, stand.cell.column + stand.cell.columns - 1, stand.room
        reach = max((offset + INSET for _, offset in stand.boundaries), default=0)
        left[first] = max(left[first], FIRST if stand in wide else room.left)
        right[last] = max(right[last], reach if stand in wide else room.right)
    for stand in wide:
        inner, size = range(stand.cell.column, stand.cell.column + stand.cell.columns), stand.shape
        beside = stand.room.right - size.width + size.centre
        gaps[inner.stop] = max(gaps[inner.stop], beside + 2 * _PAD if beside else 0)
        held = FIRST + right[inner[0]] + sum(gaps[c] + left[c] + right[c] for c in inner[1:])
        for share, column in zip(_shares(size.width - held, len(inner)), inner, strict=True):
            right[column] += share
    return left, right, gaps


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
