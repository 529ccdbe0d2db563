"""A decision as frozen values: what its table says, in FEEL texts. It neither reads files nor decides anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from engine.kernel.feel import parse_unary

HitPolicy = Literal["UNIQUE", "ANY", "PRIORITY", "FIRST", "RULE ORDER", "OUTPUT ORDER", "COLLECT"]
Aggregation = Literal["SUM", "MIN", "MAX", "COUNT"]


@dataclass(frozen=True, slots=True)
class Input:
    """A condition column."""

    label: str
    expression: str  # FEEL
    line: int | None = None
    values: str | None = None  # FEEL tests that every input meets


@dataclass(frozen=True, slots=True)
class Output:
    """A result column."""

    name: str  # the key in the result
    label: str = ""
    values: str | None = None  # FEEL values, the most important first
    default: str | None = None  # FEEL, when no row hits
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: one test for each input, one FEEL text for each output, and its author's note on why it is there."""

    id: str
    cells: tuple[str, ...]
    outputs: tuple[str, ...]
    line: int | None = None
    note: str = ""


class Sentence(NamedTuple):
    """One expression of a decision, and where it stands."""

    where: str  # Japanese
    text: str  # FEEL
    line: int | None


@dataclass(frozen=True, slots=True)
class Decision:
    """A table, or (`expression`) a single FEEL text. `requires` names the decisions whose results it reads, by id.

    With `parameters` it is a business knowledge model: a function of these values, which those call that have it in `knows`, by id.
    """

    id: str
    name: str
    variable: str  # how a decision that requires this one names its result
    hit_policy: HitPolicy = "UNIQUE"
    aggregation: Aggregation | None = None
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    rules: tuple[Rule, ...] = ()
    requires: tuple[str, ...] = ()
    expression: str | None = None
    line: int | None = None
    parameters: tuple[str, ...] = ()
    knows: tuple[str, ...] = ()

    @property
    def expressions(self) -> tuple[str, ...]:
        """Everything that reads data, as expressions; a cell as a comparison with its input."""
        return tuple(sentence.text for sentence in self.sentences())

    def sentences(self) -> Iterator[Sentence]:
        """The same with the places. A cell `"own"` under `S1.route` is the sentence `(S1.route) in ("own")`."""
        if self.expression is not None:
            yield Sentence("式", self.expression, self.line)
        for column in self.inputs:
            yield Sentence(f"条件の列「{column.label}」", column.expression, column.line)
        for result in self.outputs:
            texts = (result.default, f"[{result.values}]" if result.values else None)
            yield from (Sentence(f"結果の列「{result.label}」", text, result.line) for text in texts if text)
        for number, rule in enumerate(self.rules, 1):
            for column, cell in zip(self.inputs, rule.cells, strict=True):
                about = parse_unary(cell).about(column.expression)
                if about is not None:
                    yield Sentence(cell_place(number, column.label), about, rule.line)
            for result, text in zip(self.outputs, rule.outputs, strict=True):
                yield Sentence(cell_place(number, result.label), text, rule.line)


def cell_place(row: int, label: str) -> str:
    """How a cell is called in a message; rows are counted from 1."""
    return f"{row}行目の「{label}」のマス"
