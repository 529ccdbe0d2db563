"""Decides how the repeated groups of a part are drawn, and with them all its fields; writes no HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .controls import Board, Control, Row, Scope, classes, control
from .form import Field
from .messages import is_of_people
from .write import DATE_BOXES, ROW_KEY, row_key, rows_of

_LINE = 3
_LOW = frozenset({"text", "number", "select", "tick", "given"})


def controls(board: Board) -> dict[str, Control]:
    """The controls of a part by field name."""
    scope = Scope("", board.plan.switches, board.plan.whens, board.data)
    numbers = _row_numbers(board)
    return {
        asked.name: _list(board, asked, numbers.get(asked.name, []))
        if asked.kind == "list" and not asked.auto
        else control(board, asked, scope)
        for asked in board.plan.fields
    }


def _row_numbers(board: Board) -> dict[str, list[int]]:
    """The rows that were typed, by list."""
    lists = {group.name for group in board.plan.lists}
    found: dict[str, set[int]] = {}
    for name in board.values:
        head, _, rest = name.partition("-")
        number = rest.partition("-")[0]
        if head in lists and number.isascii() and number.isdigit() and str(int(number)) == number:
            found.setdefault(head, set()).add(int(number))
    return {name: sorted(numbers) for name, numbers in found.items()}


def _list(board: Board, group: Field, numbers: Sequence[int]) -> Control:
    """The list with as many rows as it may have; what was typed in further ones is shown as text, not lost."""
    former = {row_key(group, at, row): row for at, row in enumerate(rows_of(board.data.get(group.name)))}
    drawn = numbers[: group.most] or ([] if group.fixed else [0])
    rows = [_row(board, group, number, former) for number in drawn]
    whens = board.plan.whens.get(group.name, "")
    switched = board.plan.switches.when(group.name)
    return Control(
        path=group.name,
        title=group.title,
        shape="list",
        hint=group.hint,
        must=group.required or bool(switched),
        when=whens,
        hides=classes("when", switched),
        source=board.sources.get(group.name, ""),
        wrong=board.wrong(group.name),
        rows=rows,
        in_line=all(_fits_a_line(row) for row in rows),
        fixed=group.fixed,
        full=group.most is not None and len(numbers) >= group.most,
        people=is_of_people(group),
        most=group.most,
    )


def _row(board: Board, group: Field, number: int, former: Mapping[str, Mapping[str, Any]]) -> Row:
    prefix = f"{group.name}-{number}-"
    key = next(iter(board.take(prefix + ROW_KEY)), "")
    name = group.name
    plan = board.plan
    scope = Scope(prefix, plan.row_switches[name], plan.row_whens[name], former.get(key, {}), f"{name}.", "row-")
    made = {member.name: control(board, member, scope) for member in group.rows}
    folded = [made[member.name] for member in group.rows if member.more and not member.auto]
    return Row(
        number=number,
        called=f"{number + 1}{'人' if is_of_people(group) else '件'}目",
        named=_name_of(made) if is_of_people(group) else "",
        key=key,
        givens=[made[member.name] for member in group.rows if member.auto and made[member.name].value],
        controls=[made[member.name] for member in group.rows if not member.auto and not member.more],
        folded=folded,
        unfolded=any(_is_filled(inner) for inner in folded),
        wrong=board.wrong(f"{group.name}-{number}"),
    )


def _name_of(made: Mapping[str, Control]) -> str:
    """The person's name as typed so far."""
    names = [made[name].value.strip() for name in ("familyName", "givenName") if name in made]
    return " ".join(name for name in names if name)


def _is_filled(inner: Control) -> bool:
    ticked = any(option.checked and option.value for option in inner.options)
    typed = any(text.strip() for box, text in inner.boxes.items() if box != DATE_BOXES[0])
    return bool(inner.wrong or inner.value.strip() or typed or ticked)


def _fits_a_line(row: Row) -> bool:
    shapes = [inner.shape for inner in (*row.givens, *row.controls)]
    return not row.folded and len(shapes) <= _LINE and _LOW.issuperset(shapes)
