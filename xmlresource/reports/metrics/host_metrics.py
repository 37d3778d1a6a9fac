"""The metrics of a host, and of the hosts of a fleet."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from xmlresource.configuration.balance_settings import Mode
from xmlresource.fleet.fleet_state import FleetHost
from xmlresource.fleet.host_report import HostReport
from xmlresource.model.events import GIVEN_BACK, RECLAIMED
from xmlresource.model.host import HugepagePool
from xmlresource.operations.administration.balance_status import BalanceStatus
from xmlresource.operations.administration.status import GuestStatus, Status
from xmlresource.promises.promise import PromiseState
from xmlresource.reports.metrics import metric_families
from xmlresource.reports.metrics.exposition import MetricFamily, MetricSample
from xmlresource.reports.page.host_card import Spare, SpareAnswer
from xmlresource.reports.page.report_card import parts_of, promisable

_PERCENT: Final = 100
_PARTS: Final = ("reserve", "used", "unused", "others", "hugepages", "free")
"""The parts of memory as a label has them, in their order."""

_DIRECTIONS: Final = {RECLAIMED: "taken", GIVEN_BACK: "given"}
_WITH_BALLOONS: Final = "qemu"  # the only driver whose guests have balloons

_NO_ANSWERS: Final[Mapping[str, SpareAnswer]] = {}


def host_metrics(status: Status, report: HostReport) -> Iterator[MetricSample]:
    """The metrics of the host that this is.

    Args:
        status: Its state.
        report: What it would publish.
    """
    yield from _of_report(report, metric_families.OF_HOST, {}, status.promisable)
    if status.pressure is not None:
        yield MetricSample(metric_families.HOST_PRESSURE, status.pressure / _PERCENT)
    yield MetricSample(metric_families.HOST_DRIFT, len(status.left_over))
    for guest in status.guests:
        yield from _of_guest(guest)
    for each in status.ballooned:
        labels = {"guest": each.name, "uuid": each.uuid, "driver": _WITH_BALLOONS}
        yield MetricSample(metric_families.GUEST_BALLOONED, each.maximum - each.left, labels)
    if status.balance is not None:
        yield from _of_balancing(status.balance)


def _of_balancing(balance: BalanceStatus) -> Iterator[MetricSample]:
    for mode in Mode:
        labels = {"mode": mode.value}
        yield MetricSample(metric_families.BALANCE_MODE, int(mode is balance.mode), labels)
    moved = metric_families.BALANCE_MOVED
    yield MetricSample(moved, balance.taken, {"direction": "taken"})
    yield MetricSample(moved, balance.given, {"direction": "given"})
    for kind, direction in _DIRECTIONS.items():
        if kind in balance.last:
            labels = {"direction": direction}
            yield MetricSample(metric_families.BALANCE_LAST, balance.last[kind], labels)
    yield MetricSample(metric_families.STARTS_GIVEN_ROOM, balance.starts_given_room)
    yield MetricSample(metric_families.STARTS_SHORT, balance.starts_short)
    for each in balance.guests:
        labels = {"guest": each.name, "uuid": each.key[1], "driver": each.key[0]}
        for direction, size in (("taken", each.taken), ("given", each.given)):
            direct = {**labels, "direction": direction}
            yield MetricSample(metric_families.GUEST_MOVED, size, direct)


def fleet_metrics(
    hosts: Iterable[FleetHost], spares: Mapping[str, SpareAnswer] = _NO_ANSWERS
) -> Iterator[MetricSample]:
    """The metrics of the hosts of a fleet.

    Args:
        hosts: What each has published, and what is claimed on it.
        spares: Whether it may be lost, by a host's name; nothing is told where that is not known.
    """
    for host in hosts:
        labels = {"host": host.name}
        yield MetricSample(metric_families.OPEN, int(not host.closed), labels)
        if host.age is not None:
            yield MetricSample(metric_families.AGE, host.age, labels)
        if host.report is None:
            continue
        claimed = host.claimed
        yield MetricSample(metric_families.CLAIMED, sum(each.committed for each in claimed), labels)
        room = promisable(host.report, claimed)
        yield from _of_report(host.report, metric_families.OF_FLEET, labels, room)
        spare = spares.get(host.name, SpareAnswer()).spare
        if spare is not Spare.UNKNOWN:
            yield MetricSample(metric_families.HOMELESS, int(spare is Spare.LACKING), labels)


def _of_report(
    report: HostReport, of: Mapping[str, MetricFamily], labels: Mapping[str, str], room: int
) -> Iterator[MetricSample]:
    memory, parts = report.facts.memory, parts_of(report)
    yield MetricSample(of[metric_families.INFO], 1, {**labels, "version": report.program})
    for key, value in (
        (metric_families.MADE, report.made),
        (metric_families.TOTAL, memory.total),
        (metric_families.AVAILABLE, memory.available),
        (metric_families.PROMISABLE, room),
        (metric_families.PROMISED, parts.promised),
    ):
        yield MetricSample(of[key], value, labels)
    for name in ("reserve", "used", "unused", "others", "pools", "free"):
        shown = "hugepages" if name == "pools" else name
        yield MetricSample(
            of[metric_families.PART], getattr(parts, name), {**labels, "part": shown}
        )
    for number, region in sorted(report.facts.nodes.items()):
        of_node = {**labels, "node": f"{number}"}
        yield MetricSample(of[metric_families.NODE_TOTAL], region.total, of_node)
        yield MetricSample(of[metric_families.NODE_AVAILABLE], region.available, of_node)
        yield from _of_pools(region.pools, of, of_node)
    yield from _of_pools(memory.pools, of, {**labels, "node": ""})
    states = Counter(each.held.promise.state for each in report.guests)
    for state in PromiseState:
        yield MetricSample(
            of[metric_families.GUESTS], states[state], {**labels, "state": state.value}
        )
    yield MetricSample(of[metric_families.REFUSALS], len(report.refusals), labels)


def _of_pools(
    pools: Iterable[HugepagePool], of: Mapping[str, MetricFamily], labels: Mapping[str, str]
) -> Iterator[MetricSample]:
    for pool in pools:
        sized = {**labels, "page_size": f"{pool.page_size}"}
        yield MetricSample(of[metric_families.POOL_TOTAL], pool.total, sized)
        yield MetricSample(of[metric_families.POOL_FREE], pool.free, sized)


def _of_guest(guest: GuestStatus) -> Iterator[MetricSample]:
    promise = guest.held.promise
    labels = {"guest": promise.name, "uuid": promise.uuid, "driver": promise.driver}
    yield MetricSample(metric_families.GUEST_PROMISED, promise.committed, labels)
    yield MetricSample(metric_families.GUEST_CHARGED, guest.held.charged, labels)
    if isinstance(guest.limit, int):
        yield MetricSample(metric_families.GUEST_LIMIT, guest.limit, labels)
    yield MetricSample(metric_families.GUEST_DRIFT, len(guest.drift), labels)
    if guest.pressure is not None:
        yield MetricSample(metric_families.GUEST_PRESSURE, guest.pressure / _PERCENT, labels)
