"""The line of a finding with what is at fault marked below it."""

from typing import Final

from xmlresource.diagnostics import Span

WIDEST: Final = 100
"""Characters of a line that are shown."""

_LEAD: Final = 20


def excerpt(line: str, span: Span) -> list[str]:
    """Two lines: the source line, and a caret with tildes below the span.

    Control characters and what is wider or narrower than a column become one column each, so that
    nothing reaches the terminal as a command and the caret stands right.
    """
    first = max(span.column - 1, 0)
    last = span.end_column - 1 if span.end_line == span.line else len(line)
    cut = max(first - _LEAD, 0) if len(line) > WIDEST else 0
    shown = line[cut : cut + WIDEST]
    width = max(min(last, cut + len(shown)) - first, 1)
    number = str(span.line)
    gutter = " " * len(number)
    before, after = "…" if cut else "", "…" if cut + WIDEST < len(line) else ""
    return [
        f"  {number} | {before}{_columns(shown)}{after}",
        f"  {gutter} | {' ' * (len(before) + first - cut)}^{'~' * (width - 1)}",
    ]


def _columns(text: str) -> str:
    """``text`` with a column for each character."""
    text = text.replace("##", "#·")  # which a runner of CI would obey
    if text.isprintable() and text.isascii():
        return text
    from unicodedata import combining, east_asian_width  # noqa: PLC0415 -- seldom needed

    return "".join(
        " "
        if character == "\t"
        else character
        if character.isprintable()
        and not combining(character)
        and east_asian_width(character) not in {"W", "F"}
        else "·"
        for character in text
    )
