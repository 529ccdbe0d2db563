"""Reads small drawings and looks at what is said about them; it must not know the rules."""

from __future__ import annotations

from collections.abc import Mapping

from bpmn import BPMN, CAMUNDA, CITY, Drawing, files

from engine.kernel.model import Model, Node, Problem, Reading, Vocabulary, walk
from engine.kernel.reading import read


def reading(*drawings: Drawing, city: Vocabulary = CITY, others: Mapping[str, bytes] | None = None) -> Reading:
    """What reading these processes gives."""
    return read({**files(*drawings), **(others or {})}, city)


def model(*drawings: Drawing, city: Vocabulary = CITY, others: Mapping[str, bytes] | None = None) -> Model:
    """The model of processes that have to be readable."""
    found = reading(*drawings, city=city, others=others)
    assert found.model is not None, stops(found)
    return found.model


def node(*drawings: Drawing, id: str, city: Vocabulary = CITY, others: Mapping[str, bytes] | None = None) -> Node:
    """One node of the first process."""
    whole = model(*drawings, city=city, others=others)
    return next(each for each in walk(whole.processes[drawings[0].id].nodes) if each.id == id)


def stops(found: Reading) -> list[Problem]:
    """What keeps a model from being run."""
    return [problem for problem in found.problems if problem.kind in ("ask", "refused")]


def said(found: Reading, rule: str) -> list[Problem]:
    """What a rule says."""
    return [problem for problem in found.problems if problem.rule == rule]


def file_of(xml: str, *, beside: str = "", name: str = "p") -> dict[str, bytes]:
    """A file with one process, given by what is inside, one element per line; `beside` stands before the process."""
    head = (
        f'<definitions xmlns="{BPMN}" xmlns:camunda="{CAMUNDA}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    )
    whole = f'{head}\n{beside}\n<process id="{name}" name="手続き">\n{xml}\n</process>\n</definitions>'
    return {f"{name}.bpmn": whole.encode()}


def line_of(data: bytes, id: str) -> int:
    """The line on which the element with this id begins."""
    lines = data.decode().splitlines()
    return next(number for number, line in enumerate(lines, 1) if f' id="{id}"' in line)
