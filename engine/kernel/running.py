"""A marking laid on SpiffWorkflow for one command, run, and read back. It must not outlive the command."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.kernel import events, specs, waits
from engine.kernel.closure import list_forms, reads
from engine.kernel.elements import EACH, Body, source
from engine.kernel.errors import CannotGoOn, NotWaiting
from engine.kernel.model import THROWING, Flow, Model, Node, Process, walk
from engine.kernel.names import Context, Feel
from engine.kernel.state import Rounds, State, Token, order

ENGINE_VERSION = f"SpiffWorkflow {version('SpiffWorkflow')}"
KNOWN_ENGINES = frozenset({"SpiffWorkflow 3.2.0"})  # whose states go on here, as tests/kernel/golden shows
PATH = 200  # of the last steps of a command, to tell in which cycle it was
LIVE = TaskState.WAITING | TaskState.READY | TaskState.STARTED | TaskState.ERROR


class Executable:
    """A compiled model made ready to run: specs, and what publication computed. Shared by all instances, never changed."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.decisions = model.decisions
        self.specs: dict[str, Body] = {
            spec.name: spec for process in model.processes.values() for spec in specs.build(process)
        }
        self.nodes: dict[str, Node] = {
            f"{process.id}:{node.id}": node for process in model.processes.values() for node in walk(process.nodes)
        }
        self.starts = frozenset(f"{process.id}:{node.id}" for process in model.processes.values() for node in process.nodes if node.type == "start")
        self.lists: Mapping[str, tuple[str, ...]] = {form: tuple(each) for form, each in list_forms(model).items()}
        self.reads = reads(model)
        self.results = frozenset(node.result for node in self.nodes.values() if node.result is not None)
        self.names = frozenset(self.results | {form for form, _ in self.reads} | {"initiator"})

    def inside(self, element: str) -> str:
        """The name of the specs inside an activity; "" when it has no inside."""
        node = self.nodes[element]
        return node.called or "" if node.type == "callActivity" else element if node.type == "subProcess" else ""

    def process(self, id: str) -> Process:
        return self.model.processes[id]

    def catches(self, message: str) -> bool:
        """Whether a step under way, not a start, may come to wait for this message."""
        waiting = (node.event for element, node in self.nodes.items() if node.type not in THROWING and element not in self.starts)
        return any(event is not None and event.kind == "message" and event.name == message for event in waiting)


class Step(Task):
    """SpiffWorkflow's task as the bearer of one of our tokens."""

    data: dict[str, Any]
    since: datetime
    due: datetime | None = None
    via: str | None = None
    host: str | None = None
    index: int | None = None
    inputs: Mapping[str, Any] | None = None
    choices: list[Flow]
    moments: Mapping[str, datetime | None] = MappingProxyType({})  # of events that begin to wait with it; None: not any more
    waiting: list[Any]
    begun = 0
    running = 0
    failed = False
    held = False

    def _add_child(self, task_spec: Any, state: int = TaskState.MAYBE, id: str | None = None) -> "Step":
        run: Run = self.workflow.top_workflow
        child = Step(self.workflow, task_spec, self, state, id=id or run.next_id())
        child.since = run.context.now
        return child

    def _inherit_data(self) -> None:
        self.data = {**self.parent.data, **self.data}

    def _ready(self) -> None:
        super()._ready()
        if not self.task_spec.manual:
            self.workflow.top_workflow.queue.append(self)

    def _set_state(self, value: int) -> None:
        self._state = value

    def live_children(self) -> "list[Step]":
        return [child for child in self.children if child._state & LIVE]

    def cancel(self) -> None:
        if self._state & TaskState.FINISHED_MASK and not self._state & TaskState.ERROR:
            return
        if isinstance(self.task_spec, specs.Rounds):
            for child in self.live_children():
                child.cancel()
        self._set_state(TaskState.CANCELLED)
        self.task_spec._on_cancel(self)


