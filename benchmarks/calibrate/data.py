"""The stored measurements, and the X that each of them shows."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent.parent)]

from xmlresource.document import Document  # noqa: E402
from xmlresource.document.domain import read_domain  # noqa: E402
from xmlresource.model.domain import Domain  # noqa: E402
from xmlresource.overhead.guest_ram import ram_of  # noqa: E402
from xmlresource.overhead.subjects import TB_CACHE  # noqa: E402

# Those that the table is fitted to are kept; one's own go elsewhere.
MEASUREMENTS = Path(os.environ.get("XMLRESOURCE_MEASUREMENTS") or HERE / "measurements")


@dataclass(frozen=True, slots=True)
class Shown:
    """What one guest was charged beyond RAM in one state, page cache left out; bytes."""

    qemu: int  # anonymous and shared memory of the emulator, the translation cache left out
    translation_cache: int
    kernel: int
    helper: int

    @property
    def total(self) -> int:
        """X."""
        return self.qemu + self.translation_cache + self.kernel + self.helper


@dataclass(frozen=True, slots=True)
class Measured:
    """One measured guest."""

    name: str
    domain: Domain
    activity: str
    idle: Shown
    active: Shown | None
    workload: str = "tried"
    peak: int | None = None  # the most of X while it came up; known through libvirt alone

    @property
    def domain_cache(self) -> int:
        """The size of its translation cache."""
        return self.domain.tb_cache or TB_CACHE


def load(name: str) -> list[Measured]:
    """The set of measurements called ``name``."""
    content = json.loads((MEASUREMENTS / f"{name}.json").read_text())
    return [_measured(guest) for guest in content["guests"]]


def has(name: str) -> bool:
    """Whether the set ``name`` was measured."""
    return (MEASUREMENTS / f"{name}.json").exists()


def host(name: str) -> dict[str, Any]:
    """What the set ``name`` was measured on."""
    found: dict[str, Any] = json.loads((MEASUREMENTS / f"{name}.json").read_text())["host"]
    return found


def _measured(guest: dict[str, Any]) -> Measured:
    # Which files an image stands on only libvirt knows: where it was there, as it saw them.
    text = guest["live"] if "chain-" in guest["xml"] else guest["xml"]
    domain = read_domain(Document.parse(text.encode()).root)
    beside = ram_of(domain).most + guest["idle"].get("kernel_image", 0)
    return Measured(
        name=guest["name"],
        domain=domain,
        activity=guest.get("activity", "paused"),
        idle=_shown(guest["idle"], ram_of(domain).most),
        active=_shown(guest["active"], ram_of(domain).most) if "active" in guest else None,
        workload=guest.get("workload", "tried"),
        peak=guest["peak"] - beside if "peak" in guest else None,
    )


def _shown(sample: dict[str, Any], ram: int) -> Shown:
    qemu, helper = sample["qemu"], sample["helper"]
    cache = sample["translation_cache"]
    own = qemu["rss"] + qemu["shmem"] - ram - sample.get("kernel_image", 0)
    return Shown(
        qemu=own - cache,
        translation_cache=cache,
        kernel=qemu["kmem"],
        helper=helper["rss"] + helper["shmem"] + helper["kmem"],
    )
