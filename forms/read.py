"""Reads what a browser sent for a part: the answer, what was typed, what is wrong; loses no character that was typed.

Does not check whether an answer is complete or follows the schema (`check` does), and stores nothing. Whatever is not
an input of the drawn page is refused by name: unknown fields, options that were not offered, restricted ones, rows out
of order, two values for one field.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
    answer = _read_loose(sent, form, plan, desk)
    for group in plan.lists:
        answer[group.name] = _read_rows(group, sent, plan, desk, before)
    hidden = {name for name in answer if plan.switches.hides(name, answered(answer))}
    data = _in_form_order(form, {**_kept(plan, before), **answered(answer)}, hidden)
    errors = [error for error in desk.errors if error.path.partition("-")[0] not in hidden]
    return Submitted(data, sent.typed(), in_page_order(plan.fields, errors), wants, desk.uploads)


def _read_loose(sent: Sent, form: Form, plan: Layout, desk: Desk) -> dict[str, Any]:
    inputs = Inputs(sent.values, sent.files)
    found = {
        asked.name: read_value(Place(asked), _not_offered(plan.part.field(asked.name), asked), inputs, desk)
        for asked in plan.fields
        if asked.kind != "list" and not asked.auto
    }
    strangers = [name for name in (*sent.values, *sent.files) if name not in inputs.used]
    known = {asked.name: asked for asked in form.fields}
    shown = {asked.name: asked for asked in plan.fields}
    for name in dict.fromkeys(strangers[:_MOST_STRANGERS]):
        head = name.partition("-")[0]
        desk.errors.append(FieldError(name, _stranger(name, shown.get(head), known.get(head))))
    if len(strangers) > _MOST_STRANGERS:
        desk.errors.append(
            FieldError("do", f"この用紙にない項目が、ほかに{len(strangers) - _MOST_STRANGERS}あります。")
        )
    return found


def _stranger(name: str, shown: Field | None, known: Field | None) -> str:
    if shown is not None and shown.auto:
        return f"「{shown.title}」はシステムが入れる項目なので、書き換えられません。送られた値は使っていません。"
    if known is not None and known.cls == RESTRICTED:
        return f"{quoted(name)}：{kept_on_paper()}"
    return f"{quoted(name)}はこの画面にない項目です。画面を開き直し、必要なら下の控えから書き写してください。"


def _read_rows(
    group: Field, sent: Sent, plan: Layout, desk: Desk, before: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    rows = sent.rows[group.name]
    if group.most is not None and len(rows) > group.most:
        desk.errors.append(Place(group).error(too_many_rows(len(rows), group.most)))
        return []
    whole = plan.part.field(group.name)
    former = {row_key(whole, number, row): row for number, row in enumerate(rows_of((before or {}).get(group.name)))}
    found = [
        _read_row(whole, group, number, row, former if before is not None else None, plan, desk)
        for number, row in enumerate(rows)
    ]
    if group.fixed and before is not None and former:
        desk.errors.append(Place(group).error("行が足りません。画面を開き直して、すべての行に答えてください。"))
    return found


def _read_row(
    whole: Field,
    group: Field,
    number: int,
    row: Row,
    former: dict[str, Mapping[str, Any]] | None,
    plan: Layout,
    desk: Desk,
) -> dict[str, Any]:
    """One row; what its inputs cannot say comes from the former row that its key names, which is then used up."""
    inputs = Inputs(row.values, row.files)
    kept: Mapping[str, Any] = {}
    key = next(iter(inputs.take(ROW_KEY)), "")
    if former is not None and (key or group.fixed):
        if key in former:
            kept = former.pop(key)
        else:
            said = "もとの行が、開いている間に変わったか、2回送られました。画面を開き直して確かめてください。"
            desk.errors.append(FieldError(f"{group.name}-{number}", f"{row_called(group, number)}：{said}"))
    members = {member.name: member for member in whole.rows}
    answer = {
        asked.name: read_value(Place(asked, group, number), _not_offered(members[asked.name], asked), inputs, desk)
        for asked in group.rows
        if not asked.auto
    }
    for name in [name for name in (*row.values, *row.files) if name not in inputs.used][:_MOST_STRANGERS]:
        head = name.partition("-")[0]
        shown = next((member for member in group.rows if member.name == head), None)
        said = _stranger(f"{group.name}-{number}-{name}", shown, members.get(head))
        desk.errors.append(FieldError(f"{group.name}-{number}-{name}", said))
    switches = plan.row_switches[group.name]
    said_here = answered(answer)
    unseen = {name for name in answer if switches.hides(name, said_here)}
    desk.errors[:] = [
        error
        for error in desk.errors
        if error.path not in {Place(members[name], group, number).path for name in unseen}
    ]
    told = {name: value for name, value in kept.items() if name not in answer}
    return {
        name: value for name in members if (value := {**told, **said_here}.get(name)) is not None and name not in unseen
    }


def _not_offered(whole: Field, drawn: Field) -> list[Any]:
    offered = {code.code for code in drawn.codes}
    return [code for code in whole.codes if code.code not in offered]


def _kept(plan: Layout, before: Mapping[str, Any] | None) -> dict[str, Any]:
    typable = {asked.name for asked in plan.fields if not asked.auto}
    return {name: value for name, value in (before or {}).items() if name not in typable}


def _in_form_order(form: Form, answer: Mapping[str, Any], hidden: Collection[str]) -> dict[str, Any]:
    known = [asked.name for asked in form.fields if asked.name in answer and asked.name not in hidden]
    return {
        name: answer[name] for name in (*known, *(name for name in answer if name not in known and name not in hidden))
    }
