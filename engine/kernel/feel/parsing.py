"""Turns the text of an expression or table cell into a tree of light nodes. It must not evaluate anything.

Bounded: 2,000 characters and 60 levels; neither the parser nor the walk over the tree calls itself.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import cast

from lark import Lark, Token, Transformer_NonRecursive, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedToken, VisitError
from lark.tree import Meta

from engine.kernel.feel.builtins import BUILT_IN, at_literal
from engine.kernel.feel.nodes import FeelError, Node
from engine.kernel.feel.remedies import unexpected
from engine.kernel.feel.values import Budget, Inner, tidy

TEXT_LIMIT = 2_000  # characters
DEPTH_LIMIT = 60  # nodes within each other
VARIABLES_LIMIT = 5  # of one loop

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{6})|(.))")


class _Misread(Exception):
    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at, self.message = at, message


def read(text: str, start: str) -> tuple[Node, str, int]:
    """The tree, the text without what other products put around it, and how far that is moved. Raises FeelError."""
    if len(text) > TEXT_LIMIT:
        raise FeelError(text, TEXT_LIMIT, f"式が長すぎます({TEXT_LIMIT}文字まで)。短く分けてください。")
    body, offset = _unwrapped(text) if start == "expression" else (text, 0)
    try:
        if not body.strip():
            raise _Misread(0, "式がありません。")
        node = _tree(body, start)
        _measure(node)
    except _Misread as fault:
        raise FeelError(text, fault.at + offset, fault.message) from None
    return node, body, offset


def _unwrapped(text: str) -> tuple[str, int]:
    begin = len(text) - len(text.lstrip())
    if text.startswith("${", begin) and text.rstrip().endswith("}"):
        return text[begin + 2 : len(text.rstrip()) - 1], begin + 2
    if text.startswith("=", begin) and not text.startswith("==", begin):
        return text[begin + 1 :], begin + 1
    return text, 0


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    starts = ["expression", "unary"]
    return Lark(grammar, parser="lalr", start=starts, propagate_positions=True, maybe_placeholders=False)


def _tree(text: str, start: str) -> Node:
    try:
        return _Build().transform(_parser().parse(text, start=start))
    except UnexpectedToken as error:
        at = len(text) if error.token.type == "$END" else error.token.start_pos or 0
        raise _Misread(*unexpected(text, at, error.accepts or error.expected)) from None
    except UnexpectedCharacters as error:
        at = error.pos_in_stream or 0
        raise _Misread(*unexpected(text, at, error.allowed or ())) from None
    except VisitError as error:
        raise error.orig_exc from None


def _measure(node: Node) -> None:
    level = [node]
    for _ in range(DEPTH_LIMIT):
        level = [part for each in level for part in each.parts]
        if not level:
            return
    raise _Misread(level[0].at, f"式の入れ子が深すぎます({DEPTH_LIMIT}段まで)。短く分けてください。")


@v_args(meta=True)
class _Build(Transformer_NonRecursive[Token, Node]):
    """Nodes from the parser's tree. A method is a rule of the grammar; every other rule is a node of its name."""

    def __default__(self, data: str, children: list[Node], meta: Meta) -> Node:
        return _node(str(data), meta, children)

    def either_both(self, meta: Meta, children: list[Node]) -> Node:
        first, second, third = children
        return self.either(meta, [first, Node("both", second.at, third.end, (second, third))])

    def either(self, meta: Meta, children: list[Node]) -> Node:
        return _chained("either", meta, children)

    def both(self, meta: Meta, children: list[Node]) -> Node:
        return _chained("both", meta, children)

    def called_opposite(self, meta: Meta, children: list[Token | Node]) -> Node:
        return _node("opposite", meta, [cast(Node, children[1])], word="()")

    def compared(self, meta: Meta, children: list[Token | Node]) -> Node:
        left, operator, right = children
        return _node("compared", meta, [cast(Node, left), cast(Node, right)], word=_operator(operator))

    def limit(self, meta: Meta, children: list[Token | Node]) -> Node:
        return _node("limit", meta, [cast(Node, children[1])], word=_operator(children[0]))

    def from_included(self, meta: Meta, children: list[Node]) -> Node:
        return _node("interval", meta, children[:2], word=f"[{children[2].word}")

    def from_excluded(self, meta: Meta, children: list[Node]) -> Node:
        return _node("interval", meta, children[:2], word=f"({children[2].word}")

    def included(self, meta: Meta, children: list[Token]) -> Node:
        return _node("end", meta, [], word="]")

    def excluded(self, meta: Meta, children: list[Token]) -> Node:
        return _node("end", meta, [], word=")")

    def between(self, meta: Meta, children: list[Node]) -> Node:
        value, low, high = children
        return _node("within", meta, [value, Node("interval", low.at, high.end, (low, high), "[]")])

    def within(self, meta: Meta, children: list[Node]) -> Node:
        value, tests = children
        return _node("within", meta, [value, *(tests.parts if tests.kind == "among" else [tests])])

    def within_value(self, meta: Meta, children: list[Node]) -> Node:
        value, among = children
        return _node("within", meta, [value, Node("member", among.at, among.end, (among,))])

    def path(self, meta: Meta, children: list[Token | Node]) -> Node:
        return _node("path", meta, [cast(Node, children[0])], word=str(children[1]))

    def name(self, meta: Meta, children: list[Token]) -> Node:
        return _node("name", meta, [], word=str(children[0]))

    def words(self, meta: Meta, children: list[Token]) -> Node:
        return _node("words", meta, [], word=" ".join(children))

    def call(self, meta: Meta, children: list[Token | Node]) -> Node:
        said, *arguments = children
        name = said.word if isinstance(said, Node) else " ".join(said.split())
        node = _in_order(_node("call", meta, cast("list[Node]", arguments), word=name))
        _check_call(node)
        return node

    def named(self, meta: Meta, children: list[Node]) -> Node:
        return _node("named", meta, [children[1]], word=children[0].word)

    def round(self, meta: Meta, children: list[Token | Node]) -> Node:
        return _node("round", meta, [cast(Node, children[1])], word=str(children[0]))

    def each(self, meta: Meta, children: list[Node]) -> Node:
        return _loop("each", meta, children)

    def some(self, meta: Meta, children: list[Node]) -> Node:
        return _loop("some", meta, children)

    def every(self, meta: Meta, children: list[Node]) -> Node:
        return _loop("every", meta, children)

    def entry(self, meta: Meta, children: list[Token | Node]) -> Node:
        key = cast(Token, children[0])
        word = _unquoted(key) if key.type == "STRING" else str(key)
        return _node("entry", meta, [cast(Node, children[1])], word)

    def context(self, meta: Meta, children: list[Node]) -> Node:
        keys = tuple(entry.word for entry in children)
        for entry in children:
            if keys.count(entry.word) > 1:
                raise _Misread(entry.at, f"項目「{entry.word}」が2回書かれています。")
        return replace(_node("context", meta, [entry.parts[0] for entry in children]), names=keys)

    def number(self, meta: Meta, children: list[Token]) -> Node:
        digits = str(children[0])
        if len(digits.replace(".", "").lstrip("0")) > 34:
            raise _Misread(meta.start_pos, "数が長すぎます(34桁まで)。")
        return _literal(meta, tidy(Decimal(digits)))

    def text(self, meta: Meta, children: list[Token]) -> Node:
        return _literal(meta, _unquoted(children[0]))

    def at(self, meta: Meta, children: list[Token]) -> Node:
        value = at_literal(_unquoted(children[0]))
        if value is None:
            raise _Misread(meta.start_pos, "日付や期間として読めません。@\"2026-04-01\" や @\"P3D\" のように書きます。")
        return _literal(meta, value)

    def true(self, meta: Meta, children: list[Token]) -> Node:
        return _literal(meta, True)

    def false(self, meta: Meta, children: list[Token]) -> Node:
        return _literal(meta, False)

    def null(self, meta: Meta, children: list[Token]) -> Node:
        return _literal(meta, None)

    def tests(self, meta: Meta, children: list[Node]) -> Node:
        for test in children:
            if test.kind == "member" and test.parts[0].kind == "opposite" and test.parts[0].word:
                if len(children) > 1:
                    raise _Misread(test.at, "not(…) は、ほかの値と並べて書けません。not(…) の中にまとめてください。")
                inner = test.parts[0].parts[0]
                return _node("no_tests", meta, [Node("member", inner.at, inner.end, (inner,))])
        return _node("tests", meta, children)

    def no_tests(self, meta: Meta, children: list[Token | Node]) -> Node:
        return _node("no_tests", meta, cast("list[Node]", children[1:]))


