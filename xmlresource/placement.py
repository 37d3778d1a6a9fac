"""Where libvirt will put a guest's cgroup, before there is one, and what is above it.

The guest's own cgroup has a name that can't be computed safely (libvirt filters and cuts guests'
names); its parent follows from ``<resource><partition>`` alone.
"""

from typing import Final

_TOP_LEVEL: Final = frozenset({"machine", "user", "system"})
_DEFAULT: Final = "/machine"
_CONTROLLERS: Final = frozenset(
    {"cgroup", "cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "hugetlb"}
    | {"net_cls", "net_prio", "perf_event", "pids", "rdma", "misc", "io"}
)


def parent_cgroup(partition: str | None, *, systemd: bool) -> str | None:
    """The cgroup below which the guest's will be made, as the kernel names it.

    Args:
        partition: ``<resource><partition>``; ``None`` for libvirt's default.
        systemd: Whether systemd-machined makes the guests' scopes.

    Returns:
        ``None`` for a partition that libvirt would refuse.
    """
    text = partition or _DEFAULT
    tokens = [token for token in text.split("/") if token]
    if not text.startswith("/") or not tokens or {".", ".."} & set(tokens):
        return None
    return _slice(tokens) if systemd else _directory(tokens)


def ancestors_of(cgroup: str) -> tuple[str, ...]:
    """The cgroup and all above it but the root, which has no limits; outermost first."""
    tokens = [token for token in cgroup.split("/") if token]
    return tuple("/" + "/".join(tokens[:end]) for end in range(1, len(tokens) + 1))


def _directory(tokens: list[str]) -> str:
    """Without systemd: ``/machine/prod.partition`` (virCgroupSetPartitionSuffix)."""
    names = []
    for at, token in enumerate(tokens):
        suffixed = (not at and token in _TOP_LEVEL) or "." in token
        name = token if suffixed else f"{token}.partition"
        names.append(f"_{name}" if _looks_like_a_file(name) else name)
    return "/" + "/".join(names)


def _looks_like_a_file(name: str) -> bool:
    """Whether libvirt puts a ``_`` before it, so that it is no file of the kernel's."""
    return name.startswith(("_", ".")) or name.partition(".")[0] in _CONTROLLERS


def _slice(tokens: list[str]) -> str:
    """With systemd: ``/machine.slice/machine-prod.slice`` (virSystemdMakeSliceName)."""
    escaped = [_escape(token) for token in tokens]
    return "".join(f"/{'-'.join(escaped[:end])}.slice" for end in range(1, len(escaped) + 1))


def _escape(token: str) -> str:
    r"""A part of a unit's name: what systemd keeps for itself becomes ``\x2d``."""
    return "".join(
        character
        if character.isascii() and (character.isalnum() or character in ":_.")
        else "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
        for character in token
    )
