"""OVF descriptors, 1.x and 2.0 (DSP0243), and oVirt's own kind of them.

A descriptor has virtual systems, alone or in collections; each has a hardware section of items,
which are CIM_ResourceAllocationSettingData. Items may belong to deployment options
(``ovf:configuration``) or be the bounds of a range (``ovf:bound``); VMware's settings that CIM has
no place for are ``vmw:Config`` and ``vmw:ExtraConfig``. oVirt puts one ``<Content>`` in the place
of the virtual system, with the guarantee in ``<MinAllocatedMem>``.

What is taken is told by local names: producers differ in the namespaces of the same elements.
"""

from collections.abc import Iterator
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
from xmlresource.interchange.readers.text_source import amount_of
from xmlresource.interchange.readers.vmx import USUAL_CPU_SHARES, USUAL_MEMORY_SHARES
from xmlresource.printable import printable
from xmlresource.record import replace
from xmlresource.units import Unlimited

ENVELOPE: Final = "http://schemas.dmtf.org/ovf/envelope/"
_NIL: Final = "http://www.w3.org/2001/XMLSchema-instance nil"
_ITEMS: Final = frozenset({"Item", "StorageItem", "EthernetPortItem"})
_DISKS: Final = frozenset({"17", "19", "31"})
_RESERVE_ALL: Final = frozenset({"sched.mem.pin", "memoryreservationlockedtomax"})
_UNITS: Final = {ResourceType.MEMORY: "byte", ResourceType.PROCESSOR: "hertz * 10^6"}
_COUNTED: Final = frozenset({Unit.COUNT, Unit.HERTZ})
_MEGABYTES: Final = "byte * 2^20"


def read_ovf(root: Element, configuration: str | None = None) -> tuple[SourceGuest, ...]:
    """The guests of a descriptor.

    Args:
        root: Its ``<Envelope>``.
        configuration: The deployment option; by default the one that the descriptor prefers.

    Raises:
        SourceError: A value can't be read (XR803), or there is no such option (XR807).
    """
    option, notes = _option(root, configuration)
    systems = [one for one in root.descendants() if one.local in {"VirtualSystem", "Content"}]
    pools = [
        LeftOut(one.name, "a pool", _line(one), "it is a pool for several guests, and no guest's")
        for one in root.descendants()
        if one.local == "ResourceAllocationSection"
    ]
    return tuple(_SystemReader(one, option).guest(notes, tuple(pools)) for one in systems)


def attribute(element: Element, local: str) -> str | None:
    """An attribute by its local name, with or without a namespace."""
    for name, value in element.attributes.items():
        if name.rpartition(" ")[2] == local:
            return value
    return None


def text_of(element: Element | None) -> str:
    """The text of an element; empty where there is none, or it is nil."""
    if element is None or element.attributes.get(_NIL) in {"true", "1"}:
        return ""
    return element.text.strip()


def child_of(element: Element, local: str) -> Element | None:
    """The first child of that local name."""
    for child in element.children:
        if child.local == local:
            return child
    return None


def setting_of(element: Element | None, unit: tuple[Unit, Fraction, str]) -> SourceValue | None:
    """The setting that an element says; ``None`` where it says none.

    Raises:
        SourceError: It is no number (XR803).
    """
    text = text_of(element)
    if element is None or not text:
        return None
    amount = amount_of(text)
    if amount is None:
        message = f"{element.name}: '{printable(text)}' can't be read"
        raise _fault(element, message, "write a whole number, or leave the element out")
    counts, factor, word = unit
    if isinstance(amount, Unlimited):
        return SourceValue(element.name, text, _line(element), amount, counts)
    written = f"{text} {word}".strip()
    return SourceValue(element.name, written, _line(element), amount * factor, counts)


def unit_of(
    item: Element, default: str, said_by: str = "AllocationUnits"
) -> tuple[Unit, Fraction, str]:
    """The unit of an item's reservation and limit: what it counts, how much, and as written.

    Args:
        item: The item.
        default: The unit where it says none.
        said_by: What says it.

    Raises:
        SourceError: There is no such unit (XR803).
    """
    element = child_of(item, said_by)
    written = text_of(element)
    try:
        found = parse_allocation_unit(written or default)
    except UnitError as error:
        cure = "write a unit such as byte * 2^20 or hertz * 10^6"
        raise _fault(element or item, str(error), cure) from None
    return found.unit, found.factor, written or default


