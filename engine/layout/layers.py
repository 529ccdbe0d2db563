"""Gives every node its column: layers by longest path, loops back found first; it knows no rows and no pixels.

Three rules beyond the longest path keep side ways short:
the *main path* leads to the end that most tasks lead to; a *side way* (nodes that lead only back or to other ends)
begins where its flows are shortest, and flows from later gateways run back to it; an early end stands under its gateway.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from engine.layout.figures import Frame, Node

_SHORT = 4  # a way listed first may be so many steps shorter than the longest and still be the main one
_TURN = 4  # what running against the direction costs, in columns


@dataclass(frozen=True)
class Layers:
    """The column of every node; the edges that run back; the nodes of the main path in order."""

    column: Mapping[str, int]
    returning: frozenset[str]
    main: tuple[str, ...]


@dataclass(frozen=True)
class Link:
    """A sequence flow between the activities it joins: a boundary event counts as its host."""

    id: str
    tail: str
    head: str


class Ways:
    """The nodes of a frame with the links between them, without those that run back."""

    def __init__(self, nodes: Iterable[Node], links: Iterable[Link], spans: Mapping[str, int]) -> None:
        self.nodes = {node.id: node for node in nodes}
        self.spans = spans
        self.outgoing: dict[str, list[Link]] = {id_: [] for id_ in self.nodes}
        self.incoming: dict[str, list[Link]] = {id_: [] for id_ in self.nodes}
        for link in links:
            self.outgoing[link.tail].append(link)
            self.incoming[link.head].append(link)
        self.order = self._sorted()

    def without(self, turned: Collection[str]) -> Ways:
        links = (link for links in self.outgoing.values() for link in links if link.id not in turned)
        return Ways(self.nodes.values(), links, self.spans)

    def _sorted(self) -> list[str]:
        waiting = {id_: len(links) for id_, links in self.incoming.items()}
        free = [id_ for id_, count in waiting.items() if not count]
        order = []
        while free:
            id_ = free.pop(0)
            order.append(id_)
            for link in self.outgoing[id_]:
                waiting[link.head] -= 1
                if not waiting[link.head]:
                    free.append(link.head)
        return order

    def columns(self) -> dict[str, int]:
        """Layers by longest path."""
        column: dict[str, int] = {}
        for id_ in self.order:
            column[id_] = max((column[link.tail] + self.spans[link.tail] for link in self.incoming[id_]), default=0)
        return column

    def before(self, id_: str) -> set[str]:
        """All nodes that lead to this one, itself included."""
        return self._reached(id_, {head: [link.tail for link in links] for head, links in self.incoming.items()})

    def after(self, id_: str) -> set[str]:
        """All nodes that this one leads to, itself included."""
        return self._reached(id_, {tail: [link.head for link in links] for tail, links in self.outgoing.items()})

    @staticmethod
    def _reached(id_: str, steps: Mapping[str, list[str]]) -> set[str]:
        reached, waiting = {id_}, [id_]
        while waiting:
            for next_ in steps[waiting.pop()]:
                if next_ not in reached:
                    reached.add(next_)
                    waiting.append(next_)
        return reached


def assign_columns(frame: Frame, spans: Mapping[str, int]) -> Layers:
    """The columns of a frame's nodes without boundary events (they sit on their host); `spans` = columns a node takes."""
    nodes = [node for node in frame.nodes if node.kind not in ("boundary", "stranger")]
    links = linked(frame)
    returning = _eased(nodes, links, set(_loops(nodes, links)), spans)
    ways = Ways(nodes, (link for link in links if link.id not in returning), spans)
    loops = [link for link in links if link.id in returning]
    main = _main_path(ways, loops)
    turned = _turned(ways, main, loops)
    ways = ways.without(turned)
    column = ways.columns()
    for end, gateway in _early_ends(ways, main, column).items():
        column[end] = column[gateway]
    return Layers(column, frozenset(returning | turned), main)


def linked(frame: Frame) -> list[Link]:
    """The sequence flows of a frame, those of boundary events after all others of their host."""
    host = {node.id: node.host for node in frame.nodes if node.host}
    flows = [edge for edge in frame.edges if edge.kind == "sequence"]
    own = [Link(edge.id, edge.source, edge.target) for edge in flows if edge.source not in host]
    return own + [Link(edge.id, host[edge.source], edge.target) for edge in flows if edge.source in host]


def _loops(nodes: list[Node], links: list[Link]) -> list[str]:
    """The links that close a loop, found by a walk in document order that starts where nothing leads to."""
    outgoing: dict[str, list[Link]] = {node.id: [] for node in nodes}
    for link in links:
        outgoing[link.tail].append(link)
    entered = {link.head for link in links}
    roots = [node.id for node in nodes if node.id not in entered] + [node.id for node in nodes if node.id in entered]
    found, state = [], dict.fromkeys(outgoing, "new")
    for root in roots:
        if state[root] != "new":
            continue
        state[root] = "open"
        path = [(root, iter(outgoing[root]))]
        while path:
            here, rest = path[-1]
            step = next(rest, None)
            if step is None:
                state[here] = "done"
                path.pop()
            elif state[step.head] == "open":
                found.append(step.id)
            elif state[step.head] == "new":
                state[step.head] = "open"
                path.append((step.head, iter(outgoing[step.head])))
    return found


