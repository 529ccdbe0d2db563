"""Elements that wait for something to happen: a moment, a message, a signal, a condition, an error, an escalation.

Errors and escalations are not waited for by a token: whoever throws one finds who catches it (`running`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.bpmn.specs.event_definitions import MessageEventDefinition, NoneEventDefinition, SignalEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.base import EventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.util.task import TaskState

from engine.kernel import events
from engine.kernel.elements import Activity, Body, Element, source
from engine.kernel.errors import CannotGoOn
from engine.kernel.model import THROWN_UPWARDS, Node

if TYPE_CHECKING:
    from engine.kernel.running import Run, Step

_ONCE = ("timer",)  # beside an activity or a scope that goes on, these happen once; the others as often as they come


class Due(TimerEventDefinition):
    """A timer whose moment is computed by our calendar and that fires when it is told to, never by the system's clock."""

    def has_fired(self, my_task: Step) -> bool:
        return bool(my_task._get_internal_data("event_fired", False))


class Message(MessageEventDefinition):
    """A message; what it brought becomes the variable that the diagram names."""

    def __init__(self, name: str, variable: str | None) -> None:
        super().__init__(name)
        self.variable = variable

    def update_task_data(self, my_task: Step) -> None:
        payload = my_task.internal_data.get(self.name)
        if self.variable is not None:
            my_task.data[self.variable] = payload


def definition(node: Node) -> Any:
    """What SpiffWorkflow is to think of an event; only that it happened is told to it."""
    event = node.event
    assert event is not None
    match event.kind:
        case "timer":
            return Due(node.id, event.expression)
        case "message":
            return Message(event.name or "", event.payload_name)
        case "signal":
            return SignalEventDefinition(event.name)
        case "none":
            return NoneEventDefinition()
    return EventDefinition(event.name)


def waits_for(step: Step, kind: str, name: str | None = None) -> bool:
    """Whether a step waits for something of this kind, and of this name where one is given."""
    event = step.task_spec.node.event if isinstance(step.task_spec, Catch) and step._state == TaskState.WAITING else None
    return event is not None and event.kind == kind and name in (None, event.name)


def catcher(body: Body, names: Iterable[str], kind: str, name: str) -> Any:
    """Which of these events catches an error or escalation: the first of this name, else the first of any name."""
    found = [body.task_specs[each] for each in names if body.task_specs[each].node.event.kind == kind]
    named = [each for each in found if each.node.event.name == name]
    return next(iter(named + [each for each in found if each.node.event.name is None]), None)


class Catch(Element):
    """What waits for something to happen."""

    def _update_hook(self, my_task: Step) -> bool:
        if my_task._get_internal_data("event_fired", False):
            return True
        self.come(my_task)
        event = self.node.event
        assert event is not None
        if event.kind in THROWN_UPWARDS:
            return True  # it comes because it happens
        self.arm(my_task)
        my_task._set_state(TaskState.WAITING)
        return False

    def come(self, my_task: Step) -> None:
        """The token comes to stand here and waits."""
        self.enter(my_task)

    def keep(self, my_task: Step, kept: datetime | None, held: bool = False) -> None:
        """Take over what it waited for before: the moment of a timer, or that a condition has been true."""
        event = self.node.event
        assert event is not None
        if event.kind == "condition":
            my_task.held = held or kept is not None
        elif event.kind == "timer":
            my_task.due = kept

    def arm(self, my_task: Step) -> None:
        run: Run = my_task.workflow.top_workflow
        event = self.node.event
        assert event is not None
        if event.kind == "timer":
            if my_task.due is None:
                value = run.script_engine.setting(my_task, event.expression)
                if value is None:
                    raise CannotGoOn("待つ日が決まりません。もとになる日や期間を入力してから、もう一度進めてください。")
                my_task.due = run.moment(value, my_task.since)
            run.report(events.TimerArmed(my_task.id, source(self.name), my_task.due))
        else:
            run.report(events.Subscribed(my_task.id, source(self.name), event.kind, event.name or ""))

    def _run_hook(self, my_task: Step) -> bool:
        run: Run = my_task.workflow.top_workflow
        event = self.node.event
        assert event is not None
        self.event_definition.update_task_data(my_task)
        if event.kind == "timer":
            run.report(events.TimerFired(my_task.id, source(self.name)))
        else:
            run.report(events.Received(my_task.id, source(self.name), event.kind, event.name or ""))
        return True

    def _on_cancel(self, my_task: Step) -> None:
        event = self.node.event
        assert event is not None
        run: Run = my_task.workflow.top_workflow
        if event.kind == "timer":
            run.report(events.TimerDisarmed(my_task.id, source(self.name)))
        elif event.kind not in THROWN_UPWARDS:
            run.report(events.Unsubscribed(my_task.id, source(self.name), event.kind, event.name or ""))


class IntermediateCatch(Catch, defaults.IntermediateCatchEvent):
    def _on_complete_hook(self, my_task: Step) -> None:
        win(my_task)
        super()._on_complete_hook(my_task)


class Receive(Catch, Activity, defaults.ReceiveTask):
    """A task that waits for a message; unlike an event it may be watched by boundary events."""

    def _update_hook(self, my_task: Step) -> bool:
        was_here = my_task.state == TaskState.WAITING
        happened = super()._update_hook(my_task)
        if not was_here and not happened:
            self.watch(my_task)
        return happened

    def _on_complete_hook(self, my_task: Step) -> None:
        win(my_task)
        Activity._on_complete_hook(self, my_task)

    def _on_cancel(self, my_task: Step) -> None:
        Catch._on_cancel(self, my_task)
        my_task.workflow.top_workflow.call_off_watchers(my_task)


def win(my_task: Step) -> None:
    """An event that happens calls off those with which it raced after an event gateway."""
    if my_task.host is not None:
        my_task.workflow.top_workflow.call_off_race(my_task)


class Watcher(Catch):
    """What waits beside something that goes on: it is not a place where a token comes to, until it happens."""

    def come(self, my_task: Step) -> None:
        my_task._inherit_data()

    def _run_hook(self, my_task: Step) -> bool:
        self.report_entry(my_task)
        return super()._run_hook(my_task)

    @property
    def comes_again(self) -> bool:
        event = self.node.event
        assert event is not None
        return not self.node.interrupting and event.kind not in (*_ONCE, *THROWN_UPWARDS)


class Boundary(Watcher, defaults.BoundaryEvent):
    """Beside an activity. Interrupting, it takes the activity away; else it comes as often as it happens, a timer once."""

    def _on_complete_hook(self, my_task: Step) -> None:
        run: Run = my_task.workflow.top_workflow
        host = my_task.workflow.tasks.get(my_task.host)
        if host is not None and self.node.interrupting:
            run.because = source(self.name)
            host.cancel()
            run.because = ""
        elif host is not None and self.comes_again:
            host.task_spec.arm_boundary(host, self.name, held=True)
        super()._on_complete_hook(my_task)


class Opening(Watcher, defaults.StartEvent):
    """The start event of an event sub-process, beside all that is open in its scope."""

    opens: str  # the spec of the event sub-process

    def _on_complete_hook(self, my_task: Step) -> None:
        workflow = my_task.workflow
        run: Run = workflow.top_workflow
        if self.node.interrupting:
            run.because = source(self.name)
            for other in workflow.live():
                if other is not my_task:
                    other.cancel()
            run.because = ""
        elif self.comes_again:
            workflow.arm_opening(self.name, my_task.since, held=True)
        my_task._add_child(self._wf_spec.task_specs[self.opens], TaskState.FUTURE)
