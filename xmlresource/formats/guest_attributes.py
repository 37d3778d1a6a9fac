"""What ``<memory>`` says of a guest in attributes, beside its tunables: a row for each.

The ``priority`` is whose guarantee comes first while a host starts its guests, a whole number; a
guest without one has 0. ``balance`` is whether the balancing service may move the guest's memory.
They stand in the forms "resource" and "metadata"; libvirt's ``<memtune>`` has no place for them.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from xmlresource.record import record
from xmlresource.tunables import BALANCE, PRIORITY

MOST_PRIORITY: Final = 999
PRIORITY_PATTERN: Final = "[0-9]{1,3}"
"""What it may look like, as the schemas have it."""

Said: TypeAlias = int | bool
"""What an attribute says."""

_DIGITS: Final = len(str(MOST_PRIORITY))
_BALANCE: Final = {"yes": True, "no": False}


def _parsed_priority(text: str) -> Said | None:
    if not (text.isascii() and text.isdigit()) or len(text) > _DIGITS:
        return None
    return int(text)


def _checked_priority(value: object) -> Said | None:
    # To JSON 1.0 is a whole number as well; to Python, True is one too.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_PRIORITY:
        return None
    return value


def _checked_balance(value: object) -> Said | None:
    return value if isinstance(value, bool) else None


def _written_balance(value: Said) -> str:
    return "yes" if value else "no"


@record
class GuestAttribute:
    """A row: an attribute, and how it is read and written.

    Attributes:
        parse: What a text says; ``None`` where it makes no sense.
        check: A value as it is kept; ``None`` where it is none.
        write: A value as text.
        wrong: What is wrong with any other text, after the attribute's name.
        cure: What to write instead.
        of_ours: Why no other system has a word for it.
    """

    parse: Callable[[str], Said | None]
    check: Callable[[object], Said | None]
    write: Callable[[Said], str]
    wrong: str
    cure: str
    of_ours: str


ROWS: Final[Mapping[str, GuestAttribute]] = {
    PRIORITY: GuestAttribute(
        _parsed_priority,
        _checked_priority,
        str,
        f"is no whole number from 0 to {MOST_PRIORITY}",
        f"write a whole number from 0 to {MOST_PRIORITY}",
        "which guest comes first after a boot is said here alone",
    ),
    BALANCE: GuestAttribute(
        _BALANCE.get,
        _checked_balance,
        _written_balance,
        "is neither yes nor no",
        "write yes or no",
        "whether memory may move by itself is said here alone",
    ),
}
"""All of them, by name, in the order of the policy's fields."""


def check_attribute(name: str, value: object) -> Said | None:
    """``value`` where the attribute can say it.

    Raises:
        ValueError: It can't.
    """
    if value is None:
        return None
    found = ROWS[name].check(value)
    if found is None:
        raise ValueError(f"{name} {ROWS[name].wrong}: {value!r}")
    return found


def written_attributes(said: Mapping[str, Said]) -> tuple[tuple[str, str], ...]:
    """Names and texts of what is said, in the order of the rows."""
    return tuple((name, row.write(said[name])) for name, row in ROWS.items() if name in said)
