"""A drop-in for the systemd slice of a guest: its figures are a cgroup's, as ours are.

A guest's own scope is made anew at each start, so that no drop-in of it lasts. A slice lasts: give
the guest a partition of its own (``<resource><partition>/machine/web</partition>``), and put the
file into ``machine-web.slice.d``.
"""

from typing import Final

from xmlresource.formats.quantities import decimal
from xmlresource.interchange.outcomes import Fate
from xmlresource.interchange.writers.exported import Exported, ExportedValue, without_attributes
from xmlresource.interchange.writers.processor_words import Words, processor_values
from xmlresource.model.cpu import CpuPolicy
from xmlresource.model.domain import Domain
from xmlresource.model.io import IoPolicy
from xmlresource.model.policy import MemoryPolicy
from xmlresource.printable import printable
from xmlresource.units import KIB, Amount, Unlimited

_NAMES: Final = {
    "hard_limit": "MemoryMax",
    "soft_limit": "MemoryLow",
    "min_guarantee": "MemoryMin",
}
_SUFFIXES: Final = "KMGT"
_WORDS: Final[Words] = {
    "cpu_hard_limit": lambda amount: f"CPUQuota={decimal(100 * amount)}%",
    "cpu_share": lambda amount: f"CPUWeight={amount}",
    "io_share": lambda amount: f"IOWeight={amount}",
}
_REASONS: Final = {"cpu_min_guarantee": "a weight alone guarantees no CPU time"}
_NO_CPU: Final = CpuPolicy()
_NO_IO: Final = IoPolicy()


def write_drop_in(
    policy: MemoryPolicy,
    domain: Domain | None,
    cpu: CpuPolicy = _NO_CPU,
    io: IoPolicy = _NO_IO,
) -> Exported:
    """The drop-in of a guest.

    Args:
        policy: Its policy of memory.
        domain: Its definition; ``None`` where there is only the policy.
        cpu: Its policy of CPU time.
        io: Its policy of IO.
    """
    lines = [f"# Guest: {printable(domain.name)}"] if domain is not None and domain.name else []
    lines.append("[Slice]")
    values = [_value(name, amount, policy) for name, amount in policy.items()]
    values += processor_values(cpu, io, _WORDS, _REASONS)
    lines += [value.written for value in values if value.written]
    return Exported("".join(f"{line}\n" for line in lines), (*values, *without_attributes(policy)))


def _value(name: str, amount: Amount, policy: MemoryPolicy) -> ExportedValue:
    if name in _NAMES:
        return ExportedValue(name, amount, Fate.TAKEN, f"{_NAMES[name]}={_size(amount)}")
    if name != "swap_hard_limit":
        return ExportedValue(name, amount, Fate.DROPPED, reason="systemd has no word for it")
    if isinstance(amount, Unlimited):
        return ExportedValue(name, amount, Fate.TAKEN, "MemorySwapMax=infinity")
    hard = policy.hard_limit
    if not isinstance(hard, int):
        reason = "systemd counts swap alone, and without a hard_limit that can't be told"
        return ExportedValue(name, amount, Fate.DROPPED, reason=reason)
    written = f"MemorySwapMax={_size(max(amount - hard, 0))}"
    return ExportedValue(name, amount, Fate.CONVERTED, written, "it less hard_limit: swap alone")


def _size(amount: Amount) -> str:
    """The shortest exact size that systemd reads."""
    if isinstance(amount, Unlimited):
        return "infinity"
    for power in range(len(_SUFFIXES), 0, -1):
        number, rest = divmod(amount, KIB**power)
        if number and not rest:
            return f"{number}{_SUFFIXES[power - 1]}"
    return str(amount)
