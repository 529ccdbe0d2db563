"""Whether Bansou may be opened as it was asked to be: what is unsafe is refused before anybody can reach it, with the remedy."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from engine import people, releases
from engine.city import City
from web.sign_in_settings import FILE, LOOPBACK, SignInSettings

SHORTEST_KEY = 32  # characters of the key that signs cookies


class Unsafe(Exception):
    """Why it is not opened and what to do, in Japanese and in English."""


@dataclass(frozen=True)
class Opening:
    host: str
    behind_tls: bool = False
    plain_http: bool = False
    no_demo: bool = False
    open_demo: bool = False

    @property
    def to_others(self) -> bool:
        return self.host not in LOOPBACK or self.behind_tls


def refuse_without_encryption(how: Opening) -> None:
    """Before anything is made: others are let in over TLS, or knowingly without. Raises Unsafe."""
    if how.host not in LOOPBACK and not (how.plain_http or how.behind_tls):
        raise Unsafe(
            "ほかの PC に開くときは、前に TLS の中継を置いて --behind-tls を付けてください。暗号化しないと、住民の情報とパスワードが盗み見られます。"
            "練習用のデータを試すだけなら --plain-http --open-demo で開けます。",
            "To open it to other machines, put a TLS proxy in front and say --behind-tls: without encryption, residents' data and "
            "passwords can be read on the way. To try a demo, say --plain-http --open-demo.",
        )


def refuse_unsafe(how: Opening, city: City, data: Path, settings: SignInSettings, key: str) -> None:
    """Before a demo is made and anybody is let in. Raises Unsafe."""
    is_demo = people.is_demo(city.store) or (releases.is_empty(city) and not how.no_demo)
    if how.to_others and is_demo and not how.open_demo:
        raise Unsafe(
            "これは練習用のデータです。アドレスを知っている人は、だれでもパスワードなしで入れます。本番なら、新しい --data のフォルダに --no-demo で"
            "始めてください。練習用と知って開くなら --open-demo を付けてください。",
            "This is a demo: whoever knows the address comes in without a password. For a real one, start with --no-demo in a new --data "
            "folder. To open the demo knowingly, say --open-demo.",
        )
    if how.host not in LOOPBACK and not how.behind_tls and not is_demo:
        raise Unsafe(
            "本番のデータは、暗号化せずにほかの PC に開けません。前に TLS の中継を置いて --behind-tls を付けてください。",
            "Real data is not opened to other machines without encryption. Put a TLS proxy in front and say --behind-tls.",
        )
    if how.to_others and not is_demo and city.store.is_sqlite and os.name == "posix" and data.stat().st_mode & 0o077:
        raise Unsafe(
            f"データのフォルダを、この PC のほかの利用者も読めます。chmod 700 {data} を行ってください。",
            f"Other users of this machine can read the data folder. Run: chmod 700 {data}",
        )
    if len(key) < SHORTEST_KEY:
        raise Unsafe(
            "ログインを守る鍵が短すぎます。データベースの表 about から secret の行を消してください。次に始めるときに作り直します(全員がログインし直します)。",
            "The key that protects sign-ins is too short. Delete the row 'secret' from the table 'about'; the next start makes a new one "
            "(everybody signs in again).",
        )
    if settings.provider and not releases.is_empty(city):
        with city.store.reading() as c:
            unknown = sorted(settings.provider.governed - city.organisation(c).groups)
        if unknown:
            raise Unsafe(
                f"{data / FILE} の [provider.groups] にある「{unknown[0]}」という組は、organisation.toml にありません。どちらかを直してください。",
                f"[provider.groups] in {data / FILE} names the group {unknown[0]!r}, which organisation.toml does not know. Mend one of them.",
            )
