"""Whom work would reach: lanes without anybody, offices without their manager or head."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from engine import organisation
from engine.organisation import Organisation
from engine.staffing import Gaps, gaps

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def city() -> Organisation:
    found, problems = organisation.read(ROOT / "processes" / "organisation.toml")
    assert found is not None and problems == ()
    return found


def everybody(city: Organisation) -> Counter[str]:
    return Counter(city.groups)


def test_a_city_with_somebody_everywhere_has_no_gap(city: Organisation) -> None:
    assert gaps(city, everybody(city)) == Gaps((), (), (), (), ())


def test_a_city_with_nobody_has_nothing_but_gaps(city: Organisation) -> None:
    found = gaps(city, {})
    assert found.offices == tuple(city.offices)
    assert found.managers == found.heads == () and {group for _, group in found.lanes} <= city.groups
    assert found.lanes


def test_a_lane_whose_group_is_empty_is_named_with_its_group(city: Organisation) -> None:
    members = everybody(city)
    for lane, group in city.lanes.items():
        if group in city.groups:
            found = gaps(city, members - Counter([group]))
            assert (lane, group) in found.lanes


def test_a_lane_that_each_case_decides_is_no_gap_of_its_own(city: Organisation) -> None:
    computed = {lane for lane, group in city.lanes.items() if group not in city.groups}
    assert computed and computed.isdisjoint(lane for lane, _ in gaps(city, {}).lanes)


def test_an_office_without_its_manager_or_head_is_named_once_it_has_people(city: Organisation) -> None:
    office = next(iter(city.offices))
    alone = gaps(city, {office: 3})
    assert alone.managers == alone.heads == (office,) and office not in alone.offices
    led = gaps(city, {office: 3, f"{office}.head": 1})
    assert led.managers == (office,) and led.heads == ()
    assert gaps(city, {f"{office}.manager": 1}).managers == ()


def test_a_group_that_the_city_no_longer_knows_is_named_only_while_somebody_is_in_it(city: Organisation) -> None:
    assert gaps(city, {"closed_office": 2, "gone.head": 0}).unknown == ("closed_office",)
