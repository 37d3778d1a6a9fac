"""Plan the writes for a guest, into its cgroup as it is or as libvirt would make it."""

from collections.abc import Mapping
from typing import Final

from xmlresource.cgroup.cpu_and_io.controls import joined
from xmlresource.cgroup.hierarchy import (
    Controller,
    Layout,
    NoPlace,
    Place,
    Version,
    ancestors,
    partition_groups,
)
from xmlresource.cgroup.libvirt_writes import libvirt_writes
from xmlresource.cgroup.plan import plan as plan_writes
from xmlresource.cgroup.writes import CgroupState, Plan, Problem, Rejection, SoftLimitFile, Write
from xmlresource.configuration.host_settings import Configuration
from xmlresource.document import Document, DocumentError
from xmlresource.model.domain import Domain
from xmlresource.model.policy import MemoryPolicy
from xmlresource.operations.guest import Guest
from xmlresource.operations.guest_policy import GuestPolicy
from xmlresource.operations.guests.cpu_io_enforcement import (
    PartOfPlan,
    part_of_plan,
    planned_part,
)
from xmlresource.operations.host import Host, open_host
from xmlresource.operations.named_document import AnyInput, document_of, domain_of
from xmlresource.operations.promises.ledger_upkeep import current_promises
from xmlresource.promises.ledger import canonical_uuid
from xmlresource.promises.promise import Promise, PromiseState
from xmlresource.record import replace
from xmlresource.rules import errors
from xmlresource.system.cgroups import cgroup_files, places
from xmlresource.system.cgroups.control_files import CPU, IO, new_control
from xmlresource.system.libvirt import guests
from xmlresource.system.machine import Machine
from xmlresource.tunables import MEMORY, Form
from xmlresource.units import UNLIMITED, Amount

_NEW: Final = "<guest>"
_PROTECTIONS: Final = frozenset({"memory.min", "memory.low"})


def plan(
    given: AnyInput,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
) -> Plan | Rejection:
    """The plan that puts the policy of a document in force.

    What stands in ``<memtune>`` alone libvirt writes by itself, and is told apart.

    Where the guest runs, its cgroup is compared, and what is above it gets the sum with all other
    promises; else one as libvirt would make it, with no other guest. Nothing is written.

    Raises:
        DocumentError: The document can't be read, is no domain, or has errors.
        ConfigurationError: The host's configuration can't be used.
        StateError: The ledger of promises can't be read.
        OSError: A kernel file can't be read.
    """
    document = document_of(given)
    domain = domain_of(document)
    for fault in errors(document):
        raise DocumentError(fault)
    host = open_host(machine)
    pid = _running_pid(machine, domain)
    beside = _beside_memory(machine, document, domain, pid)
    found = _memory_plan(host, document, domain, pid)
    if isinstance(found, NoPlace):
        there = None if beside is None or document.policy != MemoryPolicy() else beside.place
        reason = Problem(None, found.reason)
        found = Rejection((reason,)) if there is None else Plan(there)
    if beside is None or isinstance(found, Rejection):
        return found if beside is None else joined(found, beside.part)
    weights = _weights(host, document, domain, pid)
    return joined(replace(found, writes=(*weights, *found.writes)), beside.part)


def _weights(host: Host, document: Document, domain: Domain, pid: int | None) -> tuple[Write, ...]:
    """The weights, of a guest that runs and of the cgroups above it, that its guarantee lacks.

    Of one that does not run nobody knows who will be beside it.
    """
    forms = (Form.METADATA, Form.RESOURCE)
    cpu, io = document.cpu_policy_in(*forms), document.io_policy_in(*forms)
    if pid is None or not (cpu.is_guaranteed or io.is_guaranteed):
        return ()
    from xmlresource.operations.ancestors.floors import missing_weights  # noqa: PLC0415 -- seldom declared
    from xmlresource.operations.promises.weighed.cpu_admission import plausible_cpu  # noqa: PLC0415
    from xmlresource.operations.promises.weighed.io_admission import plausible_io  # noqa: PLC0415

    promise = Promise(
        canonical_uuid(domain.uuid or "") or "",
        domain.name,
        domain.driver,
        document.policy.guarantee,
        PromiseState.RUNNING,
        cpu=plausible_cpu(host.machine, pid, domain, cpu),
        io=plausible_io(host.machine, pid, domain, io),
    )
    standing = current_promises(host.machine, host.state)
    others = (each for each in standing if each.key != promise.key)
    return missing_weights(host, promise, (*others, promise))


def _memory_plan(
    host: Host, document: Document, domain: Domain, pid: int | None
) -> Plan | Rejection | NoPlace:
    """The plan for what is declared of memory."""
    there = _place_of(host.machine, domain, pid)
    if isinstance(there, NoPlace):
        return there
    place, state = there
    policy = document.policy
    found = plan_writes(
        policy,
        place,
        state,
        ancestor_sums=_sums(host, domain, policy, place, state),
        soft_limit_file=_soft_limit_file(host.configuration),
    )
    return found if isinstance(found, Rejection) else _told_apart(found, document, state)


