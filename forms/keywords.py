"""The words a form schema may use, and where; names every other word with its place, interprets none of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Words = Mapping[str, type | str]
STRINGS = "strings"
"""Stands for a list of texts, where a type stands for a value of it."""

RANGES: Words = {
    "minLength": int,
    "maxLength": int,
    "minimum": int,
    "maximum": int,
    "minItems": int,
    "maxItems": int,
}
_FORM: Words = {
    "$schema": str,
    "$id": str,
    "$comment": str,
    "$defs": dict,
    "title": str,
    "description": str,
    "type": str,
    "additionalProperties": bool,
    "properties": dict,
    "allOf": list,
    "x-parts": list,
    "x-standsAlone": bool,
    "x-rules": list,
    "x-print": dict,
}
_PART: Words = {"id": str, "title": str, "required": STRINGS}
_RULE: Words = {"id": str, "parts": STRINGS, "require": str, "at": str, "message": str}
_PRINT: Words = {"note": str, "signatures": STRINGS, "parts": STRINGS, "joins": STRINGS}
_VARIANT: Words = {
    "title": str,
    "description": str,
    "x-prefill": str,
    "x-auto": bool,
    "readOnly": bool,
    "x-feeds": str,
    "x-without": STRINGS,
}
_PROPERTY: Words = {
    **RANGES,
    "$comment": str,
    "title": str,
    "description": str,
    "type": str,
    "format": str,
    "readOnly": bool,
    "uniqueItems": bool,
    "oneOf": list,
    "items": dict,
    "x-part": STRINGS,
    "x-class": str,
    "x-section": str,
    "x-report": bool,
    "x-verify": bool,
    "x-reply": bool,
    "x-widget": str,
    "x-prefill": str,
    "x-auto": bool,
    "x-feeds": str,
    "x-in": dict,
    "x-show": str,
    "x-more": bool,
    "x-rows": str,
    "x-unit": str,
    "x-hiddenBy": str,
}
_ROW: Words = {
    "$comment": str,
    "title": str,
    "type": str,
    "properties": dict,
    "required": STRINGS,
    "additionalProperties": bool,
    "allOf": list,
}
_ITEM: Words = {**RANGES, "$comment": str, "title": str, "type": str, "oneOf": list, "description": str}
_OPTION: Words = {
    "$comment": str,
    "const": str,
    "title": str,
    "x-class": str,
    "x-domain": str,
    "x-alone": bool,
}
_CONDITION: Words = {
    "$comment": str,
    "title": str,
    "description": str,
    "if": dict,
    "then": dict,
    "else": dict,
}
_CONSTRAINT: Words = {
    **RANGES,
    "$comment": str,
    "properties": dict,
    "required": STRINGS,
    "const": object,
    "enum": list,
    "not": dict,
    "anyOf": list,
    "allOf": list,
    "contains": dict,
    "items": dict,
}
_NAMES: Mapping[type | str, str] = {
    str: "文字",
    bool: "true か false",
    int: "数",
    list: "[ ] の並び",
    dict: "{ } のまとまり",
    STRINGS: "文字の並び（[ ]）",
}


def strange_words(form: Mapping[str, Any]) -> Iterator[str]:
    """One sentence per word that is not ours or does not hold what it should, with its place in the file."""
    yield from _words(form, _FORM, "いちばん外側")
    for number, part in enumerate(_list(form, "x-parts"), 1):
        yield from _words(part, _PART, f"x-parts の{number}番目")
    for number, rule in enumerate(_list(form, "x-rules"), 1):
        yield from _words(rule, _RULE, f"x-rules の{number}番目", needs=tuple(_RULE))
    if "x-print" in form:
        yield from _words(form["x-print"], _PRINT, "x-print")
    yield from _properties(form, "properties")
    yield from _conditions(form, "allOf")


def _properties(node: Mapping[str, Any], place: str) -> Iterator[str]:
    properties = node.get("properties")
    if not isinstance(properties, dict):
        return
    for name, schema in properties.items():
        here = f"{place}/{name}"
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
            yield f"{here}：項目の名前には英字ではじまる英数字と _ だけを使ってください。"
        yield from _property(schema, here)


def _property(schema: Any, place: str) -> Iterator[str]:
    yield from _words(schema, _PROPERTY, place, needs=("title",))
    if not isinstance(schema, dict):
        return
    yield from _options(schema, place)
    items = schema.get("items")
    if isinstance(items, dict) and items.get("type") == "object":
        yield from _words(items, _ROW, f"{place}/items")
        yield from _properties(items, f"{place}/items")
        yield from _conditions(items, f"{place}/items/allOf")
    elif items is not None:
        yield from _words(items, _ITEM, f"{place}/items")
        yield from _options(items, f"{place}/items")
    variants = schema.get("x-in")
    for part, variant in (variants if isinstance(variants, dict) else {}).items():
        yield from _words(variant, _VARIANT, f"{place}/x-in/{part}")


def _options(schema: Any, place: str) -> Iterator[str]:
    if isinstance(schema, dict):
        for number, option in enumerate(_list(schema, "oneOf"), 1):
            yield from _words(option, _OPTION, f"{place}/oneOf の{number}番目", needs=("const", "title"))


def _conditions(node: Mapping[str, Any], place: str) -> Iterator[str]:
    for number, entry in enumerate(_list(node, "allOf"), 1):
        here = f"{place} の{number}番目"
        yield from _words(entry, _CONDITION, here, needs=("if", "then"))
        if isinstance(entry, dict):
            for word in ("if", "then", "else"):
                if word in entry:
                    yield from _constraint(entry[word], f"{here}/{word}")


def _constraint(schema: Any, place: str) -> Iterator[str]:
    if isinstance(schema, bool):
        return
    yield from _words(schema, _CONSTRAINT, place)
    if not isinstance(schema, dict):
        return
    for word in ("not", "contains", "items"):
        if word in schema:
            yield from _constraint(schema[word], f"{place}/{word}")
    for word in ("anyOf", "allOf"):
        for number, member in enumerate(_list(schema, word), 1):
            yield from _constraint(member, f"{place}/{word} の{number}番目")
    properties = schema.get("properties")
    for name, member in (properties if isinstance(properties, dict) else {}).items():
        yield from _constraint(member, f"{place}/properties/{name}")


def _words(node: Any, allowed: Words, place: str, needs: tuple[str, ...] = ()) -> Iterator[str]:
    if not isinstance(node, dict):
        yield f"{place}：{{ }} のまとまりで書いてください。"
        return
    for word, value in node.items():
        if word not in allowed:
            yield f"{place}：「{word}」はここで使えない語です。綴りを確かめるか、取ってください（docs/forms.md）。"
        elif not _is(value, allowed[word]):
            yield f"{place}：「{word}」には{_NAMES[allowed[word]]}を書いてください。"
    for word in needs:
        if word not in node:
            yield f"{place}：「{word}」がありません。書き足してください。"


def _is(value: Any, kind: type | str) -> bool:
    if isinstance(kind, str):
        return isinstance(value, list) and all(isinstance(member, str) for member in value)
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def _list(node: Mapping[str, Any], word: str) -> list[Any]:
    value = node.get(word)
    return value if isinstance(value, list) else []
