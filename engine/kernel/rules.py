"""Everything that reading a release may say: the rules of `rules.toml`; it must not know when one applies."""

from __future__ import annotations

import tomllib
from pathlib import Path

from engine.kernel.model import Problem, ProblemKind

KINDS: tuple[ProblemKind, ...] = ("fixed", "ask", "refused", "style")

_TEXTS: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
RULES: dict[str, tuple[ProblemKind, str]] = {
    rule: (kind, text) for kind in KINDS for rule, text in _TEXTS[kind].items()
}


def problem(
    rule: str, file: str, element: str | None, line: int | None, before: str = "", /, **given: object
) -> Problem:
    """What a rule says of an element; `given` fills its text. Raises KeyError for a rule or word that is not there."""
    kind, text = RULES[rule]
    return Problem(file, element, line, kind, rule, before + text.format(**given))
