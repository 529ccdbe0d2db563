"""Cases that take any way through the six diagrams by chance: none may get stuck, or lose a message.

Answers are drawn from the forms, clocks run, consents come and go. Only the kernel runs; the case file is a few lists.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine import releases
from engine.calendar import TOKYO
from engine.kernel import events
from engine.kernel.advance import advance, fresh
from engine.kernel.commands import Command, Complete, Deliver, Fire, Signal, Start
from engine.kernel.feel import Expression, parse
from engine.kernel.model import walk
from engine.kernel.names import Context
from engine.kernel.running import Executable
from engine.kernel.state import State, Token
from forms.check import check
from forms.form import Field, Form, drawn, in_hand
from forms.layout import relevant

ROOT = Path(__file__).parents[2]
LONGEST = 1_500  # actions; a case that needs more goes round in circles
RARE = 30_000  # cases in which even the rarest way, taken once in some 2,000, is taken
HOUSEHOLD = ("1", "2")
AGREED = ("agreed", "partial")
OVER = {"info_closed", "closed", "suspended", "transferred"}  # phases in which a case may stay when nothing is open


@dataclass
class Instance:
    """One running process, the answers given in it, and the instance that asked for it."""

    state: State
    asker: int | None = None
    answered: bool = False
    latest: dict[str, Any] = field(default_factory=dict)
    lists: dict[tuple[str, str], list[Any]] = field(default_factory=dict)


class Answers:
    """What a rule of a form may read here."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        self.known = known

    def name(self, name: str) -> Any:
        return self.known[name]

    def call(self, name: str, arguments: list[Any]) -> Any:
        raise KeyError(name)


def reads_only(rule: Expression, known: Mapping[str, Any]) -> bool:
    return all(path[0] in known for path in rule.paths)


