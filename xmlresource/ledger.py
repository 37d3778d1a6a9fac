"""The ledger: a host's book of promises, as a value.

Its text is a header, a line for each promise and a checksum::

    {"format":"xmlresource-ledger","version":1,"boot_id":"…","promises":2,"bytes":3221225472}
    {"uuid":"…","name":"db1","driver":"qemu","size":2147483648,"state":"running",…}
    {"uuid":"…","name":"web1","driver":"qemu","size":1073741824,"state":"starting",…}
    crc32 a715a547

A start touches its own line only: the others stay bytes, and the header has their number and sum,
so that ten thousand promises cost little more than ten. Fields of a promise or of the header that
this version does not know are kept; a new version that older ones must not touch has a higher
``version``. The checksum finds what a crash of the host or a hand left half done; it is no defence
against people who may write the file.

Opening, locking and replacing the file is ``system.state``'s business.
"""

import json
from collections.abc import Container, Iterable
from typing import Any, Final, TypeAlias
from zlib import crc32

from xmlresource.errors import XmlresourceError
from xmlresource.model.promise import HugepageShare, NodeShare, Process, Promise, State
from xmlresource.record import field, record, replace

FORMAT: Final = "xmlresource-ledger"
LONGEST_NAME: Final = 255
"""Characters of a guest's name that are kept: libvirt's files are named after it, so none that runs
has a longer one."""

LONGEST_LINE: Final = 64 << 10
"""Bytes that one promise may take: who writes a definition must not be able to fill the book."""

VERSION: Final = 1

_UUID_LENGTHS: Final = [8, 4, 4, 4, 12]
_UUID_LENGTH: Final = 36
_HEX: Final = frozenset("0123456789abcdef")
_TRAILER: Final = b"crc32 "
_TRAILER_LENGTH: Final = len(b"crc32 01234567\n")
_TAKEN: Final = ("at_once", "pinned")
_COUNTS: Final = ("soft", *_TAKEN)
_FIELDS: Final = frozenset(Promise.__match_args__)

Fields: TypeAlias = dict[str, Any]
"""A line's JSON object; what is in it is checked field by field."""


class LedgerError(ValueError):
    """A text that is no ledger, or a damaged one."""


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

    def get(self, uuid: str) -> Promise | None:
        """The promise to a guest, ``None`` where there is none.

        Raises:
            LedgerError: Its line makes no sense.
        """
        start, end = self._find(uuid)
        return None if start == end else _promise(_parse(self.lines[start:end]))

    def all(self) -> tuple[Promise, ...]:
        """All promises, oldest first; takes time in proportion to their number.

        Raises:
            LedgerError: A line makes no sense, or they do not add up to the header.
        """
        # The line ends stay, so that one inside a string is found out.
        array = b"[" + self.lines[:-1].replace(b"\n", b",\n") + b"]"
        found = tuple(_promise(fields) for fields in _json(array))
        if not len(found) == self.promises == self.lines.count(b"\n"):
            raise LedgerError("its lines are not as many as its header says")
        if len({each.uuid for each in found}) != self.promises:
            raise LedgerError("a guest has two promises")
        if sum(each.needed for each in found) != self.total:
            raise LedgerError("the promises do not add up to the header's sum")
        return found

    def put(self, promise: Promise) -> "Ledger":
        """The ledger with this promise, in place of an earlier one to the same guest.

        Raises:
            LargePromiseError: It takes too much room.
            ValueError: Its uuid is not canonical, or its size is negative.
        """
        return self._put(promise, {})

    def confirm(
        self,
        uuid: str,
        process: Process | None = None,
        cgroup: str | None = None,
        pinned: int | None = None,
    ) -> "Ledger":
        """The ledger with the guest known to run; as it is where nothing was promised to it.

        Args:
            uuid: The guest.
            process: Its process; ``None`` leaves what is known.
            cgroup: Its cgroup; ``None`` leaves what is known.
            pinned: What is pinned of its RAM; ``None`` leaves what is known.

        Raises:
            LedgerError: The guest's line makes no sense.
        """
        start, end = self._find(uuid)
        if start == end:
            return self
        fields = _parse(self.lines[start:end])
        promise = _promise(fields)
        running = replace(
            promise,
            state=State.RUNNING,
            process=process or promise.process,
            cgroup=cgroup or promise.cgroup,
            at_once=0,  # it has taken it
            pinned=promise.pinned if pinned is None else pinned,
        )
        return self._put(running, fields)

    def drop(self, uuid: str) -> "Ledger":
        """The ledger without the guest's promise, if there was one.

        Raises:
            LedgerError: The guest's line makes no sense.
        """
        start, end = self._find(uuid)
        if start == end:
            return self
        return replace(
            self,
            promises=self.promises - 1,
            total=self.total - _needed(_parse(self.lines[start:end])),
            lines=self.lines[:start] + self.lines[end:],
        )

    def keep(self, uuids: Container[str]) -> "Ledger":
        """The ledger with the promises to these guests alone, in one pass.

        Raises:
            LedgerError: A line makes no sense.
        """
        kept, total = [], 0
        for line in self.lines.split(b"\n")[:-1]:
            fields = _parse(line)
            if fields.get("uuid") in uuids:
                kept.append(line + b"\n")
                total += _needed(fields)
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
        return first, self.lines, _trailer(first, self.lines)

    def _put(self, promise: Promise, known: Fields) -> "Ledger":
        """With the fields of ``known`` that are not ours."""
        _check(promise)
        rest = self.drop(promise.uuid)
        unknown = {name: value for name, value in known.items() if name not in _FIELDS}
        line = _line(_fields(promise) | unknown)
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

    def _find(self, uuid: str) -> tuple[int, int]:
        """Where the guest's line begins and ends; twice the same where there is none.

        JSON escapes line ends and quotes, so that this can't match inside another line.
        """
        key = b'{"uuid":"%s"' % uuid.encode("ascii", "backslashreplace")
        start = 0 if self.lines.startswith(key) else self.lines.find(b"\n" + key) + 1
        if not start and not self.lines.startswith(key):
            return 0, 0
        return start, self.lines.index(b"\n", start) + 1


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
    if not _is_count(version):
        raise LedgerError("its version is no number")
    if version > VERSION:
        # Before the checksum, which a later version may compute in another way.
        raise NewerLedgerError(f"version {version}; this program knows {VERSION}")
    end = max(begin, len(text) - _TRAILER_LENGTH)
    lines = text[begin:end]
    if text[end:] != _trailer(first, lines):
        raise LedgerError("its checksum is wrong")
    boot_id, promises, total = (header.pop(name, None) for name in ("boot_id", "promises", "bytes"))
    if not isinstance(boot_id, str) or not _is_count(promises) or not _is_count(total):
        raise LedgerError("its header lacks a field")
    if bool(lines) != bool(promises) or lines[-1:] not in {b"", b"\n"}:
        raise LedgerError("its lines are not as many as its header says")
    return Ledger(boot_id, promises, total, lines, header)


