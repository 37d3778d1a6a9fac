"""What <memory>, setmem and memtune do to a container, and what our commands do there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .harness.cgroups import V1_UNLIMITED, memory_cgroup, read
from .harness.commands import must
from .harness.daemons import LXC
from .harness.guests import MIB, container, guarantee, policy
from .test_live import hooked, product, xmlresource

if TYPE_CHECKING:
    from .conftest import NewGuest
    from .harness.commands import Result
    from .harness.guests import Guest
    from .harness.product import Product

__all__ = ["hooked", "product", "xmlresource"]  # fixtures

pytestmark = [pytest.mark.v1, pytest.mark.usefixtures("containers")]

RAM = 64  # MiB, the <memory> of these containers


def limit(guest: Guest) -> int:
    return read(memory_cgroup(guest.process()), "memory.limit_in_bytes")


def ours(product: Product, command: str, guest: Guest, *words: str) -> Result:
    return product(command, guest.name, *words, "--connect", LXC)


def shown(product: Product, guest: Guest, *words: str) -> dict[str, str]:
    lines = must(ours(product, "memtune", guest, *words)).stdout.splitlines()
    return {line[:15].rstrip(): line[17:] for line in lines}


# libvirt's own


def test_memory_is_the_limit(new_guest: NewGuest) -> None:
    assert limit(new_guest("memory", build=container).running()) == RAM * MIB


def test_a_hard_limit_takes_its_place(new_guest: NewGuest) -> None:
    memtune = "<memtune><hard_limit unit='MiB'>256</hard_limit></memtune>"
    assert limit(new_guest("hard", memtune, container).running()) == 256 * MIB


def test_setmem_writes_the_limit(new_guest: NewGuest) -> None:
    guest = new_guest("setmem", build=container).running()
    must(guest.virsh("setmem", "48MiB", "--live"))
    assert limit(guest) == 48 * MIB
    assert not guest.virsh("setmem", "128MiB", "--live").ok  # more than <memory>
    must(guest.virsh("memtune", "--hard-limit", "300MiB", "--live"))
    assert limit(guest) == 300 * MIB
    # It is the same file: whoever writes last has the say.
    must(guest.virsh("setmem", "50MiB", "--live"))
    assert limit(guest) == 50 * MIB


def test_no_hard_limit_is_none_until_the_next_start(new_guest: NewGuest) -> None:
    guest = new_guest("unlimited", build=container).running()
    must(guest.virsh("memtune", "--hard-limit", "-1", "--live"))
    assert limit(guest) == V1_UNLIMITED
    must(guest.destroy())
    must(guest.start())
    guest.wait_state("running")
    assert limit(guest) == RAM * MIB


# Ours


def test_memtune_of_a_container(xmlresource: Product, new_guest: NewGuest) -> None:
    guest = new_guest("live", build=container).running()
    # What <memory> made the limit is in force, and is what others are held against.
    assert shown(xmlresource, guest)["hard_limit"] == str(RAM * 1024)
    refused = ours(xmlresource, "memtune", guest, "--min-guarantee", "100MiB")
    assert refused.status == 1
    assert "64 MiB, in force" in refused.stderr
    words = ["--hard-limit", "256MiB", "--min-guarantee", "100MiB", "--live", "--config"]
    must(ours(xmlresource, "memtune", guest, *words))
    assert limit(guest) == 256 * MIB
    assert xmlresource.guests()[guest.name]["min_guarantee"] == 100 * MIB
    for side in ("--live", "--config"):
        found = shown(xmlresource, guest, side)
        assert (found["hard_limit"], found["min_guarantee"]) == (str(256 * 1024), str(100 * 1024))
    must(guest.destroy())
    must(guest.start())
    guest.wait_state("running")
    assert limit(guest) == 256 * MIB


def test_a_raise_that_cant_be_promised(xmlresource: Product, new_guest: NewGuest) -> None:
    guest = new_guest("greedy", policy(memoryHardLimit="3 GiB"), container).running()
    before = limit(guest), guest.live_xml()
    assert ours(xmlresource, "memtune", guest, "--min-guarantee", "2GiB").status == 3
    assert (limit(guest), guest.live_xml()) == before
    assert xmlresource.guests() == {}


def test_a_guarantee_in_memtune_is_left_to_its_administrator(
    xmlresource: Product, new_guest: NewGuest
) -> None:
    memtune = "<memtune><min_guarantee unit='MiB'>20</min_guarantee></memtune>"
    guest = new_guest("memtune", memtune, container).running()
    assert shown(xmlresource, guest)["min_guarantee"] == str(20 * 1024)
    refused = ours(xmlresource, "memtune", guest, "--min-guarantee", "30MiB")
    assert refused.status == 1
    assert "xmlresource convert" in refused.stderr
    assert xmlresource.guests()[guest.name]["min_guarantee"] == 20 * MIB


def test_a_container_can_only_be_pressed(xmlresource: Product, new_guest: NewGuest) -> None:
    guest = new_guest("pressed", guarantee(1), container).running()
    result = ours(xmlresource, "reclaim", guest, "--to", "1MiB", "--timeout", "20")
    assert result.status in {0, 4}
    if result.status:
        assert "no balloon" in result.stdout
    assert limit(guest) == RAM * MIB
