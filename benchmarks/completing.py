"""`complete-flat` and `complete-vs-commit-*`: what one completed task costs, by the age of its case and against a bare commit."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from statistics import median

import sqlalchemy as sa

from benchmarks import databases
from benchmarks.figures import Figure, Sizes
from benchmarks.office import Case, Office, in_turn
from engine import store
from engine.store import Store

RENEWED_AFTER = 10  # completions after which a young case is replaced by one that is young again
STATEMENTS = 12


def complete_flat(sizes: Sizes) -> Figure:
    """A completion in an old case ÷ one in a young case, commit included, one after the other."""
    with databases.fresh("sqlite") as opened:
        office = Office(opened)
        old, young = office.open_visits(sizes.old), _young(office, sizes)
        timed = list(in_turn(sizes.steps, lambda: office.visit(old), lambda: office.visit(next(young))))
    slow, quick = (median(column) for column in zip(*timed, strict=True))
    detail = {
        f"ms_after_{sizes.old}": _ms(slow), f"ms_after_{sizes.young}": _ms(quick), "completions_timed": len(timed), "database": "sqlite",
    }  # fmt: skip
    return Figure("complete-flat", round(slow / quick, 2), "times", "≤ 1.2", slow / quick <= 1.2, detail)


def complete_vs_commit(kind: str) -> Callable[[Sizes], Figure]:
    """The figure for one kind of database."""

    def measure(sizes: Sizes) -> Figure:
        """A completion ÷ a bare one-row committed update by the same engine; the statements of a completion."""
        with databases.fresh(kind) as opened:
            office = Office(opened)
            case, bare = office.open_visits(sizes.young), _one_row(opened)
            timed = list(in_turn(sizes.steps, lambda: office.visit(case), bare))
            statements = max(_statements(opened, office, case) for _ in range(2))  # both tasks of the loop
        ours, theirs = (median(column) for column in zip(*timed, strict=True))
        ratio = ours / theirs
        detail = {
            "statements": statements, "statements_goal": STATEMENTS, "ms_complete": _ms(ours), "ms_commit": _ms(theirs),
            "completions_timed": len(timed),
        }  # fmt: skip
        ok = ratio <= 6 and statements <= STATEMENTS
        return Figure(f"complete-vs-commit-{kind}", round(ratio, 2), "times", f"≤ 6, ≤ {STATEMENTS} statements", ok, detail)

    return measure


def _young(office: Office, sizes: Sizes):
    """A young case, again and again: none grows old while it is timed."""
    while True:
        case = office.open_visits(sizes.young)
        yield from [case] * RENEWED_AFTER


def _one_row(opened: Store) -> Callable[[], None]:
    """The least that a write can be: one row, one statement, one commit."""
    table, number = store.about, count(1)
    with opened.transaction() as c:
        c.execute(sa.insert(table).values(key="bench", value="0"))
    update = sa.update(table).where(table.c.key == "bench")

    def write() -> None:
        with opened.transaction() as c:
            c.execute(update, {"value": str(next(number))})

    return write


def _statements(opened: Store, office: Office, case: Case) -> int:
    """Statements of one completion; beginning, ending and trying a connection are not counted, here as in the bare commit."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_more) -> None:
        seen.append(statement)

    sa.event.listen(opened.engine, "before_cursor_execute", note)
    office.visit(case)
    sa.event.remove(opened.engine, "before_cursor_execute", note)
    return len(seen)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
