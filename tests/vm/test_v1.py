"""v1 under systemd: limits are in the kernel, guarantees in the ledger.

No containers: libvirt 9.0 starts none on such a host ("NoMachineForPID", from machined).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.commands import wait_for

from .world import (
    MIB,
    drift,
    guarantee,
    leave_to_promise,
    policy,
    promised,
    read,
    restart_libvirt,
    say,
    systemctl,
)

if TYPE_CHECKING:
    from .conftest import NewGuest

pytestmark = pytest.mark.v1
LIMIT = "memory.limit_in_bytes"


def test_limits_are_in_the_guests_own_cgroup_and_stay(new_guest: NewGuest) -> None:
    sizes = policy(memoryHardLimit=300, memorySoftLimit=200, memoryMinGuarantee=128)
    guest = new_guest("a", sizes).start()
    say("\n", guest.own, read(guest.own, LIMIT))
    for what in ("daemon-reload", "daemon-reexec"):
        assert read(guest.own, LIMIT) == 300 * MIB
        systemctl(what)
    restart_libvirt()
    assert guest.runs()
    assert read(guest.own, LIMIT) == 300 * MIB
    assert promised() == {"a": 128 * MIB}
    assert drift() == []
    guest.stop()
    assert promised() == {}


def test_what_can_not_be_promised_is_refused(new_guest: NewGuest) -> None:
    leave_to_promise(200)
    first = new_guest("a", guarantee(128)).start()
    refused = new_guest("b", guarantee(128)).try_start()
    assert "xmlresource: guest 'b' refused: it asks for a guarantee of 128 MiB" in refused.stderr
    first.stop()
    wait_for("the promise is gone", lambda: promised() == {})
