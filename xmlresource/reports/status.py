"""How a host stands: as text, as a table with bars for a terminal, and as JSON."""

from collections.abc import Iterable, Iterator
from typing import Any

from xmlresource.cgroup.writes import as_json as amount_as_json
from xmlresource.live.status import ToldGuest, ToldStatus
from xmlresource.operations.status import GuestStatus, Status
from xmlresource.printable import one_line, printable
from xmlresource.record import record
from xmlresource.reports.bars import Style, bar
from xmlresource.reports.decision import held_back_as_json
from xmlresource.reports.tables import aligned
from xmlresource.units import Amount, approximate

_LONGEST_NAME = 24
_NARROWEST, _WIDEST = 8, 40  # bars
_NUMBERS = frozenset(range(2, 7))
_HEAD = ("guest", "", "guarantee", "used", "limit", "headroom", "pressure")


@record
class Row:
    """A guest in the table.

    Attributes:
        name: Its name.
        guarantee: What it is promised.
        used: What it has.
        limit: What it may have; ``None`` where that is not known.
        pressure: Percent of the time it waits for memory; ``None`` where that is not known.
        remarks: What else there is to say, a sentence each.
    """

    name: str
    guarantee: int
    used: int
    limit: Amount | None
    pressure: float | None = None
    remarks: tuple[str, ...] = ()


def as_text(status: Status) -> str:
    """The host in three lines, then a line a guest with its drift below."""
    lines = _host(status)
    if status.guests:
        lines += ["", f"{'guest':<24} {'state':<9} {'guarantee':>12} {'charged':>12}  cgroup"]
    for guest in status.guests:
        lines.append(_line(guest))
        lines += [f"    {remark}" for remark in _remarks(guest)]
    return _text(lines)


def as_table(status: Status, width: int, style: Style) -> str:
    """The same with bars, for a terminal of ``width`` characters."""
    lines = _host(status)
    if status.pressure is not None:
        lines.append(f"pressure   tasks wait for memory {status.pressure:.1f} % of the time")
    return _text([*lines, *_table(map(_row, status.guests), width, style)])


def told_as_table(told: ToldStatus, width: int, style: Style | None) -> str:
    """What libvirt told, for a terminal or, without a style, for a file."""
    host = printable(told.hostname)
    declared = approximate(sum(each.guarantee for each in told.guests))
    rows = [Row(each.name, each.guarantee, each.resident, each.limit) for each in told.guests]
    return _text(
        [
            f"host       {host}, as libvirt tells",
            f"memory     {approximate(told.memory)}",
            f"declared   {declared}",
            f"what is promised, its kernel knows; on {host}, run: xmlresource status",
            *_table(rows, width, style),
        ]
    )


def as_json(status: Status) -> dict[str, Any]:
    """The shape of ``status --json``, version 1; sizes in bytes."""
    return {
        "version": 1,
        "host": {
            "total": status.memory.total,
            "available": status.memory.available,
            "hugepages": status.memory.hugepage_bytes,
            "reserve": status.reserve,
            "promised": status.promised,
            "promisable": status.promisable,
        },
        **held_back_as_json(status.held_back),
        "pressure": status.pressure,
        "guests": [_guest(guest) for guest in status.guests],
    }


def told_as_json(told: ToldStatus) -> dict[str, Any]:
    """The same of what libvirt told; ``null`` is what its host's kernel alone knows."""
    unknown = ("available", "hugepages", "reserve", "promised", "promisable")
    return {
        "version": 1,
        "hostname": told.hostname,
        "host": {"total": told.memory, **dict.fromkeys(unknown)},
        "pressure": None,
        "guests": [_told_guest(guest) for guest in told.guests],
    }


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _host(status: Status) -> list[str]:
    memory = status.memory
    lines = [
        f"memory     {approximate(memory.total)}, {approximate(memory.available)} available",
        f"reserve    {approximate(status.reserve)} kept for the host itself",
        f"promised   {approximate(status.promised)}, {approximate(status.promisable)} left",
    ]
    if status.held_back is not None:
        names = ", ".join(
            f"{printable(each.name)} {approximate(each.committed)}"
            for each in status.held_back.promises
        )
        lines.append(
            f"held back  {approximate(status.held_back.size)} for another "
            f"{status.held_back.seconds} s, for guests of higher priority: {names}"
        )
    return lines


