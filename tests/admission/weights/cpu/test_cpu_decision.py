from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.admission.reckoning import Rule
from xmlresource.admission.refusal import figures, reckoning_lines, refusal_text, sums
from xmlresource.admission.weights.cpu.cpu_decision import (
    CPU_TIME,
    CpuCap,
    CpuDecision,
    cpus_text,
    decide_cpu,
    number_text,
    time_to_share,
)
from xmlresource.admission.weights.cpu.cpu_demand import CpuDemand, CpuFacts
from xmlresource.admission.weights.floor_decision import WeightTree
from xmlresource.admission.weights.floor_weights import SHARES, Neighbour, PromisedGroup
from xmlresource.promises.cpu_promise import CpuPromise
from xmlresource.promises.promise import Promise, PromiseState

FOUR = CpuFacts(frozenset(range(4)))


def demand(guarantee: int = 1000, **more: object) -> CpuDemand:
    return CpuDemand("new", "n", "qemu", guarantee, **more)  # type: ignore[arg-type]


def promise(
    name: str, time: int, cpus: frozenset[int] | None = None, cgroup: str | None = None
) -> Promise:
    cpu = CpuPromise(time, cpus, 100, cgroup) if time else None
    return Promise(name, name, "qemu", 0, PromiseState.RUNNING, cpu=cpu)


def rules(decision: CpuDecision) -> list[Rule]:
    return [each.rule for each in decision.reckonings]


def test_texts() -> None:
    assert [cpus_text(each) for each in (1500, 1000, 250, 0, -500, 1)] == [
        "1.5 CPUs",
        "1 CPU",
        "0.25 CPUs",
        "0 CPUs",
        "-0.5 CPUs",
        "0.001 CPUs",
    ]
    assert number_text(-1250) == "-1.25"


def test_what_fits_is_admitted() -> None:
    found = decide_cpu(demand(2500, vcpus=4), FOUR, [promise("a", 1000)], 500)
    assert found.admitted
    assert found.failed == ()
    assert found.promisable == 2500
    assert rules(found) == [Rule.VCPUS, Rule.COMMITMENT]
    assert found.held_back is None


def test_what_does_not_is_refused_with_the_reckoning() -> None:
    others = [promise("a", 1000), promise("b", 2000), promise("c", 0), promise("d", 100)]
    found = decide_cpu(demand(1000, vcpus=2), FOUR, others, 500)
    assert not found.admitted
    first, *reckoning = refusal_text(found).splitlines()
    assert first == (
        "xmlresource: guest 'new' refused: it asks for a guarantee of 1 CPU, 0.4 CPUs can be "
        "promised (commitment; largest promises: b 2 CPUs, a 1 CPU, d 0.1 CPUs)"
    )
    assert reckoning == [
        "vcpus: holds",
        "  vCPUs         2.000  (2 CPUs)",
        "  = room        2.000  (2 CPUs)",
        "  asked for     1.000  (1 CPU)",
        "commitment: fails",
        "  CPUs          4.000  (4 CPUs)",
        "  CPU reserve  -0.500  (-0.5 CPUs)",
        "  promised     -3.100  (-3.1 CPUs)",
        "  = room        0.400  (0.4 CPUs)",
        "  asked for     1.000  (1 CPU)",
    ]
    assert reckoning_lines(found) == reckoning
    assert figures(found) == {
        "rule": "commitment",
        "asked_millicpus": 1000,
        "promisable_millicpus": 400,
        "reckoning": sums(found),
    }
    assert sums(found) == (
        "vcpus holds: vCPUs 2 = 2 >= 1; "
        "commitment fails: CPUs 4 - CPU reserve 0.5 - promised 3.1 = 0.4 < 1"
    )


def test_the_first_of_all() -> None:
    found = decide_cpu(demand(4000), FOUR, [], 500)
    assert "3.5 CPUs can be promised" in refusal_text(found)
    assert "no promises so far" in refusal_text(found)


def test_a_guests_own_promise_is_replaced() -> None:
    own = Promise("n", "new", "qemu", 0, PromiseState.RUNNING, cpu=CpuPromise(2000))
    found = decide_cpu(demand(3000), FOUR, [own], 500)
    assert found.admitted
    assert (found.own, found.promises) == (2000, 0)


def test_who_asks_for_nothing_is_admitted() -> None:
    assert decide_cpu(demand(0), FOUR, [promise("a", 9000)], 500).admitted


def test_a_host_that_keeps_none_says_why() -> None:
    found = CpuDecision(
        demand(1000), CPU_TIME, obstacle="the cpu controller is off in /machine.slice"
    )
    assert not found.admitted
    assert refusal_text(found) == (
        "xmlresource: guest 'new' refused: it asks for a guarantee of 1 CPU, which can't be kept "
        "here: the cpu controller is off in /machine.slice"
    )
    assert figures(found)["promisable_millicpus"] == 0
    assert CpuDecision(demand(0), CPU_TIME, obstacle="off").admitted


def test_no_more_than_its_vcpus_can_use() -> None:
    found = decide_cpu(demand(2500, vcpus=2), FOUR, [], 500)
    assert [each.rule for each in found.failed] == [Rule.VCPUS]
    # Three vCPUs on one CPU, the fourth on another.
    pins = ((frozenset({0}), 3), (frozenset({1}), 1))
    found = decide_cpu(demand(2500, vcpus=4, pins=pins, cpus=frozenset({0, 1})), FOUR, [], 500)
    assert found.reckonings[0].room == 2000
    assert found.promisable == 1750  # and of that the host keeps its part


