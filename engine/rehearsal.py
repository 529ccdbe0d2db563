"""Drives the real engine by sentences: walk-throughs in Gherkin, the demo's cases, 試走. Nothing is inserted, everything is done.

A sentence names organisations, tasks, labels and options as they stand on screen. The clock is moved, timers fire.
"""

import re
import secrets
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from engine import access, answers, cases, choices, outbox, people, store
from engine.calendar import TOKYO
from engine.city import By, City
from engine.facts import Facts, NewCase
from engine.kernel.commands import Deliver
from engine.kernel.model import Node
from engine.meetings import NEW
from engine.organisation import OF_HEADS, OF_MANAGERS
from forms.choices import Choices
from forms.dates import wareki
from forms.form import Field, Form, in_hand
from forms.layout import layout

Rows = list[tuple[str, str]]
MORNING = time(9, 0)


class Stuck(Exception):
    """A sentence that could not be done, and why."""


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment


@dataclass
class Rehearsal:
    """One case, played by one person for each group."""

    city: City
    clock: Clock
    process: str
    until: datetime | None = None  # the clock is not moved past this moment
    case: int | None = None
    typed: dict[str, int] = field(default_factory=dict)  # required fields typed by the people of an organisation
    _people: dict[str, By] = field(default_factory=dict)
    _name: str = field(default_factory=lambda: secrets.token_hex(8))  # no two rehearsals of a store share their keys
    _keys: int = 0

    # -- the clock --------------------------------------------------------------------------------------------------
    def begins_before(self, n: int) -> None:
        """The story begins on the ``n``-th open day before today (0: today, or the last open day); nothing has happened yet."""
        with self.city.store.reading() as c:
            calendar, day = self.city.calendar(c), self.city.today
            while n:
                day -= timedelta(days=1)
                n -= calendar.is_open(day)
            while not calendar.is_open(day):
                day -= timedelta(days=1)
        morning = datetime.combine(day, MORNING, TOKYO).astimezone(UTC)
        self.clock.moment = morning if self.until is None else min(morning, self.until)

    def comes_to_today(self) -> None:
        """The clock comes to the present."""
        if self.until is None:
            raise Stuck("「今日になる」は、デモの物語でだけ使えます。")
        self._move(self.until)

    def today_is(self, day: date) -> None:
        """The morning of a day; whatever fell due on the way is done in its order."""
        self._move(datetime.combine(day, MORNING, TOKYO).astimezone(UTC))

    def _move(self, goal: datetime) -> None:
        if self.until is not None:
            goal = min(goal, self.until)
        while (moment := self._next_due(goal)) is not None:
            self.clock.moment = max(self.clock.moment, moment)
            outbox.work_all(self.city)
        self.clock.moment = max(self.clock.moment, goal)
        outbox.work_all(self.city)

    def _next_due(self, goal: datetime) -> datetime | None:
        with self.city.store.reading() as c:
            timer, term = store.timer, store.outbox  # a consent that ends is due like a timer
            moments = [
                c.scalar(sa.select(sa.func.min(timer.c.due_at)).where(timer.c.due_at <= goal, timer.c.tries == 0)),
                c.scalar(sa.select(sa.func.min(term.c.due_at)).where(term.c.due_at <= goal, term.c.tries == 0, term.c.done_at.is_(None))),
            ]
            return min((moment for moment in moments if moment is not None), default=None)

    def days_pass(self, n: int) -> None:
        with self.city.store.reading() as c:
            self.today_is(self.city.calendar(c).workdays(n, self.city.today))

    def _day(self, text: str) -> date | None:
        """「30日後」 and 「5開庁日後」, counted from the clock; None for other texts."""
        relative = re.fullmatch(r"(\d+)(日|開庁日)後", text)
        if relative is None:
            return None
        if relative[2] == "日":
            return self.city.today + timedelta(days=int(relative[1]))
        with self.city.store.reading() as c:
            return self.city.calendar(c).workdays(int(relative[1]), self.city.today)

    def minutes_pass(self, n: int) -> None:
        later = self.clock.moment + timedelta(minutes=n)
        self.clock.moment = later if self.until is None else max(self.clock.moment, min(later, self.until))

    # -- who --------------------------------------------------------------------------------------------------------
    def by(self, who: str) -> By:
        """「市民税課」「市民税課のマネージャー」「えしこにの長」: one person of this group, made when first needed."""
        if who not in self._people:
            self._people[who] = self._person(who)
        return self._people[who]

    def group(self, who: str) -> str:
        with self.city.store.reading() as c:
            organisation = self.city.organisation(c)
        for ending, suffix in (("のマネージャー", OF_MANAGERS), ("の長", OF_HEADS), ("", "")):
            if who.endswith(ending):
                office = organisation.office_called(who.removesuffix(ending)) if ending else organisation.office_called(who)
                if office is not None:
                    return office.id + suffix
        raise Stuck(f"「{who}」という組織はありません。")

    def _person(self, who: str) -> By:
        group = self.group(who)
        office = group.split(".")[0]
        with self.city.store.reading() as c:
            login, member = store.person_login, store.membership
            row = c.execute(
                sa.select(login.c.id).join(member, member.c.person == login.c.id).where(member.c.grp == group).order_by(login.c.id).limit(1)
            ).one_or_none()
        if row is None:
            groups = [office] if group == office else [office, group]
            name = f"架空 {who}の人"
            person = people.add_person(
                self.city.store, "rehearsal." + group.replace("_", "-"), name, now=self.city.now(), groups=groups, since=date(2000, 4, 1)
            )
            id = person.id
        else:
            id = row.id
        return By(id, office, people.groups_of(self.city.store, id, self.city.today))

    # -- doing ------------------------------------------------------------------------------------------------------
    def registers(self, who: str, rows: Rows) -> None:
        """Somebody is received at a counter."""
        by = self.by(who)
        with self.city.store.reading() as c:
            closure = self.city.closure_in_force(c, self.process)
            form, part = start_form(self.city, c, self.process, closure or "")
            facts = NewCase(c, self.city, by.organisation)
            scope = answers.Scope(c, self.city, facts, None, None, by)
            data = self._filled(form, part, rows, answers.prefilled(form, part, scope), choices.of(c, self.city, by, None), who)
        outcome = cases.open_case(self.city, self.process, data, by, self._key())
        self.case = outcome.case
        self._settle()

    def answers(self, who: str, task_name: str, rows: Rows) -> None:
        """Somebody finishes a task of theirs; fields not named keep what was filled in."""
        by = self.by(who)
        with self.city.store.reading() as c:
            task = self._task(c, by, who, task_name)
            if access.unconfirmed(self.city, c, by, task) is not None:
                raise Stuck(f"「{task_name}」は、{who}の人が守秘義務を確かめるまで開きません。")
            instance = c.execute(sa.select(store.instance).where(store.instance.c.id == task.instance)).one()
            form = self.city.forms(c, instance.closure)[task.form]
            part = task.part or form.parts[0].id
            facts = Facts(c, self.city, task.case, task.instance)
            scope = answers.Scope(
                c, self.city, facts, self.city.executable(c, instance.closure), self.city.live(instance), by, task, instance.closure
            )
            data = self._filled(form, part, rows, answers.prefilled(form, part, scope), choices.of(c, self.city, by, facts), who)
        self._attempt(lambda: cases.complete(self.city, task.id, data, by, self._key()), f"「{task_name}」")
        self._settle()

    def confirms(self, who: str, task_name: str, rows: Rows) -> None:
        """Somebody confirms secrecy before a task that is open to named persons only."""
        by = self.by(who)
        with self.city.store.reading() as c:
            task = self._task(c, by, who, task_name)
            ground = access.unconfirmed(self.city, c, by, task)
            if ground is None:
                raise Stuck(f"「{task_name}」は、もう開けます。")
            form_id, _, part = ground.confirmed_by.partition("#")
            form, facts = self.city.forms(c)[form_id], Facts(c, self.city, task.case, task.instance)
            scope = answers.Scope(c, self.city, facts, None, None, by, task)
            data = self._filled(form, part, rows, answers.prefilled(form, part, scope), choices.of(c, self.city, by, facts), who)
        self._attempt(lambda: cases.confirm(self.city, task.id, data, by, self._key()), f"「{task_name}」")
        self._settle()

    def is_closed_to(self, who: str, task_name: str) -> bool:
        """Whether a person must confirm secrecy before a task of theirs opens."""
        by = self.by(who)
        with self.city.store.reading() as c:
            return access.unconfirmed(self.city, c, by, self._task(c, by, who, task_name)) is not None

    def reads(self, who: str, title: str) -> bool:
        """Whether a person may read some answer of the form of this title in the case."""
        by, row = self.by(who), self.row()
        with self.city.store.reading() as c:
            form = next((each for each in self.city.forms(c).values() if each.title == title), None)
            if form is None:
                raise Stuck(f"「{title}」という様式はありません。")
            sight, answer = access.sight(self.city, c, by, row), store.answer
            written = c.execute(sa.select(answer).where(answer.c.case == row.id, answer.c.form == form.id)).all()
            return any(sight.level(form.id, each.organisation, each.part) is not None for each in written)

    def records_called(self, who: str, what: str, rows: Rows) -> None:
        """Somebody writes from the case page, without a task: 「同意」「記録」, by the title of the form's part."""
        by, case = self.by(who), self._case()
        with self.city.store.reading() as c:
            form, part = self._from_case(c, what)
            facts = Facts(c, self.city, case, None)
            scope = answers.Scope(c, self.city, facts, None, None, by)
            data = self._filled(form, part, rows, answers.prefilled(form, part, scope), choices.of(c, self.city, by, facts), who)
        self._attempt(lambda: cases.record(self.city, case, form.id, part, data, by, self._key()), f"「{form.title}」")
        self._settle()

    def _from_case(self, c: Any, what: str) -> tuple[Form, str]:
        forms = self.city.forms(c)
        for place in self.city.organisation(c).from_case.values():
            form_id, _, part = place.partition("#")
            if forms[form_id].part(part).title == what:
                return forms[form_id], part
        raise Stuck(f"ケースの画面から書ける「{what}」はありません。")

    def presses_called(self, who: str, what: str) -> None:
        """Somebody presses the button of an event that people may bring about (``manualStart``): 「前倒しの見直し」."""
        by, case = self.by(who), self._case()
        with self.city.store.reading() as c:
            subscription, found = store.subscription, []
            for row in c.execute(sa.select(subscription).where(subscription.c.case == case, subscription.c.kind == "message")):
                closure = c.scalar(sa.select(store.instance.c.closure).where(store.instance.c.id == row.instance))
                node = self.city.executable(c, closure or "").nodes[row.element]
                if "manualStart" in node.properties and node.name[:2] == what[:2]:
                    found.append(row)
        if not found:
            raise Stuck(f"「{what}」を求められる流れがありません。")
        row = found[0]
        cases.carry_out(self.city, row.instance, Deliver(row.id, row.name), self._key(), by)
        self._settle()

    def _attempt(self, act: Callable[[], Any], what: str) -> None:
        try:
            act()
        except answers.Errors as errors:
            said = "、".join(f"{error.path}: {error.message}" for error in errors.errors)
            raise Stuck(f"{what}を完了できません: {said}") from errors

    def _settle(self) -> None:
        outbox.work_all(self.city)
        self.minutes_pass(1)

    def _key(self) -> str:
        self._keys += 1
        return f"rehearsal:{self._name}:{self._keys}"

    def _case(self) -> int:
        if self.case is None:
            raise Stuck("まだ相談を登録していません。")
        return self.case

    def _task(self, c: Any, by: By, who: str, name: str) -> Any:
        task = store.task
        rows = c.execute(
            sa.select(task).where(task.c.case == self._case(), task.c.status == "open", task.c.name == name).order_by(task.c.opened_at, task.c.id)
        ).all()
        mine = [row for row in rows if access.may_take(c, by, row)]
        if not mine:
            there = c.scalars(sa.select(task.c.name).where(task.c.case == self._case(), task.c.status == "open")).all()
            raise Stuck(f"「{name}」は {who} の一覧にありません。いまあるのは: {'、'.join(there) or 'なし'}")
        return mine[0]

    # -- filling ----------------------------------------------------------------------------------------------------
    def _filled(self, form: Form, part: str, rows: Rows, data: Mapping[str, Any], offered: Choices, who: str) -> dict[str, Any]:
        """What the person sends: the prefilled page with these rows typed over it."""
        shown = form.part(part).fields
        sent = {each.name: data[each.name] for each in shown if not each.auto and each.name in data}
        replaced: set[str] = set()
        for label, text in rows:
            each = _field(shown, label)
            if each.kind == "list":
                self._fill_row(sent, each, text, offered)
            else:
                sent[each.name] = _value(each, text, offered, self._day)
            if each.required and each.name not in replaced:
                replaced.add(each.name)
                office = self.group(who).split(".")[0]
                self.typed[office] = self.typed.get(office, 0) + 1
        switches, named = layout(form, part, in_hand(form)).switches, {_field(shown, label).name for label, _ in rows}
        return {name: kept for name, kept in sent.items() if name in named or not switches.hides(name, sent)}

    def _fill_row(self, sent: dict[str, Any], each: Field, text: str, offered: Choices) -> None:
        row: dict[str, Any] = {}
        for cell in text.split("／"):
            label, found, typed = cell.partition("=")
            if not found:
                raise Stuck(f"「{each.title}」の行「{text}」は「見出し=値」で書いてください。")
            column = _field(each.rows, label)
            row[column.name] = _value(column, typed, offered, self._day)
        rows = list(sent.get(each.name) or ())
        number: int | None
        if each.fixed:
            number = _row_of(each, rows, row)
        else:
            number = next((n for n, known in enumerate(rows) if "org" in row and known.get("org") == row["org"] and not _is_full(each, known)), None)
            if number is None and "org" in row and each.name != "actions":
                number = next((n for n, known in enumerate(rows) if known.get("org") == row["org"]), None)
            if number is None:
                number = next((n for n, known in enumerate(rows) if not _is_full(each, known) and "org" not in known), None)
        if number is None:
            rows.append(row)
        else:
            rows[number] = {**rows[number], **row}
        sent[each.name] = rows

    # -- looking ----------------------------------------------------------------------------------------------------
    def open_tasks(self, who: str, name: str) -> list[Any]:
        """The open tasks of this name that stand on somebody's lists."""
        by = self.by(who)
        with self.city.store.reading() as c:
            task = store.task
            rows = c.execute(sa.select(task).where(task.c.case == self._case(), task.c.status == "open", task.c.name == name)).all()
            return [row for row in rows if access.may_take(c, by, row) and self.group(who) in access.groups_of(c, row.id) | _own(row, by)]

    def row(self) -> Any:
        with self.city.store.reading() as c:
            return c.execute(sa.select(store.case).where(store.case.c.id == self._case())).one()

    def began(self, process_name: str) -> int:
        """How often a process of this name was begun in this case, called ones included."""
        with self.city.store.reading() as c:
            count = 0
            for row in c.execute(sa.select(store.instance.c.process, store.instance.c.closure).where(store.instance.c.case == self._case())):
                if self.city.executable(c, row.closure).process(row.process).name == process_name:
                    count += 1
            return count

    def hint(self, task_name: str) -> str | None:
        """What the page of a task suggests for its first choice, before anything is typed."""
        with self.city.store.reading() as c:
            task = c.execute(
                sa.select(store.task).where(store.task.c.case == self._case(), store.task.c.status == "open", store.task.c.name == task_name)
            ).one()
            instance = c.execute(sa.select(store.instance).where(store.instance.c.id == task.instance)).one()
            facts = Facts(c, self.city, task.case, task.instance)
            scope = answers.Scope(
                c, self.city, facts, self.city.executable(c, instance.closure), self.city.live(instance), By(), task, instance.closure
            )
            form = self.city.forms(c, instance.closure)[task.form]
            data = answers.prefilled(form, task.part, scope)
            hinted = next((each for each in form.part(task.part).fields if each.kind == "code" and each.required and "_hint" in (each.prefill or "")), None)
            return hinted.label_of(data[hinted.name]) if hinted is not None and hinted.name in data else None


