"""What a diagram says is read as it is meant; what is left open is asked, with the element, the line and a way out."""

from __future__ import annotations

import pytest
from bpmn import CITY, Drawing, inside, loop, process
from readings import file_of, model, node, reading, said, stops

from engine.kernel.model import Event, Loop, walk
from engine.kernel.reading import read


def ids(*drawings: Drawing) -> list[str]:
    return [each.id for each in walk(model(*drawings).processes[drawings[0].id].nodes)]


def task(id: str = "t", **settings: str) -> Drawing:
    """start → user task → end."""
    return process("p", "手続き").start().user(id, "架空の仕事", **{"form": "F2", "groups": "kakari", **settings}).end()


class TestWhatIsRead:
    def test_a_process_with_its_name_lanes_starters_and_documentation(self) -> None:
        drawing = process("p", "架空の手続き", candidateStarterGroups="kakari, kyoku", historyTimeToLive="P5Y")
        drawing.raw("<bpmn:documentation>だれのための手続きか</bpmn:documentation>").start().manual("t").end()
        drawing.lane("係", "begin", "t").lane("課長", "done")
        found = model(drawing).processes["p"]
        assert (found.id, found.name, found.file) == ("p", "架空の手続き", "p.bpmn")
        assert found.lanes == ("係", "課長")
        assert found.documentation == "だれのための手続きか"
        assert found.starter_groups == "kakari,kyoku"
        assert found.history_time_to_live == "P5Y"

    def test_a_user_task_with_all_that_it_tells_people(self) -> None:
        drawing = task(
            form="F1#decide", groups="=lead()", assignee="=initiator", due="P3BD", follow_up="=F1.on", priority="80",
            doc="何をするか\nいつまでに", phase="case:open  coordination:asked", stalledAfter="5",
        )  # fmt: skip
        found = node(drawing, id="t")
        assert (found.type, found.name, found.form) == ("userTask", "架空の仕事", "F1#decide")
        assert (found.groups, found.assignee) == ("=lead()", "=initiator")
        assert (found.due, found.follow_up, found.priority) == ("P3BD", "=F1.on", "80")
        assert found.documentation == "何をするか\nいつまでに"
        assert found.properties == {"phase": "case:open  coordination:asked", "stalledAfter": "5"}

    def test_operaton_s_attributes_are_read_like_camunda_s(self) -> None:
        data = task().files()["p.bpmn"].replace(b"http://camunda.org", b"http://operaton.org")
        found = read({"p.bpmn": data}, CITY)
        assert found.model is not None
        assert found.model.processes["p"].nodes[1].form == "F2"

    def test_spiffworkflow_s_form_and_instructions_are_read_where_there_are_no_others(self) -> None:
        own = (
            '<extensionElements xmlns:s="http://spiffworkflow.org/bpmn/schema/1.0/core">'
            "<s:instructionsForEndUser>聞き取る</s:instructionsForEndUser><s:properties>"
            '<s:property name="formJsonSchemaFilename" value="F2.json"/></s:properties></extensionElements>'
        )
        xml = f'<userTask id="t" camunda:candidateGroups="kakari">{own}</userTask>'
        found = read(file_of(xml), CITY)
        assert found.model is not None
        task = found.model.processes["p"].nodes[1]
        assert (task.form, task.documentation) == ("F2", "聞き取る")

    def test_events_of_every_kind_that_is_run(self) -> None:
        drawing = process("p").start(message="asked", payload="question").milestone("m", "着いた", phase="case:open")
        drawing.throw("answer", "answered", payload={"result": '="accepted"', "note": "=question.note"}).race("wait")
        drawing.catch("day", timer="=F1.on").end("e1")
        drawing.at("wait").catch("reply", message="replied", payload="reply", manualStart="kakari").end("e2")
        other = (
            process("q")
            .start()
            .throw("ask", "asked", payload={"note": '="急ぎ"'})
            .catch("got", message="answered")
            .end()
        )
        whole = model(drawing, other)
        found = {each.id: each for each in walk(whole.processes["p"].nodes)}
        assert found["begin"].event == Event("message", name="asked", payload_name="question")
        assert found["m"].event == Event() and found["m"].properties["phase"] == "case:open"
        assert found["answer"].event == Event(
            "message", name="answered", payload=(("result", '"accepted"'), ("note", "question.note"))
        )
        assert found["day"].event == Event("timer", timer="date", expression="=F1.on")
        assert found["reply"].event == Event("message", name="replied", payload_name="reply")
        assert [flow.target for flow in found["wait"].outgoing] == ["day", "reply"]

    def test_boundary_events(self) -> None:
        drawing = task().boundary("late", "t", "遅い", timer="=settings.t_reply").end("e1")
        drawing.boundary("lost", "t", "失った", signal="consent_lost").end("e2")
        drawing.boundary("called", "t", "呼ばれた", message="hurry", manualStart="kakari").end("e3")
        drawing.boundary("hint", "t", "声かけ", timer="P1D", interrupting=False).end("e4")
        found = {each.id: each for each in walk(model(drawing).processes["p"].nodes)}
        assert found["late"].event == Event("timer", timer="duration", expression="=settings.t_reply")
        assert found["lost"].event == Event("signal", name="consent_lost")
        assert found["called"].event == Event("message", name="hurry")
        assert all(found[id].attached_to == "t" for id in ("late", "lost", "called", "hint"))
        assert [found[id].interrupting for id in ("late", "lost", "called", "hint")] == [True, True, True, False]

    def test_an_optional_message_is_marked_so_where_it_is_thrown(self) -> None:
        drawing = process("p").start().throw("t", "answered").end().optional("answered")
        event = node(drawing, id="t").event
        assert event is not None and event.optional

    def test_a_call_with_its_inputs(self) -> None:
        caller = process("p").start().call("c", "q", gives={"purpose": '="plan"', "day": "${F1.on}"}).end()
        called = (
            process("q")
            .start()
            .xor("g")
            .when("e1", 'purpose = "plan" and day = F1.on')
            .otherwise("e2")
            .end("e1")
            .end("e2")
        )
        found = node(caller, called, id="c")
        assert (found.type, found.called) == ("callActivity", "q")
        assert found.inputs == (("purpose", '"plan"'), ("day", "F1.on"))

    def test_a_called_process_may_be_named_with_a_prefix(self) -> None:
        called = {"q.bpmn": process("q").start().end().xml()}
        found = read({**file_of('<callActivity id="c" calledElement="own:q"/>'), **called}, CITY)
        assert found.model is not None and found.model.processes["p"].nodes[1].called == "q"

    def test_a_sub_process_repeated_over_a_list(self) -> None:
        each = inside("each", "機関ごとに").start("b").user("t", form="F2", groups="=role.org").end("d")
        drawing = (
            process("p")
            .start()
            .sub(each, loop=loop("=F1.roles[ask = true]", "role", until='=F2.answer = "refused"'))
            .end()
        )
        found = node(drawing, id="each")
        assert found.loop == Loop(False, "F1.roles[ask = true]", "role", 'F2.answer = "refused"')
        assert [inner.id for inner in found.body] == ["b", "t", "d"]
        assert [flow.target for flow in found.body[0].outgoing] == ["t"]

    def test_one_after_the_other(self) -> None:
        each = inside("each").start("b").catch("w", timer="=months(month, F1.on)").end("d")
        drawing = process("p").start().sub(each, loop=loop("=settings.months", "month", sequential=True)).end()
        assert node(drawing, id="each").loop == Loop(True, "settings.months", "month", None)

    def test_conditions_in_the_order_of_the_file(self) -> None:
        drawing = task().at("t").xor("g", "どうする")
        drawing.when("done", 'F2.answer = "accepted"', "はい").when("t", 'F2.answer = "refused"', "いいえ").otherwise(
            "done", "まだ"
        )
        found = node(drawing, id="g")
        assert [(flow.name, flow.condition) for flow in found.outgoing] == [
            ("はい", 'F2.answer = "accepted"'), ("いいえ", 'F2.answer = "refused"'), ("まだ", None),
        ]  # fmt: skip
        assert found.default == found.outgoing[2].id

    def test_a_condition_may_carry_an_equals_sign_or_braces(self) -> None:
        drawing = (
            process("p")
            .start()
            .xor("g")
            .when("done", "=F1.agreed")
            .when("x", "${F1.number > 1}")
            .otherwise("x")
            .end()
            .end("x")
        )
        assert [flow.condition for flow in node(drawing, id="g").outgoing] == ["F1.agreed", "F1.number > 1", None]

    def test_a_comment_inside_of_a_condition_cuts_nothing_off(self) -> None:
        data = process("p").start().xor("g").when("done", "F1.agreed").otherwise("done").end().xml()
        found = read({"p.bpmn": data.replace(b">F1.agreed<", b">F1.<!-- said --><![CDATA[agreed]]><")}, CITY)
        assert found.model is not None
        assert found.model.processes["p"].nodes[1].outgoing[0].condition == "F1.agreed"

    def test_drawings_notes_and_pictures_change_nothing(self) -> None:
        plain = task()
        noted = task().raw(
            '<bpmn:textAnnotation id="n"><bpmn:text>覚え書き</bpmn:text></bpmn:textAnnotation>'
            '<bpmn:association id="a" sourceRef="t" targetRef="n"/><bpmn:group id="gr"/>'
            '<bpmn:dataObject id="o"/><bpmn:dataObjectReference id="or" dataObjectRef="o"/>'
            '<bpmn:dataStoreReference id="ds"/>'
        )
        picture = b'<d:BPMNDiagram xmlns:d="http://www.omg.org/spec/BPMN/20100524/DI" id="picture"/></bpmn:definitions>'
        drawn = {"p.bpmn": noted.xml().replace(b"</bpmn:definitions>", picture)}
        found = read(drawn, CITY)
        assert found.model is not None
        names = [each.id for each in walk(found.model.processes["p"].nodes)]
        assert names == ids(plain)

    def test_the_ids_that_the_process_library_uses_itself_are_ordinary_ids_here(self) -> None:
        drawing = (
            process("p")
            .start("Start")
            .manual("StartEventSplit", groups="kakari")
            .manual("StartEventJoin", groups="kakari")
        )
        drawing.end("End")
        assert ids(drawing) == ["Start", "StartEventSplit", "StartEventJoin", "End"]
        assert not [problem for problem in reading(drawing).problems if problem.kind != "style"]


