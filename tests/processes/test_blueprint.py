"""The six diagrams say what docs/blueprint/core.md says: no less and no more."""

from __future__ import annotations

import re
from pathlib import Path

PROCESSES = Path(__file__).parents[2] / "processes"
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"
NODES = [
    BPMN + kind
    for kind in (
        "startEvent", "endEvent", "userTask", "businessRuleTask", "callActivity", "subProcess", "exclusiveGateway",
        "parallelGateway", "eventBasedGateway", "intermediateThrowEvent", "intermediateCatchEvent", "boundaryEvent",
    )
]  # fmt: skip
COLUMNS = ("id", "type", "lane", "名前", "form", "group", "due", "stalled", "flows", "does")


# --- processes --------------------


def test_there_is_one_file_for_each_process_and_no_other(page, drawn):
    named = [row["process"] for row in page.with_columns("process", "名前").rows]
    assert sorted(path.stem for path in (PROCESSES / "bpmn").iterdir()) == sorted(named) == sorted(drawn)


def test_a_process_has_the_name_of_the_page_on_itself_and_on_its_pool(page, drawings):
    for row in page.with_columns("process", "名前").rows:
        drawing = drawings[row["process"]]
        (pool,) = drawing.root.iter(f"{BPMN}participant")
        assert (drawing.process.get("id"), drawing.process.get("name")) == (row["process"], row["名前"])
        assert (pool.get("processRef"), pool.get("name")) == (row["process"], row["名前"])


def test_a_process_begins_as_the_page_says(page, drawn, drawings, does):
    called = {value for _, rows in drawn.values() for row in rows for key, value in does(row) if key == "calls"}
    for row in page.with_columns("process", "名前").rows:
        (start,) = [node for node in drawings[row["process"]].rows() if re.match(r"start(:\w+)?$", node["type"])]
        if row["begins"] == "called":
            assert start["type"] == "start" and row["process"] in called
        elif row["begins"].startswith("message"):
            assert start["type"] == "start:message"
            assert dict(does(start))["message"] == row["begins"].split("`")[1]
        else:
            assert start["type"] == "start" and row["process"] not in called


def test_the_lanes_stand_in_the_order_of_the_page(drawn, drawings):
    for process, (lanes, _) in drawn.items():
        assert tuple(drawings[process].lanes) == lanes, process


def test_every_lane_does_something(drawings):
    for process, drawing in drawings.items():
        assert all(drawing.lanes.values()), process


def test_every_element_is_drawn_as_its_row_says_and_there_is_no_other(drawn, drawings):
    for process, (_, rows) in drawn.items():
        told = [{column: as_told(column, row[column]) for column in COLUMNS} for row in rows]
        assert list(drawings[process].rows()) == told, process


def as_told(column: str, cell: str) -> str:
    """A cell as a drawing tells it: what an element does is told in the order of the alphabet."""
    return "<br>".join(sorted(cell.split("<br>"))) if column == "does" else cell


def test_every_flow_says_in_its_id_from_where_to_where_it_leads(drawings):
    for process, drawing in drawings.items():
        for flow in drawing.root.iter(f"{BPMN}sequenceFlow"):
            assert flow.get("id") == f"{flow.get('sourceRef')}_to_{flow.get('targetRef')}", process


def test_every_element_names_the_flows_that_meet_it(drawings):
    for drawing in drawings.values():
        flows = list(drawing.root.iter(f"{BPMN}sequenceFlow"))
        for node in drawing.root.iter(*NODES):
            for tag, end in (("incoming", "targetRef"), ("outgoing", "sourceRef")):
                named = [each.text for each in node.iterfind(BPMN + tag)]
                assert sorted(named) == sorted(flow.get("id") for flow in flows if flow.get(end) == node.get("id"))


def test_conditions_and_defaults_stand_only_where_a_way_is_chosen(drawings):
    for process, drawing in drawings.items():
        for row in drawing.rows():
            ways = row["flows"].split("<br>")
            if row["type"].split(" ")[0] == "xor":
                assert all("「" in way for way in ways), f"{process}: {row['id']} has a way without an answer"
                assert sum("else →" in way for way in ways) == 1, f"{process}: {row['id']}"
                assert all("else →" in way or " if `" in way for way in ways), f"{process}: {row['id']}"
                assert len(ways) > 1, f"{process}: {row['id']} has nothing to choose"
            else:
                assert not re.search(r" if `|else →", row["flows"]), f"{process}: {row['id']}"


