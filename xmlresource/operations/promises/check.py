"""Would a guest be admitted here, now? Would several, one after the other?"""

from collections.abc import Sequence
from typing import Any

from xmlresource.admission.reckoning import Decision
from xmlresource.admission.weights.cpu.cpu_decision import CpuDecision
from xmlresource.admission.weights.floor_decision import FloorDecision
from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document
from xmlresource.errors import ExitStatus
from xmlresource.formats.misuse import check_many
from xmlresource.model.domain import Domain
from xmlresource.operations.host import Host, open_host
from xmlresource.operations.named_document import AnyInput, document_of, domain_of, name_of
from xmlresource.operations.promises.admission_check import demand_for, starting_promise, taken
from xmlresource.operations.promises.boot_queue import Queue, queue_before, reckon_in
from xmlresource.operations.promises.ledger_upkeep import current_promises
from xmlresource.operations.promises.weighed.cpu_admission import cpu_demand_for, reckon_cpu
from xmlresource.operations.promises.weighed.io_admission import io_promise_for, reckon_io
from xmlresource.promises.io_promise import IoPromise
from xmlresource.promises.ledger import canonical_uuid
from xmlresource.promises.promise import Promise
from xmlresource.record import record, replace
from xmlresource.rules import errors
from xmlresource.rules.drivers import resource_form_in_domain
from xmlresource.system.machine import Machine
from xmlresource.tunables import Form


@record
class AdmissionCheck:
    """The answer for one document.

    Attributes:
        path: The document.
        faults: What keeps the guest from starting wherever it is; then there is no decision.
        decision: Whether its guarantee of memory could be promised.
        warnings: What libvirt does not take over of the policy as it stands.
        beside: Whether its CPU time and its parts of disks could be promised; empty where it asks
            for none.
    """

    path: str
    faults: tuple[Diagnostic, ...]
    decision: Decision | None
    warnings: tuple[Diagnostic, ...] = ()
    beside: tuple[FloorDecision[Any], ...] = ()

    @property
    def admitted(self) -> bool:
        """Whether all that it asks for could be promised."""
        memory = self.decision is not None and self.decision.admitted
        return memory and all(each.admitted for each in self.beside)

    @property
    def exit_status(self) -> ExitStatus:
        """Faults outweigh a refusal."""
        if self.faults or self.decision is None:
            return ExitStatus.FINDINGS
        return ExitStatus.FINE if self.admitted else ExitStatus.REFUSED


def check(
    document: AnyInput,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
) -> AdmissionCheck:
    """Whether the guest that a document defines would be admitted on this host, now.

    Nothing is written, no lock is taken, nothing is promised: the answer may be another by the
    time that the guest starts.

    Raises:
        DocumentError: The document can't be read, or is no domain.
        ConfigurationError: The host's configuration can't be used.
        HostError: The host does not tell what must be known.
        StateError: The ledger of promises can't be read.
        OSError: A kernel file can't be read.
    """
    (checked,) = check_all([document], machine)
    return checked


def check_all(
    documents: Sequence[AnyInput],
    machine: Machine = Machine(),  # noqa: B008 -- immutable
) -> tuple[AdmissionCheck, ...]:
    """Whether these guests would be admitted one after the other, in this order.

    Each that is admitted has its promise when the next one is asked about; one that is refused or
    faulty leaves nothing. A document without a uuid is a guest of its own.

    Raises:
        DocumentError: A document can't be read, or is no domain.
        ConfigurationError: The host's configuration can't be used.
        HostError: The host does not tell what must be known.
        StateError: The ledger of promises can't be read.
        OSError: A kernel file can't be read.
    """
    host: Host | None = None
    promises: tuple[Promise, ...] = ()
    queue = Queue()
    found = []
    check_many("check_all", documents)
    for number, given in enumerate(documents):
        document, path = document_of(given), name_of(given)
        domain = domain_of(document)
        faults = tuple(errors(document))
        if faults:
            found.append(AdmissionCheck(path, faults, None))
            continue
        if host is None:
            host = open_host(machine)
            promises = current_promises(machine, host.state)
            queue = queue_before(host)
        demand = demand_for(domain, document.policy)
        demand = replace(demand, uuid=canonical_uuid(demand.uuid) or f"document {number}")
        before = queue.above(demand.priority)
        besides = taken(host, promises, demand.key)
        decision = reckon_in(host, demand, domain, besides, before)
        dropped = tuple(resource_form_in_domain(document))
        cpu = _cpu(host, document, domain, demand.uuid, promises)
        if cpu:
            demand = replace(demand, cpu=cpu[0].demand.promise)
        demand = replace(demand, io=_io(host, document, domain))
        disks = reckon_io(host, demand, domain, promises)
        found.append(AdmissionCheck(path, (), decision, dropped, (*cpu, *disks)))
        if found[-1].admitted and not demand.is_nothing:
            others = tuple(each for each in promises if each.key != demand.key)
            promises = (*others, starting_promise(machine, demand, domain))
    return tuple(found)


def _cpu(
    host: Host, document: Document, domain: Domain, uuid: str, promises: tuple[Promise, ...]
) -> tuple[CpuDecision, ...]:
    """Whether CPU time could be promised; empty where none is asked for."""
    policy = document.cpu_policy_in(*Form) if document.cpu_io_blocks else None
    if policy is None or not policy.is_guaranteed:
        return ()
    demand = replace(cpu_demand_for(host.machine, domain, policy), uuid=uuid)
    return (reckon_cpu(host, demand, domain, promises),)


def _io(host: Host, document: Document, domain: Domain) -> IoPromise | None:
    """The parts of disks that are asked for, where this host can keep them."""
    policy = document.io_policy_in(*Form) if document.cpu_io_blocks else None
    if policy is None or not policy.is_guaranteed:
        return None
    return io_promise_for(host.machine, policy, domain)


def exit_status(found: Sequence[AdmissionCheck]) -> ExitStatus:
    """Of several answers: faults outweigh a refusal."""
    statuses = {each.exit_status for each in found}
    worst = (ExitStatus.FINDINGS, ExitStatus.REFUSED)
    return next((each for each in worst if each in statuses), ExitStatus.FINE)
