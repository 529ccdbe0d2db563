"""sign-in.toml: what a city decides about signing in, and what is said when it cannot be understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from web import sign_in_settings
from web.sign_in_settings import BadSettings, SignInSettings

PROVIDER = """
[provider]
name = "みなも市の職員ログイン"
issuer = "https://login.example.jp/minamo"
client_id = "bansou"
client_secret = "only-for-tests-0123456789"
"""


def reading(folder: Path, text: str) -> SignInSettings:
    file = folder / "sign-in.toml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return sign_in_settings.read(folder)


def refused(folder: Path, text: str) -> str:
    with pytest.raises(BadSettings) as refusal:
        reading(folder, text)
    assert str(folder / "sign-in.toml") in refusal.value.message
    return refusal.value.message


def test_without_the_file_nobody_is_made_to_set_up_a_second_factor(tmp_path: Path) -> None:
    assert sign_in_settings.read(tmp_path) == SignInSettings(second_factor="nobody")


def test_a_city_says_whom_it_asks(tmp_path: Path) -> None:
    assert reading(tmp_path, 'second_factor = "administrators"').second_factor == "administrators"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("second_factor = ", "読めません"),
        ('second_factor = "admins"', '「second_factor」は "nobody", "administrators", "everybody" のどれか'),
        ("second_factor = true", "のどれか"),
        ('second_facter = "everybody"', "「second_facter」という設定はありません。あるのは: "),
    ],
)
def test_what_is_not_understood_is_refused_with_file_and_remedy(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)


def test_a_city_names_its_provider_and_what_its_groups_are_here(tmp_path: Path) -> None:
    more = 'scope = "openid groups"\n[provider.groups]\n"fukushi-head" = ["esikoni", "esikoni.head"]\nzei = ["zeimu"]'
    found = reading(tmp_path, PROVIDER + more).provider
    assert found is not None
    assert (found.name, found.issuer, found.client_id) == ("みなも市の職員ログイン", "https://login.example.jp/minamo", "bansou")
    assert found.groups["fukushi-head"] == {"esikoni", "esikoni.head"} and found.governed == {"esikoni", "esikoni.head", "zeimu"}
    assert "only-for-tests" not in repr(found)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("https://login.example.jp/minamo", "http://login.example.jp", "「provider.issuer」は https:// で始めてください"),
        ("https://login.example.jp/minamo", "login.example.jp", "「provider.issuer」は https:// で始めてください"),
        ("only-for-tests-0123456789", "secret", "「provider.client_secret」が短すぎます"),
        ('client_id = "bansou"', "", "「provider.client_id」に文字を書いてください"),
        ('client_id = "bansou"', "client_id = 7", "「provider.client_id」に文字を書いてください"),
        ("client_id", "client", "「provider.client」という設定はありません"),
        ("[provider]", "provider = 1\n[other]", "「other」という設定はありません"),
        ('name = "', 'scope = "profile"\nname = "', "「provider.scope」には openid を入れてください"),
        ('name = "', 'groups = ["zeimu"]\nname = "', "[provider.groups] は"),
        ('name = "', 'groups = {zei = "zeimu"}\nname = "', "[provider.groups] は"),
    ],
)
def test_a_provider_that_is_unsafe_or_half_described_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in refused(tmp_path, PROVIDER.replace(old, new))


def test_a_provider_on_this_machine_may_speak_plainly(tmp_path: Path) -> None:
    assert reading(tmp_path, PROVIDER.replace("https://login.example.jp/minamo", "http://127.0.0.1:9000")).provider is not None


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_secret_that_others_on_the_machine_can_read_is_refused_with_the_command_that_mends_it(tmp_path: Path, mode: int) -> None:
    reading(tmp_path, PROVIDER)
    (tmp_path / "sign-in.toml").chmod(mode)
    with pytest.raises(BadSettings) as refusal:
        sign_in_settings.read(tmp_path)
    assert f"chmod 600 {tmp_path / 'sign-in.toml'}" in refusal.value.message
