"""The one way to write to a case: a command, carried out by the kernel, written in one transaction.

``open_case``, ``complete``, ``record`` and ``correct`` are what people do; ``carry_out`` is what timers, messages and signals do.
A lost swap is run again under the case's lock; only a task that is no longer open is a conflict.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from engine import access, answers, corrections, enclosures, feeds, meetings, messages, projections, store, stream
from engine.calendar import end_of
from engine.city import NOBODY, SETTINGS_IN_FORCE, By, City
from engine.errors import Conflict, NoLongerOpen, NotAllowed
from engine.facts import Changes, Facts, consents_of, context, values_read
from engine.kernel import state as states
from engine.kernel.advance import advance, fresh
from engine.kernel.commands import AddRound, Command, Complete, Deliver, Fire, Look, Retry, Signal, Start
from engine.kernel.compiled import COMPILER_VERSION
from engine.kernel.errors import NotWaiting
from engine.kernel.events import Decided, Event, IncidentRaised, MessageThrown, PhaseReached, SignalThrown, Subscribed, TaskOpened, outline
from engine.kernel.running import ENGINE_VERSION, Executable
from engine.kernel.state import State, plain
from engine.organisation import Organisation
from engine.prepared import Prepared
from forms.form import Form

HOUSEHOLD = "household"


class Repeated(Exception):
    """This very request was carried out before."""

    def __init__(self, result: Mapping[str, Any]) -> None:
        self.result = result


@dataclass(frozen=True, slots=True)
class Given:
    """An answer, checked and composed, on its way into the store."""

    form: Form
    part: str | None
    data: dict[str, Any]
    changes: Changes
    task: str | None = None
    activation: str | None = None
    corrects: int | None = None
    reason: str | None = None
    files: tuple[int, ...] = ()  # attachments that were made for it


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did."""

    case: int
    instance: int | None
    answer: int | None = None
    events: tuple[Event, ...] = ()
    repeated: bool = False
    posted: bool = True  # whether it may have left something for ``outbox.drain``


@dataclass
class Situation:
    """One instance as it stands while a command is prepared."""

    row: Any
    executable: Executable
    state: State
    facts: Facts
    given: Given | None = None
    known: Mapping[str, Any] | None = None  # answers already read, by form
    taking_part: frozenset[str] = frozenset()  # organisations that a task in this case gave a ground, without an end


# -- what people do ----------------------------------------------------------------------------------------------------
def open_case(city: City, process: str, submitted: Mapping[str, Any], by: By, key: str) -> Outcome:
    """A person is received at a counter: the case, its household, the first instance and its first answer in one go.

    Raises NotAllowed when this person may not start the process, BadAnswer with the errors of the form.
    """
    try:
        return _open_case(city, process, submitted, by, key)
    except IntegrityError:  # the same request came twice at one moment, and the other was kept
        return _open_case(city, process, submitted, by, key)


def _open_case(city: City, process: str, submitted: Mapping[str, Any], by: By, key: str) -> Outcome:
    at = city.now()
    try:
        with city.store.transaction() as c:
            _once(c, key)
            if not access.may_start(city, c, by, process):
                raise NotAllowed
            closure = city.closure_in_force(c, process)
            if closure is None or by.organisation is None:
                raise NotAllowed
            household = c.execute(sa.insert(store.household).values(name="").returning(store.household.c.id)).scalar_one()
            case = c.execute(
                sa.insert(store.case).values(
                    number=_next_number(c, city.today), kind=HOUSEHOLD, household=household, received_org=by.organisation,
                    lead_org=by.organisation, opened_at=at, active_at=at,
                ).returning(store.case.c.id)
            ).scalar_one()  # fmt: skip
            stream.add(c, case, stream.Happened("CaseOpened"), by, at)
            feeds.participate(c, case, [(by.organisation, "received", None), (by.organisation, "lead", None)], city.today)
            instance = _begin(c, city, case, process, closure, {"initiator": by.person}, by, asker=None)
            task = c.execute(sa.select(store.task).where(store.task.c.instance == instance, store.task.c.status == "open")).first()
            if task is None:
                raise NotAllowed("この業務の流れは、受付から始まりません。")
            situation = _situation(c, city, instance)
            situation.given = _given(c, city, situation, task, submitted, by)
            outcome = _advance_and_write(c, city, situation, Complete(task.id), by)
            _note(c, key, outcome, at)
        return outcome
    except Repeated as repeated:
        return _again(repeated)


