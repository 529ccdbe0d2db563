"""Random cases over all processes of the city, on the real engine and both databases: none is stuck, no message is lost, one leads."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from walker import BEGINS, Walker

from engine import releases
from engine.city import City
from engine.rehearsal import Clock
from engine.store import Store

ROOT = Path(__file__).parents[2]
LAST_YEAR = 2050  # then a new city begins: no city keeps its cases longer, and its calendar ends some time


def walker(opened: Store, seed: int) -> Walker:
    clock = Clock(BEGINS)
    city = City(opened, clock)
    releases.publish(city, ROOT)
    return Walker(city, clock, seed)


@pytest.mark.parametrize("seed_of_cases", [1, 2])
def test_cases_that_take_any_way_come_to_their_end(seed_of_cases: int, empty_store: Store) -> None:
    walking = walker(empty_store, seed_of_cases)
    walking.run(2)
    walking.look_at_rebuilding()
    assert walking.walk.cases == 2 and walking.walk.actions["completed"] > 4


@pytest.mark.deep
def test_as_many_cases_as_time_allows_come_to_their_end(
    new_store: Callable[[], Store], seed: int, time_is_left: Callable[[], bool]
) -> None:
    chance, walked = random.Random(seed), list[Walker]()
    while time_is_left():
        if not walked or walked[-1].clock.moment.year >= LAST_YEAR:
            walked.append(walker(new_store(), seed))
        walking = walked[-1]
        walking.chance = random.Random(chance.getrandbits(64))
        walking.run(walking.chance.randint(1, 4))
        walking.look_at_rebuilding()
    walks = [each.walk for each in walked]
    actions, elements = sum((each.actions for each in walks), Counter()), set().union(*(each.elements for each in walks))
    cases = sum(each.cases for each in walks)
    print(f"{cases} cases in {len(walks)} cities, {dict(actions)}, {len(elements)} tasks of the diagrams")
    assert cases
