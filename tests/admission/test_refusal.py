import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.admission.decision import decide
from xmlresource.admission.demand import Demand, HugepageDemand, NodeDemand
from xmlresource.admission.reckoning import Decision, Rule
from xmlresource.admission.refusal import figures, reckoning_lines, refusal_text
from xmlresource.model.host import AncestorLimit, HostFacts, HugepagePool, MemoryRegion
from xmlresource.printable import LONGEST_MESSAGE, printable
from xmlresource.promises.promise import Held, Promise, PromiseState
from xmlresource.record import replace

MIB = 1 << 20
GIB = 1 << 30
HOST = HostFacts(MemoryRegion(24 * GIB, 20 * GIB, pools=(HugepagePool(2 * MIB, 0, 0),)))


def held(name: str, size: int) -> Held:
    return Held(Promise(name, name, "qemu", size, PromiseState.RUNNING), charged=size)


def refused(demand: Demand, *others: Held, limits: tuple[AncestorLimit, ...] = ()) -> Decision:
    return decide(demand, HOST, others, GIB, limits)


def first_line(decision: Decision) -> str:
    return refusal_text(decision).partition("\n")[0]


BOOK = (held("db2", 8 * GIB), held("web1", 6 * GIB), held("a", 4 * GIB), held("b", 4 * GIB))


def test_the_first_line_tells_guest_demand_room_rule_and_promises() -> None:
    assert first_line(refused(Demand("db1", "u", 2 * GIB), *BOOK)) == (
        "xmlresource: guest 'db1' refused: it asks for a guarantee of 2 GiB, 1 GiB can be promised "
        "(commitment; largest promises: db2 8 GiB, web1 6 GiB, a 4 GiB, …)"
    )


def test_the_reckoning_follows_aligned_and_exact() -> None:
    assert refusal_text(refused(Demand("db1", "u", 2 * GIB), *BOOK)).splitlines()[1:] == [
        "commitment: fails",
        "  MemTotal                     25,769,803,776  (24 GiB)",
        "  host reserve                 -1,073,741,824  (-1 GiB)",
        "  hugepages                                 0  (0 bytes)",
        "  promised                    -23,622,320,128  (-22 GiB)",
        "  = room                        1,073,741,824  (1 GiB)",
        "  asked for                     2,147,483,648  (2 GiB)",
        "physical: holds",
        "  MemAvailable                 21,474,836,480  (20 GiB)",
        "  promised, not used yet                    0  (0 bytes)",
        "  host reserve, not used yet   -1,073,741,824  (-1 GiB)",
        "  = room                       20,401,094,656  (19 GiB)",
        "  asked for                     2,147,483,648  (2 GiB)",
    ]


def test_the_figures_for_a_log() -> None:
    assert figures(refused(Demand("db1", "u", 2 * GIB), *BOOK)) == {
        "rule": "commitment",
        "asked": 2 * GIB,
        "promisable": GIB,
        "reckoning": "commitment fails: MemTotal 25769803776 - host reserve 1073741824 "
        "- hugepages 0 - promised 23622320128 = 1073741824 < 2147483648; physical holds: "
        "MemAvailable 21474836480 - promised, not used yet 0 - host reserve, not used yet "
        "1073741824 = 20401094656 >= 2147483648",
    }
    with pytest.raises(ValueError, match="is admitted"):
        figures(refused(Demand("db1", "u", 1)))


def test_nothing_promised_and_nothing_left() -> None:
    line = first_line(refused(Demand("g", "u", GIB), limits=(AncestorLimit("/m", GIB, GIB),)))
    assert line == (
        "xmlresource: guest 'g' refused: it asks for a guarantee of 1 GiB, nothing can be promised "
        "(ancestors, physical on /m; no promises so far)"
    )


def test_page_cache_is_added() -> None:
    limit = AncestorLimit("/m", GIB, GIB, MIB)
    found = figures(refused(Demand("g", "u", GIB), limits=(limit,)))
    assert f"limit {GIB} - charged {GIB} + page cache of it {MIB} - promised" in str(
        found["reckoning"]
    )


def test_sizes_that_look_alike_are_told_exactly() -> None:
    line = first_line(refused(Demand("g", "u", 20 * GIB + 4096), held("a", MIB)))
    assert "a guarantee of 20971524 KiB, 20 GiB can be promised" in line


def test_what_is_needed_is_said_where_it_is_not_the_guarantee() -> None:
    line = first_line(refused(Demand("g", "u", MIB, hugepages=(HugepageDemand(2 * MIB, GIB),))))
    assert "nothing can be promised (hugepages, pages of 2 MiB: 1 GiB needed; no promises" in line
    group = NodeDemand(frozenset({3}), MIB, rest=False)
    line = first_line(refused(Demand("g", "u", GIB, ordinary=GIB, nodes=(group,))))
    assert "(nodes, commitment on node 3: 1 MiB needed; no promises so far)" in line