def complete(
    city: City, task_id: str, submitted: Mapping[str, Any], by: By, key: str, found: tuple[Any, Situation] | None = None,
    also: Callable[[Connection], None] | None = None,
) -> Outcome:  # fmt: skip
    """A person finishes a task with its form.

    ``found``: what ``at_hand`` gave in this request; when the case has moved since, it is read again. ``also`` is written in the
    same transaction. Raises NotAllowed, NoLongerOpen (somebody was first), BadAnswer (errors of the form), Conflict.
    """

    def prepare(c: Connection, writing: bool) -> tuple[Situation, Command]:
        task, situation = at_hand(c, city, task_id, writing) if writing or found is None else found
        if not access.may_do(city, c, by, task):
            raise NotAllowed
        if task.status != "open":
            raise NoLongerOpen
        if access.unconfirmed(city, c, by, task) is not None:
            raise NotAllowed
        situation.given = _given(c, city, situation, task, submitted, by, writing)
        return situation, Complete(task_id)

    return _run(city, prepare, by, key, also)


def record(city: City, case: int, form_id: str, part: str | None, submitted: Mapping[str, Any], by: By, key: str) -> Outcome:
    """A person adds a record or a consent from the case page, without a task (blueprint D20)."""
    with city.store.reading() as c:
        form = answers.form_from_case(city, c, form_id, part)
        if not access.may_record(city, c, by, case, form, part):
            raise NotAllowed
    return _keep(city, case, None, form, part, submitted, by, key, "AnswerRecorded")


def confirm(city: City, task_id: str, submitted: Mapping[str, Any], by: By, key: str) -> Outcome:
    """A person confirms secrecy before a task that is open to named persons only. Raises NotAllowed where nothing is left to confirm."""
    with city.store.reading() as c:
        task, situation = at_hand(c, city, task_id)
        ground = access.unconfirmed(city, c, by, task) if task.status == "open" and access.may_take(c, by, task) else None
        if ground is None:
            raise NotAllowed
        form, _, part = ground.confirmed_by.partition("#")
        found = city.forms(c, situation.row.closure)[form]
    return _keep(city, task.case, None, found, part, submitted, by, key, "AnswerRecorded", instance=task.instance)


def correct(city: City, answer_id: int, submitted: Mapping[str, Any], reason: str, by: By, key: str) -> Outcome:
    """One's own answer, corrected by a new answer with its reason; the old one stays.

    An answer that a later one of the same form has overtaken can no longer be corrected.
    """
    if not reason.strip():
        raise answers.bad("reason", "直す理由を書いてください。")
    with city.store.reading() as c:
        old = c.execute(sa.select(store.answer).where(store.answer.c.id == answer_id)).one_or_none()
        if old is None or not access.may_correct(city, c, by, old):
            raise NotAllowed
        form = answers.form_of(city, c, old)
    return _keep(city, old.case, old, form, old.part, submitted, by, key, "AnswerCorrected", reason)


# -- what timers, messages and signals do ------------------------------------------------------------------------------
def carry_out(city: City, instance: int, command: Command, key: str, by: By = NOBODY, also: Callable[[Connection], None] | None = None) -> Outcome:
    """A command without a form. ``also`` is written in the same transaction (the outbox row that is done)."""

    def prepare(c: Connection, writing: bool) -> tuple[Situation, Command]:
        return _situation(c, city, instance, writing), command

    return _run(city, prepare, by, key, also)


def begin(
    c: Connection, city: City, case: int, process: str, closure: str, data: Mapping[str, Any], asker: int | None, by: By = NOBODY
) -> int:
    """A message or signal opens a new instance in the case from which it comes, in the caller's transaction."""
    return _begin(c, city, case, process, closure, data, by, asker)


