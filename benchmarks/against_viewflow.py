"""`complete-vs-viewflow`: a completion against the same by the fastest peer in Python, Viewflow on Django's ORM.

Viewflow (AGPL) is installed for this figure only, into an environment in the temporary folder, and runs in a process of its own:
nothing of ours imports it.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import databases
from benchmarks.figures import Figure, Sizes
from benchmarks.office import CONFERRED, RECEIVED, VISITED, Office, seconds_of

PEER = Path(__file__).parent / "peer"
PINNED = PEER / "constraints.txt"
LONGEST = 300  # seconds that installing may take
NAME, UNIT, GOAL = "complete-vs-viewflow", "times", "< 1"


class NotInstalled(Exception):
    """The peer could not be installed; says why in one line."""


class Peer:
    """The same loop as Viewflow carries it, in a database of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.done = process, 0

    def visit(self) -> float:
        """Complete the next task of the loop; gives its seconds, as measured where it is done."""
        answer = RECEIVED if self.done == 0 else VISITED if self.done % 2 else CONFERRED
        self.done += 1
        return float(self._said(json.dumps(answer)))

    def completed(self) -> int:
        """How many tasks its database says are done; it is over then."""
        return int(self._said(""))

    def _said(self, line: str) -> str:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()


def complete_vs_viewflow(sizes: Sizes) -> Figure:
    """Ours ÷ theirs, in turn, after the same number of completions, each with its commit on SQLite."""
    with tempfile.TemporaryDirectory(prefix="bansou-bench-", ignore_cleanup_errors=True) as folder:
        try:
            python = _installed(Path(folder))
        except NotInstalled as reason:
            return Figure(NAME, None, UNIT, GOAL, False, {"not_measured": str(reason)})
        with databases.fresh("sqlite") as opened, _peer(python, Path(folder)) as peer:
            office = Office(opened)
            case = office.open_visits(sizes.young)
            while peer.done < sizes.young:
                peer.visit()
            timed = [(seconds_of(office.visit, case), peer.visit()) for _ in range(sizes.steps)]
            if peer.completed() != case.done:
                raise RuntimeError("the peer did not do the same number of steps")
    ours, theirs = (median(column) for column in zip(*timed, strict=True))
    detail = {
        "ms_ours": round(ours * 1000, 3), "ms_viewflow": round(theirs * 1000, 3), "completions_timed": len(timed), "completed_by_each": case.done,
        "database": "sqlite, WAL, synchronous=FULL, foreign keys, BEGIN IMMEDIATE", "peer": _pinned(),
    }  # fmt: skip
    return Figure(NAME, round(ours / theirs, 2), UNIT, GOAL, ours < theirs, detail)


def _installed(folder: Path) -> Path:
    """The Python of a new environment that has the peer. Raises NotInstalled."""
    place = folder / "environment"
    venv.create(place, with_pip=True)
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    command = [str(python), "-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check", "--require-hashes", "-r", str(PINNED)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"{_pinned()} could not be installed within {LONGEST} seconds") from None
    if done.returncode != 0:
        why = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise NotInstalled(f"{_pinned()} could not be installed: {why[-1] if why else done.returncode}")
    return python


@contextmanager
def _peer(python: Path, folder: Path) -> Iterator[Peer]:
    process = subprocess.Popen(
        [str(python), str(PEER), str(folder / "viewflow.sqlite3")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_clean(os.environ),
    )  # fmt: skip
    try:
        yield Peer(process)
    finally:
        process.kill()
        process.communicate()


def _clean(environment: Mapping[str, str]) -> dict[str, Any]:
    return {name: value for name, value in environment.items() if not name.startswith(("PYTHON", "DJANGO_"))} | {"PYTHONDONTWRITEBYTECODE": "1"}


def _pinned() -> str:
    (line,) = [line for line in PINNED.read_text("utf-8").splitlines() if line.startswith("django-viewflow==")]
    return line.split()[0]