class TestLanes:
    def test_a_node_belongs_to_its_innermost_lane(self) -> None:
        lanes = (
            '<laneSet id="ls"><lane id="l1" name="課長"><flowNodeRef>t</flowNodeRef><flowNodeRef>e</flowNodeRef>'
            '<childLaneSet id="cs"><lane id="l2" name="係"><flowNodeRef>t</flowNodeRef></lane></childLaneSet>'
            "</lane></laneSet>"
        )
        ways = '<sequenceFlow id="f" sourceRef="t" targetRef="e"/>'
        found = read(file_of(f'{lanes}<manualTask id="t"/><endEvent id="e"/>{ways}'), CITY)
        assert found.model is not None
        process = found.model.processes["p"]
        assert {each.id: each.lane for each in process.nodes if "#" not in each.id} == {"t": "係", "e": "課長"}
        assert process.lanes == ("課長", "係")

    def test_what_is_inside_of_a_sub_process_belongs_to_its_lane(self) -> None:
        drawing = (
            process("p")
            .start()
            .sub(inside("s").start("b").manual("t").boundary("late", "t", timer="P1D").end("d").at("t").to("d"))
            .end()
        )
        drawing.lane("係", "begin", "s", "done")
        found = {each.id: each.lane for each in walk(model(drawing).processes["p"].nodes)}
        assert (found["t"], found["late"], found["s"]) == ("係", "係", "係")

    def test_an_event_on_a_task_belongs_to_the_task_s_lane_unless_it_is_in_one_itself(self) -> None:
        drawing = task().boundary("late", "t", timer="P1D").end("e").boundary("later", "t", timer="P2D").to("e")
        drawing.lane("課長", "t").lane("係", "later")
        assert node(drawing, id="late").lane == "課長"
        assert node(drawing, id="later").lane == "係"

    def test_pools_of_people_outside_are_only_drawn(self) -> None:
        pools = (
            '<collaboration id="c"><participant id="own" name="架空の手続き" processRef="p"/>'
            '<participant id="resident" name="市民"/>'
            '<messageFlow id="mf" sourceRef="resident" targetRef="own"/></collaboration>'
        )
        data = file_of('<manualTask id="t" camunda:candidateGroups="kakari"/>', beside=pools)
        named = {"p.bpmn": data["p.bpmn"].replace(b' name="\xe6\x89\x8b\xe7\xb6\x9a\xe3\x81\x8d"', b"")}
        found = read(named, CITY)
        assert found.model is not None
        assert found.model.processes["p"].name == "架空の手続き", "a process without a name has that of its pool"


