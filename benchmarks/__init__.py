"""Measures the product and prints the figures; README.md says how each is measured. It must leave nothing behind.

`measure` is what `./bansou bench` calls. A figure that was not asked for, or cannot be measured yet, is not printed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict

from benchmarks.against_viewflow import complete_vs_viewflow
from benchmarks.completing import complete_flat, complete_vs_commit
from benchmarks.figures import WHOLE, Figure, Sizes
from benchmarks.lists import lists
from benchmarks.live_state import live_state
from benchmarks.over_http import http_complete
from benchmarks.seeing import access_overhead
from benchmarks.starting import starting
from benchmarks.whole_json import complete_vs_whole_json

Measured = Callable[[Sizes], "Figure | list[Figure]"]
LONG_LISTS = lists("sqlite", "inbox-flat", "board-flat", "search-flat")

FIGURES: dict[str, Measured] = {
    "complete-flat": complete_flat,
    "complete-vs-whole-json": complete_vs_whole_json,
    "complete-vs-commit-sqlite": complete_vs_commit("sqlite"),
    "complete-vs-commit-postgresql": complete_vs_commit("postgresql"),
    "complete-vs-viewflow": complete_vs_viewflow,
    "live-state-bytes": live_state,
    "process-memory": live_state,
    "http-complete": http_complete,
    "inbox-flat-sqlite": LONG_LISTS,
    "inbox-flat-postgresql": lists("postgresql", "inbox-flat"),
    "board-flat": LONG_LISTS,
    "search-flat": LONG_LISTS,
    "access-overhead": access_overhead,
    "start-cold": starting,
    "start-warm": starting,
}


def measure(names: Sequence[str] = (), *, as_json: bool = False, sizes: Sizes = WHOLE) -> int:
    """Print the named figures, or all of them; the exit code: 0 every goal is met, 1 one is missed, 2 a name is unknown."""
    strange = [name for name in names if name not in FIGURES]
    if strange:
        print(f"{'、'.join(strange)}: ありません / unknown. あるもの / known: {' '.join(FIGURES)}", file=sys.stderr)
        return 2
    wanted = list(dict.fromkeys(names or FIGURES))
    found: list[Figure] = []
    for way in dict.fromkeys(FIGURES[name] for name in wanted):
        result = way(sizes)
        new = [each for each in (result if isinstance(result, list) else [result]) if each.name in wanted]
        if not as_json:
            for each in new:
                print(said(each), flush=True)
        found += new
    if as_json:
        print(json.dumps([asdict(each) for each in found], ensure_ascii=False, indent=1))
    return 0 if all(each.ok for each in found) else 1


def said(figure: Figure) -> str:
    """A figure as a person reads it: the first line is what counts."""
    mark = "○" if figure.ok else "×"
    lines = [f"{mark} {figure.name}: {figure.value} {figure.unit}  ({figure.goal})"]
    for name, value in figure.detail.items():
        shown = " ".join(f"{key}={each}" for key, each in value.items()) if isinstance(value, dict) else value
        lines.append(f"    {name}: {shown}")
    return "\n".join(lines)
