"""What the server takes of hosts, and what becomes of claims then.

The server's clock can't be set for a test. A clock that is set back by an hour is the same as
everything that was written before having been written an hour later than it was.
"""

import json
import re

import pytest

from tests.fleet.reports import BOOT, promise
from tests.system.fleet_store.fleets import GIB, Fleet, uuid, with_places
from xmlresource.fleet.fleet_state import HostState, rooms_of
from xmlresource.fleet.host_report import HostReport, PublishedGuest
from xmlresource.fleet.report_json import report_as_fields
from xmlresource.promises.promise import Held
from xmlresource.record import replace
from xmlresource.system.fleet_store.fleet_connection import FleetServerError

OTHER = "aaaaaaaa-2222-3333-4444-555555555555"
THIRD = "bbbbbbbb-2222-3333-4444-555555555555"
SECOND = 1_000_000
HOUR = 3600 * SECOND


def message(sequence: int, boot_id: str = BOOT, places: int = 5) -> HostReport:
    return with_places("a", places, sequence=sequence, boot_id=boot_id)


def known(fleet: Fleet) -> tuple[str, int]:
    report = fleet.hosts()["a"].report
    assert report is not None
    return report.boot_id, report.sequence


def clock_is_set(fleet: Fleet, hours: int) -> None:
    """All that was written so far moves the other way."""
    for table, columns in {
        "host": ["published"],
        "boot": ["started"],
        "claim": ["created", "expires"],
    }.items():
        shifted = ", ".join(f"{each} = {each} - interval '{hours} hours'" for each in columns)
        fleet.database.run(f"update xmlresource.{table} set {shifted}")  # noqa: S608


def test_an_older_message_never_replaces_a_newer_one(fleet: Fleet) -> None:
    assert fleet.publish(message(5 * SECOND))
    assert not fleet.publish(message(4 * SECOND, places=9))
    assert not fleet.publish(message(5 * SECOND, places=9))
    assert known(fleet) == (BOOT, 5 * SECOND)
    assert fleet.publish(message(6 * SECOND))
    assert known(fleet) == (BOOT, 6 * SECOND)


def test_a_host_that_has_rebooted_or_was_installed_anew_is_heard(fleet: Fleet) -> None:
    assert fleet.publish(message(500 * HOUR))
    assert fleet.publish(message(SECOND, OTHER))
    assert known(fleet) == (OTHER, SECOND)


def test_a_message_of_the_boot_before_comes_too_late(fleet: Fleet) -> None:
    fleet.publish(message(500 * HOUR))
    clock_is_set(fleet, 1)
    fleet.publish(message(SECOND, OTHER))
    assert not fleet.publish(message(500 * HOUR + SECOND))
    assert known(fleet) == (OTHER, SECOND)


def test_a_boot_that_was_never_heard_displaces_the_living_one_for_one_message(fleet: Fleet) -> None:
    fleet.publish(message(10 * SECOND))
    assert fleet.publish(message(HOUR, OTHER))  # late by days, which nobody can know
    assert fleet.publish(message(11 * SECOND + HOUR))
    assert not fleet.publish(message(HOUR, OTHER))
    assert known(fleet) == (BOOT, 11 * SECOND + HOUR)


@pytest.mark.parametrize("hours", [-10, -1, 1, 10])
def test_a_clock_that_is_set_keeps_no_host_from_being_heard(fleet: Fleet, hours: int) -> None:
    fleet.publish(message(HOUR))
    clock_is_set(fleet, hours)
    assert fleet.publish(message(HOUR + SECOND))
    assert fleet.hosts()["a"].closed == ""
    clock_is_set(fleet, hours)
    assert fleet.publish(message(SECOND, OTHER))
    clock_is_set(fleet, -2 * hours)
    assert fleet.publish(message(SECOND, THIRD))
    assert fleet.publish(message(2 * SECOND, THIRD))
    assert fleet.hosts()["a"].closed == ""


def test_few_boots_are_remembered(fleet: Fleet) -> None:
    for number in range(30):
        assert fleet.publish(message(SECOND, uuid(number)))
    ((count,),) = fleet.database.rows("select count(*) from xmlresource.boot")
    assert count == 17


def with_guest(sequence: int, number: int) -> HostReport:
    held = Held(promise(number, 4 * GIB))
    return replace(message(sequence), guests=(PublishedGuest(held),))


def test_a_claim_ends_where_the_promise_begins(fleet: Fleet) -> None:
    fleet.publish(message(SECOND, places=2))
    fleet.claim(1)
    fleet.claim(2)
    assert fleet.claim(3).host is None
    fleet.publish(replace(with_guest(2 * SECOND, 1), facts=message(1, places=2).facts))
    assert set(fleet.claimed()) == {uuid(2)}
    # The room is neither free for a moment nor taken twice.
    assert fleet.claim(3).host is None


def test_a_message_that_is_too_old_drops_no_claim(fleet: Fleet) -> None:
    fleet.publish(message(3 * SECOND))
    fleet.claim(1)
    fleet.publish(with_guest(2 * SECOND, 1))
    assert set(fleet.claimed()) == {uuid(1)}


def test_claims_on_other_hosts_stay(fleet: Fleet) -> None:
    fleet.publish(message(SECOND))
    fleet.publish(with_places("b", 5))
    fleet.claim(1, "b")
    fleet.publish(with_guest(2 * SECOND, 1))
    assert fleet.claimed() == {uuid(1): "b"}


