"""`complete-vs-whole-json`: keeping the library's whole workflow as JSON in each step, as it documents, against ours.

Nothing of the library is changed. Its own walk over the tasks ends at a depth of 1000, and a workflow that goes on in a
loop is then silently over; `max_depth` is its own keyword for that, given by a subclass that is registered as it documents.
"""

from __future__ import annotations

from statistics import median
from typing import Any

import sqlalchemy as sa
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import DEFAULT_CONFIG, BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from benchmarks import databases
from benchmarks.figures import Figure, Sizes
from benchmarks.office import CONFERRED, FOLDER, RECEIVED, VISITED, Office, seconds_of
from engine import store
from engine.store import Store

GOALS = {"young": None, "grown": 10, "old": 60}
ENOUGH = 100_000  # deeper than any loop here goes
HOW = "BpmnWorkflow.get_tasks_iterator with max_depth, registered with BpmnWorkflowSerializer.configure"


class Deep(BpmnWorkflow):
    """The library's workflow, which looks for its tasks as deep as they are."""

    def get_tasks_iterator(self, first_task: Any = None, **kwargs: Any) -> Any:
        return super().get_tasks_iterator(first_task, **{"max_depth": ENOUGH, **kwargs})


def complete_vs_whole_json(sizes: Sizes) -> Figure:
    """Whole JSON in each step ÷ ours, at three ages of the same loop, both with their commit."""
    ages = {"young": sizes.young, "grown": sizes.grown, "old": sizes.old}
    ratios, detail = {}, {}
    with databases.fresh("sqlite") as opened:
        office, theirs = Office(opened), Whole(opened)
        ours = office.open_visits()
        for name, age in ages.items():
            while ours.done < age:
                office.visit(ours)
            theirs.go_on(until=age)
            own = median(seconds_of(office.visit, ours) for _ in range(sizes.steps))
            whole = median(seconds_of(theirs.step) for _ in range(sizes.whole_json_steps))
            ratios[name] = whole / own
            detail[f"after_{age}"] = {
                "ratio": round(ratios[name], 1), "ms_ours": round(own * 1000, 2), "ms_whole_json": round(whole * 1000, 2),
                "bytes_whole_json": theirs.size,
            }  # fmt: skip
    detail["how"] = HOW
    detail["unchanged_library_ends_after"] = ends_after(sizes.old)
    ok = all(ratios[name] >= goal for name, goal in GOALS.items() if goal is not None)
    goal = f"printed at {sizes.young}, ≥ 10 at {sizes.grown}, ≥ 60 at {sizes.old}"
    return Figure("complete-vs-whole-json", round(ratios["old"], 1), "times", goal, ok, detail)


class Whole:
    """The loop as the library runs it, kept as one JSON text in one row."""

    def __init__(self, opened: Store) -> None:
        self.opened = opened
        self.serializer = BpmnWorkflowSerializer(
            BpmnWorkflowSerializer.configure({**_without_plain_workflow(), Deep: DEFAULT_CONFIG[BpmnWorkflow]})
        )
        self.done = self.size = 0
        workflow = _begun(Deep)
        with opened.transaction() as c:
            c.execute(sa.insert(store.about).values(key="whole", value=self.serializer.serialize_json(workflow)))

    def step(self) -> None:
        """Read the text, complete a task, write the text, commit."""
        table = store.about
        with self.opened.reading() as c:
            text = c.scalar(sa.select(table.c.value).where(table.c.key == "whole"))
        workflow = self.serializer.deserialize_json(text)
        _complete(workflow, self.done)
        text = self.serializer.serialize_json(workflow)
        with self.opened.transaction() as c:
            c.execute(sa.update(table).where(table.c.key == "whole").values(value=text))
        self.done, self.size = self.done + 1, len(text.encode())

    def go_on(self, until: int) -> None:
        """Complete tasks without keeping the steps between: only the last is written."""
        table = store.about
        with self.opened.reading() as c:
            workflow = self.serializer.deserialize_json(c.scalar(sa.select(table.c.value).where(table.c.key == "whole")))
        while self.done < until:
            _complete(workflow, self.done)
            self.done += 1
        with self.opened.transaction() as c:
            text = self.serializer.serialize_json(workflow)
            c.execute(sa.update(table).where(table.c.key == "whole").values(value=text))


def ends_after(at_most: int) -> int | None:
    """After how many tasks the unchanged library finds no further task in the loop; None when it got so far."""
    workflow = _begun(BpmnWorkflow)
    for done in range(at_most):
        if not _complete(workflow, done):
            return done
    return None


def _complete(workflow: BpmnWorkflow, done: int) -> bool:
    """Complete the task that is ready; False when none is."""
    task = workflow.get_next_task(state=TaskState.READY, manual=True)
    if task is None:
        return False
    task.data.update(RECEIVED if done == 0 else VISITED if done % 2 else CONFERRED)
    task.run()
    workflow.do_engine_steps()
    return True


def _begun(kind: type[BpmnWorkflow]) -> BpmnWorkflow:
    """The same diagram, with its one condition in the library's own language."""
    drawn = (FOLDER / "processes" / "bpmn" / "visits.bpmn").read_text(encoding="utf-8")
    parser = BpmnParser()
    parser.add_bpmn_str(drawn.replace('=V2.decision = "continue"', 'decision == "continue"').encode())
    workflow = kind(parser.get_spec("visits"))
    workflow.do_engine_steps()
    return workflow


def _without_plain_workflow() -> dict[Any, Any]:
    return {kind: converter for kind, converter in DEFAULT_CONFIG.items() if kind is not BpmnWorkflow}
