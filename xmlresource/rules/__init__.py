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
from xmlresource.rules import libvirt, relations, structure, values

MOST_FINDINGS: Final = 100
"""Of one document and one check; who mends so many sees the rest then."""

Check: TypeAlias = Callable[[Document], Iterator[Diagnostic]]

_DECISIVE: Final[tuple[Check, ...]] = (
    *structure.CHECKS,
    *values.CHECKS,
    *relations.CHECKS,
    *libvirt.CHECKS,
)


def check(document: Document) -> list[Diagnostic]:
    """All that is wrong with the document, by place."""
    # The hook asks for errors alone and never pays for the table of overheads.
    from xmlresource.rules import sizing  # noqa: PLC0415

    return _run(document, (*_DECISIVE, *sizing.CHECKS))


def errors(document: Document) -> list[Diagnostic]:
    """What keeps a guest from starting, by place."""
    found = _run(document, _DECISIVE)
    return [diagnostic for diagnostic in found if diagnostic.severity is Severity.ERROR]


def _run(document: Document, checks: tuple[Check, ...]) -> list[Diagnostic]:
    found = [one for rule in checks for one in islice(rule(document), MOST_FINDINGS)]
    return sorted(found, key=Diagnostic.sort_key)
