"""Mounts, from ``/proc/PID/mountinfo``, and which of them their path still leads to."""

import re
from typing import Final

from xmlresource.record import record

_ESCAPED: Final = r"\\([0-7]{3})"
_FIELDS_BEFORE_TAGS: Final = 6
_FIELDS_AFTER_TAGS: Final = 3


@record
class Mount:
    """One line of mountinfo (proc_pid_mountinfo(5)).

    Attributes:
        number: The mount's id.
        parent: The id of the mount on which it stands.
        root: The folder of the file system that is seen at ``point``; not ``/`` for a bind mount
            of a part.
        point: Where it is mounted, seen from the process' root.
        kind: The file system: ``cgroup``, ``cgroup2``, …
        options: The mount's own options and the file system's together.
        read_only: The mount (or the file system) can't be written.
    """

    number: int
    parent: int
    root: str
    point: str
    kind: str
    options: frozenset[str]
    read_only: bool


def parse_mounts(text: str) -> tuple[Mount, ...]:
    """The mounts of a mountinfo file, in its order; lines of another form are left out."""
    return tuple(mount for line in text.split("\n") if (mount := _parse_line(line)))


def _parse_line(line: str) -> Mount | None:
    fields = line.split(" ")
    # Between the fixed fields lie zero or more tags, ended by a lone hyphen.
    try:
        hyphen = fields.index("-", _FIELDS_BEFORE_TAGS)
        number, parent = int(fields[0]), int(fields[1])
    except ValueError:
        return None
    if len(fields) < hyphen + 1 + _FIELDS_AFTER_TAGS:
        return None
    own = fields[5].split(",")
    of_file_system = fields[hyphen + 3].split(",")
    return Mount(
        number=number,
        parent=parent,
        root=unescape(fields[3]),
        point=unescape(fields[4]),
        kind=fields[hyphen + 1],
        options=frozenset(own) | frozenset(of_file_system),
        read_only="ro" in own or "ro" in of_file_system,
    )


def unescape(text: str) -> str:
    r"""``text`` with the kernel's escapes undone: ``\040`` is a space, ``\134`` a backslash."""
    if "\\" not in text:
        return text
    return re.sub(_ESCAPED, lambda match: chr(int(match[1], 8)), text)


def visible_mounts(mounts: tuple[Mount, ...]) -> tuple[Mount, ...]:
    """The mounts that no other mount covers, so that their path leads to them.

    The order of the lines does not tell: a host that started from an initial RAM disk lists ``/``
    after what is mounted below it. The parents do.
    """
    by_number = {mount.number: mount for mount in mounts}
    children: dict[int, list[Mount]] = {}
    for mount in mounts:
        children.setdefault(mount.parent, []).append(mount)

    def is_covered(mount: Mount) -> bool:
        """Whether, on the way down to ``mount``, another mount stands in the path."""
        chain = {mount.number}
        step, point = mount, mount.point
        while True:
            for other in children.get(step.number, ()):
                if other.number not in chain and is_below(point, other.point):
                    return True
            parent = by_number.get(step.parent)
            if parent is None or parent.number in chain:
                return False
            chain.add(parent.number)
            point = step.point
            step = parent

    return tuple(mount for mount in mounts if not is_covered(mount))


def is_below(path: str, folder: str) -> bool:
    """Whether ``path`` is ``folder`` or lies below it."""
    return f"{path}/".startswith(folder.rstrip("/") + "/")
