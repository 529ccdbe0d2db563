"""An answer on its way in: what is filled in beforehand, what the system fills, what is carried over, what the rules say.

One paper form is one schema, one task is one part of it; an answer to a part is a whole answer of the form: earlier parts are
carried over unchanged, fields that only later parts hold are empty (blueprint D1). It writes nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import access, store
from engine.calendar import TOKYO
from engine.city import By, City
from engine.errors import BadAnswer, NotAllowed
from engine.facts import Facts
from engine.kernel import feel
from engine.kernel.errors import CannotGoOn
from engine.kernel.running import Executable
from engine.kernel.state import State
from engine.prefill import FUNCTIONS
from forms.check import check
from forms.form import Field, Form, in_hand
from forms.messages import FieldError


class Errors(BadAnswer):
    """入力に直すところがあります。"""

    def __init__(self, errors: Iterable[FieldError]) -> None:
        super().__init__()
        self.errors = tuple(errors)


def bad(path: str, message: str) -> Errors:
    return Errors([FieldError(path, message)])


_READ = tuple(store.answer.c[name] for name in ("data", "at", "form", "part", "by", "organisation"))
_OF_FORM = sa.select(*_READ).where(store.answer.c.form == sa.bindparam("asked")).order_by(store.answer.c.id.desc()).limit(1)
_IN_INSTANCE = _OF_FORM.where(store.answer.c.instance == sa.bindparam("this"))
_IN_CASE = _OF_FORM.where(store.answer.c.case == sa.bindparam("this"))


@dataclass
class Scope:
    """The names at hand while a form is filled: see docs/forms.md. ``task`` and ``state`` are None on the case page."""

    c: Connection
    city: City
    facts: Facts
    executable: Executable | None
    state: State | None
    by: By
    task: Any = None
    closure: str | None = None
    own: Mapping[str, Any] | None = None
    here: dict[str, Any] = field(default_factory=dict)  # the answer being composed under its form's id; ``row`` and ``index``
    _latest: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def forms(self) -> Mapping[str, Form]:
        """The forms of the instance's closure, and of the release in force."""
        return {**self.city.forms(self.c), **(self.city.forms(self.c, self.closure) if self.closure is not None else {})}

    def know(self, answers: Mapping[str, Any]) -> Mapping[str, Any]:
        """Take over answers that were read already."""
        self._latest.update(answers)
        return answers

    @cached_property
    def _own_forms(self) -> Mapping[str, Form]:
        return self.city.forms(self.c, self.closure) if self.closure is not None else self.city.forms(self.c)

    def name(self, name: str) -> Any:
        if name in self.here:
            return self.here[name]
        if name in self._at_hand:
            return self._at_hand[name]()
        if name in self._token_data:
            return self._token_data[name]
        return self.latest(name)

    def call(self, name: str, arguments: list[Any]) -> Any:
        if name in self.facts.functions:
            return self.facts.functions[name](*arguments)
        if name in FUNCTIONS:
            return FUNCTIONS[name](self, *arguments)
        raise KeyError(name)

    @cached_property
    def _at_hand(self) -> dict[str, Callable[[], Any]]:
        return {
            "own": lambda: self.own, "me": lambda: None if self.by.person is None else str(self.by.person), "my_org": lambda: self.by.organisation,
            "now": lambda: self.city.now().astimezone(TOKYO).replace(second=0, microsecond=0), "today": lambda: self.city.today,
            "item": lambda: (self.task.item or {}) if self.task is not None else {}, "task": self._task, "case": self._case,
            "settings": lambda: dict(self.facts.organisation.values), "started_at": self._started_at,
        }  # fmt: skip

    @cached_property
    def _token_data(self) -> Mapping[str, Any]:
        """Call inputs, loop items and payloads of the task's token and of the scopes around it."""
        token = self.state.token(self.task.id) if self.state is not None and self.task is not None else None
        if token is None or self.state is None:
            return {}
        found: dict[str, Any] = dict(self.state.data)
        for holder in reversed(self.state.scopes(token)):
            found |= {**holder.data, **(holder.inputs or {})}
        return {**found, **token.data}

    def latest(self, form: str) -> Any:
        """The newest answer of a form in this instance, or in this case when there is no instance."""
        if form not in self._latest:
            here, this = (_IN_INSTANCE, self.facts.instance) if self.facts.instance is not None else (_IN_CASE, self.facts.case)
            row = self.c.execute(here, {"this": this, "asked": form}).one_or_none()
            found = self._readable(row) if row is not None else None
            self._latest[form] = {**found, "answered_at": row.at} if isinstance(found, Mapping) and row is not None and form in self._own_forms else found
        return self._latest[form]

    def _readable(self, row: Any) -> Any:
        """What an expression reads of an answer: at a task what it needs, on the case page what the person may read."""
        if self.facts.instance is not None or row.by == self.by.person or row.form not in self.forms:
            return row.data
        return access.readable(self.city, self.c, self._sight, self.forms[row.form], row)

    @cached_property
    def _sight(self) -> access.Sight:
        return access.sight(self.city, self.c, self.by, self.facts.row)

    def _task(self) -> dict[str, Any]:
        if self.task is None:
            return {}
        return {"element": self.task.element, "name": self.task.name, "organisation": self.by.organisation}

    def _case(self) -> dict[str, Any]:
        if not self.facts.case:
            return {"persons": []}
        row, answer = self.facts.row, store.answer
        newest = sa.select(sa.func.max(answer.c.id)).where(answer.c.case == self.facts.case).group_by(answer.c.form)
        answers = {each.form: self._readable(each) for each in self.c.execute(sa.select(*_READ).where(answer.c.id.in_(newest)))}
        return {
            **answers, "number": row.number, "lead": self.facts.lead, "next_review_on": self.facts.next_review_on,
            "persons": [{**each.data, "id": str(each.id)} for each in self.facts.people],
        }  # fmt: skip

    def _started_at(self) -> Any:
        if self.facts.instance is None:
            return None
        return self.c.scalar(sa.select(store.instance.c.started_at).where(store.instance.c.id == self.facts.instance))


