"""What can be chosen that no schema knows: agencies, staff, persons, meetings, files; fetches nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .form import Field


@dataclass(frozen=True)
class Choice:
    """One thing to choose: the value an answer holds, its label, and the heading it stands under in a long list."""

    value: str
    label: str
    group: str = ""


@dataclass(frozen=True)
class Choices:
    """Everything that the fields of a page offer, handed in by the caller."""

    orgs: tuple[Choice, ...] = ()
    users: tuple[Choice, ...] = ()
    persons: tuple[Choice, ...] = ()
    meetings: tuple[Choice, ...] = ()
    files: tuple[Choice, ...] = ()
    once: Callable[[str, str], str | None] = lambda kind, value: None  # the label of what is offered no more: a leaver, a past meeting

    def of(self, field: Field) -> tuple[Choice, ...]:
        """What this field offers: its own codes, or what its kind chooses from."""
        if field.kind in ("code", "codes"):
            return tuple(Choice(code.code, code.label) for code in field.codes)
        return _BY_KIND[field.kind](self) if field.kind in _BY_KIND else ()

    def label(self, field: Field, value: object) -> str:
        """The label of a value, also of one that is offered no more; the value itself when nobody knows it."""
        offered = next((choice.label for choice in self.of(field) if choice.value == value), None)
        return offered or self.once(field.kind, str(value)) or str(value)


_BY_KIND: Mapping[str, Callable[[Choices], tuple[Choice, ...]]] = {
    "org": lambda choices: choices.orgs,
    "user": lambda choices: choices.users,
    "person": lambda choices: choices.persons,
    "persons": lambda choices: choices.persons,
    "meeting": lambda choices: choices.meetings,
    "file": lambda choices: choices.files,
}
