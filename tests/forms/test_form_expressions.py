"""The expressions of the forms name only what there is: data, functions, forms, fields, codes."""

from __future__ import annotations

import re
from typing import Any

import pytest
import story
from form_expressions import (
    AT_HAND,
    EXPRESSIONS,
    FIELDS,
    FORMS,
    FUNCTIONS,
    KEPT_WITH_EVERY_ANSWER,
    ORGANISATION,
    Written,
    rules,
)

from engine.kernel import feel


def known_paths(written: Written) -> set[tuple[str, ...]]:
    """What may be read where this expression stands."""
    found = {tuple(path.split(".")) for path in AT_HAND}
    found |= {("persons()",), *(("persons()", name) for name in story.PERSONS[0])}
    found |= {("settings", name) for name in ORGANISATION.values}
    for form, members in FIELDS.items():
        roots = [(form,), ("case", form)] + ([("own",)] if form == written.form else [])
        for root in roots:
            found |= {root, *((*root, name) for name in KEPT_WITH_EVERY_ANSWER)}
            for name, field in members.items():
                found |= {(*root, name), *((*root, name, column.name) for column in field.rows)}
    found |= {("case", "persons"), *(("case", "persons", column.name) for column in FIELDS["F01"]["persons"].rows)}
    if written.list:
        found |= {("row", column.name) for column in FIELDS[written.form][written.list].rows}
    return found


def read_of(text: str, known: set[tuple[str, ...]]) -> feel.Reads:
    """What an expression reads, where answers that a function gives count as those of their form."""
    plain = re.sub(r'(?:records|in_force|base)\(("F\w+")(?:, "F\w+")*\)', r"answers(\1)", text)
    return feel.parse(plain).reads(lambda path: path in known)


# What stands in an expression


def test_there_are_expressions_to_look_at() -> None:
    assert len(EXPRESSIONS) > 250


@pytest.mark.parametrize("written", EXPRESSIONS, ids=str)
def test_an_expression_reads_only_what_there_is(written: Written) -> None:
    known = known_paths(written)
    reads = read_of(written.text, known)
    assert {path for path in reads.paths if path not in known} == set()
    assert {path for path in reads.results if (f"{path[0]}()", *path[1:]) not in known} == set()


@pytest.mark.parametrize("written", EXPRESSIONS, ids=str)
def test_an_expression_calls_only_functions_that_are_described(written: Written) -> None:
    for call in feel.parse(written.text).calls:
        fewest, most = FUNCTIONS[call.name]
        assert fewest <= len(call.arguments) <= most, call.name


@pytest.mark.parametrize("written", EXPRESSIONS, ids=str)
def test_an_expression_compares_with_codes_that_exist(written: Written) -> None:
    for path, text in read_of(written.text, known_paths(written)).literals_compared:
        form, *names = (written.form, *path[1:]) if path[0] == "own" else path[1:] if path[0] == "case" else path
        if form in FIELDS and names and names[0] in FIELDS[form]:
            field = FIELDS[form][names[0]]
            member = next((column for column in field.rows if column.name == names[-1]), field)
            if member.codes:
                assert text in {code.code for code in member.codes}, f"{path} {text}"
            elif member.kind == "org":
                assert text in ORGANISATION.offices, f"{path} {text}"


def literal(expression: feel.Expression) -> Any:
    return expression.evaluate(story.Story())


@pytest.mark.parametrize("written", EXPRESSIONS, ids=str)
def test_functions_are_given_forms_parts_and_fields_that_exist(written: Written) -> None:
    for call in feel.parse(written.text).calls:
        if call.name in ("records", "answers", "in_force", "base"):
            assert all(literal(each) in FORMS for each in call.arguments)
        elif call.name == "lines":
            form, _, *names = call.arguments
            assert {literal(name) for name in names} <= set(FIELDS[literal(form)])
        elif call.name == "sheet":
            form, part, level, _ = map(literal, call.arguments)
            assert FORMS[form].part(part) and level in ("L1", "L2")
        elif call.name == "label":
            form, name = literal(call.arguments[0]).split(".")
            assert FIELDS[form][name].codes


def test_a_code_that_is_suggested_is_offered() -> None:
    """Texts in ticked(…) and results of an if, which no comparison shows."""
    for form, name in (("F02", "issues"), ("F11", "checks")):
        (call,) = [call for call in feel.parse(FIELDS[form][name].prefill or "").calls if call.name == "ticked"]
        offered = {code.code for code in FIELDS[form][name].codes if code.cls != "L3"}
        assert {literal(code) for code in call.arguments[::2]} <= offered


def test_the_record_of_support_is_never_read_by_a_rule() -> None:
    assert not [rule for rule in rules() if '"F13"' in rule.text or "F13." in rule.text]