def _remarks(guest: GuestStatus) -> Iterator[str]:
    for drift in guest.drift:
        yield f"drift: {one_line(drift)}"
    if guest.effective is not None and guest.effective < guest.held.promise.size:
        yield f"it can count on {approximate(guest.effective)} of it, no more"


def _row(guest: GuestStatus) -> Row:
    promise = guest.held.promise
    return Row(
        promise.name,
        promise.size,
        guest.held.charged,
        guest.limit,
        guest.pressure,
        tuple(_remarks(guest)),
    )


def _table(rows: Iterable[Row], width: int, style: Style | None) -> Iterator[str]:
    """The rows, each with a bar as wide as the terminal has room for."""
    found = list(rows)
    if not found:
        return
    cells = [_HEAD, *map(_cells, found)]
    left = width - max(map(len, aligned(cells, _NUMBERS)))
    if style is not None and left >= _NARROWEST:
        wide = min(_WIDEST, left)
        cells[1:] = [
            (name, _bar(row, wide, style), *rest)
            for (name, _, *rest), row in zip(cells[1:], found, strict=True)
        ]
    else:
        cells = [(name, *rest) for name, _, *rest in cells]
    numbers = _NUMBERS if len(cells[0]) == len(_HEAD) else {each - 1 for each in _NUMBERS}
    lines = aligned(cells, numbers)
    yield ""
    yield next(lines)
    for row, line in zip(found, lines, strict=True):
        yield line
        yield from (f"    {remark}" for remark in row.remarks)


def _bar(row: Row, wide: int, style: Style) -> str:
    """Of the limit; of a guest without one, of the larger of guarantee and use."""
    whole = row.limit if isinstance(row.limit, int) else max(row.guarantee, row.used)
    return bar(wide, whole, row.used, row.guarantee, style)


def _cells(row: Row) -> tuple[str, ...]:
    limit = row.limit
    headroom = max(0, limit - row.used) if isinstance(limit, int) else None
    return (
        printable(row.name, _LONGEST_NAME),
        "",
        approximate(row.guarantee) if row.guarantee else "-",
        approximate(row.used),
        approximate(limit) if isinstance(limit, int) else "-",
        "-" if headroom is None else approximate(headroom),
        "-" if row.pressure is None else f"{row.pressure:.1f} %",
    )


def _line(guest: GuestStatus) -> str:
    promise = guest.held.promise
    return (
        f"{printable(promise.name, 24):<24} {promise.state.value:<9} "
        f"{approximate(promise.size):>12} {approximate(guest.held.charged):>12}  "
        f"{one_line(promise.cgroup or '-')}"
    )


def _guest(guest: GuestStatus) -> dict[str, Any]:
    promise = guest.held.promise
    # Only where it can be told: not on v1.
    effective = {} if guest.effective is None else {"effective": guest.effective}
    return {
        "name": promise.name,
        "uuid": promise.uuid,
        "state": promise.state.value,
        "min_guarantee": promise.size,
        "charged": guest.held.charged,
        **effective,
        "limit": _amount(guest.limit),
        "soft_limit": _amount(guest.soft_limit),
        "headroom": guest.headroom,
        "pressure": guest.pressure,
        "cgroup": promise.cgroup,
        "drift": list(guest.drift),
    }


def _told_guest(guest: ToldGuest) -> dict[str, Any]:
    limit = guest.limit
    return {
        "name": guest.name,
        "uuid": guest.uuid,
        "state": "running",
        "declared": guest.guarantee,
        "min_guarantee": None,
        "resident": guest.resident,
        "charged": None,
        "limit": _amount(limit),
        "soft_limit": None,
        "headroom": None,
        "pressure": None,
        "cgroup": None,
        "drift": None,
    }


def _amount(amount: Amount | None) -> int | str | None:
    return None if amount is None else amount_as_json(amount)
