"""The commands as somebody types them: what they say, in which language, and with which code they end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from small_town import drawn, node, task, write_release

from engine import store
from web import command_line

ROOT = Path(__file__).parents[2]
BPMN = ROOT / "processes" / "bpmn"
ODD = drawn("odd", [node("startEvent", "begun"), node("scriptTask", "strange"), node("endEvent", "done")], [("begun", "strange"), ("strange", "done")])


class Shell:
    """Types commands and reads what they print."""

    def __init__(self, capsys: pytest.CaptureFixture[str], data: Path) -> None:
        self.capsys, self.data = capsys, data
        self.out = self.err = ""

    def types(self, *words: str) -> int:
        try:
            code = command_line.main(list(words))
        except SystemExit as ended:
            code = int(ended.code or 0)
        self.out, self.err = self.capsys.readouterr()
        return code

    def publishes(self, folder: Path, *more: str) -> int:
        return self.types("publish", str(folder), "--data", str(self.data), *more)

    def rows(self, table: sa.Table) -> list[Any]:
        opened = store.connect(store.url_of(self.data))
        with opened.reading() as c:
            found = list(c.execute(sa.select(table)))
        opened.close()
        return found


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "BANSOU_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANGUAGE", "ja")
    monkeypatch.setenv("BANSOU_PASSWORD", "さくらの咲く坂道まで歩く")
    return Shell(capsys, tmp_path / "data")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that can be published."""
    write_release(tmp_path / "release")
    return tmp_path / "release"


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A diagram with an element that is not run."""
    (tmp_path / "odd.bpmn").write_bytes(ODD)
    return tmp_path / "odd.bpmn"


# -- help ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("command", ["run", "lint", "tidy", "publish", "bench", "rebuild", "verify", "user"])
def test_help_is_said_in_japanese_and_in_english(shell: Shell, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    assert shell.types(command, "--help") == 0
    japanese = shell.out
    monkeypatch.setenv("LANGUAGE", "en")
    assert shell.types(command, "--help") == 0
    english = shell.out
    assert any("ぁ" <= letter <= "ん" or "一" <= letter <= "龠" for letter in japanese)
    assert not any("ぁ" <= letter <= "ん" or "一" <= letter <= "龠" for letter in english)


def test_without_a_language_both_are_said(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LANGUAGE")
    assert shell.types("--help") == 0
    assert "公開します" in shell.out and "Publish processes and forms" in shell.out


def test_a_command_that_is_not_there_is_refused(shell: Shell) -> None:
    assert shell.types("obliterate") == 2 and "obliterate" in shell.err
    assert shell.types() == 2


# -- lint ---------------------------------------------------------------------------------------------------------------
def test_a_shipped_diagram_has_nothing_to_put_right(shell: Shell) -> None:
    assert shell.types("lint", str(next(BPMN.glob("*.bpmn")))) == 0
    assert "直すところはありません。" in shell.out
    assert shell.types("lint", str(next(BPMN.glob("*.bpmn"))), "--json") == 0
    assert json.loads(shell.out) == []


def test_a_problem_is_said_with_its_place_and_ends_with_one(shell: Shell, odd: Path) -> None:
    assert shell.types("lint", str(odd)) == 1
    assert "strange" in shell.out and "使えません" in shell.out and "odd.bpmn:" in shell.out


def test_the_problems_as_json_have_all_that_a_machine_needs(shell: Shell, odd: Path) -> None:
    assert shell.types("lint", str(odd), "--json") == 1
    found = json.loads(shell.out)
    assert all(set(each) == {"file", "element", "line", "kind", "rule", "message"} for each in found)
    (strange,) = [each for each in found if each["element"] == "strange"]
    assert (strange["file"], strange["kind"]) == (str(odd), "refused")
    assert strange["line"] > 0 and strange["rule"].replace("-", "").isalpha() and strange["message"].endswith("。")


def test_a_file_that_is_not_there_is_named(shell: Shell) -> None:
    for command in ("lint", "tidy"):
        assert shell.types(command, "no/such.bpmn") == 2
        assert "no/such.bpmn" in shell.err and "ありません" in shell.err


def test_a_form_and_the_settings_are_read_as_well(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "organisation.toml").write_text("[", "utf-8")
    assert shell.types("lint", str(tmp_path / "organisation.toml")) == 1
    form = tmp_path / "F99.json"
    form.write_text('{"$id": "F98"}', "utf-8")
    assert shell.types("lint", str(form)) == 1 and "F99.json" in shell.out


# -- tidy ---------------------------------------------------------------------------------------------------------------
def test_a_tidy_diagram_is_left_as_it_is_and_another_is_laid_out_once(shell: Shell, tmp_path: Path) -> None:
    shipped = tmp_path / "shipped.bpmn"
    shipped.write_bytes(next(BPMN.glob("*.bpmn")).read_bytes())
    before = shipped.stat().st_mtime_ns, shipped.read_bytes()
    assert shell.types("tidy", str(shipped)) == 0 and "整っています。" in shell.out
    assert (shipped.stat().st_mtime_ns, shipped.read_bytes()) == before
    bare = tmp_path / "bare.bpmn"
    bare.write_bytes(drawn("bare", [node("startEvent", "begun"), task("open"), node("endEvent", "done")], [("begun", "open"), ("open", "done")]))
    assert shell.types("tidy", str(bare)) == 0 and "並べ直しました。" in shell.out
    assert shell.types("tidy", str(bare)) == 0 and "整っています。" in shell.out


def test_what_cannot_be_laid_out_is_said_and_left(shell: Shell, tmp_path: Path) -> None:
    broken = tmp_path / "broken.bpmn"
    broken.write_bytes(b"<bpmn:definitions")
    assert shell.types("tidy", str(broken)) == 1
    assert "broken.bpmn" in shell.err and broken.read_bytes() == b"<bpmn:definitions"


# -- publish ------------------------------------------------------------------------------------------------------------
def test_a_folder_is_published_and_the_difference_is_said(shell: Shell, folder: Path) -> None:
    assert shell.publishes(folder) == 0 and "  + processes/bpmn/waiting.bpmn" in shell.out
    assert shell.publishes(folder) == 0 and "公開中の版と同じです。" in shell.out
    (folder / "forms/schemas/A2.json").write_text((folder / "forms/schemas/A2.json").read_text("utf-8").replace('"答え"', '"お答え"'), "utf-8")
    assert shell.publishes(folder, "--reason", "言葉を直した") == 0 and shell.out.splitlines()[1:] == ["  ~ forms/schemas/A2.json"]
    assert shell.rows(store.release)[-1].reason == "言葉を直した"


def test_what_libraries_do_is_not_printed(shell: Shell, folder: Path) -> None:
    typed = f"import sys; from web import command_line; sys.exit(command_line.main(['publish', {str(folder)!r}, '--data', {str(shell.data)!r}]))"
    told = subprocess.run([sys.executable, "-c", typed], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0 and told.stdout
    assert told.stderr == ""


def test_with_problems_nothing_is_published_and_each_is_listed(shell: Shell, folder: Path) -> None:
    assert shell.publishes(folder) == 0
    (folder / "processes/bpmn/odd.bpmn").write_bytes(ODD)
    (folder / "forms/schemas/A2.json").write_text("{", "utf-8")
    assert shell.publishes(folder) == 1
    assert "strange" in shell.err and "A2.json" in shell.err and "公開していません。" in shell.err
    assert len(shell.rows(store.release)) == 1


def test_another_folder_is_published_only_on_demand(shell: Shell, folder: Path, tmp_path: Path) -> None:
    assert shell.publishes(folder) == 0
    write_release(tmp_path / "other")
    assert shell.publishes(tmp_path / "other") == 1 and "--replace" in shell.err
    assert shell.publishes(tmp_path / "other", "--replace") == 0


def test_a_folder_that_is_not_there_is_refused(shell: Shell, tmp_path: Path) -> None:
    assert shell.publishes(tmp_path / "no-such-folder") in (1, 2)
    assert shell.err and "Traceback" not in shell.err


# -- rebuild, user, run -------------------------------------------------------------------------------------------------
def test_the_lists_are_built_again(shell: Shell, folder: Path) -> None:
    assert shell.publishes(folder) == 0
    assert shell.types("rebuild", "--data", str(shell.data)) == 0 and "0件のケース" in shell.out


def test_the_record_is_proved_and_a_break_is_named(shell: Shell, folder: Path) -> None:
    assert shell.publishes(folder) == 0
    prove = ("verify", "--data", str(shell.data))
    assert shell.types(*prove) == 0 and "すべて合っています。" in shell.out
    opened = store.connect(store.url_of(shell.data))
    with opened.transaction() as c:
        c.execute(sa.insert(store.case_number).values(fiscal_year=2026, last=1))
    opened.close()
    assert shell.types(*prove) == 1 and "2026-00001: このケースがありません。" in shell.out and "1か所" in shell.out


def test_where_the_chains_end_is_kept_and_compared(shell: Shell, folder: Path, tmp_path: Path) -> None:
    assert shell.publishes(folder) == 0
    kept, prove = tmp_path / "heads.json", ("verify", "--data", str(shell.data))
    assert shell.types(*prove, "--keep", str(kept)) == 0 and json.loads(kept.read_text("utf-8")) == {"cases": {}, "lines": {}}
    kept.write_text('{"cases": {"2026-00001": [3, "ab"]}, "lines": {}}', "utf-8")
    again = tmp_path / "again.json"
    assert shell.types(*prove, "--against", str(kept), "--keep", str(again)) == 1 and not again.exists()
    assert "2026-00001: 3番目までのできごとが、控えと違います。" in shell.out
    assert shell.types(*prove, "--against", str(again)) == 1 and "again.json" in shell.err


def test_a_folder_without_data_is_not_proved_and_not_made(shell: Shell, tmp_path: Path) -> None:
    assert shell.types("verify", "--data", str(tmp_path / "nowhere")) == 1
    assert "データがありません" in shell.err and not (tmp_path / "nowhere").exists()


def test_a_person_is_added_with_groups_and_can_be_told_from_others(shell: Shell, folder: Path) -> None:
    assert shell.publishes(folder) == 0
    add = ("user", "add", "mado1", "架空 窓", "--data", str(shell.data))
    assert shell.types(*add, "--group", "minamo", "--group", "minamo.head", "--process-owner") == 0 and "mado1" in shell.out
    (person,) = shell.rows(store.person_login)
    assert (person.login, person.name, person.process_owner, person.administrator) == ("mado1", "架空 窓", True, False)
    assert {row.grp for row in shell.rows(store.membership)} == {"minamo", "minamo.head"}
    assert "さくら" not in str(person) + shell.out
    assert shell.types(*add) == 1 and "mado1" in shell.err  # once only


def test_a_group_that_is_not_there_is_named(shell: Shell, folder: Path) -> None:
    assert shell.publishes(folder) == 0
    assert shell.types("user", "add", "mado1", "架空 窓", "--group", "minamoo", "--data", str(shell.data)) == 1
    assert "minamoo" in shell.err and shell.rows(store.person_login) == []


def test_a_weak_password_is_refused(shell: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shell.publishes(folder) == 0
    monkeypatch.setenv("BANSOU_PASSWORD", "abc")
    assert shell.types("user", "add", "mado1", "架空 窓", "--data", str(shell.data)) == 1 and shell.err
    assert shell.rows(store.person_login) == []


def test_nobody_real_is_added_to_a_demo(shell: Shell, folder: Path) -> None:
    assert shell.publishes(folder) == 0
    opened = store.connect(store.url_of(shell.data))
    with opened.transaction() as c:
        c.execute(sa.insert(store.about).values(key="demo", value="yes"))
    opened.close()
    assert shell.types("user", "add", "mado1", "架空 窓", "--data", str(shell.data)) == 1
    assert "デモには" in shell.err and "--no-demo" in shell.err and shell.rows(store.person_login) == []


# -- a database that does not open ----------------------------------------------------------------------------------------
@pytest.mark.postgresql
def test_a_database_that_is_not_there_is_said_with_what_to_look_at(shell: Shell, postgresql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    address = sa.make_url(postgresql).set(database="nowhere", password="hush-hush").render_as_string(hide_password=False)
    monkeypatch.setenv("BANSOU_DATABASE_URL", address)
    assert shell.types("rebuild", "--data", str(shell.data)) == 1
    assert "BANSOU_DATABASE_URL" in shell.err and '"nowhere" does not exist' in shell.err
    assert "hush-hush" not in shell.err and "Traceback" not in shell.err


@pytest.mark.parametrize("address", ["mysql://root:hush-hush@db/bansou", "hush-hush"])
def test_an_address_of_no_database_that_we_know_is_refused(shell: Shell, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANSOU_DATABASE_URL", address)
    assert shell.types("verify", "--data", str(shell.data)) == 1
    assert "postgresql://bansou@localhost/bansou" in shell.err and "hush-hush" not in shell.err


def test_a_file_that_is_no_database_is_named(shell: Shell) -> None:
    shell.data.mkdir()
    (shell.data / "bansou.sqlite3").write_text("架空の家計簿です。" * 100, "utf-8")
    assert shell.types("rebuild", "--data", str(shell.data)) == 1
    assert str(shell.data / "bansou.sqlite3") in shell.err and "not a database" in shell.err