# -- preparing ---------------------------------------------------------------------------------------------------------
def _situation(c: Connection, city: City, instance: int, writing: bool = True) -> Situation:
    """One instance with its case, read together; the case is locked when this is for ``writing``."""
    if writing:
        c.execute(_LOCK_BY_INSTANCE, {"this": instance})
    found = c.execute(_INSTANCE, {"this": instance}).one_or_none()
    if found is None:
        raise NotAllowed
    return _of(c, city, found, 0)


def at_hand(c: Connection, city: City, task: str, writing: bool = False) -> tuple[Any, Situation]:
    """A task with its instance and case, read together. Raises NotAllowed when there is none."""
    if writing:
        c.execute(_LOCK_BY_TASK, {"this": task})
    found = c.execute(_TASK, {"this": task}).one_or_none()
    if found is None:
        raise NotAllowed
    return _Part(found, 0, store.task), _of(c, city, found, len(store.task.c))


def _lock(case: sa.Select[Any]) -> sa.Select[Any]:
    """Other writers of a case wait.

    A statement of its own, before reading: a join that waited for a lock would give the locked row as it is then, and the
    rows beside it as they were before.
    """
    return sa.select(store.case.c.id).where(store.case.c.id == case.scalar_subquery()).with_for_update()


_LOCK_BY_INSTANCE = _lock(sa.select(store.instance.c.case).where(store.instance.c.id == sa.bindparam("this")))
_LOCK_BY_TASK = _lock(sa.select(store.task.c.case).where(store.task.c.id == sa.bindparam("this")))
_TAKING_PART = (
    sa.select(sa.func.aggregate_strings(store.participation.c.organisation, ","))
    .where(store.participation.c.case == store.case.c.id, store.participation.c.ground == "task", store.participation.c.until.is_(None))
    .scalar_subquery()
    .label("taking_part")
)
_INSTANCE = (
    sa.select(store.instance, store.case, SETTINGS_IN_FORCE, _TAKING_PART)
    .join(store.case)
    .where(store.instance.c.id == sa.bindparam("this"))
    .set_label_style(sa.LABEL_STYLE_TABLENAME_PLUS_COL)
)
_TASK = (
    sa.select(store.task, store.instance, store.case, SETTINGS_IN_FORCE, _TAKING_PART)
    .join(store.instance, store.instance.c.id == store.task.c.instance)
    .join(store.case, store.case.c.id == store.task.c.case)
    .where(store.task.c.id == sa.bindparam("this"))
    .set_label_style(sa.LABEL_STYLE_TABLENAME_PLUS_COL)
)


def _of(c: Connection, city: City, found: Any, first: int) -> Situation:
    """The situation in a row that holds the columns of instance and case from ``first`` on."""
    row, case = _Part(found, first, store.instance), _Part(found, first + len(store.instance.c), store.case)
    facts = Facts(c, city, row.case, row.id, row=case, settings=found.settings_in_force)
    taking_part = frozenset((found.taking_part or "").split(","))
    return Situation(row, city.executable(c, row.closure), city.live(row), facts, taking_part=taking_part)


class _Part:
    """The columns of one table in a row of a join."""

    case: Any
    id: Any
    closure: Any

    def __init__(self, row: Any, first: int, table: sa.Table) -> None:
        self.__dict__.update(zip(table.c.keys(), row[first : first + len(table.c)], strict=True))


Prepare = Callable[[Connection, bool], tuple[Situation, Command]]


def _given(
    c: Connection, city: City, situation: Situation, task: Any, submitted: Mapping[str, Any], by: By, writing: bool = True
) -> Given | None:
    if task.form is None:
        return None
    form = city.forms(c, situation.row.closure)[task.form]
    scope = answers.Scope(c, city, situation.facts, situation.executable, situation.state, by, task, situation.row.closure)
    situation.known = scope.know(values_read(c, situation.executable, situation.state, situation.facts.organisation, form.id))
    data = answers.compose(form, task.part, submitted, scope)
    changes = feeds.changes(form, task.part, data)
    if (changes.persons or meetings.has_new(form, data) or enclosures.has_new(form, data)) and not writing:
        raise stream.Moved
    data, files = enclosures.settle(c, city, task.case, form, data, by)
    if meetings.has_new(form, data):
        data = meetings.settle(c, city, form, task.part, data, by.person)
        changes = feeds.changes(form, task.part, data)
    if changes.persons:
        persons = feeds.write_persons(c, situation.facts.row.household, changes.persons, city.now(), city.today)
        data = answers.with_persons(form, data, persons)
    if changes != Changes():
        situation.facts = replace(situation.facts, changes=changes)  # a new one: what was read before may no longer hold
    return Given(form, task.part, data, changes, task.id, task.activation, files=files)


