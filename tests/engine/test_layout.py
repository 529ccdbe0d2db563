"""`tidy` draws a diagram that is pleasant to read, always the same one, and touches nothing else."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from drawn_diagram import DrawnDiagram, without_diagram
from sketched_process import sketch

from engine.layout import LayoutError, tidy

SHIPPED = sorted((Path(__file__).parents[2] / "processes" / "bpmn").glob("*.bpmn"))
MOST_CROSSINGS = {
    "handover": 8,
    "intake": 15,
    "multi_agency": 22,
    "ongoing_support": 5,
    "plan_making": 8,
    "support_meeting": 0,
}  # a diagram that is not named may have one crossing for every six flows

STRAIGHT = sketch({"窓口": ["start s はじまり", "task a 受け止める", "task b 決める", "end e おわり"]}, ["s a", "a b", "b e"])
LOOP = sketch({"窓口": ["start s はじまり", "task a 書く", "xor g よいか", "end e おわり"]}, ["s a", "a g", "g a 直す", "g e よい"])
BRANCHES = sketch(
    {
        "窓口": ["start s はじまり", "xor g どうするか", "task a 自課で受ける", "task b つなぐ", "xor m", "task c 終える", "end e"],
        "マネージャー": ["task d 協議する"],
    },
    ["s g", "g a 自課", "g b 他課", "g d 迷う", "a m", "b m", "d m", "m c", "c e"],
)


def shipped() -> list[object]:
    return [pytest.param(path, id=path.stem) for path in SHIPPED]


tidied = cache(tidy)


def drawn(xml: bytes) -> DrawnDiagram:
    return DrawnDiagram(tidied(xml))


# The diagrams of the product


@pytest.mark.parametrize("path", shipped())
def test_everything_in_a_shipped_diagram_is_drawn(path: Path) -> None:
    diagram = drawn(path.read_bytes())
    assert set(diagram.shapes) == diagram.should_be_drawn()
    assert {flow.get("id") for flow in diagram.flows()} <= set(diagram.routes)


@pytest.mark.parametrize("path", shipped())
def test_nodes_of_a_shipped_diagram_stand_apart_and_in_their_lane(path: Path) -> None:
    diagram = drawn(path.read_bytes())
    assert not list(diagram.overlapping_nodes())
    assert not list(diagram.nodes_outside_their_lane())
    assert not list(diagram.nodes_outside_their_sub_process())


@pytest.mark.parametrize("path", shipped())
def test_flows_of_a_shipped_diagram_run_level_or_upright_and_through_no_node(path: Path) -> None:
    diagram = drawn(path.read_bytes())
    assert not list(diagram.slanting_flows())
    assert not list(diagram.loose_flows())
    assert not list(diagram.flows_through_nodes())
    assert not list(diagram.flows_on_flows())


@pytest.mark.parametrize("path", shipped())
def test_names_in_a_shipped_diagram_cover_nothing(path: Path) -> None:
    diagram = drawn(path.read_bytes())
    assert not list(diagram.names_on_nodes())
    assert not list(diagram.names_on_names())
    assert not list(diagram.names_on_flows())


@pytest.mark.parametrize("path", shipped())
def test_flows_of_a_shipped_diagram_cross_seldom(path: Path) -> None:
    diagram = drawn(path.read_bytes())
    assert len(diagram.crossings()) <= MOST_CROSSINGS.get(path.stem, len(diagram.flows()) // 6)


@pytest.mark.parametrize("path", shipped())
def test_a_shipped_diagram_is_tidy_already(path: Path) -> None:
    xml = path.read_bytes()
    assert tidied(xml) == xml, f"./bansou tidy processes/bpmn/{path.name} has not been run since the model changed"


# What a diagram looks like


def test_the_main_path_is_one_straight_line_from_left_to_right() -> None:
    diagram = drawn(STRAIGHT)
    assert [len(diagram.routes[flow]) for flow in ("s_to_a", "a_to_b", "b_to_e")] == [2, 2, 2]
    assert len({point[1] for flow in ("s_to_a", "a_to_b", "b_to_e") for point in diagram.routes[flow]}) == 1
    assert [diagram.shapes[node].x for node in "sabe"] == sorted(diagram.shapes[node].x for node in "sabe")


def test_lanes_stand_below_each_other_in_the_order_of_the_file_inside_their_pool() -> None:
    diagram = drawn(BRANCHES)
    upper, lower, pool = diagram.shapes["lane0"], diagram.shapes["lane1"], diagram.shapes["pool"]
    assert upper.bottom == lower.y and upper.x == lower.x and upper.width == lower.width
    assert pool.holds(upper) and pool.holds(lower)


def test_a_loop_comes_back_above_its_lane_from_the_right() -> None:
    diagram = drawn(LOOP)
    loop = next(route for id_, route in diagram.routes.items() if id_.startswith("g_to_a"))
    assert min(y for _, y in loop) < diagram.shapes["a"].y
    assert loop[-1][1] == diagram.shapes["a"].y and loop[-2][1] < loop[-1][1]


def test_branches_fan_out_downwards_in_the_order_of_the_flows() -> None:
    diagram = drawn(BRANCHES)
    heights = [diagram.shapes[node].y + diagram.shapes[node].height / 2 for node in "abd"]
    assert heights == sorted(set(heights))
    assert len({diagram.shapes[node].x for node in "ab"}) <= 2
    assert not diagram.crossings()


def test_an_early_end_stands_under_its_gateway() -> None:
    diagram = drawn(
        sketch(
            {"窓口": ["start s", "xor g よいか", "task a 進める", "end e おわり", "end stop やめた"]},
            ["s g", "g a はい", "g stop いいえ", "a e"],
        )
    )
    gateway, stop = diagram.shapes["g"], diagram.shapes["stop"]
    assert stop.x + stop.width / 2 == gateway.x + gateway.width / 2
    assert stop.y > gateway.bottom


def test_a_boundary_event_sits_at_the_lower_right_of_its_task_and_its_flow_goes_down() -> None:
    diagram = drawn(
        sketch(
            {"窓口": ["start s", "task a 待つ", "boundary late@a 返事がない", "task b たずねる", "end e"]},
            ["s a", "a e", "late b", "b e"],
        )
    )
    task, event, route = diagram.shapes["a"], diagram.shapes["late"], diagram.routes["late_to_b"]
    assert event.y + event.height / 2 == task.bottom
    assert task.x + task.width / 2 < event.x + event.width / 2 < task.right
    assert route[0][1] == event.bottom and route[1][1] > route[0][1]


def test_a_sub_process_is_laid_out_inside_and_named_on_top() -> None:
    diagram = drawn(
        sketch(
            {"窓口": ["start s", "sub p まとめる", "end e"]},
            ["s p", "p e"],
            {"p": (["start ps", "task pa 聞く", "boundary late@pa 答えがない", "task pb 電話する", "end pe"], ["ps pa", "pa pe", "late pb", "pb pe"])},
        )
    )
    outer = diagram.shapes["p"]
    assert all(outer.holds(diagram.shapes[node]) for node in ("ps", "pa", "late", "pb", "pe"))
    assert min(diagram.shapes[node].y for node in ("ps", "pa", "pb", "pe")) >= outer.y + 25


def test_a_side_way_that_leads_back_begins_near_its_first_gateway_however_often_it_is_reached() -> None:
    gateways = ["g1", "g2", "g3", "g4", "g5"]
    desk = ["start s", *(node for gateway in gateways for node in (f"xor {gateway} よいか", f"task {gateway}t 進める")), "end e"]
    flows = ["s g1", *(f"{gateway} {gateway}t はい" for gateway in gateways), *(f"{gateway} side いいえ" for gateway in gateways)]
    flows += [f"{before}t {after}" for before, after in zip(gateways, [*gateways[1:], "e"], strict=True)]
    other = ["task side ほかへ移す", "xor j 移したか", "end moved 移した"]
    diagram = drawn(sketch({"窓口": desk, "係": other}, [*flows, "side j", "j moved はい", "j g1 戻された"]))
    assert diagram.shapes["g1"].x < diagram.shapes["side"].x < diagram.shapes["g2"].x


def test_a_detour_stands_between_the_gateway_and_the_step_it_leads_to_though_a_later_gateway_leads_back_to_it() -> None:
    flows = ["s g", "g a 適切", "g d 直す", "d a", "a h", "h d 差戻し", "h e 決定"]
    diagram = drawn(sketch({"窓口": ["start s", "xor g 結論は", "task a 起案する", "task d 直す", "xor h 決定したか", "end e"]}, flows))
    assert diagram.shapes["g"].right < diagram.shapes["d"].x
    assert diagram.shapes["d"].right < diagram.shapes["a"].x


def test_flows_of_one_gateway_leave_it_together_and_part_later() -> None:
    diagram = drawn(BRANCHES)
    down = [route for id_, route in diagram.routes.items() if id_.startswith(("g_to_b", "g_to_d"))]
    assert down[0][0] == down[1][0]


def test_two_flows_between_the_same_nodes_run_apart() -> None:
    diagram = drawn(sketch({"窓口": ["start s", "xor g どちらか", "task a 進める"]}, ["s g", "g a はい", "g a いいえ"]))
    first, second = (set(diagram.segments(id_)) for id_ in diagram.routes if id_.startswith("g_to_a"))
    assert not first & second
    assert not list(diagram.names_on_names())


def test_a_flow_from_a_node_to_itself_runs_around_it() -> None:
    diagram = drawn(sketch({"窓口": ["start s", "task a くり返す", "end e"]}, ["s a", "a a もう一度", "a e"]))
    loop = next(route for id_, route in diagram.routes.items() if id_.startswith("a_to_a"))
    assert len(loop) >= 4
    assert not list(diagram.flows_through_nodes()) and not list(diagram.loose_flows())


def test_flows_that_change_places_between_two_columns_cross_once_and_do_not_lie_on_each_other() -> None:
    lanes = {"上": ["start s", "and f", "task a 一", "task b 二"], "下": ["task c 三", "task d 四"]}
    diagram = drawn(sketch(lanes, ["s f", "f a", "f c", "a d", "c b"]))
    assert not list(diagram.flows_on_flows())
    assert len(diagram.crossings()) == 1


def test_several_boundary_events_of_a_task_keep_room_for_their_names() -> None:
    nodes = ["start s", "task a 待つ", *(f"boundary late{number}@a 期限までに返事がない" for number in range(3)), "end e"]
    diagram = drawn(sketch({"窓口": [*nodes, "task b たずねる"]}, ["s a", "a e", *(f"late{number} b" for number in range(3)), "b e"]))
    task = diagram.shapes["a"]
    assert all(task.x < diagram.shapes[f"late{number}"].x and diagram.shapes[f"late{number}"].right <= task.right for number in range(3))
    assert not list(diagram.overlapping_nodes())
    assert not list(diagram.names_on_names()) and not list(diagram.names_on_flows())


def test_a_lane_without_nodes_is_drawn_too() -> None:
    diagram = drawn(sketch({"窓口": ["start s"], "だれもいない": [], "係": ["end e"]}, ["s e"]))
    assert diagram.shapes["lane0"].bottom == diagram.shapes["lane1"].y
    assert diagram.shapes["lane1"].bottom == diagram.shapes["lane2"].y


def test_a_node_that_no_lane_names_stands_in_the_lane_it_is_reached_from() -> None:
    forgotten = BRANCHES.replace(b"<bpmn:flowNodeRef>c</bpmn:flowNodeRef>", b"")
    diagram = drawn(forgotten)
    assert diagram.shapes["lane0"].holds(diagram.shapes["c"])


def test_an_empty_process_is_drawn_as_its_empty_lanes() -> None:
    diagram = drawn(sketch({"窓口": []}, []))
    assert set(diagram.shapes) == {"pool", "lane0"}
    assert diagram.shapes["pool"].holds(diagram.shapes["lane0"])


def test_steps_that_only_go_round_in_a_circle_are_drawn_too() -> None:
    diagram = drawn(sketch({"窓口": ["task a 一", "task b 二", "task c 三"]}, ["a b", "b c", "c a"]))
    assert diagram.shapes["a"].x < diagram.shapes["b"].x < diagram.shapes["c"].x
    assert not list(diagram.flows_through_nodes())


def test_a_task_is_wide_and_high_enough_for_its_name_at_the_size_on_screen() -> None:
    for name in ("決める", "支援会議の手続へ引き継ぐ", "支援会議の手続へ引き継ぎ、今のプランを続ける"):
        task = drawn(sketch({"窓口": ["start s", f"task a {name}"]}, ["s a"])).shapes["a"]
        lines = -(-len(name) * 15 // (task.width - 14 - 15))
        assert lines <= 3 and lines * 18 <= task.height


def test_a_lane_is_as_high_as_its_name_is_long() -> None:
    diagram = drawn(sketch({"断らない相談マネージャー": ["start s"], "係": ["end e"]}, ["s e"]))
    assert diagram.shapes["lane0"].height >= 12 * 15


def test_a_note_stands_above_the_pool_where_its_node_begins() -> None:
    note = (
        '<bpmn:textAnnotation id="note"><bpmn:text>② プランと決定</bpmn:text></bpmn:textAnnotation><bpmn:association id="tie" sourceRef="b" targetRef="note" />'
    )
    diagram = drawn(sketch({"窓口": ["start s", "task a 一", "task b 二", "end e"]}, ["s a", "a b", "b e"], more=note))
    assert diagram.shapes["note"].bottom < diagram.shapes["pool"].y
    assert diagram.shapes["note"].x == diagram.shapes["b"].x
    assert diagram.routes["tie"][0][1] == diagram.shapes["note"].bottom


def test_a_process_without_pool_and_lanes_is_drawn_by_its_nodes_alone() -> None:
    xml = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="u"><process id="p">
<startEvent id="s"/><task id="a" name="x"/><sequenceFlow id="f" sourceRef="s" targetRef="a"/></process></definitions>"""
    diagram = drawn(xml)
    assert set(diagram.shapes) == {"s", "a"}
    assert len(diagram.routes["f"]) == 2


