"""The one way into the shortcut: a verdict without expat, where that can be had."""

from __future__ import annotations

from xmlresource.relaxng.shortcut.trail import Trail

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from xmlresource.relaxng.core.automaton import Automaton
    from xmlresource.relaxng.limits import Limits
    from xmlresource.relaxng.validating.outline import Outline


class Shortcut:
    """Judges documents by the trails of those before.

    Args:
        automaton: what the documents are read by.
        limits: bounds on documents; a quarter of the memory is for trails.
    """

    def __init__(self, automaton: Automaton, limits: Limits) -> None:
        self._automaton = automaton
        self._limits = limits
        self._trail: Trail | None = None

    def verdict(self, data: bytes, outline: Outline | None) -> bool | None:
        """Tell whether a document is well-formed and valid; None where it takes expat to tell.

        Args:
            data: the document.
            outline: takes down what the document element is like, if that is wanted.
        """
        if len(data) > self._limits.max_bytes or self._automaton.factored:
            return None
        trail = self._trail
        if trail is None or trail.is_over:
            trail = self._trail = Trail(self._automaton, self._limits.max_memory // 4)
        return trail.leads_through(data, self._limits.max_depth, outline)
