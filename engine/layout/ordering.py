"""Gives every node its row inside its lane: main path in the first row, branches below it; it knows no pixels.

Nodes that follow one another in a lane form a chain, and a chain keeps one row, so that its flows are straight.
The chains of a lane are stacked in an order; sweeps over the lanes move chains up and down as long as flows get shorter
and cross less.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from engine.layout.crossing import Tangle
from engine.layout.figures import Frame
from engine.layout.layers import Layers, Link, linked

_GAP = 2  # a straight flow may pass so many columns without a node
_SWEEPS = 4


@dataclass(frozen=True)
class Rows:
    """The row of every node in its lane, and how many rows each lane has."""

    row: Mapping[str, int]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Chain:
    """Nodes of one lane that stand in one row, and the columns they take with the rows of each."""

    nodes: tuple[str, ...]
    lane: int
    is_main: bool
    columns: tuple[tuple[int, int], ...]  # (column, rows)


def assign_rows(frame: Frame, layers: Layers, sizes: Mapping[str, tuple[int, int]]) -> Rows:
    """The rows of a frame's nodes; `sizes` = columns and rows that a node takes."""
    links = linked(frame)
    chains = list(_chains(frame, layers, [link for link in links if link.id not in layers.returning], sizes))
    stacks: list[list[Chain]] = [[] for _ in range(frame.lanes)]
    for chain in sorted(chains, key=lambda chain: (not chain.is_main, chain.columns[0][0])):
        stacks[chain.lane].append(chain)
    tangle = Tangle(frame, layers, links, sizes)
    best = tangle.cost(_stacked(stacks))
    for _ in range(_SWEEPS):
        before = best
        for lane, stack in enumerate(stacks):
            for chain in [chain for chain in stack if not chain.is_main]:
                best, stacks[lane] = _moved(stacks, lane, chain, tangle, best)
        if best == before:
            break
    return _stacked(stacks)


def _moved(stacks: list[list[Chain]], lane: int, chain: Chain, tangle: Tangle, best: float) -> tuple[float, list[Chain]]:
    """The best order of a lane that differs by the place of one chain."""
    found = stacks[lane]
    rest = [other for other in found if other is not chain]
    first = sum(1 for other in rest if other.is_main)
    for place in range(first, len(rest) + 1):
        tried = [*rest[:place], chain, *rest[place:]]
        cost = tangle.cost(_stacked([*stacks[:lane], tried, *stacks[lane + 1 :]]))
        if cost < best:
            best, found = cost, tried
    return best, found


def _stacked(stacks: Iterable[list[Chain]]) -> Rows:
    """Each chain right below those that come before it in the order of its lane and stand in its columns."""
    row: dict[str, int] = {}
    counts = []
    for stack in stacks:
        filled: dict[int, int] = {}
        for chain in stack:
            at = max(filled.get(column, 0) for column, _ in chain.columns)
            row.update(dict.fromkeys(chain.nodes, at))
            filled.update({column: at + rows for column, rows in chain.columns})
        counts.append(max(filled.values(), default=1))
    return Rows(row, tuple(counts))


def _chains(frame: Frame, layers: Layers, links: Iterable[Link], sizes: Mapping[str, tuple[int, int]]) -> Iterator[Chain]:
    heir = _heirs(frame, layers, links, sizes)
    followers = set(heir.values())
    for node in frame.nodes:
        if node.id in layers.column and node.id not in followers:
            nodes = [node.id]
            while nodes[-1] in heir:
                nodes.append(heir[nodes[-1]])
            columns = dict.fromkeys(range(layers.column[nodes[0]], layers.column[nodes[-1]]), 1)
            for id_ in nodes:
                wide, high = sizes[id_]
                columns.update(dict.fromkeys(range(layers.column[id_], layers.column[id_] + wide), high))
            yield Chain(tuple(nodes), node.lane, node.id in layers.main, tuple(columns.items()))


def _heirs(frame: Frame, layers: Layers, links: Iterable[Link], sizes: Mapping[str, tuple[int, int]]) -> dict[str, str]:
    """The node that goes on in the row of another: on the main path always, elsewhere the first near one."""
    lane = {node.id: node.lane for node in frame.nodes}
    steps = zip(layers.main, layers.main[1:], strict=False)
    heir = {a: b for a, b in steps if lane[a] == lane[b]}
    main, claimed = set(layers.main), set(heir.values())
    for link in sorted(links, key=lambda link: layers.column[link.head]):
        gap = layers.column[link.head] - layers.column[link.tail] - sizes[link.tail][0]
        is_side = link.tail not in main and link.head not in main
        is_straight = lane[link.tail] == lane[link.head] and 0 <= gap <= _GAP
        if is_side and is_straight and link.tail not in heir and link.head not in claimed:
            heir[link.tail] = link.head
            claimed.add(link.head)
    return heir
