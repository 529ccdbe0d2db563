"""Estimates how tangled a diagram would be with its nodes in given rows; it moves nothing and draws nothing.

A flow is taken as three lines: out of its source, up or down, along the row of its target.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from engine.layout.figures import Frame
from engine.layout.layers import Layers, Link

_CROSSING, _THROUGH, _ROW, _DISORDER = 2.0, 3.0, 0.5, 0.4


class Rowed(Protocol):
    @property
    def row(self) -> Mapping[str, int]: ...

    @property
    def counts(self) -> tuple[int, ...]: ...


@dataclass(frozen=True)
class Sketch:
    """One flow: where it goes up or down, between which rows, and along which row from where to where."""

    link: Link
    upright: float
    top: float
    bottom: float
    level: float
    left: float
    right: float


class Tangle:
    """The flows of a frame in their columns."""

    def __init__(self, frame: Frame, layers: Layers, links: Iterable[Link], sizes: Mapping[str, tuple[int, int]]) -> None:
        self.nodes = {node.id: node for node in frame.nodes if node.id in layers.column}
        self.layers, self.links, self.sizes = layers, list(links), sizes

    def cost(self, rows: Rowed) -> float:
        """The tangle, in rows: lengths up and down, crossings, nodes passed through, flows out of their order."""
        tops = [0.0]
        for count in rows.counts:
            tops.append(tops[-1] + count + 0.5)
        at = {id_: tops[node.lane] + rows.row[id_] for id_, node in self.nodes.items()}
        taken = {
            (column, at[id_] + row)
            for id_ in self.nodes
            for column in range(self.layers.column[id_], self.layers.column[id_] + self.sizes[id_][0])
            for row in range(self.sizes[id_][1])
        }
        sketches = [self._sketch(link, at) for link in self.links]
        cost = _ROW * sum(rows.counts) + sum(s.bottom - s.top + self._through(s, taken) for s in sketches)
        cost += _CROSSING * self._crossings(sketches) + _DISORDER * self._disorder(at)
        return cost

    def _sketch(self, link: Link, at: Mapping[str, float]) -> Sketch:
        column = self.layers.column
        start, end = at[link.tail], at[link.head]
        is_open = self.nodes[link.tail].kind == "gateway"
        upright = column[link.tail] + (0.0 if is_open else self.sizes[link.tail][0] - 0.5)
        if link.id in self.layers.returning:
            end -= 0.5
            far: float = column[link.head]
        else:
            far = column[link.head] - 0.5
        return Sketch(link, upright, min(start, end), max(start, end), end, min(upright, far), max(upright, far))

    def _through(self, sketch: Sketch, taken: set[tuple[int, float]]) -> float:
        passed = sum(1 for column in range(int(sketch.left + 1), int(sketch.right + 0.6)) if (column, sketch.level) in taken)
        if sketch.upright.is_integer():
            passed += sum(1 for column, row in taken if column == sketch.upright and sketch.top < row < sketch.bottom)
        return _THROUGH * passed

    def _crossings(self, sketches: list[Sketch]) -> int:
        uprights = [s for s in sketches if s.bottom > s.top]
        count = 0
        for a in uprights:
            for b in sketches:
                if b.left < a.upright < b.right and a.top < b.level < a.bottom:
                    count += a.link.tail != b.link.tail and a.link.head != b.link.head
        return count

    def _disorder(self, at: Mapping[str, float]) -> int:
        """Pairs of flows of one gateway whose targets are not below each other in the order of the flows."""
        count = 0
        forward = [link for link in self.links if link.id not in self.layers.returning]
        for index, a in enumerate(forward):
            for b in forward[index + 1 :]:
                if a.tail == b.tail and self.nodes[a.tail].kind == "gateway" and at[a.head] > at[b.head]:
                    count += 1
        return count
