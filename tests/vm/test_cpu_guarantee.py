"""Beside hogs of the host and of other guests a guest keeps the CPU time that it was promised.

The guests are containers, and their load is processes that are put into their cgroups: what shares
out CPU time makes no difference between those and a vCPU.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.commands import must, run, wait_for

from .world import SLICE, STATE, promised_cpu, raw_policy, read, say, systemctl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import NewGuest
    from .world import Guest

pytestmark = pytest.mark.usefixtures("_clean")
CPUS = os.cpu_count() or 1
GUARANTEE = CPUS / 2
"""Of two CPUs one, and what is left besides is less, for half a CPU is the host's."""
SECONDS = 10
HOGS = 8
LOOP = "while :; do :; done"
USUAL = 100


def cpus(number: float) -> str:
    return raw_policy(f"<xr:cpu><xr:cpuMinGuarantee>{number:g}</xr:cpuMinGuarantee></xr:cpu>")


@contextmanager
def busy(guests: list[Guest]) -> Iterator[None]:
    """Have as many hogs as there are CPUs in each guest, and eight in a service of the host."""
    unit = "xmlresource-hogs.service"
    loops = " ".join([f"{LOOP} &"] * HOGS)
    must(run(["systemd-run", "--quiet", f"--unit={unit}", "sh", "-c", f"{loops} wait"]))
    hogs = []
    try:
        for guest in guests:
            for _ in range(CPUS):
                hogs.append(subprocess.Popen(["/bin/sh", "-c", LOOP]))  # noqa: S603 -- ours
                (guest.own / "cgroup.procs").write_text(f"{hogs[-1].pid}\n")
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
        systemctl("stop", unit)


def used(guest: Guest) -> float:
    """The CPU time of a guest, in seconds."""
    lines = (guest.own / "cpu.stat").read_text().splitlines()
    return int(dict(line.split() for line in lines)["usage_usec"]) / 1e6


def shares(guests: list[Guest]) -> list[float]:
    """The CPUs that each guest got, on average over some seconds."""
    began, before = time.monotonic(), [used(guest) for guest in guests]
    time.sleep(SECONDS)
    passed = time.monotonic() - began
    return [(used(guest) - start) / passed for guest, start in zip(guests, before, strict=True)]


def test_a_guarantee_holds_and_its_twin_gets_a_fraction(new_guest: NewGuest) -> None:
    others = [new_guest(f"twin{number}", driver="lxc").start() for number in range(3)]
    guard = new_guest("guard", cpus(GUARANTEE), driver="lxc").start()
    assert promised_cpu() == {"guard": int(GUARANTEE * 1000)}
    assert read(SLICE, "cpu.weight") > USUAL
    assert read(guard.scope, "cpu.weight") > USUAL
    assert [read(other.scope, "cpu.weight") for other in others] == [USUAL] * 3

    refused = new_guest("more", cpus(GUARANTEE), driver="lxc").try_start()
    first = next(line for line in refused.stderr.splitlines() if "xmlresource:" in line)
    say("\n", first)
    assert "guest 'more' refused: it asks for a guarantee of" in first
    assert "can be promised (commitment; " in first
    for label, taken in (("CPU reserve", 0.5), ("promised", GUARANTEE)):
        assert re.search(rf"^  {label} +-{taken:.3f} ", refused.stderr, re.MULTILINE)
    assert "largest promises: guard" in first

    with busy([guard, *others]):
        got = shares([guard, *others])
    say(f"\n{GUARANTEE:g} of {CPUS} CPUs guaranteed, {HOGS} hogs of the host; CPUs that each got")
    for guest, share in zip([guard, *others], got, strict=True):
        say(f"  {guest.name:<6} {share:.3f}")
    assert got[0] >= 0.95 * GUARANTEE
    assert max(got[1:]) <= 0.5 * got[0]

    guard.stop()
    wait_for("the slice is as it was", lambda: read(SLICE, "cpu.weight") == USUAL)
    assert promised_cpu() == {}
    assert b'"cpu.' not in (STATE / "chain").read_bytes()
