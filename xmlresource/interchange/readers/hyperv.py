"""Hyper-V's settings as PowerShell writes them: ``Get-VMMemory`` and ``Get-VMProcessor`` as JSON.

    Get-VM | ForEach-Object { $_ | Get-VMMemory; $_ | Get-VMProcessor } | ConvertTo-Json > vms.json

Windows PowerShell redirects into UTF-16. Sizes are bytes. With dynamic memory ``Minimum`` is what a
guest always has; without, all of ``Startup`` is reserved. Processors' ``Reserve`` and ``Maximum``
are percent of the guest's vCPUs.
"""

import json
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

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
from xmlresource.interchange.errors import SourceError
from xmlresource.interchange.readers.text_source import TextSource, decoded, exact_number
from xmlresource.record import record, replace

USUAL_WEIGHT: Final = Fraction(100)
_USUAL_PRIORITY: Final = Fraction(50)
_MOST_LEVELS: Final = 64
_MOST_RECORDS: Final = 20_000
_HUNDRED: Final = 100
# The largest memory that Hyper-V has for a guest, which it writes where nobody set any.
_MOST_MEMORY: Final = 2**40
_MEMORY_KEYS: Final = frozenset({"startup", "dynamicmemoryenabled"})
_PROCESSOR_KEYS: Final = frozenset({"relativeweight", "reserve"})


@record
class _Found:
    """One object of the JSON, and the stretch of the text that it stands in."""

    values: Mapping[str, Any]
    start: int
    end: int


def read_hyperv(data: bytes, path: str) -> tuple[SourceGuest, ...]:
    """The guests of Hyper-V's settings.

    Raises:
        SourceError: It is no JSON (XR802), nested too deep (XR804), or has a value that can't be
            read (XR803).
    """
    source = decoded(data, path)
    guests: dict[str, _HypervGuest] = {}
    for found in _objects(source):
        keys = found.values.keys()
        name = str(found.values.get("vmname") or found.values.get("name") or "")
        if _MEMORY_KEYS & keys or _PROCESSOR_KEYS & keys:
            guests.setdefault(name, _HypervGuest(source, name)).add(found)
    if not guests:
        hint = "give what Get-VMMemory and Get-VMProcessor print through ConvertTo-Json"
        raise source.fault("XR801", "the JSON has no settings of memory or processors", 1, hint)
    return tuple(one.guest() for one in guests.values())


def _objects(source: TextSource) -> Iterator[_Found]:
    """All objects of the JSON, each with the stretch of the record around it."""
    decoder = json.JSONDecoder()
    text, place = source.text, 0
    is_list = text.lstrip().startswith("[")
    gap = re.compile(r"[\s,\[\]]*" if is_list else r"\s*")
    count = 0
    try:
        while (place := gap.match(text, place).end()) < len(text):  # type: ignore[union-attr] # empty
            value, end = decoder.raw_decode(text, place)
            for values in _nested(source, value, 0):
                count += 1
                if count > _MOST_RECORDS:
                    raise source.fault("XR804", f"more than {_MOST_RECORDS} objects", 1)
                yield _Found(values, place, end)
            place = end
    except json.JSONDecodeError as error:
        raise source.fault("XR802", f"not JSON: {error.msg}", error.lineno) from None
    except ValueError:  # of Python's own: a number of thousands of digits
        raise source.fault("XR803", "a number in the JSON has too many digits", 1) from None
    except RecursionError:
        raise _too_deep(source) from None


def _nested(source: TextSource, value: object, level: int) -> Iterator[Mapping[str, Any]]:
    if level > _MOST_LEVELS:
        raise _too_deep(source)
    if isinstance(value, list):
        for one in value:
            yield from _nested(source, one, level + 1)
    elif isinstance(value, dict):
        yield {str(key).lower(): one for key, one in value.items()}
        for one in value.values():
            yield from _nested(source, one, level + 1)


def _too_deep(source: TextSource) -> SourceError:
    return source.fault("XR804", f"objects are nested deeper than {_MOST_LEVELS}", 1)


