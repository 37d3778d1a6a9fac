"""Put the policy of a guest that runs in force."""

from xmlresource.cgroup.hierarchy import NoPlace, Place, Version
from xmlresource.cgroup.plan import plan
from xmlresource.cgroup.report import Report
from xmlresource.cgroup.writes import Plan, Problem, Rejection, SoftLimitFile, State
from xmlresource.configuration import Configuration
from xmlresource.exit_status import ExitStatus
from xmlresource.model.promise import Promise
from xmlresource.operations.guest import Guest, RefusalError
from xmlresource.operations.guest_policy import GuestPolicy
from xmlresource.operations.host import Host
from xmlresource.record import record, replace
from xmlresource.system import cgroups, places
from xmlresource.system.machine import Machine
from xmlresource.system.state import Transaction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource.cgroup.chain import Targets


@record
class Booked:
    """The book, where a guest is in it.

    Attributes:
        book: The book, with the guest's promise as it is to be carried, and its cgroup.
        before: The promise as it has been carried until now.
    """

    book: Transaction
    before: Promise | None


@record
class Subject:
    """A guest that runs, as the kernel has it.

    Attributes:
        policy: What is to be in force.
        place: Where its memory is accounted.
        state: What is in force.
    """

    policy: GuestPolicy
    place: Place
    state: State


def subject_of(machine: Machine, policy: GuestPolicy, pid: int) -> Subject | Rejection:
    """The guest that process ``pid`` runs.

    Raises:
        OSError: A kernel file can't be read.
    """
    place = places.locate(machine, pid)
    if isinstance(place, NoPlace):
        return Rejection((Problem(None, place.reason),))
    return Subject(policy, place, cgroups.read_state(machine, place))


def plan_for(
    configuration: Configuration, subject: Subject, above: "Targets | None"
) -> Plan | Rejection:
    """What to write for a guest.

    Args:
        configuration: The administrator's settings.
        subject: The guest.
        above: What the cgroups above it have to carry; ``None`` leaves them as they are.
    """
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
    booked: Booked | None,
    rejected: ExitStatus = ExitStatus.ROLLED_BACK,
) -> Report:
    """Put the policy of a guest in force, all of it or nothing.

    Args:
        host: The host.
        guest: The guest.
        pid: Its process.
        booked: The book, where the guest is in it or was; ``None`` for a guest that needs nothing
            of the cgroups above it, for which nothing there changes.
        rejected: How it ends where nothing can be written at all.

    Raises:
        RefusalError: It can't be; what was written is undone.
        StateError: What has to be remembered can't be.
        OSError: A kernel file can't be read.
    """
    report = _enforced(host, guest, pid, booked)
    if isinstance(report, Rejection):
        text = f"{guest.subject}: its policy can't be put in force: {report.describe()}"
        raise RefusalError(rejected, text)
    if not report.ok:
        text = f"{guest.subject}: its policy could not be put in force: {report.describe()}"
        raise RefusalError(ExitStatus.ROLLED_BACK, text)
    return report


def _enforced(host: Host, guest: Guest, pid: int, booked: Booked | None) -> Report | Rejection:
    subject = subject_of(host.machine, guest.policy, pid)
    if isinstance(subject, Rejection):
        return subject
    if booked is None or subject.place.controller.version is Version.V1:
        found = plan_for(host.configuration, subject, None)
        return found if isinstance(found, Rejection) else cgroups.apply(host.machine, found)
    # A v1 host does not pay for what v2 takes.
    from xmlresource.operations import chain  # noqa: PLC0415

    book = booked.book
    at = (subject.place, subject.state)
    above = chain.targets_above(host.machine, host.configuration, book, at, booked.before)
    found = plan_for(host.configuration, subject, above)
    if isinstance(found, Rejection):
        return found
    return chain.carry_out(host.machine, book, found, above)


def put_back(host: Host, own: Plan, booked: Booked | None) -> Report:
    """Undo what was written to a guest's own cgroup, and have those above it follow the book.

    Args:
        host: The host.
        own: The writes to the guest's own cgroup that undo it.
        booked: As for :func:`enforce`.

    Raises:
        StateError: What has to be remembered can't be.
        OSError: A kernel file can't be read.
    """
    if booked is None or own.place.controller.version is Version.V1:
        return cgroups.apply(host.machine, own)
    from xmlresource.operations import chain  # noqa: PLC0415 -- v2 alone needs it

    at = (own.place, cgroups.read_state(host.machine, own.place))
    above = chain.targets_above(host.machine, host.configuration, booked.book, at, booked.before)
    return chain.carry_out(host.machine, booked.book, chain.around(own, at[1], above), above)


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
