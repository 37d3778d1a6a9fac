"""systemd's units and drop-ins: what systemd.resource-control(5) has, of a service, scope or slice.

Its figures are a cgroup's, as ours are, and mean the same. Percentages are of the host's memory.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from xmlresource.interchange.allocation import (
    Allocation,
    Basis,
    LeftOut,
    Number,
    ResourceType,
    SourceGuest,
    SourceValue,
    Unit,
)
from xmlresource.interchange.readers.text_source import TextSource, decoded, exact_number
from xmlresource.record import record
from xmlresource.units import UNLIMITED

_LINE: Final = re.compile(r"([A-Za-z][A-Za-z0-9]*)\s*=\s*(.*)")
_SECTIONS: Final = frozenset({"[Service]", "[Scope]", "[Slice]", "[Socket]", "[Mount]", "[Swap]"})
_SUFFIXES: Final = {"": 0, "b": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5, "e": 6}
_SIZE: Final = re.compile("([0-9.]{1,25})([A-Za-z]?)(?:i?[bB])?", re.ASCII)
_USUAL_WEIGHT: Final = Fraction(100)
_IO_LIMITS: Final = {
    "IOReadBandwidthMax": ("read", Unit.BYTE_PER_SECOND),
    "IOWriteBandwidthMax": ("write", Unit.BYTE_PER_SECOND),
    "IOReadIOPSMax": ("read", Unit.OPERATION_PER_SECOND),
    "IOWriteIOPSMax": ("write", Unit.OPERATION_PER_SECOND),
}
_TOLD: Final = {
    "MemoryHigh": "it slows the guest down before it is full; soft_limit protects instead",
    "MemoryLimit": "it is the older name of MemoryMax, of cgroup v1",
    "StartupCPUWeight": "it holds only while the host starts",
    "StartupIOWeight": "it holds only while the host starts",
    "StartupMemoryLow": "it holds only while the host starts",
    "StartupMemoryMax": "it holds only while the host starts",
    "DefaultMemoryMin": "it is for the units below",
    "DefaultMemoryLow": "it is for the units below",
    "CPUShares": "it is the older name of CPUWeight, of cgroup v1",
    "BlockIOWeight": "it is the older name of IOWeight, of cgroup v1",
    "MemoryZSwapMax": "nothing of ours corresponds to it",
    "AllowedCPUs": "<vcpu cpuset> says it in libvirt",
    "AllowedMemoryNodes": "<numatune> says it in libvirt",
}


@record
class _UnitLine:
    """One assignment of a unit: the last of its name holds."""

    value: str
    line: int


def read_systemd_unit(data: bytes, path: str) -> SourceGuest:
    """What a unit gives its cgroup.

    Raises:
        SourceError: A line is none of the format (XR802), or a value can't be read (XR803).
    """
    return _UnitReader(decoded(data, path)).guest()


class _UnitReader:
    def __init__(self, source: TextSource) -> None:
        self._source = source
        self._values: dict[str, _UnitLine] = {}
        self._devices: list[tuple[str, _UnitLine]] = []
        self._description = ""
        self._read()

    def guest(self) -> SourceGuest:
        told = [
            LeftOut(name, self._values[name].value, self._values[name].line, reason)
            for name, reason in _TOLD.items()
            if name in self._values
        ]
        return SourceGuest(
            name=self._description,
            product="systemd",
            path=self._source.path,
            basis=Basis.CHARGED,
            memory=Allocation(
                ResourceType.MEMORY,
                reservation=self._size("MemoryMin"),
                limit=self._size("MemoryMax"),
                soft_limit=self._size("MemoryLow"),
                swap_limit=self._size("MemorySwapMax"),
            ),
            processor=Allocation(
                ResourceType.PROCESSOR,
                limit=self._quota(),
                weight=self._weight("CPUWeight"),
                usual_weight=_USUAL_WEIGHT,
            ),
            storage=tuple(self._storage()),
            left_out=tuple(told),
        )

    def _read(self) -> None:
        section = ""
        for number, text in self._joined():
            if text.startswith("["):
                section = text
                continue
            found = _LINE.fullmatch(text)
            if found is None:
                raise self._source.fault("XR802", "the line is no Name=value", number)
            name, line = found[1], _UnitLine(found[2].strip(), number)
            if section == "[Unit]" and name == "Description":
                self._description = line.value
            if section not in _SECTIONS:
                continue
            if name in _IO_LIMITS:
                self._devices.append((name, line))
            elif line.value:
                self._values[name] = line
            else:
                self._values.pop(name, None)  # an empty value takes back what was said

    def _joined(self) -> Iterator[tuple[int, str]]:
        """Lines without comments, those that end in a backslash with the next."""
        begun, first = "", 0
        for number, line in self._source.numbered():
            text = line.strip()
            if text.startswith(("#", ";")):
                continue
            first = first if begun else number
            if text.endswith("\\"):
                begun += f"{text[:-1]} "
                continue
            if begun + text:
                yield first, begun + text
            begun = ""

    def _size(self, name: str) -> SourceValue | None:
        found = self._values.get(name)
        if found is None:
            return None
        if found.value.endswith("%"):
            number = exact_number(found.value[:-1])
            if number is not None:
                return SourceValue(name, found.value, found.line, number, Unit.PERCENT)
        amount = UNLIMITED if found.value == "infinity" else _bytes(found.value)
        return self._made(name, found, amount, Unit.BYTE)

    def _quota(self) -> SourceValue | None:
        found = self._values.get("CPUQuota")
        if found is None:
            return None
        number = exact_number(found.value.removesuffix("%").strip())
        is_percent = found.value.endswith("%")
        cpus = number / 100 if number is not None and is_percent else None
        return self._made("CPUQuota", found, cpus, Unit.CPU)

    def _weight(self, name: str) -> SourceValue | None:
        found = self._values.get(name)
        if found is None:
            return None
        if found.value == "idle":  # runs only where nobody else wants to: the least share
            return SourceValue(name, found.value, found.line, Fraction(1), Unit.WEIGHT)
        setting = self._made(name, found, exact_number(found.value), Unit.WEIGHT)
        is_usual = setting.amount == _USUAL_WEIGHT
        return SourceValue(name, found.value, found.line, setting.amount, Unit.WEIGHT, is_usual)

    def _storage(self) -> Iterator[Allocation]:
        weight = self._weight("IOWeight")
        if weight is not None:
            yield Allocation(ResourceType.STORAGE, weight=weight, usual_weight=_USUAL_WEIGHT)
        reset = {name: line.line for name, line in self._devices if not line.value}
        for name, line in self._devices:
            if line.line <= reset.get(name, 0):
                continue  # an empty value takes back what was said
            device, _, size = line.value.rpartition(" ")
            direction, unit = _IO_LIMITS[name]
            amount = UNLIMITED if size == "infinity" else _bytes(size, 1000)
            limit = self._made(name, line, amount if device else None, unit)
            yield Allocation(
                ResourceType.STORAGE, limit=limit, device=device.strip(), direction=direction
            )

    def _made(self, name: str, found: _UnitLine, amount: Number | None, unit: Unit) -> SourceValue:
        if amount is None:
            cure = "write it as systemd.resource-control(5) has it"
            self._source.bad_value(name, found.value, found.line, cure)
        return SourceValue(name, found.value, found.line, amount, unit)


def _bytes(text: str, kilo: int = 1024) -> Fraction | None:
    """A size of systemd's: a number with K, M, G, T, P or E behind it."""
    found = _SIZE.fullmatch(text.strip())
    number = None if found is None else exact_number(found[1])
    power = None if found is None else _SUFFIXES.get(found[2].lower())
    return None if number is None or power is None else number * kilo**power