def test_several_pools_stand_below_each_other_and_messages_run_between_them() -> None:
    xml = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="u"><collaboration id="c">
<participant id="city" name="市" processRef="a"/><participant id="person" name="本人"/><participant id="centre" processRef="b"/>
<messageFlow id="m1" name="相談" sourceRef="person" targetRef="s"/><messageFlow id="m2" sourceRef="t" targetRef="v"/></collaboration>
<process id="a"><startEvent id="s"/><task id="t"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/></process>
<process id="b"><startEvent id="u"/><task id="v"/><sequenceFlow id="g" sourceRef="u" targetRef="v"/></process></definitions>"""
    diagram = drawn(xml.encode())
    city, person, centre = (diagram.shapes[pool] for pool in ("city", "person", "centre"))
    assert city.bottom < person.y and person.bottom < centre.y
    assert city.holds(diagram.shapes["t"]) and centre.holds(diagram.shapes["v"])
    assert diagram.routes["m1"][0][1] == person.y
    assert centre.holds(diagram.shapes["u"]) and diagram.routes["m2"][-1][1] == diagram.shapes["v"].y


def test_lanes_within_a_lane_are_held_by_it() -> None:
    xml = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="u"><collaboration id="c">
<participant id="pool" processRef="p"/></collaboration><process id="p"><laneSet id="ls"><lane id="outer"><childLaneSet id="cs">
<lane id="one"><flowNodeRef>s</flowNodeRef></lane><lane id="two"><flowNodeRef>e</flowNodeRef></lane></childLaneSet></lane>
<lane id="other"/></laneSet><startEvent id="s"/><endEvent id="e"/><sequenceFlow id="f" sourceRef="s" targetRef="e"/></process></definitions>"""
    shapes = drawn(xml).shapes
    assert shapes["outer"].holds(shapes["one"]) and shapes["outer"].holds(shapes["two"])
    assert shapes["one"].holds(shapes["s"]) and shapes["two"].holds(shapes["e"])
    assert shapes["outer"].bottom == shapes["other"].y