def _eased(nodes: list[Node], links: list[Link], loops: set[str], spans: Mapping[str, int]) -> set[str]:
    """The loops, with those steps made forward again that can also be reached before the step they return to."""
    ways = Ways(nodes, (link for link in links if link.id not in loops), spans)
    column, eased = ways.columns(), set(loops)
    for loop in (link for link in links if link.id in loops):
        step, entries = loop.tail, ways.incoming[loop.tail]
        late = {link.id for link in entries if column[link.tail] >= column[loop.head]}
        only = [link for link in links if link.tail == step] == [loop]
        if only and late and len(late) < len(entries) and not eased & {link.id for link in entries}:
            eased = eased - {loop.id} | late
    return eased


def _main_path(ways: Ways, loops: list[Link]) -> tuple[str, ...]:
    """From a start to the main end; at each gateway the way listed first that is not much shorter than the longest."""
    goal = _main_end(ways, loops)
    if goal is None:
        return ()
    towards = ways.before(goal)
    rest: dict[str, int] = {}
    for id_ in reversed(ways.order):
        rest[id_] = 1 + max((rest[link.head] for link in ways.outgoing[id_] if link.head in towards), default=0)
    here = max((id_ for id_ in ways.order if id_ in towards and not ways.incoming[id_]), key=lambda id_: rest[id_])
    path = [here]
    while here != goal:
        heads = [link.head for link in ways.outgoing[here] if link.head in towards]
        heads = [head for head in heads if not _is_detour(ways, head, heads)] or heads
        longest = max(rest[head] for head in heads)
        here = next(head for head in heads if rest[head] >= longest - _SHORT)
        path.append(here)
    return tuple(path)


def _is_detour(ways: Ways, head: str, heads: list[str]) -> bool:
    """Whether this is a parallel split that another of the ways passes by."""
    return ways.nodes[head].is_split and any(link.head in heads for link in ways.outgoing[head])


def _main_end(ways: Ways, loops: list[Link]) -> str | None:
    """The end that most tasks lead to, not counting flows that fall far back into a way that leads back."""
    level: dict[str, int] = {}
    wave = [id_ for id_ in ways.order if not ways.incoming[id_]]
    while wave:
        level.update(dict.fromkeys(wave, max(level.values(), default=-1) + 1))
        heads = [link.head for id_ in wave for link in ways.outgoing[id_] if link.head not in level]
        wave = list(dict.fromkeys(heads))
    leading_back = {id_ for loop in loops for id_ in ways.before(loop.tail)}
    falling = [link for id_ in ways.order for link in ways.outgoing[id_] if level[link.tail] - level[link.head] >= 2]
    early = ways.without([link.id for link in falling if link.head in leading_back])
    last = [id_ for id_ in ways.nodes if not ways.outgoing[id_] and ways.incoming[id_]]
    ends = [id_ for id_ in last if ways.nodes[id_].is_end] or last
    return max(ends, key=lambda id_: _following(early, id_), default=None)


def _following(ways: Ways, end: str) -> tuple[int, int]:
    leading = ways.before(end)
    return sum(1 for id_ in leading if ways.nodes[id_].kind in ("task", "sub-process")), len(leading)


def _turned(ways: Ways, main: tuple[str, ...], loops: list[Link]) -> set[str]:
    """The links into side ways that had better run back, so that the side way can begin near its first gateway."""
    turned: set[str] = set()
    if not main:
        return turned
    towards = ways.before(main[-1])
    for id_ in ways.order:
        if id_ in towards or len(ways.incoming[id_]) < 2:
            continue
        column = ways.without(turned).columns()
        region = ways.after(id_)
        leaving = sum(1 for link in loops if link.tail in region and link.head not in region)
        entering = sorted(ways.incoming[id_], key=lambda link: column[link.tail] + ways.spans[link.tail])
        reach = [column[link.tail] + ways.spans[link.tail] for link in entering]
        start = min(reversed(reach), key=lambda start: _cost(reach, start, leaving))
        turned.update(link.id for link, column_after in zip(entering, reach, strict=True) if column_after > start)
    return turned


def _cost(reach: list[int], start: int, leaving: int) -> int:
    """The length of the flows of a side way that begins in column `start`; flows that run together count once."""
    back = reach[-1] - start + _TURN if reach[-1] > start else 0
    return start - reach[0] + back + leaving * start


def _early_ends(ways: Ways, main: tuple[str, ...], column: Mapping[str, int]) -> dict[str, str]:
    """Ends that stand under the gateway of their lane which goes on in another way; at most one for each gateway."""
    under: dict[str, str] = {}
    for id_, node in ways.nodes.items():
        tails = [link.tail for link in ways.incoming[id_]]
        if not node.is_end or id_ in main or not tails:
            continue
        gateway = max(tails, key=lambda tail: column[tail])
        others = [link.head for link in ways.outgoing[gateway] if link.head != id_]
        goes_on = any(not ways.nodes[head].is_end for head in others)
        near = ways.nodes[gateway].kind == "gateway" and ways.nodes[gateway].lane == node.lane
        if near and goes_on and gateway not in under.values():
            under[id_] = gateway
    return under
