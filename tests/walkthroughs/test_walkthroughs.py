"""The walk-throughs of processes/walkthroughs, played on the real engine with a moved clock, on both databases."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine import releases, walkthroughs
from engine.city import City
from engine.rehearsal import Clock, Rehearsal
from engine.store import Store

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "processes" / "walkthroughs").glob("*.feature"))
SCENARIOS = {scenario.name: scenario for file in FILES for scenario in walkthroughs.read(file)}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_walkthrough_runs_as_it_is_told(name: str, empty_store: Store) -> None:
    clock = Clock(datetime(2026, 4, 1, tzinfo=UTC))
    city = City(empty_store, clock)
    releases.publish(city, ROOT)
    with city.store.reading() as c:
        (process,) = city.organisation(c).starters
    walkthroughs.play(SCENARIOS[name], Rehearsal(city, clock, process), SCENARIOS)
