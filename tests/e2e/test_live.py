"""Memory parameters of real guests, set and read beside ``virsh memtune``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .harness import sandbox
from .harness.cgroups import V1_UNLIMITED, memory_cgroup, read, soft_limit_works, swap_is_counted
from .harness.commands import must
from .harness.daemons import virsh
from .harness.guests import MIB, guarantee, policy
from .harness.product import Product, leave_to_promise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .conftest import NewGuest
    from .harness.daemons import Libvirt
    from .harness.guests import Guest

pytestmark = pytest.mark.v1

ROOM = 1000
UNLIMITED = "unlimited"
VIRSHS = ("hard_limit", "soft_limit", "swap_hard_limit")
OURS = ("min_guarantee", "swap_soft_limit")
NOTHING = dict.fromkeys(VIRSHS, UNLIMITED) | {"min_guarantee": "0", "swap_soft_limit": UNLIMITED}
# In an order in which each stands with those before it, and a second value for each.
VALUES = {
    "hard_limit": (600, 620),
    "swap_hard_limit": (800, 820),
    "soft_limit": (400, 420),
    "min_guarantee": (200, 220),
    "swap_soft_limit": (700, 720),
}
FILES = {
    "hard_limit": "memory.limit_in_bytes",
    "soft_limit": "memory.soft_limit_in_bytes",
    "swap_hard_limit": "memory.memsw.limit_in_bytes",
}


@pytest.fixture(scope="module")
def product(libvirt: Libvirt, tmp_path_factory: pytest.TempPathFactory) -> Product:
    del libvirt  # skips where nothing can be tested
    return Product.install(tmp_path_factory.mktemp("product"), with_libvirt=True)


@pytest.fixture(scope="module")
def hooked(product: Product, libvirt: Libvirt) -> Iterator[Product]:
    must(product("hook", "install"))
    libvirt.restart()
    yield product
    must(product("hook", "uninstall"))
    libvirt.restart()


@pytest.fixture
def xmlresource(hooked: Product) -> Iterator[Product]:
    leave_to_promise(ROOM)
    yield hooked
    sandbox.remove(sandbox.LEDGER_FOLDER)
    sandbox.remove(sandbox.CONFIGURATION)


def parsed(text: str) -> dict[str, str]:
    """``name           : value`` line by line, held to its exact form."""
    found = {}
    for line in text.splitlines():
        if line:
            name, value = line[:15].rstrip(), line[17:]
            assert line == f"{name:<15}: {value}"
            found[name] = value
    return found


def shown(product: Product, guest: Guest, *side: str) -> dict[str, str]:
    return parsed(must(product("memtune", guest.name, *side)).stdout)


def by_virsh(guest: Guest, *side: str) -> dict[str, str]:
    return parsed(must(guest.virsh("memtune", *side)).stdout)


def kernel(guest: Guest) -> dict[str, int]:
    folder = memory_cgroup(guest.process())
    return {name: read(folder, file) for name, file in FILES.items()}


def option(name: str, value: object) -> list[str]:
    return [f"--{name.replace('_', '-')}", str(value)]


def transient(guest: Guest) -> Guest:
    must(virsh("create", guest.file()))
    guest.wait_state("running")
    return guest


def snapshot(product: Product, guest: Guest) -> object:
    """Everything a change that is refused must leave alone."""
    persistent = guest.virsh("dumpxml", "--inactive").stdout
    status = product.json("status")
    moving = dict.fromkeys(("charged", "headroom", "pressure"))
    ledger = [each | moving for each in status["guests"]]
    return kernel(guest), ledger, guest.live_xml(), persistent


# Round trips


@pytest.mark.skipif(not swap_is_counted(), reason="no memsw files here")
@pytest.mark.parametrize("side", [["--live"], [], ["--current"]], ids=["live", "none", "current"])
@pytest.mark.parametrize("kind", ["persistent", "transient"])
def test_live_parameters_of_a_running_guest(
    xmlresource: Product, new_guest: NewGuest, side: list[str], kind: str
) -> None:
    guest = new_guest("live", policy(swapHardLimit="900 MiB", memoryHardLimit="900 MiB"))
    guest = transient(guest) if kind == "transient" else guest.running()
    persistent = guest.virsh("dumpxml", "--inactive").stdout if kind == "persistent" else ""
    for name, values in VALUES.items():
        for mebibytes in values:
            must(xmlresource("memtune", guest.name, *option(name, f"{mebibytes}MiB"), *side))
            if name == "soft_limit" and not soft_limit_works():
                continue
            assert shown(xmlresource, guest, *side)[name] == str(mebibytes * 1024)
            if name in FILES:
                assert kernel(guest)[name] == mebibytes * MIB
            if name in VIRSHS:
                assert by_virsh(guest, *side)[name] == str(mebibytes * 1024)
    (promise,) = xmlresource.json("status")["guests"]
    assert promise["min_guarantee"] == VALUES["min_guarantee"][1] * MIB
    assert promise["drift"] == []
    if kind == "persistent":
        assert guest.virsh("dumpxml", "--inactive").stdout == persistent
    for name in reversed(VALUES):
        value = 0 if name == "min_guarantee" else -1
        must(xmlresource("memtune", guest.name, *option(name, value), *side))
    assert shown(xmlresource, guest, *side) == NOTHING
    assert set(kernel(guest).values()) == {V1_UNLIMITED}
    assert "xmlresource" not in guest.live_xml()
    assert xmlresource.guests() == {}


@pytest.mark.parametrize("state", ["running", "stopped", "stopped-current"])
def test_persistent_parameters(xmlresource: Product, new_guest: NewGuest, state: str) -> None:
    guest = new_guest("config", policy(memoryHardLimit="900 MiB")).defined()
    side = [] if state == "stopped-current" else ["--config"]
    if state == "running":
        must(guest.start())
        guest.wait_state("running")
    before = guest.live_xml(), kernel(guest) if state == "running" else None
    for name, values in VALUES.items():
        for mebibytes in values:
            must(xmlresource("memtune", guest.name, *option(name, mebibytes * 1024), *side))
            assert shown(xmlresource, guest, *side)[name] == str(mebibytes * 1024)
    if state == "running":
        assert (guest.live_xml(), kernel(guest)) == before
        assert xmlresource.guests() == {}
        must(guest.destroy())
    must(guest.start())
    guest.wait_state("running")
    assert kernel(guest)["hard_limit"] == VALUES["hard_limit"][1] * MIB
    assert xmlresource.guests()[guest.name]["min_guarantee"] == VALUES["min_guarantee"][1] * MIB
    must(guest.destroy())
    for name in reversed(VALUES):
        value = 0 if name == "min_guarantee" else -1
        must(xmlresource("memtune", guest.name, *option(name, value), *side))
    assert shown(xmlresource, guest, *side) == NOTHING
    assert "xmlresource" not in guest.live_xml()


def test_what_memtune_holds_is_changed_there(xmlresource: Product, new_guest: NewGuest) -> None:
    guest = new_guest("memtune", guarantee(10)).running()
    must(guest.virsh("memtune", "--soft-limit", "300MiB", "--live"))
    must(guest.virsh("memtune", "--soft-limit", "300MiB", "--config"))
    must(xmlresource("memtune", guest.name, "--soft-limit", "200MiB", "--live", "--config"))
    assert "<soft_limit unit='KiB'>204800</soft_limit>" in guest.live_xml()
    assert "memorySoftLimit" not in guest.live_xml()
    assert by_virsh(guest, "--config")["soft_limit"] == str(200 * 1024)
    assert shown(xmlresource, guest, "--config")["soft_limit"] == str(200 * 1024)
    must(xmlresource("memtune", guest.name, "--soft-limit", "-1", "--live", "--config"))
    assert "soft_limit" not in guest.live_xml()


def test_both_sides_at_once(xmlresource: Product, new_guest: NewGuest) -> None:
    guest = new_guest("both").running()
    words = ["--hard-limit", "500MiB", "--min-guarantee", "50MiB", "--live", "--config"]
    must(xmlresource("memtune", guest.name, *words))
    for side in ("--live", "--config"):
        found = shown(xmlresource, guest, side)
        assert (found["hard_limit"], found["min_guarantee"]) == (str(500 * 1024), str(50 * 1024))
    assert kernel(guest)["hard_limit"] == 500 * MIB
    assert xmlresource.guests()[guest.name]["min_guarantee"] == 50 * MIB


def test_a_guests_own_metadata_is_left_alone(xmlresource: Product, new_guest: NewGuest) -> None:
    extra = (
        "<metadata><xr:resource xmlns:xr='urn:xmlresource:1'><!-- why --><xr:memory>"
        "<xr:memoryHardLimit unit='GiB'>1</xr:memoryHardLimit></xr:memory></xr:resource>"
        "<o:other xmlns:o='urn:other'>kept</o:other></metadata>"
    )
    guest = new_guest("metadata", extra).running()
    must(xmlresource("memtune", guest.name, "--hard-limit", "2GiB", "--live", "--config"))
    for xml in (guest.live_xml(), guest.virsh("dumpxml", "--inactive").stdout):
        assert "<!-- why -->" in xml
        assert "<xr:memoryHardLimit unit='GiB'>2<" in xml.replace('"', "'")
        assert ">kept</o:other>" in xml


# libvirt's own refusals


@pytest.mark.parametrize(
    "words", [["--live"], ["--live", "--hard-limit", "1GiB"], ["--live", "--config"]]
)
def test_a_stopped_guest_has_no_live_side(
    xmlresource: Product, new_guest: NewGuest, words: list[str]
) -> None:
    guest = new_guest("stopped").defined()
    result = xmlresource("memtune", guest.name, *words)
    assert result.status == 2
    told = guest.virsh("memtune", *words).stderr.splitlines()[-1].removeprefix("error: ")
    assert told in result.stderr


def test_a_transient_guest_has_no_persistent_side(
    xmlresource: Product, new_guest: NewGuest
) -> None:
    guest = transient(new_guest("transient"))
    for words in (["--config"], ["--config", "--hard-limit", "1GiB"]):
        result = xmlresource("memtune", guest.name, *words)
        assert result.status == 2
        told = guest.virsh("memtune", *words).stderr.splitlines()[-1].removeprefix("error: ")
        assert told in result.stderr


def test_no_such_guest(xmlresource: Product) -> None:
    result = xmlresource("memtune", "xre2e-nobody")
    assert result.status == 2
    assert "Domain not found" in result.stderr


# All or nothing


def test_a_raise_that_cant_be_promised_changes_nothing(
    xmlresource: Product, new_guest: NewGuest
) -> None:
    new_guest("other", guarantee(600)).running()
    guest = new_guest("greedy", policy(memoryHardLimit="900 MiB", memoryMinGuarantee="100 MiB"))
    guest.running()
    before = snapshot(xmlresource, guest)
    words = ["--min-guarantee", "700MiB", "--hard-limit", "950MiB", "--live", "--config"]
    result = xmlresource("memtune", guest.name, *words)
    assert result.status == 3
    assert "700 MiB" in result.stderr
    assert snapshot(xmlresource, guest) == before
    must(xmlresource("memtune", guest.name, "--min-guarantee", "300MiB"))
    assert xmlresource.guests()[guest.name]["min_guarantee"] == 300 * MIB


def test_a_kernel_write_that_fails_changes_nothing(
    xmlresource: Product, new_guest: NewGuest
) -> None:
    extra = policy(memoryHardLimit="512 MiB", memoryMinGuarantee="8 MiB")
    guest = new_guest("tight", extra, immediate=True).running()
    before = snapshot(xmlresource, guest)
    # The soft limit and the swap limit can be set; the hard limit, below what is in use, can't.
    words = ["--soft-limit", "16MiB", "--hard-limit", "20MiB", "--swap-hard-limit", "600MiB"]
    result = xmlresource("memtune", guest.name, *words, "--live", "--config")
    assert result.status == 4
    assert "EBUSY" in result.stderr
    assert snapshot(xmlresource, guest) == before


def test_contradictions_are_refused_against_what_is_in_force(
    xmlresource: Product, new_guest: NewGuest
) -> None:
    guest = new_guest("contradiction", guarantee(100)).running()
    must(guest.virsh("memtune", "--hard-limit", "500MiB", "--live"))
    before = snapshot(xmlresource, guest)
    result = xmlresource("memtune", guest.name, "--soft-limit", "600MiB", "--live")
    assert result.status == 1
    assert "hard_limit" in result.stderr
    assert snapshot(xmlresource, guest) == before


def test_what_becomes_of_a_change_is_recorded(xmlresource: Product, new_guest: NewGuest) -> None:
    guest = new_guest("recorded", guarantee(100)).running()
    must(xmlresource("memtune", guest.name, "--min-guarantee", "200MiB", "--live"))
    assert xmlresource("memtune", guest.name, "--min-guarantee", "9000GiB", "--live").status == 3
    records = xmlresource.json("history", "--guest", guest.name)["records"]
    live = [each for each in records if each["operation"] == "memtune"]
    assert [each["event"] for each in live] == ["admitted", "written", "refused"]
    assert {each["uuid"] for each in live} == {records[0]["uuid"]}
    assert [each["min_guarantee"] for each in live] == [200 * MIB, 200 * MIB, 9000 << 30]
    assert live[0]["reckoning"].startswith("commitment holds: ")
    assert live[2]["rule"] == "commitment"


# From Python


def test_the_functions_take_libvirts_own_objects(
    xmlresource: Product, new_guest: NewGuest, tmp_path: Path
) -> None:
    guest = new_guest("python").running()
    script = tmp_path / "script.py"
    script.write_text(
        "import json, sys, libvirt\n"
        "from xmlresource.live import LIVE, get_memory_parameters, set_memory_parameters\n"
        "libvirt.registerErrorHandler(lambda *_: None, None)\n"
        "domain = libvirt.open('qemu:///system').lookupByName(sys.argv[1])\n"
        "set_memory_parameters(domain, {'hard_limit': 409600, 'min_guarantee': 1024}, LIVE)\n"
        "found = get_memory_parameters(domain, LIVE)\n"
        "theirs = domain.memoryParameters(LIVE)\n"
        "assert all(found[name] == theirs[name] for name in theirs if name != 'min_guarantee')\n"
        "try:\n    set_memory_parameters(domain, {'hard': 1}, LIVE)\n"
        "except LookupError as error:\n    found['error'] = str(error)\n"
        "domain.destroy()\n"
        "try:\n    get_memory_parameters(domain, LIVE)\n"
        "except libvirt.libvirtError as error:\n    found['code'] = error.get_error_code()\n"
        "print(json.dumps(found))\n"
    )
    python = xmlresource.program.with_name("python")
    from .harness.commands import run  # noqa: PLC0415

    found = json.loads(must(run([python, script, guest.name])).stdout)
    assert (found["hard_limit"], found["min_guarantee"]) == (409600, 1024)
    assert "could not be recognized" in found["error"]
    assert found["code"] == 55  # VIR_ERR_OPERATION_INVALID
