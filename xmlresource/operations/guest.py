"""A guest that an event of libvirt is about, and why it may be kept from starting."""

from typing import Final

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document, DocumentError
from xmlresource.errors import ExitStatus, XmlresourceError
from xmlresource.model.domain import Domain
from xmlresource.model.events import Fields
from xmlresource.model.signs import declares
from xmlresource.operations.guest_policy import GuestPolicy, concerns_us, guest_policy
from xmlresource.printable import bounded, one_line, printable
from xmlresource.promises.ledger import canonical_uuid
from xmlresource.promises.promise import Key
from xmlresource.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource.cgroup.cpu_and_io.throttled_devices import LocatedDisks

_LONGEST_LINE: Final = 1000


class RefusalError(XmlresourceError):
    """The guest must not start; the text is for who started it, its first line does alone.

    Graphical tools show that line and nothing else, so it has no more than 200 characters.

    Attributes:
        figures: What there is to count about it, for the log.
    """

    def __init__(self, status: ExitStatus, text: str, figures: Fields | None = None) -> None:
        first, *rest = text.split("\n")
        shown = bounded(first)
        # What had to be cut stands below, whole.
        whole = () if shown == first else (first,)
        super().__init__("\n".join((shown, *whole, *rest)))
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
        disks: Where the disks are that its IO policy is about; ``None`` where nobody looked yet.
    """

    name: str
    uuid: str
    domain: Domain
    policy: GuestPolicy
    document: Document
    disks: "LocatedDisks | None" = None

    @property
    def driver(self) -> str:
        """The driver of libvirt that runs it."""
        return self.domain.driver

    @property
    def key(self) -> Key:
        """Whose a promise to it is."""
        return self.driver, self.uuid

    @property
    def subject(self) -> str:
        """The beginning of each message about the guest."""
        return subject(self.name)


def subject(name: str) -> str:
    """The beginning of each message about a guest."""
    return f"xmlresource: guest '{printable(name)}'"


def read_guest(name: str, xml: bytes) -> Guest | None:
    """The guest with its policy; ``None`` for one that asks for nothing of us.

    Raises:
        RefusalError: Its definition can't be read, and holds our namespace or element.
    """
    try:
        document = Document.parse(xml)
    except DocumentError as error:
        if not declares(xml):
            return None
        raise faulty(name, [error.diagnostic]) from error
    return guest_of(name, document)


def guest_of(name: str, document: Document) -> Guest | None:
    """Make a guest of a definition that has been read already.

    Raises:
        RefusalError: It has a policy, and no uuid.
    """
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
    lines[0] = f"{subject(name)} refused: its policy is faulty: {lines[0]}"
    return RefusalError(ExitStatus.FINDINGS, "\n".join(lines), {"code": faults[0].code})


def _fault(fault: Diagnostic) -> str:
    line, column = (1, 1) if fault.span is None else (fault.span.line, fault.span.column)
    return f"live XML:{line}:{column}: {fault.code} {fault.message}; {fault.hint}"
