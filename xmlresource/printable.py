"""Text from outside, made fit for a message, a log line or a terminal.

Names in domain XML are written by tenants: what is not printable (control characters, line ends,
terminal sequences, directional overrides, stray surrogates) is shown as an escape.
"""

from typing import Final

LONGEST: Final = 48
"""Characters of a name that a message shows."""


def printable(text: str, longest: int = LONGEST) -> str:
    r"""``text`` escaped and cut to ``longest`` characters, the last of them then an ellipsis.

    >>> print(printable("db1\n\x1b[31m"))
    db1\n\x1b[31m
    """
    # Each character becomes one or more: cutting first keeps a hostile megabyte cheap.
    escaped = "".join(_escape(character) for character in text[: longest + 1])
    return escaped if len(escaped) <= longest else escaped[: longest - 1] + "…"


def one_line(text: str) -> str:
    r"""``text`` with what is not printable escaped, all on one line; quotes stay as they are.

    >>> print(one_line("unknown unit 'G\t'"))
    unknown unit 'G\t'
    """
    return "".join(map(_visible, text))


def _escape(character: str) -> str:
    if character in {"\\", "'"}:  # messages put names in single quotes
        return "\\" + character
    return _visible(character)


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")
