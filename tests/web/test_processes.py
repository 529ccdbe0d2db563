"""業務の流れ on screen: what is listed, how a page counts and numbers, versions, the diagram as it was published."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from desks import at_desk, reading, rows, screens, text
from flask import Flask
from lxml import etree
from standstill import COUNTER, TRIAGE, Office
from visits import Screen, Staff, Visitor, screens_of

from engine import store
from engine.city import City

pytest_plugins = ("standstill",)

INTAKE = "processes/bpmn/intake.bpmn"
RENAMED = {INTAKE: ("振り分けを判断する", "振り分けを決める")}
MOVED = {INTAKE: ("wait_check", "wait_again")}


def steps(page: str) -> dict[str, list[str]]:
    """Title of a step to: now, overdue, usual, next; the second line and the guidance are left out."""
    found = {}
    for row in re.findall(r'<tr data-element="[^"]*".*?</tr>', page, re.DOTALL):
        title = re.search(r'<th scope="row">(?:<a[^>]*>)?([^<]*)', row)
        assert title
        cells = re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
        found[title[1]] = [text(cell.replace("<br>", " ")) for cell in cells]
    return found


def shapes(diagram: bytes) -> dict[str, str]:
    """Id to name of every element that is drawn."""
    root = etree.fromstring(diagram)
    names = {element.get("id"): element.get("name", "") for element in root.iter("*") if element.get("id")}
    return {str(shape.get("bpmnElement")): names[shape.get("bpmnElement")] for shape in root.iter("{*}BPMNShape")}


# The list


def test_every_process_is_listed_with_its_cases(office: Office) -> None:
    page = reading(office, COUNTER, "/processes")
    found = rows(page)
    first, second = list(found)[:2]
    assert first.startswith("受付・振り分けどの課・どの機関の窓口でも") and second.startswith("多機関協働")
    assert found[first] == ["4件", "2件", "第1版令和8年4月6日"]
    assert next(cells for title, cells in found.items() if title.startswith("つなぐ"))[:2] == ["1件", "1件"]
    assert "いま使われている7つ" in text(page)


def test_a_case_counts_once_in_each_process_it_stands_in(office: Office) -> None:
    office.receives_in_danger("夕凪")  # two open steps
    found = rows(reading(office, COUNTER, "/processes"))
    assert [cells[0] for title, cells in found.items() if title.startswith("受付・振り分け")] == ["5件"]


@pytest.mark.parametrize(
    "who", [{"process_owner": True}, {"administrator": True}, {"groups": ("esikoni",)}, {"groups": ("kyotaku.head",)}]
)
def test_everybody_who_is_signed_in_sees_numbers_and_nobody_sees_names(office: Office, who: dict[str, object]) -> None:
    groups = who.pop("groups", ())
    person = office.joins("somebody", "設計 あおい", *groups, **who)  # type: ignore[misc, arg-type]
    for path in ("/processes", "/processes/intake", "/processes/handover?version=1"):
        page = reading(office, person, path)
        assert 'href="/processes"' in page
        for hidden in (*office.cases, "さん世帯", "2026-0", "さくら"):
            assert hidden not in page, (path, hidden)


def test_a_stranger_is_sent_to_sign_in(office: Office) -> None:
    for path in ("/processes", "/processes/intake", "/processes/intake/diagram.bpmn"):
        assert screens(office).test_client().get(path).location.startswith("/sign-in")


def test_before_anything_is_published_the_list_is_empty(visitor: Visitor, staff: Staff) -> None:
    page = visitor.signed_in_as(staff.joins(process_owner=True)).get("/processes")
    assert page.status_code == 200 and "まだ公開されていません" in page.text


# One process


def test_a_page_says_who_does_what_and_what_follows(office: Office) -> None:
    page = reading(office, COUNTER, "/processes/intake")
    found = steps(page)
    assert "どの課・どの機関の窓口でも、相談を断らずに受け止め" in page
    assert "受け付けた窓口" in page and "受け付けた窓口・分かれ道" in page and "受け付けた窓口・日を待つ" in page
    numbers = {title: cells[0] for title, cells in found.items()}
    assert list(numbers.values()) == [str(n) for n in range(1, len(numbers) + 1)]
    way = found["G1 どこで受け止めるか"][-1]
    assert f"自課・自機関で対応→{numbers['自課で対応し記録する']}" in way and f"迷う→{numbers['マネージャーが協議して決める']}" in way
    assert found["受付の終結"][-1] == "終わり"
    assert "手引き" in page and "お話を受け止め、わかったことだけを書きます。" in page


def test_a_way_through_a_fork_leads_to_both_sides(office: Office) -> None:
    found = steps(reading(office, COUNTER, "/processes/intake"))
    both = f"はい→{found['緊急対応の手続へ引き継ぐ'][0]}と{found['本人に説明できたか'][0]}"
    assert both in found["いのち・安全に関わるか"][-1]


def test_a_called_process_is_a_link(office: Office) -> None:
    assert '<a href="/processes/handover">つなぐ</a>' in reading(office, COUNTER, "/processes/intake")


def test_steps_are_counted_where_cases_stand(office: Office) -> None:
    page = reading(office, COUNTER, "/processes/intake")
    found = steps(page)
    assert found[TRIAGE][1:3] == ["2件滞り2・目立つ", "2件"]
    assert found["次に確かめる日"][1:3] == ["1件", "―"]
    assert found["受付を終える"][1:3] == ["―", "―"]
    assert "動いているケース 4件・滞っている 2件" in text(page)
    assert re.search(r'data-element="triage" data-heat="2" data-badge="2件・滞り2"', page)


def test_the_usual_time_is_given_from_twenty_on(office: Office, experienced: Office) -> None:
    assert steps(reading(office, COUNTER, "/processes/intake"))[TRIAGE][3] == "―まだ2件"
    assert steps(reading(experienced, COUNTER, "/processes/intake"))[TRIAGE][3] == "1開庁日"


@pytest.mark.parametrize(
    "path", ["/processes/nowhere", "/processes/intake?version=2", "/processes/intake?version=x", "/processes/intake?version=",
             "/processes/intake?version=-1", "/processes/intake?version=99999999999", "/processes/nowhere/diagram.bpmn",
             "/processes/intake/diagram.bpmn?version=2", "/processes/intake/diagram.bpmn?closure=0",
             "/processes/organisation.toml/diagram.bpmn", "/processes/..%2fintake/diagram.bpmn"],
)  # fmt: skip
def test_what_was_never_published_does_not_exist(office: Office, path: str) -> None:
    assert at_desk(office, COUNTER).get(path).status_code == 404


# Versions


def test_each_version_knows_its_cases_and_why_it_was_published(office: Office, tmp_path: Path) -> None:
    office.publishes(tmp_path, RENAMED)
    office.receives("夕凪")
    page = reading(office, COUNTER, "/processes/intake")
    versions = rows(page)
    assert [(title, cells[-1]) for title, cells in versions.items()] == [("第2版 いまの版", "1件"), ("第1版", "4件")]
    assert "公開 第2版" in text(page) and "振り分けを決める" in steps(page)


def test_an_older_version_counts_the_cases_that_run_by_it(office: Office, tmp_path: Path) -> None:
    office.publishes(tmp_path, RENAMED)
    office.receives("夕凪")
    everything = steps(reading(office, COUNTER, "/processes/intake"))
    assert everything["振り分けを決める"][1].startswith("3件")
    old = reading(office, COUNTER, "/processes/intake?version=1")
    assert steps(old)[TRIAGE][1].startswith("2件") and "第1版で動いているケースだけを数えています。" in text(old)
    assert "動いているケース 4件・滞っている 2件" in text(old)
    new = reading(office, COUNTER, "/processes/intake?version=2")
    assert steps(new)["振り分けを決める"][1] == "1件"
    assert "動いているケース 1件・滞っている 0件" in text(new)


def test_a_called_process_runs_by_the_version_of_its_caller(office: Office, tmp_path: Path) -> None:
    office.publishes(tmp_path, {"processes/bpmn/handover.bpmn": ("つなぐシートに回答する", "つなぐシートに答える")})
    versions = rows(reading(office, COUNTER, "/processes/handover"))
    assert [(title, cells[-1]) for title, cells in versions.items()] == [("第2版 いまの版", "0件"), ("第1版", "1件")]
    assert steps(reading(office, COUNTER, "/processes/handover?version=1"))["つなぐシートに回答する"][1].startswith("1件")


def test_a_publication_that_leaves_a_process_as_it_is_makes_no_version(office: Office, tmp_path: Path) -> None:
    office.publishes(tmp_path, {"processes/bpmn/ongoing_support.bpmn": ("モニタリングをする", "様子を確かめる")})
    assert list(rows(reading(office, COUNTER, "/processes/intake"))) == ["第1版 いまの版"]
    assert list(rows(reading(office, COUNTER, "/processes/multi_agency"))) == ["第2版 いまの版", "第1版"]


def test_going_back_to_an_older_version_makes_it_the_one_in_force(office: Office, tmp_path: Path) -> None:
    office.publishes(tmp_path / "new", RENAMED)
    office.publishes(tmp_path / "old")
    page = reading(office, COUNTER, "/processes/intake")
    assert set(rows(page)) == {"第1版 いまの版", "第2版"} and "公開 第1版" in text(page) and TRIAGE in steps(page)


def test_cases_at_a_step_that_is_gone_are_not_lost_from_sight(office: Office, tmp_path: Path) -> None:
    office.publishes(tmp_path, MOVED)
    page = reading(office, COUNTER, "/processes/intake")
    assert "この版にない段階に、前の版のケースが1件います" in text(page)
    assert steps(page)["次に確かめる日"][1] == "―"
    old = reading(office, COUNTER, "/processes/intake?version=1")
    assert steps(old)["次に確かめる日"][1] == "1件" and "この版にない段階" not in old


EXTRA = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
  id="d" targetNamespace="urn:example">
  <process id="trial" name="ためしの流れ" isExecutable="true">
    <documentation>ためすだけの流れです。</documentation>
    <startEvent id="begin" name="始める"><outgoing>a</outgoing></startEvent>
    <userTask id="note" name="記録する" camunda:formKey="F13#note" camunda:candidateGroups="esikoni">
      <documentation>書きます。</documentation><incoming>a</incoming><outgoing>b</outgoing></userTask>
    <endEvent id="over" name="終わった"><incoming>b</incoming></endEvent>
    <sequenceFlow id="a" sourceRef="begin" targetRef="note"/><sequenceFlow id="b" sourceRef="note" targetRef="over"/>
  </process>
</definitions>"""


