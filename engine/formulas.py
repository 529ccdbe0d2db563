"""Checks, before they are published, the expressions of forms: what x-prefill and x-rules name, and of what kind it is. It evaluates nothing.

What is at hand in a form is told in docs/forms.md, sections 3 and 4; `engine.answers.Scope` is what gives it.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import NoneType, UnionType
from typing import Any, NamedTuple, get_args, get_origin

from engine import prefill
from engine.kernel.bindings import own_names
from engine.kernel.expressions import ANYTHING, SPOKEN, Names, Site, check_expression
from engine.kernel.feel import ANSWERS_OF, Expression
from engine.kernel.model import FieldKind, Model, Problem, Spot, Vocabulary, walk
from engine.kernel.remarks import Remarks, near, spoken
from forms.form import Field, Form

_TEXT, _DAY, _MOMENT = FieldKind("text"), FieldKind("date"), FieldKind("datetime")
_AT_HAND = {
    "item": ANYTHING, "me": FieldKind("user"), "my_org": FieldKind("org"), "now": _MOMENT, "started_at": _MOMENT,
    "task": FieldKind("row", fields={"element": _TEXT, "name": _TEXT, "organisation": FieldKind("org")}),
}  # fmt: skip
_GIVEN: Mapping[Any, FieldKind] = {str: _TEXT, list: FieldKind("list"), date: _DAY}
_KEPT = {"here": FieldKind("bool"), "answered_at": _MOMENT, "answered_by": FieldKind("user"), "answered_org": FieldKind("org")}

_SINGLE = ("text", "day", "moment", "time", "period", "months")  # all leave an expression as text
_FITTING = {
    **dict.fromkeys(("text", "longtext"), _SINGLE), **dict.fromkeys(("code", "org", "user", "person", "meeting", "file"), ("text",)),
    "date": ("day", "text"), "datetime": ("moment", "text"), "bool": ("boolean",), "number": ("number",),
    **dict.fromkeys(("codes", "persons", "list"), ("list",)),
}  # fmt: skip
_WANTED = {
    **dict.fromkeys(("text", "longtext"), "文字"), "code": "選択肢のコード", "org": "機関", "user": "職員", "person": "世帯の人", "meeting": "会議",
    "file": "ファイル", "date": "日", "datetime": "日時", "bool": "はい・いいえ", "number": "数", **dict.fromkeys(("codes", "persons", "list"), "一覧"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Formula:
    """One expression of a form: the pointer to it in the file, the title of what it is about, and the field that it fills."""

    pointer: str
    title: str
    word: str  # x-prefill or x-rules
    written: str  # as it stands in the file
    fills: Field | None = None
    columns: tuple[Field, ...] | None = None  # of the row, where there is one

    @property
    def text(self) -> str:
        """FEEL, without "="."""
        return self.written.strip().removeprefix("=").strip()


class _Surroundings(NamedTuple):
    forms: Mapping[str, Form]
    vocabulary: Vocabulary
    shared: Mapping[str, FieldKind]


def problems(
    files: Mapping[str, bytes], forms: Mapping[str, Form], vocabulary: Vocabulary, model: Model, kind: Callable[[Field], FieldKind]
) -> list[Problem]:
    """Every expression of a form that cannot be read, names what is not there, or can never fit. ``kind``: what a field holds."""
    answers = {id: {**_KEPT, **fields} for id, fields in vocabulary.forms.items()}
    vocabulary = replace(vocabulary, forms=answers, functions={**vocabulary.functions, **_functions()})
    records = {id: FieldKind("form", fields=fields) for id, fields in answers.items()}
    vocabulary = replace(vocabulary, results={**vocabulary.results, **_results(records)})
    people = {column.name: kind(column) for form in forms.values() for each in form.fields if _feeds_people(each) for column in each.rows}
    persons = FieldKind("list", fields={"id": _TEXT, **people})
    case = FieldKind("row", fields={**records, "number": _TEXT, "lead": FieldKind("org"), "next_review_on": _DAY, "persons": persons})
    around = _Surroundings(forms, vocabulary, {**_AT_HAND, "case": case})
    found: list[Problem] = []
    for form in forms.values():
        remarks = Remarks(f"{form.id}.json")
        own = {**_own_names(model, form.id), **around.shared, "own": records[form.id]}
        file = files[f"forms/schemas/{form.id}.json"].decode()
        for formula in formulas(form):
            found += _check(formula, _spot(formula, file), own, around, kind, remarks)
        found += remarks.problems
    return found


def formulas(form: Form) -> Iterator[Formula]:
    """The expressions of a form, in the order of its file."""
    for field in form.fields:
        schema, place = form.schema["properties"][field.name], f"properties/{field.name}"
        yield from _prefills(schema, place, field, None)
        columns = schema.get("items", {}).get("properties", {})
        for column in field.rows:
            yield from _prefills(columns[column.name], f"{place}/items/properties/{column.name}", column, field.rows)
    for number, rule in enumerate(form.rules):
        yield Formula(f"x-rules/{number}/require", rule.id, "x-rules", rule.require)


def _prefills(schema: Mapping[str, Any], place: str, field: Field, columns: tuple[Field, ...] | None) -> Iterator[Formula]:
    said = {f"{place}/x-prefill": schema.get("x-prefill")}
    said |= {f"{place}/x-in/{part}/x-prefill": variant.get("x-prefill") for part, variant in schema.get("x-in", {}).items()}
    for pointer, text in said.items():
        if text is not None:
            yield Formula(pointer, field.title, "x-prefill", text, field, columns)


def _spot(formula: Formula, file: str) -> Spot:
    """The place, with its line where the same text stands nowhere else in the file."""
    said = json.dumps(formula.written, ensure_ascii=False)
    lines = [number for number, line in enumerate(file.splitlines(), 1) if said in line]
    return Spot(formula.pointer, formula.title, lines[0] if len(lines) == 1 else None)


def _check(
    formula: Formula, spot: Spot, own: Mapping[str, FieldKind], around: _Surroundings, kind: Callable[[Field], FieldKind], remarks: Remarks
) -> Iterator[Problem]:
    if formula.columns is not None:
        row = FieldKind("row", fields={column.name: kind(column) for column in formula.columns})
        own = {**own, "row": row, "index": FieldKind("number")}
    names = Names(around.vocabulary, own, whole_forms=True)
    expression = check_expression(Site(formula.word, formula.text, spot), names, remarks)
    if expression is None:
        return
    for name, form in _unknown_forms(expression, around.forms):
        text = f"{formula.word}の式の {name}() に書いた様式「{form}」がありません。{near(form, around.forms)}"
        yield _asked(remarks.file, spot, "unknown-form-in-call", text)
    found = expression.kind(names.value_kind)
    if formula.fills is None:
        if found not in (None, "null", "boolean"):
            remarks.say("yes-no-wanted", spot, where=formula.word, text=formula.text)
        return
    if found not in (None, "null", *_FITTING.get(formula.fills.kind, (found,))):
        wanted = _WANTED[formula.fills.kind]
        text = f"x-prefill の「{formula.text}」は{SPOKEN.get(str(found), 'まとまり')}なので、この欄に入れられません。ここに入るのは{wanted}です。"
        yield _asked(remarks.file, spot, "prefill-kind", text)
    codes = {code.code for code in formula.fills.codes}
    for code in expression.texts if codes else ():
        if code not in codes:
            yield _asked(remarks.file, spot, "prefill-code", f"x-prefill の値「{code}」は、この欄の選択肢にありません。{near(code, codes)}")


def _unknown_forms(expression: Expression, forms: Mapping[str, Form]) -> Iterator[tuple[str, str]]:
    """The further forms that functions are asked for by their ids and that are not there: function, id."""
    for call in expression.calls:
        for argument in call.arguments[1:] if call.name in ANSWERS_OF else ():
            yield from ((call.name, form) for form in argument.texts if form not in forms)


def _asked(file: str, spot: Spot, rule: str, text: str) -> Problem:
    return Problem(file, spot.id, spot.line, "ask", rule, spoken(spot) + text)


def _own_names(model: Model, form: str) -> dict[str, FieldKind]:
    """What is at hand in the processes that ask for a form: results of decisions, inputs of calls, payloads, the names of rounds."""
    found: dict[str, FieldKind] = {}
    for process in model.processes.values():
        nodes = list(walk(process.nodes))
        if any((node.form or "").partition("#")[0] == form for node in nodes):
            found |= dict.fromkeys((node.loop.item for node in nodes if node.loop is not None), ANYTHING) | own_names(model, process)
    return found


def _functions() -> dict[str, tuple[int, int]]:
    """How many values each function of docs/forms.md takes."""
    found = {}
    for name, function in prefill.FUNCTIONS.items():
        _, *parameters = inspect.signature(function).parameters.values()
        fewest = sum(each.default is each.empty and each.kind is not each.VAR_POSITIONAL for each in parameters)
        endless = any(each.kind is each.VAR_POSITIONAL for each in parameters)
        found[name] = (fewest, 99 if endless else len(parameters))
    return {**found, "first": (1, 99), "ticked": (2, 99), "lines": (3, 99)}


def _results(records: Mapping[str, FieldKind]) -> dict[str, FieldKind]:
    """What functions give, as far as it is always of one kind."""
    lists = {id: replace(kind, kind="list") for id, kind in records.items()}
    found = {name: FieldKind("row", fields=lists if name == "records" else records) for name in ANSWERS_OF}
    for name, function in prefill.FUNCTIONS.items():
        said = inspect.signature(function).return_annotation
        given = [each for each in (get_args(said) if isinstance(said, UnionType) else (said,)) if each is not NoneType]
        kind = _GIVEN.get(get_origin(given[0]) or given[0])
        if kind is not None and name not in ANSWERS_OF:
            found[name] = kind
    return found


def _feeds_people(field: Field) -> bool:
    return field.feeds is not None and "person" in field.feeds.replace(",", " ").split()

