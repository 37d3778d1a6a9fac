"""Text from outside, made fit for a message, a log line or a terminal.

Names in domain XML are written by tenants: what is not printable (control characters, line ends,
terminal sequences, directional overrides, stray surrogates) is shown as an escape. So is what the
runners of CI services obey in a log: GitHub's ``::command::`` and ``##[command]``, Azure's
``##vso[command]``.
"""

from typing import Final

LONGEST: Final = 48
"""Characters of a name that a message shows."""

LONGEST_MESSAGE: Final = 200
"""Characters of a message, or of a hint."""

# A name, and the sign or two that messages put behind one.
_ENDLESS: Final = r"([^\s/]{48})[^\s/]+?([^\w\s]{0,2})(?=[\s/]|$)"


def printable(text: str, longest: int = LONGEST) -> str:
    r"""``text`` escaped and cut to ``longest`` characters, the last of them then an ellipsis.

    >>> print(printable("db1\n\x1b[31m"))
    db1\n\x1b[31m
    """
    # Each character becomes one or more: cutting first keeps a hostile megabyte cheap.
    escaped = _disarmed("".join(_escape(character) for character in text[: longest + 1]))
    return escaped if len(escaped) <= longest else escaped[: longest - 1] + "…"


def bounded(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """``text``, or what is left when endless words in it, and then its end, have been cut.

    >>> print(bounded("<" + 1000 * "a" + "> is not allowed"))
    <aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…> is not allowed
    """
    if len(text) <= longest:
        return text
    import re  # noqa: PLC0415 -- seldom needed, and the hook starts without it

    shorter = re.sub(_ENDLESS, r"\1…\2", text)
    return shorter if len(shorter) <= longest else shorter[: longest - 1] + "…"


def one_line(text: str) -> str:
    r"""``text`` with what is not printable escaped, all on one line; quotes stay as they are.

    >>> print(one_line("unknown unit 'G\t'"))
    unknown unit 'G\t'
    """
    return _disarmed("".join(map(_visible, text)))


def lines(text: str) -> str:
    r"""``text`` with what is not printable escaped, but for the ends of its lines.

    >>> print(lines("one\x1b[2J\ntwo"))
    one\x1b[2J
    two
    """
    return "\n".join(map(one_line, text.split("\n")))


def _disarmed(text: str) -> str:
    if text.lstrip().startswith("::"):
        text = text.replace(":", r"\x3a", 1)
    return text.replace("##", r"#\x23")


def _escape(character: str) -> str:
    if character in {"\\", "'"}:  # messages put names in single quotes
        return "\\" + character
    return _visible(character)


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")
