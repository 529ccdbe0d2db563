"""Checking an answer part by part: what is missing, what does not fit, and in which words it is said."""

from __future__ import annotations

from typing import Any

import pytest
from filled import (
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

from forms import FieldError, Form, check, relevant
from forms.form import named


def said(form: Form, data: dict[str, Any], part: str = "a") -> list[str]:
    return [error.message for error in check(form, part, data)]


def form_with(**properties: Any) -> Form:
    return form_of(properties)


TWO_PARTS = form_of(
    {
        "no": auto(text("番号")),
        "way": one("方法", options(visit="来所", phone="電話"), **{"x-part": ["a"]}),
        "ack": one("回答", options(yes="受理", no="差戻し"), **{"x-part": ["b"]}),
        "reason": area("差戻しの理由", **{"x-part": ["b"]}),
        "ground": area("根拠", **{"x-part": ["a"]}),
    },
    parts=[{"id": "a", "title": "甲", "required": ["way"]}, {"id": "b", "title": "乙", "required": ["ack"]}],
    allOf=[when("ack", "no", "reason"), when("way", "phone", "ground")],
)


# Required ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (text("氏名"), "「氏名」を書いてください。"),
        (area("内容"), "「内容」を書いてください。"),
        (number("人数"), "「人数」を数字で書いてください。"),
        (day("生年月日"), "「生年月日」を書いてください（年・月・日）。"),
        (moment("日時"), "「日時」を書いてください（年・月・日と時刻）。"),
        (tick("同居か"), "「同居か」を選んでください。"),
        (one("方法"), "「方法」を1つ選んでください。"),
        (many("お困りごと"), "「お困りごと」を選んでください（いくつでも）。"),
        (persons("だれの"), "「だれの」を選んでください（いくつでも）。"),
        (chosen("org", "機関"), "「機関」を選んでください。"),
        (chosen("file", "添付"), "「添付」のファイルを選んでください。"),
        (rows("課題", what=text()), "「課題」を1件は書いてください。"),
    ],
)
def test_a_missing_field_is_asked_for_in_its_own_words(schema: dict[str, Any], message: str) -> None:
    assert check(form_of({"x": schema}, ["x"]), "a", {}) == [FieldError("x", message)]


@pytest.mark.parametrize("nothing", ["", None, []])
def test_empty_counts_as_not_answered(nothing: Any) -> None:
    form = form_of({"name": text("氏名"), "some": many("複数")}, ["name"])
    assert said(form, {"name": nothing, "some": nothing}) == ["「氏名」を書いてください。"]


def test_no_and_zero_are_answers() -> None:
    assert check(form_of({"ok": tick(), "n": number()}, ["ok", "n"]), "a", {"ok": False, "n": 0}) == []


def test_only_the_part_is_asked() -> None:
    assert said(TWO_PARTS, {}) == ["「方法」を1つ選んでください。"]
    assert said(TWO_PARTS, {}, "b") == ["「回答」を1つ選んでください。"]


def test_a_system_field_and_a_field_above_the_readers_level_are_not_asked() -> None:
    form = form_of(
        {"no": auto(text()), "inner": text("内", **{"x-class": "L2"}), "open": text("外")}, ["inner", "open"]
    )
    assert [error.path for error in check(form, "a", {}, may=lambda level: level == "L1")] == ["open"]
    assert [error.path for error in check(form, "a", {})] == ["inner", "open"]


# Conditions ----------------------------------------------------------------------


def test_a_condition_asks_and_says_when() -> None:
    assert said(TWO_PARTS, {"ack": "no"}, "b") == ["「差戻しの理由」を書いてください（「回答」が「差戻し」のとき）。"]
    assert said(TWO_PARTS, {"ack": "yes"}, "b") == []


def test_a_condition_counts_only_in_the_part_that_shows_its_field() -> None:
    assert said(TWO_PARTS, {"ack": "yes", "way": "phone"}, "b") == []
    assert said(TWO_PARTS, {"ack": "no", "way": "visit"}, "a") == []


def test_a_condition_may_look_at_an_earlier_part() -> None:
    form = form_of(
        {
            "route": one("経路", options(self="本人", family="家族"), **{"x-part": ["a"]}),
            "aware": one("知っているか", **{"x-part": ["b"]}),
        },
        parts=[{"id": "a", "title": "甲"}, {"id": "b", "title": "乙"}],
        allOf=[when("route", "family", "aware")],
    )
    assert said(form, {"route": "family"}, "b") == ["「知っているか」を1つ選んでください（「経路」が「家族」のとき）。"]
    assert said(form, {"route": "self"}, "b") == []


def test_a_condition_has_its_own_words_when_the_form_gives_them() -> None:
    form = form_of(
        {"ack": one("回答", options(no="差戻し")), "other": area("代わりの提案")},
        allOf=[when("ack", "no", "other", description="差し戻すときは、次の行き先の提案が必要です。")],
    )
    assert said(form, {"ack": "no"}) == ["「代わりの提案」：差し戻すときは、次の行き先の提案が必要です。"]


