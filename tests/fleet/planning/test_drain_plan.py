"""Hosts are emptied: each guest has a target that admits it, and each step leaves room."""

from hypothesis import given, settings
from hypothesis import strategies as st

from xmlresource.fleet.fleet_admission import decide_on
from xmlresource.fleet.host_report import HostReport, PublishedGuest
from xmlresource.fleet.packing.exact_packing import Effort
from xmlresource.fleet.packing.packing_problem import Proof
from xmlresource.fleet.planning.drain_plan import DrainPlan, plan_drain
from xmlresource.fleet.planning.fleet_vectors import Fleet
from xmlresource.fleet.planning.verified_moves import without
from xmlresource.fleet.simulated_hosts import GIB, fleet, guest, host
from xmlresource.promises.promise import Promise, PromiseState
from xmlresource.record import replace

NO_SOLVER = Effort(0)
SMALL = tuple(fleet(hosts=12))


def replay(fleet_: Fleet, plan: DrainPlan) -> None:
    """Make the moves one by one; each target admits its guest, which the source still holds."""
    reports = {each.name: each for each in fleet_.reports}
    for move in plan.moves:
        source, target = reports[move.seated.host], reports[move.target]
        coming = move.seated.guest
        assert decide_on(target, move.seated.asks, fleet_.claims_on(target.name)).admitted
        here = PublishedGuest(replace(coming.held, charged=0), coming.demand)
        reports[target.name] = replace(target, guests=(*target.guests, here))
        reports[source.name] = without(source, move.seated)
    stay = {each.guest.key for each in (*plan.fixed, *(each.seated for each in plan.homeless))}
    for name in plan.hosts:
        assert {each.key for each in reports[name].guests} <= stay


fills = st.floats(0.2, 0.95)


@settings(max_examples=15)  # each plans for six hosts and replays the plan
@given(fills, st.integers(0, 1 << 16), st.integers(1, 3))
def test_each_target_admits_its_guest_at_each_step(fill: float, seed: int, out: int) -> None:
    there = Fleet(tuple(fleet(hosts=6, fill=fill, seed=seed)))
    plan = plan_drain(there, [each.name for each in there.reports[:out]], NO_SOLVER)
    replay(there, plan)
    guests = sum(len(each.guests) for each in there.reports[:out])
    assert len(plan.moves) - plan.aside + len(plan.homeless) == guests


def test_a_host_is_emptied_onto_as_few_as_can_be() -> None:
    there = Fleet(SMALL)
    plan = plan_drain(there, ["host000"], NO_SOLVER)
    replay(there, plan)
    assert plan.is_complete
    assert (plan.proof, plan.hosts_used, plan.bound) == (Proof.OPTIMAL, 1, 1)
    assert "host000" not in {move.target for move in plan.moves}


def test_the_first_host_is_empty_first_and_its_largest_guest_goes_first() -> None:
    plan = plan_drain(Fleet(SMALL), ["host002", "host000"], NO_SOLVER)
    sources = [move.seated.host for move in plan.moves]
    assert sources == sorted(sources, reverse=True)
    sizes = [move.seated.wanted.needed for move in plan.moves if move.seated.host == "host002"]
    assert sizes == sorted(sizes, reverse=True)


def test_guests_that_cannot_move_stay_and_are_told() -> None:
    pinned = replace(guest(1, GIB), fixed_by=("hostdev pci",))
    there = Fleet((host("a", 32 * GIB, [pinned, guest(2, GIB)]), host("b", 32 * GIB)))
    plan = plan_drain(there, ["a"], NO_SOLVER)
    assert [each.guest for each in plan.fixed] == [pinned]
    assert [move.target for move in plan.moves] == ["b"]
    assert not plan.is_complete


def test_a_guest_without_a_place_is_told_with_the_reasons() -> None:
    there = Fleet(
        (host("a", 128 * GIB, [guest(1, 64 * GIB)]), host("b", 32 * GIB), host("c", 32 * GIB))
    )
    plan = plan_drain(there, ["a"], NO_SOLVER)
    (homeless,) = plan.homeless
    assert homeless.reasons == (("commitment", 2),)
    assert plan.proof is Proof.IMPOSSIBLE
    assert not plan.is_complete


