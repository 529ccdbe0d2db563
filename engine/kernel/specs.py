"""The model as SpiffWorkflow's specs: our subclasses, which never look ahead and never change while running.

Built once for each compiled form and shared by all its instances. They must not hold anything of an instance.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.event_definitions import MessageEventDefinition, NoneEventDefinition, SignalEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.bpmn.specs.mixins import BpmnSpecMixin
from SpiffWorkflow.util.task import TaskState

from engine.kernel import events
from engine.kernel.decisions import DecisionError, find
from engine.kernel.errors import CannotGoOn
from engine.kernel.model import Flow, Node, Process, qualified
from engine.kernel.names import Names

if TYPE_CHECKING:
    from engine.kernel.running import Run, Step

EACH = "#each"  # one round of a multi-instance activity; the activity itself keeps the plain id


def source(spec_name: str) -> str:
    """The source map: the element of the diagram that a spec stands for."""
    return spec_name.removesuffix(EACH)


class Element(BpmnSpecMixin):
    """What all our specs share. A step is entered, may wait, is run, and is left by flows."""

    name: str
    _wf_spec: Any
    event_definition: Any

    def __init__(self, wf_spec: BpmnProcessSpec, name: str, node: Node, **kwargs: Any) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.node = node
        self.incoming: tuple[Flow, ...] = ()
        self.boundaries: tuple[str, ...] = ()
        self.targets: Mapping[str, str] = {}

    def _predict(self, my_task: "Step", *args: Any, **kwargs: Any) -> None:
        """Nothing: tokens are where they are. Looking ahead costs exponentially (docs/why/marking.md)."""

    def test(self) -> None:
        """Nothing: what could be wrong is found at publication."""

    def _update(self, my_task: "Step") -> None:
        """Enter, or look again; what cannot be entered keeps its token as an incident, and its siblings go on."""
        try:
            super()._update(my_task)
        except CannotGoOn as error:
            my_task.workflow.top_workflow.fail(my_task, str(error))

    def _update_hook(self, my_task: "Step") -> bool:
        self.enter(my_task)
        return True

    def enter(self, my_task: "Step") -> None:
        my_task._inherit_data()
        run: Run = my_task.workflow.top_workflow
        if not my_task.failed:  # else it is here already, and is tried again
            self._report_entry(run, my_task)
        if run.barred is not None:
            raise CannotGoOn(run.barred)

    def _report_entry(self, run: "Run", my_task: "Step") -> None:
        run.report(events.Entered(my_task.id, source(self.name), my_task.via))
        for rung in self.node.properties.get("phase", "").split():
            ladder, _, phase = rung.partition(":")
            run.phases[ladder] = phase
            run.report(events.PhaseReached(my_task.id, source(self.name), ladder, phase))

    def _on_complete_hook(self, my_task: "Step") -> None:
        self.leave(my_task, self.node.outgoing)

    def leave(self, my_task: "Step", flows: Iterable[Flow], host: str | None = None) -> None:
        for flow in flows:
            child = my_task._add_child(self._wf_spec.task_specs[self.targets[flow.id]], TaskState.FUTURE)
            child.via, child.host = flow.id, host


class Activity(Element):
    """Something that lasts, and that boundary events can watch."""

    def watch(self, my_task: "Step") -> None:
        for name in self.boundaries:
            if name in my_task.moments and my_task.moments[name] is None:
                continue
            watcher = my_task.parent._add_child(self._wf_spec.task_specs[name], TaskState.FUTURE)
            watcher.host, watcher.since, watcher.due = my_task.id, my_task.since, my_task.moments.get(name)
            watcher.data = dict(my_task.data)
            watcher.task_spec._update(watcher)

    def _on_complete_hook(self, my_task: "Step") -> None:
        my_task.workflow.top_workflow.call_off(my_task.workflow, my_task.id)
        super()._on_complete_hook(my_task)

    def _on_cancel(self, my_task: "Step") -> None:
        my_task.workflow.top_workflow.call_off(my_task.workflow, my_task.id)
        super()._on_cancel(my_task)


class Start(Element, defaults.StartEvent):
    pass


class End(Element, defaults.EndEvent):
    def _on_complete_hook(self, my_task: "Step") -> None:
        if my_task.workflow is my_task.workflow.top_workflow:
            my_task.workflow.ended_in = source(self.name)


class Milestone(Element, defaults.IntermediateThrowEvent):
    pass


class MessageThrow(Element, defaults.IntermediateThrowEvent):
    def _run_hook(self, my_task: "Step") -> bool:
        run: Run = my_task.workflow.top_workflow
        event = self.node.event
        assert event is not None and event.name is not None
        payload = {name: run.script_engine.evaluate(my_task, value) for name, value in event.payload}
        run.report(events.MessageThrown(my_task.id, source(self.name), event.name, payload, event.optional))
        return True


class Due(TimerEventDefinition):
    """A timer whose moment is computed by our calendar and that fires when it is told to, never by the system's clock."""

    def has_fired(self, my_task: "Step") -> bool:
        return bool(my_task._get_internal_data("event_fired", False))


