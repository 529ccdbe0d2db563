"""Lays the flows that share a channel side by side: few crossings, none on another; it knows no shapes.

A path is cut into straight lines. Flows that come from one source or go to one target by the same way stay together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from engine.layout.grid import Grid
from engine.layout.traffic import Path

_CLASH = 1000  # lines that would lie on each other


@dataclass
class Line:
    """A straight part of a path, on one wire; `start` and `end` are the wires where it begins and ends."""

    edge: str
    is_level: bool
    wire: int
    start: int
    end: int


@dataclass(frozen=True)
class Strand:
    """One edge's lines, in order, with what tells whether two edges run together."""

    path: Path
    lines: list[Line]

    def prefix(self, index: int) -> tuple[object, ...]:
        """What this edge shares with another one of the same source that has run the same way up to this line."""
        return (
            self.path.edge.source,
            self.path.leaves.way,
            *((line.is_level, line.wire) for line in self.lines[: index + 1]),
        )

    def suffix(self, index: int) -> tuple[object, ...]:
        return (
            self.path.edge.target,
            self.path.enters.way,
            *((line.is_level, line.wire) for line in self.lines[index:]),
        )


@dataclass
class Bundle:
    """Lines of one channel that run as one."""

    members: list[tuple[Strand, int]] = field(default_factory=list)
    kind: Literal["alone", "source", "target"] = "alone"

    def joins(self, strand: Strand, index: int) -> Literal["source", "target"] | None:
        """How a line may join: all members must have the same way before, or after."""
        if self.kind != "target" and all(s.prefix(i) == strand.prefix(index) and not _twins(s, strand) for s, i in self.members):
            return "source"
        if self.kind != "source" and all(s.suffix(i) == strand.suffix(index) and not _twins(s, strand) for s, i in self.members):
            return "target"
        return None


def _twins(a: Strand, b: Strand) -> bool:
    ea, eb = a.path.edge, b.path.edge
    return ea.source == eb.source and ea.target == eb.target


def strand(path: Path) -> Strand:
    """A path as lines: the first begins at its node, the last ends there."""
    lines: list[Line] = []
    first, last = path.vertices[0], path.vertices[-1]
    points = [path.leaves.way.step(first, -1), *path.vertices, path.enters.way.step(last, 1)]
    for (ax, ay), (bx, by) in zip(points, points[1:], strict=False):
        is_level = ay == by
        if lines and lines[-1].is_level == is_level:
            lines[-1].end = bx if is_level else by
        else:
            lines.append(Line(path.edge.id, is_level, ay if is_level else ax, ax if is_level else ay, bx if is_level else by))
    return Strand(path, lines)


@dataclass(frozen=True)
class End:
    """Where a bundle is joined: the position along the channel, whether it is exact, and the side it comes from."""

    at: int
    side: int  # -1 before (left, above), +1 after
    is_exact: bool


@dataclass
class Ribbon:
    """A bundle measured along its channel."""

    bundle: Bundle
    low: int
    high: int
    ends: tuple[End, ...]
    track: int = 0


def bundled(strands: Iterable[Strand], grid: Grid, is_level: bool) -> dict[int, list[Bundle]]:
    """The bundles of every horizontal (or vertical) channel, by wire."""
    channels = grid.channels_y if is_level else grid.channels_x
    found: dict[int, list[Bundle]] = {}
    for own in strands:
        for index, line in enumerate(own.lines):
            if line.is_level != is_level or line.wire not in channels:
                continue
            bundles = found.setdefault(line.wire, [])
            for bundle in bundles:
                kind = bundle.joins(own, index)
                if kind:
                    bundle.members.append((own, index))
                    bundle.kind = kind
                    break
            else:
                bundles.append(Bundle([(own, index)]))
    return found


