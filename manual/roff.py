"""Text as a man page has it (man(7)), as far as the pages here need it."""

import os
import time
from collections.abc import Iterable
from textwrap import wrap
from typing import Final

import xmlresource

MANUAL: Final = "xmlresource"
WIDTH: Final = 79


def date() -> str:
    """The day of the build, or the one that a reproducible build is given."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return time.strftime("%Y-%m-%d", time.gmtime(None if epoch is None else int(epoch)))


def text(words: str) -> str:
    """Words that stand for themselves, whatever they begin with."""
    escaped = words.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


def header(name: str, section: int) -> str:
    """The first line of a page."""
    source = f"xmlresource {xmlresource.__version__}"
    return f'.TH "{text(name.upper())}" "{section}" "{date()}" "{source}" "{MANUAL}"'


def section(title: str, *lines: str) -> list[str]:
    """A section of lines that are roff already."""
    return [f".SH {title}", *lines]


def tagged(items: Iterable[tuple[str, str]]) -> list[str]:
    """A list of terms in bold, each with what it means."""
    lines = []
    for term, meaning in items:
        lines += [".TP", rf"\fB{text(term)}\fR", text(meaning)]
    return lines


def literal(lines: Iterable[str]) -> list[str]:
    """Lines as they are, indented: examples."""
    return [".nf", ".RS 4", *map(text, lines), ".RE", ".fi"]


def page(*parts: Iterable[str]) -> str:
    """The page that these parts make, its lines no longer than a reader of the source has room."""
    filled = True
    lines: list[str] = []
    for line in "\n".join(line for part in parts for line in part).split("\n"):
        filled = {".nf": False, ".fi": True}.get(line, filled)
        lines += _wrapped(line) if filled and not line.startswith(".") else [line]
    return "\n".join(lines) + "\n"


def _wrapped(line: str) -> list[str]:
    """A line of words in lines of which none begins with what roff takes for a request."""
    found = wrap(line, WIDTH - len(r"\&"), break_long_words=False, break_on_hyphens=False)
    return [rf"\&{each}" if each.startswith((".", "'")) else each for each in found]