class Message(MessageEventDefinition):
    """A message; what it brought becomes the variable that the diagram names."""

    def __init__(self, name: str, variable: str | None) -> None:
        super().__init__(name)
        self.variable = variable

    def update_task_data(self, my_task: "Step") -> None:
        payload = my_task.internal_data.get(self.name)
        if self.variable is not None:
            my_task.data[self.variable] = payload


class Catch(Element):
    """What waits for a moment, a message or a signal."""

    def _update_hook(self, my_task: "Step") -> bool:
        if my_task._get_internal_data("event_fired", False):
            return True
        self.enter(my_task)
        self.arm(my_task)
        my_task._set_state(TaskState.WAITING)
        return False

    def arm(self, my_task: "Step") -> None:
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

    def _run_hook(self, my_task: "Step") -> bool:
        run: Run = my_task.workflow.top_workflow
        event = self.node.event
        assert event is not None
        self.event_definition.update_task_data(my_task)
        if event.kind == "timer":
            run.report(events.TimerFired(my_task.id, source(self.name)))
        else:
            run.report(events.Received(my_task.id, source(self.name), event.kind, event.name or ""))
        return True

    def _on_cancel(self, my_task: "Step") -> None:
        event = self.node.event
        assert event is not None
        run: Run = my_task.workflow.top_workflow
        if event.kind == "timer":
            run.report(events.TimerDisarmed(my_task.id, source(self.name)))
        else:
            run.report(events.Unsubscribed(my_task.id, source(self.name), event.kind, event.name or ""))


class IntermediateCatch(Catch, defaults.IntermediateCatchEvent):
    def _on_complete_hook(self, my_task: "Step") -> None:
        if my_task.host is not None:  # it won the race after an event gateway
            my_task.workflow.top_workflow.call_off(my_task.workflow, my_task.host, winner=my_task)
        super()._on_complete_hook(my_task)


class Boundary(Catch, defaults.BoundaryEvent):
    def _on_complete_hook(self, my_task: "Step") -> None:
        if self.node.interrupting:
            run: Run = my_task.workflow.top_workflow
            host = my_task.workflow.tasks.get(my_task.host)
            run.because = source(self.name)
            if host is not None:
                host.cancel()
            run.because = ""
        super()._on_complete_hook(my_task)


