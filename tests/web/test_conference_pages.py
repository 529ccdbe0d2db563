"""The pages of a 支援会議: whoever must confirm secrecy is asked first, members read, and to everybody else nothing of it is there."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from visits import Visitor, screens_of

from engine import store

if TYPE_CHECKING:
    from flask import Flask
    from households import Town

pytest_plugins = ("households",)

NURSE, COUNTER, CENTRE, CHAIR = "健康対策課(地区担当保健師)", "市民税課", "えしこに", "福祉政策課の長"
HOLDING = "支援会議を開き、記録する"
YES = {"agreed": "yes", "conflict": "none", "do": "complete", "key": "1"}


@pytest.fixture
def app(conference_town: Town) -> Flask:
    return screens_of(conference_town.city)


def visits(app: Flask, person: Any, office: str) -> Visitor:
    found = app.test_client()
    assert isinstance(found, Visitor)
    return found.signed_in_as(person, office)


def newcomer(town: Town, office: str) -> Any:
    return town.joins(f"new.{office}", "架空 あらた", office)


def answered(town: Town, form: str) -> int:
    answer = store.answer
    with town.city.store.reading() as c:
        return int(c.scalar(sa.select(sa.func.max(answer.c.id)).where(answer.c.form == form)) or 0)


def seen(town: Town) -> dict[str, tuple[str, str]]:
    """What is in the record of viewings: what was seen -> the ground and the highest level."""
    log = store.access_log
    with town.city.store.reading() as c:
        return {row.what: (row.ground, row.level) for row in c.execute(sa.select(log).order_by(log.c.day, log.c.seq))}


def test_a_task_of_it_asks_to_confirm_first_and_shows_nothing_of_the_conference(app, conference_town):
    page = visits(app, newcomer(conference_town, "esikoni"), "esikoni").get(f"/tasks/{conference_town.task('conference', HOLDING)}")
    assert page.status_code == 200
    assert "守秘義務を確かめた人だけが開けます" in page.text and "確かめて開く" in page.text
    assert "家族の面談から始め" not in page.text and "架空" not in page.text.split("<main", 1)[1].replace("架空 あらた", "")


def test_whoever_confirms_gets_the_task_and_it_is_written_down_who_did(app, conference_town):
    person = newcomer(conference_town, "esikoni")
    visitor, task = visits(app, person, "esikoni"), conference_town.task("conference", HOLDING)
    sent = visitor.sends(f"/tasks/{task}/confirm", YES)
    assert (sent.status_code, sent.location) == (303, f"/tasks/{task}")
    assert "家族の面談から始め" in visitor.get(f"/tasks/{task}").text
    with conference_town.city.store.reading() as c:
        newest = c.execute(sa.select(store.answer).where(store.answer.c.id == answered(conference_town, "F09"))).one()
        assert (newest.by, newest.data["name"], newest.data["agreed"]) == (person.id, str(person.id), "yes")


def test_an_empty_confirmation_comes_back_with_what_is_missing(app, conference_town):
    visitor, task = visits(app, newcomer(conference_town, "esikoni"), "esikoni"), conference_town.task("conference", HOLDING)
    sent = visitor.sends(f"/tasks/{task}/confirm", {"conflict": "has", "do": "complete", "key": "1"})
    assert sent.status_code == 422
    assert "守ることを確かめたか" in sent.text and "どんな関係か" in sent.text


def test_whoever_has_an_interest_is_told_that_the_task_stays_closed(app, conference_town):
    visitor, task = visits(app, newcomer(conference_town, "esikoni"), "esikoni"), conference_town.task("conference", HOLDING)
    sent = visitor.sends(f"/tasks/{task}/confirm", YES | {"conflict": "has", "conflict_note": "親族"}, follow_redirects=True)
    assert "利害関係のある人は、このやることを開けません" in sent.text
    assert "確かめて開く" in visitor.get(f"/tasks/{task}").text


@pytest.mark.parametrize("way", ["complete", "draft", "comment", "attach"])
def test_nothing_is_sent_to_a_task_of_it_without_confirming(app, conference_town, way):
    visitor, task = visits(app, newcomer(conference_town, "esikoni"), "esikoni"), conference_town.task("conference", HOLDING)
    assert visitor.sends(f"/tasks/{task}/{way}", {"held": "postponed", "do": "complete", "key": "1"}).status_code == 404


def test_to_everybody_else_a_task_of_it_is_not_there(app, conference_town):
    task = conference_town.task("conference", HOLDING)
    for office in ("kenko", "zeimu", "sanka"):
        visitor = visits(app, newcomer(conference_town, office), office)
        assert visitor.get(f"/tasks/{task}").status_code == visitor.sends(f"/tasks/{task}/confirm", YES).status_code == 404


def test_a_member_reads_the_papers_on_the_case_page_and_on_no_paper(app, conference_town):
    visitor = visits(app, conference_town.person(NURSE), "kenko")
    page = visitor.get(f"/cases/{conference_town.number('conference')}").text
    assert "会議の開催" in page and "事前準備シート" in page
    sheet = answered(conference_town, "F07C")
    read = visitor.get(f"/cases/answers/{sheet}")
    assert read.status_code == 200 and "印刷の形で見る" not in read.text
    assert visitor.get(f"/cases/answers/{sheet}/paper").status_code == 404


def test_who_may_open_the_case_and_is_not_named_finds_nothing_of_it_there(app, conference_town):
    visitor = visits(app, newcomer(conference_town, "esikoni"), "esikoni")
    page = visitor.get(f"/cases/{conference_town.number('conference')}")
    assert page.status_code == 200
    for hidden in ("会議の開催", "事前準備シート", "守秘義務の確認", "保健師"):
        assert hidden not in page.text, hidden
    for form in ("F06", "F07C", "F08", "F09"):
        number = answered(conference_town, form)
        assert visitor.get(f"/cases/answers/{number}").status_code == visitor.get(f"/cases/answers/{number}/paper").status_code == 404


def test_not_yours_and_not_there_look_the_same(app, conference_town):
    visitor = visits(app, newcomer(conference_town, "kenko"), "kenko")
    not_mine, not_there = (
        re.sub(rf'nonce="[^"]*"|name="csrf_token" value="[^"]*"|answers/{number}\b', "", visitor.get(f"/cases/answers/{number}").text)
        for number in (answered(conference_town, "F08"), 999999)
    )
    assert not_mine == not_there


def test_a_head_who_only_decides_who_does_it_reads_nothing_and_confirms_nothing(app, conference_town):
    head, nurse = conference_town.joins("head", "架空 かしら", "esikoni.head"), newcomer(conference_town, "esikoni")
    visitor, task = visits(app, head, "esikoni"), conference_town.task("conference", HOLDING)
    page = visitor.get(f"/tasks/{task}")
    assert "担当を決められます" in page.text and "確かめて開く" not in page.text and "家族の面談から始め" not in page.text
    assert visitor.sends(f"/tasks/{task}/confirm", YES).status_code == 404
    assert visitor.sends(f"/tasks/{task}/reassign", {"to": str(nurse.id)}).status_code == 303
    assert "確かめて開く" in visits(app, nurse, "esikoni").get(f"/tasks/{task}").text


def test_what_is_said_and_attached_at_a_task_of_it_is_read_by_who_is_named_only(app, conference_town):
    member, other = visits(app, conference_town.person(CENTRE), "esikoni"), visits(app, newcomer(conference_town, "esikoni"), "esikoni")
    task, case = conference_town.task("conference", HOLDING), f"/cases/{conference_town.number('conference')}"
    assert member.sends(f"/tasks/{task}/comment", {"text": "父の入院先がわかった。"}).status_code == 303
    assert member.sends(f"/tasks/{task}/attach", {"file": (io.BytesIO(b"%PDF-1.7\n%%EOF\n"), "架空.pdf")}).status_code == 303
    for reader, may in ((member, True), (other, False)):
        page = reader.get(case).text
        assert ("父の入院先がわかった。" in page, "架空.pdf" in page) == (may, may)
        assert (reader.get(f"{case}/files/1").status_code == 200) == may
    assert seen(conference_town)["file:1"] == ("conference", "L3")


def test_the_record_of_viewings_says_that_a_member_saw_it_as_a_member(app, conference_town):
    visitor, task = visits(app, conference_town.person(CENTRE), "esikoni"), conference_town.task("conference", HOLDING)
    visitor.get(f"/cases/{conference_town.number('conference')}")
    visitor.get(f"/cases/answers/{answered(conference_town, 'F07C')}")
    visitor.get(f"/tasks/{task}")
    found = seen(conference_town)
    assert (found["case"], found[f"task:{task}"]) == (("conference", "L3"), ("own_task", "L3"))
    assert found[f"answer:{answered(conference_town, 'F07C')}"] == ("conference", "L3")


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 360])
def test_the_page_that_asks_to_confirm_is_clean_for_everybody(conference_town, browser_of, width):
    for screen in browser_of(screens_of(conference_town.city)):
        page = screen.signed_in_as(newcomer(conference_town, "esikoni")).opens(f"/tasks/{conference_town.task('conference', HOLDING)}", width)
        assert (screen.findings(), screen.sticks_out(), screen.complaints) == ([], [], [])
        page.get_by_role("button", name="確かめて開く").click()
        assert page.get_by_role("alert").is_visible() or page.locator(".error-summary").is_visible()
        assert (screen.findings(), screen.sticks_out()) == ([], [])


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 360])
def test_the_page_on_which_a_head_decides_who_does_it_is_clean_for_everybody(conference_town, browser_of, width):
    head = conference_town.joins("head", "架空 かしら", "esikoni.head")
    for screen in browser_of(screens_of(conference_town.city)):
        page = screen.signed_in_as(head).opens(f"/tasks/{conference_town.task('conference', HOLDING)}", width)
        assert page.get_by_role("button", name="この人に渡す").is_visible()
        assert (screen.findings(), screen.sticks_out(), screen.complaints) == ([], [], [])
