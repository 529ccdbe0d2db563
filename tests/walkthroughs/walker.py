"""Walks several cases at once by chance through the real engine, until nothing is open; after each action everything is checked.

Answers are what a page would offer, with other values that the form allows. It knows no process, form or task by name.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine import access, answers, cases, choices, outbox, people, rebuilding, store, stream
from engine.city import By, City
from engine.facts import Facts, NewCase
from engine.kernel import state as states
from engine.kernel.commands import Deliver
from engine.rehearsal import Clock, start_form
from forms.choices import Choices
from forms.form import Field, Form, drawn, in_hand
from forms.layout import relevant

BEGINS = datetime(2026, 4, 6, 0, 0, tzinfo=UTC)  # Monday, 9:00 in Tokyo
LONGEST = 400  # actions of one case; then it is only led to its end
NEVER = 2_000  # a case that needs more goes round in circles
TRIES = 150  # answers until one is right
PROTECTED = frozenset({"confidential"})  # a concealed person is walked elsewhere
SETTLED = frozenset({"delivered", "joined", "dropped"})
LISTS = (store.task, store.candidate, store.timer, store.subscription)
WITHOUT_CONSENT = "同意を記録してください"  # a form says so where nobody agrees any more; whoever fills it in asks them again


class Unanswerable(AssertionError):
    """Nothing that was typed satisfied the form; where that lasts, the case goes round in circles and the walk says so."""


@dataclass
class Walk:
    """What several cases went through."""

    cases: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    elements: set[str] = field(default_factory=set)


class Walker:
    """One person for every group of the city, who does whatever may be done."""

    def __init__(self, city: City, clock: Clock, seed: int) -> None:
        self.city, self.clock, self.chance, self.walk = city, clock, random.Random(seed), Walk()
        self.luck, self.taste = 0.5, dict[str, str]()  # how often these cases take the option they like: mostly the first, which leads on
        self._keys, self._people = itertools.count(1), dict[str, By]()
        with city.store.reading() as c:
            organisation = city.organisation(c)
        self.near, self.narrow = [organisation.duties["coordination"]], False  # the organisations that are named most
        self.offices, self.from_case = sorted(organisation.offices), list(organisation.from_case.values())
        (self.process,) = organisation.starters
        self.expected = set(organisation.offices)

    def run(self, count: int) -> None:
        """So many cases at the same time, until all instances ended."""
        opened: Counter[int] = Counter()
        self.luck, self.taste = self.chance.choice((0.4, 0.8, 0.97, 0.97)), {}
        self.near[1:] = self.chance.sample(self.offices, 2)
        for _ in range(count):
            opened[self.receive()] = 0
        while still := [case for case in opened if self.is_open(case)]:
            case = self.chance.choice(still)
            opened[case] += 1
            assert opened[case] < NEVER, f"goes round in circles: {self.standing(case)}"
            self.act(case, leading=opened[case] > LONGEST)
            self.look(case)
        for case in opened:
            self.look_back(case)
        self.walk.cases += count

    # -- what people do ---------------------------------------------------------------------------------------------
    def receive(self) -> int:
        by = self.person(self.chance.choice(self.offices))
        with self.city.store.reading() as c:
            closure = self.city.closure_in_force(c, self.process)
            form, part = start_form(self.city, c, self.process, closure or "")
            scope = answers.Scope(c, self.city, NewCase(c, self.city, by.organisation), None, None, by)
            data = self.answer(form, part, scope, choices.of(c, self.city, by, None), False)
        case = cases.open_case(self.city, self.process, data, by, self.key()).case
        self.did("received", case)
        return case

    def act(self, case: int, leading: bool) -> None:
        tasks, buttons, timers = self.tasks(case), self.buttons(case), self.timers(case)
        lot = self.chance.random()
        if lot < 0.04 and not leading:
            self.write(case)
        elif lot < 0.25 and buttons and not leading:
            row = self.chance.choice(buttons)
            cases.carry_out(self.city, row.instance, Deliver(row.id, row.name), self.key(), self.person(self.offices[0]))
            self.did("pressed", case)
        elif timers and (not tasks or lot > 0.75):
            self.wait(min(timers))
        elif tasks:
            self.complete(self.chance.choice(tasks), leading)

    def complete(self, task: Any, leading: bool) -> None:
        by = self.person(self.chance.choice(task.groups), task.excluded)
        with self.city.store.reading() as c:
            instance = c.execute(sa.select(store.instance).where(store.instance.c.id == task.instance)).one()
            asked = access.unconfirmed(self.city, c, by, task)
            form_id, part = (task.form, task.part) if asked is None else asked.confirmed_by.split("#")
            form = self.city.forms(c, instance.closure)[form_id]
            facts = Facts(c, self.city, task.case, task.instance)
            executable, state = self.city.executable(c, instance.closure), states.load(bytes(instance.state))
            scope = answers.Scope(c, self.city, facts, executable, state, by, task, instance.closure)
            offered, part = choices.of(c, self.city, by, facts), part or form.parts[0].id
            unknown = not offered.persons and any(each.kind == "persons" for each in form.part(part).fields)
            try:
                data = {} if unknown else self.answer(form, part, scope, offered, leading)
            except Unanswerable as said:
                if WITHOUT_CONSENT not in str(said):
                    raise
                data = None
        if unknown:  # nobody can be chosen yet: the household is written down first
            self.write(task.case, "person")
            return
        if data is None:  # such as a plan about persons of whom none agrees any more: they are asked again
            self.write(task.case, "consent")
            return
        if asked is not None:  # what is open to named persons only: secrecy is confirmed first
            cases.confirm(self.city, task.id, data, by, self.key())
            self.did("confirmed", task.case)
            return
        cases.complete(self.city, task.id, data, by, self.key())
        self.walk.elements.add(task.element)
        self.did("completed", task.case)

    def write(self, case: int, fact: str | None = None) -> None:
        """A record, a consent, its withdrawal, or who belongs to the household, or what feeds one ``fact``: from the case page."""
        with self.city.store.reading() as c:
            row, forms = c.execute(sa.select(store.case).where(store.case.c.id == case)).one(), self.city.forms(c)
            by, facts = self.person(row.lead_org), Facts(c, self.city, case, None)
            offered = choices.of(c, self.city, by, facts)
            wanted = fact if offered.persons else "person"
            feeding = [each for each in self.from_case if any(wanted in (known.feeds or "").split() for known in forms[each.split("#")[0]].fields)]
            form_id, _, part = self.chance.choice(feeding if wanted else self.from_case).partition("#")
            form, scope = forms[form_id], answers.Scope(c, self.city, facts, None, None, by)
            data = self.answer(form, part, scope, offered, False)
            if fact == "person" and not any(data.values()):
                return
        cases.record(self.city, case, form_id, part, data, by, self.key())
        self.did(f"wrote {part}", case)

    def wait(self, until: datetime) -> None:
        """The clock goes on to the next moment that matters; whatever is due anywhere happens."""
        self.clock.moment = max(self.clock.moment, until)
        self.did("waited")

    def did(self, what: str, case: int | None = None) -> None:
        self.walk.actions[what] += 1
        self.clock.moment += timedelta(minutes=1)
        if case is not None:
            outbox.drain(self.city, case)
        outbox.work_all(self.city)

    def person(self, group: str, excluded: int | None = None) -> By:
        """Somebody of this group; somebody else when the first may not."""
        for number in range(2):
            name = f"{group.replace('_', '-')}.{number}"
            if name not in self._people:
                office = group.split(".")[0]
                found = people.person_by_login(self.city.store, name)
                groups = tuple(dict.fromkeys((office, group)))
                made = found or people.add_person(
                    self.city.store, name, f"架空 {name}", groups=groups, now=self.city.now(), since=date(2000, 4, 1)
                )
                self._people[name] = By(made.id, office, frozenset(groups))
            if self._people[name].person != excluded:
                return self._people[name]
        raise AssertionError(f"nobody else in {group}")

    def key(self) -> str:
        return f"walk {next(self._keys)}"

    # -- answers ----------------------------------------------------------------------------------------------------
    def answer(self, form: Form, part: str, scope: answers.Scope, offered: Choices, leading: bool) -> dict[str, Any]:
        """What a person sends: the prefilled page with other values typed over it, until the form finds nothing wrong with it."""
        shown = [each for each in drawn(form.part(part).fields, in_hand(form)) if not each.auto]
        given = answers.prefilled(form, part, scope)
        sent, errors, said = dict[str, Any](), tuple[Any, ...](), dict[tuple[str, str], int]()
        for attempt in range(TRIES):
            self.narrow = attempt >= TRIES // 3  # answers that must fit each other fit more often when they are few
            if attempt % 15 == 0:
                sent = self.sent(shown, given, offered, leading, 0.25 + attempt / TRIES)
            wrong = {error.path.split("-")[0] for error in errors}
            sent |= {each.name: self.value(each, offered, False, some=True) for each in shown if each.name in wrong}
            sent = {name: value for name, value in relevant(form, part, sent, may=in_hand(form)).items() if value not in (None, "", [])}
            try:
                answers.compose(form, part, sent, scope)
                self.narrow = False
                return sent
            except answers.Errors as found:
                errors = found.errors
                said |= {(each.path, each.message): attempt for each in errors}
        raise Unanswerable(f"{form.id}#{part} cannot be answered: {list(said)} {sent}")

    def sent(self, shown: list[Field], given: Mapping[str, Any], offered: Choices, leading: bool, much: float) -> dict[str, Any]:
        sent = {}
        for each in shown:
            if each.name in given and (each.fixed or not self.narrow and self.chance.random() < 0.7):
                sent[each.name] = self.kept(each, given[each.name], offered)
            elif each.required or self.chance.random() < much:
                sent[each.name] = self.value(each, offered, leading)
        return sent

    def kept(self, asked: Field, value: Any, offered: Choices) -> Any:
        """What stood there; rows that were only begun are finished."""
        if asked.kind != "list":
            return value
        typed = [each for each in asked.rows if not each.auto]
        names = {each.name for each in typed} | {"id"}
        return [
            {
                **{each.name: self.value(each, offered, False) for each in typed if each.required},
                **{name: cell for name, cell in row.items() if name in names and cell not in (None, "", [])},
            }
            for row in value
        ]

    def value(self, asked: Field, offered: Choices, leading: bool, some: bool = False) -> Any:
        codes, chance = [code.code for code in asked.codes], self.chance
        chosen = [choice.value for choice in offered.of(asked)] if asked.kind in ("org", "user", "person", "persons", "meeting") else []
        match asked.kind:
            case "code":
                liked = self.taste.setdefault(asked.name, chance.choice(codes) if chance.random() < 0.25 else codes[0])
                if some:  # what was there did not fit
                    return chance.choice(codes)
                if leading:  # mostly the first, which leads on; but "not yet" may be the first, too
                    return codes[0] if chance.random() < 0.7 else chance.choice(codes)
                return liked if chance.random() < self.luck and liked in codes else chance.choice(codes)
            case "codes":
                alone = [code.code for code in asked.codes if code.alone]
                several = [code for code in codes if code not in alone]
                some = chance.sample(several, chance.randint(1, min(4, len(several))))
                return alone[:1] if alone and chance.random() < 0.5 else some
            case "bool":
                return chance.random() < 0.5
            case "date":
                days = chance.choice((0, 30, 60)) if self.narrow else chance.randint(0, 60)
                return (self.city.today + timedelta(days=days)).isoformat()
            case "datetime":
                return self.city.now().replace(second=0, microsecond=0).isoformat()
            case "number":
                return 1 if self.narrow else chance.randint(1, 3)
            case "persons":
                return chance.sample(chosen, chance.randint(1, len(chosen))) if chosen else None
            case "org":
                return self.near[0] if self.narrow else chance.choice(self.near if chance.random() < 0.7 else chosen)
            case "user" | "person" | "meeting":
                return chance.choice(chosen) if chosen else None
            case "list":
                return [self.row(asked, offered) for _ in range(chance.randint(1 if asked.required or some else 0, 1 if self.narrow else 2))]
            case "file":
                return None
        return "架空のことば"

    def row(self, asked: Field, offered: Choices) -> dict[str, Any]:
        made = {}
        for each in asked.rows:
            if not each.auto and each.name not in PROTECTED and (each.required or self.chance.random() < 0.6):
                made[each.name] = self.value(each, offered, False)
        return {name: value for name, value in made.items() if value not in (None, "", [])}

    # -- what is there ----------------------------------------------------------------------------------------------
    def rows(self, table: sa.Table, case: int, *where: sa.ColumnElement[bool]) -> list[Any]:
        with self.city.store.reading() as c:
            return list(c.execute(sa.select(table).where(table.c.case == case, *where).order_by(*table.primary_key.columns)))

    def is_open(self, case: int) -> bool:
        return bool(self.rows(store.instance, case, store.instance.c.status != "ended"))

    def tasks(self, case: int) -> list[Any]:
        return self.rows(store.task, case, store.task.c.status == "open")

    def timers(self, case: int) -> list[datetime]:
        return [row.due_at for row in self.rows(store.timer, case)]

    def buttons(self, case: int) -> list[Any]:
        waiting = self.rows(store.subscription, case, store.subscription.c.kind == "message")
        return [each for each in waiting if "manualStart" in self.nodes(each.instance)[each.element].properties]

    def nodes(self, instance: int) -> Mapping[str, Any]:
        with self.city.store.reading() as c:
            closure = c.scalar(sa.select(store.instance.c.closure).where(store.instance.c.id == instance))
            return self.city.executable(c, closure or "").nodes

    def standing(self, case: int) -> list[str]:
        return [f"{each.instance} {each.element}" for each in self.tasks(case)]

    # -- what must hold ---------------------------------------------------------------------------------------------
    def look(self, case: int) -> None:
        """After every action."""
        assert self.rows(store.incident, case) == [], "an instance could not go on"
        states_of = dict(self.states(case))
        self.look_at_lists(case, states_of)
        messages = self.rows(store.message, case)
        waiting = [each for each in messages if each.status not in SETTLED]
        assert all(each.status == "kept" for each in waiting), [(each.name, each.status) for each in waiting]
        assert all(states_of[each.receiver].status == "open" for each in waiting), "a message is kept for an instance that is over"
        assert all(each.optional for each in messages if each.status == "dropped")
        assert not self.rows(store.outbox, case, store.outbox.c.done_at.is_(None), store.outbox.c.due_at <= self.city.now()), "work is left that was due"
        if self.is_open(case):
            assert self.tasks(case) or self.timers(case), f"nothing can happen any more: {self.standing(case)}"
        self.look_at_lead(case)
        with self.city.store.reading() as c:
            assert stream.verify(c, case) == []

    def states(self, case: int) -> Iterator[tuple[int, states.State]]:
        for row in self.rows(store.instance, case):
            state = states.load(bytes(row.state))
            assert states.dump(state) == bytes(row.state), "a state changes when it is read and written"
            assert (row.version, row.status) == (state.version, state.status)
            yield row.id, state

    def look_at_lists(self, case: int, all_states: Mapping[int, states.State]) -> None:
        """Every token that waits has its row, and every row its token."""
        tasks, timers, heard = dict[str, str](), dict[str, Any](), dict[str, str]()
        for instance, state in all_states.items():
            nodes = self.nodes(instance)
            for token in state.tokens:
                node = nodes[token.element]
                if node.type in ("userTask", "manualTask") and token.rounds is None:
                    tasks[token.id] = token.element
                elif node.type in ("intermediateCatchEvent", "boundaryEvent") and node.event.kind == "timer":
                    timers[token.id] = token.due
                elif node.type in ("intermediateCatchEvent", "boundaryEvent"):
                    heard[token.id] = node.event.name
        assert {each.id: each.element for each in self.tasks(case)} == tasks
        assert {each.id: each.due_at for each in self.rows(store.timer, case)} == timers
        assert {each.id: each.name for each in self.rows(store.subscription, case)} == heard
        for each in self.tasks(case):
            with self.city.store.reading() as c:
                assert access.groups_of(c, each.id) == frozenset(each.groups) != frozenset(), "a task belongs to nobody"

    def look_at_lead(self, case: int) -> None:
        with self.city.store.reading() as c:
            row = c.execute(sa.select(store.case).where(store.case.c.id == case)).one()
            assert row.lead_org in self.expected, f"the lead is {row.lead_org}"
            part = store.participation
            leads = c.scalars(sa.select(part.c.organisation).where(part.c.case == case, part.c.ground == "lead")).all()
            assert row.lead_org in leads
        ended = all(state.status == "ended" for _, state in self.states(case))
        assert (row.closed_at is not None) == ended, "a case is closed when nothing of it is open, and only then"

    def look_back(self, case: int) -> None:
        """When all is over: no message lies anywhere, and the lists made anew are the lists."""
        assert {each.status for each in self.rows(store.message, case)} <= SETTLED
        assert self.tasks(case) == [] and self.timers(case) == [] and self.rows(store.subscription, case) == []

    def look_at_rebuilding(self) -> None:
        """The lists of all cases, thrown away and made anew, say the same."""
        before = self.lists()
        rebuilding.rebuild(self.city)
        after = self.lists()
        for table, rows in before.items():
            assert rows == after[table], table

    def lists(self) -> dict[str, list[Any]]:
        with self.city.store.reading() as c:
            return {each.name: [tuple(row) for row in c.execute(sa.select(each).order_by(*each.primary_key.columns))] for each in LISTS}
