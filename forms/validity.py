"""Says what is wrong with one value, by its schema; the value is there, and nothing else of the answer is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from .characters import find_unusable
from .dates import parse_day, parse_moment
from .form import RESTRICTED, Field, May
from .messages import kept_on_paper, not_an_option, quoted, too_long, too_many_rows, unreadable

_FORMATS = FormatChecker(formats=())
_FORMATS.checks("date")(lambda value: not isinstance(value, str) or parse_day(value) is not None)
_FORMATS.checks("date-time")(lambda value: not isinstance(value, str) or parse_moment(value) is not None)

_MOST_VALIDATORS = 5_000
_VALIDATORS: dict[int, tuple[Mapping[str, Any], Any]] = {}  # by identity; the schema is kept so that no other takes its place

_SHAPES = {
    "text": "文字",
    "longtext": "文字",
    "date": "日（2026-05-14 の形）",
    "datetime": "日時（2026-05-14T16:05:00+09:00 の形）",
    "bool": "はい・いいえ（true か false）",
    "number": "数",
    "code": "選択肢のコード1つ",
    "codes": "選択肢のコードの並び",
    "list": "行の並び",
    "persons": "番号の並び",
}


def wrong_value(field: Field, whole: Field, schema: Mapping[str, Any], value: Any, may: May) -> str | None:
    """Why the field cannot have this value, or None. `whole` is the field with the options that are not offered."""
    if not _has_shape(field, value):
        return f"{_SHAPES.get(field.kind, '文字')}にしてください。"
    if isinstance(value, str):
        wrong = wrong_text(field, value)
    elif field.kind in ("codes", "persons"):
        wrong = next((found for member in value if (found := wrong_text(field, member))), None)
    else:
        wrong = None
    if field.kind == "meeting" and value.startswith("new:") and parse_day(value.removeprefix("new:")) is None:
        wrong = "新しい会議は new:2026-05-14 の形にしてください。"
    return wrong or _wrong_choice(field, whole, value, may) or _wrong_by_schema(field, schema, value)


def wrong_text(field: Field, text: str) -> str | None:
    """Why a field cannot hold this text: characters, line ends, length."""
    found = find_unusable(text)
    if found:
        return unreadable(found.group())
    if field.kind != "longtext" and "\n" in text.strip():
        return "改行は使えません。1行で書いてください。"
    if field.most is not None and len(text) > field.most:
        return too_long(len(text), field.most)
    return None


def _has_shape(field: Field, value: Any) -> bool:
    if field.kind == "bool":
        return isinstance(value, bool)
    if field.kind == "number":
        return isinstance(value, int) and not isinstance(value, bool)
    if field.kind == "list":
        return isinstance(value, list)
    if field.kind in ("codes", "persons"):
        return isinstance(value, list) and all(isinstance(member, str) for member in value)
    return isinstance(value, str)


def _wrong_choice(field: Field, whole: Field, value: Any, may: May) -> str | None:
    if field.kind not in ("code", "codes"):
        return None
    values = value if isinstance(value, list) else [value]
    if not may(RESTRICTED) and any(code.cls == RESTRICTED and code.code in values for code in whole.codes):
        return kept_on_paper()
    offered = {code.code for code in field.codes}
    strangers = [member for member in values if member not in offered]
    if strangers:
        return not_an_option(strangers)
    alone = [code.label for code in field.codes if code.alone and code.code in values]
    if alone and len(values) > 1:
        return f"「{alone[0]}」はほかと一緒に選べません。どちらかの印を外してください。"
    return None


def _wrong_by_schema(field: Field, schema: Mapping[str, Any], value: Any) -> str | None:
    for error in _validator(schema).iter_errors(value):
        return _said(field, error, value)
    return None


def _validator(schema: Mapping[str, Any]) -> Any:
    """Of this very schema, without its options and rows; made once, since it is asked at every answer."""
    kept, made = _VALIDATORS.get(id(schema), (None, None))
    if kept is not schema:
        if len(_VALIDATORS) >= _MOST_VALIDATORS:
            _VALIDATORS.clear()
        shallow = {word: member for word, member in schema.items() if word not in ("oneOf", "items")}
        made = Draft202012Validator(shallow, format_checker=_FORMATS)
        _VALIDATORS[id(schema)] = (schema, made)
    return made


def _said(field: Field, error: ValidationError, value: Any) -> str:
    limit = error.validator_value
    if error.validator == "format":
        return f"{quoted(value)}ではなく、{_SHAPES[field.kind]}にしてください。"
    if error.validator == "minimum":
        return f"{limit:,}{field.unit}以上で書いてください（いま{value:,}）。"
    if error.validator == "maximum":
        return f"{limit:,}{field.unit}までです（いま{value:,}）。確かめてください。"
    if error.validator == "minLength":
        return f"{limit:,}字以上で書いてください（いま{len(value):,}字）。"
    if error.validator == "minItems":
        return f"{limit:,}つ以上にしてください（いま{len(value):,}）。"
    if error.validator == "maxItems":
        return too_many_rows(len(value), limit) if field.kind == "list" else f"選べるのは{limit:,}つまでです。"
    if error.validator == "uniqueItems":
        return "同じものが2回選ばれています。1つにしてください。"
    return "書き方が違います。説明のとおりに書き直してください。"
