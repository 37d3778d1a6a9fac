"""Put the policy of a guest that runs in force."""

from collections.abc import Collection

from xmlresource.cgroup.hierarchy import NoPlace, Place, Version
from xmlresource.cgroup.plan import plan
from xmlresource.cgroup.report import Report
from xmlresource.cgroup.writes import (
    CgroupState,
    Executor,
    Plan,
    Problem,
    Rejection,
    SoftLimitFile,
)
from xmlresource.configuration.host_settings import Configuration
from xmlresource.errors import ExitStatus
from xmlresource.operations.guest import Guest, RefusalError
from xmlresource.operations.guest_policy import GuestPolicy
from xmlresource.operations.host import Host
from xmlresource.promises.promise import Promise
from xmlresource.record import record, replace
from xmlresource.system.cgroups import cgroup_files, places
from xmlresource.system.machine import Machine
from xmlresource.system.state.state_folder import Transaction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource.cgroup.ancestors import Targets
    from xmlresource.cgroup.cpu_and_io.controls import PlanPart


@record
class LedgerEntry:
    """The ledger, where a guest is in it.

    Attributes:
        transaction: The ledger, with the guest's promise as it is to be carried, and its cgroup.
        before: The promise as it has been carried until now.
    """

    transaction: Transaction
    before: Promise | None


def is_weighed(guest: Guest, entry: LedgerEntry) -> bool:
    """Whether something that weights keep is promised to the guest, or was until now."""
    promise = entry.transaction.ledger.get(guest.key)
    both = (promise, entry.before)
    return any(each is not None and (each.cpu or each.io) is not None for each in both)


@record
class EnforcedGuest:
    """A guest that runs, as the kernel has it.

    Attributes:
        policy: What is to be in force.
        place: Where its memory is accounted.
        state: What is in force.
        beside: What its CPU and IO policies ask for beside memory; ``None`` without any.
    """

    policy: GuestPolicy
    place: Place
    state: CgroupState
    beside: "PlanPart | None" = None


def subject_of(machine: Machine, guest: Guest, pid: int) -> EnforcedGuest | Rejection:
    """The guest, as process ``pid`` runs it.

    Raises:
        OSError: A kernel file can't be read.
    """
    policy = guest.policy
    place = places.locate(machine, pid)
    beside: PlanPart | None = None
    if policy.cpu is not None or policy.io is not None:
        from xmlresource.operations.guests import cpu_io_enforcement  # noqa: PLC0415 -- rarely wanted

        found = cpu_io_enforcement.part_of_plan(machine, guest, pid)
        beside = found.part
        if isinstance(place, NoPlace) and not _wants_memory(policy):
            place = found.place or place
            if isinstance(place, Place):
                return EnforcedGuest(policy, place, CgroupState(places.PAGE_SIZE, {}), beside)
    if isinstance(place, NoPlace):
        return Rejection((Problem(None, place.reason),))
    return EnforcedGuest(policy, place, cgroup_files.read_state(machine, place), beside)


def with_disks(machine: Machine, guest: Guest) -> Guest:
    """The guest, with its disks looked for: before anything is locked, for that can take long."""
    if guest.policy.io is None:
        return guest
    from xmlresource.operations.promises.weighed.located_disks import locate_disks  # noqa: PLC0415 -- rarely wanted

    disks = locate_disks(machine, guest.policy.io, guest.domain)
    return replace(guest, disks=disks)


def _wants_memory(policy: GuestPolicy) -> bool:
    return any(amount is not None for _, amount in policy.declared.items())


def plan_for(
    configuration: Configuration, subject: EnforcedGuest, above: "Targets | None"
) -> Plan | Rejection:
    """The plan of the writes for a guest.

    Args:
        configuration: The administrator's settings.
        subject: The guest.
        above: What the cgroups above it have to carry; ``None`` leaves them as they are.
    """
    if not subject.state.values and not _wants_memory(subject.policy):
        found: Plan | Rejection = Plan(subject.place)
    else:
        found = _memory_plan(configuration, subject, above)
    if subject.beside is None:
        return found
    from xmlresource.cgroup.cpu_and_io.controls import joined  # noqa: PLC0415 -- rarely wanted

    return joined(found, subject.beside)


