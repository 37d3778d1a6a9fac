"""Lines for a terminal."""

from hypothesis import given
from hypothesis import strategies as st

from xmlresource.reports.layout.style import Style

WORDS = st.lists(st.sampled_from(["a", "path/to/a-file", "::error", "word" * 5]), min_size=1)


@given(words=WORDS, width=st.integers(40, 80))
def test_lines_end_between_words_and_none_begins_as_a_command(words: list[str], width: int) -> None:
    text = " ".join(words)
    lines = Style(width).wrapped(text, "    ")
    assert " ".join(line.strip() for line in lines) == text
    assert not any(line.lstrip().startswith("::") for line in lines[1:])
    longest = max((len(piece) for piece in text.replace(" ::", "_::").split()), default=0)
    assert all(len(line) <= max(width, longest + 4) for line in lines)


def test_a_number_keeps_its_unit() -> None:
    text = "it asks for a guarantee of 16 GiB, and 100 % of 2 CPUs, and 4 KiB, and 12 bytes"
    for width in range(40, 80):
        lines = Style(width).wrapped(text, "")
        assert " ".join(lines) == text
        assert [line for line in lines if line[0] in "GC%K"] == []
        assert not any(line.startswith("bytes") for line in lines)
