"""Finds out, without evaluating, which data an expression reads and which texts it compares them with.

A path is ("S10", "roles", "org"). The variable of a loop and the item of a filter stand for what they range over;
`answers("S2")` stands for ("S2",). What another function gives begins with its name and "()": ("persons()", "share"); of those that
give answers, the form follows: ("records()", "S2", "at"). In a filter a bare name may be a field of the row or a name from outside;
only the caller knows which paths exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from engine.kernel.feel.builtins import BUILT_IN
from engine.kernel.feel.nodes import Node

Path = tuple[str, ...]
Known = Callable[[Path], bool]

# The items of what these give are the items of what they take.
_PASSING_ON = frozenset({"append", "concatenate", "union", "distinct values", "flatten", "reverse", "min", "max"})
_SEARCHING = frozenset({"list contains", "index of"})
ANSWERS_OF = frozenset({"records", "in_force", "base"})  # what these give are answers of the form that they are told first


@dataclass(frozen=True, slots=True)
class Reads:
    """What an expression reads."""

    paths: frozenset[Path]
    results: frozenset[Path]  # fields of what functions give, without "()": ("persons", "share")
    literals_compared: tuple[tuple[Path, str], ...]


class Meaning(NamedTuple):
    """The paths that one reading may mean, the innermost first, and the one it means when none of them is known."""

    paths: tuple[Path, ...]
    else_: Path

    def under(self, field: str) -> Meaning:
        return Meaning(tuple((*path, field) for path in self.paths), (*self.else_, field))

    def chosen(self, known: Known) -> Path:
        return next((path for path in self.paths if known(path)), self.else_)


Sources = tuple[Meaning, ...]


class Variable(NamedTuple):
    """A name bound by a loop; or, without a name, the row of a filter."""

    name: str
    sources: Sources


Bound = tuple[Variable, ...]


class Found:
    """Every reading and comparison in one expression, with all that it may mean."""

    def __init__(self, node: Node) -> None:
        self._readings: dict[Meaning, None] = {}
        self._compared: dict[tuple[Meaning, str], None] = {}
        self._visit(node, ())

    def among(self, known: Known) -> Reads:
        """What is read when these paths are the known ones."""
        paths = {meaning.chosen(known) for meaning in self._readings}
        compared = dict.fromkeys((meaning.chosen(known), text) for meaning, text in self._compared)
        return Reads(
            frozenset(path for path in paths if not path[0].endswith("()")),
            frozenset((path[0][:-2], *path[1:]) for path in paths if path[0].endswith("()") and len(path) > 1),
            tuple((path, text) for path, text in compared if not path[0].endswith("()")),
        )

    def _visit(self, node: Node, bound: Bound) -> Sources:
        """Notes what is read in a node, its own value included."""
        sources = self._trace(node, bound)
        self._readings.update(dict.fromkeys(sources))
        return sources

    def _trace(self, node: Node, bound: Bound) -> Sources:
        """Notes what is read on the way; returns what the value, or the items of the value, come from."""
        parts = node.parts
        match node.kind:
            case "name":
                return _resolved(node.word, bound)
            case "path":
                return tuple(meaning.under(node.word) for meaning in self._trace(parts[0], bound))
            case "filtered":
                rows = self._visit(parts[0], bound)
                self._visit(parts[1], (*bound, Variable("", rows)))
                return rows
            case "each" | "some" | "every":
                for name, source in zip(node.names, parts, strict=False):
                    bound = (*bound, Variable(name, self._visit(source, bound)))
                return self._trace(parts[-1], bound) if node.kind == "each" else self._nothing(parts[-1:], bound)
            case "context":
                for name, part in zip(node.names, parts, strict=True):
                    bound = (*bound, Variable(name, self._visit(part, bound)))
                return ()
            case "choice":
                self._visit(parts[0], bound)
                return self._trace(parts[1], bound) + self._trace(parts[2], bound)
            case "list":
                return self._traced(parts, bound)
            case "call":
                return self._call(node, bound)
            case "compared" if node.word in ("=", "!="):
                self._compare(parts[0], parts[1], bound)
                return ()
            case "within":
                for test in parts[1:]:
                    self._test(parts[0], test, bound)
                return ()
            case "tests" | "no_tests":
                for test in parts:
                    self._test(Node("name", node.at, node.at, word="?"), test, bound)
                return ()
        return self._nothing(parts, bound)

    def _traced(self, parts: tuple[Node, ...], bound: Bound) -> Sources:
        return tuple(meaning for part in parts for meaning in self._trace(part, bound))

    def _nothing(self, parts: tuple[Node, ...], bound: Bound) -> Sources:
        for part in parts:
            self._visit(part, bound)
        return ()

    def _call(self, node: Node, bound: Bound) -> Sources:
        parts = node.parts
        if node.word in _PASSING_ON:
            return self._traced(parts, bound)
        if node.word in _SEARCHING:
            self._compare(parts[0], parts[1], bound)
            return ()
        self._nothing(parts, bound)
        if node.word in BUILT_IN:
            return ()
        path = result_path(node)
        return (Meaning((path,), path),)

    def _test(self, subject: Node, test: Node, bound: Bound) -> None:
        if test.kind == "interval" or test.word not in ("", "=", "!="):
            self._nothing((subject, *test.parts), bound)
        else:
            self._compare(subject, test.parts[0], bound)

    def _compare(self, left: Node, right: Node, bound: Bound) -> None:
        for one, other in ((left, right), (right, left)):
            sources = self._visit(one, bound)
            self._compared.update(dict.fromkeys((meaning, text) for meaning in sources for text in texts(other)))


def result_path(call: Node) -> Path:
    """What stands for that which a function gives."""
    form = call.parts[0].value if call.parts and call.parts[0].kind == "literal" else None
    if isinstance(form, str) and call.word == "answers" and len(call.parts) == 1:
        return (form,)
    return (f"{call.word}()", form) if isinstance(form, str) and call.word in ANSWERS_OF else (f"{call.word}()",)


def texts(node: Node) -> Iterator[str]:
    """The text literals that the value of a node may be, or may hold."""
    if node.kind == "literal" and isinstance(node.value, str):
        yield node.value
    elif node.kind == "list":
        for part in node.parts:
            yield from texts(part)
    elif node.kind == "choice":
        for part in node.parts[1:]:
            yield from texts(part)


def _resolved(name: str, bound: Bound) -> Sources:
    """What a name may mean: a field of the rows around it, a variable, or a name from outside."""
    rows: list[Sources] = []
    outside: Sources = (Meaning(((name,),), (name,)),)
    variable = False
    for each in reversed(bound):
        if each.name == name or (not each.name and name == "item"):
            outside, variable = each.sources, True
            break
        if not each.name and each.sources:
            rows.append(each.sources)
    if not rows:
        return outside
    further = tuple(path for sources in rows[1:] for meaning in sources for path in meaning.under(name).paths)
    beyond = further + tuple(path for meaning in outside for path in meaning.paths)
    return tuple(
        Meaning(field.paths + beyond, outside[0].else_ if variable and outside else field.else_)
        for field in (meaning.under(name) for meaning in rows[0])
    )
