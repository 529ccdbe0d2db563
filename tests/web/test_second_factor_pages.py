"""二段階認証 as its people meet it: set up, asked for at the sign-in, lost, asked of everybody by the city."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from visits import PASSWORD, Clock, Screen, Staff, Visitor, screens_of
from werkzeug.test import TestResponse

from engine import people, second_factor
from engine.city import City
from web.sign_in_settings import SignInSettings


class Phone:
    """An app that was given a key."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.key = clock, ""

    def reads(self, page: str) -> Phone:
        found = re.search(r'<p class="spelled">([A-Z2-7 ]+)</p>', page)
        assert found, page
        self.key = found[1].replace(" ", "")
        return self

    @property
    def code(self) -> str:
        return second_factor.code_at(self.key, second_factor.step_of(self.clock()))


@pytest.fixture
def phone(clock: Clock) -> Phone:
    return Phone(clock)


@pytest.fixture
def harukaze(staff: Staff) -> people.Person:
    return staff.joins(password=PASSWORD)


def visitor_of(app: Flask) -> Visitor:
    found = app.test_client()
    assert isinstance(found, Visitor)
    return found


def signs_in(visitor: Visitor, **more: str) -> TestResponse:
    return visitor.sends("/sign-in", {"login": "harukaze", "password": PASSWORD, **more})


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/account").status_code == 200


def codes_on(page: str) -> list[str]:
    return re.findall(r"<li>([a-z2-9]{4}(?:-[a-z2-9]{4}){3})</li>", page)


def sets_up(visitor: Visitor, phone: Phone) -> list[str]:
    """Gives the codes for paper."""
    phone.reads(visitor.get("/account/second-factor").text)
    answer = visitor.sends("/account/second-factor", {"code": phone.code})
    assert answer.status_code == 200, answer.text
    return codes_on(answer.text)


# Setting it up


def test_somebody_sets_it_up_by_picture_or_key_and_gets_ten_codes_for_paper(visitor: Visitor, harukaze: people.Person, phone: Phone) -> None:
    signs_in(visitor)
    page = visitor.get("/account/second-factor").text
    assert 'class="qr"' in page and "style=" not in page
    codes = sets_up(visitor, phone)
    assert len(codes) == 10
    assert "使っています" in visitor.get("/account").text
    assert visitor.get("/account/second-factor").location == "/account"


def test_the_codes_for_paper_are_shown_once(visitor: Visitor, harukaze: people.Person, phone: Phone) -> None:
    signs_in(visitor)
    codes = sets_up(visitor, phone)
    assert not [code for code in codes for path in ("/account", "/account/second-factor") if code in visitor.get(path).text]
    assert "あと10個" in visitor.get("/account").text


def test_a_wrong_code_keeps_the_same_key_and_says_what_to_check(visitor: Visitor, harukaze: people.Person, phone: Phone) -> None:
    signs_in(visitor)
    phone.reads(visitor.get("/account/second-factor").text)
    answer = visitor.sends("/account/second-factor", {"code": "000000"})
    assert answer.status_code == 422 and "<title>エラー：" in answer.text and "時計" in answer.text
    assert Phone(phone.clock).reads(answer.text).key == phone.key


def test_setting_it_up_ends_the_sessions_that_began_without_it(app: Flask, visitor: Visitor, harukaze: people.Person, phone: Phone) -> None:
    other = visitor_of(app)
    signs_in(other)
    signs_in(visitor)
    sets_up(visitor, phone)
    assert is_in(visitor) and not is_in(other)


# At the sign-in


@pytest.fixture
def newcomer(app: Flask, visitor: Visitor, harukaze: people.Person, phone: Phone, clock: Clock) -> Visitor:
    """A browser in which nobody is signed in yet; 春風 has set it up elsewhere, a minute ago."""
    signs_in(visitor)
    sets_up(visitor, phone)
    clock.passes(minutes=1)
    return visitor_of(app)


def test_after_the_password_the_code_opens_the_page_that_was_asked_for(newcomer: Visitor, phone: Phone) -> None:
    answer = signs_in(newcomer, next="/account?x=1")
    assert (answer.status_code, answer.location) == (303, "/sign-in/code")
    assert not is_in(newcomer)
    answer = newcomer.sends("/sign-in/code", {"code": phone.code})
    assert (answer.status_code, answer.location) == (303, "/account?x=1")
    assert is_in(newcomer)


def test_the_password_alone_opens_nothing(newcomer: Visitor) -> None:
    signs_in(newcomer)
    for path in ("/", "/account", "/people", "/account/second-factor"):
        assert newcomer.get(path).location.startswith("/sign-in?next="), path


