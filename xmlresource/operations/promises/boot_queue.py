"""After a boot: guests of higher priority come first, whatever order libvirt starts guests in.

For some time after the boot (``boot_window``) a start finds out which guests with autostart are
still to start and come before it, and leaves them their room. A guest that was started and ended
again within that time counts as still to start; one whose definition can't be used counts for
nothing.
"""

from xmlresource.admission.demand import Demand
from xmlresource.admission.priority import first_come, with_room_held_back
from xmlresource.admission.reckoning import Decision, HeldBack
from xmlresource.model.domain import Domain
from xmlresource.operations.host import Host
from xmlresource.operations.promises.admission_check import Taken, reckon_besides, taken
from xmlresource.operations.promises.autostart_demands import guests_with_autostart
from xmlresource.operations.promises.boot_rooms import Waiting, fitting
from xmlresource.promises.promise import Key, Promise
from xmlresource.record import record, replace
from xmlresource.system.libvirt import guests


@record
class Queue:
    """The queue of guests that are still to start after a boot.

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
        """The bytes that all guests in the queue ask for, whether they fit or not."""
        return sum(each.needed for each in self.guests)

    def above(self, priority: int) -> "Queue":
        """The queue of the guests with a higher priority."""
        return replace(self, guests=tuple(each for each in self.guests if each.priority > priority))

    def without(self, keys: frozenset[Key]) -> "Queue":
        """The queue without guests that have started."""
        return replace(self, guests=tuple(each for each in self.guests if each.key not in keys))


def queue_before(host: Host, priority: int = 0) -> Queue:
    """The guests with autostart of a higher priority, started or not; none after the window."""
    if not host.configuration.boot_priority:
        return Queue()
    seconds = int(host.configuration.boot_window) - guests.seconds_since_boot()
    if seconds <= 0:
        return Queue()
    found, problems = guests_with_autostart(host, priority)
    unique = {each.key: each for each in reversed(found)}
    return Queue(tuple(first_come(unique.values())), seconds, problems)


def reckon_in(
    host: Host,
    demand: Demand,
    domain: Domain,
    others: Taken,
    queue: Queue,
) -> Decision:
    """Whether the guarantee can be promised besides ``others`` and those to come before it.

    Raises:
        HostError: The host does not tell what must be known.
        OSError: A kernel file can't be read.
    """
    decision = reckon_besides(host, demand, domain, others)
    started = frozenset(each.promise.key for each in others.promised) | {demand.key}
    queue = queue.without(started)
    if not decision.admitted or not demand.guarantee or not queue.guests:
        return decision
    first = fitting(host, queue.guests, others)
    if not first:
        return decision
    spoken_for = others.without(demand.key).and_to(first).merged()
    besides = reckon_besides(host, demand, domain, spoken_for)
    return with_room_held_back(decision, besides, first, queue.seconds)


def held_back(host: Host, promises: tuple[Promise, ...]) -> HeldBack | None:
    """The room that is held back from a guest without a priority; ``None`` where none is.

    Raises:
        HostError: The host does not tell what must be known.
        OSError: A kernel file can't be read.
    """
    queue = queue_before(host).without(frozenset(each.key for each in promises))
    if not queue.guests:
        return None
    found = fitting(host, queue.guests, taken(host, promises, None))
    return HeldBack(found, queue.seconds) if found else None
