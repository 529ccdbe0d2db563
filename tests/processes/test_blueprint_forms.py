"""The form schemas and code lists say what docs/blueprint/core.md says: no less and no more."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from forms.check import check
from forms.form import Field, Form
from forms.schema import load

SCHEMAS = Path(__file__).parents[2] / "forms" / "schemas"
KINDS = {
    "s": "text", "t": "longtext", "d": "date", "dt": "datetime", "b": "bool", "n": "number", "e": "code", "m": "codes",
}  # fmt: skip
UNREACHABLE = {"stop_reason": "unreachable", "stop_decision": "close"}


@pytest.fixture(scope="session")
def forms() -> Mapping[str, Form]:
    found, problems = load(SCHEMAS)
    assert problems == []
    return found


class Sheet:
    """One form as the page tells it."""

    def __init__(self, table) -> None:
        self.id, rest = re.fullmatch(r"7\.\d+ (F\w+) (.*)", table.heading).groups()
        self.title = re.split(r" ?— parts| \((?:each|printed)", rest)[0].strip()
        parts = rest.partition("— parts ")[2].partition(" (")[0]
        self.parts = dict(re.findall(r"`(\w+)` ([^`,]+)", parts)) or {"answer": None}
        self.stands_alone = "each answer stands alone" in rest
        self.rows = table.rows

    def keys(self) -> list[str]:
        return list(dict.fromkeys(row["key"] for row in self.rows))

    def cells(self) -> Iterator[tuple[dict[str, str], str]]:
        """Every row with each part that shows its field."""
        for row in self.rows:
            for part in self.parts if row["part"] == "*" else row["part"].split(", "):
                yield row, part


@pytest.fixture(scope="session")
def sheets(page) -> list[Sheet]:
    return [Sheet(table) for table in page.under("7.") if re.match(r"7\.\d+ F", table.heading)]


@pytest.fixture(scope="session")
def lists(page) -> dict[str, list[tuple[str, str, str, str]]]:
    """Code list -> (code, label, domain, class) of each option."""
    return {
        table.heading.split(" ")[0]: [
            (row["code"], row["日本語"], row.get("domain", ""), row["class"]) for row in table.rows
        ]
        for table in page.under("CL-")
    }


def field(forms: Mapping[str, Form], sheet: Sheet, row: dict[str, str], part: str) -> Field:
    return forms[sheet.id].part(part).field(row["key"])


# --- forms and parts --------------------


def test_there_is_one_schema_for_each_form_and_no_other(forms, sheets):
    assert sorted(forms) == sorted(sheet.id for sheet in sheets)
    assert {path.stem for path in SCHEMAS.iterdir()} == {*forms, "codes"}


def test_a_form_has_the_title_and_the_parts_of_the_page_in_that_order(forms, sheets):
    for sheet in sheets:
        form = forms[sheet.id]
        assert form.title == sheet.title
        assert [part.id for part in form.parts] == list(sheet.parts), sheet.id
        told = [title for title in sheet.parts.values() if title is not None]
        assert not told or [part.title for part in form.parts] == told, sheet.id
        assert form.stands_alone == sheet.stands_alone, sheet.id


# --- fields --------------------


def test_a_form_has_the_fields_of_its_table_in_that_order(forms, sheets):
    for sheet in sheets:
        assert [each.name for each in forms[sheet.id].fields] == sheet.keys(), sheet.id


def test_a_part_shows_the_fields_that_the_page_gives_it(forms, sheets):
    for sheet in sheets:
        for part in sheet.parts:
            told = {row["key"] for row, shown_in in sheet.cells() if shown_in == part}
            assert {each.name for each in forms[sheet.id].part(part).fields} == told, f"{sheet.id}#{part}"


def test_a_field_has_the_label_the_hint_and_the_kind_of_its_row(forms, sheets):
    for sheet in sheets:
        for row, part in sheet.cells():
            found = field(forms, sheet, row, part)
            place = f"{sheet.id}#{part} {row['key']}"
            assert found.title == row["日本語"], place
            assert found.hint == row["hint"], place
            assert found.kind == kind_of(row["type"]), place


def kind_of(type_: str) -> str:
    return "list" if type_.startswith("list{") else KINDS.get(type_, type_)


def test_a_field_has_the_class_and_the_mark_of_its_row(forms, sheets):
    for sheet in sheets:
        for row, part in sheet.cells():
            found = field(forms, sheet, row, part)
            place = f"{sheet.id}#{part} {row['key']}"
            assert found.cls == row["class"], place
            assert found.report == (row["★"] == "★"), place


def test_a_field_is_required_optional_or_filled_by_the_system_as_its_row_says(forms, sheets):
    for sheet in sheets:
        for row, part in sheet.cells():
            found = field(forms, sheet, row, part)
            place = f"{sheet.id}#{part} {row['key']}"
            assert row["req"] in ("R", "O", "A") or row["req"].startswith("C: "), place
            assert found.auto == (row["req"] == "A"), place
            assert (row["key"] in forms[sheet.id].part(part).required) == (row["req"] == "R"), place


def test_a_field_offers_the_options_of_its_row(forms, sheets, lists):
    for sheet in sheets:
        for row, part in sheet.cells():
            found = field(forms, sheet, row, part)
            if found.kind in ("code", "codes"):
                offered = [(code.code, code.label) for code in found.codes]
                assert offered == list(options(row["codes"], lists)), f"{sheet.id} {row['key']}"
            elif found.kind != "list":
                assert not row["codes"], f"{sheet.id} {row['key']}"


def options(cell: str, lists) -> Iterator[tuple[str, str]]:
    """The options of a cell: "CL-X", "CL-X without y", or "code 名称; …"."""
    if cell.startswith("CL-"):
        name, _, left_out = cell.partition(" without ")
        yield from ((code, label) for code, label, _, _ in lists[name] if code != left_out)
    else:
        for each in cell.split("; "):
            code, label = each.split(" ", 1)
            yield code, label


def test_a_field_that_is_carried_over_says_from_where(forms, sheets):
    for sheet in sheets:
        for row, part in sheet.cells():
            found = field(forms, sheet, row, part)
            place = f"{sheet.id}#{part} {row['key']}"
            source, _, fact = (cell.strip() for cell in row["prefill"].partition("⇒"))
            assert not source or found.prefill or prefilled_rows(found), f"{place} is not prefilled"
            assert (found.feeds or "") == fact, place
            assert not found.auto or found.prefill, f"{place} is never filled"


def prefilled_rows(found: Field) -> bool:
    return any(each.prefill for each in found.rows)


def test_the_rows_of_a_list_have_the_fields_of_the_page(forms, sheets, page, lists):
    for sheet in sheets:
        for row, part in sheet.cells():
            found = field(forms, sheet, row, part)
            if found.kind != "list":
                assert found.rows == ()
                continue
            inner = row["type"].removeprefix("list{").removesuffix("}")
            told = persons(page) if inner == "7.0" else [told_field(each) for each in inner.split(", ")]
            place = f"{sheet.id}#{part} {row['key']}"
            assert [(each.name, each.title, each.kind, needs(each)) for each in found.rows] == told, place
            coded = [each for each in found.rows if each.kind == "code"]
            if inner != "7.0" and coded:
                (coded_field,) = coded
                offered = [(code.code, code.label) for code in coded_field.codes]
                assert offered == list(options(row["codes"], lists)), place


def told_field(text: str) -> tuple[str, str, str, str]:
    """A field of a row: `key 名称 type req`."""
    key, title, type_, need = text.split(" ")
    return key, title, kind_of(type_), need


def needs(found: Field) -> str:
    return "A" if found.auto else "R" if found.required else "O"


def persons(page) -> list[tuple[str, str, str, str]]:
    (table,) = page.under("7.0")
    return [
        (row["key"], row["日本語"], kind_of(row["type"]), "O" if row["req"].startswith("C: ") else row["req"])
        for row in table.rows
    ]


def test_the_fields_of_a_person_are_those_of_the_page(forms, page, lists):
    (table,) = page.under("7.0")
    for row, found in zip(table.rows, forms["F01"].field("persons").rows, strict=True):
        assert (found.name, found.hint, found.cls) == (row["key"], row["hint"], row["class"])
        assert found.report == (row["★"] == "★"), row["key"]
        assert [(code.code, code.label) for code in found.codes] == [
            *(options(row["codes"], lists) if row["codes"] else ())
        ], row["key"]


# --- what is required when --------------------


def conditional(sheets) -> list[tuple[Sheet, dict[str, str], str]]:
    return [(sheet, row, part) for sheet in sheets for row, part in sheet.cells() if row["req"].startswith("C: ")]


def test_a_conditional_field_is_asked_for_when_its_condition_holds_and_only_then(forms, sheets):
    asked = 0
    for sheet, row, part in conditional(sheets):
        form = forms[sheet.id]
        for data, holds in cases(form, row["req"].removeprefix("C: ")):
            missing = [error.path for error in check(form, part, data)]
            place = f"{sheet.id}#{part} {row['key']} with {data}"
            assert (row["key"] in missing) == holds, place
            asked += 1
    assert asked > 150


def cases(form: Form, condition: str) -> Iterator[tuple[dict[str, object], bool]]:
    """Answers to try, and whether the condition holds for them. "a person is under 18" needs the case and is a rule."""
    if condition.startswith("a person is under 18"):
        return
    if both := re.fullmatch(r"(.*), and (\w+) has fewer than (\d+)", condition):
        codes = [code.code for code in form.field(both[2]).codes]
        for data, holds in cases(form, both[1]):
            yield data | {both[2]: codes[: int(both[3]) - 1]}, holds
            yield data | {both[2]: codes[: int(both[3])]}, False
        return
    field_name, verb, values = re.fullmatch(r"(\w+) (is not|is|has) (.*)", condition).groups()
    trigger, named = form.field(field_name), re.split(r", | or ", values)
    if named == ["empty"]:
        yield {}, verb == "is"
        yield {field_name: "記録"}, verb == "is not"
    elif trigger.kind == "bool":
        assert (verb, named) == ("is not", ["yes"])
        yield from (({}, True), ({field_name: False}, True), ({field_name: True}, False))
    else:
        assert set(named) <= {code.code for code in trigger.codes}, condition
        for code in (code.code for code in trigger.codes if code.cls != "L3"):
            yield {field_name: [code] if verb == "has" else code}, (code in named) == (verb != "is not")


def test_a_person_to_be_protected_needs_a_safe_way_of_contact(forms, page):
    (row,) = [row for row in page.under("7.0")[0].rows if row["req"].startswith("C: ")]
    assert (row["key"], row["req"]) == ("safe_contact", "C: confidential is not empty")
    for confidential, asked in ((["dv"], True), ([], False)):
        data = {"persons": [{"role": "本人", "confidential": confidential}]}
        paths = [error.path for error in check(forms["F01"], "receive", data)]
        assert ("persons-0-safe_contact" in paths) == asked


# --- rules --------------------


def test_the_rules_that_need_the_case_are_those_of_the_page(forms, page):
    (table,) = [table for table in page.under("7.17") if "rule" in table.columns]
    told = [(row["form"], row["part"], row["at"], row["rule"], row["message"]) for row in table.rows]
    found = [
        (form.id, ", ".join(rule.parts), rule.at, rule.id, rule.message)
        for form in forms.values()
        for rule in form.rules
    ]
    assert sorted(found) == sorted(told)


@pytest.mark.parametrize(
    ("form", "part", "data", "refused"),
    [
        ("F01", "receive", {"emergency": ["none", "life"]}, "emergency"),
        ("F01", "triage", {"consent_state": "refused", "triage": "multi_agency"}, "triage"),
        ("F01", "triage", {"consent_state": "not_contacted", "triage": "multi_agency"}, "triage"),
        ("F01", "triage", {"consent_state": "pending", "triage": "multi_agency"}, "triage"),
        ("F01", "triage", {"consent_state": "incapable", "triage": "multi_agency"}, "triage"),
        ("F01", "triage", {"consent_state": "refused", "triage": "connect"}, "triage"),
        ("F01", "triage", {"consent_state": "not_contacted", "triage": "connect"}, "triage"),
        ("F01", "consult", {"triage": "hold"}, "triage"),
        ("F01", "stop", UNREACHABLE | {"need_level": "high", "emergency": ["none"]}, "stop_decision"),
        ("F01", "stop", UNREACHABLE | {"emergency": ["life"]}, "stop_decision"),
        ("F01", "receive", {"persons": [{"confidential": ["dv"], "address": "みなも市"}]}, "persons-0-address"),
        ("F03", "result", {"result": "provisional"}, "result"),
        ("F05", "consent", {"answer": "agreed", "steps": ["continue", "plan"]}, "steps"),
        ("F11", "plan", {"held": "met", "plan_result": "approved", "checks": ["wish"]}, "plan_result"),
        ("F11", "plan", {"held": "met", "plan_result": "minor", "checks": []}, "plan_result"),
    ],
)
def test_what_the_page_forbids_is_refused_at_its_field(forms, form, part, data, refused):
    assert refused in [error.path for error in check(forms[form], part, data)]


@pytest.mark.parametrize(
    ("form", "part", "data", "allowed"),
    [
        ("F01", "receive", {"emergency": ["life", "supply"]}, "emergency"),
        ("F01", "triage", {"consent_state": "partial", "triage": "multi_agency"}, "triage"),
        ("F01", "triage", {"consent_state": "pending", "triage": "connect"}, "triage"),
        ("F01", "triage", {"consent_state": "incapable", "triage": "connect"}, "triage"),
        ("F01", "triage", {"consent_state": "refused", "triage": "conference"}, "triage"),
        ("F01", "triage", {"consent_state": "refused", "triage": "hold"}, "triage"),
        ("F01", "stop", UNREACHABLE | {"emergency": ["none"]}, "stop_decision"),
        ("F01", "stop", UNREACHABLE | {"stop_reason": "moved", "emergency": ["life"]}, "stop_decision"),
        ("F05", "consent", {"answer": "agreed", "steps": ["share", "plan"]}, "steps"),
        ("F11", "plan", {"held": "met", "plan_result": "revise", "checks": []}, "plan_result"),
        ("F11", "plan", {"held": "met", "plan_result": "approved", "checks": ["one_lead"]}, "plan_result"),
    ],
)
def test_what_the_page_allows_is_taken(forms, form, part, data, allowed):
    assert allowed not in [error.path for error in check(forms[form], part, data)]


# --- code lists --------------------


def test_the_code_lists_are_those_of_the_page(lists):
    codes = json.loads((SCHEMAS / "codes.json").read_text(encoding="utf-8"))["$defs"]
    found = {
        name: [
            (option["const"], option["title"], option.get("x-domain", ""), option.get("x-class", ""))
            for option in each["oneOf"]
        ]
        for name, each in codes.items()
    }
    assert found == lists


def test_a_code_is_ascii_and_stands_once(lists):
    for name, each in lists.items():
        codes = [code for code, *_ in each]
        assert len(set(codes)) == len(codes), name
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", code) for code in codes), name


def test_options_that_nobody_may_see_yet_are_refused(forms, lists):
    restricted = [code for code, _, _, level in lists["CL-ISSUE"] if level == "L3"]
    assert restricted
    for code in restricted:
        assert "issues" in [error.path for error in check(forms["F02"], "interview", {"issues": [code]})]


# --- diagrams and forms --------------------


def test_every_form_of_a_diagram_has_that_part_and_every_part_is_used(drawn, forms, sheets):
    used = {row["form"] for _, rows in drawn.values() for row in rows if row["form"]}
    offered = {sheet.id if part == "answer" else f"{sheet.id}#{part}" for sheet in sheets for part in sheet.parts}
    assert used | {"F05#withdraw", "F01P#people"} == offered  # these two only from the case page
