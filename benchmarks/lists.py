"""`inbox-flat-*`, `board-flat`, `search-flat`: what a page of a long list costs, by the number of open cases in the city."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from urllib.parse import quote

from benchmarks import databases
from benchmarks.browsing import Browser
from benchmarks.crowd import BESIDE, SURNAMES, gather
from benchmarks.figures import Figure, Sizes
from benchmarks.office import OFFICE, PASSWORD, Office, in_turn
from benchmarks.over_http import web_processes
from engine import people

WHOLE = "hoshizora"  # the office that answers for the whole
READERS = {"worker": (OFFICE, f"{OFFICE}.head"), "supervisor": (WHOLE, f"{WHOLE}.head"), "agency": (BESIDE,)}
PAGES = {
    "inbox-flat": ("worker", "/", 1.5),
    "board-flat": ("supervisor", "/stalled", 2),
    "search-flat": ("agency", f"/search?q={quote(SURNAMES[7])}", 2),
}


def lists(kind: str, *names: str) -> Callable[[Sizes], list[Figure]]:
    """The figures of these pages on one kind of database."""

    def measure(sizes: Sizes) -> list[Figure]:
        with _city(kind, sizes.few) as small, _city(kind, sizes.many) as large:
            return [_page(sizes, kind, name, small, large) for name in names]

    return measure


def _page(sizes: Sizes, kind: str, name: str, small: int, large: int) -> Figure:
    """One page of both cities, one after the other; the first look is not counted."""
    reader, path, goal = PAGES[name]
    browsers = [Browser(port) for port in (large, small)]
    for each in browsers:
        each.sign_in(reader, PASSWORD)
        each.look(path)
    timed = list(in_turn(sizes.looks, *(lambda each=each: each.look(path) for each in browsers)))
    many, few = (median(column) for column in zip(*timed, strict=True))
    for each in browsers:
        each.close()
    detail = {
        f"ms_with_{sizes.many}": round(many * 1000, 1), f"ms_with_{sizes.few}": round(few * 1000, 1), "looks": sizes.looks, "database": kind,
    }  # fmt: skip
    called = f"{name}-{kind}" if name == "inbox-flat" else name
    return Figure(called, round(many / few, 2), "times", f"≤ {goal}", many / few <= goal, detail)


@contextmanager
def _city(kind: str, cases: int) -> Iterator[int]:
    """The port of a web process whose city has so many open cases."""
    with databases.fresh(kind) as store:
        office = Office(store)
        gather(office, cases)
        for login, groups in READERS.items():
            people.add_person(store, login, f"架空 {login}", now=office.city.now(), password=PASSWORD, groups=list(groups))
        with web_processes(databases.url_of(store), 1) as ((port, _),):
            yield port
