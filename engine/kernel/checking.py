"""Checks what files have to do with each other and with the city's words; it must not change the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from engine.kernel.bindings import callers, caught, given_inputs, gives_list, own_names, result_kind, thrown, used_names
from engine.kernel.closure import bound_names, list_forms, required
from engine.kernel.decisions import Decision
from engine.kernel.duties import check_groups, check_node
from engine.kernel.expressions import (
    ANYTHING,
    KERNEL_FUNCTIONS,
    Names,
    Site,
    check_expression,
    direct,
    is_no_condition,
    is_no_date,
    item_kind,
    literal,
    sites,
)
from engine.kernel.feel import FeelError, parse
from engine.kernel.model import FieldKind, Model, Node, Process, Vocabulary, begins_by_event, keys_of, walk
from engine.kernel.remarks import Remarks, near
from engine.kernel.tables import check_rows
from engine.kernel.upwards import check_upwards

Lists = Mapping[str, tuple[str, ...]]  # form -> the repetitions in which it is filled

_CONDITIONS = ("条件", "待つ条件", "くり返しをやめる条件")
_TIMES = ("タイマー", "期限", "始める日(followUpDate)")
_TRUTHS = (None, "null", "boolean")  # kinds of what may be a condition
_NO_TIMES = ("number", "boolean", "time", "list", "context")  # kinds of what is neither a moment nor a period


def check(
    model: Model, vocabulary: Vocabulary, remarks: Mapping[str, Remarks], of_decisions: Mapping[str, Remarks]
) -> None:
    """Everything that one file alone cannot know. `remarks` are those of the processes, by id."""
    lists = list_forms(model)
    if vocabulary.signals is not None:
        vocabulary = replace(vocabulary, signals=vocabulary.signals | {name for _, _, name in thrown(model, "signal")})
    for process in model.processes.values():
        here = remarks[process.id]
        check_groups(process.starter_groups, process, vocabulary, here)
        _check_beginning(model, process, vocabulary, here)
        for node in walk(process.nodes):
            check_node(node, process, vocabulary, here)
            _check_call(model, process, node, here)
            _check_rule(model, node, here)
            _check_names(node, vocabulary, here)
        _check_expressions(process.nodes, Names(vocabulary, own_names(model, process)), lists, here)
    _check_messages(model, remarks)
    _check_signals(model, vocabulary, remarks)
    check_upwards(model, remarks)
    for decision in model.decisions.values():
        _check_decision(model, decision, vocabulary, of_decisions)


def _check_beginning(model: Model, process: Process, vocabulary: Vocabulary, remarks: Remarks) -> None:
    if process.starter_groups is not None and process.starter_groups.startswith("="):
        site = Site("始められるグループ", process.starter_groups[1:], process)
        check_expression(site, Names(vocabulary), remarks)
    by_people = process.starter_groups is not None or process.id in vocabulary.starters
    if not any(map(begins_by_event, process.nodes)) and not by_people and not any(callers(model, process.id)):
        remarks.say("nobody-starts", process)


def _check_call(model: Model, process: Process, node: Node, remarks: Remarks) -> None:
    if node.type != "callActivity":
        return
    if node.called is None:
        remarks.say("call-without-process", node)
        return
    called = model.processes.get(node.called)
    if called is None:
        remarks.say("unknown-process", node, called=node.called, near=near(node.called, model.processes))
        return
    if any(map(begins_by_event, called.nodes)):
        remarks.say("called-by-event", node, called=node.called)
    way = _way(model, called.id, process.id)
    if way:
        remarks.say("call-cycle", node, cycle=" → ".join([process.id, *way]))
    used, given = used_names(called), {name for name, _ in node.inputs}
    for name in sorted((used & given_inputs(model, called.id).keys()) - given):
        remarks.say("call-input-missing", node, called=called.id, name=name)
    for name in sorted(given - used):
        remarks.say("input-not-used", node, name=name)


def _way(model: Model, begin: str, end: str) -> list[str]:
    """The calls that lead from one process to another; none when there is no way."""
    ways = [[begin]]
    seen = {begin}
    for way in ways:
        if way[-1] == end:
            return way
        for node in walk(model.processes[way[-1]].nodes):
            if node.called is not None and node.called in model.processes and node.called not in seen:
                seen.add(node.called)
                ways.append([*way, node.called])
    return []


def _check_rule(model: Model, node: Node, remarks: Remarks) -> None:
    if node.type != "businessRuleTask":
        return
    if node.decision is None:
        remarks.say("rule-without-decision", node)
    elif node.decision not in model.decisions or model.decisions[node.decision].parameters:
        hint = near(node.decision, (id for id, each in model.decisions.items() if not each.parameters))
        remarks.say("unknown-decision", node, decision=node.decision, near=hint)
    elif gives_list(model.decisions[node.decision]) and node.result_kind == "single":
        remarks.say("decision-gives-list", node, decision=node.decision)
    if node.result is None:
        remarks.say("rule-without-result", node)


def _check_names(node: Node, vocabulary: Vocabulary, remarks: Remarks) -> None:
    """The names that a node gives to values: readable, and not those of something else."""
    names = Names(vocabulary)
    for name in bound_names(node):
        if not _is_name(name):
            remarks.say("bad-name", node, name=name)
        elif names.root(name) is not None:
            what = "様式" if name in vocabulary.forms else "別のもの"
            remarks.say("name-taken", node, name=name, what=what)


def _is_name(text: str) -> bool:
    try:
        return parse(text).paths == {(text,)}
    except FeelError:
        return False


def _check_expressions(nodes: Iterable[Node], names: Names, lists: Lists, remarks: Remarks) -> None:
    for node in nodes:
        inside = names
        if node.loop is not None and node.loop.collection:
            kind = item_kind(node.loop.collection, names)
            if kind is None:
                remarks.say("list-wanted", node, text=node.loop.collection)
            inside = names.bound(node.loop.item, kind or ANYTHING)
        for site in sites(node):
            _check_site(site, inside if site.in_loop else names, lists, remarks)
        _check_expressions(node.body, inside, lists, remarks)


def _check_site(site: Site, names: Names, lists: Lists, remarks: Remarks) -> None:
    expression = check_expression(site, names, remarks)
    if expression is None:
        return
    for call in expression.calls:
        form = literal(call.arguments[0].text) if call.name == "answers" and call.arguments else None
        if form is not None and form in names.vocabulary.forms and not lists.get(form):
            remarks.say("never-listed", site.place, where=site.where, form=form)
    kind = expression.kind(names.value_kind)
    if site.where in _CONDITIONS and (is_no_condition(direct(site.text, names)) or kind not in _TRUTHS):
        remarks.say("yes-no-wanted", site.place, where=site.where, text=site.text)
    if site.where in _TIMES and (is_no_date(direct(site.text, names)) or kind in _NO_TIMES):
        remarks.say("date-wanted", site.place, text=site.text)


def _check_decision(model: Model, decision: Decision, vocabulary: Vocabulary, of_decisions: Mapping[str, Remarks]) -> None:
    """A table may name whatever the processes that use it may name, and the results that it requires; of its file, it may call the models."""
    remarks = of_decisions[decision.id]
    for name in decision.parameters:
        if Names(vocabulary).root(name) is not None:
            remarks.say("name-taken", decision, name=name, what="様式" if name in vocabulary.forms else "別のもの")
    if decision.parameters and decision.variable in {**vocabulary.functions, **KERNEL_FUNCTIONS}:
        remarks.say("name-taken", decision, name=decision.variable, what="別のもの")
    known = [each for id, each in model.decisions.items() if each.parameters and of_decisions[id] is remarks]
    vocabulary = replace(
        vocabulary, functions={**vocabulary.functions, **{each.variable: (len(each.parameters),) * 2 for each in known}},
        results={**vocabulary.results, **{each.variable: result_kind(each) for each in known}},
    )  # fmt: skip
    own: dict[str, FieldKind] = {}
    for process in model.processes.values():
        if any(decision.id in required(model, node.decision) for node in walk(process.nodes) if node.decision):
            own |= own_names(model, process)
    own |= {model.decisions[id].variable: result_kind(model.decisions[id]) for id in decision.requires if id in model.decisions}
    names = Names(vocabulary, {**own, **dict.fromkeys(decision.parameters, ANYTHING)})
    for sentence in decision.sentences():
        place = replace(decision, line=sentence.line)
        check_expression(Site(sentence.where, sentence.text, place), names, remarks)
    check_rows(decision, names, remarks)


def _check_messages(model: Model, remarks: Mapping[str, Remarks]) -> None:
    sent, received = list(thrown(model, "message")), list(caught(model, "message"))
    names_sent, names_received = {name for _, _, name in sent}, {name for _, _, name in received}
    for process, node, name in sent:
        if name not in names_received and node.event is not None and not node.event.optional:
            remarks[process.id].say("message-not-received", node, message=name, near=near(name, names_received))
    for process, node, name in received:
        if name not in names_sent and not node.properties.get("manualStart"):
            remarks[process.id].say("message-not-sent", node, message=name, near=near(name, names_sent))
    for process, node, _ in received:
        reply = node.properties.get("whenOpenReply")
        if reply is not None and reply not in names_received:
            remarks[process.id].say("message-not-received", node, message=reply, near=near(reply, names_received))
    _check_keys(model, remarks)
    _check_openers([(process, node, name) for process, node, name in received if node in process.nodes and node.type == "start"], remarks)


def _check_signals(model: Model, vocabulary: Vocabulary, remarks: Mapping[str, Remarks]) -> None:
    drawn = {(process.id, name) for process, _, name in thrown(model, "signal")}
    for process, node, name in caught(model, "signal"):
        if begins_by_event(node) and node in process.nodes and name in (vocabulary.signals or ()):
            if not any(signal == name and thrower != process.id for thrower, signal in drawn):
                remarks[process.id].say("signal-begins-nothing", node, signal=name)
    heard = {name for _, _, name in caught(model, "signal")}
    for process, node, name in thrown(model, "signal"):
        if name not in heard:
            remarks[process.id].say("signal-not-heard", node, signal=name)


def _check_keys(model: Model, remarks: Mapping[str, Remarks]) -> None:
    """Only what waits for a message has keys, and everybody who sends that message carries what is compared."""
    waited_for = {(process.id, node.id): name for process, node, name in caught(model, "message") if not (node in process.nodes and node.type == "start")}
    for process in model.processes.values():
        for node in walk(process.nodes):
            for key in keys_of(node):
                message = waited_for.get((process.id, node.id))
                if message is None:
                    remarks[process.id].say("key-without-message", node, key=key)
                for _, sender, name in thrown(model, "message"):
                    if name == message and sender.event is not None and key not in dict(sender.event.payload):
                        remarks[process.id].say("key-not-sent", node, key=key, message=name, sender=sender.name or sender.id)


def _check_openers(starts: list[tuple[Process, Node, str]], remarks: Mapping[str, Remarks]) -> None:
    opened: dict[str, Process] = {}
    for process, node, name in starts:
        first = opened.setdefault(name, process)
        if first is not process:
            remarks[process.id].say("message-opens-two", node, message=name, other=first.name or first.id)
