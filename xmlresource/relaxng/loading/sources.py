"""The sources of a schema: the file system, or the embedding program. No network."""

from __future__ import annotations

import re

from xmlresource.relaxng.errors import SchemaError
from xmlresource.relaxng.loading.files import read

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    #: Given a location, returns the bytes of that file; None to have it read from disk.
    Resolver: TypeAlias = Callable[[str], bytes | None]

_SCHEME = r"[A-Za-z][A-Za-z0-9+.\-]+:"
_MAX_BYTES = 16 << 20


class Sources:
    """Reads the files of one schema, each once, and remembers what it has read.

    Args:
        resolver: asked first for every file, by its location.
        given: files that are at hand already, by location.
    """

    def __init__(self, resolver: Resolver | None, given: dict[str, bytes] | None = None) -> None:
        self._resolver = resolver
        self.read_so_far: dict[str, bytes] = dict(given or {})

    def read(self, location: str) -> bytes:
        """Return the content of a file.

        Raises:
            SchemaError: it cannot be read, is too large, or is not local.
        """
        data = self.read_so_far.get(location)
        if data is None:
            data = self.read_so_far[location] = self._read(location)
        return data

    def _read(self, location: str) -> bytes:
        data = self._resolver(location) if self._resolver else None
        if data is not None:
            return data
        if re.match(_SCHEME, location):
            message = "only local files are read"
            raise SchemaError(message, location)
        try:
            data = read(location, _MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            message = f"cannot be read: {reason}"
            raise SchemaError(message, location) from error
        if len(data) > _MAX_BYTES:
            message = f"is larger than {_MAX_BYTES >> 20} MiB"
            raise SchemaError(message, location)
        return data


def join(base: str, reference: str) -> str:
    """Resolve a relative reference (``href``, ``xml:base``) against the location of its file."""
    if reference.startswith("file:"):
        reference = re.sub("^file:(//(localhost)?)?", "", reference)
    elif re.match(_SCHEME, reference):
        return reference
    reference = _unescape(reference)
    if not reference:
        return base
    if reference.startswith("/"):
        return reference
    return base[: base.rfind("/") + 1] + reference


def _unescape(reference: str) -> str:
    raw = re.sub("%([0-9A-Fa-f]{2})", lambda match: chr(int(match[1], 16)), reference)
    if raw == reference:
        return reference
    try:
        return raw.encode("latin-1").decode()
    except UnicodeError:
        return raw
