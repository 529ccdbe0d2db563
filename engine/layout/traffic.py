"""Remembers which flows use which wires, and who may share them; it finds no ways."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.layout.figures import Edge
from engine.layout.grid import Vertex, Way
from engine.layout.ports import Port


@dataclass(frozen=True)
class Path:
    """The way of one flow: from a port through vertices to a port; consecutive vertices are neighbours."""

    edge: Edge
    leaves: Port
    enters: Port
    vertices: tuple[Vertex, ...]

    def moves(self) -> list[tuple[Vertex, Way, Way]]:
        """Each vertex with the direction in which the flow comes and goes."""
        ways = [self.leaves.way]
        for (ax, ay), (bx, by) in zip(self.vertices, self.vertices[1:], strict=False):
            ways.append(Way.RIGHT if bx > ax else Way.LEFT if bx < ax else Way.DOWN if by > ay else Way.UP)
        ways.append(self.enters.way)
        return [(vertex, ways[i], ways[i + 1]) for i, vertex in enumerate(self.vertices)]


def are_related(a: Edge, b: Edge) -> bool:
    """Whether two flows may share a wire: one source or one target, not both."""
    return a.kind == b.kind and (a.source == b.source) != (a.target == b.target)


def strangers(edge: Edge, index: Mapping[Vertex, list[Edge]], vertex: Vertex) -> int:
    """How many flows at a vertex may not share a wire with this one."""
    found = index.get(vertex)
    return sum(1 for other in found if not are_related(other, edge)) if found else 0


class Traffic:
    """The flows found so far, by what they use."""

    def __init__(self) -> None:
        self.units: dict[tuple[Vertex, Way], list[Edge]] = {}
        self.level: dict[Vertex, list[Edge]] = {}
        self.upright: dict[Vertex, list[Edge]] = {}
        self.turning: dict[Vertex, list[Edge]] = {}
        self.ports: dict[tuple[str, Way], dict[str, tuple[bool, Edge]]] = {}  # by side: edges, and whether they leave

    def add(self, path: Path) -> None:
        for index in self._entries(path):
            index.append(path.edge)
        for port, leaves in ((path.leaves, True), (path.enters, False)):
            self.ports.setdefault(_side(port, leaves), {})[path.edge.id] = leaves, path.edge

    def remove(self, path: Path) -> None:
        for index in self._entries(path):
            index.remove(path.edge)
        for port, leaves in ((path.leaves, True), (path.enters, False)):
            del self.ports[_side(port, leaves)][path.edge.id]

    def _entries(self, path: Path) -> Iterable[list[Edge]]:
        moves = path.moves()
        for (vertex, comes, goes), follower in zip(moves, [*moves[1:], None], strict=True):
            index = self.turning if comes is not goes else self.level if comes.is_level else self.upright
            yield index.setdefault(vertex, [])
            if follower:
                yield self.units.setdefault((vertex, goes), [])

    def open_ports(self, ports: Iterable[Port], leaves: bool, edge: Edge) -> list[Port]:
        """The ports not used in the other direction or by flows that may share no wire; all when there is none."""
        found = list(ports)
        uses = [self.ports.get(_side(port, leaves), {}).values() for port in found]
        free = [port for port, used in zip(found, uses, strict=True) if all(self._may_share(u, leaves, edge) for u in used)]
        return free or found

    @staticmethod
    def _may_share(use: tuple[bool, Edge], leaves: bool, edge: Edge) -> bool:
        return use[0] == leaves and are_related(use[1], edge)


def _side(port: Port, leaves: bool) -> tuple[str, Way]:
    return port.node, port.way if leaves else port.way.opposite