def crowded(size: int, number: int = 1) -> Fleet:
    """A guest that fits on ``b`` alone, and there only if others move to ``c``."""
    full = [guest(each, 8 * GIB) for each in (12, 13)]
    hosts = (host("a", 64 * GIB, [guest(each, size * GIB) for each in range(1, number + 1)]),)
    return Fleet((*hosts, host("b", 32 * GIB, full), host("c", 20 * GIB)))


def test_others_move_aside_where_no_host_has_enough() -> None:
    there = crowded(20)
    plan = plan_drain(there, ["a"], NO_SOLVER)
    replay(there, plan)
    aside, coming = plan.moves
    assert (aside.seated.host, aside.target) == ("b", "c")
    assert (coming.seated.host, coming.target) == ("a", "b")
    assert (plan.aside, plan.hosts_used, plan.proof) == (1, 1, Proof.FEASIBLE)
    assert plan.is_complete


def test_those_that_cannot_move_or_give_little_back_stay() -> None:
    base = crowded(20)
    source, target, spare = base.reports
    for changed in (
        {"fixed_by": ("hostdev pci",)},
        {"demand": guest(12, 8 * GIB, nodes=(0,)).demand},
        {"demand": guest(12, 8 * GIB, hugepages=GIB).demand},
        {"demand": replace(guest(12, 8 * GIB).demand, at_once=9 * GIB)},
        {"demand": replace(guest(12, 8 * GIB).demand, guarantee=9 * GIB)},
    ):
        guests = tuple(replace(each, **changed) for each in target.guests)
        there = Fleet((source, replace(target, guests=guests), spare))
        plan = plan_drain(there, ["a"], NO_SOLVER)
        assert not plan.moves
        assert plan.proof is Proof.IMPOSSIBLE


def test_a_guest_without_a_guarantee_does_not_move_aside() -> None:
    source, target, spare = crowded(20).reports
    nothing = [
        replace(each, held=replace(each.held, promise=replace(each.held.promise, size=0)))
        for each in target.guests
    ]
    there = Fleet((source, replace(target, guests=tuple(nothing)), spare))
    assert not plan_drain(there, ["a"], NO_SOLVER).aside


@settings(max_examples=15)
@given(st.integers(0, 1 << 16))
def test_a_nearly_full_fleet_is_never_overfull_on_the_way(seed: int) -> None:
    there = Fleet(tuple(fleet(hosts=10, fill=0.93, seed=seed)))
    plan = plan_drain(there, [there.reports[0].name], NO_SOLVER)
    replay(there, plan)


def test_hosts_that_are_unavailable_or_unknown_get_and_give_nothing() -> None:
    there = Fleet(SMALL, dict.fromkeys((each.name for each in SMALL[1:]), "stale"))
    plan = plan_drain(there, ["host000", "nobody"], NO_SOLVER)
    assert not plan.moves
    assert len(plan.homeless) == len(SMALL[0].guests)


def test_guests_without_a_promise_move_too_and_their_memory_counts() -> None:
    free = replace(guest(1, 20 * GIB), fixed_by=())
    asks_nothing = replace(free, demand=replace(free.demand, guarantee=0))
    other = replace(guest(2, 20 * GIB), demand=asks_nothing.demand)
    source = replace(host("a", 64 * GIB), unpromised=(asks_nothing, other))
    plan = plan_drain(Fleet((source, host("b", 32 * GIB))), ["a"], NO_SOLVER)
    assert len(plan.moves) == 1
    assert len(plan.homeless) == 1


def test_claims_on_a_target_take_room() -> None:
    claim = Promise("u", "coming", "qemu", 26 * GIB, PromiseState.STARTING)
    reports = (host("a", 32 * GIB, [guest(1, 8 * GIB)]), host("b", 32 * GIB))
    assert plan_drain(Fleet(reports), ["a"], NO_SOLVER).is_complete
    claimed = Fleet(reports, claims={"b": (claim,)})
    assert not plan_drain(claimed, ["a"], NO_SOLVER).is_complete


def test_what_vectors_do_not_say_the_host_says_in_the_end() -> None:
    """Weights can't keep CPU time here: there is no controller."""
    reports: tuple[HostReport, ...] = (
        host("a", 32 * GIB, [guest(1, GIB, cpu=1_000)]),
        host("b", 32 * GIB),
    )
    plan = plan_drain(Fleet(reports), ["a"], NO_SOLVER)
    (homeless,) = plan.homeless
    ((reason, _),) = homeless.reasons
    assert reason.startswith("CPU time")
    assert plan.proof is Proof.UNKNOWN
