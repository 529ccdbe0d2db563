"""A town in which people have already worked: stories played once on the real engine, copied for each test that asks.

It inserts nothing itself and knows no form: it speaks in sentences, as a walk-through does. A test module asks for it by
``pytest_plugins = ("households",)``.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine import migrations, people, releases, store, walkthroughs
from engine.city import By, City
from engine.people import Person
from engine.rehearsal import Clock, Rehearsal, Rows
from engine.store import Store

ROOT = Path(__file__).parents[1]
STORY = "プランをつくり、会議に諮り、主担当を地域包括に引き継いで終える"
CONFERENCE = "支援会議を2回開き、同意を得て多機関協働へ進む"
BEGINS = datetime(2026, 4, 6, tzinfo=UTC)

ASKED = [
    ("相談方法", "来所"), ("相談経路", "本人"), ("お困りごと", "収入・生活費のこと"), ("緊急に心配なこと", "なし"),
    ("相談の内容・配慮してほしいこと", "架空の相談。"), ("本人の同意", "口頭同意(後日書面)"), ("どこで対応できそうか", "別の1つの機関で足りる"),
]  # fmt: skip


@dataclass
class Town:
    """A city, its clock, and the cases that were made in it: name of the story to its Rehearsal."""

    city: City
    clock: Clock
    process: str
    cases: dict[str, int] = field(default_factory=dict)

    def rehearsal(self, name: str | None = None) -> Rehearsal:
        """A story to go on with, or a new one."""
        return Rehearsal(self.city, self.clock, self.process, case=self.cases[name] if name else None)

    def by(self, who: str) -> By:
        return self.rehearsal().by(who)

    def person(self, who: str) -> Person:
        """One of the people of a group, as they sign in."""
        found = people.person(self.city.store, self.by(who).person or 0)
        assert found is not None
        return found

    def joins(self, login: str, name: str, *groups: str, **more: Any) -> Person:
        """Somebody new, who works here from today on."""
        return people.add_person(self.city.store, login, name, groups=groups, now=self.city.now(), **more)

    def acts(self, person: Person, organisation: str | None = None) -> By:
        """A person as they act for an organisation."""
        groups = people.groups_of(self.city.store, person.id, self.city.today)
        office = organisation or next(iter(sorted(group.split(".")[0] for group in groups)), None)
        return By(person.id, office, groups, person.process_owner, person.administrator)

    def receives(self, who: str, *persons: str, name: str = "new") -> str:
        """Somebody is received; `persons` are rows such as 「続柄・立場=本人／氏=星空」. Gives the number of the case."""
        rows: Rows = [*ASKED, *(("本人・世帯の人", each) for each in persons)]
        rehearsal = self.rehearsal()
        rehearsal.registers(who, rows)
        self.cases[name] = rehearsal.case or 0
        return self.number(name)

    def number(self, name: str) -> str:
        with self.city.store.reading() as c:
            found = c.scalar(sa.select(store.case.c.number).where(store.case.c.id == self.cases[name]))
        assert found is not None
        return str(found)

    def task(self, name: str, task_name: str) -> str:
        """The id of the open task of this name in a case."""
        task = store.task
        with self.city.store.reading() as c:
            return str(c.execute(
                sa.select(task.c.id).where(task.c.case == self.cases[name], task.c.status == "open", task.c.name == task_name)
            ).scalar_one())  # fmt: skip


@dataclass(frozen=True)
class Played:
    """A town on disk, and the moment at which its stories stopped."""

    file: Path
    moment: datetime
    cases: dict[str, int]
    process: str


def _play(folder: Path, stories: dict[str, str], story: str = STORY) -> Played:
    """Play the story once for each name, each from its first day, until a task is about to be done."""
    folder.mkdir()
    opened = store.connect(f"sqlite:///{folder / 'bansou.sqlite3'}")
    migrations.upgrade(opened)
    releases.publish(City(opened, Clock(BEGINS)), ROOT)
    files = (ROOT / "processes/walkthroughs").glob("*.feature")
    known = {each.name: each for path in files for each in walkthroughs.read(path)}
    cases: dict[str, int] = {}
    moment, process = BEGINS, ""
    for name, before in stories.items():
        clock = Clock(BEGINS)
        city = City(opened, clock)
        with opened.reading() as c:
            (process,) = city.organisation(c).starters
        rehearsal = Rehearsal(city, clock, process)
        walkthroughs.play(known[story], rehearsal, known, before=before)
        cases[name] = rehearsal.case or 0
        moment = max(moment, clock.moment)
    opened.close()
    return Played(folder / "bansou.sqlite3", moment, cases, process)


def _copied(played: Played, folder: Path) -> Iterator[Town]:
    file = folder / "town.sqlite3"
    shutil.copy(played.file, file)
    opened = store.connect(f"sqlite:///{file}")
    clock = Clock(played.moment)
    yield Town(City(opened, clock), clock, played.process, dict(played.cases))
    opened.close()


@pytest.fixture(scope="session")
def meeting_day(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Two households on 令和8年5月14日（木）: one waits for an agenda, the other is on the agenda of this day's meeting."""
    stories = {"waiting": "会議の議題にする", "on_the_agenda": "会議でのプランの結論を記録する"}
    return _play(tmp_path_factory.mktemp("town") / "meeting", stories)


