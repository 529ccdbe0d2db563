"""What a command may cost: beyond it the instance stands still, says why and where, and goes on once the cause is gone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from bpmn import loop, process
from playing import Play

from engine.kernel import events
from engine.kernel.limits import Limits, last_cycle


def asking_all() -> Play:
    """Somebody lists whom to ask, and everybody on the list is asked at once."""
    drawing = process("p").start().user("list", form="F1#ask", groups="kakari")
    return Play(drawing.user("asked", "たずねる", loop=loop("=F1.roles", "role"), form="F2", groups="=role.org").end("done")).start()


def reasons(play: Play) -> list[tuple[str, str]]:
    return [(each.element, each.reason) for each in play.last if isinstance(each, events.IncidentRaised)]


def someone(number: int) -> dict[str, str]:
    return {"org": "a", "task": f"{number}番目の架空の頼みごと"}


# -- size --------------------------------------------------------------------------------------------------------------
def test_a_state_that_would_grow_too_large_stands_still_before_it_does() -> None:
    play = asking_all()
    play.limits = Limits(bytes=20_000)
    play.completes("list", roles=[someone(number) for number in range(300)])
    ((element, reason),) = reasons(play)
    assert play.state.status == "incident" and element == "p:asked" and "20,000バイトを超えます" in reason
    assert [each.token for each in play.last if isinstance(each, events.TaskCompleted)], "what the person did is done"
    assert play.open == [] and not play.happened(events.TaskOpened)[1:], "nobody was asked"


def test_it_stands_still_again_while_the_cause_is_there_and_goes_on_afterwards() -> None:
    play = asking_all()
    play.limits = Limits(bytes=20_000)
    play.completes("list", roles=[someone(number) for number in range(300)]).retries()
    assert play.state.status == "incident" and [element for element, _ in reasons(play)] == ["p:asked"] and play.open == []
    play.latest["F1"] = {"roles": [someone(1), someone(2)]}
    assert play.retries().open == ["asked", "asked"] and play.state.status == "open"


def test_a_large_state_within_the_limit_is_kept() -> None:
    play = asking_all().completes("list", roles=[someone(number) for number in range(300)])
    assert play.state.status == "open" and len(play.open) == 300


def test_what_a_message_brings_counts_too() -> None:
    drawing = process("p").start().catch("hear", message="told", payload="told").user("read", form="F1#ask", groups="kakari").end("done")
    play = Play(drawing, process("teller").start().throw("tell", "told").end("told_end")).start()
    play.limits = Limits(bytes=20_000)
    play.receives("hear", "told", text="あ" * 10_000)
    assert play.state.status == "incident" and [element for element, _ in reasons(play)] == ["p:read"]


# -- time --------------------------------------------------------------------------------------------------------------
def milestones() -> Play:
    drawing = process("p").start().user("ask", form="F1#ask", groups="kakari")
    for name in ("一つめ", "二つめ", "三つめ"):
        drawing = drawing.milestone(name)
    return Play(drawing.end("done")).start()


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_a_command_whose_time_is_over_stops_between_two_elements_and_goes_on_later(steps: int) -> None:
    play = milestones()
    passed: Iterator[int] = count()
    play.limits = Limits(is_over=lambda: next(passed) % (steps + 1) == steps)
    play.completes("ask")
    ((element, reason),) = reasons(play)
    assert play.state.status == "incident" and element == f"p:{('一つめ', '二つめ', '三つめ', 'done')[steps]}"
    assert f"時間がかかりすぎました。「{element[2:]}」の条件" in reason
    play.limits = Limits()
    assert play.retries().ended


# -- steps -------------------------------------------------------------------------------------------------------------
def test_what_came_when_the_time_was_over_is_not_lost() -> None:
    """A message is delivered once, and a signal heard once: what waited for them goes on, and what follows stands still."""
    drawing = process("p").start().parallel("fork").to("task").catch("hear", message="news").milestone("heard").user("after", form="F2", groups="kakari")
    drawing.end().apart().user("task", form="F2", groups="kakari").end("end_b").boundary("lost", "task", signal="lost").milestone("gone")
    drawing.user("instead", form="F2", groups="kakari").end("end_c")
    play = Play(drawing, process("sender").start("s_b").throw("s_t", "news").end("s_e")).start()
    play.limits = Limits(is_over=lambda: True)
    play.receives("hear", "news")
    assert play.state.status == "incident" and play.task("heard").failed
    play.hears("lost")
    assert play.standing == ["gone", "heard"] and play.task("gone").failed
    play.limits = Limits()
    assert play.retries().open == ["after", "instead"]


@pytest.mark.parametrize(
    ("path", "cycle"),
    [("", ""), ("a", "a"), ("ab", "b"), ("abab", "ab"), ("cabcabcab", "cab"), ("xyzaa", "a"), ("abcabd", "d")],
)
def test_a_cycle_is_the_shortest_part_that_the_end_of_a_path_repeats(path: str, cycle: str) -> None:
    assert "".join(last_cycle(tuple(path))) == cycle
