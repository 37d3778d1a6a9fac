"""Put the policy of a guest that runs in force."""

from typing import Final

from xmlresource.cgroup.report import Report
from xmlresource.errors import ExitStatus, XmlresourceError
from xmlresource.model.events import REPAIRED, WARNING, Event
from xmlresource.operations.event_log import (
    event_of_failure,
    log_event,
    log_event_on,
    log_event_once,
)
from xmlresource.operations.guest import Guest, RefusalError, guest_of, read_guest, subject
from xmlresource.operations.guests.adoption import adopt
from xmlresource.operations.guests.lifecycle import settle_all, take_in
from xmlresource.operations.guests.repair import take_notice
from xmlresource.operations.guests.running_guests import running_guest
from xmlresource.operations.host import Host, open_host
from xmlresource.operations.live_documents import policy_document
from xmlresource.record import record
from xmlresource.system.cgroups import press_records
from xmlresource.system.libvirt import guests, persistent_definitions
from xmlresource.system.libvirt.guests import RunningGuest
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
        StateError: The ledger of promises can't be used.
        OSError: A kernel file can't be read.
    """
    running = running_guest(name, machine)
    uuid = ""
    try:
        guest = _guest(machine, running, name)
        if guest is None:
            return None
        uuid = guest.uuid
        host = open_host(machine)
        take_notice(host)
        _put_back(host)
        return take_in(host, guest, running.process, _OPERATION)
    except (XmlresourceError, OSError) as error:
        log_event_on(machine, event_of_failure(error, _OPERATION, name, uuid), already_shown=True)
        raise


def declares_for_next_start(name: str, machine: Machine = Machine()) -> bool:  # noqa: B008 -- immutable
    """Whether libvirt's persistent definition of a guest that runs has a policy.

    It may have been edited since the guest was started: libvirt takes that over at the next start.

    Raises:
        NotRunningError: No guest of that name runs.
        OSError: A run folder is there and can't be read.
    """
    running = running_guest(name, machine)
    text = persistent_definitions.read(machine, running.driver, running.file_name)
    try:
        return text is not None and read_guest(name, text) is not None
    except RefusalError:
        return True  # it is faulty, and says so at the next start


@record
class Outcome:
    """The result of ``apply`` for one guest: a report or a failure.

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

    Guests that run and are not in the ledger are taken in without a decision: they have their
    memory. One that fails keeps no other from being repaired.

    Returns:
        What became of each guest that has a policy.

    Raises:
        ConfigurationError: The host's configuration can't be used.
        StateError: The ledger of promises can't be used.
        OSError: A kernel file can't be read.
    """
    host = open_host(machine)
    take_notice(host)
    _put_back(host)
    outcomes = []
    for running in guests.running_guests(machine):
        outcome = _repaired(host, running)
        if outcome is not None:
            outcomes.append(outcome)
    settle_all(host)
    return tuple(outcomes)


def _put_back(host: Host) -> None:
    """Put back what killed runs of reclaim left in kernel files, of any guest.

    Raises:
        StateError: The state folder can't be used.
        OSError: A kernel file can't be read.
    """
    for each, error in press_records.put_back(host.machine, host.state):
        message = f"{each.path}: a killed reclaim left {each.meanwhile}; "
        if error is None:
            log_event(host, Event(REPAIRED, f"{message}{each.before} is back", _OPERATION))
        else:
            message += f"{each.before} can't be put back: {error.strerror}"
            log_event_once(host, Event(WARNING, message, _OPERATION))


def _repaired(host: Host, running: RunningGuest) -> Outcome | None:
    """The result of the repair of one guest; ``None`` for one without a policy."""
    guest: Guest | None = None
    try:
        guest = _guest(host.machine, running, running.file_name)
        if guest is None:
            return None
        return Outcome(guest.name, adopt(host, guest, running.process, _OPERATION))
    except RefusalError as error:
        uuid = "" if guest is None else guest.uuid
        event = event_of_failure(error, _OPERATION, running.file_name, uuid, WARNING)
        log_event_once(host, event, already_shown=True)  # the timer comes each minute
        return Outcome(running.file_name, failure=str(error))


def _guest(machine: Machine, running: RunningGuest, name: str) -> Guest | None:
    """A guest with its policy, by its status file; ``None`` for one without, and one that is gone.

    Raises:
        RefusalError: The file can't be read, and it may have a policy.
        OSError: The file is there and can't be read.
    """
    found = policy_document(machine, running)
    if found is None:
        return None
    if found.fault is None and found.document is not None:
        return guest_of(name, found.document)
    if not found.is_ours:
        return None
    text = f"{subject(name)}: its definition in libvirt's run folder can't be read: {found.fault}"
    raise RefusalError(ExitStatus.FINDINGS, text)
