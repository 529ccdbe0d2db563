"""Reads what stands in a BPMN file beside BPMN: Camunda attributes and properties; it must not judge their values."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from engine.kernel.remarks import Remarks
from engine.kernel.times import is_day, is_period
from engine.kernel.xml import content, local, named, namespace

CAMUNDA = ("http://camunda.org/schema/1.0/bpmn", "http://operaton.org/schema/1.0/bpmn")
SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"

_BRACED = re.compile(r"[$#]\{(.*)\}", re.DOTALL)
_QUOTED = re.compile(r'"([^"]*)"')
_LANGUAGES = ("", "feel", "juel")  # the last is what Camunda 7 calls ${…}; its inside is read as FEEL all the same
_LIKE_A_TIME = re.compile(r"[-+]?[PR]?T?\d")


class Settings:
    """The Camunda attributes of an element, with "=…" for FEEL whatever spelling the file uses."""

    def __init__(self, element: etree._Element, remarks: Remarks) -> None:
        self._element = element
        self._remarks = remarks

    def text(self, name: str) -> str | None:
        """As written; None when missing or empty."""
        for each in CAMUNDA:
            value = (self._element.get(f"{{{each}}}{name}") or "").strip()
            if value:
                return value
        return None

    def expression(self, name: str) -> str | None:
        """FEEL as "=…", anything else as written."""
        text = self.text(name)
        if text is None or not is_feel(text):
            return text
        return "=" + feel(text, self._element, self._remarks)

    def groups(self, name: str) -> str | None:
        """FEEL as "=…", or group names parted by commas."""
        text = self.expression(name)
        if text is None or text.startswith("="):
            return text
        return ",".join(part.strip() for part in text.split(",") if part.strip())

    def time(self, name: str) -> str | None:
        """FEEL as "=…", or a day or period."""
        text = self.expression(name)
        return None if text is None else timely(text, self._element, self._remarks)


def is_feel(text: str) -> bool:
    """Whether a text that may also be a plain value is marked as an expression."""
    return text.startswith("=") or _BRACED.fullmatch(text) is not None


def feel(text: str, element: etree._Element, remarks: Remarks) -> str:
    """An expression without what is put around it: a leading "=", or ${…}."""
    text = text.strip()
    braced = _BRACED.fullmatch(text)
    if braced:
        remarks.say("dollar-braces", element, text=text, inner=braced[1].strip())
        return braced[1].strip()
    return text.removeprefix("=").strip()


def formal(expression: etree._Element, place: etree._Element, remarks: Remarks) -> str | None:
    """The FEEL of an expression element of BPMN; None when it is empty."""
    language = (expression.get("language") or "").rstrip("/").rsplit("/", 1)[-1].lower()
    outside = any(etree.QName(str(each)).localname == "resource" for each in expression.attrib)
    if language not in _LANGUAGES or outside:
        remarks.say("expression-language", place, expression, language=language or "resource")
    return feel(content(expression), place, remarks) or None


def timely(text: str, element: etree._Element, remarks: Remarks) -> str:
    """A time as the model spells it: a day or period as it stands, anything else as "=FEEL"."""
    if is_feel(text):
        return "=" + feel(text, element, remarks)
    quoted = _QUOTED.fullmatch(text)
    if quoted and (is_day(quoted[1]) or is_period(quoted[1])):
        remarks.say("quoted-time", element, text=text, inner=quoted[1])
        return quoted[1]
    if _LIKE_A_TIME.match(text):
        return text  # meant as a time; whether it is a good one is for `checking`
    remarks.say("bare-expression", element, text=text)
    return "=" + text


def documentation(element: etree._Element) -> str:
    """What staff read as instructions: `bpmn:documentation`, or else SpiffWorkflow's `instructionsForEndUser`."""
    texts = [content(each) for each in named(element, "documentation")]
    texts = texts or [content(each) for each in extensions(element, "instructionsForEndUser", (SPIFF,))]
    return "\n".join(text for text in texts if text)


def spiff_form(element: etree._Element) -> str | None:
    """The form that SpiffWorkflow's editor names by its file, which is the id and ".json"."""
    for holder in extensions(element, "properties", (SPIFF,)):
        for each in holder:
            if each.get("name") == "formJsonSchemaFilename":
                return (each.get("value") or "").strip().removesuffix(".json") or None
    return None


def properties(element: etree._Element, remarks: Remarks) -> dict[str, str]:
    """The `camunda:properties` of an element."""
    found: dict[str, str] = {}
    for holder in extensions(element, "properties", CAMUNDA):
        for each in holder:
            name, value = each.get("name") or "", (each.get("value") or "").strip()
            if found.get(name, value) != value:
                remarks.say("property-twice", element, each, name=name)
            found[name] = value
    return found


def extensions(element: etree._Element, name: str, namespaces: tuple[str, ...]) -> Iterator[etree._Element]:
    """The extension elements of this name directly in `extensionElements`."""
    for holder in named(element, "extensionElements"):
        yield from (each for each in holder if local(each) == name and namespace(each) in namespaces)
