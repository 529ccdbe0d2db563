"""Which characters a record can hold; never changes a letter of a name (no normalising, variants stay as typed).

Control characters, halves of surrogate pairs and U+FFFD (what a browser shows for text it could not read) are refused.
Variation sequences, supplementary planes and private letters (外字) pass untouched.
"""

from __future__ import annotations

import re

_UNUSABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd\ufffe\uffff]")
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")


def find_unusable(text: str) -> re.Match[str] | None:
    """The first character that no record may hold."""
    return _UNUSABLE.search(text)


def showable(text: str) -> str:
    """The text as a page and a database can carry it: line ends as `\\n`, U+FFFD for NUL and half surrogates."""
    return _UNWRITABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