class Case:
    """A household's case in which everything happens by chance."""

    def __init__(self, release: releases.Checked, model: Executable, seed: int) -> None:
        assert release.organisation is not None
        self.forms, self.city, self.model = release.forms, release.organisation, model
        self.chance = random.Random(seed)
        self.luck = self.chance.choice((0.0, 0.5, 0.8))  # how often the first option is taken: it leads on
        self.days: Sequence[int] = range(41)  # how far the days that are written lie ahead
        self.now = datetime(2026, 6, 1, 0, 0, tzinfo=UTC)
        self.instances: dict[int, Instance] = {}
        self.kept: list[tuple[str, Mapping[str, Any], int]] = []  # name, payload, receiver
        self.consents: dict[str, dict[str, Any]] = {}
        self.taken: set[str] = set()  # flows
        self.last_phase: str | None = None  # that any instance of the case reached
        self.actions = 0

    def run(self) -> None:
        self.begin(self.chance.choice(("intake", "multi_agency")), None)
        while any(each.state.status == "open" for each in self.instances.values()):
            self.actions += 1
            assert self.actions < LONGEST, f"goes round in circles: {self.standing()}"
            self.act()
        assert self.kept == [], "a message reached nobody"
        assert self.last_phase in OVER, f"the case is over, and shows {self.last_phase}"

    def begin(self, process: str, asker: int | None) -> None:
        id = len(self.instances) + 1
        self.instances[id] = Instance(fresh(process, id), asker)
        self.step(id, Start(process, {"initiator": 1}))

    def act(self) -> None:
        """Somebody completes a task, a consent is lost, a review is asked for, or the next timer fires."""
        standing = list(self.tokens())
        tasks = [(id, token) for id, token in standing if self.is_task(token)]
        buttons = [(id, token) for id, token in standing if self.node(token).properties.get("manualStart")]
        timers = [(token.due, id, token) for id, token in standing if token.due and not self.is_task(token)]
        assert tasks or timers, f"nothing can happen: {self.standing()}"
        if self.chance.random() < 0.02:
            self.withdraw()
        elif buttons and self.chance.random() < 0.1:
            id, token = self.chance.choice(buttons)
            self.step(id, Deliver(token.id, self.node(token).event.name))
        elif tasks and (not timers or self.chance.random() < 0.8):
            self.complete(*self.chance.choice(tasks))
        elif timers:
            due, id, token = min(timers, key=lambda each: (each[0], each[1], each[2].id))
            self.now = max(self.now, due)
            self.step(id, Fire(token.id))

    def complete(self, id: int, token: Token) -> None:
        instance = self.instances[id]
        form, part = self.form_of(token)
        answer = self.answer(instance, form, part)
        instance.latest[form.id] = answer
        if (activation := instance.state.activation(token)) is not None:
            instance.lists.setdefault((form.id, activation), []).append(answer)
        if "consent" in {each.feeds for each in form.part(part).fields}:
            for person in answer["persons"]:
                self.consents[person] = answer
        self.step(id, Complete(token.id))
        self.tell_if_consent_is_lost()

    def step(self, id: int, command: Command) -> None:
        instance = self.instances[id]
        instance.state, happened = advance(self.model, instance.state, command, self.context(id))
        assert not [event for event in happened if isinstance(event, events.IncidentRaised)], happened
        for event in happened:
            if isinstance(event, events.Entered) and event.flow is not None:
                self.taken.add(f"{event.element.split(':')[0]}:{event.flow}")
            if isinstance(event, events.Decided):
                instance.latest[event.result] = event.value
            if isinstance(event, events.PhaseReached) and event.ladder == "case":
                self.last_phase = event.phase
        for event in happened:
            if isinstance(event, events.MessageThrown):
                self.send(id, event)
        self.deliver()

    # --- messages --------------------

    def send(self, sender: int, event: events.MessageThrown) -> None:
        opened = next((process for process, start in self.starts() if start.event.name == event.name), None)
        if opened is None:
            asker = self.instances[sender].asker
            if asker is not None and self.catches(asker, event.name):
                takers = [asker] if self.instances[asker].state.status == "open" else []
            else:
                takers = self.takers(sender, event.name)
            if takers:
                self.kept.append((event.name, event.payload, takers[0]))
                self.instances[sender].answered |= takers[0] == asker
        elif any(each.state.process == opened and each.state.status == "open" for each in self.others(sender)):
            start = next(start for process, start in self.starts() if process == opened)
            if reply := start.properties.get("whenOpenReply"):
                self.kept.append((reply, {"result": start.properties["whenOpenReply.result"]}, sender))
        else:
            self.begin(opened, sender)

    def starts(self) -> Iterator[tuple[str, Any]]:
        for process in self.model.model.processes.values():
            starts = [node for node in process.nodes if node.type == "start"]
            yield from ((process.id, node) for node in starts if node.event.kind == "message")

    def takers(self, sender: int, message: str) -> list[int]:
        """Who takes a message that is no answer: the others that are open and have a step that waits for it."""
        return [id for id, each in self.instances.items() if id != sender and each.state.status == "open" and self.catches(id, message)]

    def catches(self, id: int, message: str) -> bool:
        ahead, seen = [self.instances[id].state.process], set[str]()
        while ahead:
            process = ahead.pop()
            seen.add(process)
            for node in walk(self.model.process(process).nodes):
                if node.called and node.called not in seen:
                    ahead.append(node.called)
                if node.type == "intermediateCatchEvent" and node.event is not None and (node.event.kind, node.event.name) == ("message", message):
                    return True
        return False

    def others(self, id: int) -> list[Instance]:
        return [each for other, each in self.instances.items() if other != id]

    def deliver(self) -> None:
        for message in list(self.kept):
            name, payload, receiver = message
            for token in self.instances[receiver].state.tokens:
                event = self.node(token).event
                if event is not None and event.kind == "message" and event.name == name and message in self.kept:
                    self.kept.remove(message)
                    self.step(receiver, Deliver(token.id, name, payload))
            if self.instances[receiver].state.status == "ended" and message in self.kept:
                self.kept.remove(message)  # optional, and nobody is there any more

    # --- consent --------------------

    def persons(self) -> list[dict[str, Any]]:
        found = []
        for id in HOUSEHOLD:
            given = self.consents.get(id, {})
            steps = (given.get("steps") or []) if given.get("answer") in AGREED else []
            found.append({"id": id, "answer": given.get("answer"), "share": "share" in steps, "plan": "plan" in steps})
        return found

    def consent(self, office: str, step: str) -> bool:
        return any(
            step in (given.get("steps") or []) and office in [row["org"] for row in given.get("scope_orgs") or []]
            for given in self.consents.values()
            if given.get("answer") in AGREED
        )

    def withdraw(self) -> None:
        self.consents = {}
        self.tell_if_consent_is_lost()

    def tell_if_consent_is_lost(self) -> None:
        if any(person["plan"] for person in self.persons()):
            return
        for id, token in list(self.tokens()):
            event = self.node(token).event
            if event is not None and event.kind == "signal" and self.instances[id].state.token(token.id):
                self.step(id, Signal(event.name))

    # --- answers --------------------

    def answer(self, instance: Instance, form: Form, part: str) -> dict[str, Any]:
        """A whole answer of the form that the form itself allows."""
        before = {} if form.stands_alone else self.carried(form, part, instance.latest.get(form.id) or {})
        for attempt in range(200):
            self.days = range(41) if attempt < 100 else (0, 40)  # days that must not lie before others fit more often at the ends
            typed = {each.name: self.value(each) for each in drawn(form.part(part).fields, in_hand(form))}
            answer = relevant(form, part, before | typed, may=in_hand(form))
            if not check(form, part, answer, may=in_hand(form)) and self.rules_hold(instance, form, part, answer):
                return before | answer
        raise AssertionError(f"{form.id}#{part} cannot be answered: {check(form, part, answer, may=in_hand(form))}")

    def rules_hold(self, instance: Instance, form: Form, part: str, answer: Mapping[str, Any]) -> bool:
        """The rules that fit an answer to other answers; those that need the whole case file are not tried here."""
        known = dict.fromkeys(self.forms) | instance.latest | {form.id: answer}
        rules = [parse(rule.require) for rule in form.rules if part in rule.parts]
        fitting = [rule for rule in rules if {path[0] for path in rule.paths} - {form.id} and not rule.calls]
        return all(rule.evaluate(Answers(known)) is True for rule in fitting if reads_only(rule, known))

    @staticmethod
    def carried(form: Form, part: str, before: Mapping[str, Any]) -> dict[str, Any]:
        order = [each.id for each in form.parts]
        so_far = set(order[: order.index(part)])
        kept = {each.name for each in form.fields if so_far & set(each.parts or order)}
        return {name: value for name, value in before.items() if name in kept}

    def value(self, asked: Field) -> Any:
        offered = [code.code for code in asked.codes]
        match asked.kind:
            case "code":
                if asked.auto and asked.name == "result":
                    return "provisional"
                return offered[0] if self.chance.random() < self.luck else self.chance.choice(offered)
            case "codes":
                alone = [code.code for code in asked.codes if code.alone]
                several = [code for code in offered if code not in alone]
                some = self.chance.sample(several, self.chance.randint(1, len(several)))
                return alone if alone and self.chance.random() < 0.5 else some
            case "bool":
                return self.chance.random() < 0.5
            case "date":
                return (self.today() + timedelta(days=self.chance.choice(self.days))).isoformat()
            case "datetime":
                return self.now.isoformat()
            case "number":
                return self.chance.randint(1, 3)
            case "org":
                return self.chance.choice(sorted(self.city.offices))
            case "persons":
                return self.chance.sample(HOUSEHOLD, self.chance.randint(1, len(HOUSEHOLD)))
            case "list":
                return [self.row(asked) for _ in range(self.chance.randint(0 if not asked.required else 1, 3))]
        return "架空"

    def row(self, asked: Field) -> dict[str, Any]:
        protected = ("confidential", "address", "residence")
        return {each.name: self.value(each) for each in asked.rows if each.name not in protected}

    # --- what the kernel asks --------------------

    def context(self, id: int) -> Context:
        instance = self.instances[id]
        functions: dict[str, Callable[..., Any]] = {
            "received_by": lambda: "zeimu",
            "lead": lambda: "esikoni",
            "next_review_on": lambda: self.today() + timedelta(days=30),
            "consent": self.consent,
            "persons": self.persons,
            "asker_waits": lambda: self.asker_waits(id),
            "awaits": lambda message: bool(self.takers(id, message)),
        }
        return Context(
            self.now, self.city.calendar, self.city.values, self.city.lanes, instance.latest, instance.lists, functions,
            frozenset(self.forms),
        )  # fmt: skip

    def asker_waits(self, id: int) -> bool:
        asker = self.instances[id].asker
        return asker is not None and self.instances[asker].state.status == "open" and not self.instances[id].answered

    # --- looking --------------------

    def today(self) -> date:
        return self.now.astimezone(TOKYO).date()

    def tokens(self) -> Iterator[tuple[int, Token]]:
        for id, instance in self.instances.items():
            yield from ((id, token) for token in instance.state.tokens)

    def node(self, token: Token) -> Any:
        return self.model.nodes[token.element]

    def is_task(self, token: Token) -> bool:
        return self.node(token).type == "userTask"

    def form_of(self, token: Token) -> tuple[Form, str]:
        id, _, part = self.node(token).form.partition("#")
        form = self.forms[id]
        return form, part or form.parts[0].id

    def standing(self) -> list[str]:
        return [f"{id} {token.element}" for id, token in self.tokens()]


