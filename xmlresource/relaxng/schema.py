"""The public face: a schema, loaded once and asked often."""

from __future__ import annotations

import os
from functools import cached_property

from xmlresource.relaxng.core.automaton import Automaton
from xmlresource.relaxng.limits import Limits
from xmlresource.relaxng.loading.compiler import Compiler
from xmlresource.relaxng.loading.grammar_cache import DEFAULT_CACHE, GrammarCache
from xmlresource.relaxng.validating import verdict
from xmlresource.relaxng.validating.outline import Outline

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from xmlresource.relaxng.completing.completer import Completer
    from xmlresource.relaxng.diagnosing.vernacular import Words
    from xmlresource.relaxng.diagnosing.violation import Violation
    from xmlresource.relaxng.diagnosing.vocabulary import Vocabulary
    from xmlresource.relaxng.libxml2.child_order import ChildOrder
    from xmlresource.relaxng.loading.grammar import Grammar
    from xmlresource.relaxng.loading.grammar_cache import CacheDir
    from xmlresource.relaxng.loading.knowledge_file import KnowledgeFile
    from xmlresource.relaxng.loading.sources import Resolver
    from xmlresource.relaxng.shortcut.entry import Shortcut

USE_SHORTCUT = True
"""Whether documents after the first may be judged without expat (`shortcut`)."""

_DEFAULT_LIMITS = Limits()
# How much has to be new, of what was known: so all that is ever written is a few times of what is
# learnt, and a run that learns a little more need not wait for a file.
_WORTH_KEEPING = 0.05


class Schema:
    """A RELAX NG schema.

    It remembers what it has learnt from the documents it has seen, up to a bound, and may be used
    by several threads.

    Attributes:
        limits: bounds on documents.
        files: the locations of the files that it was loaded from.
        automaton: what it has learnt; not for users, but for who tests or measures the engine.
    """

    def __init__(
        self,
        grammar: Grammar,
        files: tuple[str, ...],
        learnt: KnowledgeFile,
        limits: Limits,
        words: Callable[[], Words] | None = None,
    ) -> None:
        compiler = Compiler(grammar, learnt.read())
        self._learnt = learnt
        self._words = words
        self.limits = limits
        self.files = files
        self._grammar = grammar
        self.automaton = Automaton(
            compiler.recollection,
            compiler.start,
            limits.max_memory,
            limits.max_attributes,
        )
        self._names: dict[str, Any] = {}
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
        words: Callable[[], Words] | None = None,
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
            words: gives what messages are to call things, when there is a first one.

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
        return cls(*GrammarCache(cache_dir).load(location, given, resolver), limits, words)

    def keep_learnt(self) -> None:
        """Keep what was learnt of the schema for other processes, in the folder it was loaded from.

        Nothing of the documents themselves is kept. A little is not worth the writing.
        """
        automaton = self.automaton
        known = automaton.recollection.knowledge
        if automaton.derived > len(known) * _WORTH_KEEPING:
            from xmlresource.relaxng.core.learning import learnt  # noqa: PLC0415  # as in diagnose

            knowledge = learnt(automaton)
            if knowledge is not None:
                self._learnt.write(knowledge)

    def is_valid(self, data: bytes) -> bool:
        """Tell whether a document is well-formed, within the limits and valid."""
        return self._verdict(data, None)

    def _verdict(self, data: bytes, outline: Outline | None) -> bool:
        # The shortcut pays from the second document on, for it is the first that makes it.
        self._read += 1
        if USE_SHORTCUT and self._read > 1:
            found = self._shortcut.verdict(data, outline)
            if found is not None:
                return found
        return verdict.is_valid(self.automaton, data, self.limits, self._names, outline)

    def diagnose(self, data: bytes, *, libxml2: bool = False) -> list[Violation]:
        """Return what is wrong with a document, in its order; nothing if it is valid.

        Args:
            data: the document.
            libxml2: whether to warn, where the document is valid, of what libxml2 refuses
                (`libxml2_warnings`), at little cost for documents without any.
        """
        untrimmed = self.automaton.untrimmed
        outline = Outline() if libxml2 else None
        # The explaining half is loaded when it is needed: a run over valid documents never is.
        if not self._verdict(data, outline):
            from xmlresource.relaxng.diagnosing.vernacular import NO_WORDS  # noqa: PLC0415
            from xmlresource.relaxng.second_pass import explain  # noqa: PLC0415  # see above

            words = NO_WORDS if self._words is None else self._words()
            return explain(self.automaton, lambda: self._vocabulary, data, self.limits, words)
        if outline is None:
            return []
        stumble = self._child_order.stumble(outline.opened())
        if stumble is None and self.automaton.untrimmed == untrimmed:
            return []
        from xmlresource.relaxng.second_pass import warn  # noqa: PLC0415  # see above

        return warn(self.automaton, lambda: self._vocabulary, data, self.limits, stumble)

    def libxml2_warnings(self, data: bytes) -> list[Violation]:
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
    def completer(self) -> Completer:
        """What tells what may come at a place of a document that is being written."""
        from xmlresource.relaxng.completing.completer import Completer  # noqa: PLC0415  # for editors
        from xmlresource.relaxng.diagnosing.vernacular import NO_WORDS  # noqa: PLC0415  # as above

        words = NO_WORDS if self._words is None else self._words()
        return Completer(self.automaton, self._grammar, lambda: self._vocabulary, words)

    @cached_property
    def _shortcut(self) -> Shortcut:
        from xmlresource.relaxng.shortcut.entry import Shortcut  # noqa: PLC0415  # see _verdict

        return Shortcut(self.automaton, self.limits)

    @cached_property
    def _child_order(self) -> ChildOrder:
        from xmlresource.relaxng.libxml2.child_order import ChildOrder  # noqa: PLC0415  # only for libvirt's

        return ChildOrder(self._grammar)

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        from xmlresource.relaxng.diagnosing.vocabulary import Vocabulary  # noqa: PLC0415  # as in diagnose

        return Vocabulary(self._grammar)
