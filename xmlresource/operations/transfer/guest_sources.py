"""A source of an import however a program has it: by its path, or as bytes."""

import os
from typing import Final, TypeAlias

from xmlresource.codes import CODES
from xmlresource.document import DocumentError
from xmlresource.interchange.allocation import SourceGuest
from xmlresource.interchange.errors import source_error
from xmlresource.interchange.readers.detection import guests_in, is_archive
from xmlresource.limits import MOST_BYTES
from xmlresource.operations.named_document import STANDARD_INPUT_NAME
from xmlresource.printable import printable
from xmlresource.system.files import document_files
from xmlresource.system.files.ova_archive import ArchiveError, descriptor_in

AnySource: TypeAlias = str | os.PathLike[str] | bytes
"""A source by its path (``-`` for standard input), or as bytes."""

_SOURCE_NAME: Final = "<source>"
_HEADER: Final = 512


def guests_of(given: AnySource, configuration: str | None = None) -> tuple[SourceGuest, ...]:
    """The guests that a source defines.

    Args:
        given: The source.
        configuration: The deployment option of an OVF descriptor.

    Raises:
        DocumentError: It can't be read (XR001), or is no readable XML.
        SourceError: It can't be imported.
    """
    if isinstance(given, bytes):
        return guests_in(given, _SOURCE_NAME, configuration)
    if not isinstance(given, str | os.PathLike):
        raise TypeError(f"a source is a path or bytes, not {type(given).__name__}: {given!r}")
    data, name = _read(os.fspath(given))
    return guests_in(data, name, configuration)


def _read(path: str) -> tuple[bytes, str]:
    """The bytes of a source, and its name; of an archive those of its descriptor."""
    is_input = path == document_files.STANDARD_INPUT
    name = STANDARD_INPUT_NAME if is_input else path
    try:
        # In one go: what a shell hands over for `<(command)` can be read once.
        data = document_files.read(path, MOST_BYTES + 1)
        if is_archive(data[:_HEADER]) and not is_input:
            member = descriptor_in(path)
            return member.data, f"{path}/{printable(member.name)}"
    except ArchiveError as error:
        raise source_error("XR806", f"the archive can't be used: {error}", name) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        row = CODES["XR001"]
        found = row.diagnostic(f"can't be read: {reason}", name, hint=row.cure)
        raise DocumentError(found) from error
    if is_archive(data[:_HEADER]):
        message = "an archive can't be read from standard input"
        raise source_error("XR806", message, name, hint="name the file")
    return data, name
