"""A promise to a guest that runs, where its status file does not tell what it was promised.

The ledger is lost, and so is what was decided. What such a guest has now is the least that it may
have been promised; what protects it on v2, and its RAM where that can be read, may be more.
"""

from zlib import crc32

from xmlresource.cgroup.hierarchy import NoPlace, Place
from xmlresource.operations.live_documents import LiveDocument
from xmlresource.printable import printable
from xmlresource.promises.ledger import canonical_uuid
from xmlresource.promises.promise import Process, Promise, PromiseState
from xmlresource.system.cgroups import cgroup_files, charges, places
from xmlresource.system.libvirt import guests
from xmlresource.system.libvirt.guests import DoubtfulGuest, RunningGuest
from xmlresource.system.machine import Machine
from xmlresource.units import format_amount


def promise_in_doubt(
    machine: Machine, guest: RunningGuest | DoubtfulGuest, found: LiveDocument
) -> tuple[Promise, str]:
    """A promise that is large enough as far as anybody knows, and a sentence about it.

    Raises:
        OSError: A kernel file can't be read.
    """
    process = guest.process if isinstance(guest, RunningGuest) else None
    place = _place(machine, process)
    size = max(_in_use(machine, place), _ram(found))
    name = printable(guest.file_name)
    why = found.fault or "its pid file makes no sense"
    text = (
        f"guest '{name}' may have been promised memory, and what can't be told ({why}): "
        f"{format_amount(size)} count as promised until it ends or 'xmlresource apply {name}' "
        "can read its definition"
    )
    promise = Promise(
        uuid=_uuid(machine, guest),
        name=guest.file_name,
        driver=guest.driver,
        size=size,
        state=PromiseState.RUNNING,
        process=process,
        cgroup=None if place is None else place.cgroup,
    )
    return promise, text


def _place(machine: Machine, process: Process | None) -> Place | None:
    found = None if process is None else places.locate(machine, process.pid)
    return None if isinstance(found, NoPlace) else found


def _in_use(machine: Machine, place: Place | None) -> int:
    """The bytes charged to the guest's cgroup, or protected there if that is more."""
    if place is None:
        return 0
    usage = charges.usage(machine, place.controller, place.cgroup)
    protected = cgroup_files.read_state(machine, place).value(place.cgroup, "memory.min")
    return max(
        0 if usage is None else usage.charged, protected if isinstance(protected, int) else 0
    )


def _ram(found: LiveDocument) -> int:
    domain = None if found.document is None else found.document.domain
    return 0 if domain is None else domain.memory or 0


def _uuid(machine: Machine, guest: RunningGuest | DoubtfulGuest) -> str:
    """The guest's own; one that follows from its name where that can't be read either."""
    found = canonical_uuid(guests.head_of(machine, guest).uuid or "")
    if found is not None:
        return found
    key = f"{guest.driver}/{guest.file_name}".encode("utf-8", "surrogateescape")
    digits = "".join(f"{crc32(bytes([salt]) + key):08x}" for salt in range(4))
    return canonical_uuid(digits) or ""
