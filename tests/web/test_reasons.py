"""Why a decision table said what it said: on the task that starts from it, and among what happened, for those who may read what it read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from desks import reading, text

from engine import access, store, timeline
from engine.city import City

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)

TRIAGE = "振り分けを判断する"
BY_ROW = "判断の理由：表「振り分けの目安」の3行め（ほかの1機関で足りるときは、つなぎます）"


@pytest.fixture
def city(town: Town) -> City:
    return town.city


def received(town: Town) -> str:
    """A new case whose consent is recorded, so that the triage is next."""
    number = town.receives("市民税課", "続柄・立場=本人／氏=星空／名=ひかり")
    agreed = [("だれの同意か", "本人"), ("答え", "同意した"), ("同意した段階", "①会う・相談を続ける"), ("同意のしかた", "自署")]
    town.rehearsal("new").answers("市民税課", "同意を確かめて記録する", agreed)
    return number


def timeline_of(town: Town, who: str, number: str) -> str:
    return text(reading(town, who, f"/cases/{number}"))


def test_the_task_says_by_which_row_it_suggests(town: Town) -> None:
    received(town)
    page = text(reading(town, "市民税課", f"/tasks/{town.task('new', TRIAGE)}"))
    assert BY_ROW in page


def test_the_timeline_says_which_rows_were_met_and_when_none_was(town: Town) -> None:
    number = received(town)
    shown = timeline_of(town, "市民税課", number)
    assert "判断の理由：表「緊急性」に、当てはまる行がありませんでした。" in shown and BY_ROW in shown


def tables_told(town: Town, who: str, name: str) -> set[str]:
    """The tables whose rows somebody is told, over the whole time of a case."""
    with town.city.store.reading() as c:
        case = c.execute(sa.select(store.case).where(store.case.c.id == town.cases[name])).one()
        entries, _ = timeline.read(c, town.city, access.sight(town.city, c, town.by(who), case), size=500)
    return {reason.table for entry in entries for reason in entry.reasons}


def test_whoever_may_not_read_what_a_table_read_is_not_told_its_rows(supporting_town: Town) -> None:
    assert tables_told(supporting_town, "えしこに", "decided") == {"緊急性", "振り分けの目安"}
    assert tables_told(supporting_town, "福祉政策課", "decided") == set()


def test_the_stream_keeps_no_row_that_hit(town: Town) -> None:
    received(town)
    with town.city.store.reading() as c:
        kept = [each for row in c.scalars(sa.select(store.event.c.detail)) if isinstance(row, list) for each in row if each["kind"] == "Decided"]
        rows = c.scalars(sa.select(store.answer.c.rows).where(store.answer.c.case == town.cases["new"], store.answer.c.rows.is_not(None))).all()
    assert kept and all("rows" not in each for each in kept)
    assert {"urgency": []} in rows
