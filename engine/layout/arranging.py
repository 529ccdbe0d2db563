"""Lays out one frame: the insides of its sub-processes, columns, rows, wires, pixels, names; it knows no XML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from engine.layout.extents import (
    EVENT,
    FIRST,
    Exit,
    Extent,
    Shape,
    boundaries_width,
    boundary_offset,
    extent,
    hold_boundaries,
    hold_flow_names,
    shape,
    used_sides,
)
from engine.layout.figures import Band, Edge, Frame, Node, Placement
from engine.layout.grid import Cell, Grid
from engine.layout.layers import Layers, assign_columns
from engine.layout.measuring import Metrics, Stand, boundary_wires, measure
from engine.layout.ordering import Rows, assign_rows
from engine.layout.placing import place
from engine.layout.ports import GridPorts
from engine.layout.routing import Router
from engine.layout.tracks import Strand, strand

_COLUMN, _ROW = 190, 116  # pixels, what a column and a row usually take
_SIDE, _TOP, _BOTTOM = 8, 30, 26  # inside a sub-process: name above, markers below


@dataclass(frozen=True)
class Arrangement:
    """A frame laid out from (0, 0): where everything is, its size, its lanes, and how far down its first row lies."""

    placement: Placement
    width: int
    lanes: tuple[tuple[int, int], ...]
    first_row: int

    @property
    def height(self) -> int:
        return self.lanes[-1][1]


def arrange(frame: Frame, bands: Sequence[Band] = (Band(),)) -> Arrangement:
    """The layout of a frame; `bands` = what its lanes ask for."""
    insides = {node.id: arrange(node.inside) for node in frame.nodes if node.inside}
    hosts = [node.host for node in frame.nodes if node.host]
    shapes = {node.id: _shape(node, insides.get(node.id), hosts.count(node.id)) for node in frame.nodes if node.kind != "boundary"}
    sizes = {id_: _cells(size) for id_, size in shapes.items()}
    layers = assign_columns(frame, {id_: wide for id_, (wide, _) in sizes.items()})
    rows = assign_rows(frame, layers, sizes)
    board = _Board(frame, shapes, sizes, layers, rows)
    strands = board.route()
    stands, metrics = board.measure(strands, bands)
    placement = place(frame, stands, metrics, strands, board.grid)
    for id_, inside in insides.items():
        placement.take(inside.placement, placement.boxes[id_].x + _SIDE, placement.boxes[id_].y + _TOP)
    return Arrangement(placement, metrics.width, tuple(metrics.lanes), metrics.ys[1])


def _shape(node: Node, inside: Arrangement | None, boundaries: int) -> Shape:
    if inside is None:
        return shape(node, boundaries)
    centre = inside.width // 2 + _SIDE
    width = max(2 * centre, centre + boundaries_width(boundaries))
    if round(width / _COLUMN) > 1:
        centre = FIRST
    return Shape(width, inside.height + _TOP + _BOTTOM, centre, inside.first_row + _TOP)


def _cells(size: Shape) -> tuple[int, int]:
    """How many columns and rows a node takes."""
    below = size.height - size.middle - _ROW // 2
    return max(1, round(size.width / _COLUMN)), 1 + max(0, ceil((below - 20) / _ROW))


class _Board:
    """A frame on its grid."""

    def __init__(
        self,
        frame: Frame,
        shapes: Mapping[str, Shape],
        sizes: Mapping[str, tuple[int, int]],
        layers: Layers,
        rows: Rows,
    ) -> None:
        self.frame, self.shapes, self.layers = frame, shapes, layers
        self.cells = {node.id: Cell(node.lane, layers.column[node.id], rows.row[node.id], *sizes[node.id]) for node in frame.nodes if node.id in layers.column}
        self.boundaries: dict[str, list[Node]] = {}
        for node in frame.nodes:
            if node.host:
                self.boundaries.setdefault(node.host, []).append(node)
        wires = boundary_wires(self._stands([]).values())
        columns = max((cell.column + cell.columns for cell in self.cells.values()), default=1)
        self.grid = Grid(columns, rows.counts, {column: len(offsets) for column, offsets in wires.items()})
        pools = [node for node in frame.nodes if node.kind == "stranger"]
        self.pools = {node.id: Cell(node.lane, 0, 0, columns) for node in pools}
        for cell in (*self.cells.values(), *self.pools.values()):
            self.grid.block(cell)
        self.numbers = {
            boundary: wires[stand.cell.column + stand.cell.columns - 1].index(offset)
            for stand in self._stands([]).values()
            for boundary, offset in stand.boundaries
        }

    def route(self) -> list[Strand]:
        """The ways of the flows, found on wires whose places are estimates."""
        _, rough = self.measure([], [Band()] * self.frame.lanes)
        ports = GridPorts(self.frame, self.grid, {**self.cells, **self.pools}, self.numbers)
        router = Router(self.grid, ports, rough.xs, rough.ys, self.layers.returning, self._straight())
        paths = router.route(self.frame.edges)
        return [strand(paths[edge.id]) for edge in self.frame.edges]

    def _straight(self) -> frozenset[str]:
        """The flows whose ends stand in one row, nothing between them."""
        return frozenset(edge.id for edge in self.frame.edges if self._is_straight(edge))

    def _is_straight(self, edge: Edge) -> bool:
        a, b = self.cells.get(edge.source), self.cells.get(edge.target)
        if a is None or b is None or (a.lane, a.row) != (b.lane, b.row) or b.column < a.column + a.columns:
            return False
        y = self.grid.row(a.lane, a.row)
        between = range(self.grid.channel(a.column + a.columns), self.grid.channel(b.column))
        return not any((x, y) in self.grid.blocked for x in between)

    def measure(self, strands: Sequence[Strand], bands: Sequence[Band]) -> tuple[dict[str, Stand], Metrics]:
        """Where the nodes stand and the wires run, with room for these flows and their names."""
        stands = self._stands(strands)
        heights = hold_flow_names(self._exits(stands), strands, self.grid) if strands else {}
        return stands, measure(self.grid, stands, strands, bands, heights)

    def _exits(self, stands: Mapping[str, Stand]) -> dict[str, Exit]:
        found = {id_: Exit(Extent(), 0, 0, 0) for id_ in self.pools}
        for id_, stand in stands.items():
            size = stand.shape
            right, down = size.width - size.centre, size.height - size.middle
            found[id_] = Exit(stand.room, size.middle, right, down)
            for boundary, offset in stand.boundaries:
                found[boundary] = Exit(stand.room, size.middle, right, down + EVENT // 2, offset)
        return found

    def _stands(self, strands: Sequence[Strand]) -> dict[str, Stand]:
        used, found = used_sides(strands), {}
        for node in self.frame.nodes:
            if node.id in self.cells:
                cell, size = self.cells[node.id], self.shapes[node.id]
                held = self.boundaries.get(node.id, [])
                offsets = [boundary_offset(size, cell.columns, len(held), number) for number in range(len(held))]
                room = extent(node, size, used.get(node.id, frozenset()))
                hold_boundaries(room, size, list(zip(held, offsets, strict=True)))
                ids = [boundary.id for boundary in held]
                found[node.id] = Stand(cell, size, room, tuple(zip(ids, offsets, strict=True)))
        return found
