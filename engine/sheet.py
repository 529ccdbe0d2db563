"""Reads a TOML file that people edit and says where it is wrong. It knows nothing of what the file means."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import TypeVar

from engine.kernel.model import Problem

LARGEST = 1_000_000  # bytes
_HEADER = re.compile(r"\s*\[{1,2}([^\[\]]+)\]")
_KEY = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*=""")
_AT = re.compile(r"line (\d+)")

T = TypeVar("T")


class Sheet:
    """One TOML file and the problems found in it so far."""

    def __init__(self, file: str, content: bytes) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._text = ""
        self.root = Table(self, (), self._parsed(content))

    def problem(self, rule: str, path: tuple[str, ...], message: str) -> None:
        """Notes a problem at the key named by `path`, with the line where the key stands."""
        path = tuple(key for key in path if key)
        self.problems.append(Problem(self.file, ".".join(path) or None, self.line_of(path), "refused", rule, message))

    def line_of(self, path: tuple[str, ...]) -> int | None:
        """The line of a key, or else of the table around it."""
        found: dict[tuple[str, ...], int] = {}
        section: tuple[str, ...] = ()
        for number, line in enumerate(self._text.splitlines(), 1):
            if header := _HEADER.match(line):
                section = tuple(part.strip(" \"'") for part in header[1].split("."))
                found.setdefault(section, number)
            elif key := _KEY.match(line):
                found.setdefault((*section, key[1] or key[2] or key[3]), number)
        return next((found[path[:n]] for n in range(len(path), 0, -1) if path[:n] in found), None)

    def _parsed(self, content: bytes) -> Mapping[str, object]:
        if len(content) > LARGEST:
            self.problem("file-too-large", (), f"ファイルが大きすぎます。{LARGEST:,} バイトまでにしてください。")
            return {}
        try:
            self._text = content.decode("utf-8")
            return tomllib.loads(self._text)
        except UnicodeDecodeError:
            self.problem("not-utf8", (), "文字コードが UTF-8 ではありません。UTF-8 で保存し直してください。")
        except tomllib.TOMLDecodeError as error:
            at = _AT.search(str(error))
            line = int(at[1]) if at else None
            where = f"{line}行目" if line else "ファイルの終わり"
            message = f"{where}の書き方が TOML として読めません({error})。引用符・かっこ・「=」を確かめてください。"
            self.problems.append(Problem(self.file, None, line, "refused", "not-toml", message))
        return {}


class Table:
    """One table of a sheet. Every key that is read is *taken*; what is left at the end is a problem."""

    def __init__(self, sheet: Sheet, path: tuple[str, ...], content: Mapping[str, object]) -> None:
        self.sheet, self.path, self._content = sheet, path, content
        self._taken: set[str] = set()

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def take(
        self, key: str, kind: type[T], example: str, *, optional: bool = False, blank: bool = False
    ) -> T | None:
        """The value of `key` when it is exactly of `kind` and not blank; else None and a problem showing `example`."""
        self._taken.add(key)
        value = self._content.get(key)
        if value is None and optional:
            return None
        if value is None:
            self.wrong("missing-key", key, f"{self._name(key)} がありません。{example} のように書いてください。")
        elif type(value) is kind and (blank or not isinstance(value, str) or value.strip()):
            return value
        else:
            self.wrong("wrong-value", key, f"{self._name(key)} の書き方が違います。{example} のように書いてください。")
        return None

    def value(self, key: str) -> object:
        """The value of `key` as it stands."""
        self._taken.add(key)
        return self._content.get(key)

    def table(self, key: str) -> Table:
        """The table under `key`; an empty one and a problem when there is none."""
        self._taken.add(key)
        content = self._content.get(key)
        if not isinstance(content, dict):
            rule, what = ("missing-key", "がありません") if content is None else ("wrong-value", "の書き方が違います")
            named = f"[{'.'.join((*self.path, key))}]"
            self.wrong(rule, key, f"表 {named} {what}。見出し {named} と、その下の行を書いてください。")
            content = {}
        return Table(self.sheet, (*self.path, key), content)

    def wrong(self, rule: str, key: str, message: str) -> None:
        """Notes a problem at `key` of this table."""
        self.sheet.problem(rule, (*self.path, key), message)

    def close(self) -> None:
        """Notes every key that nobody took."""
        for key in self._content:
            if key not in self._taken:
                message = f"{self._name(key)} は使われない項目です。つづりを確かめるか、消してください。"
                self.wrong("unknown-key", key, message)

    def _name(self, key: str) -> str:
        return f"[{'.'.join(self.path)}] の {key}" if self.path else key
