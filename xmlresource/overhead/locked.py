"""Locked memory: what a guest needs, and what libvirt lets it have. Sizes are in bytes.

libvirt sets QEMU's RLIMIT_MEMLOCK (qemuDomainGetMemLockLimitBytes in its qemu_domain.c): to
``<memtune><hard_limit>`` where there is one, whatever else the guest has; to no limit with
``<locked/>``; else by a rule of thumb for passed-through devices, or not at all. So a hard limit in
``<memtune>`` bounds two things, and only one of them in our ``<metadata>``.

What counts against it, in the kernel:

- Each address space of passed-through devices pins all RAM, hugepages included (VFIO's and vhost's
  accounting). libvirt's rule leaves 1 GiB for the memory of devices besides; so does this one.
- With ``<locked/>`` QEMU calls ``mlockall(MCL_CURRENT | MCL_FUTURE)``: every mapping counts by its
  size, touched or not. A module that is plugged in counts twice for a moment: QEMU reserves the
  addresses and maps the memory over them (its util/mmap-alloc.c).
- ``sev``: KVM counts what it pins for the encryption (arch/x86/kvm/svm/sev.c) by itself, against
  the same limit.

There are two figures, as of the overhead: what is expected, and what is locked at worst, with
everything plugged in.
"""

from typing import Final

from xmlresource.admission.passthrough import Passthrough, passthrough_of
from xmlresource.model.domain import QEMU_TYPES, Device, Domain
from xmlresource.overhead.costs import Cost
from xmlresource.overhead.guest_ram import GuestRam
from xmlresource.overhead.subjects import TB_CACHE, accelerator
from xmlresource.record import record
from xmlresource.units import KIB, UNLIMITED, Amount, Unlimited, approximate

_MIB: Final = KIB * KIB
_GIB: Final = KIB * _MIB
_PPC64: Final = frozenset({"ppc64", "ppc64le"})

# Of QEMU 7.2 under KVM with no device, RAM apart: 212 MiB are mapped, up to 262 while it starts
# (VmPeak). Some more for larger builds of it.
_EMULATOR: Final = 320 * _MIB
# Each thread: a stack of 8 MiB and an arena of malloc's of 64, measured as the difference that
# a vCPU or an iothread makes.
_THREAD: Final = 72 * _MIB
# Graphics servers, and the two threads of a migration.
_EXPECTED_HELPERS: Final = 2
_MOST_HELPERS: Final = 6
# QEMU's thread pool, for disks whose IO is not the kernel's own (thread-pool-max).
_POOL: Final = 64
_EXPECTED_POOL: Final = 4
_WITHOUT_POOL: Final = frozenset({"native", "io_uring"})
_VIDEO: Final = ("model/@ram", "model/@vram", "model/@vgamem")
# qxl maps 64 MiB twice and 8 for its ROM; no other model maps more by default.
_VIDEO_MAPPED: Final = 160 * _MIB
_VIDEO_ROM: Final = 16 * _MIB
_FOR_DEVICES: Final = _GIB
# What libvirt's guide to SEV adds to RAM.
_BESIDE_ENCRYPTED: Final = 256 * _MIB


