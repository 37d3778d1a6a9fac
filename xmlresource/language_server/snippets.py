"""Text to insert, with places to fill in: as an editor's snippet, or as it is without."""

import re
from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

from xmlresource.record import record

_SPECIAL: Final = re.compile(r"[\\$}]")
_SPECIAL_IN_CHOICE: Final = re.compile(r"[\\$},|]")
_QUOTES: Final = {"'": "&apos;", '"': "&quot;"}
_MOST_CHOICES: Final = 30


@record
class Blank:
    """A place to fill in.

    Attributes:
        choices: What may stand there, the first by default; none where only the author knows.
    """

    choices: tuple[str, ...] = ()


def as_snippet(pieces: Sequence[str | Blank]) -> str:
    """The text in the syntax of snippets; the cursor ends behind it, or in the last blank."""
    written, count = [], 0
    for piece in pieces:
        if isinstance(piece, str):
            written.append(_SPECIAL.sub(r"\\\g<0>", piece))
            continue
        count += 1
        choices = piece.choices[:_MOST_CHOICES]
        if len(choices) > 1:
            shown = ",".join(_SPECIAL_IN_CHOICE.sub(r"\\\g<0>", one) for one in choices)
            written.append(f"${{{count}|{shown}|}}")
        else:
            default = _SPECIAL.sub(r"\\\g<0>", "".join(choices))
            written.append(f"${{{count}:{default}}}" if default else f"${count}")
    return "".join(written)


def as_plain_text(pieces: Sequence[str | Blank]) -> str:
    """The text with each blank filled in by default."""
    return "".join(
        piece if isinstance(piece, str) else "".join(piece.choices[:1]) for piece in pieces
    )


def quoted(choices: Sequence[str], quote: str) -> list[str | Blank]:
    """A value of an attribute, in quotes."""
    return [quote, Blank(tuple(escape(one, _QUOTES) for one in choices)), quote]


def content(choices: Sequence[str]) -> Blank:
    """The text of an element."""
    return Blank(tuple(map(escape, choices)))