def value(scope: Scope, text: str) -> Any:
    """A FEEL text in this scope, as JSON: days as ISO text. What cannot be computed yet is null."""
    try:
        return _json(feel.parse(text).evaluate(scope))
    except (feel.FeelError, CannotGoOn, KeyError, ValueError, TypeError):
        return None


def _json(found: Any) -> Any:
    if hasattr(found, "isoformat"):
        return found.isoformat()
    if isinstance(found, list | tuple):
        return [_json(each) for each in found]
    if isinstance(found, Mapping):
        return {key: _json(each) for key, each in found.items()}
    if hasattr(found, "as_integer_ratio") and not isinstance(found, bool | int):
        return int(found) if found == int(found) else float(found)
    return found


def prefilled(form: Form, part: str | None, scope: Scope) -> dict[str, Any]:
    """What is filled in before a person types: nobody is asked twice. Options they may not see are left out by ``forms``."""
    own = previous(form, scope)
    scope.own = own
    data: dict[str, Any] = {name: kept for name, kept in (own or {}).items() if name != "answered_at"} if not form.stands_alone else {}
    scope.here = {form.id: data}
    carried = _carried(form, part, own, before=True)
    for each in _fields(form, part):
        found = value(scope, each.prefill) if each.prefill is not None else None
        if found in (None, "", []) and own is not None and each.name in carried:
            found = own.get(each.name)
        if found in (None, "", []):
            data.pop(each.name, None)
        else:
            data[each.name] = _with_columns(each, found, scope) if each.kind == "list" else found
    scope.here = {}
    return {each.name: data[each.name] for each in _fields(form, part) if each.name in data}


