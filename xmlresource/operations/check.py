"""Would a guest be admitted here, now? Would several, one after the other?"""

from collections.abc import Sequence

from xmlresource.admission.reckoning import Decision
from xmlresource.diagnostics import Diagnostic
from xmlresource.exit_status import ExitStatus
from xmlresource.ledger import canonical_uuid
from xmlresource.model.promise import Promise
from xmlresource.operations.admitting import demand_for, starting_promise
from xmlresource.operations.book import current_promises
from xmlresource.operations.boot import Queue, queue_before, reckon_in
from xmlresource.operations.host import Host, open_host
from xmlresource.operations.reading import domain_of, read_document
from xmlresource.record import record, replace
from xmlresource.rules import errors
from xmlresource.system.machine import Machine


@record
class Checked:
    """The answer for one document.

    Attributes:
        path: The document.
        faults: What keeps the guest from starting wherever it is; then there is no decision.
        decision: Whether its guarantee could be promised.
    """

    path: str
    faults: tuple[Diagnostic, ...]
    decision: Decision | None

    @property
    def exit_status(self) -> ExitStatus:
        """Faults outweigh a refusal."""
        if self.faults or self.decision is None:
            return ExitStatus.FINDINGS
        return ExitStatus.FINE if self.decision.admitted else ExitStatus.REFUSED


def check(path: str, machine: Machine = Machine()) -> Checked:  # noqa: B008 -- immutable
    """Whether the guest defined at ``path`` would be admitted on this host, now.

    Nothing is written, no lock is taken, nothing is promised: the answer may be another by the
    time that the guest starts.

    Raises:
        DocumentError: The document can't be read, or is no domain.
        ConfigurationError: The host's configuration can't be used.
        HostError: The host does not tell what must be known.
        StateError: The book of promises can't be read.
        OSError: A kernel file can't be read.
    """
    (checked,) = check_all([path], machine)
    return checked


def check_all(
    paths: Sequence[str],
    machine: Machine = Machine(),  # noqa: B008 -- immutable
) -> tuple[Checked, ...]:
    """Whether these guests would be admitted one after the other, in this order.

    Each that is admitted has its promise when the next one is asked about; one that is refused or
    faulty leaves nothing. A document without a uuid is a guest of its own.

    Raises:
        DocumentError: A document can't be read, or is no domain.
        ConfigurationError: The host's configuration can't be used.
        HostError: The host does not tell what must be known.
        StateError: The book of promises can't be read.
        OSError: A kernel file can't be read.
    """
    host: Host | None = None
    promises: tuple[Promise, ...] = ()
    queue = Queue()
    found = []
    for number, path in enumerate(paths):
        document = read_document(path)
        domain = domain_of(document)
        faults = tuple(errors(document))
        if faults:
            found.append(Checked(path, faults, None))
            continue
        if host is None:
            host = open_host(machine)
            promises = current_promises(machine, host.state)
            queue = queue_before(machine, host.configuration)
        demand = demand_for(domain, document.policy)
        key = canonical_uuid(demand.uuid) or f"document {number}"
        demand = replace(demand, uuid=key)
        before = queue.above(demand.priority)
        decision = reckon_in(machine, host.configuration, demand, domain, promises, before)
        found.append(Checked(path, (), decision))
        if decision.admitted and demand.guarantee:
            others = tuple(each for each in promises if each.uuid != key)
            promises = (*others, starting_promise(machine, demand, domain))
    return tuple(found)


def exit_status(found: Sequence[Checked]) -> ExitStatus:
    """Of several answers: faults outweigh a refusal."""
    statuses = {each.exit_status for each in found}
    worst = (ExitStatus.FINDINGS, ExitStatus.REFUSED)
    return next((each for each in worst if each in statuses), ExitStatus.FINE)
