"""The kinds of documents that libvirt has, told by their root element.

For each: the schema in libvirt's folder, and where guests are in it. A document of any other root
is somebody else's, unless it is a bare fragment of ours.
"""

from typing import Final

from xmlresource.record import record


@record
class DocumentKind:
    """One kind of document.

    Attributes:
        root: The name of its root element.
        schema: The schema's file.
        inside: Of a status file, which libvirt keeps in /run and has no schema for, the element
            that the schema is about; ``None`` where it is about the root.
        guests: The children of the root that define a guest.
    """

    root: str
    schema: str
    inside: str | None = None
    guests: tuple[str, ...] = ()


_DOMAIN: Final = "domain"
DOMAIN: Final = DocumentKind(_DOMAIN, "domain.rng")

_KINDS: Final = (
    DOMAIN,
    DocumentKind("inactiveDomain", "inactiveDomain.rng"),
    DocumentKind("domstatus", "domain.rng", _DOMAIN, (_DOMAIN,)),
    DocumentKind("domainsnapshot", "domainsnapshot.rng", None, (_DOMAIN, "inactiveDomain")),
    DocumentKind("domaincheckpoint", "domaincheckpoint.rng", None, (_DOMAIN,)),
    DocumentKind("domainbackup", "domainbackup.rng"),
    DocumentKind("domainCapabilities", "domaincaps.rng"),
    DocumentKind("capabilities", "capability.rng"),
    DocumentKind("cpu", "cpu.rng"),
    DocumentKind("network", "network.rng"),
    DocumentKind("networkstatus", "network.rng", "network"),
    DocumentKind("networkport", "networkport.rng"),
    DocumentKind("interface", "interface.rng"),
    DocumentKind("device", "nodedev.rng"),
    DocumentKind("filter", "nwfilter.rng"),
    DocumentKind("filterbinding", "nwfilterbinding.rng"),
    DocumentKind("filterbindingstatus", "nwfilterbinding.rng", "filterbinding"),
    DocumentKind("secret", "secret.rng"),
    DocumentKind("pool", "storagepool.rng"),
    DocumentKind("poolstate", "storagepool.rng", "pool"),
    DocumentKind("storagepoolCapabilities", "storagepoolcaps.rng"),
    DocumentKind("volume", "storagevol.rng"),
)

KINDS: Final = {kind.root: kind for kind in _KINDS}
"""All kinds, by the name of the root element."""
