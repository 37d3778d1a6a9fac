"""What a source says of a guest's resources, in the words of CIM_ResourceAllocationSettingData.

DSP1041 and its profiles for memory and processors name what nearly every hypervisor has: a quantity
that the guest sees, a *reservation* that it gets in any case, a *limit* that it never exceeds and a
*weight* beside others. Every reader makes these of its format. What they mean to us is the
mapping's business, because products count different things by the same words.
"""

from collections.abc import Iterator
from enum import Enum
from fractions import Fraction
from typing import Final, TypeAlias

from xmlresource.record import record
from xmlresource.units import LARGEST, Unlimited

Number: TypeAlias = Fraction | Unlimited
"""An exact number in the unit beside it, or ``UNLIMITED``."""


MOST_VCPUS: Final = 4096
"""The vCPUs that are believed: KVM's most."""


class ResourceType(Enum):
    """A kind of resource, by CIM's number for it (ResourceType)."""

    PROCESSOR = 3
    MEMORY = 4
    STORAGE = 17


class Unit(Enum):
    """What a number counts."""

    BYTE = "byte"
    HERTZ = "hertz"
    CPU = "CPU"
    COUNT = "count"
    PERCENT = "percent"
    WEIGHT = "weight"
    BYTE_PER_SECOND = "byte / second"
    OPERATION_PER_SECOND = "operation / second"


class Basis(Enum):
    """What a source's figures of memory count."""

    GUEST_RAM = "guest RAM"  # the hypervisor's own overhead comes on top, as in VMware
    CHARGED = "all that is charged"  # as in a cgroup, and as our tunables do


@record
class SourceValue:
    """One value of a source.

    Attributes:
        name: What the source calls it: ``rasd:Reservation``, ``sched.mem.min``.
        written: The value as it is written there, with its unit where that stands beside it.
        line: The line, from 1.
        amount: The value.
        unit: What it counts.
        is_default: Whether it is what the source's product sets where nobody decided anything.
    """

    name: str
    written: str
    line: int
    amount: Number
    unit: Unit
    is_default: bool = False

    @property
    def number(self) -> Fraction | None:
        """The amount; ``None`` where it is unlimited."""
        return None if isinstance(self.amount, Unlimited) else self.amount


@record
class LeftOut:
    """A value that a reader sees and that nothing of ours corresponds to.

    Attributes:
        name: What the source calls it.
        written: As it is written there.
        line: The line, from 1.
        reason: Why it is left out, without the final stop.
        is_loss: Whether it means something there; an older name of another one does not.
    """

    name: str
    written: str
    line: int
    reason: str
    is_loss: bool = True


@record
class Allocation:
    """CIM_ResourceAllocationSettingData: what one resource of a guest is given.

    Attributes:
        resource: The kind of resource.
        quantity: What the guest sees of it: RAM, vCPUs.
        reservation: What it gets in any case.
        limit: The most it gets.
        weight: Its share beside others where they compete.
        usual_weight: The weight of an ordinary guest like this one in the source's product.
        reserve_all: Set where the source reserves the whole quantity, whatever it is.
        soft_limit: What is taken from it last; systemd's ``MemoryLow``.
        swap_limit: The most swap, without memory.
        balloon_floor: To what a balloon may shrink it: no promise.
        limit_binds: Whether the limit acts on the emulator too, and so also where it is not below
            the RAM.
        device: Of storage, the device's name in the source.
        direction: Of storage, ``read`` or ``write``; empty for both together.
    """

    resource: ResourceType
    quantity: SourceValue | None = None
    reservation: SourceValue | None = None
    limit: SourceValue | None = None
    weight: SourceValue | None = None
    usual_weight: Fraction | None = None
    reserve_all: SourceValue | None = None
    soft_limit: SourceValue | None = None
    swap_limit: SourceValue | None = None
    balloon_floor: SourceValue | None = None
    limit_binds: bool = False
    device: str = ""
    direction: str = ""

    @property
    def settings(self) -> Iterator[SourceValue]:
        """The settings that say something of a policy: all but the quantity."""
        for setting in (
            self.reserve_all,
            self.reservation,
            self.limit,
            self.soft_limit,
            self.swap_limit,
            self.balloon_floor,
            self.weight,
        ):
            if setting is not None:
                yield setting


NO_MEMORY: Final = Allocation(ResourceType.MEMORY)
NO_PROCESSOR: Final = Allocation(ResourceType.PROCESSOR)


@record
class SourceGuest:
    """What a source says of one guest.

    Attributes:
        name: The guest's name there; empty where it has none.
        product: The format, in words: ``VMX``, ``OVF``.
        path: The file, as it was given.
        basis: What its figures of memory count.
        memory: Its memory.
        processor: Its processors.
        storage: Its disks, as far as something is said of them.
        left_out: Values that nothing of ours corresponds to.
        notes: What else to know, a sentence each.
    """

    name: str
    product: str
    path: str
    basis: Basis
    memory: Allocation = NO_MEMORY
    processor: Allocation = NO_PROCESSOR
    storage: tuple[Allocation, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ram(self) -> int | None:
        """Its RAM in bytes, where the source says it."""
        quantity = self.memory.quantity
        number = None if quantity is None else quantity.number
        return None if number is None or number >= LARGEST else int(number)

    @property
    def vcpus(self) -> int:
        """Its vCPUs; 1 where the source does not say."""
        quantity = self.processor.quantity
        number = None if quantity is None else quantity.number
        return 1 if number is None else min(max(1, int(number)), MOST_VCPUS)