def test_no_more_than_its_hard_limit() -> None:
    found = decide_cpu(demand(2000, hard_limit=1999), FOUR, [], 500)
    assert [each.rule for each in found.failed] == [Rule.HARD_LIMIT]


def test_bound_guests_share_their_cpus() -> None:
    """Two on CPU 0, one on 0 and 1: 0.25 is left of the two CPUs."""
    others = [promise("a", 500, frozenset({0})), promise("b", 1000, frozenset({0, 1}))]
    found = decide_cpu(demand(300, cpus=frozenset({0})), FOUR, others, 500)
    (failed,) = found.failed
    assert (failed.rule, failed.subject, failed.room) == (Rule.CPUS, "0-1", 250)
    assert failed.title == "cpus, 0-1"
    assert decide_cpu(demand(250, cpus=frozenset({0})), FOUR, others, 500).admitted
    assert decide_cpu(demand(300, cpus=frozenset({2})), FOUR, others, 500).admitted


def test_where_the_whole_host_leaves_least_it_is_said_once() -> None:
    others = [promise("a", 2900), promise("b", 500, frozenset({0}))]
    found = decide_cpu(demand(500), FOUR, others, 500)
    assert rules(found) == [Rule.COMMITMENT]


@given(st.integers(1, 4), st.integers(0, 1200), st.sets(st.integers(0, 3), min_size=1))
def test_what_can_be_promised_on_cpus_can(number: int, reserve: int, cpus: set[int]) -> None:
    others = [promise(str(at), 300 * at, frozenset({at})) for at in range(number)]

    def ask(time: int) -> CpuDecision:
        return decide_cpu(demand(time, cpus=frozenset(cpus)), FOUR, others, reserve)

    most = ask(1).promisable
    assert most == 0 or ask(most).admitted
    assert not ask(most + 1).admitted


def test_no_limit_above_is_less_than_what_is_promised_below() -> None:
    others = [
        promise("a", 500, cgroup="/machine.slice/a.scope"),
        promise("b", 500, cgroup="/other/b"),
        promise("c", 100),  # it may be anywhere
    ]
    found = decide_cpu(demand(500), FOUR, others, 500, [CpuCap("/machine.slice", 1000)])
    (failed,) = found.failed
    assert failed.title == "ancestors, /machine.slice"
    assert failed.room == 400


def tree(*neighbours: int) -> Callable[[int], PromisedGroup]:
    beside = tuple(Neighbour(f"n{at}", weight) for at, weight in enumerate(neighbours))

    def with_guest(guarantee: int) -> PromisedGroup:
        guest = PromisedGroup("/machine/new", 100, guarantee)
        return PromisedGroup("/", 100, 0, (PromisedGroup("/machine", 100, 0, (guest,), beside),))

    return with_guest


def test_weights_that_are_enough_bound_nothing() -> None:
    found = decide_cpu(demand(1000), FOUR, [], 500, tree=WeightTree(SHARES, tree(100)))
    assert found.admitted
    assert found.promisable == 3500
    assert found.reckonings[-1].title == "weights"


def test_weights_of_others_are_named() -> None:
    heavy = WeightTree(SHARES, tree(10_000, 10_000, 9_000, 100, 100))
    found = decide_cpu(demand(2000), FOUR, [], 500, tree=heavy)
    (failed,) = found.failed
    assert failed.title == "weights, /machine"
    assert (
        failed.lines[0].label == "kept by cpu.weight beside n0 10000, n1 10000, n2 9000 and 2 more"
    )
    assert 0 < found.promisable < 2000
    assert decide_cpu(demand(found.promisable), FOUR, [], 500, tree=heavy).admitted
    assert not decide_cpu(demand(found.promisable + 1), FOUR, [], 500, tree=heavy).admitted


def test_weights_can_be_too_little_beside_nobody() -> None:
    found = decide_cpu(demand(5000), FOUR, [], 0, tree=WeightTree(SHARES, tree()))
    assert found.failed[-1].lines[0].label == "kept by cpu.weight"
    three = WeightTree(SHARES, tree(5, 5, 5))
    found = decide_cpu(demand(4000), FOUR, [], 0, tree=three)
    assert found.failed[0].lines[0].label == "kept by cpu.weight beside n0 5, n1 5, n2 5"


@pytest.mark.parametrize(
    ("bound", "time"),
    [
        ([], 4000),
        ([(None, 1000)], 4000),
        ([(frozenset({0}), 500)], 1000),  # as if each CPU were as full as the first
        ([(frozenset({0, 1}), 500), (None, 500)], 4000),
        ([(frozenset({0}), 900), (None, 100)], 1111),
    ],
)
def test_time_to_share(bound: list[tuple[frozenset[int] | None, int]], time: int) -> None:
    assert time_to_share(FOUR.online, bound) == time


def test_a_host_without_cpus_promises_none() -> None:
    assert not decide_cpu(demand(1, cpus=frozenset({0})), CpuFacts(frozenset()), [], 0).admitted
