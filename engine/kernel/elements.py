"""What every element does while it runs: it is entered, may wait, is carried out, and is left by flows. It must not hold anything of an instance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.mixins import BpmnSpecMixin
from SpiffWorkflow.util.task import TaskState

from engine.kernel import events
from engine.kernel.errors import CannotGoOn
from engine.kernel.model import Flow, Node

if TYPE_CHECKING:
    from engine.kernel.running import Run, Step

EACH = "#each"  # one round of a multi-instance activity; the activity itself keeps the plain id


def source(spec_name: str) -> str:
    """The source map: the element of the diagram that a spec stands for."""
    return spec_name.removesuffix(EACH)


class Body(BpmnProcessSpec):
    """The elements of one scope: a process, or the inside of a sub-process."""

    openings: tuple[str, ...] = ()  # start events of event sub-processes that wait while the scope lasts
    catchers: tuple[str, ...] = ()  # those that wait for nothing: errors and escalations come to them
    conditions = False  # whether anything in it waits for a condition
    inclusive: tuple[str, ...] = ()  # joins that wait for all that can still come


class Element(BpmnSpecMixin):
    """What all our specs share. A step is entered, may wait, is run, and is left by flows."""

    name: str
    _wf_spec: Any
    event_definition: Any

    def __init__(self, wf_spec: BpmnProcessSpec, name: str, node: Node, **kwargs: Any) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.node = node
        self.incoming: tuple[Flow, ...] = ()
        self.boundaries: tuple[str, ...] = ()  # that wait while it lasts
        self.catchers: tuple[str, ...] = ()  # that wait for nothing: errors and escalations come to them
        self.targets: Mapping[str, str] = {}

    def _predict(self, my_task: Step, *args: Any, **kwargs: Any) -> None:
        """Nothing: tokens are where they are. Looking ahead costs exponentially (docs/why/marking.md)."""

    def test(self) -> None:
        """Nothing: what could be wrong is found at publication."""

    def _update(self, my_task: Step) -> None:
        """Enter, or look again; what cannot be entered keeps its token as an incident, and its siblings go on."""
        try:
            super()._update(my_task)
        except CannotGoOn as error:
            my_task.workflow.top_workflow.fail(my_task, str(error))

    def _update_hook(self, my_task: Step) -> bool:
        self.enter(my_task)
        return True

    def enter(self, my_task: Step) -> None:
        my_task._inherit_data()
        run: Run = my_task.workflow.top_workflow
        if not my_task.failed:  # else it is here already, and is tried again
            self.report_entry(my_task)
        if run.barred is not None:
            raise CannotGoOn(run.barred)

    def report_entry(self, my_task: Step) -> None:
        run: Run = my_task.workflow.top_workflow
        run.report(events.Entered(my_task.id, source(self.name), my_task.via))
        for rung in self.node.properties.get("phase", "").split():
            ladder, _, phase = rung.partition(":")
            run.phases[ladder] = phase
            run.report(events.PhaseReached(my_task.id, source(self.name), ladder, phase))

    def _on_complete_hook(self, my_task: Step) -> None:
        self.leave(my_task, self.node.outgoing)

    def leave(self, my_task: Step, flows: Iterable[Flow], host: str | None = None) -> None:
        for flow in flows:
            child = my_task._add_child(self._wf_spec.task_specs[self.targets[flow.id]], TaskState.FUTURE)
            child.via, child.host = flow.id, host

    def beside(self, catchers: tuple[str, ...]) -> tuple[str, ...]:
        """Those event sub-processes of its scope to which what it throws may come."""
        return catchers


class Activity(Element):
    """Something that lasts, and that boundary events can watch."""

    def watch(self, my_task: Step) -> None:
        for name in self.boundaries:
            if name not in my_task.moments:
                self.arm_boundary(my_task, name)
            elif my_task.moments[name] is not None:
                self.arm_boundary(my_task, name, my_task.moments[name])

    def arm_boundary(self, my_task: Step, name: str, kept: Any = None, held: bool = False) -> None:
        """Let a boundary event wait, for a moment that is kept where one is given."""
        watcher = my_task.parent._add_child(self._wf_spec.task_specs[name], TaskState.FUTURE)
        watcher.host, watcher.since = my_task.id, my_task.since
        watcher.data = dict(my_task.data)
        watcher.task_spec.keep(watcher, kept, held)
        watcher.task_spec._update(watcher)

    def _on_complete_hook(self, my_task: Step) -> None:
        my_task.workflow.top_workflow.call_off_watchers(my_task)
        super()._on_complete_hook(my_task)

    def _on_cancel(self, my_task: Step) -> None:
        my_task.workflow.top_workflow.call_off_watchers(my_task)
        super()._on_cancel(my_task)
