r"""The hierarchy that has a controller, and the guest's cgroup in it.

A host can have several hierarchies: one or more of v1, each for its controllers, and one of v2 for
the rest (cgroups(7)). What counts is where the controller is, of memory where none is named; a v2
hierarchy mounted beside it (``/sys/fs/cgroup/unified``) has no say.

The guest's own cgroup is told by the structure that libvirt gives to the path of its process, never
from the guest's name, which libvirt filters and cuts::

    PARTITION/machine-qemu\x2d1\x2dNAME.scope/libvirt[/emulator]   systemd-machined
    PARTITION/machine-qemu\x2d1\x2dNAME.scope[/emulator]           the same before libvirt 7.1
    PARTITION/qemu-1-NAME.libvirt-qemu[/emulator]                  without systemd-machined

What lies below such a folder belongs to the guest: ``emulator``, ``vcpuN`` and ``iothreadN`` are
threaded children without memory files, and a container may make what it likes. So the first such
folder from the top counts, below what is mounted.
"""

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final

from xmlresource.cgroup.mounts import is_below, parse_mounts, visible_mounts
from xmlresource.record import record

CONTROLLER: Final = "memory"
"""The controller that is meant where none is named."""
DELETED: Final = " (deleted)"
"""What the kernel appends to the path of a cgroup that was removed (cgroups(7))."""

_NESTED: Final = "libvirt"
# Compiled when first used: `prepare` needs none of them.
_SCOPE: Final = r"machine-(?:([a-z]+)\\x2d)?.*\.scope"
_PLAIN: Final = r".+\.libvirt-([a-z]+)"
_UNIT: Final = r".+\.(?:slice|scope|service)"
_PARTITION: Final = r"(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+"
_TOP_PARTITIONS: Final = frozenset({"machine", "system", "user"})
_DEFAULT_PARTITION: Final = "/machine"
_LONGEST_PATH: Final = 4096


class Version(Enum):
    """The interface of the hierarchy that a controller is on."""

    V1 = "v1"
    V2 = "v2"


class Layout(Enum):
    """The layout in which libvirt arranged the guest's cgroup."""

    SCOPE_NESTED = "scope-nested"  # scope of systemd-machined, own folder below it
    SCOPE = "scope"  # the same without the folder (libvirt < 7.1)
    PLAIN = "plain"  # without systemd-machined


@record
class Controller:
    """A controller's hierarchy as it is mounted.

    Attributes:
        version: Its interface.
        mount_point: Where the machine has it.
        root: The cgroup that is seen at ``mount_point``; not ``/`` inside a container.
        recursive_protection: ``memory_recursiveprot``: protection that a cgroup's children do not
            claim flows down to them.
    """

    version: Version
    mount_point: str
    root: str = "/"
    recursive_protection: bool = False

    def directory(self, cgroup: str) -> str:
        """The folder of ``cgroup``.

        Raises:
            ValueError: It lies outside of what is mounted.
        """
        if not is_below(cgroup, self.root):
            raise ValueError(f"{cgroup} is not below {self.root}, which is all that is mounted")
        below = cgroup if self.root == "/" else cgroup[len(self.root) :]
        return self.mount_point.rstrip("/") + below.rstrip("/")

    def mounted(self, path: str) -> str:
        """The cgroup that is at ``path`` below the mount, as the kernel names it.

        libvirt makes its partitions below the mount, so inside of a container they are below what
        is mounted there.
        """
        return path if self.root == "/" else self.root + path


@record
class Place:
    """A guest's cgroup in the hierarchy of a controller, of memory where no other is meant.

    Attributes:
        controller: The hierarchy.
        cgroup: The guest's own cgroup, as the kernel names it.
        layout: How libvirt arranged it.
        driver: ``qemu`` or ``lxc``; ``None`` where the path does not tell.
        ancestors: The cgroups above it that can be reached, nearest first, without the root.
        systemd: systemd runs the host, and so owns the values of its units.
    """

    controller: Controller
    cgroup: str
    layout: Layout
    driver: str | None
    ancestors: tuple[str, ...]
    systemd: bool = False

    @property
    def directory(self) -> str:
        """The folder of the guest's own cgroup."""
        return self.controller.directory(self.cgroup)

    def is_unit(self, cgroup: str) -> bool:
        """Whether systemd owns the values of ``cgroup``, and resets what others write there."""
        return self.systemd and (
            re.fullmatch(_UNIT, cgroup.rpartition("/")[2], re.DOTALL) is not None
        )


@record
class NoPlace:
    """There is none, or it can't be told; ``reason`` says why in a sentence without full stop."""

    reason: str


def controller_group(cgroups: str, controller: str = CONTROLLER) -> tuple[Version, str] | NoPlace:
    """The version and path that ``/proc/PID/cgroup`` gives for a controller, as v1 names it.

    A controller that sits on a v1 hierarchy has a line of its own there, mounted or not; all others
    are on v2, whose line has the number 0 and names none. Whether v2 has the controller at all is
    for its ``cgroup.controllers`` to say.
    """
    unified: str | None = None
    # The kernel allows every other line separator of Unicode's in a cgroup's name.
    for line in cgroups.split("\n"):
        number, _, rest = line.partition(":")
        controllers, colon, path = rest.partition(":")
        if not colon:
            continue
        if controller in controllers.split(","):
            return _alive(Version.V1, path)
        if number == "0" and not controllers:
            unified = path
    if unified is None:
        return NoPlace(
            f"the kernel has no {controller} controller (see cgroup_disable= on its command line)"
        )
    return _alive(Version.V2, unified)


