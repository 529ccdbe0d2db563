"""What a newer version of Bansou wrote is refused in words, case by case, and nothing of it is changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from small_town import SmallTown

from engine import incidents, migrations, outbox, store
from engine.city import City
from engine.errors import OtherVersion
from engine.kernel.running import ENGINE_VERSION
from engine.store import Store

pytest_plugins = ("small_town",)


@pytest.fixture
def town(small_town: SmallTown) -> SmallTown:
    return small_town


def is_written(town: SmallTown, **columns: Any) -> None:
    """As a newer version leaves the instance of the first case."""
    with town.city.store.transaction() as c:
        c.execute(sa.update(store.instance).where(store.instance.c.id == 1).values(**columns))
    town.city = City(town.city.store, town.city.now)  # another process: nothing is known from before


def newer_state(town: SmallTown) -> dict[str, Any]:
    (row,) = town.rows(store.instance, store.instance.c.id == 1)
    return {"state": json.dumps({**json.loads(bytes(row.state)), "format": 2}).encode(), "format": 2}


def newer_form(town: SmallTown) -> None:
    (row,) = town.rows(store.instance, store.instance.c.id == 1)
    (form,) = town.rows(store.compiled, store.compiled.c.closure == row.closure)
    with town.city.store.transaction() as c:
        body = json.dumps({**json.loads(bytes(form.body)), "compiler": 2}).encode()
        c.execute(sa.update(store.compiled).where(store.compiled.c.closure == row.closure).values(body=body))


@pytest.mark.parametrize("what", ["state", "engine", "form"])
def test_a_case_of_a_newer_version_is_refused_and_stays_as_it_was(town: SmallTown, what: str) -> None:
    town.opens_inquiry(2)
    town.opens("asking")
    task = town.open_tasks()[0]
    if what == "form":
        newer_form(town)
    columns = {"state": newer_state(town), "engine": {"engine_version": "SpiffWorkflow 99.0"}, "form": {"version": 1}}[what]
    is_written(town, **columns)
    before = town.rows(store.instance), town.rows(store.event), town.rows(store.answer)
    with pytest.raises(OtherVersion, match="新しい版"):
        town.finishes(task.id)
    assert (town.rows(store.instance), town.rows(store.event), town.rows(store.answer)) == before
    town.completes("busy")
    assert "busy" not in town.names(), "other cases go on"


def test_a_timer_of_a_newer_version_waits_and_says_why(town: SmallTown) -> None:
    town.opens("waiting")
    is_written(town, **newer_state(town))
    for _ in range(outbox.TRIES):
        town.passes(days=30)
        outbox.work_all(town.city)
    with town.city.store.reading() as c:
        (dead,) = incidents.dead_work(town.city, c)
    assert dead.error.startswith("OtherVersion: いま動いている伴走より新しい版で書かれている")


def test_every_step_says_which_engine_and_format_wrote_it(town: SmallTown, monkeypatch: pytest.MonkeyPatch) -> None:
    town.opens("asking")
    is_written(town, engine_version="SpiffWorkflow 3.1.0", format=0)
    monkeypatch.setattr("engine.city.KNOWN_ENGINES", {ENGINE_VERSION, "SpiffWorkflow 3.1.0"})
    town.completes("busy")
    row = town.rows(store.instance)[0]
    assert (row.format, row.engine_version, row.compiler_version) == (1, ENGINE_VERSION, 1)


def test_a_database_of_a_newer_version_is_refused_before_anything_is_touched(empty_store: Store) -> None:
    with empty_store.transaction() as c:
        c.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(OtherVersion):
        migrations.upgrade(empty_store)
    with empty_store.reading() as c:
        assert c.scalar(sa.text("SELECT version_num FROM alembic_version")) == "9999"
