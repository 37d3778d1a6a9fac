"""The kernel writes that libvirt itself makes at a guest's start for ``<memtune>``.

It writes each number as it is (vircgroupv1.c, vircgroupv2.c). On v2 that makes something else of
two of them: a soft limit throttles, and memory + swap counts for swap alone (docs/memtune-v2.md).
"""

from collections.abc import Collection

from xmlresource.cgroup.hierarchy import Version
from xmlresource.cgroup.kernel_values import rounded
from xmlresource.cgroup.writes import LibvirtWrite, SoftLimitFile
from xmlresource.model.policy import MemoryPolicy
from xmlresource.tunables import MEMORY, Kind, Tunable


def libvirt_writes(
    memtune: MemoryPolicy, ours: Collection[str], version: Version, page_size: int
) -> tuple[LibvirtWrite, ...]:
    """Return libvirt's writes, in the order in which it makes them.

    Args:
        memtune: What ``<memtune>`` declares.
        ours: The tunables that our element declares: these are written by us.
        version: Of the memory controller.
        page_size: The kernel's page.
    """
    found = []
    for tunable in MEMORY:
        amount = memtune[tunable.name]
        file = _file_of(tunable, version)
        if amount is None or file is None or tunable.kind is not Kind.LIMIT:
            continue
        if tunable.name not in ours:
            found.append(LibvirtWrite(tunable.name, file, rounded(amount, Kind.LIMIT, page_size)))
    return tuple(found)


def _file_of(tunable: Tunable, version: Version) -> str | None:
    if version is Version.V1:
        return tunable.v1_file
    return SoftLimitFile.HIGH.value if tunable.name == "soft_limit" else tunable.v2_file
