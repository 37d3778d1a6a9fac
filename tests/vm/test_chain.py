"""The cgroups above a guest carry its guarantee, and nothing that systemd does takes it away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.commands import must, wait_for

from .world import (
    MIB,
    SLICE,
    STATE,
    drift,
    guarantee,
    mib,
    promised,
    property_of,
    read,
    read_if_there,
    reload,
    restart_libvirt,
    say,
    systemctl,
    xmlresource,
)

if TYPE_CHECKING:
    from .conftest import NewGuest
    from .world import Guest

pytestmark = pytest.mark.usefixtures("_clean")
DROP_INS = [Path("/run/systemd/system/machine.slice.d"), Path("/run/systemd/system.control")]


def chain(guest: Guest) -> dict[str, int | str]:
    return {"own": read(guest.own), "scope": read(guest.scope), "slice": read(SLICE)}


def everywhere(mebibytes: int) -> dict[str, int | str]:
    return dict.fromkeys(("own", "scope", "slice"), mebibytes * MIB)


def nothing_left() -> bool:
    return read(SLICE) == 0 and property_of("machine.slice") == "0"


def test_the_whole_chain_holds_and_survives_systemd_and_libvirt(new_guest: NewGuest) -> None:
    guest = new_guest("a", guarantee(128)).start()
    assert chain(guest) == everywhere(128)
    say("\nscope/libvirt, scope, machine.slice after start:", chain(guest))
    assert drift() == []
    for what in (
        ("daemon-reload",),
        ("daemon-reexec",),
        ("set-property", guest.scope.name, "CPUWeight=50"),
        ("set-property", "--runtime", "machine.slice", "CPUWeight=50"),
        ("daemon-reload",),
    ):
        systemctl(*what)
        assert chain(guest) == everywhere(128), what
        say(f"after systemctl {' '.join(what)}: {chain(guest)}")
    restart_libvirt()
    assert guest.runs()
    assert chain(guest) == everywhere(128)
    assert drift() == []
    say("after a restart of libvirtd:", chain(guest))
    guest.stop()
    assert nothing_left()
    reload()
    assert nothing_left()
    assert promised() == {}
    assert not any(path.exists() and list(path.glob("**/*Memory*")) for path in DROP_INS)
    say("after stop:", read(SLICE))


def test_a_slice_carries_the_sum(new_guest: NewGuest) -> None:
    first = new_guest("a", guarantee(128), driver="lxc", memory=256).start()
    second = new_guest("b", guarantee(64), driver="lxc", memory=256).start()
    assert read(SLICE) == 192 * MIB
    assert chain(second) | {"slice": 0} == everywhere(64) | {"slice": 0}
    first.stop()
    assert read(SLICE) == 64 * MIB
    second.stop()
    assert nothing_left()


@pytest.mark.parametrize("how", ["drop-in", "late drop-in", "set-property", "runtime"])
def test_what_the_administrator_gave_stays_and_comes_back(new_guest: NewGuest, how: str) -> None:
    if how.endswith("drop-in"):
        name = "zoo.conf" if how.startswith("late") else "10-mine.conf"
        file = Path("/etc/systemd/system/machine.slice.d") / name
        file.parent.mkdir()
        file.write_text("[Slice]\nMemoryMin=32M\n")
        reload()
    else:
        options = ["--runtime"] if how == "runtime" else []
        systemctl("set-property", *options, "machine.slice", "MemoryMin=32M")
    wait_for("the administrator's value", lambda: read(SLICE) == 32 * MIB)
    guest = new_guest("a", guarantee(128), driver="lxc", memory=256).start()
    assert read(SLICE) == 160 * MIB
    reload()
    assert read(SLICE) == 160 * MIB
    systemctl("daemon-reexec")
    assert read(SLICE) == 160 * MIB
    guest.stop()
    assert read(SLICE) == 32 * MIB
    reload()
    assert read(SLICE) == 32 * MIB
    assert property_of("machine.slice") == str(32 * MIB)
    say(f"\n{how}: 32 MiB, 160 MiB with the guest and after reloads, 32 MiB again")


def test_what_the_administrator_changes_meanwhile_is_his(new_guest: NewGuest) -> None:
    first = new_guest("a", guarantee(128), driver="lxc", memory=256).start()
    systemctl("set-property", "machine.slice", "MemoryMin=300M")
    second = new_guest("b", guarantee(64), driver="lxc", memory=256).start()
    assert read(SLICE) == (300 + 128 + 64) * MIB
    first.stop()
    second.stop()
    assert read(SLICE) == 300 * MIB


def test_a_drop_in_that_he_edits_counts_with_the_next_repair(new_guest: NewGuest) -> None:
    file = Path("/etc/systemd/system/machine.slice.d/10-mine.conf")
    file.parent.mkdir()
    file.write_text("[Slice]\nMemoryMin=32M\n")
    reload()
    wait_for("the administrator's value", lambda: read(SLICE) == 32 * MIB)
    guest = new_guest("a", guarantee(128), driver="lxc", memory=256).start()
    assert read(SLICE) == 160 * MIB
    file.write_text("[Slice]\nMemoryMin=48M\n")
    reload()
    assert read(SLICE) == 160 * MIB
    (line,) = drift()
    assert "raise memory.min of /machine.slice from 160 MiB to 176 MiB, by systemd" in line
    must(xmlresource("apply", "--all"))
    assert read(SLICE) == 176 * MIB
    assert drift() == []
    systemctl("set-property", "machine.slice", "MemoryMin=64M")
    must(xmlresource("apply", "--all"))
    assert read(SLICE) == 192 * MIB
    reload()
    assert read(SLICE) == 192 * MIB
    guest.stop()
    reload()
    assert read(SLICE) == 64 * MIB
    say("\n32 MiB of his; 48 MiB by his drop-in and 64 MiB by set-property, while a guest ran")


@pytest.mark.parametrize("finder", ["start", "repair", "repair after the last guest"])
def test_what_is_forgotten_is_found_again(new_guest: NewGuest, finder: str) -> None:
    systemctl("set-property", "machine.slice", "MemoryMin=32M")
    first = new_guest("a", guarantee(128), driver="lxc", memory=256).start()
    assert read(SLICE) == 160 * MIB
    (STATE / "chain").unlink()
    assert drift() == []
    if finder == "start":
        second = new_guest("b", guarantee(64), driver="lxc", memory=256).start()
        assert read(SLICE) == 224 * MIB
        second.stop()
    elif finder == "repair":
        must(xmlresource("apply", "--all"))
        assert read(SLICE) == 160 * MIB
    first.stop()
    must(xmlresource("apply", "--all"))
    assert read(SLICE) == 32 * MIB
    assert not (DROP_INS[0] / "zz-xmlresource.conf").exists()
    reload()
    assert read(SLICE) == 32 * MIB


def test_slices_of_a_partition_carry_it_too(new_guest: NewGuest) -> None:
    guest = new_guest("a", guarantee(128), driver="lxc", memory=256, partition="/machine/prod")
    guest.start()
    inner = guest.scope.parent
    assert inner.name == "machine-prod.slice"
    assert chain(guest) == everywhere(128)
    assert read(inner) == 128 * MIB
    reload()
    assert chain(guest) == everywhere(128)
    assert read(inner) == 128 * MIB
    guest.stop()
    assert nothing_left()
    assert not read_if_there(inner)
    assert not Path("/run/systemd/system/machine-prod.slice.d").exists()


def test_fact_what_set_property_keeps_in_etc_hides_a_runtime_value() -> None:
    """Why a slice's sum also stands in a drop-in of our own."""
    systemctl("set-property", "machine.slice", "MemoryMin=32M")
    systemctl("set-property", "--runtime", "machine.slice", "MemoryMin=160M")
    assert read(SLICE) == 160 * MIB
    reload()
    say(f"\nset-property 32M, --runtime 160M, daemon-reload: {mib(int(read(SLICE)))} MiB")
    assert read(SLICE) == 32 * MIB
