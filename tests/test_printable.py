import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

import xmlresource.printable
from xmlresource.printable import LONGEST, lines, one_line, printable


def test_examples_in_the_documentation() -> None:
    assert doctest.testmod(xmlresource.printable).failed == 0


def test_plain_names_stay() -> None:
    assert printable("db-1.Größe 東京") == "db-1.Größe 東京"


def test_quotes_and_backslashes_cannot_end_a_quotation() -> None:
    assert printable("a' \\") == "a\\' \\\\"


def test_terminal_sequences_lines_and_overrides_are_escaped() -> None:
    assert printable("\x1b]0;x\x07\r\n\u202e\udc80") == "\\x1b]0;x\\x07\\r\\n\\u202e\\udc80"


@given(st.text(st.characters(exclude_categories=())), st.integers(1, 100))
def test_always_short_and_printable(text: str, longest: int) -> None:
    shown = printable(text, longest)
    assert len(shown) <= longest
    assert shown.isprintable()


def test_a_hostile_name_is_cut() -> None:
    assert len(printable("x" * 10_000_000)) == LONGEST


@pytest.mark.parametrize("text", ["::error::x", "  ::add-mask::x", "a ##[set-output]b", "##vso[x]"])
def test_what_runners_of_ci_obey_is_escaped(text: str) -> None:
    for shown in (one_line(text), printable(text), lines(text)):
        assert not shown.lstrip().startswith("::")
        assert "##" not in shown