def _run(city: City, prepare: Prepare, by: By, key: str, also: Callable[[Connection], None] | None = None) -> Outcome:
    """First without a lock; when somebody else was quicker, again with the case locked."""
    try:
        try:
            with city.store.reading() as c:
                situation, command = prepare(c, False)
                state, happened = _advance(c, city, situation, command)
            with city.store.transaction() as c:
                return _finish(c, city, situation, state, happened, command, by, key, also)
        except (stream.Moved, NotWaiting, IntegrityError):
            with city.store.transaction() as c:
                _once(c, key)
                situation, command = prepare(c, True)
                state, happened = _advance(c, city, situation, command)
                return _finish(c, city, situation, state, happened, command, by, key, also)
    except Repeated as repeated:
        return _again(repeated)
    except (NoLongerOpen, NotWaiting) as error:
        with city.store.reading() as c:
            try:
                _once(c, key)
            except Repeated as repeated:
                return _again(repeated)
        raise NoLongerOpen from error
    except stream.Moved as error:
        raise Conflict from error


def _finish(
    c: Connection, city: City, situation: Situation, state: State, happened: tuple[Event, ...], command: Command, by: By, key: str,
    also: Callable[[Connection], None] | None,
) -> Outcome:  # fmt: skip
    outcome = _write(c, city, situation, state, happened, command, by)
    if also is not None:
        also(c)
    _note(c, key, outcome, city.now())
    return outcome


def _advance(c: Connection, city: City, situation: Situation, command: Command) -> tuple[State, tuple[Event, ...]]:
    given = situation.given
    latest = {given.form.id: given.data} if given is not None else {}
    known = context(
        c, city, situation.executable, situation.state, situation.facts, latest, given.activation if given is not None else None,
        situation.known,
    )  # fmt: skip
    return advance(situation.executable, situation.state, command, known)


def _advance_and_write(c: Connection, city: City, situation: Situation, command: Command, by: By) -> Outcome:
    state, happened = _advance(c, city, situation, command)
    return _write(c, city, situation, state, happened, command, by)


# -- writing -----------------------------------------------------------------------------------------------------------
def _write(
    c: Connection, city: City, situation: Situation, state: State, happened: tuple[Event, ...], command: Command, by: By
) -> Outcome:
    """Everything that one step changes. The event is the swap: raises stream.Moved when the case moved since it was read."""
    row, given, at, case = situation.row, situation.given, city.now(), situation.row.case
    answer, hash = _store_answer(c, city, case, row.id, given, by)
    columns = feeds.columns(given.changes) if given is not None else {}
    if _moves_phases(situation, state, happened):
        columns |= _case_phases(c, situation.facts.organisation, case, state, happened, at)
    said = stream.Happened(
        _kind(command), row.id, state.version, given.task if given is not None else getattr(command, "token", None),
        _element(situation.state, command), answer, [outline(each) for each in happened], states.outline(state.tokens),
        situation.facts.organisation.version, hash,
    )  # fmt: skip
    stream.append(c, case, stream.head(situation.facts.row), said, by, at, **columns)
    if given is not None and given.files:
        enclosures.happened(c, city, case, given.files, answer or 0, said, by)
    _store_state(c, row, state, at)
    _store_decisions(c, city, row, happened, by)
    opened = projections.write(c, situation.executable, case, row.id, happened, at, by.person)
    taking_part = _organisations_of(opened, situation.taking_part)
    if given is not None:
        taking_part += feeds.write(c, case, given.changes, answer or 0, at)
        feeds.name(c, case, given.changes, by, city.today)
        _put_on_agenda(c, row, given, answer or 0, at)
    feeds.participate(c, case, taking_part, city.today)
    thrown = [each for each in happened if isinstance(each, MessageThrown)]
    messages.send(c, situation.facts.organisation.calendar, situation.executable, case, row.id, state.version, thrown, at)
    _deliver_kept(c, case, state, happened, at)
    _store_incidents(c, row, happened, command, at)
    touches_consent = given is not None and given.changes.touch_consent
    if touches_consent:
        _after_consent(c, city, case, at)
    looks = bool(touches_consent or columns) and _look_again(c, case, at, but=row.id)
    for name in dict.fromkeys(each.name for each in happened if isinstance(each, SignalThrown)):
        _post_signal(c, case, name, at, thrower=row.id)
        _post_beginnings(c, city, row, name, at)
    posted = touches_consent or looks or any(isinstance(each, MessageThrown | SignalThrown | Subscribed) for each in happened)
    return Outcome(case, row.id, answer, happened, posted=posted)


