"""The priority of a guest: whose guarantee comes first while a host starts its guests.

It is an attribute of ``<memory>`` in the forms "resource" and "metadata", a whole number; a guest
without one has 0. libvirt's ``<memtune>`` has no place for it.
"""

from typing import Final

from xmlresource.tunables import PRIORITY

MOST: Final = 999
PATTERN: Final = "[0-9]{1,3}"
"""What it may look like, as the schemas have it."""

_DIGITS: Final = len(str(MOST))


def parse_priority(text: str) -> int | None:
    """The priority that an attribute says; ``None`` where it makes no sense."""
    if not (text.isascii() and text.isdigit()) or len(text) > _DIGITS:
        return None
    return int(text)


def check_priority(value: object) -> int | None:
    """``value`` where it can be a priority.

    Raises:
        ValueError: It can't.
    """
    if value is None:
        return None
    # To JSON 1.0 is a whole number as well; to Python, True is one too.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST:
        raise ValueError(f"{PRIORITY} is no whole number from 0 to {MOST}: {value!r}")
    return value
