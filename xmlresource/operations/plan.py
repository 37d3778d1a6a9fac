"""What would be written for a guest, into its cgroup as it is or as it would be made?"""

from collections.abc import Mapping
from typing import Final

from xmlresource.cgroup.hierarchy import (
    Controller,
    Layout,
    NoPlace,
    Place,
    Version,
    ancestors,
    partition_groups,
)
from xmlresource.cgroup.plan import plan as plan_writes
from xmlresource.cgroup.writes import Plan, Problem, Rejection, SoftLimitFile, State
from xmlresource.configuration import Configuration
from xmlresource.document import DocumentError
from xmlresource.ledger import canonical_uuid
from xmlresource.model.domain import Domain
from xmlresource.model.policy import MemoryPolicy
from xmlresource.model.promise import Promise
from xmlresource.model.promise import State as PromiseState
from xmlresource.operations.book import current_promises, definition
from xmlresource.operations.host import Host, open_host
from xmlresource.operations.reading import domain_of, read_document
from xmlresource.rules import errors
from xmlresource.system import cgroups, guests, places
from xmlresource.system.machine import Machine
from xmlresource.tunables import MEMORY
from xmlresource.units import UNLIMITED, Amount

_NEW: Final = "<guest>"
_PROTECTIONS: Final = frozenset({"memory.min", "memory.low"})


def plan(path: str, machine: Machine = Machine()) -> Plan | Rejection:  # noqa: B008 -- immutable
    """What putting the policy of the document at ``path`` in force takes, all forms together.

    Where the guest runs, its cgroup is compared, and what is above it gets the sum with all other
    promises; else one as libvirt would make it, with no other guest. Nothing is written.

    Raises:
        DocumentError: The document can't be read, is no domain, or has errors.
        ConfigurationError: The host's configuration can't be used.
        StateError: The book of promises can't be read.
        OSError: A kernel file can't be read.
    """
    document = read_document(path)
    domain = domain_of(document)
    for fault in errors(document):
        raise DocumentError(fault)
    host = open_host(machine)
    found = _place_of(machine, domain)
    if isinstance(found, NoPlace):
        return Rejection((Problem(None, found.reason),))
    place, state = found
    policy = document.policy
    return plan_writes(
        policy,
        place,
        state,
        ancestor_sums=_sums(host, domain, policy, place, state),
        soft_limit_file=_soft_limit_file(host.configuration),
    )


def _sums(
    host: Host, domain: Domain, policy: MemoryPolicy, place: Place, state: State
) -> Mapping[str, Amount]:
    """What each cgroup above the guest shall protect."""
    if place.controller.version is Version.V1 or place.cgroup.endswith(_NEW):
        return dict.fromkeys(place.ancestors, policy.guarantee)
    from xmlresource.operations.chain import targets_by  # noqa: PLC0415 -- see enforcing

    uuid = canonical_uuid(domain.uuid or "") or ""
    own = Promise(
        uuid, domain.name, "", policy.guarantee, PromiseState.RUNNING, cgroup=place.cgroup
    )
    others = (each for each in current_promises(host.machine, host.state) if each.uuid != uuid)
    return targets_by(host, (*others, own), place, state).of("memory.min")


def _soft_limit_file(configuration: Configuration) -> SoftLimitFile:
    return SoftLimitFile(configuration.soft_limit_file)


def _place_of(machine: Machine, domain: Domain) -> tuple[Place, State] | NoPlace:
    """The guest's place and what is in force there."""
    pid = _running_pid(machine, domain)
    if pid is not None:
        place = places.locate(machine, pid)
        return place if isinstance(place, NoPlace) else (place, cgroups.read_state(machine, place))
    controller = places.host_controller(machine)
    return controller if isinstance(controller, NoPlace) else _new(controller, domain.partition)


def _running_pid(machine: Machine, domain: Domain) -> int | None:
    wanted = canonical_uuid(domain.uuid or "")
    if wanted is None:
        return None
    for guest in guests.running_guests(machine):
        document = definition(guest)
        runs = None if document is None else document.domain
        if runs is not None and canonical_uuid(runs.uuid or "") == wanted:
            return guest.process.pid
    return None


def _new(controller: Controller, partition: str | None) -> tuple[Place, State]:
    """A cgroup as libvirt would make it: nothing limited, nothing protected."""
    cgroup = f"{partition_groups(partition)[-1]}/{_NEW}"
    above = ancestors(cgroup, controller.root)
    place = Place(controller, cgroup, Layout.PLAIN, None, above)
    fresh = _fresh_values(controller.version)
    values: dict[str, Mapping[str, Amount]] = {cgroup: fresh}
    values.update(dict.fromkeys(above, fresh))
    return place, State(places.PAGE_SIZE, values)


def _fresh_values(version: Version) -> dict[str, Amount]:
    files = [row.v1_file if version is Version.V1 else row.v2_file for row in MEMORY]
    return {
        file: 0 if file in _PROTECTIONS else UNLIMITED
        for file in (*files, *(choice.value for choice in SoftLimitFile))
        if file is not None
    }
