"""`tidy(…, keep=True)` leaves every position that a person has set, and adds only what has none."""

from __future__ import annotations

from functools import cache
from random import Random

import pytest
from drawn_diagram import DrawnDiagram, without_diagram
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from sketched_process import random_process, sketch

from engine.layout import tidy

LANES = {
    "窓口": ["start s はじまり", "task a 受け止める", "boundary late@a 返事がない", "xor g よいか", "task b 決める", "end e おわり"],
    "係": ["task c たずねる", "sub p まとめる"],
}
FLOWS = ["s a", "a g", "g b はい", "g a いいえ", "b e", "late c", "c p", "p e"]
INSIDE = {"p": (["start ps", "task pa 聞く", "end pe"], ["ps pa", "pa pe"])}
MODEL = sketch(LANES, FLOWS, INSIDE)


@cache
def tidied() -> bytes:
    return tidy(MODEL)


def without(xml: bytes, *ids: str) -> bytes:
    """The file without the shapes and flows drawn for these elements."""
    root = etree.fromstring(xml)
    for drawn in [element for element in root.iter("*") if element.get("bpmnElement") in ids]:
        drawn.getparent().remove(drawn)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def moved(xml: bytes, id_: str, dx: int, dy: int) -> bytes:
    """The file with a shape somewhere else, as a person would leave it."""
    root = etree.fromstring(xml)
    bounds = next(element for element in root.iter("*") if element.get("bpmnElement") == id_)[0]
    bounds.set("x", str(float(bounds.get("x")) + dx))
    bounds.set("y", str(float(bounds.get("y")) + dy))
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def kept(xml: bytes) -> DrawnDiagram:
    return DrawnDiagram(tidy(xml, keep=True))


def assert_it_is_sound(diagram: DrawnDiagram) -> None:
    assert set(diagram.shapes) == diagram.should_be_drawn()
    assert set(diagram.routes) == {flow.get("id") for flow in diagram.flows()}
    assert not list(diagram.overlapping_nodes())
    assert not list(diagram.slanting_flows())
    assert not list(diagram.loose_flows())
    assert not list(diagram.flows_through_nodes())


def test_a_complete_diagram_stays_as_it_is() -> None:
    assert tidy(tidied(), keep=True) == tidied()


def test_a_model_without_diagram_is_laid_out_as_without_keep() -> None:
    assert tidy(MODEL, keep=True) == tidied()


def test_a_moved_node_stays_where_it_was_put() -> None:
    diagram = kept(moved(tidied(), "b", 13, 7))
    before = DrawnDiagram(tidied()).shapes["b"]
    assert (diagram.shapes["b"].x, diagram.shapes["b"].y) == (before.x + 13, before.y + 7)


def test_without_keep_a_moved_node_goes_back() -> None:
    assert DrawnDiagram(tidy(moved(tidied(), "b", 13, 7))).shapes == DrawnDiagram(tidied()).shapes


@pytest.mark.parametrize("gone", ["a", "late", "g", "c", "e", "p"])
def test_a_node_without_position_gets_a_free_one_in_its_lane(gone: str) -> None:
    before, diagram = DrawnDiagram(tidied()), kept(without(tidied(), gone))
    assert_it_is_sound(diagram)
    assert not list(diagram.nodes_outside_their_lane())
    assert {id_: box for id_, box in diagram.shapes.items() if id_ != gone} == {id_: box for id_, box in before.shapes.items() if id_ != gone}


def test_a_new_node_beside_a_full_row_goes_to_the_nearest_free_place() -> None:
    longer = sketch({**LANES, "窓口": [*LANES["窓口"], "task new 確かめる"]}, [*FLOWS, "b new", "new e"], INSIDE)
    old, start = tidied(), longer.index(b"</bpmn:definitions>")
    drawn = old[old.index(b"<bpmndi:BPMNDiagram") : old.index(b"</bpmn:definitions>")]
    diagram = kept(longer[:start] + drawn + longer[start:])
    assert_it_is_sound(diagram)
    assert diagram.shapes["b"] == DrawnDiagram(old).shapes["b"]
    assert abs(diagram.shapes["new"].x - diagram.shapes["b"].x) < 500


def test_a_flow_without_way_is_drawn_past_everything_and_the_others_stay() -> None:
    before, diagram = DrawnDiagram(tidied()), kept(without(tidied(), "late_to_c", "a_to_g"))
    assert_it_is_sound(diagram)
    others = set(before.routes) - {"late_to_c", "a_to_g"}
    assert {flow: diagram.routes[flow] for flow in others} == {flow: before.routes[flow] for flow in others}


