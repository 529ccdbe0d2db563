"""Every rule that reading may apply: what triggers it, of which element it speaks, and in which words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from bpmn import BPMN, CITY, Drawing, files, inside, loop, process
from readings import file_of, line_of, said
from test_decisions import decision, file, table
from test_rows_of_a_table import TOO_LARGE

from engine.kernel.reading import read
from engine.kernel.rules import RULES

Files = Mapping[str, bytes]
BY_GROUP = '<manualTask id="x" camunda:candidateGroups="kakari"/>'
MESSAGE = '<messageEventDefinition messageRef="m"/>'
NO_VALUE = '<camunda:inputOutput><camunda:inputParameter name="a"/></camunda:inputOutput>'
NOTHING_GIVEN = '<camunda:in target="a"/>'
SIGNAL = '<signalEventDefinition signalRef="g"/>'
BEGIN = '<startEvent id="s"/>'


class Case(NamedTuple):
    """Files in which a rule applies, the element of which it speaks, and words that it says."""

    files: Files
    element: str | None
    words: str


def task(id: str = "t", **settings: str) -> Drawing:
    """start → user task → end."""
    return process("p", "手続き").start().user(id, "仕事", **{"form": "F2", "groups": "kakari", **settings}).end()


def choice(condition: str) -> Files:
    """A process with this condition on the flow f_g_done."""
    return files(process("p").start().xor("g").when("done", condition).otherwise("done").end())


def timer(kind: str, text: str) -> Files:
    event = f"<timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition>"
    return file_of(f'<intermediateCatchEvent id="x">{event}</intermediateCatchEvent>')


def tasked(attributes: str, content: str = "") -> Files:
    """A task x with these attributes, written by hand."""
    given = f'id="x" camunda:formKey="F2" camunda:candidateGroups="kakari" {attributes}'
    return file_of(f"<userTask {given}>{content}</userTask>")


def flows(xml: str) -> Files:
    return file_of(f'<startEvent id="s"/>\n{xml}\n<endEvent id="e"/>')


def way(id: str, source: str, target: str, content: str = "") -> str:
    return f'\n<sequenceFlow id="{id}" sourceRef="{source}" targetRef="{target}">{content}</sequenceFlow>'


def extended(*properties: tuple[str, str], content: str = "") -> str:
    """Extension elements with Camunda properties or something else."""
    rows = "".join(f'<camunda:property name="{name}" value="{value}"/>' for name, value in properties)
    return f"<extensionElements>{content or f'<camunda:properties>{rows}</camunda:properties>'}</extensionElements>"


def lane(id: str, name: str, member: str) -> str:
    return f'<lane id="{id}" name="{name}"><flowNodeRef>{member}</flowNodeRef></lane>'


def boundary(on: str, definition: str = "") -> str:
    return f'\n<boundaryEvent id="x" attachedToRef="{on}">{definition}</boundaryEvent>'


def called(**gives: str) -> Files:
    return files(
        process("p").start().call("x", "q", gives=gives).end(),
        process("q").start().xor("g").when("done", 'purpose = "plan"').otherwise("done").end(),
        process("r").start().call("y", "q", gives={"purpose": '="plan"'}).end(),
    )


def decided(
    kind: str = "singleResult", policy: str = "UNIQUE", cell: str = '"yes"', name: str = "t.dmn", below: str | None = None
) -> Files:
    """A process with the rule task x, and its table with the row `cell` under F1.choice, and perhaps one below."""
    further = "" if below is None else (
        f'<rule id="lower"><inputEntry id="c2"><text>{below}</text></inputEntry>'
        '<outputEntry id="r2"><text>"two"</text></outputEntry></rule>\n'
    )  # fmt: skip
    return {
        **files(process("p").start().rule("x", "table", "hint", kind=kind).end()),
        name: (
            '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">\n'
            f'<decision id="table" name="決定"><decisionTable id="dt" hitPolicy="{policy}">\n'
            '<input id="i" label="選択"><inputExpression id="ie"><text>F1.choice</text></inputExpression></input>\n'
            '<output id="o" name="result"/>\n'
            f'<rule id="row"><inputEntry id="c"><text>{cell}</text></inputEntry>'
            '<outputEntry id="r"><text>"one"</text></outputEntry></rule>\n'
            f"{further}</decisionTable></decision></definitions>"
        ).encode(),
    }


def too_large() -> Files:
    """A table whose rows would have to be tried in too many combinations."""
    given = file(decision(table("FIRST", TOO_LARGE[0], ["way"], *TOO_LARGE[1:])))
    return {**files(process("p").start().rule("x", "advice", "hint").end()), "advice.dmn": given}


FIXED: dict[str, Case] = {
    "data-drawn": Case(
        tasked(
            "", '<property id="q" name="__targetRef_placeholder"/><dataInputAssociation id="a"><sourceRef>d</sourceRef><targetRef>q</targetRef>'
            '</dataInputAssociation><dataOutputAssociation id="b"><targetRef>d</targetRef></dataOutputAssociation>',
        ),
        "x", "図の説明として読みました",
    ),
    "abstract-task": Case(file_of(BY_GROUP.replace("manualTask", "task")), "x", "手作業タスク"),
    "bare-expression": Case(timer("timeDate", "F1.on"), "x", "「F1.on」を式「=F1.on」"),
    "default-with-condition": Case(
        flows(
            '<exclusiveGateway id="g" default="x"/>\n'
            + way("f1", "s", "g")
            + way("x", "g", "e", "<conditionExpression>F1.agreed</conditionExpression>")
        ),
        "x",
        "条件「F1.agreed」は読みません",
    ),
    "dollar-braces": Case(tasked('camunda:dueDate="${F1.on}"'), "x", "「${F1.on}」を「=F1.on」"),
    "flow-without-id": Case(flows('<sequenceFlow sourceRef="s" targetRef="e"/>'), None, "「s->e」として読みました"),
    "implicit-end": Case(file_of(f'<startEvent id="s"/>{way("f", "s", "x")}{BY_GROUP}'), "p", "「x」の後で終わる"),
    "implicit-split": Case(files(task("x").at("x").to("done2").end("done2")), "x", "3つの流れが同時に"),
    "implicit-start": Case(file_of(BY_GROUP), "p", "「x」から始まる"),
    "needless-default": Case(
        files(process("p").start().node("manualTask", "x", groups="kakari", attributes={"default": "f_x_done"}).end()),
        "x",
        "既定の流れの印",
    ),
    "not-executable": Case(
        {"p.bpmn": process("p").start().end().xml().replace(b'"true"', b'"false"')}, "p", "実行する業務の流れ"
    ),
    "plain-payload": Case(
        files(process("p").start().throw("x", "told", payload={"a": "accepted"}).end().optional("told")),
        "x",
        "「a」を、文字「accepted」",
    ),
    "quoted-time": Case(timer("timeDuration", '"PT1H"'), "x", "「PT1H」として"),
}

ASKED: dict[str, Case] = {
    # the file
    "bad-id": Case(file_of('<manualTask id="1x"/>'), "1x", "id「1x」は使えません"),
    "decision-twice": Case({**decided(), **{"u.dmn": decided()["t.dmn"]}}, "table", "「t.dmn」にもあります"),
    "file-name": Case({"q.bpmn": process("p").start().end().xml()}, "p", "「q.bpmn」とプロセスの id「p」"),
    "id-twice": Case(file_of('<manualTask id="x"/><manualTask id="x"/>'), "x", "4行目でも"),
    "no-id": Case(file_of('<manualTask name="仕事"/>'), None, "「仕事」"),
    "no-process": Case({"p.bpmn": f'<definitions xmlns="{BPMN}"/>'.encode()}, None, "プロセスがありません"),
    "pool-without-process": Case(
        file_of(BEGIN, beside='<collaboration id="c"><participant id="x" processRef="moon"/></collaboration>'),
        "x",
        "「moon」",
    ),
    "process-twice": Case(
        {**files(process("p").start().end()), "more/p.bpmn": process("p").start().end().xml()}, "p", "「more/p.bpmn」"
    ),
    "message-optional": Case(
        file_of(BEGIN, beside=f'<message id="x" name="told">{extended(("optional", "yes"))}</message>'),
        "x",
        "true か false",
    ),
    "property-twice": Case(
        tasked("", extended(("print", "a"), ("print", "b"))),
        "x",
        "「print」が2回",
    ),
    # lanes
    "lane-member": Case(file_of(f'<laneSet id="ls">{lane("x", "係", "moon")}</laneSet>{BEGIN}'), "x", "「moon」"),
    "lane-without-name": Case(file_of(f'<laneSet id="ls">{lane("x", "", "s")}</laneSet>{BEGIN}'), "x", "名前を付けて"),
    "two-lanes": Case(
        file_of(f'<laneSet id="ls">{lane("l", "係", "s")}{lane("x", "課長", "s")}</laneSet>{BEGIN}'),
        "x",
        "「係」と「課長」",
    ),
    "unknown-lane": Case(files(process("p").start().manual("x").end().lane("係長", "x")), "x", "レーン「係長」"),
    # ways
    "boundary-host": Case(file_of(boundary("moon", MESSAGE)), "x", "付け直して"),
    "boundary-on-unwaiting": Case(
        files(process("p").start().rule("r", "d", "n", "目安").end().boundary("x", "r", timer="P1D").end("e")),
        "x",
        "「目安」は待つことがない",
    ),
    "dead-end": Case(files(task().at("t").parallel("x")), "x", "ここから先の流れがありません"),
    "empty": Case(file_of(""), "p", "中に何もありません"),
    "event-gateway-target": Case(
        files(process("p").start().race("g").manual("x", groups="kakari").end()), "x", "受信タスクだけ"
    ),
    "event-gateway-twice-message": Case(
        files(process("p").start().race("x").catch("a", message="told").end().at("x").receive("b", "told").end("f")),
        "x", "メッセージ「told」を待つイベントが2つ",
    ),
    "event-gateway-twice-signal": Case(
        files(process("p").start().race("x").catch("a", signal="lost").end().at("x").catch("b", signal="lost").end("f")),
        "x", "シグナル「lost」を待つイベントが2つ",
    ),
    "event-sub-process-start": Case(files(task().by_event(inside("x").start("b").end("e"))), "x", "何が起きたら始まるか"),
    "flow-at-event-sub-process": Case(
        files(task().by_event(inside("x").start("b", signal="lost").end("e")).flow("x", "done")), "x", "流れをつなげません"
    ),
    "flow-into-event": Case(files(task().at("t").to("begin")), "begin", "このイベントへ入る流れ"),
    "flow-out-of-end": Case(files(task().at("done").to("t")), "done", "終了イベントから出る流れ"),
    "flow-out-of-link": Case(
        files(process("p").start().throws("x", link="on").end().catch("y", link="on").end("e")), "x", "同じ名前の受信イベントへ進む"
    ),
    "link-to-nowhere": Case(
        files(process("p").start().throws("x", link="one").apart().catch("y", link="once").end()), "x", "もしかして: once"
    ),
    "link-twice": Case(
        files(process("p").start().throws("a", link="on").apart().catch("b", link="on").end().catch("x", link="on").end("e")), "x", "2つあります"
    ),
    "link-without-name": Case(
        file_of('<intermediateThrowEvent id="x"><linkEventDefinition/></intermediateThrowEvent>'), "x", "リンクに名前がありません"
    ),
    "flow-to-nowhere": Case(flows(way("x", "s", "moon")), "x", "「moon」"),
    "flow-without-condition": Case(
        files(process("p").start().xor("g").to("done").when("done", "F1.agreed").end()), "f_g_done", "条件がありません"
    ),
    "join-never-complete": Case(
        files(
            process("p")
            .start()
            .xor("g")
            .when("a", "F1.agreed")
            .otherwise("b")
            .manual("a", groups="kakari")
            .parallel("x")
            .end()
            .manual("b", groups="kakari")
            .to("x")
        ),
        "x",
        "そろうことがありません",
    ),
    "no-default": Case(
        files(process("p").start().xor("x").when("done", "F1.agreed").apart().end()), "x", "既定の流れを1つ"
    ),
    "no-start": Case(
        file_of('<task id="a"/><task id="b"/>' + way("f", "a", "b") + way("g", "b", "a")), "p", "どこから始まるか"
    ),
    "no-way-to-end": Case(
        files(process("p").start().manual("x", groups="kakari").to("x").at("begin").end()), "x", "終わりに着きません"
    ),
    "unreachable": Case(flows(BY_GROUP + way("f", "s", "e") + way("g", "x", "e")), "x", "ここへ来る流れがありません"),
    "wrong-default": Case(
        files(
            process("p")
            .start()
            .node("exclusiveGateway", "x", attributes={"default": "moon"})
            .when("done", "F1.agreed")
            .end()
        ),
        "x",
        "「moon」",
    ),
    # people and forms
    "form-without-part": Case(files(task("x", form="F1")), "x", "「F1#部分」と書いてください。使えるもの: ask、decide"),
    "nobody": Case(files(process("p").start().manual("x").end()), "x", "だれがするか"),
    "priority": Case(files(task("x", priority="high")), "x", "「high」"),
    "task-without-form": Case(files(process("p").start().user("x", groups="kakari").end()), "x", "様式がありません"),
    "unknown-form": Case(files(task("x", form="F3")), "x", "様式「F3」はありません。使えるもの: F1、F2"),
    "unknown-group": Case(
        files(task("x", groups="kakari,kyoko")),
        "x",
        "グループ「kyoko」は organisation.toml にありません。もしかして: kyoku",
    ),
    "unknown-part": Case(
        files(task("x", form="F1#decides")), "x", "「decides」という部分はありません。もしかして: decide"
    ),
    # settings
    "exclude-whom": Case(
        files(task("x", excludeAssigneeOf="draft")), "x", "「draft」は、このプロセスの人のタスクではありません"
    ),
    "keep-for": Case(
        files(process("p").start().catch("y", message="told", manualStart="kakari").throw("x", "told", keepFor="five days").end()), "x",
        "P3D(3日)や P5BD(5開庁日)のような期間",
    ),
    "misspelt-property": Case(files(task("x", stalledafter="5")), "x", "もしかして: stalledAfter"),
    "phase": Case(files(task("x", phase="open")), "x", "「open」は読めません"),
    "unknown-phase": Case(files(task("x", phase="case:opne")), "x", "もしかして: case:open"),
    "stalled-after": Case(files(task("x", stalledAfter="P5BD")), "x", "「P5BD」は読めません"),
    # times
    "not-a-date": Case(timer("timeDate", "P3BD"), "x", "「P3BD」は期間です"),
    "not-a-period": Case(timer("timeDuration", "2026-06-01"), "x", "「2026-06-01」は日付です"),
    "timer-without-time": Case(
        file_of('<intermediateCatchEvent id="x"><timerEventDefinition/></intermediateCatchEvent>'), "x", "どちらか1つ"
    ),
    "unreadable-time": Case(
        files(task("x", due="2026-02-30")), "x", "「2026-02-30」は日付としても期間としても読めません"
    ),
    # events and messages
    "boundary-without-event": Case(file_of('<manualTask id="t"/>' + boundary("t")), "x", "何を見張るか"),
    "catch-without-event": Case(file_of('<intermediateCatchEvent id="x"/>'), "x", "何を待つか"),
    "task-without-operation": Case(file_of('<serviceTask id="x"/>'), "x", "camunda:topic"),
    "unknown-operation": Case(files(process("p").start().service("x", "lock_up").end()), "x", "もしかして: look_up"),
    "error-goes-on": Case(files(task().boundary("x", "t", error="", interrupting=False).end("e")), "x", "必ず終わらせます"),
    "event-without-condition": Case(
        file_of('<intermediateCatchEvent id="x"><conditionalEventDefinition/></intermediateCatchEvent>'), "x", "条件を式で"
    ),
    "event-without-error": Case(
        file_of('<endEvent id="x"><errorEventDefinition/></endEvent>', beside='<error id="n" errorCode="refused"/>'), "x", "使えるもの: refused"
    ),
    "event-without-escalation": Case(
        file_of('<endEvent id="x"><escalationEventDefinition escalationRef="s"/></endEvent>', beside='<escalation id="n" name="slow"/>'),
        "x", "使えるもの: slow",
    ),
    "unknown-event-definition": Case(
        file_of('<intermediateCatchEvent id="x"><eventDefinitionRef>nowhere</eventDefinitionRef></intermediateCatchEvent>'), "x", "「nowhere」"
    ),
    "event-without-message": Case(
        file_of(f'<startEvent id="x">{MESSAGE}</startEvent>', beside='<message id="n" name="told"/>'),
        "x",
        "使えるもの: told",
    ),
    "event-without-signal": Case(
        file_of('<manualTask id="t"/>' + boundary("t", SIGNAL), beside='<signal id="n" name="lost"/>'),
        "x",
        "使えるもの: lost",
    ),
    "key-not-sent": Case(
        files(
            process("p").start().throw("t", "told", "知らせる", payload={"place": '"a"'}).catch("x", message="told", properties={"key.org": "a"}).end()
        ),
        "x", "メッセージ「told」を送る「知らせる」は「org」を添えていません",
    ),
    "key-without-message": Case(files(task("x", properties={"key.org": "a"})), "x", "途中でメッセージを待つイベントに書きます"),
    "message-not-received": Case(
        files(process("p").start().throw("x", "told").catch("y", message="tells", manualStart="kakari").end()),
        "x",
        "「told」を受けるプロセスがありません。使えるもの: tells",
    ),
    "message-not-sent": Case(
        files(process("p").start().catch("x", message="told").end()), "x", "「told」を送るプロセスがありません"
    ),
    "message-opens-two": Case(
        files(*(process(id, f"手続き{id}").start(f"x{id}", message="told", manualStart="kakari").end() for id in "pq")),
        "xq",
        "「手続きp」も始まります",
    ),
    "unknown-signal": Case(
        files(task().boundary("x", "t", signal="lots").end("e")), "x", "「lots」を出すものがありません"
    ),
    "signal-begins-nothing": Case(
        files(process("p").start("x", signal="lost").end()), "x", "「lost」を出すイベントが、ほかのプロセスの図にありません"
    ),
    "payload-without-value": Case(
        file_of(f'<intermediateThrowEvent id="x">{extended(content=NO_VALUE)}{MESSAGE}</intermediateThrowEvent>'),
        "x",
        "名前と式の両方",
    ),
    # calls, decisions, repetition
    "call-input": Case(
        file_of(f'<callActivity id="x" calledElement="q">{extended(content=NOTHING_GIVEN)}</callActivity>'),
        "x",
        "sourceExpression",
    ),
    "call-input-missing": Case(called(), "x", "「q」は「purpose」を使いますが"),
    "call-without-process": Case(file_of('<callActivity id="x"/>'), "x", "calledElement"),
    "called-by-event": Case(
        files(
            process("p").start().call("x", "q").end(), process("q").start(message="told", manualStart="kakari").end()
        ),
        "x",
        "「q」はメッセージかシグナルで始まる",
    ),
    "decision-gives-list": Case(decided(policy="COLLECT"), "x", "resultList にしてください"),
    "decision-result": Case(decided(kind="singleEntry"), "x", "「singleEntry」は使えません"),
    "loop-without-collection": Case(
        tasked("", '<multiInstanceLoopCharacteristics camunda:elementVariable="role"/>'),
        "x",
        "くり返す一覧がありません",
    ),
    "loop-without-item": Case(
        tasked("", '<multiInstanceLoopCharacteristics camunda:collection="=F1.roles"/>'), "x", "1つ分の名前がありません"
    ),
    "rule-without-decision": Case(
        file_of('<businessRuleTask id="x" camunda:resultVariable="hint"/>'), "x", "camunda:decisionRef"
    ),
    "rule-without-result": Case(
        {**decided(), **file_of('<businessRuleTask id="x" camunda:decisionRef="table"/>')},
        "x",
        "camunda:resultVariable",
    ),
    "unlike-kinds": Case(choice('F1.number = "3"'), "f_g_done", "「F1.number」は数、「\"3\"」は文字"),
    "value-not-offered": Case(
        {each: data.replace(b"</input>", b"<inputValues><text>&quot;no&quot;</text></inputValues></input>") for each, data in decided().items()},
        "row", "1行目の「選択」のマス"
    ),
    "rows-clash": Case(decided(cell="-", below='"yes"'), "lower", "1行目と2行目が同時に"),
    "unknown-decision": Case(
        {**decided(), **files(process("p").start().rule("x", "tabel", "hint").end())}, "x", "もしかして: table"
    ),
    "unknown-process": Case(
        files(process("p").start().call("x", "handed").end(), process("handover").start().end()),
        "x",
        "もしかして: handover",
    ),
    # expressions
    "bad-expression": Case(choice("F1.agreed and"), "f_g_done", "条件の式「F1.agreed and」が読めません"),
    "bad-name": Case(
        decided() | files(process("p").start().rule("x", "table", "the-hint").end()),
        "x",
        "「the-hint」は名前に使えません",
    ),
    "list-compared": Case(choice('F1.kinds = "life"'), "f_g_done", 'list contains(F1.kinds, "life") と書いてください'),
    "yes-no-wanted": Case(choice("F1.choice"), "f_g_done", "「F1.choice = …」のように"),
    "list-wanted": Case(
        files(process("p").start().user("x", form="F2", groups="kakari", loop=loop("=F1.note", "each")).end()),
        "x",
        "「F1.note」は一覧ではありません",
    ),
    "date-wanted": Case(files(task("x", due="=F1.note")), "x", "「F1.note」は日付の項目ではありません"),
    "name-taken": Case(
        files(process("p").start().user("x", form="F2", groups="kakari", loop=loop("=F1.roles", "F2")).end()),
        "x",
        "「F2」は様式の名前",
    ),
    "never-listed": Case(choice('count(answers("F2")) > 0'), "f_g_done", 'answers("F2") は、いつも空です'),
    "unknown-answers": Case(choice('count(answers("F9")) > 0'), "f_g_done", "使えるもの: F1、F2"),
    "unknown-code": Case(choice('F1.choice = "lather"'), "f_g_done", "選択肢「lather」はありません。もしかして: later"),
    "unknown-field": Case(
        choice("F1.agred"), "f_g_done", "「F1」に、「agred」という項目はありません。もしかして: agreed"
    ),
    "unknown-function": Case(choice("leads() = 1"), "f_g_done", "「leads()」という関数はありません。もしかして: lead"),
    "unknown-name": Case(
        choice("initator = 1"), "f_g_done", "「initator」という名前は、ここにはありません。もしかして: initiator"
    ),
    "unknown-setting": Case(
        files(task("x", due="=settings.t_replay")),
        "x",
        "「settings.t_replay」は organisation.toml にありません。もしかして: t_reply",
    ),
    "whole-form": Case(choice("F2 = null"), "f_g_done", "「F2.項目」と、項目まで"),
    "wrong-arguments": Case(choice('consent("a")'), "f_g_done", "「consent()」に渡す値は2個です(いまは1個)"),
}

STYLE: dict[str, Case] = {
    "flow-without-name": Case(choice("F1.agreed"), "f_g_done", "流れに名前がありません"),
    "import-not-read": Case(file_of(BEGIN, beside='<import location="urn:a.xsd"/>'), None, "urn:a.xsd"),
    "input-not-used": Case(called(purpose='="plan"', other="=F1.on"), "x", "「other」"),
    "join-may-wait": Case(
        files(
            process("p")
            .start()
            .parallel("fork")
            .manual("a", groups="kakari")
            .parallel("x")
            .end()
            .at("fork")
            .xor("g")
            .when("x", "F1.agreed")
            .otherwise("aside")
            .end("aside")
        ),
        "x",
        "待ったまま",
    ),
    "mixed-gateway": Case(
        files(task().at("t").xor("x").when("done", "F1.agreed").otherwise("t").at("begin").to("x")), "x", "合流と分岐"
    ),
    "caught-but-not-thrown": Case(
        files(process("p").start().sub(inside("s").start("a").end("b")).end().boundary("x", "s", error="refused").end("e")), "x", "このエラーを出すものがない"
    ),
    "error-not-caught": Case(files(process("p").start().end("x", error="refused")), "x", "人が見るまで"),
    "escalation-not-caught": Case(files(process("p").start().end("x", escalation="slow")), "x", "何も起きません"),
    "signal-not-heard": Case(files(process("p").start().end("x", signal="ready")), "x", "シグナル「ready」を待つもの"),
    "nobody-starts": Case(files(task()), "p", "だれも始められません"),
    "process-without-name": Case(files(process("p").start().end()), "p", "名前がありません"),
    "row-never-reached": Case(decided(policy="FIRST", cell="-", below='"yes"'), "lower", "2行目は使われません"),
    "rows-leave-gap": Case(decided(), "table", "(例: 「選択」が \"later\")"),
    "rows-not-checked": Case(too_large(), "advice", "確かめられませんでした"),
    "unknown-property": Case(files(task("x", colour="red")), "x", "「colour」は、どこでも使われません"),
    "without-documentation": Case(files(task("x")), "x", "説明がありません"),
    "without-name": Case(files(process("p").start().manual("x", groups="kakari").end()), "x", "名前がありません"),
}

CASES = {**FIXED, **ASKED, **STYLE}


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_speaks_of_its_element_in_words_that_help(rule: str) -> None:
    case = CASES[rule]
    found = read(case.files, CITY)
    problem = next(each for each in said(found, rule) if each.element == case.element)
    assert problem.kind == RULES[rule][0]
    assert case.words in problem.message
    assert problem.message.endswith("。"), "a sentence"
    if problem.element is not None and problem.line is not None:
        assert problem.message.startswith(("「", f"「{problem.element}」"))
        assert problem.line == line_of(case.files[problem.file], problem.element)


@pytest.mark.parametrize("rule", CASES)
def test_only_what_is_asked_or_refused_keeps_a_model_from_being_run(rule: str) -> None:
    found = read(CASES[rule].files, CITY)
    stopped = any(problem.kind in ("ask", "refused") for problem in found.problems)
    assert (found.model is None) == stopped
    if rule in FIXED or rule in STYLE:
        assert not stopped, "nothing else is wrong in this file"


def test_every_rule_that_is_written_down_is_tried() -> None:
    here = Path(__file__).parent
    tried = "".join((here / name).read_text("utf-8") for name in ("test_refusals.py", "test_xml_attacks.py"))
    assert [rule for rule in RULES if rule not in CASES and f'"{rule}"' not in tried] == []


def test_the_kinds_of_these_pages_are_those_of_the_rules() -> None:
    for kind, cases in (("fixed", FIXED), ("ask", ASKED), ("style", STYLE)):
        assert cases.keys() == {rule for rule in RULES if RULES[rule][0] == kind}