# --- what must hold --------------------


@pytest.fixture(scope="module")
def release() -> releases.Checked:
    return releases.check(releases.gather(ROOT))


@pytest.fixture(scope="module")
def model(release) -> Executable:
    return Executable(release.model)


def all_flows(model: Executable) -> set[str]:
    drawn_in = model.model.processes.values()
    return {f"{process.id}:{flow.id}" for process in drawn_in for node in walk(process.nodes) for flow in node.outgoing}


def test_cases_that_take_any_way_come_to_an_end_and_lose_no_message(release, model):
    for seed in range(100):
        Case(release, model, seed).run()


def test_a_case_whose_asker_ends_long_after_it_was_answered_is_over(release, model):
    """Found by a long search: the reply comes while the asker is still at another step."""
    Case(release, model, 16042242789722252634).run()


@pytest.mark.deep
def test_very_many_cases_come_to_an_end_and_take_every_way_there_is(release, model, seed, time_is_left):
    taken: set[str] = set()
    chance = random.Random(seed)
    cases = 0
    while time_is_left() or cases < 3_000 or (all_flows(model) - taken and cases < RARE):
        case = Case(release, model, chance.getrandbits(64))
        case.run()
        taken |= case.taken
        cases += 1
    assert all_flows(model) - taken == set()
