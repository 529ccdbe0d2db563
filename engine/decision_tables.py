"""A decision table as people read it: its columns, its rows, the names of options instead of their codes. It must not decide anything."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import store
from engine.city import City
from engine.errors import NotAllowed
from engine.kernel.decisions import Decision, Rule, find
from engine.kernel.feel import NOBODY, Ask, FeelError, Value, parse, parse_unary
from engine.kernel.model import walk
from engine.kernel.running import Executable
from forms.form import Field, Form

Forms = Mapping[str, Form]


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell asks of its column: any of these, or (``is_else``) anything but these; nothing of "-"."""

    asks: tuple[Ask, ...]
    is_else: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row, counted from 1. ``results`` are names of options, values, or FEEL where a case is needed."""

    number: int
    cells: tuple[Cell, ...]
    results: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition column, and how its input is given when somebody tries the table: ``kind`` is that of its form field, or "value"."""

    label: str
    kind: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """``expression`` instead of rows where the decision is none. ``requires``: id and name of the tables and knowledge models that it needs."""

    id: str
    name: str
    policy: str
    aggregation: str | None
    conditions: tuple[Condition, ...]
    results: tuple[str, ...]
    rows: tuple[Row, ...]
    defaults: tuple[str, ...]
    expression: str | None
    requires: tuple[tuple[str, str], ...]
    parameters: tuple[str, ...]  # of a knowledge model: the values that it is called with
    decision: Decision
    decisions: Mapping[str, Decision]  # of the process

    def tried(self, inputs: Sequence[Value]) -> tuple[int, ...]:
        """The rows that these inputs hit, one for each condition. Raises DecisionError when they contradict each other or a case is needed."""
        columns = tuple(replace(each, expression=f"input{number}") for number, each in enumerate(self.decision.inputs))
        alone = replace(self.decision, inputs=columns, requires=())
        return find(alone, _Inputs({f"input{number}": value for number, value in enumerate(inputs)}), self.decisions).rows[self.decision.id]


class _Inputs:
    """A scope that knows the inputs only."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = values

    def name(self, name: str) -> Value:
        return self._values[name]

    def call(self, name: str, arguments: list[Value]) -> Value:
        raise KeyError(name)


def table(city: City, c: Connection, process: str, decision: str, closure: str | None = None) -> tuple[str, Table]:
    """The name of a process, and a table that it uses: in the latest version, or in what an instance runs. Raises NotAllowed when there is none."""
    published = store.release_process
    query = sa.select(published.c.closure).order_by(published.c.release.desc()).limit(1)
    query = query.where(published.c.process == process)
    closure = c.scalar(query.where(published.c.closure == closure) if closure is not None else query)
    if closure is None:
        raise NotAllowed
    executable = city.executable(c, closure)
    if decision not in executable.decisions:
        raise NotAllowed
    return executable.process(process).name, _read(executable, executable.decisions[decision], city.forms(c, closure))


def _read(executable: Executable, decision: Decision, forms: Forms) -> Table:
    fields = [_field(column.expression, forms) for column in decision.inputs]
    outcomes = [_outcome(executable, decision.id, result.name, forms) for result in decision.outputs]
    rows = (_row(number, rule, fields, outcomes) for number, rule in enumerate(decision.rules, 1))
    has_defaults = any(each.default is not None for each in decision.outputs)
    defaults = [_result(each.default or "null", field) for each, field in zip(decision.outputs, outcomes, strict=True)] if has_defaults else []
    return Table(
        decision.id, decision.name, decision.hit_policy, decision.aggregation,
        tuple(_condition(each.label, field) for each, field in zip(decision.inputs, fields, strict=True)),
        tuple(each.label for each in decision.outputs), tuple(rows), tuple(defaults), decision.expression,
        tuple((id, executable.decisions[id].name) for id in (*decision.requires, *decision.knows)), decision.parameters, decision,
        executable.decisions,
    )  # fmt: skip


def _condition(label: str, field: Field | None) -> Condition:
    if field is None:
        return Condition(label, "value")
    return Condition(label, field.kind, tuple((code.code, code.label) for code in field.codes))


def _row(number: int, rule: Rule, fields: list[Field | None], outcomes: list[Field | None]) -> Row:
    cells = tuple(_cell(text, field) for text, field in zip(rule.cells, fields, strict=True))
    return Row(number, cells, tuple(_result(text, field) for text, field in zip(rule.outputs, outcomes, strict=True)), rule.note)


def _cell(text: str, field: Field | None) -> Cell:
    read = parse_unary(text)
    return Cell(tuple(_with_names(each, field) for each in read.asks), read.is_else)


def _with_names(asked: Ask, field: Field | None) -> Ask:
    """A test with the names of options instead of their codes."""
    return asked._replace(values=tuple(_named(value, field) for value in asked.values))


def _result(text: str, field: Field | None) -> str:
    try:
        value = parse(text).evaluate(NOBODY)
    except FeelError:
        return text
    return str(_named(value, field)) if isinstance(value, str) else "" if value is None else text


def _named(value: Value, field: Field | None) -> Value:
    return field.label_of(value) if field is not None and isinstance(value, str) and field.codes else value


def _field(expression: str, forms: Forms) -> Field | None:
    """The field that a condition reads, when it reads nothing else."""
    form, _, name = expression.partition(".")
    return next((field for field in forms[form].fields if field.name == name), None) if form in forms else None


def _outcome(executable: Executable, decision: str, column: str, forms: Forms) -> Field | None:
    """The field of a form that starts from this result."""
    names = {node.result for process in executable.model.processes.values() for node in walk(process.nodes) if node.decision == decision}
    starts = {f"={name}.{column}" for name in names}
    return next((field for form in forms.values() for field in _fields(form) if field.prefill in starts), None)


def _fields(form: Form) -> Iterator[Field]:
    for part in form.parts:
        yield from part.fields
