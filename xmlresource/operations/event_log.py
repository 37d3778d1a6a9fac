"""Tell what was decided or done: to the system's log, and to the history."""

import os

from xmlresource.configuration.host_settings import DEFAULT_HISTORY_SIZE
from xmlresource.errors import ExitStatus, XmlresourceError
from xmlresource.model.events import REFUSED, ROLLED_BACK, Event, Fields, as_record
from xmlresource.operations.guest import Guest, RefusalError
from xmlresource.operations.host import Host
from xmlresource.printable import printable
from xmlresource.system import log
from xmlresource.system.configuration.host_settings import read_configuration
from xmlresource.system.libvirt.guests import seconds_since_1970
from xmlresource.system.machine import Machine
from xmlresource.system.state import history
from xmlresource.system.state.state_folder import FOLDER, StateError, StateFolder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource.cgroup.report import Report


def log_event(host: Host, event: Event, *, already_shown: bool = False) -> bool:
    """Tell an event. Nothing waits for it, and nothing fails by it.

    Args:
        host: The host.
        event: The event.
        already_shown: Whoever asked for it reads of it anyway.

    Returns:
        Whether the history has it.
    """
    return _tell(host.state, host.configuration.history_size, event, already_shown=already_shown)


def event_of_report(
    kind: str, guest: Guest, operation: str, report: "Report", more: Fields | None = None
) -> Event:
    """The event that the policy of a guest, or ``more`` of it, was written."""
    message = f"guest '{printable(guest.name)}': {report_in_a_line(report)}"
    figures: Fields = {"writes": len(report.applied), **(more or {})}
    return Event(kind, message, operation, guest.name, guest.uuid, figures)


def event_of_failure(
    error: BaseException, operation: str, guest: str, uuid: str, kind: str | None = None
) -> Event:
    """The event that something was refused, or could not be done and was undone.

    Args:
        error: Why.
        operation: What was asked for.
        guest: The guest's name.
        uuid: Its uuid.
        kind: The event's, where the error does not tell by its exit status.
    """
    status = error.exit_status if isinstance(error, XmlresourceError) else ExitStatus.USAGE
    interrupted = not isinstance(error, Exception)
    if kind is None:
        undone = interrupted or status is ExitStatus.ROLLED_BACK
        kind = ROLLED_BACK if undone else REFUSED
    figures: Fields = {} if interrupted else {"status": int(status)}
    if isinstance(error, RefusalError):
        figures.update(error.figures)
    text = str(error).partition("\n")[0].removeprefix("xmlresource: ")
    text = "interrupted" if interrupted else text or type(error).__name__
    return Event(kind, text, operation, guest, uuid, figures)


def report_in_a_line(report: "Report") -> str:
    """The report on a plan as one line."""
    notes = (note.describe() for note in report.plan.not_enforced)
    return "; ".join((*report.describe().splitlines(), *notes))


def log_event_once(host: Host, event: Event, *, already_shown: bool = False) -> None:
    """Tell an event unless the history has one that says the same of the same guest."""
    fields = event.fields()
    try:
        known = history.read(host.state)
    except StateError:
        known = b""
    if as_record(fields, 0).strip().partition(b",")[2] not in known:
        log_event(host, event, already_shown=already_shown)


def log_event_on(machine: Machine, event: Event, *, already_shown: bool = False) -> None:
    """Tell an event, also where the host's configuration can't be used."""
    try:
        most = read_configuration(machine).history_size
    except (XmlresourceError, OSError):
        most = DEFAULT_HISTORY_SIZE
    _tell(
        StateFolder(machine.path(FOLDER), owner=os.geteuid()),
        most,
        event,
        already_shown=already_shown,
    )


def _tell(state: StateFolder, most: int, event: Event, *, already_shown: bool) -> bool:
    log.tell(event, already_shown=already_shown)
    if not most:
        return False
    return history.append(state, as_record(event.fields(), seconds_since_1970()), most)
