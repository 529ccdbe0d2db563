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
class Retry:
    """Try again where the instance could not go on."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where ``place`` puts a token: the elements of the scopes that hold it (outermost first, each with its loop item), and the element.

    ``since`` and ``due`` are kept where given; a timer without ``due`` counts from ``since``, and that from now.
    ``watches`` gives boundary events of the activity their moments.
    """

    element: str
    path: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    since: datetime | None = None
    due: datetime | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    via: str | None = None
    watches: Mapping[str, datetime] = field(default_factory=dict)


Command = Start | Complete | Deliver | Fire | Signal | Retry
