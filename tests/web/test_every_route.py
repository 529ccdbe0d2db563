"""Every route of the application by every role: in reach it answers, out of reach it is a 404 that looks like something not there.

A route without a row here fails: whoever adds a route says first who may reach it. Families of pages without a case have one row.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from flask import Flask
from sheets import same
from visits import Visitor, screens_of
from werkzeug.test import TestResponse

from engine import store
from engine.people import Person

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)

# Who tries. The household in question is led by えしこに; another, which 市民税課 has just received, is led by that counter.
LEAD, COLLEAGUE, RECEIVED, DECIDES, ROLE = "lead's head", "lead", "received", "secretariat", "role in the plan"
COUNTER, COUNTER_HEAD, HEAD, ADMINISTRATOR, OWNER = "a counter", "a counter's head", "another head", "administrator", "process owner"
ROLES = (LEAD, COLLEAGUE, RECEIVED, DECIDES, ROLE, COUNTER, COUNTER_HEAD, HEAD, ADMINISTRATOR, OWNER)
ALL = frozenset(ROLES)
OPENS = frozenset({LEAD, COLLEAGUE, RECEIVED, DECIDES, ROLE})  # the case
LEADS = frozenset({LEAD, COLLEAGUE})
WORKS = ALL - {ADMINISTRATOR, OWNER}  # belongs to an organisation
HEADS = frozenset({LEAD, COUNTER_HEAD, HEAD})

IN_REACH: dict[str, frozenset[str]] = {
    # a case
    "cases.show": OPENS, "cases.comment": OPENS, "cases.attach": OPENS, "cases.file": OPENS,
    "cases.record": LEADS | {RECEIVED, ROLE}, "cases.consent": LEADS | {RECEIVED}, "cases.people": LEADS | {RECEIVED},
    "cases.answer": OPENS - {RECEIVED}, "cases.paper": OPENS - {RECEIVED}, "cases.enclosure": LEADS | {RECEIVED},
    "cases.correct": frozenset({LEAD}), "cases.press": LEADS,
    "sharing.show": LEADS, "sharing.paper": LEADS, "viewers.show": frozenset({LEAD}), "viewers.questions": frozenset({LEAD}),
    # somebody is received
    "cases.new": WORKS, "cases.create": WORKS, "cases.draft": ALL,
    # a task, of the counter
    "tasks.show": frozenset({COUNTER, COUNTER_HEAD}), "tasks.draft": frozenset({COUNTER, COUNTER_HEAD}),
    "tasks.comment": frozenset({COUNTER, COUNTER_HEAD}), "tasks.attach": frozenset({COUNTER, COUNTER_HEAD}),
    "tasks.complete": frozenset({COUNTER, COUNTER_HEAD}), "tasks.claim": frozenset({COUNTER, COUNTER_HEAD}),  # one of their group has it
    "tasks.confirm": frozenset({COUNTER, COUNTER_HEAD}),
    "tasks.give_back": frozenset({COUNTER}), "tasks.reassign": frozenset({COUNTER_HEAD}),
    # what shows no more of a case than may be shown to whoever asks
    "inbox.index": ALL, "inbox.act": ALL, "search.index": ALL, "watch.stalled": HEADS,
    "meetings.index": ALL, "meetings.show": ALL, "meetings.create": LEADS | {DECIDES}, "meetings.minutes": LEADS,
    "processes.index": ALL, "processes.show": ALL, "processes.diagram": ALL, "processes.decision": ALL,
    # what could not be carried out
    "incidents.index": LEADS | {ADMINISTRATOR}, "incidents.deliver": LEADS | {ADMINISTRATOR}, "incidents.settle": LEADS | {ADMINISTRATOR},
    "incidents.retry": frozenset({ADMINISTRATOR}), "incidents.work_again": frozenset({ADMINISTRATOR}),
    # families without a case; of what they are about there may be none here (a provider, another device)
    "people": frozenset({ADMINISTRATOR}), "account": ALL, "second_factor": ALL,
}  # fmt: skip
OPEN_TO_ALL = ("auth", "language", "vendor", "static")
NOT_HERE = ("demo",)  # in a demo only
ONCE = ("cases.press", "tasks.claim")  # whoever comes first does it for everybody
ARRIVED = (200, 303, 409, 422)  # answered, done, somebody was first, to be put right
ELSEWHERE = {
    "number": "2026-99999", "answer": "999999", "task": "9-9-9", "file": "999999", "token": "9-9-9", "meeting": "999999", "message": "999999",
    "person": "999999", "member": "999999", "process": "nowhere", "decision": "nowhere",
}  # fmt: skip


@dataclass
class Places:
    """The screens of a town, who tries them, and what is where."""

    app: Flask
    people: dict[str, Person]
    there: dict[str, str]
    of_task: dict[str, str]

    def of(self, role: str | None) -> Visitor:
        visitor = self.app.test_client()
        assert isinstance(visitor, Visitor)
        return visitor.signed_in_as(self.people[role]) if role is not None else visitor

    def routes(self) -> Iterator[tuple[str, str, str]]:
        """Endpoint, method and rule of all there is."""
        for rule in sorted(self.app.url_map.iter_rules(), key=lambda rule: (rule.endpoint, rule.rule)):
            for method in sorted((rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}):
                yield rule.endpoint, method, rule.rule

    def tries(self, visitor: Visitor, method: str, path: str) -> TestResponse:
        if method == "GET":
            return visitor.get(path)
        sent = {"do": "complete", "key": "架空", "group": "esikoni", "to": str(self.people[COUNTER].id)}
        return visitor.sends(path, sent, method=method)


def family(endpoint: str) -> str:
    return endpoint.split(".")[0]


def reach(endpoint: str) -> frozenset[str] | None:
    return IN_REACH.get(endpoint, IN_REACH.get(family(endpoint)))


def filled(rule: str, values: dict[str, str]) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values[found[1]], rule)


@pytest.fixture
def places(supporting_town: Town) -> Places:
    town = supporting_town
    town.rehearsal("decided").answers("えしこに", "モニタリングをする", [("見られた変化", "医療機関受診開始")])
    town.receives("市民税課", "続柄・立場=本人／氏=星空／名=ひかり")
    app, number = screens_of(town.city), town.number("decided")
    people = {
        LEAD: town.person("えしこにの長"), COLLEAGUE: town.joins("nakama", "架空 仲間", "esikoni"), RECEIVED: town.person("地域包括支援センター"),
        DECIDES: town.person("福祉政策課"), ROLE: town.person("健康対策課(地区担当保健師)"), COUNTER: town.person("市民税課"),
        COUNTER_HEAD: town.joins("kacho", "架空 課長", "zeimu", "zeimu.head"), HEAD: town.joins("chojucho", "架空 長", "choju", "choju.head"),
        ADMINISTRATOR: town.joins("kanri", "架空 管理", administrator=True), OWNER: town.joins("nagare", "架空 流れ", process_owner=True),
    }  # fmt: skip
    found = Places(app, people, {}, {})
    lead = found.of(LEAD)
    assert lead.sends(f"/cases/{number}/attach", {"file": (io.BytesIO(b"%PDF-1.7\n%%EOF\n"), "架空.pdf")}).status_code == 303
    page = lead.get(f"/cases/{number}").text
    file, token = re.search(rf"/cases/{number}/files/(\d+)", page), re.search(rf"/cases/{number}/press/([\w:.-]+)", page)
    assert file is not None and token is not None
    answer = store.answer
    with town.city.store.reading() as c:
        plan = c.scalar(sa.select(sa.func.max(answer.c.id)).where(answer.c.form == "F10"))
        mine = c.scalar(sa.select(sa.func.max(answer.c.id)).where(answer.c.form == "F13", answer.c.by == people[LEAD].id))
        meeting = c.scalar(sa.select(sa.func.max(store.meeting.c.id)))
        consent = c.execute(sa.select(answer).where(answer.c.form == "F05", answer.c.case == town.cases["decided"]).order_by(answer.c.id)).first()
        case, household = store.case, store.household_member
        member = c.scalar(sa.select(sa.func.min(household.c.person)).join(case, case.c.household == household.c.household).where(case.c.number == number))
    assert consent is not None
    with town.city.store.transaction() as c:  # its signed copy is the file
        c.execute(sa.update(answer).where(answer.c.id == consent.id).values(data={**consent.data, "signed_copy": file[1]}))
    task = town.task("new", "同意を確かめて記録する")
    assert found.of(COUNTER).sends(f"/tasks/{task}/claim").status_code == 303
    found.there = {
        "number": number, "answer": str(plan), "file": file[1], "token": token[1], "task": task, "meeting": str(meeting), "message": "1",
        "person": str(people[OWNER].id), "member": str(member), "process": "intake", "decision": "triage",
    }  # fmt: skip
    found.of_task = {"cases.correct": str(mine), "cases.enclosure": str(consent.id)}
    return found


def at(places: Places, endpoint: str, rule: str) -> str:
    """The address of something that is there."""
    own = {"answer": places.of_task[endpoint]} if endpoint in places.of_task else {}
    return filled(rule, {**places.there, **own, "number": places.there["number"]})


def test_every_route_has_a_row(places: Places) -> None:
    unknown = {endpoint for endpoint, _method, _rule in places.routes() if reach(endpoint) is None} - {
        endpoint for endpoint, _method, _rule in places.routes() if family(endpoint) in (*OPEN_TO_ALL, *NOT_HERE)
    }  # fmt: skip
    assert unknown == set(), "say in IN_REACH who may reach these"
    gone = set(IN_REACH) - {name for endpoint, _method, _rule in places.routes() for name in (endpoint, family(endpoint))}
    assert gone == set(), "there are no such routes"


def test_out_of_reach_looks_like_what_is_not_there(places: Places) -> None:
    wrong, tried = [], 0
    for endpoint, method, rule in places.routes():
        allowed = reach(endpoint)
        if allowed is None:
            continue
        for role in ROLES:
            if role in allowed:
                continue
            visitor, path = places.of(role), at(places, endpoint, rule)
            answer, missing = places.tries(visitor, method, path), places.tries(visitor, method, filled(rule, ELSEWHERE))
            tried += 1
            if answer.status_code != 404 or missing.status_code != 404 or same(answer) != same(missing):
                wrong.append((endpoint, method, role, answer.status_code, missing.status_code))
    print(f"{tried} tries out of reach")
    assert not wrong, "\n".join(map(str, wrong))


def test_what_is_in_reach_answers_and_what_is_not_there_does_not(places: Places) -> None:
    wrong, tried = [], 0
    routes = [each for each in places.routes() if reach(each[0]) is not None]
    for endpoint, method, rule in sorted(routes, key=lambda each: (each[1], each[0].startswith(("people.deactivate", "tasks.re", "tasks.give")))):
        roles = [role for role in ROLES if role in (reach(endpoint) or ())]
        for role in roles[:1] if endpoint in ONCE and method == "POST" else roles:
            visitor, path = places.of(role), at(places, endpoint, rule)
            answer = places.tries(visitor, method, path)
            missing = places.tries(visitor, method, filled(rule, ELSEWHERE)) if "<" in rule and family(endpoint) != "account" else None
            tried += 1
            arrived = answer.status_code in ARRIVED or (endpoint not in IN_REACH and answer.status_code == 404)
            if not arrived or (missing is not None and missing.status_code != 404):
                wrong.append((endpoint, method, role, answer.status_code, missing and missing.status_code))
    print(f"{tried} tries in reach")
    assert not wrong, "\n".join(map(str, wrong))


def test_who_is_not_signed_in_is_shown_the_way_to_the_sign_in_page(places: Places) -> None:
    wrong = []
    for endpoint, method, rule in places.routes():
        if reach(endpoint) is None:
            continue
        answer = places.of(None).open(at(places, endpoint, rule), method=method)
        if answer.status_code != 303 or not answer.location.startswith("/sign-in"):
            wrong.append((endpoint, method, answer.status_code))
    assert not wrong, "\n".join(map(str, wrong))


def test_outside_of_a_demo_nobody_becomes_somebody_else(places: Places) -> None:
    for endpoint, method, rule in places.routes():
        if family(endpoint) in NOT_HERE:
            for role in (None, LEAD, ADMINISTRATOR):
                visitor = places.of(role)
                answer = visitor.get(rule) if method == "GET" else visitor.post(rule, data={"person": "1"})
                assert answer.status_code in (400, 404), (endpoint, role)


