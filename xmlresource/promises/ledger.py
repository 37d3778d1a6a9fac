"""The ledger of a host holds its promises, as a value.

Its text is a header, a line for each promise and a checksum::

    {"format":"xmlresource-ledger","version":1,"boot_id":"…","promises":2,"bytes":3221225472}
    {"uuid":"…","name":"db1","driver":"qemu","size":2147483648,"state":"running",…}
    {"uuid":"…","name":"web1","driver":"qemu","size":1073741824,"state":"starting",…}
    crc32 a715a547

A promise belongs to a driver and a uuid. A start touches its own line only: the others stay bytes,
and the header has their number and sum, so that ten thousand promises cost little more than ten.
Fields of a promise or of the header that this version does not know are kept; a new version that
older ones must not touch has a higher ``version``. The checksum finds what a crash of the host or a
hand left half done; it is no defence against people who may write the file.

Opening, locking and replacing the file is ``system.state``'s business.
"""

import json
from collections.abc import Container, Iterable, Mapping
from typing import Any, Final
from zlib import crc32

from xmlresource.errors import XmlresourceError
from xmlresource.promises.promise import Key, Process, Promise, PromiseState
from xmlresource.promises.promise_line import (
    LONGEST_NAME,
    Fields,
    LedgerError,
    canonical_uuid,
    fields_of,
    is_count,
    key_of,
    needed_in,
    promise_of,
)
from xmlresource.record import field, record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from xmlresource.promises.cpu_promise import CpuPromise
    from xmlresource.promises.io_promise import IoPromise

    _Part = TypeVar("_Part", CpuPromise, IoPromise)

__all__ = (
    "FORMAT",
    "LONGEST_LINE",
    "LONGEST_NAME",
    "VERSION",
    "LargePromiseError",
    "Ledger",
    "LedgerError",
    "NewerLedgerError",
    "canonical_uuid",
    "decode",
    "ledger_of",
)

FORMAT: Final = "xmlresource-ledger"
LONGEST_LINE: Final = 64 << 10
"""Bytes that one promise may take: who writes a definition must not be able to fill the ledger."""

VERSION: Final = 1

_TRAILER: Final = b"crc32 "
_TRAILER_LENGTH: Final = len(b"crc32 01234567\n")
_FIELDS: Final = frozenset(Promise.__match_args__)


class LargePromiseError(XmlresourceError, ValueError):
    """A promise that the ledger will not hold."""


class NewerLedgerError(ValueError):
    """A ledger of a later version of this program, which must be left as it is."""