class TestProblems:
    def test_all_problems_of_all_files_come_at_once_in_the_order_of_file_and_line(self) -> None:
        b = process("b", "手続き").start().manual("x").user("y", groups="kakari").end()
        a = process("a", "手続き").start().call("x", "c").end()
        found = stops(reading(b, a))
        assert [(each.file, each.element) for each in found] == [("a.bpmn", "x"), ("b.bpmn", "x"), ("b.bpmn", "y")]
        assert [each.line for each in found] == sorted(each.line or 0 for each in found[:1]) + [6, 7]

    def test_a_problem_is_named_as_the_author_sees_the_element(self) -> None:
        (problem,) = said(reading(process("p").start().manual("x", "調べて\n 知らせる").end()), "nobody")
        assert problem.message.startswith("「調べて 知らせる」(x): だれがするかがわかりません。")

    def test_a_file_may_lie_in_a_folder(self) -> None:
        found = read({"processes/bpmn/p.bpmn": task().xml()}, CITY)
        assert found.model is not None and found.model.processes["p"].file == "processes/bpmn/p.bpmn"

    def test_nothing_is_wrong_without_files(self) -> None:
        found = read({}, CITY)
        assert found.model is not None and not found.problems and not found.model.processes


class TestMeaningKept:
    def test_a_flow_without_an_id_gets_one_made_of_its_ends(self) -> None:
        data = file_of(
            '<startEvent id="s"/><exclusiveGateway id="g"/><endEvent id="e"/>'
            '<sequenceFlow sourceRef="s" targetRef="g"/>'
            '<sequenceFlow sourceRef="g" targetRef="e"/><sequenceFlow sourceRef="g" targetRef="e"/>'
        )
        found = read(data, CITY)
        assert [problem.message for problem in said(found, "flow-without-id")] == [
            "「sequenceFlow」: id のない流れを「s->g」として読みました。",
            "「sequenceFlow」: id のない流れを「g->e」として読みました。",
            "「sequenceFlow」: id のない流れを「g->e#2」として読みました。",
        ]
        assert {problem.element for problem in stops(found)} == {"g->e", "g->e#2"}, "two ways out need a condition"

    def test_a_process_without_start_begins_wherever_no_flow_leads(self) -> None:
        xml = (
            '<manualTask id="a" camunda:candidateGroups="kakari"/><manualTask id="b" camunda:candidateGroups="kakari"/>'
            '<endEvent id="e"/><sequenceFlow id="f" sourceRef="a" targetRef="e"/>'
            '<sequenceFlow id="g" sourceRef="b" targetRef="e"/>'
        )
        found = read(file_of(xml), CITY)
        assert found.model is not None
        start = found.model.processes["p"].nodes[0]
        assert (start.id, start.type, start.event) == ("p#start", "start", Event())
        assert [(flow.id, flow.target) for flow in start.outgoing] == [("p#start->a", "a"), ("p#start->b", "b")]

    def test_a_sub_process_may_be_drawn_without_start_and_end(self) -> None:
        body = '<subProcess id="s"><manualTask id="a" camunda:candidateGroups="kakari"/></subProcess>'
        found = read(file_of(body), CITY)
        assert found.model is not None
        inner = next(each for each in found.model.processes["p"].nodes if each.id == "s").body
        assert [each.id for each in inner] == ["s#start", "a"] and not inner[1].outgoing

    def test_the_condition_of_a_default_flow_is_left_out(self) -> None:
        drawing = process("p").start().xor("g").when("done", "F1.agreed").node("manualTask", "x", groups="kakari").end()
        data = drawing.at("g").xml().replace(b'id="g"', b'id="g" default="f_g_done"')
        found = read({"p.bpmn": data.replace(b'id="f_g_x"', b'id="f_g_x"')}, CITY)
        assert [problem.element for problem in stops(found)] == ["f_g_x"]
        assert [problem.element for problem in said(found, "default-with-condition")] == ["f_g_done"]

    @pytest.mark.parametrize(
        ("written", "read_as"),
        [
            ("PT1H", "PT1H"), ('"PT1H"', "PT1H"), ("P10BD", "P10BD"), ("P1Y2M3W4DT5H6M7S", "P1Y2M3W4DT5H6M7S"),
            ("=settings.t_reply", "=settings.t_reply"), ("${settings.t_reply}", "=settings.t_reply"),
            ("settings.t_reply", "=settings.t_reply"),
        ],
    )  # fmt: skip
    def test_periods_in_every_spelling(self, written: str, read_as: str) -> None:
        timer = f"<timerEventDefinition><timeDuration>{written}</timeDuration></timerEventDefinition>"
        found = read(file_of(f'<intermediateCatchEvent id="x">{timer}</intermediateCatchEvent>'), CITY)
        assert found.model is not None
        event = found.model.processes["p"].nodes[1].event
        assert event is not None and event.expression == read_as

    @pytest.mark.parametrize(
        "wrong", ["P", "PT", "P3", "P-3D", "-P3D", "R3/P1D", "P1.5D", "P10DB", "2026-13-01", "1月", "3日"]
    )
    def test_times_that_nobody_can_count_are_asked_about(self, wrong: str) -> None:
        timer = f"<timerEventDefinition><timeDuration>{wrong}</timeDuration></timerEventDefinition>"
        found = read(file_of(f'<intermediateCatchEvent id="x">{timer}</intermediateCatchEvent>'), CITY)
        assert {problem.rule for problem in stops(found)} <= {"unreadable-time", "bad-expression", "unknown-name"}
        assert stops(found)[0].element == "x"

    def test_a_payload_text_with_quotation_marks_stays_what_it_is(self) -> None:
        sent = {"a": '"急ぎ"', "b": '二つの"印"', "c": '="式"'}
        drawing = process("p").start().throw("x", "told", payload=sent).end().optional("told")
        event = node(drawing, id="x").event
        assert event is not None
        assert event.payload == (("a", '"急ぎ"'), ("b", r'"二つの\"印\""'), ("c", '"式"'))


