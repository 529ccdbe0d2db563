"""What can be asked of an instance. A command changes one instance; it must carry no content beyond call inputs and payloads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Start:
    """Begin a process. ``data``: who began it (``initiator``) and what the start message brought."""

    process: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Complete:
    """A person finished the task of this token; the answer is already among the context's values."""

    token: str


@dataclass(frozen=True, slots=True)
class Deliver:
    """A message reaches the one token that waits for it."""

    token: str
    name: str
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fire:
    """The moment of a timer has come."""

    token: str


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal, heard by every token of this instance that waits for it, kept by none."""

    name: str


@dataclass(frozen=True, slots=True)
class Look:
    """Values of the case changed without a step of this instance: look again at what waits for a condition."""


@dataclass(frozen=True, slots=True)
class AddRound:
    """One more round of a multi-instance activity that is open (``token``): at once, or in its turn."""

    token: str
    item: Any


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again where the instance could not go on."""


@dataclass(frozen=True, slots=True)
class Around:
    """One activity that holds a token which is placed. Tokens that name the same ``element`` and ``key`` are held by the same one.

    ``inputs``: of a call; evaluated anew where not given. ``watches``: as for a Placement.
    Of a multi-instance activity: ``item`` and number of the round, the items that wait for their turn, how many rounds began, and the
    ``activation`` under which its answers were given, which goes on.
    """

    element: str
    key: str = ""
    since: datetime | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] | None = None
    watches: Mapping[str, datetime | None] = field(default_factory=dict)
    activation: str | None = None
    round: int | None = None
    item: Any = None
    begun: int = 0
    waiting: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Placement:
    """Where ``place`` puts a token: the activities that hold it, outermost first, and the element.

    One round of a multi-instance task is placed at the task, with the task itself as its last ``path``.
    ``since`` and ``due`` are kept where given; a timer without ``due`` counts from ``since``, and that from now.
    ``watches``: moments of the boundary events of an activity, or of the events after an event gateway. One that is not named is
    armed anew, counting from ``since``; one that is None has happened, and is not armed.
    """

    element: str
    path: tuple[Around, ...] = ()
    since: datetime | None = None
    due: datetime | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    via: str | None = None
    watches: Mapping[str, datetime | None] = field(default_factory=dict)


Command = Start | Complete | Deliver | Fire | Signal | Look | AddRound | Retry
