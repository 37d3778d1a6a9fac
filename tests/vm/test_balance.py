"""The balancing service as a unit of systemd, woken by the kernel's own stalls (PSI), on cgroup v2.

The guests have no balloon, so memory is pressed out of them. Between two looks that it does by
itself lies an hour: what happens earlier, a trigger or a start has brought about.
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.harness.commands import must, run, wait_for

from .world import (
    CONFIGURATION,
    MIB,
    PATIENCE,
    STATE,
    available,
    charged,
    guarantee,
    hog,
    leave_to_promise,
    property_of,
    read,
    say,
    systemctl,
    xmlresource,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import NewGuest
    from .world import Guest

pytestmark = pytest.mark.usefixtures("_clean")

SERVICE = "xmlresource-balance.service"
SIZE = 400  # MiB of the guest that has more than it is promised
PROMISED = 100
ASKED = 200  # by the one that is to start
BESIDES = 60  # room that there is beside what is used
SLOW = 3600
SETTINGS = f"""
[balance]
mode = "balloon and press"
make_room = "300s"
interval = 2
slow_interval = {SLOW}
"""


@pytest.fixture
def _service() -> Iterator[None]:
    CONFIGURATION.write_text(SETTINGS)
    must(xmlresource("hook", "install", "--balance"))
    wait_until_it_listens()
    yield
    must(xmlresource("hook", "uninstall"))
    assert property_of(SERVICE, "LoadState") == "not-found"
    must(xmlresource("hook", "install"))


def wait_until_it_listens() -> None:
    wait_for("it listens", (STATE / "balance.socket").exists, timeout=PATIENCE)
    assert systemctl("is-active", SERVICE) == "active"


def main_process() -> int:
    return int(property_of(SERVICE, "MainPID"))


def watched_files() -> list[str]:
    """The files that the service has open for being told of stalls."""
    names = []
    for each in Path(f"/proc/{main_process()}/fd").iterdir():
        try:
            names.append(str(each.readlink()))
        except FileNotFoundError:
            continue
    return sorted(name for name in names if "pressure" in name)


def said_of(guest: Guest) -> list[str]:
    """What the service has said of a guest, by the journal."""
    words = ["journalctl", "--quiet", "--output", "cat", "--unit", SERVICE]
    return [line for line in must(run(words)).stdout.splitlines() if f"'{guest.name}'" in line]


def steps() -> list[dict[str, Any]]:
    """What the service did, by the history."""
    told = json.loads(must(xmlresource("history", "--json", "--limit", "0")).stdout)
    return [each for each in told["records"] if each["operation"] == "balance" and "target" in each]


@pytest.mark.usefixtures("_service")
def test_a_stall_of_the_host_wakes_it_and_a_kill_leaves_nothing(new_guest: NewGuest) -> None:
    """The kernel takes from the guest, too, so what the service says is what counts."""
    assert watched_files() == ["/proc/pressure/memory"]
    guest = new_guest("spares", guarantee(PROMISED), memory=SIZE).start()
    high = read(guest.own, "memory.high")
    assert said_of(guest) == []
    begun = time.monotonic()
    with hog(available() + SIZE // 2):
        wait_for("it looks at the guest", lambda: said_of(guest), timeout=PATIENCE)
        took = time.monotonic() - begun
        killed = main_process()
        os.kill(killed, signal.SIGKILL)
    assert took < SLOW
    wait_for("systemd starts it anew", lambda: main_process() not in {0, killed}, timeout=PATIENCE)
    wait_for("it is told of stalls again", watched_files, timeout=PATIENCE)
    wait_for("its files are put back", lambda: read(guest.own, "memory.high") == high)
    assert guest.runs()
    assert charged(guest) >= PROMISED * MIB
    say(f"\na hog outside machine.slice: the service is at work {took:.0f} s after its start")


@pytest.mark.usefixtures("_service")
def test_a_start_gets_room_that_others_can_spare(new_guest: NewGuest) -> None:
    guest = new_guest("spares", guarantee(PROMISED), memory=SIZE).start()
    leave_to_promise(charged(guest) // MIB + BESIDES)
    with CONFIGURATION.open("a") as file:
        file.write(SETTINGS)
    systemctl("stop", SERVICE)
    asks = new_guest("asks", guarantee(ASKED), memory=ASKED // 2)
    refused = asks.try_start()
    assert not refused.ok
    assert "(physical; " in refused.stderr
    systemctl("start", SERVICE)
    wait_until_it_listens()
    begun = time.monotonic()
    asks.start()
    say(f"\na start that waits for room: {time.monotonic() - begun:.0f} s")
    assert guest.runs()
    assert charged(guest) >= PROMISED * MIB
    assert {each["cause"] for each in steps()} == {"room-wanted"}
