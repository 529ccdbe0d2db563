"""Checks an answer against the part it belongs to and says in plain words what is missing; changes nothing.

The schema is JSON Schema 2020-12, cut to the part: properties and required fields of the part, and conditions as far as
the part shows the fields they speak of. Rules that need the case file (`x-rules`) are the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator

from .conditions import Switches, holds
from .form import RESTRICTED, Condition, Field, Form, May, Part, anybody
from .layout import Layout, answered, layout
from .messages import FieldError, Place, in_page_order, kept_on_paper, quoted, row_called, too_many_rows
from .validity import wrong_value

_Find = Callable[[str], Place]


def check(
    form: Form, part: Part | str, data: Mapping[str, Any], *, found: Sequence[FieldError] = (), may: May = anybody
) -> list[FieldError]:
    """What must be put right before this part can be completed, in the order of the page.

    data: the whole answer (other parts are looked at by conditions only). Empty texts and lists count as not answered.
    found: errors of reading the same page; they are kept, and a place that has one gets no second.
    may: fields that this reader does not see are not asked of them.
    """
    plan = layout(form, part, may)
    answer = answered(data)
    properties = form.schema["properties"]
    errors = [*found, *_strangers(form, plan.part, answer, may)]
    for place in (Place(field) for field in plan.fields if not field.auto):
        schema = properties[place.field.name]
        errors += _value(place, plan.part.field(place.field.name), schema, answer, may)
        if place.field.kind == "list" and isinstance(answer.get(place.field.name), list):
            errors += _rows(place.field, plan, schema, answer[place.field.name], may)
    errors += _switched_off(plan.switches, plan.whens, answer, Place, plan.fields)
    errors += _conditions(form.conditions, plan.whens, answer, Place, plan.fields)
    return _one_each(in_page_order(plan.fields, errors))


def _strangers(form: Form, part: Part, answer: Mapping[str, Any], may: May) -> Iterator[FieldError]:
    known = {field.name: field for field in form.fields} | {field.name: field for field in part.fields}
    here = {field.name for field in part.fields}
    for name in answer:
        if name not in known:
            yield FieldError(name, f"{quoted(name)}はこの用紙にない項目です。取ってください。")
        elif name in here and known[name].cls == RESTRICTED and not may(RESTRICTED):
            yield FieldError(name, f"{quoted(name)}：{kept_on_paper()}")


def _value(place: Place, whole: Field, schema: Mapping[str, Any], answer: Mapping[str, Any], may: May) -> Iterator[FieldError]:
    if place.field.name in answer:
        wrong = wrong_value(place.field, whole, schema, answer[place.field.name], may)
        if wrong:
            yield place.error(wrong)
    elif place.field.required:
        yield place.missing()


def _rows(group: Field, plan: Layout, schema: Mapping[str, Any], rows: Sequence[Any], may: May) -> Iterator[FieldError]:
    if group.most is not None and len(rows) > group.most:
        yield Place(group).error(too_many_rows(len(rows), group.most))
        return
    whole = {member.name: member for member in plan.part.field(group.name).rows}
    shown = [member for member in group.rows if not member.auto]
    words = plan.row_whens[group.name]
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            yield FieldError(f"{group.name}-{number}", f"{row_called(group, number)}：項目の名前と値で書いてください。")
            continue

        def at(member: Field, number: int = number) -> Place:
            return Place(member, group, number)

        answer = answered(row)
        for name in answer:
            if name not in whole or (whole[name].cls == RESTRICTED and not may(RESTRICTED)):
                said = kept_on_paper() if name in whole else "この行にない項目です。取ってください。"
                yield FieldError(
                    f"{group.name}-{number}-{name}", f"{row_called(group, number)}の{quoted(name)}：{said}"
                )
        for member in shown:
            yield from _value(at(member), whole[member.name], schema["items"]["properties"][member.name], answer, may)
        yield from _switched_off(plan.row_switches[group.name], words, answer, at, shown)
        yield from _conditions(group.conditions, words, answer, at, shown)


def _switched_off(
    switches: Switches,
    whens: Mapping[str, str],
    answer: Mapping[str, Any],
    at: Callable[[Field], Place],
    fields: Sequence[Field],
) -> Iterator[FieldError]:
    """A page never sends a field that it does not show; others might."""
    for field in fields:
        if field.name in answer and switches.hides(field.name, answer):
            words = f"{whens[field.name]}だけ" if field.name in whens else "いまの答えでは"
            yield at(field).error(f"{words}書く項目です。この値を取るか、答えを直してください。")


def _conditions(
    conditions: Sequence[Condition],
    whens: Mapping[str, str],
    answer: Mapping[str, Any],
    at: Callable[[Field], Place],
    fields: Sequence[Field],
) -> Iterator[FieldError]:
    """Errors of if/then: only required fields that are shown, and constraints that a shown field takes part in."""
    shown = {field.name: field for field in fields if not field.auto}
    for condition in conditions:
        missing = [name for name in condition.requires if name in shown and name not in answer]
        bound = [name for name in (*condition.binds, *condition.reads) if name in shown] if condition.rest else []
        if not (missing or bound) or not holds(condition, answer):
            continue
        for name in missing:
            place = at(shown[name])
            words = f"（{whens[name]}）。" if name in whens else "。"
            asked = FieldError(place.path, place.missing().message.removesuffix("。") + words)
            yield place.error(condition.message) if condition.message else asked
        if bound and not Draft202012Validator(condition.rest).is_valid(dict(answer)):
            yield at(shown[bound[0]]).error(condition.message or _unfitting(condition, shown[bound[0]]))


def _unfitting(condition: Condition, field: Field) -> str:
    when = f"{condition.when}は、" if condition.when else "ほかの答えと合わせると、"
    allowed = condition.rest.get("properties", {}).get(field.name, {})
    codes = allowed.get("enum", [allowed["const"]] if "const" in allowed else [])
    if field.codes and codes:
        return f"{when}{'か'.join(f'「{field.label_of(code)}」' for code in codes)}から選んでください。"
    return f"{when}この答えにできません。見直してください。"


def _one_each(errors: Sequence[FieldError]) -> list[FieldError]:
    """The first error of each place."""
    first: dict[str, FieldError] = {}
    for error in errors:
        first.setdefault(error.path, error)
    return list(first.values())
