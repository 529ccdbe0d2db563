"""Publishing: whole or not at all, every problem with its place, and what a new release changes for cases that run."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from small_town import SmallTown, drawn, node, task, write_release

from engine import outbox, releases, store
from engine.store import Store

BPMN, SETTINGS = "processes/bpmn", "processes/organisation.toml"
BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"><bpmn:process id="x">&b;</bpmn:process></bpmn:definitions>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "release"


@pytest.fixture
def town(empty_store: Store, folder: Path) -> SmallTown:
    """The small town, published from its folder."""
    return SmallTown(empty_store, folder)


def kept(town: SmallTown) -> dict[str, list[Any]]:
    """Everything that publishing writes."""
    tables = (store.release, store.release_file, store.release_process, store.compiled, store.blob, store.settings_version)
    return {table.name: town.rows(table) for table in tables}


def refused(town: SmallTown, folder: Path) -> list[releases.Problem]:
    """The problems for which a folder is not published; nothing has changed then."""
    before = kept(town)
    with pytest.raises(releases.Problems) as raised:
        releases.publish(town.city, folder)
    assert kept(town) == before
    return list(raised.value.problems)


def changed(folder: Path, path: str, old: str, new: str) -> None:
    text = (folder / path).read_text("utf-8")
    assert old in text
    (folder / path).write_text(text.replace(old, new), "utf-8")


# -- what is published --------------------------------------------------------------------------------------------------
def test_the_first_release_has_every_file_and_says_so(town: SmallTown, folder: Path) -> None:
    (release,) = town.rows(store.release)
    assert release.in_force and release.source == str(folder.resolve())
    assert {row.path for row in town.rows(store.release_file)} == releases.gather(folder).keys()
    assert {row.process: row.version for row in town.rows(store.release_process)} == dict.fromkeys(
        ("inquiry", "waiting", "asking", "helping", "advising", "elsewhere"), 1
    )  # fmt: skip
    assert not releases.difference(town.city, folder) and not releases.is_empty(town.city)


def test_publishing_the_same_again_makes_no_release(town: SmallTown, folder: Path) -> None:
    before = kept(town)
    assert not releases.publish(town.city, folder)
    assert kept(town) == before


def test_the_difference_names_what_was_added_changed_and_removed(town: SmallTown, folder: Path) -> None:
    changed(folder, "forms/schemas/A2.json", '"答え"', '"お答え"')
    (folder / BPMN / "elsewhere.bpmn").unlink()

    changed(folder, SETTINGS, 'elsewhere = ["*"]\n', "")
    (folder / BPMN / "again.bpmn").write_bytes(drawn(
        "again", [node("startEvent", "begun"), task("open"), node("intermediateCatchEvent", "hear", '<bpmn:messageEventDefinition messageRef="msg_notice"/>'),
                  node("endEvent", "done")], [("begun", "open"), ("open", "hear"), ("hear", "done")]))  # fmt: skip
    found = releases.difference(town.city, folder)
    assert found.added == (f"{BPMN}/again.bpmn",)
    assert found.changed == ("forms/schemas/A2.json", SETTINGS)
    assert found.removed == (f"{BPMN}/elsewhere.bpmn",)
    assert releases.publish(town.city, folder) == found
    assert not releases.difference(town.city, folder)
    assert [row.in_force for row in town.rows(store.release)] == [False, True]


# -- what is refused ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("broken.bpmn", b"<bpmn:definitions"), ("empty.bpmn", b""), ("bomb.bpmn", BOMB), ("huge.bpmn", b"<a>" + b" " * 12_000_000 + b"</a>"),
        ("other.bpmn", b"<html/>"), ("text.bpmn", "ただの文".encode()),
    ],
)  # fmt: skip
def test_a_file_that_is_no_diagram_is_refused_by_name_and_nothing_is_published(town: SmallTown, folder: Path, name: str, body: bytes) -> None:
    (folder / BPMN / name).write_bytes(body)
    problems = refused(town, folder)
    assert {each.file for each in problems} == {name}
    assert all(each.kind in ("ask", "refused") and each.message.endswith("。") for each in problems)


def test_every_problem_is_told_at_once_with_its_place(town: SmallTown, folder: Path) -> None:
    changed(folder, f"{BPMN}/waiting.bpmn", "<bpmn:timeDuration>PT1H</bpmn:timeDuration>", "<bpmn:timeCycle>R/PT1H</bpmn:timeCycle>")
    changed(folder, f"{BPMN}/inquiry.bpmn", "A2#answer", "A9#answer")
    changed(folder, f"{BPMN}/asking.bpmn", "A2.answer", "A2.anwser")
    changed(folder, "forms/schemas/A1.json", '"x-class": "L1", "items"', '"items"')
    changed(folder, SETTINGS, "week = 2", "week = 9")
    problems = refused(town, folder)
    assert {each.file for each in problems} >= {"waiting.bpmn", "A1.json", "organisation.toml"}
    assert [each for each in problems if each.file == "waiting.bpmn" and each.element == "wait" and (each.line or 0) > 0]
    (week,) = [each for each in problems if each.file == "organisation.toml"]
    assert (folder / SETTINGS).read_text("utf-8").splitlines()[(week.line or 0) - 1] == "week = 9"


@pytest.mark.parametrize("tag", ["scriptTask", "serviceTask", "sendTask", "receiveTask", "complexGateway", "transaction"])
def test_an_element_that_is_not_run_is_refused_with_its_id(town: SmallTown, folder: Path, tag: str) -> None:
    (folder / BPMN / "odd.bpmn").write_bytes(drawn(
        "odd", [node("startEvent", "begun"), node(tag, "strange"), node("endEvent", "done")], [("begun", "strange"), ("strange", "done")]
    ))  # fmt: skip
    assert ("odd.bpmn", "strange") in {(each.file, each.element) for each in refused(town, folder)}


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("forms/schemas/A2.json", "{", "JSON"), ("forms/schemas/A2.json", '{"$id": "A2", "$id": "A2"}', "2回"),
        (SETTINGS, "[", ""), (SETTINGS, "", ""),
    ],
)  # fmt: skip
def test_a_broken_form_or_settings_file_is_refused(town: SmallTown, folder: Path, path: str, body: str, said: str) -> None:
    (folder / path).write_text(body, "utf-8")
    assert [each for each in refused(town, folder) if each.file == path.rsplit("/", 1)[-1] and said in each.message]


def test_an_empty_folder_is_refused(town: SmallTown, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    assert {each.rule for each in refused(town, tmp_path / "nothing")} >= {"no-process"}


def test_a_release_from_another_folder_is_kept_unless_it_is_to_be_replaced(town: SmallTown, tmp_path: Path) -> None:
    other, before = tmp_path / "other", kept(town)
    write_release(other)
    changed(other, "forms/schemas/A2.json", '"答え"', '"お答え"')
    with pytest.raises(releases.NotFromHere, match="--replace"):
        releases.publish(town.city, other)
    assert kept(town) == before
    assert releases.publish(town.city, other, replace=True).changed == ("forms/schemas/A2.json",)
    assert town.rows(store.release)[-1].source == str(other.resolve())


# -- what runs keeps what it was started with ---------------------------------------------------------------------------
def test_a_running_case_keeps_its_closure_and_a_new_one_takes_the_new(town: SmallTown, folder: Path) -> None:
    old = town.opens("waiting")
    changed(folder, f"{BPMN}/waiting.bpmn", 'id="after" name="after"', 'id="after" name="そのあと"')
    releases.publish(town.city, folder)
    new = town.opens("waiting")
    town.passes(hours=2)
    outbox.work_all(town.city)
    assert {each.case: each.name for each in town.open_tasks()} == {old.case: "after", new.case: "そのあと"}


def test_a_process_that_did_not_change_keeps_its_closure_and_version(town: SmallTown, folder: Path) -> None:
    with town.city.store.reading() as c:
        before = town.city.processes_in_force(c)
    changed(folder, f"{BPMN}/waiting.bpmn", 'id="after" name="after"', 'id="after" name="そのあと"')
    releases.publish(town.city, folder)
    with town.city.store.reading() as c:
        after = town.city.processes_in_force(c)
    assert {process for process in before if before[process] != after[process]} == {"waiting"}
    newest = town.rows(store.release)[-1].id
    versions = {row.process: row.version for row in town.rows(store.release_process, store.release_process.c.release == newest)}
    assert versions == {**dict.fromkeys(before, 1), "waiting": 2}


def test_a_release_that_goes_back_takes_the_old_version_again(town: SmallTown, folder: Path) -> None:
    body = (folder / BPMN / "waiting.bpmn").read_bytes()
    changed(folder, f"{BPMN}/waiting.bpmn", 'id="after" name="after"', 'id="after" name="そのあと"')
    releases.publish(town.city, folder)
    (folder / BPMN / "waiting.bpmn").write_bytes(body)
    releases.publish(town.city, folder)
    versions = [row.version for row in town.rows(store.release_process, store.release_process.c.process == "waiting")]
    assert versions == [1, 2, 1] and len(town.rows(store.release)) == 3


def test_a_changed_period_holds_for_waits_that_begin_later(town: SmallTown, folder: Path) -> None:
    changed(folder, f"{BPMN}/waiting.bpmn", "<bpmn:timeDuration>PT1H</bpmn:timeDuration>", "<bpmn:timeDuration>=settings.t_reply</bpmn:timeDuration>")
    releases.publish(town.city, folder)
    town.opens("waiting")
    changed(folder, SETTINGS, '"P1BD"', '"P3BD"')
    town.passes(minutes=1)
    releases.publish(town.city, folder)
    town.opens("waiting")
    assert [row.due_at.date() for row in town.rows(store.timer)] == [date(2026, 4, 6), date(2026, 4, 8)]  # 8:30 in Tokyo, of the 7th and the 9th
    assert len({row.closure for row in town.rows(store.instance)}) == 1  # the settings are no part of a closure


def test_of_two_releases_at_the_same_moment_the_later_one_holds(town: SmallTown, folder: Path) -> None:
    called = "定例の会議"
    for name in ("架空の月例会", "架空の水曜会", "架空の木曜会", "架空の月例会"):  # the clock stands still, and the last is known already
        changed(folder, SETTINGS, f'name = "{called}"', f'name = "{name}"')
        called = name
        releases.publish(town.city, folder)
        with town.city.store.reading() as c:
            assert town.city.organisation(c).meeting.name == name


def test_a_file_is_kept_once_however_many_releases_hold_it(town: SmallTown, folder: Path) -> None:
    changed(folder, "forms/schemas/A2.json", '"答え"', '"お答え"')
    releases.publish(town.city, folder)
    with town.city.store.reading() as c:
        count = c.scalar(sa.select(sa.func.count()).select_from(store.blob))
    assert count == len(releases.gather(folder)) + 1
