"""VMware's VMX files: lines of ``key = "value"``, keys in any case, values with ``|XX`` escapes.

Of the keys libvirt's reader knows ``sched.mem.minsize`` and ``sched.cpu.shares`` only (its
src/vmx/vmx.c); virt-v2v none. Here all that decides about resources is read, and what has no
counterpart is told.
"""

import codecs
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

_LINE: Final = re.compile(r'\s*([^\s="]+)\s*=\s*(?:"(.*)"|([^"\s]*))\s*(?:#.*)?')
_ESCAPE: Final = re.compile("[|]([0-9A-Fa-f]{2})")
_DISK: Final = re.compile(r"sched\.((?:scsi|sata|ide|nvme)[0-9]+:[0-9]+)\.(.+)")
_ENCODING: Final = re.compile(
    rb'^[ \t]*\.encoding[ \t]*=[ \t]*"([\w.:-]{1,40})"', re.IGNORECASE | re.MULTILINE
)
_ASCII: Final = bytes(range(32, 127))

_MEGABYTES: Final = (Unit.BYTE, 2**20, "MB")
_MEGAHERTZ: Final = (Unit.HERTZ, 10**6, "MHz")
_COUNT: Final = (Unit.COUNT, 1, "")
_WEIGHT: Final = (Unit.WEIGHT, 1, "")
_OPERATIONS: Final = (Unit.OPERATION_PER_SECOND, 1, "IOPS")

# Per vCPU, per MB of RAM, per disk (vSphere Resource Management, "Resource Allocation Shares").
USUAL_CPU_SHARES: Final = 1000
USUAL_MEMORY_SHARES: Final = 10
USUAL_DISK_SHARES: Final = 1000
_LEVELS: Final = {"low": Fraction(1, 2), "normal": Fraction(1), "high": Fraction(2)}

_TOLD: Final = {
    "sched.cpu.affinity": "it names CPUs of the source host; <vcpu cpuset> pins to those of this",
    "sched.cpu.latencysensitivity": "<cpu> and <cputune> of libvirt have no such level",
    "sched.mem.maxmemctl": "how far the balloon may go is reclaim's business here",
}
_NOTHING: Final = {
    "sched.cpu.affinity": "all",
    "sched.cpu.latencysensitivity": "normal",
}


@record
class VmxEntry:
    """One line: the key as written, the value without escapes, the line's number."""

    key: str
    value: str
    line: int


def read_vmx(data: bytes, path: str) -> SourceGuest:
    """The guest that a VMX file defines.

    Raises:
        SourceError: A line is none of the format (XR802), or a value can't be read (XR803).
    """
    source = decoded(data, path, _encoding(data))
    return _Reader(source, _entries(source)).guest()


def _encoding(data: bytes) -> str | None:
    """The encoding that the file says it has, where Python knows it and ASCII is ASCII in it."""
    said = _ENCODING.search(data)
    if said is None:
        return None
    name = said[1].decode()
    try:
        codec = codecs.lookup(name).name
        return codec if _ASCII.decode(codec).encode() == _ASCII else None
    except (LookupError, UnicodeError):
        return None  # only names are in it, and those of no key that matters


def _entries(source: TextSource) -> dict[str, VmxEntry]:
    entries: dict[str, VmxEntry] = {}
    for number, line in source.numbered():
        if not line.strip() or line.lstrip().startswith(("#", "\0")):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            raise source.fault("XR802", 'the line is no key = "value"', number)
        raw = found[2] if found[2] is not None else found[3]
        entry = VmxEntry(found[1], _ESCAPE.sub(lambda one: chr(int(one[1], 16)), raw), number)
        before = entries.setdefault(entry.key.lower(), entry)
        if before.value != entry.value and entry.key.lower().startswith(("sched.", "mem", "num")):
            message = f"{entry.key} has another value than on line {before.line}"
            raise source.fault("XR802", message, number, "keep the line that is meant")
    return entries


