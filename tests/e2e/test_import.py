"""A policy from VMware decides whether a real guest starts; the real virt-v2v beside our reader."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from xmlresource.operations.transfer.guest_sources import guests_of

from .harness import hooks, sandbox
from .harness.commands import PLAIN_ENVIRONMENT, must, run
from .harness.guests import MIB
from .harness.product import Product, leave_to_promise, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import NewGuest
    from .harness.daemons import Libvirt

SOURCES = Path(__file__).parents[2] / "fixtures" / "interchange" / "sources"
_CORPUS = Path("shared/corpus/import/vmx")

VMX = """.encoding = "UTF-8"
config.version = "8"
displayName = "shop"
memSize = "{ram}"
sched.mem.min = "{reserved}"
"""


@pytest.fixture(scope="module")
def hooked(libvirt: Libvirt, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product with its hooks in place."""
    before = hooks.listing()
    product = Product.install(tmp_path_factory.mktemp("product"))
    must(product("hook", "install"))
    libvirt.restart()
    yield product
    must(product("hook", "uninstall"))
    libvirt.restart()
    assert hooks.listing() == before


@pytest.fixture
def xmlresource(hooked: Product) -> Iterator[Product]:
    """The product on a host where 300 MiB can be promised and nothing is."""
    leave_to_promise(300)
    yield hooked
    sandbox.remove(sandbox.LEDGER_FOLDER)
    sandbox.remove(sandbox.CONFIGURATION)


def test_an_imported_guarantee_is_promised(
    xmlresource: Product, new_guest: NewGuest, tmp_path: Path
) -> None:
    guest = new_guest("imported")
    source = tmp_path / "shop.vmx"
    source.write_text(VMX.format(ram=64, reserved=48))
    must(xmlresource("import", source, "--into", guest.file(), "--in-place"))
    definition = sandbox.STATE / f"{guest.name}.xml"
    must(xmlresource("validate", "--domain-schema", "auto", definition))
    must(run(["virsh", "-c", guest.uri, "define", definition]))
    must(guest.start())
    guest.wait_state("running")
    promise = xmlresource.guests()[guest.name]["min_guarantee"]
    overhead = xmlresource.json("overhead", definition)["total"]["expected"]
    assert promise == 48 * MIB + -(-overhead // MIB) * MIB
    # What libvirt made of it says the same in CIM's words.
    live = tmp_path / "live.xml"
    live.write_text(guest.live_xml())
    exported = must(xmlresource("export", live, "--to", "rasd")).stdout
    assert f"<VALUE>{promise // MIB}</VALUE>" in exported


def test_an_imported_guarantee_that_does_not_fit_is_refused(
    xmlresource: Product, new_guest: NewGuest, tmp_path: Path
) -> None:
    guest = new_guest("refused", memory=512)
    source = tmp_path / "shop.vmx"
    source.write_text(VMX.format(ram=512, reserved=512))
    must(xmlresource("import", source, "--into", guest.file(), "--in-place"))
    must(run(["virsh", "-c", guest.uri, "define", sandbox.STATE / f"{guest.name}.xml"]))
    assert "300 MiB can be promised" in refusal(guest.start())
    assert guest.traces() == []


# virt-v2v


def sources() -> list[Path]:
    above = Path(__file__).resolve().parents
    folder = next((one / _CORPUS for one in above if (one / _CORPUS).is_dir()), None)
    corpus = [] if folder is None else sorted(folder.glob("v2v-*.vmx"))
    return [SOURCES / "esx-custom.vmx", SOURCES / "pinned.vmx", *corpus]


@pytest.mark.virt_v2v
@pytest.mark.parametrize("source", sources(), ids=lambda path: path.stem)
def test_virt_v2v_reads_the_same_guest_and_no_policy(source: Path, tmp_path: Path) -> None:
    """What it prints of a source is all that it will convert: sizes, and nothing of `sched.`."""
    environment = {**PLAIN_ENVIRONMENT, **os.environ}
    copy = tmp_path / source.name
    copy.write_bytes(source.read_bytes())
    # It opens the disks; what is on them it does not look at yet.
    for name in set(re.findall(r'filename = "([^"/]+\.vmdk)"', copy.read_text(), re.IGNORECASE)):
        must(run(["qemu-img", "create", "-q", "-f", "vmdk", tmp_path / name, "1M"]))
    words = ["virt-v2v", "-i", "vmx", copy, "--print-source"]
    printed = run(words, environment=environment)
    found = dict(re.findall(r"^ *([\w ]+): (.*)$", printed.stdout, re.MULTILINE))
    if "memory" not in found:
        pytest.skip(f"virt-v2v does not read it here: {printed.stderr.strip()[:200]}")
    (guest,) = guests_of(source)
    assert found["source name"] == guest.name
    assert int(found["memory"].split()[0]) == guest.ram
    assert int(found["nr vCPUs"]) == guest.vcpus
    assert "sched" not in printed.stdout
