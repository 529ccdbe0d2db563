"""Answers shown for reading and printed on paper: in words, in 和暦, and nothing that the reader may not see."""

from __future__ import annotations

import re
from typing import Any

from filled import (
    CHOICES,
    Page,
    answers,
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
)
from hypothesis import given, settings
from hypothesis import strategies as st

from forms import Form, paper, said, show
from forms.form import named


def shown(form: Form, data: Any, **words: Any) -> str:
    return Page(show(form, data, choices=CHOICES, **words)).text


def printed(form: Form, data: Any, **words: Any) -> str:
    return Page(paper(form, data, choices=CHOICES, **words)).text


ONE_OF_EACH = form_of(
    {
        "no": auto(text("番号", **{"x-section": "はじめ"})),
        "note": area("内容"),
        "on": day("生年月日"),
        "at": moment("受付日時"),
        "size": number("月収", **{"x-unit": "円"}),
        "ok": tick("同居"),
        "way": one("方法", options(visit="来所", phone="電話")),
        "some": many("お困りごと", options(care="介護", money="家計", other="その他")),
        "org": chosen("org", "機関", **{"x-section": "おわり"}),
        "who": persons("だれ"),
        "meeting": chosen("meeting", "会議"),
        "file": chosen("file", "添付"),
        "places": rows("共有先", org=chosen("org", "先"), until=day("いつまで"), what=text("なにを")),
        "people": rows("世帯の人", name=text("名"), age=number("年齢"), x_widget="person"),
    }
)
ANSWER = {
    "no": "2026-00042",
    "note": "一行目\n<b>二行目</b>",
    "on": "1944-05-03",
    "at": "2026-11-24T07:05:00Z",
    "size": 120000,
    "ok": False,
    "way": "phone",
    "some": ["care", "other"],
    "org": "kenkou",
    "who": ["1", "2"],
    "meeting": "new:2026-05-14",
    "file": "f1",
    "places": [{"org": "esikoni", "until": "2027-01-31"}, {"org": "shakyo"}],
    "people": [{"name": "星空", "age": 82}],
}
IN_WORDS = [
    "2026-00042",
    "昭和19年5月3日",
    "令和8年11月24日 16時05分",
    "120,000円",
    "架空健康課",
    "星空 ゆらぎ、星空 まどか",
    "新しい会議（令和8年5月14日）",
    "架空メモ.pdf",
    "架空総合相談センター",
    "令和9年1月31日",
    "架空社協",
]


def test_an_answer_is_shown_in_words() -> None:
    words = shown(ONE_OF_EACH, ANSWER)
    for piece in [*IN_WORDS, "いいえ", "電話", "介護、その他", "1人目"]:
        assert piece in words
    assert "一行目\n<b>二行目</b>" in words
    assert not Page(show(ONE_OF_EACH, ANSWER)).names


def test_only_what_was_answered_is_shown_under_its_heading() -> None:
    words = shown(ONE_OF_EACH, {"org": "kenkou", "note": "", "some": []})
    assert words.split("\n") == ["おわり", "機関", "架空健康課"]


def test_nothing_to_show_is_said() -> None:
    assert shown(ONE_OF_EACH, {}) == "ここに表示できる記入はありません。"


def test_one_part_is_shown_alone_and_by_its_own_words() -> None:
    form = form_of(
        {
            "who": text("だれの同意か", **{"x-in": {"b": {"title": "だれの撤回か"}}}),
            "first": text("一", **{"x-part": ["a"]}),
            "second": text("二", **{"x-part": ["b"]}),
        },
        parts=[{"id": "a", "title": "同意"}, {"id": "b", "title": "撤回"}],
    )
    data = {"who": "星空", "first": "甲", "second": "乙"}
    assert shown(form, data, part="b").split("\n") == ["だれの撤回か", "星空", "二", "乙"]
    assert shown(form, data, part=form.part("a")).split("\n") == ["だれの同意か", "星空", "一", "甲"]


def test_a_list_is_a_table_of_the_columns_in_use() -> None:
    markup = show(ONE_OF_EACH, {"places": [{"org": "esikoni"}, {"org": "shakyo"}]}, choices=CHOICES)
    assert re.findall("<th[^>]*>([^<]*)</th>", markup) == ["先"]
    assert markup.count("<tr>") == 3


def test_a_list_with_many_columns_and_a_list_of_persons_are_shown_row_by_row() -> None:
    form = form_of({"l": rows("行", **{f"c{at}": text(f"列{at}") for at in range(8)})})
    assert "<table" not in show(form, {"l": [{f"c{at}": "x" for at in range(8)}]})
    assert "<table" not in show(ONE_OF_EACH, {"people": [{"name": "星空"}]})


# Levels --------------------------------------------------------------------------

LEVELS = form_of(
    {
        "open": text("外", **{"x-section": "外の見出し"}),
        "inner": text("内", **{"x-class": "L2", "x-section": "内の見出し"}),
        "secret": text("秘", **{"x-class": "L3", "x-section": "秘の見出し"}),
        "way": one("経路", [*options(a="甲"), {"const": "z", "title": "秘密の道", "x-class": "L3"}], **{"x-section": "道"}),
        "some": many("印", [*options(a="甲"), {"const": "z", "title": "秘密の印", "x-class": "L3"}]),
        "l": rows("行", a=text("外の列"), c=text("秘の列", **{"x-class": "L3"})),
    }
)
FULL = {
    "open": "みえる",
    "inner": "うち",
    "secret": "ひみつ",
    "way": "z",
    "some": ["a", "z"],
    "l": [{"a": "x", "c": "ひみつ"}, {"c": "ひみつ"}],
}


