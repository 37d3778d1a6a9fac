"""Check documents against the rules."""

from collections.abc import Iterable, Sequence

from xmlresource.diagnostics import Diagnostic, Severity
from xmlresource.document import DocumentError
from xmlresource.exit_status import ExitStatus
from xmlresource.operations.reading import read_document
from xmlresource.record import record
from xmlresource.rules import check
from xmlresource.system import documents


@record
class Validation:
    """What validating found.

    Attributes:
        files: How many documents were looked at.
        diagnostics: What is wrong with them, by file as given, then by place.
    """

    files: int
    diagnostics: tuple[Diagnostic, ...]

    def count(self, severity: Severity) -> int:
        """How many findings are of ``severity``."""
        return sum(found.severity is severity for found in self.diagnostics)

    @property
    def exit_status(self) -> ExitStatus:
        """Unreadable input outweighs errors; warnings alone are fine."""
        if any(found.code == "XR001" for found in self.diagnostics):
            return ExitStatus.USAGE
        return ExitStatus.FINDINGS if self.count(Severity.ERROR) else ExitStatus.FINE


def validate(
    paths: Iterable[str], *, select: Sequence[str] = (), ignore: Sequence[str] = ()
) -> Validation:
    """Check documents: files, folders (all ``*.xml`` in them), ``-`` for standard input.

    Args:
        paths: What to check.
        select: Report only codes that begin with one of these; all by default.
        ignore: Don't report codes that begin with one of these.

    A document that can't be read is a finding too, and the others are still checked.
    """
    names = list(documents.expand(paths))
    found = [diagnostic for name in names for diagnostic in _validate_one(name)]
    return Validation(len(names), tuple(one for one in found if _wanted(one.code, select, ignore)))


def _validate_one(path: str) -> list[Diagnostic]:
    try:
        return check(read_document(path))
    except DocumentError as error:
        return [error.diagnostic]


def _wanted(code: str, select: Sequence[str], ignore: Sequence[str]) -> bool:
    return (not select or code.startswith(tuple(select))) and not code.startswith(tuple(ignore))
