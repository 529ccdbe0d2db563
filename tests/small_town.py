"""A small fictional town with four short procedures, published on an empty store; what people do there goes through the engine.

It inserts nothing itself. A test module asks for it by ``pytest_plugins = ("small_town",)``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest
import sqlalchemy as sa

from engine import cases, outbox, people, releases, store
from engine.cases import Outcome
from engine.city import By, City
from engine.rehearsal import Clock
from engine.store import Store

COUNTER, CENTRE = "minamo", "hoshizora"
BEGINS = datetime(2026, 4, 6, 0, 0, tzinfo=UTC)  # Monday, 9:00 in Tokyo

_ACCESS = "received addressed coordination_before coordination role plan member lead secretariat"
ORGANISATION = "\n".join([
    "[from_case]", "[calendar]", "opens_at = 08:30:00", "closed = []",
    "[meeting]", 'name = "定例の会議"', "week = 2", 'weekday = "木"', "[duties]", f'coordination = "{CENTRE}"', f'secretariat = "{CENTRE}"',
    "[access]", *(f'{each} = {{ level = "L2", forms = ["*"] }}' for each in _ACCESS.split()),
    'task = { level = "L1", forms = [], own = ["*"], opens_case = false }',
    "[organisations]", f'{COUNTER} = {{ name = "架空のみなも課", kind = "city" }}', f'{CENTRE} = {{ name = "架空の星空センター", kind = "centre" }}',
    *(f'agency{number} = {{ name = "架空の機関{number}", kind = "agency" }}' for number in range(50)),
    "[lanes]", '"窓口" = "=received_by()"', "[starters]", *(f'{each} = ["*"]' for each in ("inquiry", "waiting", "asking", "elsewhere")),
    "[signals]", "[phases.case]", 'in_support = "支援中"', 'asking = "照会中"', 'answered = "回答ずみ"', "[phases.coordination]",
    'requested = "依頼"', "[settings]",
    't_reply = { value = "P1BD", meaning = "返事まで" }',
])  # fmt: skip

LIST = """{"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "A1", "title": "照会先", "type": "object",
 "additionalProperties": false, "x-parts": [{"id": "list", "title": "照会先", "required": ["agencies"]}],
 "properties": {"agencies": {"title": "たずねる先", "type": "array", "x-part": ["list"], "x-class": "L1", "items": {"type": "object",
  "additionalProperties": false, "required": ["org"], "properties": {"org": {"title": "機関", "type": "string", "x-class": "L1"}}}}}}"""
SAID = """{"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "A2", "title": "答え", "type": "object", "x-standsAlone": true,
 "additionalProperties": false, "x-parts": [{"id": "answer", "title": "答え", "required": ["answer"]}],
 "properties": {"answer": {"title": "答え", "type": "string", "x-part": ["answer"], "x-class": "L1"}}}"""

_BPMN = 'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
_XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def node(tag: str, id: str, inside: str = "", **more: str) -> str:
    given = "".join(f" {key.replace('_', ':')}={quoteattr(value)}" for key, value in {"id": id, "name": id, **more}.items())
    return f"<bpmn:{tag}{given}>{inside}</bpmn:{tag}>"


def task(id: str, form: str = "A2#answer", inside: str = "", **more: str) -> str:
    return node("userTask", id, f"<bpmn:documentation>架空の手順です。</bpmn:documentation>{inside}", camunda_formKey=form, **more)


def phase(name: str) -> str:
    return f'<bpmn:extensionElements><camunda:properties><camunda:property name="phase" value="case:{name}"/></camunda:properties></bpmn:extensionElements>'


def message(name: str) -> str:
    return f'<bpmn:messageEventDefinition messageRef="msg_{name}"/>'


def drawn(process: str, nodes: Iterable[str], flows: Iterable[tuple[str, str] | tuple[str, str, str]]) -> bytes:
    """One process of one lane; a flow is (source, target) or (source, target, condition)."""
    ways = [
        node(
            "sequenceFlow", f"{each[0]}_{each[1]}",
            f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{escape(each[2])}</bpmn:conditionExpression>' if len(each) > 2 else "",
            sourceRef=each[0], targetRef=each[1],
        )
        for each in flows
    ]  # fmt: skip
    names = sorted({name for each in flows for name in each[:2]})
    lane = node("lane", "lane", "".join(f"<bpmn:flowNodeRef>{each}</bpmn:flowNodeRef>" for each in names), name="窓口")
    optional = '<bpmn:extensionElements><camunda:properties><camunda:property name="optional" value="true"/></camunda:properties></bpmn:extensionElements>'
    messages = "".join(node("message", f"msg_{each}", name=each) for each in ("question", "deep", "reply"))
    messages += node("message", "msg_notice", optional, name="notice")
    inside = "\n".join([node("laneSet", "lanes", lane), *nodes, *ways])
    whole = node("process", process, f"<bpmn:documentation>架空の流れです。</bpmn:documentation>{inside}", isExecutable="true")
    return f"<bpmn:definitions {_BPMN} {_XSI}>{messages}{whole}</bpmn:definitions>".encode()


ROUNDS = '<bpmn:multiInstanceLoopCharacteristics isSequential="false" camunda:collection="=A1.agencies" camunda:elementVariable="agency"/>'
HOUR = "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition>"
PROCESSES = {
    "inquiry": drawn(
        "inquiry",
        [
            node("startEvent", "begun"), task("open", "A1#list"), task("answer", inside=ROUNDS, camunda_candidateGroups="=agency.org"),
            task("close"), node("endEvent", "done"),
        ],
        [("begun", "open"), ("open", "answer"), ("answer", "close"), ("close", "done")],
    ),
    "waiting": drawn(
        "waiting",
        [node("startEvent", "begun"), task("open"), node("intermediateCatchEvent", "wait", HOUR), task("after"), node("endEvent", "done")],
        [("begun", "open"), ("open", "wait"), ("wait", "after"), ("after", "done")],
    ),
    "asking": drawn(
        "asking",
        [
            node("startEvent", "begun"), task("open", inside=phase("asking")), node("intermediateThrowEvent", "ask", message("question")),
            node("intermediateThrowEvent", "tell", message("notice")), task("busy"), node("exclusiveGateway", "q", default="q_hear"),
            node("intermediateCatchEvent", "hear", message("reply")), task("after"), node("endEvent", "done"), node("endEvent", "left"),
        ],
        [
            ("begun", "open"), ("open", "ask"), ("ask", "tell"), ("tell", "busy"), ("busy", "q"), ("q", "left", '=A2.answer = "leave"'),
            ("q", "hear"), ("hear", "after"), ("after", "done"),
        ],
    ),
    "helping": drawn(
        "helping",
        [
            node("startEvent", "asked", message("question")), task("think"), node("exclusiveGateway", "q", default="q_tell"),
            node("intermediateThrowEvent", "ask", message("deep")), node("intermediateCatchEvent", "hear", message("reply")), task("conclude"),
            node("intermediateThrowEvent", "tell", message("reply")), node("endEvent", "done", phase("answered")),
        ],
        [
            ("asked", "think"), ("think", "q"), ("q", "ask", '=A2.answer = "ask"'), ("q", "tell"), ("ask", "hear"), ("hear", "conclude"),
            ("conclude", "tell"), ("tell", "done"),
        ],
    ),
    "advising": drawn(
        "advising",
        [node("startEvent", "asked", message("deep")), task("advise"), node("intermediateThrowEvent", "tell", message("reply")), node("endEvent", "done")],
        [("asked", "advise"), ("advise", "tell"), ("tell", "done")],
    ),
    "elsewhere": drawn(
        "elsewhere",
        [node("startEvent", "begun"), task("open"), node("intermediateCatchEvent", "hear", message("notice")), node("endEvent", "done")],
        [("begun", "open"), ("open", "hear"), ("hear", "done")],
    ),
}  # fmt: skip

_keys = itertools.count(1)


class SmallTown:
    """The town, its clock, and one person who works at its counter."""

    def __init__(self, opened: Store, folder: Path) -> None:
        self.clock = Clock(BEGINS)
        self.city = City(opened, self.clock)
        write_release(folder)
        releases.publish(self.city, folder)
        self.counter = self.joins("mado", COUNTER)

    def joins(self, login: str, *groups: str) -> By:
        made = people.add_person(self.city.store, login, f"架空 {login}", groups=groups, now=self.city.now(), since=date(2000, 4, 1))
        return By(made.id, groups[0], frozenset(groups))

    def opens(self, process: str, key: str | None = None, **answer: Any) -> Outcome:
        return cases.open_case(self.city, process, answer or {"answer": "架空"}, self.counter, key or self.key())

    def opens_inquiry(self, count: int) -> Outcome:
        return self.opens("inquiry", agencies=[{"org": f"agency{number}"} for number in range(count)])

    def completes(self, name: str, answer: str = "架空", by: By | None = None, key: str | None = None) -> Outcome:
        """The oldest open task of this name is finished, and what that causes at once is carried out."""
        outcome = self.finishes(self.open_tasks(name)[0].id, answer, by, key)
        outbox.drain(self.city, outcome.case)
        return outcome

    def finishes(self, task: str, answer: str = "架空", by: By | None = None, key: str | None = None) -> Outcome:
        return cases.complete(self.city, task, {"answer": answer}, by or self.counter, key or self.key())

    def passes(self, **time: float) -> None:
        self.clock.moment += timedelta(**time)

    @staticmethod
    def key() -> str:
        return f"page {next(_keys)}"

    # -- looking ----------------------------------------------------------------------------------------------------
    def rows(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> list[Any]:
        with self.city.store.reading() as c:
            return list(c.execute(sa.select(table).where(*where).order_by(*table.primary_key.columns)))

    def open_tasks(self, name: str | None = None) -> list[Any]:
        found = self.rows(store.task, store.task.c.status == "open")
        return [each for each in found if name in (None, each.name)]

    def names(self) -> list[str]:
        return sorted(each.name for each in self.open_tasks())

    def messages(self) -> list[tuple[str, str]]:
        return [(each.name, each.status) for each in self.rows(store.message)]

    def kinds(self, case: int) -> list[str]:
        return [each.kind for each in self.rows(store.event, store.event.c.case == case)]


def write_release(folder: Path) -> None:
    """The town's folder, as a process owner has it."""
    (folder / "processes" / "bpmn").mkdir(parents=True)
    (folder / "forms" / "schemas").mkdir(parents=True)
    (folder / "processes" / "organisation.toml").write_text(ORGANISATION, "utf-8")
    forms: Mapping[str, str] = {"A1": LIST, "A2": SAID}
    for name, schema in forms.items():
        (folder / "forms" / "schemas" / f"{name}.json").write_text(schema, "utf-8")
    for name, body in PROCESSES.items():
        (folder / "processes" / "bpmn" / f"{name}.bpmn").write_bytes(body)


@pytest.fixture
def small_town(empty_store: Store, tmp_path: Path) -> SmallTown:
    """The small town on an empty store of each kind."""
    return SmallTown(empty_store, tmp_path / "release")
