"""A document however a program has it: by its path, as bytes, or read already."""

import os
from collections.abc import Iterable
from typing import Self, TypeAlias

from xmlresource.codes import CODES
from xmlresource.document import Document, DocumentError
from xmlresource.formats.misuse import check_many
from xmlresource.limits import MOST_BYTES
from xmlresource.model.domain import Domain
from xmlresource.system.files import document_files

STANDARD_INPUT_NAME = "<stdin>"


class DocumentFile(Document):
    """One document, read once; from a file, too."""

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """Read the file at ``path``; ``-`` is standard input.

        Raises:
            DocumentError: It can't be read (XR001), or is no readable XML.
            TypeError: ``path`` is no path.
        """
        if not isinstance(path, str | os.PathLike):
            raise TypeError(f"a path is a string or a Path, not {type(path).__name__}")
        return cls.parse(*_read(os.fspath(path)))


AnyInput: TypeAlias = str | os.PathLike[str] | bytes | Document
"""A document by its path (``-`` for standard input), as bytes, or read already."""


def document_of(given: AnyInput) -> Document:
    """The document that is given, whichever way.

    Raises:
        DocumentError: It can't be read (XR001), or is no readable XML.
        TypeError: It is none.
    """
    if isinstance(given, Document):
        return given
    return DocumentFile.parse(given) if isinstance(given, bytes) else DocumentFile.read(given)


def name_of(given: AnyInput) -> str:
    """The name of a document: its path where it has one."""
    if isinstance(given, bytes):
        return "<document>"
    return given.source.name if isinstance(given, Document) else os.fspath(given)


def sorted_out(function: str, given: Iterable[object]) -> tuple[list[str], list[bytes | Document]]:
    """Paths, and documents that are in memory already.

    Args:
        function: Whom they were given to.
        given: The documents.

    Raises:
        TypeError: One is neither, or ``given`` is one and no list.
    """
    check_many(function, given)
    paths: list[str] = []
    in_memory: list[bytes | Document] = []
    for one in given:
        if isinstance(one, bytes | Document):
            in_memory.append(one)
        elif isinstance(one, str | os.PathLike):
            paths.append(os.fspath(one))
        else:
            kind = type(one).__name__
            raise TypeError(f"{function} takes paths, bytes and Documents, not {kind}: {one!r}")
    return paths, in_memory


def _read(path: str) -> tuple[bytes, str]:
    """The bytes of a document, and its name.

    Raises:
        DocumentError: It can't be read (XR001).
    """
    name = STANDARD_INPUT_NAME if path == document_files.STANDARD_INPUT else path
    try:
        data = document_files.read(path, MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        is_text = path.lstrip().startswith("<")
        hint = "This is a document and no path: give it as bytes." if is_text else None
        row = CODES["XR001"]
        found = row.diagnostic(f"can't be read: {reason}", name, hint=hint or row.cure)
        raise DocumentError(found) from error
    return data, name


def domain_of(document: Document) -> Domain:
    """The domain that a document defines.

    Raises:
        DocumentError: It defines none.
    """
    if document.domain is None:
        row = CODES["XR010"]
        raise DocumentError(
            row.diagnostic(
                f"<{document.root.name}> is not a domain, and this takes one",
                document.source.name,
                span=document.root.span,
                hint="give a domain",
            )
        )
    return document.domain