def test_a_code_without_a_password_opens_nothing(newcomer: Visitor, phone: Phone) -> None:
    assert newcomer.get("/sign-in/code").location == "/sign-in"
    assert newcomer.sends("/sign-in/code", {"code": phone.code}).location == "/sign-in"
    assert not is_in(newcomer)


def test_a_wrong_code_shows_the_page_again(newcomer: Visitor) -> None:
    signs_in(newcomer)
    answer = newcomer.sends("/sign-in/code", {"code": "000000"})
    assert answer.status_code == 422 and "<title>エラー：" in answer.text and "次のコードが出るのを待って" in answer.text
    assert not is_in(newcomer)


def test_a_code_that_somebody_read_over_a_shoulder_opens_nothing_more(app: Flask, newcomer: Visitor, phone: Phone) -> None:
    signs_in(newcomer)
    newcomer.sends("/sign-in/code", {"code": phone.code})
    thief = visitor_of(app)
    signs_in(thief)
    assert thief.sends("/sign-in/code", {"code": phone.code}).status_code == 422
    assert is_in(newcomer) and not is_in(thief)


def test_guessing_is_stopped_whatever_browser_is_used(app: Flask, newcomer: Visitor, phone: Phone) -> None:
    for _ in range(people.FAILURES_OF_LOGIN):
        each = visitor_of(app)
        signs_in(each)
        assert each.sends("/sign-in/code", {"code": "000000"}).status_code == 422
    signs_in(newcomer)
    answer = newcomer.sends("/sign-in/code", {"code": phone.code})
    assert answer.status_code == 429 and "まで受け付けません" in answer.text


def test_a_right_password_waits_five_minutes_for_its_code(newcomer: Visitor, phone: Phone, clock: Clock) -> None:
    signs_in(newcomer)
    clock.passes(minutes=5)
    assert newcomer.sends("/sign-in/code", {"code": phone.code}).location == "/sign-in"
    assert not is_in(newcomer)


def test_whoever_was_deactivated_or_got_another_password_in_between_is_not_let_in(newcomer: Visitor, phone: Phone, city: City, harukaze: people.Person) -> None:
    signs_in(newcomer)
    people.set_password(city.store, harukaze.id, "ゆっくり歩いて帰る夕方の道")
    assert newcomer.sends("/sign-in/code", {"code": phone.code}).location == "/sign-in"
    newcomer.sends("/sign-in", {"login": "harukaze", "password": "ゆっくり歩いて帰る夕方の道"})
    people.deactivate(city.store, harukaze.id, city.today)
    assert newcomer.sends("/sign-in/code", {"code": phone.code}).location == "/sign-in"


def test_a_code_on_paper_opens_once_and_says_how_many_are_left(app: Flask, staff: Staff, phone: Phone) -> None:
    staff.joins(password=PASSWORD)
    first, second = visitor_of(app), visitor_of(app)
    signs_in(first)
    [code, *_] = sets_up(first, phone)
    signs_in(second)
    answer = second.sends("/sign-in/code", {"code": code})
    assert (answer.status_code, answer.location) == (303, "/account")
    assert "残りは9個" in second.get("/account").text
    third = visitor_of(app)
    signs_in(third)
    assert third.sends("/sign-in/code", {"code": code}).status_code == 422


# Changing and losing it


def test_whoever_knows_the_password_makes_new_codes_for_paper(visitor: Visitor, harukaze: people.Person, phone: Phone) -> None:
    signs_in(visitor)
    old = sets_up(visitor, phone)
    refused = visitor.sends("/account/second-factor/recovery-codes", {"proof": "wrong"})
    assert refused.status_code == 422 and not codes_on(refused.text) and "紙のコードを作り直せませんでした" in refused.text
    new = codes_on(visitor.sends("/account/second-factor/recovery-codes", {"proof": PASSWORD}).text)
    assert len(new) == 10 and not set(new) & set(old)


def test_whoever_knows_the_password_gives_it_up(app: Flask, visitor: Visitor, harukaze: people.Person, phone: Phone) -> None:
    signs_in(visitor)
    sets_up(visitor, phone)
    refused = visitor.sends("/account/second-factor/remove", {"proof": "wrong"})
    assert refused.status_code == 422 and "使っています" in refused.text
    assert visitor.sends("/account/second-factor/remove", {"proof": PASSWORD}).status_code == 303
    assert signs_in(visitor_of(app)).location == "/"


