"""Sizing: the policy against what the guest, with its emulator, needs."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document
from xmlresource.document.forms import Declaration, domain_element
from xmlresource.model.domain import QEMU_TYPES
from xmlresource.overhead import Overhead, estimate
from xmlresource.overhead.locked import unseen_by_libvirt
from xmlresource.overhead.subjects import LXC_TYPES
from xmlresource.rules.diagnosis import at
from xmlresource.rules.impossible_sizes import LEAST_CONTAINER
from xmlresource.tunables import Form
from xmlresource.units import approximate, format_amount


def hard_limit_too_near(document: Document) -> Iterator[Diagnostic]:
    """XR501: less than the guest's RAM and what QEMU is expected to need besides."""
    found = _sized(document, "hard_limit")
    overhead = None if found is None else _overhead(document)
    if found is None or overhead is None:
        return
    declaration, limit = found
    if _cant_be_meant(overhead, limit):
        return
    # Below the worst case is a risk that may be meant; below what is expected is a mistake.
    message = overhead.objection(limit) if overhead.is_near(limit) else None
    if message is not None:
        best = overhead.hard_limit_for(memtune=_is_in_memtune(document, "hard_limit"))
        hint = None if best is None else f"recommended is {format_amount(best)}"
        span = declaration.element.text_span
        yield at("XR501", declaration.element, message, span=span, hint=hint)


def guarantee_beyond_use(document: Document) -> Iterator[Diagnostic]:
    """XR502: more than the guest can ever use. XR311 is that of a container."""
    if document.domain is not None and document.domain.type == "lxc":
        return
    found = _sized(document, "min_guarantee")
    overhead = None if found is None else _overhead(document)
    if found is None or overhead is None:
        return
    declaration, guarantee = found
    most = overhead.ram + overhead.total.worst
    if guarantee > most:
        message = (
            f"min_guarantee ({format_amount(guarantee)}) is more than the guest can use "
            f"({approximate(most)} with all overhead)"
        )
        span = declaration.element.text_span
        yield at("XR502", declaration.element, message, span=span)


def hard_limit_below_locked(document: Document) -> Iterator[Diagnostic]:
    """XR403: libvirt makes RLIMIT_MEMLOCK of memtune's hard limit, and more is locked."""
    for found in document.declarations:
        limit = found.amount
        is_limit = found.form is Form.MEMTUNE and found.tunable.name == "hard_limit"
        if not is_limit or not isinstance(limit, int):
            continue
        overhead = _overhead(document)
        if overhead is None:
            return
        message = overhead.locked.objection(limit, overhead.locked.expected)
        best = overhead.hard_limit
        if message and best is not None and not _cant_be_meant(overhead, limit):
            cure = "declare it in <metadata>, where it bounds no locked memory"
            hint = f"raise it to {format_amount(best)}, or {cure}"
            span = found.element.text_span
            yield at("XR403", found.element, message, span=span, hint=hint)
        return


def locked_memory_unseen(document: Document) -> Iterator[Diagnostic]:
    """XR405: libvirt makes the limit of locked memory of what it knows."""
    if document.domain is None or unseen_by_libvirt(document.domain) is None:
        return
    if isinstance(document.policy_in(Form.MEMTUNE).hard_limit, int):
        return  # then that is the limit, and XR403 judges it
    overhead, domain = _overhead(document), domain_element(document.root)
    if overhead is None or domain is None or overhead.locked.unseen is None:
        return
    locked = overhead.locked
    allows = "leaves the limit of locked memory as it is on the host"
    if isinstance(locked.rule, int):
        allows = f"allows {approximate(locked.rule)} of locked memory"
    message = (
        f"{locked.unseen}: it {allows}, and {approximate(locked.needs)} are locked by "
        f"{locked.words}"
    )
    best = format_amount(locked.memtune)
    yield at("XR405", domain, message, hint=f"set <hard_limit> in <memtune> to {best}")


def _cant_be_meant(overhead: Overhead, limit: int) -> bool:
    """Whether XR503 speaks of it: one slip is one finding."""
    return limit < max(overhead.total.idle, LEAST_CONTAINER)


def _is_in_memtune(document: Document, name: str) -> bool:
    return any(
        found.form is Form.MEMTUNE and found.tunable.name == name and found.amount is not None
        for found in document.declarations
    )


def _sized(document: Document, name: str) -> tuple[Declaration, int] | None:
    """The declaration of a tunable that counts and is a size."""
    for found in document.declarations:
        if found.tunable.name == name and isinstance(found.amount, int):
            return found, found.amount
    return None


@lru_cache(maxsize=1)  # the checks ask in turn about one document
def _overhead(document: Document) -> Overhead | None:
    """The guest's overhead; ``None`` where nothing is known of it: its RAM, what runs it."""
    if document.domain is None or document.domain.memory is None:
        return None
    if document.domain.type not in QEMU_TYPES | LXC_TYPES:
        return None
    overhead = estimate(document.domain)
    return overhead if overhead.hard_limit is not None else None


CHECKS: Final = (
    hard_limit_too_near,
    guarantee_beyond_use,
    hard_limit_below_locked,
    locked_memory_unseen,
)
