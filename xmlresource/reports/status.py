"""How a host stands, as text and as JSON."""

from typing import Any

from xmlresource.operations.status import GuestStatus, Status
from xmlresource.printable import one_line, printable
from xmlresource.units import approximate


def as_text(status: Status) -> str:
    """The host in three lines, then a line a guest with its drift below."""
    memory = status.memory
    lines = [
        f"memory     {approximate(memory.total)}, {approximate(memory.available)} available",
        f"reserve    {approximate(status.reserve)} kept for the host itself",
        f"promised   {approximate(status.promised)}, {approximate(status.promisable)} left",
    ]
    if status.held_back is not None:
        names = ", ".join(
            f"{printable(each.name)} {approximate(each.size)}" for each in status.held_back.promises
        )
        lines.append(
            f"held back  {approximate(status.held_back.size)} for another "
            f"{status.held_back.seconds} s, for guests of higher priority: {names}"
        )
    if status.guests:
        lines += ["", f"{'guest':<24} {'state':<9} {'guarantee':>12} {'charged':>12}  cgroup"]
    for guest in status.guests:
        lines.append(_line(guest))
        lines += [f"    drift: {one_line(drift)}" for drift in guest.drift]
        if guest.effective is not None and guest.effective < guest.held.promise.size:
            lines.append(f"    it can count on {approximate(guest.effective)} of it, no more")
    return "\n".join(lines) + "\n"


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
        **_held_back(status),
        "guests": [_guest(guest) for guest in status.guests],
    }


def _held_back(status: Status) -> dict[str, Any]:
    """Only where there is something."""
    found = status.held_back
    if found is None:
        return {}
    guests = [
        {"name": each.name, "uuid": each.uuid, "min_guarantee": each.size}
        for each in found.promises
    ]
    return {"held_back": {"seconds": found.seconds, "guests": guests}}


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
        "cgroup": promise.cgroup,
        "drift": list(guest.drift),
    }
