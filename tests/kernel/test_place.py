"""Placing tokens: any marking that can be reached can be placed from its description, and then the same waits for the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from bpmn import Drawing, inside, loop, process
from fuzzing import Run
from playing import Play

from engine.kernel import events
from engine.kernel import state as states
from engine.kernel.advance import place
from engine.kernel.commands import Around, Complete, Placement
from engine.kernel.placing import describe
from engine.kernel.state import State

ROLES = [{"org": "a"}, {"org": "b"}]


def waits(play: Play, state: State | None = None) -> list[Any]:
    """What waits: element, where it is held and in which round, since when, until when, on behalf of what, with which data."""
    state = state or play.state
    names = {token.id: token.element for token in state.tokens}
    return sorted(
        (
            token.element, [(each.element, each.index) for each in state.scopes(token)], token.since.isoformat(),
            token.due.isoformat() if token.due else "", token.via or "", names.get(token.host or "", "race" if token.host else ""),
            token.index if token.index is not None else -1, repr(sorted(token.data.items())), repr(token.inputs), repr(token.rounds), token.held,
        )
        for token in state.tokens
        if token.index is None or play.model.nodes[token.element].type == "userTask"
    )  # fmt: skip


def placed(play: Play) -> State:
    """The marking of a play, placed anew from its own description an hour later."""
    play.passes(1)
    state, happened = place(play.model, play.state, describe(play.model, play.state), play.context())
    assert not [each for each in happened if isinstance(each, events.IncidentRaised)]
    return state


def is_placed_again(play: Play) -> None:
    before = waits(play)
    state = placed(play)
    assert waits(play, state) == before
    assert states.dump(states.load(states.dump(state))) == states.dump(state)
    play.state = state


def work(drawing: Drawing, id: str, **settings: str) -> Drawing:
    return drawing.user(id, id, form="F1#ask", groups="kakari", **settings)


def one() -> Drawing:
    drawing = work(process("p").start(), "ask")
    return work(drawing.catch("wait", timer="P10BD"), "after").end()


# -- single tokens -----------------------------------------------------------------------------------------------------
def test_a_token_is_put_where_it_was_not() -> None:
    play = Play(one()).start().placed(Placement("p:after"))
    assert play.open == ["after"] and play.standing == ["after"]
    assert play.completes("after").ended


def test_a_timer_that_is_placed_keeps_its_moment() -> None:
    play = Play(one()).start().completes("ask")
    due = play.task("wait").due
    is_placed_again(play)
    assert play.task("wait").due == due
    assert [each.due for each in play.happened(events.TimerArmed)] == [due]
    assert play.becomes("2026-06-12").open == [] and play.becomes("2026-06-15").open == ["after"]


def test_a_new_timer_counts_from_the_start_of_its_token() -> None:
    play = Play(one()).start()
    began = play.now
    play.passes(24 * 4).placed(Placement("p:wait", since=began))
    assert play.task("wait").due is not None and play.task("wait").due.date().isoformat() == "2026-06-14"  # 8:30 of the 15th in Tokyo
    assert play.task("wait").since == began


def test_a_timer_that_is_placed_without_a_start_counts_from_now() -> None:
    play = Play(one()).start().passes(24 * 7).placed(Placement("p:wait"))
    assert play.task("wait").since == play.now
    assert play.task("wait").due is not None and play.task("wait").due.date().isoformat() == "2026-06-21"


def test_a_gateway_that_is_placed_is_carried_out_at_once() -> None:
    drawing = work(process("p").start(), "ask").xor("q").when("yes", 'F1.choice = "yes"').otherwise("no")
    for id in ("yes", "no"):
        work(drawing.apart(), id).end(f"end_{id}")
    play = Play(drawing).start()
    play.latest["F1"] = {"choice": "yes"}
    assert play.placed(Placement("p:q")).open == ["yes"]


def test_nothing_placed_is_an_instance_that_ended() -> None:
    play = Play(one()).start().placed()
    assert play.ended and play.happened(events.InstanceEnded)


# -- joins -------------------------------------------------------------------------------------------------------------
def joined() -> Drawing:
    drawing = process("p").start().parallel("fork").to("b")
    work(drawing, "a").parallel("join").apart()
    work(drawing, "b").to("join")
    return work(drawing.at("join"), "after").end()


def test_a_token_at_a_join_waits_there_for_the_others() -> None:
    play = Play(joined()).start().completes("a")
    is_placed_again(play)
    assert play.standing == ["b", "join"]
    assert play.completes("b").open == ["after"]


def test_tokens_on_all_ways_into_a_join_go_on_together() -> None:
    play = Play(joined()).start()
    play.placed(Placement("p:join", via="f_a_join"), Placement("p:join", via="f_b_join"))
    assert play.standing == ["after"]


# -- boundary events ---------------------------------------------------------------------------------------------------
def watched() -> Drawing:
    drawing = work(process("p").start(), "ask").end().boundary("late", "ask", timer="P5BD")
    work(drawing, "chase").end("too_late").boundary("remind", "ask", timer="P1BD", interrupting=False)
    return work(drawing, "call").end("called")


def test_boundary_events_keep_their_moments() -> None:
    play = Play(watched()).start()
    moments = {name: play.task(name).due for name in ("late", "remind")}
    is_placed_again(play)
    assert {name: play.task(name).due for name in ("late", "remind")} == moments
    assert play.becomes("2026-06-08").open == ["call", "chase"]


def test_what_is_reported_of_a_placed_boundary_event_is_the_moment_that_it_keeps() -> None:
    play = Play(watched()).start()
    due = play.task("late").due
    is_placed_again(play)
    play.events = []
    play.placed(Placement("p:ask", watches={"p:late": due, "p:remind": None}))
    assert [(each.element, each.due) for each in play.happened(events.TimerArmed)] == [("p:late", due)]


def test_a_boundary_event_that_has_happened_does_not_come_again() -> None:
    play = Play(watched()).start().becomes("2026-06-02")
    assert play.open == ["ask", "call"]
    is_placed_again(play)
    assert play.standing == ["ask", "call", "late"]


def test_a_new_boundary_event_is_armed_from_the_start_of_its_task() -> None:
    play = Play(watched()).start()
    began, due = play.now, play.task("late").due
    play.passes(24 * 2).placed(Placement("p:ask", since=began))
    assert play.task("late").due == due and play.task("late").since == began


# -- races -------------------------------------------------------------------------------------------------------------
def raced() -> tuple[Drawing, Drawing]:
    drawing = work(process("p").start(), "ask").race("race").to("soon").to("hear")
    work(drawing.apart().catch("soon", timer="P2BD"), "after_soon").end("end_a")
    work(drawing.catch("hear", message="reply"), "after_hear").end("end_b")
    return drawing, process("sender").start("s_b").throw("s_t", "reply").end("s_e")


def test_a_race_goes_on_as_one() -> None:
    play = Play(*raced()).start().completes("ask")
    due = play.task("soon").due
    is_placed_again(play)
    assert play.standing == ["hear", "soon"] and play.task("soon").due == due
    assert play.receives("hear", "reply").standing == ["after_hear"]


# -- scopes ------------------------------------------------------------------------------------------------------------
def calling() -> tuple[Drawing, Drawing]:
    outer = process("p").start().call("plan", "planning", gives={"purpose": "=F1.note"})
    work(outer, "after").end().boundary("late", "plan", timer="P5BD").to("after")
    inner = process("planning").start("i_b").parallel("i_f").to("i_2")
    work(inner, "i_1").xor("i_x").when("i_plan", 'purpose = "plan"').otherwise("i_other")
    for id in ("i_plan", "i_other"):
        work(inner.apart(), id).end(f"end_{id}")
    work(inner.apart(), "i_2").end("i_e")
    return outer, inner


def test_a_called_process_keeps_what_it_was_given_though_the_answer_changed() -> None:
    play = Play(*calling())
    play.latest["F1"] = {"note": "plan"}
    play.start()
    play.latest["F1"] = {"note": "other"}
    is_placed_again(play)
    assert play.standing == ["i_1", "i_2", "late", "plan"]
    assert play.completes("i_1", note="other").open == ["i_2", "i_plan"]
    assert play.completes("i_2").completes("i_plan").open == ["after"]


def test_a_called_process_that_is_placed_without_inputs_gets_them_now() -> None:
    play = Play(*calling())
    play.latest["F1"] = {"note": "other"}
    play.start()
    play.latest["F1"] = {"note": "plan"}
    play.placed(Placement("planning:i_1", (Around("p:plan"),)))
    assert play.standing == ["i_1", "late", "plan"]
    assert play.completes("i_1", note="x").open == ["i_plan"]


def test_the_activity_around_keeps_the_moment_of_its_boundary_event() -> None:
    play = Play(*calling()).start()
    due = play.task("late").due
    play.passes(24 * 2)
    is_placed_again(play)
    assert play.task("late").due == due
    assert play.becomes("2026-06-08").open == ["after"]


# -- rounds ------------------------------------------------------------------------------------------------------------
def asking(sequential: bool = False, task: bool = False) -> Drawing:
    around = loop("=F1.roles", "role", sequential=sequential)
    drawing = work(process("p").start(), "draft")
    if task:
        drawing.user("answer", form="F2", groups="=role.org", loop=around)
    else:
        body = inside("round").start("r_b").user("answer", form="F2", groups="=role.org").end("r_e").boundary("late", "answer", timer="P7BD")
        drawing.sub(body.to("r_e"), loop=around)
    drawing.xor("q").when("explain", 'every a in answers("F2") satisfies a.answer = "accepted"').otherwise("draft")
    return work(drawing.apart(), "explain").end()


@pytest.mark.parametrize("task", [False, True])
@pytest.mark.parametrize("sequential", [False, True])
def test_rounds_go_on_with_their_items(sequential: bool, task: bool) -> None:
    play = Play(asking(sequential, task)).start().completes("draft", roles=[*ROLES, {"org": "c"}])
    finish(play, "accepted")
    is_placed_again(play)
    for left in (2, 1):
        assert play.open == ["answer"] * (1 if sequential else left)
        finish(play, "accepted")
    assert play.open == ["explain"]


def finish(play: Play, answer: str) -> None:
    """One round is answered; the answer belongs to the activation."""
    token = next(each for each in play.state.tokens if each.element == "p:answer" and each.rounds is None)
    activation = play.state.activation(token)
    assert activation is not None
    play.latest["F2"] = {"answer": answer}
    play.lists.setdefault(("F2", activation), []).append({"answer": answer})
    play.does(Complete(token.id))


def test_answers_given_before_still_count_afterwards() -> None:
    play = Play(asking()).start().completes("draft", roles=ROLES)
    finish(play, "refused")
    is_placed_again(play)
    finish(play, "accepted")
    assert play.open == ["draft"], "one refused before the tokens were placed"


def test_rounds_over_plain_values_keep_them() -> None:
    body = inside("turn").start("t_b").catch("pause", timer="=months(month, today)")
    work(body, "look").end("t_e")
    drawing = process("p").start().sub(body, loop=loop("=settings.months", "month", sequential=True))
    play = Play(work(drawing, "after").end()).start().becomes("2026-07-01").completes("look")
    due = play.task("pause").due
    is_placed_again(play)
    assert play.task("pause").due == due
    assert play.becomes("2026-10-01").completes("look").becomes("2027-04-01").completes("look").open == ["after"]


def test_a_round_can_be_placed_by_its_item_alone() -> None:
    play = Play(asking()).start().completes("draft", roles=ROLES)
    play.placed(Placement("p:answer", (Around("p:round", item={"org": "x"}),)), Placement("p:answer", (Around("p:round", item={"org": "y"}),)))
    opened = [each for each in play.last if isinstance(each, events.TaskOpened)]
    assert [(each.groups, each.item) for each in opened] == [(("x",), {"org": "x"}), (("y",), {"org": "y"})]
    finish(play, "accepted")
    finish(play, "accepted")
    assert play.open == ["explain"]


def test_rounds_inside_rounds_over_the_same_item_are_told_apart() -> None:
    """A token keeps only what differs from its scope: the inner item is that of the outer round where both are the same."""
    inner = inside("inner").start("n_b").user("answer", form="F2", groups="=role.org").end("n_e")
    outer = inside("outer").start("o_b").sub(inner, loop=loop("=F1.roles", "role")).end("o_e")
    play = Play(work(work(process("p").start(), "draft").sub(outer, loop=loop("=F1.roles", "role")), "after").end())
    play.start().completes("draft", roles=ROLES)
    tokens = [token for token in play.state.tokens if token.element == "p:answer"]
    assert [play.state.value(token, "role")["org"] for token in tokens] == ["a", "b", "a", "b"]
    is_placed_again(play)
    for left in (3, 2, 1):
        assert len(play.completes("answer", answer="accepted").open) == left
    assert play.completes("answer", answer="accepted").open == ["after"]


# -- any marking -------------------------------------------------------------------------------------------------------
def walked(number: int, size: int) -> int:
    """A run of an invented process in which the marking is placed anew before every step; the oracle goes on as if nothing was."""
    run = Run(number, size)
    while not run.game.ended and run.steps < 120 and run.can_go_on:
        is_placed_again(run.play)
        run.look()
        run.step()
    return run.steps


@pytest.mark.parametrize("first", range(0, 45, 15))
def test_any_marking_that_is_reached_can_be_placed(first: int) -> None:
    for number in range(first, first + 15):
        walked(number, 25)


@pytest.mark.deep
def test_very_many_markings_can_be_placed(seed: int, time_is_left: Callable[[], bool]) -> None:
    chance, steps = random.Random(seed), 0
    while time_is_left():
        steps += walked(chance.getrandbits(48), chance.choice((10, 25, 60)))
    print(f"{steps} markings placed")
    assert steps
