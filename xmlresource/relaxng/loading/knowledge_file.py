"""What was learnt of a grammar, on disk beside it, so that the next run need not derive it again.

It is good for one grammar: the one in the cache that bears the name it was learnt for.
"""

from __future__ import annotations

import marshal
import sys

from xmlresource.relaxng.core.knowledge import NOTHING, Knowledge
from xmlresource.relaxng.loading.files import load, store

#: Raised whenever the form of what is known changes, or how patterns are derived.
LEARNING_VERSION = 1

MAGIC = f"learnt {LEARNING_VERSION} {sys.implementation.cache_tag} {marshal.version}\n".encode()


class KnowledgeFile:
    """Where the knowledge of one grammar is kept.

    Args:
        grammar: the file of the grammar; None or empty for nowhere.
        name: the grammar's name.
    """

    def __init__(self, grammar: str | None, name: bytes) -> None:
        self._path = f"{grammar.removesuffix('.grammar')}.learnt" if grammar else ""
        self._kind = MAGIC + name

    def read(self) -> Knowledge:
        """Return what is known; nothing where there is no file to be trusted."""
        kept = load(self._path, self._kind) if self._path else None
        return NOTHING if kept is None else Knowledge(*kept)

    def write(self, knowledge: Knowledge) -> None:
        """Keep what is known; silently not where that fails."""
        if self._path:
            store(self._path, self._kind, knowledge.as_plain_values())
