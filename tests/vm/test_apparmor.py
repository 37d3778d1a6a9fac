"""Debian's AppArmor profile of libvirtd, and the rule of docs/debian.md for a Python elsewhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.harness.commands import must, run

from .world import MIB, PATIENCE, guarantee, promised, property_of, say, xmlresource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import NewGuest

pytestmark = pytest.mark.usefixtures("_clean")

PROFILE = Path("/etc/apparmor.d/usr.sbin.libvirtd")
ADDITIONS = Path("/etc/apparmor.d/local/usr.sbin.libvirtd")
ELSEWHERE = Path("/opt/python/bin/python3")
SITE = Path("/opt/xmlresource/lib", Path("/usr/bin/python3").resolve().name, "site-packages")
# As if it were a Python that finds the package by itself.
PROGRAM = """\
import sys
sys.path.insert(0, sys.argv.pop(1))
from xmlresource.cli import main
sys.exit(main())
"""
LINE = b"<7>" + b"x" * 900 + b"\n"


def is_confined() -> bool:
    """Whether libvirt's daemon is confined, and its hooks with it."""
    pid = property_of("libvirtd.service", "MainPID")
    return "libvirtd (enforce)" in Path(f"/proc/{pid}/attr/current").read_text()


def denials() -> list[str]:
    """What the kernel has told of denials that name our hook or a Python."""
    lines = must(run(["dmesg"])).stdout.splitlines()
    denied = (line for line in lines if 'apparmor="DENIED"' in line)
    return [line for line in denied if "xmlresource" in line or "python" in line]


def forget_denials() -> None:
    """Write into the kernel's log until they have fallen out of it: later tests look there."""
    Path("/proc/sys/kernel/printk_devkmsg").write_text("on\n")
    while denials():
        with Path("/dev/kmsg").open("wb", buffering=0) as log:
            log.writelines([LINE] * 50)


def load_profile() -> None:
    must(run(["apparmor_parser", "--replace", PROFILE], timeout=PATIENCE))


def findings() -> dict[str, Any]:
    told = json.loads(xmlresource("doctor", "--json").stdout)
    return {each["name"]: each for each in told["findings"]}


@pytest.fixture
def _elsewhere() -> Iterator[None]:
    """A hook whose interpreter is a Python of its own, in /opt."""
    ELSEWHERE.parent.mkdir(parents=True)
    shutil.copy(Path("/usr/bin/python3").resolve(), ELSEWHERE)
    ADDITIONS.touch()
    added = ADDITIONS.read_text()
    install = (ELSEWHERE, "-I", "-c", PROGRAM, SITE, "hook", "install")
    told = must(run(install, timeout=PATIENCE)).stdout
    assert "warning: AppArmor's profile of libvirtd" in told
    yield
    ADDITIONS.write_text(added)
    load_profile()
    must(xmlresource("hook", "install"))
    shutil.rmtree(ELSEWHERE.parents[1])
    forget_denials()


@pytest.mark.usefixtures("_elsewhere")
def test_an_interpreter_elsewhere_is_denied_until_a_rule_allows_it(new_guest: NewGuest) -> None:
    assert is_confined()
    assert denials() == []
    new_guest("plain", driver="lxc").start().stop()
    guest = new_guest("a", guarantee(64), driver="lxc", memory=256)
    assert "xmlresource can't be run" in guest.try_start().stderr
    assert promised() == {}
    found = findings()
    assert found["apparmor"]["state"] == found["denials"]["state"] == "error", found
    denied = denials()
    assert denied
    say("\n", denied[-1])
    assert str(ELSEWHERE) in denied[-1]
    assert str(ELSEWHERE) in found["denials"]["found"]

    with ADDITIONS.open("a") as additions:
        additions.write(f"{ELSEWHERE} PUx,\n")
    load_profile()
    guest.start_again()
    assert promised() == {"a": 64 * MIB}
    assert findings()["apparmor"]["state"] == "fine"
    assert denials() == denied
    guest.stop()
