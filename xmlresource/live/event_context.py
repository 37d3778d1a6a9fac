"""Tell what became of a guest that runs as the hook tells it of one that starts."""

import contextlib
from collections.abc import Iterator

from xmlresource.model.events import ROLLED_BACK, Event, Fields
from xmlresource.operations.event_log import event_of_failure, log_event_on
from xmlresource.promises.ledger import canonical_uuid
from xmlresource.record import record, replace
from xmlresource.system.libvirt.connection import Handle
from xmlresource.system.machine import Machine


@record
class EventContext:
    """The fields that all events of one demand have in common.

    Attributes:
        machine: The machine whose log and history get them.
        operation: What was asked for.
        asked: The figures of it.
        guest: The guest's name; empty for a demand on all of them.
        uuid: Its uuid.
    """

    machine: Machine
    operation: str
    asked: Fields
    guest: str = ""
    uuid: str = ""

    def tell(self, event: Event) -> None:
        """Tell an event, with what was asked for."""
        log_event_on(self.machine, self._complete(event))

    def of(self, kind: str, message: str, figures: Fields) -> None:
        """Tell what was done."""
        self.tell(Event(kind, message, self.operation, self.guest, self.uuid, figures))

    @contextlib.contextmanager
    def failures(self, *, undone: bool = False) -> Iterator[None]:
        """Tell what ends the block early, an interruption too.

        Args:
            undone: By then something had been done, and is put back.
        """
        try:
            yield
        except BaseException as error:
            kind = ROLLED_BACK if undone else None
            event = event_of_failure(error, self.operation, self.guest, self.uuid, kind)
            log_event_on(self.machine, self._complete(event), already_shown=True)
            raise

    def _complete(self, event: Event) -> Event:
        return replace(event, figures={**self.asked, **event.figures})


def event_context(machine: Machine, operation: str, handle: Handle, asked: Fields) -> EventContext:
    """The events of a demand on one guest.

    Args:
        machine: The machine.
        operation: What was asked for.
        handle: The guest.
        asked: The figures of it.
    """
    uuid = canonical_uuid(handle.uuid) or handle.uuid
    return EventContext(machine, operation, asked, handle.name, uuid)
