"""The cgroup of the CPU controller whose weight counts for a guest, before it has one, too."""

from typing import Final

from xmlresource.cgroup.hierarchy import Controller, partition_groups

_NESTED: Final = ".scope/libvirt"


def competing(cgroup: str) -> str:
    """The cgroup whose weight counts beside others': libvirt's folder in a scope is alone there."""
    return cgroup.removesuffix("/libvirt") if cgroup.endswith(_NESTED) else cgroup


def expected_cgroup(
    controller: Controller, partition: str | None, uuid: str, *, systemd: bool
) -> str:
    """A cgroup where libvirt will make the guest's.

    Args:
        controller: The CPU controller.
        partition: The guest's partition.
        uuid: Its uuid.
        systemd: Whether systemd arranges the cgroups.

    Raises:
        ValueError: It would run in no partition that libvirt takes.
    """
    groups = partition_groups(partition)
    slices, folders = groups[: len(groups) // 2], groups[len(groups) // 2 :]
    parent = slices[0] if systemd else folders[0]
    return f"{controller.mounted(parent)}/{uuid or 'new'}"


def cgroups_above(cgroup: str) -> list[str]:
    """The cgroups above one, from the top down, without the root of all."""
    names = cgroup.strip("/").split("/")
    return ["/" + "/".join(names[:depth]) for depth in range(1, len(names))]
