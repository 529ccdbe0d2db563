"""What an expression does once per item: filters, `for`, `some`, `every`. Each round is paid for before it runs."""

from __future__ import annotations

from engine.kernel.feel.arithmetic import is_number
from engine.kernel.feel.lists import items_of
from engine.kernel.feel.nodes import Node, walk
from engine.kernel.feel.running import ROW, Code, Names, Run
from engine.kernel.feel.values import ITEMS, Inner, Overrun, admitted


def filtered(node: Node, base: Code, condition: Code, position: Code) -> Code:
    """`list[condition]`: the items that meet it, with their fields as names; `list[1]`: the item at this position.

    `condition` is compiled as inside of a row, `position` as outside.
    """
    at, cost, counts = node.at, _cost(node.parts[1]), _is_number(node.parts[1])

    def value(run: Run, names: Names) -> Inner:
        items = items_of(base(run, names), run.budget)
        run.at = at
        if items is None or counts:
            return None if items is None else _item_at(items, position(run, names))
        fields: Names = {field: None for item in items if isinstance(item, dict) for field in item}
        kept: list[Inner] = []
        for item in items:
            run.budget.spend(cost + len(fields))
            met = condition(run, {**names, "item": item, ROW: isinstance(item, dict), **fields, **_fields(item)})
            if is_number(met):
                return _item_at(items, met)
            if met is True:
                kept.append(item)
        return kept

    return value


def looped(node: Node, lists: list[Code], body: Code) -> Code:
    """`for`, `some`, `every` over one or several lists; a later list may name an earlier variable."""
    rounds = list(zip(node.names, lists, strict=True))
    cost = _cost(node.parts[-1])

    def value(run: Run, names: Names) -> Inner:
        run.at = node.at
        results: list[Inner] = []
        whole = _gather(run, dict(names), rounds, body, results, cost)
        if node.kind == "each":
            return results if whole else None
        return _quantified(results, node.kind == "some", whole)

    return value


def span(node: Node, low: Code, high: Code) -> Code:
    """`1..3` in a loop; downwards when the second is smaller."""

    def value(run: Run, names: Names) -> Inner:
        first, last = low(run, names), high(run, names)
        if type(first) is not int or type(last) is not int:
            return None
        run.at = node.at
        _check_rounds(abs(last - first) + 1)
        run.budget.spend(abs(last - first) + 1)
        return list(range(first, last + 1)) if first <= last else list(range(first, last - 1, -1))

    return value


def _gather(
    run: Run, names: Names, rounds: list[tuple[str, Code]], body: Code, results: list[Inner], cost: int
) -> bool:
    """Runs the body for every combination of items; False when one of the lists is null."""
    if not rounds:
        run.budget.spend(cost)
        results.append(body(run, names))
        _check_rounds(len(results))
        return True
    (name, source), *rest = rounds
    items = items_of(source(run, names), run.budget)
    whole = items is not None
    for item in items or ():
        names[name] = item
        whole = _gather(run, names, rest, body, results, cost) and whole
    return whole


def _quantified(results: list[Inner], decisive: bool, whole: bool) -> bool | None:
    if any(result is decisive for result in results):
        return decisive
    return not decisive if whole and all(type(result) is bool for result in results) else None


def _check_rounds(number: int) -> None:
    if number > ITEMS:
        raise Overrun(f"繰り返しが多すぎます({ITEMS}回まで)。")


def _fields(item: Inner) -> Names:
    return {field: admitted(value) for field, value in item.items()} if isinstance(item, dict) else {}


def _is_number(node: Node) -> bool:
    literal = node.parts[0] if node.kind == "negative" else node
    return literal.kind == "literal" and is_number(literal.value)


def _item_at(items: list[Inner], position: Inner) -> Inner:
    """Counted from 1, or from the end with -1; null when there is none."""
    if type(position) is not int or not 0 < abs(position) <= len(items):
        return None
    return items[position - 1 if position > 0 else position]


def _cost(node: Node) -> int:
    """What one round costs: the nodes of its body."""
    return 1 + sum(1 for _ in walk(node))
