"""Business knowledge models: rules that several decisions call with values of their own, read and carried out as DMN says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from bpmn import CITY, files, process
from feeling import Values
from readings import stops
from test_decisions import decided, decision, file, problems, refused, sound, table, text

from engine.kernel.decisions import Finding, find
from engine.kernel.model import Reading
from engine.kernel.reading import closure, dump, load, read


def needs(*models: str) -> str:
    return "".join(f'<knowledgeRequirement><requiredKnowledge href="#{each}"/></knowledgeRequirement>' for each in models)


def model(id: str, parameters: Sequence[str], logic: str, *models: str, kind: str = "FEEL", name: str = "") -> str:
    names = "".join(f'<formalParameter name="{each}" typeRef="number"/>' for each in parameters)
    inside = f'<encapsulatedLogic kind="{kind}">{names}{logic}</encapsulatedLogic>'
    return f'<businessKnowledgeModel id="{id}" name="モデル {id}"><variable name="{name or id}"/>{inside}{needs(*models)}</businessKnowledgeModel>'


def literal(said: str) -> str:
    return f"<literalExpression>{text('text', said).removeprefix('<text>').removesuffix('</text>')}</literalExpression>"


def invocation(name: str, **given: str) -> str:
    bindings = "".join(f'<binding><parameter name="{key}"/>{literal(said)}</binding>' for key, said in given.items())
    return f"<invocation>{literal(name)}{bindings}</invocation>"


LEVELS = [[">= 65", ">= 6", '"high"'], ["-", "> 12", '"high"'], ["-", "-", '"low"']]
HEAVY = model("heavy", ["age", "months"], table("FIRST", ["age", "months"], ["level"], *LEVELS))
SUM = model("both", ["a", "b"], literal("a + b"))


# What a model gives


def test_an_expression_calls_a_model_with_values_of_its_own() -> None:
    assert decided(file(SUM, decision(literal("both(F01.n, 2) * both(1, 1)"), inside=needs("both"))), F01={"n": 1}) == 6


def test_a_boxed_invocation_is_a_call_whatever_the_order_of_its_bindings() -> None:
    minus = model("minus", ["a", "b"], literal("a - b"))
    assert decided(file(minus, decision(invocation("minus", b="F01.n", a="10"), inside=needs("minus"))), F01={"n": 3}) == 7


def test_the_table_of_a_model_gives_a_row_like_any_other_and_tells_which() -> None:
    rows = [['heavy(F01.age, F01.months).level = "high"', '"now"'], ["-", '"later"']]
    data = file(decision(table("FIRST", ["F01.age"], ["when"], *rows), inside=needs("heavy")), HEAVY)
    found = sound(data)
    old, young = ({"age": age, "months": 8} for age in (70, 20))
    assert find(found["advice"], Values({"F01": old}), found) == Finding({"when": "now"}, {"heavy": (1,), "advice": (1,)})
    assert find(found["advice"], Values({"F01": young}), found) == Finding({"when": "later"}, {"heavy": (3,), "advice": (2,)})


def test_every_row_that_hit_in_one_of_several_calls_is_told_once() -> None:
    found = sound(file(decision(literal("for r in F10.rows return heavy(r.age, 8).level"), inside=needs("heavy")), HEAVY))
    rows = [{"age": age} for age in (20, 70, 30, 80)]
    assert find(found["advice"], Values({"F10": {"rows": rows}}), found) == Finding(["low", "high", "low", "high"], {"heavy": (3, 1)})


def test_a_cell_may_call_a_model_and_a_model_another_one() -> None:
    twice = model("twice", ["n"], invocation("both", a="n", b="n"), "both")
    rows = [["> twice(1)", '"more"'], ["-", '"less"']]
    data = file(SUM, twice, decision(table("FIRST", ["F01.n"], ["is"], *rows), inside=needs("twice")))
    assert [decided(data, F01={"n": n}) for n in (3, 2)] == [{"is": "more"}, {"is": "less"}]


def test_a_model_sees_its_values_and_the_case_and_nothing_of_who_calls_it() -> None:
    first = decision(literal("7"), id="first")
    seen = model("seen", ["n"], literal("n + F01.n + settings.limit"))
    data = file(seen, first, decision(literal("seen(first)"), requires=["first"], inside=needs("seen")))
    assert decided(data, F01={"n": 1}, settings={"limit": 100}) == 108
    hidden = data.replace(b"n + F01.n", b"first + F01.n")
    assert "「first」という名前はありません" in refused(hidden, F01={"n": 1}, settings={"limit": 100})


def test_a_value_hides_a_name_of_the_case_inside_of_the_model_only() -> None:
    assert decided(file(model("f", ["n"], literal("n")), decision(literal("f(1) + n"), inside=needs("f"))), n=10) == 11


def test_what_goes_wrong_inside_of_a_model_names_it() -> None:
    wrong = model("f", ["n"], table("UNIQUE", ["n"], ["is"], ["> 1", "1"], ["> 2", "2"]))
    assert refused(file(wrong, decision(literal("f(3)"), inside=needs("f")))).startswith("知識モデル「モデル f」: 1行目、2行目が同時に当てはまります")
    assert "渡す値は n です" in refused(file(wrong, decision(literal("f(3, 4)"), inside=needs("f"))))


def test_a_model_is_compiled_with_the_decision_that_calls_it() -> None:
    whole = published(decision(literal("both(F1.number, 1)"), id="advice", inside=needs("both")), SUM, model("other", ["n"], literal("n"))).model
    assert whole is not None
    assert closure(whole, "p").decisions == ("advice", "both")
    assert load(dump(whole)).decisions["both"].parameters == ("a", "b")


# What cannot be read


@pytest.mark.parametrize(
    ("data", "rule", "said"),
    [
        (file(decision(literal("1"), inside=needs("nowhere"))), "unknown-knowledge", "「nowhere」がありません"),
        (file(decision(literal("1"), inside=needs("b")), decision(literal("1"), id="b")), "unknown-knowledge", "「b」がありません"),
        (file(decision(literal("1"), inside=needs("x").replace("#x", "o.dmn#x"))), "foreign-decision", "「o.dmn#x」"),
        (file(SUM, decision(literal("both(1, 2)"))), "knowledge-not-connected", "「both」から「advice」へ線をつないで"),
        (file(model("f", ["n"], literal("f(n)"), "f"), decision(literal("f(1)"), inside=needs("f"))), "knowledge-cycle", "線を1本消して"),
        (file(model("f", ["n"], literal("g(n)"), "g"), model("g", ["n"], literal("f(n)"), "f"), decision(literal("1"))), "knowledge-cycle", "自分にもどります"),
        (file(model("f", ["n"], literal("1"), kind="Java"), decision(literal("1"))), "knowledge-kind", "「Java」は使えません"),
        (file(model("f", [], literal("1")), decision(literal("1"))), "knowledge-without-parameter", "値の名前"),
        (file(model("f", ["n", "n"], literal("1")), decision(literal("1"))), "parameter-twice", "「n」の値が2つ"),
        (file(model("f", ["two words"], literal("1")), decision(literal("1"))), "parameter-name", "「two words」は式で使えません"),
        (file(model("f", ["true"], literal("1")), decision(literal("1"))), "parameter-name", "「true」"),
        (file(model("f", ["n"], literal("1"), name="two words"), decision(literal("1"))), "knowledge-name", "「two words」は式で使えません"),
        (file(model("f", ["n"], literal("1"), name="count"), decision(literal("1"))), "knowledge-name", "FEEL の関数とちがう名前"),
        (file(SUM, SUM.replace('id="both"', 'id="other"'), decision(literal("1"))), "knowledge-twice", "「both」の知識モデルが2つ"),
        (file(SUM, decision(literal("1"), id="both")), "decision-twice", "「both」が2つ"),
        (file(SUM), "no-decision", "決定がありません"),
        (file(model("f", ["n"], ""), decision(literal("1"))), "decision-without-logic", "1つだけ"),
        (file(model("f", ["n"], "<context/>" + literal("1")), decision(literal("1"))), "unknown-element", "「context」"),
        (file(model("f", ["n"], literal("n +")), decision(literal("1"))), "bad-expression", "式「n +」"),
        (file(SUM, decision(invocation("bath", a="1", b="2"), inside=needs("both"))), "unknown-knowledge", "「bath」がありません"),
        (file(SUM, decision(invocation("both", a="1"), inside=needs("both"))), "other-bindings", "渡す値は a、b です(いまは a)"),
        (file(SUM, decision(invocation("both", a="1", b="2", c="3"), inside=needs("both"))), "other-bindings", "いまは a、b、c"),
        (file(SUM, decision(invocation("both", a="1, 2", b="2"), inside=needs("both"))), "bad-expression", "「a」に渡す値「1, 2」"),
    ],
)  # fmt: skip
def test_a_model_that_cannot_be_carried_out_is_refused_with_a_remedy(data: bytes, rule: str, said: str) -> None:
    found = [problem for problem in problems(data) if problem.rule == rule]
    assert found and said in found[0].message
    assert found[0].kind in ("ask", "refused") and found[0].line == 1


# What may be written, checked with the process that decides by it


def published(*decisions: str) -> Reading:
    asks = process("p").start().rule("r", "advice", "answer").end()
    return read({**files(asks), "advice.dmn": file(*decisions)}, CITY)


@pytest.mark.parametrize(
    ("parts", "rule", "said"),
    [
        ([SUM, decision(literal("both(F1.number)"), inside=needs("both"))], "wrong-arguments", "渡す値は2個です"),
        ([SUM, decision(literal("both(F1.numbre, 1)"), inside=needs("both"))], "unknown-field", "もしかして: number"),
        ([model("f", ["n"], literal("m + 1")), decision(literal("f(1)"), inside=needs("f"))], "unknown-name", "「m」という名前は"),
        ([model("f", ["F1"], literal("1")), decision(literal("f(1)"), inside=needs("f"))], "name-taken", "「F1」は様式の名前"),
        ([model("f", ["n"], literal("n"), name="lead"), decision(literal("lead(1)"), inside=needs("f"))], "name-taken", "「lead」は別のものの名前"),
        ([HEAVY, decision(literal("heavy(F1.number, 1).levle = 1"), inside=needs("heavy"))], "unknown-field", "「heavy()」に、「levle」という"),
        ([HEAVY, decision(literal("heavy(F1.number, 1).level = 1"), inside=needs("heavy"))], "unlike-kinds", "「heavy(F1.number, 1).level」は文字"),
        ([model("advice", ["n"], literal("n")), decision(literal("1"), id="other")], "unknown-decision", "使えるもの: other"),
    ],
)  # fmt: skip
def test_what_is_called_and_named_is_checked_when_a_release_is_read(parts: list[str], rule: str, said: str) -> None:
    found = stops(published(*parts))
    assert [problem.rule for problem in found] == [rule] and said in found[0].message


def test_the_rows_of_a_model_are_checked_like_those_of_a_decision() -> None:
    clash = model("f", ["n"], table("UNIQUE", ["n"], ["is"], ["> 1", "1"], ["> 2", "2"]))
    (found,) = stops(published(clash, decision(literal("f(F1.number).is"), inside=needs("f"))))
    assert found.rule == "rows-clash" and found.element == "row2"


# What a hostile author may try


def chain(length: int, said: str) -> list[str]:
    """f0 calls nothing, each other the one before."""
    models = [model(f"f{number}", ["n"], literal(said.replace("f(", f"f{number - 1}(")), f"f{number - 1}") for number in range(1, length)]
    return [model("f0", ["n"], literal("n")), *models, decision(literal(f"f{length - 1}(1)"), inside=needs(f"f{length - 1}"))]


def test_models_that_call_each_other_too_deep_are_refused() -> None:
    assert decided(file(*chain(4, "f(n) + 1"))) == 4
    assert {problem.rule for problem in problems(file(*chain(5, "f(n) + 1")))} == {"knowledge-too-deep"}


def test_the_deepest_models_with_the_deepest_expressions_can_be_carried_out() -> None:
    deepest = "not(" * 54 + "f(n) = null" + ")" * 54
    assert decided(file(*chain(4, deepest))) in (True, False)
    lists = "[" * 54 + "f(n)" + "]" * 54
    assert refused(file(*chain(2, "[" * 21 + "f(n)" + "]" * 21))) and problems(file(*chain(4, lists))) == ()


def test_calls_without_end_stop_early_with_a_plain_sentence() -> None:
    many = decision(literal("for a in 1..100, b in 1..100 return both(a, b)"), inside=needs("both"))
    assert "知識モデルを呼び出す回数が多すぎます(1000回まで)" in refused(file(SUM, many))
    doubling = chain(4, "f(n) + " * 20 + "0")
    assert "回数が多すぎます" in refused(file(*doubling))


def test_a_model_cannot_change_what_it_is_given() -> None:
    given: dict[str, Any] = {"rows": [{"n": 1}]}
    grown = model("grown", ["rows"], literal("append(rows, {n: 2})"))
    data = file(grown, decision(literal("count(grown(F10.rows)) + count(F10.rows)"), inside=needs("grown")))
    assert decided(data, F10=given) == 3 and given == {"rows": [{"n": 1}]}
