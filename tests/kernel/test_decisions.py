"""Decision tables: what a DMN file must say, and what its rows decide, hit policy by hit policy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from feeling import TODAY, Values

from engine.kernel.decisions import Decision, DecisionError, Rule, decide, find, read_decisions
from engine.kernel.feel import Value, parse
from engine.kernel.model import Problem

DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"
FEEL = "https://www.omg.org/spec/DMN/20191111/FEEL/"
OURS = Path(__file__).parents[2] / "processes" / "dmn"


def text(tag: str, said: str, **attributes: str) -> str:
    return f"<{tag}{spelt(attributes)}><text>{escape(said)}</text></{tag}>"


def spelt(attributes: Mapping[str, str]) -> str:
    return "".join(f" {name.replace('_', ':')}={quoteattr(value)}" for name, value in attributes.items())


def table(
    policy: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    *rows: Sequence[str],
    values: str = "",
    default: str = "",
    **attributes: str,
) -> str:
    """A decisionTable; a row holds its cells and then its results."""
    columns = "".join(f'<input label="{escape(each)}">{text("inputExpression", each)}</input>' for each in inputs)
    offered = text("outputValues", values) if values else ""
    offered += text("defaultOutputEntry", default) if default else ""
    results = "".join(f"<output{spelt({'name': each, 'label': each})}>{offered}</output>" for each in outputs)
    rules = "".join(
        f'<rule id="row{number}">'
        + "".join(text("inputEntry", cell) for cell in row[: len(inputs)])
        + "".join(text("outputEntry", result) for result in row[len(inputs) :])
        + "</rule>\n"
        for number, row in enumerate(rows, 1)
    )
    return f'<decisionTable{spelt({"hitPolicy": policy, **attributes})}>{columns}{results}\n{rules}</decisionTable>'


def decision(logic: str, id: str = "advice", name: str = "", requires: Sequence[str] = (), inside: str = "") -> str:
    required = "".join(
        f'<informationRequirement><requiredDecision href="#{each}"/></informationRequirement>' for each in requires
    )
    return f'<decision id="{id}" name={quoteattr(name or id)}>{required}{inside}{logic}</decision>'


def file(*decisions: str, **attributes: str) -> bytes:
    return f'<definitions xmlns="{DMN}" id="d"{spelt(attributes)}>{"".join(decisions)}</definitions>'.encode()


def sound(data: bytes) -> dict[str, Decision]:
    found, problems = read_decisions("advice.dmn", data)
    assert problems == ()
    return found


def problems(data: bytes) -> tuple[Problem, ...]:
    return read_decisions("advice.dmn", data)[1]


def the_problem(data: bytes) -> Problem:
    (only,) = problems(data)
    assert only.file == "advice.dmn" and only.message
    return only


def decided(data: bytes, id: str = "advice", **names: Any) -> Value:
    found = sound(data)
    return decide(found[id], Values({"today": TODAY, **names}), found)


def refused(data: bytes, **names: Any) -> str:
    with pytest.raises(DecisionError) as raised:
        decided(data, **names)
    return str(raised.value)


# The city's own tables (blueprint 6.1 and 6.2)


def ours(id: str) -> Decision:
    found, said = read_decisions(f"{id}.dmn", (OURS / f"{id}.dmn").read_bytes())
    assert said == () and set(found) == {id}
    return found[id]


@pytest.mark.parametrize(
    ("emergency", "kinds"),
    [
        (["life"], ["生命"]),
        (["supply"], ["生命"]),
        (["abuse"], ["虐待・DV"]),
        (["no_shelter"], ["住居"]),
        (["lifeline"], ["生活"]),
        (["harm"], ["安全"]),
        (["missing"], ["安否"]),
        (["neglect"], ["虐待"]),
        (["discharge"], ["期限"]),
        (["neglect", "life"], ["生命", "虐待"]),
        (["none"], []),
        ([], []),
        (None, []),
    ],
)
def test_urgency_lists_every_emergency_with_its_kind_in_the_order_of_the_rows(emergency: Any, kinds: list[str]) -> None:
    rows = decide(ours("urgency"), Values({"F01": {"emergency": emergency}}))
    assert isinstance(rows, list) and [row["kind"] for row in rows if isinstance(row, dict)] == kinds
    assert all(isinstance(row, dict) and row["contact"] for row in rows)


def test_urgency_of_a_sheet_without_the_field_is_an_empty_list() -> None:
    assert decide(ours("urgency"), Values({"F01": {}})) == []


CONSENT = ["written", "oral", "partial"]
NO_CONSENT = ["refused", "not_contacted", "pending"]


@pytest.mark.parametrize(
    ("answers", "triage"),
    [
        *[({"person_status": status, "solvable_by": "own", "consent_state": "oral"}, "discontinued")
          for status in ("unreachable", "moved", "deceased")],
        *[({"person_status": "reachable", "solvable_by": "own", "consent_state": state}, "own") for state in CONSENT],
        *[({"solvable_by": "other_one", "consent_state": state}, "connect") for state in CONSENT],
        ({"solvable_by": "own", "consent_state": "refused"}, "hold"),
        ({"solvable_by": "info_only"}, "info_only"),
        ({"solvable_by": "info_only", "consent_state": "refused", "need_level": "high"}, "info_only"),
        *[({"consent_state": state, "need_level": need}, "conference")
          for state in NO_CONSENT for need in ("high", "middle")],
        ({"consent_state": "refused", "need_level": "low"}, "hold"),
        ({"consent_state": "refused"}, "hold"),
        ({"consent_state": "incapable", "need_level": "high"}, "hold"),
        ({"consent_state": "oral", "domain_count": 2, "agency_count": 2}, "multi_agency"),
        ({"consent_state": "oral", "domain_count": 2, "agency_count": 1}, "hold"),
        ({"consent_state": "oral", "domain_count": 2}, "hold"),
        ({"consent_state": "refused", "domain_count": 5, "agency_count": 5}, "hold"),
        ({"consent_state": "written", "stuck": ["gap"]}, "multi_agency"),
        ({"consent_state": "written", "stuck": []}, "hold"),
        ({"consent_state": "written", "stuck": None}, "hold"),
        ({"stuck": ["gap"]}, "hold"),
        ({"solvable_by": "several", "consent_state": "pending", "need_level": "unknown"}, "hold"),
        ({}, "hold"),
    ],
)  # fmt: skip
def test_triage_suggests_by_the_first_row_that_hits(answers: dict[str, Any], triage: str) -> None:
    hint = decide(ours("triage"), Values({"F01": answers}))
    assert isinstance(hint, dict) and hint["triage"] == triage and hint["why"]


def test_our_tables_compare_only_codes_and_read_only_fields_of_the_sheet() -> None:
    for id in ("urgency", "triage"):
        for sentence in ours(id).sentences():
            expression = parse(sentence.text)
            assert {path[0] for path in expression.paths} <= {"F01"}
    triage = {pair for sentence in ours("triage").sentences() for pair in parse(sentence.text).literals_compared}
    urgency = {pair for sentence in ours("urgency").sentences() for pair in parse(sentence.text).literals_compared}
    assert (("F01", "solvable_by"), "info_only") in triage and (("F01", "consent_state"), "pending") in triage
    assert (("F01", "emergency"), "life") in urgency and len(urgency) == 9


# Hit policies


AGE = ["F01.age"]


def test_unique_gives_the_one_row_that_hits() -> None:
    data = file(decision(table("UNIQUE", AGE, ["who"], ["< 18", '"kodomo"'], [">= 65", '"choju"'])))
    assert decided(data, F01={"age": 70}) == {"who": "choju"}
    assert decided(data, F01={"age": 30}) is None
    assert decided(data, F01={}) is None


def test_a_table_without_a_hit_policy_is_unique() -> None:
    logic = table("UNIQUE", AGE, ["who"], ["-", '"a"']).replace(' hitPolicy="UNIQUE"', "")
    assert sound(file(decision(logic)))["advice"].hit_policy == "UNIQUE"


def test_unique_names_the_rows_that_hit_together() -> None:
    rows = [["< 20", '"a"'], ["< 10", '"b"'], ["> 90", '"c"'], ["-", '"a"']]
    data = file(decision(table("UNIQUE", AGE, ["who"], *rows)))
    said = refused(data, F01={"age": 5})
    assert "1行目、2行目、4行目が同時に当てはまります" in said and "条件を直してください" in said


def test_any_allows_several_rows_that_say_the_same() -> None:
    data = file(decision(table("ANY", AGE, ["who"], ["> 1", '"a"'], ["> 2", '"a"'], ["> 3", '"b"'])))
    assert decided(data, F01={"age": 3}) == {"who": "a"}
    assert "1行目、2行目、3行目が当てはまりますが、結果がちがいます" in refused(data, F01={"age": 4})


def test_any_does_not_take_true_for_one() -> None:
    data = file(decision(table("ANY", AGE, ["who"], ["-", "1"], ["-", "true"])))
    assert "結果がちがいます" in refused(data, F01={"age": 4})


def test_first_gives_the_first_row_and_looks_no_further() -> None:
    data = file(decision(table("FIRST", AGE, ["who"], ["> 2", '"b"'], ["> 1", '"a"'], ["-", "unheard_of"])))
    assert decided(data, F01={"age": 3}) == {"who": "b"}
    assert decided(data, F01={"age": 2}) == {"who": "a"}
    assert "「unheard_of」という名前はありません" in refused(data, F01={"age": 0})


def test_collect_and_rule_order_give_all_rows_in_their_order() -> None:
    for policy in ("COLLECT", "RULE ORDER"):
        data = file(decision(table(policy, AGE, ["who", "no"], ["> 1", '"b"', "1"], ["> 2", '"a"', "2"])))
        assert decided(data, F01={"age": 3}) == [{"who": "b", "no": 1}, {"who": "a", "no": 2}]
        assert decided(data, F01={"age": 2}) == [{"who": "b", "no": 1}]
        assert decided(data, F01={"age": 0}) == []


def test_priority_gives_the_row_whose_result_stands_first_among_the_values() -> None:
    rows = [["> 1", '"low"'], ["> 2", '"high"'], ["> 3", '"middle"']]
    data = file(decision(table("PRIORITY", AGE, ["need"], *rows, values='"high","middle","low"')))
    assert decided(data, F01={"age": 2}) == {"need": "low"}
    assert decided(data, F01={"age": 4}) == {"need": "high"}
    assert decided(data, F01={"age": 1}) is None


def test_output_order_gives_all_rows_sorted_by_their_results() -> None:
    rows = [["> 1", '"low"', "2"], ["> 2", '"high"', "2"], ["> 3", '"high"', "1"]]
    logic = table("OUTPUT ORDER", AGE, ["need", "no"], *rows, values='"high","low",1,2')
    assert decided(file(decision(logic)), F01={"age": 4}) == [
        {"need": "high", "no": 1}, {"need": "high", "no": 2}, {"need": "low", "no": 2},
    ]  # fmt: skip


def test_a_result_that_is_not_among_the_values_cannot_be_ordered() -> None:
    data = file(decision(table("PRIORITY", AGE, ["need"], ["-", '"strange"'], values='"high"')))
    assert "1行目の「need」が、列の候補の値(outputValues)にありません" in refused(data, F01={"age": 4})


@pytest.mark.parametrize(
    ("aggregation", "expected", "of_none"),
    [("SUM", Decimal("6.5"), None), ("MIN", 1, None), ("MAX", Decimal("3.5"), None), ("COUNT", 3, 0)],
)
def test_collect_can_sum_count_and_find_the_least_and_greatest(aggregation: str, expected: Any, of_none: Any) -> None:
    rows = [["> 1", "2"], ["> 1", "1"], ["> 2", "3.5"]]
    data = file(decision(table("COLLECT", AGE, ["points"], *rows, aggregation=aggregation)))
    assert decided(data, F01={"age": 3}) == expected
    assert decided(data, F01={"age": 0}) == of_none


def test_default_results_stand_in_when_no_row_hits() -> None:
    other = {"who": "other"}
    for policy, expected in (("UNIQUE", other), ("FIRST", other), ("COLLECT", [other])):
        data = file(decision(table(policy, AGE, ["who"], ["> 1", '"a"'], default='"other"')))
        assert decided(data, F01={"age": 1}) == expected


def test_rows_without_conditions_always_hit() -> None:
    assert decided(file(decision(table("COLLECT", [], ["who"], ['"a"'], ['"b"'])))) == [{"who": "a"}, {"who": "b"}]


def test_results_are_expressions_of_any_kind() -> None:
    row = ["-", "F01.age + 1", "{org: lead()}", "[1, 2]", "null", "today"]
    data = file(decision(table("FIRST", AGE, ["a", "b", "c", "d", "e"], row)))
    assert decided(data, F01={"age": 4}) == {"a": 5, "b": {"org": "fukushi"}, "c": [1, 2], "d": None, "e": TODAY}


def test_a_condition_column_is_evaluated_once_and_a_cell_may_read_other_data() -> None:
    rows = [["> F02.limit", '"over"'], ["not(> F02.limit)", '"within"']]
    data = file(decision(table("UNIQUE", ["sum(F01.amounts)"], ["what"], *rows)))
    assert decided(data, F01={"amounts": [1, 2]}, F02={"limit": 2}) == {"what": "over"}
    assert decided(data, F01={"amounts": [1, 2]}, F02={"limit": 3}) == {"what": "within"}
    assert decided(data, F01={"amounts": None}, F02={"limit": 3}) is None


def test_a_fault_while_deciding_names_row_and_column() -> None:
    data = file(decision(table("FIRST", AGE, ["who"], ["> 99", '"a"'], ["> nobody", '"b"'])))
    assert "2行目の「F01.age」のマスを計算できません" in refused(data, F01={"age": 4})
    data = file(decision(table("FIRST", AGE, ["who"], ["-", "1 + nobody"])))
    assert "1行目の「who」のマスを計算できません。5文字目: 「nobody」" in refused(data, F01={"age": 4})
    data = file(decision(table("FIRST", ["nobody"], ["who"], ["-", "1"])))
    assert "条件の列「nobody」を計算できません" in refused(data)


# Required decisions


def chain(*requires: Sequence[str]) -> bytes:
    points = table("COLLECT", AGE, ["p"], ["> 1", "1"], ["> 2", "2"], aggregation="SUM")
    level = table("FIRST", ["点数"], ["level"], [">= 3", '"high"'], ["-", '"low"'])
    rows = [['"high"', "-", '"esikoni"'], ['"low"', ">= 1", '"own"']]
    advice = table("UNIQUE", ["必要性.level", "点数"], ["who"], *rows)
    return file(
        decision(advice, requires=["level", "points"]),
        decision(level, id="level", name="なまえ", requires=["points"], inside='<variable name="必要性"/>'),
        decision(points, id="points", name="点数"),
    )


def test_a_decision_reads_the_results_of_those_it_requires_under_their_names() -> None:
    assert decided(chain(), F01={"age": 3}) == {"who": "esikoni"}
    assert decided(chain(), F01={"age": 2}) == {"who": "own"}
    assert decided(chain(), id="level", F01={"age": 2}) == {"level": "low"}
    assert decided(chain(), id="points", F01={"age": 2}) == 1


def test_a_result_is_seen_only_by_decisions_that_require_it() -> None:
    points = table("COLLECT", AGE, ["p"], ["-", "1"], aggregation="SUM")
    advice = table("FIRST", ["点数"], ["who"], ["-", '"a"'])
    data = file(decision(advice), decision(points, id="points", name="点数"))
    assert "「点数」という名前はありません" in refused(data, F01={"age": 4})


def test_a_required_result_hides_a_name_from_outside() -> None:
    assert decided(chain(), F01={"age": 3}, 点数=-100) == {"who": "esikoni"}


def test_an_expression_is_a_decision_too() -> None:
    total = decision(text("literalExpression", "F01.a + F01.b"), id="total")
    advice = decision(table("FIRST", ["total"], ["many"], ["> 2", "true"], ["-", "false"]), requires=["total"])
    assert decided(file(total, advice), F01={"a": 1, "b": 2}) == {"many": True}
    assert decided(file(total), id="total", F01={"a": 1, "b": 2}) == 3


def test_each_required_decision_is_made_once_however_many_ways_lead_to_it() -> None:
    counted: list[int] = []
    functions = {"count up": lambda: counted.append(1) or len(counted)}
    layers = [decision(text("literalExpression", "count up()"), id="l0")]
    for number in range(1, 20):
        below = [f"l{number - 1}", f"m{number - 1}"] if number > 1 else ["l0"]
        sums = " + ".join(below)
        layers += [decision(text("literalExpression", sums), id=f"{side}{number}", requires=below) for side in "lm"]
    found = sound(file(*layers))
    assert decide(found["l19"], Values({}, functions), found) == 2**18
    assert len(counted) == 1


def test_a_decision_without_those_it_requires_is_not_made() -> None:
    found = sound(chain())
    with pytest.raises(DecisionError, match="「level」がありません|「points」がありません"):
        decide(found["advice"], Values({"F01": {}}))


def test_decisions_that_require_each_other_are_not_made() -> None:
    one = Decision("one", "one", "one", requires=("two",), expression="1")
    two = Decision("two", "two", "two", requires=("one",), expression="1")
    with pytest.raises(DecisionError, match="自分の結果を必要としています"):
        decide(one, Values({}), {"one": one, "two": two})


# Why: the rows that hit


@pytest.mark.parametrize(
    ("policy", "default", "age", "rows"),
    [
        ("FIRST", "", 3, (1,)),
        ("COLLECT", "", 3, (1, 2, 3)),
        ("RULE ORDER", "", 2, (2, 3)),
        ("OUTPUT ORDER", "", 3, (3, 1, 2)),
        ("PRIORITY", "", 3, (3, 1, 2)),  # the one that decides stands first
        ("COLLECT", "", 0, ()),
        ("FIRST", '"c"', 0, (0,)),  # the default results
    ],
)
def test_the_rows_that_hit_are_told_in_the_order_of_the_result(policy: str, default: str, age: int, rows: tuple[int, ...]) -> None:
    logic = table(policy, AGE, ["who"], ["> 2", '"b"'], ["> 1", '"b"'], ["> 1", '"a"'], values='"a","b","c"', default=default)
    found = sound(file(decision(logic)))
    assert find(found["advice"], Values({"F01": {"age": age}}), found).rows == {"advice": rows}


def test_the_rows_of_required_tables_are_told_too() -> None:
    found = sound(chain())
    assert find(found["advice"], Values({"F01": {"age": 2}}), found).rows == {"points": (1,), "level": (2,), "advice": (2,)}


def test_an_aggregation_tells_the_rows_that_it_counts() -> None:
    found = sound(chain())
    assert find(found["points"], Values({"F01": {"age": 3}}), found) == (3, {"points": (1, 2)})


def test_the_author_says_beside_a_row_why_it_is_there() -> None:
    logic = table("FIRST", AGE, ["who"], ["> 1", '"a"'], ["> 0", '"b"'], ["-", '"c"'])
    logic = logic.replace('<rule id="row1">', '<rule id="row1"><description>急ぐため。</description>')
    logic = logic.replace('"b"</text></outputEntry>', '"b"</text></outputEntry><annotationEntry><text> 要綱 第3条 </text></annotationEntry>')
    assert [rule.note for rule in sound(file(decision(logic)))["advice"].rules] == ["急ぐため。", "要綱 第3条", ""]


# Reading


def test_a_table_is_read_with_labels_lines_and_ids() -> None:
    data = file("\n", decision(table("FIRST", AGE, ["who"], ["> 1", '"a"'], ["", '"b"']), name=" 目安 \n の表 "))
    advice = sound(data)["advice"]
    assert (advice.id, advice.name, advice.variable, advice.hit_policy) == ("advice", "目安 の表", "目安 の表", "FIRST")
    assert [(each.label, each.expression, each.line) for each in advice.inputs] == [("F01.age", "F01.age", 2)]
    assert [(each.name, each.label) for each in advice.outputs] == [("who", "who")]
    assert advice.rules == (Rule("row1", ("> 1",), ('"a"',), 3), Rule("row2", ("-",), ('"b"',), 4))


def test_a_column_without_a_label_is_called_by_its_expression_and_a_row_without_an_id_by_its_number() -> None:
    logic = table("FIRST", AGE, ["who"], ["> 1", '"a"']).replace(' label="F01.age"', "").replace(' id="row1"', "")
    advice = sound(file(decision(logic)))["advice"]
    assert advice.inputs[0].label == "F01.age" and advice.rules[0].id == "advice#1"


def test_a_leading_equals_sign_is_taken_away() -> None:
    advice = sound(file(decision(table("FIRST", ["= F01.age"], ["who"], ["= 1", '="a"']))))["advice"]
    assert (advice.inputs[0].expression, advice.rules[0].outputs) == ("F01.age", ('"a"',))
    assert decide(advice, Values({"F01": {"age": 1}})) == {"who": "a"}


def test_what_says_nothing_about_the_result_is_left_alone() -> None:
    logic = table("FIRST", AGE, ["who"], ["> 1", '"a"'])
    logic = logic.replace("<rule", "<annotation name='注'/><rule", 1)
    logic = logic.replace("</rule>", "<annotationEntry><text>なぜ</text></annotationEntry></rule>")
    logic = logic.replace("</input>", "<inputValues><text>1,2</text></inputValues></input>")
    logic = logic.replace("<rule id", "<rule xmlns:x='urn:x' x:colour='red' id")
    drawing = '<DMNDI xmlns="https://www.omg.org/spec/DMN/20191111/DMNDI/"><DMNDiagram/></DMNDI>'
    beside = '<inputData id="i" name="年齢"/><knowledgeSource id="k"/><textAnnotation id="t"/>'
    inside = '<description>説明</description><question>?</question><extensionElements/><authorityRequirement/>'
    inside += '<informationRequirement><requiredInput href="#i"/></informationRequirement>'
    data = file(decision(logic, inside=inside), beside, drawing, expressionLanguage=FEEL)
    assert decided(data, F01={"age": 2}) == {"who": "a"}
    assert sound(data)["advice"].requires == ()


ROW = ["> 1", '"a"']
PLAIN = table("FIRST", AGE, ["who"], ROW)


@pytest.mark.parametrize(
    ("data", "rule", "said"),
    [
        (file(), "no-decision", "決定がありません"),
        (file(decision("")), "decision-without-logic", "1つだけ書いてください"),
        (file(decision(PLAIN + PLAIN)), "decision-without-logic", "1つだけ書いてください"),
        (file(decision(PLAIN, id="")), "decision-without-id", "id を付けてください"),
        (file(decision("<context/>" + PLAIN)), "unknown-element", "「context」は使えません"),
        (file(decision(PLAIN), "<decisionService/>"), "unknown-element", "「decisionService」"),
        (file(decision(PLAIN), "<import/>"), "unknown-element", "「import」"),
        (file(decision(PLAIN.replace("<rule", "<surprise/><rule", 1))), "unknown-element", "「surprise」"),
        (file(decision(PLAIN), expressionLanguage="urn:s-feel"), "expression-language", "「urn:s-feel」は使えません"),
        (file(decision(PLAIN.replace("<inputEntry", '<inputEntry expressionLanguage="juel"'))), "expression-language",
         "「juel」は使えません"),
        (file(decision(table("UNIQE", AGE, ["who"], ROW))), "unknown-hit-policy", "「UNIQE」は使えません"),
        (file(decision(table("FIRST", AGE, ["who"], ROW, aggregation="SUM"))), "unknown-aggregation", "「SUM」"),
        (file(decision(table("COLLECT", AGE, ["who"], ROW, aggregation="AVG"))), "unknown-aggregation", "「AVG」"),
        (file(decision(table("COLLECT", AGE, ["a", "b"], ["-", "1", "2"], aggregation="SUM"))),
         "aggregation-of-several", "列は1つだけ"),
        (file(decision(table("PRIORITY", AGE, ["who"], ROW))), "priority-without-values", "outputValues"),
        (file(decision(table("FIRST", AGE, [], ["-"]))), "no-output", "結果の列がありません"),
        (file(decision(table("FIRST", AGE, ["who"]))), "no-rule", "行がありません"),
        (file(decision(table("FIRST", AGE, [""], ROW))), "output-without-name", "名前"),
        (file(decision(table("FIRST", AGE, ["two words"], ROW))), "output-without-name", "1語"),
        (file(decision(table("FIRST", AGE, ["who"], ["> 1"]))), "row-of-other-length", "1行目のマスの数"),
        (file(decision(table("FIRST", AGE, ["who"], ["> 1", "1", "2"]))), "row-of-other-length", "1行目のマスの数"),
        (file(decision(table("FIRST", [""], ["who"], ROW))), "empty-expression", "が空です"),
        (file(decision(table("FIRST", AGE, ["who"], ["-", " "]))), "empty-expression", "1行目の「who」のマスが空です"),
        (file(decision(table("FIRST", ["F01.age +"], ["who"], ROW))), "bad-expression", "条件の列「F01.age +」"),
        (file(decision(table("FIRST", AGE, ["who"], ["=> 1", '"a"']))), "bad-cell", "1行目の「F01.age」のマス「=> 1」"),
        (file(decision(table("FIRST", AGE, ["who"], ["own,'x'", '"a"']))), "bad-cell", "「'」は使えません"),
        (file(decision(table("FIRST", AGE, ["who"], ["-", "'a'"]))), "bad-expression", "1行目の「who」のマス「'a'」"),
        (file(decision(table("FIRST", AGE, ["who"], ROW, values='"a",'))), "bad-expression", "候補の値"),
        (file(decision(table("FIRST", AGE, ["who"], ROW, default="a b"))), "bad-expression", "既定の値"),
        (file(decision(text("literalExpression", ""))), "empty-expression", "式が空です"),
        (file(decision(PLAIN, requires=["nowhere"])), "unknown-decision", "「nowhere」がありません"),
        (file(decision(PLAIN, requires=["b"]), decision(PLAIN, id="b", name="b c")), "decision-name", "1語に"),
        (file(decision(PLAIN, requires=["advice"])), "decision-cycle", "自分の結果を必要としています"),
        (file(decision(PLAIN, requires=["x"]).replace('"#x"', '"o.dmn#x"')), "foreign-decision", "決定「o.dmn#x」"),
        (file(decision(PLAIN.replace("<input ", '<input inputVariable="x" '))), "input-variable", "「?」"),
        (file(*(decision(PLAIN, id=f"d{number}") for number in range(101))), "too-many-decisions", "多すぎます"),
    ],
)  # fmt: skip
def test_what_cannot_be_decided_right_is_refused_with_a_remedy(data: bytes, rule: str, said: str) -> None:
    found = [problem for problem in problems(data) if problem.rule == rule]
    assert found and said in found[0].message
    assert found[0].kind in ("ask", "refused") and found[0].file == "advice.dmn"


def test_all_problems_of_a_file_are_told_at_once_with_element_and_line() -> None:
    rows = [["> 1", "'a'"], ["=> 2", '"b"'], ["-"]]
    found = problems(file("\n\n", decision(table("FIRST", AGE, ["who"], *rows))))
    assert [(each.rule, each.element, each.line) for each in found] == [
        ("bad-expression", "row1", 4), ("bad-cell", "row2", 5), ("row-of-other-length", "row3", 6),
    ]  # fmt: skip


def test_the_same_id_or_column_name_twice_is_asked_for() -> None:
    twice = problems(file(decision(PLAIN), decision(PLAIN)))
    assert [(each.rule, each.element) for each in twice] == [("decision-twice", "advice")] * 2
    columns = problems(file(decision(table("FIRST", AGE, ["who", "who"], ["-", "1", "2"]))))
    assert {each.rule for each in columns} == {"output-twice"}


def test_a_circle_of_decisions_is_found_at_each_of_them() -> None:
    a, b, c = (decision(PLAIN, id=id, requires=[required]) for id, required in ("ab", "bc", "ca"))
    assert [(each.rule, each.element) for each in problems(file(a, b, c))] == [
        ("decision-cycle", "a"), ("decision-cycle", "b"), ("decision-cycle", "c"),
    ]  # fmt: skip


def test_a_cell_that_is_too_long_together_with_its_column_is_asked_for_when_read() -> None:
    long = "count([" + ",".join(["F01.age"] * 150) + "])"
    found = the_problem(file(decision(table("FIRST", [long], ["who"], ["? > 1 and ? < 3", '"a"']))))
    assert found.rule == "bad-expression" and "式が長すぎます" in found.message
    assert "…」を読めません" in found.message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not xml",
        b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>',
        b'<definitions xmlns="http://www.omg.org/spec/DMN/20180521/MODEL/"/>',
        f'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><definitions xmlns="{DMN}">&x;</definitions>'.encode(),
        f'<definitions xmlns="{DMN}">&unknown;</definitions>'.encode(),
        f'<definitions xmlns="{DMN}">'.encode() + b"<a>" * 300 + b"</a>" * 300 + b"</definitions>",
        f'<definitions xmlns="{DMN}">'.encode() + b" " * 5_000_000 + b"</definitions>",
    ],
    ids=["empty", "text", "bpmn", "DMN 1.2", "external entity", "unknown entity", "deep", "large"],
)
def test_a_file_that_is_no_dmn_or_asks_for_more_is_refused_whole(data: bytes) -> None:
    found, said = read_decisions("advice.dmn", data)
    assert found == {} and [problem.kind for problem in said] == ["refused"]
    assert said[0].file == "advice.dmn" and "root:" not in said[0].message


@pytest.mark.parametrize("version", ["20211108", "20230324"])
def test_files_of_newer_versions_are_read_alike(version: str) -> None:
    newer = chain().replace(b"20191111", version.encode())
    assert newer != chain() and sound(newer) == sound(chain())
    refused_alike = file(decision("<context/>" + PLAIN)).replace(b"20191111", version.encode())
    assert [problem.rule for problem in problems(refused_alike)] == ["unknown-element"]


def test_a_row_in_the_words_of_another_version_is_not_passed_over() -> None:
    rows = table("FIRST", AGE, ["who"], ["> 1", '"a"'], ["-", '"b"'])
    mixed = file(decision(rows)).replace(b'<rule id="row1">', b'<rule xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="row1">')
    assert decided(mixed, F01={"age": 2}) == {"who": "a"}


# What publication asks


def test_every_expression_of_a_table_is_told_with_its_place() -> None:
    rows = [["> F02.limit", "-", "F03.a"], ['not("x")', 'list contains(?, "y")', '"b"']]
    logic = table("FIRST", ["F01.age", "F01.list"], ["who"], *rows, default="F04.z", values='"b"')
    advice = sound(file(decision(logic)))["advice"]
    assert [(each.where, each.text) for each in advice.sentences()] == [
        ("条件の列「F01.age」", "F01.age"),
        ("条件の列「F01.list」", "F01.list"),
        ("結果の列「who」", "F04.z"),
        ("結果の列「who」", '["b"]'),
        ("1行目の「F01.age」のマス", "(F01.age) in (> F02.limit)"),
        ("1行目の「who」のマス", "F03.a"),
        ("2行目の「F01.age」のマス", 'not((F01.age) in ("x"))'),
        ("2行目の「F01.list」のマス", '(F01.list) in (list contains((F01.list), "y"))'),
        ("2行目の「who」のマス", '"b"'),
    ]
    assert advice.expressions == tuple(each.text for each in advice.sentences())
    read = {path for each in advice.expressions for path in parse(each).paths}
    assert read == {("F01", "age"), ("F01", "list"), ("F02", "limit"), ("F03", "a"), ("F04", "z")}


def test_a_decision_is_made_of_plain_frozen_values() -> None:
    one, other = (sound(chain())["advice"] for _ in range(2))
    assert one == other and hash(one) == hash(other)
    with pytest.raises(AttributeError):
        one.name = "changed"  # type: ignore[misc]


def test_results_are_data_that_can_be_stored() -> None:
    data = file(decision(table("COLLECT", AGE, ["a", "b"], ["-", '"x"', "[1, {c: null}]"])))
    assert json.loads(json.dumps(decided(data, F01={"age": 4}))) == [{"a": "x", "b": [1, {"c": None}]}]
