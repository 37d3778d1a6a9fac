"""Take in the CPU time and the parts of disks of a guest that runs, as ``adoption`` its memory."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from xmlresource.admission.demand import Demand
from xmlresource.admission.refusal import refusal_text
from xmlresource.admission.weights.cpu.cpu_decision import cpus_text
from xmlresource.admission.weights.floor_decision import FloorDecision
from xmlresource.cgroup.report import Report
from xmlresource.model.events import WARNING, Event, Fields
from xmlresource.operations.guest import Guest, RefusalError
from xmlresource.operations.guests.enforcement import LedgerEntry
from xmlresource.operations.guests.floor_enforcement import set_floor
from xmlresource.operations.host import Host
from xmlresource.operations.promises.admission_check import Taken, weighed
from xmlresource.operations.promises.prepare import admitted, amounts_text, figures_of_disks
from xmlresource.operations.promises.weighed.cpu_admission import (
    cpu_demand_for,
    plausible_cpu,
    reckon_cpu,
)
from xmlresource.operations.promises.weighed.io_admission import plausible_io, reckon_io
from xmlresource.operations.promises.weighed.weighed_place import cgroups_of
from xmlresource.printable import printable
from xmlresource.promises.cpu_promise import CpuPromise
from xmlresource.promises.io_promise import IoPromise
from xmlresource.promises.promise import Process
from xmlresource.record import record, replace
from xmlresource.system.host_facts import HostError
from xmlresource.system.state.state_folder import Transaction

_RECONNECT = "reconnect"

Part = TypeVar("Part", CpuPromise, IoPromise)


@record
class KeptParts:
    """What a guest that runs is promised from now on beside memory.

    Attributes:
        cpu: Its CPU time.
        io: Its parts of disks.
        events: What there is to tell about it.
    """

    cpu: CpuPromise | None
    io: IoPromise | None
    events: tuple[Event, ...] = ()


@record
class _Change(Generic[Part]):
    """What a guest was promised of one kind, and what it asks for.

    Attributes:
        before: The promise until now.
        asked: What it declares by now.
        is_part: Nobody need be asked: it is no more, at the same place.
        decide: Whether it can be promised.
        text: A promise in words.
        figures: Promise and declaration, for the log.
    """

    before: Part | None
    asked: Part | None
    is_part: bool
    decide: Callable[[Taken], Sequence[FloorDecision[Any]]]
    text: Callable[[Part | None], str]
    figures: Fields


def keep_parts(
    host: Host,
    guest: Guest,
    demand: Demand,
    process: Process,
    operation: str,
    entry: LedgerEntry,
) -> KeptParts:
    """The CPU time and parts of disks that the guest is promised from now on.

    They are what they were, or more if that can be.

    Args:
        host: The host.
        guest: The guest.
        demand: What it asks for by now.
        process: Its process.
        operation: What asks for it. ``reconnect`` takes nothing away.
        entry: The ledger, and what was promised to it until now; the ledger may be given back
            meanwhile.

    Raises:
        StateError: The ledger can't be used.
        OSError: A kernel file can't be read.
    """
    known, machine, policy = entry.before, host.machine, guest.policy
    if known is None:
        cpu = plausible_cpu(machine, process.pid, guest.domain, policy.cpu) if demand.cpu else None
        io = (
            None
            if demand.io is None
            else plausible_io(machine, process.pid, guest.domain, policy.io)
        )
        return KeptParts(cpu, io)
    of_cpu, of_io = cgroups_of(machine, process.pid)
    time = _cpu_change(host, guest, _placed(known.cpu, of_cpu), _placed(demand.cpu, of_cpu))
    cpu, cpu_events = _kept(host, guest, demand, operation, entry.transaction, time)
    disks = _io_change(host, guest, demand, _placed(known.io, of_io), _placed(demand.io, of_io))
    io, io_events = _kept(host, guest, demand, operation, entry.transaction, disks)
    return KeptParts(cpu, io, (*cpu_events, *io_events))


def weights_in_force(
    host: Host, guest: Guest, entry: LedgerEntry, done: Report | RefusalError
) -> Report | RefusalError:
    """Have the weights follow the ledger, whatever became of the rest; what there is to tell.

    Raises:
        StateError: What has to be remembered can't be.
        OSError: A kernel file can't be read.
    """
    try:
        set_floor(host, guest, entry)
    except RefusalError as error:
        return done if isinstance(done, RefusalError) else error
    except HostError as error:
        failed = RefusalError(error.exit_status, str(error))
        return done if isinstance(done, RefusalError) else failed
    return done


def _placed(part: Part | None, cgroup: str | None) -> Part | None:
    return None if part is None else replace(part, cgroup=cgroup or part.cgroup)


def _cpu_change(
    host: Host, guest: Guest, before: CpuPromise | None, asked: CpuPromise | None
) -> _Change[CpuPromise]:
    def decide(others: Taken) -> Sequence[FloorDecision[Any]]:
        wanted = cpu_demand_for(host.machine, guest.domain, guest.policy.cpu)
        wanted = replace(wanted, name=guest.name, uuid=guest.uuid)
        promises = tuple(each.promise for each in others.promised)
        return (reckon_cpu(host, wanted, guest.domain, promises),)

    def time(part: CpuPromise | None) -> int:
        return 0 if part is None else part.time

    is_part = before is not None and (
        asked is None or (asked.time <= before.time and asked.cpus == before.cpus)
    )
    figures: Fields = {"millicpus": time(before), "declared_millicpus": time(asked)}
    return _Change(before, asked, is_part, decide, lambda part: cpus_text(time(part)), figures)


def _io_change(
    host: Host, guest: Guest, demand: Demand, before: IoPromise | None, asked: IoPromise | None
) -> _Change[IoPromise]:
    def decide(others: Taken) -> Sequence[FloorDecision[Any]]:
        promises = tuple(each.promise for each in others.promised)
        wanted = replace(demand, name=guest.name, uuid=guest.uuid)
        return reckon_io(host, wanted, guest.domain, promises)

    def text(part: IoPromise | None) -> str:
        return "no part of any disk" if part is None else amounts_text(0, None, part)

    is_part = before is not None and (
        asked is None or all(each.part <= before.part_of(each.disk) for each in asked.disks)
    )
    figures = figures_of_disks(before)
    figures |= {f"declared_{name}": value for name, value in figures_of_disks(asked).items()}
    return _Change(before, asked, is_part, decide, text, figures)


def _kept(
    host: Host,
    guest: Guest,
    demand: Demand,
    operation: str,
    transaction: Transaction,
    change: _Change[Part],
) -> tuple[Part | None, tuple[Event, ...]]:
    """What the guest is promised of one kind from now on."""
    before, asked = change.before, change.asked
    if asked == before:
        return before, ()
    if change.is_part:
        if operation != _RECONNECT:
            return asked, ()
        return before, (_told(guest, operation, change, "which is less"),)
    refused = _why_not(host, guest, transaction, change.decide)
    if refused is None:
        return asked, (admitted(guest, demand, operation),)
    reason = f"which can't be promised: {refused}"
    return before, (_told(guest, operation, change, reason),)


def _why_not(
    host: Host,
    guest: Guest,
    transaction: Transaction,
    decide: Callable[[Taken], Sequence[FloorDecision[Any]]],
) -> str | None:
    """Why what the guest declares can't be promised; ``None`` where it can."""
    try:
        decisions = weighed(host, transaction, guest.key, decide)
    except (HostError, OSError) as error:
        return str(error)
    refused = next((each for each in decisions if not each.admitted), None)
    if refused is None:
        return None
    first_line = refusal_text(refused).partition("\n")[0]
    return first_line.removeprefix(f"{guest.subject} refused: ")


def _told(guest: Guest, operation: str, change: _Change[Part], reason: str) -> Event:
    """That the guest keeps what it was promised, whatever its definition says by now."""
    message = (
        f"guest '{printable(guest.name)}' keeps its promise of {change.text(change.before)}; its "
        f"live definition declares {change.text(change.asked)}, {reason}; change that, or have "
        "'xmlresource apply' ask for it"
    )
    return Event(WARNING, message, operation, guest.name, guest.uuid, change.figures)
