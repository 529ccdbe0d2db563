"""Reads what a business knowledge model is called with: its name and the names of its values. It must not read what it says.

Source: DMN 1.3, 6.3.9 and 10.2.1.3 (encapsulated logic), 10.2.1.5 (invocation).
"""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from engine.kernel.decisions.parts import NAME, SAYS_NOTHING, first, named, refuse_others, refuse_twice
from engine.kernel.decisions.remarks import Remarks
from engine.kernel.decisions.table import Decision
from engine.kernel.feel import FeelError, parse
from engine.kernel.xml import local, words

CHAIN_LIMIT = 4  # models that call each other; each may need a deep evaluation
Signatures = Mapping[str, tuple[str, ...]]  # name -> names of its values, in order

_MODEL = SAYS_NOTHING | {"variable", "encapsulatedLogic", "knowledgeRequirement", "authorityRequirement"}
_LOGIC = SAYS_NOTHING | {"formalParameter", "decisionTable", "literalExpression", "invocation"}


def called(element: etree._Element) -> str:
    """How an element is called in expressions: by its variable, else by its name."""
    return next((words(each.get("name")) for each in named(element, "variable")), "") or words(element.get("name")) or element.get("id", "").strip()


def signature(element: etree._Element, remarks: Remarks) -> tuple[str, ...]:
    """The names of the values that a model takes; asked for where there are none, or where they are no names."""
    refuse_others(element, _MODEL, remarks)
    name, logic = called(element), first(element, "encapsulatedLogic")
    if not _is_function(name):
        text = f"知識モデルの名前「{name}」は式で使えません。空白や記号のない1語で、FEEL の関数とちがう名前にしてください。"
        remarks.ask("knowledge-name", element, text)
    if logic is None:
        return ()
    refuse_others(logic, _LOGIC, remarks)
    if logic.get("kind", "FEEL") != "FEEL":
        remarks.refuse("knowledge-kind", logic, f"知識モデル「{name}」の種類「{logic.get('kind')}」は使えません。FEEL の式か決定表にしてください。")
    parameters = list(named(logic, "formalParameter"))
    if not parameters:
        remarks.ask("knowledge-without-parameter", logic, f"知識モデル「{name}」に渡す値がありません。値の名前(formalParameter)を書いてください。")
    refuse_twice(parameters, "name", "parameter-twice", "同じ名前「{}」の値が2つあります。名前を変えてください。", remarks)
    for each in parameters:
        if not _is_name(each.get("name", "")):
            text = f"値の名前「{each.get('name', '')}」は式で使えません。空白や記号のない1語にしてください。"
            remarks.ask("parameter-name", each, text)
    return tuple(each.get("name", "") for each in parameters)


def logic_of(element: etree._Element) -> etree._Element:
    """The element that holds the table or the expression."""
    inside = first(element, "encapsulatedLogic")
    return element if inside is None else inside


def check_knowledge(found: Mapping[str, Decision], elements: Mapping[str, etree._Element], remarks: Remarks) -> None:
    """Every model that is called is there and connected, and none comes back to itself."""
    models = {id: decision for id, decision in found.items() if decision.parameters}
    for id, decision in found.items():
        for href in decision.knows:
            if href not in models and href in elements and local(elements[href]) == "businessKnowledgeModel":
                continue  # something else is wrong with it, and was said
            if href not in models:
                remarks.ask("unknown-knowledge", elements[id], f"必要とする知識モデル「{href}」がありません。線をつなぎ直してください。")
        connected = {models[each].variable for each in decision.knows if each in models}
        for name in sorted({call.name for text in decision.expressions for call in parse(text).calls} - connected):
            if any(name == model.variable for model in models.values()):
                text = f"「{decision.name}」は知識モデル「{name}」を使っています。「{name}」から「{decision.name}」へ線をつないでください。"
                remarks.ask("knowledge-not-connected", elements[id], text)
        length = _chain(models, decision.knows, frozenset({id}))
        if length is None:
            remarks.refuse("knowledge-cycle", elements[id], f"「{decision.name}」が、知識モデルを通って自分にもどります。線を1本消してください。")
        elif length > CHAIN_LIMIT:
            text = f"「{decision.name}」から、知識モデルが{CHAIN_LIMIT}段より深くつながっています。まとめて浅くしてください。"
            remarks.refuse("knowledge-too-deep", elements[id], text)


def _chain(models: Mapping[str, Decision], knows: tuple[str, ...], before: frozenset[str]) -> int | None:
    """How many models are called within each other at most, counted up to one more than allowed; None when one comes back to where it began."""
    level, length = {each for each in knows if each in models}, 0
    while level and length <= len(models):
        if level & before:
            return None
        level, length = {each for id in level for each in models[id].knows if each in models}, length + 1
    return length


def _is_function(name: str) -> bool:
    try:
        return NAME.fullmatch(name) is not None and [call.name for call in parse(f"{name}(1)").calls] == [name]
    except FeelError:
        return False


def _is_name(name: str) -> bool:
    try:
        return NAME.fullmatch(name) is not None and parse(name).paths == {(name,)}
    except FeelError:
        return False
