"""The host reserve: what is kept for the host itself. Sizes are in bytes."""

from typing import Final

from xmlresource.model.host import ReserveSetting

MIB: Final = 1 << 20
GIB: Final = 1 << 30

DEFAULT_BASIS_POINTS: Final = 500
"""5 % of MemTotal, as a share in hundredths of a percent."""
LEAST: Final = 256 * MIB
MOST: Final = 4 * GIB

_WHOLE: Final = 10_000


def host_reserve(total: int, setting: ReserveSetting | None = None) -> int:
    """The part of ``total`` that is kept for the host.

    The default lies within ``LEAST`` and ``MOST``; what an administrator configured is taken as
    it is written, because they know their host.
    """
    if setting is None:
        return min(max(_part(total, DEFAULT_BASIS_POINTS), LEAST), MOST)
    if setting.size is not None:
        return setting.size
    return _part(total, setting.basis_points or 0)


def reserve_of_part(reserve: int, part: int, total: int) -> int:
    """The share of the reserve that falls on nodes with ``part`` of the host's ``total``.

    Rounded up: the host's own memory may lie on any node.
    """
    return -(-reserve * part // total) if total else reserve


def reserve_not_in_use(
    reserve: int, total: int, available: int, hugepages: int, guests: int
) -> int:
    """The part of the reserve that the host has yet to take.

    The host itself uses what is neither available, nor a hugepage pool's, nor kept by a guest with
    a promise: ``total - available - hugepages - guests``, 0 where that is negative. Guests without
    a promise count as the host's own use.

    ``guests`` is without their page cache: the kernel counts that as available.
    """
    used_by_host = max(0, total - available - hugepages - guests)
    return max(0, reserve - used_by_host)


def _part(total: int, basis_points: int) -> int:
    return total * basis_points // _WHOLE
