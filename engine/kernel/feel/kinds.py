"""Finds out, without evaluating, of what kind the values in an expression are, and where kinds meet that give null whatever a case holds.

What is not known is never complained of. Kinds are those of `values.kind_of`; a day or moment in a form is a text in ISO 8601, so
that a text may stand beside a day unless it is written out and is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from engine.kernel.feel.nodes import Node
from engine.kernel.feel.reads import Path, result_path
from engine.kernel.feel.times import clock, day, duration, moment
from engine.kernel.feel.values import Inner, kind_of

KindOf = Callable[[Path], "str | None"]  # the kind of what a path holds; of a path under a list, that of one row

_BUILT_IN = {
    "number": (
        "count", "sum", "mean", "string length", "number", "floor", "ceiling", "decimal", "modulo", "round half up", "round half down", "round up",
        "round down",
    ),
    "boolean": ("all", "any", "list contains", "contains", "starts with", "ends with", "is defined"),
    "list": ("index of", "append", "concatenate", "union", "distinct values", "flatten", "reverse"),
    "text": ("substring", "substring before", "substring after", "upper case", "lower case", "string join", "string"),
    "day": ("date", "workdays", "months"),
    "moment": ("date and time",),
    "time": ("time",),
    "months": ("years and months duration",),
}  # fmt: skip
_RESULTS = {name: kind for kind, names in _BUILT_IN.items() for name in names}
_SINGLE = frozenset({"boolean", "number", "text", "day", "moment", "time", "period", "months"})
_READ_AS = {"day": day, "moment": moment, "time": clock, "period": duration, "months": duration}  # how a text beside such a value is read
_SUMS = {
    ("number", "number"): "number", ("text", "text"): "text", ("period", "period"): "period", ("months", "months"): "months",
    ("day", "period"): "day", ("day", "months"): "day", ("moment", "period"): "moment", ("moment", "months"): "moment",
    ("time", "period"): "time", ("period", "time"): "time",
    ("period", "day"): "day", ("months", "day"): "day", ("period", "moment"): "moment", ("months", "moment"): "moment",
}  # fmt: skip
_DIFFERENCES = {
    ("number", "number"): "number", ("period", "period"): "period", ("months", "months"): "months", ("day", "day"): "period",
    ("moment", "moment"): "period", ("day", "period"): "day", ("day", "months"): "day", ("moment", "period"): "moment",
    ("moment", "months"): "moment", ("time", "time"): "period", ("time", "period"): "time",
}  # fmt: skip


class Sort(NamedTuple):
    """What is known of a value: its kind (None: nothing), where in the data it or its items stand, and what is written out."""

    kind: str | None
    path: Path | None = None
    written: Inner = None


class Unlike(NamedTuple):
    """Two values, as they are written and of what kind, that can never be compared or calculated with."""

    left: str
    left_kind: str
    right: str
    right_kind: str


class NoCondition(NamedTuple):
    """A value, as it is written, that is asked like a yes or no and can be neither."""

    text: str
    kind: str


UNKNOWN = Sort(None)
Bound = tuple[tuple[str, Sort], ...]  # variables of loops; "" is the row of a filter


class Kinds:
    """The kinds in one expression, given those of the data."""

    def __init__(self, body: str, known: KindOf) -> None:
        self._body, self._known = body, known
        self.misfits: list[Unlike | NoCondition] = []

    def of(self, node: Node, bound: Bound = ()) -> Sort:
        """What is known of the value of a node; what does not fit in it is noted."""
        parts = node.parts
        match node.kind:
            case "literal":
                return Sort(kind_of(node.value), None, node.value)
            case "name":
                return self._name(node.word, bound)
            case "path":
                return self._under(self.of(parts[0], bound), node.word)
            case "filtered":
                return self._filtered(node, bound)
            case "each" | "some" | "every":
                for name, source in zip(node.names, parts, strict=False):
                    bound = (*bound, (name, self._item(self.of(source, bound))))
                self.of(parts[-1], bound)
                return Sort("list" if node.kind == "each" else "boolean")
            case "context":
                for name, part in zip(node.names, parts, strict=True):
                    bound = (*bound, (name, self.of(part, bound)))
                return Sort("context")
            case "either" | "both" | "opposite":
                for part in parts:
                    self._ask(part, bound)
                return Sort("boolean")
            case "choice":
                self._ask(parts[0], bound)
                kinds = {self.of(part, bound).kind for part in parts[1:]} - {"null"}
                return Sort(kinds.pop()) if len(kinds) == 1 else UNKNOWN
            case "compared":
                self._compare(parts[0], parts[1], bound)
                return Sort("boolean")
            case "within":
                for test in parts[1:]:
                    self._test(parts[0], test, bound)
                return Sort("boolean")
            case "plus":
                return self._calculated(parts, _SUMS, bound)
            case "minus":
                return self._calculated(parts, _DIFFERENCES, bound)
            case "call":
                for part in parts:
                    self.of(part, bound)
                if node.word in _RESULTS:
                    return Sort(_RESULTS[node.word])
                if node.word == "duration" and isinstance(parts[0].value, str):
                    return Sort(kind_of(duration(parts[0].value)))
                path = result_path(node)
                return Sort("list", path) if node.word == "answers" else self._at(path)
        for part in parts:
            self.of(part, bound)
        if node.kind == "negative" and parts[0].kind == "literal":
            return Sort(kind_of(parts[0].value))
        return Sort("list" if node.kind in ("list", "span") else None)

    def _name(self, name: str, bound: Bound) -> Sort:
        for variable, sort in reversed(bound):
            if variable == name or (not variable and name == "item"):
                return sort
            if not variable:
                if sort.path is None:
                    return UNKNOWN  # perhaps a field of this row
                if self._known((*sort.path, name)) is not None:
                    return self._at((*sort.path, name))
        return self._at((name,))

    def _at(self, path: Path) -> Sort:
        return Sort(self._known(path), path)

    def _item(self, sort: Sort) -> Sort:
        """One item of a list."""
        if sort.kind != "list" or sort.path is None:
            return UNKNOWN
        return Sort(None, sort.path)

    def _under(self, sort: Sort, field: str) -> Sort:
        if sort.path is None:
            return UNKNOWN
        path = (*sort.path, field)
        return Sort("list", path) if sort.kind == "list" else self._at(path)

    def _filtered(self, node: Node, bound: Bound) -> Sort:
        base = self.of(node.parts[0], bound)
        condition = self.of(node.parts[1], (*bound, ("", self._item(base))))
        if condition.kind == "number":
            return self._item(base)
        return Sort("list", base.path) if condition.kind == "boolean" else UNKNOWN

    def _compare(self, left: Node, right: Node, bound: Bound) -> None:
        self._note(left, self.of(left, bound), right, self.of(right, bound))

    def _test(self, subject: Node, test: Node, bound: Bound) -> None:
        if test.kind == "member" and test.parts[0].kind == "list":
            for item in test.parts[0].parts:
                self._compare(subject, item, bound)
        elif test.kind != "member" or test.parts[0].kind == "literal" or self.of(test.parts[0], bound).kind != "boolean":
            for part in test.parts:
                self._compare(subject, part, bound)

    def _ask(self, node: Node, bound: Bound) -> None:
        kind = self.of(node, bound).kind
        if kind in _SINGLE and kind != "boolean":
            self.misfits.append(NoCondition(self._text(node), str(kind)))

    def _note(self, left: Node, one: Sort, right: Node, other: Sort) -> None:
        if _never_alike(one, other) or _never_alike(other, one):
            self.misfits.append(Unlike(self._text(left), str(one.kind), self._text(right), str(other.kind)))

    def _calculated(self, parts: tuple[Node, ...], results: dict[tuple[str, str], str], bound: Bound) -> Sort:
        left, right = (self.of(part, bound) for part in parts)
        if left.kind not in _SINGLE or right.kind not in _SINGLE:
            return UNKNOWN
        kinds = {left.kind, right.kind}
        if "text" in kinds and (kinds & _READ_AS.keys() or (kinds == {"text"} and results is _DIFFERENCES)):
            return UNKNOWN  # a text may be a day
        found = results.get((left.kind, right.kind))
        if found is None:
            self.misfits.append(Unlike(self._text(parts[0]), str(left.kind), self._text(parts[1]), str(right.kind)))
        return Sort(found)

    def _text(self, node: Node) -> str:
        return self._body[node.at : node.end]


def _never_alike(one: Sort, other: Sort) -> bool:
    """Whether a comparison is null for all values of these sorts."""
    if one.kind not in _SINGLE or other.kind not in _SINGLE or one.kind == other.kind:
        return False
    if one.kind == "text":
        return other.kind not in _READ_AS or (isinstance(one.written, str) and _READ_AS[other.kind](one.written) is None)
    return other.kind != "text" and {one.kind, other.kind} != {"day", "moment"}  # in forms both are texts that begin alike


def kind(node: Node, known: KindOf) -> str | None:
    """The kind of what an expression gives, null left aside; None when that is not known."""
    return Kinds("", known).of(node).kind


def misfits(node: Node, body: str, known: KindOf) -> tuple[Unlike | NoCondition, ...]:
    """Everything in an expression that gives null whatever a case holds."""
    kinds = Kinds(body, known)
    kinds.of(node)
    return tuple(dict.fromkeys(kinds.misfits))
