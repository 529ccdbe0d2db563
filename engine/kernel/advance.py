"""The two ways to build a state: ``advance`` carries out a command, ``place`` puts tokens where somebody says they belong.

Both are pure: the same model, state, command and context give the same state and events, byte for byte.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from SpiffWorkflow.util.task import TaskState

from engine.kernel import placing, specs, waits
from engine.kernel.commands import AddRound, Command, Complete, Deliver, Fire, Look, Placement, Retry, Signal, Start
from engine.kernel.errors import NotWaiting
from engine.kernel.events import Event
from engine.kernel.names import Context
from engine.kernel.running import Executable, Run, Step
from engine.kernel.state import State


def fresh(process: str, instance: int, data: Mapping[str, Any] | None = None) -> State:
    """An instance that has not begun. ``data``: its initiator, and what the start message brought."""
    return State(process, instance, data=dict(data or {}))


def advance(model: Executable, state: State, command: Command, context: Context) -> tuple[State, tuple[Event, ...]]:
    """Carry out one command.

    Raises NotWaiting when the token of the command is not here, or does not wait for this; after Look, when nothing has come true.
    An element that cannot be carried out does not raise: its token stays, the state's status is ``incident``,
    an IncidentRaised names it, and Retry tries it again. So it is beyond the limits of the context: where a state would
    grow too large, the command is done and the elements after it stand still.
    """
    run = _carried_out(model, state, command, context)
    after = run.marking()
    if context.limits.are_exceeded_by(after, command):
        run = _carried_out(model, state, command, context, barred=context.limits.too_large())
        after = run.marking()
    if isinstance(command, Look) and after.tokens == state.tokens:
        raise NotWaiting(f"nothing that instance {state.instance} waits for has come true")
    return after, tuple(run.events)


def _carried_out(model: Executable, state: State, command: Command, context: Context, barred: str | None = None) -> Run:
    """``barred``: why nothing that comes after may be entered."""
    if state.status == "ended" or (state.version == 0) != isinstance(command, Start):
        raise NotWaiting(f"instance {state.instance} is {state.status}")
    run = Run(model, state, context)
    run.barred = barred
    match command:
        case Start(_, data):
            run.inputs.update(data)
            run.arm_openings()
            run.begin()
        case Complete(token):
            step = run.step(token)
            if step._state != TaskState.READY or not step.task_spec.manual:
                raise NotWaiting(f"token {token} is not an open task")
            step.run()
        case Deliver(token, name, payload):
            step = run.step(token)
            _check_event(step, "message", name)
            run.catch(step, payload)
        case Fire(token):
            step = run.step(token)
            _check_event(step, "timer", None)
            if step.due is None or step.due > context.now:
                raise NotWaiting(f"timer {token} is not due")
            run.catch(step)
        case Signal(name):
            if not run.signal(name):
                raise NotWaiting(f"nobody here waits for the signal {name}")
        case Look():
            pass  # that is done whenever everything has come to rest
        case AddRound(token, item):
            step = run.step(token)
            if not isinstance(step.task_spec, specs.Rounds) or step._state != TaskState.STARTED:
                raise NotWaiting(f"token {token} is no open multi-instance activity")
            step.task_spec.add(step, item)
        case Retry():
            run.retry()
    run.go()
    return run


def place(model: Executable, state: State, placements: Iterable[Placement], context: Context) -> tuple[State, tuple[Event, ...]]:
    """The marking that has its tokens at ``placements`` and nowhere else; what was open elsewhere is gone.

    ``state`` gives process, instance, version, data, phases and activations. A task or timer that is placed with ``since`` and
    ``due`` keeps them. Gateways and other elements that do not wait are carried out at once.
    ``placing.describe`` says of a marking which placements make it up.
    """
    emptied = State(
        state.process, state.instance, state.version, "open", (), state.data, state.phases, state.activations, None,
    )  # fmt: skip
    run = Run(model, emptied, context)
    for placement in placements:
        placing.put(run, placement)
    placing.arm_the_rest(run)
    run.go()
    return run.marking(), tuple(run.events)


def _check_event(step: Step, kind: str, name: str | None) -> None:
    if not waits.waits_for(step, kind, name):
        raise NotWaiting(f"token {step.id} does not wait for this {kind}")
