"""Foretells how a name wraps in a box, and picks boxes in which it breaks between phrases; it draws nothing.

bpmn-js cuts a line that is too long by its number of characters, at a space when it has one, and knows no Japanese
phrases: the only way to a good break is a good width. Widths here are estimates for a Japanese sans-serif font: 1 em
for a full-width character, 0.6 em for any other. All lengths are pixels.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil, floor

TASK_SIZE = 15  # pixels, the size of names inside boxes on the process page
LABEL_SIZE = 14  # pixels, the size of names beside shapes and flows
LINE = 1.2  # height of a line, in em
TASK_PADDING = 14  # pixels, left and right together, inside a box

_NOT_FIRST = frozenset("、。,.・」』)）】〉》ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々?？!！")
_NOT_LAST = frozenset("「『(（【〈《")
_SPACES = re.compile("(\\s|-|\u00ad)")


@dataclass(frozen=True)
class Fit:
    """A box of `width` in which a text stands in `lines`."""

    width: int
    lines: tuple[str, ...]

    def height(self, size: int) -> int:
        return ceil(len(self.lines) * size * LINE)


def width_of(text: str, size: int) -> float:
    """The estimated width of a text on one line."""
    return sum(size if unicodedata.east_asian_width(c) in "WFA" else size * 0.6 for c in text)


def wrap(text: str, width: float, size: int) -> tuple[str, ...]:
    """The lines that bpmn-js makes of a text in a box of this inner width."""
    waiting, lines = text.split("\n"), []
    while waiting:
        line = waiting.pop(0)
        fitting = line
        while len(fitting) > 1 and fitting.strip() and width_of(fitting.rstrip(), size) > width:
            fitting = _shortened(fitting, width_of(fitting.rstrip(), size), width)
        if len(fitting) < len(line):
            waiting.insert(0, line[len(fitting) :].strip())
        lines.append(fitting)
    return tuple(lines)


def _shortened(line: str, width: float, room: float) -> str:
    length = max(len(line) * room / width, 1)
    kept, used = [], 0
    parts = _SPACES.split(line)
    for part in parts if len(parts) > 1 else ():
        if len(part) + used >= length:
            break
        kept.append(part)
        used += len(part)
    return "".join(kept) or line[: max(floor(length - 0.5), 1)]


def fit(text: str, size: int, most: int, least: int = 4) -> Fit:
    """The box for a text, of `least` to `most` full-width characters a line, in which it breaks best."""
    return min((_tried(text, size, n) for n in range(least, most + 1)), key=lambda tried: tried[0])[1]


def _tried(text: str, size: int, characters: int) -> tuple[tuple[float, int], Fit]:
    width = width_for(characters, size)
    lines = wrap(text, width, size)
    if len(lines) == 1:
        width = ceil(width_of(text, size) + size * 0.6)
    towering = 9 * max(0, len(lines) - 3)
    return (3 * ugliness(lines) + 4 * len(lines) + towering + 0.5 * characters, width), Fit(width, lines)


def width_for(characters: int, size: int) -> int:
    """The inner width in which bpmn-js puts so many full-width characters on a line."""
    return ceil(size * (characters + 0.6))


def fit_task(name: str) -> Fit:
    """The box of a task with its padding: as wide as its name needs to break between phrases, best in two lines."""
    best = fit(name, TASK_SIZE, most=9, least=6)
    return Fit(max(best.width, width_for(6, TASK_SIZE)) + TASK_PADDING, best.lines)


def ugliness(lines: Sequence[str]) -> float:
    """How badly a text is broken into these lines: 0 when every break lies between phrases."""
    breaks = sum(_break(a.rstrip(), b) for a, b in zip(lines, lines[1:], strict=False))
    orphan = 2 if len(lines) > 1 and len(lines[-1]) == 1 else 0
    return breaks + orphan


@cache
def _script(character: str) -> str:
    name = unicodedata.name(character, "")
    for script in ("HIRAGANA", "KATAKANA", "CJK"):
        if name.startswith(script):
            return script
    return "OTHER" if character.isalnum() else "MARK"


def _break(before: str, after: str) -> float:
    if not before or not after:
        return 0
    last, first = before[-1], after[0]
    if first in _NOT_FIRST or last in _NOT_LAST:
        return 5
    a, b = _script(last), _script(first)
    if a == "MARK" or last == " ":
        return 0
    if b == "HIRAGANA":
        return 3
    if a == b:
        return 2 if a == "CJK" else 4
    return 0 if a == "HIRAGANA" else 1
