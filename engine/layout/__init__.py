"""Lays out process models so that they are pleasant to read: writes the diagram part of BPMN files, nothing else."""

from __future__ import annotations

from engine.layout.drawing import draw
from engine.layout.drawn import read_drawn
from engine.layout.figures import LayoutError
from engine.layout.mending import mend
from engine.layout.reading import element_ids, parse, read_drawings
from engine.layout.sheet import lay_out
from engine.layout.splicing import locate, splice

__all__ = ["LayoutError", "tidy"]


def tidy(xml: bytes, *, keep: bool = False) -> bytes:
    """The BPMN file with its diagrams laid out: lanes from top to bottom, the main path from left to right.

    The same model always gets the same diagram, whatever was drawn before; with `keep` all positions that are there stay,
    and only what has none is added. Nothing outside the diagram part changes, not one byte.
    Raises `LayoutError` when the file is no BPMN, has a broken reference, or shows what cannot be laid out.
    """
    root = parse(xml)
    drawings, drawn, part = read_drawings(root), read_drawn(root), locate(xml)
    placements = [lay_out(drawing) for drawing in drawings]
    if keep and drawn.placement.boxes:
        placements = [mend(drawing, fresh, drawn) for drawing, fresh in zip(drawings, placements, strict=True)]
    else:
        drawn.collapsed.clear()
    suffix = "_di"
    while any(id_.endswith(suffix) for id_ in element_ids(root)):
        suffix += "_di"
    return splice(xml, part, draw(list(zip(drawings, placements, strict=True)), drawn, part.prefixes, suffix))
