"""Invented processes, played in any order: the kernel does what an independent interpreter says, the same each time, and changes no spec."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fuzzing import Run, anatomy, fold
from oracle import LARGE, LEAVES, RACING, UPWARDS, WAITING, Block, Game, Invention

ROOT = Path(__file__).parents[2]
SIZE = 30  # blocks of a process, at most


def folded_elsewhere(numbers: list[int], size: int, hashes: str) -> list[str]:
    """The same runs in another process, whose sets come in another order and whose clock is years ahead."""
    here = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    environment = {**os.environ, "PYTHONPATH": here, "PYTHONHASHSEED": hashes}
    command = [sys.executable, str(Path(__file__).with_name("fuzzing.py")), str(size), *map(str, numbers)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_invented_processes_go_as_the_oracle_says(first: int) -> None:
    for number in range(first, first + 20):
        Run(number, SIZE).go()


def test_a_run_folded_again_in_another_process_gives_the_same_bytes() -> None:
    numbers = list(range(1000, 1012))
    assert fold(numbers, SIZE) == folded_elsewhere(numbers, SIZE, "4711")


def test_no_run_changes_the_specs_that_all_instances_share() -> None:
    for number in range(2000, 2010):
        run = Run(number, SIZE)
        before = anatomy(run.play.model)
        run.go()
        assert anatomy(run.play.model) == before


def test_a_changed_spec_would_be_noticed() -> None:
    run = Run(3, SIZE)
    before = anatomy(run.play.model)
    spec = run.play.model.specs["p"]
    spec.task_specs["p:p_e"].description = "changed"
    assert anatomy(run.play.model) != before


def test_the_oracle_and_the_kernel_are_told_apart_when_they_differ() -> None:
    run = Run(1, SIZE)
    run.game = Game(Block("scope", "other", [Block("task", "elsewhere")]))
    with pytest.raises(AssertionError):
        run.look()


def test_every_kind_of_block_and_event_is_invented() -> None:
    blocks = [block for number in range(150) for block in everything(Invention(random.Random(number), SIZE).whole)]
    assert {block.kind for block in blocks} == {*LEAVES, *LARGE, "scope"}
    assert {letter for block in blocks for letter in block.races} == {*RACING, "r"}
    of_boundaries = {(watch.kind, watch.interrupting) for block in blocks for watch in block.watches if block.kind != "scope"}
    of_scopes = {(watch.kind, watch.interrupting) for block in blocks for watch in block.watches if block.kind == "scope"}
    assert of_boundaries == of_scopes == {(kind, yes) for kind in (*WAITING, *UPWARDS) for yes in (True, False)} - {("error", False)}


def everything(block: Block) -> list[Block]:
    inside = [*block.parts, *(watch.leads_to for watch in block.watches)]
    return [block, *(each for part in inside for each in everything(part))]


@pytest.mark.deep
def test_very_many_invented_processes_go_as_the_oracle_says(seed: int, time_is_left: Callable[[], bool]) -> None:
    chance, runs, steps = random.Random(seed), 0, 0
    while time_is_left():
        numbers, size = [chance.getrandbits(48) for _ in range(15)], chance.choice((10, SIZE, 80))
        here = []
        for number in numbers:
            run = Run(number, size)
            before = anatomy(run.play.model)
            here.append(run.go().seen.hexdigest())
            assert anatomy(run.play.model) == before
            runs, steps = runs + 1, steps + run.steps
        assert here == folded_elsewhere(numbers, size, str(chance.randint(1, 4_000_000)))
    print(f"{runs} processes, {steps} steps")
    assert runs
