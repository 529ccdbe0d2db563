"""Every example of docs/feel.md is carried out: it gives what the page says, and no function is left out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
from feeling import Values

from engine.kernel.decisions import HitPolicy
from engine.kernel.feel import BUILT_IN, NOBODY, parse, parse_unary

PAGE = (Path(__file__).parents[2] / "docs" / "feel.md").read_text("utf-8")
CELLS = "## 判断の表のマス"
NAMES = "## 値の名前"


class Row(NamedTuple):
    """The code in the first cells of a row of a table; an empty cell is ""."""

    written: str
    then: str
    otherwise: str


def rows_under(heading: str) -> list[Row]:
    (section,) = (each for each in re.split(r"^(?=## )", PAGE, flags=re.MULTILINE) if each.startswith(heading))
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("| `")]
    return [Row(*(re.sub(r"^`|`$", "", cell) for cell in [*line, "", ""][:3])) for line in lines]


def examples() -> list[Row]:
    headings = re.findall(r"^## .*$", PAGE, flags=re.MULTILINE)
    return [row for heading in headings if "ヒットポリシー" not in heading and heading not in (CELLS, NAMES) for row in rows_under(heading)]


def names() -> dict[str, Any]:
    """What the page says is written in its forms."""
    said = re.search(r"```feel\n(.+?)```", PAGE, re.DOTALL)
    assert said is not None
    given = parse(said[1]).evaluate(NOBODY)
    assert isinstance(given, dict)
    return given


@pytest.mark.parametrize("row", examples(), ids=lambda row: row.written)
def test_an_example_gives_what_the_page_says(row: Row) -> None:
    given, wanted = parse(row.written).evaluate(Values(names())), parse(row.then).evaluate(NOBODY)
    assert (type(given), given) == (type(wanted), wanted)


@pytest.mark.parametrize("row", rows_under(CELLS), ids=lambda row: row.written)
def test_a_cell_is_hit_by_what_the_page_says(row: Row) -> None:
    cell = parse_unary(row.written)
    assert cell.matches(parse(row.then).evaluate(NOBODY), Values(names()))
    if row.otherwise:
        assert not cell.matches(parse(row.otherwise).evaluate(NOBODY), Values(names()))


def test_every_function_has_its_example() -> None:
    shown = {name for name in BUILT_IN for row in examples() if re.search(rf"(?<![\w ]){re.escape(name)}\(", row.written)}
    assert shown == BUILT_IN.keys()


def test_every_name_of_a_value_is_told() -> None:
    told = {(name, row.written) for row in rows_under(NAMES) for name in re.findall(r"[a-z ]+", row.then.replace("`", "")) if name.strip()}
    assert told == {(name, ", ".join(names)) for name, built_in in BUILT_IN.items() for names in built_in.parameters}


def test_every_hit_policy_is_told() -> None:
    told = [row.written for row in rows_under("## 判断の表の決まり")]
    assert sorted(told) == sorted(get_args(HitPolicy))
