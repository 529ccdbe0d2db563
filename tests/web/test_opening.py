"""What is unsafe is not opened: the start refuses with one sentence that says why and what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from small_town import write_release

from engine import store
from engine.city import City
from web import command_line, opening
from web.opening import Opening, Unsafe
from web.sign_in_settings import Provider, SignInSettings

KEY = "0" * 64
HERE = Opening("127.0.0.1")
TO_OTHERS = Opening("0.0.0.0", behind_tls=True, no_demo=True)
SETTINGS = SignInSettings()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The data folder of a city that published what it works with."""
    made = tmp_path / "data"
    write_release(tmp_path / "release")
    assert command_line.main(["publish", str(tmp_path / "release"), "--data", str(made)]) == 0
    return made


def start(folder: Path, *words: str) -> int:
    return command_line.main(["run", "--data", str(folder), *words])


def marked(folder: Path, **about: str) -> None:
    opened = store.connect(store.url_of(folder))
    with opened.transaction() as c:
        for key, value in about.items():
            c.execute(sa.insert(store.about).values(key=key, value=value))
    opened.close()


@pytest.fixture(autouse=True)
def in_japanese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BANSOU_DATABASE_URL", raising=False)
    monkeypatch.setenv("LANGUAGE", "ja")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::"])
def test_it_is_not_opened_to_others_without_encryption(tmp_path: Path, capsys: pytest.CaptureFixture[str], host: str) -> None:
    assert start(tmp_path / "data", "--host", host) == 2
    said = capsys.readouterr().err
    assert "--behind-tls" in said and "盗み見られます" in said and "--plain-http" in said
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("words", [("--host", "0.0.0.0", "--plain-http"), ("--behind-tls",), ("--host", "0.0.0.0", "--behind-tls")])
def test_a_demo_is_not_opened_to_others_unknowingly(folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    marked(folder, demo="yes")
    assert start(folder, *words) == 2
    said = capsys.readouterr().err
    assert "パスワードなしで入れます" in said and "--no-demo" in said and "--open-demo" in said


def test_an_empty_folder_does_not_become_a_demo_that_is_open_to_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert start(tmp_path / "data", "--behind-tls") == 2
    assert "--no-demo" in capsys.readouterr().err
    opened = store.connect(store.url_of(tmp_path / "data"))
    with opened.reading() as c:
        assert c.scalar(sa.select(sa.func.count()).select_from(store.person_login)) == 0
    opened.close()


def test_real_data_is_never_opened_to_others_without_encryption(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert start(folder, "--host", "0.0.0.0", "--plain-http", "--open-demo") == 2
    assert "本番のデータは、暗号化せずに" in capsys.readouterr().err


def test_a_data_folder_that_others_on_the_machine_can_read_is_refused_with_the_command_that_mends_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder.chmod(0o755)
    assert start(folder, "--behind-tls") == 2
    assert f"chmod 700 {folder}" in capsys.readouterr().err


def test_a_new_data_folder_is_its_owner_s_alone(folder: Path) -> None:
    assert folder.stat().st_mode & 0o077 == 0


def test_a_key_that_can_be_guessed_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    marked(folder, secret="himitsu")
    assert start(folder, "--behind-tls") == 2
    said = capsys.readouterr().err
    assert "短すぎます" in said and "himitsu" not in said


def test_a_setting_that_is_not_understood_stops_the_start(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "sign-in.toml").write_text('second_factor = "all"', encoding="utf-8")
    assert start(folder) == 1
    assert "second_factor" in capsys.readouterr().err


def test_a_group_of_the_provider_that_is_not_there_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "sign-in.toml"
    about = '[provider]\nname = "a"\nissuer = "https://login.example.jp"\nclient_id = "bansou"\nclient_secret = "only-for-tests-0123456789"\n'
    file.write_text(about + '[provider.groups]\ndesk = ["minamo", "minamoo"]', encoding="utf-8")
    file.chmod(0o600)
    assert start(folder) == 2
    said = capsys.readouterr().err
    assert "「minamoo」" in said and str(file) in said


def test_the_reason_is_said_in_english_too(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en")
    assert start(tmp_path / "data", "--behind-tls") == 2
    said = capsys.readouterr().err
    assert said.startswith("This is a demo") and said.isascii()


# What is let through


@pytest.mark.parametrize(
    ("how", "is_demo"),
    [
        (HERE, False), (HERE, True), (TO_OTHERS, False), (replace(TO_OTHERS, host="127.0.0.1"), False), (replace(TO_OTHERS, open_demo=True), True),
        (Opening("0.0.0.0", plain_http=True, open_demo=True), True),
    ],
)  # fmt: skip
def test_what_is_safe_is_opened(city: City, tmp_path: Path, how: Opening, is_demo: bool) -> None:
    if is_demo:
        with city.store.transaction() as c:
            c.execute(sa.insert(store.about).values(key="demo", value="yes"))
    tmp_path.chmod(0o700)
    opening.refuse_without_encryption(how)
    opening.refuse_unsafe(replace(how, no_demo=True), city, tmp_path, SETTINGS, KEY)


def test_on_one_s_own_machine_the_folder_is_one_s_own_concern(city: City, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    opening.refuse_unsafe(HERE, city, tmp_path, SETTINGS, KEY)
    with pytest.raises(Unsafe):
        opening.refuse_unsafe(TO_OTHERS, city, tmp_path, SETTINGS, KEY)


def test_before_anything_is_published_no_group_is_missed(city: City, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    provider = Provider("a", "https://login.example.jp", "bansou", "only-for-tests-0123456789", groups={"desk": frozenset({"nowhere"})})
    opening.refuse_unsafe(TO_OTHERS, city, tmp_path, SignInSettings(provider=provider), KEY)
