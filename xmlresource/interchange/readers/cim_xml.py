"""Instances of CIM_ResourceAllocationSettingData in CIM-XML (DSP0201), as WBEM servers write them.

An instance of the CIM class itself is taken to count host memory, all that is charged, as its
definition has it; those of vendors' classes (``Msvm_MemorySettingData``) count guest RAM.
"""

from fractions import Fraction
from typing import Final

from xmlresource.document.tree import Element
from xmlresource.interchange.allocation import (
    NO_MEMORY,
    NO_PROCESSOR,
    Allocation,
    Basis,
    LeftOut,
    ResourceType,
    SourceGuest,
    SourceValue,
    Unit,
)
from xmlresource.interchange.allocation_units import UnitError, parse_allocation_unit
from xmlresource.interchange.errors import source_error
from xmlresource.interchange.readers.ovf import child_of, setting_of, text_of
from xmlresource.printable import printable
from xmlresource.record import replace

CIM_CLASS: Final = "CIM_ResourceAllocationSettingData"
_FRACTION_CPU: Final = Fraction(1, 100)
_DEFAULTS: Final = {ResourceType.MEMORY: "byte", ResourceType.PROCESSOR: "count"}
_USUAL_WEIGHT: Final = Fraction(100)
_RESOURCES: Final = {str(one.value): one for one in ResourceType}


def read_cim_xml(root: Element) -> tuple[SourceGuest, ...]:
    """The guest that instances describe; none where no instance is an allocation.

    Raises:
        SourceError: A value can't be read (XR803).
    """
    instances = [
        one
        for one in root.descendants()
        if one.local == "INSTANCE"
        and one.attributes.get("CLASSNAME", "").endswith("SettingData")
        and "ResourceType" in _properties(one)
    ]
    if not instances:
        return ()
    found: dict[ResourceType, Allocation] = {}
    storage, left_out = [], []
    for instance in instances:
        given = _properties(instance)
        resource = _RESOURCES.get(text_of(given["ResourceType"]))
        if resource is ResourceType.STORAGE:
            storage.append(_disk(given))
        elif resource is None or resource in found:
            name, line = instance.attributes["CLASSNAME"], _line(instance)
            reason = "it is none of memory, processors or storage, or a second one of its kind"
            left_out.append(LeftOut(name, "", line, reason, is_loss=_says_something(given)))
        else:
            found[resource] = _allocation(given, resource)
    classes = {one.attributes["CLASSNAME"] for one in instances}
    names = [text_of(_properties(one).get("Caption")) for one in instances]
    return (
        SourceGuest(
            name=next(filter(None, names), ""),
            product="CIM-XML",
            path=root.source.name,
            basis=Basis.CHARGED if classes == {CIM_CLASS} else Basis.GUEST_RAM,
            memory=found.get(ResourceType.MEMORY, NO_MEMORY),
            processor=found.get(ResourceType.PROCESSOR, NO_PROCESSOR),
            storage=tuple(storage),
            left_out=tuple(left_out),
        ),
    )


def _says_something(given: dict[str, Element]) -> bool:
    return any(text_of(given.get(name)) for name in ("Reservation", "Limit", "Weight"))


def _disk(given: dict[str, Element]) -> Allocation:
    return Allocation(
        ResourceType.STORAGE,
        weight=_weight(given),
        usual_weight=_USUAL_WEIGHT,
        device=text_of(given.get("ElementName")),
    )


def _properties(instance: Element) -> dict[str, Element]:
    """The values of an instance's properties, by name."""
    return {
        one.attributes.get("NAME", ""): value
        for one in instance.children
        if one.local == "PROPERTY" and (value := child_of(one, "VALUE")) is not None
    }


def _allocation(given: dict[str, Element], resource: ResourceType) -> Allocation:
    unit = _unit(given, resource)
    is_memory = resource is ResourceType.MEMORY
    vcpus = (Unit.COUNT, Fraction(1), "")
    seen = _unit(given, resource, "VirtualQuantityUnits") if is_memory else vcpus
    return Allocation(
        resource,
        quantity=_named(given, "VirtualQuantity", seen),
        reservation=_named(given, "Reservation", unit),
        limit=_named(given, "Limit", unit),
        weight=_weight(given),
        usual_weight=_USUAL_WEIGHT,
    )


def _weight(given: dict[str, Element]) -> SourceValue | None:
    weight = _named(given, "Weight", (Unit.WEIGHT, Fraction(1), ""))
    if weight is None:
        return None
    return replace(weight, is_default=weight.amount == _USUAL_WEIGHT)


def _unit(
    given: dict[str, Element], resource: ResourceType, said_by: str = "AllocationUnits"
) -> tuple[Unit, Fraction, str]:
    """What the figures count: memory in bytes, processors in CPUs, percent of one, or hertz."""
    element = given.get(said_by, given.get("AllocationUnits"))
    written = text_of(element) or _DEFAULTS[resource]
    try:
        found = parse_allocation_unit(written)
    except UnitError as error:
        raise _bad_unit(element, str(error)) from None
    if resource is ResourceType.MEMORY and found.unit is not Unit.BYTE:
        raise _bad_unit(element, f"'{printable(written)}' measures no memory")
    if resource is ResourceType.PROCESSOR and found.unit is Unit.COUNT:
        return Unit.CPU, found.factor, written
    if resource is ResourceType.PROCESSOR and found.unit is Unit.PERCENT:
        return Unit.CPU, found.factor * _FRACTION_CPU, written
    return found.unit, found.factor, written


def _bad_unit(element: Element | None, problem: str) -> Exception:
    if element is None:  # pragma: no cover -- the defaults are units
        raise AssertionError(problem)
    cure = "write a unit such as byte * 2^20 or count"
    return source_error("XR803", problem, element.source.name, span=element.text_span, hint=cure)


def _named(
    given: dict[str, Element], name: str, unit: tuple[Unit, Fraction, str]
) -> SourceValue | None:
    setting = setting_of(given.get(name), unit)
    return None if setting is None else replace(setting, name=name)


def _line(element: Element) -> int:
    return element.source.position(element.start)[0]
