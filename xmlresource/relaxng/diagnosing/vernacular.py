"""Plain names for parts of one kind of documents, where the schema's own names say little.

The engine knows no kind of documents. Whoever loads a schema may tell it what the schema's named
datatypes are called by those who write such documents, and which prefixes are usual.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Described:
    """A named datatype in words.

    Attributes:
        what: what a value is, for "expected …".
        example: a value.
    """

    what: str
    example: str


@dataclass(frozen=True, slots=True)
class Words:
    """The words for one kind of documents.

    Attributes:
        datatypes: the named datatypes, by the name of the define.
        prefixes: the usual prefix of a namespace.
        dialects: the namespace of the extensions that a document may have, by the value of the
            attribute ``type`` of the document element.
    """

    datatypes: Mapping[str, Described] = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)
    dialects: Mapping[str, str] = field(default_factory=dict)


NO_WORDS = Words()
