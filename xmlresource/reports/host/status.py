"""The state of a host as text, with bars on a terminal, and as JSON."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from xmlresource.admission.reckoning import numbers_text
from xmlresource.admission.weights.cpu.cpu_decision import cpus_text
from xmlresource.admission.weights.disks.disk_decision import percent_text
from xmlresource.cgroup.writes import as_json as amount_as_json
from xmlresource.live.status import LibvirtGuest, LibvirtStatus
from xmlresource.operations.administration.status import (
    BalloonStatus,
    CpuStatus,
    DiskStatus,
    GuestStatus,
    Status,
)
from xmlresource.printable import one_line, printable
from xmlresource.promises.cpu_promise import CpuPromise
from xmlresource.promises.io_promise import IoPromise
from xmlresource.promises.promise import PromiseState
from xmlresource.record import record
from xmlresource.reports.guests.decision import held_back_as_json
from xmlresource.reports.host.memory_parts import MemoryParts, memory_parts, parts_bar
from xmlresource.reports.layout.bars import BarStyle, bar
from xmlresource.reports.layout.canvas import Canvas
from xmlresource.reports.layout.tables import aligned, fitted
from xmlresource.reports.layout.times import local_time
from xmlresource.units import Amount, approximate

_LONGEST_NAME, _SHORTEST_NAME = 24, 8
_NARROWEST, _WIDEST = 8, 40  # bars
_NUMBERS = frozenset(range(3, 8))
_RUNNING = PromiseState.RUNNING.value
_HEAD = ("guest", "state", "", "guarantee", "used", "limit", "headroom", "pressure")


@record
class StatusRow:
    """A guest in the table.

    Attributes:
        name: Its name.
        state: Whether it starts or runs.
        guarantee: What it is promised.
        used: What it has.
        limit: What it may have; ``None`` where that is not known.
        pressure: Percent of the time it waits for memory; ``None`` where that is not known.
        remarks: What else there is to say, a sentence each.
    """

    name: str
    state: str
    guarantee: int
    used: int
    limit: Amount | None
    pressure: float | None = None
    remarks: tuple[str, ...] = ()


def as_text(status: Status, canvas: Canvas | None = None) -> str:
    """The state of a host: its bar, its figures, and a table of guests with remarks below each.

    Args:
        status: The state.
        canvas: The terminal to draw it on; without one there are no bars, and no line is broken.
    """
    lines = [] if canvas is None else [*parts_bar(_parts(status), canvas), ""]
    host = [*_host(status)]
    if status.pressure is not None:
        host.append(f"pressure   tasks wait for memory {status.pressure:.1f} % of the time")
    return _text([*lines, *_folded(host, canvas), *_table(map(_row, status.guests), canvas)])


def told_as_text(told: LibvirtStatus, canvas: Canvas | None = None) -> str:
    """The guests that libvirt told of, for a terminal or, without one, for a file."""
    host = printable(told.hostname)
    declared = approximate(sum(each.guarantee for each in told.guests))
    rows = [
        StatusRow(each.name, _RUNNING, each.guarantee, each.resident, each.limit)
        for each in told.guests
    ]
    lines = [
        f"host       {host}, as libvirt tells",
        f"memory     {approximate(told.memory)}",
        f"declared   {declared}",
        f"what is promised, its kernel knows; on {host}, run: xmlresource status",
    ]
    return _text([*_folded(lines, canvas), *_table(rows, canvas)])


def _parts(status: Status) -> MemoryParts:
    memory = status.memory
    return memory_parts(
        memory.total,
        memory.available,
        memory.hugepage_bytes,
        status.reserve,
        [(each.held.promise.committed, each.held.kept) for each in status.guests],
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
        **_host_cpu(status.cpu),
        **_host_disks(status.disks),
        "pressure": status.pressure,
        **_ballooned(status.ballooned),
        # Only where there is some.
        **({"drift": list(status.left_over)} if status.left_over else {}),
        "guests": [_guest(guest) for guest in status.guests],
    }


def _host_cpu(cpu: CpuStatus | None) -> dict[str, Any]:
    """Only where CPU time is promised; in thousandths of a CPU."""
    if cpu is None:
        return {}
    return {
        "cpu": {
            "total": cpu.total,
            "reserve": cpu.reserve,
            "promised": cpu.promised,
            "promisable": cpu.promisable,
        }
    }


def _ballooned(guests: tuple[BalloonStatus, ...]) -> dict[str, Any]:
    """Only where RAM was taken."""
    if not guests:
        return {}
    return {
        "ballooned": [
            {"name": each.name, "uuid": each.uuid, "left": each.left, "maximum": each.maximum}
            for each in guests
        ]
    }


def _host_disks(disks: Iterable[DiskStatus]) -> dict[str, Any]:
    """Only where parts of disks are promised; in thousandths of a percent."""
    rows = [
        {
            "disk": each.number,
            "name": each.name,
            "promised": each.promised,
            "promisable": each.promisable,
        }
        for each in disks
    ]
    return {"disks": rows} if rows else {}


def told_as_json(told: LibvirtStatus) -> dict[str, Any]:
    """The guests that libvirt told of, as JSON; ``null`` is what its host's kernel alone knows."""
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
    if status.cpu is not None:
        cpu = status.cpu
        lines.append(
            f"CPU time   {cpus_text(cpu.total)}, {cpus_text(cpu.reserve)} kept for the host, "
            f"{cpus_text(cpu.promised)} promised, {cpus_text(cpu.promisable)} left"
        )
    lines += map(_disk_text, status.disks)
    if status.ballooned:
        taken = sum(each.maximum - each.left for each in status.ballooned)
        names = ", ".join(
            f"{printable(each.name)} {approximate(each.left)} of {approximate(each.maximum)}"
            for each in status.ballooned
        )
        lines.append(f"ballooned  {approximate(taken)}, guests are left with: {names}")
    lines += [
        f"drift      {one_line(each)}; put back by 'apply --all'" for each in status.left_over
    ]
    return lines


