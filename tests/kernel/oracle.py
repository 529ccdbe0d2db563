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
WAITING = {"timer": {"timer": LATE}, "signal": {"signal": "lost"}, "condition": {"condition": 'F1.choice = "later"'}}
UPWARDS = {"error": {"error": "bad"}, "escalation": {"escalation": "up"}}
RACING = {"m": {"message": "news"}, "s": {"timer": SOON}, "l": {"timer": LATE}, "g": WAITING["signal"], "c": WAITING["condition"]}
LEAVES = ("task", "task", "task", "wait", "hear", "until", "receive", "shout", "tell", "stop", "fail")
LARGE = (
    "sequence", "sequence", "choice", "some", "fork", "loop", "sub", "call", "rounds", "turns", "race", "each", "leap",
)  # fmt: skip


@dataclass
class Watch:
    """An event on a boundary, or the beginning of an event sub-process, and where it leads."""

    id: str
    kind: str
    interrupting: bool
    leads_to: Block


@dataclass
class Block:
    """A part of a process with one way in and one way out."""

    kind: str
    id: str
    parts: list[Block] = field(default_factory=list)
    count: int = 0  # rounds
    watches: list[Watch] = field(default_factory=list)  # on its boundary; of a scope, its event sub-processes
    races: str = ""  # letters of what is raced for


@dataclass(frozen=True)
class Wait:
    """What waits: a task, a timer, a boundary event, an event of a race, or an event sub-process."""

    id: str
    kind: str  # task, timer, signal, message, condition


# -- drawing by chance -------------------------------------------------------------------------------------------------
class Invention:
    """Invents a process, and the processes that it calls."""

    def __init__(self, chance: random.Random, size: int) -> None:
        self.chance, self.left, self.made = chance, size, 0
        self.called: list[tuple[str, Block]] = []
        self.caught = 0  # how many scopes around catch an error
        self.whole = self.scope("P", 0, 3)

    def named(self, letter: str) -> str:
        self.made += 1
        return f"{letter}{self.made}"

    def scope(self, id: str, depth: int, blocks: int = 1) -> Block:
        """The inside of an activity or of the process, with event sub-processes beside it."""
        made = Block("scope", id)
        kinds = [*WAITING, *UPWARDS] if self.left > 0 and self.chance.random() < 0.3 else []
        for kind in self.chance.sample(kinds, min(len(kinds), self.chance.randint(1, 2))):
            handler = Block("scope", self.named("h"), [self.block(depth + 2)])
            made.watches.append(Watch(f"{handler.id}s", kind, kind == "error" or self.chance.random() < 0.5, handler))
        catches = any(each.kind == "error" for each in made.watches)
        self.caught += catches
        parts = [self.block(depth) for _ in range(blocks)]
        self.caught -= catches
        made.parts = parts if blocks == 1 else [Block("sequence", f"{id}q", parts)]
        return made

    def block(self, depth: int) -> Block:
        self.left -= 1
        if self.left <= 0 or depth > 4 or self.chance.random() < 0.2:
            return self.leaf()
        kind = self.chance.choice(LARGE)
        make = {"sequence": (2, 3), "choice": (2, 3), "some": (2, 3), "fork": (2, 3)}.get(kind, (1, 1))
        made = Block(kind, self.named(kind[0].upper()))
        if kind in ("sub", "call", "rounds", "turns", "each"):
            return self.activity(made, depth)
        if kind == "race":
            made.races = "".join(self.chance.sample(sorted(RACING), self.chance.randint(2, 3)))
            if "m" in made.races and self.chance.random() < 0.5:
                made.races = made.races.replace("m", "r")
            make = (len(made.races), len(made.races))
        made.parts = [self.block(depth + 1) for _ in range(self.chance.randint(*make))]
        if kind == "loop":
            made.parts.append(Block("task", self.named("t")))
        return made

    def activity(self, made: Block, depth: int) -> Block:
        if made.kind in ("rounds", "turns", "each"):
            made.count = self.chance.randint(0, 3)
        if made.kind == "each":
            return self.watch(made)
        self.watch(made, *UPWARDS)
        catches = any(each.kind == "error" for each in made.watches)
        self.caught += catches
        made.parts = [self.scope(self.named("n"), depth + 1)]
        self.caught -= catches
        if made.kind == "call":
            self.called.append((f"called{made.id}", made.parts[0]))
        return made

    def leaf(self) -> Block:
        kind = self.chance.choice(LEAVES)
        if kind == "fail" and not self.caught:
            kind = "task"
        made = Block(kind, self.named({"task": "t", "receive": "v"}.get(kind, kind[0])))
        return self.watch(made) if kind in ("task", "receive") else made

    def watch(self, made: Block, *more: str) -> Block:
        kinds = [*WAITING, *more] if self.chance.random() < 0.35 else []
        for kind in self.chance.sample(kinds, min(len(kinds), self.chance.randint(1, 2))):
            watch = Watch(f"{made.id}{kind[:2]}y", kind, kind == "error" or self.chance.random() < 0.6, Block("task", self.named("a")))
            made.watches.append(watch)
        return made

    # -- as BPMN ------------------------------------------------------------------------------------------------------
    def drawings(self) -> list[Drawing]:
        made = [_framed(process("p"), "p", self.whole)]
        made += [_framed(process(name), name, block) for name, block in self.called]
        heard = process("bell").start("bell_b").catch("bell_m", message="news").user("bell_t", "鳴らす", form="F1#ask", groups="kakari")
        heard.end("bell_e").boundary("bell_s", "bell_t", signal="lost").to("bell_e")
        speaker = process("speaker").start("speaker_b").throw("speaker_t", "news").end("speaker_e")
        return [*made, heard, speaker]


