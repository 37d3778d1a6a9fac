"""Whose a document is: what stands before anything that a tenant can make large.

libvirt writes a domain's name and uuid first (virDomainDefFormatInternalSetRootName), before its
metadata, and in a status file the pid before the domain. Reading stops there.
"""

import pyexpat
from collections.abc import Iterable
from typing import Final

from xmlresource.record import record

_DOMAIN: Final = "domain"
_STATUS: Final = "domstatus"
_UUID: Final = "uuid"


@record
class Head:
    """The beginning of a status file or a definition; ``None`` for what is not to be had.

    Attributes:
        uuid: ``<uuid>`` of the domain, as written.
        pid: The ``pid`` of a status file, as written.
    """

    uuid: str | None = None
    pid: str | None = None


def read_head(chunks: Iterable[bytes]) -> Head:
    """The head of a document, of which no more chunks are asked for than it takes."""
    reading = _Reading()
    try:
        for chunk in chunks:
            reading.parser.Parse(chunk, False)  # noqa: FBT003 -- positional only
    except (_DoneError, pyexpat.ExpatError):
        pass
    return Head(reading.uuid, reading.pid)


class _DoneError(Exception):
    """There is no more to be had."""


class _Reading:
    def __init__(self) -> None:
        self.uuid: str | None = None
        self.pid: str | None = None
        self._path: list[str] = []
        self._text: list[str] | None = None
        self.parser: Final = pyexpat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data
        self.parser.StartDoctypeDeclHandler = self._doctype

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._path and name == _STATUS:
            self.pid = attributes.get("pid")
        self._path.append(name)
        if self._path in ([_STATUS, _DOMAIN, _UUID], [_DOMAIN, _UUID]):
            self._text = []

    def _end(self, _name: str) -> None:
        if self._text is not None:
            self.uuid = "".join(self._text).strip()
            raise _DoneError
        ended = self._path.pop()
        if ended == _DOMAIN and self._path in ([], [_STATUS]):
            raise _DoneError

    def _data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def _doctype(self, *_declaration: object) -> None:
        raise _DoneError
