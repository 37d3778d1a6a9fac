"""CIM_ResourceAllocationSettingData as CIM-XML (DSP0201): memory, processors and disks of a guest.

A declaration of instances, as WBEM tools read it; each ``<INSTANCE>`` by itself is what
``DefineSystem`` and ``AddResourceSettings`` take as an embedded instance. Figures of memory are
our own, all that is charged; "no limit" is said by leaving the property out.
"""

from collections.abc import Iterator
from math import gcd
from typing import Final

from xmlresource.formats.quantities import format_quantity
from xmlresource.formats.xml_text import NewElement
from xmlresource.interchange.allocation import ResourceType
from xmlresource.interchange.allocation_units import byte_unit
from xmlresource.interchange.outcomes import Fate
from xmlresource.interchange.readers.cim_xml import CIM_CLASS
from xmlresource.interchange.writers.exported import (
    NO_LIMIT,
    Exported,
    ExportedValue,
    without_attributes,
)
from xmlresource.interchange.writers.processor_words import processor_values
from xmlresource.interchange.writers.xml_output import as_document
from xmlresource.model.cpu import CpuPolicy
from xmlresource.model.domain import Domain
from xmlresource.model.io import IoPolicy
from xmlresource.model.policy import MemoryPolicy
from xmlresource.tunables import Quantity
from xmlresource.units import Unlimited, format_amount

_NO_CPU: Final = CpuPolicy()
_NO_IO: Final = IoPolicy()

# CIM's type of each property (the MOF of CIM_ResourceAllocationSettingData).
_TYPES: Final = {
    "AllocationUnits": "string",
    "Caption": "string",
    "ElementName": "string",
    "InstanceID": "string",
    "Limit": "uint64",
    "Reservation": "uint64",
    "ResourceType": "uint16",
    "VirtualQuantity": "uint64",
    "VirtualQuantityUnits": "string",
    "Weight": "uint32",
}
_PROPERTIES: Final = {"min_guarantee": "Reservation", "hard_limit": "Limit"}


def write_rasd(
    policy: MemoryPolicy,
    domain: Domain | None,
    cpu: CpuPolicy = _NO_CPU,
    io: IoPolicy = _NO_IO,
) -> Exported:
    """The allocation settings of a guest.

    Args:
        policy: Its policy of memory.
        domain: Its definition; ``None`` where there is only the policy.
        cpu: Its policy of CPU time.
        io: Its policy of IO; a share is the weight of each disk.
    """
    figures: dict[str, int] = {}
    values = []
    for name, amount in policy.items():
        if isinstance(amount, Unlimited):
            values.append(ExportedValue(name, amount, Fate.TAKEN, reason=NO_LIMIT))
        elif name in _PROPERTIES:
            figures[_PROPERTIES[name]] = amount
            written = f"{_PROPERTIES[name]} {format_amount(amount)}"
            values.append(ExportedValue(name, amount, Fate.TAKEN, written))
        else:
            reason = "CIM has no property for it"
            values.append(ExportedValue(name, amount, Fate.DROPPED, reason=reason))
    disks = [] if domain is None else list(_disks(domain))
    words = {
        "cpu_hard_limit": lambda amount: f"Limit {format_quantity(Quantity.CPUS, amount)}",
        "cpu_min_guarantee": lambda amount: f"Reservation {format_quantity(Quantity.CPUS, amount)}",
        "cpu_share": lambda amount: f"Weight {amount} of the processors",
        **({"io_share": lambda amount: f"Weight {amount} of each disk"} if disks else {}),
    }
    values += processor_values(cpu, io, words, {"io_share": "the guest has no disk to have it"})
    instances = _instances(figures, domain, _processor(cpu, domain), io.share)
    declared = NewElement("DECLGROUP", children=tuple(map(_object, instances)))
    root = NewElement(
        "CIM",
        (("CIMVERSION", "2.0"), ("DTDVERSION", "2.0")),
        (NewElement("DECLARATION", children=(declared,)),),
    )
    return Exported(as_document(root), (*values, *without_attributes(policy)))


def _instances(
    figures: dict[str, int],
    domain: Domain | None,
    processor: dict[str, str],
    io_share: int | None,
) -> Iterator[dict[str, str]]:
    name = "guest" if domain is None else domain.name
    memory = dict(figures)
    if domain is not None and domain.memory is not None:
        memory["VirtualQuantity"] = domain.memory
    if memory:
        step = gcd(*memory.values())
        number, unit = byte_unit(step)
        units = {"AllocationUnits": unit}
        if "VirtualQuantity" in memory:
            units["VirtualQuantityUnits"] = unit
        sizes = {key: str(size // step * number) for key, size in memory.items()}
        yield _settings(name, "memory", ResourceType.MEMORY, {**units, **sizes})
    if processor:
        yield _settings(name, "processor", ResourceType.PROCESSOR, processor)
    weight = {} if io_share is None else {"Weight": str(io_share)}
    for target in [] if domain is None else _disks(domain):
        given = {"ElementName": target, **weight}
        yield _settings(name, f"disk/{target}", ResourceType.STORAGE, given)


def _processor(cpu: CpuPolicy, domain: Domain | None) -> dict[str, str]:
    """The settings of the processors: CPUs in thousandths, which is a tenth of a percent of one."""
    given: dict[str, str] = {}
    if domain is not None:
        given |= {"VirtualQuantity": str(domain.vcpus), "VirtualQuantityUnits": "count"}
    bounds = {"Limit": cpu.hard_limit, "Reservation": cpu.min_guarantee}
    given |= {name: str(bound) for name, bound in bounds.items() if isinstance(bound, int)}
    if cpu.share is not None:
        given["Weight"] = str(cpu.share)
    return {"AllocationUnits": "percent / 10", **given} if given else {}


def _disks(domain: Domain) -> Iterator[str]:
    """The targets of a guest's disks."""
    for device in domain.devices:
        target = device.attributes.get("target/@dev")
        if device.kind == "disk" and target and device.attributes.get("device") in {None, "disk"}:
            yield target


def _settings(
    name: str, part: str, resource: ResourceType, given: dict[str, str]
) -> dict[str, str]:
    return {
        "Caption": name,
        "ElementName": part,
        "InstanceID": f"xmlresource:{name}/{part}",  # an organisation, then what it likes
        "ResourceType": str(resource.value),
        **given,
    }


def _object(given: dict[str, str]) -> NewElement:
    properties = tuple(
        NewElement(
            "PROPERTY",
            (("NAME", name), ("TYPE", _TYPES[name])),
            (NewElement("VALUE", text=given[name]),),
        )
        for name in sorted(given)
    )
    instance = NewElement("INSTANCE", (("CLASSNAME", CIM_CLASS),), properties)
    return NewElement("VALUE.OBJECT", children=(instance,))
