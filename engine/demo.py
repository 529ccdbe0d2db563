"""The demo: fictional people for every group and fictional cases, made by driving the real engine with a moved clock.

Nothing is inserted that a person could not have done. A demo is marked when it is made and cannot become real.
"""

import tomllib
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine import outbox, people, store, walkthroughs
from engine.calendar import TOKYO
from engine.city import City
from engine.rehearsal import MORNING, Clock, Rehearsal

FOLDER = Path(__file__).parent.parent / "processes" / "demo"
SINCE = date(2000, 4, 1)


def make(city: City, folder: Path = FOLDER) -> int:
    """Fill an empty city; gives how many cases. Raises walkthroughs.Failed with the sentence that could not be done."""
    with city.store.transaction() as c:
        c.execute(sa.insert(store.about).values(key="demo", value="yes"))
    _people(city, tomllib.loads((folder / "people.toml").read_text("utf-8")))
    with city.store.reading() as c:
        process = next(iter(city.organisation(c).starters))
    scenarios = [scenario for path in sorted(folder.glob("*.feature")) for scenario in walkthroughs.read(path)]
    known = {scenario.name: scenario for scenario in scenarios}
    until = min(city.now(), datetime.combine(city.today, time(17, 0), TOKYO))
    for scenario in scenarios:
        clock = Clock(datetime.combine(city.today, MORNING, TOKYO))
        played = City(city.store, clock, _organisations=city._organisations, _executables=city._executables, _forms=city._forms)
        rehearsal = Rehearsal(played, clock, process, until=until)
        walkthroughs.play(scenario, rehearsal, known)
    outbox.work_all(city)
    return len(scenarios)


def _people(city: City, known: dict[str, Any]) -> None:
    for row in known["people"]:
        people.add_person(
            city.store, row["login"], row["name"], now=city.now(), kana=row["kana"], groups=row["groups"], since=SINCE,
            administrator=row.get("administrator", False), process_owner=row.get("process_owner", False), demo=True,
        )  # fmt: skip
