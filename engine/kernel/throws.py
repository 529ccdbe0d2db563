"""Elements that make something happen elsewhere, and go on or end: messages, signals, escalations, errors, termination."""

from __future__ import annotations

from typing import TYPE_CHECKING

from SpiffWorkflow.bpmn.specs import defaults

from engine.kernel import events
from engine.kernel.elements import Element, source
from engine.kernel.errors import CannotGoOn

if TYPE_CHECKING:
    from engine.kernel.running import Run, Step


class Throw(Element):
    """Throws what its event says. Where nothing is to be thrown it is only a milestone."""

    def _run_hook(self, my_task: Step) -> bool:
        run: Run = my_task.workflow.top_workflow
        event = self.node.event
        name = "" if event is None else event.name or ""
        match None if event is None else event.kind:
            case "message":
                assert event is not None
                payload = {key: run.script_engine.evaluate(my_task, value) for key, value in event.payload}
                run.report(events.MessageThrown(my_task.id, source(self.name), name, payload, event.optional))
            case "signal":
                run.report(events.SignalThrown(my_task.id, source(self.name), name))
                run.signal(name)
            case "escalation":
                run.throw(my_task, "escalation", name)
            case "error":
                if not run.throw(my_task, "error", name):
                    raise CannotGoOn(f"エラー「{name}」を受けるものがありません。境界イベントかイベントサブプロセスで受けるように、図を直してください。")
        return True


class IntermediateThrow(Throw, defaults.IntermediateThrowEvent):
    pass


class Send(Throw, defaults.SendTask):
    pass


class End(Throw, defaults.EndEvent):
    def _on_complete_hook(self, my_task: Step) -> None:
        workflow, event = my_task.workflow, self.node.event
        run: Run = workflow.top_workflow
        if run.is_outermost(workflow):
            run.ended_in = source(self.name)
        if event is not None and event.kind == "terminate":
            run.because = source(self.name)
            workflow.call_off()
            run.because = ""
