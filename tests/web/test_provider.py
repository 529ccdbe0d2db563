"""Signing in at the city's own provider: a real one in a process of its own, honest and lying."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from city_provider import CLIENT, CityProvider
from flask import Flask
from visits import PASSWORD, Clock, Screen, Staff, Visitor, screens_of
from werkzeug.test import TestResponse

from engine import identities, people
from engine.city import City
from engine.people import Person
from web.sign_in_settings import Provider, SignInSettings

SECRET = "架空の長い合言葉 only for tests".encode().hex()
SUBJECT = "f3b1c7d0-0000-4000-8000-000000000001"


@pytest.fixture(scope="module")
def running() -> Iterator[CityProvider]:
    made = CityProvider(SECRET)
    yield made
    made.stops()


@pytest.fixture
def provider(running: CityProvider) -> CityProvider:
    running.takes_everybody_for(SUBJECT)
    return running


@pytest.fixture
def settings(provider: CityProvider) -> Provider:
    return Provider("みなも市の職員ログイン", provider.issuer, CLIENT, SECRET)


@pytest.fixture
def app(city: City, settings: Provider) -> Flask:
    return screens_of(city, SIGN_IN=SignInSettings(provider=settings))


@pytest.fixture
def harukaze(staff: Staff, city: City, provider: CityProvider) -> Person:
    person = staff.joins()
    identities.link(city.store, person.id, provider.issuer, SUBJECT, city.now())
    return person


def way_back(visitor: Visitor, onward: str = "/account") -> str:
    """Goes to the provider as a browser would; gives the address to which it sends the browser back."""
    out = visitor.get("/sign-in/provider", query_string={"next": onward})
    assert out.status_code == 302, out.text
    answer = requests.get(out.location, allow_redirects=False, timeout=10)
    address = urlsplit(answer.headers["Location"])
    assert address.netloc == "localhost"
    return f"{address.path}?{address.query}"


def comes(visitor: Visitor, onward: str = "/account") -> TestResponse:
    return visitor.get(way_back(visitor, onward))


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/account").status_code == 200


# Signing in


def test_the_sign_in_page_offers_it_first(visitor: Visitor) -> None:
    page = visitor.get("/sign-in?next=/account").text
    assert page.index("「みなも市の職員ログイン」でログイン") < page.index('name="password"')
    assert 'href="/sign-in/provider?next=/account"' in page


def test_whoever_is_known_is_signed_in_and_led_on(visitor: Visitor, harukaze: Person) -> None:
    answer = comes(visitor, "/account?x=1")
    assert (answer.status_code, answer.location) == (303, "/account?x=1")
    assert "春風 さくら" in visitor.get("/account").text


def test_nobody_is_led_to_another_site(visitor: Visitor, harukaze: Person) -> None:
    assert comes(visitor, "https://example.jp/").location == "/"


def test_the_way_there_carries_state_nonce_and_the_challenge_of_pkce(visitor: Visitor, provider: CityProvider, harukaze: Person) -> None:
    comes(visitor)
    asked = provider.asked()
    assert asked["response_type"] == "code" and asked["client_id"] == CLIENT and "openid" in asked["scope"].split()
    assert asked["code_challenge_method"] == "S256" and len(asked["code_challenge"]) == 43
    assert len(asked["state"]) >= 20 and len(asked["nonce"]) >= 20
    assert asked["redirect_uri"] == "http://localhost/sign-in/provider/back"


def test_it_is_the_subject_that_counts_and_no_name_or_address(visitor: Visitor, provider: CityProvider, harukaze: Person) -> None:
    provider.takes_everybody_for("somebody-else", email="harukaze@example.jp", preferred_username="harukaze", name="春風 さくら")
    assert comes(visitor).status_code == 403 and not is_in(visitor)


def test_the_password_page_and_its_second_factor_stay_away_from_whoever_comes_this_way(city: City, settings: Provider, harukaze: Person) -> None:
    strict = screens_of(city, SIGN_IN=SignInSettings("everybody", settings)).test_client()
    assert isinstance(strict, Visitor)
    comes(strict)
    page = strict.get("/account")
    assert page.status_code == 200 and 'id="password-h"' not in page.text and 'id="second-h"' not in page.text


def test_a_session_that_began_there_is_a_session_like_any_other(visitor: Visitor, clock: Clock, harukaze: Person) -> None:
    comes(visitor)
    clock.passes(minutes=29)
    assert is_in(visitor)
    clock.passes(minutes=31)
    assert not is_in(visitor)


def test_a_session_starts_anew(app: Flask, visitor: Visitor, harukaze: Person) -> None:
    back = way_back(visitor)
    with visitor.session_transaction() as cookie:
        cookie["planted"] = "by somebody else"
    visitor.get(back)
    with visitor.session_transaction() as cookie:
        assert set(cookie) == {"token"}


def test_many_tries_that_were_given_up_do_not_fill_the_cookie(visitor: Visitor, harukaze: Person) -> None:
    for _ in range(12):
        way_back(visitor)
    assert comes(visitor).status_code == 303 and is_in(visitor)


# Who is not let in


def test_whoever_is_unknown_reads_what_to_tell_the_administrator(visitor: Visitor, staff: Staff) -> None:
    staff.joins()
    answer = comes(visitor)
    assert answer.status_code == 403 and SUBJECT in answer.text and "まだ登録されていません" in answer.text
    assert not is_in(visitor)


def test_a_leaver_is_told_so(visitor: Visitor, city: City, harukaze: Person) -> None:
    people.deactivate(city.store, harukaze.id, city.today)
    answer = comes(visitor)
    assert answer.status_code == 403 and "使えなくなっています" in answer.text and not is_in(visitor)


AN_HOUR = 3600
LIES = {
    "a wrong nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "another audience": {"aud": "another-client"},
    "another audience, with us as the authorised party": {"aud": ["another-client"], "azp": CLIENT},
    "another party authorised": {"aud": [CLIENT, "another-client"], "azp": "another-client"},
    "no audience": {"aud": None},
    "another issuer": {"iss": "https://login.example.jp"},
    "no issuer": {"iss": None},
    "no subject": {"sub": None},
    "no end": {"exp": None},
    "an unknown key": {"kid": "unknown"},
    "the signature of another key": {"forged": True},
    "no signature": {"alg": "none"},
    "a signature with the public key as a shared secret": {"alg": "HS256"},
    "no identity": {"without": "id_token"},
    "an error": {"error": "access_denied"},
}


@pytest.mark.parametrize("lie", LIES)
def test_whoever_brings_a_wrong_proof_stays_outside(visitor: Visitor, provider: CityProvider, harukaze: Person, lie: str) -> None:
    provider.takes_everybody_for(SUBJECT, **LIES[lie])
    answer = comes(visitor)
    assert answer.status_code == 400 and "もう一度お試しください" in answer.text and "<title>エラー：" in answer.text
    assert not is_in(visitor)
    assert ("answered" in provider.asked()) is ("error" not in LIES[lie])


def test_an_expired_proof_is_refused(visitor: Visitor, provider: CityProvider, harukaze: Person) -> None:
    provider.takes_everybody_for(SUBJECT, iat=int(time.time()) - 2 * AN_HOUR, exp=int(time.time()) - AN_HOUR)
    assert comes(visitor).status_code == 400 and not is_in(visitor)


def test_a_provider_that_took_a_new_key_is_believed_without_a_restart(visitor: Visitor, provider: CityProvider, harukaze: Person) -> None:
    assert comes(visitor).status_code == 303
    visitor.sends("/sign-out")
    provider.takes_everybody_for(SUBJECT, new_key="of-next-year")
    assert comes(visitor).status_code == 303 and is_in(visitor)
    provider.takes_everybody_for(SUBJECT, new_key="good")  # as the other tests expect it


def test_the_same_way_back_opens_once(visitor: Visitor, harukaze: Person) -> None:
    back = way_back(visitor)
    assert visitor.get(back).status_code == 303
    visitor.sends("/sign-out")
    assert visitor.get(back).status_code == 400 and not is_in(visitor)


def test_the_way_back_of_somebody_else_opens_nothing_in_this_browser(app: Flask, visitor: Visitor, harukaze: Person) -> None:
    attacker = app.test_client()
    assert isinstance(attacker, Visitor)
    back = way_back(attacker)
    assert visitor.get(back).status_code == 400 and not is_in(visitor)


@pytest.mark.parametrize("part", ["state=", "code=", "back?"])
def test_a_way_back_that_was_changed_opens_nothing(visitor: Visitor, harukaze: Person, part: str) -> None:
    assert visitor.get(way_back(visitor).replace(part, f"{part}x")).status_code == 400 and not is_in(visitor)


def test_a_provider_that_does_not_answer_leaves_the_other_way_open(city: City, settings: Provider, staff: Staff) -> None:
    staff.joins(password=PASSWORD)
    visitor = screens_of(city, SIGN_IN=SignInSettings(provider=replace(settings, issuer="http://127.0.0.1:9"))).test_client()
    assert isinstance(visitor, Visitor)
    answer = visitor.get("/sign-in/provider?next=/account")
    assert answer.status_code == 503 and "つながりません" in answer.text and 'name="password"' in answer.text
    visitor.sends("/sign-in", {"login": "harukaze", "password": PASSWORD})
    assert is_in(visitor)


def test_a_provider_that_calls_itself_otherwise_is_not_believed(city: City, settings: Provider, harukaze: Person) -> None:
    visitor = screens_of(city, SIGN_IN=SignInSettings(provider=replace(settings, issuer=settings.issuer + "/"))).test_client()
    assert isinstance(visitor, Visitor)
    identities.link(city.store, harukaze.id, settings.issuer + "/", SUBJECT, city.now())
    assert comes(visitor).status_code == 400 and not is_in(visitor)


def test_the_log_says_what_kind_of_failure_it_was_and_names_nobody(
    visitor: Visitor, provider: CityProvider, harukaze: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    provider.takes_everybody_for(SUBJECT, nonce="another", name="架空 太郎")
    comes(visitor)
    assert "InvalidClaimError" in caplog.text
    assert not [word for word in (SUBJECT, "架空 太郎", SECRET) if word in caplog.text]


# Groups


GROUPS = {"fukushi-desk": frozenset({"esikoni"}), "fukushi-head": frozenset({"esikoni", "esikoni.head"}), "gone": frozenset({"no-such-group"})}


@pytest.fixture
def mapped(city: City, settings: Provider) -> Visitor:
    found = screens_of(city, SIGN_IN=SignInSettings(provider=replace(settings, groups=GROUPS))).test_client()
    assert isinstance(found, Visitor)
    return found


@pytest.mark.parametrize(
    ("said", "groups"),
    [
        (["fukushi-desk"], {"esikoni"}), (["fukushi-head"], {"esikoni", "esikoni.head"}), (["fukushi-desk", "fukushi-head"], {"esikoni", "esikoni.head"}),
        ([], set()), (["unmapped", 7, "gone"], set()),
    ],
)  # fmt: skip
def test_membership_follows_what_the_provider_says(
    mapped: Visitor, provider: CityProvider, city: City, harukaze: Person, said: list[object], groups: set[str]
) -> None:
    provider.takes_everybody_for(SUBJECT, groups=said)
    assert comes(mapped).status_code == 303
    assert people.groups_of(city.store, harukaze.id, city.today) == groups


def test_groups_that_the_provider_does_not_govern_stay(mapped: Visitor, provider: CityProvider, city: City, harukaze: Person) -> None:
    people.join(city.store, harukaze.id, "choju", city.today)
    provider.takes_everybody_for(SUBJECT, groups=[])
    comes(mapped)
    assert people.groups_of(city.store, harukaze.id, city.today) == {"choju"}


@pytest.mark.parametrize("said", [None, "fukushi-desk", {"fukushi-desk": True}])
def test_where_no_groups_arrive_nobody_is_let_in_and_nobody_loses_theirs(
    mapped: Visitor, provider: CityProvider, city: City, harukaze: Person, said: object
) -> None:
    provider.takes_everybody_for(SUBJECT, groups=said)
    answer = comes(mapped)
    assert answer.status_code == 403 and "所属が届きませんでした" in answer.text and not is_in(mapped)
    assert people.groups_of(city.store, harukaze.id, city.today) == {"esikoni"}


# Being known


@pytest.fixture
def administrator(app: Flask, staff: Staff) -> Visitor:
    found = app.test_client()
    assert isinstance(found, Visitor)
    return found.signed_in_as(staff.joins("aogiri", "青桐 しゅう", administrator=True))


def test_an_administrator_makes_somebody_known_by_the_number_on_their_screen(administrator: Visitor, visitor: Visitor, staff: Staff) -> None:
    person = staff.joins()
    shown = re.search(r'<p class="spelled">([^<]+)</p>', comes(visitor).text)
    assert shown is not None
    administrator.sends(f"/people/{person.id}/identity", {"subject": f" {shown[1]} ", "next": "/people"})
    assert "春風 さくらさんは、「みなも市の職員ログイン」で入れます" in administrator.get("/people").text
    assert comes(visitor).status_code == 303 and is_in(visitor)


def test_a_number_belongs_to_one_person(administrator: Visitor, visitor: Visitor, staff: Staff, harukaze: Person) -> None:
    other = staff.joins("nijihashi", "虹橋 ゆう")
    answer = administrator.sends(f"/people/{other.id}/identity", {"subject": SUBJECT})
    assert answer.status_code == 400 and "もうほかの人と結ばれています" in answer.text
    comes(visitor)
    assert "春風 さくら" in visitor.get("/account").text


def test_somebody_who_is_untied_is_signed_out_and_stays_outside(administrator: Visitor, visitor: Visitor, harukaze: Person) -> None:
    comes(visitor)
    administrator.sends(f"/people/{harukaze.id}/identity", {"subject": "", "next": "/people"})
    assert not is_in(visitor)
    assert comes(visitor).status_code == 403


@pytest.mark.parametrize("subject", ["x" * 256, "日本語"])
def test_what_cannot_be_a_number_is_refused(administrator: Visitor, harukaze: Person, subject: str) -> None:
    assert administrator.sends(f"/people/{harukaze.id}/identity", {"subject": subject}).status_code == 400


def test_only_administrators_make_somebody_known(app: Flask, staff: Staff, harukaze: Person) -> None:
    other = app.test_client()
    assert isinstance(other, Visitor)
    other.signed_in_as(staff.joins("nijihashi", "虹橋 ゆう"))
    assert other.sends(f"/people/{harukaze.id}/identity", {"subject": "mine"}).status_code == 404


# Leaving


def test_whoever_signs_out_is_shown_how_to_leave_the_provider_too(visitor: Visitor, provider: CityProvider, harukaze: Person) -> None:
    comes(visitor)
    answer = visitor.sends("/sign-out")
    assert (answer.status_code, answer.location) == (303, "/signed-out")
    assert not is_in(visitor)
    page = visitor.get("/signed-out").text
    link = re.search(rf'href="({re.escape(provider.issuer)}/end\?[^"]+)"', page)
    assert link is not None
    asked = parse_qs(urlsplit(link[1].replace("&amp;", "&")).query)
    assert asked["client_id"] == [CLIENT] and asked["post_logout_redirect_uri"] == ["http://localhost/sign-in"]


def test_where_there_is_no_provider_its_pages_do_not_exist(city: City, staff: Staff) -> None:
    visitor = screens_of(city).test_client()
    assert isinstance(visitor, Visitor)
    assert "provider" not in visitor.get("/sign-in").text
    visitor.signed_in_as(staff.joins(administrator=True))
    for path in ("/sign-in/provider", "/sign-in/provider/back", "/signed-out"):
        assert visitor.get(path).status_code == 404, path
    assert visitor.sends("/people/1/identity", {"subject": "mine"}).status_code == 404


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 360])
def test_in_a_browser_the_whole_way_there_and_back(screen: Screen, harukaze: Person, provider: CityProvider, width: int) -> None:
    page = screen.opens("/sign-in?next=/account", width)
    assert not screen.findings() and not screen.sticks_out()
    page.click("text=「みなも市の職員ログイン」でログイン")
    page.wait_for_url("**/account")
    page.locator("details.who summary, details.menu summary").locator("visible=true").click()
    page.locator("button:has-text('ログアウト')").locator("visible=true").last.click()
    page.wait_for_url("**/signed-out")
    assert not screen.findings() and not screen.sticks_out()
    provider.takes_everybody_for("unknown")
    screen.opens("/sign-in/provider", width)
    assert page.get_by_text("まだ登録されていません").first.is_visible() and not screen.findings() and not screen.sticks_out()
    assert not screen.complaints
