"""Put the policy of a guest that runs in force."""

from typing import Final

from xmlresource.cgroup.report import Report
from xmlresource.errors import XmlresourceError
from xmlresource.events import WARNING
from xmlresource.operations.finding import running_guest
from xmlresource.operations.guest import Guest, RefusalError, read_guest
from xmlresource.operations.host import Host, open_host
from xmlresource.operations.recovering import take_notice
from xmlresource.operations.running import adopt, settle_all, take_in
from xmlresource.operations.telling import of_failure, tell_of, tell_once
from xmlresource.record import record
from xmlresource.system import guests
from xmlresource.system.guests import RunningGuest
from xmlresource.system.machine import Machine

_OPERATION: Final = "apply"


def apply(name: str, machine: Machine = Machine()) -> Report | None:  # noqa: B008 -- immutable
    """Admit a guest that runs, if it was not, and write its policy.

    Returns:
        What became of it; ``None`` for a guest without a policy.

    Raises:
        NotRunningError: No guest of that name runs.
        RefusalError: It can't be admitted, or its policy can't be put in force.
        ConfigurationError: The host's configuration can't be used.
        HostError: The host does not tell what must be known.
        StateError: The book of promises can't be used.
        OSError: A kernel file can't be read.
    """
    running = running_guest(name, machine)
    uuid = ""
    try:
        guest = read_guest(name, running.status)
        if guest is None:
            return None
        uuid = guest.uuid
        host = open_host(machine)
        take_notice(host)
        return take_in(host, guest, running.process, _OPERATION)
    except (XmlresourceError, OSError) as error:
        tell_of(machine, of_failure(error, _OPERATION, name, uuid), said=True)
        raise


@record
class Outcome:
    """What became of one guest; exactly one of both is there.

    Attributes:
        name: The guest.
        report: What was written.
        failure: Why its policy could not be put in force.
    """

    name: str
    report: Report | None = None
    failure: str | None = None


def apply_all(machine: Machine = Machine()) -> tuple[Outcome, ...]:  # noqa: B008 -- immutable
    """Put in force what should be, for every guest that runs, and for all that is above them.

    Guests that run and are not in the book are taken in without being asked about: they have their
    memory. One that fails keeps no other from being repaired.

    Returns:
        What became of each guest that has a policy.

    Raises:
        ConfigurationError: The host's configuration can't be used.
        StateError: The book of promises can't be used.
        OSError: A kernel file can't be read.
    """
    host = open_host(machine)
    take_notice(host)
    outcomes = []
    for running in guests.running_guests(machine):
        outcome = _repaired(host, running)
        if outcome is not None:
            outcomes.append(outcome)
    settle_all(host)
    return tuple(outcomes)


def _repaired(host: Host, running: RunningGuest) -> Outcome | None:
    """What became of one guest; ``None`` for one without a policy."""
    guest: Guest | None = None
    try:
        guest = read_guest(running.file_name, running.status)
        if guest is None:
            return None
        return Outcome(guest.name, adopt(host, guest, running.process, _OPERATION))
    except RefusalError as error:
        uuid = "" if guest is None else guest.uuid
        event = of_failure(error, _OPERATION, running.file_name, uuid, WARNING)
        tell_once(host, event, said=True)  # the timer comes each minute
        return Outcome(running.file_name, failure=str(error))
