"""Several guests that were imported, as a table: what each had, what it gets, what is lost.

It is for people who decide about a move and have never seen the source's files: values are told by
what they mean there, sizes in units, and each on a line of its own, so that no cell is cut short.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import zip_longest
from typing import Final

from xmlresource.interchange.allocation import (
    Allocation,
    ResourceType,
    SourceGuest,
    SourceValue,
    Unit,
)
from xmlresource.interchange.mapping import Mapped
from xmlresource.interchange.outcomes import Fate, ValueOutcome
from xmlresource.operations.transfer.policy_import import ImportedAll
from xmlresource.reports.findings.diagnostics import counted
from xmlresource.reports.layout.tables import aligned, short
from xmlresource.units import approximate

_CELL: Final = 40
_NOTHING: Final = "-"
_MEGA: Final = 10**6
_MOST: Final = 10**30
_RESOURCES: Final = {
    ResourceType.MEMORY: "RAM",
    ResourceType.PROCESSOR: "CPU",
    ResourceType.STORAGE: "disk",
}
_ROLES: Final = (
    ("reserve_all", "all reserved"),
    ("reservation", "reserved"),
    ("limit", "limit"),
    ("soft_limit", "protected"),
    ("swap_limit", "swap limit"),
    ("balloon_floor", "balloon down to"),
    ("weight", "shares"),
)


def as_table(imported: ImportedAll) -> str:
    """The lines of each guest below a heading, and the sums."""
    rows = [("guest", "had", "gets", "lost")]
    rows += [row for one in imported.guests for row in _rows(one.mapped)]
    lines = [*aligned(rows, ()), *_closing(imported)]
    return "".join(f"{line}\n" for line in lines)


def _rows(found: Mapped) -> Iterator[tuple[str, str, str, str]]:
    guest = found.guest
    meanings = dict(_meanings(guest))
    kept = [one for one in found.outcomes if one.fate is not Fate.DROPPED]
    lost = [_meaning(one, meanings) for one in found.outcomes if one.is_loss]
    had = [_meaning(one, meanings) for one in found.outcomes if one in kept or one.is_loss]
    ram = [] if guest.ram is None else [f"{approximate(guest.ram)} RAM"]
    columns = (
        [guest.name or "(no name)"],
        [*ram, *had] or [_NOTHING],
        [f"{one.target} {one.value}" for one in kept] or [_NOTHING],
        lost or [_NOTHING],
    )
    for cells in zip_longest(*columns, fillvalue=""):
        first, second, third, fourth = (short(cell, _CELL) for cell in cells)
        yield first, second, third, fourth


def _closing(imported: ImportedAll) -> Iterator[str]:
    losses = sum(one.is_loss for guest in imported.guests for one in guest.mapped.outcomes)
    taken = sum(bool(guest.mapped.targets) for guest in imported.guests)
    yield (
        f"{counted(len(imported.guests), 'guest')}: {taken} with a policy, "
        f"{counted(losses, 'value')} lost"
    )
    if imported.skipped:
        yield f"{counted(imported.skipped, 'file')} skipped: of no format that is known"


def _meaning(one: ValueOutcome, meanings: dict[tuple[str, int], str]) -> str:
    """What a value means there; of one that is no allocation, what is written."""
    return meanings.get((one.name, one.line)) or f"{one.name} {one.written}".rstrip()


def _meanings(guest: SourceGuest) -> Iterator[tuple[tuple[str, int], str]]:
    """What each value of a source means there, by its name and line."""
    for allocation in (guest.memory, guest.processor, *guest.storage):
        for field, role in _ROLES:
            value: SourceValue | None = getattr(allocation, field)
            if value is not None:
                words = [_resource(allocation), role]
                words += [] if field == "reserve_all" else [_amount(value)]
                yield (value.name, value.line), " ".join(words)


def _resource(allocation: Allocation) -> str:
    word = _RESOURCES[allocation.resource]
    return " ".join(filter(None, (word, allocation.device, allocation.direction)))


def _amount(value: SourceValue) -> str:
    number = value.number
    if number is None or number > _MOST:
        return "unlimited" if number is None else "more than any host has"
    if value.unit is Unit.BYTE:
        return approximate(int(number))
    if value.unit is Unit.BYTE_PER_SECOND:
        return f"{approximate(int(number))}/s"
    if value.unit is Unit.HERTZ:
        return f"{_decimal(number / _MEGA)} MHz"
    words = {Unit.CPU: " CPUs", Unit.OPERATION_PER_SECOND: " IOPS", Unit.PERCENT: " %"}
    return f"{_decimal(number)}{words.get(value.unit, '')}"


def _decimal(number: Fraction) -> str:
    return f"{float(number):g}" if number.denominator > 1 else str(number.numerator)