def _framed(drawing: Drawing, name: str, scope: Block, **start: Any) -> Drawing:
    """A scope between its start and its end, with its event sub-processes."""
    _draw(drawing.start(f"{name}_b", **start), scope.parts[0])
    drawing.end(f"{name}_e")
    for watch in scope.watches:
        events = {**WAITING, **UPWARDS}[watch.kind]
        handler = inside(watch.leads_to.id).start(watch.id, interrupting=watch.interrupting, **events)
        _draw(handler, watch.leads_to.parts[0])
        drawing.by_event(handler.end(f"{watch.leads_to.id}_e"))
    return drawing


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
        case "hear":
            drawing.catch(id, **WAITING["signal"])
        case "until":
            drawing.catch(id, **WAITING["condition"])
        case "receive":
            drawing.receive(id, "news")
        case "shout":
            _task(drawing, f"{id}t")
            drawing.throws(id, **WAITING["signal"])
        case "tell":
            _task(drawing, f"{id}t")
            drawing.throws(id, **UPWARDS["escalation"])
        case "stop" | "fail":
            _task(drawing, f"{id}t")
            drawing.xor(id).when(f"{id}e", 'F1.choice = "no"').otherwise(f"{id}x")
            drawing.end(f"{id}e", **(UPWARDS["error"] if block.kind == "fail" else {"terminate": "all"})).milestone(f"{id}x")
        case "each":
            _task(drawing, id, loop=_loop(block.count, False))
        case "sequence":
            for part in block.parts:
                _draw(drawing, part)
        case "choice":
            _task(drawing, f"{id}t")
            drawing.xor(id)
            _branches(drawing, block, f"{id}x", drawing.xor)
        case "some":
            _task(drawing, f"{id}t")
            drawing.inclusive(id)
            _branches(drawing, block, f"{id}x", drawing.inclusive)
        case "fork":
            drawing.parallel(id)
            _branches(drawing, block, f"{id}x", drawing.parallel)
        case "leap":
            drawing.throws(id, link=id).apart().catch(f"{id}l", link=id)
            _draw(drawing, block.parts[0])
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
    if block.watches:
        _asides(drawing, block)


def _loop(count: int, sequential: bool) -> str:
    return loop("=F1.roles" + SO_MANY[count], "each", sequential=sequential)


SOME = ('F1.choice != "no"', 'F1.choice = "later"')  # of which both can be true at once


def _branches(drawing: Drawing, block: Block, join: str, gateway: Any) -> None:
    """Each part between the gateway and its join; the last is the default of a choice."""
    for number, part in enumerate(block.parts):
        first = f"{block.id}_{number}"
        if block.kind == "fork":
            drawing.at(block.id).to(first)
        elif number < len(block.parts) - 1:
            drawing.at(block.id).when(first, SOME[number] if block.kind == "some" else f'F1.choice = "{ANSWERS[number]}"')
        else:
            drawing.at(block.id).otherwise(first)
        drawing.apart().milestone(first)
        _draw(drawing, part)
        drawing.to(join)
    drawing.apart()
    gateway(join)
    drawing.at(join)