def _alive(version: Version, path: str) -> tuple[Version, str] | NoPlace:
    if path.endswith(DELETED):
        return NoPlace(f"the cgroup {path.removesuffix(DELETED)} was removed: the guest is gone")
    return version, path


def find_controller(
    mountinfo: str,
    version: Version,
    cgroup: str | None = None,
    controller: str = CONTROLLER,
) -> Controller | NoPlace:
    """The mount through which ``cgroup`` is reached, or any where that is ``None``.

    Of several the one that can be written, then the one that shows most of the ancestors.
    """
    kind = "cgroup" if version is Version.V1 else "cgroup2"
    mounts = [
        mount
        for mount in visible_mounts(parse_mounts(mountinfo))
        if mount.kind == kind and (version is Version.V2 or controller in mount.options)
    ]
    if not mounts:
        reason = f"the {controller} controller is on cgroup {version.value}, which is not mounted"
        return NoPlace(reason)
    if cgroup is not None:
        # A process outside of our cgroup namespace has a path that starts with "/..".
        inside = ".." not in cgroup.split("/")
        mounts = [mount for mount in mounts if inside and is_below(cgroup, mount.root)]
    if not mounts:
        return NoPlace(f"the cgroup {cgroup} lies outside of what is mounted here")
    best = min(mounts, key=lambda mount: (mount.read_only, len(mount.root)))
    return Controller(
        version=version,
        mount_point=best.point,
        root=best.root,
        recursive_protection="memory_recursiveprot" in best.options,
    )


def find_place(controller: Controller, path: str, *, systemd: bool) -> Place | NoPlace:
    """The guest's own cgroup on the way down to ``path``, a cgroup that its process is in.

    Args:
        controller: The hierarchy through which ``path`` is reached.
        path: As the kernel names it; at or below ``controller.root``.
        systemd: systemd runs the host.
    """
    above = "" if controller.root == "/" else controller.root
    names = path[len(above) :].strip("/").split("/")
    for index, name in enumerate(names):
        found = _layout(name, names[index + 1 :])
        if found is None:
            continue
        layout, driver = found
        depth = index + (2 if layout is Layout.SCOPE_NESTED else 1)
        cgroup = above + "/" + "/".join(names[:depth])
        chain = ancestors(cgroup, controller.root)
        return Place(controller, cgroup, layout, driver, chain, systemd)
    return NoPlace(
        f"{path} is no cgroup that libvirt made for a guest: it has none of its own there "
        "(see cgroup_controllers in qemu.conf)"
    )


def _layout(name: str, below: list[str]) -> tuple[Layout, str | None] | None:
    if match := re.fullmatch(_PLAIN, name, re.DOTALL):
        return Layout.PLAIN, match[1]
    if match := re.fullmatch(_SCOPE, name, re.DOTALL):
        nested = below[:1] == [_NESTED]
        return (Layout.SCOPE_NESTED if nested else Layout.SCOPE), match[1]
    return None


def ancestors(cgroup: str, root: str = "/") -> tuple[str, ...]:
    """The cgroups above ``cgroup``, nearest first, up to and with ``root`` where that is not ``/``.

    The root cgroup has no limits, so it is never among them.
    """
    chain = []
    above = cgroup.rpartition("/")[0]
    while above and is_below(above, root):
        chain.append(above)
        above = above.rpartition("/")[0]
    return tuple(chain)


def partition_groups(partition: str | None) -> tuple[str, ...]:
    """The cgroups above a guest of ``<resource><partition>``, before it has one of its own.

    Both kinds, for which of them libvirt takes depends on systemd-machined being there when the
    guest starts; the one that does not exist limits nothing. Nearest first in each.

    Args:
        partition: ``None`` for libvirt's default, ``/machine``.

    Raises:
        ValueError: It is no partition that libvirt takes. (It is input, and becomes a path.)
    """
    path = _DEFAULT_PARTITION if partition is None else partition
    if path != _DEFAULT_PARTITION and not _is_partition(path):
        raise ValueError(f"{path!r} is no partition")
    names = path[1:].split("/")
    return _slices(names) + _folders(names)


def _is_partition(path: str) -> bool:
    # PATH_MAX: the ledger keeps it, and no cgroup could be there.
    return len(path) <= _LONGEST_PATH and bool(re.fullmatch(_PARTITION, path, re.ASCII))


def slice_group(unit: str) -> str:
    """The cgroup of a slice, which its name tells (systemd.slice(5))."""
    names = unit.removesuffix(".slice").split("-")
    return "".join(f"/{'-'.join(names[: depth + 1])}.slice" for depth in range(len(names)))


def _slices(names: Iterable[str]) -> tuple[str, ...]:
    """The slices around a slice (systemd.slice(5)): ``a-b.slice`` is inside ``a.slice``."""
    chain: list[str] = []
    prefix = above = ""
    for name in names:
        # virSystemdEscapeName(): a hyphen in a name must not read as a level.
        prefix += ("-" if prefix else "") + name.replace("-", r"\x2d")
        above += f"/{prefix}.slice"
        chain.append(above)
    return tuple(reversed(chain))


def _folders(names: Iterable[str]) -> tuple[str, ...]:
    """The folders of a partition, with the suffixes of virCgroupSetPartitionSuffix()."""
    chain: list[str] = []
    above = ""
    for name in names:
        fixed = "." in name or (not above and name in _TOP_PARTITIONS)
        above += f"/{name}" if fixed else f"/{name}.partition"
        chain.append(above)
    return tuple(reversed(chain))
