"""Wherever libvirt puts a guest, its guarantee holds there and above: one guest of each driver.

Runs in every machine; each leaves a tree of what it found, for fixtures/cgroups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from . import world
from .recorder import record
from .world import (
    MACHINED,
    MIB,
    V1,
    drift,
    leave_to_promise,
    policy,
    promised,
    read,
    reload,
    restart_libvirt,
    say,
)

if TYPE_CHECKING:
    from .conftest import NewGuest
    from .world import Guest

pytestmark = [pytest.mark.every, pytest.mark.usefixtures("_clean")]
GUARANTEE = 96
LIMIT = 400
LIMIT_FILE = "memory.limit_in_bytes" if V1 else "memory.max"


def assert_in_force(guest: Guest, mebibytes: int) -> None:
    assert guest.runs()
    assert promised() == {guest.name: mebibytes * MIB}
    assert drift() == []
    assert read(guest.own, LIMIT_FILE) == LIMIT * MIB
    if not V1:
        found = {folder: read(folder) for folder in (guest.own, *guest.above)}
        assert found == dict.fromkeys(found, mebibytes * MIB)


@pytest.mark.parametrize("driver", world.DRIVERS)
def test_a_guest_has_its_guarantee(new_guest: NewGuest, driver: str) -> None:
    leave_to_promise(150)
    sizes = policy(memoryHardLimit=LIMIT, memoryMinGuarantee=GUARANTEE)
    guest = new_guest("a", sizes, driver=driver, memory=64 if driver == "qemu" else 256).start()
    assert (guest.own.name == "libvirt") is MACHINED
    assert_in_force(guest, GUARANTEE)
    record(guest, GUARANTEE * MIB)

    refused = new_guest("b", sizes, driver=driver, memory=256).try_start()
    assert "xmlresource: guest 'b' refused: it asks for a guarantee of 96 MiB" in refused.stderr
    assert_in_force(guest, GUARANTEE)

    reload()
    restart_libvirt()
    assert_in_force(guest, GUARANTEE)

    own, above = guest.own, guest.above
    guest.stop()
    assert promised() == {}
    if not V1:
        assert [each for each in above if world.read_if_there(each)] == []
    where = "the ledger" if V1 else " ".join(map(str, (own, *above)))
    say(f"\n{world.NAME}, {driver}: {GUARANTEE} MiB in {where}; afterwards 0")
