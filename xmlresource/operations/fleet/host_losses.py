"""For each host of a fleet: could the others take its guests, were it lost?"""

from collections.abc import Iterable

from xmlresource.fleet.fleet_state import FleetHost
from xmlresource.fleet.packing.best_packing import NO_SOLVER
from xmlresource.fleet.planning.what_if import FleetChange, HostLoss
from xmlresource.fleet.planning.what_if import what_if as try_change
from xmlresource.operations.fleet.planning import fleet_of


def host_losses(hosts: Iterable[FleetHost]) -> tuple[HostLoss, ...]:
    """What the loss of each host would come to, by first fit alone; of those that have published.

    First fit may overlook a place: `what-if` lets a solver look, too.
    """
    return try_change(fleet_of(hosts), FleetChange(), NO_SOLVER).losses
