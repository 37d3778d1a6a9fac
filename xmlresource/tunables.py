"""The table of tunables: what there is to know of each, said once.

Reader, writer, rules, planner, command line, schemas' tests and docs follow it. A new tunable is a
new row here, a field of ``MemoryPolicy``, a line in each schema; tests fail for what was forgotten.
"""

from enum import Enum
from typing import Final

from xmlresource.record import record

NAMESPACE: Final = "urn:xmlresource:1"
"""The namespace of our elements inside ``<metadata>``."""

PRIORITY: Final = "priority"
"""The attribute of ``<memory>`` that says whose guarantee comes first while a host starts its
guests. It is no tunable: it asks for nothing by itself."""


class Form(Enum):
    """Where a document holds tunables."""

    RESOURCE = "resource"  # <resource><memory>, the RFC's
    METADATA = "metadata"  # the same in our namespace, below <metadata>
    MEMTUNE = "memtune"  # libvirt's own


class Kind(Enum):
    """What a tunable asks for."""

    LIMIT = "limit"  # at most this; may be unlimited
    GUARANTEE = "guarantee"  # at least this


@record
class Tunable:
    """One row of the table.

    Attributes:
        name: libvirt's API name of it (for the fifth, the RFC's in the same style).
        kind: A limit or a guarantee; sets the direction of rounding.
        element: Its element below ``<memory>``, in the forms "resource" and "metadata".
        misspellings: Spellings of ``element`` that are read too, with a warning.
        memtune_element: Its element below ``<memtune>``; ``None`` where libvirt has none.
        v1_file: The file of the v1 memory controller; ``None`` where there is none.
        v2_file: The file of the v2 memory controller.
        v2_minus: v1 counts memory + swap in one file, v2 swap alone. The first of these tunables
            that is set is taken off on v2.
        v2_since: The first kernel that has ``v2_file``.
        help: What it means, in a line.
        advisory: A kernel that does not take it as written still keeps what was declared firmly:
            a reason to warn, not to stop the guest.
    """

    name: str
    kind: Kind
    element: str
    memtune_element: str | None
    v1_file: str | None
    v2_file: str
    v2_since: str
    help: str
    v2_minus: tuple[str, ...] = ()
    misspellings: tuple[str, ...] = ()
    advisory: bool = False

    def element_in(self, form: Form) -> str | None:
        """The local name of its element in ``form``, ``None`` where the form lacks it."""
        return self.memtune_element if form is Form.MEMTUNE else self.element


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
