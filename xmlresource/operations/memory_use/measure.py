"""Measure what a running guest takes beyond its RAM, beside the estimate."""

from xmlresource.cgroup.hierarchy import NoPlace
from xmlresource.errors import XmlresourceError
from xmlresource.model.domain import QEMU_TYPES, Domain
from xmlresource.operations.guests.running_guests import NotRunningError, running_guest
from xmlresource.operations.live_documents import live_document
from xmlresource.overhead import Overhead, estimate
from xmlresource.overhead.measured import Measured, Part, compare, split
from xmlresource.printable import printable
from xmlresource.record import record
from xmlresource.system.cgroups import memory_use, places
from xmlresource.system.libvirt.guests import RunningGuest
from xmlresource.system.machine import Machine


class MeasureError(XmlresourceError):
    """The guest runs and can't be measured."""


@record
class Measurement:
    """One guest, measured.

    Attributes:
        name: Its name.
        pid: The emulator's process.
        cgroup: The guest's own cgroup.
        measured: What it takes.
        predicted: The estimate from its live definition.
    """

    name: str
    pid: int
    cgroup: str
    measured: Measured
    predicted: Overhead

    @property
    def parts(self) -> tuple[Part, ...]:
        """Measured and estimated bytes, part by part."""
        return compare(self.measured, self.predicted)

    @property
    def objection(self) -> str | None:
        """The reason why the limit in force is too low, in a sentence; ``None`` if it is not."""
        limit = self.measured.account.limit
        return self.predicted.objection(limit) if isinstance(limit, int) else None


def measure(name: str, machine: Machine = Machine()) -> Measurement:  # noqa: B008 -- immutable
    """Measure the guest ``name``, which runs under QEMU.

    Raises:
        NotRunningError: No guest of that name runs.
        MeasureError: It can't be measured.
        OSError: A kernel file can't be read.
    """
    running = running_guest(name, machine)
    domain = _domain_of(machine, running)
    if domain.type not in QEMU_TYPES:
        text = f"guest '{printable(name)}' is a container: there is no emulator to measure"
        raise MeasureError(text)
    pid = running.process.pid
    place = places.locate(machine, pid)
    if isinstance(place, NoPlace):
        raise MeasureError(f"guest '{printable(name)}': {place.reason}")
    account = memory_use.account(machine, place)
    emulator = memory_use.emulator(machine, pid)
    if account is None or emulator is None:
        raise NotRunningError(f"guest '{printable(name)}' has just ended")
    helpers = memory_use.helpers(machine, place, pid)
    measured = split(domain, account, emulator, helpers)
    return Measurement(name, pid, place.cgroup, measured, estimate(domain))


def _domain_of(machine: Machine, guest: RunningGuest) -> Domain:
    """The live definition.

    Raises:
        MeasureError: libvirt's status file can't be read.
    """
    found = live_document(machine, guest)
    if found is None or found.fault is not None:
        reason = "it is gone" if found is None else found.fault
        raise MeasureError(f"{guest.file_name}.xml can't be read: {reason}")
    domain = None if found.document is None else found.document.domain
    if domain is None:
        raise MeasureError(f"{guest.file_name}.xml holds no domain")
    return domain