def _race(drawing: Drawing, block: Block) -> None:
    id = block.id
    for letter, part in zip(block.races, block.parts, strict=True):
        drawing.apart()
        if letter == "r":
            drawing.receive(f"{id}r", "news")
        else:
            drawing.catch(f"{id}{letter}", **RACING[letter])
        drawing.flow(id, f"{id}{letter}")
        _draw(drawing, part)
        drawing.to(f"{id}x")
    drawing.apart().milestone(f"{id}x")


def _asides(drawing: Drawing, block: Block) -> None:
    """What interrupts leads to where the activity leads; what does not, to an end of its own."""
    here, after = drawing.here, f"{block.id}z"
    drawing.to(after)
    for watch in block.watches:
        drawing.boundary(watch.id, here, interrupting=watch.interrupting, **{**WAITING, **UPWARDS}[watch.kind])
        _draw(drawing, watch.leads_to)
        if watch.interrupting:
            drawing.to(after)
        else:
            drawing.end(f"{watch.id}e")
    drawing.apart().milestone(after)


# -- playing -----------------------------------------------------------------------------------------------------------
class Playing:
    """One block while it lasts: what waits in it, and what happens when something comes."""

    def __init__(self, block: Block, game: Game, around: Playing | None = None, rounds: tuple[int, ...] = ()) -> None:
        self.block, self.game, self.around, self.rounds = block, game, around, rounds  # rounds: in which of each activity around it
        self.done, self.inner, self.turn, self.left = False, list[Playing](), 0, 0
        self.instead: Playing | None = None  # what an interrupting event led to
        self.beside: list[Playing] = []  # of a scope: what events that interrupt nothing led to
        self.spent: set[str] = set()  # timers that have fired, and conditions that must become false first
        self.begin()

    @property
    def scope(self) -> Playing:
        """The innermost scope around, or itself."""
        return self if self.block.kind == "scope" or self.around is None else self.around.scope

    def begin(self) -> None:
        block = self.block
        match block.kind:
            case "sequence" | "loop":
                self.next_part()
            case "fork" | "scope" | "sub" | "call" | "leap":
                self.inner = [self.inside(part) for part in block.parts]
            case "rounds":
                self.inner = [self.inside(block.parts[0], number) for number in range(block.count)]
            case "turns":
                self.left = block.count
                self.next_turn()
            case "each":
                self.left = block.count
        self.settle()

    def inside(self, block: Block, round: int | None = None) -> Playing:
        return Playing(block, self.game, self, self.rounds if round is None else (*self.rounds, round))

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
        if self.done:
            return
        if self.instead is not None:
            self.done = self.instead.done
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
            case "fork" | "sub" | "call" | "rounds" | "leap":
                self.done = over
            case "scope":
                self.done = over and all(each.done for each in self.beside)
            case "turns":
                if over and self.left:
                    self.next_turn()
                    over = all(each.done for each in self.inner)
                self.done = over and not self.left
            case "each":
                self.done = self.left == 0
            case "choice" | "some" | "race":
                self.done = bool(self.inner) and over

    # -- what waits ----------------------------------------------------------------------------------------------------
    def waits(self) -> Iterator[tuple[Playing, Wait]]:
        """Everything that waits here, the outermost first."""
        if self.done:
            return
        if self.instead is not None:
            yield from self.instead.waits()
            return
        for watch in self.block.watches:
            if watch.kind in WAITING and not (watch.kind == "timer" and watch.id in self.spent):
                yield self, Wait(watch.id, watch.kind)
        id = self.block.id
        match self.block.kind:
            case "task":
                yield self, Wait(id, "task")
            case "wait":
                yield self, Wait(id, "timer")
            case "hear":
                yield self, Wait(id, "signal")
            case "until":
                yield self, Wait(id, "condition")
            case "receive":
                yield self, Wait(id, "message")
            case "each":
                for _ in range(self.left):
                    yield self, Wait(id, "task")
            case "shout" | "tell" | "stop" | "fail":
                yield self, Wait(f"{id}t", "task")
            case "choice" | "some" if not self.inner:
                yield self, Wait(f"{id}t", "task")
            case "race" if not self.inner:
                kinds = {"m": "message", "r": "message", "s": "timer", "l": "timer", "g": "signal", "c": "condition"}
                for letter in self.block.races:
                    yield self, Wait(f"{id}{letter}", kinds[letter])
        for each in (*self.inner, *self.beside):
            yield from each.waits()

    # -- what happens --------------------------------------------------------------------------------------------------
    def happens(self, wait: Wait) -> None:
        """Something that waits in this very block comes."""
        block, answer = self.block, self.game.answer
        watch = next((each for each in block.watches if each.id == wait.id), None)
        if watch is not None:
            self.takes(watch)
            return
        match block.kind:
            case "each":
                self.left -= 1
            case "choice":
                last = len(block.parts) - 1
                number = ANSWERS.index(answer) if answer in ANSWERS else last
                self.inner = [self.inside(block.parts[min(number, last)])]
            case "some":
                chosen = [answer != "no", answer == "later"][: len(block.parts) - 1]
                parts = [part for part, is_true in zip(block.parts, chosen, strict=False) if is_true] or block.parts[-1:]
                self.inner = [self.inside(part) for part in parts]
            case "race":
                self.inner = [self.inside(block.parts[block.races.index(wait.id[-1])])]
            case "stop" if answer == "no":
                scope = self.scope
                scope.done, scope.inner, scope.beside = True, [], []
            case "fail" if answer == "no":
                assert self.throws("error"), "invented only where somebody catches it"
            case "shout":
                self.game.hear()
                self.done = True
            case "tell":
                self.throws("escalation")
                self.done = True
            case _:
                self.done = True

    def takes(self, watch: Watch) -> None:
        """An event on the boundary, or the beginning of an event sub-process."""
        if watch.interrupting:
            self.inner, self.beside, self.left = [], [], 0
            self.instead = self.inside(watch.leads_to)
        else:
            self.spent |= {watch.id} if watch.kind in ("timer", "condition") else set()
            self.scope.beside.append(Playing(watch.leads_to, self.game, self.scope, self.rounds))

    def surroundings(self) -> list[Any]:
        """What waits in each scope around, the innermost first; twins that look alike in all of it are alike."""
        scopes, place = [], self.scope if self.block.kind != "scope" or not self.block.watches else self
        while place.around is not None:
            if place.block.kind == "scope":
                scopes.append(sorted((wait.id, wait.kind, who.rounds) for who, wait in place.waits()))
            place = place.around
        return scopes

    def throws(self, kind: str) -> bool:
        """Look outwards for who catches it; what an event of a block led to is not caught by that block any more."""
        before: Playing = self
        place = self.around
        while place is not None:
            for watch in place.block.watches if place.instead is None else ():
                if watch.kind == kind and watch.leads_to is not before.block:
                    place.takes(watch)
                    return True
            before, place = place, place.around
        return False

    def resettle(self) -> None:
        """After something happened inside, from the innermost block outwards."""
        if self.done:
            return
        for each in (*self.inner, *self.beside, *([self.instead] if self.instead else [])):
            each.resettle()
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
        self.look()

    def signalled(self) -> None:
        self.hear()
        self.root.resettle()
        self.look()

    def hear(self) -> None:
        """Everybody who waits for the signal hears it, the outermost first; what was inside them is gone with them."""
        self._come([each for each in self.waits() if each[1].kind == "signal"])

    def look(self) -> None:
        """Whoever waits for a condition goes on once it is true; what interrupts nothing comes again only after it was false."""
        while True:
            waiting = [each for each in self.waits() if each[1].kind == "condition"]
            if self.answer != "later":
                for who, wait in waiting:
                    who.spent.discard(wait.id)
                return
            waiting = [(who, wait) for who, wait in waiting if wait.id not in who.spent]
            if not waiting:
                return
            self._come(waiting)
            self.root.resettle()

    def _come(self, those: list[tuple[Playing, Wait]]) -> None:
        for who, wait in those:
            if any(who is other and wait == theirs for other, theirs in self.waits()):
                who.happens(wait)
