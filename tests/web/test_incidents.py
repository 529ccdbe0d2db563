"""不具合 on screen: what stands where and why, trying again, messages that nobody received; and nothing about anybody."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from desks import at_desk, reading, rows, screens
from flask import Flask
from standstill import AGENCY, ASKED, COUNTER, SHEET, TRIAGE, Office
from visits import Screen, Visitor

from engine import facts, incidents, outbox, store, stream
from engine.city import By
from engine.errors import NotAllowed
from engine.people import Person

pytest_plugins = ("standstill",)

SETTINGS = "processes/organisation.toml"
BROKEN = {SETTINGS: ('t_handover_late = { value = "P5BD"', "t_handover_late = { value = [5, 7]")}
OTHER_WORDS = {
    f"processes/bpmn/{process}.bpmn": ("coordination_requested", "coordination_wanted") for process in ("intake", "multi_agency", "support_conference")
}
SECRET = "架空の秘密の相談"


@pytest.fixture
def app(office: Office) -> Flask:
    return screens(office)


@pytest.fixture
def administrator(office: Office) -> Person:
    return office.joins("aoi", "設計 あおい", administrator=True)


@pytest.fixture
def desk(office: Office, administrator: Person) -> Visitor:
    return at_desk(office, administrator)


def breaks_down(office: Office, folder: Path, *families: str) -> None:
    """A period is published as a list of numbers: whoever is handed over then comes to a step that cannot begin."""
    office.publishes(folder, BROKEN)
    for family in families:
        office.receives(family)
        office.connects(family)


def is_repaired(office: Office, folder: Path) -> None:
    office.publishes(folder)


def loses_a_message(office: Office, folder: Path) -> None:
    """A case of the old version asks for what the new version no longer knows by that name."""
    rehearsal = office.rehearsal()
    asked = [row for row in ASKED if row[0] != "本人の同意"]
    rehearsal.registers(COUNTER, [*asked, ("本人の同意", "口頭同意(後日書面)"), ("本人・世帯の人", "続柄・立場=本人／氏=夕凪")])
    office.cases["夕凪"] = rehearsal.case or 0
    shared = [("同意した段階", "①会う・相談を続ける／②決めた機関と共有する"), ("共有してよい機関", "機関=えしこに")]
    office.answers("夕凪", "同意を確かめて記録する", shared)
    office.answers("夕凪", TRIAGE, [("対応の区分", "多機関協働へ"), ("そう判断した理由", "架空")])
    office.publishes(folder, OTHER_WORDS)
    rows = [("つなぎ方", "同席"), ("頼みたいこと", SECRET)]
    office.answers("夕凪", "多機関協働の依頼を書く", rows, f"{COUNTER}のマネージャー")


def wears_out(office: Office, table: sa.Table, **which: str) -> None:
    """What an outage of some hours leaves behind: work that was tried as often as it is tried."""
    where = sa.and_(*(table.c[name] == value for name, value in which.items()))
    with office.city.store.transaction() as c:
        worn = c.execute(sa.update(table).where(where).values(tries=outbox.TRIES, error="OperationalError"))
        assert worn.rowcount == 1


def kinds(office: Office, family: str) -> list[str]:
    with office.city.store.reading() as c:
        events = sa.select(store.event.c.kind).where(store.event.c.case == office.cases[family]).order_by(store.event.c.seq)
        assert stream.verify(c, office.cases[family]) == []
        return list(c.scalars(events))


def listed(page: str, heading: str) -> dict[str, list[str]]:
    """The rows below a heading, the ticks left out: number of the case to what is said of it."""
    section = page.split(f">{heading}</h2>")[1].split("</section>")[0]
    found = rows(section) if "<tbody" in section else {}
    return {(cells[0] if title.endswith("選ぶ") else title): cells for title, cells in found.items()}


STUCK, FAILED, LOST = "進めなくなった業務の流れ", "何度試しても実行できなかったこと", "届け先のない知らせ"


# Incidents


def test_an_incident_says_which_case_which_step_why_and_since_when(office: Office, administrator: Person, tmp_path: Path) -> None:
    breaks_down(office, tmp_path, "夕凪")
    page = reading(office, administrator, "/incidents")
    number = office.number("夕凪")
    assert listed(page, STUCK)[number][1:4] == [
        "期限までに回答がないつなぐ", "待つ日を、日付としても期間としても読めません。もとになる値を直してください。", "今日 9:02",
    ]  # fmt: skip
    assert "<title>不具合（1件） ― 伴走</title>" in page
    assert "organisation.toml のどれかを直して公開するか" in page


def test_once_the_cause_is_gone_one_press_lets_it_go_on(office: Office, desk: Visitor, tmp_path: Path) -> None:
    breaks_down(office, tmp_path, "夕凪")
    assert waits(office, "夕凪") == []
    instance = instance_of(office, "夕凪")
    assert desk.sends("/incidents/retry", {"one": instance, "key": "1"}).location == "/incidents"
    assert "1件はまだ進めません。理由を確かめてください。" in desk.get("/incidents").text
    is_repaired(office, tmp_path)
    desk.sends("/incidents/retry", {"one": instance, "key": "2"})
    page = desk.get("/incidents").text
    assert "1件が先へ進みました。" in page and "進めなくなった業務の流れはありません" in page
    assert waits(office, "夕凪") == ["期限までに回答がない"]
    assert kinds(office, "夕凪").count("IncidentRetried") == 2


def waits(office: Office, family: str) -> list[str]:
    with office.city.store.reading() as c:
        return list(c.scalars(sa.select(store.timer.c.name).where(store.timer.c.case == office.cases[family])))


def instance_of(office: Office, family: str) -> int:
    with office.city.store.reading() as c:
        return int(c.execute(sa.select(store.instance.c.id).where(store.instance.c.case == office.cases[family])).scalar_one())


def test_many_are_tried_again_at_once(office: Office, desk: Visitor, tmp_path: Path) -> None:
    breaks_down(office, tmp_path, "夕凪", "霧雨", "木漏日")
    page = desk.get("/incidents").text
    assert "選んだものをもう一度進める" in page and len(listed(page, STUCK)) == 3
    is_repaired(office, tmp_path)
    ticked = [instance_of(office, each) for each in ("夕凪", "霧雨")]
    desk.sends("/incidents/retry", {"instance": ticked})
    page = desk.get("/incidents").text
    assert "2件が先へ進みました。" in page and list(listed(page, STUCK)) == [office.number("木漏日")]


def test_all_that_are_listed_are_tried_again_with_one_press(office: Office, desk: Visitor, tmp_path: Path) -> None:
    breaks_down(office, tmp_path, "夕凪", "霧雨", "木漏日")
    page = desk.get("/incidents").text
    assert "3件すべてをもう一度進める" in page
    is_repaired(office, tmp_path)
    desk.sends("/incidents/retry", {"all": "1", "listed": re.findall(r'name="listed" value="(\d+)"', page)})
    page = desk.get("/incidents").text
    assert "3件が先へ進みました。" in page and listed(page, STUCK) == {}


def test_a_step_that_takes_too_long_stands_still_instead_of_everybody_and_goes_on_when_tried_again(
    office: Office, desk: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.receives("夕凪")
    with monkeypatch.context() as slow:
        slow.setattr(facts, "SECONDS", -1)
        office.answers("夕凪", TRIAGE, [("対応の区分", "他課・他機関へつなぐ"), ("そう判断した理由", "架空"), ("つなぎ先", AGENCY)])
    said = listed(desk.get("/incidents").text, STUCK)[office.number("夕凪")]
    assert "時間がかかりすぎました" in said[2]
    desk.sends("/incidents/retry", {"one": instance_of(office, "夕凪"), "key": "1"})
    assert "1件が先へ進みました。" in desk.get("/incidents").text
    assert office.task("夕凪", SHEET)


def test_pressing_twice_retries_once(office: Office, desk: Visitor, tmp_path: Path) -> None:
    breaks_down(office, tmp_path, "夕凪")
    for _ in range(2):
        desk.sends("/incidents/retry", {"one": instance_of(office, "夕凪"), "key": "the same"})
    assert kinds(office, "夕凪").count("IncidentRetried") == 1


@pytest.mark.parametrize("sent", [{}, {"instance": ["x", "-1", "999999"]}, {"one": "1; DROP"}])
def test_what_does_not_stand_still_is_not_retried(office: Office, desk: Visitor, sent: dict[str, str]) -> None:
    desk.sends("/incidents/retry", sent)
    assert "もう一度進めるものはありませんでした。" in desk.get("/incidents").text


def test_an_instance_that_goes_on_by_itself_is_left_alone(office: Office, desk: Visitor) -> None:
    desk.sends("/incidents/retry", {"one": instance_of(office, "星空")})
    assert "IncidentRetried" not in kinds(office, "星空")


def test_side_by_side_with_an_incident_other_steps_can_be_done(office: Office, desk: Visitor, tmp_path: Path) -> None:
    office.publishes(tmp_path, BROKEN)
    office.receives_in_danger("夕凪")
    office.connects("夕凪")
    assert list(listed(desk.get("/incidents").text, STUCK)) == [office.number("夕凪")]
    rows = [("方法", "電話"), ("あったこと(事実)", "架空"), ("知らせた先", "先=架空／時刻=2026-04-10T09:00")]
    office.answers("夕凪", "緊急対応の手続へ引き継ぐ", rows, f"{COUNTER}のマネージャー")
    assert list(listed(desk.get("/incidents").text, STUCK)) == [office.number("夕凪")]


# Work that was tried too often


def test_a_timer_that_failed_too_often_is_shown_with_its_error_and_fires_when_tried_again(
    office: Office, administrator: Person
) -> None:
    wears_out(office, store.timer, element="intake:wait_check")
    office.days_pass(40)  # past 29 May: the worker leaves it alone
    desk = at_desk(office, administrator)
    number = office.number("月影")
    shown = listed(desk.get("/incidents").text, FAILED)[number]
    assert shown[1:3] == ["次に確かめる日日を待つところ・受付・振り分け", "OperationalError"]
    desk.sends("/incidents/work", {"one": work_of(desk)})
    page = desk.get("/incidents").text
    assert "1件をもう一度試しました。" in page and "実行できなかったことはありません" in page
    assert office.task("月影", "自課で対応し記録する")


def work_of(desk: Visitor) -> str:
    found = re.search(r'name="one" value="((?:timer|outbox):[^"]+)"', desk.get("/incidents").text)
    assert found
    return found[1]


def test_what_still_fails_comes_back_after_its_tries(office: Office, administrator: Person) -> None:
    """A timer whose token the case does not have: whatever damaged the data, trying again cannot help."""
    with office.city.store.transaction() as c:
        timer = c.execute(sa.select(store.timer).where(store.timer.c.element == "intake:wait_check")).one()
        lost = {"id": "1-1-99", "instance": timer.instance, "tries": outbox.TRIES}
        c.execute(sa.insert(store.timer).values({**timer._mapping, **lost}))
    office.days_pass(40)
    desk = at_desk(office, administrator)
    desk.sends("/incidents/work", {"one": "timer:1-1-99"})
    assert "実行できなかったことはありません" in desk.get("/incidents").text
    for _ in range(outbox.TRIES):
        office.clock.moment += timedelta(hours=2)
        outbox.work_all(office.city)
    assert "NoLongerOpen" in reading(office, administrator, "/incidents")


def test_a_message_that_could_not_be_carried_is_named_and_carried_when_tried_again(office: Office, desk: Visitor, tmp_path: Path) -> None:
    loses_a_message(office, tmp_path)
    with office.city.store.transaction() as c:  # as if the machine had failed before it was looked at
        c.execute(sa.update(store.message).values(status="sent", settled_at=None))
        c.execute(sa.update(store.outbox).values(done_at=None))
    wears_out(office, store.outbox, kind="message")
    number = office.number("夕凪")
    assert listed(desk.get("/incidents").text, FAILED)[number][1:3] == ["coordination_requested知らせ", "OperationalError"]
    is_repaired(office, tmp_path)
    desk.sends("/incidents/work", {"work": [work_of(desk)]})
    page = desk.get("/incidents").text
    assert listed(page, FAILED) == {} and listed(page, LOST) == {}
    assert office.rehearsal("夕凪").began("多機関協働") == 1


@pytest.mark.parametrize("key", ["", "timer:", "outbox:x", "outbox:999", "person_login:1", "case:1"])
def test_only_dead_work_can_be_named(office: Office, desk: Visitor, key: str) -> None:
    assert desk.sends("/incidents/work", {"work": [key]}).status_code == 303
    assert "0件をもう一度試しました。" in desk.get("/incidents").text


# Messages that nobody received


def test_a_message_without_a_receiver_is_shown_where_it_was_sent(office: Office, administrator: Person, tmp_path: Path) -> None:
    loses_a_message(office, tmp_path)
    number = office.number("夕凪")
    for who in (administrator, "えしこに", "えしこにの長"):
        shown = listed(reading(office, who, "/incidents"), LOST)[number]
        assert shown[:1] == ["多機関協働へ依頼受付・振り分け"]


def test_the_coordination_opens_the_case_and_the_administrator_does_not(office: Office, administrator: Person, tmp_path: Path) -> None:
    loses_a_message(office, tmp_path)
    link = f'href="/cases/{office.number("夕凪")}"'
    assert link in reading(office, "えしこに", "/incidents")
    assert link not in reading(office, administrator, "/incidents")


def test_once_there_is_a_receiver_the_message_reaches_it(office: Office, tmp_path: Path) -> None:
    loses_a_message(office, tmp_path)
    desk = at_desk(office, "えしこに")
    deliver = re.search(r'action="(/incidents/messages/\d+/deliver)"', desk.get("/incidents").text)
    assert deliver
    desk.sends(deliver[1])
    assert "まだ届け先がありません。" in desk.get("/incidents").text
    is_repaired(office, tmp_path)
    desk.sends(deliver[1])
    page = desk.get("/incidents").text
    assert "知らせが届きました。" in page and listed(page, LOST) == {}
    assert office.rehearsal("夕凪").began("多機関協働") == 1
    desk.sends(deliver[1])
    assert "この知らせは、もう済んでいます。" in desk.get("/incidents").text
    assert office.rehearsal("夕凪").began("多機関協働") == 1
    assert kinds(office, "夕凪").count("MessageSentAgain") == 2


def test_what_people_saw_to_leaves_the_list_and_stands_in_the_case(office: Office, tmp_path: Path) -> None:
    loses_a_message(office, tmp_path)
    desk = at_desk(office, "えしこに")
    settle = re.search(r'action="(/incidents/messages/\d+/settle)"', desk.get("/incidents").text)
    assert settle
    desk.sends(settle[1])
    page = desk.get("/incidents").text
    assert "対応済みにしました。" in page and "届け先のない知らせはありません" in page
    assert kinds(office, "夕凪")[-1] == "MessageHandled"
    case = desk.get(f"/cases/{office.number('夕凪')}").text
    assert "届け先のなかった知らせに、人が対応しました。" in case
    desk.sends(settle[1])
    assert "この知らせは、もう済んでいます。" in desk.get("/incidents").text


# Access


def test_nothing_is_said_about_anybody(office: Office, administrator: Person, tmp_path: Path) -> None:
    breaks_down(office, tmp_path / "a", "霧雨")
    loses_a_message(office, tmp_path / "b")
    wears_out(office, store.timer, element="intake:wait_check")
    for who in (administrator, "えしこに"):
        page = reading(office, who, "/incidents")
        for hidden in (*office.cases, "さん世帯", SECRET, "架空の相談", "さくら"):
            assert hidden not in page, hidden


@pytest.mark.parametrize("who", [COUNTER, f"{COUNTER}の長", "福祉政策課の長"])
def test_others_find_no_such_page_and_no_entry_in_the_menu(office: Office, who: str) -> None:
    desk = at_desk(office, who)
    assert desk.get("/incidents").status_code == 404 and 'href="/incidents"' not in desk.get("/account").text
    for path in ("/incidents/retry", "/incidents/work", "/incidents/messages/1/deliver", "/incidents/messages/1/settle"):
        assert desk.sends(path, {"one": "1"}).status_code == 404, path


def test_a_process_owner_finds_no_such_page(office: Office) -> None:
    assert at_desk(office, office.joins("owner", "設計 みどり", process_owner=True)).get("/incidents").status_code == 404


def test_the_coordination_sees_messages_only_and_retries_nothing(office: Office, tmp_path: Path) -> None:
    breaks_down(office, tmp_path, "夕凪")
    desk = at_desk(office, "えしこに")
    page = desk.get("/incidents").text
    assert STUCK not in page and FAILED not in page and office.number("夕凪") not in page
    assert desk.sends("/incidents/retry", {"one": instance_of(office, "夕凪")}).status_code == 404
    assert desk.sends("/incidents/work", {"one": "timer:1"}).status_code == 404


def test_the_menu_leads_those_there_who_can_do_something(office: Office, administrator: Person) -> None:
    for who, there in (("えしこに", False), (administrator, True), ("えしこにの長", True), ("えしこにのマネージャー", True)):
        page = at_desk(office, who).get("/account").text
        assert ('href="/incidents"' in page) is there, who


def test_the_engine_refuses_too(office: Office) -> None:
    nobody = By(1, "zeimu", frozenset({"zeimu", "zeimu.head"}), process_owner=True)
    for act in (
        lambda: incidents.retry(office.city, [1], nobody, "1"), lambda: incidents.work_again(office.city, ["timer:1"], nobody),
        lambda: incidents.deliver_again(office.city, 1, nobody), lambda: incidents.settle(office.city, 1, nobody),
    ):  # fmt: skip
        with pytest.raises(NotAllowed):
            act()


def test_a_stranger_is_sent_to_sign_in(office: Office) -> None:
    assert screens(office).test_client().get("/incidents").location.startswith("/sign-in")


def test_where_nothing_is_wrong_the_page_says_so(desk: Visitor) -> None:
    page = desk.get("/incidents").text
    for said in ("進めなくなった業務の流れはありません", "実行できなかったことはありません", "届け先のない知らせはありません"):
        assert said in page


# In a browser


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 360])
def test_the_page_is_sound_empty_and_full(
    office: Office, administrator: Person, screen: Screen, tmp_path: Path, width: int
) -> None:
    page = screen.signed_in_as(administrator).opens("/incidents", width)
    assert screen.findings() == [] and screen.sticks_out() == []
    breaks_down(office, tmp_path / "a", "霧雨", "木漏日")
    loses_a_message(office, tmp_path / "b")
    wears_out(office, store.timer, element="intake:wait_check")
    screen.opens("/incidents", width)
    assert page.locator("tbody tr").count() == 4
    assert screen.findings() == [] and screen.sticks_out() == []
    is_repaired(office, tmp_path / "b")
    page.locator(f'button[name="one"][value="{instance_of(office, "霧雨")}"]').click()
    page.wait_for_selector("text=1件が先へ進みました。")
    assert page.locator("tbody tr").count() == 3 and screen.findings() == [] and screen.complaints == []
