"""The loop of visits.bpmn as a flow of Viewflow, written after its public documentation. Nothing but ../__main__.py may import it."""

from django.db import transaction
from viewflow import this
from viewflow.workflow import STATUS, flow
from viewflow.workflow.models import Process, Task


def page(request, **kwargs):
    """A task's page; what is measured is what it calls when its form is sent."""
    raise NotImplementedError


class Visits(flow.Flow):
    """頼まれたことを書く → 訪問する → 続けるかを話し合う → 訪問する …"""

    process_class = Process
    asked = flow.StartHandle().Next(this.receive)
    receive = flow.View(page).Next(this.visit)
    visit = flow.View(page).Next(this.confer)
    confer = flow.View(page).Next(this.goes_on)
    goes_on = flow.If(lambda activation: activation.process.data["decision"] == "continue").Then(this.visit).Else(this.over)
    over = flow.End()


def opened():
    """The one process of this database, begun."""
    Visits.asked.run()
    return Process.objects.get()


def complete(process, answer, person):
    """The open task, found, assigned, started and executed with its answer, in one transaction."""
    with transaction.atomic():
        task = Task.objects.select_related("process").get(process=process, flow_task_type="HUMAN", status=STATUS.NEW)
        activation = task.flow_task.activation_class(task)
        activation.assign(person)
        activation.start(None)
        activation.process.data = {**(activation.process.data or {}), **answer}
        activation.process.save(update_fields=["data"])
        activation.task.data = answer
        activation.execute()


def completed(process):
    """How many tasks of people are done."""
    return Task.objects.filter(process=process, flow_task_type="HUMAN", status=STATUS.DONE).count()
