"""Names are foretold as bpmn-js wraps them, and get boxes in which they break between phrases."""

from __future__ import annotations

import pytest

from engine.layout.text import fit, fit_task, ugliness, width_of, wrap


def test_a_full_width_character_is_as_wide_as_the_letters_are_high() -> None:
    assert width_of("受理", 14) == 28
    assert 0 < width_of("G2", 14) < 28


def test_a_text_that_fits_stays_on_one_line() -> None:
    assert wrap("受け止める", 80, 15) == ("受け止める",)


def test_a_long_text_is_cut_by_its_length_and_nothing_is_lost() -> None:
    lines = wrap("多機関協働の依頼を書く", 99, 15)
    assert lines == ("多機関協働の", "依頼を書く")


def test_a_text_with_a_space_is_cut_there() -> None:
    assert [line.strip() for line in wrap("G2 どう受け止めるか", 121, 14)] == ["G2", "どう受け止めるか"]


def test_line_breaks_of_the_author_are_kept() -> None:
    assert wrap("① 受け止め\n依頼が届いてから", 300, 15) == ("① 受け止め", "依頼が届いてから")


def test_a_single_character_too_wide_for_its_box_ends_the_cutting() -> None:
    assert wrap("受理", 5, 15) == ("受", "理")


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (("支援会議の手続へ", "引き継ぐ"), ("支援会議の手続", "へ引き継ぐ")),
        (("終結・伴走・", "中断"), ("終結・伴走", "・中断")),
        (("中断(再開の", "条件つき)"), ("中断(", "再開の条件つき)")),
        (("つながったかを", "確かめる"), ("つながったかを確", "かめる")),
        (("アウトリーチの", "支援"), ("アウトリ", "ーチの支援")),
        (("本人に", "説明する"), ("本人に説", "明する")),
        (("決定を", "知らせる"), ("決定を知らせ", "る")),
    ],
)
def test_a_break_between_phrases_is_better_than_one_inside(good: tuple[str, ...], bad: tuple[str, ...]) -> None:
    assert ugliness(good) < ugliness(bad)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("支援会議の手続へ引き継ぐ", ("支援会議の手続へ", "引き継ぐ")),
        ("同意を確かめて記録する", ("同意を確かめて", "記録する")),
        ("マネージャーが協議して決める", ("マネージャーが", "協議して決める")),
        ("つなぐ", ("つなぐ",)),
    ],
)
def test_the_box_of_a_task_is_chosen_so_that_its_name_breaks_well(name: str, lines: tuple[str, ...]) -> None:
    assert fit_task(name).lines == lines
    assert wrap(name, fit_task(name).width - 14, 15) == lines


@pytest.mark.parametrize("name", ["情報を共有してよい人がいるか", "7開庁日回答がない", "つながった・本人が断った", "A" * 60, "、" * 20])
def test_a_name_stands_in_its_box_exactly_as_foretold(name: str) -> None:
    box = fit(name, 14, 8)
    assert wrap(name, box.width, 14) == box.lines
    assert max(width_of(line.strip(), 14) for line in box.lines) <= box.width
    assert box.height(14) >= len(box.lines) * 14
