"""Reads the BPMN elements that a diagram shows into drawings; it neither judges the process nor knows positions.

Raises `LayoutError` for a file that is no BPMN, has a broken reference, or shows an element we have no place for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lxml import etree

from engine.layout.figures import Drawing, Edge, Frame, Lane, LayoutError, Node, NodeKind, Note, Pool

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"

_SUB_PROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
_EVENTS = frozenset({"startEvent", "endEvent", "intermediateThrowEvent", "intermediateCatchEvent"})
_UNDRAWN = frozenset({"group", "dataObjectReference", "dataStoreReference", "choreographyTask", "callChoreography", "subChoreography"})


def read_drawings(root: etree._Element) -> tuple[Drawing, ...]:
    """The diagrams of a file: one for its collaboration, or one for each process when it has none."""
    _refuse_undrawn(root)
    processes = {process.get("id", ""): process for process in named(root, "process")}
    if not processes:
        raise LayoutError("業務の流れ(process)がありません。図のファイルを取り違えていないか確かめてください。")
    collaboration = next(named(root, "collaboration"), None)
    if collaboration is None:
        return tuple(_drawing(id_, [(None, process)], process) for id_, process in processes.items())
    shown = [(participant, processes.get(participant.get("processRef", ""))) for participant in named(collaboration, "participant")]
    left_out = [id_ for id_ in processes if id_ not in {process.get("id") for _, process in shown if process is not None}]
    if left_out:
        raise LayoutError(f"業務の流れ「{left_out[0]}」がどのプール(participant)にも入っていません。プールを足すか、流れを別のファイルに分けてください。")
    return (_drawing(_id(collaboration), shown, collaboration),)


def parse(xml: bytes) -> etree._Element:
    """The outermost element. Nothing that the file asks for is loaded, fetched or expanded."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise LayoutError(f"XMLとして読めません({error.lineno}行目)。モデラーで開いて保存し直してください。") from error
    if root.getroottree().docinfo.doctype:
        raise LayoutError("DOCTYPE(文書型宣言)のあるファイルは、安全のため読みません。<!DOCTYPE …> の部分を消してください。")
    if _name(root) != "definitions":
        raise LayoutError("いちばん外側の要素が BPMN の definitions ではありません。図のファイルを取り違えていないか確かめてください。")
    return root


def element_ids(root: etree._Element) -> Iterator[str]:
    """The ids of everything that is not part of a diagram."""
    for child in root.iterchildren("*"):
        if etree.QName(child).localname != "BPMNDiagram":
            yield from (element.get("id", "") for element in child.iter("*"))