def test_restricted_values_are_shown_and_printed_to_those_who_were_named() -> None:
    for words in (shown(LEVELS, FULL, may=named), printed(LEVELS, FULL, may=named)):
        assert all(told in words for told in ("秘", "ひみつ", "秘密の道", "秘密の印"))


def test_restricted_values_are_not_shown_or_printed_by_default_even_if_they_are_there() -> None:
    for words in (shown(LEVELS, FULL), printed(LEVELS, FULL)):
        assert "みえる" in words and "うち" in words
        for hidden in ("ひみつ", "秘", "z"):
            assert hidden not in words


def test_a_reader_sees_only_their_levels_on_screen_and_paper() -> None:
    for words in (
        shown(LEVELS, FULL, may=lambda level: level == "L1"),
        printed(LEVELS, FULL, may=lambda level: level == "L1"),
    ):
        assert "みえる" in words
        assert "うち" not in words and "内" not in words


def test_saying_a_value_knows_only_the_options_of_the_drawn_field() -> None:
    assert said(LEVELS.field("way"), "a", CHOICES) == "甲"
    assert said(LEVELS.field("open"), None, CHOICES) == ""
    assert said(ONE_OF_EACH.field("org"), "closed", CHOICES) == "closed"
    assert said(ONE_OF_EACH.field("on"), "きのう", CHOICES) == "きのう"


# Paper ---------------------------------------------------------------------------


def test_paper_shows_every_option_with_its_box() -> None:
    words = printed(ONE_OF_EACH, ANSWER).replace("\n", "")
    assert "☐来所☑印あり：電話" in words
    assert "☑印あり：介護☐家計☑印あり：その他" in words
    assert "☐はい☑印あり：いいえ" in words
    for piece in IN_WORDS:
        assert piece in words


def test_paper_prints_many_options_by_those_chosen_only() -> None:
    form = form_of({"x": one(of=options(**{f"c{at}": f"選択肢{at}" for at in range(13)}))})
    words = printed(form, {"x": "c7"})
    assert "選択肢7" in words and "選択肢8" not in words


PLAN = form_of(
    {
        "goal": area("目標", **{"x-part": ["draft"]}),
        "roles": text("役割の経過", **{"x-part": ["roles"]}),
        "agreed": one("本人の答え", options(yes="同意"), **{"x-part": ["agree"]}),
        "issues": rows("課題", what=text("内容"), who=text("だれ")) | {"x-part": ["draft"]},
    },
    parts=[
        {"id": "draft", "title": "案"},
        {"id": "roles", "title": "役割の調整"},
        {"id": "agree", "title": "説明・同意"},
    ],
    **{"x-print": {"note": "内容に同意し、申し込みます。", "signatures": ["本人（自署）", "説明した人"], "parts": ["agree"]}},
)


def test_paper_has_what_was_answered_and_what_is_to_be_signed() -> None:
    words = printed(PLAN, {"goal": "安心して暮らす"})
    for piece in ("案", "安心して暮らす", "説明・同意", "本人の答え", "内容に同意し、申し込みます。", "本人（自署）"):
        assert piece in words
    assert "役割の調整" not in words
    assert "年　　　月　　　日" in words


def test_an_empty_form_is_printed_whole_with_lines_to_write_on() -> None:
    words = printed(PLAN, {})
    for piece in ("目標", "役割の経過", "本人の答え", "課題", "内容", "だれ", "説明した人"):
        assert piece in words


def test_one_part_is_printed_alone_and_signed_only_where_it_asks_for_it() -> None:
    assert "本人（自署）" not in printed(PLAN, {"goal": "x"}, part="draft")
    only = printed(PLAN, {"goal": "x", "agreed": "yes"}, part=PLAN.part("agree"))
    assert "本人（自署）" in only and "目標" not in only


def test_a_field_of_several_parts_is_printed_once_where_it_is_typed() -> None:
    form = form_of(
        {
            "result": one("結果", **{"x-in": {"given": {"x-auto": True, "readOnly": True}}}),
            "note": text("メモ", **{"x-part": ["given"]}),
            "more": text("経過", **{"x-part": ["typed"]}),
        },
        parts=[{"id": "given", "title": "仮"}, {"id": "typed", "title": "結び"}],
    )
    words = printed(form, {})
    assert words.count("結果") == 1
    assert words.index("結び") < words.index("結果")


def test_an_answer_to_one_part_does_not_print_another_that_shares_a_field() -> None:
    form = form_of(
        {
            "who": text("だれの"),
            "answer": text("答え", **{"x-part": ["a"]}),
            "gone_on": day("撤回した日", **{"x-part": ["b"]}),
        },
        parts=[{"id": "a", "title": "同意"}, {"id": "b", "title": "撤回"}],
    )
    words = printed(form, {"who": "星空", "answer": "はい"})
    assert "撤回" not in words
    assert "答え" not in printed(form, {"who": "星空", "gone_on": "2026-05-14"})


@given(st.data())
@settings(max_examples=30)
def test_every_answer_can_be_shown_and_printed_as_well_formed_markup(data: st.DataObject) -> None:
    answer = data.draw(answers(ONE_OF_EACH.fields))
    on_screen, on_paper = shown(ONE_OF_EACH, answer), printed(ONE_OF_EACH, answer)
    for name in ("note", "size"):
        if name in answer:
            words = said(ONE_OF_EACH.field(name), answer[name], CHOICES).strip()
            assert words in on_screen and words in on_paper
