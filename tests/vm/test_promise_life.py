"""On v2 the values above guests follow the ledger, whatever libvirt calls and definitions say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.commands import must, wait_for

from .world import MIB, SLICE, guarantee, promised, read, restart_libvirt, say, xmlresource

if TYPE_CHECKING:
    from .conftest import NewGuest

pytestmark = pytest.mark.usefixtures("_clean")
RAISED = (
    "<resource><memory><memoryMinGuarantee unit='EiB'>1</memoryMinGuarantee></memory></resource>"
)


def test_a_restore_over_a_running_guest_lowers_nothing(new_guest: NewGuest) -> None:
    guest = new_guest("a", guarantee(32)).start()
    image = Path("/var/tmp/a.save")  # noqa: S108 - the test machine is thrown away
    must(guest.virsh("save", guest.name, image))
    larger = replace(guest, policy=guarantee(128)).start()
    result = guest.virsh("restore", image)
    say("\n", result)
    assert not result.ok
    assert read(larger.own) == read(SLICE) == 128 * MIB
    assert promised() == {"a": 128 * MIB}
    larger.stop()
    wait_for("the slice is lowered", lambda: read(SLICE) == 0)


def test_a_raised_definition_does_not_become_the_promise(new_guest: NewGuest) -> None:
    guest = new_guest("a", guarantee(128), driver="lxc", memory=256).start()
    words = ("--uri", "urn:xmlresource:1", "--key", "xr", "--live", "--set", RAISED)
    must(guest.virsh("metadata", guest.name, *words))
    for _ in range(2):
        restart_libvirt()
        assert guest.runs()
        assert promised() == {"a": 128 * MIB}
        assert read(guest.own) == read(SLICE) == 128 * MIB
        xmlresource("apply", "--all")
        assert read(guest.own) == read(SLICE) == 128 * MIB
    guest.stop()
    wait_for("the slice is lowered", lambda: read(SLICE) == 0)


def test_a_limit_raised_by_hand_outlives_a_restart(new_guest: NewGuest) -> None:
    limit = "<xr:memoryHardLimit unit='MiB'>200</xr:memoryHardLimit>"
    policy = guarantee(128).replace("<xr:memoryMin", limit + "<xr:memoryMin")
    guest = new_guest("a", policy, driver="lxc", memory=256).start()
    assert read(guest.own, "memory.max") == 200 * MIB
    (guest.own / "memory.max").write_text(str(240 * MIB))
    restart_libvirt()
    assert read(guest.own, "memory.max") == 240 * MIB
    must(xmlresource("apply", guest.name))
    assert read(guest.own, "memory.max") == 200 * MIB
