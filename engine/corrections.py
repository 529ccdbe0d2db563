"""What a corrected answer sets in the case file: as the first would have, where nothing later has set it anew. It writes no answer.

What came of the first answer elsewhere stays: a step that was taken is not taken back, and what was concluded is refused in words.
"""

from collections.abc import Mapping, Set
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import answers, feeds, meetings, projections, store
from engine.city import By, City
from engine.errors import NoLongerOpen
from engine.facts import Changes, Facts
from engine.kernel import state as states
from forms.form import Form

CONCLUDED = "この議題には、もう結論が出ています。会議と、出てほしい機関は直せません。変わったことは、新しい記録に書いてください。"
NEWER_CONSENT = "このあとに新しい同意か撤回が記録されています。新しいほうを直すか、もう一度記録してください。"

Participation = tuple[str, str]  # organisation, ground


def take_effect(c: Connection, city: City, old: Any, before: Changes, after: Changes, at: datetime) -> Changes:
    """Undo what only the first answer had set; gives what the new one sets in its place. ``before`` and ``after``: what they say.

    Raises NoLongerOpen where that is settled: an item that was concluded, a consent that a newer one replaced.
    """
    if (before.agenda, before.members) != (after.agenda, after.members) and not meetings.is_on_agenda(c, old.instance):
        raise NoLongerOpen(CONCLUDED)
    others = _other_answers(c, city, old)
    found = _differing(before, after, [said for id, said in others if id > old.id])
    if found.touch_consent:
        _restore_consents(c, old, _persons(before), at)
    if before.participations != after.participations:
        _shorten(c, city, old, before, [after, *(said for _id, said in others)])
    c.execute(sa.delete(store.resource_gap).where(store.resource_gap.c.answer_id == old.id))
    return found


def move_item(c: Connection, old: Any, found: Changes, answer: int) -> None:
    """The item on an agenda follows the new ``answer``: to another meeting, with other members, with another conclusion."""
    if found.agenda is not None and meetings.is_on_agenda(c, old.instance):
        meetings.put_on(c, old.case, old.instance, old.task, int(found.agenda), list(found.members), answer)
    if found.conclusion is not None:
        meetings.conclude_anew(c, old.id, found.conclusion, answer)


def redate(c: Connection, city: City, facts: Facts, form: Form, changed: Set[str], by: By) -> dict[str, Any]:
    """The days of open tasks that are counted from a ``changed`` field are counted anew.

    Gives them for the stream: ``{"days": {task: {"due_on": "2026-05-14"}}}``.
    """
    if facts.instance is None or not changed:
        return {}
    instance, task = store.instance, store.task
    running = c.execute(sa.select(instance.c.closure, instance.c.state).where(instance.c.id == facts.instance)).one()
    executable, state, calendar = city.executable(c, running.closure), states.load(bytes(running.state)), city.calendar(c)
    moved: dict[str, Any] = {}
    for row in c.execute(sa.select(task).where(task.c.instance == facts.instance, task.c.status == "open")).all():
        node = executable.nodes[row.element]
        scope = answers.Scope(c, city, facts, executable, state, by, row, running.closure)
        days = {}
        for column, text in (("due_on", node.due), ("follow_up_on", node.follow_up)):
            if text is not None and text.startswith("=") and not changed.isdisjoint(answers.own_fields(text, form.id)):
                found = answers.value(scope, text)
                days[column] = calendar.due_on(found, row.opened_at) if found is not None else None
        if any(getattr(row, column) != day for column, day in days.items()):
            projections.redate(c, row.id, days)
            moved[row.id] = {column: day and day.isoformat() for column, day in days.items()}
    return {"days": moved} if moved else {}