_STORE_STATE = Prepared(sa.update(store.instance).where(store.instance.c.id == sa.bindparam("this")))
_STORE_ANSWER = Prepared(sa.insert(store.answer).returning(store.answer.c.id))
_NOTE = Prepared(sa.insert(store.command))


def _store_state(c: Connection, row: Any, state: State, at: Any) -> None:
    ended = state.status == "ended"
    after = {
        "state": states.dump(state), "format": states.FORMAT, "engine_version": ENGINE_VERSION, "version": state.version,
        "status": state.status, "phase_case": state.phases.get("case"),
        "phase_coordination": state.phases.get("coordination"), "ended_at": at if ended else None, "ended_in": state.ended_in if ended else None,
    }  # fmt: skip
    _STORE_STATE.run(c, {"this": row.id, **after})


def _put_on_agenda(c: Connection, row: Any, given: Given, answer: int, at: Any) -> None:
    if given.changes.agenda is not None:
        meetings.put_on(c, row.case, row.id, given.task, int(given.changes.agenda), list(given.changes.members), answer)
    if given.changes.conclusion is not None:
        meetings.conclude(c, row.id, given.changes.conclusion, at, answer)


def _store_answer(c: Connection, city: City, case: int, instance: int | None, given: Given | None, by: By) -> tuple[int | None, str | None]:
    if given is None:
        return None, None
    salt, hash = stream.sealed(given.data)
    row = {
        "case": case, "instance": instance, "task": given.task, "form": given.form.id, "part": given.part, "activation": given.activation,
        "round": 0, "schema_hash": given.form.hash, "data": given.data, "salt": salt, "corrects": given.corrects, "reason": given.reason,
        "by": by.person, "organisation": by.organisation, "at": city.now(),
    }  # fmt: skip
    return _STORE_ANSWER.run(c, row).scalar_one(), hash


def _store_decisions(c: Connection, city: City, row: Any, happened: Iterable[Event], by: By) -> None:
    """Results of decision tables are kept like answers, and read like them; beside them, the rows that hit. Both are content."""
    rows = [
        {
            "case": row.case, "instance": row.id, "task": each.token, "form": each.result, "round": 0, "schema_hash": "",
            "data": plain(each.value), "rows": each.rows, "at": city.now(),
        }
        for each in happened
        if isinstance(each, Decided)
    ]
    if rows:
        c.execute(sa.insert(store.answer), rows)


def _organisations_of(opened: Iterable[TaskOpened], known: frozenset[str]) -> list[tuple[str, str, date | None]]:
    """An organisation with a task takes part in the case on that ground; those who do already are left out."""
    organisations = {group.split(".")[0] for each in opened for group in each.groups}
    return [(each, "task", None) for each in sorted(organisations - known)]


