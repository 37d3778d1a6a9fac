"""``status --connect``: what libvirt tells of the guests of a host, also from afar.

What is promised, what has drifted and who waits for memory, that host's kernel and files tell, and
nobody else.
"""

from xmlresource.document import Document
from xmlresource.operations.guest_policy import guest_policy
from xmlresource.record import record
from xmlresource.system.libvirt.connection import LIVE, Handle, connected
from xmlresource.units import KIB, UNLIMITED, UNLIMITED_KIB, Amount


@record
class LibvirtGuest:
    """A guest that runs.

    Attributes:
        name: Its name.
        uuid: Its uuid.
        guarantee: What it declares, whether it is promised or not.
        resident: What its process has of memory.
        limit: Its hard limit.
    """

    name: str
    uuid: str
    guarantee: int
    resident: int
    limit: Amount


@record
class LibvirtStatus:
    """A host and its guests, as libvirt tells.

    Attributes:
        hostname: The host.
        memory: All its memory.
        guests: The guests that run.
    """

    hostname: str
    memory: int
    guests: tuple[LibvirtGuest, ...]


def status_over(uri: str) -> LibvirtStatus:
    """The guests that libvirt tells of on the host at the other end of a connection.

    Raises:
        LibvirtError: libvirt can't be reached or refuses.
        DocumentError: A guest's definition makes no sense.
    """
    with connected(uri) as hypervisor:
        return LibvirtStatus(
            hypervisor.hostname, hypervisor.memory, tuple(map(_told, hypervisor.running()))
        )


def _told(handle: Handle) -> LibvirtGuest:
    document = Document.parse(handle.xml(LIVE).encode(), "live XML")
    limit = handle.parameters(LIVE).get("hard_limit", UNLIMITED_KIB)
    return LibvirtGuest(
        name=handle.name,
        uuid=handle.uuid,
        guarantee=guest_policy(document).declared.guarantee,
        resident=handle.memory_statistics().get("rss", 0) * KIB,
        limit=UNLIMITED if limit == UNLIMITED_KIB else limit * KIB,
    )
