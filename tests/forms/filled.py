"""What the tests of forms share: small forms, answers to them, and a browser without JavaScript that fills a page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser
from typing import Any

from hypothesis import strategies as st

from forms import Choice, Choices, Field, Form, load_files, relevant

CHOICES = Choices(
    orgs=(Choice("esikoni", "架空総合相談センター"), Choice("kenkou", "架空健康課"), Choice("shakyo", "架空社協")),
    users=(Choice("u1", "春風 さくら"), Choice("u2", "虹橋 ゆう")),
    persons=(Choice("1", "星空 ゆらぎ"), Choice("2", "星空 まどか")),
    meetings=(Choice("m1", "架空定例会議"),),
    files=(Choice("f1", "架空メモ.pdf"),),
)


def text(title: str = "名前", **words: Any) -> dict[str, Any]:
    return {"title": title, "type": "string", "x-class": "L1", **words}


def area(title: str = "内容", **words: Any) -> dict[str, Any]:
    return text(title, **{"x-widget": "longtext", **words})


def day(title: str = "日付", **words: Any) -> dict[str, Any]:
    return text(title, format="date", **{"x-widget": "wareki", **words})


def moment(title: str = "日時", **words: Any) -> dict[str, Any]:
    return text(title, format="date-time", **words)


def number(title: str = "人数", **words: Any) -> dict[str, Any]:
    return {"title": title, "type": "integer", "x-class": "L1", **words}


def tick(title: str = "はいか", **words: Any) -> dict[str, Any]:
    return {"title": title, "type": "boolean", "x-class": "L1", **words}


def options(**labels: str) -> list[dict[str, Any]]:
    return [{"const": code, "title": label} for code, label in labels.items()]


def one(title: str = "選択", of: Sequence[Mapping[str, Any]] = (), **words: Any) -> dict[str, Any]:
    return {"title": title, "oneOf": list(of or options(a="甲", b="乙", c="丙")), "x-class": "L1", **words}


def many(title: str = "複数", of: Sequence[Mapping[str, Any]] = (), **words: Any) -> dict[str, Any]:
    items = {"oneOf": list(of or options(a="甲", b="乙", c="丙"))}
    return {"title": title, "type": "array", "uniqueItems": True, "items": items, "x-class": "L1", **words}


def chosen(widget: str, title: str = "相手", **words: Any) -> dict[str, Any]:
    return text(title, **{"x-widget": widget, **words})


def persons(title: str = "だれ", **words: Any) -> dict[str, Any]:
    several = {"type": "array", "uniqueItems": True, "items": {"type": "string"}, "x-widget": "persons"}
    return {"title": title, "x-class": "L1", **several, **words}


def rows(
    title: str = "行", required: Sequence[str] = (), conditions: Sequence[Any] = (), **members: Any
) -> dict[str, Any]:
    """A list with these members; words of the list itself are given as `x_widget`."""
    words = {key.replace("_", "-", 1): members.pop(key) for key in list(members) if key.startswith("x_")}
    items = {"type": "object", "additionalProperties": False, "properties": members, "required": list(required)}
    if conditions:
        items["allOf"] = list(conditions)
    return {"title": title, "type": "array", "items": items, "x-class": "L1", **words}


def auto(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {**schema, "x-auto": True, "readOnly": True}


def when(name: str, value: Any, *then: str, **words: Any) -> dict[str, Any]:
    """If the field has the value, the others are required."""
    test = {"properties": {name: {"const": value}}, "required": [name]}
    return {"if": test, "then": {"required": list(then)}, **words}


def schema_of(
    properties: Mapping[str, Any], required: Sequence[str] = (), parts: Sequence[Any] = (), **words: Any
) -> dict[str, Any]:
    return {
        "$id": "K01",
        "title": "架空の票",
        "type": "object",
        "additionalProperties": False,
        "x-parts": list(parts) or [{"id": "a", "title": "甲の部", "required": list(required)}],
        "properties": dict(properties),
        **words,
    }


def problems_of(schema: Mapping[str, Any], **files: Any) -> list[str]:
    return load_files(_bytes({"K01": schema, **files}))[1]


def form_of(
    properties: Mapping[str, Any], required: Sequence[str] = (), parts: Sequence[Any] = (), **words: Any
) -> Form:
    forms, problems = load_files(_bytes({"K01": schema_of(properties, required, parts, **words)}))
    assert problems == []
    return forms["K01"]


def _bytes(files: Mapping[str, Any]) -> dict[str, bytes]:
    return {f"{name}.json": json.dumps(tree, ensure_ascii=False).encode() for name, tree in files.items()}


@dataclass
class Input:
    """A control of a page: its tag and attributes, and what it would send."""

    tag: str
    words: dict[str, str | None]
    options: list[tuple[str, bool]] = field(default_factory=list)
    content: str = ""

    def sends(self) -> list[str]:
        if self.tag == "select":
            picked = [value for value, selected in self.options if selected]
            return picked[:1] or [value for value, _ in self.options[:1]]
        if self.tag == "textarea":
            text = self.content[1:] if self.content.startswith("\n") else self.content
            return [text.replace("\n", "\r\n")]
        kind = self.words.get("type") or "text"
        if kind in ("checkbox", "radio"):
            return [self.words.get("value") or ""] if "checked" in self.words else []
        return [] if kind == "file" else [self.words.get("value") or ""]


class Page(HTMLParser):
    """A drawn page as a browser holds it: `sent()` is what pressing a button would send."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.inputs: list[Input] = []
        self.buttons: list[str] = []
        self.ids: list[str] = []
        self.labels: set[str] = set()
        self.texts: list[str] = []
        self.references: set[str] = set()
        self._in: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        words = dict(attributes)
        if words.get("id"):
            self.ids.append(str(words["id"]))
        for name in ("aria-labelledby", "aria-describedby"):
            self.references |= set(str(words.get(name) or "").split())
        if tag == "label" and words.get("for"):
            self.labels.add(str(words["for"]))
        if tag in ("input", "select", "textarea"):
            self.inputs.append(Input(tag, words))
        if tag == "button":
            self.buttons.append(str(words.get("value")))
        if tag == "option":
            self._in_option = "value" in words
            self.inputs[-1].options.append((str(words.get("value") or ""), "selected" in words))
        if tag not in ("input", "br"):
            self._in.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._in.pop() == tag

    def handle_data(self, data: str) -> None:
        inside = self._in[-1] if self._in else ""
        if inside == "textarea":
            self.inputs[-1].content += data
        elif inside == "option" and not self._in_option:
            self.inputs[-1].options[-1] = (data, self.inputs[-1].options[-1][1])
        if data.strip():
            self.texts.append(data.strip())

    @property
    def text(self) -> str:
        """Every text on the page."""
        return "\n".join(self.texts)

    @property
    def names(self) -> set[str]:
        """The names of all inputs."""
        return {str(each.words["name"]) for each in self.inputs}

    def of(self, name: str) -> list[Input]:
        """The inputs of a name."""
        return [each for each in self.inputs if each.words.get("name") == name]

    def values(self, name: str) -> list[str]:
        """What can be chosen under a name."""
        found = self.of(name)
        return (
            [value for value, _ in found[0].options]
            if found[0].tag == "select"
            else [str(each.words.get("value")) for each in found if each.words.get("type") != "hidden"]
        )

    def sent(self, press: str = "complete", **changes: str | list[str] | None) -> dict[str, list[str]]:
        """What is sent after typing `changes` (None: nothing ticked) and pressing a button; `__` is a hyphen."""
        found: dict[str, list[str]] = {"do": [press]}
        for each in self.inputs:
            if each.sends():
                found.setdefault(str(each.words["name"]), []).extend(each.sends())
        for name, value in changes.items():
            typed = name.replace("__", "-")
            assert typed in self.names, f"no input {typed}"
            found.pop(typed, None)
            if value is not None:
                found[typed] = [value] if isinstance(value, str) else value
        return found


