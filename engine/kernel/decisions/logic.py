"""Reads the table or the expression of one decision; every cell must be FEEL that can be evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast, get_args

from lxml import etree

from engine.kernel.decisions.knowledge import Signatures
from engine.kernel.decisions.parts import NAME, SAYS_NOTHING, first, named, refuse_others, refuse_twice
from engine.kernel.decisions.remarks import Remarks
from engine.kernel.decisions.table import Aggregation, Decision, HitPolicy, Input, Output, Rule, cell_place
from engine.kernel.feel import FeelError, parse, parse_unary
from engine.kernel.xml import content, local, words

_TABLE = SAYS_NOTHING | {"input", "output", "rule", "annotation"}
_ROW = SAYS_NOTHING | {"inputEntry", "outputEntry", "annotationEntry"}
_INPUT = SAYS_NOTHING | {"inputExpression", "inputValues"}
_INVOCATION = SAYS_NOTHING | {"literalExpression", "binding"}
_BINDING = SAYS_NOTHING | {"parameter", "literalExpression"}
_OUTPUT = SAYS_NOTHING | {"outputValues", "defaultOutputEntry"}


class Logic:
    """The table or the expression of one decision."""

    def __init__(self, element: etree._Element, signatures: Signatures, remarks: Remarks) -> None:
        self._element, self._signatures, self._remarks = element, signatures, remarks

    def read(self, id: str, name: str, variable: str, requires: tuple[str, ...]) -> Decision:
        line = self._element.sourceline
        if local(self._element) != "decisionTable":
            text = self._invocation() if local(self._element) == "invocation" else self._expression(self._element, "式")
            return Decision(id, name, variable, requires=requires, expression=text, line=line)
        refuse_others(self._element, _TABLE, self._remarks)
        inputs, outputs = tuple(self._inputs()), tuple(self._outputs())
        rules = tuple(self._rules(id, inputs, outputs))
        policy, aggregation = self._policy(outputs)
        return Decision(id, name, variable, policy, aggregation, inputs, outputs, rules, requires, None, line)

    def _invocation(self) -> str:
        """The call that a boxed invocation is: `name(first, second)`."""
        refuse_others(self._element, _INVOCATION, self._remarks)
        name, given = content(_text(first(self._element, "literalExpression"))), dict[str, str]()
        for binding in named(self._element, "binding"):
            refuse_others(binding, _BINDING, self._remarks)
            parameter, said = first(binding, "parameter"), first(binding, "literalExpression")
            word = "" if parameter is None else parameter.get("name", "")
            given[word] = self._expression(binding if said is None else said, f"「{word}」に渡す値")
        if name not in self._signatures:
            self._ask("unknown-knowledge", f"呼び出す知識モデル「{name}」がありません。名前を直してください。")
            return "null"
        wanted = self._signatures[name]
        if given.keys() != {*wanted}:
            self._ask("other-bindings", f"知識モデル「{name}」に渡す値は {'、'.join(wanted)} です(いまは {'、'.join(given) or 'なし'})。")
            return "null"
        return self._readable(f"{name}({', '.join(given[each] for each in wanted)})", "式", self._element)

    def _policy(self, outputs: tuple[Output, ...]) -> tuple[HitPolicy, Aggregation | None]:
        policy, aggregation = self._element.get("hitPolicy", "UNIQUE"), self._element.get("aggregation")
        if policy not in get_args(HitPolicy):
            text = f"ヒットポリシー「{policy}」は使えません。{'、'.join(get_args(HitPolicy))} のどれかにしてください。"
            self._refuse("unknown-hit-policy", text)
        if aggregation is not None and (policy != "COLLECT" or aggregation not in get_args(Aggregation)):
            text = f"集計「{aggregation}」は使えません。COLLECT のときの {'、'.join(get_args(Aggregation))} だけです。"
            self._refuse("unknown-aggregation", text)
        if aggregation is not None and len(outputs) != 1:
            text = "集計できる結果の列は1つだけです。列を1つにするか、集計をやめてください。"
            self._ask("aggregation-of-several", text)
        if policy in ("PRIORITY", "OUTPUT ORDER") and not any(result.values for result in outputs):
            text = f"「{policy}」では、結果の列に候補の値(outputValues)を大事な順に書いてください。"
            self._ask("priority-without-values", text)
        return cast(HitPolicy, policy), cast("Aggregation | None", aggregation)

    def _inputs(self) -> Iterator[Input]:
        for number, element in enumerate(named(self._element, "input"), 1):
            refuse_others(element, _INPUT, self._remarks)
            said = first(element, "inputExpression")
            read = content(said)
            label = words(element.get("label")) or (read if 0 < len(read) <= 40 else f"{number}列目")
            if any(etree.QName(str(name)).localname == "inputVariable" for name in element.attrib):
                text = f"条件の列「{label}」の inputVariable は使えません。マスでは「?」と書いてください。"
                self._refuse("input-variable", text, element)
            expression = self._expression(element if said is None else said, f"条件の列「{label}」")
            values = first(element, "inputValues")
            offered = self._tests(values, label) if values is not None and content(values) else None
            yield Input(label, expression, element.sourceline, offered)

    def _outputs(self) -> Iterator[Output]:
        elements = list(named(self._element, "output"))
        if not elements:
            self._ask("no-output", "結果の列がありません。1つ足してください。")
        twice = "同じ名前「{}」の結果の列が2つあります。名前を変えてください。"
        refuse_twice(elements, "name", "output-twice", twice, self._remarks)
        for number, element in enumerate(elements, 1):
            refuse_others(element, _OUTPUT, self._remarks)
            name = element.get("name", "").strip()
            label = words(element.get("label")) or name or f"{number}列目"
            if not NAME.fullmatch(name):
                text = f"結果の列「{label}」に、式で使う名前(空白や記号のない1語。例: route)を付けてください。"
                self._ask("output-without-name", text, element)
            values, default = first(element, "outputValues"), first(element, "defaultOutputEntry")
            offered = self._values(values, label) if values is not None and content(values) else None
            otherwise = self._expression(default, f"結果の列「{label}」の既定の値") if default is not None else None
            yield Output(name, label, offered, otherwise, element.sourceline)

    def _rules(self, id: str, inputs: tuple[Input, ...], outputs: tuple[Output, ...]) -> Iterator[Rule]:
        elements = list(named(self._element, "rule"))
        if not elements:
            self._ask("no-rule", "行がありません。1行足してください。")
        for number, element in enumerate(elements, 1):
            refuse_others(element, _ROW, self._remarks)
            cells, results = list(named(element, "inputEntry")), list(named(element, "outputEntry"))
            if len(cells) != len(inputs) or len(results) != len(outputs):
                text = f"{number}行目のマスの数が列の数と合いません。モデラーで開いて保存し直してください。"
                self._refuse("row-of-other-length", text, element)
                continue
            tests = tuple(self._cell(each, number, column) for each, column in zip(cells, inputs, strict=True))
            texts = tuple(
                self._expression(each, cell_place(number, result.label))
                for each, result in zip(results, outputs, strict=True)
            )
            yield Rule(element.get("id") or f"{id}#{number}", tests, texts, element.sourceline, _note(element))

    def _cell(self, element: etree._Element, number: int, column: Input) -> str:
        text, place = content(first(element, "text")), cell_place(number, column.label)
        try:
            about = parse_unary(text).about(column.expression)
        except FeelError as error:
            self._ask("bad-cell", f"{place}{_quoted(text)}を読めません。{error.message}", element)
            return "-"
        return "-" if about is None or self._readable(about, place, element) != about else text

    def _tests(self, element: etree._Element, label: str) -> str | None:
        text = content(first(element, "text"))
        try:
            return parse_unary(text).text
        except FeelError as error:
            self._ask("bad-cell", f"条件の列「{label}」の候補の値{_quoted(text)}を読めません。{error.message}", element)
            return None

    def _values(self, element: etree._Element, label: str) -> str | None:
        text = content(first(element, "text"))
        return text if self._readable(f"[{text}]", f"結果の列「{label}」の候補の値", element) != "null" else None

    def _expression(self, element: etree._Element, place: str) -> str:
        """The FEEL text inside of an element; asked for, and null for now, when there is none."""
        text = content(first(element, "text"))
        if not text:
            self._ask("empty-expression", f"{place}が空です。値を書いてください(値がないときは null)。", element)
            return "null"
        return self._readable(text.removeprefix("=").strip(), place, element)

    def _readable(self, text: str, place: str, element: etree._Element) -> str:
        """The text; asked for, and null for now, when it is no FEEL."""
        try:
            return parse(text).text
        except FeelError as error:
            self._ask("bad-expression", f"{place}{_quoted(text)}を読めません。{error.message}", element)
            return "null"

    def _ask(self, rule: str, message: str, element: etree._Element | None = None) -> None:
        self._remarks.ask(rule, self._element if element is None else element, message)

    def _refuse(self, rule: str, message: str, element: etree._Element | None = None) -> None:
        self._remarks.refuse(rule, self._element if element is None else element, message)


def _text(element: etree._Element | None) -> etree._Element | None:
    return None if element is None else first(element, "text")


def _quoted(text: str) -> str:
    """A text in a message; the beginning says which one is meant."""
    return f"「{text}」" if len(text) <= 60 else f"「{text[:60]}…」"


def _note(rule: etree._Element) -> str:
    """What the author wrote beside a row: its annotations, or what dmn-js keeps as its description."""
    annotations = [words(content(first(each, "text"))) for each in named(rule, "annotationEntry")]
    return "、".join(filter(None, annotations)) or words(content(first(rule, "description")))
