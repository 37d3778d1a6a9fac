"""Ask whether a guest's guarantee can be promised on this host, now."""

from collections.abc import Callable
from typing import Final, TypeVar

from xmlresource.admission.demand import Demand, demand_of
from xmlresource.admission.reckoning import Decision
from xmlresource.admission.reserve import host_reserve
from xmlresource.admission.totals import fits_by_totals
from xmlresource.cgroup.hierarchy import NoPlace, partition_groups
from xmlresource.model.domain import Domain
from xmlresource.model.host import AncestorLimit, HostFacts
from xmlresource.model.policy import MemoryPolicy
from xmlresource.operations.guest import Guest
from xmlresource.operations.host import Host
from xmlresource.operations.promises.ledger_upkeep import bring_up_to_date, held
from xmlresource.printable import printable
from xmlresource.promises.promise import Held, Key, Promise
from xmlresource.promises.terms import Terms
from xmlresource.record import record, replace
from xmlresource.system.cgroups import charges, places
from xmlresource.system.host_facts import HostError, read_host
from xmlresource.system.machine import Machine
from xmlresource.system.state.state_folder import Transaction

_MOST_ATTEMPTS: Final = 4

_Answer = TypeVar("_Answer")


def demand_for(domain: Domain, policy: MemoryPolicy) -> Demand:
    """The demand of the guest on this host."""
    return demand_of(domain, policy, places.PAGE_SIZE)


def demand_of_guest(machine: Machine, guest: Guest) -> Demand:
    """The demand of a guest that libvirt starts or runs, with its CPU time and parts of disks.

    Not for under the lock: who writes the definition decides how long it takes.

    Raises:
        HostError: CPU time is asked for, and the host does not tell what must be known.
        OSError: Part of a disk is asked for, and a kernel file can't be read.
    """
    demand = demand_for(guest.domain, guest.policy.declared)
    policy = guest.policy
    if policy.guarantees_cpu:
        from xmlresource.operations.promises.weighed.cpu_admission import cpu_demand_for  # noqa: PLC0415 -- seldom wanted

        cpu = cpu_demand_for(machine, guest.domain, policy.cpu).promise
        demand = replace(demand, cpu=cpu)
    if policy.guarantees_io:
        from xmlresource.operations.promises.weighed.io_admission import io_promise_of  # noqa: PLC0415 -- as above

        demand = replace(demand, io=io_promise_of(machine, guest))
    return demand


def starting_promise(machine: Machine, demand: Demand, domain: Domain) -> Promise:
    """The promise that the ledger holds for a guest that was admitted and starts.

    Raises:
        HostError: The host does not tell what must be known.
    """
    default = host_for(machine, demand).default_hugepage if demand.hugepages else None
    return demand.as_promise(domain.partition, default)


def host_for(machine: Machine, demand: Demand) -> HostFacts:
    """The host's facts, as many as deciding about ``demand`` takes.

    Raises:
        HostError: The host does not tell them.
    """
    return read_host(
        machine,
        nodes=demand.host_nodes,
        pools=bool(demand.hugepages),
        page_size=places.PAGE_SIZE,
    )


def fits_at_once(
    host: Host,
    demand: Demand,
    domain: Domain,
    promised: int,
) -> bool:
    """Whether the guarantee can be promised whatever has become of the promises so far.

    On a host that is far from full this saves looking at each of them. ``False`` says nothing.

    Args:
        host: The host.
        demand: What is asked.
        domain: The guest.
        promised: The bytes promised so far, to guests that are gone too.

    Raises:
        HostError: The host does not tell what must be known.
        OSError: A kernel file can't be read.
    """
    if host.configuration.count_unpromised:
        return False
    facts = host_for(host.machine, demand)
    reserve = host_reserve(facts.memory.total, host.configuration.host_reserve)
    terms = terms_for(host, domain)
    return fits_by_totals(demand, facts, promised, reserve, above(host.machine, domain), terms)


