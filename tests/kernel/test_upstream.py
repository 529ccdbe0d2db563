"""What we override of SpiffWorkflow is listed with a fingerprint of the upstream source, so that no upgrade goes by unread.

When this fails after an upgrade: read what changed upstream, adapt our method, then write the new fingerprint into the list.
"""

from __future__ import annotations

import hashlib
import inspect
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from bpmn import inside, loop, process
from playing import Play

from engine.kernel import names, running, specs
from engine.kernel import state as states
from engine.kernel.advance import advance
from engine.kernel.commands import Complete
from engine.kernel.errors import NotStorable

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
LIST = tomllib.loads((ROOT / "engine" / "kernel" / "overrides.toml").read_text("utf-8"))


def of_library(kind: type) -> bool:
    return kind.__module__.startswith("SpiffWorkflow.")


def overridden(modules: tuple[Any, ...] = (names, running, specs)) -> dict[str, str]:
    """Every method of the library that a class of ours replaces, with the fingerprint of its source.

    A mixin of ours replaces the methods of the classes that come after it in any class it is mixed into.
    """
    found = {}
    for module in modules:
        for kind in vars(module).values():
            if not isinstance(kind, type) or kind.__module__ != module.__name__ or not any(map(of_library, kind.__mro__)):
                continue
            for name in {name for ours in kind.__mro__ if not of_library(ours) and ours is not object for name in vars(ours)}:
                upstream = next((each for each in kind.__mro__ if of_library(each) and name in vars(each)), None)
                if upstream is not None and callable(getattr(upstream, name)):
                    method = inspect.unwrap(getattr(upstream, name))
                    found[f"{upstream.__module__}.{upstream.__qualname__}.{name}"] = fingerprint(method)
    return found


def fingerprint(method: Any) -> str:
    return hashlib.sha256(inspect.getsource(method).encode()).hexdigest()[:16]


def test_what_is_overridden_is_listed() -> None:
    assert sorted(LIST["overrides"]) == sorted(overridden())


def test_upstream_is_as_it_was_when_it_was_read() -> None:
    now = overridden()
    changed = [name for name, known in LIST["overrides"].items() if now.get(name) != known]
    assert changed == [], "read what changed upstream, adapt ours, then write the new fingerprint into engine/kernel/overrides.toml"


def test_the_version_that_was_read_is_the_one_that_is_pinned_and_installed() -> None:
    assert LIST["version"] == "3.2.0" == version("SpiffWorkflow")
    pinned = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    assert "SpiffWorkflow==3.2.0" in pinned


def test_a_new_override_is_noticed() -> None:
    class Strange(specs.End):
        def _run(self, my_task: Any) -> None: ...

    class Module:
        __name__ = "strange"

    Strange.__module__ = Module.__name__ = "strange"
    Module.Strange = Strange  # type: ignore[attr-defined]
    assert "SpiffWorkflow.specs.base.TaskSpec._run" in overridden((Module,))


def test_no_class_of_the_library_is_changed() -> None:
    """Ours are subclasses: what the library brings is what its files say."""
    for name in overridden():
        path, _, method = name.rpartition(".")
        module, _, kind = path.rpartition(".")
        found = getattr(getattr(__import__(module, fromlist=[kind]), kind), method)
        assert found.__module__.startswith("SpiffWorkflow."), name


# -- golden states -----------------------------------------------------------------------------------------------------
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
