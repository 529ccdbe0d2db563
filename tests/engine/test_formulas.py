"""The expressions of forms are read before they are published: what they name is there, and what they give fits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import formulas, releases
from forms.schema import load_files

ROOT = Path(__file__).parents[2]
K01 = "forms/schemas/K01.json"
FIELDS: dict[str, dict[str, Any]] = {
    "asked_on": {"title": "たずねた日", "type": "string", "format": "date", "x-widget": "wareki"},
    "at": {"title": "話した時", "type": "string", "format": "date-time", "x-widget": "wareki"},
    "to_org": {"title": "たずねる課", "type": "string", "x-widget": "org"},
    "way": {"title": "方法", "oneOf": [{"const": "visit", "title": "訪問"}, {"const": "phone", "title": "電話"}]},
    "why": {"title": "わけ", "type": "array", "uniqueItems": True, "items": {"oneOf": [{"const": "money", "title": "お金"}]}},
    "question": {"title": "たずねたいこと", "type": "string", "x-widget": "longtext"},
    "agreed": {"title": "よいか", "type": "boolean"},
    "number": {"title": "人数", "type": "integer"},
}
ROWS = {"title": "役割", "type": "array", "items": {"type": "object", "additionalProperties": False, "properties": {
    "org": {"title": "機関", "type": "string", "x-widget": "org"}, "hours": {"title": "時間", "type": "integer"},
    "note": {"title": "メモ", "type": "string"},
}}}  # fmt: skip


@pytest.fixture(scope="module")
def folder() -> dict[str, bytes]:
    return releases.gather(ROOT)


def form(**said: Any) -> bytes:
    """A form with every kind of field; `said` are words of its fields, of the columns of `roles`, or (`rule`) what must hold."""
    fields = {name: {**schema, "x-part": ["ask"], "x-class": "L1"} for name, schema in {**FIELDS, "roles": ROWS}.items()}
    columns = {name: {**schema, "x-class": "L1"} for name, schema in ROWS["items"]["properties"].items()}
    fields["roles"]["items"] = {**ROWS["items"], "properties": columns}
    rule = said.pop("rule", "=K01.to_org != my_org")
    for name, words in said.items():
        (columns[name[6:]] if name.startswith("roles_") else fields[name]).update(words if isinstance(words, dict) else {"x-prefill": words})
    schema = {
        "$id": "K01", "title": "架空の連絡票", "description": "となりの課にたずねます。", "type": "object", "additionalProperties": False,
        "x-parts": [{"id": "ask", "title": "たずねる", "required": []}], "properties": fields,
        "x-rules": [{"id": "another_office", "parts": ["ask"], "require": rule, "at": "to_org", "message": "ほかの課を選んでください。"}],
    }  # fmt: skip
    return json.dumps(schema, ensure_ascii=False, indent=1).encode()


def test_every_expression_of_the_forms_as_they_stand_is_looked_at_and_fits(folder: dict[str, bytes]) -> None:
    assert releases.check(folder).stops == ()
    forms, _ = load_files({path.rsplit("/", 1)[-1]: body for path, body in folder.items() if path.startswith("forms/")})
    looked_at = [formula for each in forms.values() for formula in formulas.formulas(each)]
    words = sum(body.decode().count('"x-prefill"') + body.decode().count('"require"') for path, body in folder.items() if path.startswith("forms/"))
    assert len(looked_at) >= words > 200


UNFIT = [
    ("asked_on", "=now", "日時", "日"), ("asked_on", "=my_org = lead()", "はい・いいえ", "日"), ("at", "=today", "日", "日時"),
    ("number", '="3"', "文字", "数"), ("number", "=F01.persons", "一覧", "数"), ("agreed", "=count(K01.why)", "数", "はい・いいえ"),
    ("question", "=count(persons())", "数", "文字"), ("question", '=records("F13")', "一覧", "文字"), ("way", "=K01.number", "数", "選択肢のコード"),
    ("to_org", "=next_review_on()", "日", "機関"), ("why", '="money"', "文字", "一覧"), ("why", "=consent_state()", "文字", "一覧"),
    ("roles", '=F10.lead_org', "文字", "一覧"), ("roles_hours", "=row.org", "文字", "数"), ("roles_org", "=index", "数", "機関"),
    ("number", '=if K01.agreed then "many" else null', "文字", "数"), ("question", '=in_force("F10", "F12")', "まとまり", "文字"),
]  # fmt: skip
FIT = [
    ("asked_on", "=today"), ("asked_on", "=F10.review_on"), ("asked_on", '="2026-04-01"'), ("asked_on", "=meeting_on(F11.meeting)"), ("at", "=now"),
    ("to_org", "=first(F03.to_org, lead())"), ("way", '=if K01.agreed then "visit" else null'), ("why", '=ticked("money", K01.agreed)'),
    ("question", '=lines("F13", records("F13")[here], "at", "fact")'), ("question", "=string(K01.number)"), ("question", "=today"),
    ("number", "=count(case.persons)"), ("number", "=K01.number * 2"), ("agreed", "=some p in persons() satisfies p.share"),
    ("roles", "=F10.roles[ask = true]"), ("roles", '=for o in F10.roles.org return {org: o}'), ("roles_hours", "=if row.org = my_org then index else 0"),
    ("roles_note", "=label(\"F02.issues\", row.note)"), ("question", "=case.F01.wish"), ("question", "=own.question"), ("at", "=own.answered_at"),
    ("to_org", '=records("F13")[1].answered_org'), ("question", "=null"), ("question", "=substring(string: K01.question, start position: 1)"),
]  # fmt: skip
RULES = [
    ("=K01.numbre > 1", "unknown-field", "「numbre」という項目はありません。もしかして: number"), ("=K99.x = 1", "unknown-name", "「K99」という名前は"),
    ("=K01.number = ", "bad-expression", "式が途中で終わっています"), ("=leed() = my_org", "unknown-function", "もしかして: lead"),
    ("=consent(my_org)", "wrong-arguments", "渡す値は2個です"), ("=settings.t_replay = 1", "unknown-setting", "settings.t_replay"),
    ('=K01.way = "vist"', "unknown-code", "もしかして: visit"), ("=K01.number = my_org", "unlike-kinds", "「K01.number」は数、「my_org」は文字"),
    ("=K01.number", "yes-no-wanted", "「K01.number」は、はいかいいえの項目ではありません"), ("=count(K01.roles)", "yes-no-wanted", "はいかいいえ"),
    ("=K01.question and K01.agreed", "yes-no-wanted", "「K01.question」"), ("=row.org = my_org", "unknown-name", "「row」という名前は"),
    ("=some p in persons() satisfies p.shere", "unknown-field", "「persons()」に、「shere」という項目はありません。もしかして: share"),
    ('=count(records("F13")[facts != null]) > 0', "unknown-field", "「records(\"F13\")」に、「facts」という項目はありません。もしかして: fact"),
    ('=records("F99") != null', "unknown-field", "「F99」という項目はありません"),
    ('=in_force("F10", "F99") != null', "unknown-form-in-call", "「F99」がありません"),
    ('=every r in records("F13") satisfies r.here = 3', "unlike-kinds", "「r.here」ははい・いいえ"),
    ("=case.F01.persons.nane != null", "unknown-field", "nane"),
    ("=urgency.kind != null", "unknown-name", "「urgency」という名前は"),
]  # fmt: skip
CODES = [("way", '="vist"'), ("way", '=if K01.agreed then "visit" else "vist"'), ("why", '=["money", "vist"]')]


@pytest.fixture(scope="module")
def said(folder: dict[str, bytes]) -> Callable[..., list[tuple[str | None, str, str]]]:
    """What is said against a form with these words: (pointer, rule, message). All forms are looked at together, each under its own name."""
    words = [*({field: text} for field, text, *_ in [*UNFIT, *FIT, *CODES]), *({"rule": text} for text, *_ in RULES)]
    ids = {str(each): f"K{number:03}" for number, each in enumerate(words, 1)}
    forms = {f"forms/schemas/{ids[str(each)]}.json": form(**each).replace(b"K01", ids[str(each)].encode()) for each in words}
    problems = releases.check(folder | forms).stops
    assert {problem.file for problem in problems} <= {f"{id}.json" for id in ids.values()}

    def of(**given: str) -> list[tuple[str | None, str, str]]:
        id = ids[str(given)]
        return [(each.element, each.rule, each.message.replace(id, "K01")) for each in problems if each.file == f"{id}.json"]

    return of


@pytest.mark.parametrize(("field", "text", "found", "wanted"), UNFIT)
def test_a_value_of_another_kind_than_its_field_is_refused(said: Any, field: str, text: str, found: str, wanted: str) -> None:
    ((pointer, rule, message),) = said(**{field: text})
    place = f"properties/{field.replace('roles_', 'roles/items/properties/')}/x-prefill"
    assert (pointer, rule) == (place, "prefill-kind")
    assert f"({place}): " in message and f"「{text[1:]}」は{found}なので" in message and f"入るのは{wanted}です" in message


@pytest.mark.parametrize(("field", "text"), FIT)
def test_what_may_fit_is_let_through(said: Any, field: str, text: str) -> None:
    assert said(**{field: text}) == []


@pytest.mark.parametrize(("text", "rule", "remedy"), RULES)
def test_what_a_rule_names_is_there_and_it_is_a_yes_or_no(said: Any, text: str, rule: str, remedy: str) -> None:
    ((pointer, found, message),) = said(rule=text)
    assert (pointer, found) == ("x-rules/0/require", rule)
    assert message.startswith("「another_office」(x-rules/0/require): x-rulesの") and remedy in message


@pytest.mark.parametrize(("field", "text"), CODES)
def test_a_code_that_the_field_does_not_offer_is_refused(said: Any, field: str, text: str) -> None:
    ((_, rule, message),) = said(**{field: text})
    assert rule == "prefill-code" and "「vist」は、この欄の選択肢にありません" in message


def test_the_words_of_a_part_are_read_too_and_the_line_is_told(folder: dict[str, bytes]) -> None:
    files = folder | {K01: form(number={"x-in": {"ask": {"x-prefill": "=my_org"}}})}
    (problem,) = releases.check(files).stops
    assert problem.element == "properties/number/x-in/ask/x-prefill" and problem.line is not None
    assert '"x-prefill": "=my_org"' in files[K01].decode().splitlines()[problem.line - 1]


@pytest.mark.parametrize(
    ("id", "right", "wrong", "remedy"),
    [("F03", "count(urgency)", "count(urgencies)", "もしかして: urgency"), ("F13", "u.contact}", "u.contacts}", "もしかして: contact")],
)
def test_what_a_process_decides_is_at_hand_in_the_forms_that_it_asks_for(
    folder: dict[str, bytes], id: str, right: str, wrong: str, remedy: str
) -> None:
    path = f"forms/schemas/{id}.json"
    text = folder[path].decode()
    assert right in text
    (problem,) = releases.check(folder | {path: text.replace(right, wrong).encode()}).stops
    assert problem.file == f"{id}.json" and remedy in problem.message
