"""The functions at hand while a form is filled, as docs/forms.md describes them. Reading only; no form is known by name."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from engine import access, choices, meetings, store
from engine.calendar import TOKYO, CalendarError
from forms.dates import wareki
from forms.form import Field, Form

if TYPE_CHECKING:
    from engine.answers import Scope

MOST = 500  # records looked at


def first(scope: "Scope", *values: Any) -> Any:
    return next((value for value in values if value not in (None, "", [])), None)


def ticked(scope: "Scope", *pairs: Any) -> list[str]:
    return [code for code, holds in zip(pairs[::2], pairs[1::2], strict=False) if holds is True]


def flatten(scope: "Scope", values: Any) -> list[Any]:
    return [each for value in values or () for each in (value if isinstance(value, list) else [value])]


def records(scope: "Scope", form: str) -> list[dict[str, Any]]:
    answer = store.answer
    rows = scope.c.execute(
        sa.select(answer).where(answer.c.case == scope.facts.case, answer.c.form == form, answer.c.data.is_not(None))
        .order_by(answer.c.id.desc()).limit(MOST)
    ).all()  # fmt: skip
    overtaken = {row.corrects for row in rows if row.corrects is not None}
    seen = access.sight(scope.city, scope.c, scope.by, scope.facts.row)
    known, found = scope.forms[form], []
    for row in rows:
        if row.id in overtaken:
            continue
        if row.by == scope.by.person or _is_asked(scope, row):
            found.append(_record(scope, row, row.data))
        elif seen.level(form, row.organisation, row.part) is not None:
            found.append(_record(scope, row, access.readable(scope.city, scope.c, seen, known, row)))
    return found


def _is_asked(scope: "Scope", row: Any) -> bool:
    """Whoever has the task at hand may carry over what it needs from its own instance."""
    return scope.task is not None and row.instance == scope.facts.instance


def _record(scope: "Scope", row: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **data, "here": row.instance is not None and row.instance == scope.facts.instance, "answered_at": row.at,
        "answered_by": None if row.by is None else str(row.by), "answered_org": row.organisation,
    }  # fmt: skip


def in_force(scope: "Scope", form: str, decision: str) -> Any:
    answer = store.answer
    decided = next(
        (row for row in _of_instance(scope, decision) if row.data.get("decision") == "decided"), None
    )
    if decided is None:
        return None
    return scope.c.scalar(
        sa.select(answer.c.data).where(answer.c.instance == scope.facts.instance, answer.c.form == form, answer.c.id < decided.id)
        .order_by(answer.c.id.desc()).limit(1)
    )  # fmt: skip


def base(scope: "Scope", form: str, decision: str, monitoring: str) -> Any:
    last = next(iter(_of_instance(scope, form)), None)
    if last is None:
        return None
    since = next(iter(_of_instance(scope, monitoring)), None)
    if since is not None and since.id > last.id:
        return in_force(scope, form, decision) or last.data
    return last.data


def _of_instance(scope: "Scope", form: str) -> list[Any]:
    answer = store.answer
    return list(
        scope.c.execute(
            sa.select(answer).where(answer.c.instance == scope.facts.instance, answer.c.form == form).order_by(answer.c.id.desc()).limit(MOST)
        )
    )


def lines(scope: "Scope", form_id: str, rows: Any, *names: str) -> str | None:
    form = scope.forms[form_id]
    said = []
    for row in rows or ():
        parts = [spoken(scope, form.field(name), row.get(name)) for name in names]
        said.append("　".join(part.replace("\n", " ") for part in parts if part))
    return "\n".join(line for line in said if line) or None


def sheet(scope: "Scope", form_id: str, part: str, level: str, without: list[str] | None = None) -> str | None:
    form, data = scope.forms[form_id], scope.name(form_id)
    if not isinstance(data, Mapping):
        return None
    said = []
    for field in form.part(part).fields:
        if field.name in (without or ()) or field.cls > level:
            continue
        text = spoken(scope, field, data.get(field.name), level)
        if text:
            said.append(f"{field.title}：{text}")
    return "\n".join(said) or None


def spoken(scope: "Scope", field: Field, value: Any, level: str = "L2") -> str:
    """A value as a person reads it; rows one after another, options and columns above the level left out."""
    if value in (None, "", []):
        return ""
    match field.kind:
        case "code":
            return field.label_of(value)
        case "codes":
            shown = [code.label for code in field.codes if code.code in value and code.cls <= level]
            return "・".join(shown)
        case "date":
            return wareki(date.fromisoformat(value))
        case "datetime":
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
            local = moment.astimezone(TOKYO) if moment.tzinfo else moment
            return f"{wareki(local.date())} {local:%H:%M}"
        case "bool":
            return "はい" if value is True else "いいえ"
        case "org" | "user" | "person":
            return name_of(scope, value) or ""
        case "persons":
            return "・".join(filter(None, (name_of(scope, each) for each in value)))
        case "list":
            veiled = access.concealed(scope.c, scope.facts.case) if field.widget == "person" else frozenset()
            return "／".join(_row_spoken(scope, field.rows, access.nameless(row, veiled), level) for row in value)
    return str(value)


def _row_spoken(scope: "Scope", columns: Iterable[Field], row: Mapping[str, Any], level: str) -> str:
    shown = (spoken(scope, column, row.get(column.name), level) for column in columns if column.cls <= level and column.name != "id")
    return "　".join(text for text in shown if text)


def label(scope: "Scope", place: str, code: str) -> str:
    form, _, name = place.partition(".")
    return scope.forms[form].field(name).label_of(code)


def name_of(scope: "Scope", id: Any) -> str | None:
    if id in (None, ""):
        return None
    organisation = scope.facts.organisation
    if str(id) in organisation.offices:
        return organisation.offices[str(id)].short
    for person in scope.facts.people if scope.facts.case else ():
        if str(person.id) == str(id):
            if person.concealed:
                return choices.person_label(person)
            return f"{person.data.get('familyName') or ''}{person.data.get('givenName') or ''}" or person.data.get("role") or None
    if str(id).isdigit():
        return scope.c.scalar(sa.select(store.person_login.c.name).where(store.person_login.c.id == int(id)))
    return None


def domains(scope: "Scope", codes: Any) -> list[str]:
    known = {code.code: code.domain for form in scope.forms.values() for code in _codes(form) if code.domain is not None}
    return list(dict.fromkeys(known[code] for code in codes or () if code in known))


def _codes(form: Form) -> Iterable[Any]:
    for field in form.fields:
        yield from field.codes


_NOT_AGREED = ("refused", "not_contacted", "pending", "incapable")


def consent_state(scope: "Scope") -> str | None:
    people = scope.facts.people
    given = {row.id: scope.facts.consents[row.id] for row in people if row.id in scope.facts.consents}
    if not given:
        return None
    answers = [each.answer for each in given.values()]
    agreed = [each for each in given.values() if each.answer == "agreed"]
    if len(agreed) == len(people):
        return "oral" if any(_is_oral(scope, person) for person in given) else "written"
    if agreed or "partial" in answers:
        return "partial"
    return next((state for state in _NOT_AGREED if state in answers), None)


def _is_oral(scope: "Scope", person: int) -> bool:
    row = scope.c.execute(
        sa.select(store.answer.c.data).join(store.consent, store.consent.c.answer_id == store.answer.c.id)
        .where(store.consent.c.case == scope.facts.case, store.consent.c.person == person, store.consent.c.replaced_at.is_(None))
    ).first()  # fmt: skip
    return row is not None and row.data.get("method") == "oral"


_STEPS = {"continue": "①", "share": "②", "plan": "③", "disclose": "④", "stats": "⑤"}


def consents(scope: "Scope", organisation: str | None = None) -> str | None:
    said = []
    for row in scope.facts.people:
        given = scope.facts.consents.get(row.id)
        if given is None or not given.covers("continue" if organisation is None else "share", scope.city.today):
            continue
        if organisation is not None and not given.shares_with(organisation, "share", scope.city.today):
            continue
        parts = [name_of(scope, row.id) or "", "".join(_STEPS.get(step, "") for step in given.steps)]
        parts.append("・".join(name_of(scope, org) or org for org in given.orgs))
        if given.valid_until is not None:
            parts.append(f"{wareki(given.valid_until)}まで")
        said.append("　".join(part for part in parts if part))
    return "\n".join(said) or None


def next_meeting(scope: "Scope") -> str | None:
    return meetings.next_regular(scope.c, scope.city)


def meeting_on(scope: "Scope", meeting: Any) -> date | None:
    return meetings.day_of(scope.c, meeting)


def add_months(scope: "Scope", day: Any, n: Any) -> date:
    start = day if isinstance(day, date) else date.fromisoformat(str(day))
    year, month = divmod(start.year * 12 + start.month - 1 + int(n), 12)
    for last in (start.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise CalendarError(f"{start} の{n}か月後は数えられません。")


def answers(scope: "Scope", form: str) -> list[Any]:
    """As in diagrams: the answers of the last activation."""
    if scope.executable is None or scope.state is None:
        return []
    from engine.kernel.state import order

    entered = [scope.state.activations[each] for each in scope.executable.lists.get(form, ()) if each in scope.state.activations]
    if not entered:
        return []
    latest = max(entered, key=order)
    answer = store.answer
    rows = scope.c.execute(
        sa.select(answer.c.task, answer.c.data).where(
            answer.c.instance == scope.facts.instance, answer.c.form == form, answer.c.activation == latest
        ).order_by(answer.c.id)
    )  # fmt: skip
    return list({row.task: row.data for row in rows}.values())


def workdays(scope: "Scope", n: Any, day: Any = None) -> date:
    return scope.facts.organisation.calendar.workdays(int(n), _day(scope, day))


def months(scope: "Scope", n: Any, day: Any = None) -> date:
    return scope.facts.organisation.calendar.months(int(n), _day(scope, day))


def _day(scope: "Scope", day: Any) -> date:
    if day is None:
        return scope.city.today
    if isinstance(day, datetime):
        return day.astimezone(TOKYO).date()
    return day if isinstance(day, date) else date.fromisoformat(str(day))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    each.__name__: each
    for each in (
        first, ticked, flatten, records, in_force, base, lines, sheet, label, name_of, domains, consent_state, consents, next_meeting,
        meeting_on, add_months, answers, workdays, months,
    )  # fmt: skip
}
