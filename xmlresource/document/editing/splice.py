"""Replacing stretches of a text."""

from collections.abc import Iterable

from xmlresource.record import record


@record
class Splice:
    """Bytes ``start`` up to ``end`` of the document as UTF-8 are to become ``text``."""

    start: int
    end: int
    text: bytes


def spliced(text: bytes, splices: Iterable[Splice]) -> bytes:
    """``text`` with all splices made; those at one place in the order given.

    Raises:
        ValueError: Two overlap.
    """
    pieces: list[bytes] = []
    place = 0
    for splice in sorted(splices, key=lambda splice: (splice.start, splice.end)):
        if splice.start < place:
            raise ValueError(f"splices overlap at byte {splice.start}")
        pieces += (text[place : splice.start], splice.text)
        place = splice.end
    pieces.append(text[place:])
    return b"".join(pieces)
