"""What a host offers a guest, and why it offers nothing."""

import pytest

from tests.fleet.reports import GIB, promise, report
from tests.fleet.test_fleet_admission import cpus, guest, with_cpu
from xmlresource.fleet.claim_attempt import offer_of
from xmlresource.fleet.fleet_state import Claim, FleetHost, HostState, rooms_of
from xmlresource.fleet.host_report import PublishedGuest
from xmlresource.promises.promise import Held
from xmlresource.record import replace

HOST = FleetHost("host1", report(total=14 * GIB), age=1)


def test_an_offer() -> None:
    offer = offer_of(HOST, guest(4 * GIB))
    assert offer.promise is not None
    assert offer.promise.size == 4 * GIB
    assert offer.refusal is None


def test_claims_are_taken_off() -> None:
    claimed = replace(HOST, claims=(Claim("host1", promise(2, 8 * GIB), 60),))
    refusal = offer_of(claimed, guest(4 * GIB)).refusal
    assert refusal is not None
    assert (refusal.host, refusal.rule) == ("host1", "commitment")
    assert refusal.reason.startswith("guest 'guest1' refused: it asks for a guarantee of 4 GiB, 2")


def test_cpu_time_is_told_as_such() -> None:
    refusal = offer_of(FleetHost("host1", cpus()), with_cpu(9000)).refusal
    assert refusal is not None
    assert refusal.rule == "CPU time, commitment"
    refusal = offer_of(FleetHost("host1", report()), with_cpu(1)).refusal
    assert refusal is not None
    assert refusal.rule == "the host does not tell its CPUs"


@pytest.mark.parametrize(
    ("host", "why"),
    [
        (replace(HOST, state=HostState.DRAINING), "draining"),
        (replace(HOST, problem="odd"), "its report can't be read: odd"),
        (FleetHost("host1", None), "never heard of"),
        (replace(HOST, age=91.4), "not heard for 91 s"),
    ],
)
def test_a_closed_host_offers_nothing(host: FleetHost, why: str) -> None:
    assert host.closed == why
    refusal = offer_of(host, guest(1)).refusal
    assert refusal is not None
    assert (refusal.rule, refusal.reason) == (why, why)


def test_a_host_that_a_file_tells_of_is_not_closed() -> None:
    assert replace(HOST, age=None).closed == ""
    assert FleetHost("host1", None, claims=(Claim("host1", promise(1, 1), 1),)).claimed != ()


def test_the_room_of_a_host() -> None:
    host = report(total=14 * GIB, promises=(promise(2, 4 * GIB),))
    rooms = rooms_of(host)
    assert (rooms.commitment, rooms.physical) == (6 * GIB, 6 * GIB)
    counted = replace(
        host, counts_unpromised=True, unpromised=(PublishedGuest(Held(promise(3, GIB))),)
    )
    assert rooms_of(counted).commitment == 5 * GIB
    assert host.promised == 4 * GIB
