"""The overhead of guests, from their definitions."""

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document, DocumentError
from xmlresource.exit_status import ExitStatus
from xmlresource.operations.reading import domain_of, read_document
from xmlresource.overhead import Overhead, Total, estimate, total_of
from xmlresource.record import record
from xmlresource.system import documents


@record
class Estimated:
    """The estimate for one document.

    Attributes:
        path: Its name, as given.
        overhead: The estimate.
        hard_limit: What the document itself sets, where that is a size.
    """

    path: str
    overhead: Overhead
    hard_limit: int | None = None

    @property
    def objection(self) -> str | None:
        """Why the document's own limit is too low, in a sentence; ``None`` where nothing is."""
        return None if self.hard_limit is None else self.overhead.objection(self.hard_limit)


@record
class Estimates:
    """The estimates for several documents.

    Attributes:
        guests: Those of the documents that are domains, in the order given.
        faults: Why the others are none.
        one: A single file was named: it is about this guest, and not about a host.
    """

    guests: tuple[Estimated, ...]
    faults: tuple[Diagnostic, ...]
    one: bool

    @property
    def total(self) -> Total:
        """The sum over the guests: what a host that runs them all needs."""
        return total_of([each.overhead for each in self.guests])

    @property
    def exit_status(self) -> ExitStatus:
        """Unreadable input outweighs documents that are no domain."""
        if any(fault.code == "XR001" for fault in self.faults):
            return ExitStatus.USAGE
        return ExitStatus.FINDINGS if self.faults else ExitStatus.FINE


def overhead(*paths: str) -> Estimates:
    """What the guests defined at ``paths`` take beyond their RAM.

    Args:
        paths: Files, folders (all ``*.xml`` in them), ``-`` for standard input.

    A document that can't be read, or is no domain, is a fault, and the others are still estimated.
    """
    guests, faults = [], []
    names = tuple(documents.expand(paths))
    for path in names:
        try:
            guests.append(_estimated(path, read_document(path)))
        except DocumentError as error:
            faults.append(error.diagnostic)
    one = len(paths) == 1 and names == paths  # a folder is several, whatever is in it
    return Estimates(tuple(guests), tuple(faults), one)


def _estimated(path: str, document: Document) -> Estimated:
    """The estimate for one document.

    Raises:
        DocumentError: It is no domain.
    """
    limit = document.policy.hard_limit
    found = estimate(domain_of(document))
    return Estimated(path, found, limit if isinstance(limit, int) else None)