def compose(form: Form, part: str | None, submitted: Mapping[str, Any], scope: Scope, correcting: bool = False) -> dict[str, Any]:
    """The whole answer: carried over, typed, filled by the system, and checked. Raises Errors with every fault and its place.

    The order is that of docs/forms.md section 3.
    """
    shown = _fields(form, part)
    names = {each.name for each in shown}
    strange = [FieldError(name, f"「{name}」という項目は、用紙のこの部分にありません。") for name in submitted if name not in names]
    suggested = prefilled(form, part, scope) if not correcting and any(_unfinished(each, submitted.get(each.name)) for each in shown) else {}
    own = scope.own if correcting else previous(form, scope)
    scope.own = own
    data = {name: kept for name, kept in (own or {}).items() if name != "answered_at"} if correcting else _carried(form, part, own)
    for each in shown:
        if not each.auto:
            data.pop(each.name, None)
            typed = submitted.get(each.name)
            if each.kind == "list" and isinstance(typed, list):
                typed = [row for row in typed if not _only_suggested(each, row, suggested.get(each.name))]
            if typed not in (None, "", []):
                data[each.name] = typed
    scope.here = {form.id: data}
    if correcting:
        _follow(form, part, data, scope, own or {})
    else:
        _fill(form, part, data, scope)
    errors = strange or list(check(form, part or form.parts[0].id, data, may=in_hand(form))) or _broken_rules(form, part, scope)
    scope.here = {}
    if errors:
        raise Errors(errors)
    return data


def _fill(form: Form, part: str | None, data: dict[str, Any], scope: Scope) -> None:
    """What may be left empty and follows from the answer itself, then what the system fills, from top to bottom."""
    for each in _fields(form, part):
        if each.kind == "list" and each.name in data:
            data[each.name] = _with_columns(each, data[each.name], scope, follows=form.id)
        elif not each.auto and not each.required and each.name not in data and _reads(each.prefill, form.id) and not _conditional(form, each):
            found = value(scope, each.prefill or "")
            if found not in (None, "", []):
                data[each.name] = found
    for each in _fields(form, part):
        if each.auto and each.prefill is not None:
            found = value(scope, each.prefill)
            data.pop(each.name, None)
            if found not in (None, "", []):
                data[each.name] = found


def _follow(form: Form, part: str | None, data: dict[str, Any], scope: Scope, before: Mapping[str, Any]) -> None:
    """Of a correction: what the system fills from something that was corrected. The rest was true when it was written."""
    for each in _fields(form, part):
        if each.kind == "list" and each.name in data:
            data[each.name] = _with_columns(each, data[each.name], scope, follows=form.id)
        elif each.auto and not changed(before, data).isdisjoint(own_fields(each.prefill, form.id)):
            data.pop(each.name, None)
            found = value(scope, each.prefill or "")
            if found not in (None, "", []):
                data[each.name] = found


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """The fields in which two answers of a form differ."""
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


def own_fields(prefill: str | None, form: str) -> list[str]:
    """The fields of the answer being given that a FEEL text reads."""
    try:
        return [path[1] for path in feel.parse(prefill or "null").paths if path[0] == form and len(path) > 1]
    except feel.FeelError:
        return []


def _with_columns(each: Field, rows: Any, scope: Scope, follows: str | None = None) -> Any:
    """Rows with the columns that are computed. ``follows``: only those that follow from the answer itself, and the system's."""
    if not isinstance(rows, list):
        return rows
    filled, before = [], dict(scope.here)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            filled.append(row)
            continue
        made = dict(row)
        for column in each.rows:
            wanted = column.auto or (column.name not in made and (follows is None or _reads(column.prefill, follows)))
            if column.prefill is None or not wanted:
                continue
            scope.here = {**before, "row": made, "index": number}
            found = value(scope, column.prefill)
            if found in (None, "", []):
                made.pop(column.name, None) if column.auto else None
            else:
                made[column.name] = found
        filled.append(made)
    scope.here = before
    return filled


def _unfinished(each: Field, rows: Any) -> bool:
    """Whether some row lacks something required."""
    required = [column.name for column in each.rows if column.required and not column.auto]
    return isinstance(rows, list) and any(isinstance(row, Mapping) and any(row.get(name) in (None, "", []) for name in required) for row in rows)