def _disk_text(disk: DiskStatus) -> str:
    promised = f"{percent_text(disk.promised)} promised"
    if disk.name is None:
        return f"disk       {disk.number}: {promised}, not kept: neither iocost nor bfq serves it"
    left = percent_text(disk.promisable)
    return f"disk       {printable(disk.name)} ({disk.number}): {promised}, {left} left"


def _remarks(guest: GuestStatus) -> Iterator[str]:
    if guest.window is not None:
        since, until = local_time(guest.window.since), local_time(guest.window.until)
        yield f"admitted {since}, has until {until} to start"
    if guest.held.promise.cpu is not None:
        yield _cpu_text(guest.held.promise.cpu)
    if guest.held.promise.io is not None:
        yield _io_text(guest.held.promise.io)
    for drift in guest.drift:
        yield f"drift: {one_line(drift)}"
    if guest.effective is not None and guest.effective < guest.held.promise.size:
        yield f"it can count on {approximate(guest.effective)} of it, no more"


def _cpu_text(cpu: CpuPromise) -> str:
    where = "" if cpu.cpus is None else f" on CPU {numbers_text(cpu.cpus)}"
    return f"it is promised {cpus_text(cpu.time)}{where}"


def _io_text(io: IoPromise) -> str:
    parts = (f"{percent_text(each.part)} of disk {each.disk}" for each in io.disks)
    return f"it is promised {', '.join(parts)}"


def _row(guest: GuestStatus) -> StatusRow:
    promise = guest.held.promise
    return StatusRow(
        promise.name,
        promise.state.value,
        promise.size,
        guest.held.charged,
        guest.limit,
        guest.pressure,
        tuple(_remarks(guest)),
    )


