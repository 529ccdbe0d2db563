"""Reads the value of one field from the inputs sent for it; says what is wrong instead of guessing.

"" means not answered everywhere; a field that was not answered has no value (None).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from .characters import find_unusable
from .choices import Choices
from .dates import TOKYO, ImpossibleDate, half_width, read_date, read_time
from .form import RESTRICTED, Code, Field
from .messages import FieldError, Place, kept_on_paper, not_a_number, not_an_option, sent_twice
from .validity import wrong_text
from .write import NEW, names_of


class Upload(Protocol):
    """A file as it was sent."""

    @property
    def filename(self) -> str | None: ...


@dataclass
class Desk:
    """What reading a page needs at hand, and where it lays errors and files."""

    choices: Choices | None = None
    errors: list[FieldError] = field(default_factory=list)
    uploads: dict[str, Upload] = field(default_factory=dict)


@dataclass
class Inputs:
    """The inputs of one scope (the page, or one row) by name, and which of them were asked for."""

    values: Mapping[str, list[str]]
    files: Mapping[str, Upload]
    used: set[str] = field(default_factory=set)

    def take(self, name: str) -> list[str]:
        """The values sent under a name, without the empty ones that say nothing."""
        self.used.add(name)
        return [value for value in dict.fromkeys(self.values.get(name, ())) if value != ""]


class _Wrong(ValueError):
    """Why an input cannot be read."""


def read_value(place: Place, hidden: Sequence[Code], inputs: Inputs, desk: Desk) -> Any:
    """The value of the field at `place`, or None; errors are laid on the desk. `hidden` are options not offered.

    A tick box may send the `no` that stands behind it before its `yes`.
    """
    boxes = {name: inputs.take(name) for name in names_of(place.field)}
    try:
        if place.field.kind == "file":
            return _file(place, boxes[place.field.name], inputs, desk)
        if place.field.kind in ("codes", "persons"):
            return _several(place.field, boxes[place.field.name], hidden, desk.choices)
        if place.field.kind == "bool" and boxes[place.field.name] == ["no", "yes"]:
            return True
        return _READERS[place.field.kind](place.field, {name: _one(sent) for name, sent in boxes.items()}, hidden, desk)
    except (_Wrong, ImpossibleDate) as wrong:
        desk.errors.append(place.error(str(wrong)))
        return None


def _one(sent: Sequence[str]) -> str:
    if len(sent) > 1:
        raise _Wrong(sent_twice(sent))
    return sent[0] if sent else ""


def _text(asked: Field, boxes: Mapping[str, str], hidden: Sequence[Code], desk: Desk) -> str | None:
    text = boxes[asked.name]
    wrong = wrong_text(asked, text)
    if wrong:
        raise _Wrong(wrong)
    return (text if asked.kind == "longtext" else text.strip()) if text.strip() else None


def _number(asked: Field, boxes: Mapping[str, str], hidden: Sequence[Code], desk: Desk) -> int | None:
    text = half_width(boxes[asked.name])
    if not text:
        return None
    if not re.fullmatch(r"-?([0-9]{1,15}|[0-9]{1,3}(,[0-9]{3}){1,4})", text):
        raise _Wrong(not_a_number(boxes[asked.name].strip()))
    return int(text.replace(",", ""))


def _bool(asked: Field, boxes: Mapping[str, str], hidden: Sequence[Code], desk: Desk) -> bool | None:
    text = boxes[asked.name]
    if text not in ("", "yes", "no"):
        raise _Wrong(not_an_option([text]))
    return text == "yes" if text else None


def _chosen(asked: Field, boxes: Mapping[str, str], hidden: Sequence[Code], desk: Desk) -> str | None:
    text = boxes[asked.name]
    if text:
        _refuse_strangers(asked, [text], hidden, desk.choices)
    return text or None


def _several(asked: Field, values: Sequence[str], hidden: Sequence[Code], choices: Choices | None) -> list[str] | None:
    _refuse_strangers(asked, values, hidden, choices)
    if asked.kind == "persons":
        return list(values) or None
    return [code.code for code in asked.codes if code.code in values] or None


def _refuse_strangers(asked: Field, values: Sequence[str], hidden: Sequence[Code], choices: Choices | None) -> None:
    if any(code.code in values and code.cls == RESTRICTED for code in hidden):
        raise _Wrong(kept_on_paper())
    if asked.codes:
        offered = {code.code for code in asked.codes}
    elif choices is not None:
        offered = {choice.value for choice in choices.of(asked)}
    else:
        offered = {value for value in values if not find_unusable(value) and len(value) <= 200}
    strangers = [value for value in values if value not in offered]
    if strangers:
        raise _Wrong(not_an_option(strangers))


def _date(asked: Field, boxes: Mapping[str, str], hidden: Sequence[Code], desk: Desk) -> str | None:
    era, year, month, day = (boxes[name] for name in names_of(asked)[-4:])
    if not (year + month + day).strip():
        return None
    return read_date(era, year, month, day).isoformat()


def _datetime(asked: Field, boxes: Mapping[str, str], hidden: Sequence[Code], desk: Desk) -> str | None:
    era, year, month, day, hour, minute = (boxes[name] for name in names_of(asked))
    if not (year + month + day + hour + minute).strip():
        return None
    on = read_date(era, year, month, day)
    h, m = read_time(hour, minute)
    return datetime(on.year, on.month, on.day, h, m, tzinfo=TOKYO).isoformat()


def _meeting(asked: Field, boxes: Mapping[str, str], hidden: Sequence[Code], desk: Desk) -> str | None:
    chosen = boxes[asked.name]
    if chosen != NEW:
        return _chosen(asked, boxes, hidden, desk)
    on = _date(asked, boxes, hidden, desk)
    if on is None:
        raise _Wrong("新しい会議の開催日を書いてください（年・月・日）。")
    return f"{NEW}:{on}"


def _file(place: Place, sent: Sequence[str], inputs: Inputs, desk: Desk) -> str | None:
    upload = inputs.files.get(place.field.name)
    if upload is None or not upload.filename:
        return _chosen(place.field, {place.field.name: _one(sent)}, (), desk)
    if find_unusable(upload.filename) or len(upload.filename) > 200:
        raise _Wrong("ファイルの名前が長すぎるか、読めない文字があります。名前を変えて選び直してください。")
    desk.uploads[place.path] = upload
    return f"{NEW}:{upload.filename}"


_Reader = Callable[[Field, Mapping[str, str], Sequence[Code], Desk], Any]
_READERS: Mapping[str, _Reader] = {
    "text": _text,
    "longtext": _text,
    "number": _number,
    "bool": _bool,
    "code": _chosen,
    "org": _chosen,
    "user": _chosen,
    "person": _chosen,
    "date": _date,
    "datetime": _datetime,
    "meeting": _meeting,
}
