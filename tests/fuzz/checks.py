"""What no output may hold, whatever the input was."""

from xmlresource.printable import one_line


def assert_lines_are_printable(text: str) -> None:
    """Each line is made of what a terminal shows and does not obey."""
    for line in text.split("\n"):
        assert line.isprintable(), ascii(line)


def assert_says_something(error: Exception) -> None:
    """A reason in words, fit to be shown on one line."""
    assert str(error)
    assert_is_one_line(one_line(str(error)))


def assert_is_one_line(text: str) -> None:
    assert text.isprintable(), ascii(text)
