"""What belongs to a process: what it calls, the tables it decides by, the forms it asks and the fields it reads."""

from __future__ import annotations

import pytest
from bpmn import CITY, Drawing, files, inside, loop, process

from engine.kernel.model import Model
from engine.kernel.reading import Closure, closure, list_forms, read, reads


def table(id: str, reading: str, *, requires: str = "") -> bytes:
    needed = (
        f'<informationRequirement id="ir"><requiredDecision href="#{requires}"/></informationRequirement>'
        if requires
        else ""
    )
    other = decision(requires, "F2.answer") if requires else ""
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
        f"{decision(id, reading, needed)}{other}</definitions>"
    ).encode()


def decision(id: str, reading: str, needed: str = "") -> str:
    return (
        f'<decision id="{id}" name="{id}"><variable name="{id}"/>{needed}<decisionTable id="t_{id}">'
        f'<input id="i_{id}"><inputExpression id="e_{id}"><text>{reading}</text></inputExpression></input>'
        f'<output id="o_{id}" name="way"/><rule id="r_{id}"><inputEntry id="c_{id}"><text>-</text></inputEntry>'
        f'<outputEntry id="x_{id}"><text>F1.note</text></outputEntry></rule>'
        "</decisionTable></decision>"
    )


@pytest.fixture
def city() -> Model:
    """`main` calls `second`, which calls `first`; `aside` is on its own, and `main` decides by two tables."""
    main = process("main").start().rule("r", "outer", "hint").call("c", "second", gives={"purpose": '="plan"'})
    main.user("t", form="F1#ask", groups="=F1.note", due="=F1.on").end()
    each = inside("each").start("b").user("answer", form="F2", groups="=row.org").end("d")
    second = (
        process("second").start().sub(each, loop=loop("=F1.roles[ask = true]", "row", until="=F2.answer = purpose"))
    )
    second.call("c", "first").xor("g").when(
        "done", 'some a in answers("F2") satisfies a.answer = "accepted"'
    ).otherwise("done").end()
    first = (
        process("first")
        .start()
        .xor("g")
        .when("done", 'hint.way = "x" and settings.t_reply = null')
        .otherwise("done")
        .end()
    )
    aside = process("aside").start().user("t", form="F1#decide", groups="kakari", follow_up="=today").end()
    drawn = files(main, second, first, aside)
    found = read({**drawn, "outer.dmn": table("outer", "inner.way", requires="inner")}, CITY)
    assert found.model is not None, found.problems
    return found.model


def test_a_closure_holds_all_that_a_process_comes_to_use_itself_first(city: Model) -> None:
    assert closure(city, "main") == Closure(("main", "first", "second"), ("inner", "outer"), ("F1", "F2"))
    assert closure(city, "second") == Closure(("second", "first"), (), ("F1", "F2"))
    assert closure(city, "first") == Closure(("first",), (), ())
    assert closure(city, "aside") == Closure(("aside",), (), ("F1",))


def test_a_process_that_is_not_there_has_no_closure(city: Model) -> None:
    with pytest.raises(KeyError):
        closure(city, "nowhere")


def test_reads_are_the_fields_of_answers_and_nothing_else(city: Model) -> None:
    assert reads(city, ["aside"]) == frozenset()
    assert reads(city, ["first"]) == frozenset(), "results, settings and facts are no answers"
    assert reads(city, ["second"]) == {("F1", "roles"), ("F2", "answer")}
    assert reads(city, ["main"]) == {("F1", "note"), ("F1", "on"), ("F2", "answer")}, "required tables read, too"
    assert (
        reads(city) == reads(city, city.processes) == {("F1", "note"), ("F1", "on"), ("F1", "roles"), ("F2", "answer")}
    )


def test_expressions_from_elsewhere_can_be_counted_in(city: Model) -> None:
    assert reads(city, ["aside"], also=["=F1.number + 1", "kakari", '=received_by() + ".head"']) == {("F1", "number")}


def test_a_field_of_a_row_is_read_with_its_list() -> None:
    drawing = process("p").start().xor("g").when("done", "count(F1.roles[org = lead()]) > 0").otherwise("done").end()
    found = read(drawing.files(), CITY)
    assert found.model is not None
    assert reads(found.model) == {("F1", "roles")}


class TestListForms:
    def test_a_form_is_listed_by_the_repetition_around_its_task(self, city: Model) -> None:
        assert list_forms(city) == {"F2": ("second:each",)}

    def test_by_the_innermost_one(self) -> None:
        inner = inside("inner").start("b2").user("t", form="F2", groups="=b.org").end("d2")
        outer = inside("outer").start("b1").sub(inner, loop=loop("=F1.roles", "b")).end("d1")
        assert self.listed(process("p").start().sub(outer, loop=loop("=F1.roles", "a"))) == ("p:inner",)

    def test_by_the_repeated_task_itself(self) -> None:
        drawing = process("p").start().user("t", form="F2", groups="=row.org", loop=loop("=F1.roles", "row"))
        assert self.listed(drawing) == ("p:t",)

    def test_by_a_repeated_call_of_the_process_that_asks(self) -> None:
        called = process("q").start().user("t", form="F2", groups="kakari").end()
        drawing = process("p").start().call("c", "q", loop=loop("=F1.roles", "row"))
        assert self.listed(drawing, called) == ("p:c",)

    def test_by_several(self) -> None:
        drawing = process("p").start().user("t", form="F2", groups="=row.org", loop=loop("=F1.roles", "row"))
        drawing.user("u", form="F2", groups="=row.org", loop=loop("=F1.roles", "row")).user(
            "v", form="F2", groups="kakari"
        )
        assert self.listed(drawing) == ("p:t", "p:u")

    def listed(self, drawing: Drawing, *others: Drawing) -> tuple[str, ...]:
        drawing.xor("g").when("done", 'count(answers("F2")) > 1').otherwise("done").end()
        found = read(files(drawing, *others), CITY)
        assert found.model is not None, found.problems
        return list_forms(found.model)["F2"]
