"""Taking memory back from real guests that have no driver for a balloon.

None of them runs an operating system: what they have is charged because QEMU touched it at start.
Guests that do are in test_cooperation.py, and are played in tests/live.
"""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from .harness.cgroups import memory_cgroup, read
from .harness.commands import must
from .harness.guests import MIB, Guest, guarantee
from .test_live import hooked, product, xmlresource

if TYPE_CHECKING:
    from .conftest import NewGuest
    from .harness.product import Product

__all__ = ["hooked", "product", "xmlresource"]  # fixtures

pytestmark = pytest.mark.v1

FILES = ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.oom_control")


class Ballooned(Guest):
    """A guest with a balloon, and nobody in it who would fill it."""

    def xml(self) -> str:
        return super().xml().replace("<memballoon model='none'/>", "<memballoon model='virtio'/>")


def in_force(guest: Guest) -> list[str]:
    folder = memory_cgroup(guest.process())
    return [(folder / file).read_text() for file in FILES]


def charged(guest: Guest) -> int:
    return read(memory_cgroup(guest.process()), "memory.usage_in_bytes")


def balloon(guest: Guest) -> list[str]:
    """What it leaves the guest; nothing where there is none."""
    lines = must(guest.virsh("dommemstat")).stdout.splitlines()
    return [line for line in lines if line.startswith("actual")]


def must_live(guest: Guest, before: list[str]) -> None:
    assert guest.state() == "running"
    assert in_force(guest) == before
    counts = in_force(guest)[2].splitlines()
    assert "oom_kill 0" in counts


@pytest.mark.parametrize("build", [Guest, Ballooned], ids=["no balloon", "no driver"])
@pytest.mark.parametrize("press", [[], ["--press"]], ids=["asked", "pressed"])
def test_a_guest_that_does_not_co_operate(
    xmlresource: Product, new_guest: NewGuest, build: type[Guest], press: list[str]
) -> None:
    guest = new_guest("stubborn", build=build, memory=128, immediate=True).running()
    before, asked_from, had = in_force(guest), balloon(guest), charged(guest)
    result = xmlresource("reclaim", guest.name, "--to", "40MiB", "--timeout", "60", *press)
    assert result.status == 4, str(result)
    assert result.stdout.startswith("not reached, and all is put back: ")
    assert "it does not co-operate: " in result.stdout
    assert ("no balloon" in result.stdout) is (build is Guest)
    # Without swap the kernel finds page cache to take, and no more.
    assert ("nothing more can be reclaimed" in result.stdout) is bool(press)
    must_live(guest, before)
    assert balloon(guest) == asked_from
    assert charged(guest) > had // 2


def test_what_is_there_already_is_reached(xmlresource: Product, new_guest: NewGuest) -> None:
    guest = new_guest("small").running()
    result = xmlresource("reclaim", guest.name, "--to", "1GiB")
    assert result.status == 0
    assert result.stdout.startswith("reached: ")


def test_page_cache_is_pressed_out(xmlresource: Product, new_guest: NewGuest) -> None:
    guest = new_guest("cache").running()
    folder = memory_cgroup(guest.process())
    script = f"echo $$ > {folder}/cgroup.procs; exec dd if=/dev/zero of=$1 bs=1M count=200"
    path = guest.file().with_suffix(".cache")
    subprocess.run(["/bin/sh", "-c", script, "sh", path], check=True, capture_output=True)  # noqa: S603
    subprocess.run(["/bin/sync", path], check=True)  # noqa: S603
    before, had = in_force(guest), charged(guest)
    assert had > 200 * MIB
    target = had - 150 * MIB
    result = xmlresource("reclaim", guest.name, "--to", f"{target}b", "--press")
    path.unlink()
    assert result.status == 0, str(result)
    assert charged(guest) <= target + MIB
    must_live(guest, before)


def test_what_is_promised_is_never_taken(xmlresource: Product, new_guest: NewGuest) -> None:
    guest = new_guest("promised", guarantee(100), immediate=True).running()
    result = xmlresource("reclaim", guest.name, "--to", "90MiB", "--press")
    assert result.status == 3
    assert "100 MiB is promised to it" in result.stderr


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_ends_it_puts_everything_back(
    xmlresource: Product, new_guest: NewGuest, ending: signal.Signals
) -> None:
    guest = new_guest("interrupted", build=Ballooned, memory=128, immediate=True).running()
    before, asked_from = in_force(guest), balloon(guest)
    words = [xmlresource.program, "reclaim", guest.name, "--to", "40MiB", "--timeout", "60"]
    terminal, end = os.openpty()
    with subprocess.Popen(words, stderr=end) as process:  # noqa: S603
        os.close(end)
        said = b""
        while b"waiting" not in said:  # for the guest, which was asked before
            said += os.read(terminal, 4096)
        process.send_signal(ending)
        while b"interrupted; all is put back" not in said:
            said += os.read(terminal, 4096)
        process.wait(60)
    os.close(terminal)
    assert b"asking it to make do with" in said
    assert process.returncode == 4
    must_live(guest, before)
    assert balloon(guest) == asked_from


def test_give_back(xmlresource: Product, new_guest: NewGuest) -> None:
    guest = new_guest("given", build=Ballooned, memory=128).running()
    assert "128 MiB" in must(xmlresource("reclaim", guest.name, "--give-back")).stdout
    without = new_guest("without").running()
    assert xmlresource("reclaim", without.name, "--give-back").status == 2
    records = xmlresource.json("history")["records"]
    assert [
        (each["event"], each["guest"]) for each in records if each["operation"] == "give-back"
    ] == [("given-back", guest.name), ("refused", without.name)]
