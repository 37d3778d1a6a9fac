"""Blanks in values: found, trimmed, collapsed (XML Schema Part 2, 4.3.6)."""

from __future__ import annotations

import re

BLANKS = " \t\n\r"

_BLANK_RUN = re.compile(f"[{BLANKS}]+")


def collapse(text: str) -> str:
    """Return the text without blanks around it and with single spaces inside."""
    if text.isascii():  # the other blanks that split() knows in ASCII are not allowed in XML
        return " ".join(text.split())
    return _BLANK_RUN.sub(" ", text).strip(" ")


def is_blank(text: str) -> bool:
    """Tell whether the text has nothing but the blanks of XML (a no-break space is none)."""
    return not text.strip(BLANKS)


def has_blanks_around(text: str) -> bool:
    """Tell whether the text begins or ends with a blank."""
    return text[:1] in BLANKS or text[-1:] in BLANKS if text else False
