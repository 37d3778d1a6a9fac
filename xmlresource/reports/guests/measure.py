"""A guest measured, for people and for programs."""

from collections.abc import Iterator
from typing import Any, Final

from xmlresource.operations.memory_use.measure import Measurement
from xmlresource.overhead.measured import Part
from xmlresource.printable import one_line, printable
from xmlresource.reports.guests.overhead import cost_data
from xmlresource.reports.layout.tables import aligned, mebibytes, wrapped
from xmlresource.units import approximate, format_amount

_HEAD: Final = ("part", "measured", "idle", "expected", "worst", "difference")
_NUMBERS: Final = range(1, len(_HEAD))
_HOW: Final = "difference: measured less expected; a guest that has done little is nearer to idle"
_RAM_UNKNOWN: Final = (
    "the guest's RAM was not to be told from the emulator's other memory: it is taken to be in use "
    "in full"
)


def as_text(measurement: Measurement) -> str:
    """The parts beside their estimate, then what else is charged."""
    rows = [_HEAD, *map(_row, measurement.parts)]
    lines = [
        f"{printable(measurement.name)}: overhead beyond RAM, in MiB",
        f"process {measurement.pid}, cgroup {one_line(measurement.cgroup)}",
        "",
        *aligned(rows, _NUMBERS),
        "",
        *wrapped(_besides(measurement)),
    ]
    return "\n".join(lines) + "\n"


def as_json(measurement: Measurement) -> dict[str, Any]:
    """The shape of ``measure --json``, version 1; sizes in bytes."""
    measured, account = measurement.measured, measurement.measured.account
    parts = measurement.parts
    return {
        "version": 1,
        "domain": measurement.name,
        "pid": measurement.pid,
        "cgroup": measurement.cgroup,
        "measured": {
            **{part.name: part.measured for part in parts},
            "translation_cache": measured.translation_cache,
            "page_tables": measured.page_tables,
            "ram": measured.ram,
            "ram_known": measured.is_ram_known,
            "page_cache": account.page_cache,
            "swapped": account.swapped,
            "charged": account.charged,
            "peak": account.peak,
        },
        "predicted": {
            **{part.name: cost_data(part.predicted) for part in parts},
            "ram": measurement.predicted.ram_at_start,
        },
        "difference": {part.name: part.difference for part in parts},
        "hard_limit": account.limit if isinstance(account.limit, int) else account.limit.value,
        "recommended": {
            "hard_limit": measurement.predicted.hard_limit,
            "min_guarantee": measurement.predicted.min_guarantee,
        },
        "objection": measurement.objection,
    }


def _row(part: Part) -> tuple[str, ...]:
    cost = part.predicted
    sizes = map(mebibytes, (part.measured, cost.idle, cost.expected, cost.worst))
    sign = "+" if part.difference > 0 else ""
    return (part.name, *sizes, sign + mebibytes(part.difference))


def _besides(measurement: Measurement) -> Iterator[str]:
    measured, account = measurement.measured, measurement.measured.account
    yield _HOW
    if measured.translation_cache:
        yield f"of qemu, {approximate(measured.translation_cache)} are translated code"
    yield f"of kernel, {approximate(measured.page_tables)} are the emulator's page tables"
    ram = approximate(measurement.predicted.ram_at_start)
    yield f"RAM: {approximate(measured.ram)} of {ram} are in memory and charged"
    if not measured.is_ram_known:
        yield _RAM_UNKNOWN
    yield f"page cache: {approximate(account.page_cache)}, taken back before a limit hurts"
    if account.swapped:
        yield f"in swap: {approximate(account.swapped)}, which no figure here counts"
    peak = "" if account.peak is None else f", {approximate(account.peak)} at most so far"
    yield f"charged: {approximate(account.charged)}{peak}"
    yield f"hard_limit in force: {format_amount(account.limit)}"
    if measurement.objection is not None:
        yield f"too low: {measurement.objection}"
