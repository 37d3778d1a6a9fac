"""Xen's ``xl.cfg``: lines of ``key = value``, as xl(5) writes them.

Xen gives a guest its ``memory`` when it is built and takes it from nobody else, so it is a
reservation by itself; ``maxmem`` is how far a balloon may let it grow.
"""

import re
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

_LINE: Final = re.compile(
    r"""([A-Za-z_][A-Za-z0-9_]*)\s*\+?=\s*(?:"([^"]*)"|'([^']*)'|([^#;]*)).*"""
)
_MEGABYTES: Final = (Unit.BYTE, 2**20, "MB")
_COUNT: Final = (Unit.COUNT, 1, "")
_WEIGHT: Final = (Unit.WEIGHT, 1, "")
_PERCENT_OF_CPU: Final = (Unit.CPU, Fraction(1, 100), "% of a CPU")
_USUAL_WEIGHT: Final = Fraction(256)  # of the credit schedulers
_TOLD: Final = {
    "cpus": "it names CPUs of the source host; <vcpu cpuset> pins to those of this",
    "cpus_soft": "it names CPUs of the source host",
    "period": "it is of Xen's real-time scheduler",
    "budget": "it is of Xen's real-time scheduler",
}


@record
class _Assigned:
    """One assignment: its value and its line."""

    value: str
    line: int


def read_xl(data: bytes, path: str) -> SourceGuest:
    """The guest that an ``xl.cfg`` defines.

    Raises:
        SourceError: A value can't be read (XR803).
    """
    source = decoded(data, path)
    return _ConfigReader(source).guest()


class _ConfigReader:
    def __init__(self, source: TextSource) -> None:
        self._source = source
        self._values: dict[str, _Assigned] = {}
        for number, line in source.numbered():
            # Lists go over several lines, and none of their lines matters here.
            found = _LINE.fullmatch(line.strip())
            if found is not None:
                value = next(one for one in found.groups()[1:] if one is not None)
                self._values[found[1]] = _Assigned(value.strip(), number)

    def guest(self) -> SourceGuest:
        name = self._values.get("name")
        vcpus = self._setting("vcpus", _COUNT)
        told = [
            LeftOut(key, self._values[key].value, self._values[key].line, reason)
            for key, reason in _TOLD.items()
            if key in self._values and self._values[key].value != "all"
        ]
        return SourceGuest(
            name="" if name is None else name.value,
            product="Xen",
            path=self._source.path,
            basis=Basis.GUEST_RAM,
            memory=self._memory(),
            processor=self._processor(self._setting("maxvcpus", _COUNT) or vcpus),
            left_out=tuple(told),
        )

    def _memory(self) -> Allocation:
        memory = self._setting("memory", _MEGABYTES)
        most = self._setting("maxmem", _MEGABYTES)
        return Allocation(
            ResourceType.MEMORY,
            quantity=most or memory,
            reservation=memory,
            limit=most,
        )

    def _processor(self, vcpus: SourceValue | None) -> Allocation:
        weight = self._setting("cpu_weight", _WEIGHT)
        if weight is not None:
            weight = replace(weight, is_default=weight.amount == _USUAL_WEIGHT)
        return Allocation(
            ResourceType.PROCESSOR,
            quantity=vcpus,
            limit=self._setting("cap", _PERCENT_OF_CPU),
            weight=weight,
            usual_weight=_USUAL_WEIGHT,
        )

    def _setting(self, key: str, unit: tuple[Unit, int | Fraction, str]) -> SourceValue | None:
        found = self._values.get(key)
        if found is None:
            return None
        return setting_in(self._source, key, found.value, found.line, unit)
