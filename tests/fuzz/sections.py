"""Several inputs in one: parts with a line between them that mutation seldom breaks."""

from typing import Final

_LINE: Final = b"\n====\n"


def split(data: bytes, parts: int) -> tuple[bytes, ...]:
    """``data`` as so many parts; those that are not there are empty."""
    found = data.split(_LINE, parts - 1)
    return (*found, *[b""] * (parts - len(found)))


def join(*parts: bytes) -> bytes:
    """What :func:`split` takes apart."""
    return _LINE.join(parts)
