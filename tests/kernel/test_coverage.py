"""Nothing that is drawn may silently not happen: every flow node and flow is in the model, or the file is refused."""

from __future__ import annotations

import copy
from collections.abc import Callable

import hypothesis
import pytest
from bpmn import CITY, Drawing, files, inside, loop, process
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from engine.kernel.model import Model, walk
from engine.kernel.reading import read

DRAWN = {
    "startEvent", "endEvent", "intermediateThrowEvent", "intermediateCatchEvent", "boundaryEvent", "task", "userTask",
    "manualTask", "businessRuleTask", "callActivity", "subProcess", "exclusiveGateway", "parallelGateway",
    "eventBasedGateway",
}  # fmt: skip


class Pen:
    """Draws whatever block comes up, each node with a new number."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw, self._number = draw, 0

    def number(self, letter: str) -> str:
        self._number += 1
        return f"{letter}{self._number}"

    def blocks(self, drawing: Drawing, depth: int) -> None:
        for _ in range(self._draw(st.integers(0, 3))):
            kinds = ["task", "wait", "milestone", "choice", "fork", "race", "repeat", "watched", "inside", "each"]
            getattr(self, self._draw(st.sampled_from(kinds[: 3 if depth == 0 else None])))(drawing, depth)

    def task(self, drawing: Drawing, depth: int) -> None:
        drawing.user(self.number("t"), form="F2", groups="kakari")

    def wait(self, drawing: Drawing, depth: int) -> None:
        drawing.catch(self.number("w"), timer="P1D")

    def milestone(self, drawing: Drawing, depth: int) -> None:
        drawing.milestone(self.number("m"))

    def choice(self, drawing: Drawing, depth: int) -> None:
        part, merge = self.number("x"), self.number("x")
        drawing.xor(part).when(merge, "F1.agreed").otherwise(self._branch(drawing, depth, merge)).xor(merge)

    def fork(self, drawing: Drawing, depth: int) -> None:
        fork, join = self.number("a"), self.number("a")
        drawing.parallel(fork).to(self._branch(drawing, depth, join)).to(self._branch(drawing, depth, join))
        drawing.apart().parallel(join)

    def race(self, drawing: Drawing, depth: int) -> None:
        race, merge = self.number("r"), self.number("x")
        drawing.race(race).catch(self.number("w"), timer="P1D").to(merge)
        drawing.at(race).catch(self.number("w"), message="told", manualStart="kakari").to(merge).apart().xor(merge)

    def repeat(self, drawing: Drawing, depth: int) -> None:
        again, ahead, question = self.number("x"), self.number("t"), self.number("x")
        drawing.xor(again).user(ahead, form="F2", groups="kakari").xor(question)
        drawing.when(again, 'F2.answer = "refused"').otherwise(following := self.number("m")).milestone(following)

    def watched(self, drawing: Drawing, depth: int) -> None:
        task, merge = self.number("t"), self.number("x")
        drawing.user(task, form="F2", groups="kakari").xor(merge)
        drawing.boundary(self.number("b"), task, timer="P3D").to(merge).at(merge)

    def inside(self, drawing: Drawing, depth: int) -> None:
        drawing.sub(self._scope(inside(self.number("s")), depth))

    def each(self, drawing: Drawing, depth: int) -> None:
        body = self._scope(inside(self.number("s")), depth)
        drawing.sub(body, loop=loop("=F1.roles", self.number("row")))

    def _branch(self, drawing: Drawing, depth: int, towards: str) -> str:
        """A branch of its own that leads to `towards`; gives its first node, and goes back to where it was."""
        first, here = self.number("t"), drawing.here
        drawing.apart().manual(first, groups="kakari")
        self.blocks(drawing, depth - 1)
        drawing.to(towards)
        drawing.at(here)
        return first

    def _scope(self, drawing: Drawing, depth: int) -> Drawing:
        drawing.start(self.number("begin"))
        self.blocks(drawing, depth - 1)
        return drawing.end(self.number("done"))


@st.composite
def drawings(draw: st.DrawFn) -> Drawing:
    drawing = process("p").start()
    Pen(draw).blocks(drawing, 3)
    return drawing.end()


def drawn(data: bytes) -> tuple[set[str], int]:
    """The ids of all flow nodes in a file, wherever they stand, and the number of flows; read by nothing of ours."""
    elements = [element for element in etree.fromstring(data).iter("{*}*")]
    nodes = {element.get("id", "") for element in elements if etree.QName(element).localname in DRAWN}
    return nodes, sum(etree.QName(element).localname == "sequenceFlow" for element in elements)


def held(model: Model) -> tuple[set[str], int]:
    """The ids of the nodes that a model holds, and the number of its flows; a start that nobody drew does not count."""
    nodes = [node for node in walk(model.processes["p"].nodes) if "#" not in node.id]
    return {node.id for node in nodes}, sum(len(node.outgoing) for node in nodes)


def is_whole(drawing: Drawing) -> None:
    """Every node and flow of a drawing is in the model, and branches that come together again leave no join waiting."""
    found = read(files(drawing), CITY)
    assert found.model is not None, found.problems
    assert held(found.model) == drawn(drawing.xml())
    assert not [problem for problem in found.problems if problem.rule.startswith("join-")]


def is_whole_or_refused(drawing: Drawing, data: st.DataObject) -> None:
    """The same drawing with one element moved, copied, renamed or lost."""
    root = etree.fromstring(drawing.xml())
    elements = list(root.iterdescendants("{*}*"))
    changed = data.draw(st.sampled_from(elements), "element")
    change = data.draw(st.sampled_from(["move", "copy", "rename", "foreign", "forget"]), "change")
    target = data.draw(st.sampled_from([root, *elements]), "target")
    if change == "move" and changed not in (target, *target.iterancestors()):
        target.append(changed)
    elif change == "copy" and len(changed) < 3:
        target.append(copy.deepcopy(changed))
    elif change == "rename":
        changed.set("id", "another")
    elif change == "foreign":
        changed.tag = "{urn:moon}" + etree.QName(changed).localname
    elif change == "forget" and "id" in changed.attrib:
        del changed.attrib["id"]
    written = etree.tostring(root)
    found = read({"p.bpmn": written}, CITY)
    assert found.model is None or held(found.model) == drawn(written)


def test_every_node_and_flow_of_a_drawing_is_in_the_model() -> None:
    settings(max_examples=60)(given(drawings())(is_whole))()


def test_a_drawing_with_an_element_moved_copied_renamed_or_lost_is_read_whole_or_refused() -> None:
    settings(max_examples=150)(given(drawings(), st.data())(is_whole_or_refused))()


@pytest.mark.deep
def test_a_long_search_finds_nothing_that_is_drawn_and_not_read(seed: int, time_is_left: Callable[[], bool]) -> None:
    freely = settings(max_examples=100, derandomize=False, database=None)
    while time_is_left():
        seed += 1
        hypothesis.seed(seed)(freely(given(drawings())(is_whole)))()
        hypothesis.seed(seed)(freely(given(drawings(), st.data())(is_whole_or_refused)))()
