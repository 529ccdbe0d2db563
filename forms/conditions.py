"""Works out from an if/then what it asks and which tick makes its field appear; knows no HTML and no part's texts.

Whether a choice switches a field on is found by trying every option, so a condition may be written in any way that
JSON Schema allows. What cannot be decided by ticks alone is never hidden.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jsonschema import Draft202012Validator

from .form import Condition, Field

Tick = tuple[str, str]
"""A field and one of its codes (`yes` for a tick box)."""

MOST_SWITCHES = 24
MOST_ROW_SWITCHES = 8
"""As many as the style sheet has rules for, on a page and in a row; further fields are always shown."""


@dataclass(frozen=True)
class Switch:
    """A field appears when one of the `ticks` is set and `after`, the switches of the fields ticked, are on too."""

    number: int
    ticks: frozenset[Tick]
    after: tuple[int, ...] = ()


@dataclass(frozen=True)
class Truth:
    """For which options of one field a condition holds, and whether it does without an answer."""

    name: str
    codes: frozenset[str]
    unanswered: bool


@dataclass(frozen=True)
class Switches:
    """The switches of one part or of one kind of row, by the field they show."""

    by_field: Mapping[str, Switch] = field(default_factory=dict)

    def on(self, name: str, code: str) -> list[int]:
        """The numbers of the switches that this option turns on."""
        return sorted({switch.number for switch in self.by_field.values() if (name, code) in switch.ticks})

    def when(self, name: str) -> list[int]:
        """The numbers of the switches that must all be on for this field to appear."""
        switch = self.by_field.get(name)
        return [*switch.after, switch.number] if switch else []

    def hides(self, name: str, data: Mapping[str, Any]) -> bool:
        """Whether the field does not appear with these answers."""
        switch = self.by_field.get(name)
        return switch is not None and not any(
            _ticked(data.get(trigger), code) and not self.hides(trigger, data) for trigger, code in switch.ticks
        )


def read_conditions(entries: Iterable[Mapping[str, Any]]) -> tuple[Condition, ...]:
    """The conditions of an `allOf`: one for each `then`, one for each `else`."""
    return tuple(condition for entry in entries for condition in _of_entry(entry))


def holds(condition: Condition, data: Mapping[str, Any]) -> bool:
    """Whether the condition's test is met by these answers."""
    return bool(Draft202012Validator(condition.test).is_valid(dict(data)))


def truth(condition: Condition, fields: Collection[Field]) -> Truth | None:
    """For which options of the one field it looks at the condition holds; None when ticks do not decide it."""
    known = {member.name: member for member in fields}
    if len(condition.reads) != 1 or condition.reads[0] not in known:
        return None
    return _truth_of(condition, known[condition.reads[0]])


def switches(fields: Collection[Field], conditions: Iterable[Condition], most: int = MOST_SWITCHES) -> Switches:
    """Which of these fields appear only with a tick in another of them; at most so many different groups of ticks."""
    ticks = _ticks_by_field(fields, conditions)
    numbers: dict[frozenset[Tick], int] = {}
    found: dict[str, Switch] = {}
    for name in ticks:
        after = _switches_before(name, ticks)
        wanted = [ticks[name], *(ticks[trigger] for trigger in after or ())]
        if after is None or len(numbers) + len(set(wanted) - set(numbers)) > most:
            continue
        for group in wanted:
            numbers.setdefault(group, len(numbers) + 1)
        found[name] = Switch(numbers[ticks[name]], ticks[name], tuple(numbers[ticks[trigger]] for trigger in after))
    return Switches(found)


def _of_entry(entry: Mapping[str, Any]) -> Iterator[Condition]:
    test = entry["if"]
    words = {"when": entry.get("title"), "message": entry.get("description")}
    for consequence, condition in ((entry.get("then"), test), (entry.get("else"), {"not": test})):
        if consequence is not None:
            rest = {word: value for word, value in consequence.items() if word != "required"}
            yield Condition(
                test=condition,
                requires=tuple(consequence.get("required", ())),
                rest=rest,
                reads=tuple(sorted(_names(test))),
                binds=tuple(sorted(_names(rest))),
                **words,
            )


def _names(schema: Any) -> set[str]:
    """The fields that a constraint names at its own level."""
    if not isinstance(schema, dict):
        return set()
    found = {*schema.get("properties", {}), *schema.get("required", ())}
    for member in (schema.get("not"), *schema.get("anyOf", ()), *schema.get("allOf", ())):
        found |= _names(member)
    return found


def _ticks_by_field(fields: Collection[Field], conditions: Iterable[Condition]) -> dict[str, frozenset[Tick]]:
    names = {member.name: member for member in fields}
    ticks: dict[str, frozenset[Tick]] = {}
    undecided: set[str] = {member.name for member in fields if member.always or member.auto or member.required}
    for condition in conditions:
        found = truth(condition, fields)
        for name in condition.requires:
            if found is None or not _is_switch(found, names[found.name]):
                undecided.add(name)
            elif name in names and name != found.name:
                ticks[name] = ticks.get(name, frozenset()) | {(found.name, code) for code in found.codes}
    return {name: group for name, group in ticks.items() if name not in undecided}


def _is_switch(found: Truth, trigger: Field) -> bool:
    unseen = trigger.kind == "bool" and not trigger.required and "no" in found.codes
    return bool(found.codes) and not found.unanswered and not trigger.auto and not unseen


def _switches_before(name: str, ticks: Mapping[str, frozenset[Tick]]) -> tuple[str, ...] | None:
    """The switched fields whose ticks this one waits for, nearest last; None when ticks cannot express it."""
    chain: list[str] = []
    while True:
        triggers = {trigger for trigger, _ in ticks[name]}
        switched = triggers & set(ticks)
        if not switched:
            return tuple(reversed(chain))
        if len(triggers) > 1 or switched & {*chain, name}:
            return None
        name = switched.pop()
        chain.append(name)


def _truth_of(condition: Condition, trigger: Field) -> Truth | None:
    validator = Draft202012Validator(condition.test)

    def holds_for(value: Any) -> bool:
        return bool(validator.is_valid({} if value is None else {trigger.name: value}))

    if trigger.kind == "bool":
        codes = frozenset({"yes"} if holds_for(True) else ()) | frozenset({"no"} if holds_for(False) else ())
    elif trigger.kind == "code":
        codes = frozenset(option.code for option in trigger.codes if holds_for(option.code))
    elif trigger.kind == "codes":
        codes = frozenset(option.code for option in trigger.codes if holds_for([option.code]))
        others = [option.code for option in trigger.codes if option.code not in codes]
        if (others and holds_for(others)) or (codes and not holds_for([*sorted(codes), *others])):
            return None
    else:
        return None
    return Truth(trigger.name, codes, holds_for(None))


def _ticked(value: Any, code: str) -> bool:
    if isinstance(value, bool):
        return code == ("yes" if value else "no")
    return code in value if isinstance(value, list) else value == code
