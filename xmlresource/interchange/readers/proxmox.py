"""Proxmox VE's ``qm.conf``: lines of ``key: value``; snapshots follow in sections of their own."""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from xmlresource.interchange.allocation import (
    Allocation,
    Basis,
    LeftOut,
    ResourceType,
    SourceGuest,
    SourceValue,
    Unit,
)
from xmlresource.interchange.readers.text_source import TextSource, decoded, setting_in
from xmlresource.record import record, replace

_LINE: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9_-]*)\s*:\s?(.*)")
_DISK: Final = re.compile("(?:scsi|virtio|sata|ide)[0-9]+")
_MEGABYTES: Final = (Unit.BYTE, 2**20, "MiB")
_CPUS: Final = (Unit.CPU, 1, "CPUs")
_COUNT: Final = (Unit.COUNT, 1, "")
_WEIGHT: Final = (Unit.WEIGHT, 1, "")
_MEGABYTES_PER_SECOND: Final = (Unit.BYTE_PER_SECOND, 2**20, "MB/s")  # PVE multiplies by 1024 twice
_OPERATIONS: Final = (Unit.OPERATION_PER_SECOND, 1, "IOPS")

# qm.conf(5): 100 on cgroup v2, and 1024 on v1.
_USUAL_UNITS: Final = Fraction(100)
_USUAL_UNITS_V1: Final = Fraction(1024)
_MOST_WEIGHT: Final = 10_000
_USUAL_SHARES: Final = Fraction(1000)
_LIMITS: Final = {
    "mbps": ("", _MEGABYTES_PER_SECOND),
    "mbps_rd": ("read", _MEGABYTES_PER_SECOND),
    "mbps_wr": ("write", _MEGABYTES_PER_SECOND),
    "iops": ("", _OPERATIONS),
    "iops_rd": ("read", _OPERATIONS),
    "iops_wr": ("write", _OPERATIONS),
}


@record
class _ConfLine:
    """One line: its value and its number."""

    value: str
    line: int


def read_proxmox(data: bytes, path: str) -> SourceGuest:
    """The guest that a ``qm.conf`` defines, without its snapshots.

    Raises:
        SourceError: A line is none of the format (XR802), or a value can't be read (XR803).
    """
    return _ConfReader(decoded(data, path)).guest()


class _ConfReader:
    def __init__(self, source: TextSource) -> None:
        self._source = source
        self._lines: dict[str, _ConfLine] = {}
        self._left_out: list[LeftOut] = []
        self._read()

    def guest(self) -> SourceGuest:
        name = self._lines.get("name")
        vcpus = self._vcpus()
        return SourceGuest(
            name="" if name is None else name.value,
            product="Proxmox VE",
            path=self._source.path,
            basis=Basis.GUEST_RAM,
            memory=self._memory(),
            processor=self._processor(vcpus),
            storage=tuple(self._storage()),
            left_out=tuple(self._left_out),
        )

    def _read(self) -> None:
        for number, line in self._source.numbered():
            text = line.strip()
            if text.startswith("["):
                return  # snapshots and pending changes
            if not text or text.startswith("#"):
                continue
            found = _LINE.fullmatch(line)
            if found is None:
                raise self._source.fault("XR802", "the line is no key: value", number)
            self._lines.setdefault(found[1].lower(), _ConfLine(found[2].strip(), number))

    def _memory(self) -> Allocation:
        shares = self._setting("shares", _WEIGHT)
        if shares is not None:
            shares = replace(shares, is_default=shares.amount in {0, _USUAL_SHARES})
        memory = self._lines.get("memory")
        ram = None
        if memory is not None:
            # Since 8.1 it may be `current=4096`.
            written = memory.value.removeprefix("current=")
            ram = setting_in(self._source, "memory", written, memory.line, _MEGABYTES)
        balloon = self._setting("balloon", _MEGABYTES)
        if balloon is not None and balloon.amount == 0:
            self._leave_out("balloon", "0 turns the balloon off: <memballoon> in libvirt")
            balloon = None
        return Allocation(
            ResourceType.MEMORY,
            quantity=ram,
            weight=shares,
            usual_weight=_USUAL_SHARES,
            balloon_floor=balloon,
        )

    def _vcpus(self) -> SourceValue | None:
        given = self._setting("vcpus", _COUNT)
        if given is not None:
            return given
        cores, sockets = self._setting("cores", _COUNT), self._setting("sockets", _COUNT)
        if cores is None or cores.number is None:
            return sockets
        number = sockets.number if sockets is not None else None
        return replace(cores, amount=cores.number * (number or 1))

    def _processor(self, vcpus: SourceValue | None) -> Allocation:
        weight = self._setting("cpuunits", _WEIGHT)
        usual = _USUAL_UNITS
        if weight is not None and weight.number is not None:
            # Weights of v2 end at 10000; what is above can only be meant for v1.
            is_v1 = weight.number > _MOST_WEIGHT or weight.number == _USUAL_UNITS_V1
            usual = _USUAL_UNITS_V1 if is_v1 else _USUAL_UNITS
            weight = replace(weight, is_default=weight.number == usual)
        return Allocation(
            ResourceType.PROCESSOR,
            quantity=vcpus,
            limit=self._setting("cpulimit", _CPUS),
            weight=weight,
            usual_weight=usual,
        )

    def _storage(self) -> Iterator[Allocation]:
        for key, line in self._lines.items():
            if not _DISK.fullmatch(key):
                continue
            for option in line.value.split(","):
                name, equals, value = option.partition("=")
                base = name.removesuffix("_max")
                if not equals or base not in _LIMITS:
                    continue
                direction, unit = _LIMITS[base]
                told = f"{key} {name}"
                if base != name:
                    reason = "it is a burst, for which libvirt has <iotune><…_sec_max>"
                    self._left_out.append(LeftOut(told, value, line.line, reason))
                    continue
                limit = setting_in(self._source, told, value, line.line, unit)
                yield Allocation(ResourceType.STORAGE, limit=limit, device=key, direction=direction)

    def _setting(self, key: str, unit: tuple[Unit, int, str]) -> SourceValue | None:
        line = self._lines.get(key)
        if line is None:
            return None
        return setting_in(self._source, key, line.value, line.line, unit)

    def _leave_out(self, key: str, reason: str) -> None:
        line = self._lines[key]
        self._left_out.append(LeftOut(key, line.value, line.line, reason))