# What stays as it is


@pytest.mark.parametrize("xml", [STRAIGHT, LOOP, BRANCHES])
def test_the_same_model_always_gets_the_same_bytes(xml: bytes) -> None:
    assert tidy(xml) == tidy(xml)


@pytest.mark.parametrize("path", shipped())
def test_a_second_run_changes_nothing(path: Path) -> None:
    once = tidied(path.read_bytes())
    assert tidied(once) == once


@pytest.mark.parametrize("path", shipped())
def test_the_process_means_the_same_afterwards(path: Path) -> None:
    xml = path.read_bytes()
    assert without_diagram(tidied(xml)) == without_diagram(xml)


def test_every_byte_outside_the_diagram_stays() -> None:
    strange = BRANCHES.replace(b"<bpmn:process", b"<!-- \xe5\xb1\xa5\xe6\xad\xb4 --><?remember this?>\n\t<bpmn:process  isExecutable = 'true' ")
    before, after = tidy(strange).split(b"<bpmndi:BPMNDiagram")[0], tidy(strange).split(b"</bpmndi:BPMNDiagram>")[1]
    assert strange.startswith(before.rstrip()) and strange.endswith(after.lstrip())


def test_a_former_diagram_is_replaced_where_it_stood_whatever_follows_it() -> None:
    after = tidy(STRAIGHT)
    followed = after.replace(b"</bpmn:definitions>", b"  <!-- last word -->\n</bpmn:definitions>")
    moved = re.sub(rb'x="(\d+)"', b'x="7"', followed)
    assert moved != followed
    assert tidy(moved) == followed


