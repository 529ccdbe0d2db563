"""閲覧の記録 on the screen: who reads it, what it says of each look, and that it shows when somebody changed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from desks import rows, text
from flask import Flask
from sheets import same
from visits import Visitor, screens_of
from werkzeug.test import TestResponse

from engine import duplicates, store, viewings
from engine.people import Person
from engine.viewings import Viewed

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)

CENTRE, HEALTH = "えしこに", "健康対策課(地区担当保健師)"


class Screens:
    """A household whose plan is carried out, and the people who look at it."""

    def __init__(self, town: Town) -> None:
        self.town, self.number = town, town.number("decided")
        self.app: Flask = screens_of(town.city)

    def of(self, who: str | Person) -> Visitor:
        visitor = self.app.test_client()
        assert isinstance(visitor, Visitor)
        return visitor.signed_in_as(self.town.person(who) if isinstance(who, str) else who)

    def looks(self, who: str | Person, path: str = "") -> None:
        with self.of(who).get(f"/cases/{self.number}{path}") as answer:
            assert answer.status_code == 200

    def record(self, who: str | Person = f"{CENTRE}の長") -> str:
        with self.of(who).get(f"/cases/{self.number}/viewings") as answer:
            assert answer.status_code == 200, answer.text
            return answer.text


@pytest.fixture
def screens(supporting_town: Town) -> Screens:
    return Screens(supporting_town)


def test_each_look_is_told_with_person_organisation_what_and_ground(screens: Screens) -> None:
    plan = store.answer
    with screens.town.city.store.reading() as c:
        id = c.scalar(sa.select(sa.func.max(plan.c.id)).where(plan.c.form == "F10"))
    screens.looks(HEALTH)
    with screens.of(HEALTH).get(f"/cases/answers/{id}/paper"):
        pass
    screens.looks(CENTRE, "/people")
    page = screens.record()
    said = [text(row) for row in page.split("<tr ")[1:]]
    seen = [row for row in said if "健康対策課" in row and "架空" in row]
    (plan_printed,) = [row for row in seen if "「多機関協働プラン(兼利用申込書)（会議の修正）」の印刷" in row]
    assert "役割を持つ機関" in plan_printed and "L2" in plan_printed
    assert "ケースの画面" in seen[-1]
    assert any("世帯の人を直す画面" in row and "主担当" in row for row in said)
    offices = rows(page, last=False)
    assert offices["えしこに"][:2] == ["1人", "1回"] and offices["健康対策課(地区担当保健師)"][0] == "1人"
    assert "この記録は書き足されただけで" in page
    assert "閲覧の記録" in text(screens.record())  # reading it is a look, too
    assert rows(screens.record(), last=False)["えしこに"][:2] == ["1人", "3回"]


def test_it_is_reached_from_the_case_by_those_alone_who_answer_for_it(screens: Screens) -> None:
    town = screens.town
    link = f"/cases/{screens.number}/viewings"
    assert link in screens.of(f"{CENTRE}の長").get(f"/cases/{screens.number}").text
    others = [
        town.joins("kanri", "架空 管理", administrator=True), town.joins("nakama", "架空 仲間", "esikoni"), town.person(HEALTH), town.person(f"{HEALTH}の長"),
        town.person("福祉政策課の長"), town.person("市民税課の長"), town.person("地域包括支援センター"),
    ]  # fmt: skip
    for person in others:
        hidden, missing = screens.of(person).get(link), screens.of(person).get("/cases/2026-99999/viewings")
        assert hidden.status_code == missing.status_code == 404 and same(hidden) == same(missing), person.name
        assert link not in screens.of(person).get(f"/cases/{screens.number}").text


def test_the_head_of_whoever_leads_reads_it_too(town: Town) -> None:
    number = town.receives("市民税課", "続柄・立場=本人／氏=星空")
    app = screens_of(town.city)
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    assert visitor.signed_in_as(town.person("市民税課の長")).get(f"/cases/{number}/viewings").status_code == 200


def test_a_form_that_its_reader_may_not_read_is_not_named(town: Town) -> None:
    """The head of the centre answers for a case that nobody has handed to the centre yet, and reads L1 of it."""
    number = town.receives("市民税課", "続柄・立場=本人／氏=星空")
    town.rehearsal("new").records_called("市民税課", "記録", [("方法", "訪問"), ("相手", "本人"), ("あったこと(事実)", "玄関で話した。")])
    app = screens_of(town.city)
    with town.city.store.reading() as c:
        record = c.scalar(sa.select(sa.func.max(store.answer.c.id)).where(store.answer.c.form == "F13"))
    for who, path in (("市民税課", f"/cases/answers/{record}"),):
        visitor = app.test_client()
        assert isinstance(visitor, Visitor)
        with visitor.signed_in_as(town.person(who)).get(path) as answer:
            assert answer.status_code == 200
    head = app.test_client()
    assert isinstance(head, Visitor)
    page = head.signed_in_as(town.person(f"{CENTRE}の長")).get(f"/cases/{number}/viewings").text
    assert "「様式」" in page and "支援経過記録" not in page


def test_a_record_that_was_changed_says_so_and_what_to_do(screens: Screens) -> None:
    screens.looks(HEALTH)
    screens.looks(HEALTH)
    with screens.town.city.store.transaction() as c:
        c.execute(sa.update(store.access_log).where(store.access_log.c.seq == 2).values(person=screens.town.person(CENTRE).id))
    page = screens.record()
    assert "2行目が書き換えられています。" in page and "システム管理者に知らせてください" in page and "この記録は書き足されただけで" not in page


def test_month_by_month_the_head_of_the_centre_reads_who_asked_how_often(town: Town) -> None:
    app, city = screens_of(town.city), town.city
    counter, head = town.person("市民税課"), town.person(f"{CENTRE}の長")
    whats = [duplicates.ASKED] * 3 + [duplicates.REFUSED]
    viewings.write(city.store, [Viewed(city.now(), what, counter.id, "zeimu", ground="reception", level="L0") for what in whats])

    def page(who: Person, path: str = "/questions") -> TestResponse:
        visitor = app.test_client()
        assert isinstance(visitor, Visitor)
        return visitor.signed_in_as(who).get(path)

    assert "/questions" in page(head, "/search").text and "/questions" not in page(counter, "/search").text
    assert page(counter).status_code == 404
    shown = page(head).text
    assert "2026年5月" in shown and [cells for title, cells in rows(shown).items() if counter.name in title] == [["3人", "1人", "1日"]]
    earlier = page(head, "/questions?month=2026-04").text
    assert "2026年4月" in earlier and "この月に確かめた人はいません" in earlier
    assert "2026年5月" in page(head, "/questions?month=13").text


def test_a_long_record_is_cut_into_pages(screens: Screens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewings, "PAGE", 3)
    for _ in range(4):
        screens.looks(HEALTH)
    page = screens.record()
    assert "4件のうち1件目から3件目" in text(page) and "?page=2" in page
