"""The tables of docs/blueprint/core.md and the files that they describe, for every test in this folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

ROOT = Path(__file__).parents[2]
PROCESSES = ROOT / "processes"
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"
Row = dict[str, str]

KINDS = {
    "startEvent": "start",
    "endEvent": "end",
    "userTask": "user",
    "businessRuleTask": "rule",
    "callActivity": "call",
    "exclusiveGateway": "xor",
    "parallelGateway": "and",
    "eventBasedGateway": "event",
    "intermediateThrowEvent": "throw",
    "intermediateCatchEvent": "catch",
    "boundaryEvent": "boundary",
    "subProcess": "sub",
}
SHOWN_ONLY = {"documentation", "incoming", "outgoing", "laneSet", "sequenceFlow", "textAnnotation", "association"}


@dataclass(frozen=True)
class Table:
    """One table of the page, with the heading above it."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Page:
    """docs/blueprint/core.md."""

    text: str
    tables: tuple[Table, ...]

    def under(self, heading: str) -> list[Table]:
        """The tables under headings that begin like this."""
        found = [table for table in self.tables if table.heading.startswith(heading)]
        assert found, f"no table under {heading!r}"
        return found

    def with_columns(self, *columns: str) -> Table:
        """The one table that begins with these columns."""
        (found,) = [table for table in self.tables if table.columns[: len(columns)] == columns]
        return found


def read_page(text: str) -> Page:
    tables, heading, lines = [], "", iter(text.splitlines())
    for line in lines:
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("|"):
            columns = _cells(line)
            assert set(next(lines)) <= set("|- "), f"a table without a rule under {heading!r}: {line}"
            tables.append(Table(heading, columns, tuple(_rows(columns, lines))))
    return Page(text, tuple(tables))


def _rows(columns: tuple[str, ...], lines):
    for line in lines:
        if not line.startswith("|"):
            return
        yield dict(zip(columns, _cells(line), strict=True))


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip()[1:-1].split("|"))


