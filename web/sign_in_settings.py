"""What a city decides about signing in: the file `sign-in.toml` in its data folder, read once at the start.

It stands apart from organisation.toml because it belongs to the machine, not to a release. Anything that is not understood is refused.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from engine.errors import Refusal

FILE = "sign-in.toml"

Whom = Literal["nobody", "administrators", "everybody"]


class BadSettings(Refusal):
    """sign-in.toml を読めません。"""


@dataclass(frozen=True)
class SignInSettings:
    second_factor: Whom = "nobody"  # whom a sign-in with a password asks for a code, whether they set one up or not


def read(data: Path) -> SignInSettings:
    """The settings in this data folder; those of a city that decided nothing where there is no file. Raises BadSettings."""
    path = data / FILE
    if not path.exists():
        return SignInSettings()
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise BadSettings(f"{path} を読めません。書き方を直してください。 / This file cannot be read, mend it: {error}") from error
    _know(path, "", found, {"second_factor"})
    return SignInSettings(second_factor=_one_of(path, found, "second_factor", get_args(Whom)))


def _know(path: Path, table: str, found: dict[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(found) - known):
        raise BadSettings(
            f"{path}: {table}「{unknown[0]}」という設定はありません。あるのは: {'、'.join(sorted(known))}。"
            f" / There is no setting {unknown[0]!r}; there are: {', '.join(sorted(known))}."
        )


def _one_of(path: Path, found: dict[str, Any], name: str, values: tuple[Any, ...]) -> Any:
    value = found.get(name, values[0])
    if value not in values:
        choices = ", ".join(f'"{each}"' for each in values)
        raise BadSettings(f"{path}: 「{name}」は {choices} のどれかにしてください。 / {name} must be one of {choices}.")
    return value
