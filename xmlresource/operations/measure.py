"""What a guest that runs takes beyond its RAM, beside what its definition lets expect."""

from xmlresource.cgroup.hierarchy import NoPlace
from xmlresource.document import Document, DocumentError
from xmlresource.errors import XmlresourceError
from xmlresource.model.domain import QEMU_TYPES, Domain
from xmlresource.operations.finding import NotRunningError, running_guest
from xmlresource.overhead import Overhead, estimate
from xmlresource.overhead.measured import Measured, Part, compare, split
from xmlresource.printable import printable
from xmlresource.record import record
from xmlresource.system import memory_use, places
from xmlresource.system.guests import RunningGuest
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
        """What was measured beside what was predicted, part by part."""
        return compare(self.measured, self.predicted)

    @property
    def objection(self) -> str | None:
        """Why the limit in force is too low, in a sentence; ``None`` where nothing is."""
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
    domain = _domain_of(running)
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


def _domain_of(guest: RunningGuest) -> Domain:
    """The live definition.

    Raises:
        MeasureError: libvirt's status file can't be read.
    """
    try:
        domain = Document.parse(guest.status, f"{guest.file_name}.xml").domain
    except DocumentError as error:
        raise MeasureError(f"{guest.file_name}.xml can't be read: {error}") from error
    if domain is None:
        raise MeasureError(f"{guest.file_name}.xml holds no domain")
    return domain
