"""The card of a host from what it has published."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from xmlresource.admission.demand import Demand
from xmlresource.fleet.fleet_admission import FleetGuest, decide_on
from xmlresource.fleet.fleet_state import FleetHost
from xmlresource.fleet.host_report import HostReport, PublishedGuest
from xmlresource.model.host import HugepagePool, MemoryRegion
from xmlresource.operations.administration.status import Status
from xmlresource.promises.promise import Promise
from xmlresource.record import replace
from xmlresource.reports.findings.diagnostics import counted
from xmlresource.reports.host.memory_parts import MemoryParts, memory_parts
from xmlresource.reports.page.host_card import (
    CLAIMED,
    UP,
    GuestCard,
    HostCard,
    NodeCard,
    PoolCard,
    RefusalCard,
    SpareAnswer,
)

_NOBODY: Final = FleetGuest(Demand(name="", uuid="", guarantee=0))
_NO_ANSWERS: Final[Mapping[str, SpareAnswer]] = {}


def cards_of(
    hosts: Iterable[FleetHost], spares: Mapping[str, SpareAnswer] = _NO_ANSWERS
) -> list[HostCard]:
    """The cards of the hosts of a fleet.

    Args:
        hosts: What each has published, and what is claimed on it.
        spares: Whether it may be lost, by a host's name; of whom nothing is said, nothing is known.
    """
    return [_card_in_fleet(each, spares.get(each.name, SpareAnswer())) for each in hosts]


def _card_in_fleet(host: FleetHost, spare: SpareAnswer) -> HostCard:
    if host.report is None:
        nothing = MemoryParts(0, 0, 0, 0, 0, 0)
        return HostCard(host.name, 0, 0, nothing, state=host.closed, spare=spare)
    card = card_of(host.report, host.claimed)
    claimed = tuple(GuestCard(each.name, CLAIMED, each.committed, 0) for each in host.claimed)
    return replace(
        card,
        name=host.name,
        guests=(*card.guests, *claimed),
        state=host.closed or UP,
        spare=spare,
    )


def card_of(report: HostReport, claims: Sequence[Promise] = ()) -> HostCard:
    """The card of a host by what it published, and what is claimed on it."""
    memory = report.facts.memory
    return HostCard(
        name=report.name,
        total=memory.total,
        promisable=promisable(report, claims),
        parts=parts_of(report),
        made=report.made,
        nodes=tuple(
            _node(number, region, report) for number, region in sorted(report.facts.nodes.items())
        ),
        pools=_pools(memory.pools),
        guests=tuple(map(_guest, report.guests)),
        refusals=tuple(
            RefusalCard(each.time, each.guest, each.reason) for each in reversed(report.refusals)
        ),
    )


def card_of_host(status: Status, report: HostReport) -> HostCard:
    """The card of the host that this is: with what its kernel and its ledger tell besides."""
    drift = len(status.left_over) + sum(len(each.drift) for each in status.guests)
    return replace(
        card_of(report),
        promisable=status.promisable,
        state=f"{counted(drift, 'value')} not in force as declared" if drift else UP,
    )


def parts_of(report: HostReport) -> MemoryParts:
    """The parts of a host's memory."""
    memory = report.facts.memory
    return memory_parts(
        memory.total,
        memory.available,
        memory.hugepage_bytes,
        report.reserve,
        [(each.held.promise.committed, each.held.kept) for each in report.guests],
    )


def promisable(report: HostReport, claims: Iterable[Promise] = ()) -> int:
    """The largest guarantee that the host could give to a guest that asks for nothing else."""
    return decide_on(report, _NOBODY, claims).memory.promisable


def _node(number: int, region: MemoryRegion, report: HostReport) -> NodeCard:
    return NodeCard(
        number=number,
        total=region.total,
        available=region.available,
        pooled=region.hugepage_bytes,
        promised=sum(
            share.size
            for guest in report.guests
            for share in guest.held.promise.shares
            if share.nodes == {number}
        ),
        pools=_pools(region.pools),
    )


def _pools(pools: Iterable[HugepagePool]) -> tuple[PoolCard, ...]:
    return tuple(PoolCard(each.page_size, each.total, each.free) for each in pools if each.total)


def _guest(guest: PublishedGuest) -> GuestCard:
    promise = guest.held.promise
    return GuestCard(promise.name, promise.state.value, promise.committed, guest.held.kept)
