"""Where expressions stand in a model, and what each of them may name; it must not evaluate anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from engine.kernel.decisions import Decision
from engine.kernel.feel import ANSWERS_OF, NOBODY, Expression, FeelError, NoCondition, Path, parse
from engine.kernel.model import FieldKind, Flow, Node, Process, Spot, Vocabulary, keys_of
from engine.kernel.remarks import Remarks, near

ANYTHING = FieldKind("anything")  # a value of which nothing is known
KERNEL_NAMES: Mapping[str, FieldKind] = {"initiator": ANYTHING, "today": FieldKind("date")}
KERNEL_FUNCTIONS: Mapping[str, tuple[int, int]] = {"answers": (1, 1), "workdays": (1, 2), "months": (1, 2)}

_DATES = frozenset({"date", "datetime"})
_LISTS = frozenset({"codes", "list", "persons"})
_SINGLE = _DATES | {"text", "longtext", "bool", "number", "code", "org", "user", "person", "file", "meeting"}
_OF_DATES = frozenset({"year", "month", "day", "weekday", "hour", "minute", "second"})

_VALUE_KINDS = {
    **dict.fromkeys(("text", "longtext", "code", "org", "user", "person"), "text"), "bool": "boolean", "number": "number",
    "date": "day", "datetime": "moment", **dict.fromkeys(_LISTS, "list"), **dict.fromkeys(("form", "row", "result", "payload"), "context"),
}  # fmt: skip
SPOKEN = {
    "number": "数", "text": "文字", "boolean": "はい・いいえ", "day": "日", "moment": "日時", "time": "時刻", "period": "期間", "months": "月数の期間",
    "list": "一覧",
}  # fmt: skip

_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_COMPARED = re.compile(r"""(?<![\w.])([^\W\d]\w*(?:\s*\.\s*\w+)*)\s*\)?\s*(?:!?==?|\bin\s*\(?)\s*("_*")""")


@dataclass(frozen=True, slots=True)
class Site:
    """One expression of a model."""

    where: str  # Japanese: which setting of the element it is
    text: str  # FEEL, without "="
    place: Node | Flow | Process | Decision | Spot
    in_loop: bool = True  # whether it sees the item of its own node's repetition


def sites(node: Node) -> Iterator[Site]:
    """The expressions of a node and of the flows that leave it, those of its body left out."""
    if node.loop is not None:
        yield Site("くり返す一覧", node.loop.collection, node, in_loop=False)
        if node.loop.until is not None:
            yield Site("くり返しをやめる条件", node.loop.until, node)
    marked = {
        "担当グループ": node.groups, "担当者": node.assignee, "優先度": node.priority,
        "期限": node.due, "始める日(followUpDate)": node.follow_up,
        "タイマー": node.event.expression if node.event else None,
        "押せる人(manualStart)": node.properties.get("manualStart"),
    }  # fmt: skip
    for where, text in marked.items():
        if text is not None and text.startswith("="):
            yield Site(where, text[1:], node)
    if node.event is not None and node.event.condition is not None:
        yield Site("待つ条件", node.event.condition, node)
    for name, text in node.event.payload if node.event else ():
        yield Site(f"メッセージに添える「{name}」", text, node)
    for name, text in keys_of(node).items():
        if text.startswith("="):
            yield Site(f"受け取る条件(key.{name})", text[1:], node)
    for name, text in node.inputs:
        yield Site(f"渡す値「{name}」", text, node)
    for flow in node.outgoing:
        if flow.condition is not None:
            yield Site("条件", flow.condition, flow, in_loop=False)


@dataclass(frozen=True, slots=True)
class Names:
    """What an expression may name at one place, and of what kind it is."""

    vocabulary: Vocabulary
    own: Mapping[str, FieldKind] = field(default_factory=dict)  # results, call inputs, payloads, loop items
    whole_forms: bool = False  # whether an answer may be named as a whole

    def bound(self, name: str, kind: FieldKind) -> Names:
        """These names and one more."""
        return Names(self.vocabulary, {**self.own, name: kind}, self.whole_forms)

    def root(self, name: str) -> FieldKind | None:
        if name in self.own:
            return self.own[name]
        if name.endswith("()"):
            return self.vocabulary.results.get(name[:-2])
        if name in self.vocabulary.forms:
            return FieldKind("form", fields=self.vocabulary.forms[name])
        if name == "settings":
            return FieldKind("settings", fields=dict.fromkeys(self.vocabulary.settings, ANYTHING))
        return KERNEL_NAMES.get(name) or (ANYTHING if name in self.vocabulary.names else None)

    def kind(self, path: Path) -> FieldKind | None:
        """What a path holds; None when there is no such path."""
        kind = self.root(path[0])
        for name in path[1:]:
            kind = None if kind is None else _under(kind, name)
        return kind

    def value_kind(self, path: Path) -> str | None:
        """The kind, as FEEL has it, of what a path holds; None when that is not known."""
        kind = self.kind(path)
        return None if kind is None else _VALUE_KINDS.get(kind.kind)

    def known(self) -> list[str]:
        return sorted({*self.own, *self.vocabulary.forms, *self.vocabulary.names, *KERNEL_NAMES, "settings"})


def check_expression(site: Site, names: Names, remarks: Remarks) -> Expression | None:
    """Parse an expression and look up all that it names."""
    try:
        expression = parse(site.text)
    except FeelError as error:
        remarks.say("bad-expression", site.place, where=site.where, text=site.text, why=error.message)
        return None
    found = expression.reads(lambda path: names.kind(path) is not None)
    listed = _check_calls(expression, site, names, remarks)
    for path in sorted(found.paths):
        if len(path) == 1 and path[0] in names.vocabulary.forms and path[0] not in names.own:
            if path[0] not in listed and not names.whole_forms:
                hint = near("", names.vocabulary.forms[path[0]])
                remarks.say("whole-form", site.place, where=site.where, form=path[0], near=hint)
        elif names.kind(path) is None:
            _say_unknown(path, site, names, remarks)
    for name, *fields in sorted(found.results):
        _check_result(name, fields, site, names, remarks)
    for misfit in expression.misfits(names.value_kind):
        if isinstance(misfit, NoCondition):
            remarks.say("yes-no-wanted", site.place, where=site.where, text=misfit.text)
        else:
            left, right = (SPOKEN[kind] for kind in (misfit.left_kind, misfit.right_kind))
            remarks.say("unlike-kinds", site.place, where=site.where, left=misfit.left, left_kind=left, right=misfit.right, right_kind=right)
    for name, value in compared_lists(site.text, names):
        remarks.say("list-compared", site.place, where=site.where, path=name, value=value)
    for path, code in found.literals_compared:
        kind = names.kind(path)
        if kind is not None and kind.codes is not None and code not in kind.codes:
            path_text, hint = ".".join(path), near(code, kind.codes)
            remarks.say("unknown-code", site.place, where=site.where, path=path_text, code=code, near=hint)
    return expression


def compared_lists(text: str, names: Names) -> Iterator[tuple[str, str]]:
    """(path, text) where an expression compares a whole list with one text, which is never true."""
    masked = _TEXT.sub(lambda match: '"' + "_" * (len(match[0]) - 2) + '"', text)
    for match in _COMPARED.finditer(masked):
        path = tuple(part.strip() for part in match[1].split("."))
        kinds = [names.kind(path[:length]) for length in range(1, len(path) + 1)]
        if kinds[-1] is not None and any(kind is not None and kind.kind in _LISTS for kind in kinds):
            yield match[1], text[match.start(2) : match.end(2)]


def direct(text: str, names: Names) -> FieldKind | None:
    """The kind of what an expression names, when it is nothing but a path."""
    path = tuple(part.strip() for part in text.split("."))
    return names.kind(path) if all(part.isidentifier() for part in path) else None


def is_no_condition(kind: FieldKind | None) -> bool:
    """Whether a value of this kind can never be true."""
    return kind is not None and kind.kind in (_SINGLE | _LISTS) - {"bool"}


def is_no_date(kind: FieldKind | None) -> bool:
    """Whether a value of this kind can never be a day or a period."""
    return kind is not None and kind.kind in (_SINGLE | _LISTS) - _DATES


def item_kind(collection: str, names: Names) -> FieldKind | None:
    """What one item of a collection is; None when the collection can never be a list."""
    probe = "probe"
    try:
        traced = parse(f"for each in {collection} return each.{probe}").reads(lambda path: names.kind(path) is not None)
    except FeelError:
        return ANYTHING
    kinds = [names.kind(path[:-1]) for path in traced.paths if path[-1] == probe]
    if any(kind is not None and kind.kind in _SINGLE for kind in kinds):
        return None
    if len(kinds) != 1 or kinds[0] is None or traced.results:
        return ANYTHING
    (kind,) = kinds
    if kind is None or kind.kind == "anything":
        return ANYTHING
    if kind.kind == "codes":
        return FieldKind("code", kind.codes)
    return FieldKind("row", fields=kind.fields) if kind.fields is not None else ANYTHING


def literal(text: str) -> str | None:
    """The text that an expression is, when it is nothing but a text in quotation marks."""
    inside = text.strip()[1:-1]
    return inside if text.strip() == f'"{inside}"' and '"' not in inside and "\\" not in inside else None


def literals(texts: list[str]) -> FieldKind:
    """The kind of a value that is always given as one of these expressions."""
    known = [literal(text) for text in texts if text != "null"]
    codes = frozenset(each for each in known if each is not None)
    if known and None not in known:
        return FieldKind("code", codes)
    kinds = {_written_kind(text) for text in texts if text != "null"}
    return FieldKind(kinds.pop() or "anything") if len(kinds) == 1 else ANYTHING


def _written_kind(text: str) -> str | None:
    """The kind of a number, or of a yes or no, that is written out."""
    try:
        value = parse(text).evaluate(NOBODY)
    except FeelError:
        return None
    return "bool" if isinstance(value, bool) else "number" if isinstance(value, int | Decimal) else None


def _under(kind: FieldKind, name: str) -> FieldKind | None:
    if kind.kind in _DATES and name in _OF_DATES:
        return FieldKind("number")
    if kind.fields is not None:
        return kind.fields.get(name)
    return None if kind.kind in _SINGLE | _LISTS else ANYTHING


def _say_unknown(path: Path, site: Site, names: Names, remarks: Remarks) -> None:
    for length in range(1, len(path) + 1):
        if names.kind(path[:length]) is not None:
            continue
        name, before = path[length - 1], ".".join(path[: length - 1])
        if length == 1:
            hint = near(name, names.known())
            remarks.say("unknown-name", site.place, where=site.where, name=name, near=hint)
        elif before == "settings":
            hint = near(name, names.vocabulary.settings)
            remarks.say("unknown-setting", site.place, where=site.where, name=name, near=hint)
        else:
            kind = names.kind(path[: length - 1])
            hint = near(name, kind.fields if kind is not None and kind.fields is not None else ())
            remarks.say("unknown-field", site.place, where=site.where, path=before, field=name, near=hint)
        return


def _check_result(name: str, fields: list[str], site: Site, names: Names, remarks: Remarks) -> None:
    """What is read of the result of a function is there, as far as the result is known."""
    kind = names.root(f"{name}()")
    for number, each in enumerate(fields):
        before, kind = kind, None if kind is None else _under(kind, each)
        if before is not None and kind is None:
            said = f'{name}("{fields[0]}")' if name in ANSWERS_OF and number else f"{name}()"
            hint = near(each, before.fields or ())
            remarks.say("unknown-field", site.place, where=site.where, path=".".join([said, *fields[name in ANSWERS_OF : number]]), field=each, near=hint)


def _check_calls(expression: Expression, site: Site, names: Names, remarks: Remarks) -> set[str]:
    """The forms that `answers` asks for."""
    offered, listed = {**names.vocabulary.functions, **KERNEL_FUNCTIONS}, set[str]()
    for call in expression.calls:
        fewest, most = offered.get(call.name, (0, -1))
        if most < 0:
            hint = near(call.name, offered)
            remarks.say("unknown-function", site.place, where=site.where, name=call.name, near=hint)
        elif not fewest <= len(call.arguments) <= most:
            right, count = str(fewest) if fewest == most else f"{fewest}〜{most}", len(call.arguments)
            remarks.say("wrong-arguments", site.place, where=site.where, name=call.name, right=right, count=count)
        elif call.name == "answers":
            form = literal(call.arguments[0].text)
            if form in names.vocabulary.forms:
                listed.add(str(form))
            else:
                hint = near(form or "", names.vocabulary.forms)
                remarks.say("unknown-answers", site.place, where=site.where, near=hint)
    return listed
