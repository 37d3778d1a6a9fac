"""The CPU reserve: the CPU time that is kept for the host itself. Thousandths of a CPU."""

from typing import Final

from xmlresource.model.cpu import WHOLE_CPU
from xmlresource.model.host import ReserveSetting

LEAST: Final = WHOLE_CPU // 2
MOST: Final = 2 * WHOLE_CPU

_DEFAULT_BASIS_POINTS: Final = 500
_WHOLE: Final = 10_000


def cpu_reserve(cpus: int, setting: ReserveSetting | None = None) -> int:
    """What is kept for the host of so many CPUs.

    The default is 5 % of them, at least half a CPU, at most two; what an administrator configured
    is taken as it is written.

    Args:
        cpus: How many CPUs the host has.
        setting: The administrator's; its size is in thousandths of a CPU.
    """
    if setting is None:
        return min(max(_part(cpus, _DEFAULT_BASIS_POINTS), LEAST), MOST)
    if setting.size is not None:
        return setting.size
    return _part(cpus, setting.basis_points or 0)


def _part(cpus: int, basis_points: int) -> int:
    return -(-cpus * WHOLE_CPU * basis_points // _WHOLE)
