"""Codes of an app and codes on paper: RFC 6238's own examples, each code once, few guesses, on both databases."""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from engine import people, second_factor, store
from engine.people import Person, TooManyAttempts
from engine.store import Store

NOW = datetime(2026, 11, 25, 1, 50, tzinfo=UTC)
HERE = "192.0.2.1"


def of_rfc_6238(moment: int) -> str:
    key = base64.b32encode(b"12345678901234567890").decode()
    return second_factor.code_at(key, second_factor.step_of(datetime.fromtimestamp(moment, UTC)))


@pytest.mark.parametrize(
    ("moment", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037"), (20000000000, "353130")],
)
def test_the_codes_are_those_of_rfc_6238(moment: int, code: str) -> None:
    """Appendix B prints eight digits; six of them are the last six."""
    assert of_rfc_6238(moment) == code


@pytest.fixture
def harukaze(empty_store: Store) -> Person:
    return people.add_person(empty_store, "harukaze", "春風 さくら", now=NOW)


@pytest.fixture
def key(empty_store: Store, harukaze: Person) -> str:
    made = second_factor.key_to_confirm(empty_store, harukaze.id, NOW)
    assert made is not None
    return made


def code(key: str, at: datetime = NOW) -> str:
    return second_factor.code_at(key, second_factor.step_of(at))


Accepts = Callable[..., str | None]


@pytest.fixture
def accepts(empty_store: Store, harukaze: Person) -> Accepts:
    return lambda typed, at=NOW: second_factor.accept(empty_store, harukaze, typed, HERE, at)


@pytest.fixture
def paper(empty_store: Store, harukaze: Person, key: str) -> tuple[str, ...]:
    codes = second_factor.confirm(empty_store, harukaze.id, code(key), NOW)
    assert codes is not None
    return codes


def test_a_key_waits_an_hour_to_be_confirmed_and_is_then_made_anew(empty_store: Store, harukaze: Person, key: str) -> None:
    assert len(base64.b32decode(key)) == 20
    assert second_factor.key_to_confirm(empty_store, harukaze.id, NOW + timedelta(minutes=59)) == key
    assert second_factor.key_to_confirm(empty_store, harukaze.id, NOW + timedelta(hours=1)) not in (key, None)


def test_nothing_is_asked_for_until_the_app_has_shown_a_right_code(empty_store: Store, harukaze: Person, key: str) -> None:
    assert second_factor.confirm(empty_store, harukaze.id, "000000", NOW) is None
    assert not second_factor.is_set_up(empty_store, harukaze.id)
    assert second_factor.confirm(empty_store, harukaze.id, code(key), NOW) is not None
    assert second_factor.is_set_up(empty_store, harukaze.id)
    assert second_factor.key_to_confirm(empty_store, harukaze.id, NOW) is None


def test_a_confirmed_key_cannot_be_confirmed_again(empty_store: Store, harukaze: Person, key: str, paper: tuple[str, ...]) -> None:
    later = NOW + timedelta(minutes=2)
    assert second_factor.confirm(empty_store, harukaze.id, code(key, later), later) is None


def test_the_code_that_confirmed_the_key_opens_nothing_more(key: str, paper: tuple[str, ...], accepts: Accepts) -> None:
    assert accepts(code(key)) is None


def test_a_code_opens_once(key: str, paper: tuple[str, ...], accepts: Accepts) -> None:
    later = NOW + timedelta(minutes=1)
    assert accepts(code(key, later), later) == "app"
    assert accepts(code(key, later), later) is None


def test_after_a_code_no_older_one_opens(key: str, paper: tuple[str, ...], accepts: Accepts) -> None:
    later = NOW + timedelta(minutes=5)
    assert accepts(code(key, later), later) == "app"
    assert accepts(code(key, later - timedelta(seconds=30)), later) is None


@pytest.mark.parametrize(("seconds", "opens"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_phone_may_be_half_a_minute_wrong(key: str, paper: tuple[str, ...], accepts: Accepts, seconds: int, opens: bool) -> None:
    later = NOW + timedelta(minutes=10)
    assert (accepts(code(key, later + timedelta(seconds=seconds)), later) == "app") is opens


def test_of_two_who_send_the_same_code_at_once_one_is_let_in(key: str, paper: tuple[str, ...], accepts: Accepts) -> None:
    later = NOW + timedelta(minutes=1)
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda _: accepts(code(key, later), later), range(2)))
    assert sorted(map(str, said)) == ["None", "app"]


def test_ten_codes_for_paper_open_once_each(empty_store: Store, harukaze: Person, paper: tuple[str, ...], accepts: Accepts) -> None:
    assert len(set(paper)) == 10
    for used, each in enumerate(paper, 1):
        assert accepts(each, NOW + timedelta(hours=used)) == "paper"
        assert accepts(each, NOW + timedelta(hours=used)) is None
        assert second_factor.recovery_codes_left(empty_store, harukaze.id) == 10 - used


def test_new_codes_for_paper_void_the_old_ones(empty_store: Store, harukaze: Person, paper: tuple[str, ...], accepts: Accepts) -> None:
    [new, *_] = second_factor.renew_recovery_codes(empty_store, harukaze.id)
    assert accepts(paper[0]) is None and accepts(new) == "paper"


def test_a_code_is_read_however_it_is_typed(key: str, paper: tuple[str, ...], accepts: Accepts) -> None:
    later = NOW + timedelta(minutes=1)
    digits = code(key, later)
    assert accepts(f" {digits[:3]}　{digits[3:]} ".translate(str.maketrans("0123456789", "０１２３４５６７８９")), later) == "app"
    assert accepts(paper[0].upper().replace("-", " "), later) == "paper"


@pytest.mark.parametrize("typed", ["", " ", "000000000000000", "あ", "\x00", "12345"])
def test_what_is_no_code_opens_nothing(paper: tuple[str, ...], accepts: Accepts, typed: str) -> None:
    assert accepts(typed) is None


def test_after_five_failures_even_the_right_code_waits(key: str, paper: tuple[str, ...], accepts: Accepts) -> None:
    for _ in range(people.FAILURES_OF_LOGIN):
        assert accepts("000000") is None
    later = NOW + timedelta(minutes=1)
    with pytest.raises(TooManyAttempts):
        accepts(code(key, later), later)
    later = NOW + timedelta(minutes=16)
    assert accepts(code(key, later), later) == "app"


def test_right_passwords_in_between_make_no_room_for_more_guesses(empty_store: Store, harukaze: Person, paper: tuple[str, ...], accepts: Accepts) -> None:
    people.set_password(empty_store, harukaze.id, "さくらの咲く坂道まで歩く")
    for _ in range(people.FAILURES_OF_LOGIN):
        assert people.verify(empty_store, "harukaze", "さくらの咲く坂道まで歩く", HERE, NOW) is not None
        assert accepts("000000") is None
    with pytest.raises(TooManyAttempts):
        accepts("000000")


def test_the_codes_of_one_person_open_nothing_for_another(empty_store: Store, key: str, paper: tuple[str, ...]) -> None:
    other = people.add_person(empty_store, "nijihashi", "虹橋 ゆう", now=NOW)
    later = NOW + timedelta(minutes=1)
    assert second_factor.accept(empty_store, other, code(key, later), HERE, later) is None
    assert second_factor.accept(empty_store, other, paper[0], HERE, later) is None


def test_what_was_removed_opens_nothing(empty_store: Store, harukaze: Person, key: str, paper: tuple[str, ...], accepts: Accepts) -> None:
    second_factor.remove(empty_store, harukaze.id)
    later = NOW + timedelta(minutes=1)
    assert accepts(code(key, later), later) is None and accepts(paper[0], later) is None


def test_no_code_for_paper_is_in_the_database(empty_store: Store, paper: tuple[str, ...]) -> None:
    with empty_store.reading() as c:
        kept = str(c.execute(sa.select(store.recovery_code)).all())
    assert not [each for each in paper if each in kept or each.replace("-", "") in kept]
