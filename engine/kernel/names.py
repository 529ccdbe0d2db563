"""What a name in an expression means while an instance runs: the one FEEL scope of the kernel, and SpiffWorkflow's script engine.

Answers come from the context, never from token data. Nothing here writes anything.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine

from engine.kernel import feel
from engine.kernel.errors import CannotGoOn
from engine.kernel.limits import Limits
from engine.kernel.state import order

if TYPE_CHECKING:
    from engine.kernel.running import Run, Step

TOKYO = ZoneInfo("Asia/Tokyo")


Operation = Callable[[Mapping[str, Any], str], Any]  # given, key; raises OperationError for an error that the diagram may catch


class Days(Protocol):
    """The calendar: open days, and moments of periods (Asia/Tokyo); see ``engine.calendar``."""

    def workdays(self, n: int, from_: date) -> date: ...

    def months(self, n: int, from_: date) -> date: ...

    def due(self, value: Any, now: datetime) -> datetime: ...

    def due_on(self, value: Any, now: datetime) -> date: ...


@dataclass(frozen=True, slots=True)
class Context:
    """All that an instance may know beside its own state.

    ``latest``: the newest answer of each form (or result of a decision) that expressions of its closure read.
    ``lists``: the answers given in an activation of a multi-instance element, by (form, activation).
    ``operations``: what service tasks call, with what the diagram gives and a key that is the same when the step is taken again.
    ``lanes``: lane name to group, or to an expression that begins with "=". ``functions``: facts of the case file.
    """

    now: datetime
    calendar: Days
    settings: Mapping[str, Any] = field(default_factory=dict)
    lanes: Mapping[str, str] = field(default_factory=dict)
    latest: Mapping[str, Any] = field(default_factory=dict)
    lists: Mapping[tuple[str, str], Sequence[Any]] = field(default_factory=dict)
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    unanswered: frozenset[str] = frozenset()  # forms that lanes may read before they were answered
    limits: Limits = Limits()
    operations: Mapping[str, Operation] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return self.now.astimezone(TOKYO).date()


class Names:
    """The FEEL scope at one step: its token's data, then the instance's, then decisions, answers and settings."""

    def __init__(self, run: "Run", data: Mapping[str, Any]) -> None:
        self._run, self._data = run, data

    def name(self, name: str) -> Any:
        run = self._run
        for known in (self._data, run.inputs, run.decided, run.context.latest):
            if name in known:
                return known[name]
        if name == "settings":
            return dict(run.context.settings)
        if name == "today":
            return run.context.today
        if name in run.executable.names or name in run.context.unanswered:
            return None
        raise KeyError(name)

    def call(self, name: str, arguments: list[Any]) -> Any:
        context = self._run.context
        if name == "answers":
            return self._answers(arguments[0])
        if name == "workdays" and len(arguments) in (1, 2):
            return context.calendar.workdays(int(arguments[0]), self._day(arguments[1:]))
        if name == "months" and len(arguments) in (1, 2):
            return context.calendar.months(int(arguments[0]), self._day(arguments[1:]))
        if name in context.functions:
            return context.functions[name](*arguments)
        raise KeyError(name)

    def _day(self, given: list[Any]) -> date:
        if not given:
            return self._run.context.today
        (value,) = given
        if isinstance(value, datetime):
            return value.astimezone(TOKYO).date()
        if isinstance(value, date):
            return value
        if isinstance(value, str):
            return date.fromisoformat(value)
        raise CannotGoOn("もとになる日が入力されていないため、日を数えられません。")

    def _answers(self, form: Any) -> list[Any]:
        """The answers of the last activation of the multi-instance element that fills this form; none when it had no rounds."""
        run = self._run
        entered = [run.activations[each] for each in run.executable.lists.get(form, ()) if each in run.activations]
        if not entered:
            return []
        return list(run.context.lists.get((form, max(entered, key=order)), ()))


class Feel(PythonScriptEngine):
    """SpiffWorkflow's door to expressions; only FEEL goes through it, and no script or service ever does."""

    def evaluate(self, task: "Step", expression: str, external_context: Any = None) -> Any:
        return self.value(task.workflow.top_workflow, expression, task.data)

    @staticmethod
    def value(run: "Run", expression: str, data: Mapping[str, Any]) -> Any:
        try:
            return feel.parse(expression).evaluate(Names(run, data))
        except feel.FeelError as error:
            raise CannotGoOn(f"式「{expression}」を計算できません: {error.message}") from error
        except (KeyError, ValueError, TypeError) as error:
            raise CannotGoOn(f"式「{expression}」を計算できません。") from error

    def setting(self, task: "Step", text: str | None) -> Any:
        """A setting of the diagram: an expression when it begins with "=", else taken as it stands."""
        if text is None:
            return None
        return self.evaluate(task, text[1:]) if text.startswith("=") else text

    def execute(self, task: "Step", script: str, external_context: Any = None) -> bool:
        raise CannotGoOn("スクリプトは使えません。")

    def call_service(self, task: "Step", **kwargs: Any) -> Any:
        raise CannotGoOn("登録されていない操作です。")