def test_a_flow_that_no_longer_reaches_its_node_is_drawn_again() -> None:
    diagram = kept(moved(tidied(), "e", 60, 0))
    assert not list(diagram.loose_flows())


def test_a_missing_lane_is_added_below_those_that_are_there() -> None:
    before = DrawnDiagram(tidied())
    diagram = kept(without(tidied(), "lane1", "c", "p", "ps", "pa", "pe", "late_to_c", "c_to_p", "p_to_e", "ps_to_pa", "pa_to_pe"))
    assert diagram.shapes["lane0"].y == before.shapes["lane0"].y
    assert diagram.shapes["lane1"].y == diagram.shapes["lane0"].bottom
    assert diagram.shapes["pool"].holds(diagram.shapes["lane1"])
    assert_it_is_sound(diagram)
    assert not list(diagram.nodes_outside_their_lane())


def test_a_missing_pool_is_drawn_around_its_lanes() -> None:
    diagram = kept(without(tidied(), "pool"))
    assert diagram.shapes["pool"].holds(diagram.shapes["lane0"]) and diagram.shapes["pool"].holds(diagram.shapes["lane1"])


def test_a_lane_grows_to_the_right_for_a_node_that_has_no_room() -> None:
    narrow = re_sized(without(tidied(), "e"), ("pool", "lane0", "lane1"), 760)
    diagram = kept(narrow)
    assert diagram.shapes["lane0"].holds(diagram.shapes["e"])
    assert diagram.shapes["lane0"].right == diagram.shapes["pool"].right


def re_sized(xml: bytes, ids: tuple[str, ...], right: int) -> bytes:
    root = etree.fromstring(xml)
    for element in root.iter("*"):
        if element.get("bpmnElement") in ids:
            element[0].set("width", str(right - float(element[0].get("x"))))
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def test_a_collapsed_sub_process_stays_collapsed() -> None:
    inner = ("ps", "pa", "pe", "ps_to_pa", "pa_to_pe")
    collapsed = without(tidied(), *inner).replace(b'isExpanded="true"', b'isExpanded="false"')
    diagram = kept(collapsed)
    assert not set(inner) & (set(diagram.shapes) | set(diagram.routes))
    assert b'isExpanded="false"' in tidy(collapsed, keep=True)
    assert set(inner) <= set(DrawnDiagram(tidy(collapsed)).shapes) | set(DrawnDiagram(tidy(collapsed)).routes)


def test_positions_of_elements_that_are_gone_are_dropped() -> None:
    shorter = sketch({"窓口": ["start s はじまり", "task a 受け止める"], "係": []}, ["s a"])
    old, start = tidied(), shorter.index(b"</bpmn:definitions>")
    drawn = old[old.index(b"<bpmndi:BPMNDiagram") : old.index(b"</bpmn:definitions>")]
    diagram = kept(shorter[:start] + drawn + shorter[start:])
    assert set(diagram.shapes) == {"pool", "lane0", "lane1", "s", "a"}


@settings(max_examples=12)
@given(st.integers(0, 2**32))
def test_whatever_is_missing_is_added_and_whatever_is_there_stays(number: int) -> None:
    random = Random(number)
    whole = tidy(random_process(random))
    before = DrawnDiagram(whole)
    drawn = [*before.nodes(), *before.routes]
    gone = set(random.sample(drawn, len(drawn) // 5))
    xml = without(whole, *gone)
    mended = tidy(xml, keep=True)
    after = DrawnDiagram(mended)
    assert set(after.shapes) == after.should_be_drawn()
    assert set(after.routes) == {flow.get("id") for flow in after.flows()}
    places = {id_: (box.x, box.y) for id_, box in after.shapes.items()}
    assert all(places[id_] == (box.x, box.y) for id_, box in before.shapes.items() if id_ not in gone)
    kept_routes = {id_: route for id_, route in before.routes.items() if id_ not in gone and not touches(after, id_, gone)}
    assert {id_: after.routes[id_] for id_ in kept_routes} == kept_routes
    assert not list(after.slanting_flows())
    assert not list(after.loose_flows())
    assert tidy(mended, keep=True) == mended
    assert without_diagram(mended) == without_diagram(xml)


def touches(diagram: DrawnDiagram, flow: str, nodes: set[str]) -> bool:
    element = diagram.elements[flow]
    return element.get("sourceRef") in nodes or element.get("targetRef") in nodes
