"""sign-in.toml: what a city decides about signing in, and what is said when it cannot be understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from web import sign_in_settings
from web.sign_in_settings import BadSettings, SignInSettings


def reading(folder: Path, text: str) -> SignInSettings:
    (folder / "sign-in.toml").write_text(text, encoding="utf-8")
    return sign_in_settings.read(folder)


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
    with pytest.raises(BadSettings) as refusal:
        reading(tmp_path, text)
    assert said in refusal.value.message and str(tmp_path / "sign-in.toml") in refusal.value.message
