"""`live-state-bytes`: what is stored of a running instance, whatever the case's age, and for each task that is open."""

from __future__ import annotations

import json

import sqlalchemy as sa

from benchmarks import databases
from benchmarks.figures import Figure, Sizes
from benchmarks.office import Office
from engine import store
from engine.store import Store

BASE, EACH = 3000, 300  # bytes in all, and more for each open token


def live_state_bytes(sizes: Sizes) -> Figure:
    """Bytes of the stored state of an old case; and of a young one, and with many tasks open at once."""
    with databases.fresh("sqlite") as opened:
        office = Office(opened)
        case = office.open_visits(sizes.young)
        young = _state(opened, case.task)
        while case.done < sizes.old:
            office.visit(case)
        old = _state(opened, case.task)
        many = _state(opened, office.open_inquiry(sizes.open_tokens)[0])
    found = {f"after_{sizes.young}": young, f"after_{sizes.old}": old, f"{sizes.open_tokens}_open_at_once": many}
    detail = {name: {"bytes": size, "tokens": tokens, "limit": BASE + EACH * tokens} for name, (size, tokens) in found.items()}
    detail["bytes_per_open_token"] = round((many[0] - old[0]) / (many[1] - old[1]), 1)
    ok = all(size <= BASE + EACH * tokens for size, tokens in found.values())
    return Figure("live-state-bytes", old[0], "bytes", f"≤ {BASE} + {EACH} for each open token", ok, detail)


def _state(opened: Store, task: str) -> tuple[int, int]:
    """Bytes and tokens of the instance that this task belongs to."""
    table = store.instance
    with opened.reading() as c:
        body = bytes(c.scalar(sa.select(table.c.state).where(table.c.id == int(task.split("-")[0]))))
    return len(body), len(json.loads(body)["tokens"])