def test_a_process_that_was_taken_out_is_no_longer_listed_but_its_page_stays(office: Office, tmp_path: Path) -> None:
    (tmp_path / "processes/bpmn").mkdir(parents=True)
    (tmp_path / "processes/bpmn/trial.bpmn").write_text(EXTRA, encoding="utf-8")
    office.publishes(tmp_path)
    assert any(title.startswith("ためしの流れ") for title in rows(reading(office, COUNTER, "/processes")))
    (tmp_path / "processes/bpmn/trial.bpmn").unlink()
    office.publishes(tmp_path)
    assert "ためしの流れ" not in reading(office, COUNTER, "/processes")
    page = reading(office, COUNTER, "/processes/trial")
    assert "いまは使われていません" in page and list(steps(page)) == ["始める", "記録する", "終わった"]


# The diagram


def test_the_diagram_is_the_one_that_was_published_and_not_the_one_in_the_folder(office: Office, tmp_path: Path) -> None:
    office.publishes(tmp_path, RENAMED)
    (tmp_path / INTAKE).write_text("changed afterwards", encoding="utf-8")
    visitor = at_desk(office, COUNTER)
    for version, name in ((1, TRIAGE), (2, "振り分けを決める")):
        answer = visitor.get(f"/processes/intake/diagram.bpmn?version={version}")
        assert answer.status_code == 200 and answer.mimetype == "application/xml"
        assert shapes(answer.data)["triage"] == name
    assert shapes(visitor.get("/processes/intake/diagram.bpmn").data)["triage"] == "振り分けを決める"