def test_a_lost_ledger_takes_no_claim_away(fleet: Fleet) -> None:
    fleet.publish(with_guest(SECOND, 1))
    fleet.claim(2)
    fleet.publish(message(2 * SECOND))
    assert set(fleet.claimed()) == {uuid(2)}


def test_a_claim_expires_by_the_servers_clock(fleet: Fleet) -> None:
    fleet.publish(message(SECOND, places=1))
    fleet.claim(1, ttl=600)
    assert fleet.claim(2).host is None
    fleet.database.run("update xmlresource.claim set expires = clock_timestamp()")
    assert fleet.claimed() == {}
    assert fleet.claim(2).host == "a"
    fleet.publish(message(2 * SECOND, places=1))
    assert fleet.booked() == 1


def test_a_host_that_is_silent_gets_nothing_and_keeps_its_claims(fleet: Fleet) -> None:
    fleet.publish(message(SECOND))
    fleet.claim(1)
    fleet.database.run("update xmlresource.host set published = published - interval '91 s'")
    answer = fleet.claim(2)
    assert answer.host is None
    assert re.match(r"not heard for 9\d s", answer.refusals[0].reason)
    assert set(fleet.claimed()) == {uuid(1)}


@pytest.mark.parametrize("state", [HostState.DRAINING, HostState.DOWN])
def test_a_host_that_is_not_up_gets_nothing(fleet: Fleet, state: HostState) -> None:
    fleet.publish(message(SECOND))
    with fleet.rows() as rows:
        assert rows.set_state("a", state)
        assert not rows.set_state("z", state)
    assert fleet.claim(1).refusals[0].reason == state.value


def test_a_claim_is_renewed_where_it_is(fleet: Fleet) -> None:
    fleet.publish(message(SECOND, places=1))
    fleet.publish(with_places("b", 5))
    assert fleet.claim(1, "a").host == "a"
    assert fleet.claim(1, ttl=6000).host == "a"
    (claim,) = fleet.hosts()["a"].claims
    assert claim.left > 5000
    # It has but one, so naming another host moves it.
    assert fleet.claim(1, "b").host == "b"
    assert fleet.claimed() == {uuid(1): "b"}


def test_a_claim_moves_on_from_a_host_that_gets_no_guests_any_more(fleet: Fleet) -> None:
    fleet.publish(message(SECOND))
    fleet.claim(1)
    fleet.publish(with_places("b", 1))
    with fleet.rows() as rows:
        rows.set_state("a", HostState.DRAINING)
    assert fleet.claim(1).host == "b"
    assert fleet.claimed() == {uuid(1): "b"}


def test_spread_and_pack(fleet: Fleet) -> None:
    fleet.publish(with_places("large", 9))
    fleet.publish(with_places("small", 3))
    # In percent of their memory, 40 GiB and 16 GiB, small has more left after four claims.
    expected = [*["large"] * 4, "small", "large"]
    assert [fleet.claim(number).host for number in range(6)] == expected
    assert {fleet.claim(number).host for number in range(10, 12)} == {"large", "small"}
    assert fleet.claim(20, pack=True).host in {"large", "small"}


def test_release(fleet: Fleet) -> None:
    fleet.publish(message(SECOND))
    fleet.claim(1)
    with fleet.rows() as rows:
        assert rows.release(uuid(1), "lxc") == ()
        assert rows.release(uuid(1)) == ("a",)
        assert rows.release(uuid(1)) == ()


@pytest.mark.parametrize(
    "broken",
    [
        {"boot_id": "x"},
        {"boot_id": None},
        {"sequence": -1},
        {"sequence": "much"},
        {"sequence": 1 << 62},
        {"guests": None},
        {"guests": {}},
        {"format": "other"},
        {"name": "a b"},
        {"name": None},
        {"padding": "x" * (9 << 20)},
    ],
)
def test_the_server_takes_no_nonsense(fleet: Fleet, broken: dict[str, object]) -> None:
    fields = report_as_fields(message(SECOND)) | broken
    with fleet.rows() as rows, pytest.raises(FleetServerError):
        rows.publish(json.dumps(fields), rooms_of(message(SECOND)))
    assert fleet.hosts() == {}


def test_a_report_that_makes_no_sense_closes_its_host_alone(fleet: Fleet) -> None:
    fleet.publish(with_places("b", 1))
    fields = report_as_fields(message(SECOND)) | {"memory": {"total": "all"}}
    with fleet.rows() as rows:
        assert rows.publish(json.dumps(fields), rooms_of(message(SECOND)))
    assert fleet.hosts()["a"].closed.startswith("its report can't be read: memory")
    assert fleet.claim(1).host == "b"
    assert "memory" in fleet.claim(2).refusals[0].reason


def test_a_claim_that_makes_no_sense_closes_its_host_alone(fleet: Fleet) -> None:
    fleet.publish(message(SECOND))
    fleet.publish(with_places("b", 2))
    fleet.claim(1, "a")
    fleet.database.run("update xmlresource.claim set promise = '{}'")
    assert fleet.hosts()["a"].closed.endswith("lacks 'state'")
    assert fleet.claim(2).host == "b"
