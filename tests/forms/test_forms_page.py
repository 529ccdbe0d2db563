"""docs/forms.md, the page for process owners: it describes all that the forms use, and its example is a form."""

from __future__ import annotations

import json
import re

from form_expressions import AT_HAND, FORMS, FUNCTIONS, ORGANISATION, ROOT

from engine.kernel import feel
from forms.schema import load_files

PAGE = (ROOT / "docs" / "forms.md").read_text(encoding="utf-8")


def test_the_page_describes_every_function_and_the_functions_of_diagrams() -> None:
    for name in FUNCTIONS:
        assert f"`{name}(" in PAGE or f"`{name}`" in PAGE, name


def test_the_page_describes_every_name() -> None:
    for name in AT_HAND:
        root = name.partition(".")[0]
        assert re.search(rf"`{root}[`.]", PAGE), root


def test_the_page_describes_every_word_that_a_form_uses() -> None:
    files = [path.read_text("utf-8") for path in (ROOT / "forms" / "schemas").glob("*.json")]
    words = {word for text in files for word in re.findall(r'"(x-\w+)":', text)}
    assert words and {word for word in words if f"`{word}`" not in PAGE} == set()


def test_the_page_describes_every_fact_that_a_form_feeds() -> None:
    fed = {fact for form in FORMS.values() for field in form.fields for fact in (field.feeds or "").split(", ") if fact}
    assert fed and {fact for fact in fed if f"`{fact}`" not in PAGE} == set()


def test_the_example_of_the_page_is_a_form() -> None:
    example, _rule = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    codes = (ROOT / "forms" / "schemas" / "codes.json").read_bytes()
    found, problems = load_files({"K01.json": example.encode(), "codes.json": codes})
    assert problems == [] and list(found) == ["K01"]
    assert json.loads(_rule)["id"] in {rule.id for rule in FORMS["F10"].rules}
    for rule in found["K01"].rules:
        feel.parse(rule.require)


def test_what_may_be_written_from_the_case_page_stands_alone() -> None:
    for place in ORGANISATION.from_case.values():
        form, _, part = place.partition("#")
        assert FORMS[form].stands_alone and FORMS[form].part(part)