def test_the_prefixes_of_the_file_are_used() -> None:
    declared = STRAIGHT.replace(
        b"<bpmn:definitions ",
        b'<bpmn:definitions xmlns:pic="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:omgdc="http://www.omg.org/spec/DD/20100524/DC" ',
    )
    after = tidy(declared)
    assert b"<pic:BPMNShape" in after and b"<omgdc:Bounds" in after and b"bpmndi" not in after
    assert set(DrawnDiagram(after).shapes) == set(drawn(STRAIGHT).shapes)


def test_colours_that_a_person_gave_stay() -> None:
    coloured = tidy(STRAIGHT).replace(b'bpmnElement="a"', b'bpmnElement="a" xmlns:bioc="http://bpmn.io/schema/bpmn/biocolor/1.0" bioc:fill="#FFE0B2"')
    after = tidy(coloured)
    assert b'bpmnElement="a" bioc:fill="#FFE0B2">' in after
    assert tidy(after) == after


def test_line_ends_are_those_of_the_file() -> None:
    after = tidy(STRAIGHT.replace(b"\n", b"\r\n"))
    assert b"\n" not in after.replace(b"\r\n", b"")


def test_ids_of_shapes_differ_from_all_ids_of_the_model() -> None:
    after = tidy(sketch({"窓口": ["start a", "task a_di 書く"]}, ["a a_di"]))
    ids = re.findall(rb' id="([^"]*)"', after)
    assert len(ids) == len(set(ids))


