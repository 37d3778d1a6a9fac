"""Put the policy of a guest that runs in force, and take it out again."""

from collections.abc import Mapping

from xmlresource.cgroup.hierarchy import NoPlace, Place
from xmlresource.cgroup.plan import plan, plan_ancestors
from xmlresource.cgroup.report import Report
from xmlresource.cgroup.writes import Plan, Problem, Rejection, SoftLimitFile
from xmlresource.configuration import Configuration
from xmlresource.ledger import Ledger
from xmlresource.model.promise import Promise
from xmlresource.operations.guest_policy import GuestPolicy
from xmlresource.record import replace
from xmlresource.system import cgroups, places
from xmlresource.system.machine import Machine


def plan_for(
    machine: Machine,
    configuration: Configuration,
    policy: GuestPolicy,
    pid: int,
    promises: tuple[Promise, ...],
) -> Plan | Rejection:
    """What to write for the guest that process ``pid`` runs.

    Args:
        machine: The machine.
        configuration: The administrator's settings.
        policy: The guest's.
        pid: Its process.
        promises: All promises that stand, this guest's with its cgroup among them: what the
            cgroups above it have to carry.

    Raises:
        OSError: A kernel file can't be read.
    """
    place = places.locate(machine, pid)
    if isinstance(place, NoPlace):
        return Rejection((Problem(None, place.reason),))
    found = plan(
        policy.declared,
        place,
        cgroups.read_state(machine, place),
        ancestor_sums=sums_above(place, promises),
        soft_limit_file=SoftLimitFile(configuration.soft_limit_file),
    )
    return found if isinstance(found, Rejection) else _ours(found, policy.enforced)


def sums_above(place: Place, promises: tuple[Promise, ...]) -> Mapping[str, int]:
    """What each cgroup above the guest has to protect: all that is promised below it."""
    return {
        cgroup: sum(each.size for each in promises if each.cgroup and each.is_below(cgroup))
        for cgroup in place.ancestors
    }


def lower_above(machine: Machine, cgroup: str, ledger: Ledger) -> Report | None:
    """Take from the cgroups above ``cgroup`` what its guest, gone by now, needed of them.

    Returns:
        What became of it; ``None`` where the cgroup is none of this host's.

    Raises:
        OSError: A kernel file can't be read.
    """
    place = places.locate_cgroup(machine, cgroup)
    if isinstance(place, NoPlace):
        return None
    sums = sums_above(place, ledger.all())
    state = cgroups.read_state(machine, place)
    return cgroups.apply(machine, plan_ancestors(place, state, sums))


def _ours(found: Plan, enforced: frozenset[str]) -> Plan:
    """The plan without what libvirt writes by itself.

    Writes for the cgroups above serve the guarantee, which is always ours.
    """
    return replace(
        found,
        writes=tuple(write for write in found.writes if write.tunable in enforced),
        not_enforced=tuple(note for note in found.not_enforced if note.tunable in enforced),
    )