@record
class Locked:
    """The memory that a guest locks, and what libvirt lets it lock.

    Attributes:
        needs: What is locked at worst; 0 where nothing locks memory.
        expected: What it locks in ordinary use: with less, it fails.
        words: What locks it, to follow the figure; empty where nothing does.
        rule: What libvirt lets it lock without a hard limit; ``None`` where it leaves the limit be.
        unseen: What libvirt does not see of it, as a sentence; ``None`` where it sees all.
    """

    needs: int = 0
    expected: int = 0
    words: str = ""
    rule: Amount | None = None
    unseen: str | None = None

    @property
    def memtune(self) -> int:
        """The least ``hard_limit`` for ``<memtune>``, where it bounds locked memory too."""
        return -(-self.needs // _MIB) * _MIB

    def objection(self, hard_limit: int, least: int) -> str | None:
        """Why ``hard_limit`` in ``<memtune>`` is below ``least``; ``None`` where it is not."""
        if hard_limit >= least:
            return None
        return (
            f"hard_limit {approximate(hard_limit)} is QEMU's limit of locked memory, too, and "
            f"{approximate(least)} are locked by {self.words}"
        )

    def allowed(self, hard_limit: Amount | None) -> Amount | None:
        """The memory that libvirt lets the guest lock.

        Args:
            hard_limit: The one in ``<memtune>``.
        """
        is_set = hard_limit is not None and not isinstance(hard_limit, Unlimited)
        return hard_limit if is_set else self.rule


NOTHING_LOCKED: Final = Locked()


def locked_by(domain: Domain, ram: GuestRam, emulator: Cost) -> Locked:
    """Reckon the memory that the guest locks.

    Args:
        domain: The guest.
        ram: Its RAM.
        emulator: What QEMU takes besides.
    """
    if domain.type not in QEMU_TYPES or not ram.whole:
        return NOTHING_LOCKED
    found = passthrough_of(domain)
    is_power = domain.type == "kvm" and domain.architecture in _PPC64
    words = [found.words] if found.spaces else []
    expected, worst = (
        _on_power(domain, size, found) if is_power else _pinned(found, size)
        for size in (_present(ram), ram.whole)
    )
    if domain.backing.locked:
        words.append("<locked/>")
        mapped = _mapped(domain)
        expected += mapped[0] + emulator.expected + _present(ram)
        # The largest module that can be plugged in is all that is not plugged in yet.
        worst += mapped[1] + emulator.worst + ram.whole + (ram.whole - _present(ram))
    if domain.launch_security == "sev":
        words.append("launchSecurity sev")
        expected = max(expected, _present(ram) + _BESIDE_ENCRYPTED)
        worst = max(worst, ram.whole + _BESIDE_ENCRYPTED)
    if is_power and not words:
        words.append("the tables of KVM on POWER")
    return Locked(
        needs=worst,
        expected=expected,
        words=", ".join(words),
        rule=_rule(domain, ram, found, is_power=is_power),
        unseen=unseen_by_libvirt(domain),
    )


def unseen_by_libvirt(domain: Domain) -> str | None:
    """What libvirt does not see of the memory that is locked, as a sentence; ``None`` if it does.

    With ``<locked/>`` it sets no limit, and need not see anything.
    """
    return None if domain.backing.locked else _unseen(passthrough_of(domain))


def _pinned(found: Passthrough, ram: int) -> int:
    return found.spaces * ram + _FOR_DEVICES if found.spaces else 0


def _rule(domain: Domain, ram: GuestRam, found: Passthrough, *, is_power: bool) -> Amount | None:
    """Libvirt's own limit without a hard limit; it reckons anew when something is plugged in."""
    present = _present(ram)
    if domain.backing.locked:
        return UNLIMITED
    if is_power:
        return _on_power(domain, present, found)
    return found.factor * present + _FOR_DEVICES if found.factor else None


def _on_power(domain: Domain, ram: int, found: Passthrough) -> int:
    """As getPPC64MemLockLimitBytes has it, NVLink bridges apart, which only the host knows."""
    bridges = _host_bridges(domain)
    most = domain.max_memory or ram
    base = most // 128 + 4 * _MIB * bridges + 8 * _MIB
    if not found.spaces and not found.factor:
        return base
    return base + max(2 * _GIB * bridges, ram + ram // 512 * bridges + 8 * _MIB)


def _host_bridges(domain: Domain) -> int:
    """Those declared, and those that libvirt adds: one for the devices of each slot of the host."""
    declared = sum(
        device.kind == "controller" and device.attributes.get("model") == "pci-root"
        for device in domain.devices
    )
    slots = {
        tuple(
            device.attributes.get(f"source/address/@{part}") for part in ("domain", "bus", "slot")
        )
        for device in domain.devices
        if (device.kind, device.attributes.get("type")) == ("hostdev", "pci")
        and "address/@bus" not in device.attributes
    }
    return max(declared, 1) + len(slots)


def _mapped(domain: Domain) -> tuple[int, int]:
    """The bytes that QEMU maps beside RAM and its overhead: as expected, and at worst."""
    cache = (domain.tb_cache or TB_CACHE) if accelerator(domain) == "tcg" else 0
    own = _EMULATOR + cache + sum(map(_video, domain.devices))
    threads = domain.vcpus + domain.iothreads
    has_pool = any(
        device.kind == "disk" and device.attributes.get("driver/@io") not in _WITHOUT_POOL
        for device in domain.devices
    )
    expected = threads + _EXPECTED_HELPERS + (_EXPECTED_POOL if has_pool else 0)
    worst = threads + _MOST_HELPERS + (_POOL if has_pool else 0)
    return own + expected * _THREAD, own + worst * _THREAD


def _video(device: Device) -> int:
    if device.kind != "video":
        return 0
    heads = _number(device.attributes.get("model/@heads"), 1)
    said = sum(_number(device.attributes.get(name), 0) * KIB for name in _VIDEO)
    return max(1, heads) * max(_VIDEO_MAPPED, said + _VIDEO_ROM)


def _number(text: str | None, default: int) -> int:
    longest = 9
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) <= longest
    return int(text) if text is not None and is_number else default


def _present(ram: GuestRam) -> int:
    """The RAM that QEMU has mapped when the guest starts, all of a virtio-mem device too."""
    return sum(part.most for part in (*ram.boot, *ram.devices))


def _unseen(found: Passthrough) -> str | None:
    """The devices that libvirt's rule leaves out, where QEMU is short of locked memory for them."""
    if found.spaces <= found.factor:
        return None
    hidden = (*found.hidden_iommus, *found.hidden_vfio, *found.hidden_vdpa)
    if hidden:
        return f"libvirt does not look into <qemu:commandline> ({', '.join(hidden)})"
    return "libvirt counts one NVMe disk for a whole backing chain"
