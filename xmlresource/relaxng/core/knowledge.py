"""What an automaton has learnt of its schema, as plain values that `marshal` can store.

Learning is deriving: which states there are, and which tag leads from one to another. All of it
follows from the schema alone; documents tell only what of it is worth knowing. So the next process
may begin with it. Never in here is what is a document's own: a value, or a name that a wildcard
let in.

Patterns go by numbers. The *key* of a pattern is its kind, the numbers of its parts, and the extra
that a `PatternPool` tells it by; where the order of parts means nothing, it is that of the numbers.
A key stays in `marshal`'s form until it is asked for, for most are not.
"""

from __future__ import annotations

import marshal
from functools import cached_property

from xmlresource.relaxng.core.patterns import CHOICE, EMPTY, INTERLEAVE, NOT_ALLOWED, TEXT

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TypeAlias

    #: The number of a pattern, and of the state that it makes.
    Number: TypeAlias = int
    Numbers: TypeAlias = tuple[Number, ...]
    #: The rests of the parent, what opens, and the state of a child without attributes.
    KnownStep: TypeAlias = tuple[Numbers, Number, Number]
    #: Whether the element may end, whether text may come, and the steps by names.
    KnownState: TypeAlias = tuple[bool, bool, dict[str, KnownStep]]
    #: In which part an attribute is, the parts, and the states by what is left of these.
    KnownOpening: TypeAlias = tuple[dict[str, int] | None, Numbers, dict[Any, Number]]
    #: What is left after an attribute: whatever its value is, or by which patterns accept that.
    KnownAttribute: TypeAlias = Number | tuple[Numbers, dict[tuple[bool, ...], Number]]
    Plain: TypeAlias = tuple[Any, ...]

#: The kinds whose parts come in any order.
UNORDERED = (CHOICE, INTERLEAVE)
#: Their patterns have no parts, every pool has them, and their numbers are their kinds.
CONSTANT = (NOT_ALLOWED, EMPTY, TEXT)


class Knowledge:
    """What is known of the patterns of one schema.

    Attributes:
        keys: the patterns' keys, by number.
        states: of states.
        openings: of what a start tag opens.
        attributes: of what attributes leave of a pattern, by their names.
    """

    def __init__(
        self,
        keys: list[bytes],
        states: dict[Number, KnownState],
        openings: dict[Number, KnownOpening],
        attributes: dict[Number, dict[str, KnownAttribute]],
    ) -> None:
        self.keys = keys
        self.states = states
        self.openings = openings
        self.attributes = attributes

    def __len__(self) -> int:
        """Count what is known."""
        return (
            len(self.keys)
            + sum(len(steps) for _, _, steps in self.states.values())
            + sum(len(closed) for _, _, closed in self.openings.values())
            + sum(map(len, self.attributes.values()))
        )

    def as_plain_values(self) -> Plain:
        """Return it as what `marshal` knows."""
        return self.keys, self.states, self.openings, self.attributes

    @cached_property
    def numbers(self) -> dict[bytes, Number]:
        """The numbers of patterns, by their keys."""
        return {key: number for number, key in enumerate(self.keys)}

    def pattern(self, number: Number) -> tuple[int, Numbers, Any]:
        """Return kind, parts and extra of a pattern."""
        found: tuple[int, Numbers, Any] = marshal.loads(self.keys[number])  # noqa: S302  # see `files`
        return found


def key_of(kind: int, parts: Iterable[Number], extra: Any) -> bytes:
    """Return the key of a pattern with these parts."""
    numbers = tuple(sorted(parts) if kind in UNORDERED else parts)
    return marshal.dumps((kind, numbers, extra), _SAME_FOR_EQUALS)


# A version of the form that does not tell whether a value is referred to elsewhere, too.
_SAME_FOR_EQUALS = 0

NOTHING = Knowledge([key_of(kind, (), None) for kind in CONSTANT], {}, {}, {})
