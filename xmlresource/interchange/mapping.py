"""What a source's allocations mean as tunables: meaning, not numbers.

The point where a naive import is wrong is memory. VMware, Hyper-V, Xen and oVirt reserve *guest
RAM* and add their own overhead themselves; our guarantee is about all that is charged to the
guest's cgroup. So the overhead of the guest that the policy goes into comes on top. A cgroup's
figures (systemd's, and CIM's of ours) mean the same as ours, and are taken as they are.

Each value of the source has one outcome; none is left out in silence.
"""

from collections.abc import Iterator
from typing import Final

from xmlresource.admission.pinning import pinned_by
from xmlresource.interchange.allocation import Basis, LeftOut, SourceGuest
from xmlresource.interchange.memory_meaning import MemoryMeaning
from xmlresource.interchange.outcomes import Fate, Targets, ValueOutcome, targets_of
from xmlresource.interchange.processor_meaning import processor_outcomes
from xmlresource.interchange.storage_meaning import storage_outcomes
from xmlresource.interchange.wishes import Wishes
from xmlresource.model.domain import Domain
from xmlresource.overhead import estimate
from xmlresource.record import record
from xmlresource.units import approximate

_LOCKED_ADVICE: Final = (
    "the source reserves all memory, and the guest has passed-through devices, which pin it "
    "anyway: <memoryBacking><locked/></memoryBacking> says so"
)


@record
class Mapped:
    """What a source's policy is here.

    Attributes:
        guest: The source.
        outcomes: What became of each value, in the order of the source's lines.
        notes: What else to know, a sentence each.
    """

    guest: SourceGuest
    outcomes: tuple[ValueOutcome, ...]
    notes: tuple[str, ...] = ()

    @property
    def targets(self) -> Targets:
        """The tunables to set."""
        return targets_of(self.outcomes)


def mapped(guest: SourceGuest, into: Domain | None, wishes: Wishes) -> Mapped:
    """What a source's allocations mean for the guest that they go into.

    Args:
        guest: The source.
        into: The guest; ``None`` for a plain one of the source's size.
        wishes: What the user said besides.
    """
    domain = into if into is not None else plain_guest(guest)
    overhead = estimate(domain)
    memory = MemoryMeaning(guest, overhead, wishes, is_plain=into is None)
    outcomes = [
        *memory.outcomes(),
        *processor_outcomes(guest.processor, domain.vcpus, wishes),
        *storage_outcomes(guest.storage),
        *map(_left_out, guest.left_out),
    ]
    outcomes.sort(key=lambda one: one.line)
    notes = (*guest.notes, *memory.notes(), *_advice(guest, into))
    return Mapped(guest, tuple(outcomes), notes)


def plain_guest(guest: SourceGuest) -> Domain:
    """A guest of the source's size with nothing special about it."""
    return Domain(
        name=guest.name,
        type="kvm",
        memory=guest.ram,
        vcpus=guest.vcpus,
        architecture="x86_64",
        machine="q35",
    )


def _left_out(one: LeftOut) -> ValueOutcome:
    return ValueOutcome(
        one.name, one.written, one.line, Fate.DROPPED, one.reason, is_loss=one.is_loss
    )


def _advice(guest: SourceGuest, into: Domain | None) -> Iterator[str]:
    if into is None:
        return
    pinning = set(pinned_by(into))
    if guest.memory.reserve_all is not None and pinning and "locked" not in pinning:
        yield _LOCKED_ADVICE
    differs = guest.ram is not None and into.memory is not None and guest.ram != into.memory
    if differs and guest.basis is Basis.GUEST_RAM:
        yield (
            f"the source has {approximate(guest.ram or 0)} of RAM, the guest "
            f"{approximate(into.memory or 0)}"
        )
