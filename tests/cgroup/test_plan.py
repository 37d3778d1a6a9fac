import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cgroup.strategies import CALM, policies, v1_values, v2_values
from xmlresource.cgroup.hierarchy import Controller, Layout, Place, Version, ancestors
from xmlresource.cgroup.plan import plan, plan_ancestors
from xmlresource.cgroup.writes import CgroupState, Executor, Plan, Rejection, SoftLimitFile
from xmlresource.model.policy import MemoryPolicy
from xmlresource.tunables import MEMORY
from xmlresource.units import UNLIMITED

PAGE = 4096
GIB = 1 << 30
GUEST = "/machine/a/g.libvirt-qemu"
LIMIT, TOTAL, SOFT = (
    "memory.limit_in_bytes",
    "memory.memsw.limit_in_bytes",
    "memory.soft_limit_in_bytes",
)
FRESH_V1 = {LIMIT: UNLIMITED, TOTAL: UNLIMITED, SOFT: UNLIMITED}
FRESH_V2 = {
    "memory.min": 0,
    "memory.low": 0,
    "memory.high": UNLIMITED,
    "memory.max": UNLIMITED,
    "memory.swap.high": UNLIMITED,
    "memory.swap.max": UNLIMITED,
}


def place_at(version, cgroup=GUEST, *, systemd=False):
    chain = ancestors(cgroup)
    return Place(Controller(version, "/cg"), cgroup, Layout.PLAIN, "qemu", chain, systemd)


V1, V2 = place_at(Version.V1), place_at(Version.V2)


def state(values, **groups):
    above = {f"/{name.replace('_', '/')}": {"memory.min": value} for name, value in groups.items()}
    return CgroupState(PAGE, {GUEST: values, **above})


def steps(planned):
    assert isinstance(planned, Plan), planned
    return [(write.file, write.text) for write in planned.writes]


def notes(planned):
    return {note.tunable: note.reason for note in planned.not_enforced}


def problems(planned):
    assert isinstance(planned, Rejection), planned
    return {problem.tunable: problem.reason for problem in planned.problems}


def test_a_fresh_v1_group_takes_the_limit_first():
    policy = MemoryPolicy(hard_limit=GIB, swap_hard_limit=GIB)
    planned = plan(policy, V1, state(FRESH_V1))
    assert steps(planned) == [(LIMIT, str(GIB)), (TOTAL, str(GIB))]
    assert "first, as memory alone" in planned.writes[0].reason
    assert "first" not in planned.writes[1].reason


@pytest.mark.parametrize(
    ("before", "after", "order"),
    [
        ((1, 1), (2, 2), [TOTAL, LIMIT]),
        ((2, 2), (1, 1), [LIMIT, TOTAL]),
        ((1, 4), (2, 3), [LIMIT, TOTAL]),
        ((2, 3), (1, 4), [TOTAL, LIMIT]),
        ((1, 2), (3, 4), [TOTAL, LIMIT]),
        ((1, 2), (UNLIMITED, UNLIMITED), [TOTAL, LIMIT]),
        ((1, 2), (1, 3), [TOTAL]),
        ((1, 2), (2, 2), [LIMIT]),
        ((1, 2), (1, 2), []),
    ],
)
def test_order_on_v1(before, after, order):
    page = [value if value is UNLIMITED else value * PAGE for value in (*before, *after)]
    current = state({LIMIT: page[0], TOTAL: page[1]})
    policy = MemoryPolicy(hard_limit=page[2], swap_hard_limit=page[3])
    assert [file for file, _ in steps(plan(policy, V1, current))] == order


def test_unlimited_is_a_word_of_each_version():
    v1 = state({LIMIT: PAGE, TOTAL: UNLIMITED})
    v2 = state({**FRESH_V2, "memory.max": PAGE})
    policy = MemoryPolicy(hard_limit=UNLIMITED)
    assert steps(plan(policy, V1, v1)) == [(LIMIT, "-1")]
    assert steps(plan(policy, V2, v2)) == [("memory.max", "max")]


