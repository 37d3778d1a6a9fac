"""What libvirt is answered, as on v1: refusals, races, faults, and guests that ask for nothing."""

from __future__ import annotations

import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.commands import wait_for

from .world import (
    MIB,
    SLICE,
    STATE,
    drift,
    guarantee,
    leave_to_promise,
    policy,
    promised,
    raw_policy,
    read,
    restart_libvirt,
    say,
    status,
)

if TYPE_CHECKING:
    from .conftest import NewGuest
    from .world import Guest

pytestmark = pytest.mark.usefixtures("_clean")
SEED = 5
GUESTS = 20
QEMU_EVERY = 7
SECONDS = float(os.environ.get("XMLRESOURCE_VM_SECONDS", "120"))


def test_what_can_not_be_promised_is_refused(new_guest: NewGuest) -> None:
    leave_to_promise(200)
    first = new_guest("a", guarantee(128), driver="lxc", memory=256).start()
    second = new_guest("b", guarantee(128), memory=64)
    refused = second.try_start()
    assert not refused.ok
    assert "xmlresource: guest 'b' refused: it asks for a guarantee of 128 MiB" in refused.stderr
    assert "largest promises: a 128 MiB" in refused.stderr
    assert promised() == {"a": 128 * MIB}
    assert read(SLICE) == 128 * MIB
    first.stop()
    container = new_guest("c", guarantee(300), driver="lxc", memory=512).try_start()
    assert "guest 'c' refused" in container.stderr


def test_of_two_started_at_once_one_runs(new_guest: NewGuest) -> None:
    leave_to_promise(200)
    guests = [new_guest(name, guarantee(128), driver="lxc", memory=256) for name in "ab"]
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda guest: guest.try_start(), guests))
    assert sorted(result.ok for result in results) == [False, True]
    assert len(promised()) == 1
    assert read(SLICE) == 128 * MIB


def test_a_container_has_its_limits_and_its_guarantee(new_guest: NewGuest) -> None:
    sizes = policy(memoryHardLimit=256, memorySoftLimit=192, memoryMinGuarantee=128)
    guest = new_guest("a", sizes, driver="lxc", memory=512).start()
    assert read(guest.own, "memory.max") == 256 * MIB
    assert read(guest.own, "memory.low") == 192 * MIB
    assert read(guest.own) == read(guest.scope) == read(SLICE) == 128 * MIB
    assert drift() == []


def test_a_malformed_policy_is_refused_with_its_place(new_guest: NewGuest) -> None:
    wrong = "<xr:memory><xr:memoryMinGuarantee unit='MiB'>lots</xr:memoryMinGuarantee></xr:memory>"
    refused = new_guest("a", raw_policy(wrong), driver="lxc").try_start()
    assert "refused: its policy is faulty: live XML:" in refused.stderr
    assert promised() == {}


def test_a_guest_without_a_policy_does_not_notice(new_guest: NewGuest) -> None:
    STATE.mkdir(mode=0o700, exist_ok=True)
    (STATE / "ledger").write_text("nonsense")
    (STATE / "ledger").chmod(0o644)
    guest = new_guest("a", driver="lxc").start()
    assert (STATE / "ledger").read_text() == "nonsense"
    assert read(guest.own) == read(SLICE) == 0


@pytest.mark.parametrize("damage", ["nonsense", None])
def test_a_lost_ledger_is_made_anew_at_reconnect(new_guest: NewGuest, damage: str | None) -> None:
    guest = new_guest("a", guarantee(128), driver="lxc", memory=256).start()
    if damage is None:
        (STATE / "ledger").unlink()
    else:
        (STATE / "ledger").write_text(damage)
    restart_libvirt()
    assert guest.runs()
    wait_for("the promise is back", lambda: promised() == {"a": 128 * MIB})
    assert read(guest.own) == read(guest.scope) == read(SLICE) == 128 * MIB
    guest.stop()
    assert read(SLICE) == 0


def test_twenty_guests_come_and_go_and_every_sum_is_exact(new_guest: NewGuest) -> None:
    """Four at a time; after each round, when all is quiet, book, kernel and slice agree."""
    chance = random.Random(SEED)  # noqa: S311 -- to be repeated, not to be secret
    sizes = [chance.randint(1, 8) for _ in range(GUESTS)]
    guests = [
        new_guest(
            f"g{number}",
            guarantee(size),
            driver="qemu" if number % QEMU_EVERY == 0 else "lxc",
            memory=64,
        ).define()
        for number, size in enumerate(sizes)
    ]
    running: set[int] = set()
    lock = threading.Lock()
    counts = {"lxc": 0, "qemu": 0}

    def toggle(number: int) -> None:
        guest = guests[number]
        if number in running:
            guest.stop()
        else:
            guest.start_again()
        with lock:
            running.symmetric_difference_update({number})
            counts[guest.driver] += 1

    def toggle_all(numbers: list[int]) -> None:
        with ThreadPoolExecutor(max_workers=4) as pool:
            list(pool.map(toggle, numbers))
        assert_exact(guests, running, sizes)

    began = time.monotonic()
    rounds = 0
    while time.monotonic() < began + SECONDS:
        toggle_all(chance.sample(range(GUESTS), 8))
        rounds += 1
    toggle_all(list(running))
    assert promised() == {}
    assert read(SLICE) == 0
    say(
        f"\n{counts['lxc']} starts and stops of containers, {counts['qemu']} of QEMU guests, in "
        f"{time.monotonic() - began:.0f} s, seed {SEED}: "
        f"slice = book = kernel at each of {rounds + 1} quiet moments, 0 at the end"
    )


def assert_exact(guests: list[Guest], running: set[int], sizes: list[int]) -> None:
    expected = sum(sizes[number] for number in running) * MIB
    found = status()["guests"]
    assert {guest["name"]: guest["drift"] for guest in found} == {
        guests[number].name: [] for number in running
    }
    assert sum(guest["min_guarantee"] for guest in found) == expected
    assert sum(int(read(guests[number].own)) for number in running) == expected
    assert read(SLICE) == expected
