"""Drawing a part: which input each field gets, what is shown around it, and what is never shown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from filled import (
    CHOICES,
    Page,
    area,
    auto,
    chosen,
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

from forms import Choice, Choices, FieldError, Form, check, draw, layout, links, read, write
from forms.conditions import MOST_ROW_SWITCHES, MOST_SWITCHES
from forms.form import anybody, named

STYLE_SHEET = Path(__file__).parents[2] / "web" / "static" / "app.css"


def page_of(form: Form, data: Any = None, part: str = "a", **words: Any) -> Page:
    return Page(draw(form, part, data or {}, choices=CHOICES, **words))


def drawn(schema: Any, value: Any = None, required: bool = False) -> Page:
    return page_of(form_of({"x": schema}, ["x"] if required else []), {} if value is None else {"x": value})


def kinds_of(page: Page, name: str) -> set[str]:
    return {str(each.words.get("type") or each.tag) for each in page.of(name)}


# Inputs --------------------------------------------------------------------------


def test_short_and_long_texts_have_their_boxes() -> None:
    assert kinds_of(drawn(text()), "x") == {"input"}
    assert kinds_of(drawn(area()), "x") == {"textarea"}


def test_up_to_six_short_options_are_radio_buttons_more_or_longer_ones_a_list() -> None:
    six = options(**{f"c{at}": f"選択{at}" for at in range(6)})
    assert kinds_of(drawn(one(of=six), required=True), "x") == {"radio"}
    assert kinds_of(drawn(one(of=[*six, *options(z="七")]), required=True), "x") == {"select"}
    assert kinds_of(drawn(one(of=options(a="あ" * 21, b="い")), required=True), "x") == {"select"}


def test_a_choice_that_is_not_required_can_be_taken_back() -> None:
    assert drawn(one()).values("x") == ["a", "b", "c", ""]
    assert drawn(one(), required=True).values("x") == ["a", "b", "c"]
    assert drawn(chosen("org")).values("x")[0] == ""
    assert drawn(one(), "b").sent()["x"] == ["b"]
    assert drawn(one()).sent()["x"] == [""]


def test_several_options_are_check_boxes() -> None:
    page = drawn(many(), ["a", "c"])
    assert kinds_of(page, "x") == {"checkbox"}
    assert page.sent()["x"] == ["a", "c"]


def test_a_required_yes_or_no_is_asked_and_another_is_ticked() -> None:
    assert drawn(tick(), required=True).values("x") == ["yes", "no"]
    assert kinds_of(drawn(tick()), "x") == {"checkbox"}
    assert drawn(tick(), True).sent()["x"] == ["yes"]
    assert drawn(tick(), False, required=True).sent()["x"] == ["no"]


def test_a_number_has_its_unit() -> None:
    page = drawn(number(**{"x-unit": "円"}), 1200)
    assert page.of("x")[0].words["value"] == "1200"
    assert page.of("x")[0].words["inputmode"] == "numeric"
    assert "円" in page.texts


def test_a_day_is_shown_in_its_era_with_the_western_year_beside_it() -> None:
    page = drawn(day(), "2019-05-01")
    assert [page.of(f"x-{box}")[0].sends()[0] for box in ("era", "y", "m", "d")] == ["令和", "元", "5", "1"]
    assert page.values("x-era") == ["令和", "平成", "昭和", "大正", "明治", "西暦"]
    assert "西暦2019年" in page.texts


def test_a_day_typed_in_the_western_calendar_has_the_era_beside_it() -> None:
    form = form_of({"x": day()})
    typed = {"x-era": ["西暦"], "x-y": ["1944"], "x-m": ["5"], "x-d": ["3"]}
    assert "昭和19年5月3日" in page_of(form, typed=typed).texts


def test_a_moment_has_boxes_for_the_time_in_tokyo() -> None:
    page = drawn(moment(), "2026-11-24T07:05:00Z")
    assert [page.of(f"x-{box}")[0].sends()[0] for box in ("era", "y", "m", "d", "h", "min")] == [
        *("令和", "8", "11", "24"),
        *("16", "05"),
    ]


def test_agencies_staff_persons_and_files_are_chosen_from_what_is_handed_in() -> None:
    assert drawn(chosen("org")).values("x") == ["", "esikoni", "kenkou", "shakyo"]
    assert drawn(chosen("user")).values("x") == ["", "u1", "u2"]
    assert drawn(chosen("person"), required=True).values("x") == ["1", "2"]
    assert drawn(persons(), ["2"]).sent()["x"] == ["2"]
    assert kinds_of(drawn(chosen("file")), "x") == {"select", "file"}
    assert "選べるものがまだありません。" in Page(draw(form_of({"x": persons()}), "a", {})).text


def test_a_value_that_is_no_longer_offered_stays_chosen_and_says_so() -> None:
    page = drawn(chosen("org"), "abolished")
    assert page.sent()["x"] == ["abolished"]
    assert "（一覧にない値）abolished" in page.text
    assert drawn(persons(), ["1", "99"]).sent()["x"] == ["1", "99"]


def test_choices_may_stand_under_headings() -> None:
    choices = Choices(orgs=(Choice("a", "甲課", "市役所"), Choice("b", "乙会")))
    markup = draw(form_of({"x": chosen("org")}), "a", {}, choices=choices)
    assert '<optgroup label="市役所">' in markup
    assert Page(markup).values("x") == ["", "a", "b"]


def test_a_meeting_is_chosen_or_made_by_its_day() -> None:
    page = drawn(chosen("meeting"), "new:2026-05-14")
    assert page.values("x") == ["", "m1", "new"]
    assert page.sent()["x"] == ["new"]
    assert page.of("x-y")[0].sends() == ["8"]


# Words around ---------------------------------------------------------------------


def test_a_required_field_says_so_in_words_and_to_assistive_technology() -> None:
    page = drawn(text("氏名"), required=True)
    assert "必須" in page.texts
    assert page.of("x")[0].words["aria-required"] == "true"
    assert "必須" not in drawn(text("氏名")).texts


@pytest.mark.parametrize("schema", [text(), area(), number(), day(), one(), many(), tick(), chosen("org"), rows(a=text())])
def test_a_hint_and_an_error_belong_to_their_input(schema: Any) -> None:
    form = form_of({"x": {**schema, "description": "説明の文"}})
    page = page_of(form, errors=[FieldError("x", "直してください。")])
    assert "説明の文" in page.texts and "直してください。" in page.texts
    assert {"x-hint", "x-wrong"} <= page.references <= set(page.ids)


def test_a_carried_over_value_names_its_source() -> None:
    form = form_of({"x": text(), "l": rows(a=text())})
    page = page_of(form, {"x": "星空"}, sources={"x": "相談受付票（11月24日）", "l": "プラン第1版"})
    assert "引き継ぎ：相談受付票（11月24日）" in page.text
    assert "引き継ぎ：プラン第1版" in page.text


def test_headings_count_what_is_required_and_filled() -> None:
    form = form_of(
        {
            "a": text("一", **{"x-section": "はじめ"}),
            "b": text("二"),
            "way": one("方法", **{"x-section": "つぎ"}),
            "why": area("理由"),
            "c": text("三", **{"x-section": "おわり"}),
        },
        ["a", "b", "way"],
        allOf=[when("way", "a", "why")],
    )
    words = re.sub(r"\s", "", page_of(form, {"a": "x", "way": "a"}).text)
    assert "はじめ必須2項目のうち1項目を入力済み" in words
    assert "つぎ必須2項目のうち1項目を入力済み" in words
    assert "おわり三" in words


def test_what_was_typed_wrong_does_not_count_as_filled() -> None:
    form = form_of({"on": day()}, ["on"])
    typed = {"on-era": ["平成"], "on-y": ["31"], "on-m": ["5"], "on-d": ["1"]}
    assert "必須1項目のうち0項目を入力済み" in re.sub(r"\s", "", page_of(form, typed=typed).text)


def test_a_part_without_headings_has_its_own_title() -> None:
    assert "甲の部" in drawn(text()).texts


def test_a_system_field_is_shown_and_has_no_input() -> None:
    form = form_of({"no": auto(text("番号")), "at": auto(moment("受付日時")), "by": auto(chosen("user", "受付者"))})
    page = page_of(form, {"no": "2026-00042", "at": "2026-11-24T16:05:00+09:00"})
    assert page.names == set()
    assert {"2026-00042", "令和8年11月24日 16時05分", "記録のときに入ります"} <= set(page.texts)


def test_the_interface_can_be_translated_and_the_form_is_not() -> None:
    form = form_of({"x": text("氏名"), "l": rows("課題", a=text())}, ["x"])
    page = page_of(form, translate=lambda words: {"必須": "required", "を追加する": " — add"}.get(words, words))
    assert "required" in page.texts and "必須" not in page.texts
    assert "氏名" in page.texts


def test_the_first_button_keeps_a_draft_so_that_enter_neither_removes_nor_completes() -> None:
    form = form_of({"l": rows(a=text())})
    assert page_of(form).buttons[0] == "save"


def test_row_buttons_come_back_to_their_list() -> None:
    form = form_of({"l": rows(a=text(), b=text(), c=text(), d=text())})
    markup = draw(form, "a", {}, action="/tasks/7")
    assert markup.count('formaction="/tasks/7#l"') == 2
    assert "formaction" not in draw(form, "a", {})


# Rows ----------------------------------------------------------------------------

PEOPLE = form_of(
    {
        "people": rows(
            "世帯の人",
            x_widget="person",
            id=auto(text("番号")),
            familyName=text("氏"),
            givenName=text("名"),
            alias=text("旧姓", **{"x-more": True}),
        )
    }
)


def test_an_empty_list_offers_one_row_to_type_in() -> None:
    page = page_of(PEOPLE)
    assert page.of("people-0-familyName") and not page.of("people-1-familyName")
    assert {"add:people", "remove:people:0"} <= set(page.buttons)


def test_a_person_row_is_called_by_number_and_name() -> None:
    data = {"people": [{"id": "1", "familyName": "星空", "givenName": "ゆらぎ"}, {"id": "2"}]}
    words = page_of(PEOPLE, data).text.replace("\n", "")
    assert "1人目　星空 ゆらぎさん番号 1" in words
    assert "2人目" in words


def test_rare_fields_are_folded_until_something_is_in_them() -> None:
    assert "<details" in draw(PEOPLE, "a", {})
    assert " open>" not in draw(PEOPLE, "a", {"people": [{"familyName": "星空"}]})
    assert " open>" in draw(PEOPLE, "a", {"people": [{"alias": "月空"}]})
    wrong = FieldError("people-0-alias", "直してください。")
    assert " open>" in draw(PEOPLE, "a", {}, errors=[wrong])


def test_a_full_list_has_no_button_to_add() -> None:
    form = form_of({"l": rows(a=text()) | {"maxItems": 2}})
    page = page_of(form, {"l": [{"a": "1"}, {"a": "2"}]})
    assert "add:l" not in page.buttons
    assert "ここに書けるのは2件までです。" in page.text


def test_a_fixed_list_shows_what_the_system_wrote() -> None:
    form = form_of({"l": rows(x_rows="fixed", what=auto(text("すること")), state=one("状況"))})
    page = page_of(form, {"l": [{"what": "訪ねる"}]})
    assert "訪ねる" in page.texts
    assert not {"add:l", "remove:l:0"} & set(page.buttons)
    assert "行はまだありません。" in page_of(form).text


# Conditional fields ---------------------------------------------------------------

ACK = form_of(
    {
        "ack": one("回答", options(yes="受理", maybe="条件付き", no="差戻し")),
        "reason": area("理由"),
        "other": area("代わり"),
        "contact": text("連絡する人"),
        "how": one("方法", options(oral="口頭", paper="書面")),
        "due": day("書面の日"),
        "late": tick("遅れる"),
        "until": day("いつまで"),
        "note": area("いつでも", **{"x-show": "always"}),
        "none": tick("何もない"),
        "list": rows("足りないもの", a=text()),
    },
    ["ack"],
    allOf=[
        when("ack", "maybe", "reason"),
        when("ack", "no", "reason", "other", "note"),
        when("ack", "yes", "contact", "how"),
        when("how", "oral", "due"),
        when("late", True, "until"),
        {
            "if": {"not": {"properties": {"none": {"const": True}}, "required": ["none"]}},
            "then": {"required": ["list"]},
        },
    ],
)


def hidden_in(form: Form, data: dict[str, Any]) -> set[str]:
    plan = layout(form, "a", anybody)
    return {field.name for field in plan.fields if plan.switches.hides(field.name, data)}


@pytest.mark.parametrize(
    ("data", "hidden"),
    [
        ({}, {"reason", "other", "contact", "how", "due", "until"}),
        ({"ack": "maybe"}, {"other", "contact", "how", "due", "until"}),
        ({"ack": "no"}, {"contact", "how", "due", "until"}),
        ({"ack": "yes"}, {"reason", "other", "due", "until"}),
        ({"ack": "yes", "how": "oral"}, {"reason", "other", "until"}),
        ({"ack": "no", "how": "oral"}, {"contact", "how", "due", "until"}),
        ({"late": True}, {"reason", "other", "contact", "how", "due"}),
        ({"late": False}, {"reason", "other", "contact", "how", "due", "until"}),
    ],
)
def test_a_field_appears_when_the_choice_that_asks_for_it_is_made(data: dict[str, Any], hidden: set[str]) -> None:
    assert hidden_in(ACK, data) == hidden


def test_a_condition_may_be_written_in_any_way_and_over_several_ticks() -> None:
    def appears_with(test: Any, of: Any = None) -> set[str]:
        form = form_of({"x": of or many(), "y": text()}, allOf=[{"if": test, "then": {"required": ["y"]}}])
        values = [[code] for code in "abc"] if of is None else list("abc")
        return {str(value) for value in values if not hidden_in(form, {"x": value})}

    contains = {"properties": {"x": {"contains": {"enum": ["a", "b"]}}}, "required": ["x"]}
    any_tick = {"properties": {"x": {"minItems": 1}}, "required": ["x"]}
    otherwise = {"properties": {"x": {"not": {"const": "a"}}}, "required": ["x"]}
    either = {
        "anyOf": [
            {"properties": {"x": {"const": "a"}}, "required": ["x"]},
            {"properties": {"x": {"const": "c"}}, "required": ["x"]},
        ]
    }
    assert appears_with(contains) == {"['a']", "['b']"}
    assert appears_with(any_tick) == {"['a']", "['b']", "['c']"}
    assert appears_with(otherwise, one()) == {"b", "c"}
    assert appears_with(either, one()) == {"a", "c"}


def test_what_ticks_cannot_decide_is_always_shown_and_says_when_it_is_required() -> None:
    two = {"if": {"properties": {"x": {"minItems": 2}}, "required": ["x"]}, "then": {"required": ["y"]}}
    by_text = {"if": {"properties": {"z": {"minLength": 1}}, "required": ["z"]}, "then": {"required": ["y"]}}
    for entry in (two, by_text):
        form = form_of({"x": many(), "z": text(), "y": text("それ")}, allOf=[{**entry, "title": "そのとき"}])
        assert hidden_in(form, {}) == set()
        assert "そのときは必須" in page_of(form).text.replace("\n", "")


def test_a_negative_condition_and_an_always_shown_field_are_never_hidden() -> None:
    words = page_of(ACK).text.replace("\n", "")
    assert "足りないもの「何もない」が「はい」ではないときは必須" in words
    assert "いつでも「回答」が「差戻し」のときは必須" in words


def test_a_field_whose_condition_is_in_another_part_is_shown() -> None:
    form = form_of(
        {"way": one("方法", **{"x-part": ["a"]}), "why": text("理由", **{"x-part": ["b"]})},
        parts=[{"id": "a", "title": "A"}, {"id": "b", "title": "B"}],
        allOf=[when("way", "a", "why")],
    )
    assert not layout(form, "b", anybody).switches.by_field
    assert "「方法」が「甲」のときは必須" in page_of(form, part="b").text.replace("\n", "")


def test_fields_that_wait_for_each_other_are_shown() -> None:
    form = form_of({"x": one(), "y": one()}, allOf=[when("x", "a", "y"), when("y", "a", "x")])
    assert hidden_in(form, {}) == set()


def test_more_switches_than_the_style_sheet_knows_leave_fields_shown() -> None:
    fields = {f"x{at}": tick() for at in range(30)} | {f"y{at}": text() for at in range(30)}
    form = form_of(fields, allOf=[when(f"x{at}", True, f"y{at}") for at in range(30)])
    assert len(hidden_in(form, {})) == MOST_SWITCHES
    assert read(form, "a", {"y29": ["x"]}).data == {"y29": "x"}


def test_the_style_sheet_has_a_rule_for_every_switch() -> None:
    rules = STYLE_SHEET.read_text(encoding="utf-8")
    for at in range(1, MOST_SWITCHES + 1):
        assert f".form-parts:not(:has(.on-{at}:checked)) .when-{at}" in rules
    for at in range(1, MOST_ROW_SWITCHES + 1):
        assert f".repeat:not(:has(.row-on-{at}:checked)) .row-when-{at}" in rules


def test_a_section_of_which_everything_waits_hides_as_a_whole() -> None:
    form = form_of(
        {"x": tick("続ける", **{"x-section": "はじめ"}), "y": text(**{"x-section": "あと"}), "z": text()},
        allOf=[when("x", True, "y", "z")],
    )
    assert '<section class="form-part when-1"' in draw(form, "a", {})


# Levels --------------------------------------------------------------------------

LEVELS = form_of(
    {
        "open": text("外の項目"),
        "inner": text("内の項目", **{"x-class": "L2"}),
        "secret": text("秘の項目", **{"x-class": "L3"}),
        "way": one("経路", [*options(a="甲"), {"const": "z", "title": "秘の選択", "x-class": "L3"}]),
        "y": text("理由"),
        "l": rows("行", a=text("外の列"), b=text("内の列", **{"x-class": "L2"}), c=text("秘の列", **{"x-class": "L3"})),
    },
    allOf=[when("way", "z", "y")],
)
PAPER = "この項目は、閲覧制限の仕組みが整うまで紙で管理してください"


def test_a_restricted_field_column_or_option_is_drawn_for_nobody_by_default_and_said_once() -> None:
    page = page_of(LEVELS, {"secret": "ひみつ", "way": "z", "l": [{"c": "ひみつ"}]})
    for hidden in ("秘の", "ひみつ"):
        assert hidden not in page.text
    assert not any("z" == value for each in page.inputs for value in each.sends())
    assert page.text.count(PAPER) == 1


def test_a_part_without_restricted_fields_does_not_mention_paper() -> None:
    assert PAPER not in page_of(ACK).text


def test_those_who_were_named_see_everything_and_nothing_is_said() -> None:
    page = page_of(LEVELS, {"secret": "ひみつ", "way": "z", "y": "理由", "l": [{"c": "ひみつ"}]}, may=named)
    assert all(title in page.text for title in ("秘の項目", "秘の選択", "秘の列"))
    assert PAPER not in page.text


def test_a_reader_sees_only_their_levels() -> None:
    page = page_of(LEVELS, {"inner": "うち", "l": [{"a": "x", "b": "うち"}]}, may=lambda level: level == "L1")
    assert "外の項目" in page.texts and "外の列" in page.texts
    assert "内の" not in page.text
    assert not any("うち" in value for each in page.inputs for value in each.sends())


# Errors --------------------------------------------------------------------------


def test_every_error_leads_to_an_input_of_the_page() -> None:
    form = form_of(
        {
            "t": text("一"),
            "on": day("二"),
            "at": moment("三"),
            "way": one("四"),
            "some": many("五"),
            "ok": tick("六"),
            "meeting": chosen("meeting", "七"),
            "l": rows("八", ["a", "born"], a=text("甲"), born=day("乙"), no=auto(text("丙"))),
        },
        ["t", "on", "at", "way", "some", "ok", "meeting", "l"],
    )
    typed = write(form, "a", {"l": [{"no": "1"}]}) | {"invented": ["x"]}
    found = read(form, "a", typed, before={"l": [{"no": "1"}]})
    errors = check(form, "a", found.data, found=[*found.errors, FieldError("l-0", "行。"), FieldError("do", "ボタン。")])
    page = page_of(form, found.data, errors=errors, typed=found.typed)
    targets = dict(zip([error.path for error in errors], [target for target, _ in links(form, "a", errors)], strict=True))
    assert targets.pop("do") is None
    assert set(targets.values()) <= set(page.ids)
    assert (targets["on"], targets["l-0-born"], targets["l-0-a"]) == ("on-y", "l-0-born-y", "l-0-a")
    assert (targets["l-0"], targets["invented"]) == ("l-0", "strangers")


def test_an_error_marks_the_input_as_invalid() -> None:
    page = page_of(form_of({"x": text(), "on": day()}), errors=[FieldError("x", "一。"), FieldError("on", "二。")])
    for name in ("x", "on-era", "on-y", "on-m", "on-d"):
        assert page.of(name)[0].words["aria-invalid"] == "true"


def test_the_markup_of_a_page_is_well_formed_whatever_is_in_it() -> None:
    wild = "<b>&\"'\u202e葛󠄀𠮷"
    form = form_of({"t": text(wild), "a": area("長い"), "o": one(of=options(x=wild)), "l": rows(wild, a=text(wild))})
    page = page_of(form, {"t": wild, "a": wild, "l": [{"a": wild}]})
    assert page.sent()["t"] == [wild] and page.sent()["l-0-a"] == [wild]
    assert wild in page.text