class _HypervGuest:
    """One guest, put together from its objects."""

    def __init__(self, source: TextSource, name: str) -> None:
        self._source = source
        self._name = name
        self._memory = NO_MEMORY
        self._processor = NO_PROCESSOR
        self._left_out: list[LeftOut] = []

    def add(self, found: _Found) -> None:
        if _MEMORY_KEYS & found.values.keys():
            self._memory = self._read_memory(found)
        else:
            self._processor = self._read_processor(found)

    def guest(self) -> SourceGuest:
        return SourceGuest(
            name=self._name,
            product="Hyper-V",
            path=self._source.path,
            basis=Basis.GUEST_RAM,
            memory=self._memory,
            processor=self._processor,
            left_out=tuple(self._left_out),
        )

    def _read_memory(self, found: _Found) -> Allocation:
        startup = self._setting(found, "Startup", Unit.BYTE)
        priority = self._setting(found, "Priority", Unit.WEIGHT)
        if priority is not None:
            priority = replace(priority, is_default=priority.amount == _USUAL_PRIORITY)
        memory = Allocation(
            ResourceType.MEMORY,
            quantity=startup,
            weight=priority,
            usual_weight=_USUAL_PRIORITY,
        )
        if not found.values.get("dynamicmemoryenabled"):
            return replace(memory, reserve_all=startup)
        self._tell(found, "Buffer", "how much more than in use is given is the balloon's business")
        limit = self._setting(found, "Maximum", Unit.BYTE)
        if limit is not None and limit.amount == _MOST_MEMORY:
            self._leave_out(limit, "it is the largest that Hyper-V has, which stands for no limit")
            limit = None
        reservation = self._setting(found, "Minimum", Unit.BYTE)
        return replace(memory, reservation=reservation, limit=limit)

    def _read_processor(self, found: _Found) -> Allocation:
        vcpus = self._setting(found, "Count", Unit.COUNT)
        count = vcpus.number if vcpus and vcpus.number else Fraction(1)
        limit = self._part(found, "Maximum", count)
        if limit is not None and limit.amount == count:
            self._leave_out(limit, "all of its vCPUs is no limit")
            limit = None
        weight = self._setting(found, "RelativeWeight", Unit.WEIGHT)
        if weight is not None:
            weight = replace(weight, is_default=weight.amount == USUAL_WEIGHT)
        return Allocation(
            ResourceType.PROCESSOR,
            quantity=vcpus,
            reservation=self._part(found, "Reserve", count),
            limit=limit,
            weight=weight,
            usual_weight=USUAL_WEIGHT,
        )

    def _part(self, found: _Found, key: str, count: Fraction) -> SourceValue | None:
        """A percentage of the guest's vCPUs, as CPUs."""
        setting = self._setting(found, key, Unit.CPU)
        if setting is None or setting.number is None:
            return None
        cpus = setting.number * count / _HUNDRED
        return replace(setting, amount=cpus, written=f"{setting.written} % of {count} vCPUs")

    def _setting(self, found: _Found, key: str, unit: Unit) -> SourceValue | None:
        value = found.values.get(key.lower())
        if value is None:
            return None
        line = self._line(found, key)
        number = None if isinstance(value, bool) else exact_number(str(value))
        if number is None:
            self._source.bad_value(key, str(value), line, "export the settings again")
        return SourceValue(key, str(value), line, number, unit)

    def _line(self, found: _Found, key: str) -> int:
        place = re.compile(rf'"{re.escape(key)}"\s*:', re.IGNORECASE)
        at = place.search(self._source.text, found.start, found.end)
        return self._source.line_of(found.start if at is None else at.start())

    def _tell(self, found: _Found, key: str, reason: str) -> None:
        setting = self._setting(found, key, Unit.PERCENT)
        if setting is not None:
            self._leave_out(setting, reason)

    def _leave_out(self, setting: SourceValue, reason: str) -> None:
        left_out = LeftOut(setting.name, setting.written, setting.line, reason, is_loss=False)
        self._left_out.append(left_out)