def _memory_plan(
    configuration: Configuration, subject: EnforcedGuest, above: "Targets | None"
) -> Plan | Rejection:
    found = plan(
        subject.policy.declared,
        subject.place,
        subject.state,
        ancestor_sums=None if above is None else above.of("memory.min"),
        ancestor_lows=None if above is None else above.of("memory.low"),
        soft_limit_file=SoftLimitFile(configuration.soft_limit_file),
    )
    return found if isinstance(found, Rejection) else _ours(found, subject.policy.enforced)


def enforce(
    host: Host,
    guest: Guest,
    pid: int,
    entry: LedgerEntry | None,
    rejected: ExitStatus = ExitStatus.ROLLED_BACK,
    spared: Collection[tuple[str, str]] = (),
) -> Report:
    """Put the policy of a guest in force, all of it or nothing.

    Args:
        host: The host.
        guest: The guest.
        pid: Its process.
        entry: The ledger, where the guest is in it or was; ``None`` for a guest that needs nothing
            of the cgroups above it, for which nothing there changes.
        rejected: How it ends where nothing can be written at all.
        spared: Path and entry of what is left as it is.

    Raises:
        RefusalError: It can't be; what was written is undone.
        StateError: What has to be remembered can't be.
        OSError: A kernel file can't be read.
    """
    report = _enforced(host, guest, pid, entry, spared)
    if isinstance(report, Rejection):
        text = f"{guest.subject}: its policy can't be put in force: {report.describe()}"
        raise RefusalError(rejected, text)
    if not report.ok:
        text = f"{guest.subject}: its policy could not be put in force: {report.describe()}"
        raise RefusalError(ExitStatus.ROLLED_BACK, text)
    return report


def _enforced(
    host: Host,
    guest: Guest,
    pid: int,
    entry: LedgerEntry | None,
    spared: Collection[tuple[str, str]],
) -> Report | Rejection:
    subject = subject_of(host.machine, guest, pid)
    if isinstance(subject, Rejection):
        return subject
    if entry is None or subject.place.controller.version is Version.V1:
        found = plan_for(host.configuration, subject, None)
        if isinstance(found, Rejection):
            return found
        return carry_out(host.machine, _without(found, spared))
    # A v1 host does not pay for what v2 takes.
    from xmlresource.operations.ancestors import protection  # noqa: PLC0415

    transaction = entry.transaction
    at = (subject.place, subject.state)
    above = protection.targets_above(host, transaction, at, entry.before)
    found = plan_for(host.configuration, subject, above)
    if isinstance(found, Rejection):
        return found
    return protection.carry_out(host.machine, transaction, _without(found, spared), above)


def _without(plan: Plan, spared: Collection[tuple[str, str]]) -> Plan:
    """The plan without the writes that are left out."""
    if not spared:
        return plan
    kept = (write for write in plan.writes if (write.path, write.entry) not in spared)
    return replace(plan, writes=tuple(kept))


def carry_out(machine: Machine, plan: Plan) -> Report:
    """Apply a plan that asks for nothing of the cgroups above the guest."""
    if all(write.executor is Executor.FILE for write in plan.writes):
        return cgroup_files.apply(machine, plan)
    from xmlresource.system.systemd.unit_properties import SystemdUnits  # noqa: PLC0415 -- weights alone

    return cgroup_files.apply(machine, plan, systemd=SystemdUnits(machine, {}))


def put_back(host: Host, own: Plan, entry: LedgerEntry | None) -> Report:
    """Undo what was written to a guest's own cgroup, and have those above it follow the ledger.

    Args:
        host: The host.
        own: The writes to the guest's own cgroup that undo it.
        entry: As for :func:`enforce`.

    Raises:
        StateError: What has to be remembered can't be.
        OSError: A kernel file can't be read.
    """
    if entry is None or own.place.controller.version is Version.V1:
        return cgroup_files.apply(host.machine, own)
    from xmlresource.operations.ancestors import protection  # noqa: PLC0415 -- v2 alone needs it

    at = (own.place, cgroup_files.read_state(host.machine, own.place))
    above = protection.targets_above(host, entry.transaction, at, entry.before)
    return protection.carry_out(
        host.machine, entry.transaction, protection.around(own, at[1], above), above
    )


def _ours(found: Plan, enforced: frozenset[str]) -> Plan:
    """The plan without what libvirt writes by itself.

    Writes for the cgroups above serve other guests, too, and are always ours.
    """
    own = found.place.cgroup
    return replace(
        found,
        writes=tuple(
            write for write in found.writes if write.tunable in enforced or write.cgroup != own
        ),
        not_enforced=tuple(note for note in found.not_enforced if note.tunable in enforced),
    )