class _Within:
    """What the instance and each of its scopes have in common."""

    def set_up(self: Any, data: Mapping[str, Any]) -> None:
        self.task_tree = Step(self, self.spec.start, None, TaskState.COMPLETED, id=f"root {self.spec.name}")
        self.task_tree.data = dict(data)

    def begin(self: Any) -> None:
        (start,) = (spec for spec in self.spec.task_specs.values() if isinstance(spec, specs.Start))
        child = self.task_tree._add_child(start, TaskState.FUTURE)
        start._update(child)

    def arm_openings(self: Any) -> None:
        """Let the event sub-processes of this scope wait."""
        for name in self.spec.openings:
            self.arm_opening(name)

    def arm_opening(self: Any, name: str, since: datetime | None = None, kept: datetime | None = None, held: bool = False) -> None:
        step = self.task_tree._add_child(self.spec.task_specs[name], TaskState.FUTURE)
        step.since = since or step.since
        step.task_spec.keep(step, kept, held)
        step.task_spec._update(step)

    def live(self: Any) -> "list[Step]":
        return [step for step in self.tasks.values() if step._state & LIVE]

    def is_over(self: Any) -> bool:
        """Whether nothing is open any more but event sub-processes that wait for something to happen here."""
        return not any(step._state & LIVE and not isinstance(step.task_spec, waits.Opening) for step in self.tasks.values())

    def call_off(self: Any) -> None:
        """Take away all that is open in a scope that was interrupted or is over."""
        for step in self.live():
            step.cancel()

    def update_waiting_tasks(self) -> None:
        """Nothing: what waits is told when its moment has come."""

    def _task_completed_notify(self: Any, task: Step) -> None:
        self.last_task = task


class Scope(_Within, BpmnSubWorkflow):
    """The inside of one activity."""


