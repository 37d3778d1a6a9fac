"""An OVF 1.x descriptor (DSP0243) with a guest's processors, memory and policy, and no disks.

Its items are what VMware, VirtualBox and others read: a reservation and a limit of guest RAM, to
which they add their own overhead. Memory is in MiB: several readers take it for that whatever the
unit says. The elements of an item stand in the order of the alphabet, as the schema of
CIM_ResourceAllocationSettingData has them.
"""

from typing import Final

from xmlresource.formats.xml_text import NewElement
from xmlresource.interchange.allocation import ResourceType
from xmlresource.interchange.writers.exported import Exported, RamFigures, ram_figures
from xmlresource.interchange.writers.processor_words import processor_values
from xmlresource.interchange.writers.xml_output import as_document
from xmlresource.model.cpu import CpuPolicy
from xmlresource.model.domain import Domain
from xmlresource.model.io import IoPolicy
from xmlresource.model.policy import MemoryPolicy

_MIB: Final = 2**20
_NO_CPU: Final = CpuPolicy()
_NO_IO: Final = IoPolicy()
_IN_MHZ: Final = "an OVF has MHz, and the clock of the CPUs that it goes to is not known"
_REASONS: Final = {
    "cpu_hard_limit": _IN_MHZ,
    "cpu_min_guarantee": _IN_MHZ,
    "cpu_share": "weights in an OVF are relative to the hypervisor that reads it",
    "io_share": "the descriptor has no disks",
}
_CIM: Final = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2"
_NAMESPACES: Final = (
    ("xmlns:ovf", "http://schemas.dmtf.org/ovf/envelope/1"),
    ("xmlns:rasd", f"{_CIM}/CIM_ResourceAllocationSettingData"),
    ("xmlns:vssd", f"{_CIM}/CIM_VirtualSystemSettingData"),
)


def write_ovf(
    policy: MemoryPolicy, domain: Domain, cpu: CpuPolicy = _NO_CPU, io: IoPolicy = _NO_IO
) -> Exported:
    """The descriptor of a guest."""
    names = ("rasd:Reservation", "rasd:Limit")
    figures = ram_figures(policy, domain, names, _MIB, limit_binds=False)
    root = NewElement(
        "ovf:Envelope", _NAMESPACES, (NewElement("ovf:References"), _system(domain, figures))
    )
    return Exported(as_document(root), (*figures.values, *processor_values(cpu, io, {}, _REASONS)))


def _system(domain: Domain, figures: RamFigures) -> NewElement:
    name = domain.name
    family = {"ElementName": "Virtual Hardware Family", "InstanceID": "0"}
    hardware = NewElement(
        "ovf:VirtualHardwareSection",
        children=(
            _text("ovf:Info", "Virtual hardware requirements"),
            _element("ovf:System", "vssd", {**family, "VirtualSystemIdentifier": name}),
            _element("ovf:Item", "rasd", _processor(domain)),
            _element("ovf:Item", "rasd", _memory(figures)),
        ),
    )
    info = _text("ovf:Info", "A virtual machine")
    children = (info, _text("ovf:Name", name), hardware)
    return NewElement("ovf:VirtualSystem", (("ovf:id", name),), children)


def _processor(domain: Domain) -> dict[str, str]:
    return {
        "AllocationUnits": "hertz * 10^6",
        "ElementName": f"{domain.vcpus} virtual CPU(s)",
        "InstanceID": "1",
        "ResourceType": str(ResourceType.PROCESSOR.value),
        "VirtualQuantity": str(domain.vcpus),
    }


def _memory(figures: RamFigures) -> dict[str, str]:
    ram = -(-figures.ram // _MIB)
    item = {
        "AllocationUnits": "byte * 2^20",
        "ElementName": f"{ram}MB of memory",
        "InstanceID": "2",
        "ResourceType": str(ResourceType.MEMORY.value),
        "VirtualQuantity": str(ram),
    }
    if figures.limit is not None:
        item["Limit"] = str(figures.limit // _MIB)
    if figures.reservation is not None:
        item["Reservation"] = str(-(-figures.reservation // _MIB))
    return item


def _element(name: str, prefix: str, given: dict[str, str]) -> NewElement:
    children = tuple(_text(f"{prefix}:{local}", given[local]) for local in sorted(given))
    return NewElement(name, children=children)


def _text(name: str, text: str) -> NewElement:
    return NewElement(name, text=text)
