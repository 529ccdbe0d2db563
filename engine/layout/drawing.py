"""Writes placements as the XML of diagrams; it decides no position.

Foreign attributes of shapes and flows, such as colours, are carried over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import quoteattr

from engine.layout.drawn import BPMNDI, DC, DI, Drawn
from engine.layout.figures import Box, Drawing, Frame, Node, Placement

_USUAL = {BPMNDI: "bpmndi", DC: "dc", DI: "di"}


def draw(drawings: Sequence[tuple[Drawing, Placement]], drawn: Drawn, prefixes: Mapping[str, str], suffix: str) -> str:
    """The diagrams as text, two spaces deep.

    `prefixes` = those that the file declares, by namespace; `suffix` makes the id of a shape from that of its element.
    """
    return "\n  ".join(_Writer(drawn, prefixes, suffix).diagram(*shown) for shown in drawings)


class _Writer:
    """Writes the diagrams of one file."""

    def __init__(self, drawn: Drawn, prefixes: Mapping[str, str], suffix: str) -> None:
        self.drawn, self.suffix = drawn, suffix
        foreign = {a.uri: a.prefix for found in drawn.attributes.values() for a in found}
        self.names = {uri: prefixes.get(uri, usual) for uri, usual in {**foreign, **_USUAL}.items()}
        self.declared = "".join(f" xmlns:{name}={quoteattr(uri)}" for uri, name in self.names.items() if uri not in prefixes)

    def diagram(self, drawing: Drawing, placement: Placement) -> str:
        ns, plane = self.names[BPMNDI], drawing.plane
        lines = [
            f"<{ns}:BPMNDiagram{self.declared} id={quoteattr(plane + '_diagram' + self.suffix)}>",
            f"    <{ns}:BPMNPlane id={quoteattr(plane + '_plane' + self.suffix)} bpmnElement={quoteattr(plane)}>",
            *("      " + line for line in self._content(drawing, placement)),
            f"    </{ns}:BPMNPlane>",
            f"  </{ns}:BPMNDiagram>",
        ]
        return "\n".join(lines)

    def _content(self, drawing: Drawing, placement: Placement) -> Iterator[str]:
        for pool in drawing.pools:
            lanes = [id_ for lane in pool.lanes for id_ in (*(above for above, _ in lane.above), lane.id)]
            for id_ in dict.fromkeys((pool.id, *lanes)):
                if id_:
                    yield from self._shape(id_, placement, 'isHorizontal="true"')
        yield from self._frame(drawing.frame, placement)
        for note in drawing.notes:
            yield from self._shape(note.id, placement, "")
            for tie, _ in note.ties:
                yield from self._edge(tie, placement)

    def _frame(self, frame: Frame, placement: Placement) -> Iterator[str]:
        for node in frame.nodes:
            if node.kind != "stranger":
                yield from self._shape(node.id, placement, self._look(node))
            if node.inside and node.id not in self.drawn.collapsed:
                yield from self._frame(node.inside, placement)
        for edge in frame.edges:
            yield from self._edge(edge.id, placement)

    def _look(self, node: Node) -> str:
        if node.kind == "sub-process":
            return f'isExpanded="{"false" if node.id in self.drawn.collapsed else "true"}"'
        return 'isMarkerVisible="true"' if node.tag == "exclusiveGateway" else ""

    def _shape(self, id_: str, placement: Placement, look: str) -> Iterator[str]:
        ns = self.names[BPMNDI]
        yield f"<{ns}:BPMNShape {self._ids(id_)}{' ' * bool(look)}{look}{self._foreign(id_)}>"
        yield f"  {self._bounds(placement.boxes[id_])}"
        yield from self._label(id_, placement)
        yield f"</{ns}:BPMNShape>"

    def _edge(self, id_: str, placement: Placement) -> Iterator[str]:
        ns, route = self.names[BPMNDI], placement.routes.get(id_)
        if route is not None:
            yield f"<{ns}:BPMNEdge {self._ids(id_)}{self._foreign(id_)}>"
            yield from (f'  <{self.names[DI]}:waypoint x="{p.x}" y="{p.y}" />' for p in route)
            yield from self._label(id_, placement)
            yield f"</{ns}:BPMNEdge>"

    def _label(self, id_: str, placement: Placement) -> Iterator[str]:
        box = placement.labels.get(id_)
        if box:
            ns = self.names[BPMNDI]
            yield f"  <{ns}:BPMNLabel>"
            yield f"    {self._bounds(box)}"
            yield f"  </{ns}:BPMNLabel>"

    def _ids(self, id_: str) -> str:
        return f"id={quoteattr(id_ + self.suffix)} bpmnElement={quoteattr(id_)}"

    def _foreign(self, id_: str) -> str:
        found = self.drawn.attributes.get(id_, ())
        return "".join(f" {self.names[a.uri]}:{a.name}={quoteattr(a.value)}" for a in found)

    def _bounds(self, box: Box) -> str:
        return f'<{self.names[DC]}:Bounds x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" />'
