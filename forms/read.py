"""Reads what a browser sent for a part: the answer, what was typed, what is wrong; loses no character that was typed.

Does not check whether an answer is complete or follows the schema (`check` does), and stores nothing. Whatever is not
an input of the drawn page is refused by name: unknown fields, options that were not offered, restricted ones, rows out
of order, two values for one field.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .choices import Choices
from .form import RESTRICTED, Field, Form, May, Part, anybody
from .layout import Layout, answered, layout
from .messages import FieldError, Place, in_page_order, kept_on_paper, quoted, row_called, too_many_rows
from .sent import HasLists, Row, Sent, Wants, lists_of, split, turn, wanted
from .values import Desk, Inputs, Upload, read_value
from .write import ROW_KEY, Typed, row_key, rows_of

_MOST_STRANGERS = 20


@dataclass(frozen=True)
class Submitted:
    """What was sent, read.

    data: the whole answer; what the page could not say comes from `before`.
    typed: every input as typed, for drawing the page again and for drafts.
    errors: what cannot be read, in the order of the page.
    wants: what the pressed button asks for; `save` when nobody can tell.
    files: new files by path; the answer holds `new:<file name>` there.
    """

    data: Mapping[str, Any]
    typed: Typed
    errors: tuple[FieldError, ...]
    wants: Wants
    files: Mapping[str, Upload]


def read(
    form: Form,
    part: Part | str,
    submitted: HasLists | Mapping[str, Sequence[str]],
    files: Mapping[str, Upload] | None = None,
    *,
    before: Mapping[str, Any] | None = None,
    may: May = anybody,
    choices: Choices | None = None,
    beside: Collection[str] = ("csrf_token",),
) -> Submitted:
    """What was sent for a part.

    before: the answer the page was drawn from; keeps what this page could not say (other parts, system fields).
    choices: when given, agencies, persons and the like must be among them.
    beside: names of inputs on the page that are not the form's.
    """
    plan = layout(form, part, may)
    desk = Desk(choices)
    values = lists_of(submitted)
    asked = values.pop("do", [])
    sent = split({name: sent for name, sent in values.items() if name not in beside}, files or {}, plan, desk)
    wants = turn(sent, wanted(asked, plan, desk), plan, desk)
    reading = _Reading(form, plan, desk, before)
    answer = {**reading.loose(sent), **{group.name: reading.rows(group, sent) for group in plan.lists}}
    hidden = {name for name in answer if plan.switches.hides(name, answered(answer))}
    data = _in_form_order(form, {**reading.kept(), **answered(answer)}, hidden)
    errors = [error for error in desk.errors if error.path.partition("-")[0] not in hidden]
    return Submitted(data, sent.typed(), in_page_order(plan.fields, errors), wants, desk.uploads)


@dataclass(frozen=True)
class _Reading:
    """One page being read."""

    form: Form
    plan: Layout
    desk: Desk
    before: Mapping[str, Any] | None

    def kept(self) -> dict[str, Any]:
        """What this page cannot say: other parts, system fields, fields that the reader does not see."""
        typable = {asked.name for asked in self.plan.fields if not asked.auto}
        return {name: value for name, value in (self.before or {}).items() if name not in typable}

    def loose(self, sent: Sent) -> dict[str, Any]:
        """The answers outside of rows."""
        inputs = Inputs(sent.values, sent.files)
        former = self.before or {}
        found = {
            asked.name: self.value(Place(asked), asked.name, inputs, former)
            for asked in self.plan.fields
            if asked.kind != "list" and not asked.auto
        }
        known = {asked.name: asked for asked in self.form.fields}
        shown = {asked.name: asked for asked in self.plan.fields}
        self.refuse_strangers("", inputs, shown, known)
        return found

    def rows(self, group: Field, sent: Sent) -> list[dict[str, Any]]:
        """The rows of a list, each with what its former self held beyond its inputs."""
        rows = sent.rows[group.name]
        if group.most is not None and len(rows) > group.most:
            said = f"{too_many_rows(len(rows), group.most)}入りきらない行は、下の控えに写しました。"
            self.desk.errors.append(Place(group).error(said))
            return []
        former = {key: row for key, row in _keyed(group, (self.before or {}).get(group.name))}
        found = [self.row(group, number, row, former) for number, row in enumerate(rows)]
        if group.fixed and former:
            said = "行が足りません。画面を開き直して、すべての行に答えてください。"
            self.desk.errors.append(Place(group).error(said))
        return found

    def row(self, group: Field, number: int, row: Row, former: dict[str, Mapping[str, Any]]) -> dict[str, Any]:
        """One row; the former row that its key names is used up."""
        inputs = Inputs(row.values, row.files)
        key = next(iter(inputs.take(ROW_KEY)), "")
        if self.before is not None and (key or group.fixed) and key not in former:
            said = "もとの行が、開いている間に変わったか、2回送られました。画面を開き直して確かめてください。"
            self.desk.errors.append(FieldError(f"{group.name}-{number}", f"{row_called(group, number)}：{said}"))
        kept = former.pop(key, {})
        start = len(self.desk.errors)
        answer = {
            asked.name: self.value(Place(asked, group, number), f"{group.name}.{asked.name}", inputs, kept)
            for asked in group.rows
            if not asked.auto
        }
        whole = {member.name: member for member in self.plan.part.field(group.name).rows}
        shown = {member.name: member for member in group.rows}
        self.refuse_strangers(f"{group.name}-{number}-", inputs, shown, whole)
        said_here = answered(answer)
        unseen = {name for name in answer if self.plan.row_switches[group.name].hides(name, said_here)}
        silent = {Place(shown[name], group, number).path for name in unseen}
        self.desk.errors[start:] = [error for error in self.desk.errors[start:] if error.path not in silent]
        told = {**{name: value for name, value in kept.items() if name not in answer}, **said_here}
        return {name: told[name] for name in whole if name in told and name not in unseen}

    def value(self, place: Place, name: str, inputs: Inputs, former: Mapping[str, Any]) -> Any:
        """One value, together with what was chosen before among the options that this reader does not see."""
        unseen = self.plan.unseen[name]
        found = read_value(place, unseen, inputs, self.desk)
        kept = [code.code for code in unseen if code.cls != RESTRICTED]
        was = former.get(place.field.name)
        if isinstance(was, list) and kept:
            return [*(found or ()), *(code for code in was if code in kept)] or None
        return was if found is None and was in kept else found

    def refuse_strangers(
        self, prefix: str, inputs: Inputs, shown: Mapping[str, Field], known: Mapping[str, Field]
    ) -> None:
        """An error for each input that the drawn page does not have; the first of many."""
        strangers = [name for name in (*inputs.values, *inputs.files) if name not in inputs.used]
        for name in strangers[:_MOST_STRANGERS]:
            head = name.partition("-")[0]
            said = _stranger(prefix + name, shown.get(head), known.get(head))
            self.desk.errors.append(FieldError(prefix + name, said))
        if len(strangers) > _MOST_STRANGERS:
            more = f"この用紙にない項目が、ほかに{len(strangers) - _MOST_STRANGERS}あります。"
            self.desk.errors.append(FieldError(prefix.rstrip("-") or "do", more))


def _stranger(name: str, shown: Field | None, known: Field | None) -> str:
    if shown is not None and shown.auto:
        return f"「{shown.title}」はシステムが入れる項目なので、書き換えられません。送られた値は使っていません。"
    if known is not None and known.cls == RESTRICTED:
        return f"{quoted(name)}：{kept_on_paper()}"
    return f"{quoted(name)}はこの画面にない項目です。画面を開き直し、必要なら下の控えから書き写してください。"


def _keyed(group: Field, rows: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((row_key(group, number, row), row) for number, row in enumerate(rows_of(rows)))


def _in_form_order(form: Form, answer: Mapping[str, Any], hidden: Collection[str]) -> dict[str, Any]:
    order = {asked.name: number for number, asked in enumerate(form.fields)}
    names = sorted((name for name in answer if name not in hidden), key=lambda name: order.get(name, len(order)))
    return {name: answer[name] for name in names}