@pytest.fixture(scope="session")
def inquiry(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A household whose agencies are being asked what they know."""
    return _play(tmp_path_factory.mktemp("town") / "inquiry", {"asked": "把握していることを答える"})


@pytest.fixture(scope="session")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A household whose plan is drafted; the agencies are about to say whether they take their roles."""
    return _play(tmp_path_factory.mktemp("town") / "drafted", {"drafted": "役割を引き受けられるか答える"})


@pytest.fixture(scope="session")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A household whose plan is decided; the support is about to begin."""
    return _play(tmp_path_factory.mktemp("town") / "decided", {"decided": "モニタリングをする"})


@pytest.fixture
def town(meeting_day: Played, tmp_path: Path) -> Iterator[Town]:
    """The town on the day of a meeting, for one test alone."""
    yield from _copied(meeting_day, tmp_path)


@pytest.fixture
def asking_town(inquiry: Played, tmp_path: Path) -> Iterator[Town]:
    """The town while agencies are asked, for one test alone."""
    yield from _copied(inquiry, tmp_path)


@pytest.fixture(scope="session")
def request_made(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A household for whom 多機関協働 was asked, and not yet received."""
    return _play(tmp_path_factory.mktemp("town") / "request", {"requested": "受理会議で受け止め方を決める"})


@pytest.fixture
def requesting_town(request_made: Played, tmp_path: Path) -> Iterator[Town]:
    """The town while a request waits for its answer, for one test alone."""
    yield from _copied(request_made, tmp_path)


@pytest.fixture
def drafting_town(drafted: Played, tmp_path: Path) -> Iterator[Town]:
    """The town while a plan is drafted, for one test alone."""
    yield from _copied(drafted, tmp_path)


@pytest.fixture
def supporting_town(decided: Played, tmp_path: Path) -> Iterator[Town]:
    """The town while a plan is carried out, for one test alone."""
    yield from _copied(decided, tmp_path)


@pytest.fixture(scope="session")
def conference_day(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A household without consent on the day of its 支援会議, 令和8年4月20日（月）."""
    return _play(tmp_path_factory.mktemp("town") / "conference", {"conference": "支援会議を開き、記録する"}, CONFERENCE)


@pytest.fixture
def conference_town(conference_day: Played, tmp_path: Path) -> Iterator[Town]:
    """The town on the day of a 支援会議, for one test alone."""
    yield from _copied(conference_day, tmp_path)


@pytest.fixture
def new_town(empty_store: Store) -> Town:
    """A town in which nothing has happened yet, once on each kind of database."""
    clock = Clock(BEGINS)
    city = City(empty_store, clock)
    releases.publish(city, ROOT)
    with city.store.reading() as c:
        (process,) = city.organisation(c).starters
    return Town(city, clock, process)
