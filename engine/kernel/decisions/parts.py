"""Finds the parts of a DMN element, and refuses what is not among those that are understood."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Set

from lxml import etree

from engine.kernel.decisions.remarks import Remarks
from engine.kernel.xml import local, namespace

DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"
NEWER = ("https://www.omg.org/spec/DMN/20211108/MODEL/", "https://www.omg.org/spec/DMN/20230324/MODEL/")  # 1.4, 1.5
NAME = re.compile(r"[^\W\d]\w*")  # one word, as FEEL reads it
SAYS_NOTHING = frozenset({"description", "extensionElements"})


def as_known(root: etree._Element) -> etree._Element:
    """The file with its elements of DMN 1.4 and 1.5 in the names of 1.3: those that are understood mean the same in all three."""
    for element in root.iter(*(f"{{{each}}}*" for each in NEWER)):
        element.tag = f"{{{DMN}}}{local(element)}"
    return root


def named(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """The DMN children of these names, in document order."""
    return element.iterchildren(*(f"{{{DMN}}}{name}" for name in names))


def first(element: etree._Element, name: str) -> etree._Element | None:
    """The first DMN child of this name."""
    return next(named(element, name), None)


def refuse_others(element: etree._Element, understood: Set[str], remarks: Remarks) -> None:
    """Refuses every DMN child that is not understood here; what other standards add (the drawing) is left alone."""
    for each in element.iterchildren("{*}*"):
        if namespace(each) == DMN and local(each) not in understood:
            text = f"「{local(each)}」は使えません。決定表に書き直すか、消してください。"
            remarks.refuse("unknown-element", each, text)


def refuse_twice(elements: Iterable[etree._Element], attribute: str, rule: str, text: str, remarks: Remarks) -> None:
    """Asks for another value where an attribute, if given, occurs twice."""
    elements = list(elements)
    counted = Counter(each.get(attribute) for each in elements if each.get(attribute))
    for each in elements:
        value = each.get(attribute)
        if value and counted[value] > 1:
            remarks.ask(rule, each, text.format(value))
