"""Puts tokens where somebody says they belong, and says of a marking where its tokens are. It must not carry anything out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from SpiffWorkflow.util.task import TaskState

from engine.kernel import specs, waits
from engine.kernel.commands import Around, Placement
from engine.kernel.elements import EACH
from engine.kernel.running import Executable, Run, Scope, Step
from engine.kernel.state import State, Token


def put(run: Run, placement: Placement) -> None:
    """One token at its place; the activities that hold it are opened when they are not open yet."""
    workflow: Run | Scope = run
    child: Step | None = None
    for around in placement.path:
        held = _activity(run, workflow, around)
        if isinstance(held.task_spec, specs.Rounds):
            held = _round(run, held, around)
        if held.id in run.subprocesses:
            workflow = run.subprocesses[held.id]
        else:
            child = held  # a round without an inside: the token is placed itself
    if isinstance(workflow.spec.task_specs.get(placement.element), waits.Opening) and child is None:
        _put_opening(run, workflow, placement)
        return
    if child is None:
        child = workflow.task_tree._add_child(workflow.spec.task_specs[placement.element], TaskState.FUTURE)
        child.data = dict(placement.data)
    child.since = placement.since or run.context.now
    child.due, child.via, child.moments = placement.due, placement.via, placement.watches
    child.task_spec._update(child)


def _put_opening(run: Run, workflow: Run | Scope, placement: Placement) -> None:
    """An event sub-process that waits; one whose own moment is None has happened, and is not armed."""
    name = placement.element
    run.placed[_scoped(workflow, name)] = ""
    moment = placement.watches.get(name, placement.due)
    if name not in placement.watches or moment is not None:
        workflow.arm_opening(name, placement.since, moment)


def arm_the_rest(run: Run) -> None:
    """Every event sub-process of an open scope waits, unless it was placed or stands instead of all else."""
    for workflow in run.workflows():
        if any(isinstance(step.task_spec, specs.EventSubProcess) and step.task_spec.opening.node.interrupting for step in workflow.live()):
            continue
        since = None if isinstance(workflow, Run) else run.step(workflow.parent_task_id).since
        for name in workflow.spec.openings:
            if _scoped(workflow, name) not in run.placed:
                workflow.arm_opening(name, since)


def _scoped(workflow: Run | Scope, name: str) -> str:
    return name if isinstance(workflow, Run) else f"{workflow.parent_task_id} {name}"


def _activity(run: Run, workflow: Run | Scope, around: Around) -> Step:
    """The activity of a scope, with its boundary events: the one that was opened for the same key, or a new one."""
    spec = workflow.spec.task_specs[around.element]
    for step in workflow.live():
        if step.task_spec is spec and run.placed.get(step.id) == around.key:
            return step
    step = workflow.task_tree._add_child(spec, TaskState.FUTURE, around.activation)
    run.placed[step.id] = around.key
    step.since, step.moments, step.data = around.since or run.context.now, around.watches, dict(around.data)
    spec.enter(step)
    if isinstance(spec, specs.Rounds):
        step.waiting, step.begun, step.running = list(around.waiting), around.begun, 0
        run.activations[spec.name] = step.id
    else:
        _open(run, step, around)
    step._set_state(TaskState.STARTED)
    spec.watch(step)
    return step


def _round(run: Run, container: Step, around: Around) -> Step:
    """One round of a multi-instance activity: that of this number, or, where none is said, that of this item."""
    loop = container.task_spec.node.loop
    for step in container.live_children():
        if step.index == around.round or (around.round is None and step.data[loop.item] == around.item):
            return step
    child = container._add_child(container.workflow.spec.task_specs[container.task_spec.name + EACH], TaskState.FUTURE)
    child.since = container.since
    child.index, child.data = container.begun if around.round is None else around.round, {**container.data, loop.item: around.item}
    container.begun = max(container.begun, child.index + 1)
    container.running += 1
    if isinstance(child.task_spec, specs.Scoped):
        _open(run, child, around)
        child._set_state(TaskState.STARTED)
    return child


def _open(run: Run, step: Step, around: Around) -> None:
    data = step.task_spec.scope_data(step) if around.inputs is None else dict(around.inputs)
    if around.inputs is not None:
        step.inputs = dict(around.inputs)
    run.open_scope(step, data)


# -- saying where tokens are -------------------------------------------------------------------------------------------
def describe(executable: Executable, state: State) -> tuple[Placement, ...]:
    """The placements that make up a marking: ``place`` with them gives a marking in which the same waits for the same."""
    holding = {token.scope for token in state.tokens}
    placements: list[Placement] = []
    raced: set[str] = set()
    for token in state.tokens:
        node = executable.nodes[token.element]
        if token.id in holding or (node.type == "boundaryEvent" and not token.failed):
            continue
        path = _path(executable, state, token)
        if token.host is not None and node.type in ("intermediateCatchEvent", "receiveTask"):
            if token.host not in raced:
                raced.add(token.host)
                race = [each for each in state.tokens if each.host == token.host]
                due = {each.element: each.due for each in race if each.due is not None}
                placements.append(Placement(_gateway(executable, token), path, token.since, data=token.data, watches=due))
            continue
        watches = {} if token.index is not None else _watches(executable, state, token)
        if node.type == "start" and token.held:
            watches = {token.element: token.since}
        placements.append(Placement(token.element, path, token.since, token.due, token.data, token.via, watches))
    return (*placements, *_happened(executable, state))


def _happened(executable: Executable, state: State) -> Iterator[Placement]:
    """Event sub-processes of open scopes that do not wait any more."""
    for holder in (None, *state.tokens):
        body = executable.specs.get(state.process if holder is None else executable.inside(holder.element))
        if body is None or (holder is not None and holder.rounds is not None):
            continue
        inside = [token for token in state.tokens if token.scope == (None if holder is None else holder.id)]
        path = () if holder is None or not inside else _path(executable, state, inside[0])
        for name in body.openings if inside else ():
            if not any(token.element == name for token in inside):
                yield Placement(name, path, watches={name: None})


def _path(executable: Executable, state: State, token: Token) -> tuple[Around, ...]:
    """The activities around a token, outermost first; a multi-instance activity and its round are one."""
    chain = [*reversed(state.scopes(token)), *([token] if token.index is not None else [])]
    path: list[Around] = []
    for number, each in enumerate(chain):
        if each.index is not None:
            continue
        common: dict[str, Any] = {"key": each.id, "since": each.since, "data": each.data, "watches": _watches(executable, state, each)}
        loop = executable.nodes[each.element].loop
        if each.rounds is None or loop is None:
            path.append(Around(each.element, inputs=each.inputs, **common))
            continue
        round = chain[number + 1]
        path.append(
            Around(
                each.element, inputs=round.inputs, activation=each.id, round=round.index, item=state.value(round, loop.item),
                begun=each.rounds.begun, waiting=each.rounds.waiting, **common,
            )  # fmt: skip
        )
    return tuple(path)


def _watches(executable: Executable, state: State, token: Token) -> Mapping[str, datetime | None]:
    """The moments of its boundary events; None for those that have happened."""
    there = {each.element: each for each in state.tokens if each.host == token.id}
    process = token.element.split(":")[0]
    all_there_could_be = [
        name for name, node in executable.nodes.items() if node.attached_to is not None and f"{process}:{node.attached_to}" == token.element
    ]
    moments = {name: each.since if each.held else each.due for name, each in there.items()}
    return {
        name: moments.get(name)
        for name in all_there_could_be
        if name.startswith(f"{process}:") and (name not in there or moments[name] is not None)
    }


def _gateway(executable: Executable, token: Token) -> str:
    """The event gateway after which an event is raced for."""
    process, id = token.element.split(":")
    return next(
        name
        for name, node in executable.nodes.items()
        if node.type == "eventBasedGateway" and name.startswith(f"{process}:") and any(flow.target == id for flow in node.outgoing)
    )
