"""The facts of a case file that expressions may read: who received it, who leads, who consented. Reading only.

A fact that the answer now being given sets is already in force for the step that the answer causes.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import store
from engine.city import City
from engine.kernel import feel
from engine.kernel.errors import CannotGoOn
from engine.kernel.limits import Limits
from engine.kernel.model import FieldKind
from engine.kernel.names import Context
from engine.kernel.running import Executable
from engine.kernel.state import State
from engine.organisation import Organisation

FUNCTIONS: Mapping[str, tuple[int, int]] = {
    "answers": (1, 1), "workdays": (1, 2), "months": (1, 2), "received_by": (0, 0), "lead": (0, 0), "next_review_on": (0, 0),
    "consent": (2, 2), "persons": (0, 0), "asker_waits": (0, 0), "awaits": (1, 1),
}  # fmt: skip
RESULTS: Mapping[str, FieldKind] = {
    **dict.fromkeys(("received_by", "lead"), FieldKind("org")), **dict.fromkeys(("consent", "asker_waits"), FieldKind("bool")),
    "next_review_on": FieldKind("date"),
    "persons": FieldKind("list", fields={
        "id": FieldKind("text"), "answer": FieldKind("text"), **dict.fromkeys(("share", "plan", "refer_conference"), FieldKind("bool")),
    }),
}  # fmt: skip
NAMES = frozenset({"settings", "today", "initiator"})
SECONDS = 10.0  # of computing for one command of the kernel; a step takes milliseconds


@dataclass(frozen=True, slots=True)
class Consent:
    """What one person agreed to: steps (①–⑤ by code) and the organisations that may share, each until a day."""

    person: int
    answer: str
    steps: tuple[str, ...]
    orgs: Mapping[str, date | None]
    refer_conference: bool = False
    valid_until: date | None = None
    withdrawn_on: date | None = None

    def covers(self, step: str, today: date) -> bool:
        ended = self.valid_until is not None and self.valid_until < today
        return self.answer in ("agreed", "partial") and step in self.steps and not ended

    def shares_with(self, organisation: str, step: str, today: date) -> bool:
        if not self.covers(step, today) or organisation not in self.orgs:
            return False
        until = self.orgs[organisation]
        return until is None or until >= today


@dataclass(frozen=True, slots=True)
class Changes:
    """What an answer sets in the case file (``x-feeds``); an empty value sets nothing."""

    lead: str | None = None
    next_review_on: date | None = None
    closing_code: str | None = None
    consents: tuple[Consent, ...] = ()
    withdrawals: tuple[tuple[int, tuple[str, ...] | None, date], ...] = ()  # person, organisations (None: all), day
    persons: tuple[Mapping[str, Any], ...] = ()
    gaps: int = 0
    participations: tuple[tuple[str, str, date | None], ...] = ()  # organisation, ground, until
    plan_decided: bool = False  # those with a role may read the whole plan
    agenda: str | None = None  # the meeting that takes the item, and who is to come
    members: tuple[str, ...] = ()
    conclusion: str | None = None  # what the meeting said, or that it was postponed
    named: tuple[tuple[str, date], ...] = ()  # ground on which the writer confirmed secrecy, and until when they may read
    named_until: tuple[tuple[str, date], ...] = ()  # ground, and the day until which all who are named on it may read

    @property
    def touch_consent(self) -> bool:
        return bool(self.consents or self.withdrawals)


@dataclass
class Facts:
    """The case file of one instance, read when an expression asks."""

    c: Connection
    city: City
    case: int
    instance: int | None
    changes: Changes = field(default_factory=Changes)
    row: Any = None  # of the case
    settings: str | None = None  # the version of organisation.toml, where it was read already

    @cached_property
    def organisation(self) -> Organisation:
        return self.city.organisation(self.c, self.settings)

    def __post_init__(self) -> None:
        if self.row is None and self.case:
            self.row = self.c.execute(sa.select(store.case).where(store.case.c.id == self.case)).one()

    @property
    def lead(self) -> str | None:
        return self.changes.lead or self.row.lead_org

    @property
    def next_review_on(self) -> date | None:
        return self.changes.next_review_on or self.row.next_review_on

    @cached_property
    def people(self) -> Sequence[Any]:
        """The persons whom the instance is about: its subjects, else the household."""
        person, member, subject = store.person, store.household_member, store.subject
        chosen = sa.select(subject.c.person).where(subject.c.instance == self.instance)
        household = (
            sa.select(person).join(member).where(member.c.household == self.row.household, member.c.until.is_(None)).order_by(member.c.position)
        )
        found = self.c.execute(household.where(person.c.id.in_(chosen))).all() if self.instance is not None else []
        return found or self.c.execute(household).all()

    @cached_property
    def consents(self) -> Mapping[int, Consent]:
        """The consent in force of each person who answered."""
        return consents_of(self.c, self.case, self.changes, self.city.today)

    def _persons(self) -> list[Any]:
        today = self.city.today
        found = []
        for row in self.people:
            given = self.consents.get(row.id)
            found.append({
                "id": str(row.id), "answer": given.answer if given else None,
                "share": bool(given and given.covers("share", today)), "plan": bool(given and given.covers("plan", today)),
                "refer_conference": bool(given and given.refer_conference),
            })  # fmt: skip
        return found

    def _consent(self, organisation: Any, step: Any) -> bool:
        ids = {row.id for row in self.people}
        return any(
            given.shares_with(str(organisation), str(step), self.city.today) for person, given in self.consents.items() if person in ids
        )

    def _asker_waits(self) -> bool:
        own, asker = store.instance.alias(), store.instance.alias()
        return bool(
            self.c.scalar(
                sa.select(sa.func.count()).select_from(own.join(asker, own.c.asker == asker.c.id))
                .where(own.c.id == self.instance, asker.c.status != "ended", ~own.c.asked_answered)
            )  # fmt: skip
        )

    def _awaits(self, message: Any) -> bool:
        """Whether another open procedure of the case takes this message, now or at a later step."""
        instance = store.instance
        others = sa.select(instance.c.closure).where(
            instance.c.case == self.case, instance.c.status != "ended", instance.c.id != (self.instance or 0)
        )
        return any(self.city.executable(self.c, closure).catches(str(message)) for closure in self.c.scalars(others.distinct()).all())

    def _lead(self) -> str:
        if self.lead is None:
            raise CannotGoOn("主担当が決まっていません。")
        return self.lead

    @property
    def functions(self) -> dict[str, Any]:
        return {
            "received_by": lambda: self.row.received_org, "lead": self._lead, "next_review_on": lambda: self.next_review_on,
            "consent": self._consent, "persons": self._persons, "asker_waits": self._asker_waits,
            "awaits": self._awaits,
        }  # fmt: skip


class NewCase(Facts):
    """The case file before there is a case: nobody is known yet, and whoever receives leads."""

    def __init__(self, c: Connection, city: City, received_by: str | None) -> None:
        super().__init__(c, city, 0, None)
        self._received_by = received_by

    @property
    def people(self) -> Sequence[Any]:
        return ()

    @property
    def functions(self) -> dict[str, Any]:
        return {
            "received_by": lambda: self._received_by, "lead": lambda: self._received_by, "next_review_on": lambda: None,
            "consent": lambda organisation, step: False, "persons": list, "asker_waits": lambda: False,
            "awaits": lambda message: False,
        }  # fmt: skip


def consents_of(c: Connection, case: int, changes: Changes, today: date) -> dict[int, Consent]:
    """The consents in force of a case, with what an answer now changes laid over them."""
    table = store.consent
    rows = c.execute(sa.select(table).where(table.c.case == case, table.c.replaced_at.is_(None)).order_by(table.c.id))
    found = {row.person: consent_of(row) for row in rows}
    found |= {given.person: given for given in changes.consents}
    for person, orgs, day in changes.withdrawals:
        if person in found:
            found[person] = withdrawn(found[person], orgs, day)
    return found


def consent_of(row: Any) -> Consent:
    orgs = {org: None if until is None else date.fromisoformat(until) for org, until in row.orgs.items()}
    return Consent(row.person, row.answer, tuple(row.steps), orgs, row.refer_conference, row.valid_until, row.withdrawn_on)


def withdrawn(given: Consent, orgs: tuple[str, ...] | None, day: date) -> Consent:
    """What is left of a consent after a withdrawal: nothing, or fewer organisations."""
    if orgs is None:
        return Consent(given.person, "refused", (), {}, given.refer_conference, given.valid_until, day)
    left = {org: until for org, until in given.orgs.items() if org not in orgs}
    return Consent(given.person, given.answer, given.steps, left, given.refer_conference, given.valid_until, given.withdrawn_on)


def context(
    c: Connection, city: City, executable: Executable, state: State, facts: Facts, given: Mapping[str, Any] | None = None,
    activation: str | None = None, known: Mapping[str, Any] | None = None,
) -> Context:  # fmt: skip
    """All that a step may know. ``given`` is the answer now being given, by form; ``known`` what ``values_read`` gave already."""
    organisation = facts.organisation
    if known is None:
        known = values_read(c, executable, state, organisation)
    reads = executable.reads | reads_of_lanes(organisation)
    latest = {form: _read_fields(executable, reads, form, data) for form, data in known.items()}
    lists = _lists(c, executable, state, reads)
    for form, data in (given or {}).items():
        latest[form] = data
        if activation is not None and form in executable.lists:
            lists.setdefault((form, activation), []).append(data)
    return Context(
        city.now(), organisation.calendar, dict(organisation.values), organisation.lanes, latest, lists, facts.functions,
        frozenset(form for form, _ in reads_of_lanes(organisation)), Limits(is_over=_after(SECONDS)),
    )  # fmt: skip


def _after(seconds: float) -> Callable[[], bool]:
    """Whether this thread has computed for so long since now. Waiting is not counted: a busy machine makes nobody's case stand still."""
    until = time.thread_time() + seconds
    return lambda: time.thread_time() > until


