"""Memory parameters of a guest that runs, and the cgroups above it: scope, and machine.slice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.harness.commands import must

from .world import MIB, SLICE, drift, leave_to_promise, read, say, status, systemctl, xmlresource

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.harness.commands import Result

    from .conftest import NewGuest
    from .world import Guest

pytestmark = pytest.mark.usefixtures("_clean")

STEPS: list[dict[str, int]] = [
    {"min-guarantee": 64},
    {"soft-limit": 96},
    {"min-guarantee": 32, "soft-limit": 128},
    {"min-guarantee": 80},
    {"soft-limit": 100},
    {"min-guarantee": 0},
    {"min-guarantee": 16},
    {"soft-limit": -1},
    {"soft-limit": 40},
    {"min-guarantee": 0, "soft-limit": -1},
]


def memtune(guest: Guest, **sizes: int) -> Result:
    """``xmlresource memtune --live``; sizes in MiB by option, -1 is unlimited."""
    words = [f"--{name}={size}{'MiB' if size >= 0 else ''}" for name, size in sizes.items()]
    uri = f"{guest.driver}:///system"
    return xmlresource("memtune", guest.name, "--live", "--connect", uri, *words)


def protection(folder: Path) -> tuple[Any, Any]:
    return read(folder, "memory.min"), read(folder, "memory.low")


def chain(guest: Guest) -> list[tuple[Any, Any]]:
    return [protection(folder) for folder in (guest.own, guest.scope, SLICE)]


@pytest.mark.parametrize("driver", ["qemu", "lxc"])
def test_every_level_follows_up_and_down(new_guest: NewGuest, driver: str) -> None:
    guest = new_guest("a", driver=driver, memory=256).start()
    now = {"min-guarantee": 0, "soft-limit": 0}
    for step in STEPS:
        must(memtune(guest, **step))
        now |= {name: max(0, size) for name, size in step.items()}
        wanted = (now["min-guarantee"] * MIB, now["soft-limit"] * MIB)
        assert chain(guest) == [wanted] * 3, step
        assert drift() == [], step
        booked = [each["min_guarantee"] for each in status()["guests"]]
        assert booked == ([wanted[0]] if any(wanted) else []), step
        say(f"\n{step}: {wanted} in the guest's cgroup, its scope and machine.slice")
    systemctl("daemon-reload")
    assert chain(guest) == [(0, 0)] * 3


def test_others_keep_what_is_theirs(new_guest: NewGuest) -> None:
    first = new_guest("a", driver="lxc", memory=256).start()
    second = new_guest("b", driver="lxc", memory=256).start()
    must(memtune(first, **{"min-guarantee": 64, "soft-limit": 96}))
    must(memtune(second, **{"min-guarantee": 32, "soft-limit": 48}))
    assert protection(SLICE) == (96 * MIB, 144 * MIB)
    must(memtune(first, **{"min-guarantee": 0}))
    assert chain(first) == [(0, 96 * MIB)] * 2 + [(32 * MIB, 144 * MIB)]
    systemctl("daemon-reload")
    assert protection(SLICE) == (32 * MIB, 144 * MIB)
    first.stop()
    assert protection(SLICE) == (32 * MIB, 48 * MIB)
    second.stop()
    assert protection(SLICE) == (0, 0)


def test_what_cant_be_promised_changes_nothing(new_guest: NewGuest) -> None:
    guest = new_guest("a", driver="lxc", memory=256).start()
    must(memtune(guest, **{"min-guarantee": 64, "soft-limit": 128}))
    leave_to_promise(100)
    before = chain(guest), status()["guests"][0]["min_guarantee"]
    refused = memtune(guest, **{"min-guarantee": 120, "soft-limit": 200})
    assert refused.status == 3
    assert (chain(guest), status()["guests"][0]["min_guarantee"]) == before
