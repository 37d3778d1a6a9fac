"""From an automaton that has read documents to what the next one may know (`knowledge`)."""

from __future__ import annotations

from xmlresource.relaxng.core.knowledge import NOTHING, Knowledge, key_of
from xmlresource.relaxng.core.patterns import (
    AFTER,
    ATTRIBUTE,
    DATA,
    ELEMENT,
    VALUE,
    Pattern,
)

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from xmlresource.relaxng.core.automaton import Automaton, AutomatonState, Opening, Values
    from xmlresource.relaxng.core.knowledge import (
        KnownAttribute,
        KnownOpening,
        KnownState,
        Numbers,
    )

#: How much may be known. More is of no use: libvirt's own 900 test domains teach about 6,000.
MOST_KNOWN = 30_000


def learnt(automaton: Automaton) -> Knowledge | None:
    """Return what is known now: before, and by what was read since; None for too much.

    Where both together are too much, what this automaton has not used is left out. So no document
    can spoil for good what others have taught.
    """
    if automaton.factored:  # it has begun anew since
        return None
    for earlier in (automaton.recollection.knowledge, NOTHING):
        found = _Notes(earlier).of(automaton)
        if len(found) <= MOST_KNOWN:
            return found
    return None


class _Notes:
    """Takes down what an automaton holds, beside what was known before."""

    def __init__(self, earlier: Knowledge) -> None:
        self._numbers: dict[bytes, int] = dict(earlier.numbers)
        self._number_of: dict[Pattern, int] = {}
        self._earlier = earlier

    def of(self, automaton: Automaton) -> Knowledge:
        """Take down all."""
        return Knowledge(
            states=self._states(automaton.states),
            openings=self._openings(automaton.openings),
            attributes=self._attributes(automaton.attribute_steps),
            keys=list(self._numbers),  # the last: the others give numbers
        )

    def _states(self, found: dict[Pattern, AutomatonState]) -> dict[int, KnownState]:
        known = dict(self._earlier.states)
        for pattern, state in found.items():
            number = self._number(pattern)
            *_, before = known.get(number, (False, False, {}))
            if number in known and state.keys() <= before.keys():
                continue  # which is nearly always so, and asks the pattern nothing
            new = {
                name: (
                    self._all(table.rests),
                    self._number(opening.pattern),
                    self._number(child.pattern),
                )
                for name, (table, opening, child) in state.items()
                if name in pattern.elements
            }
            known[number] = pattern.nullable, pattern.has_text, before | new
        return known

    def _openings(self, found: dict[Pattern, Opening]) -> dict[int, KnownOpening]:
        known = dict(self._earlier.openings)
        for pattern, opening in found.items():
            number = self._number(pattern)
            *_, before = known.get(number, (None, (), {}))
            new = {
                self._all(left): self._number(state.pattern)
                for left, state in opening.closed.items()
            }
            known[number] = opening.places, self._all(opening.parts), before | new
        return known

    def _attributes(
        self, found: dict[Pattern, dict[str, Values | Pattern]]
    ) -> dict[int, dict[str, KnownAttribute]]:  # fmt: skip
        known = dict(self._earlier.attributes)
        for pattern, steps in found.items():
            number = self._number(pattern)
            before = known.get(number, {})
            new = {
                name: self._attribute(step, before.get(name))
                for name, step in steps.items()
                if name in before or name in pattern.attributes
            }
            known[number] = before | new
        return known

    def _attribute(self, step: Values | Pattern, known: KnownAttribute | None) -> KnownAttribute:
        if isinstance(step, Pattern):
            return self._number(step)
        before = known[1] if isinstance(known, tuple) else {}
        new = {signature: self._number(left) for signature, left in step.signatures.items()}
        return self._all(step.tests), before | new

    def _all(self, patterns: Iterable[Pattern]) -> Numbers:
        return tuple(map(self._number, patterns))

    def _number(self, pattern: Pattern) -> int:
        number = self._number_of.get(pattern)
        if number is None:
            number = pattern.known_as
            if number is None or number >= len(self._earlier.keys):
                key = key_of(pattern.kind, self._all(pattern.parts), _extra(pattern))
                number = self._numbers.setdefault(key, len(self._numbers))
            self._number_of[pattern] = number
        return number


def _extra(pattern: Pattern) -> Any:
    """Return what a pool tells a pattern by, besides its kind and parts."""
    if pattern.kind in (AFTER, ELEMENT):
        return pattern.mark
    if pattern.kind == ATTRIBUTE:
        return pattern.names
    return pattern.atom.key if pattern.kind in (DATA, VALUE) else None
