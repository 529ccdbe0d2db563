"""Which tests a run takes: the long searches only when asked for, the browser's unless it is left out."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SAMPLE = """
import pytest

@pytest.mark.deep
def test_search(seed, time_is_left):
    rounds = 0
    while time_is_left():
        rounds += 1
    print("searched from", seed)
    assert rounds

@pytest.mark.deep
def test_second_search(time_is_left):
    assert time_is_left()
    while time_is_left():
        pass

@pytest.mark.browser
def test_screen(): pass

def test_plain(): pass
"""


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    for name in ("conftest.py", "chromium.py"):
        shutil.copy(HERE / name, tmp_path / name)
    (tmp_path / "databases.py").touch()  # the product's own fixtures; none is asked for here
    (tmp_path / "test_sample.py").write_text(SAMPLE)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = browser\n    deep\n")
    return tmp_path


def run(sample: Path, *arguments: str) -> list[str]:
    """What pytest says, line by line; the names of the tests it took are among them."""
    command = [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=sample, capture_output=True, text=True, check=True).stdout.splitlines()


def taken(lines: list[str]) -> set[str]:
    return {line.partition("::")[2] for line in lines if line.startswith("PASSED ")}


def test_a_usual_run_takes_everything_but_the_long_searches_and_ends_with_its_numbers(sample: Path) -> None:
    lines = run(sample)
    assert taken(lines) == {"test_screen", "test_plain"}
    assert "2 passed, 2 deselected" in lines[-1]


def test_without_browser_leaves_its_tests_out_and_says_so_in_the_last_line(sample: Path) -> None:
    lines = run(sample, "--without-browser")
    assert taken(lines) == {"test_plain"}
    assert "--without-browser" in lines[-1] and "除きました" in lines[-1]


def test_a_deep_run_takes_only_the_long_searches_and_shares_its_time_among_them(sample: Path) -> None:
    began = time.monotonic()
    lines = run(sample, "--deep", "--minutes", "0.05", "-n", "2")
    assert taken(lines) == {"test_search", "test_second_search"}
    assert time.monotonic() - began >= 3
    assert any("0.05 minutes, --seed 1" in line for line in lines)


def test_a_search_starts_from_the_seed_that_it_is_given(sample: Path) -> None:
    def starts(seed: str) -> list[str]:
        lines = run(sample, "--deep", "--minutes", "0.001", "--seed", seed)
        return [line for line in lines if line.startswith("searched from")]

    once, again, other = starts("3f2a"), starts("3f2a"), starts("3f2b")
    assert len(once) == 1
    assert once == again != other
