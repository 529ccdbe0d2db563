"""Runs the cases of the DMN TCK at level 2 on our decisions and prints how many give the wanted result.

    python -m benchmarks.tck FOLDER        # a checkout of github.com/dmn-tck/tck

Its files use names of several words. They are prepared before they are read: names of one word, a name for the column of a single
result, no item definitions. Nothing else is changed; what is refused then counts as missed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree

from engine.kernel.decisions import Decision, DecisionError, decide, read_decisions
from engine.kernel.feel import NOBODY, Value, parse

DMN = "{https://www.omg.org/spec/DMN/20230324/MODEL/}"
TEST = "{http://www.omg.org/spec/DMN/20160719/testcase}"
KIND = "{http://www.w3.org/2001/XMLSchema-instance}type"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
RESULT = "result"  # the name that a single result is given
CLOSE = Decimal("1e-8")


class Outcome(NamedTuple):
    """One wanted result: of which file, case and decision, and what went wrong ("" when nothing did)."""

    file: str
    case: str
    decision: str
    trouble: str


class Inputs:
    """The values of one test case."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def name(self, name: str) -> Value:
        value: Value = self._values[name]
        return value

    def call(self, name: str, arguments: list[Value]) -> Value:
        raise KeyError(name)


def outcomes(folder: Path) -> Iterator[Outcome]:
    """Every wanted result of level 2, tried."""
    for file in sorted((folder / "TestCases" / "compliance-level-2").glob("*/*.dmn")):
        decisions, trouble = _read(file)
        for cases in sorted(file.parent.glob("*.xml")):
            for case in etree.parse(cases).getroot().iter(f"{TEST}testCase"):
                values = {one_word(each.get("name", "")): _value(each) for each in case.iter(f"{TEST}inputNode")}
                for wanted in case.iter(f"{TEST}resultNode"):
                    name = wanted.get("name", "")
                    tried = trouble or _tried(decisions, one_word(name), values, wanted)
                    yield Outcome(file.parent.name, case.get("id", ""), name, tried)


def _read(file: Path) -> tuple[dict[str, Decision], str]:
    """The decisions of a file by name, and why it cannot be read."""
    found, problems = read_decisions(file.name, prepared(file.read_bytes()))
    stops = [problem.message for problem in problems if problem.kind in ("ask", "refused")]
    return {decision.name: decision for decision in found.values()}, stops[0] if stops else ""


def prepared(data: bytes) -> bytes:
    """A file of the TCK with names as we read them."""
    root = etree.fromstring(data)
    spoken = {each.get("name", "") for each in root.iter(f"{DMN}decision", f"{DMN}inputData")}
    for definition in list(root.iter(f"{DMN}itemDefinition")):
        root.remove(definition)
    for element in root.iter(f"{DMN}*"):
        if "name" in element.attrib:
            element.set("name", one_word(element.get("name", "")))
        if element.tag == f"{DMN}text" and element.text:
            for name in sorted(spoken, key=len, reverse=True):
                element.text = element.text.replace(name, one_word(name))
    for column in root.iter(f"{DMN}output"):
        column.set("name", column.get("name") or RESULT)
    return etree.tostring(root)


def one_word(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _tried(decisions: Mapping[str, Decision], name: str, values: Mapping[str, Any], wanted: etree._Element) -> str:
    if name not in decisions:
        return "there is no such decision"
    by_id = {decision.id: decision for decision in decisions.values()}
    try:
        found = _unwrapped(decide(decisions[name], Inputs(values), by_id))
    except DecisionError as error:
        return str(error)
    (expected,) = wanted.iterchildren(f"{TEST}expected")
    return "" if _same(found, _value(expected)) else f"gives {found!r}, wanted {_value(expected)!r}"


def _unwrapped(value: Value) -> Value:
    """A single result without its name."""
    if isinstance(value, list):
        return [_unwrapped(item) for item in value]
    return value[RESULT] if isinstance(value, dict) and value.keys() == {RESULT} else value


def _value(element: etree._Element) -> Any:
    """A value as the TCK writes it: a single one, a list, or components by name."""
    for each in element:
        if each.tag == f"{TEST}list":
            return [_value(item) for item in each.iterchildren(f"{TEST}item")]
        if each.tag == f"{TEST}component":
            return {one_word(part.get("name", "")): _value(part) for part in element.iterchildren(f"{TEST}component")}
        if each.tag == f"{TEST}value":
            return _single(each)
    return None


def _single(element: etree._Element) -> Any:
    kind, text = (element.get(KIND) or "string").rpartition(":")[2], element.text or ""
    if element.get(NIL) == "true":
        return None
    if kind in ("decimal", "double", "integer"):
        return Decimal(text)
    if kind == "boolean":
        return text == "true"
    return parse(f'@"{text}"').evaluate(NOBODY) if kind in ("date", "dateTime", "duration") else text


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    numbers = (int, Decimal)
    if isinstance(one, numbers) and isinstance(other, numbers) and not isinstance(one, bool) and not isinstance(other, bool):
        return abs(Decimal(one) - Decimal(other)) <= CLOSE * max(1, abs(Decimal(other)))
    return type(one) is type(other) and bool(one == other)


def main(folder: Path) -> int:
    """Print what was found; 1 when there is nothing to try."""
    tried = list(outcomes(folder))
    by_file: dict[str, list[Outcome]] = {}
    for each in tried:
        by_file.setdefault(each.file, []).append(each)
    for file, results in by_file.items():
        missed = [each for each in results if each.trouble]
        print(f"{len(results) - len(missed):4} of {len(results):3}  {file}")
        for each in missed[:1]:
            print(f"              {each.case} {each.decision}: {each.trouble[:200]}")
    right, whole = sum(not each.trouble for each in tried), sum(all(not each.trouble for each in results) for results in by_file.values())
    print(f"{right} of {len(tried)} wanted results; {whole} of {len(by_file)} files without a miss")
    return 0 if tried else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
