"""What belongs to a process once it runs: what it calls, decides by, asks and reads. It must not judge any of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from engine.kernel.expressions import KERNEL_NAMES, literal, sites
from engine.kernel.feel import FeelError, Path, parse
from engine.kernel.model import Model, Node, Process, qualified, walk


class Closure(NamedTuple):
    """The process itself first, then all others in the order of their ids."""

    processes: tuple[str, ...]
    decisions: tuple[str, ...]
    forms: tuple[str, ...]


def closure(model: Model, process: str) -> Closure:
    """Everything that an instance of `process` may come to use. Raises KeyError for a process that is not there."""
    processes, decisions, forms = [process], set[str](), set[str]()
    for id in processes:
        for node in walk(model.processes[id].nodes):
            if node.called is not None and node.called in model.processes and node.called not in processes:
                processes.append(node.called)
            if node.decision is not None:
                decisions |= required(model, node.decision)
            if node.form is not None:
                forms.add(form_of(node.form))
    forms |= {form for form, _ in reads(model, processes)} | set(_listed(model, processes))
    return Closure((process, *sorted(processes[1:])), tuple(sorted(decisions)), tuple(sorted(forms)))


def reads(model: Model, processes: Iterable[str] | None = None, also: Iterable[str] = ()) -> frozenset[tuple[str, str]]:
    """(form, field) of every answer that expressions of these processes read; `also` are expressions from elsewhere.

    Without `processes`, those of the whole model.
    """
    chosen = _chosen(model, processes)
    bound = {"settings", *KERNEL_NAMES, *_bound(model)}
    texts = [*_texts(model, chosen), *(text.removeprefix("=") for text in also)]
    found = (path for text in texts for path in _paths(text, bound))
    return frozenset((path[0], path[1]) for path in found if len(path) > 1 and path[0] not in bound)


def list_forms(model: Model) -> dict[str, tuple[str, ...]]:
    """The forms that `answers(form)` asks for, each with the repetitions (qualified ids) inside which it is filled.

    A task belongs to the innermost repetition around it, which may be one around the call of its process.
    """
    forms = sorted(set(_listed(model, model.processes)))
    return {form: tuple(sorted(_repetitions(model, form))) for form in forms}


def form_of(form_and_part: str) -> str:
    """The form that is answered, whichever part of it."""
    return form_and_part.partition("#")[0]


def required(model: Model, decision: str) -> set[str]:
    """A decision with all decisions and knowledge models that it needs."""
    found, ahead = set[str](), [decision]
    while ahead:
        id = ahead.pop()
        if id in model.decisions and id not in found:
            found.add(id)
            ahead += (*model.decisions[id].requires, *model.decisions[id].knows)
    return found


def bound_names(node: Node) -> Iterator[str]:
    """The names that a node gives to values."""
    yield from (name for name, _ in node.inputs)
    if node.result is not None:
        yield node.result
    if node.loop is not None and node.loop.item:
        yield node.loop.item
    if node.event is not None and node.event.payload_name is not None:
        yield node.event.payload_name


def enclosed(nodes: Iterable[Node], around: tuple[Node, ...] = ()) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    """Every node with the sub-processes around it, outermost first."""
    for node in nodes:
        yield node, around
        yield from enclosed(node.body, (*around, node))


def _chosen(model: Model, processes: Iterable[str] | None) -> list[Process]:
    return [model.processes[id] for id in (model.processes if processes is None else processes)]


def _texts(model: Model, processes: list[Process]) -> Iterator[str]:
    decisions = set[str]()
    for process in processes:
        for node in walk(process.nodes):
            yield from (site.text for site in sites(node))
            decisions |= required(model, node.decision) if node.decision is not None else set()
        if process.starter_groups is not None and process.starter_groups.startswith("="):
            yield process.starter_groups[1:]
    for id in sorted(decisions):
        yield from model.decisions[id].expressions


def _bound(model: Model) -> Iterator[str]:
    """Names that stand for something else than an answer."""
    for decision in model.decisions.values():
        yield from (model.decisions[id].variable for id in decision.requires if id in model.decisions)
        yield from decision.parameters
    for process in model.processes.values():
        for node in walk(process.nodes):
            yield from bound_names(node)


def _paths(text: str, bound: set[str]) -> frozenset[Path]:
    try:
        return parse(text).reads(lambda path: path[0] in bound).paths
    except FeelError:
        return frozenset()


def _listed(model: Model, processes: Iterable[str] | None) -> Iterator[str]:
    """The forms that `answers` asks for."""
    for text in _texts(model, _chosen(model, processes)):
        try:
            calls = parse(text).calls
        except FeelError:
            continue
        for call in calls:
            form = literal(call.arguments[0].text) if call.name == "answers" and call.arguments else None
            if form is not None:
                yield form


def _repetitions(model: Model, form: str) -> set[str]:
    found = set[str]()
    for process in model.processes.values():
        for node, around in enclosed(process.nodes):
            if node.form is not None and form_of(node.form) == form:
                found |= _innermost(model, process, (*around, node), frozenset())
    return found


def _innermost(model: Model, process: Process, chain: tuple[Node, ...], seen: frozenset[str]) -> set[str]:
    for node in reversed(chain):
        if node.loop is not None:
            return {qualified(process.id, node.id)}
    found = set[str]()
    for caller in model.processes.values():
        for node, around in enclosed(caller.nodes):
            if node.called == process.id and process.id not in seen:
                found |= _innermost(model, caller, (*around, node), seen | {process.id})
    return found