class UserTask(Activity, defaults.UserTask):
    """A piece of human work. Group, person and deadline are settled when it opens."""

    def _update_hook(self, my_task: "Step") -> bool:
        self.enter(my_task)
        run: Run = my_task.workflow.top_workflow
        node, setting = self.node, run.script_engine.setting
        groups = run.groups(my_task, node)
        follow_up = setting(my_task, node.follow_up)
        due = setting(my_task, node.due)
        assignee = setting(my_task, node.assignee)
        priority = setting(my_task, node.priority)
        run.report(
            events.TaskOpened(
                my_task.id, source(self.name), groups, assignee,
                None if due is None else run.day(due, my_task.since),
                None if follow_up is None else run.day(follow_up, my_task.since),
                50 if priority is None else int(priority), run.item(my_task), run.activation(my_task),
            )  # fmt: skip
        )
        self.watch(my_task)
        return True

    def _on_complete_hook(self, my_task: "Step") -> None:
        my_task.workflow.top_workflow.report(events.TaskCompleted(my_task.id, source(self.name)))
        super()._on_complete_hook(my_task)

    def _on_cancel(self, my_task: "Step") -> None:
        run: Run = my_task.workflow.top_workflow
        run.report(events.TaskWithdrawn(my_task.id, source(self.name), run.because))
        super()._on_cancel(my_task)


class RuleTask(Element, BpmnSpecMixin):
    """A decision table; its result is read like an answer."""

    def _run_hook(self, my_task: "Step") -> bool:
        run: Run = my_task.workflow.top_workflow
        node = self.node
        assert node.decision is not None and node.result is not None
        try:
            value, rows = find(run.executable.decisions[node.decision], Names(run, my_task.data), run.executable.decisions)
        except DecisionError as error:
            raise CannotGoOn(f"判断表「{node.decision}」を使えません: {error}") from error
        if node.result_kind == "list":
            value = [] if value is None else value if isinstance(value, list) else [value]
        run.decided[node.result] = value
        run.report(events.Decided(my_task.id, source(self.name), node.decision, node.result, value, rows))
        return True


class Exclusive(Element, defaults.ExclusiveGateway):
    """The first flow, in the order of the file, whose condition is true; else the default."""

    def _run_hook(self, my_task: "Step") -> bool:
        for flow in self.node.outgoing:
            always = flow.condition is None and flow.id != self.node.default
            if always or (flow.condition is not None and my_task.workflow.script_engine.evaluate(my_task, flow.condition) is True):
                my_task.choice = flow
                return True
        for flow in self.node.outgoing:
            if flow.id == self.node.default:
                my_task.choice = flow
                return True
        raise CannotGoOn("どの条件にも当てはまりません。条件を見直すか、どれにも当てはまらないときの流れを決めてください。")

    def _on_complete_hook(self, my_task: "Step") -> None:
        self.leave(my_task, [my_task.choice])


class Parallel(Element, defaults.ParallelGateway):
    """Waits for one token on each incoming flow, takes exactly these, and goes on along every outgoing flow."""

    def _update_hook(self, my_task: "Step") -> bool:
        self.enter(my_task)
        if len(self.incoming) < 2:
            return True
        my_task._set_state(TaskState.WAITING)
        arrived = {my_task.via: my_task}
        for other in my_task.workflow.tasks.values():
            if other.task_spec is self and other.state == TaskState.WAITING:
                arrived.setdefault(other.via, other)
        if len(arrived) < len(self.incoming):
            return False
        for other in arrived.values():
            if other is not my_task:
                my_task.data = {**other.data, **my_task.data}
                other._set_state(TaskState.CANCELLED)
        return True


class EventGateway(Element, defaults.EventBasedGateway):
    """Puts a token on every event that follows; the first that happens calls off the others."""

    def connect(self, taskspec: Any) -> None:
        BpmnSpecMixin.connect(self, taskspec)

    def _run_hook(self, my_task: "Step") -> bool:
        return True

    def _on_complete_hook(self, my_task: "Step") -> None:
        self.leave(my_task, self.node.outgoing, host=my_task.id)
        for child in my_task.children:
            child.since, child.due = my_task.since, my_task.moments.get(child.task_spec.name)


