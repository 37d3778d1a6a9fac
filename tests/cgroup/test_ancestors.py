"""What the cgroups above the guests carry, and whose part of it is whose."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.cgroup.ancestors import (
    AncestorProtection,
    CarriedValue,
    Key,
    Targets,
    decode,
    may_be_in_force,
    targets,
)
from xmlresource.cgroup.hierarchy import Controller, Layout, Place, Version
from xmlresource.cgroup.writes import CgroupState
from xmlresource.units import UNLIMITED, Amount

PAGE = 4096
BOOT = "boot"
SLICE = "/machine.slice"
SCOPE = SLICE + "/machine-qemu\\x2d1\\x2da.scope"
MIN = "memory.min"
KEY: Key = (SLICE, MIN)
PLACE = Place(
    Controller(Version.V2, "/sys/fs/cgroup"),
    SCOPE + "/libvirt",
    Layout.SCOPE_NESTED,
    "qemu",
    (SCOPE, SLICE),
    systemd=True,
)
AMOUNTS = st.just(UNLIMITED) | st.integers(0, 2**40).map(lambda pages: pages * PAGE)


def above(chain: AncestorProtection, found: Amount, total: int) -> Targets:
    state = CgroupState(PAGE, {SLICE: {MIN: found}, SCOPE: {MIN: 0}})
    return targets(chain, PLACE, state, {KEY: total, (SCOPE, MIN): total})


def test_the_first_promise_comes_on_top_of_what_is_there() -> None:
    found = above(AncestorProtection(BOOT), 8 * PAGE, 2 * PAGE)
    assert found.values == {KEY: 10 * PAGE, (SCOPE, MIN): 2 * PAGE}
    assert found.own == {KEY: 8 * PAGE}
    assert found.after.parts == {KEY: CarriedValue(8 * PAGE, (10 * PAGE,))}


def test_the_values_of_one_file_are_by_cgroup() -> None:
    found = above(AncestorProtection(BOOT), 8 * PAGE, 2 * PAGE)
    assert found.of(MIN) == {SLICE: 10 * PAGE, SCOPE: 2 * PAGE}
    assert found.of("memory.low") == {}


@pytest.mark.parametrize(("given", "values"), [((), {}), ((MIN,), {(SCOPE, MIN): 0})])
def test_a_scope_is_lowered_to_nothing_only_where_something_was_given_to_it(
    given: tuple[str, ...], values: dict[Key, Amount]
) -> None:
    state = CgroupState(PAGE, {SLICE: {MIN: 8 * PAGE}, SCOPE: {MIN: 2 * PAGE}})
    found = targets(AncestorProtection(BOOT), PLACE, state, {KEY: 0, (SCOPE, MIN): 0}, given)
    assert found.values == values


def test_what_is_ours_is_not_taken_for_his() -> None:
    chain = AncestorProtection(BOOT, {KEY: CarriedValue(8 * PAGE, (10 * PAGE,))})
    assert above(chain, 10 * PAGE, 5 * PAGE).values[KEY] == 13 * PAGE


def test_what_somebody_else_wrote_is_his_from_now_on() -> None:
    chain = AncestorProtection(BOOT, {KEY: CarriedValue(8 * PAGE, (10 * PAGE,))})
    found = above(chain, 9 * PAGE, 5 * PAGE)
    assert found.values[KEY] == 14 * PAGE
    assert found.after.parts[KEY].own == 9 * PAGE


def test_with_the_last_promise_his_value_is_back_and_nothing_is_remembered() -> None:
    chain = AncestorProtection(BOOT, {KEY: CarriedValue(8 * PAGE, (10 * PAGE,))})
    found = above(chain, 10 * PAGE, 0)
    assert found.values[KEY] == 8 * PAGE
    assert KEY in found.before.parts
    assert found.after.parts == {}


def test_unlimited_is_enough_for_everybody() -> None:
    found = above(AncestorProtection(BOOT), UNLIMITED, PAGE)
    assert found.values[KEY] is UNLIMITED
    assert found.after.parts == {}


def test_a_cgroup_that_is_gone_is_forgotten() -> None:
    chain = AncestorProtection(BOOT, {KEY: CarriedValue(0, (PAGE,))})
    found = targets(chain, PLACE, CgroupState(PAGE, {}), {KEY: PAGE})
    assert found.values == {}
    assert found.after.parts == {}


@given(AMOUNTS, st.lists(st.integers(0, 2**30).map(lambda pages: pages * PAGE)))
def test_whatever_is_promised_and_wherever_it_ends_the_sum_is_exact(
    his: Amount, totals: list[int]
) -> None:
    """Also where a process is killed after any of the two writes: of memory, and of the kernel."""
    chain, value = AncestorProtection(BOOT), his
    for number, total in enumerate([*totals, 0]):
        found = above(chain, value, total)
        if number % 3 == 0:  # killed before the kernel's file was written
            chain = found.before
            found = above(chain, value, total)
        value = found.values.get(KEY, value)
        if number % 3 == 1:  # killed after it
            chain = found.before
            found = above(chain, value, total)
        assert value == (UNLIMITED if his is UNLIMITED else his + total)  # type: ignore[operator]
        chain = found.after
    assert value == his
    assert chain.parts == {}


PARTS = st.builds(CarriedValue, AMOUNTS, st.tuples(AMOUNTS))


@given(st.dictionaries(st.tuples(st.text(), st.text()), PARTS))
def test_it_reads_what_it_writes(parts: dict[Key, CarriedValue]) -> None:
    chain = AncestorProtection(BOOT, parts)
    assert decode(chain.encode(), BOOT) == chain
    assert decode(chain.encode(), "another") == AncestorProtection("another")


@pytest.mark.parametrize(
    "change",
    [
        {"format": "another"},
        {"version": 2},
        {"parts": [["/a", "memory.min", -1, []]]},
        {"parts": [["/a", "memory.min", True, []]]},
        {"parts": [["/a", "memory.min", 1]]},
        {"parts": 7},
    ],
)
def test_what_makes_no_sense(change: dict[str, object]) -> None:
    text = json.dumps(json.loads(AncestorProtection(BOOT).encode()) | change).encode()
    with pytest.raises(ValueError, match=r"sense|version|size|unpack"):
        decode(text, BOOT)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}"])
def test_what_is_none_at_all(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode(text, BOOT)


def test_a_text_that_is_nested_too_deep() -> None:
    with pytest.raises(ValueError, match="nested too deep"):
        decode(b"[" * 100_000, "boot")


def test_a_promise_may_be_in_force_where_there_are_others_or_something_is_set() -> None:
    nothing = CgroupState(PAGE, {PLACE.cgroup: {MIN: 0}})
    assert not may_be_in_force(PLACE, nothing, 1)
    assert may_be_in_force(PLACE, nothing, 2)
    assert may_be_in_force(PLACE, CgroupState(PAGE, {PLACE.cgroup: {MIN: PAGE}}), 1)
