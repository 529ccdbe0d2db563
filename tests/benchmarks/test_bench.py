"""`./bansou bench` on sizes so small that nothing is learnt but that every figure can be measured and read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

import benchmarks
from benchmarks.figures import TINY, Figure
from benchmarks.whole_json import ends_after
from engine import access
from web import command_line, viewings

ROOT = Path(__file__).parents[2]
QUICK = [name for name in benchmarks.FIGURES if not name.startswith("start-") and name != "complete-vs-viewflow"]  # which needs a registry
KEYS = {"name", "value", "unit", "goal", "ok", "detail"}


def printed(capsys: pytest.CaptureFixture[str], *names: str) -> list[dict[str, Any]]:
    code = benchmarks.measure(names, as_json=True, sizes=TINY)
    found = json.loads(capsys.readouterr().out)
    assert code == (0 if all(each["ok"] for each in found) else 1)
    return found


def only(capsys: pytest.CaptureFixture[str], name: str) -> dict[str, Any]:
    (found,) = printed(capsys, name)
    return found


@pytest.mark.postgresql
@pytest.mark.parametrize("name", QUICK)
def test_every_figure_is_printed_as_one_record(capsys: pytest.CaptureFixture[str], name: str) -> None:
    found = only(capsys, name)
    assert set(found) == KEYS and found["name"] == name
    assert found["value"] > 0 and isinstance(found["ok"], bool)
    assert found["unit"] and found["goal"] and found["detail"]


def test_both_starts_are_measured_where_they_were_made(capsys: pytest.CaptureFixture[str]) -> None:
    cold, warm = printed(capsys, "start-cold", "start-warm")
    assert (cold["name"], warm["name"]) == ("start-cold", "start-warm")
    assert 0 < warm["value"] < cold["value"], "a ready folder shows its inbox sooner than an empty one"


def test_a_peer_that_cannot_be_installed_is_no_figure_and_says_why_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    found = only(capsys, "complete-vs-viewflow")
    assert found["value"] is None and found["ok"] is False
    (why,) = found["detail"].values()
    assert why.startswith("django-viewflow==") and "could not be installed: ERROR" in why and "\n" not in why


def test_nothing_of_ours_imports_the_peer() -> None:
    asked = "import sys, benchmarks; print(*{name.partition('.')[0] for name in sys.modules} & {'django', 'viewflow'})"
    assert subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip() == ""
    assert "viewflow" not in "".join((ROOT / name).read_text("utf-8") for name in ("constraints.txt", "constraints-test.txt", "pyproject.toml"))


def test_completions_are_compared_with_a_commit_and_their_statements_counted(capsys: pytest.CaptureFixture[str]) -> None:
    detail = only(capsys, "complete-vs-commit-sqlite")["detail"]
    assert detail["ms_commit"] > 0 and detail["ms_complete"] > 0
    assert 5 <= detail["statements"] <= detail["statements_goal"] == 12


def test_the_live_state_does_not_grow_with_the_age_of_the_case(capsys: pytest.CaptureFixture[str]) -> None:
    found = only(capsys, "live-state-bytes")
    young, old = found["detail"][f"after_{TINY.young}"], found["detail"][f"after_{TINY.old}"]
    many = found["detail"][f"{max(TINY.agencies)}_open_at_once"]
    assert old["tokens"] == young["tokens"] == 1 and abs(old["bytes"] - young["bytes"]) <= 10
    assert many["tokens"] == max(TINY.agencies) + 1, "each task, and the activity that holds them"
    assert found["ok"]


def test_the_whole_json_is_the_library_as_it_is_and_grows(capsys: pytest.CaptureFixture[str]) -> None:
    detail = only(capsys, "complete-vs-whole-json")["detail"]
    sizes = [detail[f"after_{age}"]["bytes_whole_json"] for age in (TINY.young, TINY.grown, TINY.old)]
    assert sizes == sorted(set(sizes))
    assert "max_depth" in detail["how"]


def test_the_unchanged_library_loses_a_loop_at_a_depth_of_a_thousand() -> None:
    assert ends_after(510) == 500


def test_tasks_are_completed_over_http_by_several_people_at_two_processes(capsys: pytest.CaptureFixture[str]) -> None:
    before = set(_serving())
    detail = only(capsys, "http-complete")["detail"]
    for kind in ("sqlite", "postgresql"):
        assert detail[kind]["web_processes"] == 2 and detail[kind]["people"] == TINY.visitors
        assert 0 < detail[kind]["median_ms"] <= detail[kind]["p95_ms"]
    assert set(_serving()) == before, "no web process outlives its measurement"
    assert threading.active_count() == 1 or not [each for each in threading.enumerate() if "work" in each.name]


def _serving() -> list[int]:
    return [each.pid for each in psutil.process_iter(["cmdline"]) if "benchmarks.serving" in (each.info["cmdline"] or ())]


def test_the_cost_of_asking_who_may_see_what_is_measured_and_then_it_is_asked_again(capsys: pytest.CaptureFixture[str]) -> None:
    before = (access.sight, access.openable, viewings.note)
    found = only(capsys, "access-overhead")
    assert {name: set(each) for name, each in found["detail"].items()} == dict.fromkeys(("inbox", "case"), {"ratio", "with_ms", "without_ms"})
    assert found["value"] == max(each["ratio"] for each in found["detail"].values()) > 0
    assert (access.sight, access.openable, viewings.note) == before


def test_only_what_was_asked_for_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert [each["name"] for each in printed(capsys, "live-state-bytes", "live-state-bytes")] == ["live-state-bytes"]


def test_a_person_reads_the_figure_first_and_its_parts_below() -> None:
    said = benchmarks.said(Figure("bread", 3.5, "loaves", "≥ 4", False, {"oven": "hot", "dough": {"kg": 2, "eggs": 0}}))
    assert said.splitlines() == ["× bread: 3.5 loaves  (≥ 4)", "    oven: hot", "    dough: kg=2 eggs=0"]


def test_an_unknown_name_is_refused_with_all_that_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["bench", "complete-flat", "complete-often"]) == 2
    refused = capsys.readouterr().err
    assert "complete-often" in refused and all(name in refused for name in benchmarks.FIGURES)


def test_the_command_prints_json_that_can_be_read_by_a_program() -> None:
    command = [sys.executable, "-m", "web.command_line", "bench", "--help"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "--json" in told and "NAME" in told


def test_nothing_is_left_behind(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    printed(capsys, "complete-flat", "complete-vs-commit-postgresql")
    assert list(tmp_path.iterdir()) == []


def test_the_manual_tells_of_every_figure() -> None:
    manual = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert [name for name in benchmarks.FIGURES if f"`{name}`" not in manual] == []