def test_what_v1_can_not_enforce():
    policy = MemoryPolicy(min_guarantee=GIB, hard_limit=2 * GIB, swap_soft_limit=GIB)
    planned = plan(policy, V1, state(FRESH_V1), ancestor_sums={"/machine": GIB})
    assert steps(planned) == [(LIMIT, str(2 * GIB))]
    assert notes(planned).keys() == {"min_guarantee", "swap_soft_limit"}
    assert "promise" in notes(planned)["min_guarantee"]


def test_missing_swap_accounting():
    policy = MemoryPolicy(hard_limit=GIB, swap_hard_limit=2 * GIB)
    planned = plan(policy, V1, state({LIMIT: UNLIMITED, SOFT: UNLIMITED}))
    assert steps(planned) == [(LIMIT, str(GIB))]
    assert "swapaccount" in notes(planned)["swap_hard_limit"]


def test_v2_of_an_old_kernel():
    policy = MemoryPolicy(
        min_guarantee=PAGE, hard_limit=GIB, swap_hard_limit=GIB, swap_soft_limit=GIB
    )
    planned = plan(policy, V2, state({"memory.max": UNLIMITED}))
    assert steps(planned) == [("memory.max", str(GIB))]
    assert "older than 4.18" in notes(planned)["min_guarantee"]
    assert "swapaccount" in notes(planned)["swap_hard_limit"]
    assert "older than 5.8" in notes(planned)["swap_soft_limit"]


def test_every_tunable_on_v2():
    policy = MemoryPolicy(
        hard_limit=5 * GIB,
        soft_limit=4 * GIB,
        min_guarantee=GIB,
        swap_hard_limit=7 * GIB,
        swap_soft_limit=6 * GIB,
    )
    planned = plan(policy, V2, state(FRESH_V2, machine_a=GIB, machine=GIB))
    assert dict(steps(planned)) == {
        "memory.max": str(5 * GIB),
        "memory.low": str(4 * GIB),
        "memory.min": str(GIB),
        "memory.swap.max": str(2 * GIB),
        "memory.swap.high": str(2 * GIB),
    }
    assert planned.not_enforced == ()


def test_the_soft_limit_as_libvirt_has_it():
    policy = MemoryPolicy(soft_limit=GIB)
    planned = plan(policy, V2, state(FRESH_V2), soft_limit_file=SoftLimitFile.HIGH)
    assert steps(planned) == [("memory.high", str(GIB))]
    assert not planned.writes[0].must_hold


@pytest.mark.parametrize(
    ("policy", "swap_high"),
    [
        (MemoryPolicy(swap_soft_limit=3 * GIB, soft_limit=GIB, hard_limit=2 * GIB), 2 * GIB),
        (MemoryPolicy(swap_soft_limit=3 * GIB, hard_limit=2 * GIB), GIB),
        (MemoryPolicy(swap_soft_limit=GIB, hard_limit=2 * GIB), 0),
    ],
)
def test_swap_soft_limit_on_v2(policy, swap_high):
    assert dict(steps(plan(policy, V2, state(FRESH_V2))))["memory.swap.high"] == str(swap_high)


@pytest.mark.parametrize(
    "policy",
    [
        MemoryPolicy(swap_soft_limit=GIB),
        MemoryPolicy(swap_soft_limit=GIB, hard_limit=UNLIMITED),
    ],
)
def test_swap_soft_limit_without_a_size_to_take_off(policy):
    planned = plan(policy, V2, state(FRESH_V2))
    assert steps(planned) == []
    assert "take off" in notes(planned)["swap_soft_limit"]


def test_unlimited_swap_needs_nothing_to_take_off():
    policy = MemoryPolicy(swap_soft_limit=UNLIMITED, swap_hard_limit=UNLIMITED)
    current = state({**FRESH_V2, "memory.swap.max": 0, "memory.swap.high": 0})
    assert steps(plan(policy, V2, current)) == [
        ("memory.swap.max", "max"),
        ("memory.swap.high", "max"),
    ]


