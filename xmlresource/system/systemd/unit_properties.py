"""Set properties of systemd's units that are kernel files, so that they last.

What is written into the files of a unit by hand is gone at the next ``systemctl daemon-reload``, or
when anybody sets any property of it. ``SetUnitProperties`` puts a value into the kernel and into
systemd's own picture at once. It also leaves a drop-in, ``50-MemoryMin.conf``, below
``/run/systemd/system.control``; for a scope that is all there is to it.

A slice belongs to the administrator, too, and systemd merges drop-ins by file name: one of his
with a later name, or one of the same name that ``systemctl set-property`` left in ``/etc``, would
win over it at the next reload. So for a slice the value also stands in a drop-in of our own, which
sorts behind all others, and the one that the call leaves is put back to what it was: all that is
ours is in one file, and goes when that is removed.
"""

import contextlib
import os
import time
from collections.abc import Iterable, Mapping
from typing import Final

from xmlresource.cgroup.writes import Write
from xmlresource.system.machine import Machine
from xmlresource.system.systemd import dbus
from xmlresource.system.systemd.dbus import BusError, Marshaller, Method
from xmlresource.units import UNLIMITED, Amount, Unlimited

DROP_IN: Final = "zz-xmlresource.conf"
DROP_INS: Final = "/run/systemd/system"
CONTROL: Final = "/run/systemd/system.control"

PROPERTIES: Final = {
    "memory.min": "MemoryMin",
    "memory.low": "MemoryLow",
    "memory.high": "MemoryHigh",
    "memory.max": "MemoryMax",
    "memory.swap.max": "MemorySwapMax",
    "cpu.weight": "CPUWeight",
    "cpu.shares": "CPUShares",
}
"""The property of each kernel file; ``memory.swap.high`` has none (systemd 252)."""

IO_WEIGHTS: Final = {
    "io.weight": "IOWeight",
    "io.bfq.weight": "IOWeight",
}
"""The property of each kernel file with a weight. systemd writes its one weight of IO to both
files, and to that of bfq less."""

METHOD: Final = Method(
    destination="org.freedesktop.systemd1",
    path="/org/freedesktop/systemd1",
    interface="org.freedesktop.systemd1.Manager",
    member="SetUnitProperties",
    signature="sba(sv)",
)
_USUAL_WEIGHT, _BFQ_PART = 100, 11
_INFINITY: Final = 2**64 - 1  # how the property spells "no limit"
_HEAD: Final = (
    "# What running guests are promised, by xmlresource; gone with the last of them.\n[Slice]\n"
)
# systemd leaves the bus while it executes itself anew (daemon-reexec).
_AWAY: Final = frozenset(
    f"org.freedesktop.DBus.Error.{name}"
    for name in ("NameHasNoOwner", "NoReply", "ServiceUnknown", "Disconnected", "Spawn.ChildExited")
)
PATIENCE: Final = 20.0  # seconds
PAUSE: Final = 0.1


class SystemdUnits:
    """A ``SystemdWriter``.

    Args:
        machine: The machine.
        configured: What the administrator gave to slices, by cgroup and file: the values for which
            nothing of ours is needed.
    """

    def __init__(self, machine: Machine, configured: Mapping[tuple[str, str], Amount]) -> None:
        self._machine: Final = machine
        self._configured: Final = configured

    def __call__(self, write: Write, amount: Amount) -> None:
        """Set the property behind ``write`` to ``amount``; it is in the kernel when this returns.

        Raises:
            OSError: systemd can't be reached, or does not take it.
        """
        unit = write.cgroup.rpartition("/")[2]
        if not unit.endswith(".slice"):
            name = PROPERTIES.get(write.file) or IO_WEIGHTS[write.file]
            set_property(self._machine, unit, name, _as_property(write.file, amount))
            return
        name = PROPERTIES[write.file]
        ours = _ours(write.cgroup)
        theirs = f"{CONTROL}/{unit}.d/50-{name}.conf"
        before = self._machine.read_if_there(ours)
        his = self._his(write, self._machine.read_if_there(theirs), name)
        needed = self._configured.get((write.cgroup, write.file)) != amount
        try:
            if needed:  # before the call: a process killed between them leaves enough, not less
                _replace(self._machine, ours, _with(before, name, amount))
            set_property(self._machine, unit, name, amount)
            if not needed:
                _replace(self._machine, ours, _with(before, name, None))
        except OSError:
            _replace(self._machine, ours, before)
            raise
        finally:
            _replace(self._machine, theirs, his)

    def _his(self, write: Write, text: str | None, name: str) -> str | None:
        """The drop-in as the administrator left it: not what a call of ours did, and was killed."""
        given = _given(text).get(name)
        ours = {_written(amount) for amount in (write.before, write.value)}
        configured = self._configured.get((write.cgroup, write.file))
        if given in ours and (configured is None or given != _written(configured)):
            return None
        return text