def ribbon(bundle: Bundle, position: Callable[[Line], int], exact: Callable[[Line], bool]) -> Ribbon:
    """A bundle with the place of its ends; `position` gives where a crossing line lies along the channel."""
    ends: list[End] = []
    for own, index in bundle.members:
        line, before, after = own.lines[index], own.lines[index - 1], own.lines[index + 1]
        for other, far in ((before, before.start), (after, after.end)):
            side = -1 if far < line.wire else 1 if far > line.wire else 0
            ends.append(End(position(other), side, exact(other)))
    places = [end.at for end in ends]
    return Ribbon(bundle, min(places), max(places), tuple(dict.fromkeys(ends)))


def assign_tracks(ribbons: list[Ribbon], gap: int) -> list[tuple[Ribbon, Ribbon]]:
    """Numbers the tracks of a channel from its first side on; returns the pairs that would still lie on each other.

    Two ribbons need different tracks when they come nearer than `gap` along the channel.
    """
    ordered = _ordered(ribbons, gap)
    for index, own in enumerate(ordered):
        own.track = max((other.track + 1 for other in ordered[:index] if _meet(own, other, gap)), default=0)
    return [(a, b) for i, a in enumerate(ordered) for b in ordered[i + 1 :] if _cost(a, b) >= _CLASH]


def _meet(a: Ribbon, b: Ribbon, gap: int) -> bool:
    return a.low <= b.high + gap and b.low <= a.high + gap


def _ordered(ribbons: list[Ribbon], gap: int) -> list[Ribbon]:
    """The order across the channel with the fewest crossings that single moves find."""
    ordered = sorted(ribbons, key=lambda own: (sum(end.side for end in own.ends), own.low, own.high))
    costs = {(id(a), id(b)): _cost(a, b) if _meet(a, b, gap) else 0 for a in ribbons for b in ribbons if a is not b}

    def gain(index: int, to: int) -> float:
        own = ordered[index]
        passed = ordered[to:index] if to < index else ordered[index + 1 : to + 1]
        sign = 1 if to < index else -1
        return sum(sign * (costs[id(b), id(own)] - costs[id(own), id(b)]) for b in passed)

    for _ in range(4 * len(ordered)):
        moves = [(gain(i, to), -abs(i - to), -i, -to) for i in range(len(ordered)) for to in range(len(ordered)) if i != to]
        best = max(moves, default=(0.0, 0, 0, 0))
        if best[0] <= 0:
            break
        ordered.insert(-best[3], ordered.pop(-best[2]))
    return ordered


def _cost(a: Ribbon, b: Ribbon) -> float:
    """What lies wrong when `a` is before `b` (left of it, or above)."""
    crossings = sum(1 for end in a.ends if end.side > 0 and b.low < end.at < b.high)
    crossings += sum(1 for end in b.ends if end.side < 0 and a.low < end.at < a.high)
    clash = 0.0
    for end in a.ends:
        for other in b.ends:
            if end.at == other.at and end.side > 0 > other.side:
                clash += _CLASH if end.is_exact and other.is_exact else 0.5
    return crossings + clash


def untie(clashes: Iterable[tuple[Ribbon, Ribbon]], grid: Grid) -> bool:
    """Breaks lines in two where no order of a channel keeps them off each other; tells whether any was broken."""
    for pair in clashes:
        for own in sorted(pair, key=lambda own: len(own.bundle.members)):
            if _break(own, grid):
                return True
    return False


def _break(own: Ribbon, grid: Grid) -> bool:
    """Lets the lines of a ribbon change to another track half-way."""
    lines = [(member, member.lines[index]) for member, index in own.bundle.members]
    low = min(min(line.start, line.end) for _, line in lines)
    high = max(max(line.start, line.end) for _, line in lines)
    channels = grid.channels_x if lines[0][1].is_level else grid.channels_y
    inner = sorted(wire for wire in channels if low < wire < high)
    if not inner:
        return False
    at = inner[len(inner) // 2]
    for member, line in lines:
        if min(line.start, line.end) < at < max(line.start, line.end):
            index = next(i for i, other in enumerate(member.lines) if other is line)
            step = Line(line.edge, not line.is_level, at, line.wire, line.wire)
            rest = Line(line.edge, line.is_level, line.wire, at, line.end)
            line.end = at
            member.lines[index + 1 : index + 1] = [step, rest]
    return True