# What cannot be laid out


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        (b"", "XMLとして読めません"),
        (b"<definitions>", "XMLとして読めません"),
        (b"<definitions/>", "definitions ではありません"),
        (b'<!DOCTYPE d [<!ENTITY e "x">]>' + STRAIGHT.split(b"?>", 1)[1].strip(), "DOCTYPE"),
        (b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>', "業務の流れ(process)がありません"),
        (STRAIGHT.replace(b'targetRef="b"', b'targetRef="nobody"'), "「nobody」"),
        (STRAIGHT.replace(b'<bpmn:userTask id="b"', b'<bpmn:userTask id="a"'), "id「a」が2つ"),
        (STRAIGHT.replace(b'id="a_to_b" ', b""), "id がありません"),
        (sketch({"窓口": ["start s", "boundary late@nobody"]}, []), "付き先"),
        (STRAIGHT.replace(b"</bpmn:process>", b'<bpmn:dataObjectReference id="d" /></bpmn:process>'), "dataObjectReference"),
        (STRAIGHT.replace(b'processRef="process"', b'processRef="another"'), "どのプール"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_laid_out_is_refused_with_the_place_and_the_remedy(xml: bytes, words: str) -> None:
    with pytest.raises(LayoutError, match=re.escape(words)) as refusal:
        tidy(xml)
    assert str(refusal.value).endswith("ください。")
