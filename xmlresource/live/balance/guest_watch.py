"""The guests as the balancing service sees them: by files of the kernel, and by libvirt."""

from collections.abc import Iterable, Mapping
from typing import Final

from xmlresource.balance.observed import BalloonStatistics, GuestObserved, Key
from xmlresource.cgroup.current_policy import current_policy
from xmlresource.cgroup.hierarchy import NoPlace, Place
from xmlresource.configuration.balance_settings import BalanceSettings, Mode
from xmlresource.live.balance.balloons import Balloons, EndedError
from xmlresource.operations.guests.guest_definitions import GuestDefinition
from xmlresource.record import record, replace
from xmlresource.system.cgroups import cgroup_files, charges, places, pressure
from xmlresource.system.libvirt.connection import LibvirtError
from xmlresource.system.libvirt.guests import seconds_since_1970
from xmlresource.system.libvirt.patient_calls import NoAnswerError
from xmlresource.system.machine import Machine
from xmlresource.units import KIB

_SIZES: Final = ("available", "usable", "unused")
_UPDATED: Final = "last_update"


@record
class WatchedGuest:
    """A guest of which enough is known to decide on it.

    Attributes:
        definition: What its definition says.
        place: Its cgroup.
        seen: What decisions see of it.
    """

    definition: GuestDefinition
    place: Place
    seen: GuestObserved


@record
class _Report:
    """Counters that only grow, of one report of a guest."""

    at: int
    swap_in: int | None
    major_faults: int | None


class GuestWatch:
    """Looks at guests, and remembers their last reports to tell rates.

    Attributes:
        unreachable: Why libvirt could not be asked at the last look; ``None`` where it could.
    """

    def __init__(self, machine: Machine, balloons: Balloons) -> None:
        self._machine: Final = machine
        self._balloons: Final = balloons
        self._reports: dict[Key, tuple[_Report, _Report]] = {}
        self.unreachable: str | None = None

    def look(
        self,
        definitions: Iterable[GuestDefinition],
        promised: Mapping[Key, int],
        settings: BalanceSettings,
    ) -> tuple[WatchedGuest, ...]:
        """The guests that may be moved memory of; one that ends meanwhile is left out.

        Args:
            definitions: Those of the guests that run.
            promised: What is promised to them.
            settings: The settings.

        Raises:
            OSError: A kernel file is there and can't be read.
        """
        self.unreachable = None
        found = []
        for definition in definitions:
            mode = settings.mode_of(definition.partition, balance=definition.balance)
            if mode is Mode.OFF:
                continue
            watched = self._by_kernel(definition, promised.get(definition.key, 0), mode)
            if watched is not None and definition.has_balloon:
                watched = self._by_libvirt(watched)
            if watched is not None:
                found.append(watched)
        known = {each.seen.key for each in found}
        self._reports = {key: value for key, value in self._reports.items() if key in known}
        return tuple(found)

    def _by_kernel(
        self, definition: GuestDefinition, promised: int, mode: Mode
    ) -> WatchedGuest | None:
        place = places.locate(self._machine, definition.guest.process.pid)
        if isinstance(place, NoPlace):
            return None
        usage = charges.usage(self._machine, place.controller, place.cgroup)
        if usage is None:
            return None
        holds = current_policy(place, cgroup_files.read_state(self._machine, place))
        soft, hard = holds.soft_limit, holds.hard_limit
        seen = GuestObserved(
            key=definition.key,
            name=definition.name,
            maximum=definition.maximum,
            charged=usage.charged,
            guarantee=max(promised, definition.declared),
            # A v1 kernel that takes the soft limit and forgets it reads "unlimited".
            soft=soft if isinstance(soft, int) else definition.soft,
            hard=hard if isinstance(hard, int) else None,
            pressure=_pressure(self._machine, place),
            partition=definition.partition,
            mode=mode,
        )
        return WatchedGuest(definition, place, seen)

    def _by_libvirt(self, watched: WatchedGuest) -> WatchedGuest | None:
        """The guest with what its balloon reports; ``None`` where it has ended."""
        silent = replace(watched, seen=replace(watched.seen, answers=False))
        if self.unreachable is not None:
            return silent
        try:
            statistics = self._balloons.statistics(watched.seen.key[1])
        except EndedError:
            return None
        except (NoAnswerError, LibvirtError) as error:
            if not self._balloons.is_connected:
                self.unreachable = str(error)
            return silent
        balloon = statistics.get("actual")
        seen = replace(
            watched.seen,
            balloon=None if balloon is None else balloon * KIB,
            statistics=self._statistics(watched.seen.key, statistics),
        )
        return replace(watched, seen=seen)

    def _statistics(self, key: Key, found: Mapping[str, int]) -> BalloonStatistics | None:
        """What the guest has reported; ``None`` where it never has."""
        at = found.get(_UPDATED, 0)
        if at <= 0:
            return None
        report = _Report(at, found.get("swap_in"), found.get("major_fault"))
        before, last = self._reports.get(key, (report, report))
        if report.at != last.at:
            before, last = last, report
        self._reports[key] = before, last
        seconds = last.at - before.at
        sizes = {name: _bytes(found.get(name)) for name in _SIZES}
        swapped = _rate(before.swap_in, last.swap_in, seconds)
        return BalloonStatistics(
            age=float(seconds_since_1970() - at),
            swap_in=None if swapped is None else swapped * KIB,
            major_faults=_rate(before.major_faults, last.major_faults, seconds),
            **sizes,
        )


def _pressure(machine: Machine, place: Place) -> float | None:
    """The guest's own pressure; ``None`` without PSI, and where the cgroup goes meanwhile."""
    try:
        return pressure.pressure_in(machine, place)
    except OSError:  # EOPNOTSUPP where PSI is compiled in and switched off
        return None


def _bytes(kib: int | None) -> int | None:
    return None if kib is None else kib * KIB


def _rate(before: int | None, now: int | None, seconds: int) -> float | None:
    """So much a second; ``None`` where a counter is not known, or went backwards."""
    if before is None or now is None or seconds <= 0 or now < before:
        return None
    return (now - before) / seconds
