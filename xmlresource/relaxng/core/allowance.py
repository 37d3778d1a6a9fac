"""How much an automaton may remember of documents."""

from __future__ import annotations

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from xmlresource.relaxng.core.patterns import PatternPool

# What a remembered thing costs, roughly, in bytes (measured on libvirt's domains).
_PATTERN_COST = 1600
_ENTRY_COST = 400
# How the memory is shared; the rest is for trails.
_SHARE_OF_STATES = 0.5
_SHARE_OF_VALUES = 0.25


class Allowance:
    """Keeps the accounts.

    Values are without end, and make no states: when they are too many they alone are dropped. When
    all else is too much, everything is.

    Args:
        pool: whose patterns count.
        max_memory: roughly, how many bytes.
        drop_all: drops all that is remembered.
    """

    def __init__(
        self, pool: PatternPool, max_memory: int, drop_all: Callable[[], None]
    ) -> None:  # fmt: skip
        self._pool = pool
        self._max_memory = max_memory
        self._drop_all = drop_all
        self._spent = 0
        self._spent_on_values = 0
        self._values: dict[int, dict[Any, Any]] = {}
        self._seen_patterns = pool.count

    def values(self) -> int:
        """Count the values that are remembered."""
        return sum(map(len, self._values.values()))

    def remember(self, where: dict[Any, Any], size: int) -> None:
        """Account for a value (or several of an element) that is remembered somewhere."""
        self._spent_on_values += size + _ENTRY_COST
        if self._spent_on_values > self._max_memory * _SHARE_OF_VALUES:
            for memory in list(self._values.values()):
                memory.clear()
            self._values.clear()
            self._spent_on_values = 0
        self._values[id(where)] = where
        self._charge_patterns()

    def charge(self, size: int) -> None:
        """Account for a step that is remembered."""
        self._spent += size + _ENTRY_COST
        self._charge_patterns()

    def _charge_patterns(self) -> None:
        """Account for the patterns made meanwhile, and begin anew when there is too much."""
        count = self._pool.count
        if count != self._seen_patterns:
            self._spent += _PATTERN_COST * (count - self._seen_patterns)
            self._seen_patterns = count
        if self._spent > self._max_memory * _SHARE_OF_STATES:
            self._spent = self._spent_on_values = 0
            self._values.clear()
            self._drop_all()