def test_an_administrator_takes_it_off_for_whoever_lost_everything(
    app: Flask, newcomer: Visitor, visitor: Visitor, staff: Staff, harukaze: people.Person
) -> None:
    administrator = visitor_of(app).signed_in_as(staff.joins("aogiri", "青桐 しゅう", administrator=True))
    assert "二段階認証" in administrator.get("/people").text
    administrator.sends(f"/people/{harukaze.id}/second-factor/remove", {"next": "/people"})
    assert "春風 さくらさんの二段階認証を外し" in administrator.get("/people").text
    assert not is_in(visitor)
    assert signs_in(newcomer).location == "/"


def test_nobody_else_takes_it_off(app: Flask, newcomer: Visitor, staff: Staff, harukaze: people.Person) -> None:
    other = visitor_of(app).signed_in_as(staff.joins("aogiri", "青桐 しゅう"))
    assert other.sends(f"/people/{harukaze.id}/second-factor/remove").status_code == 404
    assert signs_in(newcomer).location == "/sign-in/code"


def test_not_even_administrators_take_their_own_off_without_the_password(app: Flask, staff: Staff) -> None:
    me = staff.joins("aogiri", "青桐 しゅう", administrator=True)
    answer = visitor_of(app).signed_in_as(me).sends(f"/people/{me.id}/second-factor/remove")
    assert answer.status_code == 400 and "わたしの設定" in answer.text


# Where the city asks for it


@pytest.mark.parametrize(("whom", "administrator", "asked"), [("everybody", False, True), ("administrators", True, True), ("administrators", False, False)])
def test_a_city_may_ask_everybody_or_administrators_for_it(
    city: City, staff: Staff, phone: Phone, whom: str, administrator: bool, asked: bool
) -> None:
    staff.joins(password=PASSWORD, administrator=administrator)
    visitor = visitor_of(screens_of(city, SIGN_IN=SignInSettings(second_factor=whom)))  # type: ignore[arg-type]
    signs_in(visitor)
    for path in ("/", "/account", "/people", "/cases/new"):
        assert (visitor.get(path).location == "/account/second-factor") is asked, path
    if asked:
        assert "市の決まり" in visitor.get("/account/second-factor").text
        sets_up(visitor, phone)
        assert is_in(visitor)
        assert visitor.sends("/account/second-factor/remove", {"proof": PASSWORD}).status_code == 404
        assert "使っています" in visitor.get("/account").text


def test_whoever_must_set_it_up_can_still_leave(city: City, staff: Staff) -> None:
    staff.joins(password=PASSWORD)
    visitor = visitor_of(screens_of(city, SIGN_IN=SignInSettings(second_factor="everybody")))
    signs_in(visitor)
    assert visitor.sends("/sign-out").location == "/sign-in"
    assert visitor.get("/account/second-factor").location == "/sign-in?next=/account/second-factor"


def test_a_demo_never_asks(demo_city: City, staff: Staff) -> None:
    visitor = visitor_of(screens_of(demo_city, SIGN_IN=SignInSettings(second_factor="everybody")))
    visitor.sends("/demo", {"person": staff.joins(demo=True).id})
    page = visitor.get("/account")
    assert page.status_code == 200 and "二段階認証" not in page.text
    assert visitor.get("/account/second-factor").status_code == 404


# In a browser


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 360])
def test_every_page_of_it_stands_at_every_width(screen: Screen, staff: Staff, phone: Phone, clock: Clock, width: int) -> None:
    staff.joins(password=PASSWORD)
    page = screen.opens("/sign-in?next=/account", width)
    page.fill("#login", "harukaze")
    page.fill("#password", PASSWORD)
    page.click("main button.btn--main")
    page.click("text=二段階認証を始める")
    assert not screen.findings() and not screen.sticks_out()
    page.fill("#code", "000000")
    page.click("text=確かめて始める")
    assert page.locator("#errors").is_visible() and not screen.findings() and not screen.sticks_out()
    page.fill("#code", phone.reads(page.content()).code)
    page.click("text=確かめて始める")
    assert page.locator(".spelled li").count() == 10 and not screen.findings() and not screen.sticks_out()
    page.context.clear_cookies()
    clock.passes(minutes=1)
    screen.opens("/sign-in?next=/account", width)
    page.fill("#login", "harukaze")
    page.fill("#password", PASSWORD)
    page.click("main button.btn--main")
    assert page.url.endswith("/sign-in/code") and not screen.findings() and not screen.sticks_out()
    page.fill("#code", phone.code)
    page.click("main button.btn--main")
    assert page.locator("text=使っています").is_visible() and not screen.findings() and not screen.complaints
