"""What a source's memory means as tunables."""

from collections.abc import Iterator
from fractions import Fraction
from math import ceil
from typing import Final

from xmlresource.formats.guest_attributes import MOST_PRIORITY
from xmlresource.interchange.allocation import Basis, SourceGuest, SourceValue, Unit
from xmlresource.interchange.outcomes import Fate, ValueOutcome
from xmlresource.interchange.wishes import OnRequest, Wishes
from xmlresource.overhead.estimate import CACHE_ROOM, Overhead
from xmlresource.overhead.subjects import LXC_TYPES
from xmlresource.tunables import PRIORITY
from xmlresource.units import KIB, LARGEST, Unlimited, approximate, format_amount

_MIB: Final = KIB * KIB
_USUAL_PRIORITY: Final = 100
_BALLOON: Final = (
    "a balloon may shrink the guest to it, and nothing reserves it at the start; taken as the "
    "guarantee with --take balloon"
)


def ram_of_guest(overhead: Overhead) -> int:
    """The RAM that a guest starts with, wherever it comes from."""
    ram = overhead.guest_ram
    return sum(part.size for part in (*ram.boot, *ram.devices))


def beyond_ram(overhead: Overhead) -> int:
    """What a guarantee of guest RAM needs on top: the overhead as expected, in whole MiB.

    A container has no RAM beside what is charged: its figures are all that there is.
    """
    if overhead.type in LXC_TYPES:
        return 0
    return -(-overhead.total.expected // _MIB) * _MIB


def above_limit(overhead: Overhead) -> int:
    """What a limit of guest RAM needs on top: the overhead at worst and room for page cache."""
    if overhead.type in LXC_TYPES:
        return 0
    return -(-(overhead.total.worst + CACHE_ROOM) // _MIB) * _MIB


class MemoryMeaning:
    """One source's memory, for one guest.

    Args:
        guest: The source.
        overhead: The overhead of the guest that the policy goes into.
        wishes: What the user said besides.
        is_plain: Whether that guest is only assumed.
    """

    def __init__(
        self, guest: SourceGuest, overhead: Overhead, wishes: Wishes, *, is_plain: bool
    ) -> None:
        self._guest = guest
        self._memory = guest.memory
        self._overhead = overhead
        self._take = wishes.take
        self._is_plain = is_plain
        self._ram = ram_of_guest(overhead)
        self._counts_ram = guest.basis is Basis.GUEST_RAM

    def outcomes(self) -> Iterator[ValueOutcome]:
        """What became of each value."""
        found = list(self._outcomes())
        yield from found
        weight = self._memory.weight
        if weight is not None:
            yield self._shares(
                weight, is_guaranteed=any(_sets(one, "min_guarantee") for one in found)
            )

    def notes(self) -> Iterator[str]:
        """What to know of the guest that is only assumed."""
        asks = self._memory.reservation is not None or self._memory.reserve_all is not None
        if self._is_plain and self._counts_ram and asks:
            yield (
                f"the overhead of {approximate(beyond_ram(self._overhead))} is that of a plain KVM "
                "guest of this size; --into takes that of the guest"
            )

    def _outcomes(self) -> Iterator[ValueOutcome]:
        memory = self._memory
        if memory.reserve_all is not None:
            yield self._all(memory.reserve_all)
        if memory.reservation is not None:
            yield self._reservation(memory.reservation)
        if memory.balloon_floor is not None:
            yield self._balloon(memory.balloon_floor)
        hard = None if memory.limit is None else self._limit(memory.limit)
        if hard is not None:
            yield hard
        if memory.soft_limit is not None:
            yield self._soft(memory.soft_limit)
        if memory.swap_limit is not None:
            yield self._swap(memory.swap_limit, hard)

    def _all(self, setting: SourceValue) -> ValueOutcome:
        if not self._ram:
            return lost(setting, "neither source nor guest says how much RAM there is")
        return self._guarantee(setting, self._ram, Fate.CONVERTED, "all RAM: ")

    def _reservation(self, setting: SourceValue) -> ValueOutcome:
        if self._memory.reserve_all is not None and self._ram:
            return idle(setting, f"{self._memory.reserve_all.name} reserves all RAM anyway")
        size = _size(setting)
        if isinstance(size, str):
            return _unsized(setting, size)
        if not size:
            return idle(setting, "0 reserves nothing")
        if not self._counts_ram:
            return _in_kib(setting, "min_guarantee", size)
        if self._ram and size > self._ram:
            why = f"it is more than the guest's RAM of {approximate(self._ram)}, so all RAM: "
            return self._guarantee(setting, self._ram, Fate.ROUNDED, why)
        return self._guarantee(setting, size, Fate.CONVERTED, "")

    def _balloon(self, setting: SourceValue) -> ValueOutcome:
        if OnRequest.BALLOON in self._take and self._memory.reservation is None:
            return self._reservation(setting)
        return lost(setting, _BALLOON)

    def _guarantee(self, setting: SourceValue, size: int, fate: Fate, why: str) -> ValueOutcome:
        """A guarantee of so much guest RAM, with the overhead."""
        overhead = beyond_ram(self._overhead)
        pools = min(size, self._overhead.hugepages)
        amount = -(-(size - pools + overhead) // KIB) * KIB
        minus = f" - {approximate(pools)} from hugepage pools" if pools else ""
        reason = f"{why}{approximate(size)}{minus} + {approximate(overhead)} overhead"
        if not overhead:
            fate = Fate.TAKEN if fate is Fate.CONVERTED and not pools else fate
        return _outcome(setting, fate, reason, "min_guarantee", amount)

    def _limit(self, setting: SourceValue) -> ValueOutcome:
        size = _size(setting)
        if isinstance(size, str):
            return _unsized(setting, size)
        if not size:
            return idle(setting, "a guest can't run within 0 bytes: it is no limit")
        if not self._counts_ram:
            return _in_kib(setting, "hard_limit", size)
        is_below = not self._ram or size < self._ram
        if not is_below and not self._memory.limit_binds:
            ram = approximate(self._ram)
            return idle(setting, f"it is not below the RAM of {ram}, and so without effect")
        if is_below and OnRequest.LIMITS not in self._take:
            of = f" of {approximate(self._ram)}" if self._ram else ""
            return lost(
                setting,
                f"it is below the RAM{of}, mostly by accident: the guest would swap or be killed; "
                "taken with --take limits",
            )
        above = above_limit(self._overhead)
        amount = (size - min(size, self._overhead.hugepages) + above) // KIB * KIB
        reason = f"{approximate(size)} + {approximate(above)} overhead at worst and page cache"
        return _outcome(setting, Fate.CONVERTED, reason, "hard_limit", amount)

    def _soft(self, setting: SourceValue) -> ValueOutcome:
        size = _size(setting)
        if isinstance(size, str):
            return _unsized(setting, size)
        if not size:
            return idle(setting, "0 protects nothing")
        reservation = self._memory.reservation
        least = _size(reservation) if reservation is not None else 0
        if isinstance(least, int) and size < least:
            return idle(setting, "it is below what is guaranteed, and so without effect")
        return _in_kib(setting, "soft_limit", size)

    def _swap(self, setting: SourceValue, hard: ValueOutcome | None) -> ValueOutcome:
        size = _size(setting)
        if isinstance(size, str):
            return _unsized(setting, size)
        limit = None if hard is None or hard.fate is Fate.DROPPED else hard.amount
        if not isinstance(limit, int):
            return lost(setting, "swap_hard_limit counts memory too, and that has no limit")
        amount = (limit + size) // KIB * KIB
        reason = f"{format_amount(limit)} of memory + {approximate(size)} of swap"
        return _outcome(setting, Fate.CONVERTED, reason, "swap_hard_limit", amount)

    def _shares(self, setting: SourceValue, *, is_guaranteed: bool) -> ValueOutcome:
        usual = self._memory.usual_weight
        number = setting.number
        if setting.is_default or number is None or not usual:
            return idle(setting, "it is the default, and nobody's decision")
        if OnRequest.MEMORY_SHARES not in self._take:
            return lost(
                setting,
                "KVM has no shares of memory; taken as the priority after a boot with "
                "--take memory-shares",
            )
        if not is_guaranteed:
            return lost(setting, "a priority is that of a guarantee, and there is none")
        priority = min(MOST_PRIORITY, round(_USUAL_PRIORITY * number / usual))
        reason = f"{_USUAL_PRIORITY} stands for the usual {float(usual):g} shares"
        return _outcome(setting, Fate.CONVERTED, reason, PRIORITY, priority)


def lost(setting: SourceValue, reason: str) -> ValueOutcome:
    """The outcome of a setting that meant something there and is not taken."""
    return ValueOutcome(
        setting.name, setting.written, setting.line, Fate.DROPPED, reason, is_loss=True
    )


def idle(setting: SourceValue, reason: str) -> ValueOutcome:
    """The outcome of a setting without any effect: nothing is lost with it."""
    return ValueOutcome(setting.name, setting.written, setting.line, Fate.DROPPED, reason)


def _unsized(setting: SourceValue, reason: str) -> ValueOutcome:
    return (idle if isinstance(setting.amount, Unlimited) else lost)(setting, reason)


def _sets(outcome: ValueOutcome, target: str) -> bool:
    return outcome.target == target and outcome.fate is not Fate.DROPPED


def _size(setting: SourceValue) -> int | str:
    """The bytes of a setting, or why it says none."""
    if isinstance(setting.amount, Unlimited):
        return "unlimited is what holds anyway"
    if setting.unit is not Unit.BYTE:
        return f"it is in {setting.unit.value}, which depends on the host"
    return ceil(setting.amount) if setting.amount < LARGEST else "no host has so much"


def _in_kib(setting: SourceValue, target: str, size: int) -> ValueOutcome:
    """A size taken as it is, in whole KiB: guarantees up, limits down."""
    is_guarantee = target == "min_guarantee"
    amount = (-(-size // KIB) if is_guarantee else size // KIB) * KIB
    if not amount:
        return idle(setting, "it is less than a KiB")
    if Fraction(amount) == setting.amount:
        return _outcome(setting, Fate.TAKEN, "", target, amount)
    return _outcome(setting, Fate.ROUNDED, "to whole KiB", target, amount)


def _outcome(
    setting: SourceValue,
    fate: Fate,
    reason: str,
    target: str | None = None,
    amount: int | None = None,
) -> ValueOutcome:
    return ValueOutcome(setting.name, setting.written, setting.line, fate, reason, target, amount)