class TestJoins:
    def test_branches_that_come_together_where_they_parted_are_fine(self) -> None:
        drawing = process("p").start().parallel("fork").manual("a", groups="kakari").parallel("join").end()
        drawing.at("fork").manual("b", groups="kakari").to("join")
        assert not [problem for problem in reading(drawing).problems if problem.rule.startswith("join-")]

    def test_a_branch_that_a_timer_may_leave_makes_the_join_wait(self) -> None:
        drawing = process("p").start().parallel("fork").manual("a", groups="kakari").parallel("join").end()
        drawing.at("fork").manual("b", groups="kakari").to("join").boundary("late", "b", timer="P1D").end("gone")
        assert [problem.element for problem in said(reading(drawing), "join-may-wait")] == ["join"]
        beside = process("p").start().parallel("fork").manual("a", groups="kakari").parallel("join").end()
        beside.at("fork").manual("b", groups="kakari").to("join")
        beside.boundary("late", "b", timer="P1D", interrupting=False).end("gone")
        assert not said(reading(beside), "join-may-wait"), "a hint beside the task takes nothing away"

    def test_three_tokens_that_take_turns_through_one_gateway_complete_a_join(self) -> None:
        drawing = process("p").start().parallel("fork").xor("merge").xor("part")
        drawing.at("fork").to("merge").at("fork").to("merge").at("part")
        drawing.when("join", "F1.number = 1").when("join", "F1.number = 2").otherwise("join").parallel("join").end()
        assert not said(reading(drawing), "join-never-complete")

    def test_nothing_is_said_of_ways_that_cannot_be_counted(self) -> None:
        drawing = process("p").start().xor("again").parallel("fork").to("again").parallel("join").end()
        drawing.at("fork").to("join")
        assert not [problem for problem in reading(drawing).problems if problem.rule.startswith("join-")]
