"""The numbered table of a diagram: what has a number, where its ways lead."""

from __future__ import annotations

from engine.kernel.model import Event, Flow, Loop, Node, Process
from engine.steps import Way, number


def flow(source: str, target: str, name: str = "") -> Flow:
    return Flow(f"{source}_{target}", source, target, name)


def process(*nodes: Node) -> Process:
    return Process("p", "流れ", "p.bpmn", nodes=nodes)


def titles(*nodes: Node) -> dict[str, int]:
    return {step.title: step.no for step in number(process(*nodes))}


def test_named_elements_are_numbered_in_the_order_of_the_file() -> None:
    nodes = (
        Node("a", "start", "始まる", outgoing=(flow("a", "b"),)), Node("b", "userTask", "書く", outgoing=(flow("b", "c"),)), Node("c", "end", "終わる"),
    )  # fmt: skip
    assert titles(*nodes) == {"始まる": 1, "書く": 2, "終わる": 3}


def test_ways_carry_their_names_in_the_order_in_which_they_are_tried() -> None:
    split = Node("a", "exclusiveGateway", "よいか", outgoing=(flow("a", "c", "いいえ"), flow("a", "b", "はい")))
    assert number(process(split, Node("b", "end", "よい"), Node("c", "end", "だめ")))[0].ways == (Way("いいえ", (3,)), Way("はい", (2,)))


def test_a_way_leads_through_what_has_no_name() -> None:
    nodes = (
        Node("a", "userTask", "書く", outgoing=(flow("a", "m"),)), Node("m", "exclusiveGateway", outgoing=(flow("m", "f"),)),
        Node("f", "parallelGateway", outgoing=(flow("f", "b"), flow("f", "c"))), Node("b", "userTask", "送る"), Node("c", "userTask", "待つ"),
    )  # fmt: skip
    first = number(process(*nodes))[0]
    assert first.ways == (Way("", (2, 3)),) and titles(*nodes) == {"書く": 1, "送る": 2, "待つ": 3}


def test_a_circle_of_elements_without_names_leads_nowhere_and_ends() -> None:
    nodes = (
        Node("a", "userTask", "書く", outgoing=(flow("a", "m"),)), Node("m", "exclusiveGateway", outgoing=(flow("m", "n"), flow("m", "a"))),
        Node("n", "exclusiveGateway", outgoing=(flow("n", "m"),)),
    )  # fmt: skip
    assert number(process(*nodes))[0].ways == (Way("", (1,)),)


def test_an_end_without_a_name_is_the_end() -> None:
    nodes = (Node("a", "userTask", "書く", outgoing=(flow("a", "z"),)), Node("z", "end"))
    assert number(process(*nodes))[0].ways == (Way("", ()),)


def test_what_stands_in_a_sub_process_follows_it_and_knows_it() -> None:
    body = (
        Node("s", "start", outgoing=(flow("s", "x"),)), Node("x", "userTask", "たずねる", outgoing=(flow("x", "z"),)), Node("z", "end"),
        Node("t", "boundaryEvent", "返事がない", event=Event("timer"), attached_to="x", outgoing=(flow("t", "z"),)),
    )  # fmt: skip
    group = Node("g", "subProcess", "機関ごと", loop=Loop(False, "list", "each"), outgoing=(flow("g", "b"),), body=body)
    one, two, three, four = number(process(group, Node("b", "callActivity", "つなぐ", called="other")))
    assert (one.title, one.each, one.within, one.ways) == ("機関ごと", True, None, (Way("", (4,)),))
    assert (two.title, two.each, two.within, two.ways) == ("たずねる", False, 1, (Way("", ()),))
    assert (three.title, three.event, three.attached_to, three.within) == ("返事がない", "timer", 2, 1)
    assert (four.title, four.called, four.ways) == ("つなぐ", "other", (Way("", ()),))
