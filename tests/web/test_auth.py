"""Signing in and out, the end of a session, and for which organisation somebody acts."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from flask import Flask
from visits import PASSWORD, Clock, Staff, Visitor, screens_of
from werkzeug.test import TestResponse

from engine import people
from engine.city import City
from web import auth

WRONG = "利用者IDかパスワードが違います"


def signs_in(visitor: Visitor, login: str = "harukaze", password: str = PASSWORD, **more: Any) -> TestResponse:
    return visitor.sends("/sign-in", {"login": login, "password": password, "next": "/account"}, **more)


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/account").status_code == 200


def visitor_of(app: Flask) -> Visitor:
    found = app.test_client()
    assert isinstance(found, Visitor)
    return found


# Signing in


def test_a_stranger_is_shown_the_way_to_the_sign_in_page_and_back(visitor: Visitor) -> None:
    sent = visitor.get("/account?changed=1")
    assert (sent.status_code, sent.location) == (303, "/sign-in?next=/account?changed%3D1")
    page = visitor.get(sent.location)
    assert page.status_code == 200 and 'name="next" value="/account?changed=1"' in page.text


def test_what_does_not_exist_is_not_told_to_a_stranger(visitor: Visitor) -> None:
    assert visitor.get("/no-such-page").location == "/sign-in?next=/no-such-page"
    assert visitor.post("/no-such-page").status_code == 303


def test_the_right_password_opens_the_page_that_was_asked_for(visitor: Visitor, staff: Staff) -> None:
    staff.joins(password=PASSWORD)
    answer = signs_in(visitor)
    assert (answer.status_code, answer.location) == (303, "/account")
    assert "春風 さくら" in visitor.get("/account").text


WRONG_PAIRS = [("harukaze", "wrong"), ("nobody", PASSWORD), ("", ""), ("harukaze", "")]


@pytest.mark.parametrize(("login", "password"), WRONG_PAIRS)
def test_a_wrong_pair_shows_the_page_again_and_says_what_to_do(
    visitor: Visitor, staff: Staff, login: str, password: str
) -> None:
    staff.joins(password=PASSWORD)
    answer = signs_in(visitor, login, password)
    assert answer.status_code == 422
    assert WRONG in answer.text and "<title>エラー：ログイン" in answer.text
    assert f'value="{login}"' in answer.text
    assert not is_in(visitor)


def test_a_wrong_password_is_not_sent_back(visitor: Visitor, staff: Staff) -> None:
    staff.joins(password=PASSWORD)
    assert "my secret typing" not in signs_in(visitor, password="my secret typing").text


def test_a_leaver_is_answered_like_a_stranger(visitor: Visitor, staff: Staff, city: City) -> None:
    person = staff.joins(password=PASSWORD)
    people.deactivate(city.store, person.id, city.today)
    answer = signs_in(visitor)
    assert answer.status_code == 422 and WRONG in answer.text


def test_after_five_failures_the_page_says_until_when_to_wait(visitor: Visitor, staff: Staff, clock: Clock) -> None:
    staff.joins(password=PASSWORD)
    for _ in range(people.FAILURES_OF_LOGIN):
        assert signs_in(visitor, password="wrong").status_code == 422
    refused = signs_in(visitor)
    assert refused.status_code == 429 and "11:06まで受け付けません" in refused.text
    clock.passes(minutes=16)
    assert signs_in(visitor).status_code == 303


def test_the_throttle_holds_whatever_browser_is_used(app: Flask, staff: Staff) -> None:
    staff.joins(password=PASSWORD)
    for _ in range(people.FAILURES_OF_LOGIN):
        signs_in(app.test_client(), password="wrong")  # type: ignore[arg-type]
    assert signs_in(app.test_client()).status_code == 429  # type: ignore[arg-type]


def test_no_password_is_ever_logged(visitor: Visitor, staff: Staff, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    staff.joins(password=PASSWORD)
    signs_in(visitor, password="my secret typing")
    signs_in(visitor, login="my secret typing", password="my secret typing")
    signs_in(visitor)
    visitor.sends("/account/password", {"present": PASSWORD, "new": "ゆっくり歩いて帰る夕方の道", "again": "no"})
    assert not [word for word in (PASSWORD, "my secret typing", "夕方の道") if word in caplog.text]


def test_a_session_starts_anew_when_somebody_signs_in(visitor: Visitor, staff: Staff) -> None:
    staff.joins(password=PASSWORD)
    with visitor.session_transaction() as before:
        before["planted"] = "by somebody else"
    token = visitor.token()
    visitor.post("/sign-in", data={"csrf_token": token, "login": "harukaze", "password": PASSWORD})
    with visitor.session_transaction() as after:
        assert set(after) == {"token"}
    assert visitor.post("/language", data={"csrf_token": token, "language": "en"}).status_code == 400


def test_the_cookie_holds_no_name_and_no_login(visitor: Visitor, staff: Staff) -> None:
    staff.joins(password=PASSWORD)
    signs_in(visitor)
    with visitor.session_transaction() as kept:
        assert set(kept) <= {"token", "csrf_token"}


def test_whoever_is_in_does_not_see_the_sign_in_page(visitor: Visitor, staff: Staff) -> None:
    visitor.signed_in_as(staff.joins())
    assert visitor.get("/sign-in?next=/account").location == "/account"


FOREIGN = (
    "https://example.jp/", "//example.jp", "/\\example.jp", "javascript:alert(1)", "account", "/a\nSet-Cookie: x=1",
    "\\\\example.jp", "", "/ //example.jp",
)  # fmt: skip


@pytest.mark.parametrize("path", FOREIGN)
def test_nobody_is_led_to_another_site(visitor: Visitor, staff: Staff, path: str) -> None:
    staff.joins(password=PASSWORD)
    answer = visitor.sends("/sign-in", {"login": "harukaze", "password": PASSWORD, "next": path})
    assert (answer.status_code, answer.location) == (303, "/")


# Forged forms


def test_a_form_without_a_token_is_refused(visitor: Visitor, staff: Staff) -> None:
    staff.joins(password=PASSWORD)
    answer = visitor.post("/sign-in", data={"login": "harukaze", "password": PASSWORD})
    assert answer.status_code == 400 and "この画面は古くなっています" in answer.text
    assert not is_in(visitor)


def test_the_token_of_another_person_is_refused(app: Flask, staff: Staff) -> None:
    mine, theirs = app.test_client(), app.test_client()
    assert isinstance(mine, Visitor) and isinstance(theirs, Visitor)
    mine.signed_in_as(staff.joins("harukaze"))
    theirs.signed_in_as(staff.joins("nijihashi", "虹橋 ゆう"))
    answer = mine.post("/sign-out", data={"csrf_token": theirs.token()})
    assert answer.status_code == 400 and is_in(mine)


def test_every_way_of_changing_something_asks_for_a_token(app: Flask, staff: Staff) -> None:
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()):
            continue
        visitor = app.test_client()
        assert isinstance(visitor, Visitor)
        visitor.signed_in_as(staff.joins(f"p{abs(hash(rule.rule)) % 10**9}", groups=("esikoni",)))
        path = re.sub(r"<[^>]+>", "1", rule.rule)
        assert visitor.post(path).status_code == 400, path


# The end of a session


def test_a_session_ends_after_half_an_hour_of_nothing(visitor: Visitor, staff: Staff, clock: Clock) -> None:
    visitor.signed_in_as(staff.joins())
    clock.passes(minutes=29)
    assert is_in(visitor)
    clock.passes(minutes=29)
    assert is_in(visitor)
    clock.passes(minutes=30)
    assert not is_in(visitor)
    assert "時間がたったため、ログアウトしました" in visitor.get("/sign-in").text


def test_a_session_ends_after_twelve_hours_of_work(visitor: Visitor, staff: Staff, clock: Clock) -> None:
    visitor.signed_in_as(staff.joins())
    for _ in range(47):
        clock.passes(minutes=15)
        assert is_in(visitor)
    clock.passes(minutes=15)
    assert not is_in(visitor)


def test_signing_out_ends_a_copied_cookie_too_but_no_other_device(app: Flask, visitor: Visitor, staff: Staff) -> None:
    person = staff.joins()
    visitor.signed_in_as(person)
    copy, other = visitor_of(app), visitor_of(app).signed_in_as(person)
    cookie = visitor.get_cookie("bansou")
    assert cookie is not None
    copy.set_cookie("bansou", cookie.value)
    assert is_in(copy)
    answer = visitor.sends("/sign-out")
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert not is_in(visitor) and not is_in(copy) and is_in(other)
    assert "ほかの端末でログアウトしたか" in copy.get("/sign-in").text


def test_a_leaver_s_open_session_ends_at_once(visitor: Visitor, staff: Staff, city: City) -> None:
    person = staff.joins()
    visitor.signed_in_as(person)
    people.deactivate(city.store, person.id, city.today)
    assert not is_in(visitor)


def test_a_cookie_signed_by_somebody_else_is_nobody_s(city: City, visitor: Visitor, staff: Staff) -> None:
    forger = visitor_of(screens_of(city, SECRET_KEY="guessed")).signed_in_as(staff.joins())
    assert is_in(forger)
    forged = forger.get_cookie("bansou")
    assert forged is not None
    visitor.set_cookie("bansou", forged.value)
    assert not is_in(visitor)


def test_a_token_that_was_made_up_is_nobody_s(visitor: Visitor, staff: Staff) -> None:
    staff.joins()
    with visitor.session_transaction() as cookie:
        cookie["token"] = "made up"
    assert not is_in(visitor)


def test_a_session_brought_along_from_before_the_sign_in_is_worth_nothing_afterwards(app: Flask, staff: Staff) -> None:
    staff.joins(password=PASSWORD)
    attacker, victim = visitor_of(app), visitor_of(app)
    attacker.token()
    planted = attacker.get_cookie("bansou")
    assert planted is not None
    victim.set_cookie("bansou", planted.value)
    assert signs_in(victim).status_code == 303 and is_in(victim)
    assert not is_in(attacker)


def test_what_was_sent_after_the_end_leads_back_to_its_page(visitor: Visitor, staff: Staff, clock: Clock) -> None:
    visitor.signed_in_as(staff.joins())
    token = visitor.token()
    clock.passes(minutes=31)
    referrer = {"Referer": "http://localhost/account?changed=1"}
    answer = visitor.post("/account/password", data={"csrf_token": token}, headers=referrer)
    assert (answer.status_code, answer.location) == (303, "/sign-in?next=/account")
    elsewhere = visitor.post("/account/password", headers={"Referer": "https://example.jp/trap"})
    assert elsewhere.location == "/sign-in?next=/"


def test_a_page_left_open_over_lunch_can_still_be_sent_by_the_same_person(
    visitor: Visitor, staff: Staff, clock: Clock
) -> None:
    staff.joins(password=PASSWORD)
    staff.joins("nijihashi", "虹橋 ゆう", password=PASSWORD)
    signs_in(visitor)
    token = visitor.token()
    clock.passes(minutes=45)
    assert not is_in(visitor)
    signs_in(visitor)
    assert visitor.post("/language", data={"csrf_token": token, "language": "ja"}).status_code == 303
    clock.passes(minutes=45)
    assert not is_in(visitor)
    signs_in(visitor, "nijihashi")
    assert visitor.post("/language", data={"csrf_token": token, "language": "ja"}).status_code == 400


def test_the_cookie_is_closed_to_scripts_and_other_sites(city: City, staff: Staff) -> None:
    app = screens_of(city, SESSION_COOKIE_SECURE=True)
    app.test_client_class = Visitor
    visitor = app.test_client()
    answer = visitor.get("/sign-in", base_url="https://bansou.example.jp")
    [cookie] = [each for each in answer.headers.getlist("Set-Cookie") if each.startswith("__Host-bansou=")]
    assert all(flag in cookie for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/")) and "Domain" not in cookie


def test_on_one_s_own_machine_the_cookie_works_without_tls(visitor: Visitor) -> None:
    [cookie] = visitor.get("/sign-in").headers.getlist("Set-Cookie")
    assert cookie.startswith("bansou=") and "Secure" not in cookie and "HttpOnly" in cookie


def test_behind_a_proxy_the_throttle_sees_the_visitor_s_own_address(city: City, staff: Staff) -> None:
    seen = []
    app = screens_of(city, PROXIES=1)
    app.before_request(lambda: seen.append(auth.request.remote_addr))
    app.test_client().get("/sign-in", headers={"X-Forwarded-For": "198.51.100.4, 192.0.2.9"})
    assert seen == ["192.0.2.9"]


# For which organisation


def test_somebody_of_one_organisation_acts_for_it(app: Flask, staff: Staff) -> None:
    person = staff.joins(groups=("choju", "choju.manager"))
    with app.test_request_context():
        auth.begin_session(person, "password")
        me = auth.current_person()
        assert (me.id, me.name, me.organisation) == (person.id, "春風 さくら", "choju")
        assert me.groups == {"choju", "choju.manager"}


def test_somebody_of_several_organisations_chooses_first(visitor: Visitor, staff: Staff) -> None:
    visitor.signed_in_as(staff.joins(groups=("choju", "esikoni")))
    sent = visitor.get("/account")
    assert (sent.status_code, sent.location) == (303, "/organisation?next=/account")
    page = visitor.get(sent.location).text
    assert "長寿社会課" in page and "えしこに" in page
    answer = visitor.sends("/organisation", {"organisation": "esikoni", "next": "/account"})
    assert (answer.status_code, answer.location) == (303, "/account")
    assert "えしこに</span>" in visitor.get("/account").text


def test_nobody_acts_for_an_organisation_of_others(visitor: Visitor, staff: Staff) -> None:
    visitor.signed_in_as(staff.joins(groups=("choju", "esikoni")))
    assert visitor.sends("/organisation", {"organisation": "zeimu"}).status_code == 403
    assert visitor.get("/account").status_code == 303


def test_who_leaves_the_organisation_acted_for_chooses_again(visitor: Visitor, staff: Staff, city: City) -> None:
    person = staff.joins(groups=("choju", "esikoni", "kenko"))
    visitor.signed_in_as(person, "esikoni")
    assert is_in(visitor)
    people.leave(city.store, person.id, "esikoni", city.today.replace(day=24))
    assert not is_in(visitor)
    assert "えしこに" not in visitor.get("/organisation").text


def test_somebody_without_any_organisation_still_has_an_account(visitor: Visitor, staff: Staff) -> None:
    visitor.signed_in_as(staff.joins(groups=(), administrator=True))
    assert "どの所属にも入っていません" in visitor.get("/account").text


def test_choosing_needs_a_sign_in(visitor: Visitor) -> None:
    assert visitor.get("/organisation").location == "/sign-in"
    assert visitor.sends("/organisation", {"organisation": "esikoni"}).location == "/sign-in"


# One's own password


def changes(visitor: Visitor, present: str, new: str, again: str | None = None) -> TestResponse:
    typed = {"present": present, "new": new, "again": new if again is None else again}
    return visitor.sends("/account/password", typed)


def test_a_new_password_ends_other_sessions_but_not_this_one(app: Flask, visitor: Visitor, staff: Staff) -> None:
    person = staff.joins(password=PASSWORD)
    other = app.test_client()
    assert isinstance(other, Visitor)
    visitor.signed_in_as(person)
    other.signed_in_as(person)
    answer = changes(visitor, PASSWORD, "ゆっくり歩いて帰る夕方の道")
    assert (answer.status_code, answer.location) == (303, "/account")
    assert "パスワードを変えました" in visitor.get(answer.location).text
    assert is_in(visitor) and not is_in(other)
    assert signs_in(other, password="ゆっくり歩いて帰る夕方の道").status_code == 303


@pytest.mark.parametrize(
    ("present", "new", "again", "said"),
    [
        ("wrong", "ゆっくり歩いて帰る夕方の道", None, "いまのパスワードが違います"),
        (PASSWORD, "short", None, "12文字以上"),
        (PASSWORD, "ゆっくり歩いて帰る夕方の道", "different", "もう一度入れてください"),
    ],
)
def test_a_password_that_cannot_be_changed_says_why(
    visitor: Visitor, staff: Staff, present: str, new: str, again: str | None, said: str
) -> None:
    visitor.signed_in_as(staff.joins(password=PASSWORD))
    answer = changes(visitor, present, new, again)
    assert answer.status_code == 422 and said in answer.text and "<title>エラー：" in answer.text
    assert is_in(visitor)


def test_guessing_the_present_password_is_throttled(visitor: Visitor, staff: Staff) -> None:
    visitor.signed_in_as(staff.joins(password=PASSWORD))
    for _ in range(people.FAILURES_OF_LOGIN):
        changes(visitor, "wrong", "ゆっくり歩いて帰る夕方の道")
    refused = changes(visitor, PASSWORD, "ゆっくり歩いて帰る夕方の道")
    assert refused.status_code == 429 and "まで受け付けません" in refused.text


# Only in a demo


@pytest.fixture
def demo(demo_city: City) -> Visitor:
    found = screens_of(demo_city).test_client()
    assert isinstance(found, Visitor)
    return found


def test_a_newcomer_of_a_demo_chooses_whom_to_be(demo: Visitor, staff: Staff) -> None:
    person = staff.joins("nijihashi", "虹橋 ゆう", groups=("esikoni", "esikoni.head"), demo=True)
    assert demo.get("/account").location == "/demo?next=/account"
    page = demo.get("/demo?next=/account").text
    assert page.index("えしこに</h2>") < page.index("虹橋 ゆう") < page.index("所属長")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    answer = demo.post("/demo", data={"csrf_token": token[1], "person": person.id, "next": "/account"})
    assert (answer.status_code, answer.location) == (303, "/account")
    assert "虹橋 ゆう" in demo.get("/account").text


def test_the_people_of_a_demo_stand_by_organisation_in_the_order_of_its_file_and_those_who_lead_last(demo: Visitor, staff: Staff) -> None:
    staff.joins("owaru", "架空 おわる", groups=(), demo=True)
    staff.joins("aida", "架空 あいだ", groups=("esikoni", "esikoni.head"), demo=True)
    staff.joins("tsugi", "架空 つぎ", groups=("esikoni",), demo=True)
    staff.joins("hajime", "架空 はじめ", groups=("zeimu",), demo=True)
    page = demo.get("/demo").text
    found = re.findall(r"<strong>架空 (\w+)</strong>", page)
    assert found == ["はじめ", "つぎ", "あいだ", "おわる"]


def test_every_page_of_a_demo_says_that_it_is_one(demo: Visitor, staff: Staff) -> None:
    demo.signed_in_as(staff.joins(demo=True))
    for path in ("/account", "/demo", "/no-such-page"):
        assert "練習用です" in demo.get(path).text, path


def test_only_people_of_the_demo_can_be_taken_on(demo: Visitor, staff: Staff, city: City) -> None:
    real = staff.joins("nijihashi", "虹橋 ゆう")
    gone = staff.joins("nowaki", "野分 みのる", demo=True)
    people.deactivate(city.store, gone.id, city.today)
    demo.signed_in_as(staff.joins(demo=True))
    assert demo.sends("/demo", {"person": real.id}).status_code == 404
    assert demo.sends("/demo", {"person": gone.id}).status_code == 404
    assert demo.sends("/demo", {"person": "x"}).status_code == 404
    page = demo.get("/demo").text
    assert "虹橋 ゆう" not in page and "野分 みのる" not in page


def test_in_a_real_database_nobody_can_be_taken_on(visitor: Visitor, staff: Staff) -> None:
    person = staff.joins(demo=True)
    assert visitor.get("/demo").status_code == 404
    assert visitor.sends("/demo", {"person": person.id}).status_code == 404
    visitor.signed_in_as(person)
    assert "練習用です" not in visitor.get("/account").text


def test_whoever_leaves_a_demo_comes_back_to_its_people(demo: Visitor, staff: Staff) -> None:
    demo.signed_in_as(staff.joins(demo=True))
    assert demo.sends("/sign-out").location == "/demo"
