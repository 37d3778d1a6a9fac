"""The rules: what is wrong with a document that could be read.

Each module has one subject and hands over a tuple of checks; a check takes a document and yields
diagnostics with codes of the registry (``codes``). Adding a rule: a row there, a check here, a
fixture that breaks it.
"""

from collections.abc import Callable, Iterator

from xmlresource.diagnostics import Diagnostic, Severity
from xmlresource.document import Document
from xmlresource.rules import libvirt, relations, structure, values

Check = Callable[[Document], Iterator[Diagnostic]]

CHECKS: tuple[Check, ...] = (
    *structure.CHECKS,
    *values.CHECKS,
    *relations.CHECKS,
    *libvirt.CHECKS,
)


def check(document: Document) -> list[Diagnostic]:
    """All that is wrong with the document, by place."""
    found = [diagnostic for rule in CHECKS for diagnostic in rule(document)]
    return sorted(found, key=Diagnostic.sort_key)


def errors(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """Those that keep a guest from starting."""
    return [found for found in diagnostics if found.severity is Severity.ERROR]