def named(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """The children that are BPMN elements of one of these names, in document order."""
    return element.iterchildren(*(f"{{{BPMN}}}{name}" for name in names))


def _name(element: etree._Element) -> str:
    """The name of a BPMN element, "" for any other."""
    name = etree.QName(element)
    return name.localname if name.namespace == BPMN else ""


def _content(element: etree._Element | None) -> str:
    return "" if element is None else "".join(str(text) for text in element.itertext()).strip()


def _refuse_undrawn(root: etree._Element) -> None:
    for element in root.iter("*"):
        if _name(element) in _UNDRAWN:
            raise LayoutError(
                f"「{_name(element)}」(id「{element.get('id', '')}」、{element.sourceline}行目)は、自動で並べられません。図から外すか、手で並べてください。"
            )


def _drawing(plane: str, shown: Iterable[tuple[etree._Element | None, etree._Element | None]], owner: etree._Element) -> Drawing:
    pools: list[Pool] = []
    nodes: list[Node] = []
    edges: list[Edge] = []
    sources = [owner]
    for participant, process in shown:
        first = sum(len(pool.lanes) for pool in pools)
        lanes, places = _lanes(process)
        id_, name = (None, "") if participant is None else (_id(participant), participant.get("name", ""))
        pools.append(Pool(id_, name, lanes))
        if process is None:
            nodes.append(Node(str(id_), "stranger", name, first))
            continue
        sources += [process] if process is not owner else []
        own_edges = list(_edges(process))
        nodes += _nodes(process, {node: first + lane for node, lane in _completed(process, places, own_edges).items()})
        edges += own_edges
    edges += _messages(owner)
    frame = Frame(tuple(nodes), tuple(edges), sum(len(pool.lanes) for pool in pools))
    _check(frame)
    return Drawing(plane, tuple(pools), frame, tuple(_notes(sources, frame)))


def _id(element: etree._Element) -> str:
    id_ = element.get("id", "")
    if not id_:
        raise LayoutError(f"{element.sourceline}行目の「{_name(element)}」に id がありません。モデラーで開いて保存し直してください。")
    return id_


def _lanes(process: etree._Element | None) -> tuple[tuple[Lane, ...], dict[str, int]]:
    """The lanes of a process, and the index of the lane of every node that is in one."""
    lanes: list[Lane] = []
    places: dict[str, int] = {}

    def gather(lane_set: etree._Element, above: tuple[tuple[str, str], ...]) -> None:
        for lane in named(lane_set, "lane"):
            inner = next(named(lane, "childLaneSet"), None)
            if inner is not None and next(named(inner, "lane"), None) is not None:
                gather(inner, (*above, (_id(lane), lane.get("name", ""))))
            else:
                places.update({_content(reference): len(lanes) for reference in named(lane, "flowNodeRef")})
                lanes.append(Lane(_id(lane), lane.get("name", ""), above))

    for lane_set in named(process, "laneSet") if process is not None else ():
        gather(lane_set, ())
    return tuple(lanes) or (Lane(None, ""),), places


def _completed(process: etree._Element, places: dict[str, int], edges: list[Edge]) -> dict[str, int]:
    """The lane of every node: its own, that of its host, of a node that leads to it, or the first."""
    ids = [_id(element) for element in _flow_nodes(process)]
    lane = {id_: places[id_] for id_ in ids if id_ in places}
    ties = [(element.get("attachedToRef", ""), element.get("id", "")) for element in named(process, "boundaryEvent")]
    lane.update({boundary: lane[host] for host, boundary in ties if host in lane})
    ties += [(edge.source, edge.target) for edge in edges]
    while found := {b: lane[a] for a, b in ties if a in lane and b not in lane}:
        lane.update(found)
    return {id_: lane.get(id_, 0) for id_ in ids}


def _kind(element: etree._Element) -> NodeKind | None:
    name = _name(element)
    if name in _SUB_PROCESSES:
        return "sub-process" if any(True for _ in _flow_nodes(element)) else "task"
    if name == "boundaryEvent":
        return "boundary"
    if name in _EVENTS:
        return "event"
    if name.endswith("Gateway"):
        return "gateway"
    return "task" if name == "callActivity" or name == "task" or name.endswith("Task") else None


def _flow_nodes(owner: etree._Element) -> Iterator[etree._Element]:
    return (element for element in owner.iterchildren("*") if _kind(element) is not None)


def _nodes(owner: etree._Element, lanes: dict[str, int]) -> Iterator[Node]:
    for element in _flow_nodes(owner):
        kind = _kind(element)
        assert kind is not None
        yield Node(
            _id(element), kind, element.get("name", ""), lanes.get(element.get("id", ""), 0),
            host=element.get("attachedToRef", "") if kind == "boundary" else None,
            inside=_inside(element) if kind == "sub-process" else None,
            tag=_name(element),
        )  # fmt: skip


def _inside(element: etree._Element) -> Frame:
    frame = Frame(tuple(_nodes(element, {})), tuple(_edges(element)))
    _check(frame)
    return frame


def _edges(owner: etree._Element) -> Iterator[Edge]:
    for flow in named(owner, "sequenceFlow"):
        yield Edge(_id(flow), flow.get("sourceRef", ""), flow.get("targetRef", ""), flow.get("name", ""))


def _messages(owner: etree._Element) -> Iterator[Edge]:
    for flow in named(owner, "messageFlow"):
        yield Edge(_id(flow), flow.get("sourceRef", ""), flow.get("targetRef", ""), flow.get("name", ""), "message")


def _check(frame: Frame) -> None:
    ids = [node.id for node in frame.nodes]
    for id_ in (id_ for id_ in ids if ids.count(id_) > 1):
        raise LayoutError(f"id「{id_}」が2つあります。片方の id を変えてください。")
    activities = {node.id for node in frame.nodes if node.kind in ("task", "sub-process")}
    for node in frame.nodes:
        if node.kind == "boundary" and node.host not in activities:
            raise LayoutError(f"境界イベント「{node.id}」の付き先「{node.host}」が見つかりません。付ける箱を選び直してください。")
    known = set(ids)
    for edge in frame.edges:
        for end in (edge.source, edge.target):
            if end not in known:
                raise LayoutError(f"矢印「{edge.id}」の端「{end}」が同じ枠の中に見つかりません。矢印をつなぎ直してください。")


def _notes(sources: list[etree._Element], frame: Frame) -> Iterator[Note]:
    """The text annotations; one tied to a node inside a sub-process belongs to the sub-process."""
    outer = {inner: node.id for node in frame.nodes for inner in _all_ids(node)}
    outer.update({edge.id: outer[edge.source] for edge in frame.edges})
    annotations = [a for source in sources for a in source.iter(f"{{{BPMN}}}textAnnotation")]
    associations = [a for source in sources for a in source.iter(f"{{{BPMN}}}association")]
    for annotation in annotations:
        id_, ties = _id(annotation), []
        for association in associations:
            ends = [association.get("sourceRef", ""), association.get("targetRef", "")]
            if id_ in ends:
                ends.remove(id_)
                ties += [(_id(association), outer[ends[0]])] if ends[0] in outer else []
        yield Note(id_, _content(next(named(annotation, "text"), None)), tuple(ties))


def _all_ids(node: Node) -> Iterator[str]:
    yield node.id
    for inner in node.inside.nodes if node.inside else ():
        yield from _all_ids(inner)