def _deliver_kept(c: Connection, case: int, state: State, happened: Iterable[Event], at: Any) -> None:
    """What was kept for this instance is carried once more: to the token that waits now, or, when the instance is over, away from it."""
    offered = {
        f"kept:{message}:{each.token}": message
        for each in happened
        if isinstance(each, Subscribed) and each.kind == "message"
        for message in messages.kept_for(c, case, state.instance, each.name)
    }
    if state.status == "ended":
        offered |= {f"kept:{message}:ended:{state.instance}": message for message in messages.kept_for(c, case, state.instance)}
    for key, message in offered.items():
        messages.carry(c, case, message, key, at)


def _store_incidents(c: Connection, row: Any, happened: Iterable[Event], command: Command, at: Any) -> None:
    if isinstance(command, Retry):
        c.execute(
            sa.update(store.incident).where(store.incident.c.instance == row.id, store.incident.c.settled_at.is_(None)).values(settled_at=at)
        )
    raised = [each for each in happened if isinstance(each, IncidentRaised)]
    if raised:
        c.execute(
            sa.insert(store.incident),
            [{"instance": row.id, "case": row.case, "element": each.element, "reason": each.reason, "raised_at": at} for each in raised],
        )


def _moves_phases(situation: Situation, state: State, happened: tuple[Event, ...]) -> bool:
    """Whether a step may change what the case shows: a loop reaches the phase that it is in again and again."""
    if state.status != situation.row.status or state.phases != situation.state.phases:
        return True
    shown = situation.facts.row.phase_coordination
    return any(isinstance(each, PhaseReached) and each.ladder == "coordination" and each.phase != shown for each in happened)


def _case_phases(c: Connection, organisation: Organisation, case: int, state: State, happened: tuple[Event, ...], at: Any) -> dict[str, Any]:
    """The case shows the highest phase of its open instances; when none is open, the one that was reached last by any of them."""
    instance = store.instance
    others = c.execute(
        sa.select(instance.c.phase_case).where(instance.c.case == case, instance.c.status != "ended", instance.c.id != state.instance)
    ).all()
    still_open = [row.phase_case for row in others] + ([state.phases.get("case")] if state.status != "ended" else [])
    columns: dict[str, Any] = {"closed_at": None if still_open else at}
    highest = organisation.highest("case", [code for code in still_open if code])
    phase = highest.code if highest is not None else None if still_open else _reached_last(c, case, happened)
    if phase is not None:
        columns["phase_case"] = phase
    if "coordination" in state.phases:
        columns["phase_coordination"] = state.phases["coordination"]
    return columns


def _reached_last(c: Connection, case: int, happened: tuple[Event, ...]) -> str | None:
    """In this step, or else in the stream: who ends last may have long had nothing to say about the case."""
    event = store.event
    earlier = c.scalars(sa.select(event.c.detail).where(event.c.case == case).order_by(event.c.seq.desc()))
    steps_of = (detail for detail in earlier if isinstance(detail, list))
    for steps in chain([[outline(each) for each in happened]], steps_of):
        reached = [each["phase"] for each in steps if each["kind"] == "PhaseReached" and each["ladder"] == "case"]
        if reached:
            return str(reached[-1])
    return None


def _after_consent(c: Connection, city: City, case: int, at: Any) -> None:
    """Who lost their ground loses their tasks at once; signals tell the instances that wait for a lost consent. Terms end by themselves."""
    in_force = consents_of(c, case, Changes(), city.today)
    for step in city.organisation(c).signals:
        if not any(given.covers(step, city.today) for given in in_force.values()):
            _post_signal(c, case, city.organisation(c).signals[step], at)
    access.take_back(c, city, case, in_force)
    for day in {day for given in in_force.values() for day in (given.valid_until, *given.orgs.values()) if day is not None and day >= city.today}:
        row = {"key": f"consent:{case}:{day}", "kind": "consent", "case": case, "body": {"day": day.isoformat()}, "due_at": end_of(day), "tries": 0}
        c.execute(store.insert_unless_there(c, store.outbox, row))


