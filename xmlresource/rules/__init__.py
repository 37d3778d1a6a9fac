"""The rules: what is wrong with a document that could be read.

Each module has one subject and hands over a tuple of checks; a check takes a document and yields
diagnostics with codes of the registry (``codes``). Adding a rule: a row there, a check here, a
fixture that breaks it.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, TypeAlias

from xmlresource.diagnostics import Diagnostic, Severity
from xmlresource.document import Document
from xmlresource.rules import bounds, drivers, relations, structure, values

MOST_FINDINGS: Final = 100
"""Of one document and one check; who mends so many sees the rest then."""

Check: TypeAlias = Callable[[Document], Iterator[Diagnostic]]

_DECISIVE: Final[tuple[Check, ...]] = (
    *structure.CHECKS,
    *values.CHECKS,
    *relations.CHECKS,
    *drivers.CHECKS,
)


def check(document: Document) -> list[Diagnostic]:
    """All findings in the document, by place."""
    # The hook asks for errors alone and never pays for the table of overheads.
    from xmlresource.rules import cgroup_v2, impossible_sizes, sizing  # noqa: PLC0415

    more = (*sizing.CHECKS, *impossible_sizes.CHECKS, *cgroup_v2.CHECKS)
    return _run(document, (*bounds.CHECKS, *_DECISIVE, *more, *_about_cpu_and_io(document)))


def errors(document: Document) -> list[Diagnostic]:
    """The errors that keep a guest from starting, by place."""
    beyond = _run(document, bounds.CHECKS)
    if beyond:  # refused by then, and other starts wait
        return beyond
    found = _run(document, (*_DECISIVE, *_about_cpu_and_io(document)))
    return [diagnostic for diagnostic in found if diagnostic.severity is Severity.ERROR]


def _about_cpu_and_io(document: Document) -> tuple[Check, ...]:
    """The checks of ``<cpu>`` and ``<io>``, which few documents have."""
    if not document.cpu_io_blocks:
        return ()
    from xmlresource.rules.cpu_and_io import (  # noqa: PLC0415
        block_structure,
        device_faults,
        libvirts_own,
        quantity_faults,
        quantity_relations,
    )

    return (
        *block_structure.CHECKS,
        *quantity_faults.CHECKS,
        *device_faults.CHECKS,
        *quantity_relations.CHECKS,
        *libvirts_own.CHECKS,
    )


def _run(document: Document, checks: tuple[Check, ...]) -> list[Diagnostic]:
    found = [one for rule in checks for one in islice(rule(document), MOST_FINDINGS)]
    return sorted(found, key=Diagnostic.sort_key)
