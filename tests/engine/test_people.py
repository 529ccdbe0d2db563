"""People, their groups and their passwords, through the doors of engine.people."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import argon2
import pytest
import sqlalchemy as sa

from engine import people, store
from engine.people import TooManyAttempts, UnusableLogin, UnusablePassword
from engine.store import Store, login_attempt, person_login

NOW = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
TODAY = date(2026, 11, 25)
YESTERDAY, TOMORROW = date(2026, 11, 24), date(2026, 11, 26)
PASSWORD = "さくらの咲く坂道まで歩く"
HERE = "192.0.2.7"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "HASHER", argon2.PasswordHasher(time_cost=1, memory_cost=2048, parallelism=1))


@pytest.fixture
def city_store(empty_store: Store) -> Store:
    return empty_store


def harukaze(city_store: Store, **more: object) -> people.Person:
    return people.add_person(city_store, "harukaze", "春風 さくら", kana="ハルカゼ サクラ", now=NOW, **more)  # type: ignore[arg-type]


def attempts(city_store: Store) -> list[tuple[str, bool]]:
    with city_store.reading() as connection:
        rows = connection.execute(sa.select(login_attempt.c.login, login_attempt.c.ok).order_by(login_attempt.c.id))
        return [(row.login, row.ok) for row in rows]


def fails(city_store: Store, times: int, login: str = "harukaze", address: str = HERE, at: datetime = NOW) -> None:
    for _ in range(times):
        assert people.verify(city_store, login, "wrong password", address, at) is None


# Adding


def test_a_person_is_found_again_by_id_and_by_login(city_store: Store) -> None:
    added = harukaze(city_store)
    assert people.person(city_store, added.id) == added
    assert people.person_by_login(city_store, " Harukaze ") == added
    assert (added.name, added.kana, added.active, added.demo) == ("春風 さくら", "ハルカゼ サクラ", True, False)


def test_nobody_is_found_who_was_not_added(city_store: Store) -> None:
    assert people.person(city_store, 1) is None
    assert people.person_by_login(city_store, "harukaze") is None


def test_a_login_written_in_full_width_is_the_same_login(city_store: Store) -> None:
    people.add_person(city_store, "ｈａｒｕｋａｚｅ", "春風 さくら", now=NOW)
    assert people.person_by_login(city_store, "harukaze") is not None
    with pytest.raises(UnusableLogin, match="「harukaze」は、もう使われています"):
        people.add_person(city_store, "HARUKAZE", "春風 もみじ", now=NOW)


@pytest.mark.parametrize("login", ["", "a", "春風", "haru kaze", "-haru", "haru/kaze", "h" * 65, "a<b", "haru\x00kaze"])
def test_a_login_that_cannot_be_typed_safely_is_refused(city_store: Store, login: str) -> None:
    with pytest.raises(UnusableLogin, match="半角の英小文字"):
        people.add_person(city_store, login, "春風 さくら", now=NOW)
    assert people.all_people(city_store) == ()


def test_a_person_without_a_name_is_refused(city_store: Store) -> None:
    with pytest.raises(UnusableLogin, match="氏名"):
        people.add_person(city_store, "harukaze", "　 ", now=NOW)


def test_everybody_is_listed_by_reading(city_store: Store) -> None:
    people.add_person(city_store, "wakaba", "若葉 しずく", kana="ワカバ シズク", now=NOW)
    people.add_person(city_store, "asagiri", "朝霧 つむぎ", kana="アサギリ ツムギ", now=NOW)
    assert [person.login for person in people.all_people(city_store)] == ["asagiri", "wakaba"]


# Passwords


def test_the_right_password_opens_and_a_wrong_one_does_not(city_store: Store) -> None:
    added = harukaze(city_store, password=PASSWORD)
    assert people.verify(city_store, "harukaze", PASSWORD, HERE, NOW) == added
    assert people.verify(city_store, "harukaze", PASSWORD + "。", HERE, NOW) is None
    assert attempts(city_store) == [("harukaze", True), ("harukaze", False)]


def test_a_password_typed_in_full_width_is_the_same_password(city_store: Store) -> None:
    harukaze(city_store, password="long walk 2026 uphill")
    assert people.verify(city_store, "harukaze", "ｌｏｎｇ walk ２０２６ uphill", HERE, NOW) is not None


def test_nobody_signs_in_without_a_password_of_their_own(city_store: Store) -> None:
    harukaze(city_store)
    assert people.verify(city_store, "harukaze", "", HERE, NOW) is None
    assert people.verify(city_store, "harukaze", "nobody has this password", HERE, NOW) is None


def test_an_unknown_login_is_answered_like_a_wrong_password_and_kept_only_as_a_trace(city_store: Store) -> None:
    assert people.verify(city_store, PASSWORD, PASSWORD, HERE, NOW) is None
    [(kept, ok)] = attempts(city_store)
    assert not ok and kept.startswith("?") and len(kept) == 5


GUESSED = ("short", "a" * 300, "aaaaaaaaaaaaaaaa", "my harukaze word", "春風さくらのひみつの言葉")


@pytest.mark.parametrize("password", GUESSED)
def test_a_password_that_is_easily_guessed_is_refused(city_store: Store, password: str) -> None:
    added = harukaze(city_store, password=PASSWORD)
    with pytest.raises(UnusablePassword):
        people.set_password(city_store, added.id, password)
    assert people.verify(city_store, "harukaze", PASSWORD, HERE, NOW) is not None


def test_a_refused_first_password_adds_nobody(city_store: Store) -> None:
    with pytest.raises(UnusablePassword):
        harukaze(city_store, password="short")
    assert people.all_people(city_store) == ()


def test_a_new_password_ends_the_old_one_and_every_session(city_store: Store) -> None:
    added = harukaze(city_store, password=PASSWORD)
    people.set_password(city_store, added.id, "ゆっくり歩いて帰る夕方の道")
    assert people.verify(city_store, "harukaze", PASSWORD, HERE, NOW) is None
    known = people.verify(city_store, "harukaze", "ゆっくり歩いて帰る夕方の道", HERE, NOW)
    assert known is not None and known.session_version > added.session_version


def test_nobody_gets_a_password_who_is_not_there(city_store: Store) -> None:
    with pytest.raises(UnusableLogin, match="登録されていません"):
        people.set_password(city_store, 7, PASSWORD)


def test_the_password_itself_is_nowhere_in_the_database(city_store: Store) -> None:
    harukaze(city_store, password=PASSWORD)
    people.verify(city_store, "harukaze", PASSWORD, HERE, NOW)
    fails(city_store, 1)
    with city_store.reading() as connection:
        written = repr([tuple(row) for table in store.metadata.sorted_tables for row in connection.execute(sa.select(table))])
    assert "harukaze" in written
    assert PASSWORD not in written and "wrong password" not in written


def test_a_weaker_hash_is_renewed_when_its_owner_signs_in(city_store: Store) -> None:
    added = harukaze(city_store, password=PASSWORD)
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    with city_store.transaction() as connection:
        connection.execute(sa.update(person_login).values(password_hash=weak))
    assert people.verify(city_store, "harukaze", PASSWORD, HERE, NOW) == added
    with city_store.reading() as connection:
        assert connection.scalar(sa.select(person_login.c.password_hash)) != weak
    assert people.verify(city_store, "harukaze", PASSWORD, HERE, NOW) == added


def test_a_guess_costs_as_much_as_the_library_advises(monkeypatch: pytest.MonkeyPatch, city_store: Store) -> None:
    monkeypatch.undo()
    harukaze(city_store, password=PASSWORD)
    with city_store.reading() as connection:
        kept = connection.scalar(sa.select(person_login.c.password_hash))
    assert kept is not None and kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


# Throttle


def test_after_five_failures_even_the_right_password_waits(city_store: Store) -> None:
    harukaze(city_store, password=PASSWORD)
    fails(city_store, people.FAILURES_OF_LOGIN)
    with pytest.raises(TooManyAttempts) as refused:
        people.verify(city_store, "harukaze", PASSWORD, HERE, NOW + timedelta(minutes=1))
    assert refused.value.until == NOW + people.WINDOW
    assert people.verify(city_store, "harukaze", PASSWORD, HERE, NOW + people.WINDOW) is not None


def test_a_refused_attempt_does_not_make_the_wait_longer(city_store: Store) -> None:
    fails(city_store, people.FAILURES_OF_LOGIN)
    for minutes in (1, 5, 14):
        with pytest.raises(TooManyAttempts):
            people.verify(city_store, "harukaze", "wrong password", HERE, NOW + timedelta(minutes=minutes))
    assert len(attempts(city_store)) == people.FAILURES_OF_LOGIN


def test_a_success_forgets_the_failures_before_it(city_store: Store) -> None:
    harukaze(city_store, password=PASSWORD)
    fails(city_store, people.FAILURES_OF_LOGIN - 1)
    assert people.verify(city_store, "harukaze", PASSWORD, HERE, NOW) is not None
    fails(city_store, people.FAILURES_OF_LOGIN - 1, at=NOW + timedelta(seconds=1))
    assert people.verify(city_store, "harukaze", PASSWORD, HERE, NOW + timedelta(seconds=2)) is not None


def test_one_person_s_failures_do_not_stop_another(city_store: Store) -> None:
    people.add_person(city_store, "nijihashi", "虹橋 ゆう", password=PASSWORD, now=NOW)
    fails(city_store, people.FAILURES_OF_LOGIN)
    assert people.verify(city_store, "nijihashi", PASSWORD, HERE, NOW) is not None


def test_an_unknown_login_is_throttled_like_a_known_one(city_store: Store) -> None:
    fails(city_store, people.FAILURES_OF_LOGIN, login="nobody")
    with pytest.raises(TooManyAttempts):
        people.verify(city_store, "nobody", "wrong password", HERE, NOW)


def test_an_address_that_tries_many_logins_waits_too(city_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "FAILURES_OF_ADDRESS", 4)
    harukaze(city_store, password=PASSWORD)
    for login in ("nobody-1", "nobody-2", "nobody-3", "nobody-4"):
        fails(city_store, 1, login)
    with pytest.raises(TooManyAttempts):
        people.verify(city_store, "harukaze", PASSWORD, HERE, NOW)
    assert people.verify(city_store, "harukaze", PASSWORD, "192.0.2.8", NOW) is not None


def test_attempts_are_forgotten_after_a_month(city_store: Store) -> None:
    fails(city_store, 1)
    fails(city_store, 1, at=NOW + people.ATTEMPTS_KEPT + timedelta(seconds=1))
    assert len(attempts(city_store)) == 1


# Groups


def test_a_person_is_a_member_from_the_first_day_to_the_last(city_store: Store) -> None:
    added = harukaze(city_store, groups=("esikoni",), since=TODAY)
    people.join(city_store, added.id, "choju.head", YESTERDAY, TODAY)
    assert people.groups_of(city_store, added.id, YESTERDAY) == {"choju.head"}
    assert people.groups_of(city_store, added.id, TODAY) == {"esikoni", "choju.head"}
    assert people.groups_of(city_store, added.id, TOMORROW) == {"esikoni"}
    assert people.memberships(city_store, TODAY) == {added.id: {"esikoni", "choju.head"}}


def test_joining_twice_is_joining_once(city_store: Store) -> None:
    added = harukaze(city_store, groups=("esikoni", "esikoni"), since=TODAY)
    people.join(city_store, added.id, "esikoni", TODAY)
    assert people.members_of(city_store, "esikoni", TODAY) == (added,)
    people.leave(city_store, added.id, "esikoni", TODAY)
    assert people.members_of(city_store, "esikoni", TOMORROW) == ()


def test_whoever_left_can_come_back_the_same_day(city_store: Store) -> None:
    added = harukaze(city_store, groups=("esikoni",), since=TODAY)
    people.leave(city_store, added.id, "esikoni", YESTERDAY)
    assert people.groups_of(city_store, added.id, TODAY) == frozenset()
    people.join(city_store, added.id, "esikoni", TODAY)
    assert people.groups_of(city_store, added.id, TODAY) == {"esikoni"}


def test_members_are_listed_by_reading_without_those_who_left(city_store: Store) -> None:
    wakaba = people.add_person(city_store, "wakaba", "若葉 しずく", kana="ワカバ", groups=("esikoni",), now=NOW)
    asagiri = people.add_person(city_store, "asagiri", "朝霧 つむぎ", kana="アサギリ", groups=("esikoni",), now=NOW)
    assert people.members_of(city_store, "esikoni", TODAY) == (asagiri, wakaba)
    people.deactivate(city_store, asagiri.id, TODAY)
    assert people.members_of(city_store, "esikoni", TODAY) == (wakaba,)


def test_a_leaver_cannot_sign_in_and_belongs_nowhere(city_store: Store) -> None:
    added = harukaze(city_store, password=PASSWORD, groups=("esikoni",), since=YESTERDAY)
    people.deactivate(city_store, added.id, TODAY)
    assert people.verify(city_store, "harukaze", PASSWORD, HERE, NOW) is None
    assert people.groups_of(city_store, added.id, TODAY) == frozenset()
    assert people.groups_of(city_store, added.id, YESTERDAY) == {"esikoni"}
    left = people.person(city_store, added.id)
    assert left is not None and not left.active and left.session_version > added.session_version


def test_whoever_comes_back_signs_in_again(city_store: Store) -> None:
    added = harukaze(city_store, password=PASSWORD)
    people.deactivate(city_store, added.id, TODAY)
    people.reactivate(city_store, added.id)
    assert people.verify(city_store, "harukaze", PASSWORD, HERE, NOW) is not None


def test_ending_sessions_changes_their_number_only(city_store: Store) -> None:
    added = harukaze(city_store, password=PASSWORD)
    people.end_sessions(city_store, added.id)
    known = people.verify(city_store, "harukaze", PASSWORD, HERE, NOW)
    assert known is not None and known.session_version == added.session_version + 1


@pytest.mark.parametrize(("group", "organisation"), [("esikoni", "esikoni"), ("esikoni.head", "esikoni")])
def test_a_group_belongs_to_its_organisation(group: str, organisation: str) -> None:
    assert people.organisation_of(group) == organisation


def test_a_database_is_a_demo_only_when_it_says_so(city_store: Store) -> None:
    assert not people.is_demo(city_store)
    with city_store.transaction() as connection:
        connection.execute(sa.insert(store.about).values(key="demo", value="yes"))
    assert people.is_demo(city_store)