def _beside_memory(
    machine: Machine, document: Document, domain: Domain, pid: int | None
) -> PartOfPlan | None:
    """What is declared of CPU and IO, in a form that is ours; ``None`` where nothing is."""
    forms = (Form.METADATA, Form.RESOURCE)
    cpu = document.cpu_policy_in(*forms) or None
    io = document.io_policy_in(*forms) or None
    if cpu is None and io is None:
        return None
    policy = GuestPolicy(document.policy, frozenset(), cpu, io)
    guest = Guest(domain.name, domain.uuid or "", domain, policy, document)
    if pid is not None:
        return part_of_plan(machine, guest, pid)
    cgroup = f"{partition_groups(domain.partition)[-1]}/{_NEW}"
    return planned_part(
        machine,
        guest,
        new_control(machine, cgroup, CPU) if cpu is not None else None,
        new_control(machine, cgroup, IO) if io is not None else None,
    )


def _told_apart(found: Plan, document: Document, state: CgroupState) -> Plan:
    """The plan with what libvirt writes by itself in a place of its own.

    What the "resource" form declares is ours: it has to be converted before libvirt sees it.
    """
    ours = {name for name, _ in document.policy_in(Form.METADATA, Form.RESOURCE).items()}
    others = libvirt_writes(
        document.policy_in(Form.MEMTUNE),
        ours,
        found.place.controller.version,
        state.page_size,
    )
    own, theirs = found.place.cgroup, frozenset(each.tunable for each in others)
    return replace(
        found,
        writes=tuple(write for write in found.writes if not _is_of(write, own, theirs)),
        not_enforced=tuple(note for note in found.not_enforced if note.tunable not in theirs),
        by_libvirt=others,
    )


def _is_of(write: Write, cgroup: str, tunables: frozenset[str]) -> bool:
    return write.cgroup == cgroup and write.tunable in tunables


def _sums(
    host: Host, domain: Domain, policy: MemoryPolicy, place: Place, state: CgroupState
) -> Mapping[str, Amount]:
    """The sum that each cgroup above the guest shall protect."""
    if place.controller.version is Version.V1 or place.cgroup.endswith(_NEW):
        return dict.fromkeys(place.ancestors, policy.guarantee)
    from xmlresource.operations.ancestors.protection import targets_by  # noqa: PLC0415 -- see enforcing

    uuid = canonical_uuid(domain.uuid or "") or ""
    own = Promise(
        uuid,
        domain.name,
        domain.driver,
        policy.guarantee,
        PromiseState.RUNNING,
        cgroup=place.cgroup,
    )
    others = (each for each in current_promises(host.machine, host.state) if each.key != own.key)
    return targets_by(host, (*others, own), place, state).of("memory.min")


def _soft_limit_file(configuration: Configuration) -> SoftLimitFile:
    return SoftLimitFile(configuration.soft_limit_file)


def _place_of(
    machine: Machine, domain: Domain, pid: int | None
) -> tuple[Place, CgroupState] | NoPlace:
    """The guest's place and what is in force there."""
    if pid is not None:
        place = places.locate(machine, pid)
        return (
            place
            if isinstance(place, NoPlace)
            else (place, cgroup_files.read_state(machine, place))
        )
    controller = places.host_controller(machine)
    return controller if isinstance(controller, NoPlace) else _new(controller, domain.partition)


def _running_pid(machine: Machine, domain: Domain) -> int | None:
    wanted = canonical_uuid(domain.uuid or "")
    if wanted is None:
        return None
    for guest in guests.running_guests(machine):
        if guest.driver != domain.driver:
            continue
        if canonical_uuid(guests.head_of(machine, guest).uuid or "") == wanted:
            return guest.process.pid
    return None


def _new(controller: Controller, partition: str | None) -> tuple[Place, CgroupState]:
    """A cgroup as libvirt would make it: nothing limited, nothing protected."""
    cgroup = controller.mounted(f"{partition_groups(partition)[-1]}/{_NEW}")
    above = ancestors(cgroup, controller.root)
    place = Place(controller, cgroup, Layout.PLAIN, None, above)
    fresh = _fresh_values(controller.version)
    values: dict[str, Mapping[str, Amount]] = {cgroup: fresh}
    values.update(dict.fromkeys(above, fresh))
    return place, CgroupState(places.PAGE_SIZE, values)


def _fresh_values(version: Version) -> dict[str, Amount]:
    files = [row.v1_file if version is Version.V1 else row.v2_file for row in MEMORY]
    return {
        file: 0 if file in _PROTECTIONS else UNLIMITED
        for file in (*files, *(choice.value for choice in SoftLimitFile))
        if file is not None
    }
