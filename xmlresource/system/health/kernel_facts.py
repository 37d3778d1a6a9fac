"""The facts that the kernel and the init system tell of what guarantees stand on."""

import errno
import os
from collections.abc import Iterator
from typing import Final

from xmlresource.admission.host_facts import MEMINFO, parse_count, parse_meminfo
from xmlresource.cgroup.hierarchy import CONTROLLER, NoPlace, Version
from xmlresource.health.health_facts import (
    ArcFacts,
    ConfinementFacts,
    ControllerFacts,
    InitFacts,
    MergingFacts,
    SwapFacts,
)
from xmlresource.health.health_verdict import Unseen
from xmlresource.system.cgroups.places import PAGE_SIZE, host_controller, systemd_runs
from xmlresource.system.libvirt.hook_files import apparmor_denies, apparmor_enabled
from xmlresource.system.machine import Machine

KMSG: Final = "/dev/kmsg"
ARC: Final = "/proc/spl/kstat/zfs/arcstats"
KSM: Final = "/sys/kernel/mm/ksm"

_PARTITIONS: Final = ("/machine.slice", "/machine")
_MACHINED: Final = "/usr/share/dbus-1/system-services/org.freedesktop.machine1.service"
_MASK: Final = "/etc/systemd/system/systemd-machined.service"
_KIB: Final = 1024
_ONE_MESSAGE: Final = 8192  # the kernel's CONSOLE_EXT_LOG_MAX: a shorter read(2) fails
_MOST_MESSAGES: Final = 100_000
_DENIED: Final = ('apparmor="DENIED"', "avc:  denied")
_ARC_COLUMNS: Final = 3


def controller_facts(machine: Machine) -> ControllerFacts | NoPlace:
    """The memory controller, and where it is not handed on to guests.

    Raises:
        OSError: The kernel does not tell.
    """
    found = host_controller(machine)
    if isinstance(found, NoPlace) or found.version is Version.V1:
        return found if isinstance(found, NoPlace) else ControllerFacts(Version.V1)
    top = found.mount_point.rstrip("/")
    if CONTROLLER not in (machine.read_if_there(f"{top}/cgroup.controllers") or "").split():
        return ControllerFacts(Version.V2, found.mount_point)
    disabled = (
        cgroup or "/"
        for cgroup in ("", *_PARTITIONS)
        if machine.folders_in(top + cgroup) and not _hands_on(machine, top + cgroup)
    )
    return ControllerFacts(Version.V2, disabled_below=tuple(disabled))


def init_facts(machine: Machine) -> InitFacts:
    """The init system.

    Raises:
        OSError: A folder can't be read.
    """
    try:
        masked = os.readlink(machine.path(_MASK)) == os.devnull
    except OSError:
        masked = False
    there = machine.identity(_MACHINED) is not None
    return InitFacts(systemd_runs(machine), there and not masked)


def confinement_facts(machine: Machine, python: str) -> ConfinementFacts:
    """The security modules, for a hook that ``python`` runs.

    Raises:
        OSError: A file can't be read.
    """
    enforces = machine.read_if_there("/sys/fs/selinux/enforce")
    modes = {"1": "enforcing", "0": "permissive"}
    return ConfinementFacts(
        apparmor=apparmor_enabled(machine),
        apparmor_denies=apparmor_denies(machine, python),
        selinux=None if enforces is None else modes.get(enforces.strip()),
        denials=_denials(machine, python),
    )


def has_pressure(machine: Machine) -> bool:
    """Whether the kernel tells pressure: with psi=0 the file is there and can't be opened.

    Raises:
        OSError: It can't be read.
    """
    try:
        return machine.read_if_there("/proc/pressure/memory") is not None
    except OSError as error:
        if error.errno == errno.EOPNOTSUPP:
            return False
        raise


def swap_facts(machine: Machine) -> SwapFacts:
    """The swap.

    Raises:
        OSError: A file can't be read.
    """
    zram = 0
    for line in (machine.read_if_there("/proc/swaps") or "").splitlines()[1:]:
        name, _, *numbers = line.split()
        if name.rpartition("/")[2].startswith("zram") and numbers[:1] and numbers[0].isdigit():
            zram += int(numbers[0]) * _KIB
    zswap = machine.read_if_there("/sys/module/zswap/parameters/enabled") or ""
    total = parse_meminfo(machine.read_text(MEMINFO)).get("SwapTotal", 0)
    return SwapFacts(total, zram, zswap.strip() == "Y")


def merging_facts(machine: Machine) -> MergingFacts | None:
    """Samepage merging; ``None`` where the kernel has none.

    Raises:
        OSError: A file can't be read.
    """
    runs = machine.read_if_there(f"{KSM}/run")
    if runs is None:
        return None
    sharing = parse_count(machine.read_if_there(f"{KSM}/pages_sharing") or "", KSM)
    saved = sharing * PAGE_SIZE if isinstance(sharing, int) else 0
    return MergingFacts(runs.strip() == "1", saved)


def arc_facts(machine: Machine) -> ArcFacts | Unseen | None:
    """ZFS's cache; ``None`` where there is none.

    Raises:
        OSError: The file can't be read.
    """
    text = machine.read_if_there(ARC)
    if text is None:
        return None
    rows = (line.split() for line in text.splitlines())
    values = {row[0]: row[2] for row in rows if len(row) == _ARC_COLUMNS and row[2].isdigit()}
    if "size" not in values:
        return Unseen(f"{ARC} does not tell the cache's size")
    return ArcFacts(int(values["size"]), int(values.get("c_min", 0)))


def _hands_on(machine: Machine, folder: str) -> bool:
    enabled = machine.read_if_there(f"{folder}/cgroup.subtree_control") or ""
    return CONTROLLER in enabled.split()


def _denials(machine: Machine, python: str) -> tuple[str, ...] | Unseen:
    """Messages of denials that name the hook or its interpreter, also by where its links end."""
    names = ("xmlresource", python, os.path.realpath(python))
    try:
        return tuple(
            message
            for message in messages(machine)
            if any(sign in message for sign in _DENIED) and any(name in message for name in names)
        )
    except OSError as error:
        return Unseen(f"{KMSG}: {error.strerror or error}")


def messages(machine: Machine) -> Iterator[str]:
    """The messages that the kernel's log holds (Documentation/ABI/testing/dev-kmsg)."""
    descriptor = os.open(machine.path(KMSG), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        for _ in range(_MOST_MESSAGES):
            try:
                text = os.read(descriptor, _ONE_MESSAGE)
            except BlockingIOError:
                return
            except BrokenPipeError:  # messages were overwritten meanwhile; the next read goes on
                continue
            if not text:
                return
            for line in text.decode("utf-8", "replace").splitlines():
                yield line.partition(";")[2]
    finally:
        os.close(descriptor)
