"""The light tree of an expression, and the one error it is refused with. It must not know how a tree is made or run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.kernel.feel.values import Inner


class FeelError(Exception):
    """A text that is no expression, or an evaluation that cannot go on.

    `position` is the 0-based column in `text`; `message` is Japanese, names the column (from 1) and the remedy.
    """

    def __init__(self, text: str, position: int, message: str) -> None:
        self.text = text
        self.position = min(position, len(text))
        self.message = f"{self.position + 1}文字目: {message}"
        super().__init__(self.message)


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One piece of an expression: what it is, where it stands in the text, what it is made of."""

    kind: str
    at: int
    end: int
    parts: tuple[Node, ...] = ()
    word: str = ""  # a name, a field, an operator, the brackets of an interval
    names: tuple[str, ...] = ()  # variables of a loop, keys of a context
    value: Inner = None  # of a literal


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    open_nodes = [node]
    while open_nodes:
        node = open_nodes.pop()
        yield node
        open_nodes.extend(reversed(node.parts))