def test_what_asks_for_more_than_the_guarantee_is_said() -> None:
    demand = Demand(
        "g",
        "u",
        GIB,
        at_once=21 * GIB,
        pinned=21 * GIB,
        taken_by=("hostdev pci",),
        pinned_by=("hostdev pci",),
    )
    decision = refused(demand, *BOOK[:1])
    assert first_line(decision) == (
        "xmlresource: guest 'g' refused: it asks for a guarantee of 1 GiB, nothing can be promised "
        "(commitment: 21 GiB pinned by hostdev pci; largest promises: db2 8 GiB)"
    )
    assert "  asked for, taken at once by hostdev pci  22,548,578,304  (21 GiB)" in (
        refusal_text(decision).splitlines()
    )


@given(st.text(st.characters(exclude_categories=())))
def test_a_hostile_name_stays_in_its_place(name: str) -> None:
    guilty = replace(held("x", 24 * GIB).promise, name=name)
    limit = AncestorLimit("/" + name, 0, 0)
    decision = refused(Demand(name, "u", 2 * GIB), Held(guilty), limits=(limit,))
    text = refusal_text(decision)
    assert text.replace("\n", "").isprintable()
    largest = "largest promises: " not in first_line(decision)
    assert len(text.splitlines()) == 1 + largest + 7 + 6 + 5 + 7
    assert len(first_line(decision)) <= LONGEST_MESSAGE


def test_of_the_largest_promises_the_first_line_has_as_many_as_fit() -> None:
    others = [held(letter * 30, 8 * GIB) for letter in "abc"]
    first, second, *_ = refusal_text(refused(Demand("db1", "u", GIB), *others)).splitlines()
    assert first.endswith(f"(commitment; largest promises: {'a' * 30} 8 GiB, …)")
    assert second.startswith(f"largest promises: {'a' * 30} 8 GiB, {'b' * 30} 8 GiB, {'c' * 30}")
    long = Demand("g" * 60, "u", GIB + 1, at_once=24 * GIB, taken_by=("hostdev pci",) * 9)
    first, second, *_ = refusal_text(refused(long, *others)).splitlines()
    assert first.endswith(" can be promised (commitment)") or "promised (physical" in first
    assert second.startswith(f"largest promises: {'a' * 30} 8 GiB, {'b' * 30} 8 GiB, {'c' * 30}")


names = st.text(st.characters(exclude_categories=()), max_size=80)
demands = st.builds(
    Demand,
    names,
    st.just("u"),
    st.integers(1, 2**64),
    hugepages=st.lists(
        st.builds(HugepageDemand, st.sampled_from([2 * MIB, GIB, None]), st.integers(1, 2**64)),
        max_size=1,
    ).map(tuple),
    ordinary=st.integers(0, 2**64),
    nodes=st.lists(
        st.builds(
            NodeDemand,
            st.frozensets(st.integers(0, 999), min_size=1),
            st.integers(1, 2**64),
            rest=st.booleans(),
        ),
        max_size=1,
    ).map(tuple),
    at_once=st.integers(0, 2**64),
    taken_by=st.lists(names, max_size=3).map(tuple),
)


@given(demands, st.lists(st.tuples(names, st.integers(0, 2**63)), max_size=4), names)
def test_the_first_line_is_short_and_whole_whatever_is_refused(
    demand: Demand, others: list[tuple[str, int]], group: str
) -> None:
    """Name, what is asked, the room, the reason: what a graphical tool shows of it."""
    limit = AncestorLimit("/" + group, 0, 0)
    books = [Held(replace(held(f"u{at}", size).promise, name=name)) for at, (name, size)
             in enumerate(others)]  # fmt: skip
    line = first_line(refused(demand, *books, limits=(limit,)))
    assert len(line) <= LONGEST_MESSAGE
    parts = re.fullmatch(
        r"xmlresource: guest '(.*)' refused: it asks for a guarantee of (.+), "
        r"(.+) can be promised \(([a-z]+)(.*)\)",
        line,
    )
    assert parts is not None, line
    assert parts[1] == printable(demand.name)
    assert parts[4] in {rule.value for rule in Rule}


def test_an_admitted_guest_has_a_reckoning_but_no_refusal() -> None:
    admitted = refused(Demand("g", "u", GIB))
    assert reckoning_lines(admitted)[0] == "commitment: holds"
    with pytest.raises(ValueError, match="is admitted"):
        refusal_text(admitted)
