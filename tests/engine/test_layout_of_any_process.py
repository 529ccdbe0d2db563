"""Whatever process is drawn, the diagram keeps its promises."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from drawn_diagram import DrawnDiagram, without_diagram
from hypothesis import given, settings
from hypothesis import strategies as st
from sketched_process import random_process

from engine.layout import tidy


def assert_promises_are_kept(xml: bytes) -> None:
    tidied = tidy(xml)
    diagram = DrawnDiagram(tidied)
    assert set(diagram.shapes) == diagram.should_be_drawn()
    assert set(diagram.routes) == {flow.get("id") for flow in diagram.flows()}
    assert not list(diagram.overlapping_nodes())
    assert not list(diagram.nodes_outside_their_lane())
    assert not list(diagram.nodes_outside_their_sub_process())
    assert not list(diagram.slanting_flows())
    assert not list(diagram.loose_flows())
    assert not list(diagram.flows_through_nodes())
    assert not list(diagram.names_on_nodes())
    assert tidy(tidied) == tidied
    assert without_diagram(tidied) == without_diagram(xml)


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_nodes_and_flows_of_any_process_stay_clear_of_each_other(number: int) -> None:
    assert_promises_are_kept(random_process(Random(number)))


@pytest.mark.deep
def test_nodes_and_flows_of_very_many_processes_stay_clear_of_each_other(seed: int, time_is_left: Callable[[], bool]) -> None:
    number = 0
    while time_is_left():
        assert_promises_are_kept(random_process(Random(seed + number)))
        number += 1