def _fault(element: Element, message: str, cure: str) -> Exception:
    path = element.source.name
    return source_error("XR803", message, path, span=element.text_span, hint=cure)


def _line(element: Element) -> int:
    return element.source.position(element.start)[0]


def _option(root: Element, wanted: str | None) -> tuple[str | None, tuple[str, ...]]:
    """The deployment option that counts, and what to say of it."""
    section = child_of(root, "DeploymentOptionSection")
    options = (
        [] if section is None else [one for one in section.children if one.local == "Configuration"]
    )
    names = [attribute(one, "id") or "" for one in options]
    if wanted is not None:
        if wanted in names:
            return wanted, ()
        known = ", ".join(f"'{printable(name)}'" for name in names[:20]) or "it has none"
        message = f"there is no deployment option '{printable(wanted)}': {known}"
        raise source_error("XR807", message, root.source.name, span=root.span)
    if not names:
        return None, ()
    preferred = [
        name
        for one, name in zip(options, names, strict=True)
        if attribute(one, "default") in {"true", "1"}
    ]
    chosen = (preferred or names)[0]
    others = [printable(name) for name in names if name != chosen][:20]
    beside = f"; --configuration takes {', '.join(others)}" if others else ""
    return chosen, (f"the deployment option is '{printable(chosen)}'{beside}",)