def _node(kind: str, meta: Meta, parts: list[Node], word: str = "") -> Node:
    return Node(kind, meta.start_pos, meta.end_pos, tuple(parts), word)


def _literal(meta: Meta, value: Inner) -> Node:
    return Node("literal", meta.start_pos, meta.end_pos, value=value)


def _chained(kind: str, meta: Meta, children: list[Node]) -> Node:
    """One node for `a or b or c`, however many there are."""
    first, last = children
    return _node(kind, meta, [*(first.parts if first.kind == kind else [first]), last])


def _loop(kind: str, meta: Meta, children: list[Node]) -> Node:
    rounds, body = children
    if len(rounds.parts) > VARIABLES_LIMIT:
        raise _Misread(rounds.at, f"1つの繰り返しに書ける変数は{VARIABLES_LIMIT}つまでです。式を分けてください。")
    node = _node(kind, meta, [*(each.parts[0] for each in rounds.parts), body])
    return replace(node, names=tuple(each.word for each in rounds.parts))


def _operator(token: Token | Node) -> str:
    return "=" if token == "==" else str(token)


def _unquoted(token: Token) -> str:
    """The characters that a text literal stands for; pairs of surrogates become one character."""
    start = (token.start_pos or 0) + 1

    def character(found: re.Match[str]) -> str:
        if found[3] is not None and found[3] not in _ESCAPES:
            raise _Misread(start + found.start(), f"「\\{found[3]}」は使えません。「\\」そのものは「\\\\」と書きます。")
        code = int(found[1] or found[2] or "0", 16)
        if code > 0x10FFFF:
            raise _Misread(start + found.start(), "その番号の文字はありません。")
        return _ESCAPES[found[3]] if found[3] is not None else chr(code)

    text = _ESCAPE.sub(character, token[1:-1])
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise _Misread(start, "対になっていないサロゲートの番号があります。") from None


