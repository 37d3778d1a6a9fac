"""The overhead of guests, from their definitions."""

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document, DocumentError
from xmlresource.errors import ExitStatus
from xmlresource.operations.named_document import (
    AnyInput,
    document_of,
    domain_of,
    name_of,
    sorted_out,
)
from xmlresource.overhead import Overhead, Total, estimate, total_of
from xmlresource.record import record
from xmlresource.rules.left_out import left_out_of_domain, left_out_of_policy
from xmlresource.system.files import document_files
from xmlresource.tunables import Form
from xmlresource.units import Amount


@record
class Estimated:
    """The estimate for one document.

    Attributes:
        path: Its name, as given.
        overhead: The estimate.
        hard_limit: What the document itself sets, where that is a size.
        left_out: What of the document can't be read, and so counts as not given.
        memtune_limit: What it sets in ``<memtune>``, which is the limit of locked memory, too.
    """

    path: str
    overhead: Overhead
    hard_limit: int | None = None
    left_out: tuple[Diagnostic, ...] = ()
    memtune_limit: Amount | None = None

    @property
    def objections(self) -> tuple[str, ...]:
        """Why the document's own limit is too low, a sentence for each reason."""
        locked, memtune = self.overhead.locked, self.memtune_limit
        found = (
            None if self.hard_limit is None else self.overhead.objection(self.hard_limit),
            locked.objection(memtune, locked.needs) if isinstance(memtune, int) else None,
        )
        return tuple(each for each in found if each is not None)

    @property
    def libvirt_allows(self) -> Amount | None:
        """The memory libvirt lets the guest lock; ``None`` where it leaves that to the host."""
        return self.overhead.locked.allowed(self.memtune_limit)


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


def overhead(*given: AnyInput) -> Estimates:
    """Estimate the memory that guests take beyond their RAM.

    Args:
        given: Files, folders (all ``*.xml`` in them), ``-`` for standard input; or documents, as
            bytes or read already, which come after the files.

    A document that can't be read, or is no domain, is a fault, and the others are still estimated.

    Raises:
        TypeError: One is neither.
    """
    paths, in_memory = sorted_out("overhead", given)
    guests, faults = [], []
    found = document_files.expand(paths).found
    wanted: list[tuple[AnyInput, bool]] = [(one.path, one.is_named) for one in found]
    for source, is_named in [*wanted, *((one, True) for one in in_memory)]:
        try:
            document = document_of(source)
            # What a folder has besides guests is nobody's fault.
            if is_named or document.is_known:
                guests.append(_estimated(name_of(source), document))
        except DocumentError as error:
            faults.append(error.diagnostic)
    # A folder is several, whatever is in it.
    alone = len(given) == 1 and all(one.is_named for one in found)
    return Estimates(tuple(guests), tuple(faults), alone)


def _estimated(path: str, document: Document) -> Estimated:
    """The estimate for one document.

    Raises:
        DocumentError: It is no domain.
    """
    limit = document.policy.hard_limit
    found = estimate(domain_of(document))
    left_out = (*left_out_of_domain(document), *left_out_of_policy(document))
    in_memtune = document.policy_in(Form.MEMTUNE).hard_limit
    size = limit if isinstance(limit, int) else None
    return Estimated(path, found, size, left_out, in_memtune)