def test_what_an_instance_runs_leads_to_its_diagram_called_or_not(office: Office, tmp_path: Path) -> None:
    with office.city.store.reading() as c:
        closure = c.scalar(sa.select(store.instance.c.closure).where(store.instance.c.case == office.cases["若草"]))
    office.publishes(tmp_path, {**RENAMED, "processes/bpmn/handover.bpmn": ("つなぐシートに回答する", "つなぐシートに答える")})
    visitor = at_desk(office, COUNTER)
    for process, element, name in (("intake", "triage", TRIAGE), ("handover", "acknowledge", "つなぐシートに回答する")):
        answer = visitor.get(f"/processes/{process}/diagram.bpmn?closure={closure}")
        assert shapes(answer.data)[element] == name
    assert visitor.get(f"/processes/ongoing_support/diagram.bpmn?closure={closure}").status_code == 404


def test_a_file_without_a_diagram_gets_one(office: Office, tmp_path: Path) -> None:
    (tmp_path / "processes/bpmn").mkdir(parents=True)
    (tmp_path / "processes/bpmn/trial.bpmn").write_text(EXTRA, encoding="utf-8")
    office.publishes(tmp_path)
    drawn = shapes(at_desk(office, COUNTER).get("/processes/trial/diagram.bpmn").data)
    assert {"begin": "始める", "note": "記録する", "over": "終わった"}.items() <= drawn.items()