def reads_of_lanes(organisation: Organisation) -> frozenset[tuple[str, str]]:
    """The (form, field) pairs that the lanes of organisation.toml read; lanes are living, not part of a closure."""
    return _reads_of(tuple(lane[1:] for lane in organisation.lanes.values() if lane.startswith("=")))


@lru_cache(maxsize=8)
def _reads_of(expressions: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    return frozenset((path[0], path[1]) for text in expressions for path in feel.parse(text).paths if len(path) > 1)


def values_read(
    c: Connection, executable: Executable, state: State, organisation: Organisation, also: str | None = None
) -> dict[str, Any]:
    """The newest answers of an instance, by form, that expressions of its closure or lanes read, and of the form ``also``.

    Whole answers with ``answered_at``; ``context`` lets only the fields that are read through to the kernel, never restricted text.
    """
    if state.version == 0:
        return {}
    known = {form for form, _ in executable.reads | reads_of_lanes(organisation)} | executable.results | ({also} if also else set())
    forms = tuple(sorted(known))
    found: dict[str, Any] = dict.fromkeys(forms)
    for row in c.execute(_newest(forms), {"this": state.instance}):
        whole = isinstance(row.data, dict) and row.form not in executable.results
        found[row.form] = {**row.data, "answered_at": row.at} if whole else row.data
    return found


@lru_cache(maxsize=256)
def _newest(forms: tuple[str, ...]) -> sa.Select[Any]:
    """The newest answer of each form in ``this`` instance."""
    answer = store.answer
    newest = [
        sa.select(sa.func.max(answer.c.id)).where(answer.c.instance == sa.bindparam("this"), answer.c.form == form).scalar_subquery()
        for form in forms
    ]
    return sa.select(answer.c.form, answer.c.data, answer.c.at).where(answer.c.id.in_(newest))


def _lists(
    c: Connection, executable: Executable, state: State, reads: frozenset[tuple[str, str]]
) -> dict[tuple[str, str], list[Any]]:
    """The answers of the activations in force; a correction takes the place of what it corrects."""
    answer = store.answer
    wanted = {
        (form, state.activations[element]) for form, elements in executable.lists.items() for element in elements if element in state.activations
    }
    if not wanted:
        return {}
    forms, entered = sorted({form for form, _ in wanted}), sorted({activation for _, activation in wanted})
    rows = c.execute(
        sa.select(answer.c.form, answer.c.activation, answer.c.task, answer.c.data)
        .where(answer.c.instance == state.instance, answer.c.activation.in_(entered), answer.c.form.in_(forms))
        .order_by(answer.c.id)
    )
    newest = {(row.form, row.activation, row.task): row.data for row in rows}
    lists: dict[tuple[str, str], list[Any]] = {}
    for (form, activation, _), data in newest.items():
        if (form, activation) in wanted:
            lists.setdefault((form, activation), []).append(_read_fields(executable, reads, form, data))
    return lists


def _read_fields(executable: Executable, reads: frozenset[tuple[str, str]], form: str, data: Any) -> Any:
    if not isinstance(data, dict) or form in executable.results:
        return data
    return {key: value for key, value in data.items() if (form, key) in reads}