class Scoped(Activity):
    """An activity whose inside is a scope of its own."""

    def _update_hook(self, my_task: "Step") -> bool:
        self.enter(my_task)
        self.start_workflow(my_task)
        my_task._set_state(TaskState.STARTED)
        self.watch(my_task)
        return False

    def start_workflow(self, my_task: "Step") -> None:
        run: Run = my_task.workflow.top_workflow
        run.open_scope(my_task, self.scope_data(my_task)).begin()

    def scope_data(self, my_task: "Step") -> dict[str, Any]:
        return dict(my_task.data)

    def update_data(self, my_task: "Step", subworkflow: Any) -> None:
        """Nothing comes back but the answers, and these are not token data."""

    def _on_complete_hook(self, my_task: "Step") -> None:
        my_task.workflow.top_workflow.report(events.Left(my_task.id, source(self.name)))
        super()._on_complete_hook(my_task)

    def _on_cancel(self, my_task: "Step") -> None:
        run: Run = my_task.workflow.top_workflow
        scope = run.subprocesses.pop(my_task.id, None)
        if scope is not None:
            scope.call_off()
        run.report(events.Interrupted(my_task.id, source(self.name), run.because))
        super()._on_cancel(my_task)


class SubProcess(Scoped, defaults.SubWorkflowTask):
    pass


class Call(Scoped, defaults.CallActivity):
    def scope_data(self, my_task: "Step") -> dict[str, Any]:
        engine = my_task.workflow.script_engine
        my_task.inputs = {name: engine.evaluate(my_task, value) for name, value in self.node.inputs}
        return dict(my_task.inputs)


class Rounds(Activity):
    """A multi-instance activity: its collection is evaluated when it is entered, and each entry is a new activation."""

    def _update_hook(self, my_task: "Step") -> bool:
        self.enter(my_task)
        run: Run = my_task.workflow.top_workflow
        loop = self.node.loop
        assert loop is not None
        items = run.script_engine.evaluate(my_task, loop.collection)
        if items is None:
            items = []
        if not isinstance(items, list):
            raise CannotGoOn(f"くり返しのもと「{loop.collection}」が一覧ではありません。")
        run.activations[source(self.name)] = my_task.id
        run.report(events.RoundsBegun(my_task.id, source(self.name), len(items)))
        my_task.waiting, my_task.begun, my_task.running = list(items), 0, 0
        if not items:
            return True
        my_task._set_state(TaskState.STARTED)
        self.watch(my_task)
        self.begin(my_task, 1 if loop.sequential else len(items))
        return False

    def begin(self, my_task: "Step", count: int) -> None:
        loop = self.node.loop
        assert loop is not None
        spec = self._wf_spec.task_specs[self.name + EACH]
        for _ in range(count):
            item = my_task.waiting.pop(0)
            child = my_task._add_child(spec, TaskState.FUTURE)
            child.index, child.data = my_task.begun, {**my_task.data, loop.item: item}
            my_task.begun += 1
            my_task.running += 1
            spec._update(child)

    def round_done(self, my_task: "Step", child: "Step") -> None:
        run: Run = my_task.workflow.top_workflow
        loop = self.node.loop
        assert loop is not None
        enough = loop.until is not None and run.script_engine.evaluate(child, loop.until) is True
        my_task.running -= 1
        if enough:
            run.because = source(self.name)
            for other in my_task.live_children():
                other.cancel()
            run.because = ""
            my_task.waiting, my_task.running = [], 0
        if my_task.running == 0 and not my_task.waiting:
            run.proceed(my_task)
        elif loop.sequential and my_task.waiting and my_task.running == 0:
            self.begin(my_task, 1)

    def _on_complete_hook(self, my_task: "Step") -> None:
        my_task.workflow.top_workflow.report(events.Left(my_task.id, source(self.name)))
        super()._on_complete_hook(my_task)

    def _on_cancel(self, my_task: "Step") -> None:
        run: Run = my_task.workflow.top_workflow
        run.report(events.Interrupted(my_task.id, source(self.name), run.because))
        super()._on_cancel(my_task)


class ParallelRounds(Rounds, defaults.ParallelMultiInstanceTask):
    pass