def _as_property(file: str, amount: Amount) -> Amount:
    """The property's value that makes systemd write ``amount`` to a file.

    Of weights above 100 bfq gets an eleventh of what is beyond (systemd's BFQ_WEIGHT).
    """
    if file != "io.bfq.weight" or isinstance(amount, Unlimited) or amount <= _USUAL_WEIGHT:
        return amount
    return _USUAL_WEIGHT + (amount - _USUAL_WEIGHT) * _BFQ_PART


def has_drop_in(machine: Machine, cgroup: str) -> bool:
    """Whether there is a drop-in of ours for a slice.

    Raises:
        OSError: It is there and can't be read.
    """
    return machine.read_if_there(_ours(cgroup)) is not None


def left_in_force(machine: Machine, cgroup: str) -> Mapping[str, Amount]:
    """The protection that our drop-in gives to a slice, by kernel file.

    Raises:
        OSError: It is there and can't be read.
        ValueError: It holds what we never wrote.
    """
    given = _given(machine.read_if_there(_ours(cgroup)))
    return {
        file: UNLIMITED if given[name] == "infinity" else int(given[name])
        for file, name in PROPERTIES.items()
        if name in given
    }


def mend_drop_in(
    machine: Machine, cgroup: str, wanted: Mapping[str, Amount], files: Iterable[str]
) -> None:
    """Have our drop-in give a slice, of ``files``, exactly ``wanted``.

    A process that was killed before systemd had the value left what the next ``daemon-reload``
    would put in force.

    Raises:
        OSError: It can't be read or written.
    """
    path = _ours(cgroup)
    there = machine.read_if_there(path)
    given = _given(there)
    text = there
    for file in files:
        name, amount = PROPERTIES[file], wanted.get(file)
        if given.get(name) != (None if amount is None else _written(amount)):
            text = _with(text, name, amount)
    if text != there:
        _replace(machine, path, text)


def _ours(cgroup: str) -> str:
    return f"{DROP_INS}/{cgroup.rpartition('/')[2]}.d/{DROP_IN}"


def _given(text: str | None) -> dict[str, str]:
    """The properties that a drop-in sets."""
    return dict(line.split("=", 1) for line in (text or "").splitlines() if "=" in line)


def _written(amount: Amount) -> str:
    """An amount as a drop-in spells it."""
    return "infinity" if isinstance(amount, Unlimited) else str(amount)


def _with(text: str | None, name: str, amount: Amount | None) -> str | None:
    """Our drop-in with the property, or without it; ``None`` where nothing is left in it."""
    lines = [line for line in (text or "").splitlines() if "=" in line]
    kept = [line for line in lines if line.partition("=")[0] != name]
    if amount is not None:
        kept.append(f"{name}={_written(amount)}")
    return _HEAD + "\n".join(kept) + "\n" if kept else None


def set_property(machine: Machine, unit: str, name: str, amount: Amount) -> None:
    """Set a unit's property until the machine is off.

    Raises:
        OSError: systemd can't be reached, or does not take it.
    """
    body = body_of(unit, name, amount)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            dbus.call(machine, METHOD, body)
        except BusError as error:
            if error.name not in _AWAY or time.monotonic() > deadline:
                raise OSError(f"systemd does not set {name} of {unit}: {error}") from error
        except OSError as error:
            if not isinstance(error, ConnectionResetError) or time.monotonic() > deadline:
                raise OSError(
                    f"{name} of {unit} can't be set: no way to systemd: {error}"
                ) from error
        else:
            return
        time.sleep(PAUSE)


def body_of(unit: str, name: str, amount: Amount) -> bytes:
    """``sba(sv)``: the unit, until the machine is off, the one property."""
    properties = Marshaller()
    properties.string(name)
    properties.signature("t")
    properties.number(_INFINITY if isinstance(amount, Unlimited) else amount, 8)
    body = Marshaller()
    body.string(unit)
    body.number(1)  # until the machine is off
    body.structs(properties)
    return bytes(body.data)


def _replace(machine: Machine, path: str, text: str | None) -> None:
    """Have ``text`` in the file, at once, or no file."""
    real = machine.path(path)
    folder = os.path.dirname(real)
    if text is None:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.unlink(real)
        with contextlib.suppress(OSError):  # others' files are in it
            os.rmdir(folder)
        return
    os.makedirs(folder, mode=0o755, exist_ok=True)
    fresh = f"{real}.new"  # systemd reads *.conf alone
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(fresh, flags, 0o644)
    try:
        rest = text.encode("utf-8", "surrogateescape")
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)
    os.rename(fresh, real)
