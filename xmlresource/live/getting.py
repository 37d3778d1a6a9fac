"""Read a guest's memory parameters: what is in force, or what its next start will bring."""

from xmlresource.cgroup.in_force import in_force
from xmlresource.errors import XmlresourceError
from xmlresource.ledger import canonical_uuid
from xmlresource.live.definitions import Definition, read_definition
from xmlresource.live.parameters import OF_LIBVIRT, kib_of, parameters_of
from xmlresource.live.sides import Here, find_here, sides_of
from xmlresource.operations.book import current_promises
from xmlresource.operations.host import open_host
from xmlresource.system import cgroups
from xmlresource.system.libvirt import CONFIG, CURRENT, Handle, VirDomain
from xmlresource.system.machine import Machine

_GUARANTEE = "min_guarantee"


def get_memory_parameters(
    domain: VirDomain,
    flags: int = CURRENT,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
) -> dict[str, int]:
    """The memory parameters of a guest, in KiB: libvirt's, ``min_guarantee``, ``swap_soft_limit``.

    No limit is libvirt's sentinel, 9007199254740991; no guarantee is 0.

    Args:
        domain: A ``libvirt.virDomain``.
        flags: ``CURRENT``, ``LIVE`` or ``CONFIG``, as for ``virDomainGetMemoryParameters``.
        machine: The machine.

    Raises:
        libvirt.libvirtError: As ``virDomainGetMemoryParameters`` fails.
        DocumentError: The guest's definition makes no sense.
    """
    handle = Handle(domain)
    reported = handle.parameters(flags)
    side = sides_of(handle, flags)[0]
    definition = read_definition(handle, side)
    found = parameters_of(definition.policy)
    if side == CONFIG:
        return found
    found.update({name: kib for name, kib in reported.items() if name in OF_LIBVIRT})
    here = find_here(handle, machine)
    if here is not None:
        found.update(_from_kernel(handle, definition, here, machine))
    return found


def promised_to(handle: Handle, machine: Machine) -> int | None:
    """What the guest is promised; ``None`` where the book is not ours to read.

    Raises:
        OSError: A kernel file can't be read.
    """
    try:
        promises = current_promises(machine, open_host(machine).state)
    except XmlresourceError:
        return None
    uuid = canonical_uuid(handle.uuid)
    return sum(promise.size for promise in promises if promise.uuid == uuid)


def _from_kernel(
    handle: Handle, definition: Definition, here: Here, machine: Machine
) -> dict[str, int]:
    """What the kernel and the book say, but for what libvirt has written and so reads best."""
    policy = in_force(here.place, cgroups.read_state(machine, here.place))
    found = {
        name: kib_of(name, amount)
        for name, amount in policy.items()
        if name not in definition.in_memtune
    }
    promised = promised_to(handle, machine)
    if promised is not None:
        found[_GUARANTEE] = kib_of(_GUARANTEE, promised)
    return found
