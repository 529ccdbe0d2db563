"""What the kernel reports: past facts about tokens and elements. Elements are source ids, ``process:node``.

``Decided`` and ``TaskOpened`` carry values for the engine to act on; ``outline`` is what may be kept in the case's stream.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    token: str
    element: str


@dataclass(frozen=True, slots=True)
class Entered(Event):
    """A token came to an element, on this flow (None: begun here)."""

    flow: str | None = None


@dataclass(frozen=True, slots=True)
class TaskOpened(Event):
    groups: tuple[str, ...] = ()
    assignee: Any = None
    due_on: date | None = None
    follow_up_on: date | None = None
    priority: int = 50
    item: Mapping[str, Any] = field(default_factory=dict)
    activation: str | None = None


@dataclass(frozen=True, slots=True)
class TaskCompleted(Event):
    pass


@dataclass(frozen=True, slots=True)
class TaskWithdrawn(Event):
    """An open task went away: ``because`` is the boundary event, signal or condition that took it."""

    because: str = ""


@dataclass(frozen=True, slots=True)
class TimerArmed(Event):
    due: datetime


@dataclass(frozen=True, slots=True)
class TimerFired(Event):
    pass


@dataclass(frozen=True, slots=True)
class TimerDisarmed(Event):
    pass


@dataclass(frozen=True, slots=True)
class Subscribed(Event):
    kind: str  # message, signal or condition
    name: str


@dataclass(frozen=True, slots=True)
class Received(Event):
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Unsubscribed(Event):
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class MessageThrown(Event):
    name: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    optional: bool = False


@dataclass(frozen=True, slots=True)
class SignalThrown(Event):
    """Every token of this instance that waits for it has heard it; others of the case are still to be told."""

    name: str


@dataclass(frozen=True, slots=True)
class Decided(Event):
    """``rows``: for each table that had a say, the rows that hit, from 1 (0: the default results)."""

    decision: str
    result: str
    value: Any = None
    rows: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PhaseReached(Event):
    ladder: str
    phase: str


@dataclass(frozen=True, slots=True)
class RoundsBegun(Event):
    """A multi-instance activity was entered anew; ``token`` is its activation."""

    count: int


@dataclass(frozen=True, slots=True)
class RoundAdded(Event):
    """A multi-instance activity that is open got one more round."""


@dataclass(frozen=True, slots=True)
class Left(Event):
    """An activity with a scope of its own was completed."""


@dataclass(frozen=True, slots=True)
class Interrupted(Event):
    """An activity with a scope of its own was taken away."""

    because: str = ""


@dataclass(frozen=True, slots=True)
class IncidentRaised(Event):
    reason: str


@dataclass(frozen=True, slots=True)
class InstanceEnded(Event):
    """Nothing is left; ``element`` is the end event reached last."""


CONTENT: frozenset[str] = frozenset({"item", "value", "rows", "payload"})


def outline(event: Event) -> dict[str, Any]:
    """An event as the case's stream keeps it: kind, token, element and ids, never a value of an answer."""
    kept: dict[str, Any] = {"kind": type(event).__name__}
    for name in _FIELDS[type(event)]:
        value = getattr(event, name)
        if name in CONTENT or value in (None, "", (), {}):
            continue
        kept[name] = value.isoformat() if isinstance(value, date) else list(value) if isinstance(value, tuple) else value
    return kept


_FIELDS = {kind: tuple(each.name for each in fields(kind)) for kind in Event.__subclasses__()}
