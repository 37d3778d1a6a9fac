"""A guest's definition, as far as it decides about memory. Sizes are in bytes."""

from typing import Final

from xmlresource.record import field, record
from xmlresource.units import SizeError, Unlimited, parse_size

QEMU_TYPES: Final = frozenset({"qemu", "kvm", "hvf"})
"""The domain types that libvirt's QEMU driver runs."""


@record
class HugepageRequest:
    """One ``<page>`` of ``<hugepages>``.

    Attributes:
        size: The page's size; ``None`` for the host's default (``<hugepages/>``).
        guest_cells: The guest NUMA cells it is for (``nodeset``); ``None`` for all others.
    """

    size: int | None = None
    guest_cells: frozenset[int] | None = None


@record
class MemoryBacking:
    """``<memoryBacking>``: where the guest's RAM comes from.

    Attributes:
        hugepages: The pages asked for; empty for ordinary memory.
        locked: ``<locked/>``: RAM can't be swapped.
        nosharepages: ``<nosharepages/>``: KSM is off.
        source: ``anonymous``, ``file`` or ``memfd``; ``None`` where not said.
        shared: ``<access mode='shared'/>``.
        immediate: ``<allocation mode='immediate'/>``: all RAM is touched at start.
    """

    hugepages: tuple[HugepageRequest, ...] = ()
    locked: bool = False
    nosharepages: bool = False
    source: str | None = None
    shared: bool = False
    immediate: bool = False


@record
class NumaCell:
    """One cell of ``<cpu><numa>``.

    Attributes:
        number: Its number.
        memory: Its RAM.
        shared: Whether others may map its RAM (``memAccess``); ``None`` where not said.
    """

    number: int
    memory: int
    shared: bool | None = None


@record
class NumaBinding:
    """A ``<memory>`` or ``<memnode>`` of ``<numatune>``.

    Attributes:
        mode: ``strict``, ``preferred``, ``interleave`` or ``restrictive``.
        nodes: The host's nodes; ``None`` with ``placement='auto'``.
        guest_cell: The guest cell it is for; ``None`` for the guest as a whole.
    """

    mode: str
    nodes: frozenset[int] | None
    guest_cell: int | None = None


@record
class Device:
    """One child of ``<devices>``, flattened.

    Attributes:
        kind: The element's name: ``disk``, ``interface``, ``video``, …
        attributes: Its attributes and those of its descendants, by path: ``type``,
            ``model/@type``, ``driver/@queues``, ``source/@file``. Of descendants with the same
            path, the first.
        texts: The text of its descendants that have no children, by path: ``target/size``.
    """

    kind: str
    attributes: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def size(self, path: str) -> int | None:
        """The size that stands at ``path``, in bytes; ``None`` where none can be read."""
        try:
            size = parse_size(self.texts.get(path, ""), self.attributes.get(f"{path}/@unit"))
        except SizeError:
            return None
        return None if isinstance(size, Unlimited) else size


@record
class Domain:
    """One guest's definition as far as memory and CPU time go.

    Attributes:
        name: ``<name>``; empty where the document has none.
        uuid: ``<uuid>`` as written; ``None`` where libvirt is to make one.
        type: The ``type`` attribute: ``qemu``, ``kvm``, ``lxc``, …
        memory: ``<memory>``: the RAM at boot, in bytes; ``None`` where it can't be read.
        max_memory: ``<maxMemory>``: RAM with all slots filled.
        max_memory_slots: Its ``slots``.
        vcpus: ``<vcpu>``: the most that it can have; 1 where not said.
        current_vcpus: ``<vcpu current>``, or those that ``<vcpus>`` enables: with how many it
            starts; ``None`` for all.
        iothreads: ``<iothreads>``.
        architecture: ``<os><type arch>``.
        machine: ``<os><type machine>``.
        firmware: ``efi``/``bios`` of ``<os firmware>``, or ``pflash`` with a pflash ``<loader>``.
        direct_kernel: Whether ``<os><kernel>`` has QEMU load a kernel itself.
        tb_cache: ``<features><tcg><tb-cache>``.
        partition: ``<resource><partition>``.
        launch_security: The type of ``<launchSecurity>``.
        backing: ``<memoryBacking>``.
        cells: ``<cpu><numa>``.
        bindings: ``<numatune>``.
        devices: ``<devices>``.
        arguments: ``<qemu:commandline>``: what QEMU is given besides, word by word.
        cpuset: ``<vcpu cpuset>``: the host's CPUs for vCPUs that have no line of their own;
            ``None`` for any, and where libvirt asks numad at the start.
        vcpu_pins: The ``<vcpupin>`` of ``<cputune>``: vCPUs with the host's CPUs of each.
        cpu_shares: ``<shares>`` of ``<cputune>``; ``None`` where not said.
    """

    name: str = ""
    uuid: str | None = None
    type: str = ""
    memory: int | None = None
    max_memory: int | None = None
    max_memory_slots: int = 0
    vcpus: int = 1
    current_vcpus: int | None = None
    iothreads: int = 0
    architecture: str | None = None
    machine: str | None = None
    firmware: str | None = None
    direct_kernel: bool = False
    tb_cache: int | None = None
    partition: str | None = None
    launch_security: str | None = None
    backing: MemoryBacking = MemoryBacking()
    cells: tuple[NumaCell, ...] = ()
    bindings: tuple[NumaBinding, ...] = ()
    devices: tuple[Device, ...] = ()
    arguments: tuple[str, ...] = ()
    cpuset: frozenset[int] | None = None
    vcpu_pins: tuple[tuple[int, frozenset[int]], ...] = ()
    cpu_shares: int | None = None

    @property
    def vcpus_at_start(self) -> int:
        """The number of vCPUs the guest starts with; the rest can be plugged in."""
        started = self.vcpus if self.current_vcpus is None else self.current_vcpus
        return min(max(started, 1), self.vcpus)

    @property
    def driver(self) -> str:
        """The driver of libvirt that runs it: ``lxc``, or else ``qemu``."""
        return "lxc" if self.type == "lxc" else "qemu"
