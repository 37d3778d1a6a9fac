"""Refuse guests whose policy has errors, before anything is decided about their guarantee."""

from xmlresource.cgroup.hierarchy import NoPlace, Version
from xmlresource.errors import ExitStatus
from xmlresource.operations.guest import Guest, RefusalError, faulty
from xmlresource.operations.guest_policy import obstacles
from xmlresource.system.cgroups import places
from xmlresource.system.machine import Machine
from xmlresource.units import format_amount


def refuse_faults(machine: Machine, guest: Guest) -> None:
    """Refuse a guest whose policy has errors.

    Raises:
        RefusalError: It has.
    """
    controller = places.host_controller(machine)
    version = None if isinstance(controller, NoPlace) else controller.version
    faults = obstacles(guest.document, version)
    if faults:
        raise faulty(guest.name, faults)
    if version is Version.V2 and guest.driver == "lxc":
        _refuse_full_container(guest)


def _refuse_full_container(guest: Guest) -> None:
    """Refuse a container whose guarantee is all that libvirt lets it have.

    Its LXC driver makes ``<memory>`` the limit where no hard_limit is declared, and on v2 nothing
    could be reclaimed then.

    Raises:
        RefusalError: It is one.
    """
    policy, memory = guest.policy.declared, guest.domain.memory
    if policy.hard_limit is None and memory is not None and policy.guarantee >= memory:
        text = (
            f"{guest.subject} refused: its guarantee of {format_amount(policy.guarantee)} is not "
            f"below its <memory> of {format_amount(memory)}, which libvirt makes the limit of a "
            "container; raise <memory>, or declare a hard_limit"
        )
        raise RefusalError(ExitStatus.FINDINGS, text)
