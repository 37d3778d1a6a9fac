from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.admission.reckoning import Rule
from xmlresource.admission.refusal import figures, reckoning_lines, refusal_text
from xmlresource.admission.weights.disks.disk_decision import (
    WHOLE_DISK,
    DiskDecision,
    DiskDemand,
    WeighedDisk,
    decide_disk,
    number_of_percent,
    percent_text,
)
from xmlresource.admission.weights.floor_decision import WeightTree
from xmlresource.admission.weights.floor_weights import (
    BFQ,
    IOCOST,
    V1_BFQ,
    Neighbour,
    PromisedGroup,
    WeightRange,
    floor_weights,
)
from xmlresource.printable import LONGEST_MESSAGE
from xmlresource.promises.io_promise import DiskPart, IoPromise
from xmlresource.promises.promise import Promise, PromiseState

SDA = WeighedDisk("8:0", "sda", IOCOST)


def demand(percent: int, disk: WeighedDisk = SDA, name: str = "new") -> DiskDemand:
    return DiskDemand(name, "n", "qemu", disk, percent * 1000)


def promise(name: str, percent: int, disk: str = "8:0") -> Promise:
    io = IoPromise((DiskPart(disk, percent * 1000),))
    return Promise(name, name, "qemu", 0, PromiseState.RUNNING, io=io)


def tree(weights: WeightRange, *beside: int) -> WeightTree:
    """A guest in machine.slice, with others beside the slice."""

    def with_guest(guarantee: int) -> PromisedGroup:
        guest = PromisedGroup("/machine.slice/n", 100, guarantee)
        folder = PromisedGroup("/machine.slice", 100, 0, (guest,))
        others = tuple(Neighbour(f"{at}.slice", weight) for at, weight in enumerate(beside))
        return PromisedGroup("/", 100, 0, (folder,), others)

    return WeightTree(weights, with_guest)


def rules(decision: DiskDecision) -> list[Rule]:
    return [each.rule for each in decision.reckonings]


def test_texts() -> None:
    assert [percent_text(each) for each in (60_000, 500, 0)] == ["60 %", "0.5 %", "0 %"]
    assert number_of_percent(-1250) == "-1.25"


def test_what_fits_is_admitted_up_to_all_of_the_disk() -> None:
    others = [promise("a", 60), promise("b", 99, "8:16")]
    found = decide_disk(demand(40), others)
    assert found.admitted
    assert (found.promisable, found.promises, rules(found)) == (40_000, 1, [Rule.COMMITMENT])
    assert found.notation.cell(2500) == "2.500"


def test_more_than_is_left_is_refused_with_the_reckoning() -> None:
    found = decide_disk(demand(20), [promise("a", 60), promise("b", 30)])
    assert not found.admitted
    assert refusal_text(found).splitlines() == [
        (
            "xmlresource: guest 'new' refused: it asks for a guarantee of 20 % of sda, 10 % can be "
            "promised (commitment, sda; largest promises: a 60 %, b 30 %)"
        ),
        "commitment, sda: fails",
        "  all of it  100.000  (100 %)",
        "  promised   -90.000  (-90 %)",
        "  = room      10.000  (10 %)",
        "  asked for   20.000  (20 %)",
    ]
    assert figures(found) == {
        "rule": "commitment, sda",
        "asked_millipercent": 20_000,
        "promisable_millipercent": 10_000,
        "reckoning": "commitment, sda fails: all of it 100 - promised 90 = 10 < 20",
    }


def test_the_guests_own_promise_is_replaced() -> None:
    own = Promise(
        "n", "new", "qemu", 0, PromiseState.RUNNING, io=IoPromise((DiskPart("8:0", 90_000),))
    )
    found = decide_disk(demand(100), [own])
    assert found.admitted
    assert found.own == 90_000


@pytest.mark.parametrize(("weights", "kept"), [(IOCOST, 97_000), (BFQ, 80_000), (V1_BFQ, 80_000)])
def test_weights_that_end_keep_less_than_all(weights: WeightRange, kept: int) -> None:
    """Beside two slices of 100 the largest weight of bfq is five sixths, of iocost nearly all."""
    disk = WeighedDisk("8:0", "sda", weights)
    found = decide_disk(demand(99, disk), [], tree(weights, 100, 100))
    assert not found.admitted
    assert [each.rule for each in found.failed] == [Rule.WEIGHTS]
    assert kept < found.promisable < WHOLE_DISK
    first, *rest = refusal_text(found).splitlines()
    assert "can be promised (weights, sda in /; no promises so far)" in first
    (line,) = (each for each in rest if "kept by" in each)
    assert f"kept by {weights.file} beside 0.slice 100, 1.slice 100" in line
    again = decide_disk(demand(kept // 1000, disk), [], tree(weights, 100, 100))
    assert again.admitted
    assert [each.title for each in again.reckonings] == [
        "commitment, sda",
        "weights, sda in /",  # where there would be none for all of the disk
    ]
    alone = decide_disk(demand(100, disk), [], tree(weights))
    assert [each.title for each in alone.reckonings] == ["commitment, sda", "weights, sda"]
    assert any("kept by" in each for each in reckoning_lines(again))


def test_many_neighbours_are_counted() -> None:
    found = decide_disk(demand(99), [], tree(IOCOST, *[9000] * 5))
    assert "0.slice 9000, 1.slice 9000, 2.slice 9000 and 2 more" in refusal_text(found)


@given(st.text(min_size=1, max_size=300), st.text(min_size=1, max_size=300))
def test_the_first_line_is_short_whatever_the_names_are(guest: str, disk: str) -> None:
    others = [promise(guest, 50), promise(guest, 45)]
    text = refusal_text(decide_disk(demand(20, WeighedDisk("8:0", disk, IOCOST), guest), others))
    assert len(text.splitlines()[0]) <= LONGEST_MESSAGE


@given(
    st.sampled_from([IOCOST, BFQ]),
    st.lists(st.integers(1, 500), max_size=4),
    st.integers(1, 100_000),
)
def test_what_is_admitted_is_kept(weights: WeightRange, beside: list[int], part: int) -> None:
    """Everybody beside is busy: the slice has its weight of all, and the guest is alone in it."""
    asked = DiskDemand("new", "n", "qemu", WeighedDisk("8:0", "sda", weights), part)
    at: Callable[[int], PromisedGroup] = tree(weights, *beside).with_guest
    found = decide_disk(asked, [], tree(weights, *beside))
    if found.admitted:
        value = floor_weights(WHOLE_DISK, at(part), weights).values["/machine.slice"]
        assert WHOLE_DISK * value >= part * (value + sum(beside))
        assert weights.least <= value <= weights.most
