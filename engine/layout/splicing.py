"""Finds the diagram part of a file in its bytes and puts another in its place; every other byte stays as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.parsers import expat

from engine.layout.drawn import BPMNDI
from engine.layout.figures import LayoutError


@dataclass(frozen=True)
class Part:
    """Where the diagram part of a file is, in bytes, and the namespace prefixes known there."""

    start: int
    end: int
    prefixes: Mapping[str, str]  # by namespace
    is_new: bool


class _Finder:
    """Follows a parser through a file and notes where the diagrams begin and end."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartNamespaceDeclHandler = self._declare
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._finish
        self.parser.CharacterDataHandler = self.parser.CommentHandler = lambda _: self._settle()
        self.parser.ProcessingInstructionHandler = lambda *_: self._settle()
        self.prefixes: dict[str, str] = {}
        self.depth, self.has_ended, self.last = 0, False, 0
        self.start: int | None = None
        self.end, self.is_diagram = 0, False

    def _declare(self, prefix: str | None, uri: str) -> None:
        if self.depth == 0 and prefix:
            self.prefixes[uri] = prefix

    def _begin(self, name: str, _: object) -> None:
        self._settle()
        if self.depth == 1:
            self.is_diagram = name == f"{BPMNDI} BPMNDiagram"
            if self.is_diagram and self.start is None:
                self.start = self.parser.CurrentByteIndex
        self.depth += 1

    def _finish(self, _: str) -> None:
        self._settle()
        self.depth -= 1
        self.has_ended = self.depth == 1 and self.is_diagram
        if self.depth == 0:
            self.last = self.parser.CurrentByteIndex

    def _settle(self) -> None:
        """Whatever comes after a diagram begins where the diagram ends."""
        if self.has_ended:
            self.end, self.has_ended = self.parser.CurrentByteIndex, False


def locate(xml: bytes) -> Part:
    """The diagram part of a file, or where it belongs: before the end tag of the outermost element."""
    finder = _Finder()
    try:
        finder.parser.Parse(xml, True)
    except expat.ExpatError as error:
        raise LayoutError("文字コードを読めません。UTF-8 で保存し直してください。") from error
    if finder.start is None:
        return Part(finder.last, finder.last, finder.prefixes, True)
    return Part(finder.start, finder.end, finder.prefixes, False)


def splice(xml: bytes, part: Part, text: str) -> bytes:
    """The file with `text` as its diagram part, its lines ended as in the rest of the file."""
    if part.is_new:
        text = f"  {text}\n"
    if b"\r\n" in xml:
        text = text.replace("\n", "\r\n")
    return xml[: part.start] + text.encode("utf-8") + xml[part.end :]
