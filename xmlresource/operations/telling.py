"""Tell what was decided or done: to the system's log, and to the history."""

import os

from xmlresource.configuration import DEFAULT_HISTORY_SIZE
from xmlresource.events import Event, as_record
from xmlresource.operations.host import Host
from xmlresource.system import history, log
from xmlresource.system.guests import seconds_since_1970
from xmlresource.system.machine import Machine
from xmlresource.system.state import FOLDER, StateError, StateFolder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource.cgroup.report import Report


def tell(host: Host, event: Event) -> None:
    """Tell an event. Nothing waits for it, and nothing fails by it."""
    _tell(host.state, host.configuration.history_size, event)


def told(report: "Report") -> str:
    """What became of a plan, in a line."""
    notes = (note.describe() for note in report.plan.not_enforced)
    return "; ".join((*report.describe().splitlines(), *notes))


def tell_once(host: Host, event: Event) -> None:
    """Tell an event unless the history has one of the same kind, operation and message."""
    fields = event.fields()
    try:
        known = history.read(host.state)
    except StateError:
        known = b""
    if as_record(fields, 0).strip().partition(b",")[2] not in known:
        tell(host, event)


def tell_of(machine: Machine, event: Event) -> None:
    """Tell an event where the host's configuration is not known."""
    state = StateFolder(machine.path(FOLDER), owner=os.geteuid())
    _tell(state, DEFAULT_HISTORY_SIZE, event)


def _tell(state: StateFolder, most: int, event: Event) -> None:
    log.tell(event)
    if most:
        history.append(state, as_record(event.fields(), seconds_since_1970()), most)
