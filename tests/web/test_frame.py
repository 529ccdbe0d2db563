"""What stands around every page: the menu and who sees which of it, the names of groups, the search box."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from previewed import add_previews
from visits import ROOT, Staff, Visitor, screens_of

from engine import store
from engine.city import City
from web import frame
from web.auth import begin_session
from web.frame import group_name


@pytest.fixture
def whole(app: Flask) -> Visitor:
    """Somebody at a product whose screens are all there."""
    add_previews(app)
    found = app.test_client()
    assert isinstance(found, Visitor)
    return found


def menu(page: str) -> list[str]:
    [bar] = re.findall(r'<nav class="nav"[^>]*>(.*?)</nav>', page, re.DOTALL)
    return re.findall(r"<a [^>]*>(.*?)</a>", bar)


def test_staff_see_their_work_and_the_processes(whole: Visitor, staff: Staff) -> None:
    whole.signed_in_as(staff.joins())
    assert menu(whole.get("/account").text) == ["やること", "ケース", "会議", "業務の流れ"]


@pytest.mark.parametrize("group", ["esikoni.head", "choju.manager"])
def test_whoever_leads_others_sees_what_is_stalled(whole: Visitor, staff: Staff, group: str) -> None:
    whole.signed_in_as(staff.joins(groups=(group,)))
    assert "滞り" in menu(whole.get("/account").text)


def test_administrators_see_people_and_groups(whole: Visitor, staff: Staff) -> None:
    whole.signed_in_as(staff.joins(groups=(), administrator=True))
    assert "職員と組織" in menu(whole.get("/account").text)


@pytest.mark.parametrize(
    ("path", "here"),
    [("/", ["やること"]), ("/tasks/1", ["やること"]), ("/cases/new", ["ケース"]), ("/meetings", ["会議"]), ("/account", [])],
)
def test_the_menu_says_where_one_is(whole: Visitor, staff: Staff, path: str, here: list[str]) -> None:
    person = staff.joins()
    with whole.application.test_request_context(path):
        begin_session(person, "password")
        assert [each.title for each in frame.menu() if each.here] == here


def test_a_screen_that_does_not_exist_is_not_offered(
    city: City, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.FAMILIES", ())
    visitor = screens_of(city).test_client()
    assert isinstance(visitor, Visitor)
    visitor.signed_in_as(staff.joins(groups=("esikoni.head",), administrator=True))
    page = visitor.get("/account").text
    assert menu(page) == [] and 'role="search"' not in page


def test_a_stranger_sees_no_menu(visitor: Visitor) -> None:
    page = visitor.get("/sign-in").text
    assert "<nav" not in page and 'role="search"' not in page


def test_the_footer_says_whose_product_it_is_and_whom_to_ask(app: Flask, visitor: Visitor, staff: Staff) -> None:
    page = visitor.signed_in_as(staff.joins()).get("/account").text
    assert "伴走 ― みなも市 福祉部" in page and "使い方・問い合わせ：福祉政策課 内線 0000" in page
    assert "福祉政策課 内線 0000" in app.test_client().get("/sign-in").text
    missing = visitor.get("/cases/2026-99999").text
    assert "問い合わせ：福祉政策課 内線 0000" in missing


def test_the_footer_is_silent_where_a_city_said_nothing(visitor: Visitor, staff: Staff, city: City) -> None:
    with city.store.transaction() as connection:
        body = (ROOT / "processes" / "organisation.toml").read_text("utf-8")
        text = re.sub(r"\[city\]\nname = .*\ncontact = .*\n", "", body)
        assert text != body
        later = city.now() - timedelta(days=1)
        connection.execute(sa.insert(store.settings_version).values(hash="2", body=text.encode(), in_force_from=later))
    page = visitor.signed_in_as(staff.joins()).get("/account").text
    assert "<span>伴走</span>" in page and "問い合わせ" not in page


@pytest.mark.parametrize(
    ("group", "name"),
    [("esikoni", "えしこに"), ("esikoni.head", "えしこにの長"), ("choju.manager", "長寿社会課のマネージャー"), ("gone", "gone"), (None, "")],
)
def test_a_group_is_called_as_people_call_it(app: Flask, group: str | None, name: str) -> None:
    with app.test_request_context():
        assert group_name(group) == name


@pytest.mark.parametrize(
    ("name", "folded"),
    [("地域包括支援センター", "地域包括支援<wbr>センター"), ("居宅介護支援事業所(ケアマネジャー)", "居宅介護支援事業所<wbr>(ケアマネジャー)"),
     ("フォローアップ中", "フォローアップ中"), ("<b>", "&lt;b&gt;")],
)  # fmt: skip
def test_a_long_name_is_folded_between_its_words(name: str, folded: str) -> None:
    assert frame.foldable(name) == folded


def test_a_name_cannot_bring_markup_into_the_page(visitor: Visitor, staff: Staff) -> None:
    visitor.signed_in_as(staff.joins(name="<b>春風</b> & さくら"))
    page = visitor.get("/account").text
    assert "<b>春風</b>" not in page and "&lt;b&gt;春風&lt;/b&gt; &amp; さくら" in page


def test_every_template_says_what_it_is_given_or_is_a_part() -> None:
    folder = Path(__file__).parents[2] / "web" / "templates"
    silent = [
        template.name
        for template in sorted(folder.glob("*.html"))
        if '{% extends "base.html" %}' in template.read_text() and not template.read_text().startswith("{#")
    ]
    assert silent == []
