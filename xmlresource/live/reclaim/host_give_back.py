"""``reclaim --host --give-back``: let the guests of a host have their RAM again, as far as it goes.

What a guest lacks of the RAM that its definition gives it comes first from its own promise. The
rest comes from what admission finds there beside all promises, those to guests that run, start or
are still to start after a boot; so no promise is broken. What is given back is promised to nobody.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from xmlresource.admission import decision
from xmlresource.admission.demand import Demand, NodeDemand
from xmlresource.admission.reserve import host_reserve
from xmlresource.cgroup.mounts import is_below
from xmlresource.document import Document
from xmlresource.errors import ExitStatus
from xmlresource.live.event_context import event_context
from xmlresource.live.guest_location import GuestLocation, elsewhere, find_location
from xmlresource.live.reclaim.guest_reclaim import defined_memory, tell_given_back
from xmlresource.live.reclaim.host_reclaim import NO_BALLOON, NOT_HERE, has_balloon
from xmlresource.live.reclaim.reclaim_run import balloon_of
from xmlresource.model.domain import Domain
from xmlresource.model.host import AncestorLimit
from xmlresource.model.policy import MemoryPolicy
from xmlresource.operations.host import Host, open_host
from xmlresource.operations.promises.admission_check import Taken, demand_for, host_for, taken
from xmlresource.operations.promises.boot_queue import held_back
from xmlresource.operations.promises.ledger_upkeep import current_promises
from xmlresource.promises.promise import Held
from xmlresource.promises.terms import Terms
from xmlresource.reclaim.sharing import Pool, Shortfall, give
from xmlresource.record import record, replace
from xmlresource.system.cgroups import charges, places
from xmlresource.system.libvirt.connection import LIVE, Handle, Hypervisor, connected, error_type
from xmlresource.system.machine import Machine
from xmlresource.units import KIB

_COMMAND: Final = "xmlresource reclaim --host --give-back"
_ON_HUGEPAGES: Final = (
    "its RAM is on hugepages, of which others may have taken what it gave; "
    "--give-back it alone when they are free"
)


@record
class Return:
    """The RAM that one guest is given back.

    Attributes:
        name: The guest.
        uuid: Its uuid.
        balloon: What its balloon leaves it now.
        lack: What it lacks of what its definition gives it.
        size: What it gets of that.
    """

    name: str
    uuid: str
    balloon: int
    lack: Shortfall
    size: int = 0

    @property
    def defined(self) -> int:
        """The RAM that the guest's definition gives it."""
        return self.balloon + self.lack.size

    @property
    def target(self) -> int:
        """The size that the guest's balloon is to leave it."""
        return self.balloon + self.size


@record
class ReturnPlan:
    """The plan of giving RAM back: a share for each guest.

    Attributes:
        room: What the host has beside all that is promised.
        returns: What each guest gets that lacks something.
        passed_over: Other guests that run and may lack something, by name, each with the reason.
    """

    room: int
    returns: tuple[Return, ...]
    passed_over: tuple[tuple[str, str], ...] = ()

    @property
    def lacking(self) -> int:
        """The RAM that all guests together lack."""
        return sum(each.lack.size for each in self.returns)

    @property
    def gives(self) -> int:
        """The RAM that all guests together get."""
        return sum(each.size for each in self.returns)

    @property
    def missing(self) -> int:
        """The RAM that there is no room for."""
        return self.lacking - self.gives

    @property
    def exit_status(self) -> ExitStatus:
        """The exit status: refused where there is no room for all."""
        return ExitStatus.REFUSED if self.missing else ExitStatus.FINE


