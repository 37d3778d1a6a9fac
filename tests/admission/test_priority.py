from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.admission.decision import decide
from xmlresource.admission.demand import Demand, HugepageDemand
from xmlresource.admission.priority import first_come, with_room_held_back
from xmlresource.admission.reckoning import Decision, Rule
from xmlresource.admission.refusal import refusal_text
from xmlresource.model.host import AncestorLimit, HostFacts, HugepagePool, MemoryRegion
from xmlresource.promises.promise import Held, Promise, PromiseState

GIB = 1 << 30
HOST = HostFacts(MemoryRegion(24 * GIB, 20 * GIB, pools=(HugepagePool(GIB, 4, 4),)))


@dataclass(frozen=True)
class Guest:
    priority: int
    name: str
    key: str = ""


def promise(name: str, size: int) -> Promise:
    return Promise(name, name, "qemu", size, PromiseState.STARTING)


def held_back(demand: Demand, *promises: Promise) -> Decision:
    limits = (AncestorLimit("/m", 30 * GIB, 0),)
    decision = decide(demand, HOST, (), GIB, limits)
    besides = decide(demand, HOST, map(Held, promises), GIB, limits)
    return with_room_held_back(decision, besides, promises, 60)


def test_the_highest_first_and_equal_ones_by_name() -> None:
    guests = [Guest(1, "c", "2"), Guest(1, "c", "1"), Guest(1, "b"), Guest(9, "z")]
    found = [(each.name, each.key) for each in first_come(guests)]
    assert found == [("z", ""), ("b", ""), ("c", "1"), ("c", "2")]


def test_each_rule_is_repeated_with_what_is_held_back() -> None:
    decision = held_back(Demand("g", "u", 5 * GIB), promise("db", 16 * GIB))
    assert not decision.admitted
    assert [each.title for each in decision.reckonings if each.rule is Rule.PRIORITY] == [
        "priority, commitment",
        "priority, physical",
        "priority, ancestors, commitment on /m",
        "priority, ancestors, physical on /m",
    ]
    assert [each.title for each in decision.failed] == ["priority, physical"]
    line = decision.failed[0].lines[-1]
    assert (line.label, line.size) == ("held back", -16 * GIB)
    assert decision.promisable == 4 * GIB
    assert decision.held_back is not None
    assert decision.held_back.size == 16 * GIB


def test_hugepages_are_held_back_where_the_guest_takes_some() -> None:
    demand = Demand("g", "u", GIB, hugepages=(HugepageDemand(GIB, 2 * GIB, None),))
    decision = held_back(demand, promise("db", GIB))
    assert decision.admitted
    titles = [each.title for each in decision.reckonings if each.rule is Rule.PRIORITY]
    assert "priority, hugepages, pages of 1 GiB" not in titles


def test_nothing_held_back_is_no_rule() -> None:
    plain = decide(Demand("g", "u", GIB), HOST, (), GIB)
    assert with_room_held_back(plain, plain, (promise("db", GIB),), 60) is plain


@pytest.mark.parametrize(
    ("count", "shown"), [(1, "(a 5 GiB)"), (4, "(a 5 GiB, b 5 GiB, c 5 GiB, …)")]
)
def test_the_refusal_names_them_and_the_cure(count: int, shown: str) -> None:
    promises = [promise(name, 5 * GIB) for name in "abcd"[:count]]
    first, second, *_ = refusal_text(held_back(Demand("g", "u", 18 * GIB), *promises)).splitlines()
    assert "(priority, " in first
    assert second == (
        f"room is held back for guests of higher priority that are still to start {shown}: "
        "start it when they run, or in 60 s (boot_window)"
    )


def test_a_refusal_for_another_reason_does_not_speak_of_it() -> None:
    text = refusal_text(held_back(Demand("g", "u", 100 * GIB), promise("db", GIB)))
    assert "boot_window" not in text


@given(st.integers(1, 20), st.integers(1, 25))
def test_held_back_is_as_good_as_promised(asked: int, others: int) -> None:
    demand = Demand("g", "u", asked * GIB)
    decision = held_back(demand, promise("db", others * GIB))
    besides = decide(demand, HOST, [Held(promise("db", others * GIB))], GIB)
    assert decision.admitted == besides.admitted
    assert decision.promisable == besides.promisable
