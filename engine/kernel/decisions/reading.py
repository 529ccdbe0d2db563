"""Turns a DMN file into decisions, with everything that is wrong in it; whatever cannot be decided right is refused.

Source: DMN 1.3, chapters 6 to 8. Knowledge sources and `typeRef` (values of FEEL know their kind) say nothing about the
result and are left alone; descriptions and annotations of rows are kept as their notes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from lxml import etree

from engine.kernel.decisions.knowledge import Signatures, called, check_knowledge, logic_of, signature
from engine.kernel.decisions.logic import Logic
from engine.kernel.decisions.parts import DMN, NAME, NEWER, SAYS_NOTHING, as_known, named, refuse_others, refuse_twice
from engine.kernel.decisions.remarks import Remarks
from engine.kernel.decisions.table import Decision
from engine.kernel.model import Problem
from engine.kernel.xml import Unreadable, load, words

DECISIONS_LIMIT = 100  # in one file
_DEFINITIONS = SAYS_NOTHING | {
    "decision", "businessKnowledgeModel", "inputData", "knowledgeSource", "textAnnotation", "association", "group", "performanceIndicator",
    "organizationUnit", "elementCollection",
}  # fmt: skip
_DECISION = SAYS_NOTHING | {
    "question", "allowedAnswers", "variable", "informationRequirement", "knowledgeRequirement", "authorityRequirement",
    "decisionTable", "literalExpression", "invocation", "supportedObjective", "impactedPerformanceIndicator", "decisionMaker", "decisionOwner",
    "usingProcess", "usingTask",
}  # fmt: skip


def read_decisions(file: str, data: bytes) -> tuple[dict[str, Decision], tuple[Problem, ...]]:
    """The decisions of a file of DMN 1.3, 1.4 or 1.5 by id, and every problem found; those to be asked or refused forbid its use."""
    try:
        definitions = as_known(load(file, data, "definitions", (DMN, *NEWER)))
    except Unreadable as unreadable:
        return {}, (unreadable.problem,)
    remarks = Remarks(file)
    refuse_others(definitions, _DEFINITIONS, remarks)
    _refuse_languages(definitions, remarks)
    models = list(named(definitions, "businessKnowledgeModel"))
    elements = [*named(definitions, "decision"), *models]
    if len(elements) == len(models):
        remarks.ask("no-decision", definitions, "決定がありません。決定表を1つ描いてください。")
    if len(elements) > DECISIONS_LIMIT:
        text = f"決定が多すぎます(1つのファイルに{DECISIONS_LIMIT}まで)。ファイルを分けてください。"
        remarks.refuse("too-many-decisions", definitions, text)
        return {}, tuple(remarks.problems)
    refuse_twice(elements, "id", "decision-twice", "同じ id の決定「{}」が2つあります。id を変えてください。", remarks)
    twice = {name for name, number in Counter(map(called, models)).items() if number > 1}
    for each in models:
        if called(each) in twice:
            remarks.ask("knowledge-twice", each, f"同じ名前「{called(each)}」の知識モデルが2つあります。名前を変えてください。")
    parameters = {each: signature(each, remarks) for each in models}
    signatures = {called(each): parameters[each] for each in models}
    decisions = [decision for element in elements if (decision := _decision(element, parameters.get(element), signatures, remarks)) is not None]
    found = {decision.id: decision for decision in decisions}
    by_id = {element.get("id", ""): element for element in elements}
    _check_requirements(found, by_id, remarks)
    check_knowledge(found, by_id, remarks)
    return found, tuple(remarks.problems)


def _decision(
    element: etree._Element, parameters: tuple[str, ...] | None, signatures: Signatures, remarks: Remarks
) -> Decision | None:
    """A decision; with `parameters` a business knowledge model."""
    if parameters is None:
        refuse_others(element, _DECISION, remarks)
    id = element.get("id", "").strip()
    if not id:
        remarks.ask("decision-without-id", element, "決定に id がありません。モデラーで id を付けてください。")
    name = words(element.get("name")) or id
    logic = list(named(logic_of(element), "decisionTable", "literalExpression", "invocation"))
    if len(logic) != 1:
        remarks.ask("decision-without-logic", element, f"決定「{name}」には、決定表(または式)を1つだけ書いてください。")
        return None
    decision = Logic(logic[0], signatures, remarks).read(id, name, called(element), _required(element, "informationRequirement", "requiredDecision", remarks))
    return replace(decision, parameters=parameters or (), knows=_required(element, "knowledgeRequirement", "requiredKnowledge", remarks))


def _required(element: etree._Element, kind: str, what: str, remarks: Remarks) -> tuple[str, ...]:
    """The ids of the required decisions or models; required input data are names of the scope and need nothing."""
    found: dict[str, None] = {}
    for requirement in named(element, kind):
        for each in named(requirement, what):
            href = each.get("href", "")
            found[href.removeprefix("#")] = None
            if not href.startswith("#"):
                text = f"ほかのファイルの決定「{href}」は使えません。同じファイルに置いてください。"
                remarks.refuse("foreign-decision", each, text)
    return tuple(found)


def _check_requirements(
    found: Mapping[str, Decision], elements: Mapping[str, etree._Element], remarks: Remarks
) -> None:
    """Every required decision is in the file, can be named, and needs none that needs it."""
    for id, decision in found.items():
        for required in decision.requires:
            if required not in elements:
                text = f"必要とする決定「{required}」がありません。線をつなぎ直してください。"
                remarks.ask("unknown-decision", elements[id], text)
            elif required in found and not NAME.fullmatch(found[required].variable):
                text = f"決定の名前「{found[required].variable}」は式で使えません。空白や記号のない1語にしてください。"
                remarks.ask("decision-name", elements[required], text)
        if id in _needed(found, id):
            text = f"決定「{decision.name}」が、自分の結果を必要としています。線を1本消してください。"
            remarks.refuse("decision-cycle", elements[id], text)


def _needed(found: Mapping[str, Decision], id: str) -> set[str]:
    """What a decision requires, and what that requires."""
    needed, ahead = set[str](), list(found[id].requires)
    while ahead:
        each = ahead.pop()
        if each in found and each not in needed:
            needed.add(each)
            ahead += found[each].requires
    return needed


def _refuse_languages(definitions: etree._Element, remarks: Remarks) -> None:
    """Every expression is FEEL, whatever else an element says of itself."""
    for element in definitions.iter("{*}*"):
        language = element.get("expressionLanguage", "feel")
        if language.lower() != "feel" and not language.rstrip("/").endswith("/FEEL"):
            text = f"式の言語「{language}」は使えません。FEEL で書き、expressionLanguage を消してください。"
            remarks.refuse("expression-language", element, text)
