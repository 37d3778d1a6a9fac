"""Bounds on what a document may ask of the machine."""

from __future__ import annotations


class Limits:
    """Bounds on documents, refused whatever the schema says.

    Not a dataclass, although it is one in all but name: importing `dataclasses` takes longer than
    validating a document, and every start would pay for it.

    Attributes:
        max_bytes: size of a document.
        max_depth: elements open at the same time.
        max_attributes: attributes of one element.
        max_diagnostics: diagnostics for one document; what follows is not looked for.
        max_memory: roughly, bytes that a schema keeps from the documents it has seen.
    """

    __slots__ = ("max_attributes", "max_bytes", "max_depth", "max_diagnostics", "max_memory")

    def __init__(
        self,
        *,
        max_bytes: int = 64 << 20,
        max_depth: int = 1000,
        max_attributes: int = 1000,
        max_diagnostics: int = 100,
        max_memory: int = 40 << 20,
    ) -> None:
        self.max_bytes = max_bytes
        self.max_depth = max_depth
        self.max_attributes = max_attributes
        self.max_diagnostics = max_diagnostics
        self.max_memory = max_memory
