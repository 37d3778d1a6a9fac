"""Tell what is wrong once, however long it lasts, and again when it comes back."""

from collections.abc import Mapping
from typing import Final

from xmlresource.model.events import WARNING, Event
from xmlresource.operations.event_log import log_event_on
from xmlresource.system.machine import Machine

OPERATION: Final = "balance"


class OnceTold:
    """The complaints that stand."""

    def __init__(self, machine: Machine) -> None:
        self._machine: Final = machine
        self._standing: dict[str, dict[str, float]] = {}
        self._told: dict[str, frozenset[str]] = {}

    def tell(
        self, about: str, complaints: Mapping[str, Event], at: float = 0, patience: float = 0
    ) -> None:
        """Tell those complaints that have stood for some time, and were not told since they do.

        Args:
            about: What they are about, all of them together.
            complaints: Those that stand now, by what makes them the same.
            at: When this is.
            patience: The seconds that one must stand, for what may well pass by itself.
        """
        before, told = self._standing.get(about, {}), self._told.get(about, frozenset())
        since = {sign: before.get(sign, at) for sign in complaints}
        due = {sign for sign, began in since.items() if at - began >= patience}
        for sign, event in complaints.items():
            if sign in due - told:
                log_event_on(self._machine, event)
        self._standing[about] = since
        self._told[about] = frozenset(due | (told & since.keys()))

    def fault(self, about: str, text: str | None) -> None:
        """Tell a fault that is about no guest in particular; ``None`` where there is none now."""
        events = {} if text is None else {about: Event(WARNING, text, OPERATION)}
        self.tell(about, events)
