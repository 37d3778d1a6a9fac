"""Ask whether a guest's guarantee can be promised on this host, now."""

from xmlresource.admission.demand import Demand, demand_of
from xmlresource.admission.quick import surely_fits
from xmlresource.admission.reckoning import Decision
from xmlresource.admission.reserve import host_reserve
from xmlresource.cgroup.hierarchy import NoPlace, partition_groups
from xmlresource.configuration import Configuration
from xmlresource.model.domain import Domain
from xmlresource.model.host import AncestorLimit, Host
from xmlresource.model.policy import MemoryPolicy
from xmlresource.model.promise import Held, Promise, State
from xmlresource.model.terms import Terms
from xmlresource.operations.book import held
from xmlresource.printable import printable
from xmlresource.record import record
from xmlresource.system import charges, places
from xmlresource.system.host import HostError, read_host
from xmlresource.system.machine import Machine


def demand_for(domain: Domain, policy: MemoryPolicy) -> Demand:
    """What the guest asks of this host."""
    return demand_of(domain, policy, places.PAGE_SIZE)


def starting_promise(machine: Machine, demand: Demand, domain: Domain) -> Promise:
    """What the book holds of a guest that was admitted and starts.

    Raises:
        HostError: The host does not tell what must be known.
    """
    default = host_for(machine, demand).default_hugepage if demand.hugepages else None
    return Promise(
        uuid=demand.uuid,
        name=demand.name,
        driver="lxc" if domain.type == "lxc" else "qemu",
        size=demand.guarantee,
        state=State.STARTING,
        shares=demand.node_shares(),
        hugepages=demand.hugepage_shares(default),
        partition=domain.partition,
        at_once=demand.at_once,
        pinned=demand.pinned,
    )


def host_for(machine: Machine, demand: Demand) -> Host:
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
    machine: Machine,
    configuration: Configuration,
    demand: Demand,
    domain: Domain,
    promised: int,
) -> bool:
    """Whether the guarantee can be promised whatever has become of the promises so far.

    On a host that is far from full this saves looking at each of them. ``False`` says nothing.

    Args:
        machine: The machine.
        configuration: The administrator's settings.
        demand: What is asked.
        domain: The guest.
        promised: The bytes promised so far, to guests that are gone too.

    Raises:
        HostError: The host does not tell what must be known.
        OSError: A kernel file can't be read.
    """
    if configuration.count_unpromised:
        return False
    host = host_for(machine, demand)
    reserve = host_reserve(host.memory.total, configuration.host_reserve)
    terms = terms_for(configuration, domain)
    return surely_fits(demand, host, promised, reserve, above(machine, domain), terms)


@record
class Taken:
    """What is spoken for, and what of it is had already.

    Attributes:
        promised: What was promised.
        unpromised: What guests that run without a promise count with.
    """

    promised: tuple[Held, ...]
    unpromised: tuple[Held, ...] = ()

    def and_to(self, promises: tuple[Promise, ...]) -> "Taken":
        """The same, and these promises to guests that are still to start."""
        return Taken((*self.promised, *map(Held, promises)), self.unpromised)

    def merged(self) -> "Taken":
        """The same in fewer promises, for guests that have none."""
        from xmlresource.admission.merging import merged  # noqa: PLC0415 -- seldom needed

        return Taken(merged(self.promised), merged(self.unpromised))


def taken(
    machine: Machine,
    configuration: Configuration,
    promises: tuple[Promise, ...],
    uuid: str,
) -> Taken:
    """What is spoken for on this host, as the guest ``uuid`` finds it.

    Raises:
        OSError: The kernel does not tell what runs.
    """
    besides: tuple[Promise, ...] = ()
    if configuration.count_unpromised:
        from xmlresource.operations.unpromised import as_if_promised  # noqa: PLC0415 -- seldom set

        besides = as_if_promised(machine, {uuid, *(each.uuid for each in promises)})
    return Taken(held(machine, promises), held(machine, besides))


def reckon(
    machine: Machine,
    configuration: Configuration,
    demand: Demand,
    domain: Domain,
    promises: tuple[Promise, ...],
) -> Decision:
    """Whether the guarantee can be promised besides ``promises``.

    Raises:
        HostError: The host does not tell what must be known.
        OSError: A kernel file can't be read.
    """
    others = taken(machine, configuration, promises, demand.uuid)
    return reckon_besides(machine, configuration, demand, domain, others)


def reckon_besides(
    machine: Machine,
    configuration: Configuration,
    demand: Demand,
    domain: Domain,
    others: Taken,
) -> Decision:
    """The same, of a host of which is known what is spoken for.

    Raises:
        HostError: The host does not tell what must be known.
        OSError: A kernel file can't be read.
    """
    from xmlresource.admission.decide import decide  # noqa: PLC0415 -- most starts fit at once

    host = host_for(machine, demand)
    reserve = host_reserve(host.memory.total, configuration.host_reserve)
    terms = terms_for(configuration, domain, others.unpromised)
    return decide(demand, host, others.promised, reserve, above(machine, domain), terms)


def terms_for(
    configuration: Configuration, domain: Domain, unpromised: tuple[Held, ...] = ()
) -> Terms:
    """On what terms the guest is promised memory: of the budgets those that it counts against."""
    budgets = (each for each in configuration.partitions if each.covers(domain.partition))
    return Terms(configuration.commit_ratio, tuple(budgets), unpromised)


def above(machine: Machine, domain: Domain) -> tuple[AncestorLimit, ...]:
    """The limits above the place where the guest will run.

    Raises:
        HostError: It would run in no partition that there can be.
    """
    controller = places.host_controller(machine)
    if isinstance(controller, NoPlace):
        return ()
    try:
        groups = partition_groups(domain.partition)
    except ValueError:
        name = printable(domain.partition or "")
        raise HostError(f"<partition> '{name}' is none that libvirt takes") from None
    return charges.ancestor_limits(machine, controller, groups, places.PAGE_SIZE)