def end_consents(c: Connection, city: City, case: int, day: date) -> None:
    """The last day of a consent, or of what an organisation may know by it, is over: what rests on it ends as if it were withdrawn."""
    stream.lock(c, case)
    in_force, organisation = consents_of(c, case, Changes(), city.today), city.organisation(c)
    ended = [given for given in in_force.values() if given.answer in ("agreed", "partial") and day in (given.valid_until, *given.orgs.values())]
    if not ended or day >= city.today:
        return
    stream.add(c, case, stream.Happened("ConsentEnded", detail={"persons": [given.person for given in ended]}), NOBODY, city.now())
    for step, name in organisation.signals.items():
        lost = any(given.covers(step, day) for given in ended) and not any(given.covers(step, city.today) for given in in_force.values())
        if lost:
            _post_signal(c, case, name, city.now())
    access.take_back(c, city, case, in_force)
    _look_again(c, case, city.now())


def _look_again(c: Connection, case: int, at: Any, but: int | None = None) -> bool:
    """Facts of the case or answers changed: instances of the case that wait for a condition are to look again. Gives whether there is any."""
    waits = store.subscription
    waiting = sa.and_(waits.c.case == case, waits.c.kind == "condition", waits.c.instance != (but or 0))
    instances = c.scalars(sa.select(waits.c.instance).where(waiting).distinct().order_by(waits.c.instance)).all()
    for instance in instances:
        seq = c.scalar(sa.select(store.case.c.events).where(store.case.c.id == case))
        row = {"key": f"look:{instance}:{seq}", "kind": "look", "case": case, "body": {"instance": instance}, "due_at": at, "tries": 0}
        c.execute(sa.insert(store.outbox).values(row))
    return bool(instances)


def _post_signal(c: Connection, case: int, name: str, at: Any, thrower: int | None = None) -> None:
    """Tell every instance of the case that waits for a signal; who threw it has heard it already."""
    waits = store.subscription
    waiting = sa.and_(waits.c.case == case, waits.c.kind == "signal", waits.c.name == name, waits.c.instance != (thrower or 0))
    for instance in c.scalars(sa.select(waits.c.instance).where(waiting).distinct().order_by(waits.c.instance)).all():
        seq = c.scalar(sa.select(store.case.c.events).where(store.case.c.id == case))
        body = {"instance": instance, "name": name}
        row = {"key": f"signal:{name}:{instance}:{seq}", "kind": "signal", "case": case, "body": body, "due_at": at, "tries": 0}
        c.execute(sa.insert(store.outbox).values(row))


def _post_beginnings(c: Connection, city: City, thrower: Any, name: str, at: Any) -> None:
    """Begin in the case of a thrown signal each process that begins with it, except the thrower's own."""
    for process, closure, _ in messages.begun_by(c, city, "signal", name):
        if process != thrower.process:
            seq = c.scalar(sa.select(store.case.c.events).where(store.case.c.id == thrower.case))
            body = {"process": process, "closure": closure, "name": name}
            row = {"key": f"begin:{name}:{process}:{thrower.case}:{seq}", "kind": "begin", "case": thrower.case, "body": body, "due_at": at, "tries": 0}
            c.execute(sa.insert(store.outbox).values(row))


def _keep(
    city: City, case: int, old: Any, form: Form, part: str | None, submitted: Mapping[str, Any], by: By, key: str, kind: str,
    reason: str | None = None, instance: int | None = None,
) -> Outcome:  # fmt: skip
    """An answer without a step of the kernel: a record, a consent, a correction."""
    at = city.now()
    try:
        with city.store.transaction() as c:
            head = stream.lock(c, case)
            _once(c, key)
            if old is not None and answers.is_overtaken(c, old):
                raise NoLongerOpen(answers.OVERTAKEN)
            instance = old.instance if old is not None else instance
            facts = Facts(c, city, case, instance)
            scope = answers.Scope(c, city, facts, None, None, by, own=old.data if old is not None else None)
            data = answers.compose(form, part, submitted, scope, correcting=old is not None)
            data = meetings.settle(c, city, form, part, data, by.person)
            data, files = enclosures.settle(c, city, case, form, data, by)
            said = changes = feeds.changes(form, part, data)
            if old is not None:
                changes = corrections.take_effect(c, city, old, feeds.changes(form, part, old.data), said, at)
            if changes.persons:
                written = iter(feeds.write_persons(c, facts.row.household, changes.persons, at, city.today))
                data = answers.with_persons(form, data, [next(written) if each in changes.persons else dict(each) for each in said.persons])
            given = Given(
                form, part, data, changes, old.task if old is not None else None, old.activation if old is not None else None,
                old.id if old is not None else None, reason, files,
            )  # fmt: skip
            answer, hash = _store_answer(c, city, case, instance, given, by)
            detail = {"form": form.id, "part": part}
            if old is not None:
                corrections.move_item(c, old, changes, answer or 0)
                detail |= corrections.redate(c, city, facts, form, answers.changed(old.data, data), by)
            happened = stream.Happened(kind, instance, None, given.task, None, answer, detail, content_hash=hash)
            stream.append(c, case, head, happened, by, at, **feeds.columns(changes))
            enclosures.happened(c, city, case, files, answer or 0, happened, by)
            feeds.participate(c, case, feeds.write(c, case, changes, answer or 0, at), city.today)
            feeds.name(c, case, changes, by, city.today)
            if changes.touch_consent:
                _after_consent(c, city, case, at)
            _look_again(c, case, at)
            outcome = Outcome(case, instance, answer)
            _note(c, key, outcome, at)
        return outcome
    except Repeated as repeated:
        return _again(repeated)


