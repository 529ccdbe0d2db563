"""What a diagram may hold and is not run: refused by its Japanese name, with element, line and what to draw instead."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from bpmn import CITY, files, inside, loop, process
from readings import file_of, line_of, reading, said, stops

from engine.kernel import refused as refusals
from engine.kernel.model import Problem
from engine.kernel.reading import read
from engine.kernel.rules import RULES

WRITTEN = tomllib.loads(Path(refusals.__file__).with_suffix(".toml").read_text(encoding="utf-8"))
TIMER = "<timerEventDefinition><timeDuration>P3D</timeDuration></timerEventDefinition>"
MESSAGE = '<messageEventDefinition messageRef="m"/>'
SIGNAL = '<signalEventDefinition signalRef="g"/>'
DECLARED = '<message id="m" name="asked"/><signal id="g" name="lost"/>'


def drawn(element: str, *, before: str = '<startEvent id="s"/>', after: str = '<endEvent id="e"/>') -> str:
    """A process in which the element with the id x stands between a start and an end."""
    ways = '<sequenceFlow id="f1" sourceRef="s" targetRef="x"/>\n<sequenceFlow id="f2" sourceRef="x" targetRef="e"/>'
    return f"{before}\n{element}\n{after}\n{ways}"


def refused(xml: str, rule: str, element: str = "x", beside: str = DECLARED) -> Problem:
    """The one refusal of this rule, which must name the element and its line and leave no model."""
    data = file_of(xml, beside=beside)
    found = read(data, CITY)
    assert found.model is None
    (problem,) = said(found, rule)
    assert (problem.kind, problem.file, problem.element) == ("refused", "p.bpmn", element)
    assert problem.line == line_of(data["p.bpmn"], element)
    return problem


def assert_says(problem: Problem, name: str, element: str = "「架空の要素」(x)") -> None:
    assert problem.message.startswith(f"{element}: {name}は使えません。")
    remedy = problem.message.split("使えません。", 1)[1]
    assert remedy.endswith("。") and len(remedy) > 5, "says what to do instead"


NODES = {
    "complexGateway": ("complex-gateway", "複合ゲートウェイ"),
    "scriptTask": ("script-task", "スクリプトタスク"),
    "transaction": ("transaction", "トランザクション"),
    "adHocSubProcess": ("ad-hoc-sub-process", "アドホックサブプロセス"),
    "choreographyTask": ("choreography", "コレオグラフィ"),
    "subChoreography": ("choreography", "コレオグラフィ"),
    "callChoreography": ("choreography", "コレオグラフィ"),
    "implicitThrowEvent": ("implicit-throw", "暗黙の送信イベント"),
}


@pytest.mark.parametrize("tag", NODES)
def test_a_flow_node_that_is_not_run_is_refused_by_its_name(tag: str) -> None:
    rule, name = NODES[tag]
    assert_says(refused(drawn(f'<{tag} id="x" name="架空の要素"/>'), rule), name)


VARIANTS = {
    "instantiate-eventBasedGateway": (
        '<eventBasedGateway id="x" name="架空の要素" instantiate="true"/>',
        "instantiating-gateway", "開始を兼ねるイベントゲートウェイ",
    ),
    "instantiate-receiveTask": (
        '<receiveTask id="x" name="架空の要素" instantiate="true"/>', "instantiating-task", "開始を兼ねる受信タスク",
    ),
    "parallelEvents": (
        '<eventBasedGateway id="x" name="架空の要素" eventGatewayType="Parallel"/>',
        "parallel-event-gateway", "並行のイベントゲートウェイ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_of_a_flow_node_that_is_not_run_is_refused(variant: str) -> None:
    element, rule, name = VARIANTS[variant]
    assert_says(refused(drawn(element), rule), name)


POSITIONS = {
    "startEvent": ("start", "開始イベント"),
    "eventSubProcess": ("event-sub-process-start", "イベントサブプロセスの開始イベント"),
    "endEvent": ("end", "終了イベント"),
    "intermediateThrowEvent": ("throw", "中間イベント(送信)"),
    "intermediateCatchEvent": ("catch", "中間イベント(受信)"),
    "boundaryEvent": ("boundary", "境界イベント"),
}
DEFINITIONS = {
    "errorEventDefinition": ("error", "エラー"),
    "escalationEventDefinition": ("escalation", "エスカレーション"),
    "compensateEventDefinition": ("compensation", "補償"),
    "cancelEventDefinition": ("cancel", "取消"),
    "conditionalEventDefinition": ("conditional", "条件"),
    "linkEventDefinition": ("link", "リンク"),
    "terminateEventDefinition": ("terminate", "強制終了"),
    "timerEventDefinition": ("timer", "タイマー"),
}
CAUGHT = ("intermediateCatchEvent", "boundaryEvent", "eventSubProcess")
RUN = {
    *((kind, place) for kind in ("timerEventDefinition", "conditionalEventDefinition") for place in CAUGHT),
    *((kind, place) for kind in ("errorEventDefinition", "escalationEventDefinition") for place in ("boundaryEvent", "eventSubProcess", "endEvent")),
    ("terminateEventDefinition", "endEvent"),
    *((f"{kind}EventDefinition", "intermediateThrowEvent") for kind in ("escalation", "link")),
    ("linkEventDefinition", "intermediateCatchEvent"),
}  # fmt: skip
NOT_RUN = [(kind, place) for kind in DEFINITIONS for place in POSITIONS if (kind, place) not in RUN]


@pytest.mark.parametrize(("kind", "place"), NOT_RUN)
def test_an_event_that_is_not_run_at_its_place_is_refused(kind: str, place: str) -> None:
    rule = f"{DEFINITIONS[kind][0]}-{POSITIONS[place][0]}"
    assert_says(refused(drawn(placed(place, f"<{kind}/>")), rule), f"{DEFINITIONS[kind][1]}の{POSITIONS[place][1]}")


def placed(place: str, definitions: str, mark: str = "") -> str:
    """An event x with these definitions at a place."""
    tag = "startEvent" if place == "eventSubProcess" else place
    event = f'<{tag} id="x" name="架空の要素"{mark} attachedToRef="t">{definitions}</{tag}>'
    return f'<subProcess id="around" triggeredByEvent="true">\n{event}\n</subProcess>' if place == "eventSubProcess" else event


@pytest.mark.parametrize("place", POSITIONS)
@pytest.mark.parametrize("parallel", [False, True])
def test_an_event_with_several_definitions_is_refused(place: str, parallel: bool) -> None:
    mark = ' parallelMultiple="true"' if parallel else ""
    event = placed(place, MESSAGE + TIMER, mark)
    rule = f"{'parallel-' if parallel else ''}multiple-{POSITIONS[place][0]}"
    assert_says(refused(drawn(event), rule), f"{'並行' if parallel else ''}複数の定義をもつ{POSITIONS[place][1]}")


def test_an_event_definition_that_nobody_knows_is_refused() -> None:
    assert_says(
        refused(drawn('<startEvent id="x" name="架空の要素"><moonEventDefinition/></startEvent>'), "unknown-start"),
        "moonEventDefinitionの開始イベント",
    )


PARTS = {
    "ioSpecification": ("io-specification", "データの入出力"),
    "ioBinding": ("io-specification", "データの入出力"),
    "dataInputAssociation": ("data-association", "計算や代入をするデータの関連(入力)"),
    "dataOutputAssociation": ("data-association", "計算や代入をするデータの関連(出力)"),
    "property": ("data-property", "データのプロパティ"),
    "standardLoopCharacteristics": ("standard-loop", "標準ループ"),
    "potentialOwner": ("resource-role", "担当の指定"),
    "humanPerformer": ("resource-role", "担当の指定"),
    "performer": ("resource-role", "担当の指定"),
    "resourceRole": ("resource-role", "担当の指定"),
    "correlationSubscription": ("correlation", "相関の指定"),
    "rendering": ("generated-form", "画面の指定"),
}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_would_change_what_happens_is_refused(part: str) -> None:
    rule, name = PARTS[part]
    computes = "<assignment/>" if part.endswith("Association") else ""
    problem = refused(drawn(f'<manualTask id="x" name="架空の要素"><{part}>{computes}</{part}></manualTask>'), rule)
    assert problem.message.startswith(f"「架空の要素」(x): {name}")


@pytest.mark.parametrize("attribute", ["startQuantity", "completionQuantity"])
def test_token_quantities_are_refused(attribute: str) -> None:
    problem = refused(drawn(f'<manualTask id="x" name="架空の要素" {attribute}="2"/>'), "token-quantity")
    assert_says(problem, "トークンの数(startQuantity, completionQuantity)")
    plain = file_of(drawn(f'<manualTask id="x" name="架空の要素" {attribute}="1" camunda:candidateGroups="kakari"/>'))
    assert not stops(read(plain, CITY)), "one is the usual number"


def test_a_task_for_compensation_is_refused() -> None:
    task = '<manualTask id="x" name="架空の要素" isForCompensation="true"/>'
    assert_says(refused(drawn(task), "compensation-task"), "補償のためのタスク")


ROOTS = {
    "choreography": ("choreography", "コレオグラフィ"),
    "globalTask": ("global-task", "グローバルタスク"),
    "globalUserTask": ("global-task", "グローバルユーザータスク"),
    "globalManualTask": ("global-task", "グローバル手作業タスク"),
    "globalScriptTask": ("global-task", "グローバルスクリプトタスク"),
    "globalBusinessRuleTask": ("global-task", "グローバルビジネスルールタスク"),
    "globalChoreographyTask": ("choreography", "コレオグラフィ"),
    "globalConversation": ("conversation", "グローバル会話"),
    "correlationProperty": ("correlation", "相関の指定(correlationProperty)"),
}


@pytest.mark.parametrize("tag", ROOTS)
def test_what_stands_beside_the_process_and_is_not_run_is_refused(tag: str) -> None:
    rule, name = ROOTS[tag]
    xml = drawn('<manualTask id="t"/>')
    assert_says(refused(xml, rule, beside=f'<{tag} id="x" name="架空の要素"/>'), name)


ATTRIBUTES = {
    "class": "executable-extension", "delegateExpression": "executable-extension", "expression": "executable-extension",
    "type": "executable-extension", "topic": "executable-extension", "variableMappingClass": "executable-extension",
    "variableMappingDelegateExpression": "executable-extension",
    "script": "script-extension", "scriptFormat": "script-extension", "resource": "script-extension",
    "formHandlerClass": "generated-form", "formRef": "generated-form",
    "candidateUsers": "named-users", "candidateStarterUsers": "named-users",
    "caseRef": "called-variant", "calledElementVersion": "called-variant", "calledElementVersionTag": "called-variant",
    "calledElementTenantId": "called-variant", "decisionRefVersion": "called-variant",
    "decisionRefVersionTag": "called-variant", "decisionRefTenantId": "called-variant",
    "calledElementBinding": "called-variant", "decisionRefBinding": "called-variant",
}  # fmt: skip


@pytest.mark.parametrize("attribute", ATTRIBUTES)
@pytest.mark.parametrize("product", ["http://camunda.org/schema/1.0/bpmn", "http://flowable.org/bpmn"])
def test_a_foreign_attribute_that_executes_or_assigns_is_refused(attribute: str, product: str) -> None:
    task = f'<manualTask id="x" name="架空の要素" xmlns:other="{product}" other:{attribute}="架空"/>'
    assert f"({attribute})は使えません。" in refused(drawn(task), ATTRIBUTES[attribute]).message


@pytest.mark.parametrize("binding", ["calledElementBinding", "decisionRefBinding"])
@pytest.mark.parametrize("version", ["latest", "deployment"])
def test_a_binding_to_what_is_published_is_no_variant(binding: str, version: str) -> None:
    task = f'<manualTask id="x" camunda:candidateGroups="kakari" camunda:{binding}="{version}"/>'
    assert not stops(read(file_of(drawn(task)), CITY))


EXTENSIONS = {
    "executionListener": "listener", "executionListeners": "listener", "taskListener": "listener",
    "taskListeners": "listener",
    "connector": "executable-extension", "serviceTaskOperator": "executable-extension",
    "taskDefinition": "executable-extension", "field": "executable-extension",
    "errorEventDefinition": "executable-extension",
    "script": "script-extension", "preScript": "script-extension", "postScript": "script-extension",
    "formData": "generated-form", "formProperty": "generated-form", "formDefinition": "generated-form",
    "userTaskForm": "generated-form",
    "inputOutput": "io-mapping", "inputParameter": "io-mapping", "outputParameter": "io-mapping",
    "ioMapping": "io-mapping", "out": "io-mapping", "variableMapping": "io-mapping", "messagePayload": "io-mapping",
    "messageVariable": "io-mapping",
    "processVariableCorrelation": "correlation", "subscription": "correlation",
    "assignmentDefinition": "foreign-assignment", "taskSchedule": "foreign-schedule",
    "priorityDefinition": "foreign-schedule", "calledElement": "foreign-call", "calledDecision": "foreign-decision",
    "calledDecisionId": "foreign-decision", "loopCharacteristics": "foreign-loop", "allowGuest": "guest-access",
}  # fmt: skip


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_foreign_element_that_executes_assigns_or_copies_is_refused(extension: str) -> None:
    part = f'<extensionElements><o:{extension} xmlns:o="urn:other"/></extensionElements>'
    task = f'<manualTask id="x" name="架空の要素">{part}</manualTask>'
    assert f"({extension})は使えません。" in refused(drawn(task), EXTENSIONS[extension]).message


@pytest.mark.parametrize(
    "holder",
    [
        '<startEvent id="x">{}</startEvent>',
        '<startEvent id="x"><messageEventDefinition messageRef="m">{}</messageEventDefinition></startEvent>',
        '<subProcess id="x"><multiInstanceLoopCharacteristics>{}</multiInstanceLoopCharacteristics></subProcess>',
        '<exclusiveGateway id="x">{}</exclusiveGateway>',
        '<sequenceFlow id="x" sourceRef="s" targetRef="e">{}</sequenceFlow>',
    ],
)
def test_a_listener_is_found_wherever_it_hides(holder: str) -> None:
    listener = '<extensionElements><camunda:executionListener class="架空"/></extensionElements>'
    refused(f'<startEvent id="s"/>\n{holder.format(listener)}\n<endEvent id="e"/>', "listener")


def test_a_script_deep_inside_of_a_payload_is_refused() -> None:
    script = '<camunda:script scriptFormat="groovy">1</camunda:script>'
    parameter = f'<camunda:inputParameter name="a">{script}</camunda:inputParameter>'
    payload = f"<extensionElements><camunda:inputOutput>{parameter}</camunda:inputOutput></extensionElements>"
    event = f'<intermediateThrowEvent id="x" name="架空の要素">{payload}{MESSAGE}</intermediateThrowEvent>'
    assert_says(refused(drawn(event), "script-extension"), "スクリプト(script)")


def test_listeners_of_the_process_and_of_its_messages_are_refused_too() -> None:
    listener = '<extensionElements><camunda:executionListener class="架空"/></extensionElements>'
    data = file_of(f'{listener}<startEvent id="s"/>')
    (problem,) = said(read(data, CITY), "listener")
    assert problem.element == "p" and problem.message.startswith("「手続き」(p): リスナー")
    payload = '<extensionElements><o:messagePayload xmlns:o="urn:o"/></extensionElements>'
    beside = f'<message id="x" name="架空の要素">{payload}</message>'
    refused('<startEvent id="s"/>', "io-mapping", beside=beside)


def test_foreign_marks_that_only_describe_are_left_alone() -> None:
    described = (
        '<startEvent id="s" xmlns:o="urn:o" o:colour="red" camunda:asyncBefore="true"/>\n'
        '<manualTask id="x" camunda:candidateGroups="kakari" xmlns:o="urn:o" o:note="架空">'
        '<extensionElements><o:note><o:detail a="1"/></o:note><o:task id="no-task"/></extensionElements></manualTask>\n'
        '<endEvent id="e"/>\n<sequenceFlow id="f1" sourceRef="s" targetRef="x"/>\n'
        '<sequenceFlow id="f2" sourceRef="x" targetRef="e"/>'
    )
    assert not stops(read(file_of(described), CITY))


def test_an_element_that_nobody_knows_is_refused() -> None:
    data = file_of(drawn('<manualTask id="x" name="架空の要素"><moonCharacteristics/></manualTask>'))
    (problem,) = said(read(data, CITY), "unknown-element")
    assert problem.kind == "refused" and problem.element == "x"
    assert "「moonCharacteristics」という要素は使えません" in problem.message
    (problem,) = said(read(file_of('<moonTask id="x"/><startEvent id="s"/>'), CITY), "unknown-element")
    assert problem.element == "p" and "「moonTask」" in problem.message


def test_loops_other_than_over_a_list_are_refused() -> None:
    def mi(attributes: str, content: str = "") -> str:
        over = f'camunda:collection="=F1.roles" camunda:elementVariable="r" {attributes}'
        mark = f"<multiInstanceLoopCharacteristics {over}>{content}</multiInstanceLoopCharacteristics>"
        return drawn(f'<subProcess id="x" name="架空の要素">{mark}<startEvent id="si"/></subProcess>')

    times = refused(mi("", "<loopCardinality>3</loopCardinality>"), "loop-cardinality")
    assert_says(times, "回数によるマルチインスタンス(loopCardinality)")
    for name in ("loopDataInputRef", "loopDataOutputRef", "inputDataItem", "outputDataItem"):
        assert_says(refused(mi("", f"<{name}/>"), "loop-data"), f"データによるマルチインスタンスの指定({name})")
    for marks in ('behavior="One"', 'behavior="None" noneBehaviorEventRef="m"', 'oneBehaviorEventRef="m"'):
        assert_says(refused(mi(marks), "loop-behavior"), "マルチインスタンスの終わり方の指定(behavior)")
    refused(mi('behavior="Complex"', "<complexBehaviorDefinition/>"), "loop-behavior")
    assert not said(read(file_of(mi('behavior="All"')), CITY), "loop-behavior"), "all is what it does anyway"


@pytest.mark.parametrize("tag", ["businessRuleTask", "exclusiveGateway", "intermediateThrowEvent"])
def test_what_does_not_last_cannot_be_repeated(tag: str) -> None:
    mark = '<multiInstanceLoopCharacteristics camunda:collection="=F1.roles" camunda:elementVariable="r"/>'
    found = read(file_of(drawn(f'<{tag} id="x" name="架空の要素">{mark}</{tag}>')), CITY)
    assert {problem.rule for problem in stops(found)} & {"loop-here", "unknown-element"}


def test_a_cycle_timer_is_refused() -> None:
    timer = "<timerEventDefinition><timeCycle>R3/PT1H</timeCycle></timerEventDefinition>"
    event = f'<intermediateCatchEvent id="x" name="架空の要素">{timer}</intermediateCatchEvent>'
    assert_says(refused(drawn(event), "timer-cycle"), "くり返すタイマー(timeCycle)")


def test_a_condition_on_a_flow_that_leaves_a_task_is_refused() -> None:
    drawing = process("p").start().user("t", form="F2", groups="kakari").when("done", 'F2.answer = "accepted"').end()
    (problem,) = said(reading(drawing), "conditional-flow")
    assert problem.kind == "refused" and problem.element == "f_t_done"
    assert "条件付きの流れは、排他ゲートウェイか包含ゲートウェイからだけ出せます" in problem.message


LANGUAGES = {
    'language="groovy"': "groovy",
    'language="http://www.w3.org/1999/XPath"': "xpath",
    'camunda:resource="a.js"': "resource",
}
FEEL = ["", 'language="feel"', 'language="https://www.omg.org/spec/DMN/20191111/FEEL/"', 'language="juel"']


def conditional(mark: str) -> str:
    condition = f"<conditionExpression {mark}>F1.agreed</conditionExpression>"
    flow = f'<sequenceFlow id="x" sourceRef="g" targetRef="e">{condition}</sequenceFlow>'
    return f'<startEvent id="s"/>\n<exclusiveGateway id="g"/>\n<endEvent id="e"/>\n{flow}'


@pytest.mark.parametrize("mark", LANGUAGES)
def test_a_condition_in_another_language_is_refused(mark: str) -> None:
    problem = refused(conditional(mark), "expression-language")
    assert f"条件の言語「{LANGUAGES[mark]}」は使えません" in problem.message


@pytest.mark.parametrize("mark", FEEL)
def test_a_condition_in_feel_is_read(mark: str) -> None:
    assert not said(read(file_of(conditional(mark)), CITY), "expression-language")


def test_a_person_s_name_in_a_diagram_is_refused() -> None:
    drawing = process("p").start().manual("t", "調べる", groups="kakari", assignee="hoshizora").end()
    (problem,) = said(reading(drawing), "named-users")
    assert problem.kind == "refused" and problem.element == "t"
    assert "個人の名指し(assignee「hoshizora」)は使えません" in problem.message and "=initiator" in problem.message


def test_several_starts_are_refused() -> None:
    drawing = process("p").start("a").end().start("b", "別の始まり").to("done")
    (problem,) = said(reading(drawing), "several-starts")
    assert problem.kind == "refused"
    assert problem.message.startswith("「別の始まり」(b): 複数の開始イベントは使えません。")


def test_an_event_sub_process_cannot_be_repeated() -> None:
    mark = '<multiInstanceLoopCharacteristics camunda:collection="=F1.roles" camunda:elementVariable="r"/>'
    refused(drawn(f'<subProcess id="x" name="架空の要素" triggeredByEvent="true">{mark}<startEvent id="si">{SIGNAL}</startEvent></subProcess>'), "loop-here")


def test_a_message_cannot_begin_the_inside_of_a_sub_process() -> None:
    drawing = process("p").start().sub(inside("in").start("x", "届いた", message="asked").end("y")).end()
    (problem,) = said(reading(drawing), "start-in-sub-process")
    assert problem.kind == "refused" and problem.element == "x"


def test_passing_all_to_a_called_process_is_refused() -> None:
    given = '<extensionElements><camunda:in variables="all"/></extensionElements>'
    call = f'<callActivity id="x" name="架空の要素" calledElement="q">{given}</callActivity>'
    problem = refused(drawn(call), "call-passes-all")
    assert_says(problem, 'すべてを渡す指定(variables="all")')


def test_processes_that_call_each_other_in_a_circle_are_refused() -> None:
    a = process("a").start().call("x", "b", "次へ").end()
    b = process("b").start().call("y", "a").end()
    found = reading(a, b)
    assert [problem.element for problem in said(found, "call-cycle")] == ["x", "y"]
    first, _ = said(found, "call-cycle")
    assert first.kind == "refused" and "(a → b → a)" in first.message
    assert first.message.startswith("「次へ」(x): プロセスが自分自身を呼び出す輪")
    itself = process("a").start().call("x", "a").end()
    assert [problem.element for problem in said(reading(itself), "call-cycle")] == ["x"]


def test_one_file_holds_one_process() -> None:
    data = files(process("p").start().end())["p.bpmn"]
    second = b'<bpmn:process id="q" name="q"><bpmn:startEvent id="x"/></bpmn:process>\n</bpmn:definitions>'
    found = read({"p.bpmn": data.replace(b"</bpmn:definitions>", second)}, CITY)
    (problem,) = said(found, "several-processes")
    assert problem.kind == "refused" and problem.element == "q"


def test_other_files_are_refused() -> None:
    found = read({"notes.txt": b"x", **files(process("p").start().end())}, CITY)
    (problem,) = said(found, "unknown-file")
    assert (problem.file, problem.kind, found.model) == ("notes.txt", "refused", None)


@pytest.mark.parametrize(
    "misplaced",
    [
        '<laneSet id="ls"><lane id="l" name="係"><userTask id="x"/></lane></laneSet>',
        '<textAnnotation id="n"><userTask id="x"/></textAnnotation>',
        '<group id="n"><sequenceFlow id="x" sourceRef="s" targetRef="e"/></group>',
        '<other:thing xmlns:other="urn:o"><userTask xmlns="urn:o" id="x"/></other:thing>',
        '<userTask xmlns="" id="x"/>',
        '<extensionElements><scriptTask id="x"/></extensionElements>',
    ],
)
def test_a_node_or_flow_at_a_place_where_it_would_not_be_run_is_refused(misplaced: str) -> None:
    xml = f'{misplaced}\n<startEvent id="s"/>\n<endEvent id="e"/>\n<sequenceFlow id="f" sourceRef="s" targetRef="e"/>'
    assert "実行されません" in refused(xml, "not-covered").message


def test_a_refused_node_does_not_hide_the_other_problems() -> None:
    drawing = process("p").start().node("scriptTask", "x").user("t", groups="kakari").end()
    assert {problem.rule for problem in stops(reading(drawing))} == {"script-task", "task-without-form"}


def test_multi_instance_runs_on_everything_that_lasts() -> None:
    each = loop("=F1.roles", "role")
    drawing = process("p").start().user("a", form="F2", groups="kakari", loop=each).call("b", "q", loop=each)
    drawing.sub(inside("c").start("ci").end("cj"), loop=each).end()
    assert not stops(reading(drawing, process("q").start().end()))


def listed() -> Iterator[tuple[str, str]]:
    """Every row of refused.toml, as this page tries it."""
    bindings = {"calledElementBinding", "decisionRefBinding"}
    tried = {
        "nodes": {*NODES, *VARIANTS},
        "positions": {*POSITIONS},
        "definitions": {*DEFINITIONS, "multiple", "parallelMultiple"},
        "parts": {*PARTS, "quantity", "isForCompensation"},
        "roots": {*ROOTS},
        "attributes": {*ATTRIBUTES} - bindings,
        "bindings": bindings,
        "extensions": {*EXTENSIONS},
    }
    for part, names in tried.items():
        yield from ((part, name) for name in sorted(names))


def test_every_refusal_that_is_written_down_is_tried_here() -> None:
    assert set(listed()) == {(part, name) for part, names in WRITTEN.items() for name in names}


def test_what_is_refused_by_its_name_has_a_rule_of_its_own() -> None:
    rules = {row[0] for part, names in WRITTEN.items() if part != "positions" for row in names.values()}
    assert rules & RULES.keys() == {"named-users"}, "which is said of an attribute and of a literal assignee"
