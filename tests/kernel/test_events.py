"""What happens to an instance from outside its flows: signals, errors, escalations, conditions, links, termination, in every position."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from bpmn import CITY, Drawing, inside, loop, process
from playing import Play
from readings import file_of, reading, said

from engine.kernel import events
from engine.kernel.commands import AddRound, Complete, Deliver, Look, Retry
from engine.kernel.errors import NotWaiting, OperationError
from engine.kernel.reading import read

ROLES = [{"org": "a"}, {"org": "b"}]


def work(drawing: Drawing, id: str, **settings: str) -> Drawing:
    return drawing.user(id, id, form="F1#ask", groups="kakari", **settings)


def sender(message: str = "news") -> Drawing:
    return process("sender").start("s_b").throw("s_t", message).end("s_e").optional(message)


def because(play: Play) -> set[tuple[str, str]]:
    return {(each.element, each.because) for each in play.happened(events.TaskWithdrawn)}


def held_in(kind: str, body: Drawing) -> tuple[Drawing, ...]:
    """A process p that holds a body in one of the ways that an activity can, under the id sub, and what it calls."""
    if kind == "call":
        called = process("called").start("c_b").sub(body).end("c_e")
        return process("p").start().call("sub", "called"), called
    around = {"sub": "", "rounds": loop("=F1.roles", "role"), "turns": loop("=F1.roles", "role", sequential=True)}[kind]
    return (process("p").start().sub(inside("sub").start("k_b").sub(body).end("k_e"), loop=around),)


HOLDERS = ("sub", "call", "rounds", "turns")


# -- one definition for several events ---------------------------------------------------------------------------------
def test_events_may_share_a_definition_that_stands_beside_the_process() -> None:
    shared = '<signal id="g" name="lost"/><signalEventDefinition id="d" signalRef="g"/>'
    shared += '<timerEventDefinition id="w"><timeDuration>P2D</timeDuration></timerEventDefinition>'
    xml = (
        '<startEvent id="s"/><intermediateCatchEvent id="wait"><eventDefinitionRef>w</eventDefinitionRef></intermediateCatchEvent>'
        '<manualTask id="t" camunda:candidateGroups="kakari"/><boundaryEvent id="b" attachedToRef="t"><eventDefinitionRef>d</eventDefinitionRef>'
        '</boundaryEvent><endEvent id="e"/><endEvent id="gone"><eventDefinitionRef>d</eventDefinitionRef></endEvent>'
        '<sequenceFlow id="f1" sourceRef="s" targetRef="wait"/><sequenceFlow id="f2" sourceRef="wait" targetRef="t"/>'
        '<sequenceFlow id="f3" sourceRef="t" targetRef="e"/><sequenceFlow id="f4" sourceRef="b" targetRef="gone"/>'
    )
    found = read(file_of(xml, beside=shared), CITY)
    assert found.model is not None, found.problems
    events_of = {node.id: node.event for node in found.model.processes["p"].nodes if node.event is not None}
    assert (events_of["wait"].kind, events_of["wait"].expression) == ("timer", "P2D")
    assert {(events_of[id].kind, events_of[id].name) for id in ("b", "gone")} == {("signal", "lost")}


# -- signals -----------------------------------------------------------------------------------------------------------
def test_a_signal_is_heard_by_everybody_who_waits_for_it_and_by_nobody_who_comes_later() -> None:
    drawing = process("p").start().parallel("fork").to("b").to("c")
    work(drawing.catch("a", signal="lost"), "after_a").end("end_a")
    work(drawing.apart().catch("b", signal="lost"), "after_b").end("end_b")
    work(drawing.apart(), "c").catch("late", signal="lost").end("end_c")
    play = Play(drawing).start().hears("lost")
    assert play.open == ["after_a", "after_b", "c"]
    assert "late" in play.completes("c").standing, "the signal was not kept"
    assert not play.hears("lost").ended and play.open == ["after_a", "after_b"]


def test_a_thrown_signal_is_heard_in_its_own_instance_and_told_to_others() -> None:
    drawing = process("p").start().parallel("fork").to("hear")
    work(drawing, "say").throws("throw", signal="ready").end("end_a")
    work(drawing.apart().catch("hear", signal="ready"), "after").end("end_b")
    play = Play(drawing).start().completes("say")
    assert play.open == ["after"]
    assert [(each.element, each.name) for each in play.happened(events.SignalThrown)] == [("p:throw", "ready")]


def test_a_signal_is_not_heard_by_the_token_that_threw_it() -> None:
    drawing = work(process("p").start(), "ask").throws("say", signal="ready").catch("hear", signal="ready")
    play = Play(work(drawing, "after").end()).start().completes("ask")
    assert play.standing == ["hear"]
    assert play.hears("ready").open == ["after"]


def test_a_signal_end_event_throws_and_ends_its_way() -> None:
    drawing = process("p").start().parallel("fork").to("hear")
    work(drawing, "ask").end("cry", signal="ready")
    work(drawing.apart().catch("hear", signal="ready"), "after").end("end_b")
    play = Play(drawing).start().completes("ask")
    assert play.open == ["after"] and play.completes("after").state.ended_in == "p:end_b"


def test_a_signal_on_the_boundary_of_what_throws_it_takes_it_away() -> None:
    body = work(inside("sub").start("s_b"), "ask").throws("say", signal="stop")
    drawing = process("p").start().sub(work(body, "never").end("s_e")).end().boundary("stopped", "sub", signal="stop")
    play = Play(work(drawing, "aside").end("gone")).start().completes("ask")
    assert play.open == ["aside"]


def test_a_signal_that_interrupts_nothing_is_heard_each_time() -> None:
    drawing = work(process("p").start(), "ask").end().boundary("told", "ask", signal="lost", interrupting=False)
    play = Play(work(drawing, "note").end("noted")).start().hears("lost").hears("lost")
    assert play.open == ["ask", "note", "note"]
    play.completes("ask")
    with pytest.raises(NotWaiting):
        play.hears("lost")


def test_a_signal_that_is_told_to_two_branches_takes_the_outer_one_with_all_inside() -> None:
    body = work(inside("sub").start("s_b"), "ask").end("s_e").boundary("inner", "ask", signal="lost")
    work(body, "beside").end("s_e2")
    drawing = process("p").start().sub(body).end().boundary("outer", "sub", signal="lost")
    assert Play(work(drawing, "aside").end("gone")).start().hears("lost").open == ["aside"]


# -- messages ----------------------------------------------------------------------------------------------------------
def test_a_message_that_interrupts_nothing_is_taken_each_time_with_its_payload() -> None:
    drawing = work(process("p").start(), "ask").end().boundary("told", "ask", message="news", payload="news", interrupting=False)
    drawing.xor("q").when("yes", 'news.kind = "good"').otherwise("no")
    for id in ("yes", "no"):
        work(drawing.apart(), id).end(f"end_{id}")
    speaker = process("sender").start("s_b").throw("s_t", "news", payload={"kind": '="good"'}).end("s_e")
    play = Play(drawing, speaker).start().receives("told", "news", kind="good").receives("told", "news", kind="bad")
    assert play.open == ["ask", "no", "yes"]


def test_a_message_end_event_sends_and_ends() -> None:
    speaker = work(process("p").start(), "ask").node(
        "endEvent", "say", content='<bpmn:messageEventDefinition messageRef="msg_news"/>',
        extensions='<camunda:inputOutput><camunda:inputParameter name="who">=F1.note</camunda:inputParameter></camunda:inputOutput>',
    )  # fmt: skip
    hearer = process("hearer").start("h_b", message="news", payload="news").end("h_e")
    speaker._messages["news"] = False
    play = Play(speaker, hearer).start().completes("ask", note="架空")
    (thrown,) = play.happened(events.MessageThrown)
    assert (thrown.element, thrown.name, thrown.payload) == ("p:say", "news", {"who": "架空"})
    assert play.ended and play.state.ended_in == "p:say"


# -- event gateways ----------------------------------------------------------------------------------------------------
def raced() -> Drawing:
    drawing = process("p").start().race("race").to("two").to("sign").to("cond").to("receive")
    for id, waits in (("one", {"timer": "P5D"}), ("two", {"timer": "P2D"}), ("sign", {"signal": "lost"}), ("cond", {"condition": "F1.agreed"})):
        drawing.catch(id, **waits) if id == "one" else drawing.apart().catch(id, **waits)
        work(drawing, f"after_{id}").end(f"end_{id}")
    return work(drawing.apart().receive("receive", "news"), "after_receive").end("end_receive")


def test_whatever_happens_first_after_an_event_gateway_calls_off_all_others() -> None:
    assert Play(raced(), sender()).start().standing == ["cond", "one", "receive", "sign", "two"]
    assert Play(raced(), sender()).start().becomes("2026-06-04").standing == ["after_two"]
    assert Play(raced(), sender()).start().hears("lost").standing == ["after_sign"]
    assert Play(raced(), sender()).start().receives("receive", "news").standing == ["after_receive"]


def test_a_condition_that_is_true_already_wins_the_race_at_once() -> None:
    play = Play(raced(), sender())
    play.latest["F1"] = {"agreed": True}
    assert play.start().standing == ["after_cond"]


# -- errors ------------------------------------------------------------------------------------------------------------
def failing(*ends: str) -> Drawing:
    """A body whose one task leads to an error, beside another task that goes on."""
    body = inside("body").start("b_b").parallel("b_f").to("beside")
    work(body, "try").xor("b_q").when("refused", 'F1.choice = "no"').otherwise("fine").end("fine")
    body.end("refused", error="refused")
    return work(body.apart(), "beside").end("b_e")


@pytest.mark.parametrize("kind", HOLDERS)
def test_an_error_ends_the_activity_around_it_and_goes_on_at_its_boundary(kind: str) -> None:
    outer, *called = held_in(kind, failing())
    work(work(outer, "after").end().boundary("caught", "sub", error="refused"), "mend").end("mended")
    play = Play(outer, *called)
    play.latest["F1"] = {"roles": ROLES}
    play.start().completes("try", choice="no", roles=ROLES)
    assert play.standing == ["mend"]
    assert ("p:mend", "") not in because(play) and {each for _, each in because(play)} == {"p:caught"}


def test_an_error_is_caught_by_its_code_before_it_is_caught_as_any() -> None:
    drawing = process("p").start().sub(failing()).end().boundary("any", "body", error="")
    work(drawing, "of_any").end("end_any").boundary("other", "body", error="other")
    work(drawing, "of_other").end("end_other").boundary("named", "body", error="refused")
    assert Play(work(drawing, "of_named").end("end_named")).start().completes("try", choice="no").open == ["of_named"]


def test_an_error_that_the_nearest_does_not_catch_goes_further_out() -> None:
    inner = process("p").start().sub(inside("outer").start("o_b").sub(failing()).end("o_e").boundary("other", "body", error="other").to("o_e"))
    drawing = inner.end().boundary("caught", "outer", error="")
    assert Play(work(drawing, "mend").end("mended")).start().completes("try", choice="no").standing == ["mend"]


def test_an_error_that_nobody_catches_is_an_incident_that_names_it() -> None:
    drawing = work(process("p").start(), "ask").end("bad", error="refused")
    (problem,) = said(reading(drawing), "error-not-caught")
    assert problem.element == "bad" and "「refused」" in problem.message
    play = Play(drawing).start().completes("ask")
    (raised,) = play.happened(events.IncidentRaised)
    assert play.state.status == "incident" and raised.element == "p:bad" and "「refused」" in raised.reason
    assert play.does(Retry()).state.status == "incident", "it is still caught by nobody"


def handled(body: Drawing, **start: str) -> Drawing:
    """A process around a body, with an event sub-process that begins by this."""
    handler = work(inside("handler").start("h_b", **start), "handle").end("h_e")
    return work(process("p").start().sub(body), "after").end().by_event(handler)


def test_an_error_begins_the_event_sub_process_beside_it_in_place_of_all_else() -> None:
    play = Play(handled(failing(), error="refused")).start()
    assert play.completes("try", choice="no").standing == ["handle", "handler"]
    assert play.completes("handle").ended and play.state.ended_in == "p:h_e"


def test_an_event_sub_process_catches_before_the_boundary_around_it() -> None:
    body = failing().by_event(work(inside("inner").start("i_b", error=""), "inside").end("i_e"))
    drawing = work(process("p").start().sub(body), "after").end().boundary("caught", "body", error="").to("after")
    play = Play(drawing).start().completes("try", choice="no")
    assert play.open == ["inside"] and play.completes("inside").open == ["after"]


def test_an_error_of_an_event_sub_process_goes_out_of_its_scope() -> None:
    body = failing().by_event(work(inside("inner").start("i_b", error=""), "inside").end("again", error="worse"))
    drawing = work(process("p").start().sub(body), "after").end().boundary("caught", "body", error="worse")
    play = Play(work(drawing, "mend").end("mended")).start().completes("try", choice="no").completes("inside")
    assert play.standing == ["mend"]


# -- escalations -------------------------------------------------------------------------------------------------------
def escalating(ends: bool) -> Drawing:
    body = work(inside("body").start("b_b"), "ask")
    if ends:
        return body.end("up", escalation="slow")
    return work(body.throws("up", escalation="slow"), "go_on").end("b_e")


@pytest.mark.parametrize("kind", HOLDERS)
@pytest.mark.parametrize("interrupting", [True, False])
@pytest.mark.parametrize("ends", [True, False])
def test_an_escalation_goes_to_the_boundary_and_what_it_came_from_goes_on_unless_it_interrupts(kind: str, interrupting: bool, ends: bool) -> None:
    outer, *called = held_in(kind, escalating(ends))
    work(work(outer, "after").end().boundary("told", "sub", escalation="slow", interrupting=interrupting), "aside").end("told_e")
    play = Play(outer, *called)
    play.latest["F1"] = {"roles": ROLES[:1]}
    play.start().completes("ask", roles=ROLES[:1])
    going_on = [] if interrupting else ["after"] if ends else ["go_on"]
    assert play.open == sorted(["aside", *going_on])


def test_an_escalation_comes_as_often_as_it_is_thrown() -> None:
    body = work(inside("body").start("b_b").xor("again"), "ask").throws("up", escalation="slow").xor("q")
    body.when("again", 'F1.choice = "later"').otherwise("b_e").end("b_e")
    drawing = process("p").start().sub(body).end().boundary("told", "body", escalation="", interrupting=False)
    play = Play(work(drawing, "aside").end("told_e")).start().completes("ask", choice="later").completes("ask", choice="later")
    assert play.open == ["aside", "aside", "ask"]


def test_an_escalation_that_nobody_catches_changes_nothing_and_is_mentioned() -> None:
    drawing = work(work(process("p").start(), "ask").throws("up", escalation="slow"), "after").end()
    assert [each.element for each in said(reading(drawing), "escalation-not-caught")] == ["up"]
    assert Play(drawing).start().completes("ask").open == ["after"]


@pytest.mark.parametrize("interrupting", [True, False])
def test_an_escalation_begins_an_event_sub_process(interrupting: bool) -> None:
    handler = work(inside("handler").start("h_b", escalation="slow", interrupting=interrupting), "handle").end("h_e")
    drawing = work(process("p").start().sub(escalating(False)), "after").end().by_event(handler)
    play = Play(drawing).start().completes("ask")
    assert play.open == (["handle"] if interrupting else ["go_on", "handle"])
    if not interrupting:
        assert play.completes("go_on").completes("after").open == ["handle"], "the instance lasts as long as the event sub-process"
    assert play.completes("handle").ended


def test_an_event_sub_process_does_not_hear_its_own_escalation() -> None:
    handler = work(inside("handler").start("h_b", escalation="", interrupting=False), "handle").throws("more", escalation="slow").end("h_e")
    drawing = work(process("p").start().sub(escalating(False)), "after").end().by_event(handler)
    play = Play(drawing).start().completes("ask").completes("handle")
    assert play.open == ["go_on"]


# -- event sub-processes by what is waited for -------------------------------------------------------------------------
HAPPENINGS = {"timer": {"timer": "P2D"}, "message": {"message": "news"}, "signal": {"signal": "lost"}, "condition": {"condition": "F1.agreed"}}


def happens(play: Play, kind: str) -> Play:
    match kind:
        case "timer":
            return play.becomes("2026-06-04")
        case "message":
            return play.receives("h_b", "news")
        case "signal":
            return play.hears("lost")
    play.latest["F1"] = {"agreed": True, "roles": ROLES}
    return play.completes("poke")


def watching(kind: str, interrupting: bool) -> Drawing:
    body = inside("body").start("b_b").parallel("b_f").to("poke")
    work(body, "ask").end("b_e")
    handler = work(inside("handler").start("h_b", interrupting=interrupting, **HAPPENINGS[kind]), "handle").end("h_e")
    return work(body.apart(), "poke").end("b_e2").by_event(handler)


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("kind", HAPPENINGS)
def test_an_event_sub_process_that_interrupts_stands_in_place_of_all_else_in_its_scope(kind: str, holder: str) -> None:
    outer, *called = held_in(holder, watching(kind, True))
    play = Play(work(outer, "after").end(), *called, sender())
    play.latest["F1"] = {"roles": ROLES[:1]}
    play.start()
    assert play.open == ["ask", "poke"] and "h_b" in play.standing
    happens(play, kind)
    assert play.open == ["handle"] and "h_b" not in play.standing
    play.latest["F1"] = {"roles": ROLES[:1]}
    assert play.completes("handle").open == ["after"]


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("kind", HAPPENINGS)
def test_an_event_sub_process_that_does_not_interrupt_stands_beside_the_rest_of_its_scope(kind: str, holder: str) -> None:
    outer, *called = held_in(holder, watching(kind, False))
    play = Play(work(outer, "after").end(), *called, sender())
    play.latest["F1"] = {"roles": ROLES[:1]}
    happens(play.start(), kind)
    assert "handle" in play.open and "ask" in play.open
    assert ("h_b" in play.standing) == (kind != "timer"), "a timer comes once, all else as often as it happens"
    play.latest["F1"] = {"roles": ROLES[:1]}
    for task in ("ask", "handle", *(["poke"] if "poke" in play.open else [])):
        assert play.open != ["after"]
        play.completes(task)
    assert play.open == ["after"] and play.standing == ["after"], "what waited only for events is over with its scope"


def test_what_only_waits_for_events_does_not_keep_an_instance_open() -> None:
    handler = work(inside("handler").start("h_b", signal="lost"), "handle").end("h_e")
    play = Play(work(process("p").start(), "ask").end().by_event(handler)).start().completes("ask")
    assert play.ended and [each.name for each in play.happened(events.Unsubscribed)] == ["lost"]


def test_an_event_sub_process_reads_what_the_message_brought_and_the_item_of_its_round() -> None:
    handler = inside("handler").start("h_b", message="news", payload="news").xor("q").when("good", 'news.kind = "good" and role.org = "b"').otherwise("bad")
    for id in ("good", "bad"):
        work(handler.apart(), id).end(f"end_{id}")
    body = work(inside("body").start("b_b"), "ask").end("b_e").by_event(handler)
    speaker = process("sender").start("s_b").throw("s_t", "news", payload={"kind": '="good"'}).end("s_e")
    play = Play(process("p").start().sub(body, loop=loop("=F1.roles", "role")).end(), speaker)
    play.latest["F1"] = {"roles": ROLES}
    play.start()
    second = [token for token in play.state.tokens if token.element == "p:h_b"][1]
    play.does(Deliver(second.id, "news", {"kind": "good"}))
    assert play.open == ["ask", "good"]


def test_a_phase_of_an_event_is_reached_when_it_happens_and_not_while_it_waits() -> None:
    handler = work(inside("handler").start("h_b", signal="lost", phase="case:closed"), "handle").end("h_e")
    drawing = work(process("p").start(), "ask").end().boundary("late", "ask", timer="P1D", interrupting=False, phase="case:in_support").end("told")
    play = Play(drawing.by_event(handler)).start()
    assert play.state.phases == {}
    assert play.becomes("2026-06-03").state.phases == {"case": "in_support"}
    assert play.hears("lost").state.phases == {"case": "closed"}


# -- conditions --------------------------------------------------------------------------------------------------------
def until(condition: str = "F1.agreed") -> Drawing:
    drawing = process("p").start().parallel("fork").to("ask")
    work(drawing.catch("wait", condition=condition), "after").end("end_a")
    return work(work(drawing.apart(), "ask"), "more").end("end_b")


def test_a_condition_is_looked_at_after_each_step_with_the_values_of_the_case() -> None:
    play = Play(until()).start()
    assert play.standing == ["ask", "wait"]
    assert play.completes("ask", agreed=False).standing == ["more", "wait"]
    assert play.completes("more", agreed=True).open == ["after"]


def test_a_condition_that_is_true_already_is_not_waited_for() -> None:
    play = Play(until())
    play.latest["F1"] = {"agreed": True}
    assert play.start().open == ["after", "ask"]


def test_a_condition_that_cannot_be_computed_is_an_incident_at_its_element() -> None:
    play = Play(until("F1.number > 1 and months(F1.number, F1.note) > today"))
    play.start().completes("ask", number=2, note="架空")
    assert play.state.status == "incident" and [each.element for each in play.happened(events.IncidentRaised)] == ["p:wait"]
    play.latest["F1"] = {"number": 1}
    assert play.retries().state.status == "open" and play.standing == ["more", "wait"]


def test_a_condition_on_a_boundary_takes_the_task_away() -> None:
    drawing = process("p").start().parallel("fork").to("other")
    work(drawing, "ask").end().boundary("agreed", "ask", condition="F1.agreed")
    work(drawing, "aside").end("gone")
    play = Play(work(drawing.apart(), "other").end("end_b")).start().completes("other", agreed=True)
    assert play.open == ["aside"] and because(play) == {("p:ask", "p:agreed")}


def test_a_condition_that_interrupts_nothing_comes_again_only_after_it_was_false() -> None:
    drawing = process("p").start().parallel("fork").to("again")
    work(drawing, "ask").end().boundary("agreed", "ask", condition="F1.agreed", interrupting=False)
    work(drawing, "aside").end("told")
    work(drawing.apart().xor("again"), "other").to("again")
    drawing.xor("q").when("again", 'F1.note = ""').otherwise("end_b").end("end_b")
    drawing._flows = [each for each in drawing._flows if each[1:3] != ("other", "again")]
    play = Play(drawing).start()
    for agreed, told in ((True, 1), (True, 1), (False, 1), (True, 2)):
        play.completes("other", agreed=agreed, note="")
        assert play.open.count("aside") == told


def test_a_condition_is_looked_at_again_when_values_changed_without_a_step() -> None:
    play = Play(until()).start()
    with pytest.raises(NotWaiting):
        play.does(Look())
    play.latest["F1"] = {"agreed": True}
    assert play.does(Look()).open == ["after", "ask"]


@pytest.mark.parametrize("nested", [False, True])
def test_a_condition_that_becomes_true_with_the_last_answer_begins_nothing_in_a_scope_that_is_over(nested: bool) -> None:
    handler = work(inside("handler").start("h_b", condition="F1.agreed", interrupting=False), "handle").end("h_e")
    body = work((inside("body") if nested else process("p")).start("b_b"), "ask").end("b_e").by_event(handler)
    play = Play(work(process("p").start().sub(body), "after").end() if nested else body).start().completes("ask", agreed=True)
    assert play.open == (["after"] if nested else []) and play.ended != nested


# -- links -------------------------------------------------------------------------------------------------------------
def linked() -> Drawing:
    drawing = work(process("p").start(), "ask").xor("q").when("jump", 'F1.choice = "yes"').otherwise("other")
    drawing.apart().throws("jump", link="later")
    drawing.apart().throws("other", link="later")
    return work(drawing.apart().catch("land", link="later"), "after").end()


@pytest.mark.parametrize("choice", ["yes", "no"])
def test_a_link_goes_on_at_the_event_of_its_name(choice: str) -> None:
    assert Play(linked()).start().completes("ask", choice=choice).open == ["after"]


# -- termination -------------------------------------------------------------------------------------------------------
def stopped(body: Drawing) -> Drawing:
    body.parallel("b_f").to("beside")
    work(body, "stop").end("all", terminate="all")
    return work(body.apart(), "beside").end("b_e")


def test_a_terminate_end_event_ends_the_whole_process() -> None:
    play = Play(stopped(process("p").start())).start()
    assert play.completes("stop").ended and play.state.ended_in == "p:all"
    assert because(play) == {("p:beside", "p:all")}


@pytest.mark.parametrize("kind", HOLDERS)
def test_a_terminate_end_event_ends_no_more_than_its_own_scope(kind: str) -> None:
    outer, *called = held_in(kind, stopped(inside("body").start("b_b")))
    play = Play(work(outer, "after").end(), *called)
    play.latest["F1"] = {"roles": ROLES}
    play.start().completes("stop", roles=ROLES)
    if kind in ("rounds", "turns"):
        assert play.open == ["beside", "stop"], "the other round goes on"
        play.completes("stop", roles=ROLES)
    assert play.open == ["after"]


def test_a_terminate_end_event_in_an_event_sub_process_ends_only_that() -> None:
    handler = stopped(inside("handler").start("h_b", signal="lost", interrupting=False))
    play = Play(work(process("p").start(), "ask").end().by_event(handler)).start().hears("lost")
    assert play.open == ["ask", "beside", "stop"]
    assert play.completes("stop").open == ["ask"]


# -- operations --------------------------------------------------------------------------------------------------------
def looking_up(**more: str) -> Drawing:
    drawing = work(process("p").start(), "ask").service("look", "look_up", result="found", gives={"what": "=F1.note"}, **more)
    drawing.xor("q").when("known", 'found.kind = "known"').otherwise("unknown")
    for id in ("known", "unknown"):
        work(drawing.apart(), id).end(f"end_{id}")
    return work(drawing.boundary("missing", "look", error="missing"), "search").end("searched")


def test_a_registered_operation_is_given_what_the_diagram_says_and_its_result_is_read_by_name() -> None:
    asked: list[tuple[dict[str, str], str]] = []
    play = Play(looking_up())
    play.operations["look_up"] = lambda given, key: (asked.append((given, key)), {"kind": "known"})[1]
    assert play.start().completes("ask", note="架空").open == ["known"]
    assert [given for given, _ in asked] == [{"what": "架空"}] * 2 and len({key for _, key in asked}) == 1, "a step taken again has the same key"
    assert [(each.decision, each.result, each.value) for each in play.happened(events.Decided)] == [("look_up", "found", {"kind": "known"})]


def refuses(code: str) -> Callable[[Mapping[str, Any], str], Any]:
    def operation(given: Mapping[str, Any], key: str) -> Any:
        raise OperationError(code)

    return operation


def test_an_error_of_an_operation_goes_to_its_boundary() -> None:
    play = Play(looking_up())
    play.operations["look_up"] = refuses("missing")
    assert play.start().completes("ask").standing == ["search"]


def test_an_error_of_an_operation_in_rounds_takes_all_rounds_away() -> None:
    drawing = process("p").start().service("look", "look_up", loop=loop("=F1.roles", "role"), gives={"what": "=role.org"})
    play = Play(work(work(drawing, "after").end().boundary("missing", "look", error=""), "search").end("searched"))
    play.latest["F1"] = {"roles": ROLES}
    play.operations["look_up"] = refuses("anything")
    assert play.start().standing == ["search"]


@pytest.mark.parametrize(("code", "reason"), [("other", "「other」"), ("", "登録されていません")])
def test_an_operation_that_fails_or_is_not_there_is_an_incident_that_can_be_tried_again(code: str, reason: str) -> None:
    play = Play(looking_up())
    if code:
        play.operations["look_up"] = refuses(code)
    play.start().completes("ask")
    (raised,) = play.happened(events.IncidentRaised)
    assert play.standing == ["look"] and raised.element == "p:look" and reason in raised.reason
    play.operations["look_up"] = lambda given, key: None
    assert play.retries().open == ["unknown"]


def test_what_an_operation_says_when_it_breaks_is_not_written_down() -> None:
    def broken(given: Mapping[str, Any], key: str) -> Any:
        raise RuntimeError("架空 花子")

    play = Play(looking_up())
    play.operations["look_up"] = broken
    (raised,) = play.start().completes("ask").happened(events.IncidentRaised)
    assert "RuntimeError" in raised.reason and "花子" not in raised.reason


# -- tasks that send and receive ---------------------------------------------------------------------------------------
def test_a_send_task_sends_for_each_round_and_goes_on() -> None:
    drawing = process("p").start().send("say", "news", loop=loop("=F1.roles", "role"), payload={"to": "=role.org"})
    play = Play(work(drawing, "after").end(), process("hearer").start("h_b", message="news", payload="news").end("h_e"))
    play.latest["F1"] = {"roles": ROLES}
    assert play.start().open == ["after"]
    assert [each.payload for each in play.happened(events.MessageThrown)] == [{"to": "a"}, {"to": "b"}]


def test_a_receive_task_waits_for_its_message_and_can_be_watched() -> None:
    drawing = work(process("p").start().receive("hear", "news", payload="news"), "after").end().boundary("late", "hear", timer="P2D")
    drawing = work(drawing, "chase").end("too_late")
    assert Play(drawing, sender()).start().receives("hear", "news").standing == ["after"]
    play = Play(drawing, sender()).start().becomes("2026-06-04")
    assert play.standing == ["chase"]
    assert [each.name for each in play.happened(events.Unsubscribed)] == ["news"]


def test_each_round_of_a_receive_task_takes_one_message() -> None:
    drawing = work(process("p").start().receive("hear", "news", loop=loop("=F1.roles", "role")), "after").end()
    play = Play(drawing, sender())
    play.latest["F1"] = {"roles": ROLES}
    play.start()
    for _ in ROLES:
        assert play.open == []
        token = next(token for token in play.state.tokens if token.index is not None)
        play.does(Deliver(token.id, "news"))
    assert play.open == ["after"]


# -- rounds that are added ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("sequential", [False, True])
def test_a_round_is_added_while_others_are_open(sequential: bool) -> None:
    each = loop("=F1.roles", "role", sequential=sequential)
    drawing = process("p").start().user("ask", "ask", form="F2", groups="=role.org", loop=each)
    play = Play(work(drawing, "after").end())
    play.latest["F1"] = {"roles": ROLES}
    container = next(token.id for token in play.start().state.tokens if token.rounds is not None)
    play.does(AddRound(container, {"org": "late"}))
    assert len(play.open) == (1 if sequential else 3)
    while play.open != ["after"]:
        play.does(Complete(next(token.id for token in play.state.tokens if token.index is not None)))
    assert [each.groups for each in play.happened(events.TaskOpened)][:3] == [("a",), ("b",), ("late",)]
    with pytest.raises(NotWaiting):
        play.does(AddRound(container, {"org": "too late"}))


def test_a_round_is_added_to_nothing_but_a_multi_instance_activity() -> None:
    play = Play(work(process("p").start(), "ask").end()).start()
    with pytest.raises(NotWaiting):
        play.does(AddRound(play.task("ask").id, {}))


# -- inclusive gateways ------------------------------------------------------------------------------------------------
def some(first: str = 'F1.choice != "no"', second: str = 'F1.choice = "later"') -> Drawing:
    drawing = work(process("p").start(), "ask").inclusive("split").when("a", first).when("b", second).otherwise("c")
    for task in "abc":
        work(drawing.apart(), task).to("join")
    return work(drawing.apart().inclusive("join"), "after").end()


@pytest.mark.parametrize(("choice", "open"), [("yes", ["a"]), ("later", ["a", "b"]), ("no", ["c"])])
def test_an_inclusive_gateway_takes_every_flow_that_is_true_and_joins_exactly_these(choice: str, open: list[str]) -> None:
    play = Play(some()).start().completes("ask", choice=choice)
    assert play.open == open
    for task in open:
        assert "after" not in play.open
        play.completes(task, choice=choice)
    assert play.open == ["after"] and play.standing == ["after"]


def test_nested_inclusive_joins_each_wait_for_all_that_can_still_come() -> None:
    drawing = work(process("p").start(), "ask").inclusive("o").when("i", "F1.agreed").when("c", "F1.agreed").otherwise("none")
    drawing.apart().inclusive("i").when("a", "F1.agreed").when("b", "F1.agreed").otherwise("none_i")
    for task, join in (("a", "ij"), ("b", "ij"), ("c", "oj")):
        work(drawing.apart(), task).to(join)
    drawing.apart().milestone("none_i").to("ij").apart().milestone("none").to("oj").apart().inclusive("ij").to("oj")
    drawing = work(drawing.apart().inclusive("oj"), "after").end()
    for order in ("abc", "cab", "bca", "cba"):
        play = Play(drawing).start().completes("ask", agreed=True)
        for task in order:
            assert "after" not in play.open
            play.completes(task, agreed=True)
        assert play.open == ["after"] and play.standing == ["after"]


def test_an_inclusive_join_in_a_loop_waits_each_time_anew() -> None:
    drawing = process("p").start().xor("again").inclusive("split").when("a", "true").when("b", 'F1.choice != "no"').otherwise("c")
    for task in "abc":
        work(drawing.apart(), task).to("join")
    work(drawing.apart().inclusive("join"), "check").xor("q").when("again", 'F1.choice = "later"').otherwise("done").end("done")
    play = Play(drawing).start()
    for _ in range(2):
        assert play.open == ["a", "b"]
        play.completes("b", choice="later").completes("a", choice="later")
        assert play.open == ["check"]
        play.completes("check", choice="later")
    assert play.completes("a", choice="no").completes("b", choice="no").completes("check", choice="no").ended


def test_an_inclusive_join_does_not_wait_for_a_branch_that_its_boundary_event_led_away() -> None:
    drawing = work(process("p").start(), "ask").inclusive("split").when("a", "true").when("b", "true").otherwise("c")
    for task in "abc":
        work(drawing.apart(), task).to("join")
    work(drawing.apart().inclusive("join"), "after").end().boundary("late", "b", timer="P1D")
    play = Play(work(drawing, "aside").end("gone")).start().completes("ask").completes("a")
    assert play.open == ["b"]
    assert play.becomes("2026-06-03").open == ["after", "aside"]


# -- any retry ---------------------------------------------------------------------------------------------------------
def test_a_task_finished_twice_is_refused_inside_an_event_sub_process_too() -> None:
    play = Play(handled(failing(), error="refused")).start().completes("try", choice="no")
    token = play.task("handle").id
    play.completes("handle")
    with pytest.raises(NotWaiting):
        play.does(Complete(token))
