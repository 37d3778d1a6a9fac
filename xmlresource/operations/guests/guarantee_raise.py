"""Ask whether more can be promised to a guest that runs.

A start needs all of its guarantee from what is available. A guest that runs has part of it already,
and that part is not available to anybody: it counts as if it were, for this guest alone.
"""

from xmlresource.admission.decision import decide
from xmlresource.admission.reckoning import Decision
from xmlresource.admission.reserve import host_reserve
from xmlresource.cgroup.hierarchy import Place
from xmlresource.model.host import AncestorLimit, MemoryRegion
from xmlresource.operations.guest import Guest
from xmlresource.operations.host import Host
from xmlresource.operations.promises.admission_check import Taken, demand_for, host_for, terms_for
from xmlresource.record import replace
from xmlresource.system.cgroups import charges, places
from xmlresource.system.cgroups.charges import Usage


def reckon_raise(host: Host, guest: Guest, place: Place, others: Taken) -> Decision:
    """Whether the guarantee of a guest at ``place`` can be promised besides all others'.

    The administrator's terms are those of a start.

    Its hugepages, and what else it took at once, it has had since its start, so that they are not
    asked for again. What it has on the nodes that it is bound to counts there, as it does on the
    host and in the cgroups above.

    Raises:
        HostError: The host does not tell what must be known.
        OSError: A kernel file can't be read.
    """
    machine = host.machine
    asked = demand_for(guest.domain, guest.policy.declared)
    nodes = tuple(replace(each, at_once=0) for each in asked.nodes)
    demand = replace(asked, hugepages=(), at_once=0, nodes=nodes)
    facts = host_for(machine, demand)
    reserve = host_reserve(facts.memory.total, host.configuration.host_reserve)
    controller = place.controller
    own = charges.usage(machine, controller, place.cgroup) or Usage(0, 0)
    kept = max(0, own.charged - own.reclaimable)
    on_nodes = charges.kept_on_nodes(machine, controller, place.cgroup, places.PAGE_SIZE)
    above = charges.ancestor_limits(machine, controller, place.ancestors, places.PAGE_SIZE)
    return decide(
        demand,
        replace(
            facts,
            memory=_with(facts.memory, kept),
            nodes={
                number: _with(region, on_nodes.get(number, 0))
                for number, region in facts.nodes.items()
            },
        ),
        others.promised,
        reserve,
        tuple(_without(limit, own) for limit in above),
        terms_for(host, guest.domain, others.unpromised),
    )


def _with(region: MemoryRegion, own: int) -> MemoryRegion:
    return replace(region, available=region.available + own)


def _without(limit: AncestorLimit, own: Usage) -> AncestorLimit:
    usage = max(0, limit.usage - own.charged)
    return replace(
        limit, usage=usage, reclaimable=min(usage, max(0, limit.reclaimable - own.reclaimable))
    )
