"""The guarantee that a running guest can have been promised, where no ledger tells."""

from xmlresource.cgroup.hierarchy import NoPlace, Version
from xmlresource.cgroup.kernel_values import parse_value
from xmlresource.promises.promise import Promise
from xmlresource.record import replace
from xmlresource.system.cgroups import charges, places
from xmlresource.system.host_facts import HostError, read_host
from xmlresource.system.machine import Machine


def as_far_as_plausible(machine: Machine, promise: Promise) -> Promise:
    """The promise to a guest that is found running, of a size that it can have been promised.

    Raises:
        OSError: A kernel file can't be read.
    """
    had = plausible(machine, promise.cgroup, promise.size)
    if had == promise.size:
        return promise
    shares = tuple(replace(each, size=min(each.size, had)) for each in promise.shares)
    return replace(promise, size=had, shares=shares)


def plausible(machine: Machine, cgroup: str | None, declared: int) -> int:
    """The guarantee that it declares, unless that was raised without asking.

    On v2 what is in force tells, once something is. Nowhere can it be more than the host has: then
    it is what the guest has taken.

    Args:
        machine: The machine.
        cgroup: The guest's cgroup, where it is known.
        declared: The guarantee in its live definition.

    Raises:
        OSError: A kernel file can't be read.
    """
    controller = places.host_controller(machine)
    if isinstance(controller, NoPlace) or cgroup is None:
        return min(declared, _total(machine, declared))
    if controller.version is Version.V2:
        text = charges.read_file(machine, f"{controller.directory(cgroup)}/memory.min")
        in_force = None if text is None else parse_value(text, places.PAGE_SIZE)
        if isinstance(in_force, int) and in_force:
            return min(declared, in_force)
    if declared <= _total(machine, declared):
        return declared
    usage = charges.usage(machine, controller, cgroup)
    return 0 if usage is None else usage.charged


def _total(machine: Machine, unknown: int) -> int:
    """The host's memory."""
    try:
        return read_host(
            machine, nodes=frozenset(), pools=False, page_size=places.PAGE_SIZE
        ).memory.total
    except HostError:
        return unknown
