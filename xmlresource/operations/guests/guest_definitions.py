"""What definitions say of running guests, as far as memory may be moved; read from files.

libvirt is not asked: it keeps a status file of each guest that runs, and its persistent definition.
Both are read again when they change: somebody redefines the guest, or its balloon moves.
"""

from typing import Final

from xmlresource.document import Document, DocumentError
from xmlresource.document.forms import domain_element
from xmlresource.operations.guest_policy import guest_policy
from xmlresource.operations.live_documents import definition
from xmlresource.promises.ledger import canonical_uuid
from xmlresource.promises.promise import Key
from xmlresource.record import record
from xmlresource.system.libvirt import guests, persistent_definitions
from xmlresource.system.libvirt.guests import RunningGuest
from xmlresource.system.machine import Machine
from xmlresource.system.state.cache_files import Identity, identity_of
from xmlresource.units import SizeError, parse_size


@record
class GuestDefinition:
    """A running guest's definition.

    Attributes:
        guest: The guest.
        key: Its driver and uuid.
        name: Its name.
        ram: All its RAM.
        current: What its balloon left it when libvirt noted it last.
        maximum: The RAM that it has when nothing is taken: what its persistent definition says,
            else all of it.
        declared: The guarantee that it declares.
        soft: The soft limit that it declares; 0 for none.
        partition: Its partition; ``None`` for libvirt's default.
        balance: What its ``<memory balance='…'>`` says; ``None`` for nothing.
        has_balloon: Whether it has a balloon device.
        reports_every: Seconds between the reports that its definition asks for; 0 for none.
    """

    guest: RunningGuest
    key: Key
    name: str
    ram: int
    current: int
    maximum: int
    declared: int
    soft: int
    partition: str | None
    balance: bool | None
    has_balloon: bool
    reports_every: int

    @property
    def lack(self) -> int:
        """The RAM that it lacks of what it has when nothing is taken."""
        return max(0, self.maximum - self.current) if self.has_balloon else 0


class GuestDefinitions:
    """The definitions of the guests that run."""

    def __init__(self, machine: Machine) -> None:
        self._machine: Final = machine
        self._known: dict[RunningGuest, tuple[object, GuestDefinition | None]] = {}

    def current(self) -> tuple[GuestDefinition, ...]:
        """Those that can be read, in the order of drivers and names.

        Raises:
            OSError: libvirt's run folder can't be read.
        """
        before, self._known = self._known, {}
        for guest in guests.running_guests(self._machine):
            identities = self._identities(guest)
            known = before.get(guest)
            if known is None or known[0] != identities:
                known = identities, _read(self._machine, guest)
            self._known[guest] = known
        return tuple(found for _, found in self._known.values() if found is not None)

    def unreadable(self) -> tuple[RunningGuest, ...]:
        """The guests whose definitions could not be read at the last look."""
        return tuple(guest for guest, (_, found) in self._known.items() if found is None)

    def _identities(self, guest: RunningGuest) -> tuple[Identity | None, Identity | None]:
        name = f"{guest.file_name}.xml"
        folders = guests.RUN_FOLDERS, persistent_definitions.FOLDERS
        live, persistent = (
            identity_of(self._machine, f"{folder[guest.driver]}/{name}") for folder in folders
        )
        return live, persistent


def _read(machine: Machine, guest: RunningGuest) -> GuestDefinition | None:
    try:
        document = definition(machine, guest)
    except OSError:
        return None
    domain = None if document is None else document.domain
    uuid = None if domain is None else canonical_uuid(domain.uuid or "")
    if document is None or domain is None or uuid is None or not domain.memory:
        return None
    policy = guest_policy(document)
    root = domain_element(document.root)
    balloon = None if root is None else root.find("devices", "memballoon")
    period = None if balloon is None else balloon.first("stats")
    current = _size_in(document, "currentMemory") or domain.memory
    wanted = _persistent(machine, guest, uuid) or domain.memory
    soft = policy.declared.soft_limit
    return GuestDefinition(
        guest=guest,
        key=(guest.driver, uuid),
        name=domain.name,
        ram=domain.memory,
        current=current,
        maximum=min(wanted, domain.memory),
        declared=policy.declared.guarantee,
        soft=soft if isinstance(soft, int) else 0,
        partition=domain.partition,
        balance=document.balance,
        has_balloon=guest.driver == "qemu"
        and balloon is not None
        and balloon.attributes.get("model") != "none",
        reports_every=_number(period.attributes.get("period")) if period is not None else 0,
    )


def _persistent(machine: Machine, guest: RunningGuest, uuid: str) -> int | None:
    """What the persistent definition gives the guest; ``None`` where it has none that says so."""
    data = persistent_definitions.read(machine, guest.driver, guest.file_name)
    if data is None:
        return None
    try:
        document = Document.parse(data, f"{guest.file_name}.xml")
    except DocumentError:
        return None
    domain = document.domain
    if domain is None or canonical_uuid(domain.uuid or "") != uuid:
        return None
    return _size_in(document, "currentMemory")


def _size_in(document: Document, name: str) -> int | None:
    root = domain_element(document.root)
    element = None if root is None else root.first(name)
    if element is None:
        return None
    try:
        size = parse_size(element.text.strip(), element.attributes.get("unit"))
    except SizeError:
        return None
    return size if isinstance(size, int) else None


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else 0
