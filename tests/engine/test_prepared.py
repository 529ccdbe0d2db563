"""Statements handed to the driver as they are write what SQLAlchemy would write, on both databases, and say the same errors."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa

from engine import store
from engine.prepared import Prepared
from engine.store import Store

AT = datetime(2026, 4, 6, 0, 30, tzinfo=UTC)
ADD = Prepared(sa.insert(store.person))
CHANGE = Prepared(sa.update(store.person).where(store.person.c.id == sa.bindparam("this")))
REMOVE = Prepared(sa.delete(store.person).where(store.person.c.id == sa.bindparam("this")))


def somebody(**more: Any) -> dict[str, Any]:
    return {"data": {"familyName": "架空𠮟", "tags": [1, None]}, "concealed": False, "birth_on": date(1950, 2, 28), "changed_at": AT, **more}


def people(empty_store: Store) -> list[dict[str, Any]]:
    with empty_store.reading() as c:
        return [dict(row) for row in c.execute(sa.select(store.person).order_by(store.person.c.id)).mappings()]


def test_what_is_written_reads_like_what_sqlalchemy_writes(empty_store: Store) -> None:
    with empty_store.transaction() as c:
        ADD.run(c, somebody())
        c.execute(sa.insert(store.person), somebody())
    ours, theirs = people(empty_store)
    assert {**ours, "id": 0} == {**theirs, "id": 0}
    assert ours["changed_at"] == AT and ours["data"]["familyName"] == "架空𠮟" and ours["birth_on"] == date(1950, 2, 28)


def test_the_same_statement_takes_other_columns_another_time(empty_store: Store) -> None:
    with empty_store.transaction() as c:
        ADD.run_all(c, [somebody(id=1), somebody(id=2)])
        assert CHANGE.run(c, {"this": 1, "kana_key": "カクウ"}).rowcount == 1
        assert CHANGE.run(c, {"concealed": True, "kana_key": "ホシ", "this": 2}).rowcount == 1
        assert CHANGE.run(c, {"this": 3, "kana_key": "ナシ"}).rowcount == 0
    assert [(each["kana_key"], each["concealed"]) for each in people(empty_store)] == [("カクウ", False), ("ホシ", True)]


def test_moments_of_other_zones_are_kept_in_utc_and_those_of_none_refused(empty_store: Store) -> None:
    with empty_store.transaction() as c:
        ADD.run(c, somebody(changed_at=AT.astimezone(timezone(timedelta(hours=9)))))
    assert people(empty_store)[0]["changed_at"] == AT
    with pytest.raises(ValueError, match="time zone"), empty_store.transaction() as c:
        ADD.run(c, somebody(changed_at=datetime(2026, 4, 6)))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_any_number_of_rows_is_carried_out(empty_store: Store, count: int) -> None:
    with empty_store.transaction() as c:
        ADD.run_all(c, [somebody(id=number + 1) for number in range(count)])
    assert [each["id"] for each in people(empty_store)] == list(range(1, count + 1))
    with empty_store.transaction() as c:
        REMOVE.run_all(c, [{"this": number + 1} for number in range(count)])
    assert people(empty_store) == []


def test_what_the_database_gives_back_can_be_asked_for(empty_store: Store) -> None:
    giving = Prepared(sa.insert(store.person).returning(store.person.c.id))
    with empty_store.transaction() as c:
        first, second = (giving.run(c, somebody()).scalar_one() for _ in range(2))
    assert [each["id"] for each in people(empty_store)] == [first, second]


def test_a_value_that_stands_in_the_statement_needs_none_from_the_caller(empty_store: Store) -> None:
    hide = Prepared(sa.update(store.person).where(store.person.c.id == 1).values(concealed=True))
    with empty_store.transaction() as c:
        ADD.run_all(c, [somebody(id=1), somebody(id=2)])
        hide.run(c, {})
    assert [each["concealed"] for each in people(empty_store)] == [True, False]


def test_an_error_is_sqlalchemys_and_tells_no_value(empty_store: Store) -> None:
    with empty_store.transaction() as c:
        ADD.run(c, somebody(id=7))
    with pytest.raises(sa.exc.IntegrityError) as raised, empty_store.transaction() as c:
        ADD.run(c, somebody(id=7, kana_key="ヒミツ"))
    assert "ヒミツ" not in str(raised.value)


def test_values_that_python_would_add_are_refused_since_they_would_be_lost(empty_store: Store) -> None:
    login = Prepared(sa.insert(store.person_login))
    with pytest.raises(TypeError, match="administrator"), empty_store.transaction() as c:
        login.run(c, {"login": "hoshi", "name": "架空 星", "active": True, "created_at": AT})
