"""Reading the descriptor out of an .ova, a tar archive, without unpacking anything.

The member is found by its name and read into memory. No name of the archive becomes a path, links
are not followed, and no step reads more than a document may have, whatever a header says.
"""

import os
import tarfile
from typing import Final

from xmlresource.limits import MOST_BYTES
from xmlresource.record import record

MOST_MEMBERS: Final = 10_000
_SUFFIX: Final = ".ovf"
# As document_files opens: a pipe would wait for somebody who writes to it.
_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class ArchiveError(ValueError):
    """The archive can't be used; the text says why."""


@record
class Member:
    """The descriptor of an archive: its name there, and its content."""

    name: str
    data: bytes


class _BoundedFile:
    """A file from which no single step reads more than a document may have."""

    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "rb", closefd=False)

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MOST_BYTES + tarfile.BLOCKSIZE:
            raise ArchiveError("a header of it is too large")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()


def descriptor_in(path: str) -> Member:
    """The first OVF descriptor of the archive at ``path``.

    Raises:
        ArchiveError: It is no archive, has none, or goes beyond the bounds.
        OSError: It can't be read.
    """
    descriptor = os.open(path, _FLAGS)
    try:
        file = _BoundedFile(descriptor)
        try:
            return _descriptor(file)
        except (tarfile.TarError, OverflowError, EOFError) as error:
            raise ArchiveError(f"it is no tar archive: {error}") from None
        finally:
            file.close()
    finally:
        os.close(descriptor)


def _descriptor(file: _BoundedFile) -> Member:
    # Transparent compression would let a small file grow; an .ova has none (DSP0243, 5.2).
    with tarfile.open(fileobj=file, mode="r:") as archive:  # type: ignore[call-overload] # what it reads with
        for count, member in enumerate(archive, 1):
            if count > MOST_MEMBERS:
                raise ArchiveError(f"it has more than {MOST_MEMBERS} members")
            if not member.isreg() or member.issparse() or not _is_descriptor(member.name):
                continue
            if member.size > MOST_BYTES:
                raise ArchiveError(f"its descriptor has more than {MOST_BYTES} bytes")
            content = archive.extractfile(member)
            data = b"" if content is None else content.read(MOST_BYTES)
            return Member(member.name, data)
    raise ArchiveError("it has no member whose name ends in .ovf")


def _is_descriptor(name: str) -> bool:
    return name.lower().endswith(_SUFFIX)
