"""Collects what is wrong with one DMN file, in the order it is found; it must not decide what is right."""

from __future__ import annotations

from lxml import etree

from engine.kernel.model import Problem, ProblemKind


class Remarks:
    """The problems of one file; each names the nearest element that has an id, and its own line."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.problems: list[Problem] = []

    def ask(self, rule: str, element: etree._Element, message: str) -> None:
        """The author has to write something."""
        self._add("ask", rule, element, message)

    def refuse(self, rule: str, element: etree._Element, message: str) -> None:
        """This cannot be decided right."""
        self._add("refused", rule, element, message)

    def _add(self, kind: ProblemKind, rule: str, element: etree._Element, message: str) -> None:
        holder: etree._Element | None = element
        while holder is not None and not holder.get("id"):
            holder = holder.getparent()
        id = None if holder is None else holder.get("id")
        self.problems.append(Problem(self._file, id, element.sourceline, kind, rule, message))
