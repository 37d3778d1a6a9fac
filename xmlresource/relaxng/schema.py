"""The public face: a schema, loaded once and asked often."""

from __future__ import annotations

import os
from functools import cached_property

from xmlresource.relaxng import verdict
from xmlresource.relaxng.automaton import Automaton
from xmlresource.relaxng.cache import DEFAULT_CACHE, GrammarCache
from xmlresource.relaxng.compiler import Compiler
from xmlresource.relaxng.limits import Limits
from xmlresource.relaxng.outline import Outline

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from typing import Any

    from xmlresource.relaxng.cache import CacheDir
    from xmlresource.relaxng.diagnostic import Diagnostic
    from xmlresource.relaxng.grammar import Grammar
    from xmlresource.relaxng.relinking import Relinking
    from xmlresource.relaxng.source import Resolver
    from xmlresource.relaxng.trail import Trail
    from xmlresource.relaxng.vocabulary import Vocabulary

_DEFAULT_LIMITS = Limits()


class Schema:
    """A RELAX NG schema.

    It remembers what it has learnt from the documents it has seen, up to a bound, and may be used
    by several threads.

    Attributes:
        limits: bounds on documents.
        files: the locations of the files that it was loaded from.
    """

    def __init__(self, grammar: Grammar, files: tuple[str, ...], limits: Limits) -> None:
        compiler = Compiler(grammar)
        self.limits = limits
        self.files = files
        self._grammar = grammar
        self._automaton = Automaton(
            compiler.pool, compiler.start, limits.max_memory, limits.max_attributes
        )
        self._names: dict[str, Any] = {}
        self._trail: Trail | None = None
        self._read = 0

    @classmethod
    def load(
        cls,
        source: str | os.PathLike[str] | bytes,
        *,
        base: str | os.PathLike[str] | None = None,
        resolver: Resolver | None = None,
        cache_dir: CacheDir = DEFAULT_CACHE,
        limits: Limits = _DEFAULT_LIMITS,
    ) -> Schema:
        """Load a schema, with all that it includes.

        Args:
            source: the path of the schema, or the schema itself as bytes.
            base: the folder that a schema given as bytes takes its references to be relative to
                (the current one if not given).
            resolver: asked for each file by its location, before the file system; returns its
                bytes, or None. Nothing is ever fetched from a network.
            cache_dir: where to keep simplified grammars; the user's cache folder if not given,
                and None for nowhere. A cache that cannot be used is as good as none.
            limits: bounds on documents.

        Returns:
            the schema.

        Raises:
            SchemaError: a file cannot be read, or is not a correct schema.
        """
        if isinstance(source, bytes):
            folder = "" if base is None else os.fspath(base).rstrip("/") + "/"
            location = f"{folder}<schema>"
            given = {location: source}
        else:
            location, given = os.fspath(source), {}
        grammar, files = GrammarCache(cache_dir).load(location, given, resolver)
        return cls(grammar, files, limits)

    def is_valid(self, data: bytes) -> bool:
        """Tell whether a document is well-formed, within the limits and valid."""
        return self._verdict(data, None)

    def _verdict(self, data: bytes, outline: Outline | None) -> bool:
        # A trail pays from the second document on, for it is the first that makes it.
        self._read += 1
        if self._read > 1 and len(data) <= self.limits.max_bytes and not self._automaton.factored:
            found = self._by_trail(data, outline)
            if found is not None:
                return found
        return verdict.is_valid(self._automaton, data, self.limits, self._names, outline)

    def _by_trail(self, data: bytes, outline: Outline | None) -> bool | None:
        """Tell whether a document is valid; None where it takes expat to tell."""
        trail = self._trail
        if trail is None or trail.is_over:
            from xmlresource.relaxng.trail import Trail  # noqa: PLC0415  # see _verdict

            memory = self.limits.max_memory // 4
            trail = self._trail = Trail(self._automaton, memory)
        return trail.leads_through(data, self.limits.max_depth, outline)

    def diagnose(self, data: bytes, *, libxml2: bool = False) -> list[Diagnostic]:
        """Return what is wrong with a document, in its order; nothing if it is valid.

        Args:
            data: the document.
            libxml2: whether to warn, where the document is valid, of what libxml2 refuses
                (`libxml2_warnings`), at little cost for documents without any.
        """
        untrimmed = self._automaton.untrimmed
        outline = Outline() if libxml2 else None
        # The explaining half is loaded when it is needed: a run over valid documents never is.
        if not self._verdict(data, outline):
            from xmlresource.relaxng.explain import explain  # noqa: PLC0415  # see above

            return explain(self._automaton, lambda: self._vocabulary, data, self.limits)
        if outline is None:
            return []
        stumble = self._relinking.stumble(outline.opened())
        if stumble is None and self._automaton.untrimmed == untrimmed:
            return []
        from xmlresource.relaxng.explain import warn  # noqa: PLC0415  # see above

        return warn(self._automaton, lambda: self._vocabulary, data, self.limits, stumble)

    def libxml2_warnings(self, data: bytes) -> list[Diagnostic]:
        """Return what libxml2 would refuse in a valid document, though the schema allows it.

        libvirt validates with libxml2, which looks at the pattern of a number before it trims the
        number, and which takes the children of the document element not always in any order where
        the schema does. Of an invalid document nothing is returned.
        """
        return [
            diagnostic
            for diagnostic in self.diagnose(data, libxml2=True)
            if diagnostic.code in ("untrimmed-value", "refused-order")
        ]

    @cached_property
    def _relinking(self) -> Relinking:
        from xmlresource.relaxng.relinking import Relinking  # noqa: PLC0415  # only for libvirt's

        return Relinking(self._grammar)

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        from xmlresource.relaxng.vocabulary import Vocabulary  # noqa: PLC0415  # as in diagnose

        return Vocabulary(self._grammar)