@record
class Returned:
    """The outcome of giving memory back to guests of a host.

    Attributes:
        plan: What was planned, and is done unless ``failed`` says otherwise.
        agreed: Whether it was agreed to; otherwise nothing was done.
        failed: Guests that libvirt did not let have it, by name, each with the reason.
    """

    plan: ReturnPlan
    agreed: bool
    failed: tuple[tuple[str, str], ...] = ()

    @property
    def exit_status(self) -> ExitStatus:
        """The exit status: a failure of libvirt outweighs a lack of room."""
        if self.failed:
            return ExitStatus.USAGE
        return self.plan.exit_status if self.agreed else ExitStatus.REFUSED


@record
class _Guest:
    handle: Handle
    location: GuestLocation
    groups: tuple[frozenset[int], ...]  # sets of nodes that its RAM is bound to
    back: Return


def plan_give_back(
    uri: str | None = None,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
) -> ReturnPlan:
    """Plan what each guest would get back; nothing is changed.

    Args:
        uri: The connection to libvirt; ``None`` for its default.
        machine: The machine.

    Raises:
        LibvirtError: libvirt can't be reached or refuses.
        ElsewhereError: The guests run on another host.
        ConfigurationError: The host's configuration can't be used.
        HostError: The host does not tell what must be known.
        StateError: The ledger of promises can't be read.
        OSError: A kernel file can't be read.
    """
    with connected(uri) as hypervisor:
        return _planned(hypervisor, machine)[0]


def give_back_host(
    uri: str | None = None,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
    agreed: Callable[[ReturnPlan], bool] = lambda _: True,
) -> Returned:
    """Let the guests of this host have their RAM again, as far as there is room for it.

    By the time that it is agreed to, there may be less room than was planned with: then less is
    given. A guest that libvirt does not let have it does not keep the others from theirs.

    Args:
        uri: The connection to libvirt; ``None`` for its default.
        machine: The machine.
        agreed: Asked with the plan whether to carry it out.

    Raises:
        LibvirtError: libvirt can't be reached or refuses.
        ElsewhereError: The guests run on another host.
        ConfigurationError: The host's configuration can't be used.
        HostError: The host does not tell what must be known.
        StateError: The ledger of promises can't be read.
        OSError: A kernel file can't be read.
    """
    with connected(uri) as hypervisor:
        plan, _ = _planned(hypervisor, machine)
        if not agreed(plan):
            return Returned(plan, agreed=False)
        now, guests = _planned(hypervisor, machine)
        most = {each.uuid: each.size for each in plan.returns}
        done = [_at_most(each, most.get(each.back.uuid, 0)) for each in guests]
        failed = tuple(_carried_out(done, machine))
        carried_out = replace(now, returns=tuple(each.back for each in done))
        return Returned(carried_out, agreed=True, failed=failed)


def _at_most(guest: _Guest, size: int) -> _Guest:
    """No more than was agreed to."""
    return replace(guest, back=replace(guest.back, size=min(size, guest.back.size)))