def test_the_other_way_of_a_condition_asks_too() -> None:
    entry = {
        "if": {"properties": {"gone": {"const": True}}, "required": ["gone"]},
        "then": {},
        "else": {"required": ["view"]},
    }
    form = form_of({"gone": tick("回答なし"), "view": area("ようす")}, allOf=[entry])
    assert [error.path for error in check(form, "a", {})] == ["view"]
    assert check(form, "a", {"gone": True}) == []


FITTING = form_of(
    {
        "triage": one("区分", options(connect="つなぐ", hold="保留"), **{"x-part": ["a", "b"]}),
        "consent": one("同意", options(written="書面", refused="拒否"), **{"x-part": ["a"]}),
        "note": text("メモ", **{"x-part": ["c"]}),
    },
    parts=[{"id": "a", "title": "A"}, {"id": "b", "title": "B"}, {"id": "c", "title": "C"}],
    allOf=[
        {
            "title": "区分が「つなぐ」のとき",
            "if": {"properties": {"triage": {"const": "connect"}}, "required": ["triage"]},
            "then": {"properties": {"consent": {"enum": ["written"]}}},
        }
    ],
)


def test_answers_that_do_not_fit_together_are_said_at_a_field_of_this_part() -> None:
    wrong = {"triage": "connect", "consent": "refused"}
    assert check(FITTING, "a", wrong) == [
        FieldError("consent", "「同意」：区分が「つなぐ」のときは、「書面」から選んでください。")
    ]
    (there,) = check(FITTING, "b", wrong)
    assert there.path == "triage"
    assert there.message.startswith("「区分」：区分が「つなぐ」のときは、")
    assert check(FITTING, "c", wrong) == []
    assert check(FITTING, "a", {"triage": "hold", "consent": "refused"}) == []


def test_a_field_that_its_page_hides_is_refused_and_can_be_taken_out() -> None:
    form = form_of(
        {
            "ack": one("回答", options(yes="受理", no="差戻し")),
            "reason": area("理由"),
            "people": rows(conditions=[when("ok", True, "why")], ok=tick("よい"), why=text("わけ")),
        },
        allOf=[when("ack", "no", "reason")],
    )
    answer = {"ack": "yes", "reason": "残った文", "people": [{"why": "x"}]}
    assert said(form, answer) == [
        "「理由」：「回答」が「差戻し」のときだけ書く項目です。この値を取るか、答えを直してください。",
        "「行」1件目の「わけ」：「よい」が「はい」のときだけ書く項目です。この値を取るか、答えを直してください。",
    ]
    assert relevant(form, "a", answer) == {"ack": "yes", "people": [{}]}


