"""Where flows leave and enter a node, and which sides suit it; it finds no ways."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.layout.figures import Edge, Frame, Node
from engine.layout.grid import Cell, Grid, Vertex, Way

_ASIDE, _SHARED, _UNUSUAL, _FROM_BELOW = 30, 40, 70, 120  # what sides cost that are not the usual ones, in pixels


@dataclass(frozen=True)
class Port:
    """One side of a node: the first vertex outside it, and the direction in which a flow leaves (or enters) there."""

    node: str
    way: Way
    vertex: Vertex
    cost: int


class Ports(ABC):
    """The sides of a frame's nodes: flows leave to the right, branches and loops up or down; they enter from the left.

    A boundary event has one port, below. A pool whose inside is not shown is reached straight from the other end.
    """

    def __init__(self, frame: Frame) -> None:
        self.nodes = {node.id: node for node in frame.nodes}
        self.hosts = {node.host for node in frame.nodes if node.host}
        self.entered: dict[str, int] = {}
        for edge in frame.edges:
            self.entered[edge.target] = self.entered.get(edge.target, 0) + 1

    @abstractmethod
    def vertex(self, node: Node, side: Way) -> Vertex:
        """The first vertex outside a node on a side."""

    @abstractmethod
    def middle(self, node: Node) -> Vertex:
        """The vertex in the middle of a node, or of its first cell."""

    @abstractmethod
    def corridor(self, node: Node) -> int:
        """The level wire above a node, by which loops come back to it."""

    def leaving(self, edge: Edge, is_returning: bool, is_straight: bool) -> Iterator[Port]:
        node = self.nodes[edge.source]
        if node.kind == "stranger":
            yield from self._straight(node, self.nodes[edge.target], Way.DOWN, Way.UP)
            return
        if node.kind == "boundary":
            yield self._port(node, Way.DOWN, Way.DOWN, 0)
            return
        is_open = node.kind == "gateway"
        yield self._port(node, Way.RIGHT, Way.RIGHT, _SHARED if is_open and not is_straight else 0)
        if edge.source == edge.target:
            return
        if node.id not in self.hosts:
            yield self._port(node, Way.DOWN, Way.DOWN, self._under(node) + (0 if is_open else _UNUSUAL))
        yield self._port(node, Way.UP, Way.UP, 0 if is_returning else 10 if is_open else _UNUSUAL + 20)

    def entering(self, edge: Edge, is_returning: bool) -> Iterator[Port]:
        node = self.nodes[edge.target]
        if node.kind == "stranger":
            yield from self._straight(node, self.nodes[edge.source], Way.UP, Way.DOWN)
            return
        aside = 0 if node.kind == "gateway" and self.entered[node.id] > 1 else _ASIDE
        yield self._port(node, Way.LEFT, Way.RIGHT, _SHARED if is_returning else 0)
        yield self._port(node, Way.UP, Way.DOWN, 0 if is_returning else aside)
        if node.id not in self.hosts:
            yield self._port(node, Way.DOWN, Way.UP, (_FROM_BELOW if is_returning else aside) + self._under(node))

    def owners(self) -> dict[Vertex, set[tuple[str, Way]]]:
        """Whose upper or lower side is at a vertex."""
        found: dict[Vertex, set[tuple[str, Way]]] = {}
        for node in self.nodes.values():
            if node.kind not in ("boundary", "stranger"):
                for side in (Way.UP, Way.DOWN):
                    found.setdefault(self.vertex(node, side), set()).add((node.id, side))
        return found

    def _port(self, node: Node, side: Way, way: Way, cost: int) -> Port:
        return Port(node.id, way, self.vertex(node, side), cost)

    def _straight(self, pool: Node, other: Node, *ways: Way) -> Iterator[Port]:
        """The two sides of a pool where the other end stands."""
        x = self.middle(other)[0]
        for way, side in zip(ways, (Way.DOWN, Way.UP), strict=True):
            yield Port(pool.id, way, (x, self.vertex(pool, side)[1]), 0)

    def _under(self, node: Node) -> int:
        """The cost of the lower side: the names of events are there."""
        return 20 if node.kind == "event" else 0


class GridPorts(Ports):
    """The ports of nodes in the cells of a grid; `numbers` = the wires of boundary events in their column."""

    def __init__(self, frame: Frame, grid: Grid, cells: Mapping[str, Cell], numbers: Mapping[str, int]) -> None:
        super().__init__(frame)
        self.grid, self.cells, self.numbers = grid, cells, numbers

    def vertex(self, node: Node, side: Way) -> Vertex:
        cell, grid = self._cell(node), self.grid
        if side is Way.RIGHT:
            return grid.channel(cell.column + cell.columns), grid.row(cell.lane, cell.row)
        if side is Way.LEFT:
            return grid.channel(cell.column), grid.row(cell.lane, cell.row)
        return self.middle(node)[0], grid.above(cell.lane, cell.row if side is Way.UP else cell.row + cell.rows)

    def middle(self, node: Node) -> Vertex:
        cell = self._cell(node)
        y = self.grid.row(cell.lane, cell.row)
        if node.host:
            return self.grid.boundary(cell.column + cell.columns - 1, self.numbers[node.id]), y
        return self.grid.middle(cell.column), y

    def corridor(self, node: Node) -> int:
        cell = self._cell(node)
        return self.grid.above(cell.lane, cell.row)

    def _cell(self, node: Node) -> Cell:
        return self.cells[node.host or node.id]
