"""`live-state-bytes` and `process-memory`: what is kept of a running instance, stored and in memory, whatever the case's age."""

from __future__ import annotations

import gc
import json

import psutil
import sqlalchemy as sa

from benchmarks import databases
from benchmarks.figures import Figure, Sizes
from benchmarks.office import Case, Office
from engine import store
from engine.store import Store

BASE, EACH = 3000, 300  # bytes in all, and more for each open token
MORE = 1.1  # times as much memory after all steps as after the first tenth


def live_state(sizes: Sizes) -> list[Figure]:
    """Bytes of the stored state as a case grows old, and with many tasks open at once; memory of the process meanwhile."""
    found: dict[str, tuple[int, int]] = {}
    memory: dict[int, int] = {}
    with databases.fresh("sqlite") as opened:
        office = Office(opened)
        case = office.open_visits()
        for age in sorted({sizes.young, sizes.old, sizes.ancient // 10, sizes.ancient}):
            _grow(office, case, age)
            found[f"after_{age}"] = _state(opened, case.task)
            memory[age] = _megabytes()
        for size in sizes.agencies:
            found[f"{size}_open_at_once"] = _state(opened, office.open_inquiry(size)[0])
    return [_bytes(sizes, found), _memory(sizes, memory)]


def _grow(office: Office, case: Case, age: int) -> None:
    while case.done < age:
        office.visit(case)


def _bytes(sizes: Sizes, found: dict[str, tuple[int, int]]) -> Figure:
    detail = {name: {"bytes": size, "tokens": tokens, "limit": BASE + EACH * tokens} for name, (size, tokens) in found.items()}
    few, many = (found[f"{size}_open_at_once"] for size in (min(sizes.agencies), max(sizes.agencies)))
    detail["bytes_per_open_token"] = round((many[0] - few[0]) / (many[1] - few[1]), 1)
    ok = all(size <= BASE + EACH * tokens for size, tokens in found.values())
    value = found[f"after_{sizes.ancient}"][0]
    return Figure("live-state-bytes", value, "bytes", f"≤ {BASE} + {EACH} for each open token", ok, detail)


def _memory(sizes: Sizes, memory: dict[int, int]) -> Figure:
    """Of the whole process, with the library, the database and the product in it."""
    ratio = memory[sizes.ancient] / memory[sizes.ancient // 10]
    detail = {f"megabytes_after_{steps}": size for steps, size in memory.items()}
    return Figure("process-memory", memory[sizes.ancient], "MB", f"≤ {MORE} times that after a tenth of the steps", ratio <= MORE, detail)


def _megabytes() -> int:
    gc.collect()
    return round(psutil.Process().memory_info().rss / 1e6)


def _state(opened: Store, task: str) -> tuple[int, int]:
    """Bytes and tokens of the instance that this task belongs to."""
    table = store.instance
    with opened.reading() as c:
        body = bytes(c.scalar(sa.select(table.c.state).where(table.c.id == int(task.split("-")[0]))))
    return len(body), len(json.loads(body)["tokens"])
