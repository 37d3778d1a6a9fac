"""Tables and lines on a terminal: they end between words, and lose none."""

from hypothesis import given
from hypothesis import strategies as st

from xmlresource.reports.layout.tables import fitted

words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
texts = st.lists(st.lists(words, max_size=20).map(" ".join), max_size=6)


@given(texts, st.integers(40, 120))
def test_no_word_is_broken_and_none_is_lost(lines: list[str], width: int) -> None:
    found = fitted("".join(f"{line}\n" for line in lines), width)
    assert found.split() == " ".join(lines).split()
    for line in found.splitlines():
        assert len(line) <= width or len(line.split()) == 1


def test_what_goes_on_is_indented_further() -> None:
    text = "  a line that is longer than forty characters, so that it goes on\n"
    first, second = fitted(text, 40).splitlines()
    assert first.startswith("  a line")
    assert second.startswith("      ")


def test_a_file_has_no_width() -> None:
    assert fitted("a " * 200, None) == "a " * 200
