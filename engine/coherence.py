"""Finds where organisation.toml and the processes and forms of a release do not fit together; it changes nothing.

Each alone may be right: the file names a process that nobody drew, a diagram sets a phase that is on no ladder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from engine import facts
from engine.grounds import ALL
from engine.kernel.feel import Expression, FeelError, parse
from engine.kernel.model import THROWING, Model, Node, Problem, Process, walk
from engine.kernel.remarks import near
from engine.organisation import FILE, LADDERS, Organisation
from engine.sheet import Sheet
from forms.form import Form

_QUOTED = re.compile(r'"(\w+)[".#]')


def misfits(content: bytes, city: Organisation, model: Model, forms: Mapping[str, Form]) -> list[Problem]:
    """Every name of organisation.toml (`content`) that the release does not know, every phase that no ladder has."""
    sheet = Sheet(FILE, content)
    _check_starters(sheet, city, model)
    _check_forms(sheet, city, forms)
    _check_signals(sheet, city, model)
    _check_lanes(sheet, city, forms)
    _check_named(sheet, city, forms)
    return [*sheet.problems, *_unknown_phases(city, model)]


def _check_starters(sheet: Sheet, city: Organisation, model: Model) -> None:
    for process in city.starters:
        if process not in model.processes:
            hint = near(process, model.processes)
            message = f"流れ「{process}」がありません。id を直すか、この行を消してください。{hint}"
            sheet.problem("unknown-process", ("starters", process), message)


def _check_forms(sheet: Sheet, city: Organisation, forms: Mapping[str, Form]) -> None:
    parts = {f"{form.id}#{part.id}" for form in forms.values() for part in form.parts}
    for place, each in city.from_case.items():
        if each not in parts:
            message = f"様式「{each}」がありません。番号と部分を直すか、消してください。{near(each, parts)}"
            sheet.problem("unknown-form", ("from_case", place), message)
    for id, ground in city.access.items():
        for form in sorted(({*ground.forms} - parts | {*ground.own}) - {ALL, *forms}):
            hint = near(form, [*forms, *(parts if form in ground.forms else ())])
            message = f"「{id}」の様式「{form}」がありません。番号と部分を直すか、消してください。{hint}"
            sheet.problem("unknown-form", ("access", id), message)
        named = {form.partition("#")[0] for form in ground.forms}
        known = {field.name for form in named if form in forms for field in forms[form].fields}
        for name in [] if ALL in ground.forms else sorted(set(ground.fields) - known):
            message = f"「{id}」の項目「{name}」は、{'・'.join(ground.forms)} にありません。名前を直すか、消してください。{near(name, known)}"
            sheet.problem("unknown-field", ("access", id), message)


def _check_signals(sheet: Sheet, city: Organisation, model: Model) -> None:
    waiting = (node.event for _, node in _nodes(model) if node.event and node.type not in THROWING)
    heard = {event.name or "" for event in waiting if event.kind == "signal"}
    for step, signal in city.signals.items():
        if signal not in heard:
            hint = near(signal, heard)
            message = f"シグナル「{signal}」を待つ流れがありません。名前を直すか、図に待つ所を描いてください。{hint}"
            sheet.problem("signal-not-heard", ("signals", step), message)


def _check_lanes(sheet: Sheet, city: Organisation, forms: Mapping[str, Form]) -> None:
    for lane, group in city.lanes.items():
        for unknown, known in _unknown_names(parse(group), forms) if group.startswith("=") else ():
            hint = near(unknown, known)
            message = f"「{lane}」の式「{group}」の「{unknown}」がありません。書き直してください。{hint}"
            sheet.problem("unknown-name", ("lanes", lane), message)


def _unknown_names(expression: Expression, forms: Mapping[str, Form]) -> Iterator[tuple[str, Iterable[str]]]:
    """What an expression names and nobody offers, each with what might have been meant."""
    for call in expression.calls:
        if call.name not in facts.FUNCTIONS:
            yield call.name, facts.FUNCTIONS
    for path in expression.paths:
        if path[0] in forms:
            fields = [field.name for field in forms[path[0]].fields]
            yield from ((".".join(path), fields) for name in path[1:2] if name not in fields)
        elif path[0] not in facts.NAMES:
            yield path[0], [*forms, *facts.NAMES]


def _check_named(sheet: Sheet, city: Organisation, forms: Mapping[str, Form]) -> None:
    """What is open to named persons only is a form of nothing but L3, and no other form takes anything from it."""
    parts = {f"{form.id}#{part.id}" for form in forms.values() for part in form.parts}
    for id, ground in city.named.items():
        for each in sorted(({*ground.forms} - {*forms}) | ({ground.confirmed_by, *ground.before} - parts)):
            message = f"「{id}」の様式「{each}」がありません。番号と部分を直すか、消してください。{near(each, [*forms, *parts])}"
            sheet.problem("unknown-form", ("named", id), message)
        for each in sorted({*ground.forms} & {*forms}):
            if not forms[each].is_restricted:
                message = f"「{id}」の様式「{each}」に、L3 ではない項目があります。どの項目も x-class を L3 にしてください。"
                sheet.problem("not-restricted", ("named", id), message)
    for form in forms.values():
        if form.is_restricted and form.id not in city.restricted:
            message = f"様式「{form.id}」は L3 の項目だけなので、だれにも開けません。[named] のどれかの forms に入れてください。"
            sheet.problem("nobody-named", ("named",), message)
        elif not form.is_restricted:
            for taken in sorted(_taken(form) & city.restricted):
                message = f"様式「{form.id}」が、名前で見られる人だけの様式「{taken}」を引き継いでいます。x-prefill と x-rules から外してください。"
                sheet.problem("flows-out", ("named",), message)


def _taken(form: Form) -> set[str]:
    """The forms whose answers this form starts from or is checked against, named by paths or as text."""
    texts = [each.prefill for field in form.fields for each in (field, *field.rows)] + [each.prefill for part in form.parts for each in part.fields]
    found: set[str] = set()
    for text in {text for text in (*texts, *(rule.require for rule in form.rules)) if text is not None}:
        with suppress(FeelError):  # ``formulas`` says where such a text breaks off
            found |= {name for path in parse(text).paths for name in path[:2]} | set(_QUOTED.findall(text))
    return found


def _unknown_phases(city: Organisation, model: Model) -> Iterator[Problem]:
    for process, node in _nodes(model):
        for phase in node.properties.get("phase", "").split():
            ladder, _, code = phase.partition(":")
            if ladder not in LADDERS or city.phase(ladder, code) is None:
                known = [f"{each}:{rung.code}" for each in LADDERS for rung in city.phases[each]]
                message = f"段階「{phase}」が organisation.toml の [phases] にありません。{near(phase, known)}"
                yield Problem(process.file, node.id, node.line, "ask", "unknown-phase", message)


def _nodes(model: Model) -> Iterator[tuple[Process, Node]]:
    for process in model.processes.values():
        yield from ((process, node) for node in walk(process.nodes))
