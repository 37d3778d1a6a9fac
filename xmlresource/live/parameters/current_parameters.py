"""Read a guest's memory parameters: what is in force, or what its next start will bring."""

from xmlresource.cgroup.current_policy import current_policy
from xmlresource.errors import XmlresourceError
from xmlresource.live.guest_location import GuestLocation, find_location, sides_of
from xmlresource.live.parameters.definitions import Definition, read_definition
from xmlresource.live.parameters.libvirt_parameters import OF_LIBVIRT, kib_of, parameters_of
from xmlresource.operations.host import open_host
from xmlresource.operations.promises.ledger_upkeep import current_promises
from xmlresource.promises.ledger import canonical_uuid
from xmlresource.system.cgroups import cgroup_files
from xmlresource.system.libvirt.connection import CONFIG, CURRENT, Handle, VirDomain
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
    location = find_location(handle, machine)
    if location is not None:
        found.update(_from_kernel(handle, definition, location, machine))
    return found


def promised_to(handle: Handle, machine: Machine) -> int | None:
    """The guest's promise; ``None`` where this process may not read the ledger.

    Raises:
        OSError: A kernel file can't be read.
    """
    try:
        promises = current_promises(machine, open_host(machine).state)
    except XmlresourceError:
        return None
    key = (handle.driver, canonical_uuid(handle.uuid))
    return sum(promise.size for promise in promises if promise.key == key)


def _from_kernel(
    handle: Handle, definition: Definition, location: GuestLocation, machine: Machine
) -> dict[str, int]:
    """The parameters by kernel and ledger, without those that libvirt writes and reads itself."""
    policy = current_policy(location.place, cgroup_files.read_state(machine, location.place))
    found = {
        name: kib_of(name, amount)
        for name, amount in policy.items()
        if name not in definition.in_memtune
    }
    promised = promised_to(handle, machine)
    if promised is not None:
        found[_GUARANTEE] = kib_of(_GUARANTEE, promised)
    return found
