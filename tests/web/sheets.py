"""The form on a page as a browser has it: what stands in it, what somebody types over it, and what is sent. It knows no form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import lxml.html
from visits import Visitor
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

Typed = Mapping[str, str | Sequence[str] | None]


class Paper:
    """The form on a page that holds the field ``key``; ``data`` is what a browser would send."""

    def __init__(self, visitor: Visitor, page: str, path: str) -> None:
        self.visitor, self.path = visitor, path
        tree = lxml.html.fromstring(page)
        found = [form for form in tree.forms if "key" in form.fields]
        assert found, page
        self.form = found[0]
        self.data = MultiDict([(name, self._as_shown(name, value)) for name, value in self.form.form_values() if value is not None])

    def _as_shown(self, name: str, value: str) -> str:
        """A browser leaves out the line break with which a text area begins."""
        is_area = bool(self.form.xpath(f".//textarea[@name='{name}']"))
        return value[1:] if is_area and value.startswith("\n") else value

    @classmethod
    def at(cls, visitor: Visitor, path: str) -> Paper:
        answer = visitor.get(path)
        assert answer.status_code == 200, answer.text
        return cls(visitor, answer.text, path)

    def types(self, typed: Typed) -> Paper:
        """Type over what stands there; None empties a field."""
        for name, value in typed.items():
            self.data.setlist(name, [] if value is None else [value] if isinstance(value, str) else list(value))
        return self

    def presses(self, do: str = "complete", **more: Any) -> TestResponse:
        self.data.setlist("do", [do])
        return self.visitor.post(self.form.action or self.path, data=self.data, **more)

    def again(self, answer: TestResponse) -> Paper:
        """The same page as it came back."""
        return Paper(self.visitor, answer.text, answer.request.path)

    def offers(self, name: str) -> list[str]:
        """The values that may be chosen in a field."""
        return [value for value in self.form.xpath(f".//*[@name='{name}']/@value | .//select[@name='{name}']//option/@value") if value]


def same(answer: TestResponse) -> str:
    """A page without what differs from one request to the next: tokens, and its own address."""
    page = re.sub(r'name="csrf_token" value="[^"]*"', "", answer.text)
    return page.replace(answer.request.path, "")


def errors(answer: TestResponse) -> list[str]:
    """The errors in the summary of a page."""
    return [each.text_content().strip() for each in lxml.html.fromstring(answer.text).xpath("//*[@id='errors']//li")]
