"""cgroup v2: what libvirt's own limits and weights become there, which is not what they say.

libvirt writes the numbers of ``<memtune>``, ``<cputune>`` and ``<blkiotune>`` as they are, made for
cgroup v1 (vircgroupv2.c). docs/memtune-v2.md tells each with its cure. Where a guest will run is
not in the document, so these are warnings, and each says that it is about cgroup v2.
"""

from collections.abc import Iterator
from typing import Final

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document
from xmlresource.document.forms import domain_element
from xmlresource.document.tree import Element
from xmlresource.model.domain import QEMU_TYPES
from xmlresource.overhead import estimate
from xmlresource.rules.diagnosis import at
from xmlresource.tunables import Form
from xmlresource.units import Amount, approximate, format_amount

_LXC: Final = "lxc"
_DRIVERS: Final = QEMU_TYPES | {_LXC}

# The kernel's defaults (cpu.shares of v1, cpu.weight of v2), and what v2 takes.
_SHARES: Final = 1024
_WEIGHT: Final = 100
_MOST_WEIGHT: Final = 10000
# Less than half of v1's default may well be a weight that is meant for v2.
_MADE_FOR_V1: Final = 512
_LEAST_SHARES: Final = 2

# What every controller takes: blkio.weight of v1 (10 since Linux 2.6.39), io.bfq.weight of v2.
_BLOCK_WEIGHTS: Final = range(10, 1001)


def soft_limit_throttles(document: Document) -> Iterator[Diagnostic]:
    """XR411: a soft limit in memtune becomes memory.high, which acts whatever the host has free."""
    domain = document.domain
    soft = document.policy_in(Form.MEMTUNE).soft_limit
    if domain is None or domain.type not in QEMU_TYPES or not isinstance(soft, int):
        return
    overhead = estimate(domain)
    used = overhead.ram_at_start + overhead.total.expected
    if domain.memory is None or soft >= used:
        return
    message = (
        f"on cgroup v2 soft_limit becomes memory.high: at {approximate(soft)}, of the "
        f"{approximate(used)} that the guest takes, it is slowed down on an idle host, too"
    )
    yield _at("XR411", document, "soft_limit", message)


def swap_unsubtracted(document: Document) -> Iterator[Diagnostic]:
    """XR412: swap_hard_limit counts memory and swap, memory.swap.max swap alone."""
    domain, memtune = document.domain, document.policy_in(Form.MEMTUNE)
    total, hard = memtune.swap_hard_limit, memtune.hard_limit
    if domain is None or domain.type not in _DRIVERS or not isinstance(total, int):
        return
    if document.policy_in(Form.METADATA).swap_hard_limit is not None:
        return  # the hook writes the file after libvirt
    message = (
        f"on cgroup v2 swap_hard_limit becomes memory.swap.max as it is: {_allowed(total, hard)}"
    )
    yield _at("XR412", document, "swap_hard_limit", message)


def cpu_shares(document: Document) -> Iterator[Diagnostic]:
    """XR413: shares become cpu.weight unconverted."""
    found = _number_at(document, "cputune", "shares")
    if found is None:
        return
    element, shares = found
    if shares < _LEAST_SHARES:
        message = f"shares of {shares} are refused by libvirt before 9.1; cgroup v1 makes 2 of them"
    elif shares > _MOST_WEIGHT:
        message = f"on cgroup v2 the start fails: shares of {shares} are above {_MOST_WEIGHT}"
    elif shares >= _MADE_FOR_V1:
        message = (
            f"on cgroup v2 shares of {shares} become a weight of {shares}, "
            f"{shares / _WEIGHT:.4g} times the default; on v1 they are "
            f"{shares / _SHARES:.4g} times the default"
        )
    else:
        return
    yield at("XR413", element, message, span=element.text_span)


def block_weights(document: Document) -> Iterator[Diagnostic]:
    """XR414: a weight that one of the controllers refuses."""
    found = _number_at(document, "blkiotune", "weight")
    if found is not None and found[1] not in _BLOCK_WEIGHTS:
        element, weight = found
        message = (
            f"a weight of {weight} is refused by some kernels: cgroup v1 takes 10 to 1000, "
            "io.bfq.weight of cgroup v2 1 to 1000, io.weight 1 to 10000"
        )
        yield at("XR414", element, message, span=element.text_span)


def _allowed(total: int, hard: Amount | None) -> str:
    if not isinstance(hard, int):
        return f"{format_amount(total)} of swap besides all memory"
    return (
        f"{format_amount(total)} of swap besides {format_amount(hard)} of memory, "
        f"{format_amount(total + hard)} together"
    )


def _at(code: str, document: Document, name: str, message: str) -> Diagnostic:
    """A finding at what memtune says of a tunable."""
    element = next(
        found.element
        for found in document.declarations
        if (found.form, found.tunable.name) == (Form.MEMTUNE, name) and found.amount is not None
    )
    return at(code, element, message, span=element.text_span)


def _number_at(document: Document, *path: str) -> tuple[Element, int] | None:
    """An element of a guest that libvirt runs in cgroups, and the number that it says."""
    domain = domain_element(document.root)
    if domain is None or document.domain is None or document.domain.type not in _DRIVERS:
        return None
    element = domain.find(*path)
    text = "" if element is None else element.text.strip()
    longest = 9
    if element is None or not (text.isascii() and text.isdigit() and len(text) <= longest):
        return None
    return element, int(text)


CHECKS: Final = (soft_limit_throttles, swap_unsubtracted, cpu_shares, block_weights)
