"""Would a guest be admitted here, now?"""

from xmlresource.admission.reckoning import Decision
from xmlresource.diagnostics import Diagnostic
from xmlresource.exit_status import ExitStatus
from xmlresource.operations.admitting import demand_for, reckon
from xmlresource.operations.book import current_promises
from xmlresource.operations.host import open_host
from xmlresource.operations.reading import domain_of, read_document
from xmlresource.record import record
from xmlresource.rules import errors
from xmlresource.system.machine import Machine


@record
class Checked:
    """The answer for one document.

    Attributes:
        faults: What keeps the guest from starting wherever it is; then there is no decision.
        decision: Whether its guarantee could be promised.
    """

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
    document = read_document(path)
    domain = domain_of(document)
    faults = tuple(errors(document))
    if faults:
        return Checked(faults, None)
    host = open_host(machine)
    promises = current_promises(machine, host.state)
    demand = demand_for(domain, document.policy)
    return Checked((), reckon(machine, host.configuration, demand, domain, promises))
