"""One promise as a line of the ledger has it: a JSON object, read field by field."""

from typing import Any, Final, TypeAlias

from xmlresource.promises.promise import (
    HugepageShare,
    Key,
    NodeShare,
    Process,
    Promise,
    PromiseState,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource.promises.cpu_promise import CpuPromise
    from xmlresource.promises.io_promise import IoPromise

LONGEST_NAME: Final = 255
"""Characters of a guest's name that are kept: libvirt's files are named after it, so none that runs
has a longer one."""

_UUID_LENGTHS: Final = [8, 4, 4, 4, 12]
_UUID_LENGTH: Final = 36
_HEX: Final = frozenset("0123456789abcdef")
_TAKEN: Final = ("at_once", "pinned")
_COUNTS: Final = ("soft", *_TAKEN)
_OF_OLD: Final = "qemu"  # the driver of a line that does not say which

Fields: TypeAlias = dict[str, Any]
"""A line's JSON object; what is in it is checked field by field."""


class LedgerError(ValueError):
    """A text that is no ledger, or a damaged one."""


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


def fields_of(promise: Promise) -> Fields:
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
    if (promise.cpu or promise.io) is not None:
        fields |= _fields_beside_memory(promise)
    return fields


def _fields_beside_memory(promise: Promise) -> Fields:
    fields: Fields = {}
    if promise.cpu is not None:
        fields["cpu"] = _fields_of_cpu(promise.cpu)
    if promise.io is not None:
        fields["io"] = _fields_of_io(promise.io)
    return fields


def _fields_of_cpu(cpu: "CpuPromise") -> Fields:
    fields: Fields = {"time": cpu.time, "share": cpu.share}
    if cpu.cpus is not None:
        fields["cpus"] = sorted(cpu.cpus)
    if cpu.cgroup is not None:
        fields["cgroup"] = cpu.cgroup
    return fields


def _fields_of_io(io: "IoPromise") -> Fields:
    fields: Fields = {"disks": [[each.disk, each.part] for each in io.disks], "share": io.share}
    if io.cgroup is not None:
        fields["cgroup"] = io.cgroup
    return fields


def promise_of(fields: Fields) -> Promise:
    """The promise that a line holds.

    Raises:
        LedgerError: A field is missing or not what it should be.
    """
    try:
        return Promise(
            uuid=_uuid(fields["uuid"]),
            name=_text(fields["name"]),
            driver=_text(fields.get("driver", _OF_OLD)),
            size=_count(fields["size"]),
            state=PromiseState(fields["state"]),
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
            cpu=_cpu(fields.get("cpu")),
            io=_io(fields.get("io")),
            **{name: _count(fields.get(name, 0)) for name in _COUNTS},
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise LedgerError(f"a promise makes no sense: {error!r}") from error


def needed_in(fields: Fields) -> int:
    """``Promise.needed`` of a line, without the rest of it."""
    return max(_count(fields.get("size")), *(_count(fields.get(name, 0)) for name in _TAKEN))


def _process(value: object) -> Process | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise LedgerError("a process is no pair")
    pid, start_time = value
    return Process(_count(pid), _count(start_time))


def _cpu(fields: Fields | None) -> "CpuPromise | None":
    if fields is None:
        return None
    from xmlresource.promises.cpu_promise import CpuPromise  # noqa: PLC0415 -- few promises have it

    cpus = fields.get("cpus")
    return CpuPromise(
        time=_count(fields["time"]),
        cpus=None if cpus is None else _nodes(cpus),
        share=_count(fields["share"]),
        cgroup=_text_or_none(fields.get("cgroup")),
    )


def _io(fields: Fields | None) -> "IoPromise | None":
    if fields is None:
        return None
    from xmlresource.promises.io_promise import DiskPart, IoPromise  # noqa: PLC0415 -- as above

    return IoPromise(
        disks=tuple(DiskPart(_disk(disk), _count(part)) for disk, part in fields["disks"]),
        share=_count(fields["share"]),
        cgroup=_text_or_none(fields.get("cgroup")),
    )


def _disk(value: object) -> str:
    text = _text(value)
    if not all(number.isdecimal() for number in text.partition(":")[::2]):
        raise LedgerError(f"{text!r} is no disk")
    return text


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


def key_of(fields: Fields) -> Key:
    """Whose promise a line holds; of a line that makes no sense, nobody's."""
    return fields.get("driver", _OF_OLD), fields.get("uuid", "")


def is_count(value: object) -> bool:
    """Whether a field of a header or a promise counts something."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
