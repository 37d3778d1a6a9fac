"""After a boot: guests of higher priority come first, whatever order libvirt starts guests in.

For some time after the boot (``boot_window``) a start finds out which guests with autostart are
still to start and come before it, and leaves them their room. A guest that was started and ended
again within that time counts as still to start; one whose definition can't be used counts for
nothing.
"""

import re
from typing import Final

from xmlresource.admission.demand import Demand
from xmlresource.admission.priority import first_come, with_room_held_back
from xmlresource.admission.reckoning import Decision, HeldBack
from xmlresource.configuration import Configuration
from xmlresource.model.domain import Domain
from xmlresource.model.promise import Promise
from xmlresource.operations.admitting import (
    Taken,
    above,
    demand_for,
    reckon_besides,
    starting_promise,
    taken,
)
from xmlresource.operations.guest import RefusalError, read_guest
from xmlresource.operations.promising import refuse_faults
from xmlresource.printable import printable
from xmlresource.record import record, replace
from xmlresource.system import guests
from xmlresource.system.autostart import AutostartGuest, autostart_guests
from xmlresource.system.host import HostError
from xmlresource.system.machine import Machine
from xmlresource.tunables import PRIORITY

_SAID: Final = rb"%s\s*=\s*[\"']([0-9]{1,3})[\"']" % PRIORITY.encode()
_SPELT_OTHERWISE: Final = (b"&#", b"\0")


@record
class Waiting:
    """A guest that is still to start.

    Attributes:
        demand: What it asks for.
        domain: Its definition.
        promise: What it will be promised.
    """

    demand: Demand
    domain: Domain
    promise: Promise

    @property
    def priority(self) -> int:
        """Its priority."""
        return self.demand.priority


@record
class Queue:
    """Who is still to start.

    Attributes:
        guests: Those that come before the guest in question, highest priority first.
        seconds: For how much longer they do.
        problems: Why a definition counts for nothing, a sentence each.
    """

    guests: tuple[Waiting, ...] = ()
    seconds: int = 0
    problems: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """What they ask for together, whether they fit or not."""
        return sum(each.promise.needed for each in self.guests)

    def above(self, priority: int) -> "Queue":
        """Those of a higher priority."""
        return replace(self, guests=tuple(each for each in self.guests if each.priority > priority))

    def without(self, uuids: frozenset[str]) -> "Queue":
        """The queue without guests that have started."""
        return replace(
            self, guests=tuple(each for each in self.guests if each.demand.uuid not in uuids)
        )


def queue_before(machine: Machine, configuration: Configuration, priority: int = 0) -> Queue:
    """The guests with autostart of a higher priority, started or not; none after the window."""
    if not configuration.boot_priority:
        return Queue()
    seconds = int(configuration.boot_window) - guests.seconds_since_boot()
    if seconds <= 0:
        return Queue()
    found: dict[str, Waiting] = {}
    problems = []
    for each in autostart_guests(machine):
        try:
            guest = _waiting(machine, each, priority)
        except (RefusalError, HostError, OSError) as error:
            text = str(error).partition("\n")[0]
            problems.append(f"{printable(each.path, 200)} holds back no room: {text}")
        else:
            if guest is not None:
                found.setdefault(guest.demand.uuid, guest)
    return Queue(tuple(first_come(found.values())), seconds, tuple(problems))


def reckon_in(
    machine: Machine,
    configuration: Configuration,
    demand: Demand,
    domain: Domain,
    promises: tuple[Promise, ...],
    queue: Queue,
) -> Decision:
    """Whether the guarantee can be promised besides ``promises`` and those to come before it.

    Raises:
        HostError: The host does not tell what must be known.
        OSError: A kernel file can't be read.
    """
    others = taken(machine, configuration, promises, demand.uuid)
    decision = reckon_besides(machine, configuration, demand, domain, others)
    started = frozenset(each.uuid for each in promises) | {demand.uuid}
    queue = queue.without(started)
    if not decision.admitted or not demand.guarantee or not queue.guests:
        return decision
    first = fitting(machine, configuration, queue, others)
    if not first:
        return decision
    besides = reckon_besides(machine, configuration, demand, domain, others.and_to(first))
    return with_room_held_back(decision, besides, first, queue.seconds)


def held_back(
    machine: Machine, configuration: Configuration, promises: tuple[Promise, ...]
) -> HeldBack | None:
    """What a guest without a priority would find held back; ``None`` where nothing is.

    Raises:
        HostError: The host does not tell what must be known.
        OSError: A kernel file can't be read.
    """
    queue = queue_before(machine, configuration)
    queue = queue.without(frozenset(each.uuid for each in promises))
    if not queue.guests:
        return None
    found = fitting(machine, configuration, queue, taken(machine, configuration, promises, ""))
    return HeldBack(found, queue.seconds) if found else None


def fitting(
    machine: Machine, configuration: Configuration, queue: Queue, others: Taken
) -> tuple[Promise, ...]:
    """What the guests in the queue will be promised: each that fits with those before it."""
    promises = []
    so_far = others.merged()
    for each in queue.guests:
        decision = reckon_besides(machine, configuration, each.demand, each.domain, so_far)
        if decision.admitted:
            promises.append(each.promise)
            so_far = so_far.and_to((each.promise,)).merged()
    return tuple(promises)


def may_come_first(definition: bytes, priority: int) -> bool:
    """Whether an attribute somewhere in a definition may say a higher priority.

    Reading all that is in it takes a hundred times as long.
    """
    if any(sign in definition for sign in _SPELT_OTHERWISE):
        return True
    return any(int(number) > priority for number in re.findall(_SAID, definition))


def _waiting(machine: Machine, found: AutostartGuest, priority: int) -> Waiting | None:
    """The guest, where it asks for a guarantee and comes first.

    Raises:
        RefusalError: It could not start: its definition makes no sense.
        HostError: The host does not tell what must be known.
        OSError: Its definition, or a kernel file, can't be read.
    """
    if found.problem is not None:
        raise OSError(found.problem)
    if not may_come_first(found.definition, priority):
        return None
    guest = read_guest(found.name, found.definition)
    if guest is None or not guest.policy.declared.guarantee:
        return None
    demand = replace(demand_for(guest.domain, guest.policy.declared), uuid=guest.uuid)
    if demand.priority <= priority:
        return None
    refuse_faults(machine, guest)
    above(machine, guest.domain)
    return Waiting(demand, guest.domain, starting_promise(machine, demand, guest.domain))
