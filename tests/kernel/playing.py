"""Plays a drawn process step by step, as the engine would: values kept outside, the clock moved by hand.

Every step is taken twice and compared byte for byte, and the state is written and read again after it.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bpmn import CITY, Drawing, files

from engine.calendar import TOKYO, Calendar
from engine.kernel import events
from engine.kernel.advance import advance, fresh, place
from engine.kernel.commands import Command, Complete, Deliver, Fire, Placement, Retry, Signal, Start
from engine.kernel.limits import Limits
from engine.kernel.model import Vocabulary
from engine.kernel.names import Context
from engine.kernel.reading import dump, load, read
from engine.kernel.running import Executable
from engine.kernel.state import State, Token
from engine.kernel.state import dump as dump_state
from engine.kernel.state import load as load_state


class Play:
    def __init__(self, first: Drawing, *others: Drawing, city: Vocabulary = CITY, decisions: Mapping[str, bytes] | None = None) -> None:
        reading = read({**files(first, *others), **(decisions or {})}, city)
        stops = [problem for problem in reading.problems if problem.kind in ("ask", "refused")]
        assert reading.model is not None, stops
        self.model = Executable(load(dump(reading.model)))
        self.first = first.id
        self.now = datetime(2026, 6, 1, 0, 0, tzinfo=UTC)  # Monday, 9:00 in Tokyo
        self.latest: dict[str, Any] = {}
        self.lists: dict[tuple[str, str], list[Any]] = {}
        self.settings: dict[str, Any] = {"t_reply": "P10BD", "months": [1, 3, 6]}
        self.lanes: dict[str, str] = {"係": "kakari", "課長": "kakari.head"}
        self.functions: dict[str, Any] = {"lead": lambda: "kakari", "received_by": lambda: "kakari"}
        self.limits = Limits()
        self.operations: dict[str, Any] = {}
        self.state: State = fresh(self.first, 7)
        self.events: list[events.Event] = []
        self.last: tuple[events.Event, ...] = ()

    # -- acting -----------------------------------------------------------------------------------------------------
    def start(self, **data: Any) -> "Play":
        return self.does(Start(self.first, data))

    def completes(self, element: str, form: str | None = None, **answer: Any) -> "Play":
        """Somebody finishes the first open task of this element, with an answer to its form."""
        token = self.task(element)
        if answer or form:
            node = self.model.nodes[token.element]
            name = form or (node.form or "").split("#")[0]
            self.latest[name] = answer
            activation = self.state.activation(token)
            if activation is not None:
                self.lists.setdefault((name, activation), []).append(answer)
        return self.does(Complete(token.id))

    def receives(self, element: str, message: str, **payload: Any) -> "Play":
        return self.does(Deliver(self.task(element).id, message, payload))

    def hears(self, signal: str) -> "Play":
        return self.does(Signal(signal))

    def retries(self) -> "Play":
        return self.does(Retry())

    def becomes(self, day: str) -> "Play":
        """The day comes; every timer that is due by nine o'clock fires, in order of its moment."""
        self.now = datetime.combine(date.fromisoformat(day), datetime.min.time().replace(hour=9), TOKYO).astimezone(UTC)
        while due := sorted((token.due, token.id) for token in self.state.tokens if token.due is not None and token.due <= self.now):
            self.does(Fire(due[0][1]))
        return self

    def passes(self, hours: int) -> "Play":
        self.now += timedelta(hours=hours)
        return self

    def does(self, command: Command) -> "Play":
        before = dump_state(self.state)
        once = advance(self.model, load_state(before), command, self.context())
        twice = advance(self.model, load_state(before), command, self.context())
        assert dump_state(once[0]) == dump_state(twice[0]) and once[1] == twice[1], "the same step gave two results"
        self.state, self.last = load_state(dump_state(once[0])), once[1]
        self.events += self.last
        for event in self.last:
            if isinstance(event, events.Decided):
                self.latest[event.result] = event.value
        return self

    def placed(self, *placements: Placement) -> "Play":
        self.state, self.last = place(self.model, self.state, placements, self.context())
        self.events += self.last
        return self

    def context(self) -> Context:
        return Context(
            self.now, Calendar(), self.settings, self.lanes, dict(self.latest), dict(self.lists), self.functions,
            limits=self.limits, operations=self.operations,
        )  # fmt: skip

    # -- looking ----------------------------------------------------------------------------------------------------
    def task(self, element: str) -> Token:
        """The token that stands at this element, the oldest first."""
        for token in self.state.tokens:
            if token.element.split(":")[1] == element:
                return token
        raise AssertionError(f"nothing stands at {element}; there are {self.standing}")

    @property
    def standing(self) -> list[str]:
        """Where tokens stand, activities that hold others included."""
        return sorted(token.element.split(":")[1] for token in self.state.tokens)

    @property
    def open(self) -> list[str]:
        """The open tasks, by element."""
        tasks = ("userTask", "manualTask")
        return sorted(
            token.element.split(":")[1] for token in self.state.tokens
            if self.model.nodes[token.element].type in tasks and token.rounds is None and not token.failed
        )  # fmt: skip

    @property
    def ended(self) -> bool:
        return self.state.status == "ended"

    def happened(self, kind: type[events.Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]
