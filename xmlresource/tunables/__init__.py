"""The table of tunables: what there is to know of each, said once.

Reader, writer, rules, planner, command line, schemas' tests and docs follow it. A new tunable is a
new row, a field of its family's policy, a line in each schema; tests fail for what was forgotten.

Here are the columns and the rows of memory; ``families`` has the rows of CPU time and IO, and all
rows as ``TUNABLES``. The hook loads the table at every guest start, and few guests declare more
than memory.
"""

from enum import Enum
from typing import Final

from xmlresource.record import record

NAMESPACE: Final = "urn:xmlresource:1"
"""The namespace of our elements inside ``<metadata>``."""

PRIORITY: Final = "priority"
"""The attribute of ``<memory>`` that says whose guarantee comes first while a host starts its
guests. It is no tunable: it asks for nothing by itself."""

BALANCE: Final = "balance"
"""The attribute of ``<memory>`` that says whether the balancing service may move the guest's
memory. It is no tunable either."""

ATTRIBUTES: Final = (PRIORITY, BALANCE)
"""The attributes of ``<memory>``; their rows are in ``formats.guest_attributes``."""

DEVICE: Final = "device"
"""The element of ``<io>`` that holds the tunables of one device."""


class Form(Enum):
    """A form: a place in a document that holds tunables."""

    RESOURCE = "resource"  # <resource><memory>, the RFC's
    METADATA = "metadata"  # the same in our namespace, below <metadata>
    MEMTUNE = "memtune"  # libvirt's own


class Family(Enum):
    """A family of tunables: its element below ``<resource>``, and a policy of its own."""

    MEMORY = "memory"
    CPU = "cpu"
    IO = "io"


class Quantity(Enum):
    """The quantity that a tunable is an amount of, and what one of the amount is."""

    SIZE = "size"  # bytes
    CPUS = "cpus"  # thousandths of a CPU
    PERCENT = "percent"  # thousandths of a percent
    WEIGHT = "weight"  # parts, beside the parts of others
    BYTES_PER_SECOND = "bytes per second"
    OPERATIONS_PER_SECOND = "operations per second"


class Kind(Enum):
    """The kind of a tunable: a limit, a guarantee or a weight."""

    LIMIT = "limit"  # at most this; may be unlimited
    GUARANTEE = "guarantee"  # at least this
    WEIGHT = "weight"  # so much in proportion to others, while all want more than there is


@record
class Tunable:
    """One row of the table.

    Attributes:
        name: libvirt's API name of it; where libvirt has none, the RFC's in the same style.
        kind: A limit, a guarantee or a weight; sets the direction of rounding.
        element: Its element below that of its family, in the forms "resource" and "metadata".
        misspellings: Spellings of ``element`` that are read too, with a warning.
        memtune_element: Its element below ``<memtune>``; ``None`` where libvirt has none.
        v1_file: The file of the v1 controller that keeps it; ``None`` where there is none.
        v2_file: The file of the v2 controller that keeps it; ``None`` where there is none.
        v2_minus: v1 counts memory + swap in one file, v2 swap alone. The first of these tunables
            that is set is taken off on v2.
        v2_since: The first kernel that has ``v2_file``.
        help: What it means, in a line.
        advisory: A kernel that does not take it as written still keeps what was declared firmly:
            a reason to warn, not to stop the guest.
        family: Its family.
        quantity: What it is an amount of.
        per_device: Whether its element stands in a ``<device>`` of the family's element.
        attribute: The attribute of ``element`` that holds the value; ``None`` for its text.
    """

    name: str
    kind: Kind
    element: str
    memtune_element: str | None
    v1_file: str | None
    v2_file: str | None
    v2_since: str | None
    help: str
    v2_minus: tuple[str, ...] = ()
    misspellings: tuple[str, ...] = ()
    advisory: bool = False
    family: Family = Family.MEMORY
    quantity: Quantity = Quantity.SIZE
    per_device: bool = False
    attribute: str | None = None

    def element_in(self, form: Form) -> str | None:
        """The local name of its element in ``form``, ``None`` where the form lacks it."""
        return self.memtune_element if form is Form.MEMTUNE else self.element

    @property
    def key(self) -> str:
        """The name of this value alone, where one element holds two: ``iops_hard_limit.read``."""
        return self.name if self.attribute is None else f"{self.name}.{self.attribute}"

    @property
    def field(self) -> str:
        """The field of its family's policy, or of the policy of a device: ``read_iops_hard_limit``.

        What the family says already is not said again: ``cpu_share`` is ``CpuPolicy.share``.
        """
        own = self.name.removeprefix(f"{self.family.value}_")
        return own if self.attribute is None else f"{self.attribute}_{own}"


MEMORY: Final = (
    Tunable(
        name="hard_limit",
        kind=Kind.LIMIT,
        element="memoryHardLimit",
        memtune_element="hard_limit",
        v1_file="memory.limit_in_bytes",
        v2_file="memory.max",
        v2_since="4.5",
        help="the most memory the guest, with its emulator, may use",
    ),
    Tunable(
        name="soft_limit",
        kind=Kind.LIMIT,
        element="memorySoftLimit",
        memtune_element="soft_limit",
        v1_file="memory.soft_limit_in_bytes",
        v2_file="memory.low",
        v2_since="4.5",
        help="what the guest is pushed back to while the host is short of memory",
        advisory=True,
    ),
    Tunable(
        name="min_guarantee",
        kind=Kind.GUARANTEE,
        element="memoryMinGuarantee",
        misspellings=("memoryMinGaurantee",),  # as the RFC of 2010 spells it
        memtune_element="min_guarantee",
        v1_file=None,
        v2_file="memory.min",
        v2_since="4.18",
        help="the memory without which the guest is not started",
    ),
    Tunable(
        name="swap_hard_limit",
        kind=Kind.LIMIT,
        element="swapHardLimit",
        memtune_element="swap_hard_limit",
        v1_file="memory.memsw.limit_in_bytes",
        v2_file="memory.swap.max",
        v2_since="4.5",
        v2_minus=("hard_limit",),
        help="the most memory and swap together that the guest may use",
    ),
    Tunable(
        name="swap_soft_limit",
        kind=Kind.LIMIT,
        element="swapSoftLimit",
        memtune_element=None,
        v1_file=None,
        v2_file="memory.swap.high",
        v2_since="5.8",
        v2_minus=("soft_limit", "hard_limit"),
        help="memory and swap together beyond which the guest is slowed down",
        advisory=True,
    ),
)
"""The tunables of memory, in the order in which libvirt formats them."""

BY_NAME: Final = {tunable.name: tunable for tunable in MEMORY}
"""The tunables of memory by name."""


@record
class Relation:
    """``lower`` must not exceed ``upper`` where both are set; ``code`` is the rule that says so."""

    lower: str
    upper: str
    code: str


RELATIONS: Final = (
    Relation("min_guarantee", "hard_limit", "XR301"),
    Relation("soft_limit", "hard_limit", "XR302"),
    Relation("hard_limit", "swap_hard_limit", "XR303"),
    Relation("min_guarantee", "soft_limit", "XR305"),
    Relation("soft_limit", "swap_soft_limit", "XR307"),
    Relation("swap_soft_limit", "swap_hard_limit", "XR308"),
)
