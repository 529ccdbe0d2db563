"""Turns the properties of a schema into fields: kind, options, rows, limits, per-part differences; reads no file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .conditions import read_conditions
from .form import CHOSEN, Code, Field

LIMITS = {"text": 200, "longtext": 4000, "list": 50, "number": 9_999_999}
"""The usual largest length, number of rows and number, where the schema names none."""

_LEVELS = ("L1", "L2", "L3")
_WIDGETS = {"wareki", "longtext", *CHOSEN}
_MOST = {"text": "maxLength", "longtext": "maxLength", "list": "maxItems", "number": "maximum"}


def strange_fields(form: Mapping[str, Any]) -> Iterator[str]:
    """One sentence per property that names no kind of field of ours, with its place."""
    for name, schema in form.get("properties", {}).items():
        yield from _strange(schema, f"properties/{name}", row=False)


def read_fields(form: Mapping[str, Any]) -> tuple[tuple[Field, ...], dict[str, Any]]:
    """The fields in order, and the properties with the usual limits filled in. The schema must have been checked."""
    properties = {name: _limited(schema) for name, schema in form["properties"].items()}
    every = tuple(part["id"] for part in form["x-parts"])
    fields = tuple(_field(name, schema, "", every) for name, schema in properties.items())
    return fields, properties


def part_fields(
    part: str, required: Sequence[str], fields: Sequence[Field], properties: Mapping[str, Any]
) -> tuple[Field, ...]:
    """The fields as they are in one part: what differs there (`x-in`), what is required there."""
    found = []
    for field in fields:
        if part in field.parts:
            variant = properties[field.name].get("x-in", {}).get(part, {})
            found.append(replace(_varied(field, variant), required=field.name in required))
    return with_headings(found)


def kind_of(schema: Mapping[str, Any]) -> str | None:
    """The kind of a property, or None when it is none of ours."""
    widget, kind = schema.get("x-widget"), schema.get("type")
    items = schema.get("items", {})
    if "oneOf" in schema:
        return "code" if kind in (None, "string") else None
    if kind == "array":
        return _kind_of_array(items, widget)
    if kind == "string":
        form = {"date": "date", "date-time": "datetime", None: None}.get(schema.get("format"), "?")
        if form:
            return None if form == "?" or widget not in (None, "wareki") else form
        if widget in CHOSEN - {"persons"}:
            return str(widget)
        return {"longtext": "longtext", None: "text"}.get(widget)
    return {"boolean": "bool", "integer": "number"}.get(str(kind)) if widget is None else None


def _kind_of_array(items: Mapping[str, Any], widget: str | None) -> str | None:
    if items.get("type") == "object":
        return "list" if widget in (None, "person", "persons") else None
    if "oneOf" in items:
        return "codes" if widget is None else None
    return "persons" if widget == "persons" and items.get("type") == "string" else None


def _strange(schema: Mapping[str, Any], place: str, row: bool) -> Iterator[str]:
    kind = kind_of(schema)
    if kind is None:
        yield f"{place}：type・format・x-widget の組み合わせが、使える種類のどれでもありません（docs/forms.md）。"
        return
    if schema.get("x-class", "L1" if row else None) not in _LEVELS:
        yield f"{place}：x-class に L1、L2、L3 のどれかを書いてください。"
    if schema.get("x-auto") and not schema.get("readOnly"):
        yield f"{place}：x-auto の項目には readOnly: true も書いてください。"
    if row and "x-hiddenBy" in schema:
        yield f"{place}：x-hiddenBy は行のなかに書けません。行の項目に書いてください。"
    if schema.get("x-show", "always") != "always":
        yield f"{place}：x-show に書けるのは always だけです。"
    if schema.get("x-rows", "fixed") != "fixed" or ("x-rows" in schema and kind != "list"):
        yield f"{place}：x-rows に書けるのは、行の項目の fixed だけです。"
    if kind in ("code", "codes"):
        yield from _strange_options(schema if kind == "code" else schema["items"], place)
    if kind in ("codes", "persons") and schema.get("uniqueItems") is not True:
        yield f"{place}：uniqueItems: true も書いてください。"
    if kind == "list":
        yield from _strange_rows(schema["items"], place, row)
    yield from _strange_variants(schema, kind, place)


def _strange_variants(schema: Mapping[str, Any], kind: str, place: str) -> Iterator[str]:
    options = (schema if kind == "code" else schema.get("items", {})).get("oneOf", ())
    codes = {option["const"] for option in options}
    for part, variant in schema.get("x-in", {}).items():
        if part not in schema.get("x-part", (part,)):
            yield f"{place}/x-in：「{part}」は x-part にありません。"
        for code in variant.get("x-without", ()):
            if code not in codes:
                yield f"{place}/x-in/{part}：x-without の「{code}」という選択肢はありません。"
        if variant.get("x-auto") and not variant.get("readOnly"):
            yield f"{place}/x-in/{part}：x-auto の項目には readOnly: true も書いてください。"


def _strange_rows(items: Mapping[str, Any], place: str, row: bool) -> Iterator[str]:
    if row:
        yield f"{place}：行のなかに行は置けません。別の項目にしてください。"
        return
    if items.get("additionalProperties") is not False or not items.get("properties"):
        yield f"{place}/items：properties を書き、additionalProperties を false にしてください。"
        return
    for name, schema in items["properties"].items():
        yield from _strange(schema, f"{place}/items/properties/{name}", row=True)
    for name in items.get("required", ()):
        if name not in items["properties"]:
            yield f"{place}/items：必須の「{name}」は行にありません。"
        elif items["properties"][name].get("x-auto"):
            yield f"{place}/items：「{name}」はシステムが入れる項目なので、必須にできません。"
    for condition in read_conditions(items.get("allOf", ())):
        for name in {*condition.reads, *condition.requires, *condition.binds} - set(items["properties"]):
            yield f"{place}/items/allOf：条件にある「{name}」は行にありません。"


def _strange_options(schema: Mapping[str, Any], place: str) -> Iterator[str]:
    codes = [option["const"] for option in schema["oneOf"]]
    for code in codes:
        if not re.fullmatch(r"[A-Za-z0-9_]+", code):
            yield f"{place}：選択肢「{code}」の const は英数字と _ にしてください。"
        if codes.count(code) > 1:
            yield f"{place}：選択肢「{code}」が2つあります。"
    for option in schema["oneOf"]:
        if option.get("x-class", "L1") not in _LEVELS:
            yield f"{place}：選択肢「{option['const']}」の x-class を L1、L2、L3 のどれかにしてください。"
    if not codes:
        yield f"{place}：選択肢がありません。"


def _limited(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with the usual limits where it names none."""
    kind = kind_of(schema)
    found = dict(schema)
    if kind in LIMITS:
        found.setdefault(_MOST[kind], LIMITS[kind])
    if kind == "number":
        found.setdefault("minimum", 0)
    if kind == "list":
        items = schema["items"]
        found["items"] = {
            **items,
            "properties": {name: _limited(member) for name, member in items["properties"].items()},
        }
    return found


