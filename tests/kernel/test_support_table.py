"""The table of what runs in docs/bpmn.md is what the reader says of a drawing of each."""

from __future__ import annotations

from pathlib import Path

from bpmn import Drawing, inside, loop, process
from readings import reading

PAGE = Path(__file__).parents[2] / "docs" / "bpmn.md"

DEFINITIONS = {
    "none": "",
    "message": '<bpmn:messageEventDefinition messageRef="msg_news"/>',
    "timer": "<bpmn:timerEventDefinition><bpmn:timeDuration>P3D</bpmn:timeDuration></bpmn:timerEventDefinition>",
    "signal": '<bpmn:signalEventDefinition signalRef="sig_lost"/>',
    "conditional": "<bpmn:conditionalEventDefinition><bpmn:condition>F1.agreed</bpmn:condition></bpmn:conditionalEventDefinition>",
    "error": '<bpmn:errorEventDefinition errorRef="error_bad"/>',
    "escalation": '<bpmn:escalationEventDefinition escalationRef="escalation_slow"/>',
    "link": '<bpmn:linkEventDefinition name="on"/>',
    "terminate": "<bpmn:terminateEventDefinition/>",
    "compensation": "<bpmn:compensateEventDefinition/>",
    "cancel": "<bpmn:cancelEventDefinition/>",
    "multiple": '<bpmn:signalEventDefinition signalRef="sig_lost"/><bpmn:terminateEventDefinition/>',
}
PLACES = (
    "start", "start of an event sub-process", "the same, not interrupting", "intermediate catch", "boundary", "boundary, not interrupting",
    "intermediate throw", "end",
)  # fmt: skip


def task(id: str = "t") -> Drawing:
    return process("p").start().user(id, form="F2", groups="kakari")


def event(kind: str, place: str) -> Drawing:
    """A process with one event of this kind at this place, right in all else."""
    content, going_on = DEFINITIONS[kind], place.endswith("not interrupting")
    match place:
        case "start":
            drawing = process("p").node("startEvent", "x", content=content).end()
        case "start of an event sub-process" | "the same, not interrupting":
            given = {"isInterrupting": "false"} if going_on else {}
            drawing = task().end().by_event(inside("es").node("startEvent", "x", content=content, attributes=given).end("es_e"))
        case "intermediate catch":
            drawing = process("p").start()
            drawing = drawing.throws("y", link="on").apart() if kind == "link" else drawing
            drawing.node("intermediateCatchEvent", "x", content=content).end()
        case "boundary" | "boundary, not interrupting":
            given = {"attachedToRef": "t", "cancelActivity": "false" if going_on else "true"}
            drawing = task().end().node("boundaryEvent", "x", content=content, attributes=given).end("e")
        case "intermediate throw":
            drawing = process("p").start().node("intermediateThrowEvent", "x", content=content)
            drawing = drawing.apart().catch("y", link="on") if kind == "link" else drawing
            drawing.end()
        case _:
            drawing = task().node("endEvent", "x", content=content)
    drawing._messages["news"] = True
    drawing._signals.add("lost")
    drawing._codes |= {("error", "bad"), ("escalation", "slow")}
    return drawing


def peer() -> Drawing:
    """Who sends the message and waits for it, and throws the signal."""
    return process("peer").start("b").throws("cry", signal="lost").throw("s", "news").catch("c", message="news").end("e").optional("news")


def runs(drawing: Drawing, *others: Drawing) -> bool:
    return reading(drawing, *others).model is not None


def body(id: str = "x", **start: str) -> Drawing:
    return inside(id).start("x_b", **start).end("x_e")


def choosing(tag: str) -> Drawing:
    return process("p").start().node(tag, "x").when("t", "F1.agreed").otherwise("done").user("t", form="F2", groups="kakari").end()


def plain(tag: str, **attributes: str) -> Drawing:
    return process("p").start().node(tag, "x", attributes={"camunda:candidateGroups": "kakari", **attributes}).end()


def marked(mark: str) -> Drawing:
    return process("p").start().node("userTask", "x", content=mark, form="F2", groups="kakari").end()


ELEMENTS = {
    "user task": task().end(),
    "manual task, task without a kind": plain("task"),
    "send task": process("p").start().send("x", "news").end().optional("news"),
    "receive task": process("p").start().receive("x", "news").end(),
    "business rule task": None,  # tried in test_decisions.py
    "service task, of an operation that is registered": process("p").start().service("x", "look_up").end(),
    "service task, of anything else": plain("serviceTask"),
    "script task": plain("scriptTask"),
    "call activity": process("p").start().call("x", "peer").end(),
    "sub-process": process("p").start().sub(body()).end(),
    "event sub-process": task().end().by_event(body(signal="lost")),
    "transaction": plain("transaction"),
    "ad-hoc sub-process": plain("adHocSubProcess"),
    "exclusive gateway": choosing("exclusiveGateway"),
    "inclusive gateway": choosing("inclusiveGateway"),
    "parallel gateway": task().parallel("x").to("u").end().apart().user("u", form="F2", groups="kakari").end("e"),
    "event-based gateway": process("p").start().race("x").catch("a", timer="P3D").end().at("x").catch("b", timer="P9D").end("e"),
    "event-based gateway that waits for all": plain("eventBasedGateway", eventGatewayType="Parallel"),
    "event-based gateway that begins a process": plain("eventBasedGateway", instantiate="true"),
    "complex gateway": plain("complexGateway"),
    "multi-instance over a list, side by side or in turn, with a completion condition": process("p")
    .start()
    .user("x", form="F2", groups="=role.org", loop=loop("=F1.roles", "role", sequential=True, until='F2.answer = "refused"'))
    .end(),
    "multi-instance by number": marked(
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>3</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    ),
    "standard loop": marked("<bpmn:standardLoopCharacteristics/>"),
    "data object, data store, text, group": task().end().raw('<bpmn:dataObjectReference id="d"/>').raw('<bpmn:group id="g"/>'),
    "data association that only draws": marked("<bpmn:dataOutputAssociation/>"),
    "data association that computes": marked("<bpmn:dataOutputAssociation><bpmn:assignment/></bpmn:dataOutputAssociation>"),
    "task for compensation": plain("task", isForCompensation="true"),
    "number of tokens other than one": plain("task", startQuantity="2"),
    "timer that repeats": process("p")
    .start()
    .node("intermediateCatchEvent", "x", content="<bpmn:timerEventDefinition><bpmn:timeCycle>R3/P1D</bpmn:timeCycle></bpmn:timerEventDefinition>")
    .end(),
}


def table() -> str:
    """Both tables, as the page has them."""
    mark = {True: "○", False: "×"}
    rows = ["| element | |", "|---|---|"]
    rows += [f"| {name} | {mark[drawing is None or runs(drawing, peer())]} |" for name, drawing in ELEMENTS.items()]
    rows += ["", "| event | " + " | ".join(PLACES) + " |", "|---" * (len(PLACES) + 1) + "|"]
    for kind in DEFINITIONS:
        rows.append(f"| {kind} | " + " | ".join(mark[runs(event(kind, place), peer())] for place in PLACES) + " |")
    return "\n".join(rows)


def test_the_page_says_what_runs_and_what_is_refused() -> None:
    assert table() in PAGE.read_text("utf-8"), f"write into {PAGE.name}:\n\n{table()}"


def test_what_the_page_says_could_be_wrong() -> None:
    assert "| user task | ○ |" in table() and "| script task | × |" in table()
    assert "| compensation | × |" in table()