def _own(row: Any, by: By) -> frozenset[str]:
    return by.groups if row.assignee == by.person else frozenset()


def start_node(city: City, c: Any, process: str, closure: str) -> Node:
    """The task with which a process begins."""
    nodes = {node.id: node for node in city.executable(c, closure).process(process).nodes}
    node = next(node for node in nodes.values() if node.type == "start")
    while node.form is None:
        node = nodes[node.outgoing[0].target]
    return node


def start_form(city: City, c: Any, process: str, closure: str) -> tuple[Form, str]:
    """The form of the task with which a process begins, and its part."""
    form_id, _, part = (start_node(city, c, process, closure).form or "").partition("#")
    form = city.forms(c, closure)[form_id]
    return form, part or form.parts[0].id


def _field(fields: Iterable[Field], label: str) -> Field:
    """The field with this title; 「先」 for 「知らせた先」 where it is the only one that ends so."""
    known = list(fields)
    for match in (lambda each: each.title == label, lambda each: each.title.startswith(label), lambda each: label in each.title):
        found = [each for each in known if match(each)]
        if len(found) == 1:
            return found[0]
    raise Stuck(f"「{label}」という欄はありません。あるのは: {'、'.join(each.title for each in known)}")


def _value(each: Field, text: str, offered: Choices, day: Callable[[str], date | None]) -> Any:
    text = text.strip()
    match each.kind:
        case "code":
            return _code(each, text)
        case "codes":
            return [_code(each, part) for part in text.split("／")]
        case "bool":
            return {"はい": True, "いいえ": False}[text]
        case "number":
            return int(text)
        case "date" if (on := day(text)) is not None:
            return on.isoformat()
        case "datetime":
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=TOKYO)).isoformat()
        case "org" | "user" | "person":
            return _chosen(each, text, offered)
        case "persons":
            return [_chosen(each, part, offered) for part in text.split("／")]
        case "meeting":
            return _meeting(text, offered, day(text))
    return text


