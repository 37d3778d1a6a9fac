"""After guests that are gone: take from the cgroups above them what they needed there."""

from collections.abc import Iterable, Iterator

from xmlresource.cgroup.hierarchy import partition_groups
from xmlresource.errors import XmlresourceError
from xmlresource.ledger import Ledger
from xmlresource.model.promise import Promise
from xmlresource.operations.enforcing import lower_above
from xmlresource.system.machine import Machine


class SettlingError(XmlresourceError):
    """What stands above a guest that is gone could not be lowered."""


def settle(machine: Machine, gone: Iterable[Promise], ledger: Ledger) -> None:
    """Have the cgroups above guests that are gone protect what is still promised below them.

    Args:
        machine: The machine.
        gone: The promises that were dropped.
        ledger: The book without them.

    Raises:
        SettlingError: The kernel does not take it. The promises must stay in the book then, so that
            the next event tries again.
        OSError: A kernel file can't be read.
    """
    for cgroup in dict.fromkeys(path for promise in gone for path in _places(promise)):
        report = lower_above(machine, cgroup, ledger)
        if report is not None and not report.ok:
            raise SettlingError(f"{cgroup}: {report.describe()}")


def _places(promise: Promise) -> Iterator[str]:
    """The guest's cgroup, or those it may have had.

    A start that was killed between the first write and the last one is not in the book with its
    cgroup, and may have raised what is above it all the same.
    """
    if promise.cgroup is not None:
        yield promise.cgroup
        return
    try:
        groups = partition_groups(promise.partition)
    except ValueError:  # libvirt starts no guest there
        return
    for nearest in (groups[0], groups[len(groups) // 2]):
        yield f"{nearest}/gone.libvirt-{promise.driver}"
