"""What a real guest takes, beside what its definition lets expect."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from .harness.cgroups import hog, memory_cgroup, write
from .harness.commands import PLAIN_ENVIRONMENT, Result, must, run
from .harness.guests import MIB
from .harness.product import REPOSITORY

if TYPE_CHECKING:
    from .conftest import NewGuest

RAM = 64
LIMIT = RAM + 150
HOG = 20


def xmlresource(*words: str) -> Result:
    environment = {**PLAIN_ENVIRONMENT, "PYTHONPATH": str(REPOSITORY)}
    return run([sys.executable, "-m", "xmlresource", *words], environment=environment)


def measured(name: str) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(must(xmlresource("measure", "--json", name)).stdout)
    return shown


@pytest.mark.v1
def test_a_guest_is_measured_beside_its_estimate(new_guest: NewGuest) -> None:
    guest = new_guest("measured", immediate=True, memory=RAM).running()
    must(guest.virsh("suspend"))
    write(memory_cgroup(guest.process()), "memory.limit_in_bytes", LIMIT * MIB)
    shown = measured(guest.name)
    found, predicted = shown["measured"], shown["predicted"]
    # All of the RAM was touched at the start, and told apart from the emulator's memory.
    assert found["ram_known"]
    assert found["ram"] == predicted["ram"] == RAM * MIB
    # The firmware alone has run: near to idle, and no more than the worst case.
    assert found["total"] == found["qemu"] + found["kernel"] + found["helper"]
    assert found["helper"] == 0
    assert found["total"] == pytest.approx(predicted["total"]["idle"], rel=0.35)
    assert found["total"] <= predicted["total"]["worst"]
    # What was split is what the kernel has charged, but for what it has set aside in advance.
    charged = found["total"] + found["ram"] + found["page_cache"]
    assert found["charged"] == pytest.approx(charged, abs=4 * MIB)
    assert 0 < found["page_tables"] < found["kernel"]
    assert shown["hard_limit"] == LIMIT * MIB
    text = must(xmlresource("measure", guest.name)).stdout
    assert text.startswith(f"{guest.name}: overhead beyond RAM, in MiB\n")
    assert "too low: hard_limit" in text
    print(text)  # noqa: T201 -- pytest shows it where something fails
    assert shown["objection"].startswith(f"hard_limit {LIMIT} MiB leaves 150 MiB beyond RAM")


@pytest.mark.v1
def test_ram_that_is_shared_is_told_apart_too(new_guest: NewGuest) -> None:
    memfd = "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"
    guest = new_guest("shared", memfd, memory=96).running()
    alone = measured(guest.name)["measured"]
    with hog(memory_cgroup(guest.process()), HOG):
        found = measured(guest.name)["measured"]
    assert found["ram_known"]
    assert 0 < found["ram"] <= 96 * MIB
    # Another process in the cgroup counts as a helper, whatever it is, and as nothing else.
    assert alone["helper"] == 0
    assert found["helper"] >= HOG * MIB
    assert found["qemu"] == pytest.approx(alone["qemu"], rel=0.1)


def test_a_guest_that_does_not_run_is_no_guest() -> None:
    result = xmlresource("measure", "xre2e-nobody")
    assert result.status == 2
    assert "no guest 'xre2e-nobody' runs" in result.stderr
