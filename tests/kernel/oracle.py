"""An independent interpreter of block-structured processes, and how to draw them: what the kernel must do, told in another way.

It has no tokens and no gateways: a block is a small tree that says what waits in it. It must not use anything of the kernel.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bpmn import Drawing, inside, loop, process

ANSWERS = ("yes", "no", "later")
ROLES = ({"org": "a"}, {"org": "b"}, {"org": "c"})  # what rounds go over
SO_MANY = ('[org = "z"]', '[org = "a"]', '[org != "c"]', "")  # of them: none, one, two, all
SOON, LATE = "P1D", "P3D"


@dataclass
class Block:
    """A part of a process with one way in and one way out."""

    kind: str
    id: str
    parts: list[Block] = field(default_factory=list)
    count: int = 0  # rounds
    watched: str = ""  # timer or signal on the boundary
    aside: Block | None = None  # where the boundary event leads


@dataclass
class Wait:
    """What waits: a task, a timer, a boundary event, or an event of a race."""

    id: str
    kind: str  # task, timer, signal, message


# -- drawing by chance -------------------------------------------------------------------------------------------------
class Invention:
    """Invents a process, and the processes that it calls."""

    def __init__(self, chance: random.Random, size: int) -> None:
        self.chance, self.left, self.made = chance, size, 0
        self.called: list[tuple[str, Block]] = []
        self.whole = Block("sequence", "P", [self.block(0) for _ in range(3)])

    def named(self, letter: str) -> str:
        self.made += 1
        return f"{letter}{self.made}"

    def block(self, depth: int) -> Block:
        self.left -= 1
        if self.left <= 0 or depth > 4 or self.chance.random() < 0.2:
            return self.leaf()
        kind = self.chance.choice(("sequence", "sequence", "choice", "fork", "loop", "sub", "call", "rounds", "turns", "race", "each"))
        make = {"sequence": (2, 3), "choice": (2, 3), "fork": (2, 3), "race": (2, 2)}.get(kind, (1, 1))
        made = Block(kind, self.named(kind[0].upper()))
        if kind == "each":
            made.count = self.chance.randint(0, 3)
            return self.watch(made, depth)
        made.parts = [self.block(depth + 1) for _ in range(self.chance.randint(*make))]
        if kind == "loop":
            made.parts.append(Block("task", self.named("t")))
        if kind in ("rounds", "turns"):
            made.count = self.chance.randint(0, 3)
        if kind == "call":
            self.called.append((f"called{made.id}", made.parts[0]))
        return self.watch(made, depth) if kind in ("sub", "call", "rounds", "turns") else made

    def leaf(self) -> Block:
        if self.chance.random() < 0.15:
            return Block("wait", self.named("w"))
        return self.watch(Block("task", self.named("t")), 4)

    def watch(self, made: Block, depth: int) -> Block:
        if self.chance.random() < 0.35:
            made.watched = self.chance.choice(("timer", "signal"))
            made.aside = Block("task", self.named("a"))
        return made

    # -- as BPMN ------------------------------------------------------------------------------------------------------
    def drawings(self) -> list[Drawing]:
        made = [_framed(process("p"), "p", self.whole)]
        made += [_framed(process(name), name, block) for name, block in self.called]
        heard = process("bell").start("bell_b").catch("bell_m", message="news").user("bell_t", "鳴らす", form="F1#ask", groups="kakari")
        heard.end("bell_e").boundary("bell_s", "bell_t", signal="lost").to("bell_e")
        speaker = process("speaker").start("speaker_b").throw("speaker_t", "news").end("speaker_e")
        return [*made, heard, speaker]


def _framed(drawing: Drawing, name: str, block: Block) -> Drawing:
    _draw(drawing.start(f"{name}_b"), block)
    return drawing.end(f"{name}_e")


def _task(drawing: Drawing, id: str, **more: str) -> None:
    drawing.user(id, id, form="F1#ask", groups="kakari", **more)


def _draw(drawing: Drawing, block: Block) -> None:
    """Draw a block from where the drawing stands, and stand at its last step."""
    id = block.id
    match block.kind:
        case "task":
            _task(drawing, id)
        case "wait":
            drawing.catch(id, timer=SOON)
        case "each":
            _task(drawing, id, loop=_loop(block.count, False))
        case "sequence":
            for part in block.parts:
                _draw(drawing, part)
        case "choice":
            _task(drawing, f"{id}t")
            drawing.xor(id)
            _branches(drawing, block, f"{id}x", drawing.xor)
            drawing.at(f"{id}x")
        case "fork":
            drawing.parallel(id)
            _branches(drawing, block, f"{id}x", drawing.parallel)
            drawing.at(f"{id}x")
        case "loop":
            drawing.milestone(f"{id}i")
            for part in block.parts:
                _draw(drawing, part)
            drawing.xor(id).when(f"{id}i", 'F1.choice = "later"').otherwise(f"{id}x")
            drawing.milestone(f"{id}x")
        case "race":
            drawing.race(id)
            _race(drawing, block)
        case "call":
            drawing.call(id, f"called{id}", gives={"number": "=1"})
        case "sub" | "rounds" | "turns":
            body = _framed(inside(id), id, block.parts[0])
            drawing.sub(body, loop="" if block.kind == "sub" else _loop(block.count, block.kind == "turns"))
    if block.aside is not None:
        _aside(drawing, block)


def _loop(count: int, sequential: bool) -> str:
    return loop("=F1.roles" + SO_MANY[count], "each", sequential=sequential)


def _branches(drawing: Drawing, block: Block, join: str, gateway: Any) -> None:
    """Each part between the gateway and its join; the last is the default of a choice."""
    for number, part in enumerate(block.parts):
        first = f"{block.id}_{number}"
        if block.kind == "fork":
            drawing.at(block.id).to(first)
        elif number < len(block.parts) - 1:
            drawing.at(block.id).when(first, f'F1.choice = "{ANSWERS[number]}"')
        else:
            drawing.at(block.id).otherwise(first)
        drawing.apart().milestone(first)
        _draw(drawing, part)
        drawing.to(join)
    drawing.apart()
    gateway(join)


def _race(drawing: Drawing, block: Block) -> None:
    id = block.id
    for name, waits in ((f"{id}m", {"message": "news"}), (f"{id}s", {"timer": SOON})):
        drawing.apart().catch(name, **waits)
        drawing.flow(id, name)
        _draw(drawing, block.parts[name.endswith("s")])
        drawing.to(f"{id}x")
    drawing.apart().milestone(f"{id}x")


def _aside(drawing: Drawing, block: Block) -> None:
    assert block.aside is not None
    here, after = drawing.here, f"{block.id}z"
    drawing.to(after)
    event = {"timer": LATE} if block.watched == "timer" else {"signal": "lost"}
    drawing.boundary(f"{block.id}y", here, **event)
    _draw(drawing, block.aside)
    drawing.to(after).apart().milestone(after)


# -- playing -----------------------------------------------------------------------------------------------------------
class Playing:
    """One block while it lasts: what waits in it, and what happens when something comes."""

    def __init__(self, block: Block, game: Game, rounds: tuple[int, ...] = ()) -> None:
        self.block, self.game, self.rounds = block, game, rounds  # rounds: in which round of each activity around it
        self.done, self.inner, self.turn, self.left = False, list[Playing](), 0, 0
        self.gone_aside: Playing | None = None
        self.begin()

    def begin(self) -> None:
        block = self.block
        match block.kind:
            case "sequence" | "loop":
                self.next_part()
            case "fork":
                self.inner = [self.inside(part) for part in block.parts]
            case "sub" | "call":
                self.inner = [self.inside(block.parts[0])]
            case "rounds":
                self.inner = [self.inside(block.parts[0], number) for number in range(block.count)]
            case "turns":
                self.left = block.count
                self.next_turn()
            case "each":
                self.left = block.count
        self.settle()

    def inside(self, block: Block, round: int | None = None) -> Playing:
        return Playing(block, self.game, self.rounds if round is None else (*self.rounds, round))

    def next_part(self) -> None:
        while self.turn < len(self.block.parts):
            self.inner = [self.inside(self.block.parts[self.turn])]
            self.turn += 1
            if not self.inner[0].done:
                return

    def next_turn(self) -> None:
        while self.left:
            self.inner = [self.inside(self.block.parts[0], self.block.count - self.left)]
            self.left -= 1
            if not self.inner[0].done:
                return

    def settle(self) -> None:
        """Whether this block is over now."""
        if self.gone_aside is not None:
            self.done = self.gone_aside.done
            return
        over = all(each.done for each in self.inner)
        match self.block.kind:
            case "sequence":
                if over and self.turn < len(self.block.parts):
                    self.next_part()
                    over = all(each.done for each in self.inner)
                self.done = over and self.turn >= len(self.block.parts)
            case "loop":
                if over and self.turn < len(self.block.parts):
                    self.next_part()
                    over = all(each.done for each in self.inner)
                while over and self.turn >= len(self.block.parts):
                    if self.game.answer != "later":
                        self.done = True
                        return
                    self.turn = 0
                    self.next_part()
                    over = all(each.done for each in self.inner)
            case "fork" | "sub" | "call" | "rounds":
                self.done = over
            case "turns":
                if over and self.left:
                    self.next_turn()
                    over = all(each.done for each in self.inner)
                self.done = over and not self.left
            case "each":
                self.done = self.left == 0
            case "choice" | "race":
                self.done = bool(self.inner) and over

    # -- what waits ----------------------------------------------------------------------------------------------------
    def waits(self) -> Iterator[tuple[Playing, Wait]]:
        if self.done:
            return
        if self.gone_aside is not None:
            yield from self.gone_aside.waits()
            return
        id = self.block.id
        match self.block.kind:
            case "task":
                yield self, Wait(id, "task")
            case "wait":
                yield self, Wait(id, "timer")
            case "each":
                for _ in range(self.left):
                    yield self, Wait(id, "task")
            case "choice" if not self.inner:
                yield self, Wait(f"{id}t", "task")
            case "race" if not self.inner:
                yield self, Wait(f"{id}m", "message")
                yield self, Wait(f"{id}s", "timer")
        if self.block.watched:
            yield self, Wait(f"{id}y", self.block.watched)
        for each in self.inner:
            yield from each.waits()

    def happens(self, wait: Wait) -> None:
        """Something that waits in this very block comes."""
        block = self.block
        if wait.id == f"{block.id}y":
            assert block.aside is not None
            self.inner, self.gone_aside = [], self.inside(block.aside)
        elif block.kind in ("task", "wait"):
            self.done = True
        elif block.kind == "each":
            self.left -= 1
        elif block.kind == "choice":
            last = len(block.parts) - 1
            number = ANSWERS.index(self.game.answer) if self.game.answer in ANSWERS else last
            self.inner = [self.inside(block.parts[min(number, last)])]
        elif block.kind == "race":
            self.inner = [self.inside(block.parts[wait.kind == "timer"])]

    def resettle(self) -> None:
        """After something happened inside, from the innermost block outwards."""
        if self.done:
            return
        for each in (*self.inner, *([self.gone_aside] if self.gone_aside else [])):
            each.resettle()
        if self.block.kind not in ("task", "wait") or self.gone_aside is not None:
            self.settle()


class Game:
    """A whole process as the oracle plays it."""

    def __init__(self, whole: Block) -> None:
        self.answer = ""
        self.root = Playing(whole, self)

    @property
    def ended(self) -> bool:
        return self.root.done

    def waits(self) -> list[tuple[Playing, Wait]]:
        return list(self.root.waits())

    def standing(self) -> list[tuple[str, str]]:
        return sorted((wait.id, wait.kind) for _, wait in self.waits())

    def happens(self, who: Playing, wait: Wait, answer: str = "") -> None:
        if answer:
            self.answer = answer
        who.happens(wait)
        self.root.resettle()

    def signalled(self) -> None:
        """Everybody who waits for the signal hears it, the outermost first; what was inside them is gone with them."""
        for who, wait in [each for each in self.waits() if each[1].kind == "signal"]:
            if any(who is other and wait == theirs for other, theirs in self.waits()):
                self.happens(who, wait)