class _Reader:
    def __init__(self, source: TextSource, entries: dict[str, VmxEntry]) -> None:
        self._source = source
        self._entries = entries
        self._left_out: list[LeftOut] = []

    def guest(self) -> SourceGuest:
        vcpus = self._setting("numvcpus", _COUNT)
        ram = self._setting("memsize", _MEGABYTES)
        count = vcpus.number if vcpus and vcpus.number else Fraction(1)
        megabytes = ram.number / 2**20 if ram and ram.number else Fraction(0)
        name = self._entries.get("displayname")
        memory = self._memory(ram, megabytes)
        processor = self._processor(vcpus, count)
        storage = tuple(self._storage())
        for key, reason in _TOLD.items():
            entry = self._entries.get(key)
            if entry is not None and entry.value.lower() != _NOTHING.get(key):
                self._leave_out(entry, reason)
        return SourceGuest(
            name="" if name is None else name.value,
            product="VMX",
            path=self._source.path,
            basis=Basis.GUEST_RAM,
            memory=memory,
            processor=processor,
            storage=storage,
            left_out=tuple(self._left_out),
        )

    def _memory(self, ram: SourceValue | None, megabytes: Fraction) -> Allocation:
        reservation = self._setting("sched.mem.min", _MEGABYTES)
        for old in ("sched.mem.minsize", "minsize"):
            entry = self._entries.get(old)
            if entry is None:
                continue
            if reservation is None:
                reservation = self._setting(old, _MEGABYTES)
            elif old == "sched.mem.minsize":
                reason = f"it is the older name of {reservation.name}, which is there, too"
                self._leave_out(entry, reason, is_loss=False)
        usual = USUAL_MEMORY_SHARES * megabytes
        return Allocation(
            ResourceType.MEMORY,
            quantity=ram,
            reservation=reservation,
            limit=self._setting("sched.mem.max", _MEGABYTES),
            weight=self._weight("sched.mem.shares", usual),
            usual_weight=usual or None,
            reserve_all=self._flag("sched.mem.pin"),
        )

    def _processor(self, vcpus: SourceValue | None, count: Fraction) -> Allocation:
        usual = USUAL_CPU_SHARES * count
        units = self._entries.get("sched.cpu.units")
        in_percent = units is not None and units.value.lower() not in {"mhz", ""}
        bounds: list[SourceValue | None] = [None, None]
        for place, key in enumerate(("sched.cpu.min", "sched.cpu.max")):
            entry = self._entries.get(key)
            if entry is not None and in_percent:
                reason = "it is in percent, and of what differs between VMware's products"
                self._leave_out(entry, reason)
            else:
                bounds[place] = self._setting(key, _MEGAHERTZ)
        return Allocation(
            ResourceType.PROCESSOR,
            quantity=vcpus,
            reservation=bounds[0],
            limit=bounds[1],
            weight=self._weight("sched.cpu.shares", usual),
            usual_weight=usual,
        )

    def _storage(self) -> Iterator[Allocation]:
        for key, entry in self._entries.items():
            found = _DISK.fullmatch(key)
            if found is None:
                continue
            allocation = Allocation(ResourceType.STORAGE, device=found[1])
            if found[2] == "shares":
                usual = Fraction(USUAL_DISK_SHARES)
                weight = self._weight(key, usual)
                yield replace(allocation, weight=weight, usual_weight=usual)
            elif found[2] == "throughputcap":
                yield replace(allocation, limit=self._setting(key, _OPERATIONS))
            else:
                self._leave_out(entry, "nothing of ours corresponds to it")

    def _setting(self, key: str, unit: tuple[Unit, int, str]) -> SourceValue | None:
        entry = self._entries.get(key)
        if entry is None or not entry.value.strip():
            return None
        return setting_in(self._source, entry.key, entry.value.strip(), entry.line, unit)

    def _weight(self, key: str, usual: Fraction) -> SourceValue | None:
        entry = self._entries.get(key)
        level = None if entry is None else _LEVELS.get(entry.value.strip().lower())
        if entry is None or level is None:
            return self._setting(key, _WEIGHT)
        amount = usual * level
        return SourceValue(entry.key, entry.value, entry.line, amount, Unit.WEIGHT, level == 1)

    def _flag(self, key: str) -> SourceValue | None:
        entry = self._entries.get(key)
        if entry is None or entry.value.strip().lower() != "true":
            return None
        return SourceValue(entry.key, entry.value, entry.line, Fraction(1), Unit.COUNT)

    def _leave_out(self, entry: VmxEntry, reason: str, *, is_loss: bool = True) -> None:
        self._left_out.append(LeftOut(entry.key, entry.value, entry.line, reason, is_loss))