def test_the_number_of_a_setting_stands_in_no_name(drawings):
    for process, drawing in drawings.items():
        for row in drawing.rows():
            assert not re.search(r"[0-90-9]+(開庁日|日|か月)", row["名前"]), f"{process}: {row['名前']}"


# --- messages and signals --------------------


def test_messages_are_sent_received_and_optional_as_the_page_says(page, drawn, drawings):
    for row in page.with_columns("message").rows:
        message = row["message"].strip("`")
        users = {"throw": set(), "catch": set(), "start": set()}
        for process, (_, rows) in drawn.items():
            for node in rows:
                if f"`message: {message}`" in node["does"]:
                    users[node["type"].split(":")[0]].add(process)
        assert users["throw"] == set(re.findall(r"`(\w+)`", row["thrown by"])), message
        assert users["catch"] | users["start"] == set(re.findall(r"`(\w+)`", row["received by"])), message
        assert row["received by"].startswith("starts") == bool(users["start"]), message
        for drawing in drawings.values():
            for each in drawing.root.iterfind(f"{BPMN}message[@name='{message}']"):
                optional = [found.get("value") for found in each.iter(f"{CAMUNDA}property")]
                assert optional == (["true"] if row["optional"] == "yes" else []), message


def test_a_message_carries_what_the_page_says(page, drawn, does):
    for row in page.with_columns("message").rows:
        told = set(re.findall(r'`("\w+")`', row["payload"]))
        senders = [dict(does(node)) for _, rows in drawn.values() for node in rows if node["type"] == "throw:message"]
        sent = [sender for sender in senders if sender["message"] == row["message"].strip("`")]
        assert {sender["send result"] for sender in sent if "send result" in sender} == told, row["message"]


def test_no_message_or_signal_is_declared_that_the_page_does_not_know(page, drawings):
    known = {row["message"].strip("`") for row in page.with_columns("message").rows}
    known |= {row["signal"].strip("`") for row in page.with_columns("signal").rows}
    declared = {name for drawing in drawings.values() for name in drawing.names.values()}
    assert declared == known


# --- what people read --------------------


def documentation(element) -> list[str]:
    found = element.find(f"{BPMN}documentation")
    return found.text.splitlines() if found is not None else []


def test_every_task_tells_in_three_lines_what_until_when_and_whom_to_ask(drawings):
    for process, drawing in drawings.items():
        for task in drawing.root.iter(f"{BPMN}userTask"):
            lines = documentation(task)
            place = f"{process}: {task.get('name')}"
            assert len(lines) == 3 and all(line.strip() == line != "" for line in lines), place
            assert re.search(r"期限|うちに", lines[1]), place
            assert re.search(r"ため|から", lines[1]), f"{place} does not say why that day"
            assert re.search(r"迷|聞|へ", lines[2]), place


def test_every_process_tells_what_it_is_and_for_whom(drawings):
    for process, drawing in drawings.items():
        lines = documentation(drawing.process)
        assert len(lines) == 3, process
        assert lines[1].startswith("使うのは"), process


def test_instructions_use_the_words_of_the_screens(drawings):
    for process, drawing in drawings.items():
        for text in drawing.root.iter(f"{BPMN}documentation", f"{BPMN}text"):
            for word in ("案件", "作業", "営業日", "工程", "滞留", "障害"):
                assert word not in text.text, f"{process}: {word}"
            assert not re.search(r"[0-90-9]+(開庁日|日間|か月)", text.text), f"{process}: {text.text}"


def test_the_three_bands_of_multi_agency_are_marked(drawings):
    drawing = drawings["multi_agency"]
    texts = {each.get("id"): each.findtext(f"{BPMN}text") for each in drawing.root.iter(f"{BPMN}textAnnotation")}
    at = {each.get("sourceRef"): texts[each.get("targetRef")] for each in drawing.root.iter(f"{BPMN}association")}
    assert {element: text.splitlines()[0] for element, text in at.items()} == {
        "requested": "① 受け止め",
        "make_plan": "② プランと決定",
        "support": "③ 実施と終結",
    }
