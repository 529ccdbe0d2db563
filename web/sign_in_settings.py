"""What a city decides about signing in: the file `sign-in.toml` in its data folder, read once at the start.

It stands apart from organisation.toml because it belongs to the machine, not to a release. Anything that is not understood is refused.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from engine.errors import Refusal

FILE = "sign-in.toml"
SHORTEST_SECRET = 16  # characters
LOOPBACK = ("127.0.0.1", "::1", "localhost")

Whom = Literal["nobody", "administrators", "everybody"]


class BadSettings(Refusal):
    """sign-in.toml を読めません。"""


@dataclass(frozen=True)
class Provider:
    """The city's own sign-in (OpenID Connect)."""

    name: str  # what the button says
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = "openid profile"
    groups_claim: str = "groups"
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)  # what the provider calls a group -> groups here; empty: none follows

    @property
    def governed(self) -> frozenset[str]:
        """The groups in which membership follows the provider."""
        return frozenset().union(*self.groups.values())


@dataclass(frozen=True)
class SignInSettings:
    second_factor: Whom = "nobody"  # whom a sign-in with a password asks for a code, whether they set one up or not
    provider: Provider | None = None


def read(data: Path) -> SignInSettings:
    """The settings in this data folder; those of a city that decided nothing where there is no file. Raises BadSettings."""
    path = data / FILE
    if not path.exists():
        return SignInSettings()
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise BadSettings(f"{path} を読めません。書き方を直してください。 / This file cannot be read, mend it: {error}") from error
    _know(path, "", found, ("second_factor", "provider"))
    whom = found.get("second_factor", "nobody")
    if whom not in get_args(Whom):
        choices = ", ".join(f'"{each}"' for each in get_args(Whom))
        raise BadSettings(f"{path}: 「second_factor」は {choices} のどれかにしてください。 / second_factor must be one of {choices}.")
    return SignInSettings(whom, _provider(path, found["provider"]) if "provider" in found else None)


def _provider(path: Path, found: Any) -> Provider:
    if not isinstance(found, dict):
        raise BadSettings(f"{path}: 「provider」は [provider] という表にしてください。 / provider must be a table.")
    _know(path, "provider.", found, ("name", "issuer", "client_id", "client_secret", "scope", "groups_claim", "groups"))
    texts = {name: _text(path, found, name) for name in ("name", "issuer", "client_id", "client_secret")}
    more = {name: _text(path, found, name) for name in ("scope", "groups_claim") if name in found}
    where = urlsplit(texts["issuer"])
    if where.scheme != "https" and not (where.scheme == "http" and where.hostname in LOOPBACK):
        raise BadSettings(
            f"{path}: 「provider.issuer」は https:// で始めてください。http では、だれが入るのかを途中で書き換えられます。"
            " / provider.issuer must begin with https://: over http, who signs in can be changed on the way."
        )
    if len(texts["client_secret"]) < SHORTEST_SECRET:
        raise BadSettings(
            f"{path}: 「provider.client_secret」が短すぎます。職場のログインの側で、{SHORTEST_SECRET}文字以上のものを作り直してください。"
            f" / provider.client_secret is too short: have one of at least {SHORTEST_SECRET} characters made at the provider."
        )
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise BadSettings(
            f"{path} には秘密が書かれていますが、ほかの利用者も読めます。chmod 600 {path} を行ってください。"
            f" / This file holds a secret that other users can read. Run: chmod 600 {path}"
        )
    if "openid" not in more.get("scope", "openid").split():
        raise BadSettings(f"{path}: 「provider.scope」には openid を入れてください。 / provider.scope must contain openid.")
    return Provider(**texts, **more, groups=_groups(path, found.get("groups", {})))


def _groups(path: Path, found: Any) -> dict[str, frozenset[str]]:
    right = isinstance(found, dict) and all(isinstance(each, list) and all(isinstance(group, str) for group in each) for each in found.values())
    if not right:
        raise BadSettings(
            f'{path}: [provider.groups] は「職場での名前 = ["zeimu"]」のように書いてください。'
            ' / Write [provider.groups] as lines like: name-at-the-provider = ["zeimu"]'
        )
    return {name: frozenset(groups) for name, groups in found.items()}


def _know(path: Path, table: str, found: Mapping[str, Any], known: tuple[str, ...]) -> None:
    if unknown := sorted(set(found) - set(known)):
        raise BadSettings(
            f"{path}: 「{table}{unknown[0]}」という設定はありません。あるのは: {'、'.join(known)}。"
            f" / There is no setting {table}{unknown[0]}; there are: {', '.join(known)}."
        )


def _text(path: Path, found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadSettings(f"{path}: 「provider.{name}」に文字を書いてください。 / provider.{name} must be a text.")
    return value.strip()