def test_every_numbered_step_is_in_the_diagram(office: Office) -> None:
    for process in ("intake", "handover", "multi_agency", "plan_making", "support_meeting", "ongoing_support"):
        page = reading(office, COUNTER, f"/processes/{process}")
        drawn = shapes(at_desk(office, COUNTER).get(f"/processes/{process}/diagram.bpmn").data)
        numbered = set(re.findall(r'<tr data-element="([^"]*)"', page))
        assert len(numbered) > 5 and numbered <= set(drawn), process
        assert {id for id, name in drawn.items() if name} - numbered <= {id for id in drawn if id.startswith(("lane_", "participant_"))}


# In a browser


@pytest.fixture
def app(request: pytest.FixtureRequest, city: City) -> Flask:
    """The screens of the office where a test asks for one, else those of an empty city."""
    return screens(request.getfixturevalue("office")) if "office" in request.fixturenames else screens_of(city)


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 360])
def test_the_list_is_sound(office: Office, screen: Screen, width: int) -> None:
    page = screen.signed_in_as(office.person(COUNTER)).opens("/processes", width)
    assert page.locator("tbody tr").count() == 7
    assert screen.findings() == [] and screen.sticks_out() == [] and screen.complaints == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 360])
def test_the_page_of_a_process_is_sound_with_its_diagram(office: Office, screen: Screen, width: int) -> None:
    page = screen.signed_in_as(office.person(COUNTER)).opens("/processes/handover", width)
    page.wait_for_selector(".djs-overlay .no")
    assert page.locator(".djs-overlay .no").count() == page.locator("tr[data-element]").count()
    assert page.locator('[data-element-id="acknowledge"].heat-1').count() == 1
    assert page.locator(".djs-overlay .badge").inner_text() == "1件・滞り1"
    page.locator("summary", has_text="手引き").first.click()
    assert screen.findings() == [] and screen.sticks_out() == [] and screen.complaints == []