def _field(name: str, schema: Mapping[str, Any], level: str, parts: tuple[str, ...]) -> Field:
    kind = str(kind_of(schema))
    cls = schema.get("x-class", level)
    items = schema.get("items", {})
    wanted = set(items.get("required", ()))
    return Field(
        name=name,
        title=schema["title"],
        kind=kind,
        cls=cls,
        hint=schema.get("description", ""),
        codes=_codes(items if kind == "codes" else schema, cls) if kind in ("code", "codes") else (),
        rows=tuple(
            replace(_field(key, member, cls, ()), required=key in wanted)
            for key, member in items.get("properties", {}).items()
        ),
        conditions=read_conditions(items.get("allOf", ())),
        parts=tuple(schema.get("x-part", parts)),
        section=schema.get("x-section"),
        report=schema.get("x-report", False),
        verify=schema.get("x-verify", False),
        reply=schema.get("x-reply", False),
        prefill=schema.get("x-prefill"),
        auto=schema.get("x-auto", False),
        feeds=schema.get("x-feeds"),
        widget=schema.get("x-widget"),
        unit=schema.get("x-unit", ""),
        most=schema.get(_MOST[kind]) if kind in _MOST else None,
        more=schema.get("x-more", False),
        fixed=schema.get("x-rows") == "fixed",
        always=schema.get("x-show") == "always",
        hidden_by=schema.get("x-hiddenBy"),
    )


def _codes(schema: Mapping[str, Any], level: str) -> tuple[Code, ...]:
    return tuple(
        Code(
            option["const"],
            option["title"],
            option.get("x-class", level),
            option.get("x-domain"),
            option.get("x-alone", False),
        )
        for option in schema["oneOf"]
    )


def _varied(field: Field, variant: Mapping[str, Any]) -> Field:
    without = set(variant.get("x-without", ()))
    return replace(
        field,
        title=variant.get("title", field.title),
        hint=variant.get("description", field.hint),
        prefill=variant.get("x-prefill", field.prefill),
        auto=variant.get("x-auto", field.auto),
        feeds=variant.get("x-feeds", field.feeds),
        codes=tuple(code for code in field.codes if code.code not in without),
    )


def with_headings(fields: Iterable[Field]) -> tuple[Field, ...]:
    """Every field with the heading it stands under, so that leaving one out never loses a heading."""
    found: list[Field] = []
    for field in fields:
        found.append(replace(field, section=field.section or (found[-1].section if found else None)))
    return tuple(found)