def _carried_out(guests: Sequence[_Guest], machine: Machine) -> Iterator[tuple[str, str]]:
    """Have each guest take what it gets; who could not be told, and why."""
    for guest in guests:
        if guest.back.size:
            telling = event_context(machine, "give-back", guest.handle, {})
            try:
                with telling.failures():
                    guest.handle.set_memory(guest.back.target // KIB)
            except error_type() as error:
                yield guest.back.name, str(error)
            else:
                tell_given_back(telling, guest.back.target)


def _planned(hypervisor: Hypervisor, machine: Machine) -> tuple[ReturnPlan, tuple[_Guest, ...]]:
    """The plan, and the guests of its rows."""
    guests: list[_Guest] = []
    passed_over: list[tuple[str, str]] = []
    for handle in hypervisor.running():
        found = _guest(handle, machine)
        if isinstance(found, str):
            passed_over.append((handle.name, found))
        elif found is not None:
            guests.append(found)
    host = open_host(machine)
    others = _others(host)
    promised = {each.promise.key: each for each in (*others.promised, *others.unpromised)}
    lacks = [
        _covered(each.back, promised.get((each.handle.driver, each.back.uuid))) for each in guests
    ]
    pots = tuple(_pots(host, guests, others))
    sizes = give(lacks, pots)
    shared = tuple(
        replace(guest, back=replace(guest.back, lack=lack, size=size))
        for guest, lack, size in zip(guests, lacks, sizes, strict=True)
    )
    returns = tuple(each.back for each in shared)
    return ReturnPlan(max(0, pots[-1].room), returns, tuple(passed_over)), shared


def _guest(handle: Handle, machine: Machine) -> _Guest | str | None:
    """A guest that lacks something; why it is passed over; ``None`` where it has all its RAM."""
    location = find_location(handle, machine)
    if location is None:
        if handle.remote_host is not None:
            raise elsewhere(handle, _COMMAND)
        return NOT_HERE
    document = Document.parse(handle.xml(LIVE).encode(), "live XML")
    balloon = balloon_of(handle)
    if balloon is None or not has_balloon(handle, document):
        return NO_BALLOON
    lack = defined_memory(handle) * KIB - balloon
    if lack <= 0:
        return None
    demand = demand_for(document.domain or Domain(), MemoryPolicy())
    if demand.hugepages:
        return _ON_HUGEPAGES
    groups = tuple(each.nodes for each in demand.nodes)
    return _Guest(
        handle, location, groups, Return(handle.name, handle.uuid, balloon, Shortfall(lack))
    )


def _covered(back: Return, promised: Held | None) -> Shortfall:
    """The part that the guest's promise covers: it neither has it nor could take it already."""
    if promised is None:
        return back.lack
    could_have = max(promised.kept, back.balloon)
    return replace(back.lack, promised=max(0, promised.promise.needed - could_have))


def _others(host: Host) -> Taken:
    """All memory that is spoken for, with that of guests that are still to start."""
    promises = current_promises(host.machine, host.state)
    found = taken(host, promises, None)
    waiting = held_back(host, promises)
    return found if waiting is None else found.and_to(waiting.promises)


def _pots(host: Host, guests: Sequence[_Guest], others: Taken) -> Iterator[Pool]:
    """The room beside all promises: on nodes, in cgroups above guests, last on the host.

    It is what somebody would find who asks for nothing.
    """
    groups = dict.fromkeys(group for each in guests for group in each.groups)
    bound = tuple(NodeDemand(group, cells=0, rest=False) for group in groups)
    nobody = Demand(name="", uuid="", guarantee=0, nodes=bound)
    facts = host_for(host.machine, nobody)
    reserve = host_reserve(facts.memory.total, host.configuration.host_reserve)
    everybody = (*others.promised, *others.unpromised)
    for each in bound:
        _, now = decision.nodes(nobody, each, facts, everybody, reserve)
        on_it = (any(group & each.nodes for group in guest.groups) for guest in guests)
        yield Pool(now.room, _places(on_it))
    terms = Terms(unpromised=others.unpromised)
    for limit in _limits(host.machine, guests):
        _, now = decision.ancestor(nobody, limit, others.promised, terms)
        below = (is_below(guest.location.place.cgroup, limit.path) for guest in guests)
        yield Pool(now.room, _places(below))
    now = decision.physical(nobody, facts, others.promised, reserve, others.unpromised)
    yield Pool(now.room, tuple(range(len(guests))))


def _places(are: Iterable[bool]) -> tuple[int, ...]:
    """The places of those that are."""
    return tuple(index for index, is_one in enumerate(are) if is_one)


def _limits(machine: Machine, guests: Sequence[_Guest]) -> tuple[AncestorLimit, ...]:
    """The cgroups above the guests that have a limit, each once."""
    places_of = [each.location.place for each in guests]
    above = dict.fromkeys(path for place in places_of for path in place.ancestors)
    if not places_of:
        return ()
    controller = places_of[0].controller  # the host has one
    return charges.ancestor_limits(machine, controller, above, places.PAGE_SIZE)