@record
class Ledger:
    """The promises of one boot of a host.

    Attributes:
        boot_id: The boot: no promise outlives it.
        promises: How many there are.
        total: The sum of what they need (``Promise.needed``), in bytes.
        lines: One line of JSON for each, ``uuid`` first.
        extra: Fields of the header that this version does not know.
    """

    boot_id: str
    promises: int = 0
    total: int = 0
    lines: bytes = b""
    extra: Fields = field(default_factory=dict)

    def get(self, key: Key) -> Promise | None:
        """The promise to a guest, ``None`` where there is none.

        Raises:
            LedgerError: Its line makes no sense.
        """
        start, end = self._find(key)
        return None if start == end else promise_of(_parse(self.lines[start:end]))

    def all(self) -> tuple[Promise, ...]:
        """All promises, oldest first; takes time in proportion to their number.

        Raises:
            LedgerError: A line makes no sense, or they do not add up to the header.
        """
        # The line ends stay, so that one inside a string is found out.
        array = b"[" + self.lines[:-1].replace(b"\n", b",\n") + b"]"
        found = tuple(promise_of(fields) for fields in _json(array))
        if not len(found) == self.promises == self.lines.count(b"\n"):
            raise LedgerError("its lines are not as many as its header says")
        if len({each.key for each in found}) != self.promises:
            raise LedgerError("a guest has two promises")
        if sum(each.needed for each in found) != self.total:
            raise LedgerError("the promises do not add up to the header's sum")
        return found

    def by_line(self, known: Mapping[bytes, Promise]) -> dict[bytes, Promise]:
        """All promises by their lines, oldest first.

        Args:
            known: What has been read before, by line; only other lines are read.

        Raises:
            LedgerError: As for :meth:`all`; that the header's sum is right is not looked at again.
        """
        lines = self.lines.split(b"\n")[:-1]
        if not known:
            return dict(zip(lines, self.all(), strict=True))
        found = {line: known.get(line) or promise_of(_parse(line)) for line in lines}
        if not len(found) == len(lines) == self.promises:
            raise LedgerError("its lines are not as many as its header says")
        return found

    def without(self, lines: Container[bytes]) -> "Ledger":
        """The ledger without these lines, in one pass.

        Raises:
            LedgerError: One of them makes no sense.
        """
        kept, total = [], self.total
        for line in self.lines.split(b"\n")[:-1]:
            if line in lines:
                total -= needed_in(_parse(line))
            else:
                kept.append(line + b"\n")
        return replace(self, promises=len(kept), total=total, lines=b"".join(kept))

    def put(self, promise: Promise) -> "Ledger":
        """The ledger with this promise, in place of an earlier one to the same guest.

        Raises:
            LargePromiseError: It takes too much room.
            ValueError: Its uuid is not canonical, or its size is negative.
        """
        return self._put(promise, {})

    def confirm(
        self,
        key: Key,
        process: Process | None = None,
        cgroup: str | None = None,
        pinned: int | None = None,
        beside: "tuple[str | None, str | None]" = (None, None),
    ) -> "Ledger":
        """The ledger with the guest known to run; as it is where nothing was promised to it.

        Args:
            key: The guest.
            process: Its process; ``None`` leaves what is known.
            cgroup: Its cgroup; ``None`` leaves what is known.
            pinned: What is pinned of its RAM; ``None`` leaves what is known.
            beside: Its cgroups of the CPU and of the io controller; ``None`` leaves what is known.

        Raises:
            LedgerError: The guest's line makes no sense.
        """
        start, end = self._find(key)
        if start == end:
            return self
        fields = _parse(self.lines[start:end])
        promise = promise_of(fields)
        running = replace(
            promise,
            state=PromiseState.RUNNING,
            process=process or promise.process,
            cgroup=cgroup or promise.cgroup,
            at_once=0,  # it has taken it
            pinned=promise.pinned if pinned is None else pinned,
            cpu=_placed(promise.cpu, beside[0]),
            io=_placed(promise.io, beside[1]),
        )
        return self._put(running, fields)

    def drop(self, key: Key) -> "Ledger":
        """The ledger without the guest's promise, if there was one.

        Raises:
            LedgerError: The guest's line makes no sense.
        """
        start, end = self._find(key)
        if start == end:
            return self
        return replace(
            self,
            promises=self.promises - 1,
            total=self.total - needed_in(_parse(self.lines[start:end])),
            lines=self.lines[:start] + self.lines[end:],
        )

    def keep(self, keys: Container[Key]) -> "Ledger":
        """The ledger with the promises to these guests alone, in one pass.

        Raises:
            LedgerError: A line makes no sense.
        """
        kept, total = [], 0
        for line in self.lines.split(b"\n")[:-1]:
            fields = _parse(line)
            if key_of(fields) in keys:
                kept.append(line + b"\n")
                total += needed_in(fields)
        return replace(self, promises=len(kept), total=total, lines=b"".join(kept))

    def for_boot(self, boot_id: str) -> "Ledger":
        """The ledger as it holds under ``boot_id``: empty where it was written under another."""
        if boot_id == self.boot_id:
            return self
        return Ledger(boot_id, extra=self.extra)

    def encode(self) -> bytes:
        """The text to write."""
        return b"".join(self.chunks())

    def chunks(self) -> tuple[bytes, bytes, bytes]:
        """The text in parts, so that megabytes of other guests' lines need not be copied."""
        header = {
            "format": FORMAT,
            "version": VERSION,
            "boot_id": self.boot_id,
            "promises": self.promises,
            "bytes": self.total,
        } | self.extra
        first = _line(header)
        return first, self.lines, trailer_of(first, self.lines)

    def _put(self, promise: Promise, known: Fields) -> "Ledger":
        """With the fields of ``known`` that are not ours."""
        _check(promise)
        rest = self.drop(promise.key)
        unknown = {name: value for name, value in known.items() if name not in _FIELDS}
        line = _line(fields_of(promise) | unknown)
        if len(line) > LONGEST_LINE:
            raise LargePromiseError(
                f"the promise would take more than {LONGEST_LINE} bytes of the ledger: the guest's "
                "memory is bound to too many sets of nodes and pools; use fewer"
            )
        return replace(
            rest,
            promises=rest.promises + 1,
            total=rest.total + promise.needed,
            lines=rest.lines + line,
        )

    def _find(self, key: Key) -> tuple[int, int]:
        """The begin and the end of the guest's line; two equal numbers where there is none.

        JSON escapes line ends and quotes, so that this can't match inside another line.

        Raises:
            LedgerError: A line with its uuid makes no sense.
        """
        sign = b'{"uuid":"%s"' % key[1].encode("ascii", "backslashreplace")
        # At the begin of a line: there are at most as many as there are drivers.
        start = 0 if self.lines.startswith(sign) else self.lines.find(b"\n" + sign) + 1
        while start or self.lines.startswith(sign):
            end = self.lines.index(b"\n", start) + 1
            if key_of(_parse(self.lines[start:end])) == key:
                return start, end
            start = self.lines.find(b"\n" + sign, end - 1) + 1
            if not start:
                break
        return 0, 0


