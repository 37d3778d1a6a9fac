"""What goes astray is told, and repaired: by hand and by systemd."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.commands import must, run, wait_for

from .world import (
    MIB,
    SLICE,
    STATE,
    drift,
    guarantee,
    policy,
    property_of,
    read,
    reload,
    say,
    status,
    systemctl,
    xmlresource,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import NewGuest

pytestmark = pytest.mark.usefixtures("_clean")
SERVICE = "xmlresource-reconcile.service"


def effective() -> dict[str, int]:
    return {guest["name"]: guest["effective"] for guest in status()["guests"]}


def test_status_tells_what_is_astray_and_apply_repairs_it(new_guest: NewGuest) -> None:
    guest = new_guest("a", guarantee(128), driver="lxc", memory=256).start()
    assert effective() == {"a": 128 * MIB}
    systemctl("set-property", "--runtime", "machine.slice", "MemoryMin=16M")
    (guest.own / "memory.min").write_text("0")
    assert effective() == {"a": 0}
    (guest.own / "memory.min").write_text(str(128 * MIB))
    assert effective() == {"a": 16 * MIB}
    (line,) = drift()
    assert "raise memory.min of /machine.slice from 16 MiB to 144 MiB, by systemd" in line
    say("\n", line)
    told = json.loads(must(xmlresource("status", "--json")).stdout)
    assert [guest["drift"] for guest in told["guests"]] == [[line]]
    must(xmlresource("apply", "--all"))
    assert read(SLICE) == 144 * MIB
    assert drift() == []
    guest.stop()
    assert read(SLICE) == 16 * MIB


def test_soft_limits_are_carried_as_memory_low(new_guest: NewGuest) -> None:
    sizes = policy(memorySoftLimit=96, memoryMinGuarantee=64)
    guest = new_guest("a", sizes, driver="lxc", memory=256).start()
    other = new_guest("b", policy(memorySoftLimit=32), driver="lxc", memory=256).start()
    for _ in range(2):
        assert read(guest.own, "memory.low") == read(guest.scope, "memory.low") == 96 * MIB
        assert read(SLICE, "memory.low") == 128 * MIB
        assert read(SLICE) == 64 * MIB
        assert drift() == []
        reload()
    guest.stop()
    assert read(SLICE, "memory.low") == 32 * MIB
    other.stop()
    assert read(SLICE, "memory.low") == read(SLICE) == 0


@pytest.fixture
def _timer() -> Iterator[None]:
    must(xmlresource("hook", "install", "--systemd"))
    yield
    must(xmlresource("hook", "uninstall"))
    must(xmlresource("hook", "install"))


@pytest.mark.usefixtures("_timer")
def test_the_doctor_finds_a_host_that_is_able(new_guest: NewGuest) -> None:
    guest = new_guest("a", guarantee(128), driver="lxc", memory=256).start()
    told = json.loads(must(xmlresource("doctor", "--json")).stdout)
    found = {each["name"]: each["state"] for each in told["findings"]}
    assert told["able"], told
    for name in ("cgroup-version", "memory-controller", "systemd", "machined", "psi", "hook"):
        assert found[name] == "fine", told
    assert found["timer"] == found["hook-calls"] == found["ledger"] == "fine", told
    guest.stop()


@pytest.mark.usefixtures("_timer")
def test_systemd_takes_in_guests_that_ran_before(new_guest: NewGuest) -> None:
    assert systemctl("is-active", "xmlresource-reconcile.timer") == "active"
    # From here on it repairs when told to, not in the middle of what is done below.
    systemctl("stop", "xmlresource-reconcile.timer")
    wait_for("it is at rest", lambda: property_of(SERVICE, "ActiveState") == "inactive")
    guest = new_guest("a", guarantee(128), driver="lxc", memory=256).start()
    # As if it had been started before this was installed.
    for folder in (guest.own, SLICE):
        (folder / "memory.min").write_text("0")
    for name in ("ledger", "chain"):
        (STATE / name).unlink()
    must(run(["rm", "-r", "/run/systemd/system/machine.slice.d"]))
    systemctl("start", SERVICE)
    assert read(guest.own) == read(guest.scope) == read(SLICE) == 128 * MIB
    assert drift() == []
    reload()
    assert read(SLICE) == 128 * MIB
    guest.stop()
    assert read(SLICE) == 0