def _code(each: Field, text: str) -> str:
    exact = [code.code for code in each.codes if code.label == text]
    near = exact or [code.code for code in each.codes if text in code.label or _folded(text) == _folded(code.label)]
    if len(near) != 1:
        raise Stuck(f"「{each.title}」に「{text}」という選択肢はありません。あるのは: {'、'.join(code.label for code in each.codes)}")
    return near[0]


def _folded(text: str) -> str:
    return re.sub(r"[\s・、()（）]", "", unicodedata.normalize("NFKC", text))


def _chosen(each: Field, text: str, offered: Choices) -> str:
    known = offered.of(each)
    found = [choice.value for choice in known if choice.label == text] or [choice.value for choice in known if text in choice.label.split("　")]
    if len(found) != 1:
        raise Stuck(f"「{each.title}」に「{text}」はありません。あるのは: {'、'.join(choice.label for choice in known)}")
    return found[0]


def _meeting(text: str, offered: Choices, on: date | None) -> str:
    """A meeting by its day; 「定例」 is the next regular one."""
    if text == "定例":
        return next(choice.value for choice in offered.meetings if "定例" in choice.label)
    on = on or date.fromisoformat(text)
    return next((choice.value for choice in offered.meetings if choice.label.startswith(wareki(on))), f"{NEW}{on.isoformat()}")


def _row_of(each: Field, rows: list[Any], typed: dict[str, Any]) -> int:
    """The row of a list that nobody adds to, by what the system wrote into it."""
    written = {column.name for column in each.rows if column.auto} & typed.keys()
    found = [n for n, known in enumerate(rows) if all(known.get(name) == typed[name] for name in written)]
    if not written or len(found) != 1:
        said = "、".join(f"{column.title}={known.get(column.name)}" for known in rows for column in each.rows if column.auto)
        raise Stuck(f"「{each.title}」のどの行か分かりません。あるのは: {said}")
    return found[0]


def _is_full(each: Field, row: Mapping[str, Any]) -> bool:
    return all(row.get(column.name) not in (None, "", []) for column in each.rows if column.required and not column.auto)