@pytest.mark.parametrize(
    ("policy", "tunable"),
    [
        (MemoryPolicy(swap_hard_limit=GIB), "swap_hard_limit"),
        (MemoryPolicy(swap_hard_limit=GIB, hard_limit=2 * GIB), "swap_hard_limit"),
        (MemoryPolicy(swap_hard_limit=GIB, hard_limit=UNLIMITED), "swap_hard_limit"),
        (MemoryPolicy(swap_soft_limit=GIB, soft_limit=UNLIMITED), "swap_soft_limit"),
        (MemoryPolicy(swap_soft_limit=GIB, soft_limit=2 * GIB), "swap_soft_limit"),
        (MemoryPolicy(min_guarantee=GIB, hard_limit=GIB), "min_guarantee"),
        (MemoryPolicy(min_guarantee=GIB - 1, hard_limit=GIB), "min_guarantee"),
        (MemoryPolicy(min_guarantee=2 * GIB, hard_limit=GIB), "min_guarantee"),
        (MemoryPolicy(min_guarantee=UNLIMITED), "min_guarantee"),
        (MemoryPolicy(min_guarantee=2**63 - 1024), "min_guarantee"),
    ],
)
def test_contradictions_on_v2(policy, tunable):
    assert problems(plan(policy, V2, state(FRESH_V2))).keys() == {tunable}


def test_a_guarantee_against_the_limit_in_force():
    current = state({**FRESH_V2, "memory.max": GIB})
    assert problems(plan(MemoryPolicy(min_guarantee=GIB), V2, current)).keys() == {"min_guarantee"}
    current = state({**FRESH_V2, "memory.min": GIB})
    assert problems(plan(MemoryPolicy(hard_limit=GIB), V2, current)).keys() == {"min_guarantee"}
    # What is in force already and not touched is not ours to judge.
    current = state({**FRESH_V2, "memory.min": GIB, "memory.max": GIB})
    assert steps(plan(MemoryPolicy(soft_limit=GIB), V2, current)) == [("memory.low", str(GIB))]


def test_a_guarantee_of_nothing_is_less_than_a_limit_of_nothing():
    policy = MemoryPolicy(min_guarantee=0, hard_limit=0)
    assert steps(plan(policy, V2, state(FRESH_V2))) == [("memory.max", "0")]


@pytest.mark.parametrize(
    ("policy", "values", "tunable"),
    [
        (MemoryPolicy(hard_limit=GIB, swap_hard_limit=PAGE), FRESH_V1, "swap_hard_limit"),
        (MemoryPolicy(hard_limit=GIB), {LIMIT: PAGE, TOTAL: PAGE}, "hard_limit"),
        (MemoryPolicy(swap_hard_limit=PAGE), {LIMIT: GIB, TOTAL: GIB}, "swap_hard_limit"),
    ],
)
def test_contradictions_on_v1(policy, values, tunable):
    assert problems(plan(policy, V1, state(values))).keys() == {tunable}


@pytest.mark.parametrize("place", [V1, V2])
def test_a_group_without_the_controller(place):
    rejection = plan(MemoryPolicy(min_guarantee=PAGE), place, CgroupState(PAGE, {}))
    assert problems(rejection).keys() == {None}
    assert "the guest is gone" in rejection.describe()


def test_a_rejection_in_words():
    policy = MemoryPolicy(min_guarantee=GIB, hard_limit=GIB, swap_hard_limit=PAGE)
    first, second = plan(policy, V2, state(FRESH_V2)).describe().splitlines()
    assert first.startswith("swap_hard_limit: it counts memory and swap")
    assert second.startswith("min_guarantee: 1 GiB protected is not less than the limit of 1 GiB")


def test_ancestors_are_raised_from_the_top_before_the_guest():
    policy = MemoryPolicy(min_guarantee=GIB)
    current = state(FRESH_V2, machine=0, machine_a=0)
    sums = {"/machine/a": GIB, "/machine": 3 * GIB, "/other": GIB}
    planned = plan(policy, V2, current, ancestor_sums=sums)
    assert [(write.cgroup, write.value) for write in planned.writes] == [
        ("/machine", 3 * GIB),
        ("/machine/a", GIB),
        (GUEST, GIB),
    ]
    assert planned.not_enforced == ()


