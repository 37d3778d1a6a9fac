"""The hosts of a fleet as a table and as JSON."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from xmlresource.fleet.fleet_state import Claim, FleetHost, rooms_of
from xmlresource.printable import one_line
from xmlresource.reports.layout.tables import aligned
from xmlresource.units import approximate

_HEAD: Final = ("host", "state", "heard", "guests", "promised", "claimed", "room", "can promise")
_NUMBERS: Final = frozenset(range(2, len(_HEAD)))


def as_text(hosts: Sequence[FleetHost]) -> str:
    """A line a host, then what is wrong with some."""
    if not hosts:
        return "no host yet: `xmlresource fleet init --host NAME` lets one publish\n"
    lines = list(aligned([_HEAD, *(_cells(each) for each in hosts)], _NUMBERS))
    return "\n".join([*lines, *_problems(hosts)]) + "\n"


def as_json(hosts: Sequence[FleetHost]) -> dict[str, Any]:
    """The shape of ``fleet status --json``, version 1. Sizes are in bytes, times in seconds."""
    return {"version": 1, "hosts": [_host(each) for each in hosts]}


def _cells(host: FleetHost) -> tuple[str, ...]:
    heard = "-" if host.age is None else f"{host.age:.0f} s ago"
    report = host.report
    if report is None:
        return one_line(host.name), _state(host), heard, "-", "-", "-", "-", "-"
    return (
        one_line(host.name),
        _state(host),
        heard,
        str(len(report.guests) + len(report.unpromised)),
        approximate(report.promised),
        approximate(sum(each.committed for each in host.claimed)),
        approximate(report.facts.memory.total - report.reserve),
        approximate(_left(host)),
    )


def _state(host: FleetHost) -> str:
    return "closed" if host.closed and host.closed != host.state.value else host.state.value


def _left(host: FleetHost) -> int:
    """What can still be promised to guests that ask for nothing but memory."""
    if host.report is None:
        return 0
    rooms = rooms_of(host.report)
    committed = rooms.commitment - sum(each.committed for each in host.claimed)
    physical = rooms.physical - sum(each.needed for each in host.claimed)
    return max(0, min(committed, physical))


def _problems(hosts: Sequence[FleetHost]) -> Iterator[str]:
    for host in hosts:
        if host.closed and host.closed != host.state.value:
            yield f"{one_line(host.name)}: {one_line(host.closed)}"


def _host(host: FleetHost) -> dict[str, Any]:
    report = host.report
    return {
        "name": host.name,
        "state": host.state.value,
        "open": not host.closed,
        "closed": host.closed or None,
        "age": host.age,
        "boot_id": None if report is None else report.boot_id,
        "sequence": None if report is None else report.sequence,
        "total": None if report is None else report.facts.memory.total,
        "reserve": None if report is None else report.reserve,
        "promised": None if report is None else report.promised,
        "promisable": None if report is None else _left(host),
        "guests": None if report is None else len(report.guests),
        "unpromised": None if report is None else len(report.unpromised),
        "claims": [_claim(each) for each in host.claims],
    }


def _claim(claim: Claim) -> dict[str, Any]:
    promise = claim.promise
    return {
        "guest": promise.name,
        "uuid": promise.uuid,
        "driver": promise.driver,
        "bytes": promise.committed,
        "left": claim.left,
        "source": claim.source,
        "moving": claim.moving,
        "claimer": claim.claimer,
    }
