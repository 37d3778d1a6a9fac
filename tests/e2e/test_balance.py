"""Memory that moves by itself, among guests that run an operating system, on a short host.

The host is as short as a host reserve makes it: what guests with a promise use counts in full, also
beyond the promise. The service is a process of its own, as systemd would run it.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from .harness import bursting, sandbox
from .harness.commands import PLAIN_ENVIRONMENT, Process, must, wait_for
from .harness.guests import MIB, Guest, guarantee
from .harness.product import hook_status, leave_to_promise, refusal
from .test_cooperation import RAM, Booted
from .test_live import hooked, product, xmlresource
from .test_reclaim import balloon, charged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import NewGuest
    from .harness.product import Product

__all__ = ["hooked", "product", "xmlresource"]  # fixtures

pytestmark = pytest.mark.v1

PROMISED = 60  # to each guest that is there: much less than it uses
ASKED = 130  # by the one that is to start: less than they can give, for the host's own use varies
BESIDES = 60  # room that there is beside what all use
BURST = 70  # more than is usable in a guest of which so much was taken as a start asks for
TAKEN = 24  # MiB after which it begins
SETTINGS = """
[balance]
mode = "balloon"
make_room = "100s"
interval = 1
step = "25%"
calm = 5
"""


@dataclass(frozen=True)
class Bursting(Booted):
    """A guest that wants all of its memory as soon as some of it was taken."""

    def xml(self) -> str:
        found = super().xml().replace(f"{bursting.CACHE}/initrd<", f"{bursting.initrd()}<")
        return found.replace("balloon=yes", f"balloon=yes burst={BURST} taken={TAKEN}")

    def says(self, text: str) -> bool:
        return text in self.console.read_text()


class Service:
    """The balancing service, as systemd would run it."""

    def __init__(self, product: Product) -> None:
        with (sandbox.STATE / "balance.out").open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 -- the product
                [product.program, "balance"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=PLAIN_ENVIRONMENT,
            )
        sandbox.remember(Process.of(self._process.pid))
        wait_for("the service listens", self._listens)

    def _listens(self) -> bool:
        """Whether it answers at its socket; one that was killed has left a dead one."""
        assert self._process.poll() is None, (sandbox.STATE / "balance.out").read_text()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
            return client.connect_ex(str(sandbox.LEDGER_FOLDER / "balance.socket")) == 0

    def end(self, number: int = signal.SIGTERM) -> int:
        self._process.send_signal(number)
        return self._process.wait(60)


@pytest.fixture
def service(xmlresource: Product) -> Iterator[list[Service]]:
    """Services that the test has begun; those that still run end after it."""
    made: list[Service] = []
    yield made
    for each in made:
        each.end(signal.SIGKILL)
    del xmlresource  # its files go after the service


@pytest.fixture
def short_host(xmlresource: Product, new_guest: NewGuest) -> Iterator[list[Booted]]:
    """Three guests that use nearly all there is; the first wants it back when some is taken."""
    del xmlresource  # its hook promises them what they ask for
    guests = [
        new_guest(label, guarantee(PROMISED), build=build)
        for label, build in (("bursts", Bursting), ("idle", Booted), ("lazy", Booted))
    ]
    for guest in guests:
        guest.running()  # all boot at once
    booted = [guest for guest in guests if isinstance(guest, Booted)]
    for guest in booted:
        wait_for(f"{guest.name} is ready", guest.is_ready)
    leave_to_promise(sum(map(charged, guests)) // MIB + BESIDES)
    with sandbox.CONFIGURATION.open("a") as file:
        file.write(SETTINGS)
    yield booted
    bursting.remove()


def ram(guest: Guest) -> int:
    """What its balloon leaves it, in MiB."""
    (line,) = balloon(guest)
    return int(line.split()[1]) // 1024


def moved(product: Product) -> list[dict[str, Any]]:
    """What the service did."""
    records = product.json("history", "--limit", "0")["records"]
    return [each for each in records if each["operation"] == "balance" and "target" in each]


def seconds_to_start(guest: Guest) -> tuple[float, str]:
    """How long a start took, and how it was refused, if it was."""
    begun = time.monotonic()
    result = guest.start()
    took = time.monotonic() - begun
    if result.ok:
        return took, ""
    assert hook_status(result) == 3, str(result)
    return took, refusal(result)


def test_memory_moves_to_who_needs_it(
    xmlresource: Product,
    short_host: list[Booted],
    new_guest: NewGuest,
    service: list[Service],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A start that only make_room lets in, a service killed over it, and a guest that bursts."""
    bursts, *others = short_host
    assert isinstance(bursts, Bursting)
    fourth = new_guest("fourth", guarantee(ASKED), memory=RAM).defined()
    without, refused = seconds_to_start(fourth)
    assert "can be promised (physical; " in refused
    assert [ram(guest) for guest in short_host] == [RAM] * 3  # and nothing was touched
    dry = must(xmlresource("balance", "--dry-run"))
    assert "nothing is to be moved" in dry.stdout

    # Killed as soon as it has taken something: the start is refused as without it, and all goes on.
    service.append(Service(xmlresource))
    with subprocess.Popen(["virsh", "-c", fourth.uri, "start", fourth.name]) as start:  # noqa: S603, S607
        wait_for("memory is taken", lambda: moved(xmlresource))
        assert service[0].end(signal.SIGKILL) == -signal.SIGKILL
        assert start.wait(120)
    assert all(guest.state() == "running" for guest in short_host)
    assert "ballooned" in must(xmlresource("status")).stdout

    service.append(Service(xmlresource))
    second = xmlresource("balance", "--once")
    assert (second.status, "another balancing service runs" in second.stderr) == (2, True)
    with_it, refused = seconds_to_start(fourth)
    assert refused == ""
    assert fourth.state() == "running"
    for guest in short_host:
        assert guest.state() == "running"
        assert charged(guest) >= PROMISED * MIB
    causes = {each["cause"] for each in moved(xmlresource)}
    assert "room-wanted" in causes

    # What it needs in a burst comes back, from those that need it less.
    wait_for("it bursts", lambda: bursts.says("the guest bursts"))
    begun = time.monotonic()
    wait_for("it has what it needs", lambda: bursts.says("the guest has what it needs"))
    relief = time.monotonic() - begun
    assert ram(bursts) > min(map(ram, others))
    assert bursts.state() == "running"
    assert service[1].end() == 0
    assert not (sandbox.LEDGER_FOLDER / "balance.socket").exists()
    with capsys.disabled():
        text = (
            f"\na start without the service: refused after {without:.1f} s; "
            f"with it: runs after {with_it:.1f} s\n"
            f"a burst of {BURST} MiB: relieved after {relief:.1f} s, "
            f"{len(moved(xmlresource))} steps in all; RAM now {[*map(ram, short_host)]} MiB\n"
        )
        print(text)  # noqa: T201 -- figures that change with the machine
