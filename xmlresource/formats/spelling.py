"""The spelling of an amount in XML: a number and a unit."""

from typing import Final

from xmlresource.record import record
from xmlresource.units import (
    KIB,
    LARGEST,
    UNLIMITED_KIB,
    Amount,
    SizeError,
    Unlimited,
    parse_size,
    split_size,
    unit_factor,
)

# From this unit on, a size that only rounding makes right (3 GB is not a whole number of KiB) is
# what its author wrote, and not a coincidence.
_ROUNDED_FROM: Final = 10**6


@record
class Spelling:
    """A number and the value of ``unit``; ``None`` for no such attribute, which means KiB."""

    value: str
    unit: str | None

    @property
    def amount(self) -> Amount:
        """The amount that the spelling means.

        Raises:
            SizeError: Nothing.
        """
        return parse_size(self.value, self.unit)


def spell(amount: Amount) -> Spelling:
    """The shortest exact spelling; libvirt's sentinel for "unlimited"."""
    if isinstance(amount, Unlimited):
        return Spelling(str(UNLIMITED_KIB), "KiB")
    number, unit = split_size(amount) if amount else (0, "KiB")
    return Spelling(str(number), unit)


def spell_in(amount: Amount, unit: str | None) -> Spelling | None:
    """The exact spelling in ``unit``; ``None`` where there is none, or the unit is not known."""
    size = LARGEST if isinstance(amount, Unlimited) else amount
    try:
        factor = unit_factor(unit)
        number, rest = divmod(size, factor)
        spelling = Spelling(str(number), unit)
        if rest == 0 or (factor >= _ROUNDED_FROM and spelling.amount == amount):
            return spelling
    except SizeError:
        pass
    return None


def settled(name: str, amount: Amount, *, guarantee: bool) -> Amount | None:
    """The amount as a document can hold it: whole KiB, rounded up as libvirt does.

    Args:
        name: The tunable, for messages.
        amount: The amount.
        guarantee: Whether the tunable is a guarantee, of which 0 means none.

    Raises:
        ValueError: No document can hold it.
    """
    if isinstance(amount, Unlimited):
        if guarantee:
            raise ValueError(f"{name} can't be unlimited: no host can promise memory without bound")
        return amount
    rounded = -(-amount // KIB) * KIB
    if rounded >= LARGEST:
        raise ValueError(f"{name} is more than libvirt can hold ({UNLIMITED_KIB - 1} KiB)")
    return None if guarantee and not rounded else rounded
