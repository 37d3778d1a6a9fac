"""The running guests' definitions, read from libvirt's status files.

A guest without a policy decides how large its file is. So a file is looked at by its bytes first,
no more of it is read than a document with a policy may have, and nothing here is called while the
ledger is locked.
"""

from typing import Final

from xmlresource.document import Document, DocumentError
from xmlresource.limits import MOST_POLICY_BYTES
from xmlresource.record import record
from xmlresource.system.libvirt import guests
from xmlresource.system.libvirt.guests import DoubtfulGuest, RunningGuest
from xmlresource.system.machine import Machine

# Where none of these stands there is no policy. libvirt writes the file itself, in UTF-8, and
# neither a namespace nor a name of an element with character references.
_SIGNS: Final = (b"urn:xmlresource:", b"min_guarantee")
_END: Final = b"</domstatus>"
# What libvirt notes of a guest that runs, besides its definition.
_BESIDES: Final = 1 << 20
_MOST: Final = MOST_POLICY_BYTES + _BESIDES


@record
class LiveDocument:
    """A status file as far as it could be read.

    Attributes:
        document: What could be read of it; ``None`` for nothing.
        fault: Why not all of it could be read; ``None`` where it could.
        is_ours: Whether it may declare a policy.
    """

    document: Document | None
    fault: str | None
    is_ours: bool


def live_document(machine: Machine, guest: RunningGuest | DoubtfulGuest) -> LiveDocument | None:
    """The status file of a guest, whatever it declares; ``None`` where the guest has ended.

    Raises:
        OSError: It is there and can't be read.
    """
    data = guests.status_of(machine, guest, _MOST + 1)
    return None if data is None else _read(guest, data)


def policy_document(machine: Machine, guest: RunningGuest | DoubtfulGuest) -> LiveDocument | None:
    """Read the live document of a guest that may have a policy; ``None`` for one that has none.

    Raises:
        OSError: It is there and can't be read.
    """
    data = guests.status_of(machine, guest, _MOST + 1)
    if data is None or (data.rstrip().endswith(_END) and not has_signs(data)):
        return None
    return _read(guest, data)


def definition(machine: Machine, guest: RunningGuest) -> Document | None:
    """The live definition of a guest; ``None`` where libvirt's status file can't be read.

    Raises:
        OSError: It is there and can't be read.
    """
    found = live_document(machine, guest)
    return None if found is None or found.fault is not None else found.document


def has_signs(data: bytes) -> bool:
    """Whether a policy may be declared in what libvirt wrote."""
    return any(sign in data for sign in _SIGNS)


def _read(guest: RunningGuest | DoubtfulGuest, data: bytes) -> LiveDocument:
    name = f"{guest.file_name}.xml"
    ours = has_signs(data) or not data.rstrip().endswith(_END)
    if len(data) > _MOST:
        fault = f"more than {_MOST} bytes"
    else:
        try:
            return LiveDocument(Document.parse_status(data, name), None, ours)
        except DocumentError as error:
            fault = error.diagnostic.message
    return LiveDocument(Document.parse_beginning(data[:_MOST], name), fault, ours)
