"""Decisions: DMN files in, tables as frozen values, and what they say for the values of a case. No I/O."""

from engine.kernel.decisions.coverage import Clash, Coverage, Domain, TooLarge, said
from engine.kernel.decisions.deciding import DecisionError, Finding, decide, find
from engine.kernel.decisions.reading import read_decisions
from engine.kernel.decisions.table import Aggregation, Decision, HitPolicy, Input, Output, Rule, Sentence, cell_place

__all__ = [
    "Aggregation", "Clash", "Coverage", "Decision", "DecisionError", "Domain", "Finding", "HitPolicy", "Input", "Output", "Rule", "Sentence",
    "TooLarge", "cell_place", "decide", "find", "read_decisions", "said",
]  # fmt: skip
