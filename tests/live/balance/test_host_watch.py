"""The host's room by admission's own rule, and what comes back from swap."""

import pytest

from tests.fakes.host import GIB, MIB, FakeHost, domain, guarantee
from xmlresource.live.balance.host_watch import SwapRate, host_memory, host_pressures, settings_of
from xmlresource.operations.guests.hook_events import answer
from xmlresource.operations.host import open_host
from xmlresource.operations.promises.ledger_upkeep import current_promises
from xmlresource.system.cgroups.places import PAGE_SIZE


def test_room_is_what_a_start_would_find(host: FakeHost) -> None:
    xml = domain("db1", 1, guarantee(1024))
    assert answer("db1", "prepare", xml, None, host.machine) == (0, "")
    opened = open_host(host.machine)
    memory = host_memory(opened, current_promises(host.machine, opened.state))
    # 8 GiB, of which 256 MiB are the host's own, less what is promised and not used yet, less the
    # rest of a reserve of 5 %.
    reserve = 8 * GIB * 5 // 100
    assert memory.room == 8 * GIB - 1024 * MIB - reserve
    seen = memory.seen(5, None, stalled=True)
    assert seen.available - seen.promised == memory.room
    assert (seen.wanted, seen.stalled) == (5, True)
    fits = domain("db2", 2, guarantee(memory.room // MIB))
    assert answer("db2", "prepare", fits, None, host.machine) == (0, "")


def test_a_host_that_says_nothing_of_it_does_nothing(host: FakeHost) -> None:
    assert settings_of(open_host(host.machine)).mode.value == "off"


@pytest.mark.parametrize(
    ("looks", "rates"),
    [
        ([(0, 10), (2, 30), (3, 30)], [None, 10.0, 0.0]),
        ([(0, 10), (0.1, 30)], [None, None]),  # too short to tell
        ([(0, 30), (2, 10)], [None, None]),  # it went backwards
        ([(0, 30), (2, None), (4, 50), (6, 52)], [None, None, None, 1.0]),
    ],
)
def test_swap_rates(
    host: FakeHost, looks: list[tuple[float, int | None]], rates: list[float | None]
) -> None:
    rate = SwapRate()
    for (at, pages), expected in zip(looks, rates, strict=True):
        host.write("/proc/vmstat", "x 1\n" if pages is None else f"pswpin {pages}\n")
        found = rate.now(host.machine, at)
        assert found == (None if expected is None else expected * PAGE_SIZE)


def test_what_cant_be_read_is_not_known(host: FakeHost) -> None:
    for path in ("proc/vmstat", "proc/pressure/memory"):
        (host.root / path).mkdir(parents=True)
    assert SwapRate().now(host.machine, 0) is None
    assert host_pressures(host.machine) is None
