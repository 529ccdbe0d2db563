"""Sessions and identities through the doors of the engine, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest

from engine import identities, people, second_factor, sessions
from engine.identities import TakenIdentity
from engine.people import Person
from engine.store import Store

NOW, TODAY = datetime(2026, 11, 25, 1, 50, tzinfo=UTC), date(2026, 11, 25)
ISSUER, SUBJECT = "https://login.example.jp", "f3b1c7d0"


@pytest.fixture
def harukaze(empty_store: Store) -> Person:
    return people.add_person(empty_store, "harukaze", "春風 さくら", groups=("esikoni", "esikoni.head"), now=NOW)


@pytest.fixture
def nijihashi(empty_store: Store) -> Person:
    return people.add_person(empty_store, "nijihashi", "虹橋 ゆう", now=NOW)


def begins(opened: Store, person: Person, at: datetime = NOW) -> str:
    return sessions.begin(opened, person, "password", "Firefox・Linux", "192.0.2.1", at)


def over(opened: Store, token: str, at: datetime = NOW) -> str | None:
    found = sessions.find(opened, token, at, TODAY)
    assert found is not None
    return found.over


# Sessions


def test_a_session_is_found_by_its_token_with_the_person_and_their_groups(empty_store: Store, harukaze: Person, nijihashi: Person) -> None:
    found = sessions.find(empty_store, begins(empty_store, harukaze), NOW, TODAY)
    assert found is not None and found.person == harukaze and found.groups == {"esikoni", "esikoni.head"} and found.over is None
    assert (found.session.device, found.session.began_at, found.has_second_factor) == ("Firefox・Linux", NOW, False)
    without = sessions.find(empty_store, begins(empty_store, nijihashi), NOW, TODAY)
    assert without is not None and without.groups == frozenset()
    assert sessions.find(empty_store, "made up", NOW, TODAY) is None


def test_a_session_says_whether_its_person_has_a_second_factor(empty_store: Store, harukaze: Person) -> None:
    token, key = begins(empty_store, harukaze), second_factor.key_to_confirm(empty_store, harukaze.id, NOW)
    before = sessions.find(empty_store, token, NOW, TODAY)
    assert key is not None and before is not None and not before.has_second_factor
    second_factor.confirm(empty_store, harukaze.id, second_factor.code_at(key, second_factor.step_of(NOW)), NOW)
    after = sessions.find(empty_store, token, NOW, TODAY)
    assert after is not None and after.has_second_factor


def test_a_session_ends_by_time_after_thirty_idle_minutes_or_twelve_hours(empty_store: Store, harukaze: Person) -> None:
    token = begins(empty_store, harukaze)
    assert over(empty_store, token, NOW + timedelta(minutes=29)) is None
    assert over(empty_store, token, NOW + timedelta(minutes=30)) == "time"
    found = sessions.find(empty_store, token, NOW, TODAY)
    assert found is not None
    late = NOW + timedelta(hours=11, minutes=59)
    sessions.note(empty_store, found.session.id, late)
    assert over(empty_store, token, late) is None
    assert over(empty_store, token, NOW + timedelta(hours=12)) == "time"


def test_sessions_are_ended_one_by_one_or_all_but_one(empty_store: Store, harukaze: Person, nijihashi: Person) -> None:
    first, second, third = (begins(empty_store, harukaze, NOW + timedelta(seconds=n)) for n in range(3))
    other = begins(empty_store, nijihashi)
    listed = sessions.open_sessions(empty_store, harukaze.id, NOW)
    assert [each.began_at for each in listed] == [NOW + timedelta(seconds=n) for n in (2, 1, 0)]
    sessions.end(empty_store, nijihashi.id, listed[0].id, NOW)
    assert over(empty_store, third) is None
    sessions.end(empty_store, harukaze.id, listed[0].id, NOW)
    assert over(empty_store, third) == "elsewhere"
    sessions.end_others(empty_store, harukaze.id, listed[1].id, NOW)
    assert (over(empty_store, first), over(empty_store, second), over(empty_store, other)) == ("elsewhere", None, None)
    assert sessions.open_sessions(empty_store, harukaze.id, NOW) == (listed[1],)


@pytest.mark.parametrize("ending", ["password", "deactivated", "everywhere"])
def test_all_sessions_of_a_person_end_at_once(empty_store: Store, harukaze: Person, ending: str) -> None:
    token = begins(empty_store, harukaze)
    match ending:
        case "password":
            people.set_password(empty_store, harukaze.id, "ゆっくり歩いて帰る夕方の道")
        case "deactivated":
            people.deactivate(empty_store, harukaze.id, TODAY)
        case "everywhere":
            people.end_sessions(empty_store, harukaze.id)
    assert over(empty_store, token) == "elsewhere" and sessions.open_sessions(empty_store, harukaze.id, NOW) == ()


# Identities


def test_a_person_is_found_by_issuer_and_subject_alone(empty_store: Store, harukaze: Person) -> None:
    identities.link(empty_store, harukaze.id, ISSUER, SUBJECT, NOW)
    assert identities.person_of(empty_store, ISSUER, SUBJECT) == harukaze
    assert identities.person_of(empty_store, ISSUER, SUBJECT.upper()) is None
    assert identities.person_of(empty_store, "https://other.example.jp", SUBJECT) is None
    assert identities.subjects(empty_store, ISSUER) == {harukaze.id: SUBJECT}


def test_another_number_takes_the_place_of_the_first(empty_store: Store, harukaze: Person) -> None:
    for subject in (SUBJECT, SUBJECT, "another"):
        identities.link(empty_store, harukaze.id, ISSUER, subject, NOW)
    assert identities.person_of(empty_store, ISSUER, SUBJECT) is None
    assert identities.person_of(empty_store, ISSUER, "another") == harukaze
    identities.unlink(empty_store, harukaze.id, ISSUER)
    assert identities.person_of(empty_store, ISSUER, "another") is None


def test_of_two_who_are_given_the_same_number_one_has_it(empty_store: Store, harukaze: Person, nijihashi: Person) -> None:
    def link(person: Person) -> str:
        try:
            identities.link(empty_store, person.id, ISSUER, SUBJECT, NOW)
        except TakenIdentity:
            return "refused"
        return "linked"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(link, (harukaze, nijihashi))) == ["linked", "refused"]


def test_only_governed_groups_follow_and_only_what_changed_is_left(empty_store: Store, harukaze: Person) -> None:
    people.join(empty_store, harukaze.id, "choju", TODAY)
    governed = {"esikoni", "esikoni.head", "zeimu"}
    assert identities.follow_groups(empty_store, harukaze.id, governed, {"esikoni", "zeimu"}, TODAY)
    assert people.groups_of(empty_store, harukaze.id, TODAY) == {"esikoni", "zeimu", "choju"}
    assert not identities.follow_groups(empty_store, harukaze.id, governed, {"esikoni", "zeimu"}, TODAY)
