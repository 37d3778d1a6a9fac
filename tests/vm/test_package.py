"""The Debian package under systemd: installed, upgraded, half there, removed and purged.

Beside an installation that stands before it in PATH, as tests/e2e/test_debian_package.py has it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness import hooks
from tests.e2e.harness.commands import must, run, wait_for
from tests.e2e.harness.packaged import (
    BEFORE,
    HOOK,
    LIBRARY,
    PACKAGE,
    VERSION,
    Packaged,
    another_installation_in_front,
    dpkg,
    make_version_before,
)

from .test_apparmor import denials, is_confined
from .world import (
    MIB,
    PATIENCE,
    SLICE,
    STATE,
    drift,
    guarantee,
    promised,
    property_of,
    read,
    say,
    systemctl,
    wait_for_bus,
    xmlresource,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import NewGuest
    from .world import Guest

pytestmark = pytest.mark.usefixtures("_clean")

SERVICE = "xmlresource-reconcile.service"
TIMER = "xmlresource-reconcile.timer"
UNITS = Path("/usr/lib/systemd/system")
DROP_IN = Path("/run/systemd/system/machine.slice.d/zz-xmlresource.conf")
# Debian's own tool, tried where it is fast (tests/e2e): under emulation it takes minutes for all
# modules. Python then writes the bytecode of those that it imports.
COMPILER = Path("/usr/local/sbin/py3compile")


@pytest.fixture
def product() -> Iterator[Packaged]:
    """The program, once it is installed, with no hook of another one."""
    assert PACKAGE.is_file(), "there is no Debian package in this machine: run `make deb` before"
    must(xmlresource("hook", "uninstall"))
    COMPILER.write_text("#!/bin/sh\n")
    COMPILER.chmod(0o755)
    with another_installation_in_front():
        yield Packaged(LIBRARY)
        dpkg("--purge", "--force-all", "xmlresource")
    COMPILER.unlink()
    must(xmlresource("hook", "install"))


@pytest.fixture
def plain(new_guest: NewGuest) -> Guest:
    """A guest without a policy, which must start whatever state the package is in."""
    return new_guest("plain", driver="lxc").define()


def traces() -> set[str]:
    """All files that bear our name where packages, hooks and systemd put theirs."""
    words = ("/etc", "/usr", "/var/lib", "/run", "-xdev", "-path", "/usr/local", "-prune", "-o")
    units = ("-path", "/run/systemd/units", "-prune", "-o")  # systemd's notes on what has run
    found = run(["find", *words, *units, "-name", "*xmlresource*", "-print"], timeout=PATIENCE)
    return set(must(found).stdout.splitlines())


def installed_version() -> str:
    return must(run(["dpkg-query", "-W", "-f", "${Version}", "xmlresource"])).stdout


def is_enabled(unit: str) -> bool:
    said = wait_for_bus("is-enabled", unit).stdout.strip()
    assert said in {"enabled", "disabled"}, said
    return said == "enabled"


def last_exit() -> str:
    """When the service has last run to its end, in systemd's words."""
    return property_of(SERVICE, "ExecMainExitTimestampMonotonic")


def assert_starts(guest: Guest) -> None:
    guest.start_again()
    guest.stop()


def assert_in_force(guest: Guest, mebibytes: int) -> None:
    assert guest.runs()
    assert read(guest.own) == read(guest.scope) == read(SLICE) == mebibytes * MIB
    assert promised() == {guest.name: mebibytes * MIB}
    assert drift() == []


def enable(product: Packaged) -> None:
    """Have the hook, and the package's own timer, which runs at once."""
    assert installed_version() == BEFORE
    assert not is_enabled(TIMER)
    earlier = {"", "0", last_exit()}
    must(product("hook", "install", "--systemd"))
    assert is_enabled(TIMER)
    # Debian 12 has it by way of /lib.
    assert UNITS.joinpath(TIMER).samefile(property_of(TIMER, "FragmentPath"))
    wait_for("the timer has fired", lambda: last_exit() not in earlier, timeout=PATIENCE)
    assert property_of(SERVICE, "Result") == "success"
    assert property_of(SERVICE, "ExecMainStatus") == "0"


def upgrade(plain: Guest) -> None:
    older = HOOK.read_text()
    must(dpkg("--unpack", PACKAGE))
    # The state in which an upgrade that fails stays.
    assert HOOK.read_text() == older
    assert_starts(plain)
    must(dpkg("--configure", "xmlresource"))
    assert HOOK.read_text() != older
    assert is_enabled(TIMER)
    assert property_of(TIMER, "ActiveState") == "active"
    for unit in (SERVICE, TIMER):
        assert property_of(unit, "NeedDaemonReload") == "no"


def assert_able(product: Packaged) -> None:
    """What `doctor` and the kernel's log tell of a hook that libvirt has run."""
    found = {each["name"]: each for each in product.json("doctor")["findings"]}
    for name in ("hook", "hook-calls", "timer", "ledger", "apparmor", "denials", "machined"):
        assert found[name]["state"] == "fine", found[name]
    assert is_confined()
    assert denials() == []


def remove() -> None:
    must(dpkg("-r", "xmlresource"))
    for unit in (SERVICE, TIMER):
        assert property_of(unit, "LoadState") == "not-found"
    assert property_of(TIMER, "ActiveState") == "inactive"


def test_from_the_version_before_to_nothing(
    product: Packaged, plain: Guest, new_guest: NewGuest, tmp_path: Path
) -> None:
    untouched, before = hooks.listing(), traces()
    must(dpkg("-i", make_version_before(tmp_path)))
    assert hooks.listing() == untouched  # the package does not enable the hook
    enable(product)
    running = new_guest("running", guarantee(64), driver="lxc", memory=256).start()
    assert_in_force(running, 64)
    process = running.pid

    upgrade(plain)
    assert must(product("--version")).stdout == f"{VERSION}\n"
    assert_in_force(running, 64)
    # What the new version does, run by systemd and by libvirt.
    (running.own / "memory.min").write_text("0")
    systemctl("start", SERVICE)
    assert_in_force(running, 64)
    second = new_guest("second", guarantee(32), driver="lxc", memory=256).start()
    told = {name: guest["min_guarantee"] for name, guest in product.guests().items()}
    assert told == {"running": 64 * MIB, "second": 32 * MIB}
    assert read(SLICE) == 96 * MIB
    assert_able(product)
    second.stop()

    # Without its files, as after a disk that was full.
    LIBRARY.rename(f"{LIBRARY}.away")
    try:
        assert_starts(plain)
        assert "xmlresource can't be run" in second.virsh("start", second.name).stderr
    finally:
        Path(f"{LIBRARY}.away").rename(LIBRARY)

    remove()
    assert hooks.listing() == untouched
    must(dpkg("--purge", "xmlresource"))
    assert not STATE.exists()
    # What the guest that runs needed when systemd read its files again, as removing has it do.
    assert traces() - before == {str(DROP_IN)}
    assert running.pid == process
    assert read(running.own) == read(running.scope) == read(SLICE) == 64 * MIB
    running.stop()
    assert read(SLICE) == 64 * MIB  # until the host is booted: there is nobody to lower it
    version = must(run(["/usr/bin/python3", "--version"])).stdout.strip()
    say(f"\n{BEFORE} installed, {VERSION} in its place, removed and purged with {version}")
