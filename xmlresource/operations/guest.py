"""A guest that an event of libvirt is about, and why it may be kept from starting."""

from typing import Final

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document, DocumentError
from xmlresource.errors import XmlresourceError
from xmlresource.events import Fields
from xmlresource.exit_status import ExitStatus
from xmlresource.ledger import canonical_uuid
from xmlresource.model.domain import Domain
from xmlresource.operations.guest_policy import GuestPolicy, concerns_us, guest_policy
from xmlresource.printable import one_line, printable
from xmlresource.record import record

_LXC: Final = "lxc"
_LONGEST_LINE: Final = 1000


class RefusalError(XmlresourceError):
    """The guest must not start; the text is for who started it, its first line does alone.

    Attributes:
        figures: What there is to count about it, for the log.
    """

    def __init__(self, status: ExitStatus, text: str, figures: Fields | None = None) -> None:
        super().__init__(text)
        self.exit_status = status
        self.figures: Final = figures or {}


@record
class Guest:
    """A guest with a policy.

    Attributes:
        name: Its name, as libvirt calls the hook with it.
        uuid: Its uuid, in libvirt's form.
        domain: Its definition.
        policy: Its policy.
        document: The same, as it was read.
    """

    name: str
    uuid: str
    domain: Domain
    policy: GuestPolicy
    document: Document

    @property
    def driver(self) -> str:
        """The driver of libvirt that runs it."""
        return _LXC if self.domain.type == _LXC else "qemu"

    @property
    def subject(self) -> str:
        """What a message about it begins with."""
        return subject(self.name)


def subject(name: str) -> str:
    """What a message about a guest begins with."""
    return f"xmlresource: guest '{printable(name)}'"


def read_guest(name: str, xml: bytes) -> Guest | None:
    """The guest with its policy; ``None`` for one that asks for nothing of us.

    Raises:
        RefusalError: Its definition can't be read, and it may have a policy.
    """
    try:
        document = Document.parse(xml)
    except DocumentError as error:
        raise faulty(name, [error.diagnostic]) from error
    domain = document.domain
    if domain is None or not concerns_us(document):
        return None
    uuid = canonical_uuid(domain.uuid or "")
    if uuid is None:
        text = f"{subject(name)} refused: its definition has no uuid"
        raise RefusalError(ExitStatus.FINDINGS, text)
    return Guest(name, uuid, domain, guest_policy(document), document)


def faulty(name: str, faults: list[Diagnostic]) -> RefusalError:
    """The refusal of a guest with a faulty policy: place and cure of the first fault, then all."""
    lines = [one_line(_fault(fault))[:_LONGEST_LINE] for fault in faults]
    lines[0] = f"{subject(name)} refused: its memory policy is faulty: {lines[0]}"
    return RefusalError(ExitStatus.FINDINGS, "\n".join(lines), {"code": faults[0].code})


def _fault(fault: Diagnostic) -> str:
    line, column = (1, 1) if fault.span is None else (fault.span.line, fault.span.column)
    return f"live XML:{line}:{column}: {fault.code} {fault.message}; {fault.hint}"
