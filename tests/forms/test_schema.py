"""Loading schemas: what a form becomes, and how every word that is not ours is refused with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from filled import area, auto, day, form_of, many, number, one, options, problems_of, rows, schema_of, text, tick, when
from hypothesis import given, settings
from hypothesis import strategies as st

from forms import check, draw, load, load_files

CODES = {"$id": "codes", "$defs": {"WAY": {"title": "方法", "oneOf": options(visit="来所", phone="電話")}}}


def refused(properties: dict[str, Any], *said: str, **words: Any) -> None:
    problems = "\n".join(problems_of(schema_of(properties, **words)))
    for piece in ("K01.json：", *said):
        assert piece in problems


# What a form becomes -------------------------------------------------------------


def test_a_form_has_its_parts_and_fields_in_order() -> None:
    form = form_of(
        {"name": text("氏名", **{"x-part": ["a"]}), "answer": one("答え", **{"x-part": ["b"]}), "note": area("メモ")},
        parts=[{"id": "a", "title": "甲", "required": ["name"]}, {"id": "b", "title": "乙"}],
    )
    assert [part.id for part in form.parts] == ["a", "b"]
    assert [field.name for field in form.part("a").fields] == ["name", "note"]
    assert [field.required for field in form.part("a").fields] == [True, False]
    assert [field.name for field in form.part("b").fields] == ["answer", "note"]
    assert not form.stands_alone


def test_a_part_or_field_that_is_not_there_is_named() -> None:
    form = form_of({"name": text()})
    with pytest.raises(KeyError, match="「z」という部分はありません"):
        form.part("z")
    with pytest.raises(KeyError, match="「z」という項目はありません"):
        form.field("z")
    with pytest.raises(KeyError, match="「z」という項目はありません"):
        form.part("a").field("z")


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        (text(), "text"),
        (area(), "longtext"),
        (day(), "date"),
        (text(format="date-time"), "datetime"),
        (tick(), "bool"),
        (number(), "number"),
        (one(), "code"),
        (many(), "codes"),
        (rows(name=text()), "list"),
        *((text(**{"x-widget": kind}), kind) for kind in ("org", "user", "person", "meeting", "file")),
        (many(items={"type": "string"}, **{"x-widget": "persons"}), "persons"),
    ],
)
def test_the_kind_follows_from_type_format_and_widget(schema: dict[str, Any], kind: str) -> None:
    assert form_of({"x": schema}).field("x").kind == kind


def test_a_field_carries_its_words() -> None:
    words = {
        "description": "説明",
        "x-report": True,
        "x-verify": True,
        "x-prefill": "=F01.wish",
        "x-feeds": "case.lead",
        "x-unit": "人",
        "x-show": "always",
    }
    field = form_of({"size": number("人数", **words)}).field("size")
    assert (field.title, field.hint, field.unit, field.cls) == ("人数", "説明", "人", "L1")
    assert (field.report, field.verify, field.prefill, field.feeds, field.always) == (
        True,
        True,
        "=F01.wish",
        "case.lead",
        True,
    )


def test_options_carry_code_label_level_and_domain() -> None:
    of = [
        {"const": "care", "title": "介護", "x-domain": "care"},
        {"const": "release", "title": "制限", "x-class": "L3"},
        {"const": "none", "title": "なし", "x-alone": True},
    ]
    codes = form_of({"x": many(of=of)}).field("x").codes
    assert [(code.code, code.label, code.cls, code.domain, code.alone) for code in codes] == [
        ("care", "介護", "L1", "care", False),
        ("release", "制限", "L3", None, False),
        ("none", "なし", "L1", None, True),
    ]
    assert form_of({"x": one(of=of)}).field("x").label_of("care") == "介護"
    assert form_of({"x": one(of=of)}).field("x").label_of("gone") == "gone"


def test_row_fields_take_the_level_of_their_list_and_say_what_is_required() -> None:
    name = {"title": "名", "type": "string"}
    mark = {"title": "秘匿", "type": "string", "x-class": "L2"}
    group = form_of({"people": rows("人", ["name"], name=name, mark=mark)}).field("people")
    assert [(member.name, member.cls, member.required) for member in group.rows] == [
        ("name", "L1", True),
        ("mark", "L2", False),
    ]


def test_the_usual_limits_hold_where_the_schema_names_none() -> None:
    form = form_of({"s": text(), "t": area(), "n": number(), "l": rows(name=text()), "u": text(maxLength=5)})
    assert [form.field(name).most for name in ("s", "t", "n", "l", "u")] == [200, 4000, 9_999_999, 50, 5]
    assert form.schema["properties"]["n"]["minimum"] == 0
    assert form.schema["properties"]["l"]["items"]["properties"]["name"]["maxLength"] == 200


def test_a_heading_holds_until_the_next_one_in_each_part() -> None:
    form = form_of(
        {
            "a": text("一", **{"x-section": "甲", "x-part": ["a"]}),
            "b": text("二", **{"x-part": ["a", "b"]}),
            "c": text("三", **{"x-section": "乙"}),
        },
        parts=[{"id": "a", "title": "A"}, {"id": "b", "title": "B"}],
    )
    assert [(section.title, len(section.fields)) for section in form.part("a").sections] == [("甲", 2), ("乙", 1)]
    assert [(section.title, len(section.fields)) for section in form.part("b").sections] == [(None, 1), ("乙", 1)]


def test_a_field_may_differ_from_part_to_part() -> None:
    differs = {
        "b": {
            "title": "決め直す",
            "description": "もう一度",
            "x-without": ["c"],
            "x-prefill": "=x",
            "x-feeds": "case.lead",
        },
        "c": {"x-auto": True, "readOnly": True},
    }
    parts = [{"id": "a", "title": "A", "required": ["way"]}, {"id": "b", "title": "B"}, {"id": "c", "title": "C"}]
    form = form_of({"way": one("決める", **{"x-in": differs})}, parts=parts)
    first, second, third = (form.part(part).field("way") for part in "abc")
    assert (first.title, [code.code for code in first.codes], first.required) == ("決める", ["a", "b", "c"], True)
    assert (second.title, second.hint, second.prefill, second.feeds) == ("決め直す", "もう一度", "=x", "case.lead")
    assert [code.code for code in second.codes] == ["a", "b"]
    assert (first.auto, third.auto) == (False, True)


def test_rules_and_print_are_handed_on() -> None:
    rule = {"id": "r1", "parts": ["a"], "require": "=name != null", "at": "name", "message": "名前が要ります。"}
    form = form_of(
        {"name": text()},
        **{"x-rules": [rule], "x-print": {"note": "同意します。", "signatures": ["本人"], "parts": ["a"]}},
    )
    assert (form.rules[0].id, form.rules[0].require, form.rules[0].at) == ("r1", "=name != null", "name")
    assert (form.print.note, form.print.signatures, form.print.parts) == ("同意します。", ("本人",), ("a",))


# References ----------------------------------------------------------------------


def test_code_lists_are_resolved_and_words_beside_the_reference_win() -> None:
    way = {"title": "相談方法", "$ref": "codes.json#/$defs/WAY", "x-class": "L1"}
    files = {"K01.json": schema_of({"way": way}), "codes.json": CODES}
    forms, problems = load_files({name: json.dumps(tree).encode() for name, tree in files.items()})
    assert problems == []
    field = forms["K01"].field("way")
    assert (field.title, [code.label for code in field.codes]) == ("相談方法", ["来所", "電話"])
    assert "$ref" not in json.dumps(forms["K01"].schema)


def test_a_block_of_the_same_file_is_resolved() -> None:
    form = form_of({"way": {"$ref": "#/$defs/way", "x-class": "L2"}}, **{"$defs": {"way": one("方法")}})
    assert (form.field("way").cls, form.field("way").kind) == ("L2", "code")
    assert "$defs" not in form.schema


@pytest.mark.parametrize("reference", ["codes.json#/$defs/NO", "no.json#/x", "codes.json", "", 5])
def test_a_reference_that_leads_nowhere_is_named(reference: Any) -> None:
    problems = problems_of(schema_of({"way": {"title": "方法", "$ref": reference, "x-class": "L1"}}), codes=CODES)
    assert len(problems) == 1
    assert problems[0].startswith("K01.json：properties/way：$ref")


def test_a_reference_that_leads_back_to_itself_is_refused() -> None:
    problems = problems_of(schema_of({"way": {"$ref": "#/$defs/a"}}, **{"$defs": {"a": {"$ref": "#/$defs/a"}}}))
    assert "自分自身に戻っています" in problems[0]


def test_the_hash_follows_what_the_form_uses_and_not_how_it_is_spelled() -> None:
    def hash_of(label: str, spaces: int | None = None) -> str:
        codes = {"$defs": {"WAY": {"oneOf": options(visit=label)}}}
        way = {"title": "方法", "$ref": "codes.json#/$defs/WAY", "x-class": "L1"}
        files = {"K01.json": schema_of({"way": way}), "codes.json": codes}
        return load_files({name: json.dumps(tree, indent=spaces).encode() for name, tree in files.items()})[0][
            "K01"
        ].hash

    assert hash_of("来所") == hash_of("来所", 4)
    assert hash_of("来所") != hash_of("訪問")


# Refusals ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"a": text(widget="org")}, "properties/a：「widget」はここで使えない語です"),
        ({"a": text(**{"x-wideget": "org"})}, "「x-wideget」はここで使えない語です"),
        ({"a": text(enum=["x"])}, "「enum」はここで使えない語です"),
        ({"a": text(**{"x-report": "yes"})}, "「x-report」にはtrue か falseを書いてください"),
        ({"a": text(maxLength=True)}, "「maxLength」には数を書いてください"),
        ({"a": {"type": "string", "x-class": "L1"}}, "「title」がありません"),
        ({"a": {"title": "名", "type": "string"}}, "properties/a：x-class に L1、L2、L3 のどれか"),
        ({"a": text(**{"x-class": "L4"})}, "x-class に L1、L2、L3 のどれか"),
        ({"a-b": text()}, "properties/a-b：項目の名前には英字ではじまる英数字"),
        ({"a": text(**{"x-widget": "slider"})}, "使える種類のどれでもありません"),
        ({"a": text(format="email")}, "使える種類のどれでもありません"),
        ({"a": {"title": "数", "type": "number", "x-class": "L1"}}, "使える種類のどれでもありません"),
        ({"a": many(items={"type": "string"})}, "使える種類のどれでもありません"),
        ({"a": {**many(), "uniqueItems": False}}, "uniqueItems: true も書いてください"),
        ({"a": one(of=options(**{"x": "甲"}) * 2)}, "選択肢「x」が2つあります"),
        ({"a": one(of=[{"const": "甲", "title": "甲"}])}, "選択肢「甲」の const は英数字と _"),
        ({"a": one(of=[{"const": "x", "title": "甲", "x-class": "L9"}])}, "選択肢「x」の x-class"),
        ({"a": one(of=[{"const": "x"}])}, "properties/a/oneOf の1番目：「title」がありません"),
        ({"a": {"title": "選択", "oneOf": [], "x-class": "L1"}}, "選択肢がありません"),
        ({"a": {**auto(text()), "readOnly": False}}, "readOnly: true も書いてください"),
        ({"a": text(**{"x-show": "never"})}, "x-show に書けるのは always だけ"),
        ({"a": text(**{"x-rows": "fixed"})}, "x-rows に書けるのは"),
        ({"a": text(**{"x-hiddenBy": "b"}), "b": text()}, "x-hiddenBy の「b」は、はい・いいえの項目ではありません"),
        ({"a": text(**{"x-hiddenBy": "z"})}, "x-hiddenBy の「z」は"),
        ({"a": rows(b=text(**{"x-hiddenBy": "c"})), "c": tick()}, "x-hiddenBy は行のなかに書けません"),
        ({"a": text(pattern="(a+)+$")}, "「pattern」はここで使えない語です"),
        ({"a": text(**{"x-part": [{}]})}, "「x-part」には文字の並び（[ ]）を書いてください"),
        ({"a": rows(b=rows(c=text()))}, "行のなかに行は置けません"),
        ({"a": rows("行", ["c"], b=text())}, "必須の「c」は行にありません"),
        ({"a": rows("行", ["b"], b=auto(text()))}, "「b」はシステムが入れる項目なので、必須にできません"),
        ({"a": rows("行", b=text(hello=1))}, "properties/a/items/b：「hello」はここで使えない語です"),
        ({"a": rows("行", conditions=[when("z", 1, "b")], b=text())}, "条件にある「z」は行にありません"),
        ({"a": {**rows(b=text()), "items": {"type": "object"}}}, "additionalProperties を false に"),
        (
            {"a": one(**{"x-in": {"z": {"title": "?"}}, "x-part": ["a"]})},
            "properties/a/x-in：「z」は x-part にありません",
        ),
        ({"a": one(**{"x-in": {"a": {"x-without": ["q"]}}})}, "x-without の「q」という選択肢はありません"),
        ({"a": one(**{"x-in": {"a": {"x-auto": True}}})}, "properties/a/x-in/a：x-auto の項目には readOnly"),
        ({"a": one(**{"x-in": {"a": {"x-class": "L2"}}})}, "properties/a/x-in/a：「x-class」はここで使えない語です"),
        ({"a": text(**{"x-part": ["z"]})}, "x-part の「z」という部分はありません"),
        ({"a": "text"}, "properties/a：{ } のまとまりで書いてください"),
    ],
)
def test_a_field_that_is_not_ours_is_refused_with_its_place(properties: dict[str, Any], said: str) -> None:
    refused(properties, said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"$id": "F99"}, "$id を「K01」（ファイル名と同じ）にしてください"),
        ({"title": ""}, "title（用紙の名前）を書いてください"),
        ({"additionalProperties": True}, "additionalProperties を false に"),
        ({"x-parts": []}, "x-parts に部分を1つは書いてください"),
        ({"x-parts": [{"id": "a"}]}, "x-parts の1番目：id と title を書いてください"),
        ({"x-parts": [{"id": "a", "title": "甲"}] * 2}, "id「a」が2つあります"),
        ({"x-parts": [{"id": "a", "title": "甲", "needs": []}]}, "x-parts の1番目：「needs」はここで使えない語です"),
        ({"x-parts": [{"id": "a", "title": "甲", "required": ["z"]}]}, "必須の「z」はこの部分にありません"),
        ({"x-parts": [{"id": "a", "title": "甲", "required": ["auto"]}]}, "「auto」はシステムが入れる項目なので"),
        ({"x-parts": [{"id": "z", "title": "空"}]}, "この部分の項目がありません"),
        ({"properties": {}}, "properties に項目を1つは書いてください"),
        ({"required": ["name"]}, "いちばん外側：「required」はここで使えない語です"),
        ({"allOf": [{"then": {}}]}, "allOf の1番目：「if」がありません"),
        ({"allOf": [when("z", 1, "name")]}, "allOf：条件にある「z」という項目はありません"),
        ({"allOf": [when("name", "x", "z")]}, "allOf：条件にある「z」という項目はありません"),
        ({"allOf": [{"if": {"propertys": {}}, "then": {}}]}, "allOf の1番目/if：「propertys」はここで使えない語です"),
        (
            {"allOf": [{"if": {"properties": {"name": {"not": {"konst": 1}}}}, "then": {}}]},
            "allOf の1番目/if/properties/name/not：「konst」",
        ),
        ({"allOf": [{"if": {"anyOf": [{"iff": {}}]}, "then": {}}]}, "allOf の1番目/if/anyOf の1番目：「iff」"),
        ({"x-rules": [{"id": "r"}]}, "x-rules の1番目：「require」がありません"),
        (
            {"x-rules": [{"id": "r", "parts": ["z"], "require": "=x", "at": "q", "message": "m"}]},
            "x-rules の「r」：「z」という部分はありません",
        ),
        ({"x-print": {"parts": ["z"]}}, "x-print：「z」という部分はありません"),
        ({"x-print": {"colour": "red"}}, "x-print：「colour」はここで使えない語です"),
        ({"x-print": "yes"}, "「x-print」には{ } のまとまりを書いてください"),
    ],
)
def test_a_form_that_is_not_ours_is_refused_with_its_place(words: dict[str, Any], said: str) -> None:
    properties = {"name": text(**{"x-part": ["a"]}), "auto": auto(text("番号", **{"x-part": ["a"]}))}
    problems = problems_of({**schema_of(properties), **words})
    assert any(said in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "1行2文字目が JSON として読めません"),
        (b"[]", "いちばん外側を { } にしてください"),
        (b'{"title": "a", "title": "b"}', "「title」が同じまとまりに2回あります"),
        (b'{"a": NaN}', "「NaN」は数として使えません"),
        ('{"a": "あ"}'.encode("shift_jis"), "UTF-8 で保存してください"),
        (b"[" * 100_000, "入れ子が深すぎます"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_place(content: bytes, said: str) -> None:
    forms, problems = load_files({"K01.json": content})
    assert forms == {}
    assert len(problems) == 1
    assert problems[0].startswith("K01.json：") and said in problems[0]


def test_one_bad_form_leaves_the_others(tmp_path: Path) -> None:
    good = schema_of({"name": text()})
    (tmp_path / "K01.json").write_text(json.dumps(good), encoding="utf-8")
    (tmp_path / "K02.json").write_text(json.dumps({**good, "hello": 1}), encoding="utf-8")
    (tmp_path / "codes.json").write_text(json.dumps(CODES), encoding="utf-8")
    (tmp_path / "README.md").write_text("読みません", encoding="utf-8")
    forms, problems = load(tmp_path)
    assert list(forms) == ["K01"]
    assert problems and all(problem.startswith("K02.json：") for problem in problems)


def test_every_problem_is_found_at_once() -> None:
    assert len(problems_of(schema_of({"a": text(x=1, y=2), "b": text(z=3)}))) == 3


TREE = form_of(
    {
        "way": one("方法", **{"x-in": {"a": {"x-without": ["c"]}}, "x-section": "甲"}),
        "signs": many("しるし"),
        "people": rows("人", ["name"], [when("name", "x", "on")], name=text("名"), on=day()),
        "who": text(**{"x-widget": "org", "x-prefill": "=x"}),
    },
    ["way"],
    allOf=[when("way", "a", "who", title="甲のとき", description="要ります。")],
    **{
        "x-rules": [{"id": "r", "parts": ["a"], "require": "=x", "at": "way", "message": "m"}],
        "x-print": {"signatures": ["本人"]},
    },
).schema
CONTAINERS = st.sampled_from(["[]", "{}", "[{}]", "[[1]]", '["a"]', '{"a": 1}']).map(json.loads)
JUNK = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3), CONTAINERS)


def places_in(tree: Any) -> list[tuple[Any, Any]]:
    """Every container and key of a tree."""
    if not isinstance(tree, dict | list):
        return []
    keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
    return [(tree, key) for key in keys] + [place for key in keys for place in places_in(tree[key])]


@given(st.data())
@settings(max_examples=400)
def test_whatever_stands_in_a_schema_it_is_read_or_refused_and_never_breaks(data: st.DataObject) -> None:
    tree = json.loads(json.dumps(TREE))
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(places_in(tree)))
        container[key] = data.draw(JUNK)
    forms, problems = load_files({"K01.json": json.dumps(tree).encode()})
    assert bool(forms) != bool(problems)
    for form in forms.values():
        assert check(form, form.parts[0], {"way": "a", "people": [{"name": "x"}], "signs": [1], "who": 5})
        assert draw(form, form.parts[0], {})