def _begin(
    c: Connection, city: City, case: int, process: str, closure: str, data: Mapping[str, Any], by: By, asker: int | None
) -> int:
    at = city.now()
    values = {
        "case": case, "process": process, "closure": closure, "state": b"", "version": 0, "status": "open", "format": states.FORMAT,
        "engine_version": ENGINE_VERSION, "compiler_version": COMPILER_VERSION, "asker": asker, "asked_answered": False,
        "started_at": at, "started_by": by.person,
    }  # fmt: skip
    instance: int = c.execute(sa.insert(store.instance).values(**values).returning(store.instance.c.id)).scalar_one()
    state = fresh(process, instance)
    c.execute(sa.update(store.instance).where(store.instance.c.id == instance).values(state=states.dump(state)))
    situation = _situation(c, city, instance)
    _advance_and_write(c, city, situation, Start(process, data), by)
    return instance


def _next_number(c: Connection, today: date) -> str:
    """``2026-00042``: fiscal year (from 1 April) and a number without gaps, also under two writers."""
    year = today.year if today.month >= 4 else today.year - 1
    table = store.case_number
    taken = c.execute(sa.update(table).where(table.c.fiscal_year == year).values(last=table.c.last + 1).returning(table.c.last)).scalar()
    if taken is None:
        c.execute(store.insert_unless_there(c, table, {"fiscal_year": year, "last": 0}))
        taken = c.execute(sa.update(table).where(table.c.fiscal_year == year).values(last=table.c.last + 1).returning(table.c.last)).scalar_one()
    return f"{year}-{taken:05d}"


def _once(c: Connection, key: str) -> None:
    """A request is carried out once, however often it arrives. Raises Repeated with what it did then."""
    row = c.execute(sa.select(store.command.c.result).where(store.command.c.key == key)).one_or_none()
    if row is not None:
        raise Repeated(row.result)


def _note(c: Connection, key: str, outcome: Outcome, at: Any) -> None:
    """Keep what a request did; two of the same key cannot both be kept, and the second is undone."""
    result = {"case": outcome.case, "instance": outcome.instance, "answer": outcome.answer}
    _NOTE.run(c, {"key": key, "case": outcome.case, "result": result, "at": at})


def _again(repeated: Repeated) -> Outcome:
    result = repeated.result
    return Outcome(result["case"], result.get("instance"), result.get("answer"), repeated=True)


_KINDS = {
    Start: "InstanceStarted", Complete: "TaskCompleted", Deliver: "MessageReceived", Fire: "TimerFired", Signal: "SignalHeard",
    Look: "ConditionMet", AddRound: "RoundAdded", Retry: "IncidentRetried",
}  # fmt: skip


def _kind(command: Command) -> str:
    return _KINDS[type(command)]


def _element(before: State, command: Command) -> str | None:
    token = before.token(getattr(command, "token", "") or "")
    return token.element if token is not None else None
