"""Amounts in kernel files: how they are rounded, written and read back.

Of memory the kernel counts pages. Each value is cut **down** to a page whatever its documentation
says (measured: 8191 reads 4096), so a guarantee is rounded up before it is written. v1 has no word
for "no limit": ``-1`` is written, and the largest number of whole pages is read.
"""

from typing import Final

from xmlresource.cgroup.hierarchy import Version
from xmlresource.tunables import Kind
from xmlresource.units import UNLIMITED, Amount, Unlimited

_LARGEST: Final = 2**63 - 1


def unlimited_number(page_size: int) -> int:
    """PAGE_COUNTER_MAX in bytes: what v1 reads for "no limit" (9223372036854771712 at 4 KiB)."""
    return _LARGEST // page_size * page_size


def magnitude(amount: Amount) -> int | float:
    """``amount`` as a number that compares exactly; infinite for ``UNLIMITED``."""
    return float("inf") if isinstance(amount, Unlimited) else amount


def from_number(number: int, page_size: int) -> Amount:
    """The amount that a number of v1 stands for.

    Raises:
        ValueError: It is negative and not -1, which v1 takes as "no limit".
    """
    if number == -1 or number >= unlimited_number(page_size):
        return UNLIMITED
    if number < 0:
        raise ValueError(f"{number} is no size")
    return number


def parse_value(text: str, page_size: int) -> Amount:
    """The amount that a limit file reads, of either version.

    Raises:
        ValueError: It is neither a number nor ``max``.
    """
    word = text.strip()
    return UNLIMITED if word == "max" else from_number(int(word), page_size)


def entry_of(text: str, entry: str) -> str:
    """The word of a kernel file for one of its values.

    Args:
        text: The file. Nested keyed (cgroup-v2.rst, "Format") are those of devices:
            ``254:0 rbps=1048576 wbps=max``. Or a line has one value: ``254:0 200``, and one line
            says what holds for others: ``default 100``.
        entry: The line's key, and the value's where it has several: ``254:0 rbps``. Without any it
            is the first word of the file.

    Returns:
        The word. A device that has no line has the file's default, or else no limit.
    """
    if not entry:
        return text.partition(" ")[0]
    line, _, name = entry.partition(" ")
    rows = dict(row.partition(" ")[::2] for row in text.splitlines())
    value = rows.get(line) or rows.get("default") or "max"
    if not name:
        return value
    return dict(pair.partition("=")[::2] for pair in value.split()).get(name, "max")


def format_value(amount: Amount, version: Version) -> str:
    """The text to write for ``amount``: decimal bytes (a leading 0 would make it octal)."""
    if isinstance(amount, Unlimited):
        return "-1" if version is Version.V1 else "max"
    return str(amount)


def rounded(amount: Amount, kind: Kind, page_size: int) -> Amount:
    """``amount`` in whole pages: a limit less than asked, a guarantee more."""
    if isinstance(amount, Unlimited):
        return amount
    if kind is Kind.GUARANTEE:
        amount = -(-amount // page_size) * page_size
    return from_number(amount // page_size * page_size, page_size)


def swap_alone(total: Amount, memory: Amount | None) -> Amount:
    """The swap that v2 may grant where ``total`` counts memory and swap, as v1 does.

    Raises:
        ValueError: ``total`` is a size and ``memory`` is not, or is more than ``total``.
    """
    if isinstance(total, Unlimited):
        return UNLIMITED
    if memory is None:
        raise ValueError("cgroup v2 limits swap alone, so a limit of memory is needed to take off")
    if isinstance(memory, Unlimited) or memory > total:
        raise ValueError("it counts memory and swap, so it can't be less than the memory alone")
    return total - memory
