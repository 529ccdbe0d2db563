"""`start-cold` and `start-warm`: seconds from the command to the first inbox page, from an empty folder and from a ready one.

A copy of this folder without anything that was ever made in it stands for a fresh clone. Packages come from the registry
and data is made anew, so the first figure depends on the network as well.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.browsing import Browser
from benchmarks.figures import Figure, Sizes

ROOT = Path(__file__).parents[1]
MADE = (".git", ".venv", ".venv.lock", "node_modules", "data", "__pycache__", ".*_cache", ".hypothesis")
LONGEST = 600  # seconds that a start may take
OURS = ("PYTHON", "VIRTUAL_ENV", "BANSOU_")  # of the environment, what a newcomer would not have

_PERSON = re.compile(r'name="person"[^>]*value="(\d+)"|value="(\d+)"[^>]*name="person"')


def starting(sizes: Sizes) -> list[Figure]:
    """Both figures: the second start is made where the first one was."""
    with tempfile.TemporaryDirectory(prefix="bansou-bench-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        command = _launcher(place) if sizes.launcher else [sys.executable, "-P", "-m", "web.command_line"]
        cold, warm = (_seconds_to_inbox(command, place / "data") for _ in range(2))
    load = round(os.getloadavg()[0], 1)
    return [
        Figure("start-cold", round(cold, 1), "s", "printed", True, {"from": "an empty folder, with environment and demo", "load": load}),
        Figure("start-warm", round(warm, 1), "s", "printed", True, {"from": "the same folder, started again", "load": load}),
    ]


def _launcher(place: Path) -> list[str]:
    """The command of a fresh clone."""
    shutil.copytree(ROOT, place / "bansou", ignore=shutil.ignore_patterns(*MADE))
    return [getattr(sys, "_base_executable", sys.executable), str(place / "bansou" / "bansou")]


def _seconds_to_inbox(command: list[str], data: Path) -> float:
    began = time.perf_counter()
    with _running([*command, "run", "--data", str(data)]) as (process, port):
        while not _answers(port):
            if process.poll() is not None or time.perf_counter() - began > LONGEST:
                raise RuntimeError(f"bansou run did not start: {process.poll()}")
            time.sleep(0.05)
        browser = Browser(port)
        people = _PERSON.search(browser.look("/demo"))
        if people is None:
            raise RuntimeError("the demo offers nobody to be")
        browser.send("/demo", {"person": people[1] or people[2]})
        browser.look("/")
        took = time.perf_counter() - began
        browser.close()
    return took


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def _running(command: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The command on a free port, ended afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    if command[1] == "-P":
        environment["PYTHONPATH"] = str(ROOT)
    process = subprocess.Popen([*command, "--port", str(port)], env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process, port
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
