"""What a figure is, and how large it is measured. It measures nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured figure; its name is stable, its value is a number in `unit`."""

    name: str
    value: float | None
    unit: str
    goal: str
    ok: bool
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class Sizes:
    """How much is done for each figure. WHOLE gives the figures that count, TINY shows that they can be measured."""

    young: int = 20  # completions behind a young case
    grown: int = 400
    old: int = 2000
    ancient: int = 10_000
    steps: int = 60  # completions timed
    whole_json_steps: int = 9  # of the library's whole JSON, which takes its time
    agencies: tuple[int, ...] = (1, 50, 500)  # that are asked at once
    few: int = 1000  # open cases of a small city
    many: int = 100_000  # and of a large one
    looks: int = 15  # at each page of a list
    visitors: int = 6
    http_seconds: float = 6
    launcher: bool = True  # False: start without making an environment first


WHOLE = Sizes()
TINY = Sizes(
    young=3, grown=6, old=9, ancient=30, steps=2, whole_json_steps=1, agencies=(1, 3), few=3, many=30, looks=2, visitors=2, http_seconds=0.2, launcher=False,
)  # fmt: skip
