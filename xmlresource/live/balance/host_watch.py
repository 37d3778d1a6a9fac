"""The host's memory as the balancing service sees it: what there is, and what is spoken for."""

from typing import Final

from xmlresource.admission import decision
from xmlresource.admission.demand import Demand
from xmlresource.admission.reserve import host_reserve
from xmlresource.balance.observed import HostObserved
from xmlresource.configuration.balance_settings import BalanceSettings
from xmlresource.operations.host import Host
from xmlresource.operations.promises.admission_check import host_for, taken
from xmlresource.operations.promises.boot_queue import held_back
from xmlresource.promises.promise import Promise
from xmlresource.record import record
from xmlresource.system.cgroups import pressure
from xmlresource.system.cgroups.places import PAGE_SIZE
from xmlresource.system.cgroups.swap_counters import pages_swapped_in
from xmlresource.system.machine import Machine

_SHORTEST: Final = 0.2  # seconds that a rate can be told from


def settings_of(host: Host) -> BalanceSettings:
    """The settings of balancing; those of a host that says nothing of it do nothing."""
    return host.configuration.balance or BalanceSettings()


@record
class HostMemory:
    """A host's memory.

    Attributes:
        total: MemTotal.
        available: MemAvailable.
        room: What admission's physical rule finds beside all promises; negative where promises and
            the host reserve need more than is there.
    """

    total: int
    available: int
    room: int

    def seen(self, wanted: int, swap_in: float | None, *, stalled: bool) -> HostObserved:
        """The host as decisions see it, without pressure.

        Args:
            wanted: What must come free for guests that wait to start.
            swap_in: Bytes a second that the host reads back from swap.
            stalled: A pressure trigger has fired.
        """
        return HostObserved(
            total=self.total,
            available=self.available,
            # The host reserve that is not in use is for nobody else, either.
            promised=max(0, self.available - self.room),
            wanted=wanted,
            stalled=stalled,
            swap_in=swap_in,
        )


def host_memory(host: Host, promises: tuple[Promise, ...]) -> HostMemory:
    """The host's memory now, by the rules that admission has.

    Args:
        host: The host.
        promises: The promises that stand.

    Raises:
        HostError: The host does not tell what must be known.
        OSError: A kernel file can't be read.
    """
    nobody = Demand(name="", uuid="", guarantee=0)
    facts = host_for(host.machine, nobody)
    others = taken(host, promises, None)
    waiting = held_back(host, promises)
    if waiting is not None:
        others = others.and_to(waiting.promises)
    reserve = host_reserve(facts.memory.total, host.configuration.host_reserve)
    room = decision.physical(nobody, facts, others.promised, reserve, others.unpromised).room
    return HostMemory(facts.memory.total, facts.memory.available, room)


class SwapRate:
    """The rate at which the host reads back from swap, between two looks."""

    def __init__(self) -> None:
        self._last: tuple[float, int] | None = None

    def now(self, machine: Machine, at: float) -> float | None:
        """Bytes a second since the look before; ``None`` at the first, and where it can't be told.

        Args:
            machine: The machine.
            at: When this is, by a clock that only goes forward.
        """
        try:
            pages = pages_swapped_in(machine)
        except OSError:
            pages = None
        last = self._last
        self._last = None if pages is None else (at, pages)
        if pages is None or last is None or at - last[0] < _SHORTEST or pages < last[1]:
            return None
        return (pages - last[1]) * PAGE_SIZE / (at - last[0])


def host_pressures(machine: Machine) -> float | None:
    """The host's pressure; ``None`` where it has no PSI, or does not let it be read."""
    try:
        return pressure.host_pressure(machine)
    except OSError:
        return None
