"""Taking memory back from guests that run an operating system, with and without a balloon driver.

What comes free is there for others: admission counts what a guest with a promise has, not what it
might have had.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from .harness import sandbox
from .harness.commands import must, wait_for
from .harness.guests import MIB, Guest, guarantee
from .harness.product import hook_status, leave_to_promise, refusal
from .test_live import hooked, product, xmlresource
from .test_reclaim import balloon, charged, in_force, must_live

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import NewGuest
    from .harness.product import Product

__all__ = ["hooked", "product", "xmlresource"]  # fixtures

pytestmark = pytest.mark.v1

CACHE = "/var/cache/xmlresource-e2e"  # of guest/build.sh
RAM = 160
UNHURRIED = ("--timeout", "100", "--patience", "20")  # software emulation beside other work
TAKEN = 70  # what the small guest can spare without feeling it


@dataclass(frozen=True)
class Booted(Guest):
    """A guest that runs Linux: all its RAM is charged, it has used much of it, and freed that."""

    memory: int = RAM
    immediate: bool = True
    driver_in_it: bool = True

    @property
    def console(self) -> Path:
        return sandbox.STATE / f"{self.name}.console"

    def xml(self) -> str:
        words = (
            f"console=ttyS0 quiet panic=-1 touch=64 balloon={'yes' if self.driver_in_it else 'no'}"
        )
        boot = f"<kernel>{CACHE}/kernel</kernel><initrd>{CACHE}/initrd</initrd>"
        serial = f"<serial type='file'><source path='{self.console}'/></serial>"
        text = (
            super().xml().replace("</type></os>", f"</type>{boot}<cmdline>{words}</cmdline></os>")
        )
        return text.replace("<memballoon model='none'/>", f"<memballoon model='virtio'/>{serial}")

    def booted(self) -> Guest:
        self.running()
        wait_for(f"{self.name} says that it is ready", self.is_ready)
        return self

    def is_ready(self) -> bool:
        if self.state() != "running":
            message = f"{self.name} has ended; its console says: {self.console.read_text()}"
            raise RuntimeError(message)
        return "the guest is ready" in self.console.read_text()


def linux(new_guest: NewGuest, label: str, extra: str = "", *, driver: bool = True) -> Guest:
    guest = new_guest(label, extra, build=Booted, driver_in_it=driver)
    assert isinstance(guest, Booted)
    return guest.booted()


def test_a_guest_with_a_driver_gives_by_itself_and_takes_it_again(
    xmlresource: Product, new_guest: NewGuest
) -> None:
    guest = linux(new_guest, "gives")
    before, had = in_force(guest), charged(guest)
    target = had - TAKEN * MIB
    assert balloon(guest) == [f"actual {RAM * 1024}"]
    result = must(xmlresource("reclaim", guest.name, "--to", f"{target}b", *UNHURRIED))
    assert result.stdout.startswith("reached: ")
    assert "it co-operates: its balloon moves as it was asked to" in result.stdout
    assert charged(guest) <= target + 8 * MIB  # QEMU may have grown since
    (actual,) = balloon(guest)
    assert int(actual.split()[1]) <= (RAM - TAKEN + 1) * 1024
    must_live(guest, before)
    must(xmlresource("reclaim", guest.name, "--give-back"))
    wait_for("it has its RAM again", lambda: balloon(guest) == [f"actual {RAM * 1024}"])
    must_live(guest, before)


def test_more_than_it_can_give_is_not_reached_and_put_back(
    xmlresource: Product, new_guest: NewGuest
) -> None:
    guest = linux(new_guest, "little")
    before, asked_from = in_force(guest), balloon(guest)
    overhead = charged(guest) - RAM * MIB
    # Asked for all but 24 MiB, it keeps what its kernel can't do without.
    target = overhead + 24 * MIB
    result = xmlresource("reclaim", guest.name, "--to", f"{target}b", *UNHURRIED)
    assert result.status == 4, str(result)
    assert "it co-operates, and gave less than it was asked for" in result.stdout
    must_live(guest, before)
    wait_for("it has its RAM again", lambda: balloon(guest) == asked_from)


@pytest.mark.parametrize("press", [[], ["--press"]], ids=["asked", "pressed"])
def test_a_guest_without_a_driver(
    xmlresource: Product, new_guest: NewGuest, press: list[str]
) -> None:
    guest = linux(new_guest, "driverless", driver=False)
    before, asked_from, had = in_force(guest), balloon(guest), charged(guest)
    result = xmlresource("reclaim", guest.name, "--to", f"{had - TAKEN * MIB}b", *press)
    assert result.status == 4, str(result)
    assert "it does not co-operate: its balloon did not move when it was asked" in result.stdout
    # Without swap the kernel finds page cache to take, and no more.
    assert ("nothing more can be reclaimed" in result.stdout) is bool(press)
    must_live(guest, before)
    assert balloon(guest) == asked_from


def test_what_came_free_lets_another_guest_start(xmlresource: Product, new_guest: NewGuest) -> None:
    """By the physical rule, which counts what a guest has; promises are as they were."""
    room = 600
    leave_to_promise(room)
    first = linux(new_guest, "first", guarantee(100))
    had = charged(first)
    # More than is free beside what the first guest has, less than is free beside its promise.
    asked = (room * MIB - had) // MIB + TAKEN // 2
    assert asked < room - 100
    second = new_guest("second", guarantee(asked)).defined()
    refused = second.start()
    assert hook_status(refused) == 3
    assert "MemAvailable" in refused.stderr or "available" in refusal(refused)
    must(xmlresource("reclaim", first.name, "--to", f"{had - TAKEN * MIB}b", *UNHURRIED))
    must(second.start())
    second.wait_state("running")
    assert xmlresource.guests()[second.name]["min_guarantee"] == asked * MIB
    assert first.state() == "running"


def test_several_guests_give_together(xmlresource: Product, new_guest: NewGuest) -> None:
    first, second = linux(new_guest, "one"), linux(new_guest, "two", guarantee(120))
    had = [charged(first), charged(second)]
    words = ["reclaim", "--host", "80MiB", *UNHURRIED]
    plan = xmlresource.json(*words, "--dry-run")
    assert (plan["missing"], plan["reached"]) == (0, None)
    gives = {each["name"]: each["gives"] for each in plan["guests"]}
    # What can't be had of the second one is its guarantee, of the first what is not RAM.
    assert gives[first.name] > gives[second.name] > 0
    assert sum(gives.values()) == 80 * MIB
    assert [charged(first), charged(second)] == pytest.approx(had, abs=8 * MIB)
    assert xmlresource(*words).status == 2  # nobody is there to be asked
    result = must(xmlresource(*words, "--yes"))
    assert result.stdout.startswith("reached: ")
    assert result.stdout.count("it co-operates") == 2
    for each in plan["guests"]:
        guest = first if each["name"] == first.name else second
        assert charged(guest) <= each["target"] + 8 * MIB
    refused = xmlresource("reclaim", "--host", "10GiB", "--yes")
    assert refused.status == 3
    assert "can't be had" in refused.stderr
    back_to_all(xmlresource, first, second)


def back_to_all(xmlresource: Product, *guests: Guest) -> None:
    """Give them their RAM again: nothing where the host is full, all where it is not."""
    words = ["reclaim", "--host", "--give-back"]
    leave_to_promise(130)  # the one with a guarantee has more already
    full = xmlresource(*words, "--yes", "--json")
    assert full.status == 3, str(full)
    assert json.loads(full.stdout)["gives"] == 0
    assert all(balloon(guest) != [f"actual {RAM * 1024}"] for guest in guests)
    leave_to_promise(1000)
    assert xmlresource(*words).status == 2  # nobody is there to be asked
    assert must(xmlresource(*words, "--dry-run")).stdout.startswith("to give back: ")
    must(xmlresource(*words, "--yes"))
    for guest in guests:
        wait_for("it has its RAM again", lambda: balloon(guest) == [f"actual {RAM * 1024}"])  # noqa: B023 -- called at once
    assert must(xmlresource(*words, "--yes")).stdout.startswith("nothing was done: every guest")


def test_what_several_guests_cant_give_together_is_given_back(
    xmlresource: Product, new_guest: NewGuest
) -> None:
    willing, other = linux(new_guest, "willing"), linux(new_guest, "other", driver=False)
    before = balloon(willing)
    # More than the willing one has above what is not RAM, less than both have.
    result = xmlresource("reclaim", "--host", f"{RAM * 3 // 2}MiB", "--yes", *UNHURRIED)
    assert result.status == 4, str(result)
    assert result.stdout.startswith("not reached, and all is put back: ")
    assert "its balloon did not move" in result.stdout
    wait_for("it has its RAM again", lambda: balloon(willing) == before)
    for guest in (willing, other):
        assert guest.state() == "running"
