"""A guest's CPU and IO policies on this host: what there is to write."""

from xmlresource.cgroup.cpu_and_io.controls import Control, PlanPart
from xmlresource.cgroup.cpu_and_io.cpu_plan import plan_cpu
from xmlresource.cgroup.cpu_and_io.io_plan import plan_io
from xmlresource.cgroup.hierarchy import NoPlace, Place
from xmlresource.operations.guest import Guest
from xmlresource.operations.promises.weighed.located_disks import locate_disks
from xmlresource.record import record
from xmlresource.system.cgroups.control_files import CPU, IO, read_control
from xmlresource.system.machine import Machine


@record
class PartOfPlan:
    """What of a guest's plan is for CPU and IO.

    Attributes:
        part: The writes, and what can't be enforced.
        place: The guest's cgroup of one of the controllers; ``None`` where both are missing.
    """

    part: PlanPart
    place: Place | None


def part_of_plan(machine: Machine, guest: Guest, pid: int) -> PartOfPlan:
    """The writes for the CPU and IO policies of a guest that process ``pid`` runs.

    Raises:
        OSError: A kernel file can't be read.
        ValueError: A kernel file holds what no kernel writes.
    """
    cpu = None if guest.policy.cpu is None else read_control(machine, pid, CPU)
    io = None if guest.policy.io is None else read_control(machine, pid, IO)
    return planned_part(machine, guest, cpu, io)


def planned_part(
    machine: Machine, guest: Guest, cpu: Control | NoPlace | None, io: Control | NoPlace | None
) -> PartOfPlan:
    """The writes for the CPU and IO policies of a guest.

    Args:
        machine: The machine.
        guest: The guest.
        cpu: Its cpu controller; ``None`` where no policy asks for it.
        io: Its io controller, likewise.
    """
    policy = guest.policy
    parts = []
    if policy.cpu is not None and cpu is not None:
        parts.append(plan_cpu(policy.cpu, cpu))
    if policy.io is not None and io is not None:
        disks = guest.disks or locate_disks(machine, policy.io, guest.domain)
        parts.append(plan_io(policy.io, io, disks.declared, disks.all))
    part = PlanPart(
        tuple(write for each in parts for write in each.writes),
        tuple(note for each in parts for note in each.not_enforced),
        tuple(problem for each in parts for problem in each.problems),
    )
    places = (each.place for each in (cpu, io) if isinstance(each, Control))
    return PartOfPlan(part, next(places, None))
