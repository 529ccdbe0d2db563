"""Reads what the diagram part of a file says: positions, colours, collapsed sub-processes; it changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from engine.layout.figures import Box, LayoutError, Placement, Point

BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"


@dataclass(frozen=True)
class Attribute:
    """An attribute of a shape or flow that is not BPMN's own, such as a colour."""

    uri: str
    prefix: str
    name: str
    value: str


@dataclass
class Drawn:
    """The diagram part of a file by the ids of the elements, positions in whole pixels."""

    placement: Placement = field(default_factory=Placement)
    attributes: dict[str, tuple[Attribute, ...]] = field(default_factory=dict)
    collapsed: set[str] = field(default_factory=set)


def read_drawn(root: etree._Element) -> Drawn:
    """What is drawn in a file; raises `LayoutError` for a position that is no number."""
    drawn = Drawn()
    for shape in root.iter(f"{{{BPMNDI}}}BPMNShape"):
        id_, bounds = shape.get("bpmnElement", ""), shape.find(f"{{{DC}}}Bounds")
        drawn.attributes[id_] = tuple(_foreign(shape))
        if shape.get("isExpanded") == "false":
            drawn.collapsed.add(id_)
        if bounds is not None:
            drawn.placement.boxes[id_] = _box(bounds)
            _read_label(shape, id_, drawn.placement)
    for edge in root.iter(f"{{{BPMNDI}}}BPMNEdge"):
        id_ = edge.get("bpmnElement", "")
        points = tuple(Point(_number(p, "x"), _number(p, "y")) for p in edge.iterchildren(f"{{{DI}}}waypoint"))
        drawn.attributes[id_] = tuple(_foreign(edge))
        if len(points) > 1:
            drawn.placement.routes[id_] = points
            _read_label(edge, id_, drawn.placement)
    return drawn


def _read_label(owner: etree._Element, id_: str, placement: Placement) -> None:
    bounds = owner.find(f"{{{BPMNDI}}}BPMNLabel/{{{DC}}}Bounds")
    if bounds is not None:
        placement.labels[id_] = _box(bounds)


def _box(bounds: etree._Element) -> Box:
    return Box(*(_number(bounds, name) for name in ("x", "y", "width", "height")))


def _number(element: etree._Element, name: str) -> int:
    try:
        return round(float(element.get(name, "")))
    except (ValueError, OverflowError) as error:
        raise LayoutError(f"図の位置が数ではありません({element.sourceline}行目の {name})。モデラーで開いて保存し直してください。") from error


def _foreign(element: etree._Element) -> Iterator[Attribute]:
    prefixes = {uri: prefix for prefix, uri in element.nsmap.items() if prefix}
    for key, value in element.attrib.items():
        name = etree.QName(key)
        if name.namespace and name.namespace in prefixes:
            yield Attribute(name.namespace, prefixes[name.namespace], name.localname, str(value))
