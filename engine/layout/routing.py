"""Finds the wires each flow runs on: short, with few bends and crossings, never through a node; pixels are estimates.

One flow after another, straight ones first, loops last; then each again with all others in place. Flows from one source
or to one target may share a wire; others may not share a middle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush

from engine.layout.figures import Edge
from engine.layout.grid import Vertex, Way, Wires
from engine.layout.ports import Port, Ports
from engine.layout.traffic import Path, Traffic, are_related, strangers

_BEND, _CROSSING, _FOREIGN, _CORNER, _TOUCH = 30, 50, 80, 200, 5000
_ROUNDS = 3
_HOPE = 1.0  # wires that are shared cost half their length


class Router:
    """Routes the flows of a frame; `xs` and `ys` are estimated positions of the wires."""

    def __init__(
        self,
        wires: Wires,
        ports: Ports,
        xs: Sequence[int],
        ys: Sequence[int],
        returning: frozenset[str],
        straight: frozenset[str],
        rounds: int = _ROUNDS,
    ) -> None:
        self.wires, self.ports, self.xs, self.ys = wires, ports, xs, ys
        self.returning, self.straight, self.rounds = returning, straight, rounds
        self.owners = ports.owners()
        self.traffic = Traffic()

    def route(self, edges: Iterable[Edge]) -> dict[str, Path]:
        ordered = sorted(edges, key=self._urgency)
        paths: dict[str, Path] = {}
        for _ in range(self.rounds):
            changed = False
            for edge in ordered:
                old = paths.get(edge.id)
                if old:
                    self.traffic.remove(old)
                paths[edge.id] = self._find(edge)
                self.traffic.add(paths[edge.id])
                changed = changed or old != paths[edge.id]
            if not changed:
                break
        return paths

    def _urgency(self, edge: Edge) -> tuple[bool, bool, int]:
        a, b = self.middle(edge.source), self.middle(edge.target)
        return edge.id in self.returning, edge.id not in self.straight, abs(a[0] - b[0]) + abs(a[1] - b[1])

    def middle(self, node: str) -> tuple[int, int]:
        """The estimated middle of a node, or of its first cell."""
        x, y = self.ports.middle(self.ports.nodes[node])
        return self.xs[x], self.ys[y]

    def _find(self, edge: Edge) -> Path:
        is_returning = edge.id in self.returning
        starts = self.traffic.open_ports(self.ports.leaving(edge, is_returning, edge.id in self.straight), True, edge)
        goals = self.traffic.open_ports(self.ports.entering(edge, is_returning), False, edge)
        return _Search(self, edge, is_returning).run(starts, goals)


class _Search:
    """One cheapest-way search."""

    def __init__(self, router: Router, edge: Edge, is_returning: bool) -> None:
        self.router, self.edge, self.is_returning = router, edge, is_returning
        self.corridor = router.ports.corridor(router.ports.nodes[edge.target])
        self.wires, self.traffic = router.wires, router.traffic

    def run(self, starts: list[Port], goals: list[Port]) -> Path:
        ends: dict[Vertex, list[Port]] = {}
        for port in goals:
            ends.setdefault(port.vertex, []).append(port)
        queue: list[tuple[float, int, float, Vertex, Way, int]] = []
        came: dict[tuple[Vertex, Way], tuple[Vertex, Way] | Port] = {}
        best: dict[tuple[Vertex, Way], float] = {}
        count = 0
        for port in starts:
            cost: float = port.cost + self._stub(port)
            best[port.vertex, port.way] = cost
            came[port.vertex, port.way] = port
            heappush(queue, (cost + self._hope(port.vertex, goals), count, cost, port.vertex, port.way, -1))
            count += 1
        while queue:
            _, _, cost, vertex, way, final = heappop(queue)
            if final >= 0:
                return self._path(came, vertex, way, goals[final])
            if cost > best[vertex, way]:
                continue
            for goal in ends.get(vertex, ()):
                total = cost + goal.cost + self._stub(goal) + self._turn(vertex, way, goal.way)
                heappush(queue, (total, count, total, vertex, way, goals.index(goal)))
                count += 1
            for next_way, next_vertex in self._neighbours(vertex, way):
                total = cost + self._turn(vertex, way, next_way) + self._step(vertex, next_vertex, next_way)
                if total < best.get((next_vertex, next_way), 1e18):
                    best[next_vertex, next_way] = total
                    came[next_vertex, next_way] = vertex, way
                    heappush(queue, (total + self._hope(next_vertex, goals), count, total, next_vertex, next_way, -1))
                    count += 1
        raise AssertionError("every port lies on a channel, and channels reach everywhere")

    def _stub(self, port: Port) -> int:
        """The length from the middle of a node to the vertex of its port."""
        if self.router.ports.nodes[port.node].kind == "stranger":
            return 0
        x, y = self.router.middle(port.node)
        return abs(self.router.xs[port.vertex[0]] - x) + abs(self.router.ys[port.vertex[1]] - y)

    def _path(self, came: Mapping[tuple[Vertex, Way], tuple[Vertex, Way] | Port], vertex: Vertex, way: Way, goal: Port) -> Path:
        vertices = [vertex]
        before = came[vertex, way]
        while not isinstance(before, Port):
            vertices.append(before[0])
            before = came[before]
        return Path(self.edge, before, goal, tuple(reversed(vertices)))

    def _neighbours(self, vertex: Vertex, way: Way) -> Iterable[tuple[Way, Vertex]]:
        for next_way in Way:
            beyond = next_way.step(vertex)
            if next_way is not way.opposite and self.wires.is_free(beyond):
                yield next_way, beyond

    def _hope(self, vertex: Vertex, goals: list[Port]) -> float:
        """About what the rest of the way costs, when nothing is in between."""
        xs, ys = self.router.xs, self.router.ys
        x, y = xs[vertex[0]], ys[vertex[1]]
        return min(abs(x - xs[g.vertex[0]]) + abs(y - ys[g.vertex[1]]) for g in goals) * _HOPE

    def _turn(self, vertex: Vertex, comes: Way, goes: Way) -> float:
        """What passing a vertex costs: a bend, and crossing or touching other flows."""
        x, y = vertex
        traffic = self.traffic
        is_exact = x not in self.wires.channels_x and y not in self.wires.channels_y
        if comes is not goes:
            if goes is comes.opposite:
                return _TOUCH * 10
            others = strangers(self.edge, traffic.level, vertex) + strangers(self.edge, traffic.upright, vertex)
            turned = strangers(self.edge, traffic.turning, vertex)
            if is_exact:
                return _BEND + _TOUCH * (others + turned)
            return _BEND + others * _CROSSING * 0.3 + (turned * _CORNER if x not in self.wires.channels_x else 0)
        crossed = strangers(self.edge, traffic.upright if comes.is_level else traffic.level, vertex)
        turned = strangers(self.edge, traffic.turning, vertex)
        return crossed * _CROSSING + turned * (_TOUCH if is_exact else _CROSSING * 0.3)

    def _step(self, a: Vertex, b: Vertex, way: Way) -> float:
        """What one unit of wire costs."""
        length = abs(self.router.xs[a[0]] - self.router.xs[b[0]]) + abs(self.router.ys[a[1]] - self.router.ys[b[1]])
        cost = length * self._slant(a, way) + (_CROSSING if b in self.wires.avoided else 0)
        if not way.is_level:
            cost += _FOREIGN * sum(1 for vertex in (a, b) if self._is_foreign(vertex))
        used = self.traffic.units.get((a, way), ())
        opposite = self.traffic.units.get((b, way.opposite), ())
        is_middle = a[1] not in self.wires.channels_y if way.is_level else a[0] not in self.wires.channels_x
        if is_middle:
            foreign = sum(1 for other in used if not are_related(other, self.edge)) + len(opposite)
            cost += _TOUCH * foreign
        return cost * 0.5 if used and all(are_related(other, self.edge) for other in used) else cost

    def _is_foreign(self, vertex: Vertex) -> bool:
        """Whether a flow going up or down here would seem to leave or enter a node that it has nothing to do with."""
        owners = self.router.owners.get(vertex, ())
        return any(side[0] not in (self.edge.source, self.edge.target) and self.traffic.ports.get(side) for side in owners)

    def _slant(self, a: Vertex, way: Way) -> float:
        """How much a direction suits: flows run right, loops run left in the corridor above their target."""
        is_channel = a[1] in self.wires.channels_y
        if way is Way.LEFT:
            if not self.is_returning:
                return 4
            return 1 if a[1] == self.corridor else 1.3 if is_channel else 4
        if way is Way.RIGHT and self.is_returning:
            return 1.5
        return 1
