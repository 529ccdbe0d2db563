"""The example of docs/kernel.md is carried out as it is written: short, and without a database."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "kernel.md").read_text("utf-8")
LONGEST = 30  # lines
NOT_NEEDED = ("sqlalchemy", "alembic", "sqlite3", "psycopg", "flask", "web", "engine.store")


def example() -> str:
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return str(code)


def carried_out(folder: Path, code: str) -> list[str]:
    """What it prints in a new Python, begun in an empty folder with nothing but the project to import from."""
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_example_reads_starts_completes_delivers_and_lets_time_pass(tmp_path: Path) -> None:
    said = carried_out(tmp_path, example())
    kinds = [line.partition("(")[0] for line in said]
    happened = [kind for kind in kinds if kind in ("TaskOpened", "TaskCompleted", "Subscribed", "Received", "TimerArmed", "TimerFired", "InstanceEnded")]
    assert happened == ["TaskOpened", "TaskCompleted", "Subscribed", "Received", "TimerArmed", "TimerFired", "InstanceEnded"]
    assert said[-1] == "ended"


def test_the_example_needs_no_database(tmp_path: Path) -> None:
    imported = set(carried_out(tmp_path, f"{example()}\nprint(*sys.modules, sep=chr(10))"))
    assert "engine.kernel.advance" in imported
    assert not imported & set(NOT_NEEDED)


def test_the_example_is_short() -> None:
    assert len(example().splitlines()) <= LONGEST
