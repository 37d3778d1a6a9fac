"""Bounds on what a document may ask of the machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused whatever the schema says.

    Attributes:
        max_bytes: size of a document.
        max_depth: elements open at the same time.
        max_attributes: attributes of one element.
        max_diagnostics: diagnostics for one document; what follows is not looked for.
        max_memory: roughly, bytes that a schema keeps from the documents it has seen.
    """

    max_bytes: int = 64 << 20
    max_depth: int = 1000
    max_attributes: int = 1000
    max_diagnostics: int = 100
    max_memory: int = 24 << 20
