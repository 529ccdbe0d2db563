"""The functions of FEEL on lists. A null is no list and gives null; a single value counts as a list of one."""

from __future__ import annotations

from collections.abc import Callable

from engine.kernel.feel.arithmetic import added, divided, is_number
from engine.kernel.feel.values import Budget, Inner, admitted, equal, listed, ordered

Function = Callable[[list[Inner], Budget], Inner]


def items_of(value: Inner, budget: Budget) -> list[Inner] | None:
    """The items of a list; a single value counts as a list of one, null as none."""
    if value is None:
        return None
    items = value if isinstance(value, list) else [value]
    budget.spend(1 + len(items))
    return [admitted(item) for item in items]


def of_list(function: Callable[[list[Inner], Budget], Inner]) -> Function:
    """A function of one list."""

    def apply(arguments: list[Inner], budget: Budget) -> Inner:
        items = items_of(arguments[0], budget)
        return None if items is None else function(items, budget)

    return apply


def of_values(function: Callable[[list[Inner], Budget], Inner]) -> Function:
    """A function of one list, or of the values given one by one."""

    def apply(arguments: list[Inner], budget: Budget) -> Inner:
        items = items_of(arguments if len(arguments) > 1 else arguments[0], budget)
        return None if items is None else function(items, budget)

    return apply


def total(items: list[Inner], budget: Budget) -> Inner:
    """The sum of numbers; null when there are none, or when one is no number."""
    if not items or not all(is_number(item) for item in items):
        return None
    result: Inner = 0
    for item in items:
        result = added(result, item)
    return result


def mean(items: list[Inner], budget: Budget) -> Inner:
    """The sum divided by how many there are."""
    return divided(total(items, budget), len(items))


def best(operator: str) -> Function:
    """The least (`<`) or greatest (`>`) of values of one ordered kind."""

    def choose(items: list[Inner], budget: Budget) -> Inner:
        if not items:
            return None
        chosen = items[0]
        for item in items[1:]:
            better = ordered(operator, item, chosen)
            if better is None:
                return None
            chosen = item if better else chosen
        return chosen

    return of_values(choose)


def every(items: list[Inner], budget: Budget) -> Inner:
    """Whether all are true; one false decides."""
    return False if False in _booleans(items) else None if None in _booleans(items) else True


def some(items: list[Inner], budget: Budget) -> Inner:
    """Whether one is true."""
    return True if True in _booleans(items) else None if None in _booleans(items) else False


def _booleans(items: list[Inner]) -> list[bool | None]:
    return [item if isinstance(item, bool) else None for item in items]


def holds(items: list[Inner], wanted: Inner, budget: Budget) -> bool:
    """Whether the items hold a value."""
    budget.spend(len(items))
    return any(equal(item, wanted, budget) is True for item in items)


def contains(arguments: list[Inner], budget: Budget) -> Inner:
    """Whether a list holds a value."""
    items = items_of(arguments[0], budget)
    return None if items is None else holds(items, arguments[1], budget)


def positions(arguments: list[Inner], budget: Budget) -> Inner:
    """Where a list holds a value, counted from 1."""
    items = items_of(arguments[0], budget)
    if items is None:
        return None
    budget.spend(len(items))
    return [number for number, item in enumerate(items, 1) if equal(item, arguments[1], budget) is True]


def appended(arguments: list[Inner], budget: Budget) -> Inner:
    """A list with further values at its end."""
    items = items_of(arguments[0], budget)
    return None if items is None else listed([*items, *arguments[1:]])


def joined(arguments: list[Inner], budget: Budget) -> Inner:
    """Several lists as one."""
    result: list[Inner] = []
    for argument in arguments:
        items = items_of(argument, budget)
        if items is None:
            return None
        result.extend(items)
    return listed(result)


def united(arguments: list[Inner], budget: Budget) -> Inner:
    """Several lists as one, each value once."""
    items = joined(arguments, budget)
    return distinct(items, budget) if isinstance(items, list) else None


def distinct(items: list[Inner], budget: Budget) -> Inner:
    """Each value once, in the order of first appearance."""
    kept: list[Inner] = []
    for item in items:
        if not holds(kept, item, budget):
            kept.append(item)
    return kept


def flattened(items: list[Inner], budget: Budget) -> Inner:
    """The items of lists within lists, as one list."""
    flat: list[Inner] = []
    left = items[::-1]
    while left:
        item = left.pop()
        if isinstance(item, list):
            left.extend((items_of(item, budget) or [])[::-1])
        else:
            flat.append(item)
    return listed(flat)
