"""What a writer makes of a guest, and what becomes of each of its tunables."""

from collections.abc import Iterator
from typing import Final

from xmlresource.formats.guest_attributes import ROWS
from xmlresource.interchange.memory_meaning import above_limit, beyond_ram, ram_of_guest
from xmlresource.interchange.outcomes import Fate
from xmlresource.model.domain import Domain
from xmlresource.model.policy import MemoryPolicy
from xmlresource.overhead import estimate
from xmlresource.record import record
from xmlresource.units import Amount, Unlimited, approximate, format_amount

NO_LIMIT: Final = "no limit is said by leaving it out"


@record
class ExportedValue:
    """What became of one tunable.

    Attributes:
        tunable: Its name.
        amount: Its amount.
        fate: What became of it.
        written: What says it there; empty for nothing.
        reason: Why, without the final stop; of a converted one the calculation.
    """

    tunable: str
    amount: Amount
    fate: Fate
    written: str = ""
    reason: str = ""


@record
class Exported:
    """A guest's policy for another system.

    Attributes:
        text: The document.
        values: What became of each tunable that is set, in the table's order.
    """

    text: str
    values: tuple[ExportedValue, ...]


@record
class RamFigures:
    """A policy's figures of guest RAM, for systems that add their overhead themselves.

    Attributes:
        ram: The guest's RAM.
        reservation: The RAM that is reserved; ``None`` for none.
        limit: The most RAM; ``None`` for no limit.
        values: What became of each tunable.
    """

    ram: int
    reservation: int | None
    limit: int | None
    values: tuple[ExportedValue, ...]


@record
class _Figure:
    """One figure of guest RAM, and what became of the tunable that it comes from."""

    size: int | None
    value: ExportedValue


def ram_figures(
    policy: MemoryPolicy, domain: Domain, names: tuple[str, str], step: int, *, limit_binds: bool
) -> RamFigures:
    """The policy without the overhead of its guest: the reverse of what an import adds.

    Args:
        policy: The policy.
        domain: The guest.
        names: What says the reservation and the limit there.
        step: The bytes of which a figure is a multiple; reservations are rounded up to it.
        limit_binds: Whether a limit that is not below the RAM has an effect there.
    """
    overhead = estimate(domain)
    ram, pools = ram_of_guest(overhead), overhead.hugepages
    values: list[ExportedValue] = []
    reservation = limit = None
    for name, amount in policy.items():
        if isinstance(amount, Unlimited):
            values.append(ExportedValue(name, amount, Fate.TAKEN, reason=NO_LIMIT))
        elif name == "min_guarantee":
            less = beyond_ram(overhead)
            found = _reservation(amount, amount - less + pools, ram, step, names[0])
            reservation = found.size
            values.append(found.value)
        elif name == "hard_limit":
            size = amount - above_limit(overhead) + pools
            found = _limit(amount, size, ram, step, names[1], limit_binds=limit_binds)
            limit = found.size
            values.append(found.value)
        else:
            values.append(ExportedValue(name, amount, Fate.DROPPED, reason="it has no word for it"))
    return RamFigures(ram, reservation, limit, (*values, *without_attributes(policy)))


def without_attributes(policy: MemoryPolicy) -> Iterator[ExportedValue]:
    """The priority and the balance, which are ours alone."""
    for name, value in policy.attributes():
        yield ExportedValue(name, value, Fate.DROPPED, reason=ROWS[name].of_ours)


def _reservation(amount: int, size: int, ram: int, step: int, name: str) -> _Figure:
    if size <= 0:
        reason = "it is less than the guest's overhead, which the other system adds itself"
        return _Figure(None, ExportedValue("min_guarantee", amount, Fate.DROPPED, reason=reason))
    kept = min(-(-size // step) * step, ram)
    overhead = approximate(amount - size) if amount > size else "what hugepage pools give"
    reason = f"without {overhead} of overhead, which the other system adds itself"
    fate = Fate.CONVERTED if kept == size else Fate.ROUNDED
    if kept < size:
        reason = f"no more than the RAM of {approximate(ram)} can be reserved there"
    return _Figure(kept, ExportedValue("min_guarantee", amount, fate, _told(name, kept), reason))


def _limit(amount: int, size: int, ram: int, step: int, name: str, *, limit_binds: bool) -> _Figure:
    kept = size // step * step
    if kept <= 0:
        reason = "it is less than the guest's overhead, which the other system does not count"
        return _Figure(None, ExportedValue("hard_limit", amount, Fate.DROPPED, reason=reason))
    if kept >= ram and not limit_binds:
        reason = "it is not below RAM and overhead, and the other system limits nothing else"
        return _Figure(None, ExportedValue("hard_limit", amount, Fate.DROPPED, reason=reason))
    fate = Fate.CONVERTED if kept == size else Fate.ROUNDED
    reason = "without overhead, which the other system does not count"
    return _Figure(kept, ExportedValue("hard_limit", amount, fate, _told(name, kept), reason))


def _told(name: str, size: int) -> str:
    return f"{name} {format_amount(size)}"
