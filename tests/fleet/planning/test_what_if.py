"""Changes on paper: hosts lost, guests added, another reserve, and what could still be lost."""

from hypothesis import given
from hypothesis import strategies as st

from xmlresource.fleet.fleet_admission import guest_published
from xmlresource.fleet.packing.best_packing import pack
from xmlresource.fleet.packing.exact_packing import Effort
from xmlresource.fleet.packing.losses import losses
from xmlresource.fleet.packing.packing_problem import (
    HostRoom,
    PackingProblem,
    Proof,
    kinds_of,
)
from xmlresource.fleet.planning.fleet_vectors import Fleet
from xmlresource.fleet.planning.what_if import AddedGuests, FleetChange, Overfull, what_if
from xmlresource.fleet.simulated_hosts import GIB, fleet, guest, host
from xmlresource.model.host import ReserveSetting
from xmlresource.record import replace

NO_SOLVER = Effort(0)
TWO = (host("a", 32 * GIB, [guest(1, 20 * GIB)]), host("b", 32 * GIB, [guest(2, 4 * GIB)]))

rooms = st.lists(st.tuples(st.just(99), st.integers(-1, 9), st.integers(0, 9)), max_size=5)
demands = st.lists(st.tuples(st.just(1), st.integers(0, 5), st.integers(0, 5)), max_size=4)


@given(rooms, st.lists(demands, min_size=5, max_size=5))
def test_each_loss_is_as_if_it_were_asked_alone(
    there: list[tuple[int, ...]], guests: list[list[tuple[int, ...]]]
) -> None:
    hosts = [HostRoom(str(number), room) for number, room in enumerate(there)]
    seated = {
        host.host: [(10 * place + number, demand) for number, demand in enumerate(guests[place])]
        for place, host in enumerate(hosts)
    }
    found = list(losses(hosts, seated))
    assert [each.host for each in found] == [each.host for each in hosts]
    for each in found:
        others = tuple(host for host in hosts if host.host != each.host)
        alone = pack(PackingProblem(kinds_of(d for _, d in seated[each.host]), others))
        assert bool(each.homeless) <= bool(alone.unplaced)
        assert (each.proof is Proof.FEASIBLE) == (not each.homeless)
        assert set(each.homeless) <= {number for number, _ in seated[each.host]}


def test_a_fleet_with_room_survives_any_loss() -> None:
    outcome = what_if(Fleet(tuple(fleet(hosts=12, fill=0.4))), FleetChange(), NO_SOLVER)
    assert outcome.survives_any_loss
    assert outcome.is_fine
    assert len(outcome.losses) == 12
    assert all(each.guests for each in outcome.losses)


def test_a_loss_that_cannot_be_borne_is_told() -> None:
    outcome = what_if(Fleet(TWO), FleetChange(), NO_SOLVER)
    first, second = outcome.losses
    assert (first.host, second.host) == ("a", "b")
    assert [each.guest for each in first.homeless] == []
    assert second.proof is Proof.FEASIBLE
    tight = (*TWO[:1], host("b", 24 * GIB, [guest(2, 4 * GIB)]))
    outcome = what_if(Fleet(tight), FleetChange(), NO_SOLVER)
    assert not outcome.survives_any_loss
    (homeless,) = outcome.losses[0].homeless
    assert homeless.guest.held.promise.name == "guest1"
    assert outcome.losses[0].proof is Proof.IMPOSSIBLE
    assert outcome.is_fine


def test_guests_of_lost_hosts_start_elsewhere_and_stay_there() -> None:
    three = (*TWO, host("c", 32 * GIB))
    outcome = what_if(Fleet(three), FleetChange(lost=("a",)), NO_SOLVER)
    assert (outcome.lost_guests, outcome.homeless, outcome.proof) == (1, (), Proof.OPTIMAL)
    assert sorted(each.host for each in outcome.losses) == ["b", "c"]
    assert sum(each.guests for each in outcome.losses) == 2


def test_guests_of_lost_hosts_may_have_no_place() -> None:
    outcome = what_if(Fleet(TWO[:1]), FleetChange(lost=("a", "nobody")), NO_SOLVER)
    assert [each.host for each in outcome.homeless] == ["a"]
    assert not outcome.is_fine
    assert outcome.losses == ()


def test_devices_of_a_lost_host_are_told() -> None:
    fixed = replace(guest(1, GIB), fixed_by=("hostdev pci",))
    there = Fleet((host("a", 32 * GIB, [fixed]), host("b", 32 * GIB)))
    outcome = what_if(there, FleetChange(lost=("a",)), NO_SOLVER)
    assert [each.guest for each in outcome.devices] == [fixed]
    assert outcome.is_fine


def test_added_guests_are_counted() -> None:
    asks = guest_published(guest(9, 8 * GIB))
    outcome = what_if(Fleet(TWO), FleetChange(added=((asks, 5), (asks, 1))), NO_SOLVER)
    assert outcome.added == (AddedGuests(asks, 5, 4), AddedGuests(asks, 1, 0))
    assert not outcome.is_fine


def test_added_guests_take_the_room_that_a_loss_would_need() -> None:
    asks = guest_published(guest(9, 8 * GIB))
    assert what_if(Fleet(TWO), FleetChange(), NO_SOLVER).survives_any_loss
    change = FleetChange(added=((asks, 3),))
    outcome = what_if(Fleet(TWO), change, NO_SOLVER)
    assert outcome.is_fine
    assert not outcome.survives_any_loss


def test_another_reserve_may_leave_hosts_too_full() -> None:
    there = Fleet((host("a", 32 * GIB, [guest(1, 28 * GIB)]), host("b", 32 * GIB)))
    change = FleetChange(reserve=ReserveSetting(size=5 * GIB))
    outcome = what_if(there, change, NO_SOLVER)
    assert outcome.overfull == (Overfull("a", GIB),)
    assert not outcome.is_fine
    assert what_if(there, FleetChange(), NO_SOLVER).is_fine