def test_ancestors_are_lowered_from_the_bottom_after_the_guest():
    policy = MemoryPolicy(min_guarantee=0)
    current = state({**FRESH_V2, "memory.min": GIB}, machine=3 * GIB, machine_a=GIB)
    sums = {"/machine": 2 * GIB, "/machine/a": 0}
    planned = plan(policy, V2, current, ancestor_sums=sums)
    assert [write.cgroup for write in planned.writes] == [GUEST, "/machine/a", "/machine"]
    gone = CgroupState(PAGE, {"/machine": {"memory.min": 3 * GIB}})
    assert [write.cgroup for write in plan_ancestors(V2, gone, sums).writes] == ["/machine"]
    assert plan_ancestors(V1, gone, sums).writes == ()


def test_ancestors_in_whole_pages_and_only_what_changes():
    current = state(FRESH_V2, machine=2 * PAGE, machine_a=0)
    sums = {"/machine": PAGE + 1, "/machine/a": 0}
    assert plan_ancestors(V2, current, sums).writes == ()


def test_a_guarantee_below_ancestors_with_less_is_void():
    current = state(FRESH_V2, machine=0, machine_a=GIB)
    planned = plan(MemoryPolicy(min_guarantee=GIB), V2, current)
    assert [note.describe() for note in planned.not_enforced] == [
        "min_guarantee is not enforced: /machine above protects 0 bytes, so no more counts below it"
    ]
    unknown = plan(
        MemoryPolicy(min_guarantee=GIB), V2, state(FRESH_V2), ancestor_sums={"/machine": 1}
    )
    assert "nothing below it is protected" in notes(unknown)["min_guarantee"]


def test_what_systemd_owns_is_systemds_to_write():
    scope = r"/machine.slice/machine-qemu\x2d1\x2da.scope"
    policy = MemoryPolicy(min_guarantee=PAGE, swap_soft_limit=GIB, hard_limit=GIB)
    sums = dict.fromkeys(ancestors(scope + "/libvirt"), PAGE)
    above = {cgroup: {"memory.min": 0} for cgroup in sums}

    nested = place_at(Version.V2, scope + "/libvirt", systemd=True)
    current = CgroupState(PAGE, {nested.cgroup: FRESH_V2, **above})
    planned = plan(policy, nested, current, ancestor_sums=sums)
    assert {write.cgroup: write.executor for write in planned.writes} == {
        "/machine.slice": Executor.SYSTEMD,
        scope: Executor.SYSTEMD,
        nested.cgroup: Executor.FILE,
    }
    assert "by systemd" in planned.describe()

    bare = place_at(Version.V2, scope, systemd=True)
    planned = plan(policy, bare, CgroupState(PAGE, {scope: FRESH_V2}))
    assert {write.file: write.executor for write in planned.writes} == {
        "memory.max": Executor.SYSTEMD,
        "memory.min": Executor.SYSTEMD,
        "memory.swap.high": Executor.FILE,
    }
    v1 = place_at(Version.V1, scope, systemd=True)
    planned = plan(policy, v1, CgroupState(PAGE, {scope: FRESH_V1}))
    assert [write.executor for write in planned.writes] == [Executor.FILE]


def test_room_is_made_before_it_is_taken_on_v2():
    # The total stays, memory shrinks: swap must be there before memory is pushed out.
    current = state({**FRESH_V2, "memory.max": 6 * GIB, "memory.swap.max": 0})
    policy = MemoryPolicy(hard_limit=4 * GIB, swap_hard_limit=6 * GIB)
    assert [file for file, _ in steps(plan(policy, V2, current))] == [
        "memory.swap.max",
        "memory.max",
    ]
    # Everything shrinks: protection first, then memory, then swap.
    current = state({**FRESH_V2, "memory.min": 4 * GIB, "memory.max": 6 * GIB})
    policy = MemoryPolicy(min_guarantee=GIB, hard_limit=2 * GIB, swap_hard_limit=2 * GIB)
    assert [file for file, _ in steps(plan(policy, V2, current))] == [
        "memory.min",
        "memory.max",
        "memory.swap.max",
    ]


