"""`http-complete`: tasks completed per second over HTTP, by several people at two web processes, on both databases."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks import databases
from benchmarks.browsing import Browser
from benchmarks.figures import Figure, Sizes
from benchmarks.office import LONG, PASSWORD, Office

PROCESSES = 2
GOALS = {"sqlite": 200, "postgresql": 120}  # tasks a second, on two cores

VISITED = {
    "visited_on-era": "西暦", "visited_on-y": "2026", "visited_on-m": "12", "visited_on-d": "1",
    "met": "person", "fact": LONG, "minutes": "40", "do": "complete",
}  # fmt: skip
CONFERRED = {
    "decision": "continue", "next_on-era": "西暦", "next_on-y": "2027", "next_on-m": "2", "next_on-d": "10",
    "opinion": LONG, "do": "complete",
}  # fmt: skip


@dataclass
class Visitor:
    """One person who completes the tasks of one case, one after the other."""

    browser: Browser
    task: str  # path of the page of the next task
    taken: int = 0
    seconds: list[float] = field(default_factory=list)
    refused: Exception | None = None

    def work(self, until: threading.Event) -> None:
        """Complete tasks until told to stop; each leads to the next."""
        try:
            while not until.is_set():
                began = time.perf_counter()
                fields = CONFERRED if self.taken % 2 else VISITED
                self.task = self.browser.send(f"{self.task}/complete", {"key": secrets.token_hex(8), **fields})
                self.seconds.append(time.perf_counter() - began)
                self.taken += 1
        except Exception as refused:
            self.refused = refused


def http_complete(sizes: Sizes) -> Figure:
    """Tasks completed per second over HTTP."""
    found = {kind: _measure(kind, sizes) for kind in databases.KINDS}
    rates = {kind: round(each["per_second"]) for kind, each in found.items()}
    return Figure(
        "http-complete", rates["sqlite"], "tasks/s (SQLite)", "≥ 200 SQLite, ≥ 120 PostgreSQL, on two cores",
        all(rates[kind] >= goal for kind, goal in GOALS.items()), {**found, "load_before": _load()},
    )  # fmt: skip


def _measure(kind: str, sizes: Sizes) -> dict[str, float]:
    with databases.fresh(kind) as store:
        office = Office(store)
        logins = [f"visitor{number}" for number in range(sizes.visitors)]
        for login in logins:
            office.joins(login)
        tasks = [office.open_visits().task for _ in logins]
        with web_processes(databases.url_of(store)) as ports:
            visitors = []
            for number, (login, task) in enumerate(zip(logins, tasks, strict=True)):
                browser = Browser(ports[number % PROCESSES][0])
                browser.sign_in(login, PASSWORD)
                visitors.append(Visitor(browser, f"/tasks/{task}"))
            return _together(visitors, [process for _, process in ports], sizes.http_seconds)


def _together(visitors: list[Visitor], processes: list[psutil.Process], seconds: float) -> dict[str, float]:
    """All work at once: a quarter of the time to warm up, then what counts, longer only until somebody has completed a task."""
    until = threading.Event()
    threads = [threading.Thread(target=visitor.work, args=(until,)) for visitor in visitors]
    for thread in threads:
        thread.start()
    time.sleep(seconds / 4)
    before, used, began = sum(each.taken for each in visitors), _cpu(processes), time.perf_counter()
    time.sleep(seconds)
    while (taken := sum(each.taken for each in visitors) - before) == 0 and not any(each.refused for each in visitors):
        time.sleep(seconds / 4)
    took, used = time.perf_counter() - began, _cpu(processes) - used
    until.set()
    for visitor, thread in zip(visitors, threads, strict=True):
        thread.join()
        visitor.browser.close()
        if visitor.refused is not None:
            raise visitor.refused
    waits = sorted(each for visitor in visitors for each in visitor.seconds[-taken:])
    return {
        "per_second": round(taken / took, 1), "people": len(visitors), "web_processes": len(processes),
        "web_cpu_ms_per_task": round(used / max(1, taken) * 1000, 2),
        "median_ms": round(waits[len(waits) // 2] * 1000, 1), "p95_ms": round(waits[len(waits) * 95 // 100] * 1000, 1),
    }  # fmt: skip


def _cpu(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _load() -> float:
    return round(os.getloadavg()[0], 1)


@contextmanager
def web_processes(url: str, count: int = PROCESSES) -> Iterator[list[tuple[int, psutil.Process]]]:
    """The port and the process of each of so many; all are ended afterwards."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONUTF8": "1"}
    told = json.dumps({"store": url, "secret": secrets.token_hex(32)})
    with ExitStack() as ending:
        processes = [ending.enter_context(_web_process(environment)) for _ in range(count)]
        for each in processes:
            print(told, file=each.stdin, flush=True)
        yield [(int(each.stdout.readline()), psutil.Process(each.pid)) for each in processes]


@contextmanager
def _web_process(environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-P", "-m", "benchmarks.serving"]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()
