"""What older versions wrote still loads and steps; what no version here knows is refused.

A new format or compiler gets files of its own beside these, which stay. Nobody writes the old ones again.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from bpmn import inside, loop, process
from playing import Play

from engine.kernel import state as states
from engine.kernel.advance import advance
from engine.kernel.commands import Complete
from engine.kernel.errors import NotStorable
from engine.kernel.reading import load
from engine.kernel.running import ENGINE_VERSION, KNOWN_ENGINES, Executable

GOLDEN = Path(__file__).parent / "golden"


def golden_play() -> Play:
    """A process with everything that a state of format 1 can hold."""
    rounds = inside("each").start("e_b").user("asked", form="F2", groups="=role.org").end("e_e").boundary("late", "asked", timer="P7BD").to("e_e")
    turns = inside("turn").start("t_b").catch("pause", timer="=months(month, today)").user("looked", form="F2", groups="kakari").end("t_e")
    drawing = process("golden").start().user("draft", form="F1#ask", groups="kakari").parallel("fork").to("join").to("never").to("turn").to("call").to("race")
    drawing.sub(rounds, loop=loop("=F1.roles", "role")).to("done").apart()
    drawing.sub(turns, loop=loop("=settings.months", "month", sequential=True)).to("done").apart()
    drawing.call("call", "called", gives={"purpose": "=F1.note", "on": "=today"}).to("done").apart()
    drawing.race("race").to("hear").catch("until", timer="P2D").to("done").apart()
    drawing.catch("hear", message="reply", payload="reply").to("done").apart()
    drawing.boundary("lost", "call", signal="lost").to("done").apart()
    drawing.user("never", form="F2", groups="kakari").parallel("join").end("done")
    called = process("called").start("c_b").user("inner", form="F2", groups="kakari").end("c_e")
    sender = process("sender").start("s_b").throw("s_t", "reply").end("s_e")
    return Play(drawing, called, sender)


def started() -> Play:
    play = golden_play().start(initiator="3")
    return play.completes("draft", note="架空", roles=[{"org": "a"}, {"org": "b"}])


def test_a_state_of_format_1_is_still_written_as_it_was() -> None:
    play = started()
    assert states.dump(play.state) == (GOLDEN / "format-1.json").read_bytes().strip()


def test_a_state_of_format_1_loads_and_steps() -> None:
    play = started()
    play.state = states.load((GOLDEN / "format-1.json").read_bytes())
    assert play.open == ["asked", "asked", "inner", "never"]
    play.completes("asked", answer="accepted").completes("inner", answer="accepted").becomes("2026-06-10")
    assert play.open == ["never"] and "join" in play.standing
    assert play.completes("never").becomes("2026-07-01").open == ["looked"]


def test_an_old_state_steps_on_the_compiled_form_with_which_it_was_started() -> None:
    """Nothing of today's compiler takes part: both come from the files that an older version wrote."""
    play = started()
    play.model = Executable(load((GOLDEN / "compiler-1.json").read_bytes()))
    play.state = states.load((GOLDEN / "format-1.json").read_bytes())
    play.completes("asked", answer="accepted").completes("asked", answer="declined").completes("inner", answer="accepted")
    assert play.becomes("2026-06-10").completes("never").becomes("2026-07-01").open == ["looked"]


def test_a_compiled_form_that_uses_all_of_compiler_1_still_becomes_something_that_runs() -> None:
    executable = Executable(load((GOLDEN / "compiler-1-everything.json").read_bytes()))
    assert {"main:suggest", "main:each", "main:call", "main:late", "other:m"} <= set(executable.nodes)


def test_the_engines_whose_states_go_on_here_are_named() -> None:
    assert ENGINE_VERSION in KNOWN_ENGINES


def test_a_state_of_an_unknown_format_is_refused() -> None:
    body = (GOLDEN / "format-1.json").read_bytes().replace(b'"format":1', b'"format":2')
    with pytest.raises(NotStorable, match="format 2"):
        states.load(body)


def test_the_same_state_steps_to_the_same_bytes() -> None:
    play = started()
    state = states.load((GOLDEN / "format-1.json").read_bytes())
    token = next(each for each in state.tokens if each.element == "called:inner")
    after, _ = advance(play.model, state, Complete(token.id), play.context())
    assert states.dump(after) == (GOLDEN / "format-1-after.json").read_bytes().strip()
