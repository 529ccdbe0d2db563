"""Plays invented processes on the kernel and on the oracle side by side, by chance; also as a process of its own, to fold a run again.

Everything follows from one number: the process, the order of what happens, the answers.
"""

from __future__ import annotations

import hashlib
import random
import sys
from dataclasses import fields, is_dataclass
from typing import Any

from oracle import ANSWERS, ROLES, Game, Invention
from playing import Play

from engine.kernel import state as states
from engine.kernel.commands import Complete, Deliver, Fire, Signal
from engine.kernel.running import Executable
from engine.kernel.state import Token

LONGEST = 250  # things that happen in one run; a loop may go on for ever
WIDEST = 120  # tokens at one time; what interrupts nothing may come again and again


def standing(play: Play) -> list[tuple[str, str]]:
    """What waits in the kernel, as the oracle says it."""
    return sorted((id, kind) for token in play.state.tokens for id, kind in [_wait(play, token)] if kind)


def _wait(play: Play, token: Token) -> tuple[str, str]:
    node = play.model.nodes[token.element]
    if node.type == "userTask" and token.rounds is None:
        return node.id, "task"
    return node.id, node.event.kind if node.event is not None and node.event.kind != "none" else ""


class Run:
    """One invented process from its start to its end."""

    def __init__(self, number: int, size: int) -> None:
        self.chance = random.Random(number)
        self.invented = Invention(self.chance, size)
        self.play = Play(*self.invented.drawings())
        self.play.latest["F1"] = {"roles": list(ROLES)}
        self.game = Game(self.invented.whole)
        self.seen = hashlib.sha256()
        self.steps = 0
        self.play.start()
        self.look()

    def look(self) -> None:
        self.steps += 1
        self.seen.update(states.dump(self.play.state) + repr(self.play.last).encode())
        assert self.play.state.status in ("open", "ended"), self.play.last
        assert standing(self.play) == self.game.standing()
        assert self.play.ended == self.game.ended

    def go(self) -> Run:
        while not self.game.ended and self.steps < LONGEST and self.can_go_on:
            self.step()
        return self

    @property
    def can_go_on(self) -> bool:
        """Whether anything can come; a condition comes by itself, or never when nobody is left to answer."""
        return len(self.play.state.tokens) <= WIDEST and any(wait.kind != "condition" for _, wait in self.game.waits())

    def step(self) -> None:
        """Something that is waited for comes."""
        who, wait = self.chance.choice([each for each in self.game.waits() if each[1].kind != "condition"])
        if wait.kind == "signal":
            self.game.signalled()
            self.play.does(Signal("lost"))
        else:
            self.happens(who, wait)
        self.look()

    def happens(self, who: Any, wait: Any) -> None:
        play = self.play
        found = [each for each in play.state.tokens if _wait(play, each) == (wait.id, wait.kind) and self.rounds(each) == tuple(who.rounds)]
        if len({each.scope for each in found}) > 1:  # an event sub-process that was begun more than once
            found = [each for each in found if self.surroundings(each) == who.surroundings()]
        token = self.chance.choice(found)
        if wait.kind == "task":
            answer = self.chance.choice(ANSWERS)
            play.latest["F1"] = {"choice": answer, "roles": list(ROLES)}
            self.game.happens(who, wait, answer)
            play.does(Complete(token.id))
        elif wait.kind == "timer":
            assert token.due is not None
            play.now = max(play.now, token.due)
            self.game.happens(who, wait)
            play.does(Fire(token.id))
        else:
            self.game.happens(who, wait)
            play.does(Deliver(token.id, "news"))

    def rounds(self, token: Token) -> tuple[int, ...]:
        """In which round of each activity around it a token stands: rounds are told apart by their place."""
        return tuple(each.index for each in reversed(self.play.state.scopes(token)) if each.index is not None)

    def surroundings(self, token: Token) -> list[Any]:
        """What waits in each scope around a token, the innermost first, as the oracle says it."""
        tokens = self.play.state.tokens
        holders = [each for each in self.play.state.scopes(token) if each.rounds is None]
        held = {each.id: [scope.id for scope in self.play.state.scopes(each)] for each in tokens}
        return [
            sorted((*_wait(self.play, each), self.rounds(each)) for each in tokens if holder.id in held[each.id] and _wait(self.play, each)[1])
            for holder in holders
        ]


def anatomy(executable: Executable) -> str:
    """Everything that the shared specs hold, as text: the same before and after a run."""
    known: dict[int, int] = {}
    return "\n".join(_shape(spec, known) for _, spec in sorted(executable.specs.items()))


def _shape(value: Any, known: dict[int, int]) -> str:
    if value is None or isinstance(value, bool | int | float | str | bytes | type) or callable(value):
        return repr(value)
    if id(value) in known:
        return f"#{known[id(value)]}"
    known[id(value)] = len(known)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_shape(each, known)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple | set | frozenset):
        return "[" + ", ".join(_shape(each, known) for each in value) + "]"
    if is_dataclass(value):
        return type(value).__name__ + "(" + ", ".join(_shape(getattr(value, each.name), known) for each in fields(value)) + ")"
    held = getattr(value, "__dict__", None)
    if held is None:
        return repr(value)
    return type(value).__name__ + "{" + ", ".join(f"{name}: {_shape(each, known)}" for name, each in held.items()) + "}"


def fold(numbers: list[int], size: int) -> list[str]:
    """The fingerprints of these runs: every state and event of each."""
    return [Run(number, size).go().seen.hexdigest() for number in numbers]


if __name__ == "__main__":
    import time

    real = time.time
    time.time = lambda: real() + 400_000_000  # the system's clock must not matter
    print("\n".join(fold([int(each) for each in sys.argv[2:]], int(sys.argv[1]))))
