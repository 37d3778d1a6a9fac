"""Bars: as long as they are to be, fuller with more, with their mark where it belongs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.reports.layout.bars import (
    ASCII,
    BLOCKS,
    PART_ASCII,
    PART_BLOCKS,
    BarStyle,
    PartStyle,
    bar,
    parted_bar,
)

widths = st.integers(1, 60)
sizes = st.integers(0, 2**44)
styles = st.sampled_from([BLOCKS, ASCII])


def filled(text: str, style: BarStyle) -> int:
    """In parts of a character."""
    steps = len(style.parts)
    return sum(
        steps if cell == style.full else style.parts.find(cell) if cell in style.parts else 0
        for cell in text
    )


@given(widths, sizes, sizes, sizes, styles)
def test_a_bar_has_its_width(width: int, whole: int, used: int, mark: int, style: BarStyle) -> None:
    text = bar(width, whole, used, mark, style)
    assert len(text) == width
    assert text.isprintable()
    assert text.count(style.mark) == bool(mark)


@given(widths, sizes, sizes, sizes, styles)
def test_more_is_never_less(width: int, whole: int, one: int, other: int, style: BarStyle) -> None:
    less, more = sorted((one, other))
    assert filled(bar(width, whole, less, 0, style), style) <= filled(
        bar(width, whole, more, 0, style), style
    )


@pytest.mark.parametrize(
    ("arguments", "drawn"),
    [
        ((10, 100, 0), "··········"),
        ((10, 100, 100), "██████████"),
        ((10, 100, 150), "██████████"),
        ((10, 100, 55), "█████▌····"),
        ((10, 100, 20, 50), "██···│····"),
        ((10, 100, 80, 50), "█████│██··"),
        ((10, 100, 0, 100), "·········│"),
        ((10, 0, 0), "··········"),
    ],
)
def test_examples(arguments: tuple[int, int, int], drawn: str) -> None:
    assert bar(*arguments) == drawn


def test_where_a_terminal_has_letters_alone() -> None:
    assert bar(10, 100, 55, 80, ASCII) == "#####...|."


@given(
    widths,
    st.lists(sizes, max_size=7),
    sizes,
    st.integers(-(2**44), 2**44),
    st.sampled_from([PART_BLOCKS, PART_ASCII]),
)
def test_a_bar_of_parts_has_its_width(
    width: int, taken: list[int], wanted: int, free: int, style: PartStyle
) -> None:
    text = parted_bar(width, taken, wanted, free, style)
    assert len(text) == width
    assert text.isprintable()
    assert (style.beyond in text) == (wanted > free)


@pytest.mark.parametrize(
    ("taken", "wanted", "free", "drawn"),
    [
        ([1, 2], 3, 7, "-==###...."),
        ([], 10, 10, "##########"),
        ([5], 7, 5, "-----####>"),
        ([8, 4], 1, -2, "------===>"),
        ([0, 5], 0, 5, "=====....."),
        ([], 0, 0, ".........."),
    ],
)
def test_parts_are_drawn_in_turn(taken: list[int], wanted: int, free: int, drawn: str) -> None:
    assert parted_bar(10, taken, wanted, free, PART_ASCII) == drawn
