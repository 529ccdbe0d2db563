"""What a browser, a program or an attacker sends: what becomes the answer, what is refused, that nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass
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
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import ImmutableMultiDict

from forms import FieldError, Form, draw, read, write
from forms.form import named


def sent_to(form: Form, part: str = "a", **sent: str | list[str]) -> dict[str, list[str]]:
    """Values by name; `__` stands for a hyphen."""
    return {name.replace("__", "-"): [value] if isinstance(value, str) else value for name, value in sent.items()}


def data_of(form: Form, **sent: str | list[str]) -> Any:
    found = read(form, "a", sent_to(form, **sent))
    assert found.errors == ()
    return found.data


def error_of(form: Form, **sent: str | list[str]) -> FieldError:
    (error,) = read(form, "a", sent_to(form, **sent)).errors
    return error


def drawn_again(form: Form, before: Any = None, **sent: str | list[str]) -> Page:
    found = read(form, "a", sent_to(form, **sent), before=before)
    return Page(draw(form, "a", before or {}, typed=found.typed, errors=found.errors, choices=CHOICES))


ONE_OF_EACH = form_of(
    {
        "no": auto(text("番号")),
        "name": text("氏名"),
        "note": area("内容"),
        "on": day("生年月日"),
        "at": moment("受付日時"),
        "size": number("世帯人数", **{"x-unit": "人"}),
        "ok": tick("同居"),
        "way": one("方法", options(visit="来所", phone="電話")),
        "troubles": many("お困りごと"),
        "org": chosen("org", "機関"),
        "who": persons("だれ"),
        "meeting": chosen("meeting", "会議"),
        "paper": chosen("file", "添付"),
        "people": rows("人", name=text("名"), born=day("生年月日"), x_widget="person"),
        "places": rows("機関", ["org"], org=chosen("org", "機関")),
    }
)


# Values --------------------------------------------------------------------------


def test_what_was_left_empty_is_no_answer() -> None:
    assert data_of(ONE_OF_EACH, name="", note=" \r\n ", on__y="", on__era="令和", way="", size=" ", org="") == {}


@pytest.mark.parametrize(
    "name",
    [
        "葛󠄀城",  # a variation sequence
        "𠮷野家",  # a supplementary plane
        "髙﨑",  # compatibility ideographs, which NFKC would change
        "ﾊﾝｶｸ",  # half-width kana, which NFKC would change
        "か\u3099",  # a combining mark, which NFC would change
        "\ue000",  # a private letter
        "<script>alert(1)</script>",
    ],
)
def test_a_name_keeps_every_character(name: str) -> None:
    assert data_of(ONE_OF_EACH, name=name) == {"name": name}


def test_spaces_around_a_short_text_are_not_part_of_it_but_stay_as_typed() -> None:
    found = read(ONE_OF_EACH, "a", {"name": ["　星空 ゆらぎ "]})
    assert found.data == {"name": "星空 ゆらぎ"}
    assert found.typed["name"] == ["　星空 ゆらぎ "]


def test_line_ends_of_a_browser_become_plain_ones() -> None:
    assert data_of(ONE_OF_EACH, note="一行目\r\n二行目\r三行目") == {"note": "一行目\n二行目\n三行目"}


def test_a_short_text_with_a_line_end_is_refused_and_kept() -> None:
    assert error_of(ONE_OF_EACH, name="一\n二").message == "「氏名」：改行は使えません。1行で書いてください。"
    assert drawn_again(ONE_OF_EACH, name="一\n二").of("name")[0].sends() == ["一\r\n二"]


@pytest.mark.parametrize(("typed", "value"), [("3", 3), ("１２", 12), (" 0 ", 0), ("12,000", 12000), ("-5", -5)])
def test_a_number_is_read_from_plain_and_full_width_digits(typed: str, value: int) -> None:
    assert data_of(ONE_OF_EACH, size=typed) == {"size": value}


@pytest.mark.parametrize("typed", ["三人", "3人", "1.5", "1e3", "0x10", "1,2", "12,00", "9" * 16, "٣", "--1", "1 2"])
def test_what_is_not_a_whole_number_is_refused_and_kept(typed: str) -> None:
    assert "数字として読めません" in error_of(ONE_OF_EACH, size=typed).message
    assert drawn_again(ONE_OF_EACH, size=typed).of("size")[0].sends() == [typed]


def test_an_impossible_date_is_refused_with_advice_and_comes_back_as_typed() -> None:
    typed = {"on__era": "平成", "on__y": "３１", "on__m": "5", "on__d": "1"}
    error = error_of(ONE_OF_EACH, **typed)
    assert error.path == "on"
    assert error.message == (
        "「生年月日」：平成31年5月1日はありません。平成は4月30日までです。令和元年5月1日ではありませんか。"
    )
    page = drawn_again(ONE_OF_EACH, **typed)
    assert [page.of(f"on-{box}")[0].sends() for box in ("era", "y", "m", "d")] == [["平成"], ["３１"], ["5"], ["1"]]


def test_a_date_is_read_in_both_calendars() -> None:
    assert data_of(ONE_OF_EACH, on__era="令和", on__y="元", on__m="5", on__d="1") == {"on": "2019-05-01"}
    assert data_of(ONE_OF_EACH, on__era="西暦", on__y="2019", on__m="５", on__d="１") == {"on": "2019-05-01"}


def test_an_era_alone_is_no_date_and_a_month_alone_is_half_of_one() -> None:
    assert data_of(ONE_OF_EACH, on__era="昭和") == {}
    assert error_of(ONE_OF_EACH, on__era="昭和", on__m="5").message == "「生年月日」：年と日を書いてください。"


def test_an_unknown_era_is_refused_and_kept() -> None:
    typed = {"on__era": "慶応", "on__y": "3", "on__m": "1", "on__d": "1"}
    assert "元号「慶応」は使えません" in error_of(ONE_OF_EACH, **typed).message
    assert drawn_again(ONE_OF_EACH, **typed).of("on-era")[0].sends() == ["慶応"]


def test_a_moment_is_a_tokyo_time_with_its_offset() -> None:
    boxes = {"at__era": "令和", "at__y": "8", "at__m": "11", "at__d": "24", "at__h": "16", "at__min": "5"}
    assert data_of(ONE_OF_EACH, **boxes) == {"at": "2026-11-24T16:05:00+09:00"}
    assert error_of(ONE_OF_EACH, **{**boxes, "at__h": "25"}).message == (
        "「受付日時」：25時はありません。時は0から23です。"
    )
    assert error_of(ONE_OF_EACH, **{**boxes, "at__min": ""}).message == "「受付日時」：分を書いてください。"
    assert error_of(ONE_OF_EACH, at__h="8", at__min="0").message == "「受付日時」：年と月と日を書いてください。"


@pytest.mark.parametrize(("sent", "value"), [("yes", True), ("no", False), (["no", "yes"], True)])
def test_a_tick_may_send_the_no_behind_it(sent: str | list[str], value: bool) -> None:
    assert data_of(ONE_OF_EACH, ok=sent) == {"ok": value}


def test_an_unticked_box_says_nothing_unless_it_was_preset() -> None:
    preset = form_of({"hide": tick("ふせる", **{"x-prefill": "=false"}), "copy": tick("控え")})
    assert read(preset, "a", Page(draw(preset, "a", {})).sent()).data == {"hide": False}
    assert read(preset, "a", Page(draw(preset, "a", {"hide": True})).sent(hide="no")).data == {"hide": False}


def test_options_are_kept_in_the_order_of_the_form_without_doubles() -> None:
    assert data_of(ONE_OF_EACH, troubles=["c", "a", "c"]) == {"troubles": ["a", "c"]}


def test_a_meeting_is_one_of_the_list_or_a_new_one_by_its_day() -> None:
    new = {"meeting__era": "令和", "meeting__y": "8", "meeting__m": "5", "meeting__d": "14"}
    assert data_of(ONE_OF_EACH, meeting="m1") == {"meeting": "m1"}
    assert data_of(ONE_OF_EACH, meeting="new", **new) == {"meeting": "new:2026-05-14"}
    assert data_of(ONE_OF_EACH, meeting="m1", **new) == {"meeting": "m1"}
    assert "新しい会議の開催日を書いてください" in error_of(ONE_OF_EACH, meeting="new").message


@dataclass(frozen=True)
class Sheet:
    filename: str | None


def test_a_new_file_is_handed_over_and_named_in_the_answer() -> None:
    sheet = Sheet("架空メモ.pdf")
    found = read(ONE_OF_EACH, "a", {"paper": [""]}, {"paper": sheet})
    assert found.data == {"paper": "new:架空メモ.pdf"}
    assert found.files == {"paper": sheet}


def test_a_browser_that_sends_no_file_says_so_with_an_empty_name() -> None:
    found = read(ONE_OF_EACH, "a", {"paper": ["f1"]}, {"paper": Sheet("")}, choices=CHOICES)
    assert (found.data, found.errors, found.files) == ({"paper": "f1"}, (), {})


def test_a_new_file_takes_the_place_of_the_one_that_was_chosen() -> None:
    found = read(ONE_OF_EACH, "a", {"paper": ["f1"]}, {"paper": Sheet("b.pdf")}, choices=CHOICES)
    assert (found.data, found.errors) == ({"paper": "new:b.pdf"}, ())


def test_a_file_with_a_strange_name_or_for_no_field_is_refused() -> None:
    strange = read(ONE_OF_EACH, "a", {}, {"paper": Sheet("a\x00b.pdf")})
    assert "読めない文字" in strange.errors[0].message
    unknown = read(ONE_OF_EACH, "a", {}, {"elsewhere": Sheet("a.pdf")})
    assert unknown.errors[0].path == "elsewhere"


# Refusals ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"way": "teleport"}, "way"),
        ({"troubles": ["a", "zzz"]}, "troubles"),
        ({"ok": "perhaps"}, "ok"),
    ],
)
def test_an_option_that_was_not_offered_is_refused(sent: Any, path: str) -> None:
    error = error_of(ONE_OF_EACH, **sent)
    assert error.path == path
    assert "いま選べるものにありません" in error.message


@pytest.mark.parametrize(
    ("sent", "path"), [({"org": "elsewhere"}, "org"), ({"who": ["1", "99"]}, "who"), ({"meeting": "m9"}, "meeting")]
)
def test_who_is_not_among_the_choices_is_refused_when_they_are_known(sent: Any, path: str) -> None:
    (error,) = read(ONE_OF_EACH, "a", sent_to(ONE_OF_EACH, **sent), choices=CHOICES).errors
    assert error.path == path
    assert "いま選べるものにありません" in error.message


def test_an_unknown_choice_comes_back_chosen_so_that_it_can_be_seen() -> None:
    page = drawn_again(ONE_OF_EACH, org="abolished", way="teleport")
    assert page.of("org")[0].sends() == ["abolished"]
    assert page.of("way")[0].sends() == ["teleport"]


def test_an_unknown_field_is_refused_by_name_and_what_was_typed_is_shown() -> None:
    error = error_of(ONE_OF_EACH, invented="大事な文")
    assert error.path == "invented"
    assert "「invented」はこの画面にない項目です" in error.message
    assert "大事な文" in drawn_again(ONE_OF_EACH, invented="大事な文").text


def test_inputs_of_the_page_around_the_form_are_left_alone() -> None:
    sent = {"csrf_token": ["x"], "key": ["y"], "name": ["星空"]}
    found = read(ONE_OF_EACH, "a", sent, beside=("csrf_token", "key"))
    assert (found.data, found.errors) == ({"name": "星空"}, ())
    assert set(found.typed) == {"name"}


def test_of_many_unknown_fields_the_first_are_named_and_the_others_counted() -> None:
    found = read(ONE_OF_EACH, "a", {f"x{at}": ["1"] for at in range(10_000)})
    assert len(found.errors) == 21
    assert "ほかに9980あります" in found.errors[-1].message
    assert len(found.typed) == 10_000


def test_a_system_field_is_never_taken_from_what_was_sent() -> None:
    found = read(ONE_OF_EACH, "a", {"no": ["9"]}, before={"no": "1"})
    assert found.data == {"no": "1"}
    assert "「番号」はシステムが入れる項目" in found.errors[0].message


def test_two_values_for_one_field_are_refused_and_both_are_named() -> None:
    error = error_of(ONE_OF_EACH, name=["星空", "月空"])
    assert error.message == "「氏名」：「星空」「月空」が一度に送られました。1つにしてください。"
    assert "送られました" in error_of(ONE_OF_EACH, way=["visit", "phone"]).message


def test_the_same_value_twice_is_one_value() -> None:
    assert data_of(ONE_OF_EACH, name=["星空", "星空"]) == {"name": "星空"}


def test_a_long_value_is_quoted_shortened() -> None:
    assert len(error_of(ONE_OF_EACH, way="x" * 100_000).message) < 120


@pytest.mark.parametrize("bad", ["\x00", "\ud800", "\x1b", "\x85", "\ufffd", "\uffff", "\x7f"])
def test_a_character_that_no_record_can_hold_is_refused_in_every_text(bad: str) -> None:
    for name in ("name", "note"):
        error = error_of(ONE_OF_EACH, **{name: f"星{bad}空"})
        assert error.path == name
        assert "読めない文字" in error.message
        error.message.encode("utf-8")


def test_what_was_typed_can_be_stored_and_drawn_whatever_was_sent() -> None:
    wild = "a\x00b\ud800c\r\nd"
    found = read(ONE_OF_EACH, "a", {"name": [wild], wild: [wild], "people-0-name": [wild], "way": [wild]})
    for name, values in found.typed.items():
        "".join([name, *values]).encode("utf-8")
    markup = draw(ONE_OF_EACH, "a", {}, typed=found.typed, errors=found.errors)
    markup.encode("utf-8")
    assert "\x00" not in markup


def test_a_megabyte_is_refused_with_the_limit_and_comes_back_whole() -> None:
    letter = "あ" * 1_048_576
    error = error_of(ONE_OF_EACH, note=letter)
    assert error.message == "「内容」：4,000字までです（いま1,048,576字）。1,044,576字けずってください。"
    assert drawn_again(ONE_OF_EACH, note=letter).of("note")[0].sends() == [letter]


def test_what_is_drawn_again_never_becomes_markup() -> None:
    page = drawn_again(ONE_OF_EACH, name='"><b id=x>', note="</textarea><script>", invented="<i id=y>")
    assert page.of("name")[0].sends() == ['"><b id=x>']
    assert page.of("note")[0].sends() == ["</textarea><script>"]
    assert not {"x", "y"} & set(page.ids)


# Restricted ----------------------------------------------------------------------

GUARDED = form_of(
    {
        "name": text("氏名"),
        "secret": text("制限の項目", **{"x-class": "L3"}),
        "inner": text("内の項目", **{"x-class": "L2"}),
        "route": one("経路", [*options(self="本人"), {"const": "rehab", "title": "制限の先", "x-class": "L3"}]),
        "signs": many(
            "しるし", [*options(a="甲"), {"const": "b", "title": "内の印", "x-class": "L2"}], **{"x-class": "L1"}
        ),
        "people": rows("人", name=text("名"), mark=text("秘匿", **{"x-class": "L2"}), x_widget="person"),
    }
)


def only_l1(level: str) -> bool:
    return level == "L1"


def test_a_restricted_field_or_option_is_refused_and_points_to_paper() -> None:
    for sent in ({"secret": "x"}, {"route": "rehab"}):
        found = read(GUARDED, "a", sent_to(GUARDED, **sent))
        assert found.data == {}
        assert "紙で管理してください" in found.errors[0].message


def test_those_who_were_named_write_what_is_restricted() -> None:
    sent = {"secret": "x", "route": "rehab"}
    assert read(GUARDED, "a", sent_to(GUARDED, **sent), may=named).data == sent


def test_a_field_above_the_readers_level_does_not_exist_for_them() -> None:
    found = read(GUARDED, "a", {"inner": ["x"]}, may=only_l1)
    assert found.data == {}
    assert found.errors[0].message == error_of(ONE_OF_EACH, inner="x").message


def test_what_a_reader_does_not_see_survives_their_answer() -> None:
    before = {
        "name": "旧",
        "inner": "残る",
        "signs": ["b"],
        "people": [{"name": "一", "mark": "残る1"}, {"name": "二", "mark": "残る2"}],
    }
    page = Page(draw(GUARDED, "a", before, may=only_l1))
    assert not any("残る" in value for each in page.inputs for value in each.sends())
    removed = read(GUARDED, "a", page.sent("remove:people:0"), before=before, may=only_l1)
    again = Page(draw(GUARDED, "a", before, typed=removed.typed, may=only_l1))
    found = read(GUARDED, "a", again.sent(name="新", signs=["a"]), before=before, may=only_l1)
    assert found.errors == ()
    assert found.data == {
        "name": "新",
        "inner": "残る",
        "signs": ["a", "b"],
        "people": [{"name": "二", "mark": "残る2"}],
    }


# Conditional fields --------------------------------------------------------------

SWITCHED = form_of(
    {
        "ack": one("回答", options(yes="受理", maybe="条件付き", no="差戻し")),
        "reason": area("理由"),
        "lead": chosen("org", "主担当"),
        "due": day("期日"),
        "people": rows("人", conditions=[when("kind", "b", "why")], kind=one("種類"), why=text("わけ")),
    },
    allOf=[when("ack", "maybe", "reason"), when("ack", "no", "reason", "due"), when("ack", "yes", "lead")],
)


def test_a_field_that_the_page_hides_is_not_part_of_the_answer_but_stays_typed() -> None:
    found = read(SWITCHED, "a", sent_to(SWITCHED, ack="no", reason="遠い", lead="esikoni", due__y="x"))
    assert found.data == {"ack": "no", "reason": "遠い"}
    assert [error.path for error in found.errors] == ["due"]
    assert found.typed["lead"] == ["esikoni"]


def test_an_error_in_a_hidden_field_is_no_error() -> None:
    found = read(SWITCHED, "a", sent_to(SWITCHED, ack="yes", lead="esikoni", due__y="x", due__m="99"))
    assert (found.data, found.errors) == ({"ack": "yes", "lead": "esikoni"}, ())


def test_conditions_inside_a_row_hide_only_in_that_row() -> None:
    sent = sent_to(SWITCHED, people__0__kind="a", people__0__why="x", people__1__kind="b", people__1__why="y")
    assert read(SWITCHED, "a", sent).data == {"people": [{"kind": "a"}, {"kind": "b", "why": "y"}]}


# Rows ----------------------------------------------------------------------------


def test_rows_are_read_in_order_and_untouched_ones_left_out() -> None:
    sent = {"people__1__name": "二", "people__0__name": "一", "people__2__name": "", "people__2__born__era": "令和"}
    assert data_of(ONE_OF_EACH, **sent) == {"people": [{"name": "一"}, {"name": "二"}]}


def test_an_error_names_its_row_as_people_count_them() -> None:
    sent = {"people__0__name": "一", "people__1__born__y": "31"}
    error = error_of(ONE_OF_EACH, **sent)
    assert error.path == "people-1-born"
    assert error.message.startswith("2人目の「生年月日」：")
    assert error_of(ONE_OF_EACH, places__0__org="x" * 300).message.startswith("「機関」1件目の「機関」：")


def test_errors_and_rows_still_belong_together_when_an_empty_row_stood_before() -> None:
    found = read(ONE_OF_EACH, "a", sent_to(ONE_OF_EACH, people__0__name="", people__1__born__y="31"))
    (error,) = found.errors
    assert found.typed[f"{error.path}-y"] == ["31"]
    assert len(found.data["people"]) == 1


def test_the_buttons_add_and_remove_rows_and_keep_everything_typed() -> None:
    typed = {"name": "星空", "people__0__name": "一", "people__1__name": "二", "people__1__born__m": "あ"}
    added = read(ONE_OF_EACH, "a", sent_to(ONE_OF_EACH, do="add:people", **typed))
    assert added.wants == ("add", "people")
    page = Page(draw(ONE_OF_EACH, "a", {}, typed=added.typed))
    assert {"people-0-name", "people-1-name", "people-2-name"} <= page.names
    removed = read(ONE_OF_EACH, "a", page.sent("remove:people:0"))
    assert removed.wants == ("remove", "people", 0)
    left = Page(draw(ONE_OF_EACH, "a", {}, typed=removed.typed))
    assert left.of("people-0-name")[0].sends() == ["二"]
    assert left.of("people-0-born-m")[0].sends() == ["あ"]
    assert left.of("name")[0].sends() == ["星空"]
    assert "people-2-name" not in left.names


def test_removing_the_only_row_leaves_an_empty_one_to_type_in() -> None:
    removed = read(ONE_OF_EACH, "a", sent_to(ONE_OF_EACH, do="remove:people:0", people__0__name="一"))
    assert removed.data == {}
    assert Page(draw(ONE_OF_EACH, "a", {}, typed=removed.typed)).of("people-0-name")[0].sends() == [""]


@pytest.mark.parametrize(
    "name",
    ["people-x-name", "people--1-name", "people-00-name", "people-0", "people-0-", "people", "people-99999999-name"],
)
def test_a_name_that_is_no_row_of_the_page_is_refused(name: str) -> None:
    found = read(ONE_OF_EACH, "a", {name: ["x"], "people-0-name": ["一"]})
    assert [error.path for error in found.errors] == [name]
    assert found.data == {"people": [{"name": "一"}]}


def test_a_gap_in_the_rows_is_said_and_nothing_of_them_is_lost() -> None:
    found = read(ONE_OF_EACH, "a", sent_to(ONE_OF_EACH, people__0__name="一", people__7__name="八"))
    assert "行の番号が飛んでいます" in found.errors[0].message
    assert found.data == {"people": [{"name": "一"}, {"name": "八"}]}


def test_an_unknown_field_inside_a_row_is_refused_with_its_whole_name() -> None:
    found = read(ONE_OF_EACH, "a", sent_to(ONE_OF_EACH, people__0__name="一", people__0__bank="x"))
    assert found.errors[0].path == "people-0-bank"
    assert "x" in Page(draw(ONE_OF_EACH, "a", {}, typed=found.typed)).text


def test_ten_thousand_rows_are_refused_with_the_limit_and_all_come_back() -> None:
    sent = {f"people-{at}-name": [f"架空{at}"] for at in range(10_000)}
    found = read(ONE_OF_EACH, "a", sent)
    assert [error.message for error in found.errors] == [
        "「人」：50件までです（いま10,000件）。いらない行を外してください。入りきらない行は、下の控えに写しました。"
    ]
    assert found.typed.items() >= sent.items()
    page = Page(draw(ONE_OF_EACH, "a", {}, typed=found.typed, errors=found.errors))
    names = page.names
    assert {f"people-{at}-name" for at in range(50)} <= names and "people-50-name" not in names
    assert {f"架空{at}" for at in range(50, 10_000)} <= set(page.texts)
    assert "add:people" not in page.buttons


def test_a_full_list_takes_no_further_row() -> None:
    full = {f"people-{at}-name": ["架空"] for at in range(50)}
    found = read(ONE_OF_EACH, "a", {**full, "do": ["add:people"]})
    assert "これ以上は足せません" in found.errors[0].message
    assert "people-50-_row" not in found.typed


@pytest.mark.parametrize("press", ["complete", "save"])
def test_the_other_buttons_are_told_apart(press: str) -> None:
    assert read(ONE_OF_EACH, "a", {"do": [press]}).wants == press


def test_without_a_button_the_part_is_completed() -> None:
    assert read(ONE_OF_EACH, "a", {}).wants == "complete"


@pytest.mark.parametrize(
    "press",
    ["", "delete", "complete:now", "add:name", "add:nothing", "add:people:1", "remove:people", "remove:people:-1"],
)
def test_a_button_that_the_page_does_not_have_completes_nothing(press: str) -> None:
    found = read(ONE_OF_EACH, "a", {"do": [press]})
    assert found.wants == "save"
    assert found.errors[0].path == "do"


def test_two_buttons_at_once_and_a_row_that_is_not_there_are_refused() -> None:
    assert "一度に送られました" in read(ONE_OF_EACH, "a", {"do": ["complete", "save"]}).errors[0].message
    assert "3人目はありません" in read(ONE_OF_EACH, "a", {"do": ["remove:people:2"]}).errors[0].message


# Rows that the system wrote -------------------------------------------------------

FIXED = form_of(
    {
        "actions": rows(
            "支援",
            ["state"],
            x_rows="fixed",
            what=auto(text("すること")),
            state=one("状況", options(done="実施", partly="一部")),
        )
    }
)
ACTIONS = {"actions": [{"what": "通院に同行する"}, {"what": "訪ねる"}]}


def test_a_fixed_row_keeps_what_the_system_wrote() -> None:
    page = Page(draw(FIXED, "a", ACTIONS))
    assert "add:actions" not in page.buttons and "remove:actions:0" not in page.buttons
    found = read(FIXED, "a", page.sent(actions__0__state="done", actions__1__state="partly"), before=ACTIONS)
    assert found.data == {
        "actions": [{"what": "通院に同行する", "state": "done"}, {"what": "訪ねる", "state": "partly"}]
    }


def test_a_fixed_row_cannot_be_left_out_added_or_removed() -> None:
    sent = Page(draw(FIXED, "a", ACTIONS)).sent()
    less = {name: values for name, values in sent.items() if not name.startswith("actions-1-")}
    assert "行が足りません" in read(FIXED, "a", less, before=ACTIONS).errors[0].message
    more = {**sent, "actions-2-state": ["done"]}
    assert read(FIXED, "a", more, before=ACTIONS).errors[0].path == "actions-2"
    assert read(FIXED, "a", {**sent, "do": ["remove:actions:0"]}, before=ACTIONS).wants == "save"


def test_a_row_that_changed_meanwhile_is_never_taken_for_another() -> None:
    sent = Page(draw(FIXED, "a", ACTIONS)).sent(actions__0__state="done", actions__1__state="partly")
    swapped = {"actions": [{"what": "訪ねる"}, {"what": "通院に同行する"}]}
    found = read(FIXED, "a", sent, before=swapped)
    assert any("変わったか、2回送られました" in error.message for error in found.errors)
    assert all("what" not in row for row in found.data["actions"])


def test_a_row_sent_twice_is_refused() -> None:
    sent = Page(draw(FIXED, "a", ACTIONS)).sent()
    doubled = {**sent, "actions-1-_row": sent["actions-0-_row"]}
    paths = [error.path for error in read(FIXED, "a", doubled, before=ACTIONS).errors]
    assert "actions-1" in paths


# Whole answers -------------------------------------------------------------------


def test_other_parts_of_the_answer_are_carried_over() -> None:
    form = form_of(
        {"first": text("一", **{"x-part": ["a"]}), "second": text("二", **{"x-part": ["b"]})},
        parts=[{"id": "a", "title": "甲"}, {"id": "b", "title": "乙"}],
    )
    found = read(form, "b", {"second": ["新"]}, before={"first": "前", "second": "古い"})
    assert found.data == {"first": "前", "second": "新"}
    assert read(form, "b", {"second": [""]}, before={"first": "前", "second": "古い"}).data == {"first": "前"}


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(KeyError, match="乙"):
        read(ONE_OF_EACH, "乙", {})


def test_what_a_web_framework_hands_over_is_read_with_all_its_values() -> None:
    sent = ImmutableMultiDict([("troubles", "a"), ("name", "星空"), ("troubles", "b")])
    assert read(ONE_OF_EACH, "a", sent).data == {"name": "星空", "troubles": ["a", "b"]}


WILD = st.text(st.characters(), max_size=12)
NAMES = st.one_of(st.sampled_from(sorted(write(ONE_OF_EACH, "a", {"people": [{}], "places": [{}]}))), WILD)


@given(st.dictionaries(NAMES, st.lists(WILD, max_size=3), max_size=8))
def test_anything_can_be_sent_and_comes_back_as_typed(sent: dict[str, list[str]]) -> None:
    found = read(ONE_OF_EACH, "a", sent, choices=CHOICES)
    again = read(ONE_OF_EACH, "a", found.typed, choices=CHOICES)
    assert again.typed == found.typed
    assert again.data == found.data
    markup = draw(ONE_OF_EACH, "a", {}, typed=found.typed, errors=found.errors, choices=CHOICES)
    markup.encode("utf-8")
    assert all(error.message.endswith("。") for error in found.errors)