def ledger_of(boot_id: str, promises: Iterable[Promise]) -> Ledger:
    """A new ledger with these promises, of each guest the last.

    Raises:
        ValueError: A uuid is not canonical, or a size is negative.
    """
    last: dict[str, Promise] = {}
    for promise in promises:
        _check(promise)
        last.pop(promise.uuid, None)
        last[promise.uuid] = promise
    lines = b"".join(_line(_fields(promise)) for promise in last.values())
    return Ledger(boot_id, len(last), sum(each.needed for each in last.values()), lines)


def canonical_uuid(text: str) -> str | None:
    """The uuid as libvirt formats it, from any spelling that it reads; ``None`` if it is none."""
    digits = "".join(text.split()).replace("-", "").lower()
    if len(digits) != sum(_UUID_LENGTHS) or not _HEX.issuperset(digits):
        return None
    parts, at = [], 0
    for length in _UUID_LENGTHS:
        parts.append(digits[at : at + length])
        at += length
    return "-".join(parts)


def _check(promise: Promise) -> None:
    if canonical_uuid(promise.uuid) != promise.uuid:
        raise ValueError(f"not a canonical uuid: {promise.uuid!r}")
    if promise.size < 0:
        raise ValueError(f"a negative promise: {promise.size}")


def _fields(promise: Promise) -> Fields:
    """The promise as JSON, without what is unset; ``uuid`` first, which is how it is found."""
    fields: Fields = {
        "uuid": promise.uuid,
        "name": promise.name[:LONGEST_NAME],
        "driver": promise.driver,
        "size": promise.size,
        "state": promise.state.value,
    }
    if promise.shares:
        fields["shares"] = [[sorted(each.nodes), each.size] for each in promise.shares]
    if promise.hugepages:
        fields["hugepages"] = [
            [each.page_size, each.size, None if each.nodes is None else sorted(each.nodes)]
            for each in promise.hugepages
        ]
    for name in _COUNTS:
        if count := getattr(promise, name):
            fields[name] = count
    for name in ("process", "caller"):
        process: Process | None = getattr(promise, name)
        if process is not None:
            fields[name] = [process.pid, process.start_time]
    for name in ("cgroup", "parent", "partition", "since"):
        value = getattr(promise, name)
        if value is not None:
            fields[name] = value
    return fields


def _promise(fields: Fields) -> Promise:
    """The promise that a line holds.

    Raises:
        LedgerError: A field is missing or not what it should be.
    """
    try:
        return Promise(
            uuid=_uuid(fields["uuid"]),
            name=_text(fields["name"]),
            driver=_text(fields["driver"]),
            size=_count(fields["size"]),
            state=State(fields["state"]),
            shares=tuple(
                NodeShare(_nodes(nodes), _count(size)) for nodes, size in fields.get("shares", ())
            ),
            hugepages=tuple(
                HugepageShare(
                    _count(page_size), _count(size), None if nodes is None else _nodes(nodes)
                )
                for page_size, size, nodes in fields.get("hugepages", ())
            ),
            process=_process(fields.get("process")),
            cgroup=_text_or_none(fields.get("cgroup")),
            parent=_text_or_none(fields.get("parent")),
            partition=_text_or_none(fields.get("partition")),
            caller=_process(fields.get("caller")),
            since=None if fields.get("since") is None else _count(fields["since"]),
            **{name: _count(fields.get(name, 0)) for name in _COUNTS},
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise LedgerError(f"a promise makes no sense: {error!r}") from error


def _needed(fields: Fields) -> int:
    """``Promise.needed`` of a line, without the rest of it."""
    return max(_count(fields.get("size")), *(_count(fields.get(name, 0)) for name in _TAKEN))


def _process(value: object) -> Process | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise LedgerError("a process is no pair")
    pid, start_time = value
    return Process(_count(pid), _count(start_time))


def _nodes(value: list[object]) -> frozenset[int]:
    return frozenset(_count(each) for each in value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise LedgerError(f"{value!r} is no text")
    return value


def _uuid(value: object) -> str:
    text = _text(value)
    if len(text) != _UUID_LENGTH or canonical_uuid(text) != text:
        raise LedgerError(f"{text!r} is no uuid")
    return text


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise LedgerError(f"{value!r} is no count")
    return value


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


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


def _trailer(first: bytes, lines: bytes) -> bytes:
    return b"%s%08x\n" % (_TRAILER, crc32(lines, crc32(first)))