@pytest.fixture(scope="session")
def page() -> Page:
    return read_page((ROOT / "docs" / "blueprint" / "core.md").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def drawn(page: Page) -> Mapping[str, tuple[tuple[str, ...], tuple[Row, ...]]]:
    """Process id -> (lanes in order, rows of its table)."""
    found = {}
    for table in page.under("5."):
        named = re.match(r"5\.\d+ `(\w+)\.bpmn`", table.heading)
        if named:
            section = page.text.split(table.heading, 1)[1].split("\n### ", 1)[0]
            (lanes,) = re.findall(r"^Lanes: (.*)\.$", section, re.MULTILINE)
            found[named[1]] = (tuple(re.findall(r"`(\w+)`", lanes)), table.rows)
    return found


class Drawing:
    """One BPMN file, told as the table tells it. Whatever it cannot tell makes the test fail."""

    def __init__(self, process: str, lane_keys: dict[str, str]) -> None:
        self.root = etree.parse(PROCESSES / "bpmn" / f"{process}.bpmn").getroot()
        self.process = self.root.find(f"{BPMN}process")
        self.names = {
            each.get("id"): each.get("name") for each in self.root if local(each) in ("message", "signal")
        }
        self.lanes = {
            lane_keys[lane.get("name")]: [member.text for member in lane] for lane in self.process.iter(f"{BPMN}lane")
        }

    def rows(self) -> Iterator[Row]:
        yield from self._rows(self.process, None, None)

    def _rows(self, scope, parent: str | None, lane: str | None) -> Iterator[Row]:
        for node in scope:
            if local(node) not in KINDS:
                assert local(node) in SHOWN_ONLY | {"extensionElements", "multiInstanceLoopCharacteristics"}, node.tag
                continue
            id = node.get("id")
            mine = lane or self._lane_of(id)
            yield self._row(node, scope, parent, mine)
            if local(node) == "subProcess":
                yield from self._rows(node, id, mine)

    def _lane_of(self, id: str) -> str:
        (lane,) = [lane for lane, members in self.lanes.items() if id in members]
        return lane

    def _row(self, node, scope, parent: str | None, lane: str) -> Row:
        told = set(node.attrib)
        take = {name: node.get(name) for name in told}
        properties = dict(self._properties(node))
        flows = [flow for flow in scope.iter(f"{BPMN}sequenceFlow") if flow.get("sourceRef") == node.get("id")]
        row = {
            "id": take.pop("id"),
            "type": self._type(node, parent, take.pop("attachedToRef", None), flows),
            "lane": lane,
            "名前": take.pop("name", ""),
            "form": take.pop(f"{CAMUNDA}formKey", ""),
            "group": group(take.pop(f"{CAMUNDA}candidateGroups", ""), take.pop(f"{CAMUNDA}assignee", "")),
            "due": re.sub(r"^=settings\.(\w+)$", r"\1", take.pop(f"{CAMUNDA}dueDate", "")),
            "stalled": properties.pop("stalledAfter", ""),
            "flows": "<br>".join(self._flows(flows, take.pop("default", None))),
            "does": "<br>".join(sorted(self._does(node, take, properties))),
        }
        assert take == {}, f"{row['id']} has what the table does not tell: {take}"
        assert properties == {}, f"{row['id']} has what the table does not tell: {properties}"
        return row

    @staticmethod
    def _properties(node) -> Iterator[tuple[str, str]]:
        for each in node.iterfind(f"{BPMN}extensionElements/{CAMUNDA}properties/{CAMUNDA}property"):
            yield each.get("name"), each.get("value")

    def _type(self, node, parent: str | None, host: str | None, flows: list) -> str:
        kind = KINDS[local(node)]
        (event,) = [local(each) for each in node if local(each).endswith("EventDefinition")] or [""]
        loop = node.find(f"{BPMN}multiInstanceLoopCharacteristics")
        if kind == "xor" and len(flows) == 1 and not node.get("name"):
            kind = "merge"
        if kind == "throw" and not event:
            kind = "milestone"
        if loop is not None:
            kind += ":mi-seq" if loop.get("isSequential") == "true" else ":mi-par"
        if event:
            kind += ":" + event.removesuffix("EventDefinition")
        return kind + (f" on {host}" if host else "") + (f" in {parent}" if parent else "")

    @staticmethod
    def _flows(flows: list, default: str | None) -> Iterator[str]:
        for flow in flows:
            label = f"「{flow.get('name')}」" if flow.get("name") else ""
            condition = flow.find(f"{BPMN}conditionExpression")
            when = f" if `{condition.text.removeprefix('=')}`" if condition is not None else ""
            yield f"{label}{'else ' if flow.get('id') == default else ''}→ {flow.get('targetRef')}{when}"

    def _does(self, node, take: dict[str, str], properties: dict[str, str]) -> Iterator[str]:
        yield from (f"`{key}: {properties.pop(key)}`" for key in list(properties))
        yield from (f"`{key}: {value}`" for key, value in self._attributes(take))
        for part in node.iterchildren():
            yield from (f"`{key}: {value}`" for key, value in self._of_part(part))

    @staticmethod
    def _attributes(take: dict[str, str]) -> Iterator[tuple[str, str]]:
        if "calledElement" in take:
            yield "calls", take.pop("calledElement")
        if f"{CAMUNDA}followUpDate" in take:
            yield "followUpDate", take.pop(f"{CAMUNDA}followUpDate")
        if f"{CAMUNDA}decisionRef" in take:
            yield "decision", take.pop(f"{CAMUNDA}decisionRef")
            key = {"singleResult": "result", "resultList": "results"}[take.pop(f"{CAMUNDA}mapDecisionResult")]
            yield key, take.pop(f"{CAMUNDA}resultVariable")

    def _of_part(self, part) -> Iterator[tuple[str, str]]:
        if local(part) == "multiInstanceLoopCharacteristics":
            collection = part.get(f"{CAMUNDA}collection").removeprefix("=")
            yield "each", f"{part.get(f'{CAMUNDA}elementVariable')} in {collection}"
            yield from (("until", until.text.removeprefix("=")) for until in part.iter(f"{BPMN}completionCondition"))
        elif local(part) == "timerEventDefinition":
            (time,) = part
            expected = "timeDuration" if time.text.startswith("=settings.") else "timeDate"
            assert local(time) == expected, f"{time.text} is a {expected}"
            yield "timer", time.text
        elif local(part) in ("messageEventDefinition", "signalEventDefinition"):
            kind = local(part).removesuffix("EventDefinition")
            yield kind, self.names[part.get(f"{kind}Ref")]
        elif local(part) == "extensionElements":
            for each in part.iter(f"{CAMUNDA}inputParameter"):
                yield f"send {each.get('name')}", each.text.removeprefix("=")
            for each in part.iter(f"{CAMUNDA}in"):
                yield f"in {each.get('target')}", each.get("sourceExpression").removeprefix("=")
            assert {local(each) for each in part} <= {"properties", "inputOutput", "in"}
        else:
            assert local(part) in SHOWN_ONLY | set(KINDS), f"the table does not tell of {part.tag}"


def local(element) -> str:
    return etree.QName(element).localname


def group(groups: str, assignee: str) -> str:
    assert not (groups and assignee)
    return assignee.removeprefix("=") or groups


@pytest.fixture(scope="session")
def lane_keys(page) -> dict[str, str]:
    """Name of a lane -> its key in the tables."""
    return {row["名前"]: row["lane"].strip("`") for row in page.with_columns("lane", "名前").rows}


@pytest.fixture(scope="session")
def drawings(page, lane_keys) -> dict[str, Drawing]:
    return {row["process"]: Drawing(row["process"], lane_keys) for row in page.with_columns("process", "名前").rows}


@pytest.fixture(scope="session")
def does() -> Callable[[Row], list[tuple[str, str]]]:
    """What a row of the table does, as (key, value)."""

    def each(row: Row) -> list[tuple[str, str]]:
        lines = (line.strip("`").partition(": ") for line in row["does"].split("<br>") if line)
        return [(key, value) for key, _, value in lines]

    return each