def _differing(before: Changes, after: Changes, later: list[Changes]) -> Changes:
    """Of what the corrected answer says, what it changes; what a ``later`` answer has set stays."""
    consents_differ = (before.consents, before.withdrawals) != (after.consents, after.withdrawals)

    def newest(name: str) -> Any:
        is_set_anew = any(getattr(each, name) is not None for each in later)
        return None if is_set_anew or getattr(before, name) == getattr(after, name) else getattr(after, name)

    return replace(
        after, lead=newest("lead"), next_review_on=newest("next_review_on"), closing_code=newest("closing_code"),
        persons=tuple(each for each in after.persons if each not in before.persons),
        consents=after.consents if consents_differ else (), withdrawals=after.withdrawals if consents_differ else (),
        participations=tuple(each for each in after.participations if each not in before.participations),
        plan_decided=after.plan_decided and not before.plan_decided,
    )  # fmt: skip


def _persons(found: Changes) -> set[int]:
    return {each.person for each in found.consents} | {person for person, _orgs, _day in found.withdrawals}


def _restore_consents(c: Connection, old: Any, persons: set[int], at: datetime) -> None:
    """What each person had agreed to before the first answer is in force again."""
    consent = store.consent
    in_force = (consent.c.case == old.case, consent.c.replaced_at.is_(None))
    newer = c.execute(sa.select(consent.c.id).where(*in_force, consent.c.person.in_(persons), consent.c.answer_id != old.id).limit(1)).first()
    if newer is not None:
        raise NoLongerOpen(NEWER_CONSENT)
    for row in c.execute(sa.select(consent).where(*in_force, consent.c.answer_id == old.id)).all():
        c.execute(sa.update(consent).where(consent.c.id == row.id).values(replaced_at=at))
        earlier = c.execute(
            sa.select(consent).where(consent.c.case == row.case, consent.c.person == row.person, consent.c.id < row.id).order_by(consent.c.id.desc())
        ).first()
        if earlier is not None:
            again = {**earlier._mapping, "replaced_at": None}
            c.execute(sa.insert(consent).values({name: value for name, value in again.items() if name != "id"}))


def _shorten(c: Connection, city: City, old: Any, before: Changes, given_by: list[Changes]) -> None:
    """Who was named by mistake takes part no longer, unless another answer names them, too."""
    given: dict[Participation, date | None] = {}
    for each in given_by:
        given |= _longer(given, _participations(each))
    part, yesterday = store.participation, city.today - timedelta(days=1)
    for organisation, ground in _participations(before):
        until = given.get((organisation, ground), yesterday)
        if until is None:
            continue
        grounds = (ground, "plan") if ground == "role" else (ground,)  # who has a role may read the plan once it is decided
        here = (part.c.case == old.case, part.c.organisation == organisation, part.c.ground.in_(grounds))
        c.execute(sa.update(part).where(*here, sa.or_(part.c.until.is_(None), part.c.until > until)).values(until=until))


def _participations(found: Changes) -> dict[Participation, date | None]:
    longest: dict[Participation, date | None] = {}
    for organisation, ground, until in found.participations:
        longest |= _longer(longest, {(organisation, ground): until})
    return longest


def _longer(known: Mapping[Participation, date | None], more: Mapping[Participation, date | None]) -> dict[Participation, date | None]:
    """The later end of each of ``more``; none at all is the latest."""

    def later(one: date | None, other: date | None) -> date | None:
        return None if one is None or other is None else max(one, other)

    return {key: later(known.get(key, until), until) for key, until in more.items()}


def _other_answers(c: Connection, city: City, old: Any) -> list[tuple[int, Changes]]:
    """What the other answers of this case set, each with its id; those that were corrected are left out."""
    answer, known = store.answer, city.forms(c)
    rows = c.execute(sa.select(answer).where(answer.c.case == old.case, answer.c.schema_hash != "", answer.c.id != old.id)).all()
    corrected = {row.corrects for row in rows}
    return [(row.id, feeds.changes(known[row.form], row.part, row.data)) for row in rows if row.id not in corrected and row.form in known]
