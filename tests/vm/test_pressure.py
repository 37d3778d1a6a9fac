"""Short of memory, a guest with a guarantee keeps it; its twin, and one guarded by half, do not."""

from __future__ import annotations

import selectors
import time
from typing import TYPE_CHECKING

import pytest

from .world import MIB, available, charged, guarantee, hog, mib, read, say, status, systemctl

if TYPE_CHECKING:
    from .conftest import NewGuest
    from .world import Guest

pytestmark = pytest.mark.usefixtures("_clean")
SIZE = 400
PASSES = 2  # of the hog over all of its memory


def least_under_pressure(guests: list[Guest]) -> list[int]:
    """The least that each guest has while a hog takes all that it can get."""
    least = [charged(guest) for guest in guests]
    size = available() + SIZE
    with hog(size) as process:
        passes = 0
        assert process.stdout is not None
        deadline = time.monotonic() + 900
        ready = selectors.DefaultSelector()
        ready.register(process.stdout, selectors.EVENT_READ)
        while passes < PASSES and time.monotonic() < deadline:
            if ready.select(0.1):
                assert process.stdout.readline() == "pass\n"
                passes += 1
            least = [min(*pair) for pair in zip(least, map(charged, guests), strict=True)]
    assert passes, "the hog got nowhere"
    return least


def show(what: str, names: tuple[str, ...], before: list[int], least: list[int]) -> None:
    say(f"\n{what} (min {SIZE} MiB, memory.current in MiB)")
    for name, first, last in zip(names, before, least, strict=True):
        say(f"  {name:<10} {mib(first):>7} -> least {mib(last):>7}")


def test_a_guarantee_holds_and_its_twin_pays(new_guest: NewGuest) -> None:
    guard = new_guest("guard", guarantee(SIZE), memory=SIZE).start()
    twin = new_guest("twin", memory=SIZE).start()
    before = [charged(guard), charged(twin)]
    assert before[0] >= SIZE * MIB
    least = least_under_pressure([guard, twin])
    show("guaranteed by xmlresource", ("guarded", "its twin"), before, least)
    assert least[0] >= 0.95 * SIZE * MIB
    assert least[1] <= before[1] / 2


def test_a_guest_keeps_what_status_says_it_can_count_on(new_guest: NewGuest) -> None:
    """And no more: the slice above it was cut down to half by hand."""
    guard = new_guest("guard", guarantee(SIZE), memory=SIZE).start()
    systemctl("set-property", "--runtime", "machine.slice", f"MemoryMin={SIZE // 2}M")
    (found,) = status()["guests"]
    assert found["effective"] == SIZE // 2 * MIB
    before = [charged(guard)]
    least = least_under_pressure([guard])
    show("its slice cut down to half", ("guarded",), before, least)
    assert 0.95 * SIZE // 2 * MIB <= least[0] < 0.95 * SIZE * MIB


def test_control_the_same_value_at_the_guests_own_directory_alone_fails(
    new_guest: NewGuest,
) -> None:
    guard = new_guest("guard", memory=SIZE).start()
    twin = new_guest("twin", memory=SIZE).start()
    (guard.own / "memory.min").write_text(str(SIZE * MIB))
    assert read(guard.own) == SIZE * MIB
    before = [charged(guard), charged(twin)]
    least = least_under_pressure([guard, twin])
    show("control: written at the guest's own directory", ("by hand", "its twin"), before, least)
    assert least[0] < 0.95 * SIZE * MIB
