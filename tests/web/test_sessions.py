"""Where somebody is signed in: shown on one's own page, ended there, or by an administrator."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from flask import Flask
from visits import PASSWORD, Clock, Screen, Staff, Visitor

from engine import people, sessions, store
from engine.city import City

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0"


def at(app: Flask, device: str = "") -> Visitor:
    """Somebody at a device of their own, signed in with the password of 春風."""
    found = app.test_client()
    assert isinstance(found, Visitor)
    found.environ_base["HTTP_USER_AGENT"] = device
    found.sends("/sign-in", {"login": "harukaze", "password": PASSWORD})
    return found


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/account").status_code == 200


def listed(visitor: Visitor) -> list[str]:
    page = visitor.get("/account").text
    section = page[page.index('id="sessions-h"') :]
    return re.findall(r"<li[^>]*><div><strong>([^<]*)</strong>", section[: section.index("</section>")])


def ways_to_end(visitor: Visitor) -> list[str]:
    return re.findall(r'action="(/account/sessions/\d+/end)"', visitor.get("/account").text)


@pytest.fixture
def harukaze(staff: Staff) -> people.Person:
    return staff.joins(password=PASSWORD)


def test_one_s_devices_are_listed_in_words(app: Flask, harukaze: people.Person) -> None:
    at(app, PHONE)
    assert listed(at(app, EDGE)) == ["Edge・Windows", "Safari・iPhone"]


def test_what_a_browser_says_of_itself_beyond_that_is_not_kept(app: Flask, city: City, harukaze: people.Person) -> None:
    at(app, EDGE)
    with city.store.reading() as c:
        [row] = c.execute(sa.select(store.session)).all()
    assert "140" not in str(row) and "Mozilla" not in str(row)


def test_a_device_can_be_signed_out_from_another(app: Flask, harukaze: people.Person) -> None:
    lost, here = at(app, PHONE), at(app, EDGE)
    [way] = ways_to_end(here)
    answer = here.sends(way)
    assert (answer.status_code, answer.location) == (303, "/account")
    assert "ログアウトさせました" in here.get("/account").text
    assert is_in(here) and not is_in(lost)
    assert listed(here) == ["Edge・Windows"]


def test_all_other_devices_are_signed_out_at_once(app: Flask, harukaze: people.Person) -> None:
    others, here = [at(app), at(app, PHONE)], at(app, EDGE)
    here.sends("/account/sessions/end")
    assert is_in(here) and not any(is_in(each) for each in others)


def test_nobody_ends_the_session_of_somebody_else(app: Flask, staff: Staff, visitor: Visitor, harukaze: people.Person) -> None:
    here, other = at(app), at(app)
    [way] = ways_to_end(here)
    stranger = visitor.signed_in_as(staff.joins("nijihashi", "虹橋 ゆう"))
    stranger.sends(way)
    stranger.sends("/account/sessions/end")
    assert is_in(here) and is_in(other)


def test_a_session_that_is_over_is_listed_no_more(app: Flask, clock: Clock, harukaze: people.Person) -> None:
    at(app, PHONE)
    clock.passes(minutes=31)
    assert listed(at(app, EDGE)) == ["Edge・Windows"]


def test_the_list_says_when_somebody_was_there_last(app: Flask, clock: Clock, harukaze: people.Person) -> None:
    phone = at(app, PHONE)
    clock.passes(minutes=20)
    assert is_in(phone)
    clock.passes(minutes=5)
    assert "最後の操作 11:10" in at(app, EDGE).get("/account").text


def test_an_administrator_signs_somebody_out_everywhere(app: Flask, staff: Staff, visitor: Visitor, harukaze: people.Person) -> None:
    devices = [at(app), at(app, PHONE)]
    visitor.signed_in_as(staff.joins("aogiri", "青桐 しゅう", administrator=True))
    answer = visitor.sends(f"/people/{harukaze.id}/sign-out", {"next": "/people"})
    assert (answer.status_code, answer.location) == (303, "/people")
    assert "春風 さくらさんを、すべての端末でログアウトさせました" in visitor.get("/people").text
    assert not any(is_in(each) for each in devices) and is_in(visitor)


def test_only_administrators_do_that(app: Flask, staff: Staff, visitor: Visitor, harukaze: people.Person) -> None:
    device = at(app)
    visitor.signed_in_as(staff.joins("aogiri", "青桐 しゅう"))
    assert visitor.sends(f"/people/{harukaze.id}/sign-out").status_code == 404
    assert is_in(device)


def test_a_password_that_changed_while_somebody_signed_in_opens_nothing(city: City, staff: Staff, clock: Clock) -> None:
    staff.joins(password=PASSWORD)
    recognised = people.verify(city.store, "harukaze", PASSWORD, "192.0.2.1", clock())
    assert recognised is not None
    people.set_password(city.store, recognised.id, "ゆっくり歩いて帰る夕方の道")
    token = sessions.begin(city.store, recognised, "password", "", "192.0.2.1", clock())
    found = sessions.find(city.store, token, clock(), city.today)
    assert found is not None and found.over == "elsewhere"


def test_the_database_holds_no_token(city: City, staff: Staff, clock: Clock) -> None:
    token = sessions.begin(city.store, staff.joins(), "password", "", "192.0.2.1", clock())
    with city.store.reading() as c:
        assert token not in str(c.execute(sa.select(store.session)).all())


def test_old_sessions_are_forgotten(app: Flask, city: City, clock: Clock, harukaze: people.Person) -> None:
    at(app)
    clock.passes(days=31)
    at(app)
    with city.store.reading() as c:
        assert c.scalar(sa.select(sa.func.count()).select_from(store.session)) == 1


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 360])
def test_the_page_with_many_devices_stands_at_every_width(app: Flask, screen: Screen, harukaze: people.Person, width: int) -> None:
    at(app, PHONE)
    at(app, EDGE)
    at(app)
    screen.signed_in_as(harukaze).opens("/account", width)
    assert not screen.findings() and not screen.sticks_out() and not screen.complaints
