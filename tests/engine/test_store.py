"""The tables as they are migrated, on each kind of database: what the code says is what is there, and nothing is told in errors."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from engine import migrations, store
from engine.store import Store

MOMENT = datetime(2026, 4, 6, 9, 30, tzinfo=timezone(timedelta(hours=9)))


def keeps(opened: Store, at: datetime) -> datetime:
    with opened.transaction() as c:
        c.execute(sa.insert(store.settings_version).values(hash=at.isoformat(), body=b"", in_force_from=at))
    with opened.reading() as c:
        return c.execute(sa.select(store.settings_version.c.in_force_from)).scalar_one()


def test_the_migrated_tables_are_those_of_the_code(empty_store: Store) -> None:
    with empty_store.transaction() as c:
        assert compare_metadata(MigrationContext.configure(c), store.metadata) == []


def test_migrating_again_changes_nothing(empty_store: Store) -> None:
    migrations.upgrade(empty_store)
    with empty_store.transaction() as c:
        assert compare_metadata(MigrationContext.configure(c), store.metadata) == []


def test_a_moment_comes_back_as_the_same_moment_in_utc(empty_store: Store) -> None:
    came_back = keeps(empty_store, MOMENT)
    assert came_back == MOMENT and came_back.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(empty_store: Store) -> None:
    with pytest.raises(sa.exc.StatementError, match="time zone"):
        keeps(empty_store, datetime(2026, 4, 6, 9, 30))


def test_an_error_never_tells_what_was_to_be_written(empty_store: Store) -> None:
    with pytest.raises(sa.exc.IntegrityError) as raised, empty_store.transaction() as c:
        c.execute(sa.insert(store.household_member).values(household=-1, person=-1, position=0, since=date(2026, 4, 6)))
        c.execute(sa.insert(store.case_number).values(fiscal_year=2026, last=0))
        c.execute(sa.insert(store.case_number).values(fiscal_year=2026, last=424242))
    said = f"{raised.value} {raised.value.orig if empty_store.engine.dialect.name == 'sqlite' else ''}"
    assert "424242" not in said and "hide_parameters" in said


def test_what_is_not_finished_is_not_written(empty_store: Store) -> None:
    with pytest.raises(ZeroDivisionError), empty_store.transaction() as c:
        c.execute(sa.insert(store.case_number).values(fiscal_year=2026, last=0))
        1 / 0  # noqa: B018
    with empty_store.reading() as c:
        assert c.execute(sa.select(store.case_number)).all() == []


def test_a_row_that_refers_to_nothing_is_refused(empty_store: Store) -> None:
    with pytest.raises(sa.exc.IntegrityError), empty_store.transaction() as c:
        c.execute(sa.insert(store.household_member).values(household=999, person=999, position=0, since=date(2026, 4, 6)))


def test_a_page_sees_one_moment_whatever_is_written_while_it_reads(empty_store: Store) -> None:
    written = sa.insert(store.about).values(key="meanwhile", value="yes")
    known = sa.select(store.about.c.value).where(store.about.c.key == "meanwhile")
    with empty_store.reading() as page:
        assert page.scalar(known) is None
        with empty_store.transaction() as other:
            other.execute(written)
        assert page.scalar(known) is None
    with empty_store.reading() as page:
        assert page.scalar(known) == "yes"


def test_who_came_to_read_cannot_write(empty_store: Store) -> None:
    with contextlib.suppress(sa.exc.DBAPIError), empty_store.reading() as page:
        page.execute(sa.insert(store.about).values(key="by-the-way", value="yes"))
    with empty_store.reading() as page:
        assert page.scalar(sa.select(store.about.c.value).where(store.about.c.key == "by-the-way")) is None