def test_a_plan_in_words_and_as_data():
    current = state({LIMIT: 2 * GIB, TOTAL: UNLIMITED})
    policy = MemoryPolicy(hard_limit=GIB + 1024, swap_hard_limit=3 * GIB, min_guarantee=PAGE)
    planned = plan(policy, V1, current)
    assert planned.describe().splitlines() == [
        f"{GUEST} (cgroup v1): 2 to write",
        (
            f"1. lower {LIMIT} of {GUEST} from 2 GiB to 1 GiB: hard_limit is 1048577 KiB, 1 GiB in "
            "whole pages; first, as memory alone may never exceed memory and swap"
        ),
        f"2. lower {TOTAL} of {GUEST} from unlimited to 3 GiB: swap_hard_limit is 3 GiB",
        (
            "note: min_guarantee is not enforced: cgroup v1 can't protect memory; "
            "it is kept as a promise when guests are admitted"
        ),
    ]
    data = planned.to_dict()
    assert data["controller"] == "v1"
    assert data["directory"] == f"/cg{GUEST}"
    assert data["layout"] == "plain"
    assert data["writes"][1] == {
        "cgroup": GUEST,
        "path": f"/cg{GUEST}/{TOTAL}",
        "value": 3 * GIB,
        "before": "unlimited",
        "text": str(3 * GIB),
        "tunable": "swap_hard_limit",
        "reason": "swap_hard_limit is 3 GiB",
        "executor": "file",
        "must_hold": True,
        "entry": None,
        "unit": "bytes",
    }
    assert [note["tunable"] for note in data["not_enforced"]] == ["min_guarantee"]
    assert plan(MemoryPolicy(), V1, current).describe().endswith("nothing to write")


@pytest.mark.parametrize("place", [V1, V2])
@pytest.mark.parametrize("tunable", MEMORY, ids=lambda tunable: tunable.name)
def test_every_tunable_is_planned_or_said_to_be_not_enforced(tunable, place):
    needs = {"swap_hard_limit": {"hard_limit": GIB}, "swap_soft_limit": {"soft_limit": GIB}}
    policy = MemoryPolicy(**{**needs.get(tunable.name, {}), tunable.name: 2 * GIB})
    current = state(FRESH_V1 if place is V1 else FRESH_V2, machine=4 * GIB, machine_a=4 * GIB)
    planned = plan(policy, place, current)
    assert isinstance(planned, Plan)
    written = {write.tunable for write in planned.writes}
    assert (tunable.name in written) != (tunable.name in notes(planned))


def in_bytes(values):
    most = (2**63 - 1) // PAGE
    return {file: UNLIMITED if pages == most else pages * PAGE for file, pages in values.items()}


@settings(CALM, max_examples=200)
@given(policy=policies(), values=v1_values())
def test_memory_never_exceeds_memory_and_swap_on_the_way(policy, values):
    current = in_bytes(values)
    planned = plan(policy, V1, state(current))
    if isinstance(planned, Rejection):
        return
    for write in planned.writes:
        assert write.value != current[write.file] == write.before
        current[write.file] = write.value
        limit, total = (
            float("inf") if value is UNLIMITED else value
            for value in (current[LIMIT], current[TOTAL])
        )
        assert limit <= total


@settings(CALM, max_examples=200)
@given(
    policy=policies(), values=v2_values(), sums=st.tuples(st.integers(0, GIB), st.integers(0, GIB))
)
def test_the_plan_of_a_state_in_force_is_empty(policy, values, sums):
    current = {
        GUEST: in_bytes(values),
        "/machine": {"memory.min": 0},
        "/machine/a": {"memory.min": 9},
    }
    wanted = dict(zip(("/machine", "/machine/a"), sums, strict=True))
    planned = plan(policy, V2, CgroupState(PAGE, current), ancestor_sums=wanted)
    if isinstance(planned, Rejection):
        return
    for write in planned.writes:
        current[write.cgroup][write.file] = write.value
    again = plan(policy, V2, CgroupState(PAGE, current), ancestor_sums=wanted)
    assert steps(again) == []
    raised = [write.cgroup for write in planned.writes if write.cgroup != GUEST]
    assert all(raised.count(cgroup) == 1 for cgroup in raised)
    for one, other in itertools.pairwise(planned.writes):
        assert (one.path, one.text) != (other.path, other.text)
