"""Put the policy of a guest that runs in force, and take it out again."""

from xmlresource.cgroup.hierarchy import NoPlace, Place, Version
from xmlresource.cgroup.plan import plan
from xmlresource.cgroup.report import Report
from xmlresource.cgroup.writes import Plan, Problem, Rejection, SoftLimitFile, State
from xmlresource.configuration import Configuration
from xmlresource.operations.guest_policy import GuestPolicy
from xmlresource.record import record, replace
from xmlresource.system import cgroups, places
from xmlresource.system.machine import Machine
from xmlresource.system.state import Transaction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource.cgroup.chain import Targets


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
    machine: Machine, configuration: Configuration, subject: Subject, book: Transaction | None
) -> Report | Rejection:
    """Put a guest's policy in force, all of it or nothing.

    Args:
        machine: The machine.
        configuration: The administrator's settings.
        subject: The guest.
        book: The book, where the guest's promise is in it, with its cgroup; ``None`` for a guest
            without one, for which nothing above it changes.

    Raises:
        StateError: What has to be remembered can't be.
        OSError: A kernel file can't be read.
    """
    if book is None or subject.place.controller.version is Version.V1:
        found = plan_for(configuration, subject, None)
        return found if isinstance(found, Rejection) else cgroups.apply(machine, found)
    # A v1 host does not pay for what v2 takes.
    from xmlresource.operations import chain  # noqa: PLC0415

    above = chain.targets_above(machine, configuration, book, subject.place, subject.state)
    found = plan_for(configuration, subject, above)
    return found if isinstance(found, Rejection) else chain.carry_out(machine, book, found, above)


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
