"""A promise lives as long as its guest, whatever libvirt calls: on a real libvirtd."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from .harness import hooks, sandbox
from .harness.cgroups import memory_cgroup, read
from .harness.commands import must, wait_for
from .harness.daemons import LXC, virsh
from .harness.guests import MIB, guarantee, policy
from .harness.product import Product, hook_status, leave_to_promise
from .harness.second import URI, second, second_libvirt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .conftest import NewGuest
    from .harness.daemons import Libvirt
    from .harness.guests import Guest

ROOM = 1000
LARGE, SMALL = 600, 20


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
    """The product on a host where ROOM can be promised and nothing is."""
    leave_to_promise(ROOM)
    yield hooked
    sandbox.remove(sandbox.LEDGER_FOLDER)
    sandbox.remove(sandbox.CONFIGURATION)


def promised(product: Product) -> dict[str, int]:
    """What is promised, in MiB, by guest."""
    return {name: each["min_guarantee"] // MIB for name, each in product.guests().items()}


def warned(product: Product, words: str) -> bool:
    """Whether the history has a warning with these words."""
    events = product.json("history")["records"]
    return any(words in each["message"] for each in events if each["event"] == "warning")


def image(guest: Guest) -> Path:
    """Where a saved image of the guest goes."""
    return sandbox.STATE / f"{guest.name}.save"


def test_restore_over_a_running_guest_changes_nothing(
    xmlresource: Product, new_guest: NewGuest
) -> None:
    guest = new_guest("restored", guarantee(SMALL)).running()
    must(guest.virsh("save", image(guest)))
    larger = dataclasses.replace(guest, extra=guarantee(LARGE))
    must(larger.define())
    must(guest.start())
    result = virsh("restore", image(guest))
    assert "already active" in result.stderr
    assert promised(xmlresource) == {guest.name: LARGE}
    assert hook_status(new_guest("rival", guarantee(LARGE)).defined().start()) == 3


def test_restore_beside_another_guest_of_that_name_promises_nothing(
    xmlresource: Product, new_guest: NewGuest
) -> None:
    guest = new_guest("restored", guarantee(SMALL)).running()
    must(guest.virsh("save", image(guest)))
    must(guest.virsh("undefine"))
    other = dataclasses.replace(
        guest, uuid="11111111-2222-4333-8444-555555555555", extra=guarantee(LARGE)
    )
    must(other.define())
    must(other.start())
    assert not virsh("restore", image(guest)).ok
    assert promised(xmlresource) == {guest.name: LARGE}


def test_migrations_promise_what_starts(xmlresource: Product, new_guest: NewGuest) -> None:
    """The other daemon has the same hook and, having the same /run, the same ledger."""
    guest = new_guest("moved", guarantee(LARGE)).defined()
    with second_libvirt() as (_, recorder):
        hook = sandbox.HOOKS / "qemu.d" / "50-xmlresource"
        hooks.install(recorder.script, hook.read_text())
        must(virsh("migrate", "--offline", "--persistent", guest.name, URI))
        assert promised(xmlresource) == {}
        must(second("undefine", guest.name))
        must(guest.start())
        # One ledger for both sides: the guest is moved within what it was promised.
        address = ("--migrateuri", "tcp://127.0.0.1:49155")
        result = virsh("migrate", "--live", guest.name, URI, *address)
        assert result.ok, str(result)
        must(second("destroy", guest.name))


def test_a_definition_raised_while_nobody_looked_is_not_believed(
    xmlresource: Product, new_guest: NewGuest, libvirt: Libvirt
) -> None:
    guest = new_guest("raised", guarantee(LARGE)).running()
    size = "<memoryMinGuarantee unit='EiB'>1</memoryMinGuarantee>"
    element = f"<resource><memory>{size}</memory></resource>"
    words = ("--uri", "urn:xmlresource:1", "--key", "xr", "--live", "--set", element)
    must(guest.virsh("metadata", *words))
    libvirt.restart()
    wait_for("reconnect", lambda: warned(xmlresource, "keeps its promise"))
    assert promised(xmlresource) == {guest.name: LARGE}
    assert new_guest("fits", guarantee(100)).defined().start().ok
    assert guest.state() == "running"


@pytest.mark.v1
def test_a_limit_raised_by_hand_outlives_a_restart(
    xmlresource: Product, new_guest: NewGuest, libvirt: Libvirt
) -> None:
    sizes = policy(memoryMinGuarantee="40 MiB", memoryHardLimit="500 MiB")
    guest = new_guest("limited", sizes).running()
    folder = memory_cgroup(guest.process())
    must(guest.virsh("memtune", "--live", f"--hard-limit={800 * 1024}"))
    assert read(folder, "memory.limit_in_bytes") == 800 * MIB
    for _ in range(2):
        libvirt.restart()
        wait_for("reconnect", lambda: warned(xmlresource, "XR306"))
        assert read(folder, "memory.limit_in_bytes") == 800 * MIB
        assert not xmlresource("apply", "--all").ok
    assert read(folder, "memory.limit_in_bytes") == 800 * MIB
    assert promised(xmlresource) == {guest.name: 40}
    assert guest.state() == "running"


@pytest.mark.v1
def test_so_does_one_raised_in_the_cgroup(
    xmlresource: Product, new_guest: NewGuest, libvirt: Libvirt
) -> None:
    sizes = policy(memoryMinGuarantee="40 MiB", memoryHardLimit="500 MiB")
    guest = new_guest("limited", sizes).running()
    folder = memory_cgroup(guest.process())
    (folder / "memory.limit_in_bytes").write_text(f"{800 * MIB}")
    libvirt.restart()
    wait_for("reconnect", lambda: warned(xmlresource, "stays as it is"))
    assert read(folder, "memory.limit_in_bytes") == 800 * MIB
    must(xmlresource("apply", guest.name))
    assert read(folder, "memory.limit_in_bytes") == 500 * MIB


@pytest.mark.usefixtures("containers")
def test_a_container_with_the_uuid_of_a_guest(xmlresource: Product, new_guest: NewGuest) -> None:
    guest = new_guest("guest", guarantee(LARGE)).running()
    box = new_guest("box", guarantee(16), uri=LXC, uuid=guest.uuid).running()
    assert promised(xmlresource) == {guest.name: LARGE, box.name: 16}
    must(box.destroy())
    wait_for("the container's promise ends", lambda: box.name not in promised(xmlresource))
    assert promised(xmlresource) == {guest.name: LARGE}