def _in_order(call: Node) -> Node:
    """A call whose values are named, with the values in their places. Source: DMN 1.3, 10.3.2.13.4."""
    named = [part for part in call.parts if part.kind == "named"]
    if not named:
        return call
    ways = BUILT_IN[call.word].parameters if call.word in BUILT_IN else ()
    if not ways:
        raise _Misread(named[0].at, f"{call.word}(…) に渡す値には名前を付けられません。値だけを順に並べてください。")
    if len(named) < len(call.parts):
        raise _Misread(named[0].at, "名前を付けた値と付けない値は、いっしょに渡せません。すべてに付けるか、どれにも付けないでください。")
    given = {part.word: part.parts[0] for part in named}
    way = max(ways, key=lambda names: len(given.keys() & {*names}))
    for number, part in enumerate(named):
        if part.word not in way:
            raise _Misread(part.at, f"{call.word}(…) に「{part.word}」という値はありません。名前は {_spoken(ways)} です。")
        if part.word in [each.word for each in named[:number]]:
            raise _Misread(part.at, f"「{part.word}」が2回書かれています。")
    needed = way if len(ways) > 1 else way[: BUILT_IN[call.word].fewest]
    for name in needed:
        if name not in given:
            raise _Misread(call.at, f"{call.word}(…) の「{name}」がありません。名前は {_spoken(ways)} です。")
    return replace(call, parts=tuple(given[name] for name in way if name in given))


def _spoken(ways: tuple[tuple[str, ...], ...]) -> str:
    return "、または ".join(", ".join(names) for names in ways)


def _check_call(node: Node) -> None:
    """Built-in functions are checked when they are read: how many arguments, and whether a literal day exists."""
    built_in = BUILT_IN.get(node.word)
    if built_in is None:
        return
    if not built_in.fewest <= len(node.parts) <= (built_in.most or len(node.parts)):
        raise _Misread(node.at, f"{node.word}(…) に渡す値の数がちがいます。{built_in.spelling} と書きます。")
    if built_in.remedy and all(part.kind == "literal" for part in node.parts):
        if built_in.apply([part.value for part in node.parts], Budget()) is None:
            raise _Misread(node.at, built_in.remedy)
