"""The source as its tools see it: ruff everywhere, mypy --strict on engine and forms."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def findings(*command: str) -> str:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_ruff_finds_nothing() -> None:
    found = findings("ruff", "check", "--output-format=concise", ".")
    assert not found, found


def test_ruff_reads_our_settings(tmp_path: Path) -> None:
    sample = tmp_path / "sample.py"
    sample.write_text("import os\n" + "x = 1" + " " * 160 + "# long\n")
    found = findings("ruff", "check", "--output-format=concise", f"--config={ROOT / 'pyproject.toml'}", str(sample))
    assert "F401" in found and "E501" in found


def test_mypy_finds_nothing_in_engine_and_forms() -> None:
    found = findings("mypy")
    assert not found, found


def test_mypy_is_strict(tmp_path: Path) -> None:
    sample = tmp_path / "sample.py"
    sample.write_text("def untyped(x):\n    return x\n")
    ours = f"--config-file={ROOT / 'pyproject.toml'}"
    found = findings("mypy", ours, f"--cache-dir={tmp_path / 'cache'}", str(sample))
    assert "no-untyped-def" in found