@record
class Taken:
    """Memory that is spoken for, and how much of it is in use already.

    Attributes:
        promised: What was promised.
        unpromised: What guests that run without a promise count with.
    """

    promised: tuple[Held, ...]
    unpromised: tuple[Held, ...] = ()

    def and_to(self, promises: tuple[Promise, ...]) -> "Taken":
        """The memory that is spoken for, with promises to guests that are still to start."""
        return Taken((*self.promised, *map(Held, promises)), self.unpromised)

    def without(self, key: Key) -> "Taken":
        """The facts without what one guest has been promised."""
        promised = tuple(each for each in self.promised if each.promise.key != key)
        return Taken(promised, self.unpromised)

    def merged(self) -> "Taken":
        """The memory that is spoken for, in fewer promises, for decisions about other guests."""
        from xmlresource.admission.aggregation import merged  # noqa: PLC0415 -- seldom needed

        return Taken(merged(self.promised), merged(self.unpromised))


def taken(
    host: Host,
    promises: tuple[Promise, ...],
    key: Key | None,
) -> Taken:
    """The memory that is spoken for beside the guest ``key``, for ``None`` beside nobody.

    Not for under the lock: its cost depends on what runs.

    Raises:
        OSError: The kernel does not tell what runs.
    """
    besides: tuple[Promise, ...] = ()
    if host.configuration.count_unpromised:
        from xmlresource.operations.promises.unpromised import as_if_promised  # noqa: PLC0415 -- seldom set

        besides = as_if_promised(host.machine, {key, *(each.key for each in promises)})
    return Taken(held(host.machine, promises), held(host.machine, besides))


def weighed(
    host: Host, transaction: Transaction, key: Key, decide: Callable[[Taken], _Answer]
) -> _Answer:
    """Decide on a guest besides all promises, made sure that they are still those at the answer.

    What a guest asks for decides how long that takes, so the ledger is given back meanwhile. Where
    others change it again and again, the last word is said under the lock.

    Args:
        host: The host.
        transaction: The ledger.
        key: The guest.
        decide: From what is spoken for to a decision.

    Raises:
        HostError: The host does not tell what must be known.
        StateError: The ledger can't be used.
        OSError: A kernel file can't be read.
    """
    promises = bring_up_to_date(host, transaction)
    others = Taken(())
    for _ in range(_MOST_ATTEMPTS):
        before = transaction.ledger
        transaction.give_back()
        others = taken(host, promises, key)
        decision = decide(others)
        transaction.take_again()
        if not transaction.is_new and transaction.ledger == before:
            return decision
        promises = bring_up_to_date(host, transaction)
    known = {each.key for each in promises}
    besides = tuple(each for each in others.unpromised if each.promise.key not in known)
    return decide(Taken(held(host.machine, promises), besides))


def reckon(
    host: Host,
    demand: Demand,
    domain: Domain,
    promises: tuple[Promise, ...],
) -> Decision:
    """Whether the guarantee can be promised besides ``promises``; not for under the lock.

    Raises:
        HostError: The host does not tell what must be known.
        OSError: A kernel file can't be read.
    """
    others = taken(host, promises, demand.key)
    return reckon_besides(host, demand, domain, others)


def reckon_besides(
    host: Host,
    demand: Demand,
    domain: Domain,
    others: Taken,
) -> Decision:
    """Whether the guarantee can be promised beside ``others``, which are spoken for.

    Raises:
        HostError: The host does not tell what must be known.
        OSError: A kernel file can't be read.
    """
    from xmlresource.admission.decision import decide  # noqa: PLC0415 -- most starts fit at once

    facts = host_for(host.machine, demand)
    reserve = host_reserve(facts.memory.total, host.configuration.host_reserve)
    terms = terms_for(host, domain, others.unpromised)
    return decide(demand, facts, others.promised, reserve, above(host.machine, domain), terms)


def terms_for(host: Host, domain: Domain, unpromised: tuple[Held, ...] = ()) -> Terms:
    """On what terms the guest is promised memory: of the budgets those that it counts against."""
    budgets = (each for each in host.configuration.partitions if each.covers(domain.partition))
    return Terms(host.configuration.commit_ratio, tuple(budgets), unpromised)


def above(machine: Machine, domain: Domain) -> tuple[AncestorLimit, ...]:
    """The limits above the place where the guest will run.

    Raises:
        HostError: It would run in no partition that there can be.
    """
    controller = places.host_controller(machine)
    if isinstance(controller, NoPlace):
        return ()
    try:
        groups = map(controller.mounted, partition_groups(domain.partition))
    except ValueError:
        name = printable(domain.partition or "")
        raise HostError(f"<partition> '{name}' is none that libvirt takes") from None
    return charges.ancestor_limits(machine, controller, groups, places.PAGE_SIZE)
