"""What a message must carry to be received by one waiting token, beside its name. Reading only."""

from collections.abc import Mapping
from typing import Any

from engine.kernel.model import keys_of
from engine.kernel.names import Context
from engine.kernel.running import Executable, Run
from engine.kernel.state import State


def expected(model: Executable, state: State, token: str, context: Context) -> Mapping[str, Any]:
    """What every key of a waiting token has as its value now. Raises NotWaiting, and CannotGoOn where it cannot be computed."""
    run = Run(model, state, context)
    step = run.step(token)
    return {name: run.script_engine.setting(step, text) for name, text in keys_of(step.task_spec.node).items()}
