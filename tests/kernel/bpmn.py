"""Draws small processes for tests, one line per step; it must not know how they are read.

    process("p").start().user("t", form="F1#x").xor("g").when("e", 'F1.a = "yes"').otherwise("t").end("e")

Each step is joined to the step before it. `at("t")` goes back to a step, `to("t")` joins to one drawn anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self
from xml.sax.saxutils import escape, quoteattr

from engine.kernel.model import FieldKind, Vocabulary

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
HEAD = f'<bpmn:definitions xmlns:bpmn="{BPMN}" xmlns:camunda="{CAMUNDA}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'

_SETTINGS = {
    "form": "formKey", "groups": "candidateGroups", "assignee": "assignee", "due": "dueDate",
    "follow_up": "followUpDate", "priority": "priority",
}  # fmt: skip


class Drawing:
    """A scope being drawn: a process, or the inside of a sub-process."""

    def __init__(self, id: str, name: str = "", **settings: str) -> None:
        self.id, self.name, self.settings = id, name, settings
        self._parts: list[str | tuple[str, dict[str, str], str]] = []  # as it stands, or (tag, attributes, content)
        self._flows: list[tuple[str, str, str, str | None, str]] = []
        self._defaults: dict[str, str] = {}
        self._lanes: list[tuple[str, tuple[str, ...]]] = []
        self._messages: dict[str, bool] = {}
        self._signals: set[str] = set()
        self._codes: set[tuple[str, str]] = set()  # errors and escalations
        self._here: str | None = None

    # -- steps ------------------------------------------------------------------------------------------------------
    def start(self, id: str = "begin", name: str = "", *, interrupting: bool = True, **settings: str) -> Self:
        """Begins; with an event (message, timer, …) it begins a process or an event sub-process."""
        event, rest = self._event(settings)
        given = {} if interrupting else {"isInterrupting": "false"}
        return self.node("startEvent", id, name, event, attributes=given, **rest)

    def end(self, id: str = "done", name: str = "", **settings: str) -> Self:
        """Ends a way; with an event (message, signal, error="code", escalation="code", terminate="all") it throws that."""
        event, rest = self._event(settings)
        return self.node("endEvent", id, name, event, **rest).apart()

    def user(self, id: str, name: str = "", *, loop: str = "", **settings: str) -> Self:
        return self.node("userTask", id, name, loop, **settings)

    def manual(self, id: str, name: str = "", **settings: str) -> Self:
        return self.node("manualTask", id, name, **settings)

    def rule(
        self, id: str, decision: str, result: str, name: str = "", *, kind: str = "singleResult", **settings: str
    ) -> Self:
        given = {"camunda:decisionRef": decision, "camunda:resultVariable": result, "camunda:mapDecisionResult": kind}
        return self.node("businessRuleTask", id, name, attributes=given, **settings)

    def service(self, id: str, operation: str, name: str = "", *, loop: str = "", result: str = "", gives: Mapping[str, str] | None = None) -> Self:
        """Calls a registered operation; `gives` is what it is given: name -> expression."""
        given = {"camunda:type": "external", "camunda:topic": operation, **({"camunda:resultVariable": result} if result else {})}
        return self.node("serviceTask", id, name, loop, extensions=_payload(gives), attributes=given)

    def call(
        self, id: str, called: str, name: str = "", *, loop: str = "", gives: Mapping[str, str] | None = None,
        **settings: str,
    ) -> Self:  # fmt: skip
        """A called process; `gives` are its inputs: name -> expression."""
        inputs = "".join(
            f"<camunda:in sourceExpression={quoteattr(value)} target={quoteattr(target)}/>"
            for target, value in (gives or {}).items()
        )
        given = {"calledElement": called}
        return self.node("callActivity", id, name, loop, extensions=inputs, attributes=given, **settings)

    def sub(self, inside: Drawing, *, loop: str = "", attributes: Mapping[str, str] | None = None, **settings: str) -> Self:
        """An embedded sub-process that was drawn as a process of its own."""
        self._messages |= inside._messages
        self._signals |= inside._signals
        self._codes |= inside._codes
        return self.node("subProcess", inside.id, inside.name, inside.inner() + loop, attributes=attributes, **inside.settings, **settings)

    def by_event(self, inside: Drawing) -> Self:
        """An event sub-process, joined to nothing; its start has an event. Stays where it is."""
        here = self._here
        self.apart().sub(inside, attributes={"triggeredByEvent": "true"})
        self._here = here
        return self

    def xor(self, id: str, name: str = "", **settings: str) -> Self:
        return self.node("exclusiveGateway", id, name, **settings)

    def inclusive(self, id: str, name: str = "", **settings: str) -> Self:
        return self.node("inclusiveGateway", id, name, **settings)

    def parallel(self, id: str, name: str = "", **settings: str) -> Self:
        return self.node("parallelGateway", id, name, **settings)

    def race(self, id: str, name: str = "", **settings: str) -> Self:
        return self.node("eventBasedGateway", id, name, **settings)

    def milestone(self, id: str, name: str = "", **settings: str) -> Self:
        return self.node("intermediateThrowEvent", id, name, **settings)

    def throw(self, id: str, message: str, name: str = "", *, payload: Mapping[str, str] | None = None, **settings: str) -> Self:
        """Sends a message; `payload` is what goes with it: name -> expression."""
        return self.node("intermediateThrowEvent", id, name, self._definition("message", message), extensions=_payload(payload), **settings)

    def throws(self, id: str, name: str = "", **settings: str) -> Self:
        """Throws anything else: signal="…", escalation="code", link="name"."""
        event, rest = self._event(settings)
        return self.node("intermediateThrowEvent", id, name, event, **rest)

    def send(self, id: str, message: str, name: str = "", *, loop: str = "", payload: Mapping[str, str] | None = None, **settings: str) -> Self:
        """A task that sends a message."""
        self._messages.setdefault(message, False)
        return self.node("sendTask", id, name, loop, extensions=_payload(payload), attributes={"messageRef": f"msg_{message}"}, **settings)

    def receive(self, id: str, message: str, name: str = "", *, loop: str = "", **settings: str) -> Self:
        """A task that waits for a message."""
        self._messages.setdefault(message, False)
        return self.node("receiveTask", id, name, loop, attributes={"messageRef": f"msg_{message}"}, **settings)

    def catch(self, id: str, name: str = "", **settings: str) -> Self:
        """Waits for a message (`payload="reply"` names what it brings), a timer, a signal, a condition, or continues a link."""
        event, rest = self._event(settings)
        return self.node("intermediateCatchEvent", id, name, event, **rest)

    def boundary(self, id: str, on: str, name: str = "", *, interrupting: bool = True, **settings: str) -> Self:
        """An event on an activity; the next step follows the event. error="" and escalation="" catch any."""
        self.apart()
        given = {"attachedToRef": on, "cancelActivity": "true" if interrupting else "false"}
        event, rest = self._event(settings)
        return self.node("boundaryEvent", id, name, event, attributes=given, **rest)

    def node(
        self, tag: str, id: str, name: str = "", content: str = "", *, extensions: str = "", doc: str = "",
        properties: Mapping[str, str] | None = None, attributes: Mapping[str, str] | None = None, **settings: str,
    ) -> Self:  # fmt: skip
        """Any flow node. `settings`: form, groups, assignee, due, follow_up, priority; other keys become properties."""
        given = {"id": id, **({"name": name} if name else {}), **(attributes or {})}
        own = {**(properties or {}), **{key: value for key, value in settings.items() if key not in _SETTINGS}}
        given |= {f"camunda:{_SETTINGS[key]}": value for key, value in settings.items() if key in _SETTINGS}
        if own:
            extensions += _properties(own)
        inside = f"<bpmn:documentation>{escape(doc)}</bpmn:documentation>" if doc else ""
        inside += f"<bpmn:extensionElements>{extensions}</bpmn:extensionElements>" if extensions else ""
        self._parts.append((tag, given, inside + content))
        if self._here is not None:
            self.flow(self._here, id)
        self._here = id
        return self

    # -- ways -------------------------------------------------------------------------------------------------------
    def at(self, id: str) -> Self:
        """Go on from this step."""
        self._here = id
        return self

    @property
    def here(self) -> str:
        """The step that the next one follows."""
        assert self._here is not None, "say at(…) first"
        return self._here

    def apart(self) -> Self:
        """The next step follows nothing."""
        self._here = None
        return self

    def to(self, target: str, name: str = "") -> Self:
        """Join this step to another, and stay here."""
        return self.flow(self.here, target, name=name)

    def when(self, target: str, condition: str, name: str = "") -> Self:
        """A way out of this gateway under a condition; stay here."""
        return self.flow(self.here, target, condition, name=name)

    def otherwise(self, target: str, name: str = "") -> Self:
        """The default way out of this gateway; go on from nowhere."""
        here = self.here
        self.flow(here, target, name=name)
        self._defaults[here] = self._flows[-1][0]
        return self.apart()

    def flow(
        self, source: str, target: str, condition: str | None = None, *, id: str | None = None, name: str = ""
    ) -> Self:
        """Join any two steps."""
        again = sum(1 for each in self._flows if each[1:3] == (source, target))
        made = f"f_{source}_{target}" + (f"_{again}" if again else "")
        self._flows.append((made if id is None else id, source, target, condition, name))
        return self

    # -- surroundings -----------------------------------------------------------------------------------------------
    def lane(self, name: str, *ids: str) -> Self:
        self._lanes.append((name, ids))
        return self

    def optional(self, message: str) -> Self:
        """This message may be dropped when nobody receives it."""
        self._messages[message] = True
        return self

    def raw(self, xml: str) -> Self:
        """Anything else that stands in the process."""
        self._parts.append(xml)
        return self

    # -- results ----------------------------------------------------------------------------------------------------
    def inner(self) -> str:
        lanes = "".join(
            f'<bpmn:lane id="lane_{self.id}_{n}" name={quoteattr(name)}>'
            + "".join(f"<bpmn:flowNodeRef>{id}</bpmn:flowNodeRef>" for id in ids) + "</bpmn:lane>\n"
            for n, (name, ids) in enumerate(self._lanes)
        )  # fmt: skip
        drawn = [f'<bpmn:laneSet id="lanes_{self.id}">{lanes}</bpmn:laneSet>'] if lanes else []
        drawn += [part if isinstance(part, str) else self._node(*part) for part in self._parts]
        drawn += [_flow(*each) for each in self._flows]
        return "\n" + "\n".join(drawn) + "\n"

    def _node(self, tag: str, attributes: dict[str, str], content: str) -> str:
        default = self._defaults.get(attributes["id"])
        return _element(tag, {**attributes, **({"default": default} if default else {})}, content)

    def xml(self) -> bytes:
        given = {"id": self.id, **({"name": self.name} if self.name else {}), "isExecutable": "true"}
        given |= {f"camunda:{key}": value for key, value in self.settings.items()}
        messages = "".join(_message(name, optional) for name, optional in sorted(self._messages.items()))
        signals = "".join(_element("signal", {"id": f"sig_{name}", "name": name}, "") for name in sorted(self._signals))
        codes = "".join(_element(kind, {"id": f"{kind}_{code}", f"{kind}Code": code}, "") for kind, code in sorted(self._codes))
        whole = f"{HEAD}\n{messages}{signals}{codes}\n{_element('process', given, self.inner())}\n</bpmn:definitions>\n"
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{whole}'.encode()

    def files(self) -> dict[str, bytes]:
        return {f"{self.id}.bpmn": self.xml()}

    def _event(self, settings: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """The event definition among the settings of an event, and the other settings."""
        kinds = [kind for kind in ("message", "signal", "timer", "condition", "error", "escalation", "link", "terminate") if kind in settings]
        rest = {key: value for key, value in settings.items() if key not in kinds}
        return "".join(self._definition(kind, settings[kind]) for kind in kinds), rest

    def _definition(self, kind: str, text: str) -> str:
        match kind:
            case "message":
                self._messages.setdefault(text, False)
                return f"<bpmn:messageEventDefinition messageRef={quoteattr(f'msg_{text}')}/>"
            case "signal":
                self._signals.add(text)
                return f"<bpmn:signalEventDefinition signalRef={quoteattr(f'sig_{text}')}/>"
            case "timer":
                duration = "timeDuration" if text.startswith(("P", "=settings.")) else "timeDate"
                return f"<bpmn:timerEventDefinition><bpmn:{duration}>{escape(text)}</bpmn:{duration}></bpmn:timerEventDefinition>"
            case "condition":
                return f"<bpmn:conditionalEventDefinition><bpmn:condition>{escape(text)}</bpmn:condition></bpmn:conditionalEventDefinition>"
            case "link":
                return f"<bpmn:linkEventDefinition name={quoteattr(text)}/>"
            case "terminate":
                return "<bpmn:terminateEventDefinition/>"
        self._codes |= {(kind, text)} if text else set()
        given = f" {kind}Ref={quoteattr(f'{kind}_{text}')}" if text else ""
        return f"<bpmn:{kind}EventDefinition{given}/>"


def process(id: str, name: str = "", **settings: str) -> Drawing:
    """Begin to draw a process; `settings` are Camunda attributes of the process, such as candidateStarterGroups."""
    return Drawing(id, name, **settings)


def inside(id: str, name: str = "", **settings: str) -> Drawing:
    """Begin to draw the inside of a sub-process."""
    return Drawing(id, name, **settings)


def loop(collection: str, item: str, *, sequential: bool = False, until: str | None = None) -> str:
    """Multi-instance, for the `loop` of a step."""
    stop = f"<bpmn:completionCondition>{escape(until)}</bpmn:completionCondition>" if until else ""
    given = {
        "isSequential": "true" if sequential else "false",
        "camunda:collection": collection, "camunda:elementVariable": item,
    }  # fmt: skip
    return _element("multiInstanceLoopCharacteristics", given, stop)


def files(*drawings: Drawing) -> dict[str, bytes]:
    """The files of several processes."""
    return {name: data for drawing in drawings for name, data in drawing.files().items()}


def codes(*known: str) -> FieldKind:
    """A field that takes one of these codes."""
    return FieldKind("code", frozenset(known))


def rows(**fields: FieldKind) -> FieldKind:
    """A field that holds a list of rows."""
    return FieldKind("list", fields=fields)


TEXT, DAY, YES_NO, NUMBER = FieldKind("text"), FieldKind("date"), FieldKind("bool"), FieldKind("number")

CITY = Vocabulary(
    forms={
        "F1": {
            "choice": codes("yes", "no", "later"), "note": TEXT, "on": DAY, "agreed": YES_NO, "number": NUMBER,
            "kinds": FieldKind("codes", frozenset({"life", "home"})),
            "roles": rows(org=FieldKind("org"), ask=YES_NO, answer=codes("accepted", "refused")),
        },
        "F2": {"answer": codes("accepted", "refused"), "remark": TEXT},
    },
    parts={"F1": ("ask", "decide"), "F2": ()},
    settings=frozenset({"t_reply", "months"}),
    lanes=frozenset({"係", "課長"}),
    groups=frozenset({"kakari", "kakari.head", "kyoku"}),
    functions={
        "consent": (2, 2), "lead": (0, 0), "received_by": (0, 0), "persons": (0, 0), "asker_waits": (0, 0),
        "awaits": (1, 1), "next_review_on": (0, 0),
    },
    names=frozenset({"initiator"}),
    operations=frozenset({"look_up"}),
    phases=frozenset(
        {"case:open", "case:received", "case:in_support", "case:closed", "coordination:asked", "coordination:accepted"}
    ),
    signals=frozenset({"lost", "consent_lost"}),
)  # fmt: skip
"""What a small fictional city offers: form F1 with the parts ask and decide, form F2, two lanes, some groups."""


def _element(tag: str, attributes: Mapping[str, str], content: str) -> str:
    given = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    return f"<bpmn:{tag}{given}>{content}</bpmn:{tag}>"


def _payload(payload: Mapping[str, str] | None) -> str:
    sent = "".join(
        f"<camunda:inputParameter name={quoteattr(key)}>{escape(value)}</camunda:inputParameter>" for key, value in (payload or {}).items()
    )
    return f"<camunda:inputOutput>{sent}</camunda:inputOutput>" if sent else ""


def _properties(own: Mapping[str, str]) -> str:
    rows = (f"<camunda:property name={quoteattr(key)} value={quoteattr(value)}/>" for key, value in own.items())
    return f"<camunda:properties>{''.join(rows)}</camunda:properties>"


def _flow(id: str, source: str, target: str, condition: str | None, name: str) -> str:
    given = {"id": id, "name": name, "sourceRef": source, "targetRef": target}
    formal = {"xsi:type": "bpmn:tFormalExpression"}
    inside = _element("conditionExpression", formal, escape(condition)) if condition else ""
    return _element("sequenceFlow", {key: value for key, value in given.items() if value}, inside)


def _message(name: str, optional: bool) -> str:
    mark = _properties({"optional": "true"})
    inside = f"<bpmn:extensionElements>{mark}</bpmn:extensionElements>" if optional else ""
    return _element("message", {"id": f"msg_{name}", "name": name}, inside) + "\n"