def _only_suggested(each: Field, row: Any, suggested: Any) -> bool:
    """A row that was only suggested, with something required still empty: it was never meant."""
    if not isinstance(row, Mapping) or not isinstance(suggested, list):
        return False
    missing = [column.name for column in each.rows if column.required and not column.auto and row.get(column.name) in (None, "", [])]
    typed = {name: kept for name, kept in row.items() if kept not in (None, "", [])}
    auto = {column.name for column in each.rows if column.auto}
    return bool(missing) and any(
        typed == {name: kept for name, kept in each_row.items() if name not in auto or name in typed} for each_row in suggested if isinstance(each_row, Mapping)
    )


def _reads(prefill: str | None, form: str) -> bool:
    if prefill is None:
        return False
    try:
        return any(path[0] in (form, "row") for path in feel.parse(prefill).paths)
    except feel.FeelError:
        return False


def _conditional(form: Form, each: Field) -> bool:
    return any(each.name in condition.requires for condition in form.conditions) and not each.always


def _broken_rules(form: Form, part: str | None, scope: Scope) -> list[FieldError]:
    broken = []
    for rule in form.rules:
        if rule.parts and part is not None and part not in rule.parts:
            continue
        try:
            holds = feel.parse(rule.require).evaluate(scope) is True
        except (feel.FeelError, CannotGoOn, KeyError, ValueError, TypeError):
            holds = False
        if not holds:
            broken.append(FieldError(rule.at, rule.message))
    return broken


def previous(form: Form, scope: Scope) -> Mapping[str, Any] | None:
    """The answer of this form before this one, in this instance."""
    if scope.facts.instance is None or form.stands_alone:
        return None
    found = scope.latest(form.id)
    return found if isinstance(found, Mapping) else None


def _carried(form: Form, part: str | None, own: Mapping[str, Any] | None, before: bool = False) -> dict[str, Any]:
    """What earlier parts said; with ``before`` without what only this part asks."""
    if own is None or form.stands_alone or part is None:
        return {}
    place = {each.id: number for number, each in enumerate(form.parts)}
    here = place[part]
    earlier = {each.name for each in form.fields if not each.parts or min(place[id] for id in each.parts) <= here - before}
    return {name: kept for name, kept in own.items() if name in earlier and name != "answered_at"}


def _fields(form: Form, part: str | None) -> tuple[Field, ...]:
    return form.fields if part is None else form.part(part).fields


def with_persons(form: Form, data: Mapping[str, Any], persons: list[dict[str, Any]]) -> dict[str, Any]:
    """The answer with the ids of the persons that were written for it."""
    fed = [each.name for each in form.fields if each.feeds is not None and "person" in each.feeds.replace(",", " ").split()]
    return {**data, **{name: persons for name in fed if name in data}}


def form_of(city: City, c: Connection, answer: Any) -> Form:
    """The form of an answer, as it was when it was given."""
    closure = None
    if answer.instance is not None:
        closure = c.scalar(sa.select(store.instance.c.closure).where(store.instance.c.id == answer.instance))
    form = city.forms(c, closure).get(answer.form) or city.forms(c).get(answer.form)
    if form is None:
        raise NotAllowed
    return form


def form_from_case(city: City, c: Connection, form_id: str, part: str | None) -> Form:
    """A form that may be answered from the case page (``[from_case]`` of organisation.toml)."""
    form = city.forms(c).get(form_id)
    if form is None or f"{form_id}#{part}" not in city.organisation(c).from_case.values():
        raise NotAllowed
    return form


OVERTAKEN = "そのあとに新しい記録があるため、直せません。新しい記録を直してください。"


def is_overtaken(c: Connection, old: Any) -> bool:
    """Whether an answer may no longer be corrected: a later one of the same form stands in the instance, or it was corrected."""
    answer = store.answer
    if c.execute(sa.select(answer.c.id).where(answer.c.corrects == old.id).limit(1)).first() is not None:
        return True
    if old.instance is None:
        return False
    later = sa.select(answer.c.id).where(answer.c.instance == old.instance, answer.c.form == old.form, answer.c.id > old.id)
    if old.activation is not None:
        later = later.where(answer.c.activation == old.activation, answer.c.task == old.task)
    return c.execute(later.limit(1)).first() is not None


def age_on(born: date, day: date) -> int:
    """Full years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
