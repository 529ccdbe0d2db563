"""What SpiffWorkflow 3.2.0 does by itself with plain diagrams, beside what our kernel does with the same ones.

When one of these stock results changes after an upgrade, our way around it may have become needless: read docs/why/marking.md.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from bpmn import CITY, Drawing, inside, loop, process
from lxml import etree
from playing import Play
from SpiffWorkflow.bpmn.exceptions import WorkflowDataException
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.specs.event_definitions import SignalEventDefinition
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from engine.kernel.commands import Complete
from engine.kernel.reading import read

ROLES = [{"org": "a"}, {"org": "b"}]


class Stock:
    """The library as it comes: its parser, its specs, its workflow; only the expressions are given in its own language."""

    def __init__(self, drawing: Drawing, **data: Any) -> None:
        parser = BpmnParser()
        parser.add_bpmn_xml(etree.fromstring(_in_python(drawing.xml().decode()).encode()))
        specs = parser.get_subprocess_specs(drawing.id)
        self.workflow = BpmnWorkflow(parser.get_spec(drawing.id), specs, script_engine=PythonScriptEngine())
        self.workflow.data.update(data)
        for task in self.workflow.get_tasks(state=TaskState.READY):
            task.data.update(data)
        self.workflow.do_engine_steps()

    @property
    def open(self) -> list[str]:
        return sorted(task.task_spec.bpmn_id or task.task_spec.name for task in self._manual())

    def completes(self, element: str, **data: Any) -> Stock:
        task = next(each for each in self._manual() if element in (each.task_spec.bpmn_id, each.task_spec.name))
        task.data.update(data)
        task.run()
        self.workflow.do_engine_steps()
        return self

    def hears(self, signal: str) -> Stock:
        self.workflow.catch(BpmnEvent(SignalEventDefinition(signal), {}))
        self.workflow.do_engine_steps()
        return self

    def _manual(self) -> list[Any]:
        return [each for each in self.workflow.get_tasks(state=TaskState.READY) if each.task_spec.manual]


def _in_python(xml: str) -> str:
    """The same diagram with its condition and collection as the library reads them."""
    ours = r'camunda:collection="=F1.roles" camunda:elementVariable="role">'
    theirs = '><bpmn:loopDataInputRef>roles</bpmn:loopDataInputRef><bpmn:inputDataItem id="role_1" name="role"/>'
    quoted = re.sub("<bpmn:timeDuration>([^<]+)<", r'<bpmn:timeDuration>"\1"<', xml)
    return re.sub(ours, theirs, quoted.replace('F1.choice = "later"', 'choice == "later"'))


class Written(Drawing):
    """A drawing whose file was changed by hand: pairs of what stood there and what stands there now."""

    def __init__(self, drawing: Drawing, *changes: tuple[str, str]) -> None:
        super().__init__(drawing.id)
        self._file = drawing.xml().decode()
        for old, new in changes:
            assert self._file.count(old) == 1, old
            self._file = self._file.replace(old, new)

    def xml(self) -> bytes:
        return self._file.encode()


def work(drawing: Drawing, id: str) -> Drawing:
    return drawing.user(id, id, form="F1#ask", groups="kakari")


def again(drawing: Drawing) -> Drawing:
    """Goes back to ``again`` as long as the last answer says so."""
    work(drawing, "check").xor("q").when("again", 'F1.choice = "later"').otherwise("done")
    return drawing.end("done")


# -- a join reached again in a loop ------------------------------------------------------------------------------------
def joined() -> Drawing:
    drawing = process("p").start().xor("again").parallel("fork").to("b")
    work(drawing, "a").parallel("join").apart()
    work(drawing, "b").to("join")
    return again(drawing.at("join"))


def test_stock_lets_one_token_through_a_join_that_is_reached_again() -> None:
    stock = Stock(joined()).completes("a").completes("b").completes("check", choice="later")
    assert stock.open == ["a", "b"]
    assert stock.completes("b").open == ["a", "check"], "the join went on although a is still open"


def test_ours_waits_for_both_branches_each_time() -> None:
    play = Play(joined()).start()
    for one, other in ("ab", "ba", "ab", "ba"):
        assert play.completes(one).open == [other]
        assert play.completes(other).open == ["check"]
        play.completes("check", choice="later")


# -- multi-instance entered again --------------------------------------------------------------------------------------
def asked_again() -> Drawing:
    drawing = process("p").start().xor("again").user("ask", "ask", form="F1#ask", groups="kakari", loop=loop("=F1.roles", "role"))
    return again(drawing)


def test_stock_refuses_its_own_old_item_when_multi_instance_is_entered_again() -> None:
    stock = Stock(asked_again(), roles=ROLES).completes("ask").completes("ask")
    assert stock.open == ["check"]
    with pytest.raises(WorkflowDataException, match="already exists"):
        stock.completes("check", choice="later")


def test_ours_enters_multi_instance_as_often_as_the_token_comes() -> None:
    play = Play(asked_again())
    play.latest["F1"] = {"roles": ROLES}
    play.start()
    for _ in range(3):
        assert play.open == ["ask", "ask"]
        for round in [token.id for token in play.state.tokens if token.index is not None]:
            play.does(Complete(round))
        play.completes("check", choice="later", roles=ROLES)
    assert play.open == ["ask", "ask"]


# -- sequential multi-instance of a sub-process ------------------------------------------------------------------------
def in_turn() -> Drawing:
    body = work(inside("turn").start("t_begin"), "look").end("t_end")
    return work(process("p").start().sub(body, loop=loop("=F1.roles", "role", sequential=True)), "after").end()


def test_stock_fails_at_the_second_turn_of_a_sub_process() -> None:
    stock = Stock(in_turn(), roles=ROLES)
    assert stock.open == ["look"]
    with pytest.raises(WorkflowDataException, match="already exists"):
        stock.completes("look")


def test_ours_takes_one_turn_after_another() -> None:
    play = Play(in_turn())
    play.latest["F1"] = {"roles": ROLES}
    play.start()
    for _ in ROLES:
        assert play.open == ["look"]
        play.completes("look", roles=ROLES)
    assert play.open == ["after"]


# -- depth 1000 --------------------------------------------------------------------------------------------------------
def rounds() -> Drawing:
    return again(process("p").start().xor("again"))


def test_stock_loses_its_open_task_when_the_tree_is_deeper_than_a_thousand() -> None:
    stock = Stock(rounds())
    left = 600
    while left and stock.open == ["check"]:
        stock.completes("check", choice="later")
        left -= 1
    assert left and stock.open == [], "the open task is gone"


def test_ours_has_no_depth() -> None:
    play = Play(rounds()).start()
    for _ in range(600):
        play.completes("check", choice="later")
    assert play.open == ["check"] and len(play.state.tokens) == 1
    assert play.completes("check", choice="no").ended


# -- a signal thrown at an end -----------------------------------------------------------------------------------------
def called_out() -> Drawing:
    drawing = process("p").start().parallel("fork").to("hear")
    work(drawing, "ask").end("cry", signal="ready")
    return work(drawing.apart().catch("hear", signal="ready"), "after").end("end_b")


def test_stock_does_not_throw_the_signal_of_an_end_event() -> None:
    assert Stock(called_out()).completes("ask").open == []


def test_ours_throws_it_to_whoever_waits() -> None:
    assert Play(called_out()).start().completes("ask").open == ["after"]


# -- a signal that interrupts nothing ----------------------------------------------------------------------------------
def told() -> Drawing:
    drawing = work(process("p").start(), "ask").end().boundary("told", "ask", signal="lost", interrupting=False)
    return work(drawing, "note").end("noted")


def test_stock_hears_a_signal_beside_a_task_only_once() -> None:
    assert Stock(told()).hears("lost").hears("lost").open == ["ask", "note"]


def test_ours_hears_it_as_often_as_it_comes() -> None:
    assert Play(told()).start().hears("lost").hears("lost").open == ["ask", "note", "note"]


# -- errors ------------------------------------------------------------------------------------------------------------
def refusing() -> Drawing:
    """A body with two tasks side by side, one of which leads to an error."""
    body = inside("body").start("b_begin").parallel("b_fork").to("beside")
    work(body, "try").end("refused", error="refused")
    return work(body.apart(), "beside").end("b_end")


def mended() -> Drawing:
    handler = work(inside("handler").start("h_begin", error="refused"), "mend").end("h_end")
    return work(process("p").start().sub(refusing()), "after").end().by_event(handler)


def test_stock_lets_the_work_go_on_that_an_error_has_ended() -> None:
    assert Stock(mended()).completes("try").open == ["beside", "mend"]


def test_ours_puts_the_event_sub_process_in_place_of_all_else() -> None:
    assert Play(mended()).start().completes("try").open == ["mend"]


def uncaught() -> Drawing:
    return work(process("p").start(), "ask").end("bad", error="refused")


def test_stock_completes_a_process_whose_error_nobody_caught() -> None:
    stock = Stock(uncaught()).completes("ask")
    assert stock.open == [] and stock.workflow.completed


def test_ours_stops_there_and_says_so() -> None:
    play = Play(uncaught()).start().completes("ask")
    assert play.state.status == "incident" and play.standing == ["bad"]


# -- links -------------------------------------------------------------------------------------------------------------
def linked() -> Drawing:
    drawing = work(process("p").start(), "ask").throws("from", link="on").apart()
    return work(drawing.catch("to", link="on"), "after").end()


def test_stock_stands_still_at_a_link() -> None:
    stock = Stock(linked()).completes("ask")
    assert stock.open == [] and not stock.workflow.completed


def test_ours_goes_on_where_the_link_leads() -> None:
    assert Play(linked()).start().completes("ask").open == ["after"]


# -- inclusive joins, one inside the other -----------------------------------------------------------------------------
LATER = 'F1.choice = "later"'


def nested() -> Drawing:
    drawing = process("p").start().xor("again").inclusive("outer").when("inner", LATER).when("c", LATER).otherwise("none")
    drawing.apart().inclusive("inner").when("a", LATER).when("b", LATER).otherwise("none_inner")
    for task, join in (("a", "inner_join"), ("b", "inner_join"), ("c", "outer_join")):
        work(drawing.apart(), task).to(join)
    drawing.apart().milestone("none_inner").to("inner_join").apart().milestone("none").to("outer_join")
    return again(drawing.apart().inclusive("inner_join").inclusive("outer_join"))


@pytest.mark.parametrize(("order", "early"), [("abc", "b"), ("acb", "a"), ("cab", "c")])
def test_stock_lets_nested_inclusive_joins_go_on_too_early_when_they_are_reached_again(order: str, early: str) -> None:
    stock = Stock(nested(), choice="later")
    for task in order:
        assert "check" not in stock.open
        stock.completes(task, choice="later")
    stock.completes("check", choice="later")
    for task in order[: order.index(early) + 1]:
        stock.completes(task, choice="later")
    assert "check" in stock.open and len(stock.open) > 1, "the joins went on although tasks are still open"


@pytest.mark.parametrize("order", ["abc", "acb", "cab"])
def test_ours_waits_in_nested_inclusive_joins_for_all_that_can_still_come(order: str) -> None:
    play = Play(nested())
    play.latest["F1"] = {"choice": "later"}
    play.start()
    for _ in range(3):
        for task in order:
            assert "check" not in play.open
            play.completes(task, choice="later")
        assert play.open == ["check"]
        play.completes("check", choice="later")


# -- what a parallel gateway costs -------------------------------------------------------------------------------------
def diamonds(count: int) -> Drawing:
    """So many parallel splits and joins in a row; all but the first lie ahead."""
    drawing = work(process("p").start(), "ask")
    for n in range(count):
        drawing.parallel(f"fork_{n}").to(f"b_{n}")
        work(drawing, f"a_{n}").to(f"join_{n}")
        work(drawing.apart(), f"b_{n}").parallel(f"join_{n}")
    return drawing.end()


def test_stock_draws_out_the_future_twice_as_large_with_each_split() -> None:
    few, more = (len(Stock(diamonds(count)).completes("ask").workflow.get_tasks()) for count in (6, 9))
    assert more > 6 * few


def test_ours_keeps_what_stands_and_nothing_of_the_future() -> None:
    few, more = (Play(diamonds(count)).start().completes("ask") for count in (6, 9))
    assert few.open == more.open == ["a_0", "b_0"] and len(few.state.tokens) == len(more.state.tokens) == 2


# -- two timers after one event gateway --------------------------------------------------------------------------------
def either() -> Drawing:
    """The timer that is drawn first is due in a month, the other at once."""
    drawing = work(process("p").start(), "ask").race("wait").catch("later", timer="P30D")
    work(drawing, "b").end("end_b")
    return work(drawing.at("wait").catch("soon", timer="PT0S"), "a").end("end_a")


def test_stock_gives_two_timers_after_one_gateway_the_moment_of_the_first() -> None:
    stock = Stock(either()).completes("ask")
    stock.workflow.refresh_waiting_tasks()
    stock.workflow.do_engine_steps()
    assert stock.open == []


def test_ours_gives_each_its_own() -> None:
    assert Play(either()).start().completes("ask").becomes("2026-06-01").open == ["a"]


# -- what is left out in silence ---------------------------------------------------------------------------------------
def conditional() -> Drawing:
    return work(work(process("p").start(), "ask").when("b", LATER).apart(), "b").end()


def test_stock_takes_the_only_flow_of_a_task_although_its_condition_is_false() -> None:
    assert Stock(conditional()).completes("ask", choice="no").open == ["b"]


def test_ours_refuses_such_a_condition_at_its_place() -> None:
    found = read(conditional().files(), CITY)
    assert found.model is None and [each.element for each in found.problems if each.kind == "refused"] == ["f_ask_b"]


def referring() -> Drawing:
    """An end event whose definition stands beside the process."""
    own, beside = '<bpmn:signalEventDefinition signalRef="sig_ready"/></bpmn:endEvent>', '<bpmn:signalEventDefinition id="cried" signalRef="sig_ready"/>'
    return Written(
        called_out(), (own, "<bpmn:eventDefinitionRef>cried</bpmn:eventDefinitionRef></bpmn:endEvent>"), ("<bpmn:process ", f"{beside}<bpmn:process "),
    )  # fmt: skip


def test_stock_throws_nothing_where_the_definition_stands_beside_the_process() -> None:
    assert Stock(referring()).completes("ask").open == []


def test_ours_reads_the_definition_wherever_it_stands() -> None:
    assert Play(referring()).start().completes("ask").open == ["after"]


def heard_inside() -> Drawing:
    handler = work(inside("handler").start("h_begin", signal="lost"), "other").end("h_end")
    body = work(inside("body").start("b_begin"), "do").end("b_end").by_event(handler)
    return work(process("p").start().sub(body), "after").end()


def test_stock_hears_nothing_in_an_event_sub_process_inside_of_another() -> None:
    assert Stock(heard_inside()).hears("lost").open == ["do"]


def test_ours_hears_it_there() -> None:
    assert Play(heard_inside()).start().hears("lost").open == ["other"]


def nameless() -> Drawing:
    return Written(work(work(process("p").start(), "one"), "two").end(), ('<bpmn:sequenceFlow id="f_one_two" ', "<bpmn:sequenceFlow "))


def test_stock_forgets_all_that_follows_a_flow_without_an_id() -> None:
    assert Stock(nameless()).completes("one").open == []


def test_ours_goes_on_along_it() -> None:
    assert Play(nameless()).start().completes("one").open == ["two"]


def ended_by_name() -> Drawing:
    drawing = work(process("p").start().parallel("fork").to("b"), "a").end("End")
    return work(drawing.apart(), "b").end("done")


def test_stock_is_complete_at_an_event_that_is_called_end_although_work_is_open() -> None:
    stock = Stock(ended_by_name()).completes("a")
    assert stock.open == ["b"] and stock.workflow.completed


def test_ours_takes_it_for_a_name_like_any_other() -> None:
    play = Play(ended_by_name()).start().completes("a")
    assert play.open == ["b"] and not play.ended and play.completes("b").ended


# -- the order of a gateway --------------------------------------------------------------------------------------------
def overlapping(heights: dict[str, int]) -> Drawing:
    """A gateway of which two conditions are true; ``heights`` is where the tasks behind it are drawn."""
    drawing = work(process("p").start(), "ask").xor("q").when("a", LATER).when("b", LATER).otherwise("c")
    for task in "abc":
        work(drawing.apart(), task).end(f"end_{task}")
    shapes = "".join(
        f'<di:BPMNShape id="shape_{task}" bpmnElement="{task}"><dc:Bounds x="100" y="{y}" width="10" height="10"/></di:BPMNShape>'
        for task, y in heights.items()
    )
    names = 'xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"'
    plane = f'<di:BPMNDiagram {names} id="drawn"><di:BPMNPlane id="plane" bpmnElement="p">{shapes}</di:BPMNPlane></di:BPMNDiagram>'
    return Written(drawing, ("</bpmn:definitions>", plane + "</bpmn:definitions>"))


def test_stock_tries_the_conditions_of_a_gateway_from_the_top_of_the_picture() -> None:
    assert Stock(overlapping({"a": 300, "b": 100, "c": 200})).completes("ask", choice="later").open == ["b"]


@pytest.mark.parametrize("heights", [{"a": 300, "b": 100, "c": 200}, {"a": 100, "b": 200, "c": 300}])
def test_ours_tries_them_in_the_order_of_the_file_wherever_they_are_drawn(heights: dict[str, int]) -> None:
    assert Play(overlapping(heights)).start().completes("ask", choice="later").open == ["a"]


# -- conditions as events ----------------------------------------------------------------------------------------------
def moved_by_condition() -> Drawing:
    drawing = work(process("p").start().parallel("fork").to("ask"), "other").end("e1").apart()
    drawing = work(drawing, "ask").end("e2").boundary("seen", "ask", condition=LATER)
    return work(drawing, "moved").end("e3")


def raced_by_condition() -> Drawing:
    drawing = work(process("p").start(), "ask").race("wait").catch("seen", condition=LATER)
    work(drawing, "a").end("end_a")
    return work(drawing.at("wait").catch("heard", signal="lost"), "b").end("end_b")


def test_stock_sees_no_condition_on_the_answers_of_a_case() -> None:
    on_boundary = Stock(moved_by_condition(), choice="no").completes("other", choice="later")
    after_gateway = Stock(raced_by_condition()).completes("ask", choice="later")
    for stock in (on_boundary, after_gateway):
        stock.workflow.refresh_waiting_tasks()
        stock.workflow.do_engine_steps()
    assert on_boundary.open == ["ask"] and after_gateway.open == []


def test_ours_looks_at_conditions_after_each_answer() -> None:
    assert Play(moved_by_condition()).start().completes("other", choice="later").open == ["moved"]
    assert Play(raced_by_condition()).start().completes("ask", choice="later").open == ["a"]


# -- what interrupts ---------------------------------------------------------------------------------------------------
def in_place_of_all() -> Drawing:
    handler = work(inside("handler").start("h_begin", timer="PT0S"), "other").end("h_end")
    return work(process("p").start(), "ask").end().by_event(handler)


def test_stock_never_interrupts_by_a_timer_of_an_event_sub_process() -> None:
    stock = Stock(in_place_of_all())
    stock.workflow.refresh_waiting_tasks()
    stock.workflow.do_engine_steps()
    assert stock.open == ["ask", "other"]


def test_ours_puts_it_in_place_of_all_else() -> None:
    assert Play(in_place_of_all()).start().becomes("2026-06-01").open == ["other"]


def stopped_from_inside() -> Drawing:
    """A sub-process that throws what ends it, and then something else, which is heard outside."""
    body = work(inside("body").start("b_begin"), "do").throws("cry", signal="lost").throws("late", signal="consent_lost").end("b_end")
    drawing = work(process("p").start().parallel("fork").to("body").catch("hear", signal="consent_lost"), "told").end("end_told")
    work(drawing.apart().sub(body), "after").end()
    return work(drawing.boundary("stop", "body", signal="lost"), "stopped").end("end_stopped")


def test_stock_carries_on_inside_of_what_was_interrupted() -> None:
    assert Stock(stopped_from_inside()).completes("do").open == ["stopped", "told"]


def test_ours_ends_it_at_once() -> None:
    assert Play(stopped_from_inside()).start().completes("do").open == ["stopped"]


# -- what stock takes and does not do; ours refuses it by its name -------------------------------------------------------
def undoing() -> Drawing:
    drawing = work(process("p").start(), "ask").node("intermediateThrowEvent", "undo", content="<bpmn:compensateEventDefinition/>")
    return work(drawing, "after").end()


def waiting_for_two() -> Drawing:
    return process("p").start().user("ask", form="F1#ask", groups="kakari", attributes={"startQuantity": "2"}).end()


def behaving() -> Drawing:
    told = loop("=F1.roles", "role").replace("LoopCharacteristics ", 'LoopCharacteristics behavior="None" ', 1)
    return process("p").start().user("ask", "ask", form="F1#ask", groups="kakari", loop=told).end()


def unreachable() -> Drawing:
    return work(work(process("p").start(), "ask").end().apart(), "never").end("end_never")


def test_stock_passes_a_compensation_a_quantity_a_behaviour_and_work_that_nothing_leads_to() -> None:
    assert Stock(undoing()).completes("ask").open == ["after"]
    assert Stock(waiting_for_two()).open == ["ask"]
    assert Stock(behaving(), roles=ROLES).open == ["ask", "ask"]
    assert Stock(unreachable()).completes("ask").workflow.completed


@pytest.mark.parametrize(("drawing", "element"), [(undoing(), "undo"), (waiting_for_two(), "ask"), (behaving(), "ask"), (unreachable(), "never")])
def test_ours_publishes_none_of_them(drawing: Drawing, element: str) -> None:
    found = read(drawing.files(), CITY)
    assert found.model is None and element in {each.element for each in found.problems if each.kind in ("ask", "refused")}
