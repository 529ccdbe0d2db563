"""Reads form schemas from JSON files and refuses, with file and place, whatever is not ours; draws and checks nothing.

The subset of JSON Schema 2020-12 and our `x-` words are described in docs/forms.md. References are resolved, the
usual limits filled in, so that the schema of a `Form` stands alone and its hash changes with everything it uses.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .conditions import read_conditions
from .fields import part_fields, read_fields, strange_fields, with_headings
from .form import Field, Form, Part, Print, Rule
from .keywords import strange_words

CODES = "codes.json"
_DEEPEST = 20


class _Refused(ValueError):
    """Why a file cannot be read at all."""


def load(folder: Path) -> tuple[Mapping[str, Form], list[str]]:
    """The forms of a folder of JSON files by id, and one sentence per problem. A form with problems is left out."""
    return load_files({path.name: path.read_bytes() for path in sorted(folder.glob("*.json"))})


def load_files(files: Mapping[str, bytes]) -> tuple[Mapping[str, Form], list[str]]:
    """As `load`, from file names and their bytes."""
    trees: dict[str, Any] = {}
    problems: list[str] = []
    for name, content in files.items():
        try:
            trees[name] = _parse(content)
        except _Refused as refusal:
            problems.append(f"{name}：{refusal}")
    forms: dict[str, Form] = {}
    for name in trees:
        if name != CODES:
            form, found = _read(name, trees)
            problems += [f"{name}：{problem}" for problem in found]
            if form is not None and not found:
                forms[form.id] = form
    return forms, problems


def _parse(content: bytes) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for word, value in pairs:
            if word in found:
                raise _Refused(f"「{word}」が同じまとまりに2回あります。1つにしてください。")
            found[word] = value
        return found

    def constant(word: str) -> Any:
        raise _Refused(f"「{word}」は数として使えません。")

    try:
        tree = json.loads(content.decode("utf-8"), object_pairs_hook=once, parse_constant=constant)
    except UnicodeDecodeError as error:
        raise _Refused(f"{error.start}バイト目が UTF-8 の文字ではありません。UTF-8 で保存してください。") from None
    except json.JSONDecodeError as error:
        raise _Refused(
            f"{error.lineno}行{error.colno}文字目が JSON として読めません。かっこ・引用符・コンマを確かめてください。"
        ) from None
    except RecursionError:
        raise _Refused("まとまりの入れ子が深すぎます。") from None
    if not isinstance(tree, dict):
        raise _Refused("いちばん外側を { } にしてください。")
    return tree


def _read(name: str, trees: Mapping[str, Any]) -> tuple[Form | None, list[str]]:
    try:
        schema = {
            word: value if word == "$defs" else _resolved(value, name, trees, word, 0)
            for word, value in trees[name].items()
        }
    except _Refused as refusal:
        return None, [str(refusal)]
    problems = list(strange_words(schema))
    if not problems:
        problems = [*_strange_outline(name, schema), *strange_fields(schema)]
    if problems:
        return None, problems
    schema.pop("$defs", None)
    form = _form(schema)
    return form, list(_strange_links(form))


def _resolved(node: Any, file: str, trees: Mapping[str, Any], place: str, depth: int) -> Any:
    """The node with every `$ref` replaced by what it names; words beside a `$ref` win."""
    if depth > _DEEPEST:
        raise _Refused(f"{place}：$ref が自分自身に戻っています。")
    if isinstance(node, list):
        return [_resolved(member, file, trees, place, depth) for member in node]
    if not isinstance(node, dict):
        return node
    found: dict[str, Any] = {}
    if "$ref" in node:
        target, target_file = _referred(node["$ref"], file, trees, place)
        found = dict(_resolved(target, target_file, trees, place, depth + 1))
    for word, value in node.items():
        if word != "$ref":
            found[word] = _resolved(value, file, trees, f"{place}/{word}", depth)
    return found


def _referred(reference: Any, file: str, trees: Mapping[str, Any], place: str) -> tuple[Mapping[str, Any], str]:
    target_file, hash_sign, pointer = str(reference).partition("#")
    target_file = target_file or file
    node: Any = trees.get(target_file)
    if node is None or not hash_sign:
        raise _Refused(f"{place}：$ref「{reference}」のファイルがありません。例：codes.json#/CL-CHANNEL")
    for step in pointer.strip("/").split("/"):
        node = node.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        raise _Refused(f"{place}：$ref「{reference}」の先が見つかりません。名前を確かめてください。")
    return node, target_file


def _strange_outline(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    if schema.get("$id") != name.removesuffix(".json"):
        yield f"$id を「{name.removesuffix('.json')}」（ファイル名と同じ）にしてください。"
    if not schema.get("title"):
        yield "title（用紙の名前）を書いてください。"
    if schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        yield "type を object に、additionalProperties を false にしてください。"
    if not schema.get("properties"):
        yield "properties に項目を1つは書いてください。"
    parts = schema.get("x-parts") or []
    if not parts:
        yield "x-parts に部分を1つは書いてください。"
    ids = [part.get("id") for part in parts]
    for number, part in enumerate(parts, 1):
        if not part.get("id") or not part.get("title"):
            yield f"x-parts の{number}番目：id と title を書いてください。"
        if ids.count(part.get("id")) > 1:
            yield f"x-parts の{number}番目：id「{part.get('id')}」が2つあります。"


def _strange_links(form: Form) -> Iterator[str]:
    """Names that lead nowhere: required fields, conditions, rules, print."""
    names = {field.name for field in form.fields}
    parts = {part.id for part in form.parts}
    ticks = {field.name for field in form.fields if field.kind == "bool"}
    for part in form.parts:
        shown = {field.name: field for field in part.fields}
        for name in part.required:
            if name not in shown:
                yield f"x-parts の「{part.id}」：必須の「{name}」はこの部分にありません。"
            elif shown[name].auto:
                yield f"x-parts の「{part.id}」：「{name}」はシステムが入れる項目なので、必須にできません。"
        if not part.fields:
            yield f"x-parts の「{part.id}」：この部分の項目がありません。"
    for field in form.fields:
        for part_id in {*field.parts} - parts:
            yield f"properties/{field.name}：x-part の「{part_id}」という部分はありません。"
        if field.hidden_by is not None and field.hidden_by not in ticks:
            yield f"properties/{field.name}：x-hiddenBy の「{field.hidden_by}」は、はい・いいえの項目ではありません。"
    for condition in form.conditions:
        for name in {*condition.reads, *condition.requires, *condition.binds} - names:
            yield f"allOf：条件にある「{name}」という項目はありません。"
    for rule in form.rules:
        for part_id in {*rule.parts} - parts:
            yield f"x-rules の「{rule.id}」：「{part_id}」という部分はありません。"
        if rule.at not in names:
            yield f"x-rules の「{rule.id}」：at の「{rule.at}」という項目はありません。"
    for part_id in {*form.print.parts} - parts:
        yield f"x-print：「{part_id}」という部分はありません。"


def _form(schema: Mapping[str, Any]) -> Form:
    fields, properties = read_fields(schema)
    complete = {**schema, "properties": properties}
    return Form(
        id=schema["$id"],
        title=schema["title"],
        description=schema.get("description", ""),
        parts=tuple(_part(part, fields, properties) for part in schema["x-parts"]),
        fields=with_headings(fields),
        conditions=read_conditions(schema.get("allOf", ())),
        rules=tuple(_rule(rule) for rule in schema.get("x-rules", ())),
        print=_print(schema.get("x-print", {})),
        schema=complete,
        hash=hashlib.sha256(canonical(complete)).hexdigest(),
        stands_alone=schema.get("x-standsAlone", False),
    )


def _part(part: Mapping[str, Any], fields: Sequence[Field], properties: Mapping[str, Any]) -> Part:
    required = tuple(part.get("required", ()))
    return Part(part["id"], part["title"], part_fields(part["id"], required, fields, properties), required)


def _rule(rule: Mapping[str, Any]) -> Rule:
    return Rule(rule["id"], tuple(rule["parts"]), rule["require"], rule["at"], rule["message"])


def _print(node: Mapping[str, Any]) -> Print:
    return Print(node.get("note", ""), tuple(node.get("signatures", ())), tuple(node.get("parts", ())), tuple(node.get("joins", ())))


def canonical(tree: Any) -> bytes:
    """JSON in one spelling: sorted, without spaces, UTF-8. What is hashed."""
    return json.dumps(tree, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")