class Run(_Within, BpmnWorkflow):
    """One instance during one command."""

    def __init__(self, executable: Executable, state: State, context: Context) -> None:
        super().__init__(executable.specs[state.process], executable.specs, script_engine=Feel(), deserializing=True)
        self.executable, self.context, self.before = executable, context, state
        self.inputs = dict(state.data)
        self.phases, self.activations = dict(state.phases), dict(state.activations)
        self.decided: dict[str, Any] = {}
        self.events: list[events.Event] = []
        self.queue: deque[Step] = deque()
        self.because = ""
        self.placed: dict[str, str] = {}  # activities that ``place`` opened, and for which key
        self.ended_in = state.ended_in
        self.barred: str | None = None  # why nothing may be entered in this command
        self._given = 0
        self.set_up({})
        for token in state.tokens:
            self._lay(token)

    def next_id(self) -> str:
        self._given += 1
        return f"{self.before.instance}-{self.before.version + 1}-{self._given}"

    def report(self, event: events.Event) -> None:
        self.events.append(event)

    # -- laying a marking -------------------------------------------------------------------------------------------
    def _lay(self, token: Token) -> None:
        """One token; the token that holds its scope was laid before it."""
        container = self.step(token.scope) if token.index is not None else None
        workflow = container.workflow if container is not None else self if token.scope is None else self.subprocesses[token.scope]
        parent = container or workflow.task_tree
        spec = workflow.spec.task_specs[token.element + (EACH if token.index is not None else "")]
        step = Step(workflow, spec, parent, TaskState.FUTURE, id=token.id)
        step.data = {**parent.data, **token.data}
        step.since, step.due, step.via, step.host, step.index, step.inputs = (
            token.since, token.due, token.via, token.host, token.index, token.inputs,
        )  # fmt: skip
        step.held = token.held
        if token.failed:
            step.failed = True
            step._set_state(TaskState.ERROR)
        elif token.rounds is not None:
            step.waiting, step.begun, step.running = list(token.rounds.waiting), token.rounds.begun, token.rounds.open
            step._set_state(TaskState.STARTED)
        elif isinstance(spec, specs.Scoped):
            self.open_scope(step, step.data if token.inputs is None else token.inputs)
            step._set_state(TaskState.STARTED)
        elif isinstance(spec, specs.UserTask):
            step._set_state(TaskState.READY)
        else:
            step._set_state(TaskState.WAITING)

    def open_scope(self, my_task: Step, data: Mapping[str, Any]) -> Scope:
        scope = Scope(self.subprocess_specs[my_task.task_spec.spec], my_task.id, self, deserializing=True)
        scope.set_up(data)
        self.subprocesses[my_task.id] = scope
        return scope

    # -- running ----------------------------------------------------------------------------------------------------
    def step(self, id: str | None) -> Step:
        for workflow in self.workflows():
            if id in workflow.tasks:
                return workflow.tasks[id]  # type: ignore[no-any-return]
        raise NotWaiting(f"token {id} is not here")

    def catch(self, step: Step, payload: Mapping[str, Any] | None = None) -> None:
        """An event happens to the one token that waits for it."""
        if step._state != TaskState.WAITING or not isinstance(step.task_spec, waits.Catch):
            raise NotWaiting(f"token {step.id} does not wait for an event")
        step.task_spec.event_definition.catch(step, BpmnEvent(step.task_spec.event_definition, payload))
        step.task_spec._update(step)

    def workflows(self) -> "tuple[Run | Scope, ...]":
        return (self, *self.subprocesses.values())

    def retry(self) -> None:
        """Everything that could not go on is entered or carried out again."""
        failed = [step for workflow in self.workflows() for step in workflow.live() if step.failed]
        if not failed:
            raise NotWaiting(f"instance {self.before.instance} has no incident")
        for step in failed:
            step._set_state(TaskState.FUTURE)
            step.task_spec._update(step)
            step.failed = step._state == TaskState.ERROR

    def proceed(self, step: Step) -> None:
        """An activity whose inside is over goes on."""
        step._set_state(TaskState.READY)
        self.queue.append(step)

    def go(self) -> None:
        """Run until only people, moments and messages are waited for. An element that cannot be carried out keeps its token."""
        steps, path, limits = 0, deque[Step](maxlen=PATH), self.context.limits
        while True:
            step = self._next()
            if step is None:
                if self._join() or self._close_scopes():
                    continue
                if self.is_over():
                    self.call_off()
                elif self._look_at_conditions():
                    continue
                return
            path.append(step)
            if steps == limits.steps or limits.is_over():
                why = limits.too_many_steps if steps == limits.steps else limits.too_slow
                self._break_off([step, *self.queue], why(self.called(each) for each in path))
                return
            steps += 1
            self._carry_out(step)

    def _next(self) -> Step | None:
        while self.queue:
            step = next((each for each in self.queue if isinstance(each.task_spec, waits.Watcher)), self.queue[0])
            self.queue.remove(step)
            if step._state == TaskState.READY and self._is_here(step):
                return step
        return None

    def _is_here(self, step: Step) -> bool:
        return step.workflow is self or self.subprocesses.get(step.workflow.parent_task_id) is step.workflow

    def _carry_out(self, step: Step) -> None:
        try:
            step.run()
        except CannotGoOn as error:
            self.fail(step, str(error))

    def fail(self, step: Step, reason: str) -> None:
        step.failed = True
        step._set_state(TaskState.ERROR)
        self.report(events.IncidentRaised(step.id, source(step.task_spec.name), reason))

    def _break_off(self, steps: Iterable[Step], reason: str) -> None:
        """Everything that is ready stands still, behind what has come already: a message or signal comes only once."""
        self.queue = deque(steps)
        while came := next((each for each in self.queue if isinstance(each.task_spec, waits.Catch)), None):
            self.queue.remove(came)
            if came._state == TaskState.READY and self._is_here(came):
                self._carry_out(came)
        for step in self.queue:
            if step._state == TaskState.READY and self._is_here(step):
                self.fail(step, reason)
        self.queue.clear()

    def called(self, step: Step) -> str:
        """What the diagram calls the element of a step."""
        name = source(step.task_spec.name)
        node = self.executable.nodes.get(name)
        return node.name if node is not None and node.name else name.split(":")[-1]

    def _close_scopes(self) -> bool:
        """Complete the activities whose inside is empty."""
        closed = False
        for id, scope in sorted(self.subprocesses.items(), key=lambda each: -each[1].depth):
            if scope.is_over():
                scope.call_off()
                del self.subprocesses[id]
                self.proceed(self.step(id))
                closed = True
        return closed

    def _join(self) -> bool:
        """Let one inclusive join go on for which nothing more can come."""
        for workflow in self.workflows():
            for name in workflow.spec.inclusive:
                first = workflow.spec.task_specs[name].complete(workflow)
                if first is not None:
                    self.proceed(first)
                    return True
        return False

    def _look_at_conditions(self) -> bool:
        """Let happen what waits for a condition that has become true by now, the outermost first."""
        waiting = [
            step for workflow in self.workflows() if workflow.spec.conditions for step in workflow.live()
            if step._state == TaskState.WAITING and waits.waits_for(step, "condition")
        ]  # fmt: skip
        happened = False
        for step in waiting:
            try:
                true = self.is_true(step)
            except CannotGoOn as error:
                step.task_spec._on_cancel(step)
                self.fail(step, str(error))
                continue
            if true and not step.held:
                self.catch(step)
                happened = True
            step.held = step.held and true
        return happened

    def is_true(self, step: Step) -> bool:
        return self.script_engine.evaluate(step, step.task_spec.node.event.condition) is True

    def is_outermost(self, workflow: "Run | Scope") -> bool:
        """Whether a scope is the process itself, or an event sub-process that stands beside it or instead of it."""
        if workflow is self:
            return True
        holder = self.step(workflow.parent_task_id)
        return holder.task_spec.node.by_event and self.is_outermost(holder.workflow)

    def call_off_watchers(self, activity: Step) -> None:
        """Take away the boundary events of an activity that is over."""
        if activity.task_spec.boundaries or activity.task_spec.catchers:
            self._call_off_hosted(activity.workflow, activity.id, activity)

    def call_off_race(self, winner: Step) -> None:
        """Take away the events that waited beside the one that happened."""
        self._call_off_hosted(winner.workflow, winner.host, winner)

    @staticmethod
    def _call_off_hosted(workflow: "Run | Scope", host: str | None, but: Step) -> None:
        for step in list(workflow.tasks.values()):
            if step.host == host and step is not but and step._state & (TaskState.WAITING | TaskState.READY | TaskState.ERROR):
                step.cancel()

    # -- what is thrown ---------------------------------------------------------------------------------------------
    def signal(self, name: str) -> bool:
        """Everybody here who waits for a signal hears it; gives whether there was anybody."""
        heard = [step for workflow in self.workflows() for step in workflow.live() if waits.waits_for(step, "signal", name)]
        for step in heard:
            if step._state == TaskState.WAITING:
                self.catch(step)
        return bool(heard)

    def throw(self, step: Step, kind: str, name: str) -> bool:
        """An error or escalation goes from a step outwards, to the first that catches it: on the activity, then beside it in its scope."""
        while True:
            activity = step.parent if step.index is not None else step
            spec, body = activity.task_spec, activity.workflow.spec
            boundary = waits.catcher(body, spec.catchers, kind, name)
            if boundary is not None:
                caught = activity.parent._add_child(boundary, TaskState.FUTURE)
                caught.host, caught.data = activity.id, dict(activity.data)
                boundary._update(caught)
                return True
            opening = waits.catcher(body, spec.beside(body.catchers), kind, name)
            if opening is not None:
                activity.workflow.arm_opening(opening.name)
                return True
            if activity.workflow is self:
                return False
            step = self.step(activity.workflow.parent_task_id)

    # -- what specs ask ---------------------------------------------------------------------------------------------
    def moment(self, value: Any, since: datetime) -> datetime:
        try:
            return self.context.calendar.due(value, since).astimezone(UTC)
        except ValueError as error:
            raise CannotGoOn("待つ日を、日付としても期間としても読めません。もとになる値を直してください。") from error

    def day(self, value: Any, since: datetime) -> date:
        try:
            return self.context.calendar.due_on(value, since)
        except ValueError as error:
            raise CannotGoOn("期限を、日付としても期間としても読めません。もとになる値を直してください。") from error

    def groups(self, my_task: Step, node: Node) -> tuple[str, ...]:
        """Who may do a task: its own groups, else those of its lane."""
        text = node.groups or self.context.lanes.get(node.lane or "")
        value = self.script_engine.setting(my_task, text)
        if isinstance(value, str):
            value = [each.strip() for each in value.split(",")]
        found = tuple(str(each) for each in value or () if each)
        if not found:
            raise CannotGoOn(f"「{node.name}」の担当が決まりません。担当の組かレーンを確かめてください。")
        return found

    def enclosing(self, my_task: Step) -> Iterator[Step]:
        """The activities that hold a step, innermost first."""
        while True:
            if my_task.index is not None:
                my_task = my_task.parent
            elif my_task.workflow is not self:
                my_task = self.step(my_task.workflow.parent_task_id)
            else:
                return
            yield my_task

    def activation(self, my_task: Step) -> str | None:
        return next((each.id for each in self.enclosing(my_task) if isinstance(each.task_spec, specs.Rounds)), None)

    def item(self, my_task: Step) -> dict[str, Any]:
        """The loop item of a task's innermost round, as a row of fields."""
        for each in (my_task, *self.enclosing(my_task)):
            if each.index is not None:
                loop = each.task_spec.node.loop
                value = each.data[loop.item]
                return dict(value) if isinstance(value, Mapping) else {loop.item: value}
        return {}

    # -- reading the marking back -----------------------------------------------------------------------------------
    def marking(self) -> State:
        tokens = sorted((token for token, _ in self._tokens()), key=lambda token: order(token.id))
        tokens = _holders_first(tokens)
        status = "incident" if any(token.failed for token in tokens) else "open" if tokens else "ended"
        if status == "ended" and self.before.status != "ended":
            self.report(events.InstanceEnded("", self.ended_in or ""))
        return State(
            self.before.process, self.before.instance, self.before.version + 1, status, tuple(tokens), self.inputs,
            self.phases, self.activations, self.ended_in,
        )  # fmt: skip

    def _tokens(self) -> Iterator[tuple[Token, Step]]:
        for workflow in self.workflows():
            for step in workflow.live():
                in_rounds = step.index is not None
                base = step.parent.data if in_rounds else workflow.task_tree.data
                scope = step.parent.id if in_rounds else None if workflow is self else workflow.parent_task_id
                rounds = None
                if isinstance(step.task_spec, specs.Rounds) and not step.failed:
                    rounds = Rounds(tuple(step.waiting), step.begun, step.running)
                yield Token(
                    step.id, source(step.task_spec.name), scope, step.since, step.due,
                    {key: value for key, value in step.data.items() if key not in base or base[key] != value},
                    step.inputs, step.via if self._keeps_flow(step) else None, step.host, step.index, rounds, step.failed, step.held,
                ), step  # fmt: skip

    @staticmethod
    def _keeps_flow(step: Step) -> bool:
        return isinstance(step.task_spec, specs.Parallel | specs.Inclusive)


def _holders_first(tokens: list[Token]) -> list[Token]:
    by_scope: dict[str | None, list[Token]] = {}
    for token in tokens:
        by_scope.setdefault(token.scope, []).append(token)
    ordered: list[Token] = []
    holders: deque[str | None] = deque([None])
    while holders:
        for token in by_scope.pop(holders.popleft(), ()):
            ordered.append(token)
            holders.append(token.id)
    return ordered