# Answers ------------------------------------------------------------------------

LETTERS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffd\ufffe\uffff")
NAMES = ("葛󠄀城", "𠮷田", "渡邉󠄂", "髙﨑", "ヴァレリー", "<b>&amp;'\"", "ｱﾍﾞ", "か\u3099", "-", "0")
LINES = st.one_of(st.sampled_from(NAMES), st.text(LETTERS, min_size=1, max_size=20)).map(str.strip).filter(bool)
LONG = st.lists(st.one_of(LINES, st.just("")), min_size=1, max_size=4).map("\n".join).filter(str.strip)
DAYS = st.dates(min_value=date(1000, 1, 1), max_value=date(2200, 12, 31))


def answers(fields: Sequence[Field], choices: Choices = CHOICES) -> st.SearchStrategy[dict[str, Any]]:
    """Answers to these fields, each of them given or not; none typed by the system."""
    typed = {asked.name: value_of(asked, choices) for asked in fields if not asked.auto}
    return st.fixed_dictionaries({}, optional=typed)


def value_of(asked: Field, choices: Choices = CHOICES) -> st.SearchStrategy[Any]:
    """Values that this field can have."""
    offered = [choice.value for choice in choices.of(asked)]
    plain: dict[str, st.SearchStrategy[Any]] = {
        "text": LINES,
        "longtext": LONG,
        "number": st.integers(0, asked.most or 0),
        "bool": st.booleans(),
        "date": DAYS.map(lambda value: value.isoformat()),
        "datetime": st.builds(
            lambda on, hour, minute: f"{on.isoformat()}T{hour:02d}:{minute:02d}:00+09:00",
            DAYS,
            st.integers(0, 23),
            st.integers(0, 59),
        ),
        "meeting": st.one_of(st.sampled_from(offered or ["m1"]), DAYS.map(lambda value: f"new:{value.isoformat()}")),
    }
    if asked.kind in plain:
        return plain[asked.kind]
    if asked.kind == "list":
        row = answers(asked.rows, choices).filter(bool)
        return st.lists(row, min_size=1, max_size=3)
    if asked.kind in ("codes", "persons"):
        some = st.lists(st.sampled_from(offered), min_size=1, unique=True)
        return some.map(lambda values: sorted(values, key=offered.index))
    return st.sampled_from(offered)


def consistent(form: Form, part: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer without what the page would not show."""
    return {name: value for name, value in relevant(form, part, answer).items() if value != []}