def _table(rows: Iterable[StatusRow], canvas: Canvas | None) -> Iterator[str]:
    """The rows, each with a bar as wide as the terminal has room for."""
    found = list(rows)
    if not found:
        return
    cells = [_HEAD, *(_cells(row, _name_width(found, canvas)) for row in found)]
    left = 0 if canvas is None else canvas.width - max(map(len, aligned(cells, _NUMBERS)))
    if canvas is not None and left >= _NARROWEST:
        wide = min(_WIDEST, left)
        cells[1:] = [
            (name, state, _bar(row, wide, canvas.bars), *rest)
            for (name, state, _, *rest), row in zip(cells[1:], found, strict=True)
        ]
    else:
        cells = [(name, state, *rest) for name, state, _, *rest in cells]
    numbers = _NUMBERS if len(cells[0]) == len(_HEAD) else {each - 1 for each in _NUMBERS}
    lines = aligned(cells, numbers)
    yield ""
    yield next(lines)
    for row, line in zip(found, lines, strict=True):
        yield line
        yield from _folded((f"    {remark}" for remark in row.remarks), canvas)


def _name_width(rows: Sequence[StatusRow], canvas: Canvas | None) -> int:
    """The characters of a name for which a terminal has room beside the figures."""
    if canvas is None:
        return _LONGEST_NAME
    cells = [_HEAD, *(_cells(row, _LONGEST_NAME) for row in rows)]
    figures = [("", state, *rest) for _, state, _, *rest in cells]
    beside = max(map(len, aligned(figures, {each - 1 for each in _NUMBERS})))
    return max(_SHORTEST_NAME, min(_LONGEST_NAME, canvas.width - beside))


def _folded(lines: Iterable[str], canvas: Canvas | None) -> list[str]:
    return fitted(_text(lines), None if canvas is None else canvas.width).splitlines()


def _bar(row: StatusRow, wide: int, style: BarStyle) -> str:
    """Of the limit; of a guest without one, of the larger of guarantee and use."""
    whole = row.limit if isinstance(row.limit, int) else max(row.guarantee, row.used)
    return bar(wide, whole, row.used, row.guarantee, style)


def _cells(row: StatusRow, name_width: int) -> tuple[str, ...]:
    limit = row.limit
    headroom = max(0, limit - row.used) if isinstance(limit, int) else None
    return (
        printable(row.name, name_width),
        row.state,
        "",
        approximate(row.guarantee) if row.guarantee else "-",
        approximate(row.used),
        approximate(limit) if isinstance(limit, int) else "-",
        "-" if headroom is None else approximate(headroom),
        "-" if row.pressure is None else f"{row.pressure:.1f} %",
    )


def _guest(guest: GuestStatus) -> dict[str, Any]:
    promise = guest.held.promise
    # Only where it can be told: not on v1.
    effective = {} if guest.effective is None else {"effective": guest.effective}
    # Only while it starts: in seconds since 1970.
    window = guest.window
    waits = {} if window is None else {"since": window.since, "until": window.until}
    return {
        "name": promise.name,
        "uuid": promise.uuid,
        "state": promise.state.value,
        **waits,
        "min_guarantee": promise.size,
        "charged": guest.held.charged,
        **effective,
        **_guest_cpu(promise.cpu),
        **_guest_io(promise.io),
        "limit": _amount(guest.limit),
        "soft_limit": _amount(guest.soft_limit),
        "headroom": guest.headroom,
        "pressure": guest.pressure,
        "cgroup": promise.cgroup,
        "drift": list(guest.drift),
    }


def _guest_cpu(cpu: CpuPromise | None) -> dict[str, Any]:
    """Only where CPU time is promised; in thousandths of a CPU."""
    if cpu is None:
        return {}
    cpus = None if cpu.cpus is None else sorted(cpu.cpus)
    return {"cpu": {"guarantee": cpu.time, "cpus": cpus, "share": cpu.share}}


def _guest_io(io: IoPromise | None) -> dict[str, Any]:
    """Only where parts of disks are promised; in thousandths of a percent."""
    if io is None:
        return {}
    disks = [{"disk": each.disk, "guarantee": each.part} for each in io.disks]
    return {"io": {"disks": disks, "share": io.share}}


def _told_guest(guest: LibvirtGuest) -> dict[str, Any]:
    limit = guest.limit
    return {
        "name": guest.name,
        "uuid": guest.uuid,
        "state": _RUNNING,
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
