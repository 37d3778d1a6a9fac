"""The memory protection and the weight that systemd's unit files give to a slice.

Pure: the text of a unit's file and of its drop-ins, in the order in which systemd reads them; the
last word on a property counts. The syntax is systemd.syntax(7)'s, the values are those that
config_parse_memory_limit() takes.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from xmlresource.units import UNLIMITED, Amount

PROPERTIES: Final = {"MemoryMin": "memory.min", "MemoryLow": "memory.low"}
"""The properties that protect, with the kernel's file of each."""

_SECTION: Final = "[Slice]"
_POWERS: Final = {suffix: 10 * power for power, suffix in enumerate(("", "K", "M", "G", "T", "P"))}
_SIZE: Final = r"(\d{1,19})(?:\.(\d{1,6}))?\s*([KMGTP]?)B?"
_SHARE: Final = r"(\d{1,3})(?:\.(\d{1,2}))?%"


def protection(texts: Iterable[str], memory: int, page_size: int) -> dict[str, Amount]:
    """The protection by kernel file, in whole pages, without files that no unit file sets.

    Args:
        texts: The files, in order.
        memory: All memory of the machine, which a value in percent is a part of.
        page_size: The kernel's page.

    Raises:
        ValueError: A value makes no sense.
    """
    found: dict[str, Amount] = {}
    for text in texts:
        for name, value in _assignments(text):
            if name in PROPERTIES:
                found[PROPERTIES[name]] = _amount(value, memory, page_size)
    return found


def weight(texts: Iterable[str], name: str) -> int | None:
    """The weight that a property gives; ``None`` where no unit file sets it.

    Args:
        texts: The files, in order.
        name: ``CPUWeight``, or ``CPUShares``.

    Raises:
        ValueError: A value makes no sense.
    """
    found: int | None = None
    for text in texts:
        for assigned, value in _assignments(text):
            if assigned == name:
                # "idle" is the least there is; an empty value takes back what was set before.
                found = int(value) if value not in {"", "idle"} else 1 if value else None
    return found


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    """The assignments in the slice's section; a backslash at its end continues a line."""
    section = ""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        stripped = line.strip()
        if stripped.startswith("["):
            section = stripped
        elif section == _SECTION and not stripped.startswith(("#", ";")):
            name, equals, value = stripped.partition("=")
            if equals:
                yield name.rstrip(), value.lstrip()


def _amount(value: str, memory: int, page_size: int) -> Amount:
    if value == "infinity":
        return UNLIMITED
    if share := re.fullmatch(_SHARE, value, re.ASCII):
        hundredths = int(share[1]) * 100 + int((share[2] or "").ljust(2, "0"))
        return memory // page_size * hundredths // 10_000 * page_size
    if size := re.fullmatch(_SIZE, value, re.ASCII):
        digits, fraction, suffix = size[1], size[2] or "", size[3]
        scale: int = 10 ** len(fraction)
        return (int(digits + fraction) << _POWERS[suffix]) // scale // page_size * page_size
    if not value:
        return 0  # an empty value takes back what was set before
    raise ValueError(f"{value!r} is no size")
