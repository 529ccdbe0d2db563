"""Looks up what a decision table says for the values at hand, and by which rows. It reads through a FEEL scope and changes nothing.

Source: DMN 1.3, 8.2.10 (hit policies). The result of a single-hit policy is a dict, or None when no row hits; of the
others a list of dicts; of an aggregation one value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

from engine.kernel.decisions.table import Decision, Rule, cell_place
from engine.kernel.errors import CannotGoOn
from engine.kernel.feel import FeelError, Scope, Value, equal, parse, parse_unary

CALLS_LIMIT = 1_000  # of knowledge models, for one result
Function = Callable[[list[Value]], Value]
_NONE: Mapping[str, Decision] = MappingProxyType({})
_NO_FUNCTIONS: Mapping[str, Function] = MappingProxyType({})
_LISTS = frozenset({"COLLECT", "RULE ORDER", "OUTPUT ORDER"})
Hit = tuple[int, dict[str, Value]]  # number of the row from 1 (0: the defaults), its results


class DecisionError(CannotGoOn):
    """Rows contradict each other, or an expression cannot go on; the message is Japanese and names the rows."""


class Finding(NamedTuple):
    """What a decision says, and why."""

    value: Value
    rows: dict[str, tuple[int, ...]]  # by table, its own, those required and those of knowledge models: the rows that hit, from 1; 0 are the default results


def decide(decision: Decision, scope: Scope, decisions: Mapping[str, Decision] = _NONE) -> Value:
    """The result in this scope; `decisions` holds those that it requires. Raises DecisionError."""
    return find(decision, scope, decisions).value


def find(decision: Decision, scope: Scope, decisions: Mapping[str, Decision] = _NONE) -> Finding:
    """The result in this scope, with the rows that hit in every table on the way. The row of a PRIORITY result stands first. Raises DecisionError."""
    results: dict[str, Value] = {}
    knowledge = _Knowledge(scope, decisions)
    rows = knowledge.rows
    for each in _in_order(decision, decisions):
        required = {decisions[id].variable: results[id] for id in each.requires}
        inside = _With(scope, required, knowledge.functions(each)) if required or each.knows else scope
        if each.expression is not None:
            results[each.id] = _value(each.expression, inside, "式")
        else:
            results[each.id], rows[each.id] = _looked_up(each, inside)
    return Finding(results[decision.id], rows)


class _With:
    """A scope with the results of the required decisions, or the values of a call, and the knowledge models that may be called."""

    def __init__(self, scope: Scope, results: Mapping[str, Value], functions: Mapping[str, Function] = _NO_FUNCTIONS) -> None:
        self._scope, self._results, self._functions = scope, results, functions

    def name(self, name: str) -> Value:
        return self._results[name] if name in self._results else self._scope.name(name)

    def call(self, name: str, arguments: list[Value]) -> Value:
        return self._functions[name](arguments) if name in self._functions else self._scope.call(name, arguments)


class _Knowledge:
    """The business knowledge models at hand while a decision is made, how often they were called, and the rows that hit in each."""

    def __init__(self, scope: Scope, decisions: Mapping[str, Decision]) -> None:
        self._scope, self._decisions, self._calls = scope, decisions, 0
        self.rows: dict[str, tuple[int, ...]] = {}

    def functions(self, decision: Decision) -> dict[str, Function]:
        """Those that a decision, or another model, may call, by name."""
        models = [_required(decision, id, self._decisions) for id in decision.knows]
        return {model.variable: partial(self._called, model) for model in models}

    def _called(self, model: Decision, arguments: list[Value]) -> Value:
        """What a model says of these values. It sees them and the case, nothing of who calls it."""
        self._calls += 1
        if self._calls > CALLS_LIMIT:
            raise DecisionError(f"知識モデルを呼び出す回数が多すぎます({CALLS_LIMIT}回まで)。一覧を小さくするか、表を分けてください。")
        if len(arguments) != len(model.parameters):
            raise DecisionError(f"知識モデル「{model.variable}」に渡す値は {'、'.join(model.parameters)} です。")
        inside = _With(self._scope, dict(zip(model.parameters, arguments, strict=True)), self.functions(model))
        try:
            if model.expression is not None:
                return _value(model.expression, inside, "式")
            value, hit = _looked_up(model, inside)
        except DecisionError as error:
            raise DecisionError(f"知識モデル「{model.name}」: {error}") from error
        self.rows[model.id] = tuple(dict.fromkeys((*self.rows.get(model.id, ()), *hit)))
        return value


def _in_order(decision: Decision, decisions: Mapping[str, Decision]) -> list[Decision]:
    """The decision after all that it requires."""
    ordered: dict[str, Decision] = {}
    ahead: list[tuple[Decision, bool]] = [(decision, False)]
    begun: set[str] = set()
    while ahead:
        each, ready = ahead.pop()
        if ready:
            ordered[each.id] = each
        elif each.id not in begun:
            begun.add(each.id)
            ahead.append((each, True))
            ahead.extend((_required(each, id, decisions), False) for id in each.requires)
        elif each.id not in ordered:
            raise DecisionError(f"決定「{each.id}」が、自分の結果を必要としています。")
    return list(ordered.values())


def _required(decision: Decision, id: str, decisions: Mapping[str, Decision]) -> Decision:
    if id not in decisions:
        raise DecisionError(f"決定「{decision.id}」が必要とする決定「{id}」がありません。")
    return decisions[id]


def _looked_up(decision: Decision, scope: Scope) -> tuple[Value, tuple[int, ...]]:
    """What a table says, and the rows that hit."""
    hits = list(_hits(decision, scope)) or _defaults(decision, scope)
    if decision.hit_policy in ("PRIORITY", "OUTPUT ORDER"):
        hits = _by_priority(decision, hits, scope)
    return _result(decision, hits, scope), tuple(number for number, _ in hits)


def _result(decision: Decision, hits: list[Hit], scope: Scope) -> Value:
    if decision.aggregation is not None:
        return _aggregated(decision, [row for _, row in hits], scope)
    if decision.hit_policy in _LISTS:
        return [row for _, row in hits]
    _refuse_contradiction(decision, hits)
    return hits[0][1] if hits else None


def _hits(decision: Decision, scope: Scope) -> Iterator[Hit]:
    values = [_value(column.expression, scope, f"条件の列「{column.label}」") for column in decision.inputs]
    for number, rule in enumerate(decision.rules, 1):
        if _is_hit(decision, number, rule, values, scope):
            yield number, {
                result.name: _value(text, scope, cell_place(number, result.label))
                for result, text in zip(decision.outputs, rule.outputs, strict=True)
            }
            if decision.hit_policy == "FIRST":
                return


def _is_hit(decision: Decision, number: int, rule: Rule, values: list[Value], scope: Scope) -> bool:
    for column, cell, value in zip(decision.inputs, rule.cells, values, strict=True):
        try:
            if not parse_unary(cell).matches(value, scope):
                return False
        except FeelError as error:
            raise DecisionError(f"{cell_place(number, column.label)}を計算できません。{error.message}") from error
    return True


def _defaults(decision: Decision, scope: Scope) -> list[Hit]:
    if all(result.default is None for result in decision.outputs):
        return []
    place = "結果の列「{}」の既定の値"
    texts = [(result.name, result.default or "null", place.format(result.label)) for result in decision.outputs]
    return [(0, {name: _value(text, scope, where) for name, text, where in texts})]


def _value(text: str, scope: Scope, where: str) -> Value:
    try:
        return parse(text).evaluate(scope)
    except FeelError as error:
        raise DecisionError(f"{where}を計算できません。{error.message}") from error


def _refuse_contradiction(decision: Decision, hits: list[Hit]) -> None:
    """UNIQUE allows one row, ANY several that say the same."""
    if len(hits) < 2 or decision.hit_policy not in ("UNIQUE", "ANY"):
        return
    if decision.hit_policy == "ANY" and all(equal(one, other) is True for (_, one), (_, other) in pairwise(hits)):
        return
    rows = "、".join(f"{number}行目" for number, _ in hits)
    unique = decision.hit_policy == "UNIQUE"
    trouble = "が同時に当てはまります" if unique else "が当てはまりますが、結果がちがいます"
    raise DecisionError(f"{rows}{trouble}。どれか1つだけが当てはまるように、条件を直してください。")


def _by_priority(decision: Decision, hits: list[Hit], scope: Scope) -> list[Hit]:
    """In the order of the output values, the first column first."""
    orders = [(each.name, parse(f"[{each.values}]").evaluate(scope)) for each in decision.outputs if each.values]

    def rank(hit: Hit) -> list[int]:
        return [_position(hit, name, order if isinstance(order, list) else []) for name, order in orders]

    return sorted(hits, key=rank)


def _position(hit: Hit, name: str, order: list[Value]) -> int:
    number, row = hit
    for position, value in enumerate(order):
        if equal(row[name], value) is True:
            return position
    raise DecisionError(f"{number}行目の「{name}」が、列の候補の値(outputValues)にありません。候補に足してください。")


def _aggregated(decision: Decision, rows: list[dict[str, Value]], scope: Scope) -> Value:
    values = [value for row in rows for value in row.values()]
    if decision.aggregation == "COUNT":
        return len(values)
    return _value(f"{decision.aggregation}(values)".lower(), _With(scope, {"values": values}), "結果のまとめ")