def decode(text: bytes) -> Ledger:
    """The ledger that ``text`` holds.

    Raises:
        NewerLedgerError: A later version wrote it.
        LedgerError: It is damaged, or no ledger at all.
    """
    begin = text.find(b"\n") + 1
    first = text[:begin]
    header = _parse(first or text)
    if header.pop("format", None) != FORMAT:
        raise LedgerError("its first line is not a ledger's")
    version = header.pop("version", None)
    if not is_count(version):
        raise LedgerError("its version is no number")
    if version > VERSION:
        # Before the checksum, which a later version may compute in another way.
        raise NewerLedgerError(f"version {version}; this program knows {VERSION}")
    end = max(begin, len(text) - _TRAILER_LENGTH)
    lines = text[begin:end]
    if text[end:] != trailer_of(first, lines):
        raise LedgerError("its checksum is wrong")
    boot_id, promises, total = (header.pop(name, None) for name in ("boot_id", "promises", "bytes"))
    if not isinstance(boot_id, str) or not is_count(promises) or not is_count(total):
        raise LedgerError("its header lacks a field")
    if bool(lines) != bool(promises) or lines[-1:] not in {b"", b"\n"}:
        raise LedgerError("its lines are not as many as its header says")
    return Ledger(boot_id, promises, total, lines, header)


def ledger_of(boot_id: str, promises: Iterable[Promise]) -> Ledger:
    """A new ledger with these promises, of each guest the last.

    Raises:
        ValueError: A uuid is not canonical, or a size is negative.
    """
    last: dict[Key, Promise] = {}
    for promise in promises:
        _check(promise)
        last.pop(promise.key, None)
        last[promise.key] = promise
    lines = b"".join(_line(fields_of(promise)) for promise in last.values())
    return Ledger(boot_id, len(last), sum(each.needed for each in last.values()), lines)


def _check(promise: Promise) -> None:
    if canonical_uuid(promise.uuid) != promise.uuid:
        raise ValueError(f"not a canonical uuid: {promise.uuid!r}")
    if promise.size < 0:
        raise ValueError(f"a negative promise: {promise.size}")


def _placed(part: "_Part | None", cgroup: str | None) -> "_Part | None":
    return part if part is None or cgroup is None else replace(part, cgroup=cgroup)


def _parse(line: bytes) -> Fields:
    fields = _json(line)
    if not isinstance(fields, dict):
        raise LedgerError("a line is no JSON object")
    return fields


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LedgerError(f"not JSON: {error}") from error


def _line(fields: Fields) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode("ascii") + b"\n"


def trailer_of(first: bytes, lines: bytes) -> bytes:
    """The last line of a ledger: the checksum of its first line and of its promises' lines."""
    return b"%s%08x\n" % (_TRAILER, crc32(lines, crc32(first)))
