"""The compiled form: the same bytes for the same meaning, and the same model out of the bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations

import pytest
from bpmn import CITY, files, inside, loop, process

from engine.kernel.errors import NotStorable
from engine.kernel.model import Flow, Model, Node, Process, walk
from engine.kernel.reading import COMPILER_VERSION, dump, load, read

TABLE = (
    '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
    '<decision id="table" name="目安"><decisionTable id="t" hitPolicy="FIRST">'
    '<input id="i" label="選択"><inputExpression id="e"><text>F1.choice</text></inputExpression></input>'
    '<output id="o" name="way"/><output id="w" name="why"/>'
    '<rule id="r"><inputEntry id="c"><text>"yes"</text></inputEntry>'
    '<outputEntry id="x"><text>"own"</text></outputEntry><outputEntry id="y"><text>"理由"</text></outputEntry></rule>'
    "</decisionTable></decision></definitions>"
).encode()


def everything() -> dict[str, bytes]:
    """Files that use all that a model can hold."""
    each = (
        inside("each", "機関ごとに")
        .start("b")
        .user("answer", form="F2", groups="=row.org", due="=settings.t_reply")
        .end("d")
    )
    main = process("main", "架空の手続き", candidateStarterGroups="kakari,kyoku", historyTimeToLive="P5Y")
    main.raw("<bpmn:documentation>何のための手続きか</bpmn:documentation>").start(phase="case:open")
    main.user(
        "ask", "聞き取る", form="F1#ask", groups="kakari", assignee="=initiator", due="P1BD", follow_up="=F1.on",
        priority="80", doc="何をするか", stalledAfter="3",
    )  # fmt: skip
    main.rule("suggest", "table", "hint").sub(
        each, loop=loop("=F1.roles[ask = true]", "row", until='=F2.answer = "refused"')
    )
    main.call("call", "other", "つなぐ", gives={"purpose": '="plan"'}).throw("tell", "told", payload={"a": "=F1.note"})
    main.race("wait").catch("day", timer="=F1.on").xor("g", "どうする").when(
        "done", 'hint.way = "own"', "はい"
    ).otherwise("ask", "いいえ")
    main.at("wait").catch("reply", message="replied", payload="reply", manualStart="kakari").to("g")
    main.boundary("late", "ask", "遅い", timer="P5BD", interrupting=False).end("aside").end("done").lane(
        "係", "ask"
    ).optional("told")
    other = (
        process("other")
        .start()
        .manual("m", groups="kakari")
        .xor("g")
        .when("done", 'purpose = "plan"')
        .otherwise("done")
        .end()
    )
    return {**files(main, other), "table.dmn": TABLE}


def compiled(given: Mapping[str, bytes]) -> bytes:
    found = read(given, CITY)
    assert found.model is not None, found.problems
    return dump(found.model)


def without_lines(model: Model) -> Model:
    def bare(node: Node) -> Node:
        flows = tuple(replace(flow, line=None) for flow in node.outgoing)
        return replace(node, line=None, outgoing=flows, body=tuple(bare(each) for each in node.body))

    decisions = {
        id: replace(
            each,
            line=None,
            inputs=tuple(replace(column, line=None) for column in each.inputs),
            outputs=tuple(replace(column, line=None) for column in each.outputs),
            rules=tuple(replace(rule, line=None) for rule in each.rules),
        )
        for id, each in model.decisions.items()
    }
    processes = {id: replace(each, nodes=tuple(map(bare, each.nodes))) for id, each in model.processes.items()}
    return Model(processes, decisions)


def test_a_model_comes_out_of_the_bytes_as_it_went_in_but_for_the_lines() -> None:
    found = read(everything(), CITY)
    assert found.model is not None, found.problems
    assert load(dump(found.model)) == without_lines(found.model)
    assert all(node.line is not None for node in walk(found.model.processes["main"].nodes))


def test_the_order_of_files_makes_no_difference() -> None:
    given = everything()
    assert len({compiled({name: given[name] for name in order}) for order in permutations(given)}) == 1


def test_writing_and_reading_again_gives_the_same_bytes() -> None:
    once = compiled(everything())
    assert dump(load(once)) == once


def test_how_a_file_is_laid_out_makes_no_difference() -> None:
    given = everything()
    pretty = {name: data.replace(b"><", b">\n\n  <") if name == "main.bpmn" else data for name, data in given.items()}
    assert pretty != given
    commented = {
        name: data.replace(b"<bpmn:process", b"<!-- drawn on a rainy day -->\n<bpmn:process")
        for name, data in given.items()
    }
    assert compiled(given) == compiled(pretty) == compiled(commented)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"F1.on", b"today"), ("聞き取る".encode(), "たずねる".encode()), (b'"yes"', b'"no"'), (b"P5BD", b"P6BD")],
)
def test_what_a_file_means_makes_a_difference(old: bytes, new: bytes) -> None:
    given = everything()
    changed = {name: data.replace(old, new) for name, data in given.items()}
    assert compiled(changed) != compiled(given)


def test_the_form_is_canonical_json_with_the_version_of_the_compiler() -> None:
    body = compiled(everything())
    stored = json.loads(body)
    assert stored["compiler"] == COMPILER_VERSION == 1
    assert body == json.dumps(stored, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert set(stored["processes"]) == {"main", "other"} and set(stored["decisions"]) == {"table"}
    assert b'"line"' not in body and "架空の手続き".encode() in body


def test_only_what_differs_from_the_ordinary_is_written() -> None:
    plain = Model(
        {"p": Process("p", "", "p.bpmn", nodes=(Node("a", "start", outgoing=(Flow("f", "a", "b"),)), Node("b", "end")))}
    )
    stored = json.loads(dump(plain))["processes"]["p"]
    assert stored["nodes"] == [
        {"id": "a", "outgoing": [{"id": "f", "source": "a", "target": "b"}], "type": "start"},
        {"id": "b", "type": "end"},
    ]
    assert load(dump(plain)) == plain


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b'{"compiler":0}', b'{"compiler":2,"processes":{},"decisions":{}}', b'{"compiler":"1"}']
)
def test_a_form_of_another_version_is_refused(body: bytes) -> None:
    with pytest.raises(NotStorable, match="known: 1"):
        load(body)


def test_a_form_with_something_that_is_not_known_here_is_refused_and_not_read_in_part() -> None:
    body = compiled(everything()).replace(b'"type":"userTask"', b'"haste":1,"type":"userTask"', 1)
    with pytest.raises(NotStorable, match="haste"):
        load(body)


def test_an_empty_model_has_a_form_too() -> None:
    assert load(dump(Model())) == Model()