class SequentialRounds(Rounds, defaults.SequentialMultiInstanceTask):
    pass


class _Each:
    """One round: entered without a flow, and when it is over it says so to its activity."""

    def enter(self, my_task: "Step") -> None:
        pass

    def leave(self, my_task: "Step", flows: Iterable[Flow], host: str | None = None) -> None:
        container = my_task.parent
        container.task_spec.round_done(container, my_task)


class EachSubProcess(_Each, SubProcess):
    pass


class EachCall(_Each, Call):
    pass


class EachUserTask(_Each, UserTask):
    pass


_PLAIN: Mapping[str, type] = {
    "start": Start, "userTask": UserTask, "manualTask": UserTask, "businessRuleTask": RuleTask, "callActivity": Call, "subProcess": SubProcess,
    "exclusiveGateway": Exclusive, "parallelGateway": Parallel,
}  # fmt: skip
_EACH: Mapping[str, type] = {"userTask": EachUserTask, "manualTask": EachUserTask, "callActivity": EachCall, "subProcess": EachSubProcess}


def build(process: Process) -> Iterator[BpmnProcessSpec]:
    """The specs of a process: its own, and one for the inside of each embedded sub-process, named by the sub-process."""
    yield from _body(process, process.id, process.nodes)


def _body(process: Process, name: str, nodes: tuple[Node, ...]) -> Iterator[BpmnProcessSpec]:
    spec = BpmnProcessSpec(name=name)
    elements = [(node, _element(spec, process, node)) for node in nodes]
    ids = {node.id: element.name for node, element in elements}
    incoming: dict[str, list[Flow]] = {}
    for node, element in elements:
        element.targets = {flow.id: ids[flow.target] for flow in node.outgoing}
        for flow in node.outgoing:
            BpmnSpecMixin.connect(element, spec.task_specs[ids[flow.target]])
            incoming.setdefault(flow.target, []).append(flow)
    for node, element in elements:
        element.incoming = tuple(incoming.get(node.id, ()))
        element.boundaries = tuple(ids[each.id] for each in nodes if each.attached_to == node.id)
    yield spec
    for node in nodes:
        if node.type == "subProcess":
            yield from _body(process, qualified(process.id, node.id), node.body)


def _element(spec: BpmnProcessSpec, process: Process, node: Node) -> Any:
    name = qualified(process.id, node.id)
    inner: dict[str, Any] = {}
    if node.type == "callActivity":
        inner = {"subworkflow_spec": node.called}
    elif node.type == "subProcess":
        inner = {"subworkflow_spec": name}
    if node.loop is not None:
        _EACH[node.type](spec, name + EACH, node, **inner)
        kind = SequentialRounds if node.loop.sequential else ParallelRounds
        return kind(spec, name, node, task_spec=name + EACH)
    if node.type in _PLAIN:
        if node.type == "start":
            inner = {"event_definition": NoneEventDefinition()}
        return _PLAIN[node.type](spec, name, node, **inner)
    event = node.event
    if node.type == "end":
        return End(spec, name, node, event_definition=NoneEventDefinition())
    if node.type == "eventBasedGateway":
        return EventGateway(spec, name, node, event_definition=NoneEventDefinition())
    if node.type == "intermediateThrowEvent":
        kind_of_throw = MessageThrow if event is not None and event.kind == "message" else Milestone
        return kind_of_throw(spec, name, node, event_definition=NoneEventDefinition())
    definition = _definition(node)
    if node.type == "boundaryEvent":
        return Boundary(spec, name, node, event_definition=definition, cancel_activity=node.interrupting)
    return IntermediateCatch(spec, name, node, event_definition=definition)


def _definition(node: Node) -> Any:
    event = node.event
    assert event is not None
    if event.kind == "timer":
        return Due(node.id, event.expression)
    if event.kind == "message":
        return Message(event.name or "", event.payload_name)
    return SignalEventDefinition(event.name)
