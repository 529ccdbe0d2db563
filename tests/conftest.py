"""What every test may ask for: which tests run, the seed and the time of a deep search, the browser.

Must not know any part of the product; fixtures of a part stand in that part's own folder.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator

import hypothesis
import pytest
from playwright.sync_api import Browser, sync_playwright

from chromium import find

pytest_plugins = ["databases"]

STARTED = pytest.StashKey[float]()
SHARERS = pytest.StashKey[int]()
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True)
hypothesis.settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("bansou")
    group.addoption("--without-browser", action="store_true", help="leave out what needs Chromium")
    group.addoption("--deep", action="store_true", help="run only the long searches")
    group.addoption("--minutes", type=float, default=25, help="time that the long searches share (25)")
    group.addoption("--seed", default="1", help="any text, such as a commit; the same text searches the same way")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[STARTED] = time.monotonic()


def pytest_report_header(config: pytest.Config) -> list[str]:
    if not config.option.deep:
        return []
    return [f"deep: {config.option.minutes:g} minutes, --seed {config.option.seed}"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    def is_wanted(item: pytest.Item) -> bool:
        if config.option.without_browser and item.get_closest_marker("browser"):
            return False
        return bool(item.get_closest_marker("deep")) == config.option.deep

    left_out = [item for item in items if not is_wanted(item)]
    items[:] = [item for item in items if is_wanted(item)]
    config.hook.pytest_deselected(items=left_out)
    config.stash[SHARERS] = max(1, len(items))


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The number that a search starts from; the same for the same --seed."""
    return int.from_bytes(hashlib.sha256(request.config.option.seed.encode()).digest()[:8], "big")


@pytest.fixture
def time_is_left(request: pytest.FixtureRequest) -> Callable[[], bool]:
    """True until this deep test has used its even share of --minutes, and once in any case; ask before each round."""
    config = request.config
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    whole = config.option.minutes * 60
    share = whole / math.ceil(config.stash[SHARERS] / workers)
    until = min(time.monotonic() + share, config.stash[STARTED] + whole)
    first = iter([True])
    return lambda: next(first, False) or time.monotonic() < until


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the machine's Chromium, for Playwright's executable_path."""
    assert find(), "Chromium is missing: `./bansou test` brings it, or says the command that does."
    return find()


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One browser for all tests of a process: Playwright can be started only once in it."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield opened
        opened.close()


def pytest_unconfigure(config: pytest.Config) -> None:
    """What was left out is the last line that a person reads."""
    if config.option.without_browser and not hasattr(config, "workerinput"):
        print("ブラウザーの検査は除きました(--without-browser)。 / Browser tests were left out.")
