"""The launcher in a folder of its own: real processes, a cleared environment, nothing fetched from anywhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PRODUCT = """
import json, os, sys
print(json.dumps({"arguments": sys.argv[1:], "folder": os.getcwd(), "language": os.environ.get("LANGUAGE"),
                  "prefix": sys.prefix}))
"""
NOTHING = json.dumps({"name": "sample", "lockfileVersion": 3, "requires": True, "packages": {"": {"name": "sample"}}})
INSTALL = """
[ "$1" = install ] || exit 0
for name in chromium fc-list; do
    printf '#!/bin/sh\\necho installed\\n' > "$(/usr/bin/dirname "$0")/$name"
    /bin/chmod +x "$(/usr/bin/dirname "$0")/$name"
done
"""
ABSENT = f"--no-index\nabsent==1.0 --hash=sha256:{'0' * 64}\n"

Start = Callable[..., "subprocess.Popen[str]"]
Ended = tuple[int, str, str]


@pytest.fixture(scope="module")
def python_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PATH with a Python and nothing else: no npm, no package manager, no browser."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "python3").symlink_to(Path(sys._base_executable))  # type: ignore[attr-defined]
    return folder


def laid(folder: Path) -> Path:
    """A Bansou that needs no package: the real launcher, a product of five lines, empty pinned files."""
    (folder / "web").mkdir(parents=True)
    (folder / "web/command_line.py").write_text(PRODUCT)
    shutil.copy(ROOT / "bansou", folder / "bansou")
    (folder / "tests").mkdir()
    shutil.copy(ROOT / "tests/chromium.py", folder / "tests/chromium.py")
    for name in ("constraints.txt", "constraints-test.txt", "constraints-node.txt"):
        (folder / name).write_text("")
    (folder / "package.json").write_text('{"name": "sample"}')
    (folder / "package-lock.json").write_text(NOTHING)
    fetch(folder)
    return folder


def put_command(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def fetch(folder: Path) -> None:
    (folder / "node_modules").mkdir()
    (folder / "node_modules/.package-lock.json").write_text('{"packages": {}}')


@pytest.fixture(scope="module")
def start(python_only: Path, tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Starts the launcher of a folder from another folder, with no environment but what the test gives."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")

    def started(folder: Path, *arguments: str, cwd: Path = elsewhere, **environment: str) -> subprocess.Popen[str]:
        cleared = {"PATH": str(python_only), "HOME": str(elsewhere), **environment}
        command = [str(python_only / "python3"), str(folder / "bansou"), *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=cwd, env=cleared, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    return started


def ended(process: subprocess.Popen[str]) -> Ended:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.fixture(scope="module")
def first_starts(start: Start, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Ended]]:
    """Two starts at once in a folder where nothing is prepared."""
    folder = laid(tmp_path_factory.mktemp("new") / "bansou")
    both = [start(folder, "run", "--port", port) for port in ("1", "2")]
    return folder, [ended(process) for process in both]


@pytest.fixture(scope="module")
def prepared(first_starts: tuple[Path, list[Ended]]) -> Path:
    return first_starts[0]


@pytest.fixture
def copied(prepared: Path, tmp_path: Path) -> Path:
    """A prepared folder that a test may spoil."""
    return shutil.copytree(prepared, tmp_path / "copied", symlinks=True)


def test_two_first_starts_at_once_make_one_environment_and_both_hand_over(
    first_starts: tuple[Path, list[Ended]],
) -> None:
    folder, results = first_starts
    assert [code for code, _, _ in results] == [0, 0]
    said = [json.loads(out) for _, out, _ in results]
    assert [one["arguments"] for one in said] == [["run", "--port", "1"], ["run", "--port", "2"]]
    assert {one["prefix"] for one in said} == {str(folder / ".venv")}
    assert sum("準備をしています" in err for _, _, err in results) == 1
    assert sum("待っています" in err for _, _, err in results) == 1


def test_a_later_start_says_nothing_of_its_own(start: Start, prepared: Path) -> None:
    code, out, err = ended(start(prepared, "lint", "a.bpmn", "--json"))
    assert code == 0 and err == ""
    assert json.loads(out)["arguments"] == ["lint", "a.bpmn", "--json"]


def test_the_product_runs_in_the_person_s_folder_and_never_takes_its_modules(
    start: Start, prepared: Path, tmp_path: Path
) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web/command_line.py").write_text("raise SystemExit('the wrong one')")
    code, out, _ = ended(start(prepared, "lint", "a.bpmn", cwd=tmp_path))
    assert code == 0
    assert json.loads(out)["folder"] == str(tmp_path)


def test_a_changed_pin_is_installed_before_the_next_start(start: Start, copied: Path) -> None:
    (copied / "constraints.txt").write_text(ABSENT)
    code, out, err = ended(start(copied, "run"))
    assert (code, out) == (2, "")
    assert "absent==1.0" in err and "部品を取り寄せられませんでした" in err
    (copied / "constraints.txt").write_text("# mended\n")
    assert ended(start(copied, "run"))[0] == 0


def test_only_the_checks_need_what_the_checks_are_made_with(start: Start, copied: Path) -> None:
    (copied / "constraints-test.txt").write_text(ABSENT)
    assert ended(start(copied, "run"))[0] == 0
    assert ended(start(copied, "test"))[0] == 2


def test_an_environment_whose_python_went_is_made_anew(start: Start, copied: Path) -> None:
    python = copied / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert ended(start(copied, "run"))[0] == 0


def test_without_npm_it_starts_and_one_line_says_how_to_get_diagrams(start: Start, copied: Path) -> None:
    (copied / "constraints.txt").write_text("# changed, so that something is prepared\n")
    shutil.rmtree(copied / "node_modules")
    (copied / "constraints-node.txt").write_text(ABSENT)
    for _ in ("first", "second"):
        code, out, err = ended(start(copied, "run", LANG="ja_JP.UTF-8"))
        assert code == 0 and json.loads(out)["arguments"] == ["run"]
        [line] = [line for line in err.splitlines() if "npm ci --ignore-scripts" in line]
        assert "図は文字で示します" in line
    assert "absent" not in err, "a second start does not try the network again"


def test_the_checks_refuse_to_run_without_the_front_end_files(start: Start, copied: Path) -> None:
    shutil.rmtree(copied / "node_modules")
    (copied / "constraints-node.txt").write_text(ABSENT)
    code, _, err = ended(start(copied, "test", "--without-browser"))
    assert code == 2 and "検査には図の部品が要ります" in err


def test_without_a_browser_the_checks_name_the_one_command_that_installs_it(start: Start, prepared: Path) -> None:
    code, out, err = ended(start(prepared, "test"))
    assert (code, out) == (2, "")
    assert "apt-get install -y --no-install-recommends chromium fontconfig fonts-noto-cjk" in err
    assert "--without-browser" in err


def test_root_gets_the_browser_and_its_font_from_the_package_manager_and_the_checks_learn_where_it_is(
    start: Start, copied: Path, python_only: Path, tmp_path: Path
) -> None:
    (copied / "pytest.py").write_text(PRODUCT.replace('"LANGUAGE"', '"BANSOU_CHROMIUM"'))
    installed = tmp_path / "bin"
    installed.mkdir()
    put_command(installed / "apt-get", INSTALL)
    code, out, err = ended(start(copied, "test", "-k", "x", PATH=f"{python_only}{os.pathsep}{installed}"))
    if os.geteuid() == 0:
        said = json.loads(out)
        assert code == 0 and said["language"] == str(installed / "chromium")
        assert said["folder"] == str(copied) and said["arguments"][-2:] == ["-k", "x"]
    else:
        assert code == 2 and "sudo sh -c 'apt-get update && apt-get install" in err


def test_without_venv_it_names_the_one_command_that_brings_it(start: Start, tmp_path: Path, python_only: Path) -> None:
    folder = laid(tmp_path / "bare")
    (folder / "ensurepip.py").write_text("raise ImportError('as Debian without python3-venv')")
    apt = tmp_path / "bin"
    apt.mkdir()
    put_command(apt / "apt-get", "exit 1")
    code, _, err = ended(start(folder, "run", PATH=f"{python_only}{os.pathsep}{apt}"))
    assert code == 2
    assert f"apt-get install -y python3.{sys.version_info.minor}-venv" in err


def test_an_unknown_command_is_refused_before_anything_is_made(start: Start, tmp_path: Path) -> None:
    folder = laid(tmp_path / "untouched")
    code, out, err = ended(start(folder, "runn"))
    assert (code, out) == (2, "")
    assert "「runn」" in err and "run test lint tidy publish bench rebuild verify user" in err
    assert not (folder / ".venv").exists()


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_help_needs_nothing_and_speaks_both_languages_when_the_machine_names_none(
    start: Start, tmp_path: Path, arguments: list[str]
) -> None:
    folder = laid(tmp_path / "help")
    code, out, _ = ended(start(folder, *arguments))
    assert code == 0
    assert "使い方" in out and "Usage" in out
    assert all(f"\n  {name} " in out for name in "run test lint tidy publish bench rebuild verify user".split())
    assert not (folder / ".venv").exists()


@pytest.mark.parametrize(
    ("arguments", "environment", "japanese"),
    [
        (["--help"], {"LANG": "ja_JP.UTF-8"}, True),
        (["--help"], {"LANG": "en_GB.UTF-8"}, False),
        (["--help"], {"LANG": "en_GB.UTF-8", "LC_ALL": "ja_JP.UTF-8"}, True),
        (["--lang", "en", "--help"], {"LANG": "ja_JP.UTF-8"}, False),
        (["--lang=ja", "--help"], {"LANG": "en_GB.UTF-8"}, True),
        (["test", "--help", "--lang", "ja"], {}, True),
        (["test", "--help", "--lang", "en"], {}, False),
    ],
)
def test_help_speaks_the_person_s_language(
    start: Start, tmp_path: Path, arguments: list[str], environment: dict[str, str], japanese: bool
) -> None:
    out = ended(start(laid(tmp_path / "help"), *arguments, **environment))[1]
    assert ("使い方" in out, "Usage" in out) == (japanese, not japanese)


def test_the_language_asked_for_reaches_the_product(start: Start, prepared: Path) -> None:
    said = json.loads(ended(start(prepared, "run", "--lang", "en", "--port", "1"))[1])
    assert (said["arguments"], said["language"]) == (["run", "--port", "1"], "en")


def test_a_language_that_it_does_not_speak_is_refused(start: Start, prepared: Path) -> None:
    assert "--lang" in ended(start(prepared, "--lang", "fr", "run"))[2]
