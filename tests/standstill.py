"""An office in which some things stand still: cases made once on the real engine, copied for each test that asks.

It inserts nothing: everything is done by its people, and then nobody does anything for a while. A test module asks for it
by ``pytest_plugins = ("standstill",)``.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine import assignments, migrations, people, releases, store
from engine.city import By, City
from engine.people import Person
from engine.rehearsal import Clock, Rehearsal, Rows
from engine.store import Store

ROOT = Path(__file__).parents[1]
BEGINS = datetime(2026, 4, 6, 0, 0, tzinfo=UTC)  # a Monday, 9:00 in Tokyo

ASKED = [
    ("相談方法", "来所"), ("相談経路", "本人"), ("お困りごと", "収入・生活費のこと"), ("緊急に心配なこと", "なし"),
    ("相談の内容・配慮してほしいこと", "架空の相談。"), ("本人の同意", "判断能力等により同意が難しい"),
    ("どこで対応できそうか", "別の1つの機関で足りる"),
]  # fmt: skip
TRIAGE, CLOSING, SHEET, REPLY = "振り分けを判断する", "受付を終える", "つなぐシートを書く", "つなぐシートに回答する"
GROUND = ("同意の記録がないときの根拠", "判断が難しく本人の利益のため")
COUNTER, AGENCY = "市民税課", "自立相談支援機関(市社協)"


@dataclass
class Office:
    """A city with its clock; cases are called by the family names of their households."""

    city: City
    clock: Clock
    cases: dict[str, int] = field(default_factory=dict)

    def rehearsal(self, family: str | None = None) -> Rehearsal:
        with self.city.store.reading() as c:
            (process,) = self.city.organisation(c).starters
        return Rehearsal(self.city, self.clock, process, case=self.cases[family] if family else None)

    # -- who --------------------------------------------------------------------------------------------------------
    def by(self, who: str) -> By:
        """Somebody of 「市民税課」「市民税課のマネージャー」「えしこにの長」."""
        return self.rehearsal().by(who)

    def person(self, who: str) -> Person:
        found = people.person(self.city.store, self.by(who).person or 0)
        assert found is not None
        return found

    def joins(self, login: str, name: str, *groups: str, **more: Any) -> Person:
        return people.add_person(self.city.store, login, name, groups=groups, now=self.city.now(), since=date(2020, 4, 1), **more)

    # -- doing ------------------------------------------------------------------------------------------------------
    def receives(self, family: str, who: str = COUNTER) -> None:
        rehearsal = self.rehearsal()
        rehearsal.registers(who, [*ASKED, ("本人・世帯の人", f"続柄・立場=本人／氏={family}")])
        self.cases[family] = rehearsal.case or 0

    def answers(self, family: str, task: str, rows: Rows, who: str = COUNTER) -> None:
        self.rehearsal(family).answers(who, task, rows)

    def receives_in_danger(self, family: str, who: str = COUNTER) -> None:
        """Two steps are open side by side: the emergency and the triage."""
        rows = [row for row in ASKED if row[0] != "緊急に心配なこと"]
        rehearsal = self.rehearsal()
        danger = ("緊急に心配なこと", "食料・水・暖房・服薬が途絶えている")
        rehearsal.registers(who, [*rows, danger, ("本人・世帯の人", f"続柄・立場=本人／氏={family}")])
        self.cases[family] = rehearsal.case or 0

    def connects(self, family: str) -> None:
        """The household is handed to the agency, which has not answered yet."""
        self.answers(family, TRIAGE, [("対応の区分", "他課・他機関へつなぐ"), ("そう判断した理由", "架空"), ("つなぎ先", AGENCY)])
        self.answers(family, SHEET, [("つなぎ方", "同行"), ("頼みたいこと", "架空"), GROUND])

    def helps_here(self, family: str, check_on: date) -> None:
        """The counter helps by itself and will look again on a day."""
        self.answers(family, TRIAGE, [("対応の区分", "自課・自機関で対応"), ("そう判断した理由", "架空")])
        rows = [("対応は終わったか", "続ける"), ("対応したこと", "架空"), ("次に確かめる日", check_on.isoformat())]
        self.answers(family, "自課で対応し記録する", rows)

    def claims(self, family: str, task: str, person: Person, *groups: str) -> None:
        office = next(iter(groups)).split(".")[0]
        assignments.claim(self.city, self.task(family, task), By(person.id, office, frozenset(groups)))

    def publishes(self, folder: Path, changes: dict[str, tuple[str, str]] | None = None, without: str = "") -> None:
        """The city publishes its files: in some of them a text replaced by another, one of them left out."""
        for place, _ in releases.FOLDERS:
            shutil.copytree(ROOT / place, folder / place, dirs_exist_ok=True)
        shutil.copy(ROOT / releases.SETTINGS, folder / releases.SETTINGS)
        for file, (old, new) in (changes or {}).items():
            text = (folder / file).read_text(encoding="utf-8")
            assert old in text
            (folder / file).write_text(text.replace(old, new), encoding="utf-8")
        if without:
            (folder / without).unlink()
        releases.publish(self.city, folder, replace=True)

    # -- time -------------------------------------------------------------------------------------------------------
    def days_pass(self, n: int) -> None:
        """Open days pass; what falls due is carried out."""
        self.rehearsal().days_pass(n)

    def sleeps_until(self, day: date) -> None:
        """The clock moves and nothing is carried out: the worker stands still."""
        self.clock.moment = datetime(day.year, day.month, day.day, tzinfo=UTC)

    # -- looking ----------------------------------------------------------------------------------------------------
    def number(self, family: str) -> str:
        with self.city.store.reading() as c:
            return str(c.execute(sa.select(store.case.c.number).where(store.case.c.id == self.cases[family])).scalar_one())

    def task(self, family: str, name: str) -> str:
        task = store.task
        wanted = sa.select(task.c.id).where(task.c.case == self.cases[family], task.c.status == "open", task.c.name == name)
        with self.city.store.reading() as c:
            return str(c.execute(wanted).scalar_one())


def opened(database: Store) -> Office:
    """An office in an empty database, with everything published."""
    clock = Clock(BEGINS)
    office = Office(City(database, clock), clock)
    releases.publish(office.city, ROOT)
    return office


@dataclass(frozen=True)
class Played:
    """An office on disk, and the moment at which it stopped."""

    file: Path
    moment: datetime
    cases: dict[str, int]


def _copied(played: Played, folder: Path) -> Iterator[Office]:
    file = folder / f"{played.file.parent.name}.sqlite3"
    shutil.copy(played.file, file)
    database = store.connect(f"sqlite:///{file}")
    clock = Clock(played.moment)
    yield Office(City(database, clock), clock, dict(played.cases))
    database.close()


def _played(folder: Path, play: Any) -> Played:
    database = store.connect(f"sqlite:///{folder / 'office.sqlite3'}")
    migrations.upgrade(database)
    office = opened(database)
    play(office)
    database.close()
    return Played(folder / "office.sqlite3", office.clock.moment, office.cases)


def four_days(office: Office) -> None:
    """Four households come on a day; then four open days pass, in which the machine works and nobody else does."""
    for family in ("星空", "若草", "月影", "朝露"):
        office.receives(family)
    office.connects("若草")
    office.helps_here("月影", date(2026, 5, 29))
    office.claims("朝露", TRIAGE, office.joins("harukaze", "春風 さくら", "zeimu"), "zeimu")
    office.days_pass(4)


def _experienced(office: Office) -> None:
    """Before that, 21 times the same step: 10 times one open day, 11 times three."""
    for days, families in ((1, range(10)), (3, range(10, 21))):
        for n in families:
            office.receives(f"架空{n}")
        office.days_pass(days)
        for n in families:
            office.answers(f"架空{n}", TRIAGE, [("対応の区分", "情報提供・助言で終了"), ("そう判断した理由", "架空")])
    four_days(office)


@pytest.fixture(scope="session")
def quiet_days(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return _played(tmp_path_factory.mktemp("quiet"), four_days)


@pytest.fixture(scope="session")
def experience(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return _played(tmp_path_factory.mktemp("experienced"), _experienced)


@pytest.fixture
def office(quiet_days: Played, tmp_path: Path) -> Iterator[Office]:
    """An office on 令和8年4月10日（金）, four open days after four households came, for one test alone."""
    yield from _copied(quiet_days, tmp_path)


@pytest.fixture
def experienced(experience: Played, tmp_path: Path) -> Iterator[Office]:
    """The same after 21 others, for one test alone."""
    yield from _copied(experience, tmp_path)
