"""A fictional office whose people carry cases through the engine, as screens do; nothing is ever inserted beside it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from engine import cases, people, releases
from engine.city import By, City
from engine.kernel.events import TaskOpened
from engine.people import Person
from engine.store import Store

FOLDER = Path(__file__).parent  # with processes/ and forms/ of the benchmark, as a city has them
OFFICE = "minamo"
PASSWORD = "坂道をのぼると海が見える"
LONG = "玄関先で話した。食事はとれている。郵便物がたまり、電気の督促が一通あった。次は通帳を一緒に見る約束をした。"

RECEIVED = {"name": "架空 星空", "wish": LONG}
VISITED = {"met": "person", "fact": LONG, "minutes": 40}
CONFERRED = {"decision": "continue", "next_on": "2027-02-10", "opinion": LONG}

_keys = count(1)


@dataclass
class Case:
    """A case whose next task is known."""

    task: str
    done: int  # tasks completed so far


class Office:
    """The city of a benchmark: published, with one office that does everything."""

    def __init__(self, store: Store) -> None:
        self.city = City(store)
        self.by = By(None, OFFICE, frozenset({OFFICE}))
        releases.publish(self.city, FOLDER)
        self.by = By(self.joins("harukaze").id, OFFICE, frozenset({OFFICE}))

    def joins(self, login: str) -> Person:
        """Somebody more who works here, and can sign in with PASSWORD."""
        return people.add_person(
            self.city.store, login, f"架空 {login}", now=self.city.now(), password=PASSWORD, groups=[OFFICE]
        )

    def open_visits(self, done: int = 0) -> Case:
        """A case of the monitoring loop in which so many tasks are done, the first of them its reception."""
        outcome = cases.open_case(self.city, "visits", RECEIVED, self.by, self.key())
        case = Case(_opened(outcome), 1)
        while case.done < done:
            self.visit(case)
        return case

    def visit(self, case: Case) -> None:
        """Complete the next task of the loop, whichever it is."""
        outcome = cases.complete(self.city, case.task, self.answer(case), self.by, self.key())
        case.task, case.done = _opened(outcome), case.done + 1

    @staticmethod
    def answer(case: Case) -> Mapping[str, Any]:
        """What is submitted for the next task of the loop."""
        return VISITED if case.done % 2 else CONFERRED

    def open_inquiry(self, size: int) -> list[str]:
        """A case with so many tasks open at once; gives their ids."""
        rows = [{"about": f"{number}番目の先にたずねること"} for number in range(size)]
        outcome = cases.open_case(self.city, "inquiry", {"roles": rows}, self.by, self.key())
        return [each.token for each in outcome.events if isinstance(each, TaskOpened)]

    @staticmethod
    def key() -> str:
        """The idempotency key of a page that was never sent before."""
        return f"bench-{next(_keys)}"


def _opened(outcome: cases.Outcome) -> str:
    (opened,) = [each.token for each in outcome.events if isinstance(each, TaskOpened)]
    return opened


def seconds_of(act: Any, *given: Any) -> float:
    """How long one call takes on the wall clock."""
    began = time.perf_counter()
    act(*given)
    return time.perf_counter() - began


def in_turn(times: int, *acts: Any) -> Iterator[list[float]]:
    """Seconds of each act, called one after the other so many times: noise of the machine falls on all of them alike."""
    for _ in range(times):
        yield [seconds_of(act) for act in acts]
