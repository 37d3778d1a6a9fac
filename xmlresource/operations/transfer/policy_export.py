"""The command ``export``: a guest's policy in the words of another system."""

from enum import Enum

from xmlresource.errors import XmlresourceError
from xmlresource.interchange.memory_meaning import ram_of_guest
from xmlresource.interchange.writers.exported import Exported
from xmlresource.interchange.writers.ovf_descriptor import write_ovf
from xmlresource.interchange.writers.rasd import write_rasd
from xmlresource.interchange.writers.resources_block import write_resources_block
from xmlresource.interchange.writers.unit_drop_in import write_drop_in
from xmlresource.operations.named_document import AnyInput, document_of, domain_of
from xmlresource.overhead import estimate
from xmlresource.tunables import Form


class ExportError(XmlresourceError):
    """A guest can't be exported; the text says why."""


class ExportFormat(Enum):
    """What a policy is exported to."""

    RASD = "rasd"  # CIM-XML with the DMTF's allocation settings
    OVF = "ovf"  # a descriptor without disks
    SYSTEMD = "systemd"  # a drop-in for a slice
    KUBEVIRT = "kubevirt"  # a manifest of a VirtualMachine's resources


def export(document: AnyInput, to: ExportFormat) -> Exported:
    """A guest's policy in the words of another system.

    Args:
        document: The guest: its path, its bytes, or read already. ``RASD`` and ``SYSTEMD`` take a
            bare fragment, too.
        to: The format.

    Raises:
        DocumentError: It can't be read, or is no domain and the format needs one.
        ExportError: It gives no memory, which the format needs.
        TypeError: ``to`` is no format.
    """
    if not isinstance(to, ExportFormat):
        raise TypeError(f"to is an ExportFormat, such as ExportFormat.OVF, not {to!r}")
    read = document_of(document)
    cpu, io = read.cpu_policy_in(*Form), read.io_policy_in(*Form)
    if to is ExportFormat.RASD:
        return write_rasd(read.policy, read.domain, cpu, io)
    if to is ExportFormat.SYSTEMD:
        return write_drop_in(read.policy, read.domain, cpu, io)
    domain = domain_of(read)
    if not ram_of_guest(estimate(domain)):
        raise ExportError(
            f"{read.source.name}: the domain gives no memory that can be read, and {to.value} "
            "needs it; write <memory unit='GiB'>4</memory>"
        )
    write = write_ovf if to is ExportFormat.OVF else write_resources_block
    return write(read.policy, domain, cpu, io)