class _SystemReader:
    """The reader of one virtual system."""

    def __init__(self, system: Element, option: str | None) -> None:
        self._system = system
        self._option = option
        self._left_out: list[LeftOut] = []
        self._is_ovirt = system.local == "Content"

    def guest(self, notes: tuple[str, ...], pools: tuple[LeftOut, ...]) -> SourceGuest:
        found: dict[ResourceType, Allocation] = {}
        storage = []
        for item in self._items():
            number = text_of(child_of(item, "ResourceType"))
            if number in _DISKS:
                storage.append(self._disk(item))
            elif number in {"3", "4"}:
                resource = ResourceType(int(number))
                if resource in found:
                    name = text_of(child_of(item, "ElementName"))
                    self._leave_out(item, name, "it is a second one, and the first counts")
                else:
                    found[resource] = self._allocation(item, resource)
        memory = found.get(ResourceType.MEMORY, NO_MEMORY)
        processor = found.get(ResourceType.PROCESSOR, NO_PROCESSOR)
        memory, processor = self._completed(memory, processor)
        return SourceGuest(
            name=self._name(),
            product="oVirt's OVF" if self._is_ovirt else "OVF",
            path=self._system.source.name,
            basis=Basis.GUEST_RAM,
            memory=memory,
            processor=processor,
            storage=tuple(storage),
            left_out=(*self._left_out, *pools),
            notes=notes,
        )

    def _name(self) -> str:
        name = text_of(child_of(self._system, "Name"))
        return name or attribute(self._system, "id") or ""

    def _hardware(self) -> Iterator[Element]:
        for section in self._system.children:
            if section.local in {"VirtualHardwareSection", "Section"}:
                yield from section.children

    def _items(self) -> list[Element]:
        """The items that count, those of the deployment option before those of all."""
        chosen, others = [], []
        for item in self._hardware():
            if item.local not in _ITEMS:
                continue
            bound = attribute(item, "bound") or "normal"
            options = (attribute(item, "configuration") or "").split()
            if bound != "normal":
                kind = text_of(child_of(item, "ElementName"))
                self._leave_out(item, kind, f"it is the {printable(bound)} of a range, no value")
            elif not options:
                others.append(item)
            elif self._option in options:
                chosen.append(item)
        replaced = {text_of(child_of(item, "ResourceType")) for item in chosen}
        kept = [
            item
            for item in others
            if text_of(child_of(item, "ResourceType")) not in replaced & {"3", "4"}
        ]
        return [*chosen, *kept]

    def _allocation(self, item: Element, resource: ResourceType) -> Allocation:
        unit = unit_of(item, _UNITS[resource])
        self._check_unit(item, resource, unit)
        is_memory = resource is ResourceType.MEMORY
        seen = unit_of(item, unit[2] if is_memory else "count", "VirtualQuantityUnits")
        return Allocation(
            resource,
            quantity=setting_of(child_of(item, "VirtualQuantity"), seen),
            reservation=setting_of(child_of(item, "Reservation"), unit),
            limit=_without_zero(setting_of(child_of(item, "Limit"), unit)),
            weight=setting_of(child_of(item, "Weight"), (Unit.WEIGHT, Fraction(1), "")),
        )

    def _check_unit(
        self, item: Element, resource: ResourceType, unit: tuple[Unit, Fraction, str]
    ) -> None:
        is_memory = resource is ResourceType.MEMORY
        expected = {Unit.BYTE} if is_memory else {*_COUNTED, Unit.PERCENT}
        if unit[0] not in expected:
            message = f"AllocationUnits: '{printable(unit[2])}' measures no {resource.name.lower()}"
            cure = "write a unit such as byte * 2^20 for memory, hertz * 10^6 for processors"
            raise _fault(child_of(item, "AllocationUnits") or item, message, cure)

    def _disk(self, item: Element) -> Allocation:
        """A disk; its units are its size's, so that only the weight is of use."""
        for local in ("Reservation", "Limit"):
            element = child_of(item, local)
            text = text_of(element)
            if element is not None and text not in {"", "0", "-1"}:
                self._leave_out(element, text, "of a disk its unit is not defined")
        return Allocation(
            ResourceType.STORAGE,
            weight=setting_of(child_of(item, "Weight"), (Unit.WEIGHT, Fraction(1), "")),
            usual_weight=Fraction(1000),
            device=text_of(child_of(item, "ElementName")) or "a disk",
        )

    def _completed(
        self, memory: Allocation, processor: Allocation
    ) -> tuple[Allocation, Allocation]:
        """With what stands beside the items, and the weights judged by the guest's size."""
        for element in self._hardware():
            key = (attribute(element, "key") or "").lower()
            if element.local not in {"Config", "ExtraConfig"} or key not in _RESERVE_ALL:
                continue
            value = attribute(element, "value") or ""
            if value.lower() == "true":
                flag = SourceValue(key, value, _line(element), Fraction(1), Unit.COUNT)
                memory = replace(memory, reserve_all=flag)
        if self._is_ovirt or child_of(self._system, "MinAllocatedMem") is not None:
            memory, processor = self._ovirt(memory, processor)
        ram = memory.quantity.number if memory.quantity else None
        vcpus = processor.quantity.number if processor.quantity else None
        usual_memory = None if not ram else ram / 2**20 * USUAL_MEMORY_SHARES
        usual_cpu = USUAL_CPU_SHARES * (vcpus or Fraction(1))
        return (
            replace(memory, usual_weight=usual_memory, weight=_judged(memory.weight, usual_memory)),
            replace(processor, usual_weight=usual_cpu, weight=_judged(processor.weight, usual_cpu)),
        )

    def _ovirt(self, memory: Allocation, processor: Allocation) -> tuple[Allocation, Allocation]:
        megabytes = (Unit.BYTE, Fraction(2**20), "MB")
        weight = (Unit.WEIGHT, Fraction(1), "")
        guaranteed = setting_of(child_of(self._system, "MinAllocatedMem"), megabytes)
        shares = setting_of(child_of(self._system, "CpuShares"), weight)
        for local, reason in (
            ("MaxMemorySizeMb", "it is how far memory may be plugged in: <maxMemory>"),
            ("CpuProfileId", "what the profile limits stands in oVirt's engine alone"),
        ):
            element = child_of(self._system, local)
            if element is not None and text_of(element):
                self._leave_out(element, text_of(element), reason)
        return (
            replace(memory, reservation=guaranteed or memory.reservation),
            replace(processor, weight=shares or processor.weight),
        )

    def _leave_out(self, element: Element, written: str, reason: str) -> None:
        self._left_out.append(LeftOut(element.name, written, _line(element), reason))


def _without_zero(limit: SourceValue | None) -> SourceValue | None:
    """The limit; a limit of 0 is what vCloud writes where there is none."""
    return None if limit is not None and limit.amount == 0 else limit


def _judged(weight: SourceValue | None, usual: Fraction | None) -> SourceValue | None:
    """The weight, marked where it is what the producer writes for an ordinary guest.

    vCloud and oVirt write 0 where nobody set any.
    """
    if weight is None:
        return None
    return replace(weight, is_default=weight.amount in {0, usual})
