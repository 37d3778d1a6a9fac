"""CPU time that is guaranteed in XML decides whether a real guest starts, and is in the kernel."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .harness import hooks, sandbox
from .harness.commands import must, wait_for
from .harness.guests import metadata
from .harness.product import Product, hook_status, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import NewGuest
    from .harness.daemons import Libvirt
    from .harness.guests import Guest

CPU = Path("/sys/fs/cgroup/cpu")
V1 = (CPU / "cpu.shares").exists()
FILE = "cpu.shares" if V1 else "cpu.weight"
CPUS = len(os.sched_getaffinity(0))
ROOM = 0.6
"""What can be promised of the host's CPUs in these tests."""


def cpus(number: float) -> str:
    return metadata(f"<xr:cpu><xr:cpuMinGuarantee>{number:g}</xr:cpuMinGuarantee></xr:cpu>")


@pytest.fixture(scope="module")
def hooked(libvirt: Libvirt, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product with its hooks in place."""
    product = Product.install(tmp_path_factory.mktemp("product"))
    before = hooks.listing()
    must(product("hook", "install"))
    libvirt.restart()
    yield product
    must(product("hook", "uninstall"))
    libvirt.restart()
    assert hooks.listing() == before


@pytest.fixture
def xmlresource(hooked: Product) -> Iterator[Product]:
    sandbox.CONFIGURATION.write_text(f"cpu_reserve = {CPUS - ROOM:g}\n")
    yield hooked
    sandbox.remove(sandbox.LEDGER_FOLDER)
    sandbox.remove(sandbox.CONFIGURATION)


def folder(guest: Guest) -> Path:
    """The guest's cgroup in the hierarchy of the cpu controller."""
    lines = Path(f"/proc/{guest.process().pid}/cgroup").read_text().splitlines()
    sign = ":cpu:" if V1 else "0::"
    (path,) = (line.split(":", 2)[2] for line in lines if sign in line)
    found = (CPU if V1 else sandbox.CGROUPS) / path.lstrip("/")
    return found.parent if found.name == "emulator" else found


def weight(path: Path) -> int:
    return int((path / FILE).read_text())


def neighbours(path: Path) -> list[int]:
    """The weights of the cgroups in a folder."""
    return [weight(child) for child in path.iterdir() if (child / FILE).exists()]


def least_time(guest: Guest) -> float:
    """What the guest gets when all cgroups beside it, and beside those above it, are busy."""
    time: float = CPUS
    at = folder(guest)
    while at not in {CPU, sandbox.CGROUPS}:
        time *= weight(at) / sum(neighbours(at.parent))
        at = at.parent
    return time


def test_a_guest_starts_with_the_weights_that_keep_its_time(
    xmlresource: Product, new_guest: NewGuest
) -> None:
    usual = {True: 1024, False: 100}[V1]
    plain = new_guest("plain").running()
    above = folder(plain).parent
    assert weight(above) == weight(folder(plain)) == usual
    first = new_guest("first", cpus(0.25)).running()
    assert xmlresource.guests()[first.name]["cpu"] == {
        "guarantee": 250,
        "cpus": None,
        "share": 100,
    }
    assert xmlresource.guests()[first.name]["drift"] == []
    assert weight(folder(first)) > usual
    assert least_time(first) >= 0.25

    second = new_guest("second", cpus(0.3)).running()
    assert least_time(first) >= 0.25
    assert least_time(second) >= 0.3
    assert weight(folder(plain)) == usual

    third = new_guest("third", cpus(0.25)).defined()
    refused = third.start()
    assert hook_status(refused) == 3
    assert refusal(refused).startswith(
        f"xmlresource: guest '{third.name}' refused: it asks for a guarantee of 0.25 CPUs, "
        f"0.05 CPUs can be promised (commitment; largest promises: {second.name} 0.3 CPUs"
    )
    assert "commitment: fails" in refused.stderr
    assert re.search(rf"CPU reserve +-{CPUS - ROOM:.3f} ", refused.stderr)

    must(second.destroy())
    wait_for("its promise is gone", lambda: list(xmlresource.guests()) == [first.name])
    assert least_time(first) >= 0.25
    must(first.destroy())
    wait_for("no promise is left", lambda: xmlresource.guests() == {})
    assert weight(above) == weight(folder(plain)) == usual


def test_a_restart_of_libvirtd_loses_nothing(
    xmlresource: Product, new_guest: NewGuest, libvirt: Libvirt
) -> None:
    guest = new_guest("stays", cpus(0.5)).running()
    before = weight(folder(guest)), weight(folder(guest).parent)
    sandbox.remove(sandbox.LEDGER_FOLDER)
    libvirt.restart()
    wait_for("it is promised again", lambda: list(xmlresource.guests()) == [guest.name])
    assert (weight(folder(guest)), weight(folder(guest).parent)) == before
    must(guest.destroy())
    wait_for("no promise is left", lambda: xmlresource.guests() == {})
