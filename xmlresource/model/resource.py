"""All that one guest may use and must get of its host: memory, CPU time and IO.

The hook needs the policies alone, and loads none of this.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Self
from xml.etree import ElementTree as ET

from xmlresource.formats.cpu_io_elements import quantities_in
from xmlresource.formats.cpu_io_json import (
    cpu_from_json,
    cpu_to_json,
    io_from_json,
    io_to_json,
)
from xmlresource.formats.cpu_io_text import block_elements
from xmlresource.formats.elements import built
from xmlresource.formats.misuse import check_form
from xmlresource.formats.quantity_names import QuantityName
from xmlresource.formats.xml_text import (
    PREFIX,
    XmlStyle,
    policy_element,
    render,
    resource_element,
)
from xmlresource.model.cpu import CpuPolicy
from xmlresource.model.io import DevicePolicy, IoPolicy
from xmlresource.model.policy import MemoryPolicy
from xmlresource.record import record
from xmlresource.tunables import Form
from xmlresource.tunables.families import CPU, IO
from xmlresource.units import Amount


@record
class ResourcePolicy:
    """The policies of the three families of one guest.

    Attributes:
        memory: Its memory.
        cpu: Its CPU time.
        io: Its IO on block devices.
    """

    memory: MemoryPolicy = MemoryPolicy()
    cpu: CpuPolicy = CpuPolicy()
    io: IoPolicy = IoPolicy()

    def __bool__(self) -> bool:
        return bool(self.memory or self.cpu or self.io)

    def quantities(self) -> Iterator[tuple[QuantityName, Amount]]:
        """What is said of CPU time and IO, in the table's order, device by device."""
        for row in CPU:
            yield from _named(QuantityName(row), getattr(self.cpu, row.field))
        for row in IO:
            if not row.per_device:
                yield from _named(QuantityName(row), getattr(self.io, row.field))
        for device in self.io.devices:
            for row in IO:
                if row.per_device:
                    name = QuantityName(row, device.target, device.path)
                    yield from _named(name, getattr(device, row.field))

    def to_xml(self, form: Form = Form.METADATA) -> str:
        """A bare fragment of ``form``, in lines.

        What the form can't say is left out: in memtune, all but memory.

        Raises:
            TypeError: ``form`` is none.
            ValueError: No document can hold an amount.
        """
        check_form(form)
        return render(self._element(form), XmlStyle())

    def to_element(self, form: Form = Form.METADATA, library: Any = None) -> Any:
        """A bare fragment of ``form`` as an element.

        Args:
            form: The form; what it can't say is left out.
            library: ``lxml.etree``, or ``xml.etree.ElementTree``, which is the default.

        Raises:
            ValueError: No document can hold an amount.
        """
        check_form(form)
        return built(self._element(form), ET if library is None else library)

    @classmethod
    def from_element(cls, element: Any) -> Self:
        """The policies that an element of lxml or ElementTree declares: a domain or a fragment.

        Raises:
            ValueError: A value can't be read, or is declared twice with different values.
        """
        cpu, io = policies_of(quantities_in(element))
        return cls(MemoryPolicy.from_element(element), cpu, io)

    def to_json(self) -> dict[str, Any]:
        """All tunables: bytes, thousandths, weights and rates, ``"unlimited"`` or ``None``."""
        families = {"cpu": cpu_to_json(self.cpu), "io": io_to_json(self.io)}
        return {**self.memory.to_json(), **families}

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Self:
        """The policies that ``value`` says, as ``schemas/policy.schema.json`` describes it.

        Raises:
            ValueError: The schema refuses it.
        """
        memory = {name: each for name, each in value.items() if name not in {"cpu", "io"}}
        own, devices = io_from_json(value.get("io"))
        return cls(
            MemoryPolicy.from_json(memory),
            CpuPolicy(**cpu_from_json(value.get("cpu"))),
            IoPolicy(**own, devices=tuple(DevicePolicy(**each) for each in devices)),
        )

    def _element(self, form: Form) -> Any:
        attributes = dict(self.memory.attributes())
        memory = policy_element(self.memory.items(), form, attributes=attributes)
        if form is Form.MEMTUNE:
            return memory
        prefix = PREFIX if form is Form.METADATA else None
        says_memory = self.memory or attributes
        blocks = [*block_elements(self.quantities(), prefix)]
        if says_memory or not blocks:
            blocks[:0] = memory.children
        return resource_element(prefix, *blocks, declare=form is Form.METADATA)


def policies_of(amounts: Mapping[QuantityName, Amount]) -> tuple[CpuPolicy, IoPolicy]:
    """The policies that say some quantities."""
    devices: dict[tuple[str | None, str | None], dict[str, Any]] = {}
    cpu: dict[str, Any] = {}
    io: dict[str, Any] = {}
    for name, amount in amounts.items():
        row = name.tunable
        if row.per_device:
            devices.setdefault(name.device, {})[row.field] = amount
        else:
            (cpu if row in CPU else io)[row.field] = amount
    said = tuple(DevicePolicy(*named, **fields) for named, fields in devices.items())
    return CpuPolicy(**cpu), IoPolicy(**io, devices=said)


def _named(name: QuantityName, amount: Amount | None) -> Iterator[tuple[QuantityName, Amount]]:
    if amount is not None:
        yield name, amount
