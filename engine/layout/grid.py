"""The wires on which flows run: a grid of columns, rows and the channels between them; it knows no pixels and no flows.

From left to right a channel, then for every column its middle, one wire for each boundary event, and the next channel.
From top to bottom, lane by lane, a channel, then for every row its middle and the next channel.
A middle holds one flow (the nodes stand on it), a channel any number side by side.
A vertex (x, y) is where wire x and wire y cross. Nodes block the vertices they cover.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate

Vertex = tuple[int, int]


class Way(IntEnum):
    """A direction; the opposite one is two steps on."""

    RIGHT = 0
    DOWN = 1
    LEFT = 2
    UP = 3

    @property
    def is_level(self) -> bool:
        return self in (Way.RIGHT, Way.LEFT)

    @property
    def opposite(self) -> Way:
        return _OPPOSITES[self]

    def step(self, vertex: Vertex, by: int = 1) -> Vertex:
        """The vertex that lies `by` wires further in this direction."""
        dx, dy = _STEPS[self]
        return vertex[0] + by * dx, vertex[1] + by * dy


_OPPOSITES = (Way.LEFT, Way.UP, Way.RIGHT, Way.DOWN)
_STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))


class Wires:
    """Wires that flows may run on, `width` upright and `height` level ones.

    Nodes block vertices; others are better avoided, since names stand there.
    """

    def __init__(self, width: int, height: int, channels_x: Collection[int] = (), channels_y: Collection[int] = ()) -> None:
        self.width, self.height = width, height
        self.channels_x, self.channels_y = frozenset(channels_x), frozenset(channels_y)
        self.blocked: set[Vertex] = set()
        self.avoided: set[Vertex] = set()

    def is_free(self, vertex: Vertex) -> bool:
        x, y = vertex
        return 0 <= x < self.width and 0 <= y < self.height and vertex not in self.blocked


@dataclass(frozen=True)
class Cell:
    """The cells a node covers: its lane, first column and row, and how many of each."""

    lane: int
    column: int
    row: int
    columns: int = 1
    rows: int = 1


class Grid(Wires):
    """The wires of a frame: so many columns, rows in each lane, and wires for boundary events in each column."""

    def __init__(self, columns: int, rows: Sequence[int], boundaries: Mapping[int, int]) -> None:
        self.columns, self.rows = columns, tuple(rows)
        self._channels = list(accumulate((2 + boundaries.get(c, 0) for c in range(columns)), initial=0))
        self._lanes = list(accumulate((2 * count + 1 for count in rows), initial=0))
        below = [self.above(lane, row) for lane, count in enumerate(self.rows) for row in range(count + 1)]
        super().__init__(self._channels[-1] + 1, self._lanes[-1], self._channels, below)

    def channel(self, column: int) -> int:
        """The vertical channel left of a column."""
        return self._channels[column]

    def middle(self, column: int) -> int:
        return self._channels[column] + 1

    def boundary(self, column: int, number: int) -> int:
        """The wire of the `number`-th boundary event in a column, counted from the right."""
        return self._channels[column + 1] - 1 - number

    def row(self, lane: int, row: int) -> int:
        return self._lanes[lane] + 2 * row + 1

    def above(self, lane: int, row: int) -> int:
        """The horizontal channel above a row; with row = number of rows, the one below the last."""
        return self._lanes[lane] + 2 * row

    def block(self, cell: Cell) -> None:
        """Keeps flows out of the cells of a node."""
        top, bottom = self.row(cell.lane, cell.row), self.row(cell.lane, cell.row + cell.rows - 1)
        for x in range(self.middle(cell.column), self.channel(cell.column + cell.columns)):
            self.blocked.update((x, y) for y in range(top, bottom + 1))
