"""The live state of an instance: a flat marking, independent of the case's age. It must not know SpiffWorkflow.

A marking is a set of tokens. A token stands at an element of the model, inside a *scope*: the activity (embedded or called
process, one instance of a multi-instance) whose own token holds it. Nothing that is over is kept; history is in events.
``docs/why/marking.md`` says why a marking and not SpiffWorkflow's task tree is what is stored.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from engine.kernel.errors import NotStorable

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Rounds:
    """How far a multi-instance activity has come: items still to begin, how many began, how many are open."""

    waiting: tuple[Any, ...]
    begun: int
    open: int


@dataclass(frozen=True, slots=True)
class Token:
    """One token. ``id`` is ``<instance>-<version>-<n>``, given when it came to stand here, and names the task or timer."""

    id: str
    element: str  # qualified: process:node
    scope: str | None = None  # the token whose activity holds this one; None is the instance itself
    since: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    due: datetime | None = None  # when a timer fires
    data: Mapping[str, Any] = field(default_factory=dict)  # loop item, payload: what differs from the scope's
    inputs: Mapping[str, Any] | None = None  # of a call activity: the data of the called process
    via: str | None = None  # the flow on which it waits at a joining gateway
    host: str | None = None  # whom a boundary event watches, or the event gateway whose race this is
    index: int | None = None  # which round of a multi-instance activity this is
    rounds: Rounds | None = None  # the multi-instance activity itself
    failed: bool = False  # stands where the engine could not go on
    held: bool = False  # waits for a condition that has been true: it must become false before it comes again


@dataclass(frozen=True, slots=True)
class State:
    """An instance between two commands. ``version`` counts the commands that changed it."""

    process: str
    instance: int
    version: int = 0
    status: str = "open"  # open, ended, incident
    tokens: tuple[Token, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)  # initiator, call inputs of the start message
    phases: Mapping[str, str] = field(default_factory=dict)
    activations: Mapping[str, str] = field(default_factory=dict)  # multi-instance element -> its last activation
    ended_in: str | None = None

    def token(self, id: str) -> Token | None:
        return next((token for token in self.tokens if token.id == id), None)

    def scopes(self, token: Token) -> list[Token]:
        """The tokens that hold this one, innermost first."""
        by_id = {each.id: each for each in self.tokens}
        holders = []
        while token.scope is not None:
            token = by_id[token.scope]
            holders.append(token)
        return holders

    def value(self, token: Token, name: str) -> Any:
        """What a token carries under a name: its own, or that of the nearest scope, since a token keeps only what differs from it."""
        for each in (token, *self.scopes(token)):
            if each is not token and each.inputs is not None:
                return each.inputs.get(name)
            if name in each.data:
                return each.data[name]
        return self.data.get(name)

    def activation(self, token: Token) -> str | None:
        """The innermost multi-instance activation that a token stands in."""
        return next((each.id for each in self.scopes(token) if each.rounds is not None), None)


def order(id: str) -> tuple[int, ...]:
    """Token ids in the order in which they were given."""
    return tuple(int(part) for part in id.split("-"))


def dump(state: State) -> bytes:
    """Canonical JSON: the same state gives the same bytes."""
    body: dict[str, Any] = {
        "format": FORMAT, "process": state.process, "instance": state.instance, "version": state.version, "status": state.status,
        "tokens": [_packed(token) for token in state.tokens], "data": plain(state.data), "phases": dict(state.phases),
        "activations": dict(state.activations), "ended_in": state.ended_in,
    }  # fmt: skip
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def load(body: bytes) -> State:
    """Raises NotStorable for a format that this version does not know."""
    stored = json.loads(body)
    if stored.get("format") != FORMAT:
        raise NotStorable(f"state format {stored.get('format')!r} is not known here (known: {FORMAT})")
    return State(
        process=stored["process"], instance=stored["instance"], version=stored["version"], status=stored["status"],
        tokens=tuple(_unpacked(token) for token in stored["tokens"]), data=lively(stored["data"]), phases=stored["phases"],
        activations=stored["activations"], ended_in=stored["ended_in"],
    )  # fmt: skip


def outline(tokens: Iterable[Token]) -> list[dict[str, Any]]:
    """What an event records of the tokens after it: where they stand and since when, never what they carry."""
    return [_packed(replace(token, data={}, inputs=None, rounds=None)) for token in tokens]


_DEFAULTS = Token("", "")


def _packed(token: Token) -> dict[str, Any]:
    packed: dict[str, Any] = {}
    for name in Token.__slots__:
        value = getattr(token, name)
        if value != getattr(_DEFAULTS, name):
            packed[name] = value
    for name in ("since", "due"):
        if name in packed:
            packed[name] = packed[name].isoformat()
    for name in ("data", "inputs"):
        if name in packed:
            packed[name] = plain(packed[name])
    if token.rounds is not None:
        packed["rounds"] = [plain(list(token.rounds.waiting)), token.rounds.begun, token.rounds.open]
    return packed


def _unpacked(packed: dict[str, Any]) -> Token:
    fields = dict(packed)
    for name in ("since", "due"):
        if name in fields:
            fields[name] = datetime.fromisoformat(fields[name])
    for name in ("data", "inputs"):
        if name in fields:
            fields[name] = lively(fields[name])
    if "rounds" in fields:
        waiting, begun, still_open = fields["rounds"]
        fields["rounds"] = Rounds(tuple(lively(waiting)), begun, still_open)
    return Token(**fields)


def plain(value: Any) -> Any:
    """A FEEL value as JSON; dates, moments and decimals are tagged."""
    if isinstance(value, datetime):
        return {"$moment": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, Decimal):
        return {"$number": str(value)}
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def lively(value: Any) -> Any:
    """The FEEL value of what ``plain`` wrote."""
    if isinstance(value, dict):
        if len(value) == 1:
            (tag, content), *_ = value.items()
            if tag == "$moment":
                return datetime.fromisoformat(content)
            if tag == "$date":
                return date.fromisoformat(content)
            if tag == "$number":
                return Decimal(content)
        return {key: lively(each) for key, each in value.items()}
    if isinstance(value, list):
        return [lively(each) for each in value]
    return value
