"""`tidy` draws events where a reader looks for them: on what they watch, after the gateway that waits, beside the rest of their scope."""

from __future__ import annotations

import pytest
from drawn_diagram import DrawnDiagram
from sketched_process import sketch

from engine.layout import tidy

EARLY_AND_LATE = sketch(
    {
        "窓口": ["start s", "sub p 話を聞いて決める", "boundary late@p 3日たった", "boundary stop@p 取り下げた", "task after 記録する", "end e"],
        "係": ["task ask 電話でたずねる", "end gone 取り下げ"],
    },
    ["s p", "p after", "after e", "late ask", "ask after", "stop gone"],
    {"p": (["start ps", "task pa 聞く", "boundary lost@pa つながらない", "task pb 手紙を出す", "end pe"], ["ps pa", "pa pe", "lost pb", "pb pe"])},
)
BESIDE = sketch(
    {"窓口": ["start s", "task a 支援する", "end e", "event-sub moved 転出したとき"], "係": ["event-sub heard 連絡が来たとき"]},
    ["s a", "a e"],
    {
        "moved": (["start ms 転出届", "task ma 引き継ぐ", "end me"], ["ms ma", "ma me"]),
        "heard": (["start hs 連絡", "race hg", "wait h1 返事", "wait h2 5日", "end he"], ["hs hg", "hg h1", "hg h2", "h1 he", "h2 he"]),
    },
)
INSIDE = sketch(
    {"窓口": ["start s", "sub p 支援の期間", "end e"]},
    ["s p", "p e"],
    {
        "p": (["start ps", "task pa 支援する", "end pe", "event-sub q 状況が変わったとき"], ["ps pa", "pa pe"]),
        "q": (["start qs 変化", "task qa 見直す"], ["qs qa"]),
    },
)
RACE = sketch(
    {"窓口": ["start s", "task a 送る", "race g", "wait reply 返事", "wait soon 5日", "wait late 30日", "task b 決める", "task c もう一度送る", "end e"]},
    ["s a", "a g", "g reply", "g soon", "g late", "reply b", "soon c", "c g", "late e", "b e"],
)
LINKS = sketch(
    {"窓口": ["start s", "xor g", "task a 調べる", "throw out 決定へ", "end e"], "係": ["wait back 決定へ", "task b 決める", "end e2"]},
    ["s g", "g a", "g e", "a out", "back b", "b e2"],
)


@pytest.mark.parametrize("xml", [EARLY_AND_LATE, BESIDE, INSIDE, RACE, LINKS], ids=["boundary", "beside", "inside", "race", "links"])
def test_a_diagram_of_events_is_whole_and_clear(xml: bytes) -> None:
    diagram = DrawnDiagram(tidy(xml))
    assert set(diagram.shapes) == diagram.should_be_drawn()
    assert set(diagram.routes) == {flow.get("id") for flow in diagram.flows()}
    assert not list(diagram.overlapping_nodes())
    assert not list(diagram.nodes_outside_their_lane()) and not list(diagram.nodes_outside_their_sub_process())
    assert not list(diagram.slanting_flows()) and not list(diagram.loose_flows()) and not list(diagram.flows_through_nodes())
    assert not list(diagram.names_on_nodes()) and not list(diagram.names_on_names()) and not list(diagram.names_on_flows())


def test_boundary_events_of_a_sub_process_sit_on_its_lower_edge_and_lead_down_while_those_inside_stay_inside() -> None:
    diagram = DrawnDiagram(tidy(EARLY_AND_LATE))
    outer = diagram.shapes["p"]
    for event, way in (("late", "late_to_ask"), ("stop", "stop_to_gone")):
        box, route = diagram.shapes[event], diagram.routes[way]
        assert box.y + box.height / 2 == outer.bottom and outer.x < box.x and box.right < outer.right
        assert route[0][1] == box.bottom and route[1][1] > box.bottom
    assert not diagram.shapes["late"].overlaps(diagram.shapes["stop"])
    assert outer.holds(diagram.shapes["lost"]) and outer.holds(diagram.shapes["pb"])


def test_an_event_sub_process_stands_in_its_lane_apart_from_the_main_path() -> None:
    diagram = DrawnDiagram(tidy(BESIDE))
    assert diagram.shapes["lane0"].holds(diagram.shapes["moved"]) and diagram.shapes["lane1"].holds(diagram.shapes["heard"])
    start, task, end, moved = (diagram.shapes[id_] for id_ in ("s", "a", "e", "moved"))
    assert start.y + start.height / 2 == task.y + task.height / 2 == end.y + end.height / 2
    assert moved.y > task.bottom
    assert all(diagram.shapes["heard"].holds(diagram.shapes[id_]) for id_ in ("hs", "hg", "h1", "h2", "he"))


def test_an_event_sub_process_of_a_sub_process_stands_inside_of_it_with_all_its_own() -> None:
    diagram = DrawnDiagram(tidy(INSIDE))
    outer, inner = diagram.shapes["p"], diagram.shapes["q"]
    assert outer.holds(inner) and inner.holds(diagram.shapes["qs"]) and inner.holds(diagram.shapes["qa"])
    assert inner.y > diagram.shapes["pa"].bottom


def test_what_an_event_gateway_waits_for_stands_behind_it_in_one_column_in_the_order_of_the_flows() -> None:
    diagram = DrawnDiagram(tidy(RACE))
    gateway, events = diagram.shapes["g"], [diagram.shapes[id_] for id_ in ("reply", "soon", "late")]
    assert {event.x for event in events} == {events[0].x} and events[0].x > gateway.right
    assert events[0].bottom < events[1].y and events[1].bottom < events[2].y
    assert events[0].y + events[0].height / 2 == gateway.y + gateway.height / 2


def test_a_link_begins_and_ends_a_way_that_no_flow_joins() -> None:
    diagram = DrawnDiagram(tidy(LINKS))
    out, back = diagram.shapes["out"], diagram.shapes["back"]
    assert diagram.shapes["lane0"].holds(out) and diagram.shapes["lane1"].holds(back)
    assert out.x > diagram.shapes["a"].right and back.right < diagram.shapes["b"].x < diagram.shapes["e2"].x
