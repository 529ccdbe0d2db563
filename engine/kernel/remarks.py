"""Collects what is to be said about one file, in the words of `rules.toml`; it must not decide what is right."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from lxml import etree

from engine.kernel.decisions.table import Decision
from engine.kernel.model import Flow, Node, Problem, Process, Spot
from engine.kernel.refused import Refusal
from engine.kernel.rules import problem
from engine.kernel.xml import words

Place = etree._Element | Node | Flow | Process | Decision | Spot | None


class Remarks:
    """The problems of one file. Each message begins with the element's name, as the author sees it in the modeller.

    `place` is what the author can select in the modeller; `part` gives the line, when it is known better.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self._problems: dict[Problem, None] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was said so far, each thing once."""
        return tuple(self._problems)

    def say(self, rule: str, place: Place, part: etree._Element | None = None, /, **given: object) -> None:
        """A rule of `rules.toml` applies to `place`; `given` fills its text."""
        self._add(problem(rule, self.file, _id(place), _line(place if part is None else part), spoken(place), **given))

    def refuse(self, refusal: Refusal, place: Place, part: etree._Element | None = None) -> None:
        """An element of `refused.toml` was found."""
        text = f"{spoken(place)}{refusal.name}は使えません。{refusal.remedy}"
        line = _line(place if part is None else part)
        self._add(Problem(self.file, _id(place), line, "refused", refusal.rule, text))

    def stops(self) -> int:
        """How many things keep the file from being run."""
        return sum(problem.kind in ("ask", "refused") for problem in self._problems)

    def _add(self, problem: Problem) -> None:
        self._problems.setdefault(problem)


def spoken(place: Place) -> str:
    """How an element begins a message: 「name」(id): ."""
    if place is None:
        return ""
    if isinstance(place, etree._Element):
        name, id = words(place.get("name")), _id(place) or etree.QName(place).localname
    else:
        name, id = place.name, place.id
    return f"「{name}」({id}): " if name else f"「{id}」: "


def near(wanted: str, known: Iterable[str]) -> str:
    """A hint that names what is known and spelt alike, or else what there is; "" when nothing is known."""
    names = sorted(known)
    close = get_close_matches(wanted, names, n=3, cutoff=0.6)
    if close:
        return f"もしかして: {'、'.join(close)}。"
    if names:
        return f"使えるもの: {'、'.join(names[:8])}{' など' if len(names) > 8 else ''}。"
    return ""


def _id(place: Place) -> str | None:
    if place is None:
        return None
    return place.get("id") or None if isinstance(place, etree._Element) else place.id


def _line(place: Place) -> int | None:
    if place is None or isinstance(place, Process):
        return None
    return place.sourceline if isinstance(place, etree._Element) else place.line
