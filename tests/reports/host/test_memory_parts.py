"""The parts of a host's memory: they are all of it, and what is free is what admission finds."""

from hypothesis import given
from hypothesis import strategies as st

from xmlresource.admission.decision import decide
from xmlresource.admission.demand import Demand
from xmlresource.admission.reckoning import Rule
from xmlresource.model.host import HostFacts, MemoryRegion
from xmlresource.promises.promise import Held, Promise, PromiseState
from xmlresource.reports.host.memory_parts import memory_parts, parts_bar
from xmlresource.reports.layout.canvas import Canvas
from xmlresource.reports.layout.style import Style

GIB = 1 << 30
sizes = st.integers(0, 2**36)


def held(number: int, promised: int, charged: int) -> Held:
    promise = Promise(str(number), f"g{number}", "qemu", promised, PromiseState.RUNNING)
    return Held(promise, charged)


@given(sizes, sizes, sizes, st.lists(st.tuples(sizes, sizes), max_size=5))
def test_what_is_free_is_the_room_of_the_physical_rule(
    available: int, reserve: int, rest: int, promises: list[tuple[int, int]]
) -> None:
    total = available + rest + sum(charged for _, charged in promises)
    parts = memory_parts(total, available, 0, reserve, promises)
    guests = tuple(held(number, *each) for number, each in enumerate(promises))
    decision = decide(
        Demand("new", "u", 4096), HostFacts(MemoryRegion(total, available)), guests, reserve
    )
    physical = next(each for each in decision.reckonings if each.rule is Rule.PHYSICAL)
    assert parts.free == max(0, physical.room)
    assert parts.promised == sum(promised for promised, _ in promises)
    named = dict(parts.named())
    assert sum(named.values()) == max(total, sum(named.values()) - parts.free)


def test_pools_are_nobodys_memory() -> None:
    parts = memory_parts(16 * GIB, 8 * GIB, 4 * GIB, GIB, [(2 * GIB, 3 * GIB)])
    assert (parts.pools, parts.used, parts.unused) == (4 * GIB, 2 * GIB, 0)
    assert (parts.others, parts.free) == (GIB, 8 * GIB)


def test_a_bar_names_pools_where_there_are_some() -> None:
    letters = Canvas(60, has_blocks=False)
    with_pools = memory_parts(10 * GIB, 5 * GIB, 4 * GIB, GIB, [])
    bar, *legend = parts_bar(with_pools, letters)
    assert bar == "[" + "-" * 5 + "x" * 24 + "." * 29 + "]"
    assert "x hugepages 4 GiB" in "   ".join(legend)
    assert "hugepages" not in "".join(parts_bar(memory_parts(GIB, GIB, 0, 0, []), letters))


def test_each_part_has_its_colour() -> None:
    parts = memory_parts(60 * GIB, 20 * GIB, 10 * GIB, 10 * GIB, [(20 * GIB, 10 * GIB)])
    bar, *legend = parts_bar(parts, Canvas(62, Style(62, has_colour=True)))
    assert bar == (
        "[\x1b[90m" + "▒" * 10 + "\x1b[0m\x1b[34m" + "█" * 10 + "\x1b[0m\x1b[96m" + "░" * 10
        + "\x1b[0m\x1b[93m" + "▓" * 10 + "\x1b[0m\x1b[35m" + "▚" * 10 + "\x1b[0m" + "·" * 10 + "]"
    )  # fmt: skip
    assert "\x1b[35m▚\x1b[0m hugepages 10 GiB" in "".join(legend)
