"""What writers make of CPU time and IO: each format has words for some of it, told by tables."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from xmlresource.interchange.outcomes import Fate
from xmlresource.interchange.writers.exported import NO_LIMIT, ExportedValue
from xmlresource.model.cpu import CpuPolicy
from xmlresource.model.io import IoPolicy
from xmlresource.tunables.families import CPU, IO
from xmlresource.units import Amount, Unlimited

Words: TypeAlias = Mapping[str, Callable[[int], str]]
"""Of each tunable that a format has a word for, what makes it of an amount."""

REASONS: Final = {
    "cpu_soft_limit": "it holds only while others wait, and there is no word for that",
    "cpu_percentage": "how many CPUs it is depends on the host",
}
_NO_WORD: Final = "there is no word for it"
_OF_A_DEVICE: Final = "it is of one device of this host"


def processor_values(
    cpu: CpuPolicy, io: IoPolicy, words: Words, reasons: Mapping[str, str] = REASONS
) -> Iterator[ExportedValue]:
    """What becomes of each tunable of CPU time and IO that is set, in the table's order."""
    for name, amount in _said(cpu, io):
        if name not in words:
            reason = reasons.get(name, REASONS.get(name, _NO_WORD))
            yield ExportedValue(name, amount, Fate.DROPPED, reason=reason)
        elif isinstance(amount, Unlimited):
            yield ExportedValue(name, amount, Fate.TAKEN, reason=NO_LIMIT)
        else:
            yield ExportedValue(name, amount, Fate.TAKEN, words[name](amount))
    for device in io.devices:
        for row in IO:
            said: Amount | None = getattr(device, row.field) if row.per_device else None
            if said is not None:
                yield ExportedValue(row.key, said, Fate.DROPPED, reason=_OF_A_DEVICE)


def _said(cpu: CpuPolicy, io: IoPolicy) -> Iterator[tuple[str, Amount]]:
    for row in CPU:
        amount = getattr(cpu, row.field)
        if amount is not None:
            yield row.key, amount
    if io.share is not None:
        yield "io_share", io.share
