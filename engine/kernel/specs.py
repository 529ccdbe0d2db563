"""The model as SpiffWorkflow's specs: our subclasses, which never look ahead and never change while running.

Built once for each compiled form and shared by all its instances. They must not hold anything of an instance.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.bpmn.specs.event_definitions import NoneEventDefinition
from SpiffWorkflow.bpmn.specs.mixins import BpmnSpecMixin
from SpiffWorkflow.util.task import TaskState

from engine.kernel import events
from engine.kernel.decisions import DecisionError, find
from engine.kernel.elements import EACH, Activity, Body, Element, source
from engine.kernel.errors import CannotGoOn, OperationError
from engine.kernel.model import THROWN_UPWARDS, Flow, Node, Process, qualified
from engine.kernel.names import Names
from engine.kernel.throws import End, IntermediateThrow, Send
from engine.kernel.waits import Boundary, IntermediateCatch, Opening, Receive, definition
from engine.kernel.ways import Ways, nothing_more_comes, ways_into

if TYPE_CHECKING:
    from engine.kernel.running import Run, Scope, Step


class Start(Element, defaults.StartEvent):
    pass


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


class Operation(Activity):
    """A registered operation; its result is read like an answer, its error goes to who catches it."""

    def _run_hook(self, my_task: "Step") -> bool | None:
        run: Run = my_task.workflow.top_workflow
        name = self.node.operation or ""
        if name not in run.context.operations:
            raise CannotGoOn(f"操作「{name}」が登録されていません。登録してから、もう一度進めてください。")
        given = {key: run.script_engine.evaluate(my_task, value) for key, value in self.node.inputs}
        try:
            value = run.context.operations[name](given, my_task.id)
        except OperationError as error:
            if run.throw(my_task, "error", error.code):
                return None  # it stays until who catches the error takes it away
            raise CannotGoOn(f"操作「{name}」がエラー「{error.code}」になり、これを受けるものがありません。") from error
        except Exception as error:
            raise CannotGoOn(f"操作「{name}」が失敗しました({type(error).__name__})。原因をなくしてから、もう一度進めてください。") from error
        if self.node.result is not None:
            run.decided[self.node.result] = value
            run.report(events.Decided(my_task.id, source(self.name), name, self.node.result, value))
        return True


class Exclusive(Element, defaults.ExclusiveGateway):
    """The first flow, in the order of the file, whose condition is true; else the default."""

    def _run_hook(self, my_task: "Step") -> bool:
        my_task.choices = list(self.chosen(my_task))[:1]
        return True

    def chosen(self, my_task: "Step") -> Iterator[Flow]:
        """Every flow that is to be taken, in the order of the file; the default when there is no other."""
        found = False
        for flow in self.node.outgoing:
            always = flow.condition is None and flow.id != self.node.default
            if always or (flow.condition is not None and my_task.workflow.script_engine.evaluate(my_task, flow.condition) is True):
                found = True
                yield flow
        default = [flow for flow in self.node.outgoing if flow.id == self.node.default]
        if not found and not default:
            raise CannotGoOn("どの条件にも当てはまりません。条件を見直すか、どれにも当てはまらないときの流れを決めてください。")
        if not found:
            yield from default

    def _on_complete_hook(self, my_task: "Step") -> None:
        self.leave(my_task, my_task.choices)


class Inclusive(Element, defaults.InclusiveGateway):
    """Goes on along every flow whose condition is true; as a join, waits until no token can come on another flow any more."""

    ways: Ways
    chosen = Exclusive.chosen

    def _update_hook(self, my_task: "Step") -> bool:
        self.enter(my_task)
        if len(self.incoming) < 2:
            return True
        my_task._set_state(TaskState.WAITING)
        return False

    def complete(self, workflow: "Run | Scope") -> "Step | None":
        """The token that goes on for all that have come, when nothing more can come; the others are gone into it."""
        arrived: dict[str | None, Step] = {}
        elsewhere: list[str] = []
        for step in workflow.live():
            if step.task_spec is not self:
                elsewhere.append(step.task_spec.node.id)
            elif step._state == TaskState.WAITING:
                arrived.setdefault(step.via, step)
        if not arrived or not nothing_more_comes(self.ways, [via or "" for via in arrived], elsewhere):
            return None
        first, *others = arrived.values()
        for other in others:
            first.data = {**other.data, **first.data}
            other._set_state(TaskState.CANCELLED)
        return first

    def _run_hook(self, my_task: "Step") -> bool:
        my_task.choices = list(self.chosen(my_task))
        return True

    def _on_complete_hook(self, my_task: "Step") -> None:
        self.leave(my_task, my_task.choices)


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
        scope = run.open_scope(my_task, self.scope_data(my_task))
        scope.arm_openings()
        scope.begin()

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


class EventSubProcess(SubProcess):
    """Begun by its start event, beside what else is open in its scope, or instead of it."""

    opening: Opening

    def beside(self, catchers: tuple[str, ...]) -> tuple[str, ...]:
        """What it throws does not come to itself, and to no other where it stands instead of all else."""
        return () if self.opening.node.interrupting else tuple(each for each in catchers if each != self.opening.name)


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

    def add(self, my_task: "Step", item: Any) -> None:
        """One more round, while others are still open."""
        assert self.node.loop is not None
        my_task.workflow.top_workflow.report(events.RoundAdded(my_task.id, source(self.name)))
        my_task.waiting.append(item)
        if not self.node.loop.sequential:
            self.begin(my_task, 1)

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


class EachOperation(_Each, Operation):
    pass


class EachSend(_Each, Send):
    pass


class EachReceive(_Each, Receive):
    pass


_PLAIN: Mapping[str, type] = {
    "userTask": UserTask, "manualTask": UserTask, "serviceTask": Operation, "businessRuleTask": RuleTask,
    "callActivity": Call, "subProcess": SubProcess,
    "exclusiveGateway": Exclusive, "inclusiveGateway": Inclusive, "parallelGateway": Parallel,
}  # fmt: skip
_EVENTS: Mapping[str, type] = {
    "start": Start, "end": End, "eventBasedGateway": EventGateway, "intermediateThrowEvent": IntermediateThrow, "sendTask": Send,
    "intermediateCatchEvent": IntermediateCatch, "receiveTask": Receive, "boundaryEvent": Boundary,
}  # fmt: skip
_EACH: Mapping[str, type] = {
    "userTask": EachUserTask, "manualTask": EachUserTask, "callActivity": EachCall, "subProcess": EachSubProcess,
    "serviceTask": EachOperation, "sendTask": EachSend, "receiveTask": EachReceive,
}  # fmt: skip
_WAITING = ("intermediateCatchEvent", "receiveTask", "boundaryEvent")


def build(process: Process) -> Iterator[Body]:
    """The specs of a process: its own, and one for the inside of each embedded sub-process, named by the sub-process."""
    yield from _body(process, process.id, process.nodes)


def _body(process: Process, name: str, nodes: tuple[Node, ...]) -> Iterator[Body]:
    spec = Body(name=name)
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
        watchers = [each for each in nodes if each.attached_to == node.id]
        element.boundaries = tuple(ids[each.id] for each in watchers if not _is_thrown_upwards(each))
        element.catchers = tuple(ids[each.id] for each in watchers if _is_thrown_upwards(each))
        if isinstance(element, Inclusive):
            element.ways = ways_into(node.id, nodes)
    _open_by_events(spec, process, nodes)
    spec.inclusive = tuple(element.name for _, element in elements if isinstance(element, Inclusive) and len(element.incoming) > 1)
    spec.conditions = any(node.event is not None and node.event.kind == "condition" for node in (*nodes, *_starts_by_event(nodes)))
    yield spec
    for node in nodes:
        if node.type == "subProcess":
            yield from _body(process, qualified(process.id, node.id), node.body)


def _open_by_events(spec: Body, process: Process, nodes: tuple[Node, ...]) -> None:
    """The start events of event sub-processes wait in the scope around them."""
    holders = [each for each in nodes if each.by_event]
    for node, start in zip(holders, _starts_by_event(nodes), strict=True):
        opening = Opening(spec, qualified(process.id, start.id), start, event_definition=definition(start))
        opening.opens = qualified(process.id, node.id)
        spec.task_specs[opening.opens].opening = opening
        if _is_thrown_upwards(start):
            spec.catchers = (*spec.catchers, opening.name)
        else:
            spec.openings = (*spec.openings, opening.name)


def _starts_by_event(nodes: tuple[Node, ...]) -> list[Node]:
    return [next(each for each in node.body if each.type == "start") for node in nodes if node.by_event]


def _is_thrown_upwards(node: Node) -> bool:
    return node.event is not None and node.event.kind in THROWN_UPWARDS


def _element(spec: Body, process: Process, node: Node) -> Any:
    name = qualified(process.id, node.id)
    inner: dict[str, Any] = {}
    if node.type == "callActivity":
        inner = {"subworkflow_spec": node.called}
    elif node.type == "subProcess":
        inner = {"subworkflow_spec": name}
    elif node.type in _EVENTS:
        inner = {"event_definition": definition(node) if node.type in _WAITING else NoneEventDefinition()}
    if node.loop is not None:
        _EACH[node.type](spec, name + EACH, node, **inner)
        kind = SequentialRounds if node.loop.sequential else ParallelRounds
        return kind(spec, name, node, task_spec=name + EACH)
    if node.type == "boundaryEvent":
        inner["cancel_activity"] = node.interrupting
    if node.by_event:
        return EventSubProcess(spec, name, node, **inner)
    if node.event is not None and node.event.kind == "link":
        return IntermediateThrow(spec, name, node, event_definition=NoneEventDefinition())  # where it goes on is a flow by now
    return (_PLAIN.get(node.type) or _EVENTS[node.type])(spec, name, node, **inner)
