"""Drawing an answer and sending the page back unchanged gives the same answer, for made-up and for real forms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from filled import (
    CHOICES,
    Page,
    answers,
    area,
    auto,
    chosen,
    consistent,
    day,
    form_of,
    many,
    moment,
    number,
    one,
    options,
    persons,
    rows,
    text,
    tick,
    when,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from forms import Field, Form, check, draw, layout, load, read, write
from forms.form import anybody

EVERYTHING = form_of(
    {
        "number": auto(text("番号")),
        "name": text("氏名"),
        "note": area("内容"),
        "on": day("日付"),
        "at": moment("日時"),
        "size": number("人数"),
        "ok": tick("よいか"),
        "sure": tick("必ずか"),
        "few": one("選択"),
        "lots": one("選択肢", options(**{f"c{n}": f"選択{n}" for n in range(12)})),
        "some": many("複数"),
        "org": chosen("org"),
        "user": chosen("user"),
        "person": chosen("person"),
        "who": persons(),
        "meeting": chosen("meeting"),
        "file": chosen("file"),
        "why": area("理由"),
        "why_not": day("いつから"),
        "members": rows(
            "人",
            conditions=[when("kind", "b", "reason")],
            x_widget="person",
            id=auto(text("番号")),
            name=text("名"),
            born=day("生年月日"),
            kind=one("種類"),
            reason=area("理由"),
            tags=many("しるし"),
            seen=tick("会ったか"),
        ),
        "places": rows("機関", ["org"], org=chosen("org"), what=text("内容"), ask=tick("たずねる")),
    },
    ["sure"],
    allOf=[when("few", "b", "why"), when("few", "c", "why", "why_not"), when("ok", True, "places")],
)
REAL, PROBLEMS = load(Path(__file__).parents[2] / "forms" / "schemas")
PARTS = [(form.id, part.id) for form in REAL.values() for part in form.parts]
every_part = pytest.mark.parametrize(("form_id", "part"), PARTS, ids=[f"{form}#{part}" for form, part in PARTS])


def sent_back(form: Form, part: str, data: dict[str, Any]) -> dict[str, Any]:
    page = Page(draw(form, part, data, choices=CHOICES))
    found = read(form, part, page.sent(), before=data, choices=CHOICES)
    assert found.errors == ()
    return dict(found.data)


@given(st.data())
@settings(max_examples=60)
def test_a_page_sent_back_untouched_gives_the_answer_it_was_drawn_from(data: st.DataObject) -> None:
    answer = consistent(EVERYTHING, "a", data.draw(answers(EVERYTHING.part("a").fields)))
    assert sent_back(EVERYTHING, "a", answer) == answer


@given(st.data())
@settings(max_examples=40)
def test_reading_is_the_opposite_of_writing_and_typed_values_draw_the_same_page(data: st.DataObject) -> None:
    answer = consistent(EVERYTHING, "a", data.draw(answers(EVERYTHING.part("a").fields)))
    found = read(EVERYTHING, "a", write(EVERYTHING, "a", answer), before=answer)
    assert (found.data, found.errors) == (answer, ())
    again = draw(EVERYTHING, "a", answer, typed=found.typed, choices=CHOICES)
    assert again == draw(EVERYTHING, "a", answer, choices=CHOICES)


@given(st.data())
@settings(max_examples=30)
def test_what_the_system_wrote_comes_back_even_when_rows_are_removed(data: st.DataObject) -> None:
    people = [{"id": str(at), "name": f"架空{at}"} for at in range(data.draw(st.integers(1, 4)))]
    answer = {"number": "2026-00001", "sure": True, "members": people}
    gone = data.draw(st.integers(0, len(people) - 1))
    removed = read(EVERYTHING, "a", Page(draw(EVERYTHING, "a", answer)).sent(f"remove:members:{gone}"), before=answer)
    left = Page(draw(EVERYTHING, "a", answer, typed=removed.typed))
    found = read(EVERYTHING, "a", left.sent(), before=answer)
    assert found.errors == ()
    assert found.data.get("members", []) == [person for person in people if person["id"] != str(gone)]
    assert found.data["number"] == "2026-00001"


def test_the_real_forms_are_without_problems() -> None:
    assert PROBLEMS == []
    assert len(PARTS) >= 30


def settled(fields: Sequence[Field], answer: dict[str, Any]) -> dict[str, Any]:
    """The answer as a page settles it: an unticked box that had a preset value says no."""
    found = dict(answer)
    for field in fields:
        if field.kind == "bool" and field.prefill is not None and not field.auto:
            found.setdefault(field.name, False)
        if field.kind == "list" and field.name in found:
            found[field.name] = [settled(field.rows, row) for row in found[field.name]]
    return found


@every_part
@given(data=st.data())
@settings(max_examples=6)
def test_every_part_of_every_form_is_drawn_and_read_back(form_id: str, part: str, data: st.DataObject) -> None:
    form = REAL[form_id]
    fields = layout(form, part, anybody).fields
    answer = consistent(form, part, settled(fields, data.draw(answers(fields))))
    assert sent_back(form, part, answer) == answer


@every_part
@given(data=st.data())
@settings(max_examples=4)
def test_an_empty_part_names_what_is_missing_and_every_message_is_a_sentence_about_a_field_of_the_part(
    form_id: str, part: str, data: st.DataObject
) -> None:
    form = REAL[form_id]
    fields = form.part(part).fields
    missing = {error.path for error in check(form, part, {})}
    assert missing >= {field.name for field in fields if field.required and field.cls != "L3"}
    for error in check(form, part, consistent(form, part, data.draw(answers(fields)))):
        assert error.message.endswith("。")
        assert error.path.partition("-")[0] in {field.name for field in fields}


@every_part
def test_every_part_is_named_and_labelled_without_a_double_id(form_id: str, part: str) -> None:
    form = REAL[form_id]
    page = Page(draw(form, part, {}, choices=CHOICES))
    assert len(page.ids) == len(set(page.ids))
    assert page.labels | page.references <= set(page.ids)
    for field in form.part(part).fields:
        assert (field.title in page.text) == (field.cls != "L3")