# Values --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "value", "piece"),
    [
        (text(), 5, "文字にしてください"),
        (text(), "あ" * 201, "200字までです（いま201字）。1字けずってください"),
        (text(), "一\n二", "改行は使えません"),
        (text(minLength=3), "一", "3字以上で書いてください（いま1字）"),
        (area(), "\x00", "読めない文字（U+0000）"),
        (area(), "\ud800", "読めない文字（U+D800）"),
        (number(), "5", "数にしてください"),
        (number(), True, "数にしてください"),
        (number(), 1.5, "数にしてください"),
        (number(), -1, "0以上で書いてください（いま-1）"),
        (number(**{"x-unit": "人", "maximum": 20}), 21, "20人までです（いま21）"),
        (tick(), "yes", "はい・いいえ（true か false）にしてください"),
        (day(), "2019-02-30", "日（2026-05-14 の形）にしてください"),
        (day(), "20190501", "日（2026-05-14 の形）にしてください"),
        (moment(), "2019-05-01T10:00:00", "日時（2026-05-14T16:05:00+09:00 の形）にしてください"),
        (one(), "z", "「z」は、いま選べるものにありません"),
        (one(), ["a"], "選択肢のコード1つにしてください"),
        (many(), "a", "選択肢のコードの並びにしてください"),
        (many(), ["a", "z"], "「z」は、いま選べるものにありません"),
        (many(), ["a", "a"], "同じものが2回選ばれています"),
        (many(maxItems=1), ["a", "b"], "選べるのは1つまでです"),
        (many(), [1], "選択肢のコードの並びにしてください"),
        (persons(), "1", "番号の並びにしてください"),
        (persons(), ["1", "\x00"], "読めない文字"),
        (chosen("org"), 1, "文字にしてください"),
        (chosen("org"), "a\nb", "改行は使えません"),
        (chosen("meeting"), "new:tomorrow", "new:2026-05-14 の形"),
        (rows(name=text()), "x", "行の並びにしてください"),
        (rows(name=text(), x_widget="person"), [{"name": "x"}] * 51, "50件までです（いま51件）"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_the_remedy(schema: dict[str, Any], value: Any, piece: str) -> None:
    (error,) = check(form_with(x=schema), "a", {"x": value})
    assert error.path == "x"
    assert error.message.startswith(f"「{schema['title']}」：")
    assert piece in error.message


def test_a_value_that_fits_is_left_alone() -> None:
    form = form_with(
        n=number(), d=day(), m=moment(), o=one(), s=many(), w=chosen("meeting"), t=text(), l=rows(a=text("甲"))
    )
    answer = {
        "n": 9_999_999,
        "d": "2019-05-01",
        "m": "2019-05-01T00:00:00Z",
        "o": "a",
        "s": ["c", "a"],
        "w": "new:2026-05-14",
        "t": "葛󠄀" * 100,
        "l": [{"a": "x"}] * 50,
    }
    assert check(form, "a", answer) == []


def test_an_option_that_excludes_the_others_stands_alone() -> None:
    form = form_with(x=many("緊急のこと", [{"const": "none", "title": "なし", "x-alone": True}, *options(life="生命")]))
    assert said(form, {"x": ["none", "life"]}) == [
        "「緊急のこと」：「なし」はほかと一緒に選べません。どちらかの印を外してください。"
    ]
    assert said(form, {"x": ["none"]}) == []


def test_an_option_that_this_part_leaves_out_is_refused_there() -> None:
    form = form_of(
        {"x": one(**{"x-in": {"b": {"x-without": ["c"]}}})},
        parts=[{"id": "a", "title": "A"}, {"id": "b", "title": "B"}],
    )
    assert said(form, {"x": "c"}) == []
    assert "いま選べるものにありません" in said(form, {"x": "c"}, "b")[0]


def test_what_is_restricted_is_refused_wherever_it_stands() -> None:
    form = form_with(
        secret=text("秘", **{"x-class": "L3"}),
        way=one("経路", [{"const": "z", "title": "秘", "x-class": "L3"}, *options(a="甲")]),
        people=rows(hidden=text("秘", **{"x-class": "L3"}), name=text("名")),
    )
    answer = {"secret": "x", "way": "z", "people": [{"hidden": "x"}]}
    assert [error.path for error in check(form, "a", answer)] == ["way", "people-0-hidden", "secret"]
    assert all("紙で管理してください" in message for message in said(form, answer))
    assert check(form, "a", answer, may=named) == []


def test_what_the_form_does_not_know_is_refused_by_name() -> None:
    form = form_with(name=text("氏名"), people=rows(name=text("名")))
    assert said(form, {"invented": 1}) == ["「invented」はこの用紙にない項目です。取ってください。"]
    assert check(form, "a", {"people": [{"bank": "x"}, 5]}) == [
        FieldError("people-0-bank", "「行」1件目の「bank」：この行にない項目です。取ってください。"),
        FieldError("people-1", "「行」2件目：項目の名前と値で書いてください。"),
    ]


# Rows ----------------------------------------------------------------------------

PEOPLE = form_with(
    people=rows(
        "本人・世帯の人",
        ["name"],
        [when("secret", True, "safe")],
        x_widget="person",
        id=auto(text("番号")),
        name=text("氏"),
        secret=tick("秘匿"),
        safe=area("安全な連絡"),
    )
)


def test_errors_in_rows_name_row_and_field() -> None:
    answer = {"people": [{"id": "1", "name": "星空"}, {"secret": True}, {"name": "x" * 201}]}
    assert check(PEOPLE, "a", answer) == [
        FieldError("people-1-name", "2人目の「氏」を書いてください。"),
        FieldError("people-1-safe", "2人目の「安全な連絡」を書いてください（「秘匿」が「はい」のとき）。"),
        FieldError("people-2-name", "3人目の「氏」：200字までです（いま201字）。1字けずってください。"),
    ]


def test_a_row_takes_nothing_from_its_neighbour() -> None:
    answer = {"people": [{"name": "一", "secret": True, "safe": "電話"}, {"name": "二"}]}
    assert check(PEOPLE, "a", answer) == []


# Together with reading ------------------------------------------------------------


def test_errors_of_reading_are_kept_and_a_place_has_only_one() -> None:
    form = form_of({"a": text("一"), "on": day("二"), "z": text("三")}, ["a", "on", "z"])
    found = [FieldError("on", "「二」：13月はありません。月は1から12です。"), FieldError("do", "ボタンの誤り。")]
    assert check(form, "a", {}, found=found) == [
        FieldError("a", "「一」を書いてください。"),
        found[0],
        FieldError("z", "「三」を書いてください。"),
        found[1],
    ]


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=8,
)
EVERYTHING = form_of(
    {
        "t": text(),
        "n": number(),
        "b": tick(),
        "d": day(),
        "m": moment(),
        "o": one(),
        "s": many(),
        "w": chosen("meeting"),
        "p": persons(),
        "l": rows(a=text(), b=tick(), c=many(), conditions=[when("a", "x", "b")]),
    },
    allOf=[when("o", "a", "t"), when("t", "x", "n", "l"), when("b", True, "d")],
)


@given(st.dictionaries(st.sampled_from(["t", "n", "b", "d", "m", "o", "s", "w", "p", "l", "?"]), JSON))
def test_whatever_a_program_sends_is_judged_and_never_breaks_the_check(data: dict[str, Any]) -> None:
    for error in check(EVERYTHING, "a", data):
        assert error.message.endswith("。")
        error.message.encode("utf-8")
    relevant(EVERYTHING, "a", data)
