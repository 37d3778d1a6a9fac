"""A guest that is to go somewhere in a fleet, from its document."""

from xmlresource.admission.demand import demand_of
from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document
from xmlresource.errors import ExitStatus, XmlresourceError
from xmlresource.fleet.fleet_admission import FleetGuest, guest_defined
from xmlresource.model.cpu import CpuPolicy
from xmlresource.operations.named_document import AnyInput, document_of, domain_of
from xmlresource.promises.ledger import canonical_uuid
from xmlresource.record import replace
from xmlresource.rules import errors
from xmlresource.tunables import Form

_PAGE = 4096


class FaultyGuestError(XmlresourceError):
    """A document with errors, which no host would start."""

    exit_status = ExitStatus.FINDINGS

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(diagnostics[0].message)
        self.diagnostics = diagnostics


class NamelessGuestError(XmlresourceError, ValueError):
    """A guest without a uuid, which nobody would know again."""


def fleet_guest(given: AnyInput, unnamed: str | None = None) -> FleetGuest:
    """The guest that a document defines, as it asks a fleet for room.

    Args:
        given: The document.
        unnamed: What to know it by where it has no uuid and needs none, for nothing is claimed.

    Raises:
        DocumentError: The document can't be read, or is no domain.
        FaultyGuestError: It has errors.
        NamelessGuestError: It has no uuid, and needs one.
    """
    document = document_of(given)
    domain = domain_of(document)
    faults = tuple(errors(document))
    if faults:
        raise FaultyGuestError(faults)
    demand = demand_of(domain, document.policy, _PAGE)
    uuid = canonical_uuid(demand.uuid) or unnamed
    if uuid is None:
        raise NamelessGuestError(
            f"guest '{demand.name}' has no <uuid>: a claim is for a guest that is known again; "
            "give it one (uuidgen)"
        )
    return guest_defined(replace(demand, uuid=uuid), domain, _cpu_policy(document))


def _cpu_policy(document: Document) -> CpuPolicy | None:
    return document.cpu_policy_in(*Form) if document.cpu_io_blocks else None
